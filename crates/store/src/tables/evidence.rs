//! Evidence files, claims on them and what evaluators found there.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rules::change::Change;
use rules::evidence::{Evidence, Label};
use rules::id::{self, Id, ItemNo, Pos};
use rules::label::Filing;
use rules::policy::CaseView;

use super::{Meta, not_here, read_word, word};
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::value::values;

/// The columns of a document, under the label it has now: an officer's filing counts for every version (item 35).
macro_rules! document {
    () => {
        "e.id, e.series, e.version, e.organisation, e.name, e.media, e.size, e.digest, \
         coalesce((select f.label from evidence_filing f where f.series = e.series order by f.pos desc limit 1), e.label), \
         e.valid_until, e.person, e.at, e.pos"
    };
}

/// The newest version of each document of organisation `$1`.
macro_rules! newest {
    () => {
        " from evidence e join (select series, max(version) as version from evidence where organisation = $1 group by series) n \
         on n.series = e.series and n.version = e.version "
    };
}

statements! {
    ADD = "insert into evidence (id, series, version, organisation, name, media, size, digest, label, valid_until, person, at, pos)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    ONE = concat!("select ", document!(), " from evidence e where e.id = $1");
    NEWEST_OF = concat!("select ", document!(), newest!(), "order by e.pos desc limit 1000");
    VERSIONS = concat!("select ", document!(), " from evidence e where e.series = $1 order by e.version desc");
    OF_CASE = concat!(
        "select distinct ", document!(), " from claim c join evidence e on e.id = c.evidence where c.evaluation = $1 and c.pos <= $2 order by e.pos"
    );
    EXPIRING = concat!(
        "select ", document!(), newest!(), "where e.valid_until is not null and e.valid_until <= $2 order by e.valid_until limit 200"
    );
    CLAIM = "insert into claim (id, evaluation, item, pos, point, evidence, document, page, place, person, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    WITHDRAW = "insert into claim_withdrawal (evaluation, item, pos, claim, person, at) values ($1, $2, $3, $4, $5, $6)";
    CONFIRM = "insert into claim_confirmation (evaluation, item, pos, claim, round, finding, comment, person, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    FILE = "insert into evidence_filing (series, pos, label, information_group) values ($1, $2, $3, $4)";
    ADDED_AS = "select version, label, person, at, pos from evidence where series = $1 order by pos";
    FILED_AS = "select f.label, f.information_group, l.actor, l.at, f.pos from evidence_filing f join ledger_line l on l.pos = f.pos
        where f.series = $1 order by f.pos";
    FILING = "select label, information_group from evidence_filing where series = $1 order by pos desc limit 1";
    FILINGS_OF = "select f.series, f.label, f.information_group from evidence_filing f join evidence e on e.id = f.series
        where e.organisation = $1 order by f.pos";
    DIGESTS = "select distinct digest, name from evidence order by digest, name";
    USES = "select c.evaluation, c.item, c.at from claim c join evidence e on e.id = c.evidence
        where e.series = $1 and not exists (select 1 from claim_withdrawal w where w.claim = c.id) order by c.evaluation, c.item limit 500";
}

pub(super) fn apply(conn: &mut Conn, change: &Change, meta: &Meta) -> Result<(), Error> {
    match change {
        Change::EvidenceFiled { series, label, group } => conn.run(FILE, &values![*series, meta.pos, word(label), *group]).map(drop),
        Change::EvidenceAdded(e) => {
            let size = i64::try_from(e.size).unwrap_or(i64::MAX);
            let row = values![
                e.id,
                e.series,
                e.version,
                e.organisation,
                &e.name,
                &e.media,
                size,
                e.digest,
                word(&e.label),
                e.valid_until,
                e.by,
                e.at,
                meta.pos
            ];
            conn.run(ADD, &row)?;
            crate::search::put_evidence(conn, e)
        }
        Change::ClaimMade { case, item, claim: c } => {
            let row = values![c.id, *case, *item, meta.pos, c.point, c.evidence, &c.document, c.page, &c.place, c.by, c.at];
            conn.run(CLAIM, &row).map(drop)
        }
        Change::ClaimWithdrawn { case, item, claim } => {
            conn.run(WITHDRAW, &values![*case, *item, meta.pos, *claim, meta.by(), meta.at]).map(drop)
        }
        Change::ClaimConfirmed { case, item, claim, round, finding, comment, by } => {
            let row = values![*case, *item, meta.pos, *claim, *round, word(finding), comment, *by, meta.at];
            conn.run(CONFIRM, &row).map(drop)
        }
        other => not_here(other),
    }
}

