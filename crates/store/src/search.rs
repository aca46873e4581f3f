//! Full-text search in any language without word boundaries: texts are found by their single characters and pairs.
//!
//! An index per engine holds, for each row of `search_doc`, hashes of its characters and pairs, each mixed with the
//! organisation and shelf the row belongs to: nobody's search even touches another's rows, and no query can hold
//! syntax. The index may promise too much, never too little; what it gives is compared with the words themselves.
//!
//! Rows enter and leave the index many at a time, which costs a fraction of one by one: the few new ones are simply
//! read until then, and those that are gone find no row in `search_doc` any more.

mod check;
mod postgres;
mod sqlite;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use rules::answer::Content;
use rules::evidence::Evidence;
use rules::id::{self, Id, ItemNo};

use crate::engine::{Conn, Engine, Row, statements};
use crate::error::Error;
use crate::value::values;

pub(crate) use check::check;
pub use words::{Words, fold, snippet};
pub(crate) use words::{keys, pieces};

#[cfg(test)]
pub(crate) const ENGINE_STATEMENTS: &[(Engine, &[crate::engine::Sql])] =
    &[(Engine::Sqlite, sqlite::STATEMENTS), (Engine::Postgres, postgres::STATEMENTS)];

statements! {
    PARTIES = "select provider, body from evaluation where id = $1";
    AT = "select id, body from search_doc where evaluation = $1 and shelf = $2 and item = $3 and evidence = $4";
    // One more than the highest, not a sequence: a rebuild from the ledger gives the same numbers on both engines.
    NEXT = "select coalesce(max(id), 0) + 1 from search_doc";
    ADD = "insert into search_doc (id, tenant, shelf, evaluation, item, evidence, body) values ($1, $2, $3, $4, $5, $6, $7)";
    REMOVE = "delete from search_doc where id = $1";
    GO = "insert into search_index_gone (id) values ($1)";
    GONE = "select id from search_index_gone order by id";
    FORGET = "delete from search_index_gone";
    AFTER = "select id, tenant, shelf, evaluation, body from search_doc where id > $1 order by id";
    // There are never that many; the bound and `|| ''` tell PostgreSQL's planner that few rows by their number are all.
    FRESH = "select id, evaluation, item, evidence, body from search_doc where id > $1 and id < $1 + 100000 and tenant = $2 and shelf || '' = $3 order by id desc";
    OF_CASE = "select id, evaluation, item, evidence, body from search_doc where evaluation = $1 and shelf = $2 and tenant = $3";
    ERASED = "select id from search_doc where evaluation = $1 and (evaluation <> '' or evidence = $2) order by id";
    CLAIMED = "select e.id, min(c.item), e.name from claim c join evidence e on e.id = c.evidence
        where c.evaluation = $1 and not exists (select 1 from claim_withdrawal w where w.claim = c.id)
        group by e.id, e.name order by e.id";
}

/// Whose words they are to the organisation that searches. One that evaluates itself has both shelves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// Written here: answers as they stand now, and the newest version of each document.
    Own,
    /// Handed in for evaluation: answers and documents as of the last submission, never a word that is not submitted.
    Received,
}

impl Shelf {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Shelf::Own => "own",
            Shelf::Received => "received",
        }
    }

    /// A number for the shelf of one organisation; two may share it, so whoever uses it checks the names too.
    fn number(self, tenant: Id<id::Organisation>) -> i64 {
        fnv(0xcbf2_9ce4_8422_2325, format!("{tenant}/{}", self.word()).as_bytes()).cast_signed()
    }
}

/// A row that holds every word of the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// None for a document of the own shelf, which belongs to no case.
    pub case: Option<Id<id::Case>>,
    /// The item answered, or the first item the document is claimed for.
    pub item: Option<ItemNo>,
    /// The document: its first version on the own shelf, the version handed in on the other. `None`: an answer.
    pub evidence: Option<Id<id::Evidence>>,
    /// As people wrote it: a whole answer, or a document's name.
    pub body: String,
}

