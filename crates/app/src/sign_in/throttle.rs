//! Slowing down guesses: per id, kept in the database, and per network address, kept in memory and bounded.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rules::act::Actor;
use rules::change::{Change, Failure};
use rules::party::Person;
use rules::refusal::{Refusal, Why};
use rules::text::{text, worded};
use store::Tx;

use super::{Door, refused};
use crate::execute::Doing;
use crate::{App, Error};

/// The kind of secret that counts the failures of an id; its owner is the digest of what was typed, whether or not
/// such an account exists, so that both behave alike.
pub(crate) const ATTEMPTS: &str = "attempts";
/// Failures of one address in a minute after which its tries are refused unread.
const ADDRESS_FAILURES: u32 = 20;
const WINDOW: SignedDuration = SignedDuration::from_secs(60);
/// Addresses that are remembered; the oldest goes first. About 100 bytes each.
const ADDRESSES: usize = 20_000;
/// Tries for the same id run one after the other, so that a crowd of them cannot slip past the count together.
const TURNS: usize = 64;

struct Seen {
    since: Timestamp,
    failures: u32,
}

/// What this process remembers of network addresses.
pub(crate) struct Throttle {
    addresses: Mutex<HashMap<String, Seen>>,
    turns: [Mutex<()>; TURNS],
}

impl Default for Throttle {
    fn default() -> Throttle {
        Throttle { addresses: Mutex::default(), turns: std::array::from_fn(|_| Mutex::new(())) }
    }
}

