//! An outsider's look at a database, which it never changes: pages, schema, ledger, signatures, every table, both search indexes.
//!
//! Tables are compared with what the ledger makes, row by row, in a database of their own that is gone afterwards.

mod finding;
mod open;
mod schema;
mod signed;
mod tables;

use crate::connect::{Location, Use};
use crate::engine::{Conn, Engine};
use crate::error::Error;
use crate::ledger::{self, Progress, Verified};
use crate::migrate;
use crate::read::snapshot;

pub use finding::{Finding, Odd};

#[cfg(test)]
pub(crate) use schema::ENGINE_STATEMENTS;
#[cfg(test)]
pub(crate) use tables::STATEMENTS;

/// A database that is looked at, in one moment, and not changed.
pub struct Audit {
    conn: Conn,
    /// What SQLite itself says of its pages.
    pages: Vec<String>,
    /// How the file was when it was opened; it must be so at the end.
    file: Option<open::Untouched>,
}

/// What a look found.
#[derive(Debug)]
pub struct Audited {
    /// What the ledgers are, where they are right.
    pub ledgers: Option<Verified>,
    /// Rows that are as the ledger makes them.
    pub rows: u64,
    /// Everything that is wrong, the weightiest first; nothing in a sound database.
    pub findings: Vec<Finding>,
}

/// Tables whose content no line of the ledger makes and nothing else proves.
pub fn unproven() -> impl Iterator<Item = &'static str> {
    migrate::NOT_REBUILT.iter().copied().filter(|table| !table.starts_with("ledger_") && !tables::PROVEN.contains(table))
}

impl Audit {
    /// Opens a database to be looked at. It fails where there is none, or where it cannot be reached; one that is damaged
    /// opens, and says so in [`Audit::run`].
    pub fn open(location: &Location) -> Result<Audit, Error> {
        let Some(path) = location.path() else {
            let mut conn = location.connect(Use::Read)?;
            // Making the tables anew takes its time between two statements.
            let patient = format!("set idle_in_transaction_session_timeout = 0; {}", snapshot(Engine::Postgres));
            conn.batch(&patient).map_err(|cause| Error::Unreachable { place: location.to_string(), cause })?;
            return Ok(Audit { conn, pages: vec![], file: None });
        };
        let (connection, file) = open::unchanged(path)?;
        let pages = open::pages(&connection);
        Ok(Audit { conn: Conn::sqlite(connection), pages, file })
    }

    /// Reads what an outsider wants to see of it besides, in the same moment.
    pub fn read<T>(&mut self, look: impl FnOnce(&mut Conn) -> Result<T, Error>) -> Result<T, Error> {
        let seen = look(&mut self.conn);
        self.conn.take_failure();
        seen
    }

    /// Looks at everything. `told` hears how many steps are done, and of how many: one for a line that is checked, and one for a
    /// line that is done again.
    pub fn run(&mut self, told: Progress<'_>) -> Audited {
        let mut found = Audited { ledgers: None, rows: 0, findings: self.pages.drain(..).map(Finding::Pages).collect() };
        match self.looked(told, &mut found) {
            Ok(()) => {}
            Err(error) => found.findings.push(Finding::of(error)),
        }
        if self.file.as_ref().is_some_and(open::Untouched::was_touched) {
            found.findings.push(Finding::Meanwhile);
        }
        found
    }

    fn looked(&mut self, told: Progress<'_>, found: &mut Audited) -> Result<(), Error> {
        let conn = &mut self.conn;
        if let Some(other) = schema::version(conn)? {
            found.findings.push(other);
            return Ok(());
        }
        let mut made = migrate::scratch()?;
        found.findings.extend(schema::compare(conn, &mut made)?);
        let lines = ledger::last_pos(conn)?.0.unsigned_abs();
        match ledger::verify::verify(conn, &mut |done, _| told(done, lines * 2)) {
            Ok(verified) => found.ledgers = Some(verified),
            Err(error) => {
                let finding = Finding::of(error);
                let only_beside = matches!(finding, Finding::Beside { .. });
                found.findings.push(finding);
                if !only_beside {
                    // Tables made from lines that are wrong would differ in many places that say nothing.
                    return Ok(());
                }
            }
        }
        found.findings.extend(signed::check(conn)?);
        crate::rebuild::replay(conn, &mut made, &mut |done| told(lines + done, lines * 2))?;
        let (rows, odd) = tables::compare(conn, &mut made)?;
        found.rows = rows;
        found.findings.extend(odd);
        if let Some(odd) = crate::search::check(conn)? {
            found.findings.push(Finding::Index(odd));
        }
        Ok(())
    }
}