fn evidence_row(row: &Row<'_>) -> Result<Evidence, Error> {
    Ok(Evidence {
        id: row.get(0)?,
        series: row.get(1)?,
        version: row.get(2)?,
        organisation: row.get(3)?,
        name: row.get(4)?,
        media: row.get(5)?,
        size: row.get(6)?,
        digest: row.get(7)?,
        label: read_word(row, 8, "a label")?,
        valid_until: row.get(9)?,
        by: row.get(10)?,
        at: row.get(11)?,
        pos: row.get(12)?,
    })
}

/// One version; the caller checks whose it is.
pub fn one(conn: &mut Conn, id: Id<id::Evidence>) -> Result<Option<Evidence>, Error> {
    conn.first(ONE, &values![id], evidence_row)
}

/// The newest version of each document of an organisation, the latest first, 1,000 at most.
pub fn newest(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Evidence>, Error> {
    conn.rows(NEWEST_OF, &values![organisation], evidence_row)
}

/// Every version of a document, the newest first.
pub fn versions(conn: &mut Conn, series: Id<id::Evidence>) -> Result<Vec<Evidence>, Error> {
    conn.rows(VERSIONS, &values![series], evidence_row)
}

/// The files that claims of a case point to, as far as the view reaches.
pub fn of_case(conn: &mut Conn, view: &CaseView) -> Result<Vec<Evidence>, Error> {
    conn.rows(OF_CASE, &values![view.case(), view.content()], evidence_row)
}

/// Documents whose newest version ends on or before a day.
pub fn expiring(conn: &mut Conn, organisation: Id<id::Organisation>, until: jiff::civil::Date) -> Result<Vec<Evidence>, Error> {
    conn.rows(EXPIRING, &values![organisation, until], evidence_row)
}

/// Every file that must lie in the blob store, with a name people know it by; for the operator's check.
pub fn digests(conn: &mut Conn) -> Result<Vec<(rules::id::Digest, String)>, Error> {
    conn.rows(DIGESTS, &[], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Where a document is claimed.
#[derive(Debug, Clone)]
pub struct Use {
    pub case: Id<id::Case>,
    pub item: ItemNo,
    pub at: Timestamp,
}

pub fn uses(conn: &mut Conn, series: Id<id::Evidence>) -> Result<Vec<Use>, Error> {
    conn.rows(USES, &values![series], |row| Ok(Use { case: row.get(0)?, item: row.get(1)?, at: row.get(2)? }))
}

/// How an officer filed a document last; nothing where none did.
pub fn filing(conn: &mut Conn, series: Id<id::Evidence>) -> Result<Option<Filing>, Error> {
    conn.first(FILING, &values![series], |row| Ok((read_word(row, 0, "a label")?, row.get(1)?)))
}

/// The filings of all documents of an organisation, by series.
pub fn filings(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<BTreeMap<Id<id::Evidence>, Filing>, Error> {
    let rows = conn.rows(FILINGS_OF, &values![organisation], |row| {
        Ok((row.get::<Id<id::Evidence>>(0)?, (read_word(row, 1, "a label")?, row.get(2)?)))
    })?;
    // Oldest first, so that the newest of a series stays.
    Ok(rows.into_iter().collect())
}

/// A label that a document got, with a version or by an officer's filing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    pub label: Label,
    /// Nothing with a version: only a filing says the group.
    pub group: Option<Id<id::Group>>,
    /// The version that came with the label; `None` for a filing.
    pub version: Option<u32>,
    /// A person's id, as the ledger writes the actor.
    pub by: String,
    pub at: Timestamp,
    pub pos: Pos,
}

/// Every label a document ever got, the newest first.
pub fn labels(conn: &mut Conn, series: Id<id::Evidence>) -> Result<Vec<Labelled>, Error> {
    let mut out = conn.rows(ADDED_AS, &values![series], |row| {
        let (version, label) = (Some(row.get(0)?), read_word(row, 1, "a label")?);
        Ok(Labelled { label, group: None, version, by: row.get(2)?, at: row.get(3)?, pos: row.get(4)? })
    })?;
    out.extend(conn.rows(FILED_AS, &values![series], |row| {
        let label = read_word(row, 0, "a label")?;
        Ok(Labelled { label, group: row.get(1)?, version: None, by: row.get(2)?, at: row.get(3)?, pos: row.get(4)? })
    })?);
    out.sort_by_key(|l| std::cmp::Reverse(l.pos));
    Ok(out)
}
