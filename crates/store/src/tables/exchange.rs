//! Packages, receipts and trust anchors.

use jiff::Timestamp;
use rules::exchange::{AnchorState, Exchanging, Package, Refused, TrustAnchor};
use rules::id::{self, Digest, Id, Pos};

use super::{Meta, read_word, word};
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::value::values;

/// The columns of an anchor.
macro_rules! anchor {
    () => {
        "id, organisation, kind, name, data, fingerprint, label, state, person, at, decided_by, decided, reason"
    };
}

/// The columns of a package.
macro_rules! package {
    () => {
        "id, number, organisation, evaluation, round, other, other_name, label, manifest, size, person, at, direction, answer, note, answered"
    };
}

/// The columns of a refusal.
macro_rules! refusal {
    () => {
        "pos, digest, number, manifest, sender, why, person, at"
    };
}

statements! {
    PROPOSE = "insert into trust_anchor (id, organisation, kind, name, data, fingerprint, label, state, person, at, reason, pos)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', $11)";
    DECIDE = "update trust_anchor set state = $2, decided_by = $3, decided = $4 where id = $1";
    REMOVE = "update trust_anchor set state = 'removed', reason = $2 where id = $1";
    ANCHOR = concat!("select ", anchor!(), " from trust_anchor where id = $1");
    ANCHORS_OF = concat!("select ", anchor!(), " from trust_anchor where organisation = $1 order by pos desc limit 1000");
    ANCHORS_HERE = concat!("select ", anchor!(), " from trust_anchor where organisation is null order by pos desc limit 1000");
    PACKAGE_ADDED = "insert into package (id, direction, number, organisation, evaluation, round, other, other_name, label, manifest, size, person, at, note, pos)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '', $14)";
    ANSWERED = "update package set answer = $2, note = $3, answered = $4 where id = $1";
    PACKAGE = concat!("select ", package!(), " from package where id = $1");
    PACKAGES_OF = concat!("select ", package!(), " from package where organisation = $1 order by pos desc limit 500");
    PACKAGES_OF_CASE = concat!("select ", package!(), " from package where evaluation = $1 and organisation = $2 order by pos desc limit 500");
    SENT_AS = concat!("select ", package!(), " from package where direction = 'sent' and organisation = $1 and number = $2");
    CAME = "select count(*) from package where direction = 'received' and organisation = $1 and number = $2";
    REFUSED = "insert into package_refusal (pos, organisation, digest, number, manifest, sender, why, person, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    REFUSAL = concat!("select ", refusal!(), " from package_refusal where organisation = $1 and pos = $2");
    REFUSALS_OF = concat!("select ", refusal!(), " from package_refusal where organisation = $1 order by pos desc limit 500");
}

/// An anchor, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchored {
    pub anchor: TrustAnchor,
    pub decided: Option<Timestamp>,
    /// Why it was removed.
    pub reason: String,
}

/// A package on its way or at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub package: Package,
    /// It left; otherwise it came.
    pub sent: bool,
    /// What the receiver's receipt says: accepted or refused, the reason, and when it was filed.
    pub answer: Option<(bool, String, Timestamp)>,
}

/// A package that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    pub pos: Pos,
    pub digest: Digest,
    pub number: Option<String>,
    pub manifest: Option<Digest>,
    pub sender: Option<String>,
    pub why: Refused,
    pub by: Id<id::Person>,
    pub at: Timestamp,
}

pub(super) fn apply(conn: &mut Conn, change: &Exchanging, meta: &Meta) -> Result<(), Error> {
    match change {
        Exchanging::PackageSent(p) => add(conn, "sent", p, meta),
        Exchanging::PackageReceived(p) => add(conn, "received", p, meta),
        Exchanging::PackageRefused { organisation, digest, number, manifest, sender, why, by } => {
            let row = values![meta.pos, *organisation, *digest, number.clone(), *manifest, sender.clone(), word(why), *by, meta.at];
            conn.run(REFUSED, &row)
        }
        Exchanging::ReceiptFiled { package, accepted, note } => {
            conn.run(ANSWERED, &values![*package, if *accepted { "accepted" } else { "refused" }, note, meta.at])
        }
        Exchanging::AnchorProposed(a) => conn.run(
            PROPOSE,
            &values![
                a.id,
                a.organisation,
                word(&a.anchor),
                &a.name,
                &a.data,
                a.fingerprint,
                word(&a.label),
                word(&a.state),
                a.by,
                a.at,
                meta.pos
            ],
        ),
        Exchanging::AnchorDecided { anchor, matches, by } => {
            let state = if *matches { AnchorState::Active } else { AnchorState::Blocked };
            conn.run(DECIDE, &values![*anchor, word(&state), *by, meta.at])
        }
        Exchanging::AnchorRemoved { anchor, reason, .. } => conn.run(REMOVE, &values![*anchor, reason]),
    }
    .map(drop)
}