/// FNV-1a, which stays the same for ever: hashes lie in databases.
fn fnv(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// A piece of text on one shelf of one organisation, as the index knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u32);

impl Key {
    fn new(shelf: i64, piece: &str) -> Key {
        let hash = fnv(shelf.cast_unsigned(), piece.as_bytes());
        Key((hash ^ (hash >> 32)) as u32)
    }

    /// The key that every text of a case has.
    fn of_case(shelf: i64, case: &str) -> Key {
        Key::new(shelf, case)
    }
}

/// Where a text belongs; there is one at most per place.
struct Place {
    tenant: Id<id::Organisation>,
    shelf: Shelf,
    case: String,
    item: u16,
    evidence: String,
}

/// Puts a text at its place, instead of the one there; an empty text leaves nothing.
fn put(conn: &mut Conn, place: &Place, body: &str) -> Result<(), Error> {
    let at = values![&place.case, place.shelf.word(), place.item, &place.evidence];
    if let Some((id, before)) = conn.first(AT, &at, |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)))? {
        if before == body {
            return Ok(());
        }
        remove(conn, id)?;
    }
    if body.is_empty() {
        return Ok(());
    }
    // Not the number of a row that is gone but still in the index.
    let indexed = indexed(conn)?;
    let id: i64 = conn.one(NEXT, &[], |row| row.get(0))?;
    let id = id.max(indexed + 1);
    conn.run(ADD, &values![id, place.tenant, place.shelf.word(), &place.case, place.item, &place.evidence, body])?;
    if id - indexed >= FRESH_ROWS { index(conn, indexed) } else { Ok(()) }
}

/// How many rows wait at most before they enter the index together.
const FRESH_ROWS: i64 = 512;

/// The number up to which rows are in the index; none above is.
fn indexed(conn: &mut Conn) -> Result<i64, Error> {
    match conn.engine() {
        Engine::Sqlite => sqlite::indexed(conn),
        Engine::Postgres => postgres::indexed(conn),
    }
}

/// Takes every row above a number into the index, and out of it what is gone.
fn index(conn: &mut Conn, above: i64) -> Result<(), Error> {
    let fresh = conn.rows(AFTER, &values![above], |row| {
        let (shelf, keys) = keys_of(row)?;
        Ok((row.get::<i64>(0)?, shelf, keys))
    })?;
    for id in conn.rows(GONE, &[], |row| row.get(0))? {
        match conn.engine() {
            Engine::Sqlite => sqlite::remove(conn, id)?,
            Engine::Postgres => postgres::remove(conn, id)?,
        }
    }
    conn.run(FORGET, &[])?;
    for (id, shelf, keys) in fresh {
        match conn.engine() {
            Engine::Sqlite => sqlite::add(conn, id, &keys)?,
            Engine::Postgres => postgres::add(conn, id, shelf, &keys)?,
        }
    }
    Ok(())
}

/// The shelf of a row of [`AFTER`], and the keys by which the index knows it.
fn keys_of(row: &Row<'_>) -> Result<(i64, Vec<Key>), Error> {
    let word: &str = row.get(2)?;
    let shelf = if word == Shelf::Own.word() { Shelf::Own } else { Shelf::Received };
    let shelf = shelf.number(row.get(1)?);
    let folded = fold(row.get(4)?);
    let mut keys: Vec<Key> = words::pieces(&folded).into_iter().map(|piece| Key::new(shelf, piece)).collect();
    keys.push(Key::of_case(shelf, row.get(3)?));
    keys.sort_unstable();
    keys.dedup();
    Ok((shelf, keys))
}

fn remove(conn: &mut Conn, id: i64) -> Result<(), Error> {
    conn.run(REMOVE, &values![id])?;
    if id <= indexed(conn)? { conn.run(GO, &values![id]).map(drop) } else { Ok(()) }
}

/// Takes all texts of a case out, or the name of a document that belongs to none: out of the index too, and at once.
pub(crate) fn forget(conn: &mut Conn, case: &str, series: &str) -> Result<(), Error> {
    let rows: Vec<i64> = conn.rows(ERASED, &values![case, series], |row| row.get(0))?;
    if rows.is_empty() {
        return Ok(());
    }
    for id in rows {
        remove(conn, id)?;
    }
    let indexed = indexed(conn)?;
    index(conn, indexed)
}

