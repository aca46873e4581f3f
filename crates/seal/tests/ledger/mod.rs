//! Ledgers for tests: lines, signed checkpoints, and exports of them with the end made to fit.

#![allow(dead_code)]

use base64::{Engine, engine::general_purpose::STANDARD};
use seal::checkpoint::{key_name, super_origin, tenant_origin};
use seal::export::{Anchor, ExportWriter, Opening, Shape};
use seal::merkle::sha256;
use seal::note::Algorithm;
use seal::verify::{Fault, Report, Trust, verify_export};
use seal::{Checkpoint, Hash, Head, Line, Note, Payload, SigningKey, VerifierKey, leaf_hash, proof};
use serde_json::{Value, json};

pub const INSTALLATION: &str = "0123456789abcdef";
pub const TENANT: &str = "organisation_1";

/// A key of the installation; another seed, another key.
pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&key_name(INSTALLATION), Algorithm::Ed25519, [seed; 32]).unwrap()
}

pub fn later_key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&key_name(INSTALLATION), Algorithm::MlDsa44, [seed; 32]).unwrap()
}

pub fn witness() -> SigningKey {
    SigningKey::from_seed("hospital.example", Algorithm::Ed25519, [99; 32]).unwrap()
}

pub fn verifiers(keys: &[SigningKey]) -> Vec<VerifierKey> {
    keys.iter().map(SigningKey::verifier).collect()
}

pub fn trusting(keys: &[SigningKey]) -> Trust {
    Trust { keys: verifiers(keys), ..Trust::default() }
}

/// Microseconds after noon, as the ledger writes times.
pub fn moment(n: u64) -> String {
    format!("2026-11-22T12:{:02}:{:02}.{:06}Z", n / 60_000_000 % 60, n / 1_000_000 % 60, n % 1_000_000)
}

pub struct Ledger {
    pub lines: Vec<Line>,
    pub epoch: u32,
}

impl Ledger {
    /// A ledger of `n` lines of everyday kinds.
    pub fn of(n: u64) -> Ledger {
        let mut ledger = Ledger { lines: Vec::new(), epoch: 1 };
        for i in 1..=n {
            ledger.push("verdict_given", json!({"kind": "verdict_given", "item": i, "remarks": "確認した。\n「良い」\t\u{1}\\"}));
        }
        ledger
    }

    pub fn push(&mut self, kind: &str, payload: Value) -> u64 {
        let seq = self.lines.len() as u64 + 1;
        let payload = Payload { salt: [seq as u8; 16], text: seal::canonical(&payload).unwrap() };
        let head = Head {
            pos: seq * 3,
            tenant: TENANT.into(),
            seq,
            at: moment(seq * 1_000_000),
            actor: "person_1".into(),
            session: seq.is_multiple_of(2).then(|| "session_1".into()),
            address: seq.is_multiple_of(3).then(|| "192.0.2.1".into()),
            kind: kind.into(),
            subject: format!("case_1/{seq}"),
            outcome: "done".into(),
            payload_digest: payload.digest(),
        };
        let leaf = head.leaf();
        self.lines.push(Line { head, payload: Some(payload), leaf });
        seq
    }

    /// Changes a line and makes its hashes fit again, as a careful forger does.
    pub fn forge(&mut self, seq: u64, change: impl FnOnce(&mut Line)) {
        let line = &mut self.lines[seq as usize - 1];
        change(line);
        if let Some(payload) = &line.payload {
            line.head.payload_digest = payload.digest();
        }
        line.leaf = line.head.leaf();
    }

    pub fn leaves(&self) -> Vec<Hash> {
        self.lines.iter().map(|line| line.leaf).collect()
    }

    pub fn checkpoint(&self, size: u64) -> Checkpoint {
        Checkpoint {
            origin: tenant_origin(INSTALLATION, TENANT),
            size,
            root: proof::root(&self.leaves()[..size as usize]),
            epoch: self.epoch,
            at: moment(3_000_000_000),
        }
    }

    pub fn note(&self, size: u64, keys: &[SigningKey]) -> Note {
        Note::sign(self.checkpoint(size).text(), keys).unwrap()
    }

