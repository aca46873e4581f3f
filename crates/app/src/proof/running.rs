//! The beginning and the end of a run, and what happened to the ledger meanwhile: lines that item 50(6) asks for.

use std::path::PathBuf;

use jiff::SignedDuration;
use rules::act::Actor;
use rules::change::Change;
use rules::running::Running;
use store::tables::running;
use store::{Engine, INSTALLATION};

use super::files;
use crate::execute::Doing;
use crate::{App, Error};

impl App {
    /// A file that is there while the service runs on this node.
    fn marker(&self) -> PathBuf {
        self.config.data.join("running")
    }

    /// The service starts: the epoch is settled, the start is written down, and what stands is signed.
    /// Returns whether the last run had been stopped in order.
    pub fn start(&self) -> Result<bool, Error> {
        self.settle_epoch()?;
        let (started, stopped) = self.store.read(|conn| -> Result<_, store::Error> {
            Ok((running::newest(conn, INSTALLATION, "started")?, running::newest(conn, INSTALLATION, "stopped")?))
        })?;
        let marked = files::read(&self.marker())?.is_some();
        // Several nodes share a PostgreSQL database: there only the marker knows how this one ended.
        let open = self.store.engine() == Engine::Sqlite && started.map(|event| event.pos) > stopped.map(|event| event.pos);
        let clean = !marked && !open;
        files::replace(&self.marker(), "While this file is here, Akashi runs or did not stop in order.\n")?;
        self.note(Running::Started { version: env!("CARGO_PKG_VERSION").to_owned(), clean })?;
        self.watch_clock()?;
        // What cannot be signed was told; it keeps nobody from working.
        if let Err(error) = self.checkpoint() {
            tracing::error!(%error, "nothing was signed at the start");
        }
        Ok(clean)
    }

    /// The service stops: the stop is written down, and everything is signed and anchored once more.
    pub fn stop(&self, reason: &str) -> Result<(), Error> {
        self.note(Running::Stopped { reason: reason.to_owned() })?;
        files::remove(&self.marker())?;
        self.checkpoint()?;
        self.anchor().map(drop)
    }

    /// Where acts were refused because the ledger could not be written: once it can be again, the pause is written down.
    /// Runs every few seconds. Returns whether a pause was written down.
    pub fn note_pause(&self) -> Result<usize, Error> {
        let Some(pause) = self.store.pause() else { return Ok(0) };
        let until = self.clock.now();
        let lasted = SignedDuration::try_from(pause.since.elapsed()).unwrap_or_default();
        let from = until.checked_sub(lasted).unwrap_or(until);
        // Fails while the ledger still cannot be written; the next turn tries again.
        self.note(Running::LogPaused { from, until, reason: pause.cause })?;
        self.store.pause_noted(pause.since);
        Ok(1)
    }

    fn note(&self, what: Running) -> Result<(), Error> {
        self.store.write(|tx| Doing::new(self, tx, Actor::system())?.write(&Change::Running(what)).map(drop))
    }
}
