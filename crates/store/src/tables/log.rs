//! Saved views and reviews of the ledger.

use rules::id::{self, Id};
use rules::log::{LogReview, Looking, SavedView};

use super::{Meta, json};
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    TENANT = "select tenant from ledger_line where pos = $1";
    SAVE = "insert into log_view (id, organisation, name, query, person) values ($1, $2, $3, $4, $5)";
    REMOVE = "delete from log_view where id = $1";
    VIEW = "select id, organisation, name, query, person from log_view where id = $1";
    VIEWS = "select id, organisation, name, query, person from log_view where organisation = $1 order by name, id";
    ADD_REVIEW = "insert into log_review (id, organisation, tenant, content, at) values ($1, $2, $3, $4, $5)";
    REVIEWS = "select content from log_review where tenant = $1 order by id desc limit 500";
}

pub(super) fn apply(conn: &mut Conn, change: &Looking, meta: &Meta) -> Result<(), Error> {
    match change {
        // The line alone says that somebody read.
        Looking::LogRead { .. } => Ok(()),
        Looking::LogViewSaved(v) => conn.run(SAVE, &values![v.id, v.organisation, &v.name, json(&v.query), v.by]).map(drop),
        Looking::LogViewRemoved { view } => conn.run(REMOVE, &values![*view]).map(drop),
        Looking::LogReviewed(r) => {
            // A review is a line of the ledger that was reviewed.
            let tenant: String = conn.one(TENANT, &values![meta.pos], |row| row.get(0))?;
            conn.run(ADD_REVIEW, &values![r.id, r.organisation, tenant, json(r), meta.at]).map(drop)
        }
    }
}

fn saved(row: &Row<'_>) -> Result<SavedView, Error> {
    Ok(SavedView { id: row.get(0)?, organisation: row.get(1)?, name: row.get(2)?, query: row.json(3, "a query")?, by: row.get(4)? })
}

pub fn view(conn: &mut Conn, id: Id<id::LogView>) -> Result<Option<SavedView>, Error> {
    conn.first(VIEW, &values![id], saved)
}

/// The views that an organisation keeps, by name.
pub fn views(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<SavedView>, Error> {
    conn.rows(VIEWS, &values![organisation], saved)
}

/// The reviews of one ledger, newest first, 500 at most.
pub fn reviews(conn: &mut Conn, tenant: &str) -> Result<Vec<LogReview>, Error> {
    conn.rows(REVIEWS, &values![tenant], |row| row.json(0, "a review"))
}
