//! Which keys count: those the outsider has, and those that a ledger announces under a signature of one that counts.

use crate::checkpoint::key_name;
use crate::note::{Note, Unverified, VerifierKey};

#[derive(Debug)]
pub(super) struct Keys {
    /// The name that keys of this installation bear; others count for nothing here.
    name: String,
    /// Every key that a signature is checked with.
    all: Vec<VerifierKey>,
    /// The keys whose word is taken.
    trusted: Vec<VerifierKey>,
    /// Trusted keys that signed a checkpoint: a change of keys retires them.
    used: Vec<VerifierKey>,
    /// Keys that lines announced and no checkpoint of a trusted key covers yet.
    announced: Vec<VerifierKey>,
    self_asserted: bool,
}

/// What the signatures of a note are worth.
#[derive(Debug)]
pub(super) struct Judged {
    pub signers: Vec<VerifierKey>,
    pub trusted: bool,
}

impl Keys {
    pub fn new(installation: &str, in_file: &[VerifierKey], given: &[VerifierKey]) -> Keys {
        let name = key_name(installation);
        let own = |keys: &[VerifierKey]| keys.iter().filter(|key| key.name == name).cloned().collect::<Vec<_>>();
        let (in_file, self_asserted) = (own(in_file), given.is_empty());
        let trusted = if self_asserted { in_file.clone() } else { own(given) };
        let mut all = in_file;
        all.extend(trusted.iter().cloned());
        Keys { name, all, trusted, used: Vec::new(), announced: Vec::new(), self_asserted }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the keys of the file had to be taken at their own word.
    pub fn self_asserted(&self) -> bool {
        self.self_asserted
    }

    /// Reads the signatures: each by a known key must be right. Trusted keys must have signed with every algorithm they
    /// have, or whoever breaks one algorithm could leave the other signature out.
    pub fn judge(&self, note: &Note) -> Result<Judged, Unverified> {
        let signers = note.verify(&self.all)?;
        let signed = |key: &VerifierKey| self.trusted.iter().any(|k| k.algorithm == key.algorithm && signers.contains(k));
        let trusted = !self.trusted.is_empty() && self.trusted.iter().all(signed);
        Ok(Judged { signers, trusted })
    }

    /// A line announces the keys that sign from now on.
    pub fn announce(&mut self, keys: Vec<VerifierKey>) {
        let keys: Vec<VerifierKey> = keys.into_iter().filter(|key| key.name == self.name).collect();
        if !keys.is_empty() {
            self.all.extend(keys.iter().filter(|key| !self.all.contains(key)).cloned().collect::<Vec<_>>());
            self.announced = keys;
        }
    }

    /// A checkpoint signed by trusted keys covers every line so far: trust passes to the keys they announced.
    ///
    /// A line under no such checkpoint passes nothing: anybody can go on with a published ledger.
    pub fn pass(&mut self, signers: &[VerifierKey]) {
        self.used.extend(signers.iter().filter(|key| self.trusted.contains(key) && !self.used.contains(key)).cloned().collect::<Vec<_>>());
        if self.announced.is_empty() {
            return;
        }
        let announced = std::mem::take(&mut self.announced);
        self.trusted.retain(|key| !self.used.contains(key) && !announced.contains(key));
        self.trusted.extend(announced);
    }
}
