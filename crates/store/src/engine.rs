//! One door to both databases: the same SQL text with `$1` parameters runs on SQLite and on PostgreSQL.

mod row;

use std::collections::HashMap;

use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::ToSql;
use rusqlite::ffi;

use crate::error::Error;
use crate::value::Value;

use row::Cells;
pub use row::Row;

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A statement: made only by `statements!`, so that a test can prepare every one on both engines.
#[derive(Debug, Clone, Copy)]
pub struct Sql {
    name: &'static str,
    text: &'static str,
}

impl Sql {
    pub(crate) const fn from_statements_macro(name: &'static str, text: &'static str) -> Sql {
        Sql { name, text }
    }
}

/// Declares a module's statements and collects them: `statements! { INSERT = "insert into …"; }`.
///
/// The module must also be listed in `STATEMENTS` of `lib.rs`; a test watches over that.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* const $name: $crate::engine::Sql =
            $crate::engine::Sql::from_statements_macro(concat!(module_path!(), "::", stringify!($name)), $text);)*
        /// Every statement of this module, for the test that prepares them.
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[$crate::engine::Sql] = &[$($name),*];
    };
}
pub(crate) use statements;

/// A connection; views read through it. Only this crate can write statements for it.
pub struct Conn {
    link: Link,
    /// Why the transaction can no longer count, once a statement in it failed. PostgreSQL refuses to go on
    /// after that; SQLite would, so both are held to the stricter of the two.
    failed: Option<String>,
}

enum Link {
    Sqlite(rusqlite::Connection),
    Postgres { client: Box<postgres::Client>, prepared: HashMap<&'static str, postgres::Statement> },
}

impl Conn {
    pub(crate) fn sqlite(connection: rusqlite::Connection) -> Conn {
        connection.set_prepared_statement_cache_capacity(512);
        Conn { link: Link::Sqlite(connection), failed: None }
    }

    pub(crate) fn postgres(client: postgres::Client) -> Conn {
        Conn { link: Link::Postgres { client: Box::new(client), prepared: HashMap::new() }, failed: None }
    }

    pub fn engine(&self) -> Engine {
        match self.link {
            Link::Sqlite(_) => Engine::Sqlite,
            Link::Postgres { .. } => Engine::Postgres,
        }
    }

    /// Every row of a query, each turned into a `T`.
    pub(crate) fn rows<T>(
        &mut self,
        sql: Sql,
        values: &[Value],
        mut make: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut out = Vec::new();
        self.each(sql, values, |row| {
            out.push(make(row)?);
            Ok(())
        })?;
        Ok(out)
    }

