//! One-time codes of an authenticator app (RFC 6238): SHA-1, six digits, thirty seconds, each code at most once.

use std::fmt;

use jiff::Timestamp;
use totp_rs::{Builder, Secret, Totp};
use unicode_normalization::UnicodeNormalization;

use crate::{Error, random};

/// How long one code stands, in seconds (RFC 6238, 5.2).
const STEP: u64 = 30;
/// The shortest key that is read, in bytes (RFC 4226, 4, R6: 128 bits).
const SHORTEST: usize = 16;
/// No code that is typed is longer, in bytes, whatever width and spaces it is written with.
const LONGEST_WRITTEN: usize = 64;

/// The key that an authenticator app and Akashi share. Never in a log: its `Debug` tells nothing.
#[derive(Clone)]
pub struct TotpKey(Totp);

impl TotpKey {
    /// Reads the text of [`TotpKey::base32`], in any case and with spaces; at least 128 bits.
    pub fn parse(base32: &str) -> Result<TotpKey, Error> {
        let plain: String = base32.chars().filter(|c| !c.is_whitespace() && *c != '=').collect::<String>().to_ascii_uppercase();
        let key = Secret::try_from_base32(plain).map_err(|_| Error::Key)?;
        if key.as_bytes().len() < SHORTEST { Err(Error::Key) } else { TotpKey::of(key) }
    }

    fn of(key: Secret) -> Result<TotpKey, Error> {
        // No skew in the library: each step is asked for by itself, so that a used one can be left out.
        Builder::new().with_secret(key).with_skew(0).with_step_duration(STEP).build().map(TotpKey).map_err(|_| Error::Key)
    }

    /// The code of a moment, as the device of its owner shows it: for the demonstration and for acceptance tests.
    pub fn code(&self, at: Timestamp) -> String {
        u64::try_from(at.as_second()).map_or_else(|_| String::new(), |second| self.0.generate(second).to_string())
    }

    /// The key as a person types it into an app, and as it is kept: base32 without padding.
    pub fn base32(&self) -> String {
        self.0.secret().to_base32()
    }

    /// What the picture for an app says: `otpauth://totp/…`, with the key in it. Show it once, to its owner.
    pub fn uri(&self, issuer: &str, account: &str) -> String {
        let (issuer, account, key) = (quoted(issuer), quoted(account), self.base32());
        format!("otpauth://totp/{issuer}:{account}?secret={key}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP}")
    }
}

impl fmt::Debug for TotpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpKey(…)")
    }
}

/// A key of 160 random bits (RFC 4226, 4, R6).
pub fn fresh_key() -> Result<TotpKey, Error> {
    TotpKey::of(Secret::new_stack(random()?))
}

/// The step whose code this is: the present one, the one before or the one after, for clocks that differ. `None` if it
/// is none of them or not later than `last_step`. Keep the step that is returned, in the act that it lets in: that is
/// what makes a code good once only (RFC 6238, 5.2).
pub fn check(key: &TotpKey, code: &str, now: Timestamp, last_step: Option<u64>) -> Option<u64> {
    let code = digits(code)?;
    let present = u64::try_from(now.as_second()).ok()? / STEP;
    // Every step is computed and compared in constant time, and the latest counts: were one code to stand for two
    // steps, the earlier one would leave it good for a second time.
    let steps = [present.saturating_sub(1), present, present + 1];
    let of_step = |step: u64| key.0.check(&code, step * STEP).map(|_| step);
    steps.map(of_step).into_iter().flatten().filter(|step| last_step.is_none_or(|last| *step > last)).max()
}

/// The six digits that were written, in any width and with spaces; nothing else is a code.
fn digits(written: &str) -> Option<String> {
    if written.len() > LONGEST_WRITTEN {
        return None;
    }
    let code: String = written.nfkc().filter(|c| !c.is_whitespace()).collect();
    (code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit())).then_some(code)
}

