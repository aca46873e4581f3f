//! Versions of a document: proposed as a sealed paper, approved by another person, in force from a day, superseded, expired or withdrawn.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::clause::{ClauseVersion, Kept};
use super::paper::Paper;
use crate::evidence::Label;
use crate::id::{self, Digest, Id, Pos};
use crate::party::line;
use crate::refusal::{Refusal, Why};
use crate::text::{Lang, Text, text};

/// The longest reason for taking a version back, in characters.
const REASON: usize = 500;

/// One version of a document, for all or for one entry of a register, with the paper as it was composed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Version {
    pub id: Id<id::Document>,
    pub organisation: Id<id::Organisation>,
    pub document: String,
    /// The entry it was made for, where each entry has a document of its own.
    pub entry: Option<Id<id::Entry>>,
    /// From 1, by document and entry.
    pub number: u32,
    pub label: Label,
    /// What was kept of each clause.
    pub clauses: BTreeMap<String, Kept>,
    pub ja: Paper,
    pub en: Paper,
    /// SHA-256 of what the papers say.
    pub digest: Digest,
    /// Who proposed it.
    pub by: Id<id::Person>,
    /// When it was composed: its facts are of that moment.
    pub at: Timestamp,
}

impl Version {
    pub const fn paper(&self, lang: Lang) -> &Paper {
        match lang {
            Lang::Ja => &self.ja,
            Lang::En => &self.en,
        }
    }
}

/// Somebody's approval, and from when and until when the version counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approval {
    pub from: Date,
    /// The last day, where it ends by itself.
    #[serde(default)]
    pub until: Option<Date>,
    pub by: Id<id::Person>,
    pub at: Timestamp,
}

/// A version was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Withdrawal {
    pub reason: String,
    pub by: Id<id::Person>,
    pub at: Timestamp,
}

/// What happens to documents. Each is a kind of ledger line of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Documenting {
    ClauseSaved(ClauseVersion),
    DocumentProposed(Box<Version>),
    DocumentApproved { document: Id<id::Document>, approval: Approval },
    DocumentWithdrawn { document: Id<id::Document>, withdrawal: Withdrawal },
}

impl Documenting {
    pub const fn kind(&self) -> &'static str {
        match self {
            Documenting::ClauseSaved(_) => "clause_saved",
            Documenting::DocumentProposed(_) => "document_proposed",
            Documenting::DocumentApproved { .. } => "document_approved",
            Documenting::DocumentWithdrawn { .. } => "document_withdrawn",
        }
    }
    pub fn subject(&self) -> String {
        match self {
            Documenting::ClauseSaved(clause) => format!("{}/{}", clause.document, clause.clause),
            Documenting::DocumentProposed(version) => version.id.to_string(),
            Documenting::DocumentApproved { document, .. } | Documenting::DocumentWithdrawn { document, .. } => document.to_string(),
        }
    }
}

/// A version without its papers, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Standing {
    pub id: Id<id::Document>,
    pub document: String,
    pub entry: Option<Id<id::Entry>>,
    pub number: u32,
    pub label: Label,
    pub digest: Digest,
    pub by: Id<id::Person>,
    pub at: Timestamp,
    pub pos: Pos,
    pub approval: Option<Approval>,
    pub withdrawal: Option<Withdrawal>,
}

/// Where a version stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Proposed,
    /// Approved, and its day has not come.
    Coming,
    InForce,
    /// A later version is in force.
    Superseded,
    Expired,
    Withdrawn,
}

impl State {
    pub const fn name(self) -> Text {
        match self {
            State::Proposed => text("承認待ち", "Proposed"),
            State::Coming => text("承認済み（施行前）", "Approved, not yet in force"),
            State::InForce => text("有効", "In force"),
            State::Superseded => text("旧版", "Superseded"),
            State::Expired => text("期限切れ", "Expired"),
            State::Withdrawn => text("取下げ", "Withdrawn"),
        }
    }
}

/// Where a version stands on `today`, in Japan, among `all` versions of the same document and entry.
pub fn state(version: &Standing, all: &[Standing], today: Date) -> State {
    if version.withdrawal.is_some() {
        return State::Withdrawn;
    }
    let Some(approval) = &version.approval else { return State::Proposed };
    if approval.from > today {
        return State::Coming;
    }
    let later = |other: &&Standing| {
        let begun = other.approval.as_ref().is_some_and(|a| a.from <= today);
        other.number > version.number
            && other.document == version.document
            && other.entry == version.entry
            && begun
            && other.withdrawal.is_none()
    };
    if all.iter().any(|other| later(&other)) {
        return State::Superseded;
    }
    if approval.until.is_some_and(|until| until < today) { State::Expired } else { State::InForce }
}

/// The number of the next version, if one may be proposed.
///
/// # Errors
/// Another version waits for its approval.
pub fn next(all: &[Standing]) -> Result<u32, Refusal> {
    if all.iter().any(|v| v.approval.is_none() && v.withdrawal.is_none()) {
        return Err(Refusal::state(text(
            "承認待ちの版があります。承認するか取り下げてから、新しい版を提出してください。",
            "A version waits for approval. Approve or withdraw it before you propose another.",
        )));
    }
    Ok(all.iter().map(|v| v.number).max().unwrap_or(0) + 1)
}

/// Another person approves what was proposed.
///
/// # Errors
/// It waits for no approval; whoever proposed it asks; a day before today, or an end before the beginning.
pub fn approve(
    version: &Standing,
    by: Id<id::Person>,
    (from, until): (Date, Option<Date>),
    at: Timestamp,
    today: Date,
) -> Result<Documenting, Refusal> {
    if version.approval.is_some() || version.withdrawal.is_some() {
        return Err(Refusal::state(text("この版は承認を待っていません。", "This version does not wait for approval.")));
    }
    if by == version.by {
        return Err(Refusal::new(
            Why::Forbidden,
            text("提出した人とは別の人が承認してください。", "Somebody other than who proposed it has to approve."),
        ));
    }
    if from < today {
        return Err(Refusal::invalid("from", text("施行日は今日以降にしてください。", "Let it come into force today or later.")));
    }
    if until.is_some_and(|until| until < from) {
        return Err(Refusal::invalid("until", text("有効期限は施行日以降にしてください。", "Let it end on the day it begins or later.")));
    }
    Ok(Documenting::DocumentApproved { document: version.id, approval: Approval { from, until, by, at } })
}

/// Takes a version back, approved or not.
///
/// # Errors
/// It was taken back before, or no reason is given.
pub fn withdraw(version: &Standing, by: Id<id::Person>, reason: &str, at: Timestamp) -> Result<Documenting, Refusal> {
    if version.withdrawal.is_some() {
        return Err(Refusal::state(text("この版は取り下げられています。", "This version was withdrawn before.")));
    }
    let reason = line("reason", reason, REASON)?;
    Ok(Documenting::DocumentWithdrawn { document: version.id, withdrawal: Withdrawal { reason, by, at } })
}
