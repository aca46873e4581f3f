//! Reads from a certificate what decides whether it may be served: its days, its signature, its key (RFC 5280, section 4.1).

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

const SEQUENCE: u8 = 0x30;
const OBJECT: u8 = 0x06;
const BITS: u8 = 0x03;
const INTEGER: u8 = 0x02;
/// The version of a certificate, and the hash of RSASSA-PSS.
const FIRST: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Signatures with SHA-256 or better: contents of their object identifiers (RFC 4055, 5758, 8410).
const STRONG: &[&[u8]] = &[
    // sha256, sha384, sha512WithRSAEncryption
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13],
    // ecdsa-with-SHA256, SHA384, SHA512
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3],
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4],
    // Ed25519
    &[0x2b, 0x65, 0x70],
];
/// RSASSA-PSS names its hash in its parameters.
const PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
/// SHA-256, SHA-384 and SHA-512 share these bytes before the last.
const SHA_2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 3, 4, 2];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];

/// What a certificate says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    pub begins: Timestamp,
    pub ends: Timestamp,
    /// Signed with SHA-256 or better; what is not known counts as weak.
    pub strong: bool,
    /// The length of an RSA key in bits; nothing for other keys.
    pub rsa: Option<usize>,
}

/// Reads a certificate; nothing for what is none.
pub(super) fn facts(certificate: &[u8]) -> Option<Facts> {
    let mut outer = Elements(certificate).take(SEQUENCE)?;
    let mut signed = outer.take(SEQUENCE)?;
    let mut signature = outer.take(SEQUENCE)?;
    if signed.peek() == Some(FIRST) {
        signed.take(FIRST)?;
    }
    signed.take(INTEGER)?;
    signed.take(SEQUENCE)?;
    signed.take(SEQUENCE)?;
    let mut days = signed.take(SEQUENCE)?;
    signed.take(SEQUENCE)?;
    let mut key = signed.take(SEQUENCE)?;
    let algorithm = key.take(SEQUENCE)?.take(OBJECT)?.0;
    let rsa = if algorithm == RSA { Some(modulus(key.take(BITS)?.0)?) } else { None };
    Some(Facts { begins: days.time()?, ends: days.time()?, strong: is_strong(&mut signature)?, rsa })
}

fn is_strong(signature: &mut Elements) -> Option<bool> {
    let algorithm = signature.take(OBJECT)?.0;
    // Without a hash in its parameters RSASSA-PSS means SHA-1 (RFC 4055, section 3.1).
    let hash = |mut e: Elements<'_>| e.take(SEQUENCE)?.take(FIRST)?.take(SEQUENCE)?.take(OBJECT)?.0.strip_prefix(SHA_2).map(<[u8]>::to_vec);
    let pss = |rest: &[u8]| hash(Elements(rest)).is_some_and(|last| matches!(last[..], [1..=3]));
    Some(if algorithm == PSS { pss(signature.0) } else { STRONG.contains(&algorithm) })
}

/// The length of an RSA modulus in bits (RFC 8017, A.1.1).
fn modulus(bits: &[u8]) -> Option<usize> {
    // The first byte of a bit string counts its unused bits.
    let number = Elements(bits.get(1..)?).take(SEQUENCE)?.take(INTEGER)?.0;
    let zeros = number.iter().take_while(|b| **b == 0).count();
    let first = number.get(zeros)?;
    Some((number.len() - zeros) * 8 - first.leading_zeros() as usize)
}

/// Elements of DER, one after the other.
struct Elements<'d>(&'d [u8]);

impl<'d> Elements<'d> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The content of the next element, which has to be of this kind.
    fn take(&mut self, kind: u8) -> Option<Elements<'d>> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match *first {
            short if short < 0x80 => (usize::from(short), rest),
            // Nothing in a certificate is longer than three bytes can count.
            long @ 0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(long - 0x80))?;
                (bytes.iter().fold(0, |n, b| n << 8 | usize::from(*b)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (*tag == kind).then_some(Elements(content))
    }

    /// The next time, as certificates write it: `YYMMDDhhmmssZ`, or `YYYYMMDDhhmmssZ`.
    fn time(&mut self) -> Option<Timestamp> {
        let kind = self.peek()?;
        let written = std::str::from_utf8(self.take(kind)?.0).ok().filter(|w| w.is_ascii())?;
        let written = match kind {
            // Two digits mean 1950 to 2049 (RFC 5280, section 4.1.2.5.1).
            UTC_TIME if written.get(..2)? < "50" => format!("20{written}"),
            UTC_TIME => format!("19{written}"),
            GENERALIZED_TIME => written.to_owned(),
            _ => return None,
        };
        let digits = written.strip_suffix('Z').filter(|d| d.len() == 14)?;
        let part = |from: usize| digits.get(from..from + 2)?.parse::<i8>().ok();
        let date = Date::new(digits.get(..4)?.parse().ok()?, part(4)?, part(6)?).ok()?;
        let time = jiff::civil::Time::new(part(8)?, part(10)?, part(12)?, 0).ok()?;
        date.to_datetime(time).to_zoned(TimeZone::UTC).ok().map(|z| z.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(ends: i32) -> Vec<u8> {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut wanted = rcgen::CertificateParams::new(vec!["akashi.example.jp".to_owned()]).expect("names");
        wanted.not_before = rcgen::date_time_ymd(2026, 11, 1);
        wanted.not_after = rcgen::date_time_ymd(ends, 12, 31);
        wanted.self_signed(&key).expect("a certificate").der().to_vec()
    }

    #[test]
    fn a_certificate_tells_its_days_signature_and_key() {
        let facts = facts(&made(2027)).expect("facts");
        assert_eq!(facts.begins.to_string(), "2026-11-01T00:00:00Z");
        assert_eq!(facts.ends.to_string(), "2027-12-31T00:00:00Z");
        assert_eq!((facts.strong, facts.rsa), (true, None));
    }

    #[test]
    fn years_after_2049_are_read() {
        assert_eq!(facts(&made(2060)).expect("facts").ends.to_string(), "2060-12-31T00:00:00Z");
    }

    #[test]
    fn what_is_cut_short_is_no_certificate() {
        let whole = made(2027);
        for length in 0..whole.len() {
            assert_eq!(facts(&whole[..length]), None, "{length}");
        }
    }
}
