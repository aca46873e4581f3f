//! Opens a package: who signed it, for whom, then every header and every file, before anything of it is used.

use std::io::{self, Read, Seek, SeekFrom};

use sha2::{Digest, Sha256};

use super::container::{CENTRAL, CRC_AT, Entry, Found, LOCAL, LOCAL_FIXED, directory, local_header};
use super::fault::{BadSignature, PackageFault};
use super::manifest::{Listed, MANIFEST_BYTES, Manifest, is_path};
use super::{CHUNK, MANIFEST, NOTE, key_name, lacking, signed_text};
use crate::merkle::{Hash, sha256};
use crate::note::{LONGEST, Note, VerifierKey};

/// Who may send what here.
pub struct PackageTrust<'t> {
    /// Keys of senders, known from elsewhere than the package.
    pub keys: Vec<VerifierKey>,
    /// This installation's id; a package for another is refused. None: whoever looks at a package for others.
    pub me: Option<String>,
    /// Whether a package of this id was accepted before.
    pub seen: &'t dyn Fn(&str) -> bool,
}

/// A package that holds what its sender signed.
#[derive(Debug)]
pub struct Opened<R> {
    pub manifest: Manifest,
    /// The digest of the manifest, which a receipt names.
    pub digest: Hash,
    /// The sender's known keys that signed.
    pub signed_by: Vec<VerifierKey>,
    input: R,
    /// Where each file begins, in the manifest's order.
    starts: Vec<u64>,
}

/// Reads a package and checks all of it. `progress` is told the bytes of each piece that was hashed.
///
/// # Errors
/// The first reason to refuse it: signature, sender, receiver and replay come before the files.
/// [`PackageFault::UnknownSender`] brings the keys that the package itself names; whoever confirms them elsewhere may trust them.
pub fn open<R: Read + Seek>(input: R, trust: &PackageTrust, mut progress: impl FnMut(u64)) -> Result<Opened<R>, PackageFault> {
    let mut source = Source::new(input)?;
    let (text, manifest_entry) = source.leading(MANIFEST, 0, MANIFEST_BYTES)?;
    let (note, note_entry) = source.leading(NOTE, source.at, LONGEST as u64)?;
    let manifest = Manifest::parse(&text).map_err(PackageFault::Manifest)?;
    let digest = sha256(&[&text]);
    drop(text);
    let signed_by = signers(&manifest, &digest, &note, trust)?;
    if let (Some(me), Some(other)) = (&trust.me, &manifest.receiver.installation)
        && me != other
    {
        return Err(PackageFault::OtherReceiver { name: manifest.receiver.name });
    }
    if (trust.seen)(&manifest.id) {
        return Err(PackageFault::Replayed { id: manifest.id });
    }

    let mut entries = vec![manifest_entry, note_entry];
    let mut starts = Vec::with_capacity(manifest.files.len());
    for file in &manifest.files {
        entries.push(source.header(&file.path, file.size, &manifest)?);
        starts.push(source.at);
        source.skip(file.size)?;
    }
    source.end(&entries, &manifest)?;

    let mut buffer = vec![0; CHUNK];
    for ((file, start), entry) in manifest.files.iter().zip(&starts).zip(entries.iter().skip(2)) {
        source.content(file, *start, entry.crc, &mut buffer, &mut progress)?;
    }
    Ok(Opened { manifest, digest, signed_by, input: source.input, starts })
}

/// What a package says of itself, and the digest of its manifest, before anything of it is believed: for the record of a
/// refusal. Nothing where not even that can be read.
pub fn peek<R: Read + Seek>(input: R) -> Option<(Manifest, Hash)> {
    let (text, _) = Source::new(input).ok()?.leading(MANIFEST, 0, MANIFEST_BYTES).ok()?;
    Some((Manifest::parse(&text).ok()?, sha256(&[&text])))
}

impl<R: Read + Seek> Opened<R> {
    /// Reads one file. The digest is checked once more, and the last read fails if the file has changed since it was opened.
    pub fn file(&mut self, path: &str) -> io::Result<FileReader<'_, R>> {
        let found = self.manifest.files.iter().zip(&self.starts).find(|(file, _)| file.path == path);
        let (file, start) = found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("the package has no file '{path}'")))?;
        self.input.seek(SeekFrom::Start(*start))?;
        Ok(FileReader { input: &mut self.input, left: file.size, digest: Some(Sha256::new()), file })
    }
}

/// The content of one file of a package.
pub struct FileReader<'o, R> {
    input: &'o mut R,
    left: u64,
    /// None once it was compared.
    digest: Option<Sha256>,
    file: &'o Listed,
}

impl<R: Read> Read for FileReader<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let changed =
            || io::Error::new(io::ErrorKind::InvalidData, format!("'{}' has changed since the package was opened", self.file.path));
        let room = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let part = out.get_mut(..room).unwrap_or_default();
        let read = if part.is_empty() { 0 } else { self.input.read(part)? };
        if read == 0 && room > 0 {
            return Err(changed());
        }
        self.left = self.left.saturating_sub(read as u64);
        if let Some(digest) = &mut self.digest {
            digest.update(part.get(..read).unwrap_or_default());
        }
        if self.left == 0
            && let Some(digest) = self.digest.take()
            && Hash::from(digest.finalize()) != self.file.sha256
        {
            return Err(changed());
        }
        Ok(read)
    }
}

