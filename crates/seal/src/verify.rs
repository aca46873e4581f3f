//! The outsider's check of an export: nothing it says is believed, and the first line that is wrong is named.

use std::io::BufRead;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::checkpoint::{Checkpoint, is_moment, super_origin, tenant_origin};
use crate::export::scan::{self, Scratch};
use crate::export::{AnchorEntry, Entry, Shape, Text64, VERSION};
use crate::merkle::{Hash, leaf_hash, sha256};
use crate::note::{Note, VerifierKey};
use crate::proof::verify_inclusion;

mod erasure;
mod fault;
mod keys;
mod known;
mod lines;
mod source;

pub use fault::{Fault, What};
use keys::Keys;
use known::Known;
use lines::Lines;
use source::{FileLine, Source};

/// What the outsider had before the file came.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Public keys of installations. Without any, the keys in the file are taken at their own word, and the report says so.
    pub keys: Vec<VerifierKey>,
    /// Public keys of witnesses.
    pub witnesses: Vec<VerifierKey>,
    /// Certificates of time-stamping authorities, in DER.
    pub stamp_roots: Vec<Vec<u8>>,
    /// Checkpoints kept from earlier: a fork or a cut tail is seen against them. Those of other ledgers are passed over.
    pub known: Vec<Note>,
}

/// What a right export shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub installation: String,
    pub tenant: String,
    pub shape: Shape,
    /// Ledger lines in the file.
    pub lines: u64,
    /// Lines that the last checkpoint covers, its root, and when it was made.
    pub size: u64,
    pub root: Hash,
    pub checkpoint_at: String,
    /// The epochs of the ledger as far as the file shows them. More than one: a backup was restored, and lines may be lost.
    pub epochs: Vec<Epoch>,
    /// The known keys that signed the last checkpoint.
    pub signed_by: Vec<VerifierKey>,
    pub anchors: Vec<Anchored>,
    /// Payloads that left, and the line that accounts for it.
    pub erased: Vec<Erased>,
    /// False: no key was given, and the keys in the file only vouch for themselves.
    pub trusted: bool,
    /// Kept checkpoints of this ledger that were compared, and those that could not be: an extract shows one size only.
    pub known: u64,
    pub known_elsewhere: u64,
    /// Times of the first and the last line in the file.
    pub first_at: Option<String>,
    pub last_at: Option<String>,
}

/// From where on a ledger is in an epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    pub epoch: u32,
    /// The line that begins it. Where none does: the first line that only checkpoints of this epoch cover; in an extract 0.
    pub seq: u64,
    /// The line's reason and authority; `None` where no line announces the epoch.
    pub reason: Option<String>,
    pub authority: Option<String>,
    /// The size that was known before the break: lines up to there may have been others.
    pub before: Option<u64>,
}

/// Payloads that left: from and to are lines, both counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    pub from: u64,
    pub to: u64,
    /// The line of kind `payloads_erased`.
    pub by: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnchorKind {
    Stamp,
    Witness,
}

/// An outsider's word: the last checkpoint existed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchored {
    pub kind: AnchorKind,
    /// The authority's certificate's subject, or the witness's name.
    pub by: String,
    /// When, as a time stamp says (RFC 3339); a witness's signature has no time.
    pub at: Option<String>,
    /// Whether it is one of the outsider's own authorities or witnesses. If not, nothing is proven by it.
    pub trusted: bool,
}

/// Checks an export from its first byte to its last; `progress` hears the number of bytes read so far, about every MiB.
pub fn verify_export(input: impl BufRead, trust: &Trust, progress: impl FnMut(u64)) -> Result<Report, Fault> {
    let mut source = Source::new(input, progress);
    check(&mut source, trust).map_err(|wrong| source.fault(wrong))
}

/// What every export begins with.
const OPENING: &str = "{\"installation\":";

/// Where a line of the file is: its number from 1, and the byte it begins at from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub number: u64,
    pub offset: u64,
}

/// What is wrong; at the line that was read last unless another place is named.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub place: Option<Place>,
    pub seq: Option<u64>,
    pub what: What,
}

impl From<What> for Wrong {
    fn from(what: What) -> Wrong {
        Wrong { place: None, seq: None, what }
    }
}

