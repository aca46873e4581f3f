//! Evidence files by the SHA-256 of their content, each encrypted for the organisation whose it is.
//!
//! A stored file is one of the format age-encryption.org/v1 with one X25519 recipient, so that any program that knows
//! the format opens it with the organisation's key. Its name is an HMAC of the digest under a key of the organisation:
//! who sees the names learns neither what a file holds nor that two organisations hold the same.

mod directory;
mod keys;
mod place;
mod reader;
mod s3;

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use age::stream::StreamWriter;
use rules::id::Digest;
use sha2::{Digest as _, Sha256};

pub use keys::FileKeys;
pub use place::{EvidencePlace, S3Keys};
pub use reader::BlobReader;

use crate::error::Error;
use directory::Directory;
use place::{Opened, Place};

/// What is read at once.
const BUFFER: usize = 256 * 1024;

/// The files of all organisations.
#[derive(Clone)]
pub struct Blobs {
    place: Place,
    /// Where a file is encrypted before it gets its name, and where files of earlier versions lie in plain.
    here: Directory,
}

/// What was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub digest: Digest,
    /// Bytes of the content.
    pub size: u64,
}

/// A file as it lies there, encrypted.
pub struct Lying {
    /// What it is called there.
    pub name: String,
    /// Bytes as it lies there.
    pub size: u64,
    content: Opened,
}

impl Read for Lying {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.content.read(buffer)
    }
}

impl Blobs {
    /// Uses `folder` for the files, or for those on their way to another place. It is made when it is not there.
    pub fn open(folder: impl Into<PathBuf>, place: &EvidencePlace) -> Result<Blobs, Error> {
        let here = Directory::open(folder.into())?;
        let place = match place {
            EvidencePlace::Folder => Place::Directory(here.clone()),
            EvidencePlace::S3(settings) => Place::S3(s3::S3::open(settings)?),
        };
        Ok(Blobs { place, here })
    }

    /// Where the files are, for people; without keys.
    pub fn told(&self) -> String {
        match &self.place {
            Place::Directory(directory) => directory.told(),
            Place::S3(s3) => s3.told(),
        }
    }

    /// Whether the place answers and takes files.
    pub fn probe(&self) -> Result<(), Error> {
        self.place.probe()
    }

    /// Reads `content` to its end and keeps it for the organisation of the keys; durable when this returns. More than
    /// `limit` bytes are refused. Content that is already here for this organisation is stored once.
    pub fn put(&self, keys: &FileKeys, content: impl Read, limit: u64) -> Result<Stored, Error> {
        let (incoming, stored) = self.take_in(keys, content, limit)?;
        let name = keys.name(stored.digest);
        // What is there and cannot be opened any more is replaced by what came in.
        if !self.reader(keys, stored.digest).is_ok_and(|found| found.is_some_and(|f| f.is_sealed() && f.len() == stored.size)) {
            self.place.keep(incoming, &name)?;
        }
        Ok(stored)
    }