    /// A whole export with these checkpoints, each (size, keys); nothing above.
    pub fn whole(&self, in_file: &[SigningKey], checkpoints: &[(u64, &[SigningKey])]) -> Vec<u8> {
        let notes: Vec<(u64, Note)> = checkpoints.iter().map(|(size, keys)| (*size, self.note(*size, keys))).collect();
        self.with(in_file, &notes)
    }

    pub fn with(&self, in_file: &[SigningKey], notes: &[(u64, Note)]) -> Vec<u8> {
        let mut out = ExportWriter::begin(Vec::new(), &opening(Shape::Whole, in_file)).unwrap();
        for line in &self.lines {
            out.line(line, None).unwrap();
            for (_, note) in notes.iter().filter(|(size, _)| *size == line.head.seq) {
                out.checkpoint(note).unwrap();
            }
        }
        out.finish().unwrap()
    }

    pub fn extract(&self, seqs: &[u64], keys: &[SigningKey]) -> Vec<u8> {
        let mut out = self.extract_open(seqs, keys);
        self.above(&mut out, keys);
        out.finish().unwrap()
    }

    fn extract_open(&self, seqs: &[u64], keys: &[SigningKey]) -> ExportWriter<Vec<u8>> {
        let mut out = ExportWriter::begin(Vec::new(), &opening(Shape::Extract, keys)).unwrap();
        out.checkpoint(&self.note(self.lines.len() as u64, keys)).unwrap();
        for seq in seqs {
            let path = proof::inclusion(&self.leaves(), *seq as usize - 1).unwrap();
            out.line(&self.lines[*seq as usize - 1], Some(&path)).unwrap();
        }
        out
    }

    /// A whole export with super checkpoint and witness.
    pub fn full(&self, keys: &[SigningKey]) -> Vec<u8> {
        let mut out = ExportWriter::begin(Vec::new(), &opening(Shape::Whole, keys)).unwrap();
        let size = self.lines.len() as u64;
        for line in &self.lines {
            out.line(line, None).unwrap();
            if line.head.seq == size / 2 {
                out.checkpoint(&self.note(size / 2, keys)).unwrap();
            }
        }
        out.checkpoint(&self.note(size, keys)).unwrap();
        self.above(&mut out, keys);
        out.finish().unwrap()
    }

    pub fn super_note(&self, keys: &[SigningKey]) -> (Note, u64, Vec<Hash>) {
        let own = self.note(self.lines.len() as u64, keys).to_string();
        let leaves = ["another".to_owned(), own, "a third".to_owned()].map(|entry| leaf_hash(entry.as_bytes()));
        let checkpoint = Checkpoint {
            origin: super_origin(INSTALLATION),
            size: 3,
            root: proof::root(&leaves),
            epoch: self.epoch,
            at: moment(3_100_000_000),
        };
        (Note::sign(checkpoint.text(), keys).unwrap(), 1, proof::inclusion(&leaves, 1).unwrap())
    }

    fn above(&self, out: &mut ExportWriter<Vec<u8>>, keys: &[SigningKey]) {
        let (mut note, index, path) = self.super_note(keys);
        out.super_log(&note, index, &path).unwrap();
        note.add(witness().sign(&note.text));
        out.anchor(&Anchor::Witness(note)).unwrap();
    }
}

pub fn opening(shape: Shape, keys: &[SigningKey]) -> Opening {
    Opening { installation: INSTALLATION.into(), tenant: TENANT.into(), shape, keys: verifiers(keys), made_at: moment(3_200_000_000) }
}

/// The file's lines without their newlines.
pub fn split(file: &[u8]) -> Vec<String> {
    std::str::from_utf8(file).unwrap().lines().map(str::to_owned).collect()
}

/// The lines again as a file whose end counts and hashes what is there, so that no digest helps the check.
pub fn resealed(lines: &[String]) -> Vec<u8> {
    let mut file: String = lines[..lines.len() - 1].iter().map(|line| format!("{line}\n")).collect();
    let count = lines.iter().filter(|line| line.starts_with("{\"head\":")).count();
    let digest = STANDARD.encode(sha256(&[file.as_bytes()]));
    file.push_str(&format!("{{\"digest\":\"{digest}\",\"lines\":{count},\"t\":\"end\"}}\n"));
    file.into_bytes()
}

pub fn check(file: &[u8], trust: &Trust) -> Result<Report, Fault> {
    verify_export(file, trust, |_| {})
}
