//! Deadlines: what was told of duties and which are not needed, addresses for calendars, and the newest proof of items that recur.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rules::deadline::{Deadlining, Feed, Stage};
use rules::id::{self, Id, ItemNo, Pos};

use super::{Meta, read_word, word};
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    TOLD = "insert into duty_told (pos, organisation, duty, stage, person, at) values ($1, $2, $3, $4, $5, $6)";
    WAIVE = "insert into duty_waived (pos, organisation, duty, reason, person, at) values ($1, $2, $3, $4, $5, $6)";
    MAKE_FEED = "insert into calendar_feed (id, organisation, person, everybody, at, revoked) values ($1, $2, $3, $4, $5, 0)";
    REVOKE_FEED = "update calendar_feed set revoked = 1 where id = $1";
    ALL_TOLD = "select duty, stage from duty_told where organisation = $1 and duty = $2";
    WAIVED = "select duty, reason, person, at, pos from duty_waived where organisation = $1 order by pos desc limit 5000";
    FEED = "select id, organisation, person, everybody, at from calendar_feed where id = $1 and revoked = 0";
    FEEDS = "select id, organisation, person, everybody, at from calendar_feed where organisation = $1 and person = $2 and revoked = 0 order by id";
    OWNERS = "select item, owner from work where evaluation = $1 and owner is not null";
    CLAIMED = "select item, max(at) from claim where evaluation = $1 group by item";
    CLAIMED_BY = "select distinct c.item from claim c join evidence e on e.id = c.evidence
        where e.series = $1 and not exists (select 1 from claim_withdrawal w where w.claim = c.id) order by c.item";
}

pub(super) fn apply(conn: &mut Conn, change: &Deadlining, meta: &Meta) -> Result<(), Error> {
    match change {
        Deadlining::DutiesTold { organisation, person, stage, duties } => duties
            .iter()
            .try_for_each(|duty| conn.run(TOLD, &values![meta.pos, *organisation, duty, word(stage), *person, meta.at]).map(drop)),
        Deadlining::DutyWaived { organisation, duty, reason, by } => {
            conn.run(WAIVE, &values![meta.pos, *organisation, duty, reason, *by, meta.at]).map(drop)
        }
        Deadlining::FeedMade(f) => conn.run(MAKE_FEED, &values![f.id, f.organisation, f.person, f.whole, f.at]).map(drop),
        Deadlining::FeedRevoked { feed } => conn.run(REVOKE_FEED, &values![*feed]).map(drop),
    }
}

/// The stages at which somebody was told of a duty.
pub fn told(conn: &mut Conn, organisation: Id<id::Organisation>, duty: &str) -> Result<BTreeSet<Stage>, Error> {
    let rows = conn.rows(ALL_TOLD, &values![organisation, duty], |row| read_word(row, 1, "a stage"))?;
    Ok(rows.into_iter().collect())
}

/// A duty that somebody said is not needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waived {
    pub reason: String,
    pub by: Id<id::Person>,
    pub at: Timestamp,
    pub pos: Pos,
}

/// The duties of an organisation that are not needed, by key; the newest 5,000.
pub fn waived(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<BTreeMap<String, Waived>, Error> {
    let rows = conn.rows(WAIVED, &values![organisation], |row| {
        Ok((row.get(0)?, Waived { reason: row.get(1)?, by: row.get(2)?, at: row.get(3)?, pos: row.get(4)? }))
    })?;
    Ok(rows.into_iter().collect())
}

fn feed_row(row: &Row<'_>) -> Result<Feed, Error> {
    Ok(Feed { id: row.get(0)?, organisation: row.get(1)?, person: row.get(2)?, whole: row.get(3)?, at: row.get(4)? })
}

/// A calendar's address that was not revoked.
pub fn feed(conn: &mut Conn, feed: Id<id::Feed>) -> Result<Option<Feed>, Error> {
    conn.first(FEED, &values![feed], feed_row)
}

/// The addresses that a person has for an organisation.
pub fn feeds(conn: &mut Conn, organisation: Id<id::Organisation>, person: Id<id::Person>) -> Result<Vec<Feed>, Error> {
    conn.rows(FEEDS, &values![organisation, person], feed_row)
}

/// Who works on which item of a case.
pub fn owners(conn: &mut Conn, case: Id<id::Case>) -> Result<BTreeMap<ItemNo, Id<id::Person>>, Error> {
    Ok(conn.rows(OWNERS, &values![case], |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect())
}

/// When evidence was last claimed for each item of a case.
pub fn claimed(conn: &mut Conn, case: Id<id::Case>) -> Result<BTreeMap<ItemNo, Timestamp>, Error> {
    Ok(conn.rows(CLAIMED, &values![case], |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect())
}

/// The items for which a document is claimed, in whatever case.
pub fn shown_by(conn: &mut Conn, series: Id<id::Evidence>) -> Result<Vec<ItemNo>, Error> {
    conn.rows(CLAIMED_BY, &values![series], |row| row.get(0))
}
