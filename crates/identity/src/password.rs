//! Password hashes: Argon2id, a bounded number at once, and the same work whether or not the account exists.

use std::sync::{Condvar, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};

use crate::{Error, random};

/// What one hash costs: data, so that an operator can raise it; old hashes are then renewed at sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes that could be filled in parallel.
    pub lanes: u32,
}

impl Default for Cost {
    /// 19 MiB, 2 passes, 1 lane: OWASP's minimum for Argon2id, about 27 ms of one core.
    fn default() -> Cost {
        Cost { memory_kib: 19 * 1024, passes: 2, lanes: 1 }
    }
}

/// What became of a password that was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    Wrong,
    Right,
    /// Right, but hashed at another cost than today's: hash it again and keep that.
    RightButStale,
}

/// How many threads may wait for their turn; beyond that a flood of sign-ins would hold every thread there is.
pub const WAITING: usize = 32;

/// Hashes and checks passwords. Its calls block and take tens of milliseconds of CPU; each gives `Error::Busy` at once
/// where [`WAITING`] others wait already, whether or not the account exists.
pub struct Passwords {
    params: Params,
    seats: Mutex<Seats>,
    freed: Condvar,
}

/// Of these, how many may come from where guesses came from a moment ago: the others find a place all the same.
pub const SUSPECTS: usize = 4;

/// Who may hash now, and who waits for it.
struct Seats {
    /// The memory of those who do not hash just now. It is kept: taken from the system and given back for every hash,
    /// it would lie scattered over the heap, gigabytes of it after some hundred hashes.
    free: Vec<Vec<Block>>,
    waiting: usize,
}

