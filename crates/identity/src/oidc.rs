//! Sign-in at an organisation's own OpenID Connect provider: who came back, and which roles their groups give.
//!
//! The way of one sign-in: [`discover`] (the caller keeps what it returns), [`start`] (the browser goes to the provider),
//! [`returned`] (the browser is back: is this its own answer?), [`finish`] (the code becomes a person).
//! Only the authorization code flow with PKCE exists here (OpenID Connect Core 1.0; RFC 7636; RFC 9700).

mod checked;
mod discover;
mod finish;
mod settings;
mod start;
mod wire;

pub use discover::{Known, discover};
pub use finish::{Recognised, finish, roles};
pub use settings::{Provider, Providers, SecondFactor, Secret};
pub use start::{Pending, Started, returned, start};

use rules::text::Text;

/// Why nobody was recognised. The words never hold a token, a code, a secret or an answer's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// The provider does not answer, or not in a way that can be trusted; later it may.
    #[error("{}", .0.en)]
    Unreachable(Text),
    /// The provider answered, and said no.
    #[error("{}", .0.en)]
    Refused(Text),
    /// What came back fails a check: it is not used, and nobody is signed in.
    #[error("{}", .0.en)]
    Invalid(Text),
}

impl OidcError {
    /// The sentence for the person who wants to sign in.
    pub fn text(&self) -> &Text {
        match self {
            OidcError::Unreachable(text) | OidcError::Refused(text) | OidcError::Invalid(text) => text,
        }
    }
}
