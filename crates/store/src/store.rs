//! The one door to the database: open, write, read, verify.

use crate::connect::Location;
use crate::engine::{Conn, Engine};
use crate::error::Error;
use crate::ledger::{self, Progress, Verified};
use crate::migrate::migrate;
use crate::read::Readers;
use crate::writer::{Pause, Tx, Writer};

/// How many may read at once, unless said otherwise.
pub const READERS: usize = 4;

/// An open database, shared by all threads. Its calls block: from async code go through `spawn_blocking`.
pub struct Store {
    location: Location,
    // Closed before the writer: SQLite's last connection brings the log into the database file, if it may write.
    readers: Readers,
    pub(crate) writer: Writer,
}

impl Store {
    /// Opens the database and brings its schema up to date; at most `readers` read at once.
    ///
    /// Fails when it cannot be reached, or belongs to a newer program ([`Error::Newer`]).
    pub fn open(location: &Location, readers: usize) -> Result<Store, Error> {
        let mut conn = location.first()?;
        migrate(&mut conn)?;
        ledger::fill(&mut conn)?;
        Ok(Store::with(location, conn, readers))
    }

    /// Writes through a connection that is set up.
    pub(crate) fn with(location: &Location, conn: Conn, readers: usize) -> Store {
        Store { location: location.clone(), writer: Writer::new(location.clone(), conn), readers: Readers::new(location.clone(), readers) }
    }

    pub(crate) fn location(&self) -> &Location {
        &self.location
    }

    pub fn engine(&self) -> Engine {
        self.location.engine()
    }

    /// Does an act: all of it or, when `act` fails, nothing of it. Durable when this returns `Ok`.
    ///
    /// Acts run one at a time, in an order that `Pos` shows. A panic in `act` becomes [`Error::Panicked`]. A
    /// statement that fails undoes the act even if `act` ignores the error. Do not write or read through the
    /// `Store` from within `act`: use the `Tx`.
    pub fn write<T, E: From<Error>>(&self, act: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        self.writer.write(act)
    }

    /// Reads; everything `look` sees is of the same moment.
    pub fn read<T, E: From<Error>>(&self, look: impl FnOnce(&mut Conn) -> Result<T, E>) -> Result<T, E> {
        self.readers.read(look)
    }

    /// Since when acts could not be written and why, until [`Store::pause_noted`].
    pub fn pause(&self) -> Option<Pause> {
        self.writer.pause()
    }

    /// Forgets the pause that began then: it is over and written down.
    pub fn pause_noted(&self, since: std::time::Instant) {
        self.writer.pause_noted(since);
    }

    /// Makes every hash of the ledger anew; fails with [`Error::Ledger`] at the first line that is wrong.
    pub fn verify(&self) -> Result<Verified, Error> {
        self.verify_told(&mut |_, _| {})
    }

    /// As [`Store::verify`]; `told` hears how many lines are done, and of how many.
    pub fn verify_told(&self, told: Progress<'_>) -> Result<Verified, Error> {
        ledger::verify::verify(&mut &*self, told)
    }

    /// Checks only that the tiles of each ledger fit each other and its kept tree: quick, and blind to a line that was
    /// changed beside its leaf.
    pub fn verify_tiles(&self, told: Progress<'_>) -> Result<Verified, Error> {
        ledger::verify_tiles::verify_tiles(self, told)
    }
}
