//! The anchor at a time-stamping authority (RFC 3161): its token says that the super checkpoint existed at a time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rules::text::{Text, worded};
use seal::Hash;
use seal::merkle::sha256;
use seal::note::Note;
use seal::stamp;
use store::checkpoints::{Anchor, SuperSigned};
use ureq::tls::{PemItem, parse_pem};
use url::Url;

use super::outward::{self, Agent};
use super::{Held, Refused};
use crate::{App, Error};

/// An authority that stamps, and the certificates by which its tokens are trusted.
#[derive(Debug, Clone)]
pub struct Authority {
    pub url: Url,
    /// DER.
    pub roots: Vec<Vec<u8>>,
    agent: Agent,
}

impl Authority {
    /// `roots` is a PEM file with the authority's root certificates.
    pub fn parse(url: &str, roots: &[u8], agent: Agent) -> Result<Authority, Text> {
        let url = outward::address(url)?;
        let certificate = |part| if let Ok(PemItem::Certificate(c)) = part { Some(c.der().to_vec()) } else { None };
        let roots: Vec<Vec<u8>> = parse_pem(roots).filter_map(certificate).collect();
        if roots.is_empty() {
            return Err(worded(
                "タイムスタンプ局のルート証明書を読み取れません。PEM形式のファイルを指定してください。",
                "The root certificates of the time-stamping authority cannot be read. Name a file in PEM format.",
            ));
        }
        Ok(Authority { url, roots, agent })
    }

    /// Has a digest stamped. The token is checked as an outsider will check it.
    fn stamp(&self, digest: &Hash) -> Result<Held, Refused> {
        let nonce = u64::from_be_bytes(identity::random().map_err(Error::from)?) >> 1;
        let who = self.url.host_str().unwrap_or_default();
        let answer = self.agent.post(&self.url, "application/timestamp-query", &stamp::request(digest, nonce))?;
        if answer.status != 200 {
            return Err(answer.refused(who));
        }
        let wrong = |fault: stamp::StampFault| {
            Refused::Failed(worded(
                format!("{who} のタイムスタンプが正しくありません（{}）。", fault.ja().trim_end_matches('。')),
                format!("The time stamp of {who} is not right ({fault})."),
            ))
        };
        let token = stamp::token_of_response(&answer.body).map_err(wrong)?;
        let read = stamp::verify(&token, digest, &self.roots, Some(nonce)).map_err(wrong)?;
        if !read.trusted {
            return Err(Refused::Failed(worded(
                format!("{who} のタイムスタンプは、指定されたルート証明書につながりません。"),
                format!("The time stamp of {who} does not lead to the root certificates that were named."),
            )));
        }
        Ok(Held { proof: STANDARD.encode(&token), until: Some(read.until) })
    }
}

/// What a token for a super checkpoint is over: SHA-256 of its signed text.
fn digest_of(newest: &SuperSigned) -> Result<Hash, Error> {
    let note = Note::parse(&newest.note).map_err(|e| Error::Broken(format!("the super checkpoint of size {}: {e}", newest.size)))?;
    Ok(sha256(&[note.text.as_bytes()]))
}

impl App {
    pub(super) fn stamp_super(&self, authority: &Authority, newest: &SuperSigned) -> Result<Held, Refused> {
        authority.stamp(&digest_of(newest)?)
    }

    /// Stamps an older token: SHA-256 of its bytes.
    pub(super) fn stamp_again(&self, authority: &Authority, old: &Anchor) -> Result<Held, Refused> {
        let token = STANDARD.decode(&old.proof).map_err(|e| Error::Broken(format!("the token of anchor {}: {e}", old.id)))?;
        authority.stamp(&sha256(&[&token]))
    }
}
