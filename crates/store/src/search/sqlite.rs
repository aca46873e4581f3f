//! The search index on SQLite: an FTS5 table of hashes, read from the newest row back, stopped when enough is found.

use std::fmt::Write;

use super::{Found, Key, Seek, row};
use crate::engine::{Conn, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    ADD = "insert into search_index (rowid, grams) values ($1, $2)";
    REMOVE = "delete from search_index where rowid = $1";
    INDEXED = "select coalesce(max(id), 0) from search_index_docsize";
    // A cross join keeps its order: the index first.
    FIND = "select d.id, d.evaluation, d.item, d.evidence, d.body from search_index i cross join search_doc d on d.id = i.rowid
        where i.search_index match $1 and d.tenant = $2 and d.shelf = $3 order by i.rowid desc";
}

/// Hashes in hexadecimal, which hold none of the index's query syntax.
fn tokens(keys: &[Key], between: &str) -> String {
    let mut out = String::with_capacity(keys.len() * (8 + between.len()));
    for (n, key) in keys.iter().enumerate() {
        // Writing to a text cannot fail.
        let _ = write!(out, "{}{:x}", if n == 0 { "" } else { between }, key.0);
    }
    out
}

pub(super) fn add(conn: &mut Conn, id: i64, keys: &[Key]) -> Result<(), Error> {
    conn.run(ADD, &values![id, tokens(keys, " ")]).map(drop)
}

pub(super) fn indexed(conn: &mut Conn) -> Result<i64, Error> {
    conn.one(INDEXED, &[], |row| row.get(0))
}

pub(super) fn remove(conn: &mut Conn, id: i64) -> Result<(), Error> {
    conn.run(REMOVE, &values![id]).map(drop)
}

pub(super) fn find(conn: &mut Conn, seek: &Seek<'_>) -> Result<Vec<Found>, Error> {
    let mut query = tokens(&seek.keys, " AND ");
    if !seek.any.is_empty() {
        query = format!("({}) AND {query}", tokens(&seek.any, " OR "));
    }
    let mut out = vec![];
    conn.each_while(FIND, &values![query, seek.tenant, seek.shelf.word()], |r| {
        out.extend(Some(row(r)?).filter(|f| seek.fits(f)));
        Ok(out.len() < seek.limit)
    })?;
    Ok(out)
}
