//! Small files of the installation that must never be half-written: keys and the lock of the epoch.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::Error;

fn broken<'a>(path: &'a Path, what: &'static str) -> impl Fn(std::io::Error) -> Error + 'a {
    move |e| Error::Broken(format!("cannot {what} {}: {e}", path.display()))
}

/// The content of a file; nothing where there is no such file.
pub fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(broken(path, "read")(e)),
    }
}

/// Makes a folder that only its owner opens.
pub fn folder(path: &Path) -> Result<(), Error> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(broken(path, "make the folder"))
}

/// Replaces a file as a whole, for its owner only: after a power cut it is the old one or the new one.
pub fn replace(path: &Path, text: &str) -> Result<(), Error> {
    let aside = path.with_extension("new");
    let _ = fs::remove_file(&aside);
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&aside, path)?;
        match path.parent() {
            Some(folder) => fs::File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    };
    write().map_err(broken(path, "write"))
}

/// Removes a file that may be gone already.
pub fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(broken(path, "remove")(e)),
        _ => Ok(()),
    }
}