/// The sender's known keys that signed. Every signature must be right: no byte of the note goes unchecked.
fn signers(manifest: &Manifest, digest: &Hash, note: &[u8], trust: &PackageTrust) -> Result<Vec<VerifierKey>, PackageFault> {
    let bad = PackageFault::Signature;
    let unread = |why: String| bad(BadSignature::NotANote(why));
    let note = std::str::from_utf8(note).map_err(|e| unread(e.to_string()))?;
    let note = Note::parse(note).map_err(|e| unread(e.to_string()))?;
    if note.text != signed_text(digest) {
        return Err(bad(BadSignature::OtherManifest));
    }
    let mut keys = Vec::new();
    for key in &manifest.sender.keys {
        let unreadable = |_| PackageFault::Manifest(super::BadManifest::Field("sender.keys"));
        keys.push(key.parse::<VerifierKey>().map_err(unreadable)?);
    }
    keys.extend(trust.keys.iter().cloned());
    let signed = note.verify(&keys).map_err(|e| bad(BadSignature::Wrong(e.to_string())))?;
    if signed.len() != note.signatures.len() {
        return Err(bad(BadSignature::Wrong("one of the signatures is by no key of the sender".to_owned())));
    }
    let sender = key_name(&manifest.sender.installation);
    if let Some(other) = signed.iter().find(|key| key.name != sender) {
        return Err(bad(BadSignature::OtherSender { signed: other.name.clone(), named: sender }));
    }
    let known: Vec<VerifierKey> = signed.into_iter().filter(|key| trust.keys.contains(key)).collect();
    if known.is_empty() {
        return Err(PackageFault::UnknownSender { name: manifest.sender.name.clone(), keys: manifest.sender.keys.clone() });
    }
    match lacking(&known, &trust.keys) {
        Some(algorithm) => Err(bad(BadSignature::Lacking(algorithm.name()))),
        None => Ok(known),
    }
}

/// The file, and where in it the next entry begins.
struct Source<R> {
    input: R,
    length: u64,
    at: u64,
}

impl<R: Read + Seek> Source<R> {
    fn new(mut input: R) -> Result<Source<R>, PackageFault> {
        let length = input.seek(SeekFrom::End(0)).map_err(unreadable)?;
        Ok(Source { input, length, at: 0 })
    }

    /// Up to `wanted` bytes from `offset` on; fewer at the end of the file.
    fn bytes(&mut self, offset: u64, wanted: u64) -> Result<Vec<u8>, PackageFault> {
        let wanted = wanted.min(self.length.saturating_sub(offset));
        let mut bytes = Vec::new();
        self.input.seek(SeekFrom::Start(offset)).map_err(unreadable)?;
        self.input.by_ref().take(wanted).read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }

    /// One of the two entries whose size only their header tells.
    fn leading(&mut self, path: &str, offset: u64, limit: u64) -> Result<(Vec<u8>, Entry), PackageFault> {
        let fixed = self.bytes(offset, (LOCAL_FIXED + path.len()) as u64)?;
        // A file that says it is something else is no package; one that is cut within its first bytes may be.
        if offset == 0
            && (fixed.is_empty() || !local_header(path, 0, 0).starts_with(fixed.get(..LOCAL.len().min(fixed.len())).unwrap_or_default()))
        {
            return Err(PackageFault::NotAPackage);
        }
        let Some(found) = Found::read(&fixed) else { return Err(self.refused(offset, path, None)) };
        let size = u64::from(found.size);
        if size > limit {
            // Size and checksum follow the content where a packer streamed; such an entry is no package's either.
            return Err(PackageFault::TooLarge { path: path.to_owned(), size });
        }
        let header = local_header(path, size, found.crc);
        if fixed != header {
            return Err(self.refused(offset, path, None));
        }
        let start = offset + header.len() as u64;
        let content = self.bytes(start, size)?;
        if content.len() as u64 != size {
            return Err(PackageFault::Truncated { offset: self.length });
        }
        if crc32fast::hash(&content) != found.crc {
            return Err(PackageFault::Altered { path: path.to_owned() });
        }
        self.at = start + size;
        Ok((content, Entry { path: path.to_owned(), size, crc: found.crc, offset }))
    }

    /// The header of the file that comes next; `at` is then where its content begins.
    fn header(&mut self, path: &str, size: u64, manifest: &Manifest) -> Result<Entry, PackageFault> {
        let offset = self.at;
        let mut expected = local_header(path, size, 0);
        let found = self.bytes(offset, expected.len() as u64)?;
        let crc = Found::read(&found).map_or(0, |found| found.crc);
        if let Some(place) = expected.get_mut(CRC_AT..CRC_AT + 4) {
            place.copy_from_slice(&crc.to_le_bytes());
        }
        if found != expected {
            return Err(self.refused(offset, path, Some(manifest)));
        }
        self.at = offset + expected.len() as u64;
        Ok(Entry { path: path.to_owned(), size, crc, offset })
    }

