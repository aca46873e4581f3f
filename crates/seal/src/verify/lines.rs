//! The ledger lines of an export, one after the other: each by itself, each after its predecessor, all as one tree.

use serde::Deserialize;

use super::erasure::Gaps;
use super::known::Known;
use super::{Epoch, Erased, Place, What, Wrong};
use crate::checkpoint::{Checkpoint, is_moment};
use crate::export::Shape;
use crate::export::scan::Scanned;
use crate::merkle::{Frontier, Hash, LEAF, sha256_padding};
use crate::note::VerifierKey;

pub(super) struct Lines {
    tenant: String,
    shape: Shape,
    known: Known,
    known_elsewhere: u64,
    count: u64,
    /// Of a whole export: the tree of the lines so far.
    tree: Frontier,
    /// Lines that a checkpoint covers.
    covered: u64,
    seq: u64,
    pos: u64,
    at: String,
    first_at: Option<String>,
    /// The line before says that the clock was moved.
    jumped: bool,
    epochs: Vec<Epoch>,
    gaps: Gaps,
    announced: Option<Vec<VerifierKey>>,
    /// The bytes that are hashed, in memory that is used again for every line.
    encoded: Vec<u8>,
}

/// What the lines show, after the last.
pub(super) struct Seen {
    pub count: u64,
    pub epochs: Vec<Epoch>,
    pub erased: Vec<Erased>,
    pub known: u64,
    pub known_elsewhere: u64,
    pub first_at: Option<String>,
    pub last_at: Option<String>,
}

/// The payloads that the check itself has to understand; fields of no concern to it are passed over.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Event {
    EpochBegun { epoch: u32, reason: Option<String>, authority: Option<String>, before: Option<u64>, keys: Vec<String> },
    SigningKeyChanged { keys: Vec<String> },
    PayloadsErased { seqs: Vec<(u64, u64)> },
}

impl Event {
    fn kind(&self) -> &'static str {
        match self {
            Event::EpochBegun { .. } => "epoch_begun",
            Event::SigningKeyChanged { .. } => "signing_key_changed",
            Event::PayloadsErased { .. } => "payloads_erased",
        }
    }
}

impl Lines {
    pub fn new(tenant: &str, shape: Shape, known: Known) -> Lines {
        Lines {
            tenant: tenant.to_owned(),
            shape,
            known,
            known_elsewhere: 0,
            count: 0,
            tree: Frontier::new(),
            covered: 0,
            seq: 0,
            pos: 0,
            at: String::new(),
            first_at: None,
            jumped: false,
            epochs: Vec::new(),
            gaps: Gaps::default(),
            announced: None,
            encoded: Vec::with_capacity(512),
        }
    }

    /// How many lines were read.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The keys that the line read last announces.
    pub fn take_announced(&mut self) -> Option<Vec<VerifierKey>> {
        self.announced.take()
    }

    /// Checks the next line and gives its leaf: all hashes are made anew.
    pub fn check(&mut self, line: &Scanned<'_>, place: Place) -> Result<Hash, What> {
        let head = &line.head;
        self.encoded.clear();
        self.encoded.push(LEAF);
        head.encode_into(&mut self.encoded);
        let leaf = sha256_padding(&mut self.encoded);
        // First, so that an altered number is called altered, not missing.
        if leaf != line.leaf {
            return Err(What::Altered);
        }
        if head.tenant != self.tenant {
            return Err(What::Tenant { found: head.tenant.to_owned(), expected: self.tenant.clone() });
        }
        self.check_order(head.seq, head.pos)?;
        self.check_time(head.at, head.seq, head.kind == "clock_jumped")?;
        match line.payload {
            None => self.gaps.missing(head.seq, place),
            Some((salt, text)) => {
                self.encoded.clear();
                self.encoded.extend_from_slice(&salt);
                self.encoded.extend_from_slice(text);
                if sha256_padding(&mut self.encoded) != head.payload_digest {
                    return Err(What::PayloadAltered);
                }
                if matches!(head.kind, "epoch_begun" | "signing_key_changed" | "payloads_erased") {
                    self.understand(head.seq, head.kind, text)?;
                }
            }
        }
        self.count += 1;
        self.seq = head.seq;
        self.pos = head.pos;
        if self.shape == Shape::Whole {
            self.tree.append(leaf);
            if !self.known.fits(&self.tree) {
                return Err(self.fork(self.count));
            }
        }
        Ok(leaf)
    }

    fn check_order(&self, seq: u64, pos: u64) -> Result<(), What> {
        let expected = self.seq + 1;
        if self.seq > 0 && seq == self.seq {
            return Err(What::Doubled);
        }
        if seq < expected {
            return Err(What::OutOfOrder { after: self.seq });
        }
        if self.shape == Shape::Whole && seq > expected {
            return Err(What::Missing { expected });
        }
        if pos <= self.pos {
            return Err(What::Position { after: self.pos });
        }
        Ok(())
    }

