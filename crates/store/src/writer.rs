//! Group commit: acts that wait at the same time share one transaction, and one wait for the disk.
//!
//! There is one write connection. Each act runs on its caller's thread, in a savepoint of its own; who sees
//! another act waiting hands the open transaction on, and the last commits for all. Nobody is told "done"
//! before that commit. A refused act undoes its own savepoint and nothing else.

use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rules::id::Pos;

use crate::connect::{Location, Use};
use crate::engine::Conn;
use crate::error::Error;
use crate::ledger::{LineDraft, Trees};
use crate::migrate::begin;

/// The most acts in one transaction.
const MOST: usize = 256;
/// The longest a transaction stays open for others once its first act began; in tests on loaded machines, long enough.
const LONGEST: Duration = if cfg!(test) { Duration::from_secs(60) } else { Duration::from_millis(50) };

/// An act in progress: reads like a [`Conn`], and may write.
pub struct Tx<'a> {
    conn: &'a mut Conn,
    trees: &'a mut Trees,
}

impl Tx<'_> {
    /// Writes the ledger line of this act; rows made by it carry the position.
    pub fn record(&mut self, line: LineDraft) -> Result<Pos, Error> {
        self.trees.append(self.conn, line)
    }

    /// Writes many lines by few statements: how millions are made for measuring and for tests.
    #[doc(hidden)]
    pub fn record_many(&mut self, lines: Vec<LineDraft>) -> Result<(), Error> {
        self.trees.flush(self.conn)?;
        self.trees.append_many(self.conn, lines)
    }

    /// Writes again a line whose payload was erased, as a rebuild has to.
    pub(crate) fn record_erased(&mut self, head: seal::Head) -> Result<Pos, Error> {
        self.trees.append_erased(self.conn, head)
    }
}

impl Tx<'_> {
    /// The time of a tenant's last line, lines of this transaction included.
    pub(crate) fn last_at(&mut self, tenant: &str) -> Result<Option<String>, Error> {
        self.trees.last_at(self.conn, tenant)
    }
}

impl Deref for Tx<'_> {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        self.conn
    }
}
impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        // What fails here fails the act, as any statement does: see `Conn::take_failure`.
        let _ = self.trees.flush(self.conn);
        self.conn
    }
}

pub(crate) struct Writer {
    location: Location,
    /// Acts between asking for the desk and getting it. Who counts here will get the desk for certain.
    pub(crate) waiting: AtomicUsize,
    desk: Mutex<Desk>,
    pause: Mutex<Option<Pause>>,
}

/// Acts could not be written since then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    pub since: Instant,
    /// Why the first of them was not.
    pub cause: String,
}

/// The one write connection and the transaction that may be open on it.
struct Desk {
    conn: Option<Conn>,
    open: Option<Open>,
}

struct Open {
    group: Arc<Group>,
    trees: Trees,
    since: Instant,
    acts: usize,
    /// Acts that were not undone.
    kept: usize,
}

/// The acts of one transaction, waiting for its commit.
#[derive(Default)]
struct Group {
    outcome: Mutex<Option<Result<(), String>>>,
    settled: Condvar,
}

