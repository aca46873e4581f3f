//! The search index on PostgreSQL: arrays of hashes under a GIN index, which knows no order; so the newest rows are
//! looked through first, where frequent words are found at once, and only what is rare goes through GIN.

use super::{Found, Key, Seek, row};
use crate::engine::{Conn, Sql, statements};
use crate::error::Error;
use crate::value::{Value, values};

/// How many of the newest rows are looked through before GIN is asked.
const NEWEST: i64 = 2_000;

statements! {
    ADD = "insert into search_index (doc, shelf, grams) values ($1, $2, $3::text::int4[])";
    REMOVE = "delete from search_index where doc = $1";
    INDEXED = "select coalesce(max(doc), 0) from search_index";
    AMONG_NEWEST = "select d.id, d.evaluation, d.item, d.evidence, d.body
        from (select doc, grams from search_index where shelf = $2 order by doc desc limit $5) i
        join search_doc d on d.id = i.doc where i.grams @> $1::text::int4[] and d.tenant = $3 and d.shelf = $4 order by i.doc desc";
    // Materialized and `+ 0`, or the planner may walk the whole shelf by number instead of asking GIN.
    AMONG_ALL = "with i as materialized (select doc from search_index where grams @> $1::text::int4[] and shelf + 0 = $2)
        select d.id, d.evaluation, d.item, d.evidence, d.body from (select doc from i order by doc desc limit $5) n
        join search_doc d on d.id = n.doc where d.tenant = $3 and d.shelf = $4 order by n.doc desc";
    IN_CASES = "with i as materialized (select doc from search_index where grams && $6::text::int4[] and grams @> $1::text::int4[] and shelf + 0 = $2)
        select d.id, d.evaluation, d.item, d.evidence, d.body from (select doc from i order by doc desc limit $5) n
        join search_doc d on d.id = n.doc where d.tenant = $3 and d.shelf = $4 order by n.doc desc";
}

/// Hashes as the text of an array.
fn array(keys: &[Key]) -> String {
    let numbers: Vec<String> = keys.iter().map(|k| k.0.cast_signed().to_string()).collect();
    format!("{{{}}}", numbers.join(","))
}

pub(super) fn add(conn: &mut Conn, id: i64, shelf: i64, keys: &[Key]) -> Result<(), Error> {
    conn.run(ADD, &values![id, shelf, array(keys)]).map(drop)
}

pub(super) fn indexed(conn: &mut Conn) -> Result<i64, Error> {
    conn.one(INDEXED, &[], |row| row.get(0))
}

pub(super) fn remove(conn: &mut Conn, id: i64) -> Result<(), Error> {
    conn.run(REMOVE, &values![id]).map(drop)
}

pub(super) fn find(conn: &mut Conn, seek: &Seek<'_>) -> Result<Vec<Found>, Error> {
    let shelf = seek.shelf.number(seek.tenant);
    let values = |most: i64| values![array(&seek.keys), shelf, seek.tenant, seek.shelf.word(), most].to_vec();
    if seek.any.is_empty() {
        let (found, _) = take(conn, seek, AMONG_NEWEST, &values(NEWEST))?;
        if found.len() == seek.limit {
            return Ok(found);
        }
    }
    // The index promises too much at times: ask for more than wanted, and for all if that was not enough.
    let some = seek.limit as i64 * 4 + 100;
    let (found, seen) = among_all(conn, seek, values(some))?;
    if found.len() == seek.limit || seen < some {
        return Ok(found);
    }
    Ok(among_all(conn, seek, values(i64::MAX))?.0)
}

fn among_all(conn: &mut Conn, seek: &Seek<'_>, mut values: Vec<Value>) -> Result<(Vec<Found>, i64), Error> {
    if seek.any.is_empty() {
        return take(conn, seek, AMONG_ALL, &values);
    }
    values.push(Value::Text(array(&seek.any)));
    take(conn, seek, IN_CASES, &values)
}

/// Rows that fit, as many as are wanted; and how many were looked at.
fn take(conn: &mut Conn, seek: &Seek<'_>, sql: Sql, values: &[Value]) -> Result<(Vec<Found>, i64), Error> {
    let (mut out, mut seen) = (vec![], 0);
    conn.each_while(sql, values, |r| {
        seen += 1;
        out.extend(Some(row(r)?).filter(|f| seek.fits(f)));
        Ok(out.len() < seek.limit)
    })?;
    Ok((out, seen))
}
