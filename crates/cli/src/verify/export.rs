//! A ledger export or a single checkpoint, and what is said of it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rules::text::{text, worded};
use seal::Checkpoint;
use seal::export::Shape;
use seal::note::Note;
use seal::verify::{AnchorKind, Report, verify_export};

use super::{Own, Told, bar, key_line};
use crate::failure::Failure;

pub fn check(file: &mut File, size: u64, own: &Own) -> Result<Told, Failure> {
    let bar = bar(size);
    let found = verify_export(BufReader::with_capacity(1 << 20, file), &own.trust, |read| bar.set_position(read));
    bar.finish_and_clear();
    let report = found.map_err(|fault| {
        let at = format!("{fault}");
        Failure::refused(worded(format!("正しくありません。{}", fault.ja()), format!("It is not sound: {at}")))
    })?;
    Ok(told(&report))
}

/// The report in words, the weightiest first.
pub fn told(report: &Report) -> Told {
    let Report { installation, tenant, lines, size, epochs, anchors, erased, .. } = report;
    let mut out = vec![match report.shape {
        Shape::Whole => worded(
            format!("正しい台帳です: {tenant}（設置 {installation}）の全{lines}行。"),
            format!("The ledger is sound: all {lines} lines of {tenant} (installation {installation})."),
        ),
        Shape::Extract => worded(
            format!("正しい抜粋です: {tenant}（設置 {installation}）の{size}行のうち{lines}行。"),
            format!("The extract is sound: {lines} of the {size} lines of {tenant} (installation {installation})."),
        ),
    }];
    if let (Some(first), Some(last)) = (&report.first_at, &report.last_at) {
        out.push(worded(format!("期間: {first} から {last}"), format!("From {first} to {last}")));
    }
    let root = STANDARD.encode(report.root);
    out.push(worded(
        format!("チェックポイント: {size}行、ルート {root}、{}", report.checkpoint_at),
        format!("Checkpoint: {size} lines, root {root}, {}", report.checkpoint_at),
    ));
    for key in &report.signed_by {
        out.push(worded(format!("署名: {}", key_line(key)), format!("Signed by {}", key_line(key))));
    }
    if !report.trusted {
        out.push(text(
            "注意: 公開鍵が指定されていません。ファイル自身が名乗る鍵で確認しただけで、誰が書いたかは証明されません。別の経路で入手した鍵を --key で指定してください。",
            "Mind: no public key was given. The keys come from the file itself and prove nothing about who wrote it. Give a key that you had by another way with --key.",
        ));
    }
    for epoch in epochs {
        let reason = epoch.reason.as_deref().unwrap_or("-");
        let authority = epoch.authority.as_deref().unwrap_or("-");
        out.push(worded(
            format!("エポック{}: {}行目から（理由: {reason}、権限: {authority}）", epoch.epoch, epoch.seq),
            format!("Epoch {}: from line {} (reason: {reason}, authority: {authority})", epoch.epoch, epoch.seq),
        ));
    }
    if epochs.len() > 1 {
        out.push(text(
            "注意: 履歴が途中から始め直されています。切れ目より前に失われた行があるかもしれません。",
            "Mind: the history was begun anew; lines before a break may be lost.",
        ));
    }
    for anchor in anchors {
        let (ja, en) = match anchor.kind {
            AnchorKind::Stamp => ("タイムスタンプ", "Time stamp"),
            AnchorKind::Witness => ("立会人", "Witness"),
        };
        let at = anchor.at.as_deref().map(|at| format!(" {at}")).unwrap_or_default();
        let (not, unknown) = if anchor.trusted {
            ("", "")
        } else {
            ("（信頼の指定なし: 証明になりません）", " (not among those you trust: proves nothing)")
        };
        out.push(worded(format!("{ja}: {}{at}{not}", anchor.by), format!("{en}: {}{at}{unknown}", anchor.by)));
    }
    for gone in erased {
        out.push(worded(
            format!("{}行目から{}行目の内容は、{}行目の記録に基づいて消去されています。", gone.from, gone.to, gone.by),
            format!("The content of lines {} to {} was erased on the authority of line {}.", gone.from, gone.to, gone.by),
        ));
    }
    if report.known > 0 {
        let n = report.known;
        out.push(worded(format!("お手元のチェックポイント{n}件と一致します。"), format!("It agrees with {n} checkpoints that you kept.")));
    }
    let json = serde_json::json!({
        "sound": true,
        "installation": installation,
        "tenant": tenant,
        "whole": report.shape == Shape::Whole,
        "lines": lines,
        "size": size,
        "root": root,
        "checkpoint_at": report.checkpoint_at,
        "signed_by": report.signed_by.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "trusted": report.trusted,
        "epochs": epochs.iter().map(|e| serde_json::json!({ "epoch": e.epoch, "seq": e.seq, "reason": e.reason })).collect::<Vec<_>>(),
        "anchors": anchors.iter().map(|a| serde_json::json!({ "stamp": a.kind == AnchorKind::Stamp, "by": a.by, "at": a.at, "trusted": a.trusted })).collect::<Vec<_>>(),
        "erased": erased.iter().map(|e| serde_json::json!({ "from": e.from, "to": e.to, "by": e.by })).collect::<Vec<_>>(),
        "known": report.known,
    });
    Told { lines: out, json }
}

/// A checkpoint alone: who signed it, and what it says.
pub fn checkpoint(file: &mut File, shown: &Path, own: &Own) -> Result<Told, Failure> {
    let mut written = String::new();
    Read::by_ref(file).take(1 << 20).read_to_string(&mut written).map_err(|e| Failure::file(shown, &e))?;
    let wrong = |why: String| {
        Failure::refused(worded(format!("正しいチェックポイントではありません: {why}"), format!("It is no sound checkpoint: {why}")))
    };
    let note = Note::parse(&written).map_err(|e| wrong(e.to_string()))?;
    let of = Checkpoint::parse(&note.text).map_err(|e| wrong(e.to_string()))?;
    if own.trust.keys.is_empty() {
        return Err(Failure::usage(text(
            "チェックポイントの検証には公開鍵が必要です。--key で指定してください。",
            "A checkpoint is checked with a public key: give it with --key.",
        )));
    }
    let signed_by = note.verify(&own.trust.keys).map_err(|e| wrong(e.to_string()))?;
    let root = STANDARD.encode(of.root);
    let mut lines = vec![worded(
        format!("正しいチェックポイントです: {} の{}件、ルート {root}、{}、エポック{}", of.origin, of.size, of.at, of.epoch),
        format!("The checkpoint is sound: {} entries of {}, root {root}, {}, epoch {}", of.size, of.origin, of.at, of.epoch),
    )];
    lines.extend(signed_by.iter().map(|key| worded(format!("署名: {}", key_line(key)), format!("Signed by {}", key_line(key)))));
    let json = serde_json::json!({ "sound": true, "origin": of.origin, "size": of.size, "root": root, "at": of.at, "epoch": of.epoch,
        "signed_by": signed_by.iter().map(ToString::to_string).collect::<Vec<_>>() });
    Ok(Told { lines, json })
}
