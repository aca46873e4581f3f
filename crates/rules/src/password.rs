//! Password profiles: how long and how hard to guess, how old, how often wrong; data that these rules are applied by.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::text::{Text, text, worded};

/// Guesses that a password of any profile must withstand by zxcvbn's estimate: its mark "safely unguessable" (item
/// 80(3): 推定困難).
pub const HARD: u64 = 100_000_000;
/// Guesses that a password must withstand where a profile asks for random ones (item 80(3): ランダムな文字列). zxcvbn
/// counts ten for a character it cannot explain, so it takes twelve of them; at 27 ms a hash this is 850 years of a core.
pub const RANDOM: u64 = 1_000_000_000_000;
/// The kinds of characters that [`Profile::classes`] counts: lower and upper case, digits, signs, Japanese letters.
pub const CLASSES: usize = 5;

/// The shipped profiles, as TOML for [`Profiles::parse`].
pub const SHIPPED: &str = include_str!("../../../catalog/profiles/passwords.toml");

/// What a service asks of its passwords.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// `mfa-15`
    pub id: String,
    pub title: Text,
    /// Item, guideline or standard it follows, and what in it is our own choice.
    pub source: Text,
    /// Somebody compared it with the primary text. The screen says where nobody did.
    pub verified: bool,
    /// The fewest characters.
    pub shortest: usize,
    /// How many of the [`CLASSES`] a password must mix.
    pub classes: usize,
    /// As hard to guess as random characters ([`RANDOM`]), not only hard ([`HARD`]).
    pub random: bool,
    /// Holds only together with a second factor.
    pub second_factor: bool,
    /// Days after which a password without a second factor must be changed; never if absent (items 80(3), 82).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_days: Option<u16>,
    /// How many of the last passwords, the present one among them, cannot be set again (item 85).
    pub history: usize,
    pub delay: Delay,
    pub lock: Lock,
}

/// How long the next try waits after a wrong one (item 81(2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// Failures that cost no wait.
    pub free: u32,
    /// The wait after the first failure beyond those, in seconds; each further one doubles it.
    pub first_seconds: u32,
    /// The longest wait, in seconds.
    pub longest_seconds: u32,
}

/// When no try is taken for a while (item 81(3)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Failures in a row from which on it is locked.
    pub failures: u32,
    /// For how long after the last failure, in minutes.
    pub minutes: u32,
}

/// Whose password it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// Whoever works for a provider, a body or an institution.
    Worker,
    /// Patients and their families.
    Patient,
}

impl Profile {
    /// Guesses that a password must withstand by zxcvbn's estimate.
    pub const fn guesses(&self) -> u64 {
        if self.random { RANDOM } else { HARD }
    }

    /// Whether a password set at `changed` has to be changed now. A patient is never forced (item 82), and nobody who
    /// signs in with a second factor is (item 80(3)).
    pub fn must_change(&self, changed: Timestamp, now: Timestamp, holder: Holder, has_second_factor: bool) -> bool {
        match (holder, self.max_age_days) {
            (Holder::Patient, _) | (Holder::Worker, None) => false,
            (Holder::Worker, Some(days)) => {
                !has_second_factor && now.duration_since(changed) >= SignedDuration::from_hours(24 * i64::from(days))
            }
        }
    }

    /// The earliest time of the next try after so many failures in a row, the last one at `last_failed`; `None` if it
    /// need not wait. Until then a try is refused whatever the password (item 81(2)(3)).
    pub fn wait(&self, failures: u32, last_failed: Timestamp) -> Option<Timestamp> {
        let seconds = self.wait_seconds(failures);
        let wait = SignedDuration::from_secs(i64::from(seconds));
        (seconds > 0).then(|| last_failed.checked_add(wait).unwrap_or(Timestamp::MAX))
    }

    /// True for exactly the failure that locks, so that administrators are told once (item 81(3)).
    pub const fn locks_at(&self, failures: u32) -> bool {
        failures == self.lock.failures
    }