    fn skip(&mut self, size: u64) -> Result<(), PackageFault> {
        self.at = self.at.saturating_add(size);
        if self.at > self.length { Err(PackageFault::Truncated { offset: self.length }) } else { Ok(()) }
    }

    /// The table of files must be the one that these entries have, and nothing may follow.
    fn end(&mut self, entries: &[Entry], manifest: &Manifest) -> Result<(), PackageFault> {
        let expected = directory(entries, self.at);
        let found = self.bytes(self.at, expected.len() as u64)?;
        if let Some(differs) = found.iter().zip(&expected).position(|(a, b)| a != b) {
            if found.starts_with(&LOCAL) {
                return Err(self.refused(self.at, "", Some(manifest)));
            }
            let offset = self.at + differs as u64;
            return Err(if differs < CENTRAL.len() { PackageFault::Stray { offset: self.at } } else { PackageFault::Directory { offset } });
        }
        let end = self.at + expected.len() as u64;
        match self.length {
            length if length < end => Err(PackageFault::Truncated { offset: length }),
            length if length > end => Err(PackageFault::Stray { offset: end }),
            _ => Ok(()),
        }
    }

    /// Why the header at `offset` is not that of `path` (empty: no file should come any more).
    fn refused(&mut self, offset: u64, path: &str, manifest: Option<&Manifest>) -> PackageFault {
        let looked = self.bytes(offset, LOCAL_FIXED as u64).and_then(|fixed| {
            let found = Found::read(&fixed);
            let name = match &found {
                Some(found) => self.bytes(offset + LOCAL_FIXED as u64, found.name_length as u64)?,
                None => Vec::new(),
            };
            Ok((fixed, found, name))
        });
        let (fixed, found, name) = match looked {
            Ok(looked) => looked,
            Err(fault) => return fault,
        };
        let path_is = |name: &str| PackageFault::Missing { path: name.to_owned() };
        let Some(found) = found else {
            return match fixed {
                _ if fixed.starts_with(&CENTRAL) => path_is(path),
                _ if fixed.len() < LOCAL_FIXED && fixed.iter().zip(LOCAL).all(|(a, b)| *a == b) => {
                    PackageFault::Truncated { offset: self.length }
                }
                _ => PackageFault::Stray { offset },
            };
        };
        if name.len() < found.name_length {
            return PackageFault::Truncated { offset: self.length };
        }
        let name = String::from_utf8_lossy(&name).into_owned();
        if found.method != 0 {
            return PackageFault::Compressed { path: name };
        }
        let leads = [MANIFEST, NOTE].contains(&name.as_str());
        if !leads && !is_path(&name) {
            return PackageFault::BadName { path: name };
        }
        if name == path {
            return self.same_name(offset, path, &found, manifest);
        }
        if leads || manifest.is_some_and(|manifest| manifest.files.iter().any(|file| file.path == name)) {
            return PackageFault::Order { path: name };
        }
        match manifest {
            Some(_) => PackageFault::Extra { path: name },
            // Before the manifest is read nothing is known of other files.
            None => path_is(path),
        }
    }

    /// The right file at the right place, and its header is another all the same.
    fn same_name(&self, offset: u64, path: &str, found: &Found, manifest: Option<&Manifest>) -> PackageFault {
        let listed = manifest.and_then(|manifest| manifest.files.iter().find(|file| file.path == path));
        let header = LOCAL_FIXED + found.name_length + found.extra_length;
        match listed {
            Some(file) if u64::from(found.size) != file.size && found.extra_length == 0 => PackageFault::Altered { path: path.to_owned() },
            _ if offset + header as u64 > self.length => PackageFault::Truncated { offset: self.length },
            _ => PackageFault::Header { path: path.to_owned(), offset },
        }
    }

    /// Hashes a file's content.
    fn content(
        &mut self,
        file: &Listed,
        start: u64,
        crc: u32,
        buffer: &mut [u8],
        progress: &mut impl FnMut(u64),
    ) -> Result<(), PackageFault> {
        self.input.seek(SeekFrom::Start(start)).map_err(unreadable)?;
        let (mut digest, mut sum, mut left) = (Sha256::new(), crc32fast::Hasher::new(), file.size);
        while left > 0 {
            let room = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let part = buffer.get_mut(..room).unwrap_or_default();
            let read = match self.input.read(part) {
                Ok(0) => return Err(PackageFault::Truncated { offset: start + (file.size - left) }),
                Ok(read) => read,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                Err(why) => return Err(unreadable(why)),
            };
            let part = part.get(..read).unwrap_or_default();
            digest.update(part);
            sum.update(part);
            left = left.saturating_sub(read as u64);
            progress(read as u64);
        }
        if Hash::from(digest.finalize()) != file.sha256 || sum.finalize() != crc {
            return Err(PackageFault::Altered { path: file.path.clone() });
        }
        Ok(())
    }
}

fn unreadable(why: io::Error) -> PackageFault {
    PackageFault::Unreadable(why.to_string())
}
