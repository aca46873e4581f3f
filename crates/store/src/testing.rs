//! Fresh databases for tests, on both engines: `for store in testing::both_engines() { … }`.

pub mod moto;

use std::hash::{BuildHasher, Hasher};
use std::ops::Deref;

use crate::connect::Location;
use crate::engine::{Engine, postgres_cause};
use crate::migrate::migrate;
use crate::store::Store;

/// The PostgreSQL server that tests use; anybody on this machine may connect.
const SERVER: &str = "postgres://postgres@127.0.0.1:5432";

/// A store that is gone when it is dropped.
pub struct Scratch {
    store: Option<Store>,
    location: Location,
    directory: tempfile::TempDir,
    /// The PostgreSQL database to drop.
    database: Option<String>,
}

impl Scratch {
    /// A fresh SQLite file.
    pub fn sqlite() -> Scratch {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let location = Location::file(directory.path().join("akashi.db"));
        Scratch { store: Some(Store::open(&location, 4).expect("a fresh SQLite store")), location, directory, database: None }
    }

    /// A fresh database on the PostgreSQL server. `None`, said loudly, when there is none; a failure when `CI` is set.
    pub fn postgres() -> Option<Scratch> {
        let mut client = match postgres::Client::connect(&format!("{SERVER}/postgres"), postgres::NoTls) {
            Ok(client) => client,
            Err(error) => {
                let cause = postgres_cause(&error);
                assert!(std::env::var_os("CI").is_none(), "PostgreSQL at {SERVER} is needed for these tests: {cause}");
                eprintln!("\n!!! NOT TESTED ON POSTGRESQL: no server at {SERVER}: {cause} !!!\n");
                return None;
            }
        };
        let random = std::hash::RandomState::new().build_hasher().finish();
        let database = format!("akashi_test_{random:016x}");
        client.batch_execute(&format!("create database {database}")).expect("a fresh PostgreSQL database");
        let location = Location::parse(&format!("{SERVER}/{database}")).expect("a usable address");
        let store = Some(Store::open(&location, 4).expect("a fresh PostgreSQL store"));
        let directory = tempfile::tempdir().expect("a temporary directory");
        Some(Scratch { store, location, directory, database: Some(database) })
    }

    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The address a program is given to use this database; nothing for SQLite.
    pub fn address(&self) -> Option<String> {
        self.database.as_ref().map(|name| format!("{SERVER}/{name}"))
    }

    /// The PostgreSQL tables in whose own files a word stands; nothing on SQLite, or where the server does not let us read.
    pub fn raw_tables_with(&self, word: &str) -> Option<Vec<String>> {
        let mut client = postgres::Client::connect(&self.address()?, postgres::NoTls).ok()?;
        // What is in the server's memory only is written to its files first.
        client.batch_execute("checkpoint").ok()?;
        let files = "select relname::text from pg_class where relkind in ('r', 't', 'm') and pg_relation_filepath(oid) is not null
            and position($1::bytea in pg_read_binary_file(pg_relation_filepath(oid), 0, 1 << 28, true)) > 0 order by 1";
        let rows = client.query(files, &[&word.as_bytes()]).ok()?;
        Some(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Runs statements beside every rule, to break what a test checks.
    pub fn raw(&self, text: &str) {
        let done: Result<(), crate::Error> = self.write(|tx| tx.batch(text).map_err(|cause| crate::Error::NotCommitted { cause }));
        done.unwrap_or_else(|e| panic!("{text}: {e}"));
    }

    /// A directory that goes with the store, for blobs.
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// Closes the store and opens it again, as a restart does.
    pub fn reopen(&mut self) -> Result<(), crate::Error> {
        self.store = None;
        self.store = Some(Store::open(&self.location, 4)?);
        Ok(())
    }
}

impl Deref for Scratch {
    type Target = Store;
    fn deref(&self) -> &Store {
        self.store.as_ref().expect("an open store")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.store = None;
        if let Some(database) = &self.database
            && let Ok(mut client) = postgres::Client::connect(&format!("{SERVER}/postgres"), postgres::NoTls)
        {
            let _ = client.batch_execute(&format!("drop database if exists {database} with (force)"));
        }
    }
}

/// Opens a store whose write connection is set up otherwise than it should be, to see what that costs.
pub fn opened_with(location: &Location, settings: &str) -> Result<Store, crate::Error> {
    let mut conn = location.first()?;
    migrate(&mut conn)?;
    conn.batch(settings).map_err(|cause| crate::Error::NotCommitted { cause })?;
    Ok(Store::with(location, conn, 4))
}

/// A fresh store on SQLite and, where it runs, one on PostgreSQL.
pub fn both_engines() -> Vec<Scratch> {
    let stores: Vec<Scratch> = [Some(Scratch::sqlite()), Scratch::postgres()].into_iter().flatten().collect();
    assert_eq!(stores[0].engine(), Engine::Sqlite);
    stores
}