fn check<R: BufRead, P: FnMut(u64)>(source: &mut Source<R, P>, trust: &Trust) -> Result<Report, Wrong> {
    let mut scratch = Scratch::default();
    let mut file = File::open(source.next()?.ok_or(What::EndMissing)?, trust)?;
    loop {
        let line = source.next()?.ok_or(What::EndMissing)?;
        if line.text.starts_with(scan::OPENING) {
            file.ledger_line(&line, &mut scratch)?;
            continue;
        }
        match read_entry(line.text)? {
            Entry::Ledger { .. } => return Err(What::Misplaced { found: "ledger" }.into()),
            Entry::Checkpoint { note } => file.checkpoint(&note, line.place)?,
            Entry::Super { note, index, proof } => file.super_log(&note, index, &proof)?,
            Entry::Anchor(anchor) => file.anchor(&anchor)?,
            Entry::End { lines, digest } => {
                if lines != file.lines.count() {
                    return Err(What::EndCount { says: lines, lines: file.lines.count() }.into());
                }
                if digest.0 != source.digest_before() {
                    return Err(What::Digest.into());
                }
                break;
            }
        }
    }
    let report = file.report()?;
    if source.next()?.is_some() {
        return Err(What::AfterTheEnd.into());
    }
    source.done();
    Ok(report)
}

/// Reads any line of the file but a ledger line; only its canonical text is accepted.
fn read_entry(text: &str) -> Result<Entry, Wrong> {
    let not = |reason: String| Wrong::from(What::NotCanonical { reason });
    if text.len() > source::LONGEST_ENTRY {
        return Err(What::TooLong.into());
    }
    let entry: Entry = serde_json::from_str(text).map_err(|e| not(e.to_string()))?;
    let again = crate::canonical(&entry).map_err(|e| not(e.to_string()))?;
    if again != text {
        return Err(not("a field is unknown, out of order or not written in the canonical way".into()));
    }
    Ok(entry)
}

/// The last checkpoint: what the file proves its lines by.
struct Last {
    checkpoint: Checkpoint,
    /// The note as it stands: an entry of the super-log.
    note: String,
    signed_by: Vec<VerifierKey>,
    trusted: bool,
    place: Place,
}

/// What was read of the file so far.
struct File<'t> {
    lines: Lines,
    keys: Keys,
    shape: Shape,
    installation: String,
    tenant: String,
    trust: &'t Trust,
    last: Option<Last>,
    /// The super checkpoint's note.
    above: Option<Note>,
    anchors: Vec<Anchored>,
}

