//! Reading: a small bounded pool of connections that cannot write, each use in one consistent snapshot.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, PoisonError};

use crate::connect::{Location, PATIENCE, Use};
use crate::engine::{Conn, Engine};
use crate::error::Error;
use crate::store::Store;
use crate::writer::lock;

/// Where a check reads: a store, moment by moment, or one connection that stays in one.
pub(crate) trait Look {
    fn look<T>(&mut self, look: impl FnOnce(&mut Conn) -> Result<T, Error>) -> Result<T, Error>;
}

impl Look for &Store {
    fn look<T>(&mut self, look: impl FnOnce(&mut Conn) -> Result<T, Error>) -> Result<T, Error> {
        self.read(look)
    }
}

impl Look for Conn {
    fn look<T>(&mut self, look: impl FnOnce(&mut Conn) -> Result<T, Error>) -> Result<T, Error> {
        look(self)
    }
}

pub(crate) struct Readers {
    location: Location,
    most: usize,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Conn>,
    /// Connections in use.
    out: usize,
}

impl Readers {
    pub fn new(location: Location, most: usize) -> Readers {
        Readers { location, most: most.max(1), pool: Mutex::default(), returned: Condvar::new() }
    }

    /// Runs `look` in one snapshot: everything it reads is of the same moment.
    pub fn read<T, E: From<Error>>(&self, look: impl FnOnce(&mut Conn) -> Result<T, E>) -> Result<T, E> {
        let mut conn = Some(self.take()?);
        let seen = catch_unwind(AssertUnwindSafe(|| self.look(&mut conn, look)));
        self.put_back(conn);
        seen.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Leaves `conn` empty when it must not be used again.
    fn look<T, E: From<Error>>(&self, slot: &mut Option<Conn>, look: impl FnOnce(&mut Conn) -> Result<T, E>) -> Result<T, E> {
        // Taken out, so that a panic in `look` drops the connection together with its open snapshot.
        let mut conn = match slot.take() {
            Some(conn) => conn,
            None => self.location.connect(Use::Read)?,
        };
        if let Err(cause) = conn.batch(snapshot(conn.engine())) {
            if !conn.is_lost() {
                return Err(Error::Unreachable { place: self.location.to_string(), cause }.into());
            }
            conn = self.location.connect(Use::Read)?;
            conn.batch(snapshot(conn.engine())).map_err(|cause| Error::Unreachable { place: self.location.to_string(), cause })?;
        }
        let seen = look(&mut conn);
        conn.take_failure();
        if conn.batch("rollback").is_ok() {
            *slot = Some(conn);
        }
        seen
    }

    fn take(&self) -> Result<Conn, Error> {
        let mut pool = lock(&self.pool);
        loop {
            if let Some(conn) = pool.idle.pop() {
                pool.out += 1;
                return Ok(conn);
            }
            if pool.out < self.most {
                pool.out += 1;
                drop(pool);
                return self.location.connect(Use::Read).inspect_err(|_| self.put_back(None));
            }
            let (again, time) = self.returned.wait_timeout(pool, PATIENCE).unwrap_or_else(PoisonError::into_inner);
            pool = again;
            if time.timed_out() && pool.idle.is_empty() && pool.out >= self.most {
                return Err(Error::Busy { seconds: PATIENCE.as_secs(), readers: self.most });
            }
        }
    }

    fn put_back(&self, conn: Option<Conn>) {
        let mut pool = lock(&self.pool);
        pool.out -= 1;
        pool.idle.extend(conn);
        drop(pool);
        self.returned.notify_one();
    }
}

pub(crate) fn snapshot(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "begin deferred",
        Engine::Postgres => "begin isolation level repeatable read read only",
    }
}
