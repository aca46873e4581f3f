//! The manifest of a package: who sends what to whom, and every file by its digest.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::fault::BadManifest;
use super::{MANIFEST, NOTE};
use crate::merkle::Hash;

/// The largest manifest, in bytes: about 50,000 files.
pub const MANIFEST_BYTES: u64 = 16 * 1024 * 1024;
/// The most files of a package.
pub const FILES: usize = 50_000;
/// The longest path, in bytes.
const PATH: usize = 200;
/// The longest name, subject or label, in characters.
const WORDS: usize = 1_000;
/// The most keys a sender may name: two algorithms, some of them while they are being changed.
const KEYS: usize = 16;
/// The version of the format.
const VERSION: u64 = 1;

/// What a package says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// 16 random bytes, in hex: a package is accepted once.
    pub id: String,
    pub sender: Sender,
    pub receiver: Receiver,
    /// What it is about, as people call it: the service and the round.
    pub subject: String,
    /// The label of its contents (how confidential they are); empty when they have none.
    pub label: String,
    /// When it was made, by the sender's clock (RFC 3339, UTC).
    pub made_at: String,
    /// The id of the package that this one corrects.
    pub replaces: Option<String>,
    pub files: Vec<Listed>,
}

/// Who sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// 16 hex characters.
    pub installation: String,
    pub name: String,
    /// The sender's own word about its keys; who opens it must know them from elsewhere.
    pub keys: Vec<String>,
}

/// For whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    /// 16 hex characters; none where the sender does not know the receiver's installation: any may open it.
    pub installation: Option<String>,
    pub name: String,
}

