//! The words of files, for search: encrypted, and known to an index by keyed hashes of their characters and pairs.
//!
//! Nothing here comes from the ledger: a job reads it from the files, and reads it again where it is gone. The database alone
//! tells neither the words nor which characters they are of (docs/decisions/0025-words-of-files-are-sealed.md).

use std::collections::BTreeSet;

use jiff::Timestamp;
use rules::id::{self, Digest, Id, ItemNo};

use crate::blobs::FileKeys;
use crate::engine::{Conn, Engine, statements};
use crate::error::Error;
use crate::search::{Shelf, keys, pieces};
use crate::value::values;
use crate::writer::Tx;

#[cfg(test)]
pub(crate) const ENGINE_STATEMENTS: &[(Engine, &[crate::engine::Sql])] = &[
    (Engine::Sqlite, &[sqlite::INDEX, sqlite::UNINDEX, sqlite::FIND]),
    (Engine::Postgres, &[postgres::INDEX, postgres::UNINDEX, postgres::FIND]),
];

statements! {
    WAITING = "select e.id, e.organisation, e.digest, e.media, e.size from evidence e left join file_words w on w.evidence = e.id
        where w.id is null order by e.id desc limit $1";
    NEXT = "select coalesce(max(id), 0) + 1 from file_words";
    // It may have been erased while it was read.
    ADD = "insert into file_words (id, evidence, series, organisation, state, why, pages, words, at)
        select $1, e.id, e.series, e.organisation, $3, $4, $5, $6, $7 from evidence e
        where e.id = $2 and not exists (select 1 from file_words w where w.evidence = e.id)";
    STATE = "select state, why, pages from file_words where evidence = $1";
    OF_SERIES = "select id from file_words where series = $1 order by id";
    OF_ORGANISATION = "select id from file_words where organisation = $1 order by id";
    REMOVE = "delete from file_words where id = $1";
    NEWEST = "select id from evidence where series = $1 order by version desc limit 1";
    PLACES = "select evaluation, item, body from search_doc where evidence = $1 and shelf = $2 and tenant = $3 order by evaluation";
    PROVIDERS = "select distinct provider from evaluation where body = $1 order by provider";
}

mod sqlite {
    use crate::engine::Sql;
    pub const INDEX: Sql =
        Sql::from_statements_macro("store::words::SQLITE_INDEX", "insert into search_index_words (rowid, grams) values ($1, $2)");
    pub const UNINDEX: Sql = Sql::from_statements_macro("store::words::SQLITE_UNINDEX", "delete from search_index_words where rowid = $1");
    pub const FIND: Sql = Sql::from_statements_macro(
        "store::words::SQLITE_FIND",
        "select w.evidence, w.series, w.words from search_index_words i cross join file_words w on w.id = i.rowid
         where i.search_index_words match $1 and w.organisation = $2 order by i.rowid desc limit $3",
    );
}

mod postgres {
    use crate::engine::Sql;
    pub const INDEX: Sql = Sql::from_statements_macro(
        "store::words::POSTGRES_INDEX",
        "insert into search_index_words (doc, grams) values ($1, $2::text::int4[])",
    );
    pub const UNINDEX: Sql = Sql::from_statements_macro("store::words::POSTGRES_UNINDEX", "delete from search_index_words where doc = $1");
    pub const FIND: Sql = Sql::from_statements_macro(
        "store::words::POSTGRES_FIND",
        "with i as materialized (select doc from search_index_words where grams @> $1::text::int4[])
         select w.evidence, w.series, w.words from i join file_words w on w.id = i.doc where w.organisation = $2 order by i.doc desc limit $3",
    );
}

/// A file whose words nobody has read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub evidence: Id<id::Evidence>,
    pub organisation: Id<id::Organisation>,
    pub digest: Digest,
    pub media: String,
    /// Bytes.
    pub size: u64,
}

/// What is known of a file's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// So many pages, slides or worksheets; `cut` where there was more than is kept.
    Read { pages: u32, cut: bool },
    /// None could be read; the reason is a word of whoever reads.
    NotRead { why: String },
}

/// A file that may hold every word of a query: whoever asks opens the words and looks.
pub struct Candidate {
    /// The version whose words they are.
    pub evidence: Id<id::Evidence>,
    pub series: Id<id::Evidence>,
    /// Encrypted; [`FileKeys::open_words`].
    pub words: Vec<u8>,
}

/// Where a file stands on a shelf.
pub struct Place {
    pub case: Option<Id<id::Case>>,
    pub item: Option<ItemNo>,
    /// The document's name.
    pub name: String,
}

/// The hashes of a folded text, as the index has them: hexadecimal words on SQLite, an array on PostgreSQL.
fn grams(marks: &BTreeSet<u32>, engine: Engine, between: &str) -> String {
    match engine {
        Engine::Sqlite => marks.iter().map(|m| format!("{m:x}")).collect::<Vec<_>>().join(between),
        Engine::Postgres => format!("{{{}}}", marks.iter().map(|m| m.cast_signed().to_string()).collect::<Vec<_>>().join(",")),
    }
}

/// The newest versions first.
pub fn waiting(conn: &mut Conn, limit: u32) -> Result<Vec<Waiting>, Error> {
    conn.rows(WAITING, &values![limit], |row| {
        Ok(Waiting { evidence: row.get(0)?, organisation: row.get(1)?, digest: row.get(2)?, media: row.get(3)?, size: row.get(4)? })
    })
}

