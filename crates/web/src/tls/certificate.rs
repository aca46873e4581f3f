//! A certificate and its key as files hold them: read, and refused where they may not be served.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use rules::id::Digest;
use rules::refusal::Refusal;
use rules::text::{Text, worded};
use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::der;

/// The shortest RSA key, in bits (GL-3001 3.0.1).
const RSA_BITS: usize = 2048;

/// A certificate that may be served.
#[derive(Debug, Clone)]
pub(super) struct Served {
    pub certified: Arc<CertifiedKey>,
    pub fingerprint: Digest,
    /// The first moment at which a certificate of the chain is over.
    pub ends: Timestamp,
}

/// Where a certificate and its key were read from, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'p> {
    pub certificate: &'p Path,
    pub key: &'p Path,
}

/// Reads a chain, the server's own certificate first, and the key that belongs to it, both as PEM.
pub(super) fn read(files: Named, chain: &[u8], key: &[u8], now: Timestamp) -> Result<Served, Refusal> {
    let named = files.certificate;
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().map_err(|_| no_certificate(named))?;
    let mut ends = Timestamp::MAX;
    for (at, certificate) in chain.iter().enumerate() {
        let facts = der::facts(certificate).ok_or_else(|| no_certificate(named))?;
        check(named, at + 1, &facts, now)?;
        ends = ends.min(facts.ends);
    }
    let fingerprint = fingerprint(chain.first().ok_or_else(|| no_certificate(named))?);
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| no_key(files.key))?;
    let key = default_provider().key_provider.load_private_key(key).map_err(|_| no_key(files.key))?;
    let certified = CertifiedKey::new(chain, key);
    certified.keys_match().map_err(|_| strangers(files))?;
    Ok(Served { certified: Arc::new(certified), fingerprint, ends })
}

/// The SHA-256 of a certificate.
pub(super) fn fingerprint(certificate: &CertificateDer<'_>) -> Digest {
    Digest(Sha256::digest(certificate).into())
}

/// What of one certificate forbids to serve it; `at` counts the certificates of the file from 1.
fn check(file: &Path, at: usize, facts: &der::Facts, now: Timestamp) -> Result<(), Refusal> {
    let named = file.display();
    let day = |at: Timestamp| rules::act::japan(at).date();
    let refused = |text: Text| Err(Refusal::invalid("tls_certificate", text));
    if let Some(bits) = facts.rsa.filter(|bits| *bits < RSA_BITS) {
        return refused(worded(
            format!(
                "{named} の{at}番目の証明書のRSA鍵は{bits}ビットです。{RSA_BITS}ビット以上のRSA鍵か、256ビット以上のECDSA鍵で証明書を取り直してください。"
            ),
            format!(
                "Certificate {at} in {named} has an RSA key of {bits} bits. Get one with an RSA key of {RSA_BITS} bits or more, or an ECDSA key of 256 or more."
            ),
        ));
    }
    if !facts.strong {
        return refused(worded(
            format!(
                "{named} の{at}番目の証明書は、SHA-1など弱い方式で署名されています。SHA-256以上で署名された証明書に取り替えてください。"
            ),
            format!(
                "Certificate {at} in {named} is signed with SHA-1 or another weak method. Replace it by one signed with SHA-256 or better."
            ),
        ));
    }
    if now < facts.begins {
        let begins = day(facts.begins);
        return refused(worded(
            format!("{named} の{at}番目の証明書は {begins} から有効です。それまでの証明書を指定するか、機器の時計を確認してください。"),
            format!("Certificate {at} in {named} is valid from {begins}. Name the one valid until then, or look at the machine's clock."),
        ));
    }
    if facts.ends <= now {
        let ended = day(facts.ends);
        return refused(worded(
            format!("{named} の{at}番目の証明書は {ended} に期限が切れました。更新した証明書に取り替えてください。"),
            format!("Certificate {at} in {named} expired on {ended}. Replace it by a renewed one."),
        ));
    }
    Ok(())
}

