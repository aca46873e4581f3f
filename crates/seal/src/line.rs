//! One line of a ledger: its exact bytes, its hash, and the check of a run of lines.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::merkle::{Frontier, Hash, leaf_hash, sha256};

/// What opens the bytes of a line; a changed encoding gets a new number, and old lines keep theirs.
const V1: &[u8] = b"akashi-ledger-line/v1\n";

/// The part of a line that stays for ever and that the tree is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Place in the order of the whole installation, from 1.
    pub pos: u64,
    /// Whose ledger it is.
    pub tenant: String,
    /// Place in that ledger, from 1.
    pub seq: u64,
    /// When: RFC 3339, UTC, microseconds.
    pub at: String,
    /// Who: an account, or `system`.
    pub actor: String,
    pub session: Option<String>,
    /// The network address it came from.
    pub address: Option<String>,
    /// What kind of fact.
    pub kind: String,
    /// What it concerns, such as `case_…/81`.
    pub subject: String,
    /// `done`, `refused` …
    pub outcome: String,
    /// SHA-256 (salt ‖ payload): stands for the payload after it is erased.
    pub payload_digest: Hash,
}

/// The part of a line that may be erased: what exactly was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// Random, so that nobody can guess an erased text by trying digests. Erased together with the text.
    pub salt: [u8; 16],
    /// Canonical JSON.
    pub text: String,
}

impl Payload {
    pub fn digest(&self) -> Hash {
        sha256(&[&self.salt, self.text.as_bytes()])
    }
}

/// The fields of a head where they lie, for whoever checks millions of lines without copying each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fields<'a> {
    pub pos: u64,
    pub tenant: &'a str,
    pub seq: u64,
    pub at: &'a str,
    pub actor: &'a str,
    pub session: Option<&'a str>,
    pub address: Option<&'a str>,
    pub kind: &'a str,
    pub subject: &'a str,
    pub outcome: &'a str,
    pub payload_digest: Hash,
}

impl From<Fields<'_>> for Head {
    fn from(of: Fields<'_>) -> Head {
        let Fields { pos, tenant, seq, at, actor, session, address, kind, subject, outcome, payload_digest } = of;
        Head {
            pos,
            tenant: tenant.to_owned(),
            seq,
            at: at.to_owned(),
            actor: actor.to_owned(),
            session: session.map(str::to_owned),
            address: address.map(str::to_owned),
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            outcome: outcome.to_owned(),
            payload_digest,
        }
    }
}

impl Fields<'_> {
    /// Appends the bytes that are hashed (version 1): the opening, then the fields in the order of the struct.
    ///
    /// Numbers are 8 bytes, big-endian; a text is its length in UTF-8 bytes (8 bytes, big-endian) and those bytes;
    /// an optional text has 0 or 1 before it; the digest is its 32 bytes.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        let number = |out: &mut Vec<u8>, n: u64| out.extend_from_slice(&n.to_be_bytes());
        let text = |out: &mut Vec<u8>, s: &str| {
            number(out, s.len() as u64);
            out.extend_from_slice(s.as_bytes());
        };
        let maybe = |out: &mut Vec<u8>, s: Option<&str>| match s {
            None => out.push(0),
            Some(s) => {
                out.push(1);
                text(out, s);
            }
        };
        out.extend_from_slice(V1);
        number(out, self.pos);
        text(out, self.tenant);
        number(out, self.seq);
        text(out, self.at);
        text(out, self.actor);
        maybe(out, self.session);
        maybe(out, self.address);
        text(out, self.kind);
        text(out, self.subject);
        text(out, self.outcome);
        out.extend_from_slice(&self.payload_digest);
    }
}

impl Head {
    pub fn fields(&self) -> Fields<'_> {
        Fields {
            pos: self.pos,
            tenant: &self.tenant,
            seq: self.seq,
            at: &self.at,
            actor: &self.actor,
            session: self.session.as_deref(),
            address: self.address.as_deref(),
            kind: &self.kind,
            subject: &self.subject,
            outcome: &self.outcome,
            payload_digest: self.payload_digest,
        }
    }

    /// The bytes that are hashed: see [`Fields::encode_into`].
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(320);
        self.fields().encode_into(&mut out);
        out
    }

    /// The leaf of this line in its ledger's tree.
    pub fn leaf(&self) -> Hash {
        leaf_hash(&self.encode())
    }
}