/// One file of the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Small letters, digits, `_`, `.`, `/`, `-`. What lies under `evidence/` is called by its digest in hex.
    pub path: String,
    /// The media type that the sender found.
    pub media: String,
    /// In bytes.
    pub size: u64,
    pub sha256: Hash,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestText {
    v: u64,
    id: String,
    sender: Sender,
    receiver: Receiver,
    subject: String,
    label: String,
    made_at: String,
    replaces: Option<String>,
    files: Vec<ListedText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedText {
    path: String,
    media: String,
    size: u64,
    sha256: String,
}

#[derive(Deserialize)]
struct VersionOnly {
    v: u64,
}

impl Manifest {
    /// The manifest's one text; refused when it may not be sent.
    pub fn to_text(&self) -> Result<String, BadManifest> {
        self.check()?;
        self.text()
    }

    fn text(&self) -> Result<String, BadManifest> {
        let files = self.files.iter().map(|file| ListedText {
            path: file.path.clone(),
            media: file.media.clone(),
            size: file.size,
            sha256: STANDARD.encode(file.sha256),
        });
        let text = ManifestText {
            v: VERSION,
            id: self.id.clone(),
            sender: self.sender.clone(),
            receiver: self.receiver.clone(),
            subject: self.subject.clone(),
            label: self.label.clone(),
            made_at: self.made_at.clone(),
            replaces: self.replaces.clone(),
            files: files.collect(),
        };
        let text = crate::canonical(&text).map_err(|e| BadManifest::NotCanonical(e.to_string()))?;
        if text.len() as u64 > MANIFEST_BYTES { Err(BadManifest::Files(self.files.len())) } else { Ok(text) }
    }

    /// Reads a manifest: exactly the known fields, in canonical JSON, each within its limits.
    pub fn parse(bytes: &[u8]) -> Result<Manifest, BadManifest> {
        let unread = |e: serde_json::Error| BadManifest::NotCanonical(e.to_string());
        let VersionOnly { v } = serde_json::from_slice(bytes).map_err(unread)?;
        if v != VERSION {
            return Err(BadManifest::Version(v));
        }
        let text: ManifestText = serde_json::from_slice(bytes).map_err(unread)?;
        let mut files = Vec::with_capacity(text.files.len().min(FILES));
        for file in text.files {
            let digest = STANDARD.decode(&file.sha256).ok().and_then(|bytes| Hash::try_from(bytes).ok());
            let sha256 = digest.ok_or_else(|| BadManifest::Digest(file.path.clone()))?;
            files.push(Listed { path: file.path, media: file.media, size: file.size, sha256 });
        }
        let manifest = Manifest {
            id: text.id,
            sender: text.sender,
            receiver: text.receiver,
            subject: text.subject,
            label: text.label,
            made_at: text.made_at,
            replaces: text.replaces,
            files,
        };
        manifest.check()?;
        // Only now: a text of millions of keys is refused before it is written once more.
        if manifest.text()?.as_bytes() == bytes {
            Ok(manifest)
        } else {
            Err(BadManifest::NotCanonical("another order, spacing or spelling".to_owned()))
        }
    }

    fn check(&self) -> Result<(), BadManifest> {
        let field = |name: &'static str, is_good: bool| if is_good { Ok(()) } else { Err(BadManifest::Field(name)) };
        field("id", is_hex(&self.id, 32))?;
        field("replaces", self.replaces.as_ref().is_none_or(|id| is_hex(id, 32) && *id != self.id))?;
        field("sender.installation", is_hex(&self.sender.installation, 16))?;
        field("receiver.installation", self.receiver.installation.as_ref().is_none_or(|id| is_hex(id, 16)))?;
        field("sender.name", are_words(&self.sender.name))?;
        field("receiver.name", are_words(&self.receiver.name))?;
        field("subject", are_words(&self.subject))?;
        field("label", self.label.is_empty() || are_words(&self.label))?;
        field("made_at", is_time(&self.made_at))?;
        field("sender.keys", self.sender.keys.len() <= KEYS && self.sender.keys.iter().all(|key| is_key(key)))?;
        if self.files.len() > FILES {
            return Err(BadManifest::Files(self.files.len()));
        }
        self.check_files()
    }

    fn check_files(&self) -> Result<(), BadManifest> {
        let (mut total, mut paths, mut folders) = (0_u64, HashSet::new(), HashSet::new());
        for file in &self.files {
            if !is_path(&file.path) {
                return Err(BadManifest::Path(file.path.clone()));
            }
            // Small letters only, so two paths that differ by case cannot come.
            if !paths.insert(file.path.as_str()) {
                return Err(BadManifest::Doubled(file.path.clone()));
            }
            folders.extend(file.path.match_indices('/').filter_map(|(at, _)| file.path.get(..at)));
            if file.path.strip_prefix("evidence/").is_some_and(|name| name != hex(&file.sha256)) {
                return Err(BadManifest::NotItsDigest(file.path.clone()));
            }
            if !is_media(&file.media) {
                return Err(BadManifest::Media(file.path.clone()));
            }
            // Larger than any disk: such a sum would overflow offsets further on.
            total = total.checked_add(file.size).filter(|total| *total < 1 << 53).ok_or(BadManifest::TooLarge)?;
        }
        match paths.iter().find(|path| folders.contains(**path)) {
            Some(path) => Err(BadManifest::Doubled((*path).to_owned())),
            None => Ok(()),
        }
    }
}

pub(super) fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// A digest as file names and people have it.
pub(super) fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Something people can read: no control characters, and none that turn the direction of a line around.
fn are_words(text: &str) -> bool {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text.trim().is_empty() && text.chars().count() <= WORDS && !text.chars().any(|c| c.is_control() || turns(c))
}

/// As long as a key may be as text, and without anything that a line of text cannot hold.
fn is_key(text: &str) -> bool {
    !text.is_empty() && text.len() <= 4_096 && text.chars().all(|c| c.is_ascii_graphic() || (c.is_alphanumeric() && !c.is_ascii()))
}

pub(super) fn is_time(text: &str) -> bool {
    text.len() <= 40 && text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
}

fn is_media(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b));
    text.len() <= 200 && text.split_once('/').is_some_and(|(kind, name)| part(kind) && part(name))
}

/// Whether a file may be called so in a package: safe on every system, and never outside the folder it is unpacked into.
pub(super) fn is_path(path: &str) -> bool {
    let letters = |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b));
    let name = |name: &str| !name.is_empty() && !name.starts_with(['.', '-']) && !name.ends_with('.') && letters(name);
    path.len() <= PATH && path != MANIFEST && path != NOTE && path.split('/').all(name)
}
