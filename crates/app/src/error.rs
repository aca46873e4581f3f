//! What can go wrong in a use case: refused with reasons for the person, or broken, which only the log explains.

use rules::refusal::Refusal;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The person can read why and mend it.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The database or the files.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Randomness or password hashing.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    #[error(transparent)]
    Passkey(#[from] identity::passkey::PasskeyError),
    /// Something of the installation is not as it should be.
    #[error("{0}")]
    Broken(String),
}

impl Error {
    /// The database is held by others for now; trying again may help.
    pub fn is_busy(&self) -> bool {
        matches!(self, Error::Store(store::Error::Busy { .. }) | Error::Identity(identity::Error::Busy))
    }
    /// The commit was not confirmed: what was asked for may have happened or not.
    pub fn is_unsure(&self) -> bool {
        matches!(self, Error::Store(store::Error::NotCommitted { .. }))
    }
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Error::Refused(refusal) => Some(refusal),
            Error::Store(_) | Error::Identity(_) | Error::Passkey(_) | Error::Broken(_) => None,
        }
    }
}
