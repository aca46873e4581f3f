//! A file's content as it is read: decrypted, sought in, and compared with its digest.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use age::DecryptError;
use age::stream::StreamReader;
use rules::id::Digest;
use sha2::{Digest as _, Sha256};

use super::keys::FileKeys;
use super::place::Opened;
use crate::error::Error;

/// The content of a file. A pass from the first byte to the last ends in an error when the content is not that of the
/// digest; bytes after a jump are authenticated in pieces of 64 KiB by the encryption alone.
pub struct BlobReader {
    inner: Inner,
    digest: Digest,
    len: u64,
    at: u64,
    /// The hash of everything before `hashed`, which is where the pass has come to.
    hasher: Sha256,
    hashed: u64,
    altered: bool,
}

enum Inner {
    Sealed(Box<StreamReader<Opened>>),
    Plain(BufReader<std::fs::File>),
}

/// Told by an error of reading, so that a reader of the stream knows it from a broken connection.
fn altered(digest: Digest) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the file {digest} was altered on disk"))
}

impl BlobReader {
    pub(super) fn sealed(found: Opened, keys: &FileKeys, digest: Digest) -> Result<BlobReader, Error> {
        let inner = keys.unseal(found).map_err(|e| match e {
            DecryptError::Io(cause) if !is_content(&cause) => Error::Blobs { cause: cause.to_string() },
            DecryptError::NoMatchingKeys => Error::OtherKey { digest },
            _ => Error::AlteredBlob { digest },
        })?;
        BlobReader::new(Inner::Sealed(Box::new(inner)), digest)
    }

    pub(super) fn plain(file: std::fs::File, digest: Digest) -> Result<BlobReader, Error> {
        BlobReader::new(Inner::Plain(BufReader::with_capacity(super::BUFFER, file)), digest)
    }

    fn new(mut inner: Inner, digest: Digest) -> Result<BlobReader, Error> {
        // The end of an encrypted file is authenticated too: one that was cut is refused before a byte of it is read.
        let told = |e: io::Error| if is_content(&e) { Error::AlteredBlob { digest } } else { Error::Blobs { cause: e.to_string() } };
        let len = inner.seek(SeekFrom::End(0)).map_err(told)?;
        inner.seek(SeekFrom::Start(0)).map_err(told)?;
        Ok(BlobReader { inner, digest, len, at: 0, hasher: Sha256::new(), hashed: 0, altered: false })
    }

    /// Bytes of the content.
    #[allow(clippy::len_without_is_empty, reason = "a file is never asked whether it is empty")]
    pub fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn is_sealed(&self) -> bool {
        matches!(self.inner, Inner::Sealed(_))
    }

    pub(super) fn is_altered(&self) -> bool {
        self.altered
    }

    /// What an error of reading it means.
    pub(super) fn told(&self, error: io::Error) -> Error {
        if self.altered { Error::AlteredBlob { digest: self.digest } } else { Error::Blobs { cause: error.to_string() } }
    }
}

/// Whether an error says that the content is wrong, and not that it could not be reached.
fn is_content(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput)
}

impl Read for Inner {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Inner::Sealed(sealed) => sealed.read(buffer),
            Inner::Plain(plain) => plain.read(buffer),
        }
    }
}

impl Seek for Inner {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Inner::Sealed(sealed) => sealed.seek(to),
            Inner::Plain(plain) => plain.seek(to),
        }
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.altered {
            return Err(altered(self.digest));
        }
        let n = self.inner.read(buffer).map_err(|e| {
            self.altered = is_content(&e);
            if self.altered { altered(self.digest) } else { e }
        })?;
        if self.at == self.hashed {
            self.hasher.update(&buffer[..n]);
            self.hashed += n as u64;
            // The last bytes are not handed out unless the whole is right.
            let done = self.hashed >= self.len || (n == 0 && !buffer.is_empty());
            if done && <[u8; 32]>::from(self.hasher.clone().finalize()) != self.digest.0 {
                self.altered = true;
                return Err(altered(self.digest));
            }
        }
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for BlobReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        // Positions past the end are nobody's business here, and the encryption cannot go there.
        let wanted = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let wanted = wanted
            .filter(|at| *at <= self.len)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a position outside of the file"))?;
        self.at = self.inner.seek(SeekFrom::Start(wanted))?;
        if wanted == 0 {
            (self.hasher, self.hashed) = (Sha256::new(), 0);
        }
        Ok(self.at)
    }
}