fn no_certificate(file: &Path) -> Refusal {
    let named = file.display();
    Refusal::invalid(
        "tls_certificate",
        worded(
            format!("{named} から証明書を読み取れません。PEM形式で、サーバーの証明書を先頭に、中間証明書をその後に並べてください。"),
            format!(
                "No certificate can be read from {named}. Write PEM: the server's own certificate first, those of authorities after it."
            ),
        ),
    )
}

fn no_key(file: &Path) -> Refusal {
    let named = file.display();
    Refusal::invalid(
        "tls_key",
        worded(
            format!(
                "{named} の秘密鍵を使えません。暗号化していないPEM形式（PKCS#8、EC、RSA）の、RSA 2048〜4096ビット、ECDSA P-256・P-384、Ed25519のいずれかの鍵を指定してください。"
            ),
            format!(
                "The private key in {named} cannot be used. Name a key in PEM that is not encrypted (PKCS#8, EC or RSA): RSA of 2048 to 4096 bits, ECDSA P-256 or P-384, or Ed25519."
            ),
        ),
    )
}

fn strangers(files: Named) -> Refusal {
    let (certificate, key) = (files.certificate.display(), files.key.display());
    Refusal::invalid(
        "tls_key",
        worded(
            format!("{key} の秘密鍵は、{certificate} の先頭の証明書の鍵ではありません。組になっているファイルを指定してください。"),
            format!("The private key in {key} does not belong to the first certificate in {certificate}. Name files that belong together."),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RSA of 1024 bits, to the year 2126: `openssl req -x509 -newkey rsa:1024 -sha256`.
    const SHORT: &str = "-----BEGIN CERTIFICATE-----
MIICDDCCAXWgAwIBAgIUehLro0e9UDWxOSnGJWTzrXkBWMMwDQYJKoZIhvcNAQEL
BQAwFzEVMBMGA1UEAwwMYS5leGFtcGxlLmpwMCAXDTI2MTEyMjE4MDkxNFoYDzIx
MjYxMDI5MTgwOTE0WjAXMRUwEwYDVQQDDAxhLmV4YW1wbGUuanAwgZ8wDQYJKoZI
hvcNAQEBBQADgY0AMIGJAoGBAN7quTBFqj7Hm5qex7yRZMV0gw8tPfsrSKCCC4rv
wQPESU24F4Xyz8aR03zmDz4TR1ZEoA6te2DzDUbHY8+I1rbJPglwMQGAen8zymlV
wcRf56StxEmAuvzomyX8zUP0hF9Q74QYUY7hums32JLBzEWl5dWMcOMTy87h3moJ
q2nlAgMBAAGjUzBRMB0GA1UdDgQWBBQAaI0jsJhOnIlBwVDD79dZkUKvGTAfBgNV
HSMEGDAWgBQAaI0jsJhOnIlBwVDD79dZkUKvGTAPBgNVHRMBAf8EBTADAQH/MA0G
CSqGSIb3DQEBCwUAA4GBAJFE3OyHOgtwx3oBkU2N0pTbj8nig+zXkPHN2Mv7erQO
VEYfUa3zukfcCT7E7igZ1RLenqh5OJ+wiO6PhhSJWMzK6TedOdt5N6wcFyNFjoMH
EdHP+6y5npKmwZ0bCPQGO81zndfcWmi1HUroor30Ys15MCcu1J/YwCQS/DxtizL5
-----END CERTIFICATE-----
";
    /// RSA of 2048 bits signed with SHA-1, to the year 2126: `openssl req -x509 -newkey rsa:2048 -sha1`.
    const SHA_1: &str = "-----BEGIN CERTIFICATE-----
MIIDETCCAfmgAwIBAgIULGtE34CpNwkp0OFu5CBxfq/SSIQwDQYJKoZIhvcNAQEF
BQAwFzEVMBMGA1UEAwwMYS5leGFtcGxlLmpwMCAXDTI2MTEyMjE4MDkxNVoYDzIx
MjYxMDI5MTgwOTE1WjAXMRUwEwYDVQQDDAxhLmV4YW1wbGUuanAwggEiMA0GCSqG
SIb3DQEBAQUAA4IBDwAwggEKAoIBAQDWKokXGPH6TNV8yGKE+/yShTTSGH4C4DXy
6hMxOntJW9cIe+cmCRJQQ+3SX/oswdpIIE25TUPzo9OU+eakrmjB2Qm5XCsOqC1B
JOu2c0ehypEccNt1BmNv+vfnyOtg4rGzb17l2GYZ042/mBBn4DflhVWJ6ZEArmEg
9mgnbDAHNbZOHmN/dBgdBzqJDviNOBEK08jT+yXb6SlZp/xRd1ran/dFbkH5MaPK
Z1NMmyGuRW49SZra42gnQiSeiHcgsFrcf3GfRPRESgBP5MZ4OVCQIQeMIGxhtj01
gxjv8LKG04FA2cTpwqpmvP2rzbbT9pQhvnCJbWOhFn9z6E/ZHhRFAgMBAAGjUzBR
MB0GA1UdDgQWBBT21Fz/wLAzTaMxeanSdYBOUJzodjAfBgNVHSMEGDAWgBT21Fz/
wLAzTaMxeanSdYBOUJzodjAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBBQUA
A4IBAQCb+LenXE8WsIBlFYOUQ+k6LS/U97t42Zf/pYk16W85lqHBPmd7EE8gLsIy
PMMVh4Hroyl9jdHmXBFqEZ1Oi0W/LJbIMg9IeLhoPhIeTFFs7+Q7WBC46oA+hhP+
ycvSMhhvDK7KIvuDueZ2/b6ymlXKcg3fHQ5S4RZ3A6DIihQE1sfNAi2MgXDrF5QQ
LJ7ZaMVEOOeNkubpZbSFzxtXBoEMSTNsc80HBVWz5kWcVCojUQOEcuKFCVQy/szS
XznwMpwAaSTo9kvFSL7pJ2j+ZWBEQkRkNPWeDKWHn/2ppsvgwLdj5poMrPVCpvp2
5GUP2IvxueCt0IghLFJtjxP4yIuo
-----END CERTIFICATE-----
";
    /// RSA of 2048 bits signed by RSASSA-PSS with SHA-256, to the year 2126.
    const PSS: &str = "-----BEGIN CERTIFICATE-----
MIIDezCCAi6gAwIBAgIUHYYZCgawL2GCmkP1WLGVQNdKjbIwQgYJKoZIhvcNAQEK
MDWgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEF
AKIEAgIA3jAXMRUwEwYDVQQDDAxhLmV4YW1wbGUuanAwIBcNMjYxMTIyMTgwOTE1
WhgPMjEyNjEwMjkxODA5MTVaMBcxFTATBgNVBAMMDGEuZXhhbXBsZS5qcDCCASIw
DQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBALSKdZ3TNifUCRoevu3DkSC+UVvh
Hi+aiwuDtPQMIIOqSlkWyRKMGimYwnhh7cn95CEevwHCdYjZCyoCyUSdlqBe9+E9
vHYP7B0s/HpuR/18ezNfnZd3/sWloo8DzTzO36r8PM5F3pypYlP5oZ88rFdP4s9B
mw86WxJQZAtVCL/FaXYmQKEfJOEh1SgWkD0dXuam23YMh4xpS8peudY7gb7rXJQY
t+YXk/4EccphuRp8x4ZzVrrPtNGnSSC9gg86WGDJtWF587Sv5n7SgHSN5QIfNhdq
DkNVDv6RwDvZjdjfVQXDjyMwLLIkCTSLGwojabKs6aRJ+CCt1HZgLx5ESVcCAwEA
AaNTMFEwHQYDVR0OBBYEFE10sI89vu8PMZDoD4L72mYh5H4LMB8GA1UdIwQYMBaA
FE10sI89vu8PMZDoD4L72mYh5H4LMA8GA1UdEwEB/wQFMAMBAf8wQgYJKoZIhvcN
AQEKMDWgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQME
AgEFAKIEAgIA3gOCAQEAdNI5tCRjjNfON78fUWv8g6y42pTNKljhSXaNYcGoAKzU
a8gOpM9fjywWCqagKfBmUJsi6TbADJaiv3ST7JHH7BOkV55JL9hEB6T2V8+bGw0A
Qo6RCewoZCOVafPWQYN0kUNdk+aT3i12XEMADDmnt7J9viFQe51Jis9s9FhR6NFd
keiVa4ORn7W9b3Lf42siVUbmwuzbbtqwFRJ77ajK5WSTpnt+3ljN2qyypyhSy6g0
lJHXbdwb6erxaNFUDfeYjgjSlq44Doh3D+yavd7KK1MIxAyfakjgcQG1cWLF7GP9
V7N69ZtOr9YEdDk2f+g265C0cbaSDSGVo255NELWcg==
-----END CERTIFICATE-----
";

    const FILES: fn() -> Named<'static> =
        || Named { certificate: Path::new("/etc/akashi/chain.pem"), key: Path::new("/etc/akashi/key.pem") };

    fn made(from: i32, to: i32) -> (String, rcgen::KeyPair) {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut wanted = rcgen::CertificateParams::new(vec!["akashi.example.jp".to_owned()]).expect("names");
        wanted.not_before = rcgen::date_time_ymd(from, 1, 1);
        wanted.not_after = rcgen::date_time_ymd(to, 1, 1);
        (wanted.self_signed(&key).expect("a certificate").pem(), key)
    }

    fn told(chain: &str, key: &str) -> Result<Served, String> {
        let now = "2027-06-01T00:00:00Z".parse().expect("a time");
        read(FILES(), chain.as_bytes(), key.as_bytes(), now).map_err(|refusal| {
            assert!(refusal.text.ja.contains("/etc/akashi/"), "{}", refusal.text.ja);
            refusal.text.en.into_owned()
        })
    }

    #[test]
    fn a_good_pair_is_served_until_the_first_of_its_chain_ends() {
        let ((own, key), (authority, _)) = (made(2027, 2029), made(2027, 2028));
        let served = told(&format!("{own}{authority}"), &key.serialize_pem()).expect("a good pair");
        assert_eq!(served.ends.to_string(), "2028-01-01T00:00:00Z");
        assert_eq!(served.fingerprint, fingerprint(&served.certified.cert[0]));
    }

    #[test]
    fn each_fault_is_told_with_its_file_and_what_to_do() {
        let (good, key) = made(2027, 2029);
        let key = key.serialize_pem();
        let refused = |chain: &str, key: &str, says: &str| {
            let told = told(chain, key).expect_err(says);
            assert!(told.contains(says), "{told}");
        };
        refused(SHORT, &key, "RSA key of 1024 bits");
        refused(SHA_1, &key, "signed with SHA-1");
        refused(&made(2025, 2026).0, &key, "expired on 2026-01-01");
        refused(&made(2028, 2029).0, &key, "is valid from 2028-01-01");
        refused(&format!("{good}{}", made(2025, 2026).0), &key, "Certificate 2 in /etc/akashi/chain.pem expired");
        refused(&good, &made(2027, 2029).1.serialize_pem(), "does not belong to the first certificate");
        refused("", &key, "No certificate can be read");
        refused(&key, &key, "No certificate can be read");
        refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &key, "No certificate can be read");
        refused(&good, "", "cannot be used");
        refused(&good, &key.replace("PRIVATE", "ENCRYPTED PRIVATE"), "cannot be used");
        refused(&good, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "cannot be used");
        // A strong signature of the other kind gets as far as the key.
        refused(PSS, &key, "does not belong to the first certificate");
    }
}
