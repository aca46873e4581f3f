//! Files in a directory: written once under another name, made durable, then named.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rules::id::Digest;

use crate::error::Error;

/// A directory of files. Encrypted ones lie in `sealed/ab/abcd…`, those of earlier versions in `ab/cd/abcd…`.
#[derive(Debug, Clone)]
pub struct Directory {
    root: PathBuf,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |cause| Error::File { path, cause }
}

fn absent<T>(path: &Path, result: io::Result<T>) -> Result<Option<T>, Error> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(at(path)(e)),
    }
}

impl Directory {
    /// Uses the directory, and makes it when it is not there.
    pub fn open(root: PathBuf) -> Result<Directory, Error> {
        let incoming = root.join("incoming");
        fs::create_dir_all(&incoming).map_err(at(&incoming))?;
        Ok(Directory { root })
    }

    pub fn told(&self) -> String {
        self.root.display().to_string()
    }

    /// A file without a name yet; it goes when it is dropped.
    pub fn incoming(&self) -> Result<tempfile::NamedTempFile, Error> {
        let incoming = self.root.join("incoming");
        tempfile::NamedTempFile::new_in(&incoming).map_err(at(&incoming))
    }

    /// Fails when the directory is gone or takes no files.
    pub fn probe(&self) -> Result<(), Error> {
        self.incoming().map(drop)
    }

    fn sealed(&self, name: &str) -> PathBuf {
        self.root.join("sealed").join(&name[..2]).join(name)
    }

    /// Gives a file its name, in the place of another of that name; durable when this returns.
    pub fn keep(&self, file: tempfile::NamedTempFile, name: &str) -> Result<(), Error> {
        file.as_file().sync_all().map_err(at(file.path()))?;
        let path = self.sealed(name);
        self.make_parents(&path)?;
        file.persist(&path).map_err(|e| at(&path)(e.error))?;
        sync_directory(path.parent().unwrap_or(&self.root))
    }

    /// Makes `sealed/ab` and sees to it that both names survive a power cut.
    fn make_parents(&self, path: &Path) -> Result<(), Error> {
        let Some(inner) = path.parent() else { return Ok(()) };
        if !inner.exists() {
            fs::create_dir_all(inner).map_err(at(inner))?;
            sync_directory(inner.parent().unwrap_or(&self.root))?;
            sync_directory(&self.root)?;
        }
        Ok(())
    }

    pub fn open_sealed(&self, name: &str) -> Result<Option<File>, Error> {
        let path = self.sealed(name);
        let found = absent(&path, File::open(&path))?;
        // A directory that is gone as a whole has lost every file; one that is not there never was.
        if found.is_none() && !self.root.is_dir() {
            return Err(Error::File { path: self.root.clone(), cause: io::ErrorKind::NotFound.into() });
        }
        Ok(found)
    }

    pub fn size(&self, name: &str) -> Result<Option<u64>, Error> {
        let path = self.sealed(name);
        absent(&path, fs::metadata(&path)).map(|found| found.map(|m| m.len()))
    }

    pub fn remove(&self, name: &str) -> Result<bool, Error> {
        remove(&self.sealed(name))
    }

    fn plain(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.root.join(&name[..2]).join(&name[2..4]).join(&name)
    }

    pub fn open_plain(&self, digest: Digest) -> Result<Option<File>, Error> {
        let path = self.plain(digest);
        absent(&path, File::open(&path))
    }

    pub fn has_plain(&self, digest: Digest) -> Result<bool, Error> {
        let path = self.plain(digest);
        path.try_exists().map_err(at(&path))
    }

    pub fn remove_plain(&self, digest: Digest) -> Result<bool, Error> {
        remove(&self.plain(digest))
    }
}

fn remove(path: &Path) -> Result<bool, Error> {
    let found = absent(path, fs::remove_file(path))?;
    if found.is_some() {
        path.parent().map_or(Ok(()), sync_directory)?;
    }
    Ok(found.is_some())
}

/// A new name in a directory is durable only when the directory is.
fn sync_directory(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(at(path))
}
