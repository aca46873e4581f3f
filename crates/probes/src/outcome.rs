//! Outcomes: the findings of a snapshot as records that stand alone, with agreed exceptions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::Timestamp;
use rules::text::{Text, text};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::contract::{Exception, Facts, Finding, Probe, Rule, Snapshot, Target, Unreached, Verdict};
use crate::profile::Profile;

/// One rule on one target.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    pub probe: &'static str,
    pub target: String,
    pub rule_id: &'static str,
    pub verdict: Verdict,
    /// The agreement without which the verdict would be fail.
    pub exception: Option<Exception>,
    pub warning: bool,
    pub measured: Text,
    pub expected: Text,
    pub profile: String,
    pub source: &'static str,
    pub unverified: bool,
    /// SHA-256 of the stored snapshot; none where nothing was reached.
    pub raw_sha256: Option<String>,
    pub tool_version: String,
    pub started: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    pub agent: String,
    pub items: &'static [u16],
}

/// Judges a stored snapshot. A probe that breaks leaves its rules unknown and harms no other.
pub fn judged(probe: &Probe, snapshot: &Snapshot, profile: &Profile, facts: &Facts) -> Vec<Outcome> {
    let findings =
        if snapshot.probe == probe.id { catch_unwind(AssertUnwindSafe(|| (probe.judge)(snapshot, profile, facts))).ok() } else { None };
    let raw = serde_json::to_vec(snapshot).ok().map(|bytes| hex(&Sha256::digest(bytes)));
    let rules = probe.rules.iter();
    rules
        .map(|rule| {
            let found = findings.iter().flatten().find(|finding| finding.rule == rule.id).cloned();
            let mut outcome = outcome(probe, rule, &snapshot.target, profile, found.unwrap_or_else(|| silent(rule)));
            outcome.raw_sha256.clone_from(&raw);
            outcome.started = Some(snapshot.started);
            outcome.ended = Some(snapshot.ended);
            outcome.agent.clone_from(&snapshot.agent);
            outcome.tool_version.clone_from(&snapshot.tool_version);
            excuse(rule, facts, outcome)
        })
        .collect()
}

/// Every rule of a probe whose target was not reached: unknown.
pub fn unreached(probe: &Probe, target: &Target, profile: &Profile, why: &Unreached) -> Vec<Outcome> {
    let unknown = |rule: &'static Rule| Finding::unknown(rule.id, why.0.clone(), text("測定できること", "That it can be measured"));
    probe.rules.iter().map(|rule| outcome(probe, rule, &target.id, profile, unknown(rule))).collect()
}

fn outcome(probe: &Probe, rule: &'static Rule, target: &str, profile: &Profile, found: Finding) -> Outcome {
    Outcome {
        probe: probe.id,
        target: target.to_owned(),
        rule_id: rule.id,
        verdict: found.verdict,
        exception: None,
        warning: found.warning,
        measured: found.measured,
        expected: found.expected,
        profile: profile.id.clone(),
        source: rule.source,
        unverified: rule.unverified || !profile.verified,
        raw_sha256: None,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started: None,
        ended: None,
        agent: String::new(),
        items: rule.items,
    }
}

fn silent(rule: &'static Rule) -> Finding {
    let why = text("測定結果を読み取れませんでした。", "What was measured could not be judged.");
    Finding::unknown(rule.id, why, text("判定できること", "That it can be judged"))
}

/// Lets a failure stand where a reason was given, the institution agreed, and the day has not passed.
fn excuse(rule: &Rule, facts: &Facts, mut outcome: Outcome) -> Outcome {
    if !rule.excusable || outcome.verdict != Verdict::Fail {
        return outcome;
    }
    let holds = |e: &&Exception| {
        let said = !e.reason.trim().is_empty() && !e.agreed_by.trim().is_empty();
        e.rule == rule.id && e.target == outcome.target && said && facts.today <= e.until
    };
    if let Some(exception) = facts.exceptions.iter().find(holds) {
        outcome.exception = Some(exception.clone());
        outcome.verdict = Verdict::Pass;
    }
    outcome
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
