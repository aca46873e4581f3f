//! After an erasure: the freed space is written over, and words that must be gone are looked for everywhere.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::connect::Use;
use crate::engine::{Conn, Engine, Sql, statements};
use crate::error::Error;
use crate::rebuild;
use crate::store::Store;

statements! {
    PAYLOADS = "select pos, payload from ledger_payload order by pos";
    LINES = "select actor, session, address, subject, tenant from ledger_line";
    SECRETS = "select owner, kind, value from secret";
    COUNT_PAYLOADS = "select count(*) from ledger_payload";
}

/// The tables that an erasure takes from.
const TOUCHED: [&str; 28] = [
    "ledger_payload",
    "claim_confirmation",
    "claim_withdrawal",
    "claim",
    "verdict_approval",
    "verdict",
    "answer_review",
    "improvement_answer",
    "answer",
    "message",
    "note",
    "work",
    "assignment",
    "round",
    "decision",
    "certificate",
    "evaluation",
    "evidence_filing",
    "evidence",
    "search_doc",
    "file_words",
    "person",
    "invitation",
    "request",
    "alert",
    "mail",
    "factor",
    "secret",
];

/// A ledger of so many payloads is still written anew on PostgreSQL; with a longer one everybody would wait too long.
const WRITTEN_ANEW: u64 = 1_000_000;

/// How the freed space was dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scoured {
    /// SQLite: the whole file was written anew, and its log cut to nothing.
    File,
    /// SQLite: as `File`, but somebody was reading, so that the log still holds old pages. Try again.
    LogKept,
    /// PostgreSQL: these tables were written anew; in those, freed space is left for reuse (the table is too large).
    Tables { anew: Vec<&'static str>, left: Vec<&'static str> },
}

/// Writes over the space that erased rows have freed. On a connection of its own, outside any transaction.
///
/// Others wait meanwhile: on SQLite whoever writes, on PostgreSQL whoever uses the table.
pub fn scour(store: &Store) -> Result<Scoured, Error> {
    let mut conn = store.location().connect(Use::Write)?;
    let failed = |cause| Error::NotCommitted { cause };
    match conn.engine() {
        Engine::Sqlite => {
            conn.batch("pragma temp_store = file; vacuum").map_err(failed)?;
            // The answer says whether a reader kept it from being cut: busy, pages in the log, pages moved.
            let busy = conn.pragma_number("wal_checkpoint(truncate)").map_err(failed)?;
            Ok(if busy == 0 { Scoured::File } else { Scoured::LogKept })
        }
        Engine::Postgres => {
            let payloads: u64 = conn.one(COUNT_PAYLOADS, &[], |row| row.get(0))?;
            let (mut anew, mut left) = (vec![], vec![]);
            for table in TOUCHED {
                if table != "ledger_payload" || payloads <= WRITTEN_ANEW {
                    conn.batch(&format!("vacuum (full) {table}")).map_err(failed)?;
                    anew.push(table);
                } else {
                    conn.batch(&format!("vacuum {table}")).map_err(failed)?;
                    left.push(table);
                }
            }
            Ok(Scoured::Tables { anew, left })
        }
    }
}

/// What was read of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// How many rows.
    pub read: u64,
    /// The tables in which one of the words stands, with how many rows.
    pub found: Vec<(String, u64)>,
}

/// Looks for words in every row of every table, ledger and secrets included.
pub fn find_in_tables(conn: &mut Conn, words: &[String]) -> Result<Looked, Error> {
    let mut looked = Looked { read: 0, found: vec![] };
    let own: [(&str, Sql); 3] = [("ledger_payload", PAYLOADS), ("ledger_line", LINES), ("secret", SECRETS)];
    for (table, sql) in own.into_iter().chain(rebuild::dumps().iter().copied()) {
        let mut found = 0;
        conn.each(sql, &[], |row| {
            let text = row.told()?;
            looked.read += 1;
            found += u64::from(words.iter().any(|word| text.contains(word.as_str())));
            Ok(())
        })?;
        if found > 0 {
            looked.found.push((table.to_owned(), found));
        }
    }
    Ok(looked)
}

/// What was read of the database's own files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesLooked {
    /// In bytes.
    pub read: u64,
    /// The words that stand there.
    pub found: Vec<String>,
}

/// Looks for words in the bytes of the database file and of its log; `None` on PostgreSQL, whose files are not ours.
pub fn find_in_files(store: &Store, words: &[String]) -> Result<Option<FilesLooked>, Error> {
    let Some(path) = store.location().path() else { return Ok(None) };
    let mut looked = FilesLooked { read: 0, found: vec![] };
    for ending in ["", "-wal", "-journal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        if let Some((read, found)) = find_in_file(Path::new(&name), words)? {
            looked.read += read;
            looked.found.extend(found.into_iter().filter(|w| !looked.found.contains(w)).collect::<Vec<_>>());
        }
    }
    Ok(Some(looked))
}

/// Looks for words in the bytes of a file, whatever its format; `None` when the file is not there.
/// Returns how many bytes were read, and which of the words stand there.
pub fn find_in_file(path: &Path, words: &[String]) -> Result<Option<(u64, Vec<String>)>, Error> {
    let failed = |cause| Error::File { path: path.to_owned(), cause };
    let mut file = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed)?,
    };
    let longest = words.iter().map(String::len).max().unwrap_or(0);
    let mut found: Vec<String> = vec![];
    let mut buffer = vec![0_u8; 1 << 20];
    // What is carried over is one byte shorter than the longest word: no place is missed, and none is counted twice.
    let (mut carried, mut read) = (0, 0_u64);
    loop {
        let free = buffer.get_mut(carried..).unwrap_or_default();
        let n = match file.read(free) {
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(failed(e)),
        };
        if n == 0 {
            return Ok(Some((read, found)));
        }
        read += n as u64;
        let filled = buffer.get(..carried + n).unwrap_or_default();
        for word in words {
            if !found.contains(word) && memchr::memmem::find(filled, word.as_bytes()).is_some() {
                found.push(word.clone());
            }
        }
        let keep = longest.saturating_sub(1).min(carried + n);
        buffer.copy_within(carried + n - keep..carried + n, 0);
        carried = keep;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_wherever_it_lies_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let words = ["カナリア".to_owned(), "nobody".to_owned()];
        for at in [0, 1, 5000, (1 << 20) - 3, (1 << 20) + 7, (2 << 20) - 12] {
            let mut bytes = vec![b'.'; 3 << 20];
            bytes[at..at + 12].copy_from_slice("カナリア".as_bytes());
            std::fs::write(&path, &bytes).unwrap();
            let (read, found) = find_in_file(&path, &words).unwrap().unwrap();
            assert_eq!((read, found), (3 << 20, vec!["カナリア".to_owned()]), "at {at}");
        }
        assert_eq!(find_in_file(&folder.path().join("y"), &words).unwrap(), None);
    }
}
