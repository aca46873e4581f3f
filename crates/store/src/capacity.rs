//! How full the installation is: samples of bytes used and free, from which a forecast is made. Not from the ledger.

use jiff::Timestamp;

use crate::engine::{Conn, Engine, Sql, statements};
use crate::error::Error;
use crate::value::values;
use crate::writer::Tx;

statements! {
    EVIDENCE = "select cast(coalesce(sum(size), 0) as bigint) from (select digest, max(size) as size from evidence group by digest) each";
    KEEP = "insert into capacity (at, used, free, total) values ($1, $2, $3, $4)
        on conflict (at) do update set used = excluded.used, free = excluded.free, total = excluded.total";
    SINCE = "select at, used, free, total from capacity where at >= $1 order by at";
    FORGET = "delete from capacity where at < $1";
}

/// What only one engine understands.
mod own {
    use super::Sql;

    pub const SQLITE: Sql =
        Sql::from_statements_macro("store::capacity::SQLITE", "select page_count * page_size from pragma_page_count(), pragma_page_size()");
    pub const POSTGRES: Sql = Sql::from_statements_macro("store::capacity::POSTGRES", "select pg_database_size(current_database())");
}

/// What was measured at a time, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    pub at: Timestamp,
    /// By the database and the files of evidence.
    pub used: u64,
    /// Where the data lies.
    pub free: u64,
    /// Of the disk where the data lies.
    pub total: u64,
}

/// Bytes of the database and of all evidence.
pub fn used(conn: &mut Conn) -> Result<u64, Error> {
    let own = if conn.engine() == Engine::Sqlite { own::SQLITE } else { own::POSTGRES };
    let database: u64 = conn.one(own, &[], |row| row.get(0))?;
    let evidence: u64 = conn.one(EVIDENCE, &[], |row| row.get(0))?;
    Ok(database + evidence)
}

/// Samples since a time, the oldest first.
pub fn since(conn: &mut Conn, at: Timestamp) -> Result<Vec<Sample>, Error> {
    conn.rows(SINCE, &values![at], |row| Ok(Sample { at: row.get(0)?, used: row.get(1)?, free: row.get(2)?, total: row.get(3)? }))
}

impl Tx<'_> {
    /// Keeps a sample, and forgets those before a time.
    pub fn keep_capacity(&mut self, sample: &Sample, forget: Timestamp) -> Result<(), Error> {
        let Sample { at, used, free, total } = *sample;
        self.run(KEEP, &values![at, used.cast_signed(), free.cast_signed(), total.cast_signed()])?;
        self.run(FORGET, &values![forget]).map(drop)
    }
}
