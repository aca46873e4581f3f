//! Signed notes: a text that ends in a newline, an empty line, and one line per signature (C2SP signed-note).

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};

mod key;

pub use key::{Algorithm, BadKey, Signature, SigningKey, VerifierKey};

/// The longest note that is read, in bytes.
pub const LONGEST: usize = 1 << 20;
/// The most signatures that a note carries.
pub const MOST_SIGNATURES: usize = 16;
/// What a line of a signature begins with: an em dash and a space.
const DASH: &str = "— ";

/// A text and who signed it. That a note is read says nothing about its signatures: ask [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What is signed, with its last newline.
    pub text: String,
    pub signatures: Vec<Signature>,
}

/// The bytes are no signed note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotANote {
    /// Why not, in English.
    pub reason: &'static str,
}

impl fmt::Display for NotANote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no signed note: {}", self.reason)
    }
}
impl std::error::Error for NotANote {}

fn not(reason: &'static str) -> NotANote {
    NotANote { reason }
}

/// Why a note counts as signed by nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unverified {
    /// None of its signatures is by a key that was given.
    NobodyKnown,
    /// A signature by this known key is not right.
    Wrong(VerifierKey),
}

impl fmt::Display for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unverified::NobodyKnown => f.write_str("no signature is by a known key"),
            Unverified::Wrong(key) => {
                write!(f, "the {} signature of {} (key {}) is wrong", key.algorithm.name(), key.name, key.id_text())
            }
        }
    }
}
impl std::error::Error for Unverified {}

impl Note {
    /// Signs a text with every key. The text ends in a newline and has no other control character.
    pub fn sign(text: String, keys: &[SigningKey]) -> Result<Note, NotANote> {
        check_text(&text)?;
        if keys.is_empty() || keys.len() > MOST_SIGNATURES {
            return Err(not("it needs 1 to 16 signatures"));
        }
        let signatures = keys.iter().map(|key| key.sign(&text)).collect();
        let note = Note { text, signatures };
        // A note that nobody can read again is not made.
        if note.to_string().len() > LONGEST { Err(not("longer than 1 MiB")) } else { Ok(note) }
    }

    /// Reads a note strictly: every accepted text is exactly what [`Note`] writes again.
    pub fn parse(note: &str) -> Result<Note, NotANote> {
        if note.len() > LONGEST {
            return Err(not("longer than 1 MiB"));
        }
        // The text may have empty lines itself: the last one ends it.
        let end = note.rfind("\n\n").ok_or(not("no empty line before the signatures"))?;
        let (text, rest) = note.split_at(end + 1);
        check_text(text)?;
        let lines = rest.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n')).ok_or(not("the last line is not complete"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == MOST_SIGNATURES {
                return Err(not("more than 16 signatures"));
            }
            signatures.push(read_signature(line)?);
        }
        Ok(Note { text: text.to_owned(), signatures })
    }

    /// Who of `keys` signed: every signature by one of them must be right, and there must be one. Other signatures are passed over.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<Vec<VerifierKey>, Unverified> {
        let mut signers: Vec<VerifierKey> = Vec::new();
        for signature in &self.signatures {
            // Two keys may share name and id (it has 4 bytes): then any of them may have signed.
            let mut known = keys.iter().filter(|key| key.name == signature.name && key.id() == signature.key_id).peekable();
            let Some(first) = known.peek().copied() else { continue };
            match known.find(|key| key.verifies(&self.text, &signature.bytes)) {
                None => return Err(Unverified::Wrong(first.clone())),
                Some(signer) if signers.contains(signer) => {}
                Some(signer) => signers.push(signer.clone()),
            }
        }
        if signers.is_empty() { Err(Unverified::NobodyKnown) } else { Ok(signers) }
    }

    /// Whether each of `keys` signed, and no signature by one of them is wrong. Of no keys: false.
    pub fn is_signed_by_all(&self, keys: &[VerifierKey]) -> bool {
        self.verify(keys).is_ok_and(|signers| keys.iter().all(|key| signers.contains(key)))
    }

    /// Adds the signature of another, such as a witness. One by the same key is replaced.
    ///
    /// More than [`MOST_SIGNATURES`] can be added, but such a note is not read again.
    pub fn add(&mut self, signature: Signature) {
        self.signatures.retain(|old| (&old.name, old.key_id) != (&signature.name, signature.key_id));
        self.signatures.push(signature);
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for signature in &self.signatures {
            let mut bytes = signature.key_id.to_vec();
            bytes.extend_from_slice(&signature.bytes);
            writeln!(f, "{DASH}{} {}", signature.name, STANDARD.encode(bytes))?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Note {
    type Err = NotANote;

    fn from_str(note: &str) -> Result<Note, NotANote> {
        Note::parse(note)
    }
}

fn check_text(text: &str) -> Result<(), NotANote> {
    if !text.ends_with('\n') {
        return Err(not("the text does not end in a newline"));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(not("the text has a control character"));
    }
    Ok(())
}

fn read_signature(line: &str) -> Result<Signature, NotANote> {
    let (name, bytes) = line.strip_prefix(DASH).and_then(|line| line.split_once(' ')).ok_or(not("a signature is not '— name base64'"))?;
    if !key::is_name(name) {
        return Err(not("the name of a signature is empty or has white space, '+' or a control character"));
    }
    // This engine takes only the one canonical form: padded, no spare bits.
    let bytes = STANDARD.decode(bytes).map_err(|_| not("a signature is not in base64"))?;
    match bytes.split_first_chunk::<4>() {
        Some((id, bytes)) if !bytes.is_empty() => Ok(Signature { name: name.to_owned(), key_id: *id, bytes: bytes.to_vec() }),
        _ => Err(not("a signature is too short")),
    }
}

#[cfg(test)]
mod tests;
