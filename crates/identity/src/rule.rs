//! Which passwords are accepted, and how a good one is made.

use rules::password::{CLASSES, Profile};
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};

use crate::dictionary::{DICTIONARY, Dictionary, Reading, fold, read, width};
use crate::{Error, random};

/// The longest, in characters: beyond that hashing is only work for an attacker to cause.
pub const LONGEST: usize = 256;
/// The longest in bytes: looked at before anything else, so that a password of a megabyte costs nothing.
pub const LONGEST_BYTES: usize = 1024;
/// The length of a password that Akashi makes: 75 bits.
pub const GENERATED: usize = 15;

/// Words that make a passphrase: with so many different ones their choice is hard to guess, whichever they are.
const PASSPHRASE: usize = 4;
/// Letters beside words that do not make a password of words a better one.
const SPARE: usize = 2;

/// Letters and digits that cannot be mistaken for each other; 32 of them, so that 5 random bits choose one fairly.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Accepts or refuses a password that a person chose. `own` is what others know of that person: mail address, name,
/// organisation. The first thing that is missing is told, never a part of the password.
pub fn judge(password: &str, profile: &Profile, own: &[&str]) -> Result<(), Refusal> {
    let length = password.chars().take(LONGEST + 1).count();
    if password.len() > LONGEST_BYTES || length > LONGEST {
        return refused(worded(
            format!("パスワードは{LONGEST}文字以内にしてください。"),
            format!("Use at most {LONGEST} characters for the password."),
        ));
    }
    if length < profile.shortest {
        let shortest = profile.shortest;
        return refused(worded(
            format!("パスワードは{shortest}文字以上にしてください（現在{length}文字です）。"),
            format!("Use at least {shortest} characters for the password; these are {length}."),
        ));
    }
    mixes_classes(password, profile.classes)?;
    let folded = fold(password);
    let own = Dictionary::own(own);
    is_more_than_words(&read(&folded, &DICTIONARY, &own), &folded)?;
    if is_plain(&folded) || guesses(password, &own) < profile.guesses() {
        return refused(text(
            "推測されやすいパスワードです。同じ文字の繰り返しや連続した文字、よく使われる言葉を避け、関係のない言葉や文字を加えてください。",
            "This password is easy to guess. Avoid repetition, sequences and common words, and add unrelated words or characters.",
        ));
    }
    Ok(())
}

fn refused(text: Text) -> Result<(), Refusal> {
    Err(Refusal::invalid("password", text))
}

/// The kinds of characters, in the order of the refusal: lower and upper case, digits, signs, letters of any other script.
fn classes(password: &str) -> [(bool, Text); CLASSES] {
    let has = |kind: fn(char) -> bool| width(password).chars().any(kind);
    [
        (has(|c| c.is_ascii_lowercase()), text("英小文字", "lower-case letters")),
        (has(|c| c.is_ascii_uppercase()), text("英大文字", "upper-case letters")),
        (has(|c| c.is_numeric()), text("数字", "digits")),
        (has(|c| !c.is_alphanumeric()), text("記号", "signs")),
        (has(|c| c.is_alphabetic() && !c.is_ascii()), text("日本語の文字", "Japanese letters")),
    ]
}

fn mixes_classes(password: &str, wanted: usize) -> Result<(), Refusal> {
    let classes = classes(password);
    let count = classes.iter().filter(|(has, _)| *has).count();
    if count >= wanted {
        return Ok(());
    }
    let (ja, en): (Vec<&str>, Vec<&str>) =
        classes.iter().filter(|(has, _)| !has).map(|(_, name)| (name.ja.as_ref(), name.en.as_ref())).unzip();
    let (ja, en, more) = (ja.join("、"), en.join(", "), wanted - count);
    refused(worded(
        format!("文字の種類が足りません（{wanted}種類以上、現在{count}種類）。次のうちあと{more}種類を加えてください：{ja}。"),
        format!("Too few kinds of characters ({wanted} or more, now {count}). Add {more} of: {en}."),
    ))
}

/// Refuses what is only digits and signs, only what is known of the person, or only a few words of the dictionary.
fn is_more_than_words(reading: &Reading, folded: &str) -> Result<(), Refusal> {
    if !folded.chars().any(char::is_alphabetic) {
        return refused(text(
            "数字と記号だけのパスワードは使用できません。文字を加えてください。",
            "Digits and signs alone are not enough. Add letters.",
        ));
    }
    if reading.left_over > SPARE || reading.words.len() >= PASSPHRASE {
        return Ok(());
    }
    if !reading.own.is_empty() {
        return refused(text(
            "メールアドレス、氏名、組織名から推測できるパスワードは使用できません。これらと関係のない言葉や文字を加えてください。",
            "Your mail address, name or organisation must not be most of the password. Add words or characters that have nothing to do with them.",
        ));
    }
    if reading.words.is_empty() {
        return Ok(());
    }
    refused(worded(
        format!(
            "よく使われる言葉や名前に数字や記号を加えただけのパスワードは使用できません。関係のない言葉を{PASSPHRASE}つ以上並べるか、規則性のない文字を加えてください。"
        ),
        format!(
            "Common words or names with digits and signs are not enough. Use {PASSPHRASE} or more unrelated words, or add characters without a pattern."
        ),
    ))
}