/// No code of ours can leave the data behind these locks half-changed: a poisoned one is taken as it is.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Group {
    fn settle(&self, outcome: Result<(), String>) {
        *lock(&self.outcome) = Some(outcome);
        self.settled.notify_all();
    }

    fn wait(&self) -> Result<(), String> {
        let mut outcome = lock(&self.outcome);
        loop {
            match &*outcome {
                Some(outcome) => return outcome.clone(),
                None => outcome = self.settled.wait(outcome).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl Writer {
    pub fn new(location: Location, conn: Conn) -> Writer {
        Writer { location, waiting: AtomicUsize::new(0), desk: Mutex::new(Desk { conn: Some(conn), open: None }), pause: Mutex::default() }
    }

    pub fn write<T, E: From<Error>>(&self, act: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut desk = lock(&self.desk);
        self.waiting.fetch_sub(1, Ordering::SeqCst);

        let (done, group) = desk.run(&self.location, act).inspect_err(|error| self.paused(&error.to_string()))?;
        let over = desk.open.as_ref().is_some_and(|open| open.acts >= MOST || open.since.elapsed() >= LONGEST);
        if over || self.waiting.load(Ordering::SeqCst) == 0 {
            desk.settle();
        }
        drop(desk);
        // A refused act waits too: it may have been refused for what an unconfirmed act wrote.
        match group.wait() {
            Ok(()) => done,
            Err(cause) => {
                self.paused(&cause);
                Err(Error::NotCommitted { cause }.into())
            }
        }
    }

    fn paused(&self, cause: &str) {
        lock(&self.pause).get_or_insert_with(|| Pause { since: Instant::now(), cause: cause.to_owned() });
    }

    /// Since when acts could not be written, until that is noted.
    pub fn pause(&self) -> Option<Pause> {
        lock(&self.pause).clone()
    }

    /// The pause that began then is written down, so it is over.
    pub fn pause_noted(&self, since: Instant) {
        lock(&self.pause).take_if(|pause| pause.since == since);
    }
}

impl Desk {
    /// Runs one act in its savepoint. Fails only when no transaction could be opened for it.
    fn run<T, E: From<Error>>(
        &mut self,
        location: &Location,
        act: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<(Result<T, E>, Arc<Group>), Error> {
        self.next_act(location)?;
        let (Some(conn), Some(open)) = (&mut self.conn, &mut self.open) else {
            return Err(Error::NotCommitted { cause: "no transaction is open".to_owned() });
        };
        open.acts += 1;
        open.trees.begin_act();
        let group = open.group.clone();

        let mut tx = Tx { conn, trees: &mut open.trees };
        let done = match catch_unwind(AssertUnwindSafe(|| act(&mut tx))) {
            Ok(done) => done,
            Err(panic) => Err(Error::Panicked { cause: words(&*panic) }.into()),
        };
        let done = done.and_then(|done| open.trees.flush(conn).map(|()| done).map_err(E::from));
        let done = match (done, conn.take_failure()) {
            (Ok(_), Some(cause)) => Err(Error::Swallowed { cause }.into()),
            (done, _) => done,
        };
        if done.is_ok() {
            open.kept += 1;
        } else {
            open.trees.undo_act();
            if let Err(cause) = conn.savepoint("rollback to savepoint act") {
                self.abandon(&cause);
            }
        }
        Ok((done, group))
    }

    /// Opens a savepoint in the open transaction, or a transaction with one.
    fn next_act(&mut self, location: &Location) -> Result<(), Error> {
        if let (Some(conn), Some(_)) = (&mut self.conn, &self.open) {
            match conn.savepoint("release savepoint act; savepoint act") {
                Ok(()) => return Ok(()),
                Err(cause) => self.abandon(&cause),
            }
        }
        let conn = match &mut self.conn {
            Some(conn) if !conn.is_lost() => conn,
            gone => gone.insert(location.connect(Use::Write)?),
        };
        let opening = format!("{}; savepoint act", begin(conn.engine()));
        if let Err(cause) = conn.batch(&opening) {
            if !conn.is_lost() {
                let _ = conn.batch("rollback");
                return Err(Error::NotCommitted { cause });
            }
            // The server went away between two transactions: nothing was lost, so try once more.
            tracing::warn!(place = %location, cause, "database connection lost; connecting again");
            *conn = location.connect(Use::Write)?;
            conn.batch(&opening).map_err(|cause| Error::NotCommitted { cause })?;
        }
        let open = Open { group: Arc::default(), trees: Trees::default(), since: Instant::now(), acts: 0, kept: 0 };
        self.open = Some(open);
        Ok(())
    }

    /// Commits the open transaction and tells its acts.
    fn settle(&mut self) {
        let (Some(conn), Some(open)) = (&mut self.conn, self.open.take()) else { return };
        let outcome = if open.kept == 0 {
            conn.batch("rollback")
        } else {
            let written = open.trees.write_back(conn).map_err(|e| e.to_string());
            written.and_then(|()| conn.batch("release savepoint act; commit"))
        };
        if let Err(cause) = &outcome {
            tracing::error!(acts = open.acts, cause, "transaction not committed");
            conn.take_failure();
            // It may be over already; then this fails and there is nothing to undo.
            let _ = conn.batch("rollback");
        }
        if conn.is_lost() {
            self.conn = None;
        }
        open.group.settle(outcome);
    }

    /// Gives up the open transaction and tells its acts.
    fn abandon(&mut self, cause: &str) {
        if let Some(open) = self.open.take() {
            tracing::error!(acts = open.acts, cause, "transaction given up");
            if let Some(conn) = &mut self.conn {
                let _ = conn.batch("rollback");
                if conn.is_lost() {
                    self.conn = None;
                }
            }
            open.group.settle(Err(cause.to_owned()));
        }
    }
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no words".to_owned())
}
