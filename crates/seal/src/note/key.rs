//! The keys of notes: Ed25519 (RFC 8032) and, good against quantum computers, ML-DSA-44 (FIPS 204).

use std::fmt;
use std::str::FromStr;

use base64::{Engine, engine::general_purpose::STANDARD};
use ml_dsa::MlDsa44;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::merkle::sha256;

/// How a key signs. A new algorithm gets a new variant; notes name none, the key's id does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Algorithm {
    #[serde(rename = "Ed25519")]
    Ed25519,
    #[serde(rename = "ML-DSA-44")]
    MlDsa44,
}

impl Algorithm {
    pub const ALL: [Algorithm; 2] = [Algorithm::Ed25519, Algorithm::MlDsa44];

    /// The name in standards.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Ed25519 => "Ed25519",
            Algorithm::MlDsa44 => "ML-DSA-44",
        }
    }

    /// What stands before the public key: C2SP gives Ed25519 the byte 1; 0xff opens a long name.
    fn type_bytes(self) -> &'static [u8] {
        match self {
            Algorithm::Ed25519 => b"\x01",
            Algorithm::MlDsa44 => b"\xffML-DSA-44\n",
        }
    }

    /// The length of a public key, in bytes.
    fn public_length(self) -> usize {
        match self {
            Algorithm::Ed25519 => 32,
            Algorithm::MlDsa44 => 1312,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is given is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadKey {
    /// Why not, in English.
    pub reason: &'static str,
}

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no key of notes: {}", self.reason)
    }
}
impl std::error::Error for BadKey {}

fn bad(reason: &'static str) -> BadKey {
    BadKey { reason }
}

/// Whether a key may be called this: not empty, no white space, no '+', no control character.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// The public half: whoever has it can check notes. As text, and in JSON: `name+id+base64(type ‖ public key)`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VerifierKey {
    pub name: String,
    pub algorithm: Algorithm,
    public: Vec<u8>,
}

impl VerifierKey {
    /// A key by its public bytes: 32 of Ed25519 (RFC 8032), 1312 of ML-DSA-44 (FIPS 204).
    pub fn new(name: &str, algorithm: Algorithm, public: Vec<u8>) -> Result<VerifierKey, BadKey> {
        if !is_name(name) {
            return Err(bad("the name is empty or has white space, '+' or a control character"));
        }
        if public.len() != algorithm.public_length() {
            return Err(bad("the public key has another length"));
        }
        Ok(VerifierKey { name: name.to_owned(), algorithm, public })
    }

    /// The public key alone.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// What a signature names the key by: the first 4 bytes of SHA-256(name ‖ newline ‖ type ‖ public key).
    pub fn id(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = sha256(&[self.name.as_bytes(), b"\n", self.algorithm.type_bytes(), &self.public]);
        [a, b, c, d]
    }

    /// The id as people read it: 8 hexadecimal digits.
    pub fn id_text(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.id()))
    }

    /// Whether these bytes are this key's signature of the text.
    pub fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        match self.algorithm {
            Algorithm::Ed25519 => UnparsedPublicKey::new(&ED25519, &self.public).verify(text.as_bytes(), signature).is_ok(),
            Algorithm::MlDsa44 => self.verifies_ml_dsa(text, signature).unwrap_or(false),
        }
    }

    fn verifies_ml_dsa(&self, text: &str, signature: &[u8]) -> Option<bool> {
        let public = ml_dsa::EncodedVerifyingKey::<MlDsa44>::try_from(self.public.as_slice()).ok()?;
        let signature = ml_dsa::EncodedSignature::<MlDsa44>::try_from(signature).ok()?;
        let signature = ml_dsa::Signature::<MlDsa44>::decode(&signature)?;
        // No context string: the first lines of every text we sign say what it is.
        Some(ml_dsa::VerifyingKey::<MlDsa44>::decode(&public).verify_with_context(text.as_bytes(), &[], &signature))
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [self.algorithm.type_bytes(), &self.public].concat();
        write!(f, "{}+{}+{}", self.name, self.id_text(), STANDARD.encode(typed))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({} {} {})", self.name, self.algorithm, self.id_text())
    }
}

impl FromStr for VerifierKey {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<VerifierKey, BadKey> {
        // base64 may have '+' too: only the first two divide.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(typed)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad("it is not name+id+key"));
        };
        let typed = STANDARD.decode(typed).map_err(|_| bad("the key is not in base64"))?;
        let algorithm = Algorithm::ALL.into_iter().find(|a| typed.starts_with(a.type_bytes())).ok_or(bad("an unknown algorithm"))?;
        let public = typed.get(algorithm.type_bytes().len()..).unwrap_or_default().to_vec();
        let key = VerifierKey::new(name, algorithm, public)?;
        if key.id_text() == id { Ok(key) } else { Err(bad("the id is not that of this key: a character may be wrong")) }
    }
}

impl TryFrom<String> for VerifierKey {
    type Error = BadKey;

    fn try_from(text: String) -> Result<VerifierKey, BadKey> {
        text.parse()
    }
}

impl From<VerifierKey> for String {
    fn from(key: VerifierKey) -> String {
        key.to_string()
    }
}

/// One signature of a note, whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub name: String,
    pub key_id: [u8; 4],
    pub bytes: Vec<u8>,
}

/// The secret half. It is never printed.
pub struct SigningKey {
    verifier: VerifierKey,
    secret: Secret,
}

enum Secret {
    Ed25519(Ed25519KeyPair),
    MlDsa44(Box<ml_dsa::SigningKey<MlDsa44>>),
}

impl SigningKey {
    /// The key that belongs to 32 random bytes: the same seed is always the same key.
    pub fn from_seed(name: &str, algorithm: Algorithm, seed: [u8; 32]) -> Result<SigningKey, BadKey> {
        let (public, secret) = match algorithm {
            Algorithm::Ed25519 => {
                let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| bad("the seed makes no Ed25519 key"))?;
                (pair.public_key().as_ref().to_vec(), Secret::Ed25519(pair))
            }
            Algorithm::MlDsa44 => {
                let key = Box::new(ml_dsa::SigningKey::<MlDsa44>::from_seed(&seed.into()));
                (key.expanded_key().verifying_key().encode().to_vec(), Secret::MlDsa44(key))
            }
        };
        Ok(SigningKey { verifier: VerifierKey::new(name, algorithm, public)?, secret })
    }

    pub fn verifier(&self) -> VerifierKey {
        self.verifier.clone()
    }

    /// Signs a text. Both algorithms sign without randomness: the same text has the same signature.
    pub fn sign(&self, text: &str) -> Signature {
        let bytes = match &self.secret {
            Secret::Ed25519(pair) => pair.sign(text.as_bytes()).as_ref().to_vec(),
            Secret::MlDsa44(key) => {
                // Fails only for a context string of more than 255 bytes; ours is empty.
                key.expanded_key().sign_deterministic(text.as_bytes(), &[]).map(|s| s.encode().to_vec()).unwrap_or_default()
            }
        };
        Signature { name: self.verifier.name.clone(), key_id: self.verifier.id(), bytes }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {} {}, secret)", self.verifier.name, self.verifier.algorithm, self.verifier.id_text())
    }
}
