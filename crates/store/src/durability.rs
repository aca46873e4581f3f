//! Whether a PostgreSQL server keeps what it confirmed when the power goes: two settings that must not be off.
//!
//! The third, `synchronous_commit`, is set on by each connection of this program, whatever the server says.

use crate::engine::{Conn, Engine, statements};
use crate::error::Error;

statements! {
    OFF = "select name from pg_settings where setting = 'off' and name in ('fsync', 'full_page_writes') order by name";
}

/// The statements of one engine alone, for the test that prepares them.
#[cfg(test)]
pub(crate) const ENGINE_STATEMENTS: &[(Engine, &[crate::engine::Sql])] = &[(Engine::Postgres, STATEMENTS)];

/// Which of `fsync` and `full_page_writes` are off; none on SQLite, where this program sets what keeps data.
pub fn off(conn: &mut Conn) -> Result<Vec<String>, Error> {
    match conn.engine() {
        Engine::Sqlite => Ok(vec![]),
        Engine::Postgres => conn.rows(OFF, &[], |row| row.get(0)),
    }
}