    fn check_time(&mut self, at: &str, seq: u64, jumps: bool) -> Result<(), What> {
        if !is_moment(at) {
            return Err(What::NotCanonical { reason: "'at' is not a time in UTC with microseconds".into() });
        }
        // Lines that an extract leaves out may say that the clock was moved.
        let next = seq == self.seq + 1;
        if next && at < self.at.as_str() && !jumps && !self.jumped {
            return Err(What::TimeBack { at: at.to_owned(), before: self.at.clone() });
        }
        self.jumped = jumps;
        self.at.clear();
        self.at.push_str(at);
        if self.first_at.is_none() {
            self.first_at = Some(at.to_owned());
        }
        Ok(())
    }

    fn understand(&mut self, seq: u64, kind: &str, text: &[u8]) -> Result<(), What> {
        let event: Event = serde_json::from_slice(text).map_err(|e| What::Event { reason: e.to_string() })?;
        if event.kind() != kind {
            return Err(What::Event { reason: format!("the line is of kind {kind}, its payload of kind {}", event.kind()) });
        }
        // A key of an algorithm of later days cannot be used here, but the others can.
        let read = |keys: Vec<String>| Some(keys.iter().filter_map(|key| key.parse().ok()).collect());
        match event {
            Event::PayloadsErased { seqs } => self.gaps.account(seq, &seqs)?,
            Event::SigningKeyChanged { keys } => self.announced = read(keys),
            Event::EpochBegun { epoch, reason, authority, before, keys } => {
                self.rise(Epoch { epoch, seq, reason, authority, before }, true)?;
                self.announced = read(keys);
            }
        }
        Ok(())
    }

    /// The ledger is in this epoch from here on; a line begins a new one, a checkpoint may stay in the old.
    fn rise(&mut self, epoch: Epoch, anew: bool) -> Result<(), What> {
        match self.epochs.last() {
            Some(last) if epoch.epoch < last.epoch || (anew && epoch.epoch == last.epoch) => {
                Err(What::EpochFalls { epoch: epoch.epoch, before: last.epoch })
            }
            Some(last) if epoch.epoch == last.epoch => Ok(()),
            _ => {
                self.epochs.push(epoch);
                Ok(())
            }
        }
    }

    fn fork(&self, size: u64) -> What {
        What::Fork {
            size,
            epoch: self.epochs.last().filter(|epoch| epoch.before > Some(0) || self.epochs.len() > 1).cloned().map(Box::new),
        }
    }

    /// Compares a checkpoint with the lines before it; of an extract, only with what the outsider kept.
    pub fn compare(&mut self, checkpoint: &Checkpoint) -> Result<(), What> {
        let Checkpoint { size, root, epoch, .. } = checkpoint;
        match self.shape {
            Shape::Whole if *size > self.count => return Err(What::TailMissing { covered: *size, lines: self.count }),
            Shape::Whole if *size < self.count => return Err(What::CheckpointSize { size: *size, lines: self.count }),
            Shape::Whole if *root != self.tree.root() => return Err(What::CheckpointRoot { from: self.covered + 1, to: *size }),
            Shape::Whole => {}
            Shape::Extract => self.known_elsewhere = self.known.fits_root(*size, root).map_err(|()| self.fork(*size))?,
        }
        if self.shape == Shape::Whole {
            let begin = self.covered + 1;
            self.rise(Epoch { epoch: *epoch, seq: begin, reason: None, authority: None, before: None }, false)?;
        }
        self.covered = *size;
        Ok(())
    }

    /// Compares the super checkpoint with those that the outsider kept.
    pub fn compare_super(&self, above: &Checkpoint) -> Result<(), What> {
        if self.known.fits_above(above.size, &above.root) { Ok(()) } else { Err(What::SuperFork { size: above.size }) }
    }

    /// After the last line.
    pub fn finish(mut self, last: &Checkpoint) -> Result<Seen, Wrong> {
        if self.shape == Shape::Whole && self.covered < self.count {
            return Err(What::Uncovered { lines: self.count, covered: self.covered }.into());
        }
        if let Some(covered) = self.known.beyond(last.size) {
            return Err(What::TailMissing { covered, lines: last.size }.into());
        }
        if self.shape == Shape::Extract {
            self.rise(Epoch { epoch: last.epoch, seq: 0, reason: None, authority: None, before: None }, false)?;
        }
        let (known, elsewhere) = (self.known.compared() - self.known_elsewhere, self.known_elsewhere);
        let last_at = self.first_at.as_ref().map(|_| std::mem::take(&mut self.at));
        Ok(Seen {
            count: self.count,
            epochs: self.epochs,
            erased: self.gaps.finish()?,
            known,
            known_elsewhere: elsewhere,
            first_at: self.first_at,
            last_at,
        })
    }
}
