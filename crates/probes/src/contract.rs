//! What every probe keeps to: one function looks and stores, another judges what was stored.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use rules::text::Text;
use serde::{Deserialize, Serialize};

use crate::{Net, Profile};

/// Unknown is never counted as pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Pass,
    Fail,
    Unknown,
}

/// Fail beats unknown beats pass; of nothing at all nothing is known.
pub fn combined(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    let mut all = verdicts.into_iter();
    let Some(first) = all.next() else { return Verdict::Unknown };
    all.fold(first, |a, b| match (a, b) {
        (Verdict::Fail, _) | (_, Verdict::Fail) => Verdict::Fail,
        (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
        (Verdict::Pass, Verdict::Pass) => Verdict::Pass,
    })
}

/// What may be looked at; a probe reads nothing that is not named here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub id: String,
    /// Role, such as `faillock`, and the file that has it.
    #[serde(default)]
    pub files: BTreeMap<String, PathBuf>,
}

/// What one file gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    Text(String),
    /// The target names no file for this role.
    NotNamed,
    Missing,
    /// This account may not read it.
    Denied,
    /// Larger than the limit in bytes.
    TooLarge(u64),
    Unreadable(String),
}

/// What a probe saw, stored before anybody judges it, and judged again as often as wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub probe: String,
    pub target: String,
    pub started: Timestamp,
    pub ended: Timestamp,
    /// Who looked: the machine's name as the operator gave it.
    pub agent: String,
    /// The version of Akashi that looked.
    pub tool_version: String,
    pub read: BTreeMap<String, Reading>,
}

/// Nothing at all could be read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreached(pub Text);

/// What the registers say of a target on the day of judging.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    pub today: Date,
    /// Whether people sign in with a second factor; unknown where nobody declared it.
    #[serde(default)]
    pub second_factor: Option<bool>,
    /// Whether passwords are generated at random for people, which no setting of a host shows.
    #[serde(default)]
    pub random_passwords: Option<bool>,
    #[serde(default)]
    pub exceptions: Vec<Exception>,
}

/// A row of the register of agreements that lets a failure stand for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    pub target: String,
    pub rule: String,
    pub reason: String,
    /// The medical institution that agreed.
    pub agreed_by: String,
    /// The last day on which it holds.
    pub until: Date,
}

/// One thing that is demanded.
#[derive(Debug)]
pub struct Rule {
    pub id: &'static str,
    pub items: &'static [u16],
    pub source: &'static str,
    /// Whether a figure or reading was not compared with its primary text.
    pub unverified: bool,
    /// Whether an agreed exception may let a failure stand.
    pub excusable: bool,
}

/// What a rule found in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub rule: &'static str,
    pub verdict: Verdict,
    pub measured: Text,
    pub expected: Text,
    /// Still good, and soon not.
    pub warning: bool,
}

/// Two functions: `take` touches the world and judges nothing, `judge` judges and touches nothing.
pub struct Probe {
    pub id: &'static str,
    pub rules: &'static [Rule],
    /// The roles of files it reads, for those who want to know before it runs.
    pub reads: &'static [&'static str],
    pub take: fn(&Target, &mut Net) -> Result<Snapshot, Unreached>,
    pub judge: fn(&Snapshot, &Profile, &Facts) -> Vec<Finding>,
}

impl Snapshot {
    /// The text of a role, or why there is none.
    pub fn text(&self, role: &str) -> Result<&str, Text> {
        use rules::text::worded;
        let why = |ja: &str, en: &str| Err(worded(format!("{role}: {ja}"), format!("{role}: {en}")));
        match self.read.get(role) {
            Some(Reading::Text(text)) => Ok(text),
            None | Some(Reading::NotNamed) => why("対象ファイルに指定がありません", "not named in the target file"),
            Some(Reading::Missing) => why("ファイルがありません", "there is no such file"),
            Some(Reading::Denied) => why("読む権限がありません（root権限が必要です）", "may not be read; needs root"),
            Some(Reading::TooLarge(limit)) => why(&format!("{limit}バイトを超えています"), &format!("larger than {limit} bytes")),
            Some(Reading::Unreadable(error)) => why(&format!("読めません（{error}）"), &format!("unreadable ({error})")),
        }
    }
}

impl Finding {
    pub fn unknown(rule: &'static str, why: Text, expected: Text) -> Finding {
        Finding { rule, verdict: Verdict::Unknown, measured: why, expected, warning: false }
    }
    pub fn told(rule: &'static str, holds: bool, measured: Text, expected: Text) -> Finding {
        let verdict = if holds { Verdict::Pass } else { Verdict::Fail };
        Finding { rule, verdict, measured, expected, warning: false }
    }
}
