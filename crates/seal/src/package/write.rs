//! Writes a package: the manifest, its signatures, then each file as it streams in.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};

use sha2::{Digest, Sha256};

use super::container::{CRC_AT, Entry, directory, local_header};
use super::fault::BadManifest;
use super::manifest::{Listed, Manifest};
use super::{CHUNK, MANIFEST, NOTE, key_name, signed_text};
use crate::merkle::{Hash, sha256};
use crate::note::{Note, SigningKey};

/// Why no package was made; what was written so far is none.
#[derive(Debug)]
pub enum NotWritten {
    Manifest(BadManifest),
    /// The keys do not belong to the installation that the manifest names, or cannot sign; in words.
    Keys(String),
    /// A file that is not what the manifest promised.
    Altered {
        path: String,
    },
    /// More files than the manifest names.
    Extra,
    /// The manifest names this file, and it was not written.
    Missing {
        path: String,
    },
    Io(io::Error),
}

impl fmt::Display for NotWritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotWritten::Manifest(why) => write!(f, "no package can be made; the manifest: {why}"),
            NotWritten::Keys(why) => write!(f, "the manifest cannot be signed: {why}"),
            NotWritten::Altered { path } => write!(f, "'{path}' has changed since its digest was taken"),
            NotWritten::Extra => f.write_str("a file that the manifest does not name was to be written"),
            NotWritten::Missing { path } => write!(f, "'{path}' stands in the manifest and was not written"),
            NotWritten::Io(why) => write!(f, "the package cannot be written: {why}"),
        }
    }
}
impl std::error::Error for NotWritten {}

impl From<io::Error> for NotWritten {
    fn from(why: io::Error) -> NotWritten {
        NotWritten::Io(why)
    }
}

/// A package while it is written. Dropped before `finish`, it leaves a file that no reader accepts.
pub struct PackageWriter<W> {
    out: W,
    /// Where the package begins in `out`.
    start: u64,
    /// Bytes of the package so far.
    at: u64,
    entries: Vec<Entry>,
    files: std::vec::IntoIter<Listed>,
    manifest: Hash,
    buffer: Vec<u8>,
}

impl<W: Write + Seek> PackageWriter<W> {
    /// Writes the manifest and its signatures. Sizes and digests are promises: `file` holds each file to its own.
    pub fn new(mut out: W, manifest: Manifest, keys: &[SigningKey]) -> Result<PackageWriter<W>, NotWritten> {
        let text = manifest.to_text().map_err(NotWritten::Manifest)?;
        let name = key_name(&manifest.sender.installation);
        if let Some(other) = keys.iter().map(SigningKey::verifier).find(|key| key.name != name) {
            return Err(NotWritten::Keys(format!("the key is called {}, the sender is {name}", other.name)));
        }
        if let Some(unnamed) = keys.iter().map(|key| key.verifier().to_string()).find(|key| !manifest.sender.keys.contains(key)) {
            return Err(NotWritten::Keys(format!("the manifest does not name the key {unnamed}")));
        }
        let digest = sha256(&[text.as_bytes()]);
        let note = Note::sign(signed_text(&digest), keys).map_err(|e| NotWritten::Keys(e.to_string()))?;
        let start = out.stream_position()?;
        let mut writer = PackageWriter {
            out,
            start,
            at: 0,
            entries: Vec::with_capacity(manifest.files.len() + 2),
            files: manifest.files.into_iter(),
            manifest: digest,
            buffer: vec![0; CHUNK],
        };
        writer.whole(MANIFEST, text.as_bytes())?;
        writer.whole(NOTE, note.to_string().as_bytes())?;
        Ok(writer)
    }

    /// The file that comes next, as the manifest has it.
    pub fn expected(&self) -> Option<&Listed> {
        self.files.as_slice().first()
    }

    /// The digest of the manifest, which the receiver's receipt names.
    pub fn manifest(&self) -> Hash {
        self.manifest
    }

    /// Writes the next file of the manifest.
    pub fn file(&mut self, mut content: impl Read) -> Result<(), NotWritten> {
        let Some(listed) = self.files.next() else { return Err(NotWritten::Extra) };
        let header = self.begin(&listed.path, listed.size, 0)?;
        let (mut digest, mut crc, mut left) = (Sha256::new(), crc32fast::Hasher::new(), listed.size);
        loop {
            let read = match content.read(&mut self.buffer) {
                Ok(read) => read,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                Err(why) => return Err(why.into()),
            };
            let chunk = self.buffer.get(..read).unwrap_or_default();
            if chunk.is_empty() {
                break;
            }
            left = left.checked_sub(read as u64).ok_or_else(|| NotWritten::Altered { path: listed.path.clone() })?;
            digest.update(chunk);
            crc.update(chunk);
            self.out.write_all(chunk)?;
        }
        if left != 0 || Hash::from(digest.finalize()) != listed.sha256 {
            return Err(NotWritten::Altered { path: listed.path });
        }
        self.at += listed.size;
        // The checksum stands before the content, which was not known then.
        let crc = crc.finalize();
        self.out.seek(SeekFrom::Start(self.start + header + CRC_AT as u64))?;
        self.out.write_all(&crc.to_le_bytes())?;
        self.out.seek(SeekFrom::Start(self.start + self.at))?;
        if let Some(entry) = self.entries.last_mut() {
            entry.crc = crc;
        }
        Ok(())
    }

    /// Writes the table of files; the package is complete.
    pub fn finish(mut self) -> Result<W, NotWritten> {
        if let Some(missing) = self.files.next() {
            return Err(NotWritten::Missing { path: missing.path });
        }
        let end = directory(&self.entries, self.at);
        self.out.write_all(&end)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn whole(&mut self, path: &str, content: &[u8]) -> Result<(), NotWritten> {
        self.begin(path, content.len() as u64, crc32fast::hash(content))?;
        self.out.write_all(content)?;
        self.at += content.len() as u64;
        Ok(())
    }

    /// Writes a local header and says where it begins.
    fn begin(&mut self, path: &str, size: u64, crc: u32) -> Result<u64, NotWritten> {
        let header = local_header(path, size, crc);
        self.out.write_all(&header)?;
        let offset = self.at;
        self.at += header.len() as u64;
        self.entries.push(Entry { path: path.to_owned(), size, crc, offset });
        Ok(offset)
    }
}
