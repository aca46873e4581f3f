//! A running installation: the checkpoint that it shows to everybody, checked with the outsider's own key.

use rules::text::{text, worded};
use seal::Checkpoint;
use seal::checkpoint::super_origin;
use seal::note::{Note, VerifierKey};
use serde::Deserialize;

use super::{Own, Told, key_line};
use crate::failure::Failure;

/// What stands at `/proof/latest.json`; nothing where nothing was signed yet.
#[derive(Deserialize)]
struct Latest {
    installation: Option<String>,
    size: Option<u64>,
    epoch: Option<u32>,
    at: Option<String>,
    note: Option<String>,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}

/// The address of an installation, if it is one: a server without a path, or one of the two that programs read.
pub fn base(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"))?;
    let path = rest.find('/').map_or("", |at| rest.get(at..).unwrap_or_default());
    matches!(path, "" | "/" | "/proof/latest.json" | "/proof/keys.json").then(|| address.strip_suffix(path).unwrap_or(address))
}

fn wrong(ja: impl Into<String>, en: impl std::fmt::Display) -> Failure {
    Failure::refused(worded(format!("正しくありません。{}", ja.into()), format!("It is not sound: {en}")))
}

fn fetched<T: serde::de::DeserializeOwned>(base: &str, path: &str) -> Result<T, Failure> {
    let failed = |why: String| {
        Failure::unreachable(worded(
            format!("{base}{path} から署名を取得できません: {why}。Akashiのアドレスか確認してください。"),
            format!("no signature can be had from {base}{path}: {why}. Is this the address of an Akashi?"),
        ))
    };
    let mut answer = ureq::get(format!("{base}{path}")).call().map_err(|e| failed(e.to_string()))?;
    let body = answer.body_mut().with_config().limit(1 << 20).read_to_string().map_err(|e| failed(e.to_string()))?;
    serde_json::from_str(&body).map_err(|e| failed(e.to_string()))
}

pub fn check(base: &str, own: &Own) -> Result<Told, Failure> {
    let latest: Latest = fetched(base, "/proof/latest.json")?;
    let served: Keys = fetched(base, "/proof/keys.json")?;
    let (Some(installation), Some(note)) = (&latest.installation, &latest.note) else {
        return Err(wrong("この設置ではまだ署名されていません。", "nothing is signed there yet"));
    };
    let note = Note::parse(note).map_err(|e| wrong(e.to_string(), e))?;
    let of = Checkpoint::parse(&note.text).map_err(|e| wrong(e.to_string(), e))?;
    if of.origin != super_origin(installation) || (Some(of.size), Some(of.epoch)) != (latest.size, latest.epoch) {
        return Err(wrong("示された内容と署名された内容が異なります。", "it shows another checkpoint than it signed"));
    }
    let served: Vec<VerifierKey> = served.keys.iter().filter_map(|key| key.parse().ok()).collect();
    let trusted = !own.trust.keys.is_empty();
    let signers = note.verify(if trusted { &own.trust.keys } else { &served }).map_err(|e| {
        wrong(
            format!("{installation}: お手元の公開鍵で署名を確認できません（{e}）。鍵の交代があったときは、台帳のエクスポートで交代の記録を確認してください。"),
            format!("{installation}: {e}. After a change of keys an export of the ledger shows the line that says so"),
        )
    })?;
    let mut lines = vec![worded(
        format!("設置 {installation}: {}件のチェックポイント（{}、エポック{}）の署名は正しいものです。", of.size, of.at, of.epoch),
        format!(
            "Installation {installation}: the signature of its checkpoint of {} entries ({}, epoch {}) is right.",
            of.size, of.at, of.epoch
        ),
    )];
    lines.extend(signers.iter().map(|key| worded(format!("署名した鍵: {}", key_line(key)), format!("signed by {}", key_line(key)))));
    if !trusted {
        lines.push(text(
            "注意: 公開鍵が指定されていないため、この設置が自ら示した鍵で確認しました。別の経路で入手した鍵を --key で指定してください。",
            "Mind: no public key was given, so the keys were used that the installation itself shows. Give one with --key that you have by another way.",
        ));
    }
    for known in &own.trust.known {
        lines.push(compared(known, &of)?);
    }
    lines.push(text(
        "台帳の内容そのものは、エクスポート、封印パッケージまたはデータベースを検証して確認してください。",
        "The lines themselves are checked in an export, a sealed package or the database.",
    ));
    let signers: Vec<String> = signers.iter().map(key_line).collect();
    let json = serde_json::json!({ "sound": true, "installation": installation, "size": of.size, "epoch": of.epoch, "at": latest.at.unwrap_or(of.at), "signatures": trusted, "keys": signers });
    Ok(Told { lines, json })
}

/// A checkpoint that was kept: of the same size it has the same root, and none is larger than the newest.
fn compared(known: &Note, of: &Checkpoint) -> Result<rules::text::Text, Failure> {
    let kept = Checkpoint::parse(&known.text).map_err(|e| wrong(e.to_string(), e))?;
    if kept.origin == of.origin && kept.size > of.size && kept.epoch >= of.epoch {
        return Err(wrong(
            format!("お手元のチェックポイントは{}件、ここでは{}件です。末尾が失われています。", kept.size, of.size),
            format!("you kept a checkpoint of {} entries, here are {}: the tail is missing", kept.size, of.size),
        ));
    }
    if (&kept.origin, kept.size) != (&of.origin, of.size) {
        return Ok(worded(
            format!(
                "お手元のチェックポイント（{}、{}件）とは、この方法では比べられません。エクスポートを検証してください。",
                kept.origin, kept.size
            ),
            format!(
                "The checkpoint that you kept ({}, {} entries) cannot be compared in this way: verify an export.",
                kept.origin, kept.size
            ),
        ));
    }
    if kept.root != of.root {
        return Err(wrong(
            format!("お手元の{}件のチェックポイントと内容が異なります。異なる履歴が示されています。", kept.size),
            format!("you kept a checkpoint of {} entries with another root: two histories were told", kept.size),
        ));
    }
    Ok(worded(
        format!("お手元のチェックポイント（{}件）と一致します。", kept.size),
        format!("It agrees with the checkpoint that you kept ({} entries).", kept.size),
    ))
}

#[cfg(test)]
mod tests {
    use super::base;

    #[test]
    fn a_server_is_an_installation_and_a_file_on_it_is_not() {
        for address in ["https://akashi.example", "https://akashi.example/", "https://akashi.example/proof/latest.json"] {
            assert_eq!(base(address), Some("https://akashi.example"), "{address}");
        }
        for address in ["https://akashi.example/a.ledger", "postgres://h/db", "a.db", "http:/x"] {
            assert_eq!(base(address), None, "{address}");
        }
    }
}
