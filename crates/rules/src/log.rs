//! Looking at the ledger: what is asked of it, saved views, and reviews with findings (items 107, 111, 228(9), 234, 247).

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{self, Id};

/// What somebody looks for in the ledger. Empty fields filter nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LogQuery {
    /// Whose acts: an account's id.
    pub actor: Option<String>,
    /// What they concern: an id, with or without its parts (`case_…` also finds `case_…/81`).
    pub subject: Option<String>,
    pub item: Option<id::ItemNo>,
    pub kind: Option<String>,
    pub outcome: Option<String>,
    pub address: Option<String>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Oldest first.
    pub rising: bool,
}

/// A view that somebody kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SavedView {
    pub id: Id<id::LogView>,
    pub organisation: Id<id::Organisation>,
    pub name: String,
    pub query: LogQuery,
    pub by: Id<id::Person>,
}

/// A review of the ledger over a time, with what was found; it is evidence for item 107.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogReview {
    pub id: Id<id::LogReview>,
    pub organisation: Id<id::Organisation>,
    pub from: Timestamp,
    pub until: Timestamp,
    /// What was looked at.
    pub query: LogQuery,
    /// Lines that the query found.
    pub lines: u64,
    /// Something is wrong and is followed up.
    pub anomaly: bool,
    pub finding: String,
    pub by: Id<id::Person>,
    pub at: Timestamp,
    /// When the next review is due.
    pub next: Date,
}

/// What people do with the ledger. Each is a kind of ledger line of its own: reading the log is logged too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Looking {
    LogRead { query: LogQuery, lines: u64, exported: bool },
    LogViewSaved(SavedView),
    LogViewRemoved { view: Id<id::LogView> },
    LogReviewed(LogReview),
}

impl Looking {
    pub const fn kind(&self) -> &'static str {
        match self {
            Looking::LogRead { .. } => "log_read",
            Looking::LogViewSaved(_) => "log_view_saved",
            Looking::LogViewRemoved { .. } => "log_view_removed",
            Looking::LogReviewed(_) => "log_reviewed",
        }
    }
    pub fn subject(&self) -> String {
        match self {
            Looking::LogRead { .. } => "ledger".to_owned(),
            Looking::LogViewSaved(v) => v.id.to_string(),
            Looking::LogViewRemoved { view } => view.to_string(),
            Looking::LogReviewed(r) => r.id.to_string(),
        }
    }
}