/// A whole line as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub head: Head,
    pub payload: Option<Payload>,
    /// The leaf hash that was kept beside it.
    pub leaf: Hash,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It stands in another tenant's ledger.
    Tenant { expected: String },
    /// A line before it is missing, doubled or out of order.
    Seq { expected: u64 },
    /// It does not stand after its predecessor in the order of the installation.
    Pos { expected: u64 },
    /// The payload is gone, and no erasure accounts for it.
    PayloadMissing,
    /// The payload is not the one that was recorded.
    Payload,
    /// Time, actor, kind, subject or another field is not the one that was recorded.
    Leaf,
    /// The lines fit each other, but the kept size or tree edge of the ledger is another: lines were cut off or added.
    Edge { lines: u64, kept: u64 },
}

impl Problem {
    /// The same in Japanese; `Display` is English.
    pub fn ja(&self) -> String {
        match self {
            Problem::Tenant { expected } => format!("{expected} の台帳に属しています"),
            Problem::Seq { expected } => format!("ここにはこの台帳の{expected}行目が来るはずです"),
            Problem::Pos { expected } => format!("ここには全体の{expected}番目の記録が来るはずです"),
            Problem::PayloadMissing => "記録の内容がなく、消去の記録もありません".to_owned(),
            Problem::Payload => "記録の内容が書き換えられています".to_owned(),
            Problem::Leaf => "日時・実施者・種類・対象などの項目が書き換えられています".to_owned(),
            Problem::Edge { lines, kept } => format!("台帳は{lines}行ですが、保存されている木の端は{kept}行または別の行のものです"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Tenant { expected } => write!(f, "stands in the ledger of {expected}"),
            Problem::Seq { expected } => write!(f, "line {expected} of this ledger should stand here"),
            Problem::Pos { expected } => write!(f, "position {expected} of the installation should stand here"),
            Problem::PayloadMissing => f.write_str("its payload is missing"),
            Problem::Payload => f.write_str("its payload was altered"),
            Problem::Leaf => f.write_str("one of its fields was altered"),
            Problem::Edge { lines, kept } => {
                write!(f, "the ledger has {lines} lines, its kept tree edge is of {kept} lines or of other lines")
            }
        }
    }
}

/// The first line that is wrong, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub tenant: String,
    pub seq: u64,
    pub pos: u64,
    pub problem: Problem,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ledger of {}, line {} (position {}): {}", self.tenant, self.seq, self.pos, self.problem)
    }
}
impl std::error::Error for Wrong {}

/// The check of one tenant's ledger, line by line from the first.
#[derive(Debug, Clone)]
pub struct Chain {
    tenant: String,
    pos: u64,
    frontier: Frontier,
}

impl Chain {
    pub fn new(tenant: impl Into<String>) -> Chain {
        Chain { tenant: tenant.into(), pos: 0, frontier: Frontier::new() }
    }

    /// Checks the next line: all its hashes are made anew, nothing that is kept is believed.
    pub fn check(&mut self, line: &Line) -> Result<(), Wrong> {
        let head = &line.head;
        let wrong = |problem| Err(Wrong { tenant: head.tenant.clone(), seq: head.seq, pos: head.pos, problem });
        if head.tenant != self.tenant {
            return wrong(Problem::Tenant { expected: self.tenant.clone() });
        }
        if head.seq != self.frontier.size() + 1 {
            return wrong(Problem::Seq { expected: self.frontier.size() + 1 });
        }
        if head.pos <= self.pos {
            return wrong(Problem::Pos { expected: self.pos + 1 });
        }
        match &line.payload {
            None => return wrong(Problem::PayloadMissing),
            Some(payload) if payload.digest() != head.payload_digest => return wrong(Problem::Payload),
            Some(_) => {}
        }
        let leaf = head.leaf();
        if leaf != line.leaf {
            return wrong(Problem::Leaf);
        }
        self.pos = head.pos;
        self.frontier.append(leaf);
        Ok(())
    }

    /// The tree of the lines checked so far.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Compares the lines with the edge that was kept for this ledger.
    pub fn end(&self, kept: &Frontier) -> Result<(), Wrong> {
        if *kept == self.frontier {
            return Ok(());
        }
        let (lines, kept) = (self.frontier.size(), kept.size());
        Err(Wrong { tenant: self.tenant.clone(), seq: lines.min(kept), pos: self.pos, problem: Problem::Edge { lines, kept } })
    }
}