fn parties(conn: &mut Conn, case: Id<id::Case>) -> Result<(Id<id::Organisation>, Id<id::Organisation>), Error> {
    conn.one(PARTIES, &values![case], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Makes the newest version of an answer findable for its provider, and only for it.
pub(crate) fn put_answer(conn: &mut Conn, case: Id<id::Case>, item: ItemNo, content: &Content) -> Result<(), Error> {
    let (provider, _) = parties(conn, case)?;
    let parts = [content.text.as_str()].into_iter().chain(content.points.values().map(String::as_str));
    let parts = parts.chain(content.out_of_scope.as_deref()).chain([content.remarks.as_str()]);
    let body = parts.filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join("\n");
    put(conn, &Place { tenant: provider, shelf: Shelf::Own, case: case.to_string(), item: item.0, evidence: String::new() }, &body)
}

/// Makes a document's newest name findable for its organisation.
pub(crate) fn put_evidence(conn: &mut Conn, evidence: &Evidence) -> Result<(), Error> {
    let (tenant, series) = (evidence.organisation, evidence.series.to_string());
    put(conn, &Place { tenant, shelf: Shelf::Own, case: String::new(), item: 0, evidence: series }, &evidence.name)
}

/// Hands the answers of a case, and the names of the documents claimed in it, to the evaluation body as they stand
/// now. What did not change since the last round stays as it is.
pub(crate) fn share_with_body(conn: &mut Conn, case: Id<id::Case>) -> Result<(), Error> {
    let (provider, body) = parties(conn, case)?;
    let rows_of = |conn: &mut Conn, shelf: Shelf, tenant| {
        conn.rows(OF_CASE, &values![case, shelf.word(), tenant], |row| {
            Ok(((row.get::<u16>(2)?, row.get::<String>(3)?), (row.get::<i64>(0)?, row.get::<String>(4)?)))
        })
    };
    let mut texts: BTreeMap<(u16, String), String> =
        rows_of(conn, Shelf::Own, provider)?.into_iter().map(|(place, (_, text))| (place, text)).collect();
    texts.extend(conn.rows(CLAIMED, &values![case], |row| Ok(((row.get(1)?, row.get(0)?), row.get(2)?)))?);
    for (place, (id, _)) in rows_of(conn, Shelf::Received, body)? {
        if !texts.contains_key(&place) {
            remove(conn, id)?;
        }
    }
    for ((item, evidence), text) in texts {
        put(conn, &Place { tenant: body, shelf: Shelf::Received, case: case.to_string(), item, evidence }, &text)?;
    }
    Ok(())
}

/// A search on its way: the index narrows by `keys`, the words themselves decide.
struct Seek<'a> {
    tenant: Id<id::Organisation>,
    shelf: Shelf,
    only: Option<&'a BTreeSet<Id<id::Case>>>,
    words: Words,
    keys: Vec<Key>,
    /// One of these too, unless there are none.
    any: Vec<Key>,
    /// How many rows are still wanted.
    limit: usize,
}

impl Seek<'_> {
    fn fits(&self, found: &Found) -> bool {
        self.only.is_none_or(|only| found.case.is_some_and(|case| only.contains(&case))) && self.words.are_in(&found.body)
    }
}

/// Reads a row of (number, case, item, evidence, text).
fn row(row: &Row<'_>) -> Result<Found, Error> {
    let given = |index| -> Result<bool, Error> { Ok(!row.get::<&str>(index)?.is_empty()) };
    let item: ItemNo = row.get(2)?;
    Ok(Found {
        case: if given(1)? { Some(row.get(1)?) } else { None },
        item: (item.0 > 0).then_some(item),
        evidence: if given(3)? { Some(row.get(3)?) } else { None },
        body: row.get(4)?,
    })
}

/// Pieces by which one query is looked up at most; a longer query is still compared word by word.
const MOST_KEYS: usize = 16;
/// What an organisation's shelf holds that has every word of the query, the newest first.
///
/// Words are parted by spaces of any width; width, capitals and line breaks make no difference. `only` narrows to some
/// cases. An empty query finds nothing.
pub fn find(
    conn: &mut Conn,
    tenant: Id<id::Organisation>,
    shelf: Shelf,
    only: Option<&[Id<id::Case>]>,
    query: &str,
    limit: u32,
) -> Result<Vec<Found>, Error> {
    let words = Words::of(query);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if words.0.is_empty() || limit == 0 || only.is_some_and(<[_]>::is_empty) {
        return Ok(vec![]);
    }
    let only: Option<BTreeSet<Id<id::Case>>> = only.map(|cases| cases.iter().copied().collect());
    let number = shelf.number(tenant);
    let pieces = words.0.iter().flat_map(|word| words::keys(word, MOST_KEYS)).take(MOST_KEYS);
    let keys: BTreeSet<Key> = pieces.map(|piece| Key::new(number, piece)).collect();
    let any = only.iter().flatten().map(|case| Key::of_case(number, &case.to_string())).collect();
    let mut seek = Seek { tenant, shelf, only: only.as_ref(), words, keys: keys.into_iter().collect(), any, limit };
    let mut out = vec![];
    let indexed = indexed(conn)?;
    conn.each_while(FRESH, &values![indexed, tenant, shelf.word()], |r| {
        out.extend(Some(row(r)?).filter(|f| seek.fits(f)));
        Ok(out.len() < limit)
    })?;
    seek.limit -= out.len();
    if seek.limit > 0 {
        out.extend(match conn.engine() {
            Engine::Sqlite => sqlite::find(conn, &seek)?,
            Engine::Postgres => postgres::find(conn, &seek)?,
        });
    }
    Ok(out)
}
