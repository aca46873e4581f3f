//! One-time links: for one purpose, for some time, and for one use.

use jiff::Timestamp;
use rules::id::Digest;
use rules::refusal::{Refusal, Why};
use rules::text::text;

use crate::Error;
use crate::token::{Token, digest};

/// What a link is good for; a link for one is no good for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Joining an organisation.
    Invitation,
    /// Choosing a new password.
    PasswordReset,
}

/// What is kept of a link: never the token itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub purpose: Purpose,
    pub digest: Digest,
    pub expires: Timestamp,
    pub used: bool,
}

impl Link {
    /// A fresh link, and the token that goes into its address.
    pub fn fresh(purpose: Purpose, expires: Timestamp) -> Result<(Link, Token), Error> {
        let token = Token::fresh()?;
        Ok((Link { purpose, digest: token.digest(), expires, used: false }, token))
    }

    /// Whether what was presented opens this link now. The caller then marks it used, in the same transaction.
    ///
    /// All refusals read alike: they tell a stranger nothing about which links exist.
    pub fn open(&self, purpose: Purpose, presented: &str, now: Timestamp) -> Result<(), Refusal> {
        if self.purpose == purpose && self.digest == digest(presented) && !self.used && now < self.expires {
            return Ok(());
        }
        Err(Refusal::new(
            Why::NotFound,
            text(
                "このリンクは使用できません。期限が切れたか、すでに使用されています。新しいリンクの発行をご依頼ください。",
                "This link is not valid: it has expired or was used already. Ask for a new one.",
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_link_opens_once_in_time_for_its_purpose() {
        let (mut link, token) = Link::fresh(Purpose::Invitation, at("2026-12-01T00:00:00Z")).unwrap();
        let now = at("2026-11-30T23:59:59Z");
        assert_eq!(link.open(Purpose::Invitation, token.text(), now), Ok(()));
        assert!(link.open(Purpose::PasswordReset, token.text(), now).is_err());
        assert!(link.open(Purpose::Invitation, "another", now).is_err());
        assert!(link.open(Purpose::Invitation, &link.digest.to_string(), now).is_err());
        assert!(link.open(Purpose::Invitation, token.text(), link.expires).is_err());
        link.used = true;
        assert!(link.open(Purpose::Invitation, token.text(), now).is_err());
    }
}
