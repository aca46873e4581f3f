//! The evidence vault: what a scan found, which keys encrypt what, who opened a file.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{self, Digest, Id};
use crate::text::{Text, text};

/// What a scan of a file's content said (items 112(4), 117).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Scan {
    Clean,
    /// Malware, by the scanner's name for it.
    Found {
        name: String,
    },
    /// No scanner is set, it was not reached, or it does not take files of this size: never the same as clean.
    NotScanned {
        why: String,
    },
}

impl Scan {
    pub const fn name(&self) -> Text {
        match self {
            Scan::Clean => text("マルウェア検査済み（検出なし）", "Scanned: nothing found"),
            Scan::Found { .. } => text("マルウェアを検出", "Malware found"),
            Scan::NotScanned { .. } => text("未検査", "Not scanned"),
        }
    }
}

/// What was found in an archive or an Office file that people should know before they open it (item 123).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Inside {
    /// A program that an Office application may run.
    Macros,
    /// Parts that open with a password only: nobody looked into them, and no scanner can.
    Encrypted,
    /// Parts of a kind or size that are not looked into.
    Unseen,
}

impl Inside {
    pub const ALL: [Inside; 3] = [Inside::Macros, Inside::Encrypted, Inside::Unseen];
    pub const fn name(self) -> Text {
        match self {
            Inside::Macros => text("マクロを含む", "Holds macros"),
            Inside::Encrypted => text("暗号化された部分を含む", "Holds encrypted parts"),
            Inside::Unseen => text("中を確認できない部分を含む", "Holds parts nobody looked into"),
        }
    }
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyRole {
    /// Signs checkpoints and packages.
    Signing,
    /// Encrypts the other keys.
    Master,
    /// Encrypts the files of one organisation.
    Files,
}

impl KeyRole {
    pub const ALL: [KeyRole; 3] = [KeyRole::Signing, KeyRole::Master, KeyRole::Files];
    pub const fn name(self) -> Text {
        match self {
            KeyRole::Signing => text("署名鍵", "Signing key"),
            KeyRole::Master => text("マスター鍵", "Master key"),
            KeyRole::Files => text("証跡の暗号鍵", "Key of evidence files"),
        }
    }
}

/// What happened to a key (items 171, 190).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyEvent {
    Made,
    /// Another key takes its place for what is new; it still opens what is old.
    Rotated,
    /// Written out under the words of two people.
    Escrowed,
    /// Taken back from escrow by two people.
    Recovered,
    /// Its content was encrypted again under the newer key, and it opens nothing any more.
    Retired,
    /// Erased on purpose, so that what it encrypts cannot be read by anybody.
    Destroyed,
}

impl KeyEvent {
    pub const fn name(self) -> Text {
        match self {
            KeyEvent::Made => text("作成", "Made"),
            KeyEvent::Rotated => text("更新", "Rotated"),
            KeyEvent::Escrowed => text("預託", "Escrowed"),
            KeyEvent::Recovered => text("預託からの復元", "Recovered from escrow"),
            KeyEvent::Retired => text("廃止", "Retired"),
            KeyEvent::Destroyed => text("破棄", "Destroyed"),
        }
    }
}

/// How a file was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    Shown,
    Downloaded,
    /// As part of an export, a package or a copy.
    Exported,
}

/// What happens in the vault. Each is a kind of ledger line of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Vaulting {
    /// Content was scanned; `signatures` is the date of the scanner's signatures.
    FileScanned { digest: Digest, scan: Scan, engine: String, signatures: Option<Timestamp> },
    /// An archive or an Office file was looked into: what was found, how many entries, and how many bytes unpacked.
    FileLookedInto { digest: Digest, inside: Vec<Inside>, entries: u64, unpacked: u64 },
    /// An upload was refused for what is in it; nothing was stored.
    FileRefused { name: String, digest: Option<Digest>, why: String },
    /// Protected data was read (items 50(2), 105): a file of evidence.
    FileOpened { evidence: Id<id::Evidence>, how: Opening },
    /// Protected data left as a file: a sheet, a ledger export, a certificate.
    FileExported { what: String, about: String },
    /// `key` is its public name; whose it is, where it is one organisation's.
    KeyChanged { organisation: Option<Id<id::Organisation>>, key: String, event: KeyEvent, reason: String },
}

impl Vaulting {
    pub const fn kind(&self) -> &'static str {
        match self {
            Vaulting::FileScanned { .. } => "file_scanned",
            Vaulting::FileLookedInto { .. } => "file_looked_into",
            Vaulting::FileRefused { .. } => "file_refused",
            Vaulting::FileOpened { .. } => "file_opened",
            Vaulting::FileExported { .. } => "file_exported",
            Vaulting::KeyChanged { .. } => "key_changed",
        }
    }
    pub fn subject(&self) -> String {
        match self {
            Vaulting::FileScanned { digest, .. } | Vaulting::FileLookedInto { digest, .. } => digest.to_string(),
            // The name is a person's words, and a head is never erased.
            Vaulting::FileRefused { digest, .. } => digest.map_or_else(|| "upload".to_owned(), |d| d.to_string()),
            Vaulting::FileOpened { evidence, .. } => evidence.to_string(),
            Vaulting::FileExported { about, .. } => about.clone(),
            Vaulting::KeyChanged { key, .. } => key.clone(),
        }
    }
}