    fn wait_seconds(&self, failures: u32) -> u32 {
        let Delay { free, first_seconds, longest_seconds } = self.delay;
        let delay = match failures.checked_sub(free) {
            None | Some(0) => 0,
            Some(beyond) => 2_u32.saturating_pow(beyond - 1).saturating_mul(first_seconds).min(longest_seconds),
        };
        if failures >= self.lock.failures { delay.max(self.lock.minutes.saturating_mul(60)) } else { delay }
    }

    /// What is wrong with the profile itself.
    fn faults(&self, out: &mut Vec<Text>) {
        let mut expect = |holds: bool, ja: &str, en: &str| {
            if !holds {
                out.push(worded(format!("プロファイル「{}」：{ja}", self.id), format!("Profile {}: {en}", self.id)));
            }
        };
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        expect(
            !self.id.is_empty() && self.id.chars().all(plain),
            "idは英小文字、数字、「-」「.」で記入してください。",
            "write the id with lower-case letters, digits, - and full stops.",
        );
        expect(
            [&self.title, &self.source].iter().all(|t| !t.ja.trim().is_empty() && !t.en.trim().is_empty()),
            "titleとsourceを日本語と英語で記入してください。",
            "give title and source in Japanese and English.",
        );
        expect((8..=64).contains(&self.shortest), "shortestは8から64までにしてください。", "shortest must be 8 to 64.");
        expect((1..=CLASSES).contains(&self.classes), "classesは1から5までにしてください。", "classes must be 1 to 5.");
        expect(
            self.max_age_days.is_none_or(|days| (1..=366).contains(&days)),
            "max_age_daysは1から366までにするか、行を削除してください。",
            "max_age_days must be 1 to 366, or left out.",
        );
        expect(
            !(self.second_factor && self.max_age_days.is_some()),
            "second_factorがtrueの場合、定期的な変更は求められません。max_age_daysを削除してください。",
            "with second_factor there is no periodic change; leave max_age_days out.",
        );
        expect((1..=24).contains(&self.history), "historyは1から24までにしてください。", "history must be 1 to 24.");
        expect(
            (1..=self.delay.longest_seconds).contains(&self.delay.first_seconds),
            "delay.first_secondsは1以上、longest_seconds以下にしてください。",
            "delay.first_seconds must be at least 1 and at most longest_seconds.",
        );
        expect(
            self.lock.failures > self.delay.free,
            "lock.failuresはdelay.freeより大きくしてください。",
            "lock.failures must be more than delay.free.",
        );
        expect(
            (1..=24 * 60).contains(&self.lock.minutes) && self.lock.minutes.saturating_mul(60) >= self.delay.longest_seconds,
            "lock.minutesは1から1440までとし、delay.longest_secondsより短くしないでください。",
            "lock.minutes must be 1 to 1440 and no shorter than delay.longest_seconds.",
        );
    }
}

/// All profiles of an installation and the one that holds where nothing else was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Profiles {
    default: Profile,
    all: Vec<Profile>,
}

/// The file before its profiles are read one by one, so that a fault in one does not hide those in the next.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfilesFile {
    default: String,
    #[serde(default)]
    profiles: Vec<toml::Table>,
}

