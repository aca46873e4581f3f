//! Acceptance tests of Akashi's own mechanisms, for its developers and for whoever runs it: each works, and each is seen to fail.
//!
//! A mechanism counts as evidence only with its test run and dated. A check therefore has two halves: [`Check::run`] must
//! hold on a fresh installation, and must fail on another one after [`Check::break_it`]. What cannot fail shows nothing.

mod alerting;
mod alternate_auth;
mod approval_workflow;
mod audit_log;
mod authority;
mod backup_engine;
mod break_glass;
mod browser;
mod credential_recovery;
mod credential_revocation;
mod crypto_agility;
mod data_encryption;
mod deadline_engine;
mod forensic_hold;
mod idle_timeout;
mod key_vault;
mod label_enforcement;
mod log_search;
mod login_feedback;
mod login_restrictions;
mod login_throttle;
mod multi_factor;
mod notice_delivery;
mod password_hashing;
mod password_history;
mod password_lifecycle;
mod password_quality;
mod privileged_session;
mod report;
mod retention_lock;
mod role_access;
mod scratch;
mod secure_exchange;
mod stand_in;
mod tamper_evident_log;
mod tenant_scoping;
mod timestamping;
mod trust_anchor_store;
mod unique_ids;
mod verified_erasure;
mod view_approval;

use rules::text::{Text, worded};

pub use report::{Judged, Outcome, Report, Row, judge, judge_all, verify};
pub use scratch::Scratch;

/// A mechanism of the vocabulary.
pub struct Mechanism {
    /// As items of the sheet name it: `login_throttle`.
    pub id: &'static str,
    pub name: Text,
    pub checks: &'static [Check],
}

/// One thing that a mechanism promises.
pub struct Check {
    /// Items and sub-points it shows; sub-point 0 is the item as a whole.
    pub shows: &'static [(u16, u16)],
    /// One sentence that is true where the check holds.
    pub what: Text,
    /// Tries it on a fresh installation.
    pub run: fn(&Scratch) -> Tried,
    /// Takes the mechanism away, by what is stored wherever that can do it; `run` must fail afterwards.
    pub break_it: fn(&Scratch) -> Tried,
}

/// What became of a try.
pub type Tried = Result<(), Failed>;

/// Why a check did not hold: what was expected and what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    pub words: Text,
}

impl Failed {
    fn new(ja: impl Into<String>, en: impl Into<String>) -> Failed {
        Failed { words: worded(ja, en) }
    }
}

impl From<app::Error> for Failed {
    fn from(error: app::Error) -> Failed {
        match error {
            app::Error::Refused(refusal) => Failed { words: refusal.text },
            other => Failed::new(other.to_string(), other.to_string()),
        }
    }
}

impl From<store::Error> for Failed {
    fn from(error: store::Error) -> Failed {
        app::Error::from(error).into()
    }
}

impl From<identity::Error> for Failed {
    fn from(error: identity::Error) -> Failed {
        app::Error::from(error).into()
    }
}

impl From<rules::refusal::Refusal> for Failed {
    fn from(refusal: rules::refusal::Refusal) -> Failed {
        Failed { words: refusal.text }
    }
}

/// Fails with what was expected unless it holds.
fn expect(holds: bool, ja: &str, en: &str) -> Tried {
    if holds { Ok(()) } else { Err(Failed::new(ja, en)) }
}

/// Why an act was refused; fails where it was done.
fn refusal<T>(tried: Result<T, app::Error>) -> Result<(rules::refusal::Why, Text), Failed> {
    match tried {
        Err(app::Error::Refused(refusal)) => Ok((refusal.why, refusal.text)),
        Err(other) => Err(other.into()),
        Ok(_) => Err(Failed::new("拒否されるはずの操作が受け付けられました", "what has to be refused was done")),
    }
}

/// Every mechanism that has an acceptance test, in the order of the vocabulary.
pub static ALL: &[&Mechanism] = &[
    &unique_ids::MECHANISM,
    &role_access::MECHANISM,
    &multi_factor::MECHANISM,
    &password_quality::MECHANISM,
    &password_hashing::MECHANISM,
    &password_history::MECHANISM,
    &password_lifecycle::MECHANISM,
    &login_throttle::MECHANISM,
    &login_feedback::MECHANISM,
    &login_restrictions::MECHANISM,
    &credential_recovery::MECHANISM,
    &credential_revocation::MECHANISM,
    &alternate_auth::MECHANISM,
    &idle_timeout::MECHANISM,
    &privileged_session::MECHANISM,
    &break_glass::MECHANISM,
    &tenant_scoping::MECHANISM,
    &view_approval::MECHANISM,
    &data_encryption::MECHANISM,
    &verified_erasure::MECHANISM,
    &label_enforcement::MECHANISM,
    &timestamping::MECHANISM,
    &crypto_agility::MECHANISM,
    &key_vault::MECHANISM,
    &trust_anchor_store::MECHANISM,
    &secure_exchange::MECHANISM,
    &audit_log::MECHANISM,
    &tamper_evident_log::MECHANISM,
    &log_search::MECHANISM,
    &retention_lock::MECHANISM,
    &alerting::MECHANISM,
    &forensic_hold::MECHANISM,
    &approval_workflow::MECHANISM,
    &deadline_engine::MECHANISM,
    &notice_delivery::MECHANISM,
    &backup_engine::MECHANISM,
];
