//! Password hashes: Argon2id, a bounded number at once, and the same work whether or not the account exists.

use std::sync::{Condvar, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error as HashError, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

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

/// Hashes and checks passwords. Its calls block and take tens of milliseconds of CPU.
pub struct Passwords {
    params: Params,
    free: Mutex<usize>,
    freed: Condvar,
}

impl Passwords {
    /// At most `at_once` hashes run at the same time (at least one): each holds `cost.memory_kib` of memory.
    pub fn new(cost: Cost, at_once: usize) -> Result<Passwords, Error> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None).map_err(|e| Error::Cost(e.to_string()))?;
        Ok(Passwords { params, free: Mutex::new(at_once.max(1)), freed: Condvar::new() })
    }

    /// The PHC string to keep (`$argon2id$v=19$m=…`), with a fresh salt.
    pub fn hash(&self, password: &str) -> Result<String, Error> {
        let salt: [u8; 16] = random()?;
        Ok(self.work(password, &salt)?.to_string())
    }

    /// Compares with the hash that is kept. Without one (`None`: no such account, or one without a password) it
    /// does the same work and says `Wrong`, so that the time does not tell which accounts exist.
    pub fn check(&self, password: &str, kept: Option<&str>) -> Result<Checked, Error> {
        let Some(kept) = kept else {
            self.work(password, &[0; 16])?;
            return Ok(Checked::Wrong);
        };
        let kept = PasswordHash::new(kept).map_err(|e| Error::Stored(e.to_string()))?;
        let seat = self.sit();
        let checked = self.argon2().verify_password(password.as_bytes(), &kept);
        drop(seat);
        match checked {
            Ok(()) if self.is_stale(&kept) => Ok(Checked::RightButStale),
            Ok(()) => Ok(Checked::Right),
            Err(HashError::PasswordInvalid) => Ok(Checked::Wrong),
            Err(error) => Err(Error::Stored(error.to_string())),
        }
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

    fn argon2(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
    }

    fn work(&self, password: &str, salt: &[u8; 16]) -> Result<PasswordHash, Error> {
        let _seat = self.sit();
        self.argon2().hash_password_with_salt(password.as_bytes(), salt).map_err(|e| Error::Hash(e.to_string()))
    }

    /// Waits until fewer than `at_once` hashes run.
    fn sit(&self) -> Seat<'_> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Seat(self)
    }
}

/// The right to run one hash.
struct Seat<'a>(&'a Passwords);

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
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
                    let _seat = passwords.sit();
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(5));
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(most.into_inner(), 2);
    }
}
