//! What is sent to a time-stamping authority, and what is taken out of its answer.

use der::asn1::{BitString, Null, OctetString};
use der::{Any, Encode, Sequence};
use x509_cert::spki::AlgorithmIdentifierOwned;

use cms::content_info::ContentInfo;

use super::parts::{MessageImprint, SHA_256};
use super::{LONGEST_TOKEN, StampFault, width};
use crate::merkle::Hash;

/// `TimeStampReq` (RFC 3161, section 2.4.1) with the fields we fill.
#[derive(Sequence)]
struct TimeStampReq {
    version: u8,
    message_imprint: MessageImprint,
    nonce: u64,
    cert_req: bool,
}

/// `PKIStatusInfo` (RFC 3161, section 2.4.2).
#[derive(Sequence)]
struct PkiStatusInfo {
    status: u8,
    #[asn1(optional = "true")]
    words: Option<Vec<String>>,
    #[asn1(optional = "true")]
    failure: Option<BitString>,
}

/// `TimeStampResp` (RFC 3161, section 2.4.2).
#[derive(Sequence)]
struct TimeStampResp {
    status: PkiStatusInfo,
    #[asn1(optional = "true")]
    token: Option<ContentInfo>,
}

/// PKIFailureInfo, bit by bit (RFC 3161, section 2.4.2).
const FAILURES: [(usize, &str); 8] = [
    (0, "badAlg"),
    (2, "badRequest"),
    (5, "badDataFormat"),
    (14, "timeNotAvailable"),
    (15, "unacceptedPolicy"),
    (16, "unacceptedExtension"),
    (17, "addInfoNotAvailable"),
    (25, "systemFailure"),
];

/// A request to stamp a SHA-256 digest: DER of `TimeStampReq`, to be sent as `application/timestamp-query`.
///
/// The nonce ties the answer to the request; it is random. The authority is asked to put its certificate in the token.
pub fn request(digest: &Hash, nonce: u64) -> Vec<u8> {
    let asked = || {
        TimeStampReq {
            version: 1,
            message_imprint: MessageImprint {
                // NULL, as OpenSSL writes it: some authorities expect it.
                algorithm: AlgorithmIdentifierOwned { oid: SHA_256, parameters: Some(Any::from(Null)) },
                digest: OctetString::new(digest.as_slice())?,
            },
            nonce,
            cert_req: true,
        }
        .to_der()
    };
    // A few fixed fields in memory cannot fail to be written; an authority would answer nothing with `badDataFormat`.
    asked().unwrap_or_default()
}

/// The token in an authority's answer (DER of `TimeStampResp`, sent as `application/timestamp-reply`), or why there is none.
///
/// The token is not checked here; `verify` does that.
pub fn token_of_response(der: &[u8]) -> Result<Vec<u8>, StampFault> {
    let not_der = StampFault::NotDer { part: "TimeStampResp" };
    if der.len() > LONGEST_TOKEN + 1024 {
        return Err(StampFault::TooLong { bytes: der.len() });
    }
    let answer: TimeStampResp = width::decode(der).ok_or_else(|| not_der.clone())?;
    if answer.to_der().ok().as_deref() != Some(der) {
        return Err(not_der);
    }
    match (answer.status.status, answer.token) {
        (0 | 1, Some(token)) => token.to_der().map_err(|_| not_der),
        (0 | 1, None) => Err(StampFault::NoToken),
        (status, _) => Err(StampFault::Refused {
            status,
            // The words come from outside: no control characters, no novels.
            words: (answer.status.words.unwrap_or_default().iter().take(8))
                .map(|said| said.chars().filter(|c| !c.is_control()).take(300).collect())
                .collect(),
            reasons: answer.status.failure.map_or_else(Vec::new, |bits| {
                let set: Vec<bool> = bits.bits().collect();
                FAILURES.iter().filter(|(bit, _)| set.get(*bit) == Some(&true)).map(|(_, name)| *name).collect()
            }),
        }),
    }
}