fn add(conn: &mut Conn, direction: &str, p: &Package, meta: &Meta) -> Result<u64, Error> {
    let size = i64::try_from(p.size).unwrap_or(i64::MAX);
    let row = values![
        p.id,
        direction,
        &p.number,
        p.organisation,
        p.case,
        p.round,
        &p.other,
        &p.other_name,
        word(&p.label),
        p.manifest,
        size,
        p.by,
        p.at,
        meta.pos
    ];
    conn.run(PACKAGE_ADDED, &row)
}

fn anchor_row(row: &Row<'_>) -> Result<Anchored, Error> {
    let anchor = TrustAnchor {
        id: row.get(0)?,
        organisation: row.get(1)?,
        anchor: read_word(row, 2, "a kind of anchor")?,
        name: row.get(3)?,
        data: row.get(4)?,
        fingerprint: row.get(5)?,
        label: read_word(row, 6, "a label")?,
        state: read_word(row, 7, "a state of an anchor")?,
        by: row.get(8)?,
        at: row.get(9)?,
        decided_by: row.get(10)?,
    };
    Ok(Anchored { anchor, decided: row.get(11)?, reason: row.get(12)? })
}

fn package_row(row: &Row<'_>) -> Result<Moved, Error> {
    let package = Package {
        id: row.get(0)?,
        number: row.get(1)?,
        organisation: row.get(2)?,
        case: row.get(3)?,
        round: row.get(4)?,
        other: row.get(5)?,
        other_name: row.get(6)?,
        label: read_word(row, 7, "a label")?,
        manifest: row.get(8)?,
        size: row.get(9)?,
        by: row.get(10)?,
        at: row.get(11)?,
    };
    let direction: &str = row.get(12)?;
    let (answer, note, answered): (Option<&str>, String, Option<Timestamp>) = (row.get(13)?, row.get(14)?, row.get(15)?);
    Ok(Moved { package, sent: direction == "sent", answer: answer.zip(answered).map(|(word, at)| (word == "accepted", note, at)) })
}

fn refusal_row(row: &Row<'_>) -> Result<Turned, Error> {
    Ok(Turned {
        pos: row.get(0)?,
        digest: row.get(1)?,
        number: row.get(2)?,
        manifest: row.get(3)?,
        sender: row.get(4)?,
        why: read_word(row, 5, "a reason")?,
        by: row.get(6)?,
        at: row.get(7)?,
    })
}

pub fn anchor(conn: &mut Conn, id: Id<id::TrustAnchor>) -> Result<Option<Anchored>, Error> {
    conn.first(ANCHOR, &values![id], anchor_row)
}

/// The anchors of an organisation's list, or of the installation's own, the newest first.
pub fn anchors(conn: &mut Conn, organisation: Option<Id<id::Organisation>>) -> Result<Vec<Anchored>, Error> {
    match organisation {
        Some(organisation) => conn.rows(ANCHORS_OF, &values![organisation], anchor_row),
        None => conn.rows(ANCHORS_HERE, &[], anchor_row),
    }
}

pub fn package(conn: &mut Conn, id: Id<id::Package>) -> Result<Option<Moved>, Error> {
    conn.first(PACKAGE, &values![id], package_row)
}

/// What an organisation sent and received, the newest first.
pub fn packages(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Moved>, Error> {
    conn.rows(PACKAGES_OF, &values![organisation], package_row)
}

/// As [`packages`], of one case.
pub fn packages_of_case(conn: &mut Conn, case: Id<id::Case>, organisation: Id<id::Organisation>) -> Result<Vec<Moved>, Error> {
    conn.rows(PACKAGES_OF_CASE, &values![case, organisation], package_row)
}

/// What an organisation sent under a number.
pub fn sent(conn: &mut Conn, organisation: Id<id::Organisation>, number: &str) -> Result<Option<Moved>, Error> {
    conn.first(SENT_AS, &values![organisation, number], package_row)
}

/// Whether a package of this number was accepted by an organisation before.
pub fn came_before(conn: &mut Conn, organisation: Id<id::Organisation>, number: &str) -> Result<bool, Error> {
    conn.one(CAME, &values![organisation, number], |row| row.get::<i64>(0)).map(|n| n > 0)
}

/// What an organisation refused, the newest first.
pub fn refusals(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Turned>, Error> {
    conn.rows(REFUSALS_OF, &values![organisation], refusal_row)
}

/// One refusal of an organisation, by the position of its line.
pub fn refusal(conn: &mut Conn, organisation: Id<id::Organisation>, pos: Pos) -> Result<Option<Turned>, Error> {
    conn.first(REFUSAL, &values![organisation, pos], refusal_row)
}