/// Percent-encoding of everything but the unreserved characters (RFC 3986, 2.3).
fn quoted(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 6238, appendix B: "12345678901234567890".
    const RFC_KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn rfc_key() -> TotpKey {
        TotpKey::parse(RFC_KEY).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        // The last six of the eight digits in appendix B.
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = u64::try_from(second).unwrap() / 30;
            assert_eq!(check(&rfc_key(), code, at(second), None), Some(step), "{second}");
        }
    }

    #[test]
    fn a_code_stands_one_step_early_and_one_late_and_no_longer() {
        let key = rfc_key();
        // Step 37037036 runs from 1111111080 to 1111111109.
        let accepted = |second| check(&key, "081804", at(second), None);
        assert_eq!(accepted(1_111_111_049), None);
        assert_eq!(accepted(1_111_111_050), Some(37_037_036));
        assert_eq!(accepted(1_111_111_139), Some(37_037_036));
        assert_eq!(accepted(1_111_111_140), None);
        assert_eq!(check(&key, "287082", at(-1), None), None, "before the clock began");
        assert_eq!(check(&key, "755224", at(0), None), Some(0), "RFC 4226, appendix D");
        assert_eq!(check(&key, "755224", Timestamp::MAX, None), None);
    }

    #[test]
    fn a_code_is_good_once_and_so_is_none_before_it() {
        let key = rfc_key();
        let used = check(&key, "081804", at(1_111_111_109), None);
        assert_eq!(used, Some(37_037_036));
        assert_eq!(check(&key, "081804", at(1_111_111_109), used), None);
        assert_eq!(check(&key, "081804", at(1_111_111_130), used), None);
        let later = check(&key, "050471", at(1_111_111_111), used);
        assert_eq!(later, Some(37_037_037));
        assert_eq!(check(&key, "081804", at(1_111_111_111), later), None, "an older code after a newer one");
        assert_eq!(check(&key, "050471", at(1_111_111_111), Some(u64::MAX)), None);
    }

    #[test]
    fn a_code_is_read_in_any_width_and_with_spaces_and_as_nothing_else() {
        let accepted = |code: &str| check(&rfc_key(), code, at(59), None).is_some();
        for written in ["287082", "287 082", " 28 70 82\n", "２８７０８２", "２８７　０８２"] {
            assert!(accepted(written), "{written:?}");
        }
        for other in ["", "28708", "2870820", "0287082", "+87082", "-287082", "287082 a", "28708Z", "٢٨٧٠٨٢", "287083", "287082;"] {
            assert!(!accepted(other), "{other:?}");
        }
        assert!(!accepted(&format!("287082{}", " ".repeat(1_000_000))));
    }

    #[test]
    fn keys_are_new_each_time_come_back_from_their_text_and_are_in_no_log() {
        let (a, b) = (fresh_key().unwrap(), fresh_key().unwrap());
        assert_ne!(a.base32(), b.base32());
        assert_eq!(a.base32().len(), 32);
        assert_eq!(TotpKey::parse(&a.base32().to_lowercase()).unwrap().base32(), a.base32());
        assert_eq!(format!("{a:?}"), "TotpKey(…)");
        let error = TotpKey::parse("GEZDGNBV").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("GEZD"), "{error:?}");
        for broken in ["", "GEZDGNBVGY3TQOJQGEZDGNBV1", "漢字", "GEZDGNBVGY3TQOJQGEZDGNB!"] {
            assert!(matches!(TotpKey::parse(broken), Err(Error::Key)), "{broken}");
        }
    }

    #[test]
    fn the_address_for_an_app_quotes_what_people_named_themselves() {
        assert_eq!(
            rfc_key().uri("Akashi 証し", "a:b@example.jp"),
            "otpauth://totp/Akashi%20%E8%A8%BC%E3%81%97:a%3Ab%40example.jp\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Akashi%20%E8%A8%BC%E3%81%97&algorithm=SHA1&digits=6&period=30"
        );
    }
}
