//! Keys and algorithms change without a break: both algorithms sign, trust passes to new keys, old signatures still count, unknown ones never do (items 171, 191).

use app::read::ledger::WhoseLedger;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rules::command::Command;
use rules::text::text;
use rules::vault::KeyRole;
use seal::merkle::sha256;
use seal::note::{Algorithm, Note, VerifierKey};
use seal::verify::{Fault, Report, Trust, What, verify_export};
use serde_json::{Value, json};

use crate::authority::{Authority, SHA_1};
use crate::scratch::{OFFICER, OPERATOR};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "crypto_agility",
    name: text("暗号方式の更新", "Agility of cryptography"),
    checks: &[
        Check {
            shows: &[(171, 0), (191, 0)],
            what: text(
                "台帳の署名にはEd25519とML-DSA-44の両方が求められ、どちらか一方を除いたものは検証を通らない。",
                "A ledger has to be signed by Ed25519 and by ML-DSA-44; with either of the two left out it does not verify.",
            ),
            run: both_algorithms,
            // Only another program could be content with one.
            break_it: Scratch::lie,
        },
        Check {
            shows: &[(171, 0), (191, 0)],
            what: text(
                "署名鍵を更新すると新しい記録は新しい鍵で署名され、古い公開鍵を持つ人も更新をたどって検証でき、以前の署名もそのまま検証できる。",
                "After the signing key was rotated new lines are signed by new keys, whoever has the old keys can follow, and what was signed before still verifies.",
            ),
            run: trust_passes_on,
            break_it: |s| s.later(|s| std::fs::remove_file(s.world().folder().join("keys/signing-1.key")).map_err(unusable)),
        },
        Check {
            shows: &[(171, 0), (191, 0)],
            what: text(
                "未知の方式の鍵と署名、禁止された方式（SHA-1）のタイムスタンプは、正しいものとして扱われない。",
                "Keys and signatures of an unknown algorithm, and time stamps over a banned one (SHA-1), are never taken for good.",
            ),
            run: unknown_is_never_good,
            break_it: Scratch::lie,
        },
    ],
};

fn unusable(e: std::io::Error) -> Failed {
    Failed::new(format!("ファイルを使えません: {e}"), format!("a file cannot be used: {e}"))
}

fn odd(e: impl std::fmt::Display) -> Failed {
    Failed::new(e.to_string(), e.to_string())
}

/// The public keys of now.
fn keys(s: &Scratch) -> Result<Vec<VerifierKey>, Failed> {
    let public = s.app().public_proof()?.ok_or_else(|| Failed::new("署名鍵がありません", "there are no signing keys"))?;
    public.keys.iter().map(|key| key.parse().map_err(odd)).collect()
}

/// Does something, and hands out the whole ledger of its organisation.
fn exported(s: &Scratch, word: &str) -> Result<String, Failed> {
    let actor = s.signed_in(OFFICER)?.signed()?.actor;
    s.app().execute(&actor, Command::AddPhrase { text: word.into() })?;
    let mut out = vec![];
    s.app().export_own_ledger(&actor, WhoseLedger::Own, None, &mut out)?;
    String::from_utf8(out).map_err(odd)
}

fn verified(export: &str, keys: &[VerifierKey]) -> Result<Report, Fault> {
    verify_export(export.as_bytes(), &Trust { keys: keys.to_vec(), ..Trust::default() }, |_| {})
}

fn sound(export: &str, keys: &[VerifierKey]) -> Result<Report, Failed> {
    verified(export, keys).map_err(|fault| Failed::new(fault.ja(), fault.to_string()))
}

/// The export with other signatures under its checkpoints, whole in itself: its end fits. The super checkpoint, which
/// says the same of all ledgers, is left out.
fn resigned(export: &str, keep: impl Fn(&[u8; 4]) -> bool) -> Result<String, Failed> {
    let mut out = String::new();
    for line in export.lines() {
        let mut entry: Value = serde_json::from_str(line).map_err(odd)?;
        match entry["t"].as_str() {
            Some("super" | "anchor") => continue,
            Some("checkpoint") => {
                let mut note = Note::parse(entry["note"].as_str().unwrap_or_default()).map_err(odd)?;
                note.signatures.retain(|signature| keep(&signature.key_id));
                entry["note"] = json!(note.to_string());
            }
            Some("end") => entry["digest"] = json!(STANDARD.encode(sha256(&[out.as_bytes()]))),
            // A line of the ledger stays as it is written.
            _ => {
                out.push_str(line);
                out.push('\n');
                continue;
            }
        }
        out.push_str(&seal::canonical(&entry).map_err(odd)?);
        out.push('\n');
    }
    Ok(out)
}