impl Profiles {
    /// Reads a file of profiles; all faults at once.
    pub fn parse(content: &str) -> Result<Profiles, Vec<Text>> {
        let file: ProfilesFile = toml::from_str(content).map_err(|error| {
            let why = error.message();
            let line = error.span().map_or(1, |span| content.bytes().take(span.start).filter(|b| *b == b'\n').count() + 1);
            vec![worded(
                format!("{line}行目をTOMLのプロファイルとして読み取れません：{why}"),
                format!("Line {line} cannot be read as TOML of profiles: {why}"),
            )]
        })?;
        let (mut all, mut faults, mut ids) = (Vec::<Profile>::new(), Vec::new(), BTreeSet::new());
        for (n, table) in file.profiles.into_iter().enumerate() {
            let n = n + 1;
            let id = table.get("id").and_then(toml::Value::as_str).map(str::to_owned);
            if id.as_ref().is_some_and(|id| !ids.insert(id.clone())) {
                faults.push(worded(
                    format!("{n}番目のプロファイルのidは、すでに使われています。"),
                    format!("The id of profile {n} is used already."),
                ));
            }
            match table.try_into::<Profile>() {
                Ok(profile) => {
                    profile.faults(&mut faults);
                    all.push(profile);
                }
                Err(error) => {
                    let (name, why) = (id.unwrap_or_default(), error.message());
                    faults.push(worded(
                        format!("{n}番目のプロファイル「{name}」を読み取れません：{why}"),
                        format!("Profile {n} {name} cannot be read: {why}"),
                    ));
                }
            }
        }
        if ids.is_empty() {
            faults.push(text("プロファイルが一つもありません。", "There is no profile."));
        }
        if !ids.contains(&file.default) {
            let id = &file.default;
            faults.push(worded(
                format!("default「{id}」というプロファイルはありません。"),
                format!("There is no profile {id}, which default names."),
            ));
        }
        match all.iter().find(|p| p.id == file.default).cloned() {
            Some(default) if faults.is_empty() => Ok(Profiles { default, all }),
            _ => Err(faults),
        }
    }

    /// The profile that holds where nothing else was chosen.
    pub fn default(&self) -> &Profile {
        &self.default
    }

    pub fn get(&self, id: &str) -> Option<&Profile> {
        self.all.iter().find(|p| p.id == id)
    }

