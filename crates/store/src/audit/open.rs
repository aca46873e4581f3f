//! Opens an SQLite file so that nothing is changed, and nothing is left beside it.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;

use crate::error::Error;

/// A file that nobody had open, and how it was then.
pub struct Untouched {
    path: PathBuf,
    was: Option<(u64, SystemTime)>,
    log: bool,
}

impl Untouched {
    fn new(path: &Path) -> Untouched {
        Untouched { path: path.to_owned(), was: state(path), log: beside(path, "-wal").exists() }
    }

    pub fn was_touched(&self) -> bool {
        let now = Untouched::new(&self.path);
        (now.was, now.log) != (self.was, self.log)
    }
}

fn state(path: &Path) -> Option<(u64, SystemTime)> {
    let about = path.metadata().ok()?;
    Some((about.len(), about.modified().ok()?))
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Opens a file in a moment that stays.
///
/// - Without a log nobody has it open, and the file alone is the database.
/// - With a log and its index some program may have it open: we read beside it, as any reader does.
/// - With a log alone nobody has it open. SQLite would make the index anew beside it; told that it is alone, it keeps the index
///   in memory. The log is read, and not brought into the file.
pub fn unchanged(path: &Path) -> Result<(rusqlite::Connection, Option<Untouched>), Error> {
    let unreachable = |cause: String| Error::Unreachable { place: path.display().to_string(), cause };
    if !path.is_file() {
        return Err(unreachable("there is no such file".to_owned()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let untouched = Untouched::new(path);
    let (opened, alone) = match (untouched.log, beside(path, "-shm").exists()) {
        (false, _) => (rusqlite::Connection::open_with_flags(address(path)?, flags | OpenFlags::SQLITE_OPEN_URI), Some(untouched)),
        (true, true) => (rusqlite::Connection::open_with_flags(path, flags), None),
        (true, false) => (rusqlite::Connection::open_with_flags_and_vfs(path, flags, "unix-none"), Some(untouched)),
    };
    let prepared = opened.and_then(|connection| {
        if alone.as_ref().is_some_and(|alone| alone.log) {
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            connection.pragma_update(None, "locking_mode", "exclusive")?;
        }
        connection.busy_timeout(crate::connect::PATIENCE)?;
        connection.execute_batch("pragma trusted_schema = off; pragma cell_size_check = on; pragma cache_size = -32000; pragma temp_store = memory; begin deferred")?;
        Ok(connection)
    });
    Ok((prepared.map_err(|e| unreachable(e.to_string()))?, alone))
}

/// The file as an address that says: it does not change, look for nothing beside it.
fn address(path: &Path) -> Result<String, Error> {
    let path = std::path::absolute(path).map_err(|cause| Error::File { path: path.to_owned(), cause })?;
    let mut out = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => out.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(*byte)),
            byte => out.push_str(&format!("%{byte:02x}")),
        }
    }
    Ok(out + "?mode=ro&immutable=1")
}

/// What SQLite says of the file's pages and of each index beside its table; nothing where all is well.
pub fn pages(connection: &rusqlite::Connection) -> Vec<String> {
    let said = connection.prepare("pragma integrity_check(20)").and_then(|mut statement| {
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.collect::<Result<Vec<_>, _>>()
    });
    match said {
        Ok(said) => said.into_iter().filter(|line| line != "ok").collect(),
        Err(error) => vec![error.to_string()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_path_becomes_an_address() {
        assert_eq!(address(Path::new("/a b/明?#%.db")).unwrap(), "file:/a%20b/%e6%98%8e%3f%23%25.db?mode=ro&immutable=1");
    }
}
