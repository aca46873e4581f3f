//! Looks through a zip-based file before anything trusts it: how many parts, how large they really are, what they are.

use std::io::{Cursor, Read};

use rules::text::text;
use zip::ZipArchive;

use crate::opened::{Limits, PARTS, within};
use crate::unreadable::Unreadable;

/// A zip file of a kind we read, whose parts fit the limits when unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zipped {
    Xlsx,
    Ods,
}

/// Unpacks every part into nothing and counts. Declared sizes are believed only when they are too large.
pub(crate) fn survey(bytes: &[u8], limits: &Limits) -> Result<Zipped, Unreadable> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| Unreadable::damaged("zip", e))?;
    within(archive.len() as u64, limits.parts, PARTS)?;
    let mut unpacked = 0u64;
    let mut names = Vec::new();
    let mut mimetype = Vec::new();
    for index in 0..archive.len() {
        if archive.by_index_raw(index).map_err(|e| Unreadable::damaged("zip", e))?.encrypted() {
            return Err(Unreadable::Encrypted);
        }
        let mut part = archive.by_index(index).map_err(|e| Unreadable::damaged("zip", e))?;
        let name = part.name().map_err(|e| Unreadable::damaged("zip", e))?.to_lowercase().replace('\\', "/");
        let packed = part.compressed_size().max(1);
        if unpacked.saturating_add(part.size()) > limits.unpacked {
            return Err(Unreadable::Unpacks { limit: limits.unpacked });
        }
        let keep = name == "mimetype" || name == "meta-inf/manifest.xml" || name.ends_with("sharedstrings.xml");
        let mut kept = Vec::new();
        let mut size = 0u64;
        let mut chunk = [0u8; 64 << 10];
        loop {
            let n = part.read(&mut chunk).map_err(|e| Unreadable::damaged("zip", e))?;
            if n == 0 {
                break;
            }
            size += n as u64;
            unpacked += n as u64;
            if unpacked > limits.unpacked || (size > 4 << 20 && size / packed > limits.ratio) {
                return Err(Unreadable::Unpacks { limit: limits.unpacked });
            }
            if keep {
                kept.extend_from_slice(&chunk[..n]);
            }
        }
        match name.as_str() {
            "mimetype" => mimetype = kept,
            "meta-inf/manifest.xml" if find(&kept, b"encryption-data").is_some() => return Err(Unreadable::Encrypted),
            name if name.ends_with("sharedstrings.xml") => honest_count(&kept)?,
            _ => {}
        }
        names.push(name);
    }
    kind(&names, &mimetype)
}

fn kind(names: &[String], mimetype: &[u8]) -> Result<Zipped, Unreadable> {
    let has = |end: &str| names.iter().any(|n| n.ends_with(end));
    if mimetype.starts_with(b"application/vnd.oasis.opendocument.spreadsheet") {
        return Ok(Zipped::Ods);
    }
    let found = if has("xl/workbook.bin") {
        text("バイナリ形式の Excel ブック（.xlsb）", "a binary Excel workbook (.xlsb)")
    } else if has("workbook.xml") {
        return Ok(Zipped::Xlsx);
    } else if has("word/document.xml") {
        text("Word 文書", "a Word document")
    } else if has("ppt/presentation.xml") {
        text("PowerPoint ファイル", "a PowerPoint file")
    } else if !mimetype.is_empty() {
        text("表計算以外の OpenDocument ファイル", "an OpenDocument file other than a spreadsheet")
    } else {
        text("zip ファイル", "a zip file")
    };
    Err(Unreadable::OtherType { found })
}

/// The reader reserves memory for as many strings as the part claims to have; each needs at least four bytes (`<si>`).
fn honest_count(part: &[u8]) -> Result<(), Unreadable> {
    // Neither byte may stand in XML 1.0 as UTF-8; with them the claim could be hidden from this search.
    if part.iter().any(|b| matches!(b, 0 | 0x1B)) {
        return Err(Unreadable::damaged("xlsx", "sharedStrings.xml: encoding"));
    }
    const CLAIM: &[u8] = b"uniqueCount";
    let mut rest = part;
    while let Some(at) = find(rest, CLAIM) {
        rest = &rest[at + CLAIM.len()..];
        let digits = rest.iter().skip_while(|b| !b.is_ascii_digit() && **b != b'>').take_while(|b| b.is_ascii_digit());
        let claimed = digits.fold(0usize, |n, b| n.saturating_mul(10).saturating_add(usize::from(b - b'0')));
        if claimed > part.len() {
            return Err(Unreadable::damaged("xlsx", format!("sharedStrings.xml: uniqueCount {claimed}")));
        }
    }
    Ok(())
}

pub(crate) fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|w| w == needle)
}
