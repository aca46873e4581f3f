//! A ledger on the way out (.akashi-ledger): lines, proofs, signed checkpoints and anchors, one canonical JSON text per line.
//!
//! Whoever reads one calls [`crate::verify::verify_export`]; here it is written, line by line and never as a whole in memory.

use std::io::{self, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::canonical;
use crate::line::Line;
use crate::merkle::Hash;
use crate::note::{Note, VerifierKey};

pub(crate) mod scan;

/// The version of the format; another encoding gets another number.
pub(crate) const VERSION: u8 = 1;

/// How much of a ledger an export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// All lines from the first: whoever checks it makes the tree anew.
    Whole,
    /// Some lines, each with its proof that it is in the tree of the last checkpoint.
    Extract,
}

/// What an export says of itself in its first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    pub installation: String,
    pub tenant: String,
    pub shape: Shape,
    /// Every key that signed a checkpoint in here. They prove nothing by themselves: the reader compares them with keys had elsewhere.
    pub keys: Vec<VerifierKey>,
    /// When the export was made: RFC 3339, UTC, microseconds.
    pub made_at: String,
}

/// A word of an outsider about the super checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchor {
    /// A time-stamp token (RFC 3161, DER) over SHA-256 of the super note's text.
    Stamp(Vec<u8>),
    /// The super note with the signature of a witness.
    Witness(Note),
}

/// A hash as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Text64(pub Hash);

impl TryFrom<String> for Text64 {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Text64, &'static str> {
        let hash = STANDARD.decode(text).ok().and_then(|bytes| Hash::try_from(bytes).ok());
        hash.map(Text64).ok_or("not 32 bytes in base64")
    }
}

impl From<Text64> for String {
    fn from(hash: Text64) -> String {
        STANDARD.encode(hash.0)
    }
}

/// Every line of the file but those of the ledger, which [`scan`] reads.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
pub(crate) enum Entry {
    Ledger { v: u8, installation: String, tenant: String, shape: Shape, keys: Vec<VerifierKey>, made_at: String },
    Checkpoint { note: String },
    Super { note: String, index: u64, proof: Vec<Text64> },
    Anchor(AnchorEntry),
    End { lines: u64, digest: Text64 },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum AnchorEntry {
    Rfc3161 { token: String },
    Witness { note: String },
}

/// What may come next; the order is the format's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Lines,
    Super,
    Anchors,
}

/// Writes an export in the order of the format: lines and checkpoints, the super checkpoint, anchors, the end.
///
/// In a whole export a checkpoint follows the line that completes its size, and one follows the last line.
/// In an extract the one checkpoint comes first. What is out of order is an error of kind `InvalidInput`.
pub struct ExportWriter<W: Write> {
    out: W,
    digest: Sha256,
    shape: Shape,
    stage: Stage,
    lines: u64,
    checkpoints: u64,
    /// Lines that no checkpoint covers yet.
    open: bool,
    buffer: Vec<u8>,
}

fn misplaced(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("ledger export: {what}"))
}

impl<W: Write> ExportWriter<W> {
    /// Begins an export with its first line.
    pub fn begin(out: W, opening: &Opening) -> io::Result<ExportWriter<W>> {
        let mut writer = ExportWriter {
            out,
            digest: Sha256::new(),
            shape: opening.shape,
            stage: Stage::Lines,
            lines: 0,
            checkpoints: 0,
            open: false,
            buffer: Vec::with_capacity(1024),
        };
        let Opening { installation, tenant, shape, keys, made_at } = opening.clone();
        writer.entry(&Entry::Ledger { v: VERSION, installation, tenant, shape, keys, made_at })?;
        Ok(writer)
    }

    /// A line of the ledger; in an extract with its inclusion proof in the checkpoint, in a whole export without.
    pub fn line(&mut self, line: &Line, proof: Option<&[Hash]>) -> io::Result<()> {
        let fits = match self.shape {
            Shape::Whole => proof.is_none(),
            Shape::Extract => proof.is_some() && self.checkpoints == 1,
        };
        if self.stage != Stage::Lines || !fits {
            return Err(misplaced("in an extract the checkpoint comes first and every line has a proof; in a whole export none has"));
        }
        self.lines += 1;
        self.open = true;
        self.buffer.clear();
        write_line(&mut self.buffer, line, proof)?;
        self.flush()
    }

    /// A signed checkpoint of this ledger.
    pub fn checkpoint(&mut self, note: &Note) -> io::Result<()> {
        let fits = self.shape == Shape::Whole || (self.checkpoints == 0 && self.lines == 0);
        if self.stage != Stage::Lines || !fits {
            return Err(misplaced("a checkpoint stands among the lines, in an extract only one and before them"));
        }
        self.checkpoints += 1;
        self.open = false;
        self.entry(&Entry::Checkpoint { note: note.to_string() })
    }