impl Passwords {
    /// At most `at_once` hashes run at the same time (at least one): each holds `cost.memory_kib` of memory.
    pub fn new(cost: Cost, at_once: usize) -> Result<Passwords, Error> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None).map_err(|e| Error::Cost(e.to_string()))?;
        Ok(Passwords { params, seats: Mutex::new(Seats { free: vec![vec![]; at_once.max(1)], waiting: 0 }), freed: Condvar::new() })
    }

    /// The PHC string to keep (`$argon2id$v=19$m=…`), with a fresh salt.
    pub fn hash(&self, password: &str) -> Result<String, Error> {
        let salt: [u8; 16] = random()?;
        let out = self.work(WAITING, password, &salt, Algorithm::Argon2id, Version::V0x13, &self.params, Params::DEFAULT_OUTPUT_LEN)?;
        let odd = |e: argon2::password_hash::phc::Error| Error::Hash(e.to_string());
        let params = ParamsString::try_from(&self.params).map_err(|e| Error::Hash(e.to_string()))?;
        let (salt, hash) = (Some(Salt::new(&salt).map_err(odd)?), Some(Output::new(&out).map_err(odd)?));
        Ok(PasswordHash { algorithm: ARGON2ID_IDENT, version: Some(Version::V0x13.into()), params, salt, hash }.to_string())
    }

    /// Compares with the hash that is kept. Without one (`None`: no such account, or one without a password) it
    /// does the same work and says `Wrong`, so that the time does not tell which accounts exist.
    pub fn check(&self, password: &str, kept: Option<&str>) -> Result<Checked, Error> {
        self.check_among(WAITING, password, kept)
    }

    /// As [`Passwords::check`], for somebody from where guesses came a moment ago: only [`SUSPECTS`] of them wait.
    pub fn check_suspect(&self, password: &str, kept: Option<&str>) -> Result<Checked, Error> {
        self.check_among(SUSPECTS, password, kept)
    }

    fn check_among(&self, waiting: usize, password: &str, kept: Option<&str>) -> Result<Checked, Error> {
        let Some(kept) = kept else {
            self.work(waiting, password, &[0; 16], Algorithm::Argon2id, Version::V0x13, &self.params, Params::DEFAULT_OUTPUT_LEN)?;
            return Ok(Checked::Wrong);
        };
        let stored = |e: String| Error::Stored(e);
        let kept = PasswordHash::new(kept).map_err(|e| stored(e.to_string()))?;
        let algorithm = Algorithm::new(kept.algorithm.as_str()).map_err(|e| stored(e.to_string()))?;
        let version = match kept.version {
            Some(version) => Version::try_from(version).map_err(|e| stored(e.to_string()))?,
            None => Version::V0x13,
        };
        let params = Params::try_from(&kept).map_err(|e| stored(e.to_string()))?;
        let (Some(salt), Some(hash)) = (kept.salt, kept.hash) else { return Err(stored("no salt or no hash".to_owned())) };
        let out = self.work(waiting, password, &salt, algorithm, version, &params, hash.len())?;
        // Outputs compare in a time that does not tell where they differ.
        let right = Output::new(&out).is_ok_and(|out| out == hash);
        Ok(match right {
            false => Checked::Wrong,
            true if self.is_stale(&kept) => Checked::RightButStale,
            true => Checked::Right,
        })
    }

    /// Whether the password is one of those whose hashes are kept (item 85). Give only as many as the profile's `history`:
    /// each costs the time of a check.
    pub fn was_used(&self, password: &str, kept: &[String]) -> Result<bool, Error> {
        for hash in kept {
            if self.check(password, Some(hash))? != Checked::Wrong {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the kept hash was made at another cost, or in another way, than today's.
    pub fn needs_rehash(&self, kept: &str) -> Result<bool, Error> {
        Ok(self.is_stale(&PasswordHash::new(kept).map_err(|e| Error::Stored(e.to_string()))?))
    }

    fn is_stale(&self, kept: &PasswordHash) -> bool {
        let same = |kept: &Params| {
            (kept.m_cost(), kept.t_cost(), kept.p_cost()) == (self.params.m_cost(), self.params.t_cost(), self.params.p_cost())
        };
        kept.algorithm.as_str() != "argon2id"
            || kept.version != Some(Version::V0x13.into())
            || !Params::try_from(kept).is_ok_and(|kept| same(&kept))
    }

    #[expect(clippy::too_many_arguments, reason = "Argon2's own, and who may wait")]
    fn work(
        &self,
        waiting: usize,
        password: &str,
        salt: &[u8],
        algorithm: Algorithm,
        version: Version,
        params: &Params,
        length: usize,
    ) -> Result<Vec<u8>, Error> {
        let mut seat = self.sit(waiting)?;
        let (wanted, mut out) = (params.block_count(), vec![0; length]);
        if seat.memory.len() < wanted {
            seat.memory = vec![Block::default(); wanted];
        }
        Argon2::new(algorithm, version, params.clone())
            .hash_password_into_with_memory(password.as_bytes(), salt, &mut out, &mut seat.memory[..wanted])
            .map_err(|e| Error::Hash(e.to_string()))?;
        Ok(out)
    }

    /// Waits until fewer than `at_once` hashes run, unless too many wait already.
    fn sit(&self, most: usize) -> Result<Seat<'_>, Error> {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if seats.free.is_empty() && seats.waiting >= most {
            return Err(Error::Busy);
        }
        seats.waiting += 1;
        let memory = loop {
            match seats.free.pop() {
                Some(memory) => break memory,
                None => seats = self.freed.wait(seats).unwrap_or_else(PoisonError::into_inner),
            }
        };
        seats.waiting -= 1;
        Ok(Seat { of: self, memory })
    }
}

