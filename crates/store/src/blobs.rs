//! Evidence files by the SHA-256 of their content: a directory `ab/cd/abcd…`, written once, never changed.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rules::id::Digest;
use sha2::{Digest as _, Sha256};

use crate::error::Error;

/// A directory of files.
#[derive(Debug, Clone)]
pub struct Blobs {
    root: PathBuf,
}

/// What was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |cause| Error::File { path, cause }
}

impl Blobs {
    /// Uses the directory, and makes it when it is not there.
    pub fn open(root: impl Into<PathBuf>) -> Result<Blobs, Error> {
        let root = root.into();
        let incoming = root.join("incoming");
        fs::create_dir_all(&incoming).map_err(at(&incoming))?;
        Ok(Blobs { root })
    }

    fn path(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.root.join(&name[..2]).join(&name[2..4]).join(&name)
    }

    /// Reads `content` to its end and keeps it; durable when this returns. More than `limit` bytes are refused.
    ///
    /// Content that is already here is stored once.
    pub fn put(&self, mut content: impl Read, limit: u64) -> Result<Stored, Error> {
        let incoming = self.root.join("incoming");
        // Removed by itself on every way out but `persist`.
        let mut file = tempfile::NamedTempFile::new_in(&incoming).map_err(at(&incoming))?;
        let mut hasher = Sha256::new();
        let mut size = 0_u64;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let n = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(at(file.path())(e)),
            };
            size += n as u64;
            if size > limit {
                return Err(Error::TooLarge { limit });
            }
            hasher.update(&buffer[..n]);
            file.write_all(&buffer[..n]).map_err(at(file.path()))?;
        }
        let digest = Digest(hasher.finalize().into());
        if !self.has(digest)? {
            file.as_file().sync_all().map_err(at(file.path()))?;
            let path = self.path(digest);
            self.make_parents(&path)?;
            file.persist(&path).map_err(|e| at(&path)(e.error))?;
            sync_directory(path.parent().unwrap_or(&self.root))?;
        }
        Ok(Stored { digest, size })
    }

    /// Makes `ab/cd` and sees to it that both names survive a power cut.
    fn make_parents(&self, path: &Path) -> Result<(), Error> {
        let Some(inner) = path.parent() else { return Ok(()) };
        if !inner.exists() {
            fs::create_dir_all(inner).map_err(at(inner))?;
            sync_directory(inner.parent().unwrap_or(&self.root))?;
            sync_directory(&self.root)?;
        }
        Ok(())
    }

    /// Whether the content is here.
    pub fn has(&self, digest: Digest) -> Result<bool, Error> {
        let path = self.path(digest);
        path.try_exists().map_err(at(&path))
    }

    /// The size in bytes; `None` when it is not here.
    pub fn size(&self, digest: Digest) -> Result<Option<u64>, Error> {
        let path = self.path(digest);
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(at(&path)(e)),
        }
    }

    /// The content as a stream that may be sought in; not hashed again: see [`Blobs::check`].
    pub fn get(&self, digest: Digest) -> Result<File, Error> {
        let path = self.path(digest);
        match File::open(&path) {
            Ok(file) => Ok(file),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(Error::NoBlob { digest }),
            Err(e) => Err(at(&path)(e)),
        }
    }

    /// Hashes the content again; [`Error::AlteredBlob`] when it is no longer what was stored.
    pub fn check(&self, digest: Digest) -> Result<(), Error> {
        let mut file = self.get(digest)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match file.read(&mut buffer).map_err(at(&self.path(digest)))? {
                0 => break,
                n => hasher.update(&buffer[..n]),
            }
        }
        if Digest(hasher.finalize().into()) == digest { Ok(()) } else { Err(Error::AlteredBlob { digest }) }
    }
}

/// A new name in a directory is durable only when the directory is.
fn sync_directory(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(at(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(path: &Path) -> usize {
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
    }

    #[test]
    fn content_is_found_by_its_digest_and_kept_once() {
        let directory = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(directory.path().join("blobs")).unwrap();
        let content = vec![7; 200_000];
        let stored = blobs.put(&content[..], 200_000).unwrap();
        assert_eq!(stored.size, 200_000);
        assert_eq!(blobs.put(&content[..], 200_000).unwrap(), stored);
        assert_eq!(files(directory.path()), 1);
        let mut back = Vec::new();
        blobs.get(stored.digest).unwrap().read_to_end(&mut back).unwrap();
        assert_eq!(back, content);
        assert_eq!(blobs.size(stored.digest).unwrap(), Some(200_000));
        let empty = blobs.put(io::empty(), 0).unwrap();
        assert_eq!(empty.digest.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        blobs.check(empty.digest).unwrap();
    }

    #[test]
    fn what_is_too_large_or_breaks_off_leaves_nothing() {
        struct Broken(usize);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                if self.0 > 3 { Err(io::Error::other("the sender went away")) } else { Ok(buffer.len()) }
            }
        }
        let directory = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(directory.path()).unwrap();
        assert!(matches!(blobs.put(&[0; 101][..], 100), Err(Error::TooLarge { limit: 100 })));
        assert!(matches!(blobs.put(Broken(0), u64::MAX), Err(Error::File { .. })));
        assert_eq!(files(directory.path()), 0);
    }

    #[test]
    fn altered_and_missing_content_is_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(directory.path()).unwrap();
        let digest = blobs.put(&b"evidence"[..], 100).unwrap().digest;
        blobs.check(digest).unwrap();
        fs::write(blobs.path(digest), b"Evidence").unwrap();
        assert!(matches!(blobs.check(digest), Err(Error::AlteredBlob { .. })));
        fs::remove_file(blobs.path(digest)).unwrap();
        assert!(matches!(blobs.check(digest), Err(Error::NoBlob { .. })));
        assert!(matches!(blobs.get(digest), Err(Error::NoBlob { .. })));
        assert!(!blobs.has(digest).unwrap());
    }
}
