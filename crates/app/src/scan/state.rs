//! What people are shown of a file's scan: what was not seen, or seen with old eyes, never looks like clean.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rules::evidence::Evidence;
use rules::id::Digest;
use rules::text::{Text, text, worded};
use rules::vault::Scan;
use store::tables::scan::{self, Scanned};

use super::{TOO_LARGE, UNREACHABLE};
use crate::{App, Error};

/// How a file stands with the scanner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanRead {
    Clean {
        at: Timestamp,
    },
    /// Nothing was found, by signatures that were old then, or of unknown date.
    OldSignatures {
        at: Timestamp,
    },
    /// It is locked.
    Found {
        name: String,
        at: Timestamp,
    },
    NotScanned {
        why: Text,
    },
}

impl ScanRead {
    pub fn name(&self) -> Text {
        match self {
            ScanRead::Clean { .. } => Scan::Clean.name(),
            ScanRead::OldSignatures { .. } => text("古い定義で検査（検出なし）", "Scanned with old signatures"),
            ScanRead::Found { name, .. } => {
                worded(format!("マルウェアを検出（{name}）・閲覧停止中"), format!("Malware found ({name}); locked"))
            }
            ScanRead::NotScanned { .. } => text("未検査", "Not scanned"),
        }
    }

    /// What there is to say besides.
    pub fn detail(&self) -> Option<Text> {
        match self {
            ScanRead::Clean { .. } => None,
            ScanRead::OldSignatures { .. } => Some(text(
                "検査に使った定義の日付が古いか不明です。新しい定義で自動的に再検査されます。",
                "The signatures were old, or of unknown date. The file is scanned again with newer ones by itself.",
            )),
            ScanRead::Found { .. } => Some(text(
                "ファイルは開けませんが、記録は残っています。安全な原本を新しい版として登録してください。",
                "The file cannot be opened; its record stays. Add a clean original as a new version.",
            )),
            ScanRead::NotScanned { why } => Some(why.clone()),
        }
    }

    pub fn is_found(&self) -> bool {
        matches!(self, ScanRead::Found { .. })
    }

    pub fn is_clean(&self) -> bool {
        matches!(self, ScanRead::Clean { .. })
    }
}

impl App {
    fn scan_read(&self, found: Option<Scanned>) -> ScanRead {
        let days = self.config.scanner.as_ref();
        match found {
            None if days.is_none() => {
                ScanRead::NotScanned { why: text("マルウェア検査が設定されていません。", "No malware scanner is set.") }
            }
            None => ScanRead::NotScanned { why: text("検査の順番を待っています。", "It waits for its turn.") },
            Some(Scanned { scan: Scan::Found { name }, at, .. }) => ScanRead::Found { name, at },
            // Without a scanner nobody says how old is old.
            Some(Scanned { scan: Scan::Clean, at, signatures, .. }) if days.is_some_and(|s| !s.is_old(signatures, at)) => {
                ScanRead::Clean { at }
            }
            Some(Scanned { scan: Scan::Clean, at, .. }) => ScanRead::OldSignatures { at },
            Some(Scanned { scan: Scan::NotScanned { why }, .. }) => ScanRead::NotScanned {
                why: match why.as_str() {
                    UNREACHABLE => text("検査エンジンに接続できませんでした。", "The scanner was not reached."),
                    TOO_LARGE => text("検査エンジンの上限より大きいファイルです。", "It is larger than the scanner takes."),
                    _ => text("検査エンジンが検査を完了できませんでした。", "The scanner could not look through it."),
                },
            },
        }
    }

    /// How a document that somebody sees stands with the scanner.
    pub fn scan_of(&self, evidence: &Evidence) -> Result<ScanRead, Error> {
        Ok(self.scan_read(self.store.read(|conn| scan::of(conn, evidence.digest))?))
    }

    /// The same for many, of one organisation.
    pub fn scans_of<'e>(&self, all: impl IntoIterator<Item = &'e Evidence>) -> Result<BTreeMap<Digest, ScanRead>, Error> {
        let all: Vec<&Evidence> = all.into_iter().collect();
        let Some(first) = all.first() else { return Ok(BTreeMap::new()) };
        let known: BTreeMap<Digest, Scanned> =
            self.store.read(|conn| scan::of_organisation(conn, first.organisation))?.into_iter().map(|s| (s.digest, s)).collect();
        Ok(all.iter().map(|e| (e.digest, self.scan_read(known.get(&e.digest).cloned()))).collect())
    }
}