/// How many guesses it takes by zxcvbn, which is told our words too: it knows none of Japan's.
fn guesses(password: &str, own: &Dictionary) -> u64 {
    let words: Vec<&str> = own.ranked().chain(DICTIONARY.ranked()).collect();
    zxcvbn::zxcvbn(&width(password), &words).guesses()
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
    use proptest::prelude::*;
    use rules::password::{Profiles, SHIPPED};

    const OWN: [&str; 3] = ["hanako.mizuhara@clinic.example", "水原 花子", "青空クリニック"];

    fn told(id: &str, password: &str) -> String {
        let profiles = Profiles::parse(SHIPPED).unwrap();
        match judge(password, profiles.get(id).unwrap(), &OWN) {
            Ok(()) => "accepted".to_owned(),
            Err(refusal) => {
                assert_eq!(refusal.field, Some("password"));
                refusal.text.en.into_owned()
            }
        }
    }

    #[test]
    fn each_candidate_is_accepted_or_refused_for_its_reason() {
        let length = "Use at least";
        let classes = "Too few kinds";
        let numbers = "Digits and signs";
        let own = "Your mail address";
        let words = "Common words";
        let easy = "easy to guess";
        let table = [
            // Length counts characters, not bytes.
            ("mfa-15", "k7m2x9rtpqwa4h", length),
            ("mfa-15", "k7m2x9rtpqwa4hd", "accepted"),
            ("sheet-13", "k7m2x9rtpqwa", length),
            ("sheet-13", "k7m2x9rtpqwa4", "accepted"),
            ("sheet-13", "夏の庭で猫が鳴いた朝", length),
            ("sheet-13", "夏の庭で猫が鳴いた静かな朝", "accepted"),
            ("sheet-8", "vK9#mm2", length),
            ("sheet-8", "vK9#mw2q", "accepted"),
            ("mfa-8", "vK9#mw2q", "accepted"),
            ("mhlw-7.0", "k7m2x9rtpqwa4", "accepted"),
            // Kinds of characters.
            ("sheet-8", "vkxmwqrtzb", classes),
            ("sheet-8", "vk9xmw2q", classes),
            ("sheet-8", "ＶＫ９ＸＭＷ２Ｑ", classes),
            ("sheet-8", "VK9朝XMW2Q", "accepted"),
            ("mfa-15", "839201748392017", numbers),
            ("mfa-15", "8392-0174-8392-0175", numbers),
            ("mfa-15", "８３９２０１７４６８３９２０５", numbers),
            // The person's own data, in any width, case and script.
            ("mfa-15", "hanako.mizuhara@clinic.example", own),
            ("mfa-15", "HANAKO.Mizuhara2026", own),
            ("mfa-15", "ｍｉｚｕｈａｒａ－２０２６－１２３４", own),
            ("mfa-15", "m1zuh@r@-2026-!!", own),
            ("mfa-15", "水原花子水原花子１２３４５６７８", own),
            ("mfa-15", "青空クリニック青空クリニック2026", own),
            ("mfa-15", "mizuhara-k7m2x9rtpqwa4hd", "accepted"),
            // Words and names with what people append.
            ("mfa-15", "Password123456!", words),
            ("mfa-15", "P@ssw0rd2026!!!!", words),
            ("mfa-15", "administrator2026", words),
            ("mfa-15", "Suzuki-Tarou-1985", words),
            ("mfa-15", "SatohYuko19850401", words),
            ("mfa-15", "tanakasyouta2026!", words),
            ("mfa-15", "佐藤太郎昭和六十年1985年4月1日", "accepted"),
            ("mfa-15", "サトウタロウ1985年0401", words),
            ("mfa-15", "byouin-kango-2026", words),
            ("mfa-15", "Byoin_no_Kangoshi_2026", words),
            ("mfa-15", "びょういんのかんごし2026!", words),
            ("mfa-15", "reiwa8nen-osaka-byouin", words),
            ("mfa-15", "Sapporo-2026-08-15", words),
            ("mfa-15", "qwertyuiop1qaz2wsx", words),
            ("mfa-15", "asdfghjklzxcvbnm", words),
            ("mfa-15", "1qaz2wsx3edc4rfv", words),
            ("mfa-15", "たていすかんなにらせ12345", words),
            ("mfa-15", "yoroshikuonegaishimasu!!", words),
            ("mfa-15", "よろしくお願いします2026！", words),
            ("mfa-15", "correcthorsebatterystaple", words),
            ("mfa-15", "パスワードパスワードパスワード", words),
            ("mfa-15", "suzukisuzukisuzuki", words),
            ("mfa-15", "tanakahanakoqx2026", own),
            ("mfa-15", "tanakayoshikoqx2026", words),
            ("mfa-15", "akashi-no-demo-2026", words),
            ("sheet-8", "Tanaka#2026", words),
            ("mfa-8", "Kango@2026", words),
            // Repetition and sequences.
            ("mfa-15", "abcdefghijklmnop", easy),
            ("mfa-15", "aaaaaaaaaaaaaaaa", easy),
            ("mfa-15", "abcabcabcabcabcabc", easy),
            ("mfa-15", "xkvxkvxkvxkvxkvxkv", easy),
            ("mfa-15", "xkxkxkxkxkxkxkxkxkxk!", easy),
            ("mfa-15", "あああああああああああああああ", easy),
            // Four words, or none that is known.
            ("mfa-15", "sakana-hospital-purple-osaka", "accepted"),
            ("mfa-15", "sakana-sakana-purple-osaka", words),
            ("mfa-15", "correct-ladder-42-violin", "accepted"),
            ("mfa-15", "demo-ladder-kettle-violin", "accepted"),
            ("mfa-15", "京都の 犬は 三匹 歩く 2時 に帰る", "accepted"),
            ("mfa-15", "xK9#mm2pQ!z7L0v", "accepted"),
        ];
        let wrong: Vec<_> = table.iter().map(|row| (row, told(row.0, row.1))).filter(|(row, told)| !told.contains(row.2)).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn a_refusal_says_what_is_missing_and_nothing_of_the_password() {
        let profiles = Profiles::parse(SHIPPED).unwrap();
        let refusal = |password: &str| judge(password, profiles.get("sheet-8").unwrap(), &OWN).unwrap_err().text;
        assert_eq!(refusal("vK9#mm2").ja, "パスワードは8文字以上にしてください（現在7文字です）。");
        assert_eq!(
            refusal("vk9xmw2q").ja,
            "文字の種類が足りません（3種類以上、現在2種類）。次のうちあと1種類を加えてください：英大文字、記号、日本語の文字。"
        );
        assert_eq!(
            refusal("vkxmwqtz").en,
            "Too few kinds of characters (3 or more, now 1). Add 2 of: upper-case letters, digits, signs, Japanese letters."
        );
        for password in ["Tanaka#2026", "Hanako#2026", "Aaaaa#111"] {
            let text = refusal(password);
            assert!(!text.en.to_lowercase().contains(&password[..5].to_lowercase()), "{text:?}");
        }
    }

    #[test]
    fn a_password_of_a_megabyte_is_refused_at_once() {
        let profiles = Profiles::parse(SHIPPED).unwrap();
        let refusal = |password: &str| judge(password, profiles.default(), &OWN).unwrap_err().text.en;
        let start = std::time::Instant::now();
        let megabyte = "夏".repeat(350_000);
        for _ in 0..1000 {
            assert_eq!(refusal(&megabyte), "Use at most 256 characters for the password.");
        }
        assert!(start.elapsed() < std::time::Duration::from_secs(1), "{:?}", start.elapsed());
        let long: String = (0..257).map(|n: u32| char::from_u32(0x4e00 + n * 7 % 5000).unwrap()).collect();
        assert_eq!(refusal(&long), "Use at most 256 characters for the password.");
        let longest: String = long.chars().take(256).collect();
        assert!(judge(&longest, profiles.default(), &OWN).is_ok());
        assert!(judge(&"🎐".repeat(257), profiles.default(), &OWN).is_err(), "257 characters, 1028 bytes");
    }

    #[test]
    fn a_generated_password_is_accepted_by_every_profile_that_needs_no_upper_case_and_new_each_time() {
        let profiles = Profiles::parse(SHIPPED).unwrap();
        let made: std::collections::HashSet<String> = (0..100).map(|_| generate().unwrap()).collect();
        assert_eq!(made.len(), 100);
        for password in &made {
            for profile in profiles.all().iter().filter(|p| p.classes < 3) {
                let judged = judge(password, profile, &OWN);
                assert!(judged.is_ok(), "{password}, {}: {judged:?}", profile.id);
            }
            assert_eq!(password.chars().filter(|c| *c != '-').count(), GENERATED);
        }
        let used: std::collections::HashSet<char> = made.iter().flat_map(|p| p.chars()).collect();
        assert_eq!(used.len(), ALPHABET.len() + 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn whatever_is_typed_is_judged(password in "\\PC{0,40}", own in "\\PC{0,20}") {
            let profiles = Profiles::parse(SHIPPED).unwrap();
            for profile in profiles.all() {
                let judged = judge(&password, profile, &[&own]);
                prop_assert!(judged.is_err() || password.chars().count() >= profile.shortest);
            }
        }

        #[test]
        fn a_name_with_a_date_is_never_accepted(
            first in prop::sample::select(vec!["Tanaka", "satoh", "ＹＡＭＡＤＡ", "鈴木", "わたなべ"]),
            second in prop::sample::select(vec!["Yuko", "shouta", "syota", "花子", "ケンジ"]),
            year in 1940..2030, month in 1..13, sign in "[-_!#. ]{0,6}",
        ) {
            let profiles = Profiles::parse(SHIPPED).unwrap();
            let password = format!("{first}{sign}{second}{sign}{year}{sign}{month:02}{sign}!!!");
            for profile in profiles.all() {
                prop_assert!(judge(&password, profile, &[]).is_err(), "{}", password);
            }
        }
    }
}
