//! A sealed package as somebody looks at it who is not its receiver.

use std::fs::File;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rules::text::{text, worded};
use seal::package::{PackageTrust, open};

use super::{Own, Told, bar, key_line};
use crate::failure::Failure;

pub fn check(file: &mut File, size: u64, own: &Own) -> Result<Told, Failure> {
    if own.trust.keys.is_empty() {
        return Err(Failure::usage(text(
            "封印パッケージの検証には送り手の公開鍵が必要です。--key で指定してください。",
            "A sealed package is checked with the sender's public key: give it with --key.",
        )));
    }
    let bar = bar(size);
    let trust = PackageTrust { keys: own.trust.keys.clone(), me: None, seen: &|_| false };
    let opened = open(file, &trust, |read| bar.set_position(read));
    bar.finish_and_clear();
    let opened = opened
        .map_err(|fault| Failure::refused(worded(format!("正しくありません。{}", fault.ja()), format!("It is not sound: {fault}"))))?;
    let manifest = &opened.manifest;
    let digest = STANDARD.encode(opened.digest);
    let mut lines = vec![
        worded(
            format!("正しい封印パッケージです: {}（{}ファイル、番号 {}）", manifest.subject, manifest.files.len(), manifest.id),
            format!("The package is sound: {} ({} files, number {})", manifest.subject, manifest.files.len(), manifest.id),
        ),
        worded(
            format!("送り手: {}、受け手: {}、{}", manifest.sender.name, manifest.receiver.name, manifest.made_at),
            format!("From {} to {}, {}", manifest.sender.name, manifest.receiver.name, manifest.made_at),
        ),
        worded(format!("マニフェストのSHA-256: {digest}"), format!("SHA-256 of the manifest: {digest}")),
    ];
    lines.extend(opened.signed_by.iter().map(|key| worded(format!("署名: {}", key_line(key)), format!("Signed by {}", key_line(key)))));
    let json = serde_json::json!({ "sound": true, "number": manifest.id, "subject": manifest.subject, "files": manifest.files.len(),
        "sender": manifest.sender.name, "receiver": manifest.receiver.name, "made_at": manifest.made_at, "manifest": digest });
    Ok(Told { lines, json })
}