/// Checks the lines of one tenant's ledger from the first on; gives their tree, or names the first that is wrong.
pub fn verify_lines<'a>(tenant: &str, lines: impl IntoIterator<Item = &'a Line>) -> Result<Frontier, Wrong> {
    let mut chain = Chain::new(tenant);
    for line in lines {
        chain.check(line)?;
    }
    Ok(chain.frontier)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(seq: u64) -> Line {
        let payload = Payload { salt: [seq as u8; 16], text: format!(r#"{{"mark":"conforms","n":{seq}}}"#) };
        let head = Head {
            pos: seq * 3,
            tenant: "org_1".into(),
            seq,
            at: "2026-11-22T05:06:07.000008Z".into(),
            actor: "person_1".into(),
            session: Some("session_1".into()),
            address: None,
            kind: "verdict_given".into(),
            subject: "case_1/81".into(),
            outcome: "done".into(),
            payload_digest: payload.digest(),
        };
        let leaf = head.leaf();
        Line { head, payload: Some(payload), leaf }
    }

    fn ledger(n: u64) -> Vec<Line> {
        (1..=n).map(line).collect()
    }

    /// Pins version 1: whoever changes these bytes makes every old ledger unreadable.
    #[test]
    fn the_bytes_of_version_1_do_not_change() {
        let mut expected = b"akashi-ledger-line/v1\n".to_vec();
        let text = |out: &mut Vec<u8>, s: &str| {
            out.extend([0, 0, 0, 0, 0, 0, 0, s.len() as u8]);
            out.extend(s.bytes());
        };
        expected.extend([0, 0, 0, 0, 0, 0, 0, 3]);
        text(&mut expected, "org_1");
        expected.extend([0, 0, 0, 0, 0, 0, 0, 1]);
        text(&mut expected, "2026-11-22T05:06:07.000008Z");
        text(&mut expected, "person_1");
        expected.push(1);
        text(&mut expected, "session_1");
        expected.push(0);
        text(&mut expected, "verdict_given");
        text(&mut expected, "case_1/81");
        text(&mut expected, "done");
        expected.extend(line(1).head.payload_digest);
        assert_eq!(line(1).head.encode(), expected);
    }

    #[test]
    fn an_untouched_ledger_is_right() {
        let mut chain = Chain::new("org_1");
        for line in &ledger(20) {
            chain.check(line).unwrap();
        }
        let kept = verify_lines("org_1", &ledger(20)).unwrap();
        assert_eq!(chain.end(&kept), Ok(()));
    }

    #[test]
    fn a_cut_tail_is_seen_by_the_kept_edge() {
        let kept = verify_lines("org_1", &ledger(20)).unwrap();
        let mut chain = Chain::new("org_1");
        ledger(19).iter().for_each(|line| chain.check(line).unwrap());
        let wrong = chain.end(&kept).unwrap_err();
        assert_eq!((wrong.seq, wrong.problem), (19, Problem::Edge { lines: 19, kept: 20 }));
    }

    /// Each way to alter one field; none may go unseen.
    const FORGERIES: [fn(&mut Line); 15] = [
        |l| l.head.pos += 1,
        |l| l.head.tenant.push('x'),
        |l| l.head.seq += 1,
        |l| l.head.at.replace_range(0..4, "2027"),
        |l| l.head.actor.push('x'),
        |l| l.head.session = None,
        |l| l.head.address = Some(String::new()),
        |l| l.head.kind.push('x'),
        |l| l.head.subject.push('x'),
        |l| l.head.outcome.push('x'),
        |l| l.head.payload_digest[0] ^= 1,
        |l| l.leaf[31] ^= 1,
        |l| l.payload = None,
        |l| l.payload.as_mut().unwrap().text.push(' '),
        |l| l.payload.as_mut().unwrap().salt[3] ^= 1,
    ];

    proptest! {
        #[test]
        fn every_altered_field_is_seen_at_its_own_line(at in 1_u64..=30, forgery in 0..FORGERIES.len()) {
            let mut lines = ledger(30);
            FORGERIES[forgery](&mut lines[at as usize - 1]);
            let wrong = verify_lines("org_1", &lines).unwrap_err();
            prop_assert_eq!(wrong.seq, lines[at as usize - 1].head.seq);
        }

        #[test]
        fn a_removed_or_doubled_line_is_seen_where_it_happened(at in 1_usize..29) {
            let mut lines = ledger(30);
            let doubled = lines[at].clone();
            lines.insert(at, doubled);
            prop_assert_eq!(verify_lines("org_1", &lines).unwrap_err().problem, Problem::Seq { expected: at as u64 + 2 });
            lines.drain(at..at + 2);
            prop_assert_eq!(verify_lines("org_1", &lines).unwrap_err().problem, Problem::Seq { expected: at as u64 + 1 });
        }
    }
}
