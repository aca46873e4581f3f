//! Starts and stops, epochs, the clock, signing keys, backups: what the installation said of its own running.

use jiff::Timestamp;
use rules::id::Pos;
use rules::running::{EpochReason, Running};

use super::{Meta, json, read_word, word};
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    TENANT = "select tenant from ledger_line where pos = $1";
    INSERT_EPOCH = "insert into epoch (pos, tenant, installation, epoch, reason, keys, authority, known, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    INSERT_EVENT = "insert into running_event (pos, tenant, kind, at, detail) values ($1, $2, $3, $4, $5)";
    EPOCHS = "select tenant, installation, epoch, reason, keys, authority, known, at, pos from epoch where tenant = $1 order by pos";
    NEWEST_EPOCH = "select tenant, installation, epoch, reason, keys, authority, known, at, pos from epoch where tenant = $1 order by pos desc limit 1";
    NEWEST_EVENT = "select detail, at, pos from running_event where tenant = $1 and kind = $2 order by pos desc limit 1";
    OF_KIND = "select detail, at, pos from running_event where tenant = $1 and kind = $2 order by pos desc limit $3";
    EVENTS = "select detail, at, pos from running_event where tenant = $1 order by pos desc limit $2";
}

/// The beginning of an epoch of one ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    pub tenant: String,
    pub installation: String,
    pub epoch: u32,
    pub reason: EpochReason,
    /// The public keys it announced, as text.
    pub keys: Vec<String>,
    /// Why, in words.
    pub authority: String,
    /// The size of this ledger that was known before.
    pub before: u64,
    pub at: Timestamp,
    pub pos: Pos,
}

/// Something that happened to the running installation, and when its line was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub what: Running,
    pub at: Timestamp,
    pub pos: Pos,
}

fn epoch(row: &Row<'_>) -> Result<Epoch, Error> {
    Ok(Epoch {
        tenant: row.get(0)?,
        installation: row.get(1)?,
        epoch: row.get(2)?,
        reason: read_word(row, 3, "a reason")?,
        keys: row.json(4, "keys")?,
        authority: row.get(5)?,
        before: row.get(6)?,
        at: row.get(7)?,
        pos: row.get(8)?,
    })
}

fn event(row: &Row<'_>) -> Result<Event, Error> {
    Ok(Event { what: row.json(0, "an event")?, at: row.get(1)?, pos: row.get(2)? })
}

/// The epochs of a ledger, oldest first.
pub fn epochs(conn: &mut Conn, tenant: &str) -> Result<Vec<Epoch>, Error> {
    conn.rows(EPOCHS, &values![tenant], epoch)
}

/// The epoch a ledger is in; nothing before its first.
pub fn newest_epoch(conn: &mut Conn, tenant: &str) -> Result<Option<Epoch>, Error> {
    conn.first(NEWEST_EPOCH, &values![tenant], epoch)
}

/// The newest event of a kind (`Running::kind`) in a ledger.
pub fn newest(conn: &mut Conn, tenant: &str, kind: &str) -> Result<Option<Event>, Error> {
    conn.first(NEWEST_EVENT, &values![tenant, kind], event)
}

/// The newest events of a kind in a ledger, at most `most`, the newest first.
pub fn of_kind(conn: &mut Conn, tenant: &str, kind: &str, most: u32) -> Result<Vec<Event>, Error> {
    conn.rows(OF_KIND, &values![tenant, kind, most], event)
}

/// The newest events of a ledger, at most `most`, the newest first.
pub fn events(conn: &mut Conn, tenant: &str, most: u32) -> Result<Vec<Event>, Error> {
    conn.rows(EVENTS, &values![tenant, most], event)
}

/// The keys that sign a ledger's checkpoints now, as its lines announced them.
pub fn signers(conn: &mut Conn, tenant: &str) -> Result<Vec<String>, Error> {
    let begun = newest_epoch(conn, tenant)?;
    let changed = newest(conn, tenant, "signing_key_changed")?;
    Ok(match (begun, changed) {
        (Some(begun), Some(Event { what: Running::SigningKeyChanged { keys, .. }, pos, .. })) if pos > begun.pos => keys,
        (Some(begun), _) => begun.keys,
        (None, _) => vec![],
    })
}

pub(super) fn apply(conn: &mut Conn, change: &Running, meta: &Meta) -> Result<(), Error> {
    // Each line stands in one tenant's ledger, and is about that ledger.
    let tenant: String = conn.one(TENANT, &values![meta.pos], |row| row.get(0))?;
    match change {
        Running::EpochBegun { installation, epoch, reason, keys, authority, before } => conn
            .run(
                INSERT_EPOCH,
                &values![meta.pos, tenant, installation, *epoch, word(reason), json(keys), authority, before.cast_signed(), meta.at],
            )
            .map(drop),
        Running::Started { .. }
        | Running::Stopped { .. }
        | Running::ClockJumped { .. }
        | Running::ClockChecked { .. }
        | Running::LogPaused { .. }
        | Running::SigningKeyChanged { .. }
        | Running::BackupMade(_)
        | Running::AlertsTried { .. }
        | Running::BackupTried(_) => conn.run(INSERT_EVENT, &values![meta.pos, tenant, change.kind(), meta.at, json(change)]).map(drop),
    }
}