    /// Encrypts content into a file without a name, which goes when it is dropped.
    fn take_in(&self, keys: &FileKeys, mut content: impl Read, limit: u64) -> Result<(tempfile::NamedTempFile, Stored), Error> {
        // Removed by itself on every way out but `keep`.
        let file = self.here.incoming()?;
        let path = file.path().to_owned();
        let failed = |cause: io::Error| Error::File { path: path.clone(), cause };
        let mut sealed: StreamWriter<_> = keys.seal(io::BufWriter::with_capacity(BUFFER, file)).map_err(failed)?;
        let mut hasher = Sha256::new();
        let mut size = 0_u64;
        let mut buffer = vec![0; BUFFER];
        loop {
            let n = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(failed(e)),
            };
            size += n as u64;
            if size > limit {
                return Err(Error::TooLarge { limit });
            }
            hasher.update(&buffer[..n]);
            sealed.write_all(&buffer[..n]).map_err(failed)?;
        }
        let file = sealed.finish().and_then(|inner| inner.into_inner().map_err(io::IntoInnerError::into_error)).map_err(failed)?;
        Ok((file, Stored { digest: Digest(hasher.finalize().into()), size }))
    }

    /// The file as it lies there, opened and its end looked at; `None` when it is not here.
    fn reader(&self, keys: &FileKeys, digest: Digest) -> Result<Option<BlobReader>, Error> {
        if let Some(found) = self.place.open(&keys.name(digest))? {
            return BlobReader::sealed(found, keys, digest).map(Some);
        }
        // Written before files were encrypted; a job takes it over.
        self.here.open_plain(digest)?.map(|file| BlobReader::plain(file, digest)).transpose()
    }

    /// Whether the content is here for the organisation of the keys.
    pub fn has(&self, keys: &FileKeys, digest: Digest) -> Result<bool, Error> {
        Ok(self.place.size(&keys.name(digest))?.is_some() || self.here.has_plain(digest)?)
    }

    /// Bytes that the file takes where it lies; `None` when it is not here.
    pub fn stored_size(&self, keys: &FileKeys, digest: Digest) -> Result<Option<u64>, Error> {
        self.place.size(&keys.name(digest))
    }

    /// The content as a stream that may be sought in. It is verified while it is read: a read that meets an altered
    /// byte fails, and the last read of a whole pass fails when the content is not that of the digest.
    pub fn get(&self, keys: &FileKeys, digest: Digest) -> Result<BlobReader, Error> {
        self.reader(keys, digest)?.ok_or(Error::NoBlob { digest })
    }

    /// Reads the content to its end; [`Error::AlteredBlob`] when it is no longer what was stored. Returns its size.
    pub fn check(&self, keys: &FileKeys, digest: Digest) -> Result<u64, Error> {
        let mut reader = self.get(keys, digest)?;
        io::copy(&mut reader, &mut io::sink()).map_err(|e| reader.told(e))
    }

    /// The file as it lies there, for a copy: encrypted, and seen to open with these keys. `None` when it is not here.
    pub fn lying(&self, keys: &FileKeys, digest: Digest) -> Result<Option<Lying>, Error> {
        let name = keys.name(digest);
        if self.place.size(&name)?.is_none() {
            if !self.here.has_plain(digest)? {
                return Ok(None);
            }
            // Written before files were encrypted.
            self.renew(keys, digest)?;
        }
        let failed = |e: io::Error| Error::Blobs { cause: e.to_string() };
        let Some(mut content) = self.place.open(&name)? else { return Ok(None) };
        let size = content.seek(SeekFrom::End(0)).map_err(failed)?;
        content.seek(SeekFrom::Start(0)).map_err(failed)?;
        let Some(looked) = self.place.open(&name)? else { return Ok(None) };
        BlobReader::sealed(looked, keys, digest)?;
        Ok(Some(Lying { name, size, content }))
    }

    /// Keeps a file under its name, encrypted as it comes; durable when this returns.
    pub fn lay(&self, name: &str, mut content: impl Read) -> Result<(), Error> {
        if name.len() != 64 || !name.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Error::Kept { cause: "a file has a name that no file of evidence has".into() });
        }
        let mut file = self.here.incoming()?;
        let path = file.path().to_owned();
        io::copy(&mut content, &mut file).map_err(|cause| Error::File { path, cause })?;
        self.place.keep(file, name)
    }

    /// Removes the content of the organisation of the keys for good; whether it was there.
    pub fn remove(&self, keys: &FileKeys, digest: Digest) -> Result<bool, Error> {
        self.place.remove(&keys.name(digest))
    }

    /// Encrypts a file anew that is in plain or under an older key; whether there was anything to do.
    pub fn renew(&self, keys: &FileKeys, digest: Digest) -> Result<bool, Error> {
        let name = keys.name(digest);
        if let Some(found) = self.place.open(&name)?
            && keys.opens_with_current(found)
        {
            return Ok(false);
        }
        let mut old = self.get(keys, digest)?;
        let (incoming, stored) =
            self.take_in(keys, &mut old, u64::MAX).map_err(|e| if old.is_altered() { Error::AlteredBlob { digest } } else { e })?;
        if stored.digest != digest {
            return Err(Error::AlteredBlob { digest });
        }
        self.place.keep(incoming, &name)?;
        Ok(true)
    }

    /// Removes the plain file of an earlier version; call it when every organisation that needs it has its own.
    pub fn remove_plain(&self, digest: Digest) -> Result<bool, Error> {
        self.here.remove_plain(digest)
    }

    /// Whether a plain file of an earlier version is here.
    pub fn has_plain(&self, digest: Digest) -> Result<bool, Error> {
        self.here.has_plain(digest)
    }
}

#[cfg(test)]
mod tests;
