//! The search index on SQLite: an FTS5 table of hashes, read from the newest row back, stopped when enough is found.

use super::{Found, Key, Seek, row};
use crate::engine::{Conn, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    ADD = "insert into search_index (rowid, grams) values ($1, $2)";
    REMOVE = "delete from search_index where rowid = $1";
    // A cross join keeps its order: the index first.
    FIND = "select d.id, d.evaluation, d.item, d.evidence, d.body from search_index i cross join search_doc d on d.id = i.rowid
        where i.search_index match $1 and d.tenant = $2 and d.shelf = $3 order by i.rowid desc";
}

/// Hashes in hexadecimal: the index's tokens, and a query without any syntax in it (words side by side are "and").
fn tokens(keys: &[Key]) -> String {
    keys.iter().map(|k| format!("{:x} ", k.0)).collect()
}

pub(super) fn add(conn: &mut Conn, id: i64, keys: &[Key]) -> Result<(), Error> {
    conn.run(ADD, &values![id, tokens(keys)]).map(drop)
}

pub(super) fn remove(conn: &mut Conn, id: i64) -> Result<(), Error> {
    conn.run(REMOVE, &values![id]).map(drop)
}

pub(super) fn find(conn: &mut Conn, seek: &Seek<'_>) -> Result<Vec<Found>, Error> {
    let mut out = vec![];
    conn.each_while(FIND, &values![tokens(&seek.keys), seek.tenant, seek.shelf.word()], |r| {
        out.extend(Some(row(r)?).filter(|f| seek.fits(f)));
        Ok(out.len() < seek.limit)
    })?;
    Ok(out)
}