/// `None` while nobody has read it.
pub fn state(conn: &mut Conn, evidence: Id<id::Evidence>) -> Result<Option<State>, Error> {
    conn.first(STATE, &values![evidence], |row| {
        let state: String = row.get(0)?;
        Ok(match state.as_str() {
            "unread" => State::NotRead { why: row.get(1)? },
            state => State::Read { pages: row.get(2)?, cut: state == "cut" },
        })
    })
}

impl Tx<'_> {
    /// Keeps the words of a version, page by page; those there are already stay.
    ///
    /// # Errors
    /// Where the words cannot be encrypted, besides those of the database.
    pub fn keep_words(
        &mut self,
        keys: &FileKeys,
        evidence: Id<id::Evidence>,
        pages: &[String],
        cut: bool,
        at: Timestamp,
    ) -> Result<(), Error> {
        let sealed = keys.seal_words(&pages.join("\u{c}")).map_err(|e| Error::Kept { cause: format!("words cannot be encrypted: {e}") })?;
        let count = u32::try_from(pages.len()).unwrap_or(u32::MAX);
        let id: i64 = self.one(NEXT, &[], |row| row.get(0))?;
        if self.run(ADD, &values![id, evidence, if cut { "cut" } else { "read" }, "", count, sealed, at])? == 0 {
            return Ok(());
        }
        let mut marks = BTreeSet::new();
        for page in pages {
            let folded = crate::search::fold(page);
            marks.extend(pieces(&folded).into_iter().collect::<BTreeSet<_>>().into_iter().map(|piece| keys.mark(piece)));
        }
        let engine = self.engine();
        let sql = if engine == Engine::Sqlite { sqlite::INDEX } else { postgres::INDEX };
        self.run(sql, &values![id, grams(&marks, engine, " ")]).map(drop)
    }

    /// Notes that a version's words cannot be read.
    pub fn keep_unread(&mut self, evidence: Id<id::Evidence>, why: &str, at: Timestamp) -> Result<(), Error> {
        let id: i64 = self.one(NEXT, &[], |row| row.get(0))?;
        self.run(ADD, &values![id, evidence, "unread", why, 0, Vec::<u8>::new(), at]).map(drop)
    }

    /// Forgets the words of all files of an organisation, which are read again; how many rows it were.
    pub fn forget_words(&mut self, organisation: Id<id::Organisation>) -> Result<usize, Error> {
        let rows: Vec<i64> = self.rows(OF_ORGANISATION, &values![organisation], |row| row.get(0))?;
        rows.iter().try_for_each(|id| remove(self, *id))?;
        Ok(rows.len())
    }
}

fn remove(conn: &mut Conn, id: i64) -> Result<(), Error> {
    let sql = if conn.engine() == Engine::Sqlite { sqlite::UNINDEX } else { postgres::UNINDEX };
    conn.run(sql, &values![id])?;
    conn.run(REMOVE, &values![id]).map(drop)
}

/// Forgets the words of every version of a document, which is erased.
pub(crate) fn forget(conn: &mut Conn, series: Id<id::Evidence>) -> Result<(), Error> {
    let rows: Vec<i64> = conn.rows(OF_SERIES, &values![series], |row| row.get(0))?;
    rows.into_iter().try_for_each(|id| remove(conn, id))
}

/// The organisations whose cases a body evaluates.
pub fn providers(conn: &mut Conn, body: Id<id::Organisation>) -> Result<Vec<Id<id::Organisation>>, Error> {
    conn.rows(PROVIDERS, &values![body], |row| row.get(0))
}

/// Pieces by which one query is looked up at most.
const MOST_KEYS: usize = 16;

/// Files of an organisation that may hold every word of a query, those read last first.
pub fn find(
    conn: &mut Conn,
    organisation: Id<id::Organisation>,
    keyed: &FileKeys,
    query: &crate::search::Words,
    limit: u32,
) -> Result<Vec<Candidate>, Error> {
    let marks: BTreeSet<u32> =
        query.words().flat_map(|word| keys(word, MOST_KEYS)).take(MOST_KEYS).map(|piece| keyed.mark(piece)).collect();
    if marks.is_empty() {
        return Ok(vec![]);
    }
    let engine = conn.engine();
    let sql = if engine == Engine::Sqlite { sqlite::FIND } else { postgres::FIND };
    conn.rows(sql, &values![grams(&marks, engine, " AND "), organisation, limit], |row| {
        Ok(Candidate { evidence: row.get(0)?, series: row.get(1)?, words: row.get(2)? })
    })
}

/// Where a candidate stands on an organisation's shelf: its own newest version, or what was handed in and claimed. A version
/// that stands nowhere is found by nobody there.
pub fn places(conn: &mut Conn, candidate: &Candidate, tenant: Id<id::Organisation>, shelf: Shelf) -> Result<Vec<Place>, Error> {
    let stands = match shelf {
        Shelf::Own => {
            let newest: Option<Id<id::Evidence>> = conn.first(NEWEST, &values![candidate.series], |row| row.get(0))?;
            if newest != Some(candidate.evidence) {
                return Ok(vec![]);
            }
            candidate.series
        }
        Shelf::Received => candidate.evidence,
    };
    conn.rows(PLACES, &values![stands, shelf.word(), tenant], |row| {
        let given = !row.get::<&str>(0)?.is_empty();
        let item: ItemNo = row.get(1)?;
        Ok(Place { case: if given { Some(row.get(0)?) } else { None }, item: (item.0 > 0).then_some(item), name: row.get(2)? })
    })
}
