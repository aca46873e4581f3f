//! The clock: the machine's, or one that a test or a demonstration moves.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

/// Tells the time. Everything that needs it gets it from here.
#[derive(Debug)]
pub enum Clock {
    Machine,
    /// Stands still until it is moved.
    Set(Mutex<Timestamp>),
}

impl Clock {
    pub fn set(at: Timestamp) -> Clock {
        Clock::Set(Mutex::new(at))
    }

    /// Now, in microseconds: what both databases keep.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
    pub fn now(&self) -> Timestamp {
        let now = match self {
            Clock::Machine => Timestamp::now(),
            Clock::Set(at) => *at.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        };
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// Moves a clock that was set; the machine's cannot be moved.
    pub fn advance(&self, by: SignedDuration) {
        if let Clock::Set(at) = self {
            let mut at = at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *at += by;
        }
    }
}
