//! RFC 3161: an outside authority says that a digest existed at a time, and what that word is worth is checked here.
//!
//! The profile is narrow on purpose. A token is refused unless every one of its bits is covered by a signature or follows
//! from bits that are: DER only, one signer, no unsigned attributes, no revocation lists, no certificate off the path.
//! Certificates are judged at the time in the token, not today. Whether they were revoked is not asked: that needs a network.

mod chain;
mod fault;
mod parts;
mod request;
mod signature;
mod token;
mod width;

use jiff::Timestamp;

use crate::merkle::Hash;
pub use fault::StampFault;
pub use request::{request, token_of_response};

/// The longest token that is read, in bytes. Tokens with four certificates have about 8 KiB.
pub const LONGEST_TOKEN: usize = 32 * 1024;

/// What a token proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The digest existed at this time (`genTime`).
    pub at: Timestamp,
    /// The token's number at its authority, in hexadecimal as OpenSSL prints it.
    pub serial: String,
    /// The policy under which the authority stamps: an object identifier.
    pub policy: String,
    /// The subject of the certificate that signed (RFC 4514).
    pub authority: String,
    /// The chain of certificates reaches one of the given roots.
    /// Where it does not, the token is only well-formed: anybody can make one, so nothing is proven.
    pub trusted: bool,
    /// The end of the signing certificate. Later the token is still good, but somebody should have stamped again before.
    pub until: Timestamp,
}

/// Checks a token (DER of `TimeStampToken`) over a SHA-256 digest.
///
/// `roots` are certificates in DER: authorities, or the very certificate that signs. `nonce` is that of the request,
/// where the request is at hand. An unknown authority is no fault but `trusted: false`; all else that is not exactly
/// right is a fault.
pub fn verify(token: &[u8], digest: &Hash, roots: &[Vec<u8>], nonce: Option<u64>) -> Result<Stamp, StampFault> {
    let token = token::read(token)?;
    token.info.is_about(digest, nonce)?;
    let at = token.info.at()?;
    token.signer_signed()?;
    let trusted = chain::judge(&token.certificates, token.signer, &token.named, roots, at)?;
    let signer = token.signing_certificate()?;
    Ok(Stamp { at, serial: token.info.serial(), policy: token.info.policy(), authority: signer.subject(), trusted, until: signer.until()? })
}
