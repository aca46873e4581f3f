//! Entries of registers: every version, and lists that stay quick however many entries there are.

use rules::id::{self, Id, Pos};
use rules::register::{Entry, Registering, Standing, Written, sort_key};

use super::{Meta, json, read_word, word};
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::search::fold;
use crate::value::values;

macro_rules! newest {
    () => {
        "select e.id, e.register, e.organisation, e.version, e.state, e.label, e.fields, e.person, e.at, e.pos, n.made_by, n.moved_by \
         from register_now n join register_entry e on e.pos = n.pos "
    };
}

/// The newest entries of one register of one organisation, in state `$3` where that is not empty, with words `$4` in a field.
macro_rules! wanted {
    () => {
        "n.organisation = $1 and n.register = $2 and ($3 = '' or n.state = $3) and ($4 = '' or n.words like $4 escape '!') \
         and ($5 = '' or exists (select 1 from register_cell f where f.entry = n.id and f.field = $5 and f.sort_key = $6)) "
    };
}

statements! {
    WRITE = "insert into register_entry (pos, id, version, organisation, register, state, label, fields, person, at, came_from, note)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    FIRST = "insert into register_now (id, organisation, register, state, pos, words, made_by, moved_by) values ($1, $2, $3, $4, $5, $6, $7, null)";
    NEXT = "update register_now set state = $2, pos = $3, words = $4 where id = $1";
    MOVED = "update register_now set state = $2, pos = $3, words = $4, moved_by = $5 where id = $1";
    UNFOLDED = "select n.id, e.fields from register_now n join register_entry e on e.pos = n.pos where n.words = ''";
    FOLDED = "update register_now set words = $2 where id = $1";
    NO_CELLS = "delete from register_cell where entry = $1";
    CELL = "insert into register_cell (entry, field, n, organisation, register, sort_key) values ($1, $2, $3, $4, $5, $6)";
    ONE = concat!(newest!(), "where n.id = $1 and n.organisation = $2");
    LATEST = concat!(newest!(), "where ", wanted!(), "and n.pos < $7 order by n.pos desc limit $8");
    RISING = concat!(
        newest!(), "join register_cell c on c.entry = n.id and c.n = 0 where c.organisation = $1 and c.register = $2 and c.field = $7 \
        and (c.sort_key > $8 or (c.sort_key = $8 and c.entry > $9)) and ", wanted!(), "order by c.sort_key, c.entry limit $10"
    );
    FALLING = concat!(
        newest!(), "join register_cell c on c.entry = n.id and c.n = 0 where c.organisation = $1 and c.register = $2 and c.field = $7 \
        and (c.sort_key < $8 or (c.sort_key = $8 and c.entry < $9)) and ", wanted!(), "order by c.sort_key desc, c.entry desc limit $10"
    );
    // Entries without a value in the field that is sorted by come last.
    BLANK = concat!(
        newest!(), "where ", wanted!(), "and not exists (select 1 from register_cell c where c.entry = n.id and c.field = $7) \
        and n.pos < $8 order by n.pos desc limit $9"
    );
    HISTORY = "select id, register, organisation, version, state, label, fields, person, at, pos, came_from, note from register_entry
        where id = $1 and organisation = $2 order by version desc";
    TAKEN = "select 1 from register_cell where organisation = $1 and register = $2 and field = $3 and sort_key = $4 and entry <> $5 limit 1";
    // An entry is named by a value that no other entry has in a field of one line.
    NAMED = "select distinct entry from register_cell where organisation = $1 and register = $2 and sort_key = $3 and n = 0 limit 2";
    LINKING = concat!(
        newest!(), "join register_cell c on c.entry = n.id where c.organisation = $1 and c.register = $2 and c.field = $3 and c.sort_key = $4 \
        order by n.pos desc limit 200"
    );
    FILLED = "select 1 from register_cell where organisation = $1 and register = $2 and field = $3 limit 1";
    // States stand between bars: |open|closed|.
    DUE = concat!(
        newest!(), "join register_cell c on c.entry = n.id and c.n = 0 where c.organisation = $1 and c.register = $2 and c.field = $3 \
        and c.sort_key <= $4 and $5 like '%|' || n.state || '|%' order by c.sort_key, c.entry limit $6"
    );
    LONGEST_UNTOUCHED = concat!(
        newest!(), "where n.organisation = $1 and n.register = $2 and $3 like '%|' || n.state || '|%' order by n.pos limit $4"
    );
    REPLACED = "select o.id, o.register, o.organisation, o.version, o.state, o.label, o.fields, o.person, o.at, o.pos,
        w.id, w.register, w.organisation, w.version, w.state, w.label, w.fields, w.person, w.at, w.pos
        from register_entry w join register_entry o on o.id = w.id and o.version = w.version - 1
        where w.organisation = $1 and w.at >= $2 order by w.pos desc limit $3";
    COUNTS = "select register, state, count(*), max(pos) from register_now where organisation = $1 group by register, state order by register, state";
}