fn both_algorithms(s: &Scratch) -> Tried {
    s.app().start()?;
    let keys = keys(s)?;
    let mut algorithms: Vec<Algorithm> = keys.iter().map(|key| key.algorithm).collect();
    algorithms.sort();
    expect(algorithms == Algorithm::ALL, "2つの方式で署名していません", "it is not signed by both algorithms")?;
    let export = exported(s, "二つの方式")?;
    let both = resigned(&export, |_| true)?;
    expect(sound(&both, &keys)?.trusted, "両方の署名があるのに検証できません", "it does not verify with both")?;
    for key in &keys {
        let one = resigned(&export, |id| *id != key.id())?;
        let refused = matches!(verified(&one, &keys), Err(Fault { what: What::Untrusted { .. }, .. }));
        if !s.seen(refused) {
            let name = key.algorithm.name();
            return Err(Failed::new(format!("{name}の署名がなくても通ります"), format!("it passes without the signature of {name}")));
        }
    }
    Ok(())
}

fn trust_passes_on(s: &Scratch) -> Tried {
    s.app().start()?;
    let old = keys(s)?;
    let before = exported(s, "更新の前")?;
    s.signed_in(OPERATOR)?.act(Command::RotateKey { key: KeyRole::Signing, reason: "年次の更新".into() })?;
    s.meanwhile()?;
    let new = keys(s)?;
    expect(new.len() == 2 && new.iter().all(|key| !old.contains(key)), "鍵が更新されていません", "the keys are the old ones")?;
    // The first checkpoint after a rotation is signed by both; the next by the new keys alone.
    exported(s, "更新の直後")?;
    let after = exported(s, "更新の後")?;
    let report = sound(&after, &old)?;
    let by_new = report.signed_by.iter().all(|key| new.contains(key)) && report.signed_by.len() == 2;
    expect(report.trusted && by_new, "新しい鍵で署名されていません", "it is not signed by the new keys")?;
    expect(sound(&before, &old)?.trusted, "以前の署名が検証できません", "what was signed before does not verify")
}

fn unknown_is_never_good(s: &Scratch) -> Tried {
    s.app().start()?;
    let keys = keys(s)?;
    // A key that is right in every way, but of an algorithm that nobody knows.
    let name = "akashi-unknown";
    let typed = [&[2_u8][..], &[7; 32]].concat();
    let digest = sha256(&[name.as_bytes(), b"\n", &typed]);
    let id: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let unknown = format!("{name}+{id}+{}", STANDARD.encode(&typed)).parse::<VerifierKey>();
    expect(s.seen(unknown.is_err()), "未知の方式の鍵が受け付けられます", "a key of an unknown algorithm is taken")?;
    // A note under signatures that nobody can check is signed by nobody.
    let newest = s.app().public_proof()?.and_then(|public| public.newest).map(|signed| signed.note);
    let mut note = Note::parse(&newest.unwrap_or_default()).map_err(odd)?;
    expect(note.is_signed_by_all(&keys), "正しい署名が通りません", "the right signatures do not pass")?;
    for signature in &mut note.signatures {
        signature.key_id = [0; 4];
    }
    expect(s.seen(note.verify(&keys).is_err() && !note.is_signed_by_all(&[])), "未知の署名が通ります", "unknown signatures pass")?;
    let authority = Authority::start(s.now(), 900)?;
    let banned = authority.token(SHA_1, &[1; 20])?;
    let passed = seal::stamp::verify(&banned, &sha256(&[b"x"]), std::slice::from_ref(&authority.root), None);
    let refused = matches!(passed, Err(seal::stamp::StampFault::Algorithm { .. }));
    expect(s.seen(refused), "禁止された方式のタイムスタンプが通ります", "a stamp over a banned algorithm passes")
}
