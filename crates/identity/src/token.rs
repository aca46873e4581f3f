//! Random tokens for sessions, API keys and links: the person keeps the text, the store only its digest.

use std::fmt;

use rules::id::Digest;
use sha2::{Digest as _, Sha256};

use crate::{Error, random};

/// 32 random bytes as 64 hexadecimal digits. Shown once, never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    pub fn fresh() -> Result<Token, Error> {
        let bytes: [u8; 32] = random()?;
        Ok(Token(Digest(bytes).to_string()))
    }

    /// The text to hand to its owner.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What to store.
    pub fn digest(&self) -> Digest {
        digest(&self.0)
    }
}

/// The digest of a token that was presented, whatever it is; look the owner up by it.
///
/// 256 random bits need no slow hash, and finding by digest leaks nothing of the token through time.
pub fn digest(presented: &str) -> Digest {
    Digest(Sha256::digest(presented.as_bytes()).into())
}

/// A token never gets into a log by accident.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_new_each_time_and_found_by_their_digest() {
        let (a, b) = (Token::fresh().unwrap(), Token::fresh().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.text().len(), 64);
        assert_eq!(digest(a.text()), a.digest());
        assert_ne!(a.digest().to_string(), a.text());
        assert!(!format!("{a:?}").contains(a.text()));
    }

    #[test]
    fn the_digest_is_sha_256() {
        assert_eq!(digest("abc").to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
