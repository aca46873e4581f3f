//! What is spoken: versions, suites and key exchanges of 高セキュリティ型 (IPA/CRYPTREC GL-3001 3.0.1), and the dated exception.

use jiff::Timestamp;
use jiff::civil::Date;
use rules::refusal::Refusal;
use rules::text::text;
use tokio_rustls::rustls::crypto::ring::{cipher_suite, default_provider, kx_group};
use tokio_rustls::rustls::crypto::{CryptoProvider, SupportedKxGroup};
use tokio_rustls::rustls::version;
use tokio_rustls::rustls::{SupportedCipherSuite, SupportedProtocolVersion};

/// A version of TLS with its suites, in the order in which the server prefers them.
pub struct Spoken {
    pub version: &'static SupportedProtocolVersion,
    pub suites: &'static [SupportedCipherSuite],
    /// Where the list comes from.
    pub source: &'static str,
    /// Somebody has compared the list with its source. Where not, the screen says so.
    pub verified: bool,
}

/// Always offered: suites 1302, 1303, 1301. The source also allows 1304 and 1305 (AES-CCM), which the provider does not have.
pub static TLS13: Spoken = Spoken { version: &version::TLS13, suites: TLS13_SUITES, source: "IPA/CRYPTREC GL-3001 3.0.1", verified: true };

static TLS13_SUITES: &[SupportedCipherSuite] =
    &[cipher_suite::TLS13_AES_256_GCM_SHA384, cipher_suite::TLS13_CHACHA20_POLY1305_SHA256, cipher_suite::TLS13_AES_128_GCM_SHA256];

/// Offered only while an [`Exception`] holds: ephemeral elliptic curves with authenticated encryption.
/// The source's own list has not been compared yet.
pub static TLS12: Spoken =
    Spoken { version: &version::TLS12, suites: TLS12_SUITES, source: "IPA/CRYPTREC GL-3001 3.0.1, p. 49", verified: false };

static TLS12_SUITES: &[SupportedCipherSuite] = &[
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

/// Key exchanges of 256 bits and more.
static KEY_EXCHANGES: &[&dyn SupportedKxGroup] = &[kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];

/// The provider with these versions' suites and nothing else.
pub(super) fn provider(spoken: &[&Spoken]) -> CryptoProvider {
    let cipher_suites = spoken.iter().flat_map(|s| s.suites).copied().collect();
    CryptoProvider { cipher_suites, kx_groups: KEY_EXCHANGES.to_vec(), ..default_provider() }
}

/// Why TLS 1.2 is offered all the same, and how long (items 57 and 169 to 173).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    pub reason: String,
    /// The last day, which ends with the day in Japan.
    pub until: Date,
}

impl Exception {
    /// Refused: an exception without a reason. One that is over is none: a restart the day after must not fail.
    pub fn new(reason: &str, until: Date) -> Result<Exception, Refusal> {
        let reason = reason.trim().to_owned();
        if reason.is_empty() {
            return Err(Refusal::invalid(
                "tls12_reason",
                text("TLS 1.2 を許す理由を --tls12-reason に書いてください。", "Write in --tls12-reason why TLS 1.2 is allowed."),
            ));
        }
        Ok(Exception { reason, until })
    }

    /// Whether TLS 1.2 is offered at this moment.
    pub fn holds(&self, now: Timestamp) -> bool {
        rules::act::japan(now).date() <= self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(spoken: &Spoken) -> Vec<u16> {
        spoken.suites.iter().map(|s| u16::from(s.suite())).collect()
    }

    #[test]
    fn the_suites_are_those_of_the_profile_and_the_strongest_comes_first() {
        assert_eq!(codes(&TLS13), [0x1302, 0x1303, 0x1301]);
        assert!(TLS13.verified && !TLS12.verified);
        // ECDHE with AES-GCM or ChaCha20-Poly1305 (RFC 5289, RFC 7905).
        assert_eq!(codes(&TLS12), [0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc02b, 0xc02f]);
        assert_eq!(provider(&[&TLS13]).cipher_suites.len(), 3);
        let groups: Vec<u16> = provider(&[&TLS13]).kx_groups.iter().map(|g| u16::from(g.name())).collect();
        assert_eq!(groups, [0x1d, 0x17, 0x18]);
    }

    #[test]
    fn an_exception_ends_with_its_last_day_in_japan() {
        let exception = Exception::new(" old device ", "2026-12-31".parse().expect("a date")).expect("an exception");
        assert_eq!(exception.reason, "old device");
        assert!(exception.holds("2026-12-31T14:59:59Z".parse().expect("a time")));
        assert!(!exception.holds("2026-12-31T15:00:00Z".parse().expect("a time")));
        assert!(Exception::new("  ", "2026-12-31".parse().expect("a date")).is_err());
    }
}