pub(super) fn apply(conn: &mut Conn, change: &Registering, meta: &Meta) -> Result<(), Error> {
    let e = change.entry();
    let (came_from, note) = match change {
        Registering::EntryWritten(_) => (None, ""),
        Registering::EntryMoved { from, note, .. } => (Some(from.as_str()), note.as_str()),
    };
    let row = values![
        meta.pos,
        e.id,
        e.version,
        e.organisation,
        &e.register,
        &e.state,
        word(&e.label),
        json(&e.fields),
        e.by,
        e.at,
        came_from,
        note
    ];
    conn.run(WRITE, &row)?;
    let words = words(&e.fields);
    match (e.version, came_from) {
        (1, _) => conn.run(FIRST, &values![e.id, e.organisation, &e.register, &e.state, meta.pos, words, e.by])?,
        (_, None) => conn.run(NEXT, &values![e.id, &e.state, meta.pos, words])?,
        (_, Some(_)) => conn.run(MOVED, &values![e.id, &e.state, meta.pos, words, e.by])?,
    };
    if e.version > 1 {
        conn.run(NO_CELLS, &values![e.id])?;
    }
    for (field, kept) in &e.fields {
        for (n, value) in (0i64..).zip(kept) {
            conn.run(CELL, &values![e.id, field, n, e.organisation, &e.register, sort_key(value)])?;
        }
    }
    Ok(())
}

/// Every value in its comparable form, one a line: found in full and half width, in capitals and small letters.
fn words(fields: &Written) -> String {
    fields.values().flatten().map(|value| fold(value)).collect::<Vec<_>>().join("\n")
}

/// Folds the words of entries that were written before words were kept.
pub(crate) fn fold_all(conn: &mut Conn) -> Result<(), Error> {
    let found: Vec<(String, Written)> = conn.rows(UNFOLDED, &[], |row| Ok((row.get(0)?, row.json(1, "fields")?)))?;
    for (id, fields) in found {
        conn.run(FOLDED, &values![id, words(&fields)])?;
    }
    Ok(())
}

fn entry(row: &Row<'_>) -> Result<Entry, Error> {
    entry_at(row, 0)
}

fn entry_at(row: &Row<'_>, from: usize) -> Result<Entry, Error> {
    Ok(Entry {
        id: row.get(from)?,
        register: row.get(from + 1)?,
        organisation: row.get(from + 2)?,
        version: row.get(from + 3)?,
        state: row.get(from + 4)?,
        label: read_word(row, from + 5, "a label")?,
        fields: row.json(from + 6, "fields")?,
        by: row.get(from + 7)?,
        at: row.get(from + 8)?,
    })
}

fn standing(row: &Row<'_>) -> Result<Standing, Error> {
    Ok(Standing { entry: entry(row)?, pos: row.get(9)?, made_by: row.get(10)?, moved_by: row.get(11)? })
}

