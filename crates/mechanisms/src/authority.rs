//! A time-stamping authority (RFC 3161) of a check's own, on this machine: it stamps as real ones do, at whatever time it is told.
//!
//! At the customer there is no OpenSSL and no network to rely on, so the tokens are put together here. That they are what
//! others make and take is tested against OpenSSL and pyHanko where the verifier is (`seal`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, SigningKey,
};
use seal::Hash;
use seal::merkle::sha256;

use crate::Failed;
use crate::stand_in::{Answer, StandIn};

const SIGNED_DATA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const TST_INFO: &[u8] = &[6, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];
const CONTENT_TYPE: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
const MESSAGE_DIGEST: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
const SIGNING_CERTIFICATE_V2: &[u8] = &[6, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 47];
const SHA_256: &[u8] = &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const ECDSA_SHA_256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const TIME_STAMPING: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8];
/// SHA-1 (1.3.14.3.2.26), which is banned.
pub const SHA_1: &[u8] = &[6, 5, 0x2b, 0x0e, 3, 2, 0x1a];
/// The policy 1.2.3.4.1 and the version 1.
const POLICY: &[u8] = &[6, 4, 0x2a, 3, 4, 1];
const ONE: &[u8] = &[2, 1, 1];

/// One DER element around its parts.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut whole = vec![tag];
    match content.len().to_be_bytes() {
        [.., last] if content.len() < 0x80 => whole.push(last),
        [.., last] if content.len() < 0x100 => whole.extend([0x81, last]),
        [.., high, low] => whole.extend([0x82, high, low]),
    }
    whole.extend(content);
    whole
}

fn odd(e: impl std::fmt::Display) -> Failed {
    Failed::new(format!("検査用の時刻認証局を用意できません: {e}"), format!("the authority of this check cannot be made: {e}"))
}

/// The key that stamps, and its certificate.
struct Signer {
    key: KeyPair,
    certificate: Vec<u8>,
    key_id: Vec<u8>,
}

struct State {
    at: Mutex<Timestamp>,
    signer: Mutex<Signer>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The authority; it answers on a port of this machine until it is dropped.
pub struct Authority {
    state: Arc<State>,
    /// Its root certificate, DER.
    pub root: Vec<u8>,
    root_key: KeyPair,
    root_params: CertificateParams,
    server: StandIn,
}

fn params(name: &str, from: Timestamp, until: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    let day = |at: Timestamp| {
        let day = rules::act::japan(at).date();
        rcgen::date_time_ymd(day.year().into(), day.month().unsigned_abs(), day.day().unsigned_abs())
    };
    (params.not_before, params.not_after) = (day(from), day(until));
    params
}

impl Authority {
    /// Stamps at `now`, by a certificate that is good for so many days.
    pub fn start(now: Timestamp, days: i64) -> Result<Authority, Failed> {
        let year = SignedDuration::from_hours(24 * 366);
        let root_key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(odd)?;
        let mut root_params = params("Stand-in root", now - year, now + year * 20);
        root_params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root_params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root = root_params.self_signed(&root_key).map_err(odd)?.der().to_vec();
        let signer = certified(&root_params, &root_key, now, days)?;
        let state = Arc::new(State { at: Mutex::new(now), signer: Mutex::new(signer) });
        let answering = state.clone();
        let server = StandIn::start(move |request| answering.answer(request))?;
        Ok(Authority { state, root, root_key, root_params, server })
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Its root as people hand it on.
    pub fn pem(&self) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(&self.root))
    }

    /// From now on it stamps at this time.
    pub fn set(&self, at: Timestamp) {
        *held(&self.state.at) = at;
    }

    /// Gets a new certificate, good from now on for so many days.
    pub fn certify(&self, now: Timestamp, days: i64) -> Result<(), Failed> {
        *held(&self.state.signer) = certified(&self.root_params, &self.root_key, now, days)?;
        Ok(())
    }

    /// A token over a digest, which it says to be of this algorithm.
    pub fn token(&self, algorithm: &[u8], digest: &[u8]) -> Result<Vec<u8>, Failed> {
        let at = *held(&self.state.at);
        held(&self.state.signer).token(at, algorithm, digest, &[]).map_err(odd)
    }

