//! How long things are kept: dated rules, holds that nothing passes, and erasure with a certificate (items 5, 9, 41, 49, 104, 106, 252).

mod fate;
mod term;

pub use fate::{ERASED, Fate, Scope, erased_email, fate};
pub use term::{Record, SHIPPED, Start, Term, lengthen, shipped, term};

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{self, Digest, Id};
use crate::text::{Text, text};

/// What is kept or erased as one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Matter {
    /// An evaluation with its answers, claims, verdicts and messages.
    Case { case: Id<id::Case> },
    /// All versions of a document of evidence.
    Evidence { series: Id<id::Evidence> },
    /// The name and address of somebody whose account is closed.
    Person { person: Id<id::Person> },
    /// Everything of an organisation.
    Organisation { organisation: Id<id::Organisation> },
}

impl Matter {
    pub fn subject(&self) -> String {
        match self {
            Matter::Case { case } => case.to_string(),
            Matter::Evidence { series } => series.to_string(),
            Matter::Person { person } => person.to_string(),
            Matter::Organisation { organisation } => organisation.to_string(),
        }
    }
    pub const fn name(&self) -> Text {
        match self {
            Matter::Case { .. } => text("評価案件", "Case"),
            Matter::Evidence { .. } => text("証跡", "Evidence"),
            Matter::Person { .. } => text("利用者", "Person"),
            Matter::Organisation { .. } => text("組織のすべて", "All of an organisation"),
        }
    }
}

/// By its subject: an id says what it names.
impl std::str::FromStr for Matter {
    type Err = id::NotAnId;
    fn from_str(subject: &str) -> Result<Matter, id::NotAnId> {
        let case = subject.parse().map(|case| Matter::Case { case });
        let evidence = || subject.parse().map(|series| Matter::Evidence { series });
        let person = || subject.parse().map(|person| Matter::Person { person });
        let organisation = || subject.parse().map(|organisation| Matter::Organisation { organisation });
        case.or_else(|_| evidence()).or_else(|_| person()).or_else(|_| organisation())
    }
}

/// One dated rule: what is kept for how long. Of several that apply, the longest wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    pub id: String,
    /// What it is about: `case`, `evidence`, `person` or `log`.
    pub record: String,
    pub months: u32,
    /// The event from which the time runs, in words for people.
    pub starts: Text,
    /// From when on it applies.
    pub effective: Date,
    /// The law, contract or decision behind it.
    pub source: String,
    #[serde(default)]
    pub verified: bool,
}

/// 保全: what it names is neither changed nor removed by anybody until it is lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hold {
    pub id: Id<id::Hold>,
    pub organisation: Id<id::Organisation>,
    pub matter: Matter,
    pub reason: String,
    pub by: Id<id::Person>,
    pub at: Timestamp,
    /// Lifted when, by whom, why.
    pub lifted: Option<(Timestamp, Id<id::Person>, String)>,
}

/// 消去: what left, on whose authority, and how it was made sure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Erasure {
    pub id: Id<id::Erasure>,
    pub organisation: Id<id::Organisation>,
    pub matter: Matter,
    /// The rules whose time is over, and the request that a second person approved.
    pub authority: String,
    pub request: Option<Id<id::Request>>,
    /// Lines of this line's own ledger whose payload left: from, to.
    pub seqs: Vec<(u64, u64)>,
    /// Rows that left, by table.
    pub rows: Vec<(String, u64)>,
    /// Files that left.
    pub files: Vec<Digest>,
    /// What some of these lines say without the erased words, where later lines build on them: by `seq`, as a change.
    #[serde(default)]
    pub instead: Vec<(u64, serde_json::Value)>,
    /// The last line of the erasure: the rows leave with it. Lines in other ledgers stand before it.
    #[serde(default)]
    pub whole: bool,
    /// How it was done, in words for the certificate.
    pub how: Vec<Text>,
    pub by: Option<Id<id::Person>>,
    pub at: Timestamp,
}

/// What was found when the erased words were looked for, and the certificate that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Certified {
    pub erasure: Id<id::Erasure>,
    /// Nothing was found where nothing may be.
    pub clean: bool,
    /// What was looked at and what was found, in words for the certificate.
    pub looked: Vec<Text>,
    /// The certificate (PDF), kept as evidence of the organisation.
    pub evidence: Id<id::Evidence>,
    pub digest: Digest,
}

/// What is done about time and keeping. Each is a kind of ledger line of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Keeping {
    RetentionSet {
        organisation: Id<id::Organisation>,
        rule: Rule,
    },
    HoldPlaced(Hold),
    HoldLifted {
        hold: Id<id::Hold>,
        reason: String,
        by: Id<id::Person>,
    },
    /// One such line stands in every ledger that lost payloads, with that ledger's own `seqs`.
    PayloadsErased(Erasure),
    /// It was looked for afterwards, and the certificate was made.
    ErasureCertified(Certified),
}

impl Keeping {
    pub const fn kind(&self) -> &'static str {
        match self {
            Keeping::RetentionSet { .. } => "retention_set",
            Keeping::HoldPlaced(_) => "hold_placed",
            Keeping::HoldLifted { .. } => "hold_lifted",
            Keeping::PayloadsErased(_) => "payloads_erased",
            Keeping::ErasureCertified(_) => "erasure_certified",
        }
    }
    pub fn subject(&self) -> String {
        match self {
            Keeping::RetentionSet { rule, .. } => rule.id.clone(),
            Keeping::HoldPlaced(h) => h.matter.subject(),
            Keeping::HoldLifted { hold, .. } => hold.to_string(),
            Keeping::PayloadsErased(e) => e.matter.subject(),
            Keeping::ErasureCertified(c) => c.erasure.to_string(),
        }
    }
}