    /// The first row of a query, if there is one.
    pub(crate) fn first<T>(&mut self, sql: Sql, values: &[Value], make: impl Fn(&Row<'_>) -> Result<T, Error>) -> Result<Option<T>, Error> {
        let mut out = None;
        self.each(sql, values, |row| {
            if out.is_none() {
                out = Some(make(row)?);
            }
            Ok(())
        })?;
        Ok(out)
    }

    /// The first row of a query that always has one.
    pub(crate) fn one<T>(&mut self, sql: Sql, values: &[Value], make: impl Fn(&Row<'_>) -> Result<T, Error>) -> Result<T, Error> {
        self.first(sql, values, make)?.ok_or(Error::Missing { statement: sql.name })
    }

    /// Hands every row of a query to `take` while it streams in; stops at the first error.
    pub(crate) fn each(&mut self, sql: Sql, values: &[Value], mut take: impl FnMut(&Row<'_>) -> Result<(), Error>) -> Result<(), Error> {
        self.each_while(sql, values, |row| take(row).map(|()| true))
    }

    /// Hands rows to `take` while it says `true`; stops at the first error too.
    pub(crate) fn each_while(
        &mut self,
        sql: Sql,
        values: &[Value],
        mut take: impl FnMut(&Row<'_>) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let mut outcome = Ok(true);
        let read = match &mut self.link {
            Link::Sqlite(connection) => each_sqlite(connection, sql, values, |row| {
                outcome = take(&Row { sql, cells: Cells::Sqlite(row) });
                matches!(outcome, Ok(true))
            }),
            Link::Postgres { client, prepared } => each_postgres(client, prepared, sql, values, |row| {
                outcome = take(&Row { sql, cells: Cells::Postgres(row) });
                matches!(outcome, Ok(true))
            }),
        };
        self.note(read)?;
        outcome.map(drop)
    }

    /// Runs a statement that gives no rows; returns how many rows it changed.
    pub(crate) fn run(&mut self, sql: Sql, values: &[Value]) -> Result<u64, Error> {
        let done = match &mut self.link {
            Link::Sqlite(connection) => run_sqlite(connection, sql, values),
            Link::Postgres { client, prepared } => run_postgres(client, prepared, sql, values),
        };
        self.note(done)
    }

    /// Several statements without parameters, as migrations and transactions need them.
    pub(crate) fn batch(&mut self, text: &str) -> Result<(), String> {
        match &mut self.link {
            Link::Sqlite(connection) => connection.execute_batch(text).map_err(|e| e.to_string()),
            Link::Postgres { client, .. } => client.batch_execute(text).map_err(|e| postgres_cause(&e)),
        }
    }

    /// The first number that a pragma of SQLite answers with; PostgreSQL has none.
    pub(crate) fn pragma_number(&mut self, pragma: &str) -> Result<i64, String> {
        match &mut self.link {
            Link::Sqlite(connection) => connection.query_row(&format!("pragma {pragma}"), [], |row| row.get(0)).map_err(|e| e.to_string()),
            Link::Postgres { .. } => Err("PostgreSQL has no pragmas".to_owned()),
        }
    }

    /// Moves between savepoints, many times a second: as [`Conn::batch`], but SQLite reads each statement once only.
    pub(crate) fn savepoint(&mut self, text: &'static str) -> Result<(), String> {
        match &mut self.link {
            Link::Sqlite(connection) => text.split("; ").try_for_each(|statement| {
                connection.prepare_cached(statement).and_then(|mut s| s.raw_execute()).map(drop).map_err(|e| e.to_string())
            }),
            Link::Postgres { .. } => self.batch(text),
        }
    }

    /// Has the engine read the statement without running it.
    #[cfg(test)]
    pub(crate) fn prepare(&mut self, sql: Sql) -> Result<(), Error> {
        match &mut self.link {
            Link::Sqlite(connection) => connection.prepare(sql.text).map(drop).map_err(|e| sqlite_error(sql, e)),
            Link::Postgres { client, .. } => client.prepare(sql.text).map(drop).map_err(|e| postgres_error(sql, &e)),
        }
    }

    /// Whether the connection is gone for good.
    pub(crate) fn is_lost(&self) -> bool {
        match &self.link {
            Link::Sqlite(_) => false,
            Link::Postgres { client, .. } => client.is_closed(),
        }
    }

    /// Why the running transaction cannot count; asking forgets it.
    pub(crate) fn take_failure(&mut self) -> Option<String> {
        self.failed.take()
    }

    fn note<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &result {
            self.failed.get_or_insert_with(|| error.to_string());
        }
        result
    }
}

fn sqlite_error(sql: Sql, error: rusqlite::Error) -> Error {
    let cause = error.to_string();
    match error.sqlite_error().map(|e| e.extended_code) {
        Some(ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => Error::Duplicate { statement: sql.name, cause },
        _ => Error::Statement { statement: sql.name, cause },
    }
}

/// PostgreSQL's own words: the driver's text alone says only "db error".
pub(crate) fn postgres_cause(error: &postgres::Error) -> String {
    if let Some(db) = error.as_db_error() {
        return match db.detail() {
            Some(detail) => format!("{} ({detail})", db.message()),
            None => db.message().to_owned(),
        };
    }
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn postgres_error(sql: Sql, error: &postgres::Error) -> Error {
    let cause = postgres_cause(error);
    if error.code() == Some(&SqlState::UNIQUE_VIOLATION) {
        Error::Duplicate { statement: sql.name, cause }
    } else {
        Error::Statement { statement: sql.name, cause }
    }
}

fn wrong_count(sql: Sql, wanted: usize, given: usize) -> Error {
    Error::Statement { statement: sql.name, cause: format!("it has {wanted} parameters and was given {given}") }
}

/// SQLite takes `$1` for a name and counts parameters by first appearance: bind each by the number in its name.
fn bind<'c>(connection: &'c rusqlite::Connection, sql: Sql, values: &[Value]) -> Result<rusqlite::CachedStatement<'c>, Error> {
    let mut statement = connection.prepare_cached(sql.text).map_err(|e| sqlite_error(sql, e))?;
    let count = statement.parameter_count();
    if count != values.len() {
        return Err(wrong_count(sql, count, values.len()));
    }
    for index in 1..=count {
        let number = statement.parameter_name(index).and_then(|name| name.strip_prefix('$')).and_then(|n| n.parse::<usize>().ok());
        let value = number.and_then(|n| values.get(n.checked_sub(1)?)).ok_or_else(|| wrong_count(sql, count, values.len()))?;
        statement.raw_bind_parameter(index, value).map_err(|e| sqlite_error(sql, e))?;
    }
    Ok(statement)
}

fn each_sqlite(
    connection: &rusqlite::Connection,
    sql: Sql,
    values: &[Value],
    mut take: impl FnMut(&rusqlite::Row<'_>) -> bool,
) -> Result<(), Error> {
    let mut statement = bind(connection, sql, values)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(|e| sqlite_error(sql, e))? {
        if !take(row) {
            break;
        }
    }
    Ok(())
}

fn run_sqlite(connection: &rusqlite::Connection, sql: Sql, values: &[Value]) -> Result<u64, Error> {
    let changed = bind(connection, sql, values)?.raw_execute().map_err(|e| sqlite_error(sql, e))?;
    Ok(changed as u64)
}

fn prepared(
    client: &mut postgres::Client,
    prepared: &mut HashMap<&'static str, postgres::Statement>,
    sql: Sql,
    values: &[Value],
) -> Result<postgres::Statement, Error> {
    let statement = match prepared.get(sql.text) {
        Some(statement) => statement.clone(),
        None => {
            let statement = client.prepare(sql.text).map_err(|e| postgres_error(sql, &e))?;
            prepared.insert(sql.text, statement.clone());
            statement
        }
    };
    let count = statement.params().len();
    if count == values.len() { Ok(statement) } else { Err(wrong_count(sql, count, values.len())) }
}

fn each_postgres(
    client: &mut postgres::Client,
    cache: &mut HashMap<&'static str, postgres::Statement>,
    sql: Sql,
    values: &[Value],
    mut take: impl FnMut(&postgres::Row) -> bool,
) -> Result<(), Error> {
    let statement = prepared(client, cache, sql, values)?;
    let mut rows = client.query_raw(&statement, values.iter().map(|v| v as &(dyn ToSql + Sync))).map_err(|e| postgres_error(sql, &e))?;
    while let Some(row) = rows.next().map_err(|e| postgres_error(sql, &e))? {
        if !take(&row) {
            break;
        }
    }
    Ok(())
}

fn run_postgres(
    client: &mut postgres::Client,
    cache: &mut HashMap<&'static str, postgres::Statement>,
    sql: Sql,
    values: &[Value],
) -> Result<u64, Error> {
    let statement = prepared(client, cache, sql, values)?;
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|v| v as &(dyn ToSql + Sync)).collect();
    client.execute(&statement, &values).map_err(|e| postgres_error(sql, &e))
}