    /// The signed super checkpoint; the last checkpoint's note is its entry `index` (from 0), by this inclusion proof.
    pub fn super_log(&mut self, note: &Note, index: u64, proof: &[Hash]) -> io::Result<()> {
        if self.stage != Stage::Lines || self.checkpoints == 0 || (self.open && self.shape == Shape::Whole) {
            return Err(misplaced("the super checkpoint comes once, after the checkpoint that covers the last line"));
        }
        self.stage = Stage::Super;
        let proof = proof.iter().copied().map(Text64).collect();
        self.entry(&Entry::Super { note: note.to_string(), index, proof })
    }

    /// What an outsider said about the super checkpoint.
    pub fn anchor(&mut self, anchor: &Anchor) -> io::Result<()> {
        if self.stage < Stage::Super {
            return Err(misplaced("an anchor comes after the super checkpoint it is about"));
        }
        self.stage = Stage::Anchors;
        self.entry(&Entry::Anchor(match anchor {
            Anchor::Stamp(token) => AnchorEntry::Rfc3161 { token: STANDARD.encode(token) },
            Anchor::Witness(note) => AnchorEntry::Witness { note: note.to_string() },
        }))
    }

    /// The last line: how many lines, and the digest of all bytes before. Gives the output back, flushed.
    pub fn finish(mut self) -> io::Result<W> {
        if self.checkpoints == 0 || (self.open && self.shape == Shape::Whole) {
            return Err(misplaced("a checkpoint covers the last line"));
        }
        let digest = Text64(self.digest.clone().finalize().into());
        let lines = self.lines;
        self.entry(&Entry::End { lines, digest })?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        let text = canonical(entry).map_err(io::Error::other)?;
        self.buffer.clear();
        self.buffer.extend_from_slice(text.as_bytes());
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.buffer.push(b'\n');
        self.digest.update(&self.buffer);
        self.out.write_all(&self.buffer)
    }
}

/// Writes a ledger line as canonical JSON without making a tree of values first.
fn write_line(out: &mut Vec<u8>, line: &Line, proof: Option<&[Hash]>) -> io::Result<()> {
    let head = &line.head;
    out.extend_from_slice(b"{\"head\":{\"actor\":");
    quote(out, &head.actor)?;
    out.extend_from_slice(b",\"address\":");
    maybe(out, head.address.as_deref())?;
    out.extend_from_slice(b",\"at\":");
    quote(out, &head.at)?;
    out.extend_from_slice(b",\"kind\":");
    quote(out, &head.kind)?;
    out.extend_from_slice(b",\"outcome\":");
    quote(out, &head.outcome)?;
    out.extend_from_slice(b",\"payload_digest\":");
    quote(out, &STANDARD.encode(head.payload_digest))?;
    write!(out, ",\"pos\":{},\"seq\":{},\"session\":", head.pos, head.seq)?;
    maybe(out, head.session.as_deref())?;
    out.extend_from_slice(b",\"subject\":");
    quote(out, &head.subject)?;
    out.extend_from_slice(b",\"tenant\":");
    quote(out, &head.tenant)?;
    out.extend_from_slice(b"},\"leaf\":");
    quote(out, &STANDARD.encode(line.leaf))?;
    out.extend_from_slice(b",\"proof\":");
    match proof {
        None => out.extend_from_slice(b"null"),
        Some(proof) => {
            out.push(b'[');
            for (i, hash) in proof.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                quote(out, &STANDARD.encode(hash))?;
            }
            out.push(b']');
        }
    }
    out.extend_from_slice(b",\"salt\":");
    maybe(out, line.payload.as_ref().map(|payload| STANDARD.encode(payload.salt)).as_deref())?;
    out.extend_from_slice(b",\"t\":\"line\",\"text\":");
    maybe(out, line.payload.as_ref().map(|payload| payload.text.as_str()))?;
    out.push(b'}');
    Ok(())
}

/// `serde_json` escapes just as canonical JSON wants: see [`crate::canonical`].
fn quote(out: &mut Vec<u8>, text: &str) -> io::Result<()> {
    serde_json::to_writer(out, text).map_err(io::Error::from)
}

fn maybe(out: &mut Vec<u8>, text: Option<&str>) -> io::Result<()> {
    match text {
        None => {
            out.extend_from_slice(b"null");
            Ok(())
        }
        Some(text) => quote(out, text),
    }
}
