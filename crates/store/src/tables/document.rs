//! Documents: what is kept of clauses, the versions with their papers, and what became of each.

use std::collections::BTreeMap;

use rules::document::{Approval, ClauseVersion, Documenting, Kept, Standing, Version, Withdrawal};
use rules::id::{self, Id, Pos};

use super::{Meta, json, read_word, word};
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::value::values;

macro_rules! standing {
    () => {
        "select v.id, v.document, v.entry, v.number, v.label, v.digest, v.person, v.at, v.pos, a.from_day, a.until_day, a.person, a.at, \
         w.reason, w.person, w.at from document_version v \
         left join document_step a on a.version = v.id and a.step = 'approved' \
         left join document_step w on w.version = v.id and w.step = 'withdrawn' "
    };
}

macro_rules! clause {
    () => {
        "select organisation, document, clause, version, kept, person, at, pos from document_clause "
    };
}

statements! {
    SAVE = "insert into document_clause (pos, organisation, document, clause, version, kept, person, at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    PROPOSE = "insert into document_version (pos, id, organisation, document, entry, number, label, clauses, ja, en, digest, person, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    STEP = "insert into document_step (pos, version, step, from_day, until_day, reason, person, at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    NEWEST = concat!(
        clause!(), "where organisation = $1 and document = $2 and pos in (select max(pos) from document_clause where organisation = $1 and document = $2 group by clause) \
        order by clause"
    );
    HISTORY = concat!(clause!(), "where organisation = $1 and document = $2 and clause = $3 order by pos desc");
    CHANGED = "select document, max(pos) from document_clause where organisation = $1 group by document order by document";
    ALL = concat!(standing!(), "where v.organisation = $1 order by v.pos desc");
    OF = concat!(standing!(), "where v.organisation = $1 and v.document = $2 order by v.pos desc");
    ONE = concat!(standing!(), "where v.organisation = $1 and v.id = $2");
    WHOLE = "select id, organisation, document, entry, number, label, clauses, ja, en, digest, person, at from document_version
        where organisation = $1 and id = $2";
}

pub(super) fn apply(conn: &mut Conn, change: &Documenting, meta: &Meta) -> Result<(), Error> {
    match change {
        Documenting::ClauseSaved(c) => {
            conn.run(SAVE, &values![meta.pos, c.organisation, &c.document, &c.clause, c.version, json(&c.kept), c.by, c.at])?;
        }
        Documenting::DocumentProposed(v) => {
            let row = values![
                meta.pos,
                v.id,
                v.organisation,
                &v.document,
                v.entry,
                v.number,
                word(&v.label),
                json(&v.clauses),
                json(&v.ja),
                json(&v.en),
                v.digest,
                v.by,
                v.at
            ];
            conn.run(PROPOSE, &row)?;
        }
        Documenting::DocumentApproved { document, approval } => {
            conn.run(STEP, &values![meta.pos, *document, "approved", approval.from, approval.until, "", approval.by, approval.at])?;
        }
        Documenting::DocumentWithdrawn { document, withdrawal } => {
            let none: Option<jiff::civil::Date> = None;
            conn.run(STEP, &values![meta.pos, *document, "withdrawn", none, none, &withdrawal.reason, withdrawal.by, withdrawal.at])?;
        }
    }
    Ok(())
}

/// What is kept of a clause, and where that stands in the ledger.
pub type Clause = (ClauseVersion, Pos);

fn clause(row: &Row<'_>) -> Result<Clause, Error> {
    let version = ClauseVersion {
        organisation: row.get(0)?,
        document: row.get(1)?,
        clause: row.get(2)?,
        version: row.get(3)?,
        kept: row.json(4, "what is kept of a clause")?,
        by: row.get(5)?,
        at: row.get(6)?,
    };
    Ok((version, row.get(7)?))
}

/// The newest version of each clause of a document of which something is kept, by clause.
pub fn clauses(conn: &mut Conn, organisation: Id<id::Organisation>, document: &str) -> Result<BTreeMap<String, Clause>, Error> {
    let found = conn.rows(NEWEST, &values![organisation, document], clause)?;
    Ok(found.into_iter().map(|(version, pos)| (version.clause.clone(), (version, pos))).collect())
}

/// Every version of a clause, the newest first.
pub fn history(conn: &mut Conn, organisation: Id<id::Organisation>, document: &str, of: &str) -> Result<Vec<Clause>, Error> {
    conn.rows(HISTORY, &values![organisation, document, of], clause)
}

/// Where the newest clause of each document stands.
pub fn changed(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<BTreeMap<String, Pos>, Error> {
    Ok(conn.rows(CHANGED, &values![organisation], |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect())
}

fn standing(row: &Row<'_>) -> Result<Standing, Error> {
    let approval = match row.get::<Option<jiff::civil::Date>>(9)? {
        Some(from) => Some(Approval { from, until: row.get(10)?, by: row.get(11)?, at: row.get(12)? }),
        None => None,
    };
    let withdrawal = match row.get::<Option<&str>>(13)?.map(str::to_owned) {
        Some(reason) => Some(Withdrawal { reason, by: row.get(14)?, at: row.get(15)? }),
        None => None,
    };
    Ok(Standing {
        id: row.get(0)?,
        document: row.get(1)?,
        entry: row.get(2)?,
        number: row.get(3)?,
        label: read_word(row, 4, "a label")?,
        digest: row.get(5)?,
        by: row.get(6)?,
        at: row.get(7)?,
        pos: row.get(8)?,
        approval,
        withdrawal,
    })
}

/// Every version of every document of an organisation, the newest first.
pub fn all(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Standing>, Error> {
    conn.rows(ALL, &values![organisation], standing)
}

/// The versions of one document, for all its entries, the newest first.
pub fn of(conn: &mut Conn, organisation: Id<id::Organisation>, document: &str) -> Result<Vec<Standing>, Error> {
    conn.rows(OF, &values![organisation, document], standing)
}

/// A version as it stands; nothing where it is not the organisation's.
pub fn one(conn: &mut Conn, organisation: Id<id::Organisation>, version: Id<id::Document>) -> Result<Option<Standing>, Error> {
    conn.first(ONE, &values![organisation, version], standing)
}

/// A version with its papers.
pub fn whole(conn: &mut Conn, organisation: Id<id::Organisation>, version: Id<id::Document>) -> Result<Option<Version>, Error> {
    conn.first(WHOLE, &values![organisation, version], |row| {
        Ok(Version {
            id: row.get(0)?,
            organisation: row.get(1)?,
            document: row.get(2)?,
            entry: row.get(3)?,
            number: row.get(4)?,
            label: read_word(row, 5, "a label")?,
            clauses: row.json::<BTreeMap<String, Kept>>(6, "clauses")?,
            ja: row.json(7, "a paper")?,
            en: row.json(8, "a paper")?,
            digest: row.get(9)?,
            by: row.get(10)?,
            at: row.get(11)?,
        })
    })
}
