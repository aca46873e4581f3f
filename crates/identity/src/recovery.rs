//! Recovery codes: ten one-time ways in for somebody whose second factor is lost; only their digests are kept.

use rules::id::Digest;
use unicode_normalization::UnicodeNormalization;

use crate::{Error, random};

/// How many codes a person gets at once.
pub const CODES: usize = 10;
/// Characters of one code, 5 random bits each: 120 bits, so that a plain digest of it can be kept.
const LENGTH: usize = 24;
/// Letters and digits without 0, 1, I and O, which are mistaken for each other.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// No code that is typed is longer, in bytes, whatever width and spaces it is written with.
const LONGEST_WRITTEN: usize = 256;

/// Ten codes such as `K7MX-9RTP-QWAH-D3FG-2XKC-M4ZB`. Show them once; keep [`digest`] of each, and strike it out when it is used.
pub fn fresh_codes() -> Result<Vec<String>, Error> {
    (0..CODES)
        .map(|_| {
            let bytes: [u8; LENGTH] = random()?;
            let letters: Vec<char> = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
            Ok(letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-"))
        })
        .collect()
}

/// A code as people type it, as it is compared: upper case, half width, without spaces and hyphens of any kind. What is
/// too long to be one becomes empty.
pub fn fold(written: &str) -> String {
    if written.len() > LONGEST_WRITTEN {
        return String::new();
    }
    // ー and the dashes: what Japanese keyboards write where the paper has a hyphen.
    let is_hyphen = |c: char| matches!(c, '-' | '‐'..='―' | '−' | 'ー' | '─');
    written.nfkc().filter(|c| !c.is_whitespace() && !is_hyphen(*c)).flat_map(char::to_uppercase).collect()
}

/// What is kept of a code, and what a code that was typed is looked up by.
pub fn digest(written: &str) -> Digest {
    crate::digest(&fold(written))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_ten_codes_of_six_groups_and_no_two_are_alike() {
        let many: Vec<String> = (0..50).flat_map(|_| fresh_codes().unwrap()).collect();
        assert_eq!(many.len(), 500);
        assert_eq!(many.iter().collect::<BTreeSet<_>>().len(), 500);
        for code in &many {
            assert!(code.split('-').count() == 6 && code.split('-').all(|group| group.len() == 4), "{code}");
        }
        let letters: BTreeSet<char> = many.iter().flat_map(|code| code.chars()).collect();
        assert_eq!(letters.len(), ALPHABET.len() + 1, "all of the alphabet and the hyphen");
        assert!(!letters.iter().any(|c| "01IO".contains(*c)));
    }

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let kept = digest("K7MX-9RTP-QWAH-D3FG");
        for written in [
            "k7mx9rtpqwahd3fg",
            " K7MX 9RTP QWAH D3FG ",
            "Ｋ７ＭＸ－９ＲＴＰ－ＱＷＡＨ－Ｄ３ＦＧ",
            "k7mxー9rtp−qwah–d3fg",
            "K7MX‐9RTP　QWAH-D3FG",
        ] {
            assert_eq!(digest(written), kept, "{written}");
        }
        for other in ["", "K7MX-9RTP-QWAH-D3F", "K7MX-9RTP-QWAH-D3FGA", "K7MX-9RTP-QWAH-D3FH"] {
            assert_ne!(digest(other), kept, "{other}");
        }
    }

    #[test]
    fn a_text_too_long_to_be_a_code_costs_nothing_and_is_none() {
        assert_eq!(fold(&"K".repeat(1_000_000)), "");
        assert_eq!(fold(&"k".repeat(256)).len(), 256);
    }
}
