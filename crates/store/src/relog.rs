//! What an earlier run left in SQLite's log is written to the disk once more before anything is built upon it.
//!
//! When a sync fails, Linux shows the bytes all the same and never tries to write them again. A run that is
//! killed at that moment leaves a log whose end only the memory of the machine knows. The next run would read
//! it, append to it, be told that its own syncs worked, and lose all of it in a power cut, because a log counts
//! up to its first hole.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::engine::Conn;
use crate::error::Error;

/// What is written at once, in bytes.
const PIECE: usize = 1 << 20;

/// Writes the log of the database file anew, byte for byte, and syncs it.
pub(crate) fn write_anew(database: &Path, conn: &mut Conn) -> Result<(), Error> {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    let log = PathBuf::from(log);
    // Nobody appends meanwhile, in no program.
    conn.batch("begin immediate").map_err(|cause| Error::NotCommitted { cause })?;
    let done = rewrite(&log);
    conn.batch("rollback").map_err(|cause| Error::NotCommitted { cause })?;
    done.map_err(|cause| Error::File { path: log, cause })
}

fn rewrite(log: &Path) -> io::Result<()> {
    let file = match File::options().read(true).write(true).open(log) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    let mut piece = vec![0; PIECE];
    let mut at = 0;
    loop {
        let n = match file.read_at(&mut piece, at) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        file.write_all_at(&piece[..n], at)?;
        at += n as u64;
    }
    if at > 0 {
        file.sync_all()?;
    }
    Ok(())
}
