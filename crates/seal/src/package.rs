//! The sealed package (`.akashi`): a signed manifest and its files in a ZIP file that can be written in one way only.
//!
//! Everything in the container follows from the manifest: the order of entries, their names, sizes and offsets.
//! So the reader compares the container with the one bytes it may consist of, and no byte is left unread.

mod container;
mod fault;
mod manifest;
mod open;
mod receipt;
mod write;

pub use fault::{BadManifest, BadSignature, PackageFault};
pub use manifest::{FILES, Listed, MANIFEST_BYTES, Manifest, Receiver, Sender};
pub use open::{FileReader, Opened, PackageTrust, open, peek};
pub use receipt::{Receipt, ReceiptFault};
pub use write::{NotWritten, PackageWriter};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::merkle::Hash;
use crate::note::{Algorithm, VerifierKey};

/// The first entry.
const MANIFEST: &str = "manifest.json";
/// The second entry: the manifest's signatures.
const NOTE: &str = "manifest.note";
/// The first line of the signed text.
const SIGNED: &str = "akashi-package v1";
/// What is read and written at once, in bytes.
const CHUNK: usize = 256 * 1024;

/// What the signatures of a package stand under.
fn signed_text(manifest: &Hash) -> String {
    format!("{SIGNED}\n{}\n", STANDARD.encode(manifest))
}

/// An algorithm that a signer is known to have a key of, and did not sign with.
///
/// The second signature exists for the day on which the first algorithm is broken: it must not be possible to leave it out.
fn lacking(signed: &[VerifierKey], known: &[VerifierKey]) -> Option<Algorithm> {
    let theirs = known.iter().filter(|key| signed.iter().any(|signer| signer.name == key.name));
    theirs.map(|key| key.algorithm).find(|algorithm| !signed.iter().any(|signer| signer.algorithm == *algorithm))
}

/// The name that the signing keys of an installation carry.
fn key_name(installation: &str) -> String {
    format!("akashi-{installation}")
}
