//! The file as a row of lines: counted, hashed, and none longer than memory allows.

use std::io::{BufRead, ErrorKind, Read};

use sha2::{Digest, Sha256};

use super::{Fault, Place, What, Wrong};
use crate::merkle::Hash;

/// The longest line of the ledger that is read, in bytes: a change that imports a large sheet has a few MiB.
pub(super) const LONGEST_LINE: usize = 64 << 20;
/// The longest line of any other kind: a note of at most 1 MiB, with room for escapes.
pub(super) const LONGEST_ENTRY: usize = 4 << 20;
/// How often the listener hears of progress, in bytes.
const STEP: u64 = 1 << 20;

fn unreadable(e: std::io::Error) -> What {
    What::Unreadable(e.to_string())
}

/// One line of the file, without its newline.
pub(super) struct FileLine<'a> {
    pub text: &'a str,
    pub place: Place,
}

pub(super) struct Source<R, P> {
    input: R,
    progress: P,
    told: u64,
    /// A line that the input's own memory does not hold in one piece.
    long: Vec<u8>,
    /// Bytes of the line read last that still stand in the input's memory: they are hashed before they go.
    held: usize,
    /// The digest of all lines before the one read last.
    digest: Sha256,
    place: Place,
    /// Bytes up to the end of the line read last.
    read: u64,
}

impl<R: BufRead, P: FnMut(u64)> Source<R, P> {
    pub fn new(input: R, progress: P) -> Source<R, P> {
        Source { input, progress, told: 0, long: Vec::new(), held: 0, digest: Sha256::new(), place: Place::default(), read: 0 }
    }

    /// The next line; `None` at the end of the file.
    pub fn next(&mut self) -> Result<Option<FileLine<'_>>, What> {
        self.let_go()?;
        self.place = Place { number: self.place.number + 1, offset: self.read };
        let end = memchr::memchr(b'\n', self.fill()?);
        self.held = end.map_or(0, |end| end + 1);
        if end.is_none() {
            self.read_long()?;
        }
        self.read += (self.held + self.long.len()) as u64;
        if self.read - self.told >= STEP {
            self.done();
        }
        let place = self.place;
        let line = if self.held > 0 { self.input.fill_buf().map_err(unreadable)?.get(..self.held).unwrap_or_default() } else { &self.long };
        match line.split_last() {
            None => Ok(None),
            Some((b'\n', line)) if line.len() <= LONGEST_LINE => {
                let not = |e: std::str::Utf8Error| What::NotCanonical { reason: format!("byte {} is not UTF-8", e.valid_up_to() + 1) };
                Ok(Some(FileLine { text: std::str::from_utf8(line).map_err(not)?, place }))
            }
            Some(_) if line.len() > LONGEST_LINE => Err(What::TooLong),
            Some(_) => Err(What::EndMissing),
        }
    }

    /// What the input holds in memory; empty at the end of the file.
    fn fill(&mut self) -> Result<&[u8], What> {
        // A signal is no reason to stop.
        while let Err(e) = self.input.fill_buf() {
            if e.kind() != ErrorKind::Interrupted {
                return Err(unreadable(e));
            }
        }
        self.input.fill_buf().map_err(unreadable)
    }

    /// Hashes the line read last and lets the input forget it.
    fn let_go(&mut self) -> Result<(), What> {
        if self.held > 0 {
            let line = self.input.fill_buf().map_err(unreadable)?.get(..self.held).unwrap_or_default();
            self.digest.update(line);
            self.input.consume(self.held);
            self.held = 0;
        }
        self.digest.update(&self.long);
        self.long.clear();
        Ok(())
    }

    fn read_long(&mut self) -> Result<(), What> {
        let limit = LONGEST_LINE as u64 + 1;
        self.input.by_ref().take(limit).read_until(b'\n', &mut self.long).map_err(unreadable)?;
        Ok(())
    }

    /// SHA-256 of all bytes before the line that was read last.
    pub fn digest_before(&self) -> Hash {
        self.digest.clone().finalize().into()
    }

    /// Tells the listener how far the file was read.
    pub fn done(&mut self) {
        self.told = self.read;
        (self.progress)(self.read);
    }

    pub fn fault(&self, wrong: Wrong) -> Fault {
        let place = wrong.place.unwrap_or(self.place);
        Fault { file_line: place.number, offset: place.offset, seq: wrong.seq, what: wrong.what }
    }
}
