//! A database as it lies, and not changed: audited whole, and what was signed compared with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indicatif::{ProgressBar, ProgressStyle};
use rules::text::{Text, text, worded};
use seal::Checkpoint;
use seal::note::Note;
use store::audit::{Audit, Finding};
use store::{Location, checkpoints, ledger};

use super::{Own, Told};
use crate::failure::Failure;

fn unreachable(error: &store::Error) -> Failure {
    Failure::unreachable(worded(error.to_string(), error.to_string()))
}

fn wrong(ja: String, en: String) -> Failure {
    Failure::refused(worded(format!("正しくありません。{ja}"), format!("It is not sound: {en}")))
}

pub fn check(place: &str, own: &Own) -> Result<Told, Failure> {
    let location = Location::parse(place).map_err(|e| unreachable(&e))?;
    let mut audit = Audit::open(&location).map_err(|e| unreachable(&e))?;
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}").unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(0).with_style(style);
    let found = audit.run(&mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let verified = match (found.findings.as_slice(), found.ledgers) {
        ([], Some(verified)) => verified,
        (findings, _) => {
            let told: Vec<_> = findings.iter().map(Finding::text).collect();
            let all = |get: fn(&Text) -> &str| told.iter().map(get).collect::<Vec<_>>().join("\n");
            return Err(wrong(all(|text| &text.ja), all(|text| &text.en)));
        }
    };
    let rows = found.rows;
    let mut lines = vec![
        worded(
            format!("台帳のハッシュはすべて正しく計算し直せます: {}行、{}の台帳。", verified.lines, verified.tenants()),
            format!("Every hash of the ledgers comes out again: {} lines in {} ledgers.", verified.lines, verified.tenants()),
        ),
        worded(
            format!("データベースの定義と、表の{rows}行、検索の索引は、台帳から作り直した内容と一致します。"),
            format!("The schema, {rows} rows of the tables and the search indexes are what the ledger makes."),
        ),
    ];
    let beyond: Vec<&str> = store::audit::unproven().collect();
    lines.push(worded(
        format!("台帳から作られない次の表の内容は、検証の対象ではありません: {}", beyond.join("、")),
        format!("No ledger makes these tables, and so their content is not proven: {}.", beyond.join(", ")),
    ));
    if verified.erased > 0 {
        let n = verified.erased;
        lines.push(worded(
            format!("うち{n}行の内容は、記録に基づいて消去されています。"),
            format!("The content of {n} lines was erased on record."),
        ));
    }
    if own.trust.keys.is_empty() {
        lines.push(text(
            "注意: 公開鍵が指定されていないため、署名は確認していません。データベース全体を作り直した改ざんは、これでは分かりません。--key で指定してください。",
            "Mind: no public key was given, so no signature was checked. A database that was made anew as a whole does not show in this. Give a key with --key.",
        ));
    }
    let mut ledgers = vec![];
    for (tenant, size, root) in &verified.roots {
        let signed = audit.read(|conn| checkpoints::newest(conn, tenant)).map_err(|e| unreachable(&e))?;
        let Some(signed) = signed else {
            lines.push(worded(
                format!("{tenant}: {size}行、署名はまだありません。"),
                format!("{tenant}: {size} lines, nothing signed yet."),
            ));
            continue;
        };
        let note = Note::parse(&signed.note).map_err(|e| wrong(format!("{tenant}: {e}"), format!("{tenant}: {e}")))?;
        let of = Checkpoint::parse(&note.text).map_err(|e| wrong(format!("{tenant}: {e}"), format!("{tenant}: {e}")))?;
        if of.size > *size {
            return Err(wrong(
                format!("{tenant}: {}行まで署名されていますが、{size}行しかありません。末尾が失われています。", of.size),
                format!("{tenant}: {} lines were signed, here are {size}: the tail is missing.", of.size),
            ));
        }
        let here = audit.read(|conn| ledger::root_at(conn, tenant, of.size)).map_err(|e| unreachable(&e))?;
        if here != of.root {
            return Err(wrong(
                format!("{tenant}: 署名された{}行の内容と異なります。", of.size),
                format!("{tenant}: the first {} lines are not those that were signed.", of.size),
            ));
        }
        if !own.trust.keys.is_empty() {
            note.verify(&own.trust.keys).map_err(|e| wrong(format!("{tenant}: 署名を確認できません（{e}）"), format!("{tenant}: {e}")))?;
        }
        lines.push(worded(
            format!("{tenant}: {size}行、うち{}行まで署名済み（{}、エポック{}）", of.size, of.at, of.epoch),
            format!("{tenant}: {size} lines, {} of them signed ({}, epoch {})", of.size, of.at, of.epoch),
        ));
        ledgers.push(serde_json::json!({ "tenant": tenant, "lines": size, "root": STANDARD.encode(root), "signed": of.size, "at": of.at, "epoch": of.epoch }));
    }
    for known in &own.trust.known {
        lines.extend(compared(&mut audit, known)?);
    }
    let json = serde_json::json!({ "sound": true, "lines": verified.lines, "erased": verified.erased, "rows": rows, "unproven": beyond, "ledgers": ledgers, "signatures": !own.trust.keys.is_empty() });
    Ok(Told { lines, json })
}

/// A checkpoint that the outsider kept must be the beginning of what is here.
fn compared(audit: &mut Audit, known: &Note) -> Result<Option<Text>, Failure> {
    let of = Checkpoint::parse(&known.text).map_err(|e| wrong(e.to_string(), e.to_string()))?;
    let parts: Vec<&str> = of.origin.split('/').collect();
    let size = of.size;
    let here = audit.read(|conn| match parts.get(2) {
        Some(tenant) => ledger::root_at(conn, tenant, size).map(Some),
        None if checkpoints::count(conn)? < size => Ok(None),
        None => checkpoints::super_root(conn, size).map(Some),
    });
    let missing = || {
        wrong(
            format!(
                "お手元のチェックポイントは {} の{size}件を対象としていますが、ここにはそれだけありません。末尾が失われています。",
                of.origin
            ),
            format!("you kept a checkpoint of {size} entries of {}, and here are fewer: the tail is missing.", of.origin),
        )
    };
    match here.map_err(|_| missing())? {
        None => Err(missing()),
        Some(root) if root != of.root => Err(wrong(
            format!("お手元の{size}件のチェックポイント（{}）と内容が異なります。異なる履歴が示されています。", of.origin),
            format!("you kept a checkpoint of {size} entries of {} with another root: two histories were told.", of.origin),
        )),
        Some(_) => Ok(Some(worded(
            format!("お手元のチェックポイント（{}、{size}件）と一致します。", of.origin),
            format!("It agrees with the checkpoint that you kept ({}, {size} entries).", of.origin),
        ))),
    }
}
