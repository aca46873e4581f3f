//! Files of keys, for their owner only: after a power cut each is the old one or the new one, and never half of one.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::keys::beside;
use crate::Error;

fn broken<'a>(path: &'a Path, what: &'static str) -> impl Fn(io::Error) -> Error + 'a {
    move |e| Error::Broken(format!("cannot {what} {}: {e}", path.display()))
}

/// Puts the text into the place of what is there.
pub fn replace(path: &Path, text: &str) -> Result<(), Error> {
    write(path, text, |aside| fs::rename(aside, path)).map_err(broken(path, "write"))
}

/// Puts the text there unless something is there already.
pub fn make(path: &Path, text: &str) -> Result<(), Error> {
    let done = write(path, text, |aside| {
        let linked = fs::hard_link(aside, path);
        fs::remove_file(aside)?;
        linked
    });
    match done {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map_err(broken(path, "write")),
    }
}

fn write(path: &Path, text: &str, name: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    // Two processes that start at once write two files.
    let aside = beside(path, &format!(".part-{}", std::process::id()));
    let _ = fs::remove_file(&aside);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    name(&aside)?;
    match path.parent() {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