impl Throttle {
    /// Refuses an address that guessed too much within the last minute.
    pub fn ask(&self, address: &str, now: Timestamp) -> Result<(), Refusal> {
        let addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        match addresses.get(address) {
            Some(seen) if seen.failures >= ADDRESS_FAILURES && now < seen.since + WINDOW => Err(Refusal::new(
                Why::TooMany,
                text(
                    "この接続元からのサインインの失敗が続いたため、1分間受け付けません。しばらく待ってからお試しください。",
                    "Too many failed sign-ins from this address. Wait a minute and try again.",
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Did this address guess wrong within the last minute?
    pub fn is_suspect(&self, address: &str, now: Timestamp) -> bool {
        let addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.get(address).is_some_and(|seen| seen.failures > 0 && now < seen.since + WINDOW)
    }

    /// Counts a failure of an address; true when it is the one that closes the door for a minute.
    pub fn failed(&self, address: &str, now: Timestamp) -> bool {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= ADDRESSES && !addresses.contains_key(address) {
            addresses.retain(|_, seen| now < seen.since + WINDOW);
            if addresses.len() >= ADDRESSES {
                let oldest = addresses.iter().min_by_key(|(_, seen)| seen.since).map(|(a, _)| a.clone());
                oldest.and_then(|a| addresses.remove(&a));
            }
        }
        let seen = addresses.entry(address.to_owned()).or_insert(Seen { since: now, failures: 0 });
        if seen.since + WINDOW <= now {
            *seen = Seen { since: now, failures: 0 };
        }
        seen.failures += 1;
        seen.failures == ADDRESS_FAILURES
    }

    /// Waits until no other try for the same id runs.
    pub fn turn(&self, email: &str) -> MutexGuard<'_, ()> {
        let digest = identity::digest(email);
        self.turns[usize::from(digest.0[0]) % TURNS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose attempts they are, without saying who.
pub(crate) fn owner(email: &str) -> String {
    identity::digest(&format!("attempts:{email}")).to_string()
}

/// `2026-11-22T03:00:00Z 4`: when the last failure was, and how many in a row.
fn read(kept: &str) -> Option<(Timestamp, u32)> {
    let (at, n) = kept.split_once(' ')?;
    Some((at.parse().ok()?, n.parse().ok()?))
}

/// Counts a failure of an id and returns how many there are in a row; a day of quiet forgets them.
pub(crate) fn count(tx: &mut Tx<'_>, email: &str, now: Timestamp) -> Result<u32, Error> {
    let owner = owner(email);
    let before = tx.secret(&owner, ATTEMPTS)?.as_deref().and_then(read);
    let failures = before.filter(|(at, _)| now < *at + SignedDuration::from_hours(24)).map_or(0, |(_, n)| n).saturating_add(1);
    tx.put_secret(&owner, ATTEMPTS, &format!("{now} {failures}"))?;
    Ok(failures)
}

/// What stands in the ledger for an id that nobody has: enough to see a pattern, too little to be a password.
pub(crate) fn masked(typed: &str) -> String {
    let shown: String = typed.chars().take(2).collect();
    format!("{shown}… ({} characters)", typed.chars().count())
}

impl App {
    /// Records a failed sign-in, counts it, warns where it is the one that locks, and gives the one answer there is.
    pub(crate) fn fail(&self, email: &str, person: Option<&Person>, door: Door<'_>, why: Failure) -> Result<Error, Error> {
        let now = self.clock.now();
        let guessing = self.throttle.failed(door.address, now);
        let actor = Actor { address: door.address.to_owned(), ..Actor::system() };
        self.store.write(|tx| -> Result<(), Error> {
            let mut doing = Doing::new(self, tx, actor.clone())?;
            let failures = count(doing.tx, email, now)?;
            // What was typed may be a password in the wrong field: nobody's id is not kept in full.
            let told = if person.is_some() { email.to_owned() } else { masked(email) };
            doing.write(&Change::SignInFailed { email: told, person: person.map(|p| p.id), why })?;
            if let Some(person) = person.filter(|_| self.profiles.default().locks_at(failures)) {
                doing.alert_locked(person, door.address)?;
            }
            if guessing {
                doing.alert_guessing(door.address)?;
            }
            Ok(())
        })?;
        Ok(refused().into())
    }

    /// Records that a right password came to nothing; it counts as no failure of the password.
    pub(super) fn note_failure(&self, person: &Person, door: Door<'_>, why: Failure) -> Result<(), Error> {
        let act = self.act(Actor { address: door.address.to_owned(), ..Actor::system() })?;
        let change = Change::SignInFailed { email: person.email.clone(), person: Some(person.id), why };
        self.store.write(|tx| -> Result<(), Error> { Ok(tx.enact(&act, &change, identity::random()?).map(drop)?) })
    }

    /// Refuses a try that comes before the wait after earlier failures is over (item 81(2)(3)).
    pub(crate) fn not_too_soon(&self, email: &str) -> Result<(), Error> {
        let kept = self.store.read(|conn| conn.secret(&owner(email), ATTEMPTS))?;
        let Some((last, failures)) = kept.as_deref().and_then(read) else { return Ok(()) };
        // A clock that was set back: nobody waits until it has caught up. The count stays, and the next failure waits again.
        if last > self.clock.now() + super::sessions::SKEW {
            return Ok(());
        }
        match self.profiles.default().wait(failures, last) {
            Some(next) if self.clock.now() < next => {
                let at = rules::act::japan(next + SignedDuration::from_millis(999)).strftime("%H:%M:%S").to_string();
                Err(Refusal::new(
                    Why::TooMany,
                    worded(
                        format!("サインインの失敗が続いたため、{at}まで受け付けません。時間をおいてお試しください。"),
                        format!("After failed sign-ins the next try is possible at {at} (Japan)."),
                    ),
                )
                .into())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_763_800_000 + second).unwrap()
    }

    #[test]
    fn an_address_that_guesses_is_shut_out_for_a_minute_and_only_it() {
        let throttle = Throttle::default();
        let closed: Vec<bool> = (0..22).map(|_| throttle.failed("192.0.2.1", at(0))).collect();
        assert_eq!(closed.iter().filter(|c| **c).count(), 1, "one warning");
        assert!(throttle.ask("192.0.2.1", at(59)).is_err());
        assert!(throttle.ask("192.0.2.1", at(60)).is_ok());
        assert!(throttle.ask("192.0.2.2", at(0)).is_ok());
    }

    #[test]
    fn a_clock_that_jumps_back_shuts_nobody_out_for_longer_than_it_jumped_and_a_minute() {
        let throttle = Throttle::default();
        for _ in 0..22 {
            throttle.failed("192.0.2.1", at(3600));
        }
        assert!(throttle.ask("192.0.2.1", at(0)).is_err());
        assert!(throttle.ask("192.0.2.1", at(3661)).is_ok());
    }

    #[test]
    fn only_so_many_addresses_are_remembered() {
        let throttle = Throttle::default();
        for n in 0..ADDRESSES + 500 {
            throttle.failed(&format!("2001:db8::{n:x}"), at(0));
        }
        assert!(throttle.addresses.lock().unwrap().len() <= ADDRESSES);
    }

    #[test]
    fn an_id_that_nobody_has_is_not_kept_in_full() {
        let told = masked("my-secret-password");
        assert!(told.starts_with("my…") && !told.contains("secret"));
    }
}
