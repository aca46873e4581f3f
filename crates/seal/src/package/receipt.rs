//! The receiver's receipt: which package, accepted or refused, when, under the receiver's signature.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::lacking;
use super::manifest::{is_hex, is_time};
use crate::merkle::Hash;
use crate::note::{NotANote, Note, SigningKey, Unverified, VerifierKey};

/// The first line of a receipt's text.
const RECEIPT: &str = "akashi-receipt v1";

/// What became of a package at its receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The package's id.
    pub package: String,
    /// The digest of its manifest.
    pub manifest: Hash,
    /// Refused otherwise.
    pub accepted: bool,
    /// Why it was refused, in one word of small letters and `_`; empty where nothing was said.
    pub reason: String,
    /// By the receiver's clock (RFC 3339, UTC).
    pub at: String,
}

/// Why a text is not a receipt that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptFault {
    NotANote(NotANote),
    /// A signed note, and no receipt: this line is wrong (from 1).
    Line(usize),
    Signature(Unverified),
    /// Somebody else signed as well: no byte of a receipt goes unchecked.
    Stranger,
    /// The receiver has a key of this algorithm, and did not sign with it.
    Lacking(&'static str),
}

impl ReceiptFault {
    /// What happened and what to do, in Japanese. `Display` says it in English.
    pub fn ja(&self) -> String {
        match self {
            ReceiptFault::NotANote(why) => format!("受領書ではありません（{why}）。受領書のファイルを選んでください。"),
            ReceiptFault::Line(line) => format!("受領書の{line}行目が正しくありません。受領者に再送を依頼してください。"),
            ReceiptFault::Stranger => "受領書に、受領者のものでない署名があります。受領者に再送を依頼してください。".to_owned(),
            ReceiptFault::Lacking(algorithm) => {
                format!("受領書に、受領者の{algorithm}の鍵による署名がありません。受領者に再送を依頼してください。")
            }
            ReceiptFault::Signature(why) => format!("受領書の署名を確認できません（{why}）。受領者の鍵を確かめてください。"),
        }
    }
}

impl fmt::Display for ReceiptFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReceiptFault::NotANote(why) => write!(f, "This is no receipt ({why}). Choose the file of a receipt."),
            ReceiptFault::Line(line) => write!(f, "Line {line} of the receipt is wrong. Ask the receiver to send it again."),
            ReceiptFault::Stranger => f.write_str("A signature of the receipt is not the receiver's. Ask the receiver to send it again."),
            ReceiptFault::Lacking(algorithm) => {
                write!(f, "The receiver's signature by its {algorithm} key is missing. Ask the receiver to send it again.")
            }
            ReceiptFault::Signature(why) => write!(f, "The receipt's signature cannot be confirmed ({why}). Check the receiver's keys."),
        }
    }
}
impl std::error::Error for ReceiptFault {}

impl Receipt {
    /// The receipt as it is sent; refused when a field has a form that no reader would take.
    pub fn make(&self, keys: &[SigningKey]) -> Result<Note, ReceiptFault> {
        self.check()?;
        Note::sign(self.text(), keys).map_err(ReceiptFault::NotANote)
    }

    /// Reads a receipt that is signed by one of the receiver's keys, and says by which.
    pub fn parse(text: &str, receiver: &[VerifierKey]) -> Result<(Receipt, Vec<VerifierKey>), ReceiptFault> {
        let note = Note::parse(text).map_err(ReceiptFault::NotANote)?;
        let signed_by = note.verify(receiver).map_err(ReceiptFault::Signature)?;
        if signed_by.len() != note.signatures.len() {
            return Err(ReceiptFault::Stranger);
        }
        if let Some(algorithm) = lacking(&signed_by, receiver) {
            return Err(ReceiptFault::Lacking(algorithm.name()));
        }
        let mut lines = note.text.lines();
        let mut line = |number: usize| lines.next().ok_or(ReceiptFault::Line(number));
        if line(1)? != RECEIPT {
            return Err(ReceiptFault::Line(1));
        }
        let package = line(2)?.to_owned();
        let digest = STANDARD.decode(line(3)?).ok().and_then(|bytes| Hash::try_from(bytes).ok());
        let manifest = digest.ok_or(ReceiptFault::Line(3))?;
        let said = line(4)?;
        let (accepted, reason) = match said.split_once(' ').unwrap_or((said, "")) {
            ("accepted", reason) => (true, reason.to_owned()),
            ("refused", reason) => (false, reason.to_owned()),
            _ => return Err(ReceiptFault::Line(4)),
        };
        let at = line(5)?.to_owned();
        let receipt = Receipt { package, manifest, accepted, reason, at };
        receipt.check()?;
        // Whatever follows or is spelled otherwise.
        if receipt.text() == note.text { Ok((receipt, signed_by)) } else { Err(ReceiptFault::Line(6)) }
    }

    fn text(&self) -> String {
        let done = if self.accepted { "accepted" } else { "refused" };
        let space = if self.reason.is_empty() { "" } else { " " };
        format!("{RECEIPT}\n{}\n{}\n{done}{space}{}\n{}\n", self.package, STANDARD.encode(self.manifest), self.reason, self.at)
    }

    fn check(&self) -> Result<(), ReceiptFault> {
        if !is_hex(&self.package, 32) {
            return Err(ReceiptFault::Line(2));
        }
        let is_word = self.reason.len() <= 40 && self.reason.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if !is_word || (self.accepted && !self.reason.is_empty()) {
            return Err(ReceiptFault::Line(4));
        }
        if !is_time(&self.at) { Err(ReceiptFault::Line(5)) } else { Ok(()) }
    }
}