    /// All profiles, in the order of the file.
    pub fn all(&self) -> &[Profile] {
        &self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shipped() -> Profiles {
        Profiles::parse(SHIPPED).unwrap()
    }

    fn profile(id: &str) -> Profile {
        shipped().get(id).unwrap().clone()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn the_shipped_profiles_are_those_of_the_items_and_the_guidelines() {
        let rows: Vec<_> = shipped()
            .all()
            .iter()
            .map(|p| (p.id.clone(), p.shortest, p.classes, p.random, p.second_factor, p.max_age_days, p.verified))
            .collect();
        let expected = [
            ("mfa-15", 15, 1, true, true, None, true),
            ("sheet-8", 8, 3, false, false, Some(59), true),
            ("sheet-13", 13, 1, true, false, None, true),
            ("mfa-8", 8, 3, false, true, None, true),
            ("mhlw-7.0", 13, 1, true, false, None, false),
        ];
        let expected: Vec<_> = expected.map(|(id, s, c, r, f, m, v)| (id.to_owned(), s, c, r, f, m, v)).into();
        assert_eq!(rows, expected);
        let shipped = shipped();
        assert_eq!((shipped.default().id.as_str(), shipped.default().history), ("mfa-15", 5));
        assert!(shipped.get("sheet-9").is_none());
    }

    #[test]
    fn a_password_is_changed_at_the_end_of_its_days_and_not_before() {
        let old = profile("sheet-8");
        let end = 59 * 86_400;
        assert!(!old.must_change(at(0), at(end - 1), Holder::Worker, false));
        assert!(old.must_change(at(0), at(end), Holder::Worker, false));
        assert!(!old.must_change(at(0), at(-end), Holder::Worker, false), "a clock that went back forces nobody");
        assert!(!old.must_change(Timestamp::MAX, Timestamp::MIN, Holder::Worker, false));
        assert!(old.must_change(Timestamp::MIN, Timestamp::MAX, Holder::Worker, false));
    }

    #[test]
    fn patients_and_those_with_a_second_factor_are_never_forced_to_change() {
        for profile in shipped().all() {
            assert!(!profile.must_change(at(0), at(10_000 * 86_400), Holder::Patient, false), "{}", profile.id);
            assert!(!profile.must_change(at(0), at(10_000 * 86_400), Holder::Patient, true), "{}", profile.id);
            assert!(!profile.must_change(at(0), at(10_000 * 86_400), Holder::Worker, true), "{}", profile.id);
            assert_eq!(profile.must_change(at(0), at(10_000 * 86_400), Holder::Worker, false), profile.id == "sheet-8", "{}", profile.id);
        }
    }

    #[test]
    fn each_failure_beyond_the_free_ones_doubles_the_wait_until_it_locks() {
        let profile = profile("mfa-15");
        let waits: Vec<Option<i64>> = (0..=11).map(|n| profile.wait(n, at(0)).map(|t| t.duration_since(at(0)).as_secs())).collect();
        let minutes = Some(30 * 60);
        assert_eq!(
            waits,
            [None, None, None, None, Some(2), Some(4), Some(8), Some(16), Some(32), Some(64), minutes, minutes],
            "none for three, then doubling, then the lock"
        );
        let long = Profile { lock: Lock { failures: 40, minutes: 30 }, ..profile.clone() };
        assert_eq!(long.wait(20, at(0)), Some(at(300)), "no longer than the longest");
        assert_eq!(profile.wait(u32::MAX, Timestamp::MAX), Some(Timestamp::MAX));
    }

    #[test]
    fn exactly_one_failure_is_the_one_that_locks() {
        let profile = profile("sheet-8");
        assert_eq!((0..1000).filter(|n| profile.locks_at(*n)).collect::<Vec<_>>(), [5]);
        assert_eq!(profile.wait(4, at(0)), Some(at(2)));
        assert_eq!(profile.wait(5, at(0)), Some(at(30 * 60)));
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let broken = SHIPPED
            .replace("default = \"mfa-15\"", "default = \"nobody\"")
            .replace("shortest = 15", "shortest = 7")
            .replace("classes = 3", "classes = 6")
            .replace("id = \"sheet-13\"", "id = \"sheet-8\"")
            .replace(
                "second_factor = true\nhistory = 5\ndelay = { free = 3, first_seconds = 2",
                "second_factor = true\nmax_age_days = 367\nhistory = 0\ndelay = { free = 3, first_seconds = 0",
            )
            .replace("verified = false", "verified = \"no\"");
        let told: Vec<String> = Profiles::parse(&broken).unwrap_err().into_iter().map(|t| t.en.into_owned()).collect();
        for part in [
            "which default names",
            "Profile mfa-15: shortest",
            "Profile sheet-8: classes",
            "Profile mfa-8: classes",
            "profile 3 is used already",
            "Profile mfa-15: max_age_days must",
            "Profile mfa-8: with second_factor",
            "Profile mfa-15: history",
            "Profile mfa-8: delay.first_seconds",
            "Profile 5 mhlw-7.0 cannot be read",
        ] {
            assert!(told.iter().any(|t| t.contains(part)), "{part} in {told:#?}");
        }
        let locks = SHIPPED.replace("lock = { failures = 10, minutes = 30 }", "lock = { failures = 3, minutes = 4 }");
        assert_eq!(Profiles::parse(&locks).unwrap_err().len(), 6, "three profiles, two faults each");
        let line = Profiles::parse("default = \"x\"\nnothing").unwrap_err();
        assert!(line.len() == 1 && line[0].en.contains("Line 2"), "{line:?}");
        assert_eq!(Profiles::parse("default = \"x\"").unwrap_err().len(), 2);
    }

    #[test]
    fn an_unknown_word_in_a_profile_is_a_fault() {
        let typo = SHIPPED.replace("max_age_days = 59", "max_age = 59");
        assert!(Profiles::parse(&typo).unwrap_err()[0].en.contains("max_age"));
    }

    proptest! {
        #[test]
        fn a_wait_never_shrinks_with_another_failure(
            free in 0_u32..20, first in 1_u32..10_000, more in 0_u32..100_000, locks in 1_u32..60, minutes in 1_u32..=1440,
            failures in 0_u32..100,
        ) {
            let profile = Profile {
                delay: Delay { free, first_seconds: first, longest_seconds: first + more },
                lock: Lock { failures: free + locks, minutes },
                ..profile("mfa-15")
            };
            let (now, next) = (profile.wait(failures, at(0)), profile.wait(failures + 1, at(0)));
            prop_assert!(now <= next, "{now:?} then {next:?}");
            prop_assert!(now.is_none_or(|t| t > at(0)));
            prop_assert_eq!(now.is_none(), failures <= free, "who failed too often waits");
        }
    }
}