/// The entry as it stands; nothing where it is not the organisation's.
pub fn one(conn: &mut Conn, organisation: Id<id::Organisation>, entry: Id<id::Entry>) -> Result<Option<Standing>, Error> {
    conn.first(ONE, &values![entry, organisation], standing)
}

/// What a list shows, and how. Empty words ask for everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    pub state: String,
    /// Stand together in one value; full and half width, capitals and small letters are one.
    pub words: String,
    /// A field and the value it has, in the kept spelling.
    pub field: Option<(String, String)>,
    /// The field to sort by; without one the newest come first.
    pub sort: Option<String>,
    pub falling: bool,
    /// The page after this entry, as [`Listed::next`] said.
    pub after: Option<Cursor>,
}

/// Where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// After the entry whose newest version stands here; `blank` says that the sorted ones are over.
    Pos { pos: Pos, blank: bool },
    /// After this key and entry.
    Key { key: String, entry: String },
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    pub entries: Vec<Standing>,
    pub next: Option<Cursor>,
}

/// A page of at most `limit` entries of one register of one organisation.
pub fn list(conn: &mut Conn, organisation: Id<id::Organisation>, register: &str, wanted: &Wanted, limit: usize) -> Result<Listed, Error> {
    let like = match fold(&wanted.words).as_str() {
        "" => String::new(),
        words => format!("%{}%", words.replace('!', "!!").replace('%', "!%").replace('_', "!_")),
    };
    let (field, key) = wanted.field.as_ref().map_or(("", String::new()), |(field, value)| (field.as_str(), sort_key(value)));
    let base = || values![organisation, register, &wanted.state, &like, field, &key].to_vec();
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let latest = i64::MAX;
    let Some(sort) = wanted.sort.as_deref() else {
        let from = match wanted.after {
            Some(Cursor::Pos { pos, .. }) => pos.0,
            _ => latest,
        };
        let mut all = base();
        all.extend(values![from, most + 1]);
        let entries = conn.rows(LATEST, &all, standing)?;
        return Ok(page(entries, limit, |last| Cursor::Pos { pos: last.pos, blank: false }));
    };
    let mut entries = vec![];
    if !matches!(wanted.after, Some(Cursor::Pos { .. })) {
        let (key, entry) = match &wanted.after {
            Some(Cursor::Key { key, entry }) => (key.clone(), entry.clone()),
            // Keys begin with 0 or 1.
            _ if wanted.falling => ("2".to_owned(), String::new()),
            _ => (String::new(), String::new()),
        };
        let mut all = base();
        all.extend(values![sort, &key, &entry, most + 1]);
        entries = conn.rows(if wanted.falling { FALLING } else { RISING }, &all, standing)?;
        if entries.len() > limit {
            let key_of =
                |last: &Standing| last.entry.fields.get(sort).and_then(|kept| kept.first()).map(|v| sort_key(v)).unwrap_or_default();
            return Ok(page(entries, limit, |last| Cursor::Key { key: key_of(last), entry: last.entry.id.to_string() }));
        }
    }
    let from = match wanted.after {
        Some(Cursor::Pos { pos, .. }) => pos.0,
        _ => latest,
    };
    let mut all = base();
    all.extend(values![sort, from, most + 1 - i64::try_from(entries.len()).unwrap_or(0)]);
    entries.extend(conn.rows(BLANK, &all, standing)?);
    Ok(page(entries, limit, |last| {
        // The last one shown may be the last of those with a value: the next page then begins with the first blank one.
        let blank = last.entry.fields.get(sort).is_none_or(Vec::is_empty);
        Cursor::Pos { pos: if blank { last.pos } else { Pos(latest) }, blank: true }
    }))
}

fn page(mut entries: Vec<Standing>, limit: usize, cursor: impl Fn(&Standing) -> Cursor) -> Listed {
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = if more { entries.last().map(cursor) } else { None };
    Listed { entries, next }
}

/// A version of an entry, and how it came to its state.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    pub entry: Entry,
    pub pos: Pos,
    /// The state before, where this version is a step.
    pub came_from: Option<String>,
    pub note: String,
}

