//! The schema of a database beside the one that this program makes: what is missing, what was added, what was altered.

mod postgres;
mod sqlite;

use std::collections::BTreeMap;

use super::{Finding, Odd};
use crate::engine::{Conn, Engine};
use crate::error::Error;
use crate::migrate;

#[cfg(test)]
pub(crate) const ENGINE_STATEMENTS: &[(Engine, &[crate::engine::Sql])] =
    &[(Engine::Sqlite, sqlite::STATEMENTS), (Engine::Postgres, postgres::STATEMENTS)];

/// Parts of a schema by name, each with a text that says how it is.
type Parts = BTreeMap<String, String>;

/// Whether the database belongs to another version of this program.
pub(super) fn version(conn: &mut Conn) -> Result<Option<Finding>, Error> {
    let (found, known) = (migrate::version(conn)?, migrate::known());
    Ok(match found.cmp(&known) {
        std::cmp::Ordering::Less => Some(Finding::Older { found, known }),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(Finding::Newer { found, known }),
    })
}

/// Compares the schema with that of `made`, which this program has just made on SQLite.
pub(super) fn compare(conn: &mut Conn, made: &mut Conn) -> Result<Vec<Finding>, Error> {
    let (kept, wanted) = match conn.engine() {
        Engine::Sqlite => (sqlite::parts(conn)?, sqlite::parts(made)?),
        Engine::Postgres => (postgres::parts(conn)?, postgres::wanted(made)?),
    };
    Ok(differences(&kept, &wanted))
}

fn differences(kept: &Parts, wanted: &Parts) -> Vec<Finding> {
    let found = |what: &String, odd| Finding::Schema { what: what.clone(), odd };
    let missing = wanted.keys().filter(|what| !kept.contains_key(*what)).map(|what| found(what, Odd::Missing));
    let other = kept.iter().filter_map(|(what, how)| match wanted.get(what) {
        None => Some(found(what, Odd::Added)),
        Some(wanted) if wanted != how => Some(found(what, Odd::Altered)),
        Some(_) => None,
    });
    missing.chain(other).collect()
}
