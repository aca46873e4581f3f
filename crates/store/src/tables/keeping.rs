//! Rules of retention that organisations set, holds, erasures and their tombstones.

use jiff::Timestamp;
use rules::id::{self, Id};
use rules::keeping::{Certified, Erasure, Hold, Keeping, Rule};

use super::{Meta, json};
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    SET_RULE = "insert into retention_rule (organisation, id, rule, pos) values ($1, $2, $3, $4)
        on conflict (organisation, id) do update set rule = excluded.rule, pos = excluded.pos";
    RULES_OF = "select rule from retention_rule where organisation = $1 order by id";
    PLACE = "insert into hold (id, organisation, subject, matter, reason, person, at) values ($1, $2, $3, $4, $5, $6, $7)";
    LIFT = "update hold set lifted = $2, lifted_by = $3, lifted_why = $4 where id = $1";
    HOLD = "select id, organisation, matter, reason, person, at, lifted, lifted_by, lifted_why from hold where id = $1";
    HOLDS_OF = "select id, organisation, matter, reason, person, at, lifted, lifted_by, lifted_why from hold where organisation = $1 order by id desc";
    STANDING = "select id, organisation, matter, reason, person, at, lifted, lifted_by, lifted_why from hold where lifted is null order by id";
    ADD_ERASURE = "insert into erasure (id, organisation, subject, content, pos) values ($1, $2, $3, $4, $5)";
    CERTIFY = "update erasure set certified = $2, evidence = $3 where id = $1";
    ERASURE = "select content, pos, certified from erasure where id = $1";
    ERASURES_OF = "select content, pos, certified from erasure where organisation = $1 order by id desc limit 500";
    UNCERTIFIED = "select content, pos, certified from erasure where evidence is null order by id";
    NEWEST = "select content, pos, certified from erasure order by id desc limit 1";
}

pub(super) fn apply(conn: &mut Conn, change: &Keeping, meta: &Meta) -> Result<(), Error> {
    match change {
        Keeping::RetentionSet { organisation, rule } => {
            conn.run(SET_RULE, &values![*organisation, &rule.id, json(rule), meta.pos]).map(drop)
        }
        Keeping::HoldPlaced(h) => {
            let row = values![h.id, h.organisation, h.matter.subject(), json(&h.matter), &h.reason, h.by, h.at];
            conn.run(PLACE, &row).map(drop)
        }
        Keeping::HoldLifted { hold, reason, by } => conn.run(LIFT, &values![*hold, meta.at, *by, reason]).map(drop),
        Keeping::PayloadsErased(e) => {
            crate::erase::apply(conn, e, meta.pos)?;
            if e.whole {
                conn.run(ADD_ERASURE, &values![e.id, e.organisation, e.matter.subject(), json(e), meta.pos])?;
            }
            Ok(())
        }
        Keeping::ErasureCertified(c) => conn.run(CERTIFY, &values![c.erasure, json(c), c.evidence]).map(drop),
    }
}

/// The rules that an organisation set for itself.
pub fn rules(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Rule>, Error> {
    conn.rows(RULES_OF, &values![organisation], |row| row.json(0, "a rule"))
}

fn hold_row(row: &Row<'_>) -> Result<Hold, Error> {
    let lifted: (Option<Timestamp>, Option<Id<id::Person>>, Option<String>) = (row.get(6)?, row.get(7)?, row.get(8)?);
    Ok(Hold {
        id: row.get(0)?,
        organisation: row.get(1)?,
        matter: row.json(2, "a matter")?,
        reason: row.get(3)?,
        by: row.get(4)?,
        at: row.get(5)?,
        lifted: if let (Some(at), Some(by), Some(why)) = lifted { Some((at, by, why)) } else { None },
    })
}

pub fn hold(conn: &mut Conn, id: Id<id::Hold>) -> Result<Option<Hold>, Error> {
    conn.first(HOLD, &values![id], hold_row)
}

/// The holds of an organisation, lifted ones too, newest first.
pub fn holds(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Hold>, Error> {
    conn.rows(HOLDS_OF, &values![organisation], hold_row)
}

/// Every hold of anybody that is not lifted, oldest first.
pub fn standing(conn: &mut Conn) -> Result<Vec<Hold>, Error> {
    conn.rows(STANDING, &[], hold_row)
}

/// An erasure, the line that says so, and what its certificate says once it is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Erased {
    pub erasure: Erasure,
    pub pos: id::Pos,
    pub certified: Option<Certified>,
}

fn erased_row(row: &Row<'_>) -> Result<Erased, Error> {
    let certified: Option<&str> = row.get(2)?;
    let certified = if certified.is_some() { Some(row.json(2, "a certificate")?) } else { None };
    Ok(Erased { erasure: row.json(0, "an erasure")?, pos: row.get(1)?, certified })
}

pub fn erasure(conn: &mut Conn, id: Id<id::Erasure>) -> Result<Option<Erased>, Error> {
    conn.first(ERASURE, &values![id], erased_row)
}

/// The erasures of an organisation, newest first, 500 at most.
pub fn erasures(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Erased>, Error> {
    conn.rows(ERASURES_OF, &values![organisation], erased_row)
}

/// Erasures whose certificate is not made yet, oldest first.
pub fn uncertified(conn: &mut Conn) -> Result<Vec<Erased>, Error> {
    conn.rows(UNCERTIFIED, &[], erased_row)
}

/// When something was erased last; a backup made before it still holds it.
pub fn last_erased(conn: &mut Conn) -> Result<Option<Timestamp>, Error> {
    Ok(conn.first(NEWEST, &[], erased_row)?.map(|e| e.erasure.at))
}
