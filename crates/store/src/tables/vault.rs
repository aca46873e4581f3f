//! What scans found, and which keys there are.

use jiff::Timestamp;
use rules::id::{self, Digest, Id};
use rules::vault::{KeyEvent, KeyRole, Vaulting};

use super::{Meta, read_word, word};
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    KEY_MADE = "insert into key (id, organisation, role, state, made) values ($1, $2, $3, 'active', $4) on conflict (id) do nothing";
    KEY_ROTATED = "update key set state = 'rotated', rotated = $2 where id = $1";
    SIGNING_ROTATED = "update key set state = 'rotated', rotated = $1 where role = 'signing' and state = 'active'";
    KEY_ENDED = "update key set state = $3, retired = $2 where id = $1";
    KEY_ESCROWED = "update key set escrowed = $2 where id = $1";
    KEY = "select id, organisation, role, state, made, rotated, retired, escrowed from key where id = $1";
    KEYS = "select id, organisation, role, state, made, rotated, retired, escrowed from key order by role, organisation, made desc, id limit 5000";
    FILES = "select distinct organisation, digest from evidence order by organisation, digest";
    FILES_NAMED = "select organisation, digest, min(name) from evidence group by organisation, digest order by organisation, digest";
    FILES_OF = "select distinct digest from evidence where organisation = $1 order by digest";
    OPEN_ESCROW = "select count(*) from request where kind = 'open_escrow' and state = 'approved' and begins <= $1 and until > $1";
}

/// How a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// New things are encrypted or signed by it.
    Active,
    /// Another took its place for what is new; it opens what is old.
    Rotated,
    Retired,
    Destroyed,
}

/// What everybody may know of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its public name: what it is for, and a fingerprint.
    pub id: String,
    pub organisation: Option<Id<id::Organisation>>,
    pub role: KeyRole,
    pub state: KeyState,
    pub made: Timestamp,
    pub rotated: Option<Timestamp>,
    pub retired: Option<Timestamp>,
    /// When it was last written out under the words of two people.
    pub escrowed: Option<Timestamp>,
}

/// What a key is for, as its public name begins.
fn role(key: &str) -> KeyRole {
    match key.split('-').next() {
        Some("master") => KeyRole::Master,
        Some("files") => KeyRole::Files,
        _ => KeyRole::Signing,
    }
}

pub(super) fn apply(conn: &mut Conn, change: &Vaulting, meta: &Meta) -> Result<(), Error> {
    match change {
        Vaulting::KeyChanged { organisation, key, event, .. } => match event {
            KeyEvent::Made => conn.run(KEY_MADE, &values![key, *organisation, word(&role(key)), meta.at]),
            // The line names the generation that takes over; the one before is known by its being in use.
            KeyEvent::Rotated if role(key) == KeyRole::Signing => {
                conn.run(SIGNING_ROTATED, &values![meta.at])?;
                conn.run(KEY_MADE, &values![key, *organisation, word(&KeyRole::Signing), meta.at])
            }
            KeyEvent::Rotated => conn.run(KEY_ROTATED, &values![key, meta.at]),
            KeyEvent::Escrowed => conn.run(KEY_ESCROWED, &values![key, meta.at]),
            KeyEvent::Retired | KeyEvent::Destroyed => conn.run(KEY_ENDED, &values![key, meta.at, word(event)]),
            // Only the ledger keeps it.
            KeyEvent::Recovered => Ok(0),
        }
        .map(drop),
        Vaulting::FileLookedInto { digest, inside, entries, unpacked } => {
            super::inside::put(conn, *digest, inside, *entries, *unpacked, meta)
        }
        Vaulting::FileScanned { digest, scan, engine, signatures } => super::scan::put(conn, *digest, scan, engine, *signatures, meta),
        // Only the ledger keeps them.
        Vaulting::FileRefused { .. } | Vaulting::FileOpened { .. } | Vaulting::FileExported { .. } => Ok(()),
    }
}

fn key_row(row: &Row<'_>) -> Result<Key, Error> {
    Ok(Key {
        id: row.get(0)?,
        organisation: row.get(1)?,
        role: read_word(row, 2, "a role of a key")?,
        state: read_word(row, 3, "a state of a key")?,
        made: row.get(4)?,
        rotated: row.get(5)?,
        retired: row.get(6)?,
        escrowed: row.get(7)?,
    })
}

pub fn key(conn: &mut Conn, id: &str) -> Result<Option<Key>, Error> {
    conn.first(KEY, &values![id], key_row)
}

/// Every key there is or was, by role and organisation, the newest first.
pub fn keys(conn: &mut Conn) -> Result<Vec<Key>, Error> {
    conn.rows(KEYS, &[], key_row)
}

/// Every file that must lie in the store of files, with whose it is.
pub fn files(conn: &mut Conn) -> Result<Vec<(Id<id::Organisation>, Digest)>, Error> {
    conn.rows(FILES, &[], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// As [`files`], with a name people know each by.
pub fn named_files(conn: &mut Conn) -> Result<Vec<(Id<id::Organisation>, Digest, String)>, Error> {
    conn.rows(FILES_NAMED, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}

/// The files of one organisation.
pub fn files_of(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Digest>, Error> {
    conn.rows(FILES_OF, &values![organisation], |row| row.get(0))
}

/// Whether two people have agreed that the escrow may be opened now.
pub fn may_open_escrow(conn: &mut Conn, now: Timestamp) -> Result<bool, Error> {
    conn.one(OPEN_ESCROW, &values![now], |row| row.get::<i64>(0)).map(|n| n > 0)
}