/// Every version of an entry, the newest first.
pub fn history(conn: &mut Conn, organisation: Id<id::Organisation>, id: Id<id::Entry>) -> Result<Vec<Version>, Error> {
    conn.rows(HISTORY, &values![id, organisation], |row| {
        Ok(Version { entry: entry(row)?, pos: row.get(9)?, came_from: row.get(10)?, note: row.get(11)? })
    })
}

/// Another entry has this value in this field.
pub fn taken(
    conn: &mut Conn,
    organisation: Id<id::Organisation>,
    register: &str,
    field: &str,
    kept: &str,
    but: Option<Id<id::Entry>>,
) -> Result<bool, Error> {
    let but = but.map_or_else(String::new, |id| id.to_string());
    Ok(conn.first(TAKEN, &values![organisation, register, field, sort_key(kept), but], |row| row.get::<i64>(0))?.is_some())
}

/// The entry that one of its fields names, where exactly one does.
pub fn named(conn: &mut Conn, organisation: Id<id::Organisation>, register: &str, name: &str) -> Result<Option<Id<id::Entry>>, Error> {
    let found = conn.rows(NAMED, &values![organisation, register, sort_key(name)], |row| row.get(0))?;
    Ok(match found[..] {
        [one] => Some(one),
        _ => None,
    })
}

/// Entries of `register` whose `field` links to an entry, the newest first, 200 at most.
pub fn linking(
    conn: &mut Conn,
    organisation: Id<id::Organisation>,
    register: &str,
    field: &str,
    to: Id<id::Entry>,
) -> Result<Vec<Standing>, Error> {
    conn.rows(LINKING, &values![organisation, register, field, sort_key(&to.to_string())], standing)
}

/// Some entry has a value in this field.
pub fn filled(conn: &mut Conn, organisation: Id<id::Organisation>, register: &str, field: &str) -> Result<bool, Error> {
    Ok(conn.first(FILLED, &values![organisation, register, field], |row| row.get::<i64>(0))?.is_some())
}

/// How many entries a register has in a state, and the position of the newest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    pub register: String,
    pub state: String,
    pub entries: u64,
    pub newest: Pos,
}

pub fn counts(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Count>, Error> {
    conn.rows(COUNTS, &values![organisation], |row| {
        Ok(Count { register: row.get(0)?, state: row.get(1)?, entries: row.get(2)?, newest: row.get(3)? })
    })
}

fn between_bars<'s>(states: impl Iterator<Item = &'s str>) -> String {
    states.fold("|".to_owned(), |all, state| all + state + "|")
}

/// Entries in one of these states whose day in `field` is not after `until`, the earliest first.
pub fn due<'s>(
    conn: &mut Conn,
    organisation: Id<id::Organisation>,
    register: &str,
    field: &str,
    states: impl Iterator<Item = &'s str>,
    until: jiff::civil::Date,
    limit: usize,
) -> Result<Vec<Entry>, Error> {
    // A moment on that day sorts after the day alone.
    let key = sort_key(&format!("{until}~"));
    conn.rows(DUE, &values![organisation, register, field, &key, &between_bars(states), most(limit)], entry)
}

/// The entries in one of these states that nobody has touched for longest.
pub fn longest_untouched<'s>(
    conn: &mut Conn,
    organisation: Id<id::Organisation>,
    register: &str,
    states: impl Iterator<Item = &'s str>,
    limit: usize,
) -> Result<Vec<Entry>, Error> {
    conn.rows(LONGEST_UNTOUCHED, &values![organisation, register, &between_bars(states), most(limit)], entry)
}

/// Versions that were replaced since, each with the one that replaced it, the newest first.
pub fn replaced(
    conn: &mut Conn,
    organisation: Id<id::Organisation>,
    since: jiff::Timestamp,
    limit: usize,
) -> Result<Vec<(Entry, Entry)>, Error> {
    conn.rows(REPLACED, &values![organisation, since, most(limit)], |row| Ok((entry_at(row, 0)?, entry_at(row, 10)?)))
}

fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
