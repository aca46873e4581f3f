//! How Akashi recognises people: passwords, tokens and one-time links. Decides nothing about cases.

mod dictionary;
pub mod oidc;
pub mod passkey;
pub mod password;
pub mod recovery;
pub mod rule;
pub mod token;
pub mod totp;

pub use password::{Checked, Cost, Passwords};
pub use rule::{generate, judge};
pub use token::{Token, digest};
pub use totp::TotpKey;

/// Recognition did not work for a reason that is not the person's.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the operating system gives no random bytes: {0}")]
    Random(getrandom::Error),
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
    #[error("a stored password hash cannot be read: {0}")]
    Stored(String),
    #[error("the cost of password hashing is out of range: {0}")]
    Cost(String),
    #[error("too many passwords are being checked at once")]
    Busy,
    #[error("a key of one-time codes cannot be read")]
    Key,
}

/// Fresh random bytes of the operating system.
pub fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    Ok(bytes)
}