/// The right to run one hash.
struct Seat<'a> {
    of: &'a Passwords,
    memory: Vec<Block>,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        self.of.seats.lock().unwrap_or_else(PoisonError::into_inner).free.push(memory);
        self.of.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    fn cheap() -> Passwords {
        Passwords::new(Cost { memory_kib: 64, passes: 1, lanes: 1 }, 2).unwrap()
    }

    #[test]
    fn a_password_is_right_or_wrong_and_two_hashes_of_it_differ() {
        let passwords = cheap();
        let kept = passwords.hash("とても長いパスワードです").unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{kept}");
        assert_eq!(passwords.check("とても長いパスワードです", Some(&kept)).unwrap(), Checked::Right);
        assert_eq!(passwords.check("とても長いパスワードでず", Some(&kept)).unwrap(), Checked::Wrong);
        assert_eq!(passwords.check("", Some(&kept)).unwrap(), Checked::Wrong);
        assert_eq!(passwords.check("とても長いパスワードです", None).unwrap(), Checked::Wrong);
        assert_ne!(passwords.hash("とても長いパスワードです").unwrap(), kept);
    }

    #[test]
    fn the_default_cost_is_the_one_it_says() {
        let passwords = Passwords::new(Cost::default(), 1).unwrap();
        assert!(passwords.hash("x").unwrap().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(matches!(Passwords::new(Cost { memory_kib: 1, passes: 1, lanes: 1 }, 1), Err(Error::Cost(_))));
    }

    #[test]
    fn a_hash_of_another_cost_or_kind_is_stale() {
        let (old, new) = (cheap(), Passwords::new(Cost { memory_kib: 128, passes: 1, lanes: 1 }, 1).unwrap());
        let kept = old.hash("secret").unwrap();
        assert!(!old.needs_rehash(&kept).unwrap());
        assert!(new.needs_rehash(&kept).unwrap());
        assert_eq!(new.check("secret", Some(&kept)).unwrap(), Checked::RightButStale);
        assert!(old.needs_rehash(&kept.replace("$argon2id$", "$argon2i$")).unwrap());
        assert!(matches!(old.check("secret", Some("plain text")), Err(Error::Stored(_))));
    }

    /// The hash of Argon2's reference program: `echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1`.
    #[test]
    fn the_reference_programs_hash_is_understood() {
        let kept = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert_eq!(cheap().check("password", Some(kept)).unwrap(), Checked::RightButStale);
    }

    #[test]
    fn an_unknown_account_takes_the_time_of_a_known_one() {
        let passwords = Passwords::new(Cost { memory_kib: 8 * 1024, passes: 2, lanes: 1 }, 1).unwrap();
        let kept = passwords.hash("secret").unwrap();
        let best = |kept: Option<&str>| -> Duration {
            let once = || {
                let start = Instant::now();
                passwords.check("guess", kept).unwrap();
                start.elapsed()
            };
            (0..15).map(|_| once()).min().unwrap()
        };
        let (known, unknown) = (best(Some(&kept)), best(None));
        let ratio = known.as_secs_f64() / unknown.as_secs_f64();
        assert!((0.5..2.0).contains(&ratio), "{known:?} and {unknown:?}");
    }

    #[test]
    fn no_more_than_allowed_run_at_once() {
        let passwords = cheap();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _seat = passwords.sit(WAITING).unwrap();
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(5));
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(most.into_inner(), 2);
    }

    #[test]
    fn when_too_many_wait_the_next_is_told_so_at_once_and_the_others_have_their_turn() {
        let passwords = cheap();
        let kept = passwords.hash("secret").unwrap();
        let seats = [passwords.sit(WAITING).unwrap(), passwords.sit(WAITING).unwrap()];
        std::thread::scope(|scope| {
            let waiting: Vec<_> = (0..WAITING).map(|_| scope.spawn(|| passwords.check("secret", Some(&kept)))).collect();
            while passwords.seats.lock().unwrap().waiting < WAITING {
                std::thread::yield_now();
            }
            assert!(matches!(passwords.check("secret", Some(&kept)), Err(Error::Busy)));
            assert!(matches!(passwords.check("secret", None), Err(Error::Busy)), "the same for an unknown account");
            assert!(matches!(passwords.hash("secret"), Err(Error::Busy)));
            drop(seats);
            for thread in waiting {
                assert_eq!(thread.join().unwrap().unwrap(), Checked::Right);
            }
        });
        assert_eq!(passwords.check("secret", Some(&kept)).unwrap(), Checked::Right);
    }

    #[test]
    fn the_passwords_that_are_kept_are_known_again_and_the_one_before_them_is_not() {
        let (old, new) = (cheap(), Passwords::new(Cost { memory_kib: 128, passes: 1, lanes: 1 }, 1).unwrap());
        let kept = [old.hash("one").unwrap(), new.hash("two").unwrap()];
        assert!(new.was_used("one", &kept).unwrap(), "hashed at another cost");
        assert!(new.was_used("two", &kept).unwrap());
        assert!(!new.was_used("zero", &kept).unwrap());
        assert!(!new.was_used("one", &[]).unwrap());
        assert!(matches!(new.was_used("one", &["plain text".to_owned()]), Err(Error::Stored(_))));
    }
}
