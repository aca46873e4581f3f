//! What the installation says of its own running: starts and stops, clock, epochs of the ledger, signing keys, backups and drills.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{self, Digest, Id};
use crate::text::{Text, text};

/// A copy of everything, encrypted, that was written out (item 137).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Backup {
    pub id: Id<id::Backup>,
    /// Where it was written: a file or folder as the operator named it.
    pub place: String,
    /// Of the file, in bytes.
    pub size: u64,
    /// SHA-256 of the file.
    pub digest: Digest,
    /// Ledger lines in it.
    pub lines: u64,
    /// Evidence files in it.
    pub files: u64,
    pub seconds: u64,
    pub at: Timestamp,
}

/// A backup was really restored into an empty place and compared (item 137).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Drill {
    pub backup: Id<id::Backup>,
    pub lines: u64,
    pub files: u64,
    /// What was other than it should be; empty when all was equal.
    pub differences: Vec<String>,
    pub seconds: u64,
    pub at: Timestamp,
}

/// Why a new epoch began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EpochReason {
    /// The ledger began.
    Founded,
    /// Checkpoints began to be signed.
    Signed,
    /// A backup was restored: what came after it is lost, and another history begins.
    Restored,
}

impl EpochReason {
    pub const fn name(self) -> Text {
        match self {
            EpochReason::Founded => text("台帳の開始", "The ledger began"),
            EpochReason::Signed => text("署名の開始", "Signing began"),
            EpochReason::Restored => text("バックアップからの復元", "A backup was restored"),
        }
    }
}

/// What happened to the running installation. Each is a kind of ledger line of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Running {
    /// The service started (item 50(6)). `clean`: it had been stopped in order before.
    Started {
        version: String,
        clean: bool,
    },
    Stopped {
        reason: String,
    },
    /// The machine's clock moved against the time that really passed, in milliseconds; back is negative.
    ClockJumped {
        milliseconds: i64,
    },
    /// The clock was compared with a time server (item 109).
    ClockChecked {
        server: String,
        offset_ms: i64,
        ok: bool,
    },
    /// Acts were refused for a while, because the ledger could not be written.
    LogPaused {
        from: Timestamp,
        until: Timestamp,
        reason: String,
    },
    /// A new history of this ledger begins; `keys` sign its checkpoints. `before` is the size that was known before.
    EpochBegun {
        installation: String,
        epoch: u32,
        reason: EpochReason,
        keys: Vec<String>,
        authority: String,
        before: u64,
    },
    /// Checkpoints are signed by other keys from here on.
    SigningKeyChanged {
        keys: Vec<String>,
        reason: String,
    },
    /// A test took the way of an alert, to the address outside; `reason` says why it did not arrive.
    AlertsTried {
        ok: bool,
        reason: String,
    },
    BackupMade(Backup),
    BackupTried(Drill),
}

impl Running {
    pub const fn kind(&self) -> &'static str {
        match self {
            Running::Started { .. } => "started",
            Running::Stopped { .. } => "stopped",
            Running::ClockJumped { .. } => "clock_jumped",
            Running::ClockChecked { .. } => "clock_checked",
            Running::LogPaused { .. } => "log_paused",
            Running::EpochBegun { .. } => "epoch_begun",
            Running::SigningKeyChanged { .. } => "signing_key_changed",
            Running::AlertsTried { .. } => "alerts_tried",
            Running::BackupMade(_) => "backup_made",
            Running::BackupTried(_) => "backup_tried",
        }
    }
    pub fn subject(&self) -> String {
        match self {
            Running::BackupMade(b) => b.id.to_string(),
            Running::BackupTried(d) => d.backup.to_string(),
            Running::EpochBegun { epoch, .. } => format!("epoch/{epoch}"),
            Running::ClockChecked { server, .. } => server.clone(),
            Running::Started { .. }
            | Running::Stopped { .. }
            | Running::ClockJumped { .. }
            | Running::LogPaused { .. }
            | Running::AlertsTried { .. }
            | Running::SigningKeyChanged { .. } => "installation".to_owned(),
        }
    }
}