    /// A token over a SHA-256 digest.
    pub fn stamp(&self, digest: &Hash) -> Result<Vec<u8>, Failed> {
        self.token(SHA_256, digest)
    }
}

fn certified(root: &CertificateParams, root_key: &KeyPair, now: Timestamp, days: i64) -> Result<Signer, Failed> {
    let day = SignedDuration::from_hours(24);
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(odd)?;
    let key_id = sha256(&[key.public_key_raw()]).get(..20).unwrap_or_default().to_vec();
    let mut wanted = params("Stand-in authority", now - day * 2, now + day * i32::try_from(days).unwrap_or(1));
    wanted.is_ca = IsCa::ExplicitNoCa;
    wanted.key_identifier_method = KeyIdMethod::PreSpecified(key_id.clone());
    wanted.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // Critical and alone, as RFC 3161 (section 2.3) wants it.
    let mut stamping = CustomExtension::from_oid_content(&[2, 5, 29, 37], der(0x30, &[TIME_STAMPING]));
    stamping.set_criticality(true);
    wanted.custom_extensions = vec![stamping];
    let certificate = wanted.signed_by(&key, &Issuer::from_params(root, root_key)).map_err(odd)?.der().to_vec();
    Ok(Signer { key, certificate, key_id })
}

impl Signer {
    /// `TimeStampToken`: SignedData over TSTInfo with the three signed attributes that the standard wants.
    fn token(&self, at: Timestamp, algorithm: &[u8], digest: &[u8], nonce: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let sha_256 = der(0x30, &[SHA_256]);
        let imprint = der(0x30, &[&der(0x30, &[algorithm, &[5, 0]]), &der(4, &[digest])]);
        let time = der(0x18, &[at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes()]);
        let info = der(0x30, &[ONE, POLICY, &imprint, &[2, 2, 0x12, 0x34], &time, nonce]);
        let named = der(0x30, &[&der(0x30, &[&der(0x30, &[&der(4, &[&sha256(&[&self.certificate])])])])]);
        let attribute = |oid: &[u8], value: &[u8]| der(0x30, &[oid, &der(0x31, &[value])]);
        let mut attributes = [
            attribute(CONTENT_TYPE, TST_INFO),
            attribute(MESSAGE_DIGEST, &der(4, &[&sha256(&[&info])])),
            attribute(SIGNING_CERTIFICATE_V2, &named),
        ];
        // DER orders the members of a set by their bytes.
        attributes.sort();
        let attributes: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
        // Signed as a SET OF, not under the tag that stands in the token (RFC 5652, section 5.4).
        let signature = self.key.sign(&der(0x31, &attributes))?;
        let signer = der(
            0x30,
            &[
                &[2, 1, 3],
                &der(0x80, &[&self.key_id]),
                &sha_256,
                &der(0xa0, &attributes),
                &der(0x30, &[ECDSA_SHA_256]),
                &der(4, &[&signature]),
            ],
        );
        let content = der(0x30, &[TST_INFO, &der(0xa0, &[&der(4, &[&info])])]);
        let data = der(0x30, &[&[2, 1, 3], &der(0x31, &[&sha_256]), &content, &der(0xa0, &[&self.certificate]), &der(0x31, &[&signer])]);
        Ok(der(0x30, &[SIGNED_DATA, &der(0xa0, &[&data])]))
    }
}

impl State {
    /// Answers one request as the program sends it with a token.
    fn answer(&self, request: &[u8]) -> Answer {
        // The digest is the one octet string of 32 bytes; the nonce follows it.
        let found = request.windows(2).position(|two| two == [4, 32]).map(|at| at + 2);
        let digest = found.and_then(|at| request.get(at..at + 32)).unwrap_or_default();
        let rest = found.and_then(|at| request.get(at + 32..)).unwrap_or_default();
        let nonce = rest.get(..2 + rest.get(1).copied().map_or(0, usize::from)).unwrap_or_default();
        match held(&self.signer).token(*held(&self.at), SHA_256, digest, nonce) {
            Ok(token) => (200, "application/timestamp-reply", der(0x30, &[&der(0x30, &[&[2, 1, 0]]), &token])),
            Err(e) => (500, "text/plain", e.to_string().into_bytes()),
        }
    }
}
