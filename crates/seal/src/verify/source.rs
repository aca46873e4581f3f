//! The file as a row of lines: counted, hashed, and none longer than memory allows.

use std::io::{BufRead, Read};

use sha2::{Digest, Sha256};

use super::{Fault, Place, What, Wrong};
use crate::merkle::Hash;

/// The longest line of the ledger that is read, in bytes: a change that imports a large sheet has a few MiB.
pub(super) const LONGEST_LINE: usize = 64 << 20;
/// The longest line of any other kind: a note of at most 1 MiB, with room for escapes.
pub(super) const LONGEST_ENTRY: usize = 4 << 20;
/// How often the listener hears of progress, in bytes.
const STEP: u64 = 1 << 20;

/// One line of the file, without its newline.
pub(super) struct FileLine<'a> {
    pub text: &'a str,
    pub place: Place,
}

pub(super) struct Source<R, P> {
    input: R,
    progress: P,
    told: u64,
    buffer: Vec<u8>,
    /// The digest of all lines before the one in the buffer.
    digest: Sha256,
    place: Place,
    /// Bytes up to the end of the line in the buffer.
    read: u64,
}

impl<R: BufRead, P: FnMut(u64)> Source<R, P> {
    pub fn new(input: R, progress: P) -> Source<R, P> {
        Source { input, progress, told: 0, buffer: Vec::new(), digest: Sha256::new(), place: Place::default(), read: 0 }
    }

    /// The next line; `None` at the end of the file.
    pub fn next(&mut self) -> Result<Option<FileLine<'_>>, What> {
        self.digest.update(&self.buffer);
        self.buffer.clear();
        self.place = Place { number: self.place.number + 1, offset: self.read };
        let limit = LONGEST_LINE as u64 + 1;
        let count = self.input.by_ref().take(limit).read_until(b'\n', &mut self.buffer).map_err(|e| What::Unreadable(e.to_string()))?;
        self.read += count as u64;
        if self.read - self.told >= STEP {
            self.done();
        }
        match self.buffer.split_last() {
            None => Ok(None),
            Some((b'\n', line)) => {
                let text = std::str::from_utf8(line)
                    .map_err(|e| What::NotCanonical { reason: format!("byte {} is not UTF-8", e.valid_up_to() + 1) })?;
                Ok(Some(FileLine { text, place: self.place }))
            }
            Some(_) if count as u64 == limit => Err(What::TooLong),
            Some(_) => Err(What::EndMissing),
        }
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
