//! Which passwords are accepted, and how a good one is made.

use rules::refusal::Refusal;
use rules::text::{text, worded};

use crate::{Error, random};

/// The shortest password a person may choose, in characters (item 80: shorter ones would have to be changed every two months).
pub const SHORTEST: usize = 13;
/// The longest, in characters: beyond that hashing is only work for an attacker to cause.
pub const LONGEST: usize = 256;
/// The length of a password that Akashi makes: 75 bits.
pub const GENERATED: usize = 15;

/// Letters and digits that cannot be mistaken for each other; 32 of them, so that 5 random bits choose one fairly.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Well-known passwords and words they are made of, without the digits and signs that people append.
const KNOWN: [&str; 28] = [
    "password",
    "passw0rd",
    "p@ssword",
    "p@ssw0rd",
    "passphrase",
    "administrator",
    "administrators",
    "qwertyuiop",
    "qwertyuiopasdf",
    "qwertyuiopasdfghjkl",
    "asdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv",
    "letmein",
    "letmeinplease",
    "iloveyou",
    "correcthorsebatterystaple",
    "trustno",
    "welcome",
    "changeme",
    "changemeplease",
    "kanrisha",
    "konnichiwa",
    "arigatougozaimasu",
    "yoroshikuonegaishimasu",
    "ohayougozaimasu",
    "aishiteru",
    "パスワード",
    "よろしくお願いします",
];

/// Accepts or refuses a password that the person with this mail address chose.
pub fn judge(password: &str, mail: &str) -> Result<(), Refusal> {
    let length = password.chars().count();
    if length < SHORTEST {
        let ja = format!("パスワードは{SHORTEST}文字以上にしてください（現在{length}文字です）。");
        return Err(Refusal::invalid(
            "password",
            worded(ja, format!("Use at least {SHORTEST} characters for the password; these are {length}.")),
        ));
    }
    if length > LONGEST {
        let ja = format!("パスワードは{LONGEST}文字以内にしてください。");
        return Err(Refusal::invalid("password", worded(ja, format!("Use at most {LONGEST} characters for the password."))));
    }
    let password = password.to_lowercase();
    let mail = mail.trim().to_lowercase();
    let name = mail.split('@').next().unwrap_or_default();
    let core = password.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation() || c == '！' || c == '。');
    if password == mail || (!core.is_empty() && (core == name || core == mail)) {
        return Err(Refusal::invalid(
            "password",
            text("メールアドレスと同じパスワードは使用できません。", "The password must not be your mail address."),
        ));
    }
    if KNOWN.iter().any(|known| core == *known || password == *known) || is_plain(&password) {
        return Err(Refusal::invalid(
            "password",
            text(
                "推測されやすいパスワードです。よく使われる言葉、同じ文字の繰り返し、連続した文字は避けてください。",
                "This password is easy to guess. Avoid well-known words, repetition and sequences.",
            ),
        ));
    }
    Ok(())
}

/// One piece again and again (`abcabcabcabca`), hardly any different characters, or a run such as `1234567890123`.
fn is_plain(password: &str) -> bool {
    let chars: Vec<char> = password.chars().collect();
    let mut different = chars.clone();
    different.sort_unstable();
    different.dedup();
    let repeats = (1..=chars.len() / 2).any(|period| chars.iter().zip(&chars[period..]).all(|(a, b)| a == b));
    let steps = |by: i64| {
        let follows = |pair: &&[char]| {
            let step = i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
            step == by || (step == -9 * by && pair[0].is_ascii_digit() && pair[1].is_ascii_digit())
        };
        chars.windows(2).filter(follows).count() + 2 >= chars.len()
    };
    different.len() < 5 || repeats || steps(1) || steps(-1)
}

/// A password of [`GENERATED`] random characters in groups of five: `k7m2x-9rtpq-wa4hd`.
pub fn generate() -> Result<String, Error> {
    let bytes: [u8; GENERATED] = random()?;
    let mut out = String::with_capacity(GENERATED + 2);
    for (i, byte) in bytes.iter().enumerate() {
        if i > 0 && i % 5 == 0 {
            out.push('-');
        }
        out.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(password: &str) -> bool {
        judge(password, "hanako.suzuki@clinic.example").is_ok()
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert!(!accepts("k7m2x9rtpqwa"));
        assert!(accepts("k7m2x9rtpqwa4"));
        assert!(!accepts("夏の庭で猫が鳴いた朝"));
        assert!(accepts("夏の庭で猫が鳴いた静かな朝"));
        assert!(!accepts(&"夏の庭で猫が鳴いた静かな朝".repeat(20)));
    }

    #[test]
    fn what_is_easy_to_guess_is_refused() {
        for weak in [
            "Password123456!",
            "administrator1",
            "1234567890123",
            "9876543210987",
            "abcdefghijklmn",
            "aaaaaaaaaaaaaa",
            "abcabcabcabcabc",
            "ababababababab!",
            "hanako.suzuki@clinic.example",
            "Hanako.Suzuki2026",
            "Yoroshikuonegaishimasu!!",
            "パスワードパスワードパスワード",
        ] {
            assert!(!accepts(weak), "{weak}");
        }
    }

    #[test]
    fn ordinary_good_ones_are_accepted() {
        for good in ["correct-ladder-42-violin", "京都の 犬は 三匹 歩く 2時", "xK9#mm2pQ!z7L0"] {
            assert!(accepts(good), "{good}");
        }
    }

    #[test]
    fn a_generated_password_is_accepted_and_new_each_time() {
        let made: std::collections::HashSet<String> = (0..200).map(|_| generate().unwrap()).collect();
        assert_eq!(made.len(), 200);
        for password in &made {
            assert!(accepts(password), "{password}");
            assert_eq!(password.chars().filter(|c| *c != '-').count(), GENERATED);
        }
        let used: std::collections::HashSet<char> = made.iter().flat_map(|p| p.chars()).collect();
        assert_eq!(used.len(), ALPHABET.len() + 1);
    }
}