impl<'t> File<'t> {
    fn open(line: FileLine<'_>, trust: &'t Trust) -> Result<File<'t>, Wrong> {
        if !line.text.starts_with(OPENING) {
            return Err(What::NoOpening.into());
        }
        let Entry::Ledger { v, installation, tenant, shape, keys, made_at } = read_entry(line.text)? else {
            return Err(What::NoOpening.into());
        };
        if v != VERSION {
            return Err(What::Version { version: v }.into());
        }
        if !is_moment(&made_at) {
            return Err(What::NotCanonical { reason: "made_at is not a time in UTC with microseconds".into() }.into());
        }
        let known = Known::of(&trust.known, &installation, &tenant)?;
        let lines = Lines::new(&tenant, shape, known);
        let keys = Keys::new(&installation, &keys, &trust.keys);
        Ok(File { lines, keys, shape, installation, tenant, trust, last: None, above: None, anchors: Vec::new() })
    }

    fn ledger_line(&mut self, line: &FileLine<'_>, scratch: &mut Scratch) -> Result<(), Wrong> {
        if self.above.is_some() || (self.shape == Shape::Extract && self.last.is_none()) {
            return Err(What::Misplaced { found: "line" }.into());
        }
        let scanned = scan::line(line.text, scratch).map_err(|not| {
            let reason = format!("byte {}: {}", not.at + 1, not.reason);
            What::NotCanonical { reason }
        })?;
        let seq = scanned.head.seq;
        let wrong = |what| Wrong { place: None, seq: Some(seq), what };
        let leaf = self.lines.check(&scanned, line.place).map_err(wrong)?;
        match (self.shape, &self.last, scanned.proof) {
            (Shape::Whole, _, None) => {}
            (Shape::Extract, Some(Last { checkpoint, .. }), Some(proof)) => {
                let at = seq.wrapping_sub(1);
                if !verify_inclusion(&leaf, at, checkpoint.size, proof, &checkpoint.root) {
                    return Err(wrong(What::Proof { size: checkpoint.size }));
                }
            }
            _ => return Err(wrong(What::NotCanonical { reason: "a proof where none belongs, or none where one does".into() })),
        }
        if let Some(keys) = self.lines.take_announced() {
            self.keys.announce(keys);
        }
        Ok(())
    }

    fn checkpoint(&mut self, note: &str, place: Place) -> Result<(), Wrong> {
        if self.above.is_some() || (self.shape == Shape::Extract && (self.last.is_some() || self.lines.count() > 0)) {
            return Err(What::Misplaced { found: "checkpoint" }.into());
        }
        let parsed = Note::parse(note).map_err(|e| What::NoCheckpoint { reason: e.reason })?;
        let checkpoint = Checkpoint::parse(&parsed.text).map_err(|e| What::NoCheckpoint { reason: e.reason })?;
        let expected = tenant_origin(&self.installation, &self.tenant);
        if checkpoint.origin != expected {
            return Err(What::OtherLedger { found: checkpoint.origin, expected }.into());
        }
        let judged = self.keys.judge(&parsed).map_err(|e| What::Signature(Box::new(e)))?;
        self.lines.compare(&checkpoint)?;
        if judged.trusted {
            self.keys.pass(&judged.signers);
        }
        self.last = Some(Last { checkpoint, note: note.to_owned(), signed_by: judged.signers, trusted: judged.trusted, place });
        Ok(())
    }

    fn super_log(&mut self, note: &str, index: u64, proof: &[Text64]) -> Result<(), Wrong> {
        let (None, Some(last)) = (&self.above, &self.last) else { return Err(What::Misplaced { found: "super" }.into()) };
        let parsed = Note::parse(note).map_err(|e| What::NoCheckpoint { reason: e.reason })?;
        let above = Checkpoint::parse(&parsed.text).map_err(|e| What::NoCheckpoint { reason: e.reason })?;
        let expected = super_origin(&self.installation);
        if above.origin != expected {
            return Err(What::OtherLedger { found: above.origin, expected }.into());
        }
        // By any known key: what is proven by this note is its age, and that rests on its anchors. A later key of the
        // installation, which this ledger has not heard of, may have signed it.
        self.keys.judge(&parsed).map_err(|e| What::Signature(Box::new(e)))?;
        let path: Vec<Hash> = proof.iter().map(|hash| hash.0).collect();
        if !verify_inclusion(&leaf_hash(last.note.as_bytes()), index, above.size, &path, &above.root) {
            return Err(What::SuperProof { index, size: above.size }.into());
        }
        self.lines.compare_super(&above)?;
        self.above = Some(parsed);
        Ok(())
    }

    fn anchor(&mut self, anchor: &AnchorEntry) -> Result<(), Wrong> {
        let Some(above) = &self.above else { return Err(What::Misplaced { found: "anchor" }.into()) };
        let anchored = match anchor {
            AnchorEntry::Rfc3161 { token } => {
                let token = STANDARD.decode(token).map_err(|_| What::NotCanonical { reason: "the token is not in base64".into() })?;
                let digest = sha256(&[above.text.as_bytes()]);
                let stamp = crate::stamp::verify(&token, &digest, &self.trust.stamp_roots, None).map_err(|e| What::Stamp(Box::new(e)))?;
                Anchored { kind: AnchorKind::Stamp, by: stamp.authority, at: Some(stamp.at.to_string()), trusted: stamp.trusted }
            }
            AnchorEntry::Witness { note } => {
                let note = Note::parse(note).map_err(|e| What::NoCheckpoint { reason: e.reason })?;
                if note.text != above.text {
                    return Err(What::WitnessOfAnother.into());
                }
                self.keys.judge(&note).map_err(|e| What::Signature(Box::new(e)))?;
                self.witnessed(&note)?
            }
        };
        self.anchors.push(anchored);
        Ok(())
    }

    fn witnessed(&self, note: &Note) -> Result<Anchored, Wrong> {
        use crate::note::Unverified;
        let own = self.keys.name();
        let (names, trusted) = match note.verify(&self.trust.witnesses) {
            Ok(signers) => (signers.into_iter().map(|key| key.name).collect::<Vec<_>>(), true),
            Err(Unverified::NobodyKnown) => {
                (note.signatures.iter().filter(|signature| signature.name != own).map(|signature| signature.name.clone()).collect(), false)
            }
            Err(wrong @ Unverified::Wrong(_)) => return Err(What::Signature(Box::new(wrong)).into()),
        };
        if names.is_empty() {
            return Err(What::NoWitness.into());
        }
        Ok(Anchored { kind: AnchorKind::Witness, by: names.join(", "), at: None, trusted })
    }

    fn report(self) -> Result<Report, Wrong> {
        let Some(last) = self.last else { return Err(What::Uncovered { lines: self.lines.count(), covered: 0 }.into()) };
        if !last.trusted {
            return Err(Wrong { place: Some(last.place), seq: None, what: What::Untrusted { signers: last.signed_by } });
        }
        let (trusted, shape) = (!self.keys.self_asserted(), self.shape);
        let lines = self.lines.finish(&last.checkpoint)?;
        Ok(Report {
            installation: self.installation,
            tenant: self.tenant,
            shape,
            lines: lines.count,
            size: last.checkpoint.size,
            root: last.checkpoint.root,
            checkpoint_at: last.checkpoint.at,
            epochs: lines.epochs,
            signed_by: last.signed_by,
            anchors: self.anchors,
            erased: lines.erased,
            trusted,
            known: lines.known,
            known_elsewhere: lines.known_elsewhere,
            first_at: lines.first_at,
            last_at: lines.last_at,
        })
    }
}
