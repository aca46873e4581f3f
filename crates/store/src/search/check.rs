//! Compares the index with the texts that it is made of: which pieces it knows of which row.

use std::collections::BTreeMap;

use super::{AFTER, Conn, Engine, Error, GONE, Key, indexed, keys_of};
use crate::engine::Sql;
use crate::value::values;

/// SQLite's index, word by word; it is read through a table that exists for the connection only, so no test can prepare this.
const WORDS: Sql = Sql::from_statements_macro("search::check::WORDS", "select doc, term from search_words");
const TABLE: &str = "create virtual table temp.search_words using fts5vocab('main', 'search_index', 'instance')";
/// PostgreSQL's, row by row.
const GRAMS: Sql = Sql::from_statements_macro("search::check::GRAMS", "select doc, unnest(grams)::bigint from search_index");

/// The sum of what is known of each row: it does not depend on the order.
type Sums = BTreeMap<i64, u64>;

fn add(sums: &mut Sums, row: i64, key: u32) {
    let sum = sums.entry(row).or_default();
    *sum = sum.wrapping_add((u64::from(key) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(0xd6e8_feb8_6659_fd93));
}

/// What does not fit, of the first row where something does not.
pub(crate) fn check(conn: &mut Conn) -> Result<Option<String>, Error> {
    let last = indexed(conn)?;
    let mut wanted = Sums::new();
    conn.each(AFTER, &values![0], |row| {
        let id: i64 = row.get(0)?;
        if id <= last {
            keys_of(row)?.1.into_iter().for_each(|key: Key| add(&mut wanted, id, key.0));
        }
        Ok(())
    })?;
    let gone: Vec<i64> = conn.rows(GONE, &[], |row| row.get(0))?;
    let mut kept = Sums::new();
    match conn.engine() {
        Engine::Sqlite => {
            conn.batch(TABLE).map_err(|cause| Error::Statement { statement: "search::check::TABLE", cause })?;
            conn.each(WORDS, &[], |row| {
                let (id, word): (i64, &str) = (row.get(0)?, row.get(1)?);
                match u32::from_str_radix(word, 16) {
                    Ok(key) => add(&mut kept, id, key),
                    // It is not a word of ours: the row cannot come out right.
                    Err(_) => add(&mut kept, -1, 0),
                }
                Ok(())
            })?;
        }
        Engine::Postgres => conn.each(GRAMS, &[], |row| {
            add(&mut kept, row.get(0)?, row.get::<i64>(1)? as u32);
            Ok(())
        })?,
    }
    kept.retain(|id, _| !gone.contains(id));
    let ids = wanted.keys().chain(kept.keys());
    Ok(ids.filter(|id| wanted.get(id) != kept.get(id)).min().map(|id| match (wanted.get(id), kept.get(id)) {
        (Some(_), None) => format!("row {id} is not in it"),
        (None, _) => format!("row {id} is in it and has no text"),
        _ => format!("row {id} is in it with other words"),
    }))
}
