//! The keys of one organisation's files: what new files are encrypted to, what older ones open with, how files are named.

use std::io::{self, BufRead, Read, Write};

use age::stream::{StreamReader, StreamWriter};
use age::x25519::Identity;
use age::{DecryptError, Decryptor, Encryptor};
use hmac::{Hmac, KeyInit, Mac};
use rules::id::Digest;
use sha2::Sha256;

use super::place::Opened;

/// The keys of one organisation. Whoever calls has chosen the organisation: other keys find none of its files.
pub struct FileKeys {
    names: [u8; 32],
    current: Identity,
    older: Vec<Identity>,
}

/// No part of a key is shown.
impl std::fmt::Debug for FileKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileKeys(1 current, {} older)", self.older.len())
    }
}

impl FileKeys {
    /// `names` never changes, so that a file keeps its name when its key does.
    pub fn new(names: [u8; 32], current: Identity, older: Vec<Identity>) -> FileKeys {
        FileKeys { names, current, older }
    }

    /// What the file of a content is called: 64 hexadecimal digits that mean nothing without the key.
    pub(super) fn name(&self, digest: Digest) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.names).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
        mac.update(&digest.0);
        let bytes: [u8; 32] = mac.finalize().into_bytes().into();
        Digest(bytes).to_string()
    }

    /// A piece of text as the index of files' words knows it: nothing without the key.
    pub(crate) fn mark(&self, piece: &str) -> u32 {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.names).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
        // Never the name of a file: those are made of 32 bytes alone.
        mac.update(b"word ");
        mac.update(piece.as_bytes());
        let bytes: [u8; 32] = mac.finalize().into_bytes().into();
        u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    /// Encrypts the words of a file under the newest key.
    pub fn seal_words(&self, words: &str) -> io::Result<Vec<u8>> {
        let mut writer = self.seal(vec![])?;
        writer.write_all(words.as_bytes())?;
        writer.finish()
    }

    /// The words of a file, by page; `None` where no key opens them any more.
    pub fn open_words(&self, sealed: &[u8]) -> Option<Vec<String>> {
        let mut out = String::new();
        self.unseal(sealed).ok()?.read_to_string(&mut out).ok()?;
        Some(out.split('\u{c}').map(str::to_owned).collect())
    }

    pub(super) fn seal<W: Write>(&self, out: W) -> io::Result<StreamWriter<W>> {
        let recipient = self.current.to_public();
        let encryptor = Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).map_err(io::Error::other)?;
        encryptor.wrap_output(out)
    }

    pub(super) fn unseal<R: BufRead>(&self, input: R) -> Result<StreamReader<R>, DecryptError> {
        let all = std::iter::once(&self.current).chain(&self.older).map(|key| key as &dyn age::Identity);
        Decryptor::new_buffered(input)?.decrypt(all)
    }

    /// Whether it is the newest key that opens the file. What cannot be opened at all is not.
    pub(super) fn opens_with_current(&self, file: Opened) -> bool {
        let current = std::iter::once(&self.current as &dyn age::Identity);
        Decryptor::new_buffered(file).and_then(|sealed| sealed.decrypt(current)).is_ok()
    }
}
