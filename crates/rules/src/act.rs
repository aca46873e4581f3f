//! Who does something, when, and the fresh ids it may use: what every rule gets as an argument.

use jiff::{
    Timestamp,
    civil::Date,
    tz::{Offset, TimeZone},
};
use serde::{Deserialize, Serialize};

use crate::account::Stage;
use crate::id::{Digest, Id, Named, Organisation, Person, Request, Session, Token};
use crate::party::Role;

/// By what means somebody acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Means {
    Session(Id<Session>),
    /// A REST token; `write` is its scope.
    Token {
        id: Id<Token>,
        write: bool,
    },
    /// The installation itself: first set-up and timed jobs.
    System,
}

/// A person acting in the name of one organisation, or the installation itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// `None` is the installation itself.
    pub person: Option<Id<Person>>,
    /// The tenant in whose name they act, and whose ledger gets the line.
    pub organisation: Option<Id<Organisation>>,
    /// Their roles in that organisation.
    pub roles: Vec<Role>,
    /// Every organisation they belong to, for conflicts of interest.
    pub belongs_to: Vec<Id<Organisation>>,
    pub means: Means,
    /// Network address, for the ledger.
    pub address: String,
    /// What their session may beside their roles.
    pub grants: Grants,
}

/// Whether somebody may use what operators and administrators may (items 100-103).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Privilege {
    /// The organisation names nobody: privilege lies with the roles.
    #[default]
    Free,
    /// Named people only, after a request that somebody approved.
    Needed,
    /// Not from this network address.
    WrongPlace,
    /// Approved and in force, under this request.
    Granted(Id<Request>),
}

/// Why every line of a session carries a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Without the usual factor (item 90).
    Alternate(Id<Request>),
    /// By an emergency account (item 250).
    Emergency(Id<Request>),
    /// With privilege (item 100).
    Privileged(Id<Request>),
    /// Looking at another organisation's data (item 18).
    Viewing(Id<Request>),
}

impl Mark {
    /// As the ledger's session column shows it after the session's id.
    pub fn told(self) -> String {
        match self {
            Mark::Alternate(r) => format!("alternate={r}"),
            Mark::Emergency(r) => format!("emergency={r}"),
            Mark::Privileged(r) => format!("privileged={r}"),
            Mark::Viewing(r) => format!("viewing={r}"),
        }
    }
}

/// What a session may and may not, beside the roles of its person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants {
    /// How far the sign-in has come.
    pub stage: Stage,
    /// The client certificate of the connection, whose key the visitor has proven to hold.
    pub certificate: Option<Digest>,
    /// The person proved a short while ago that it is them: dangerous acts are open.
    pub confirmed: bool,
    pub privilege: Privilege,
    /// Organisations whose cases may be looked at, read only, each under a request.
    pub views: Vec<(Id<Organisation>, Id<Request>)>,
    pub marks: Vec<Mark>,
}

impl Actor {
    /// The installation itself.
    pub fn system() -> Actor {
        Actor {
            person: None,
            organisation: None,
            roles: vec![],
            belongs_to: vec![],
            means: Means::System,
            address: "local".into(),
            grants: Grants { confirmed: true, ..Grants::default() },
        }
    }
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
    pub fn is_system(&self) -> bool {
        self.means == Means::System
    }
    pub fn is(&self, person: Id<Person>) -> bool {
        self.person == Some(person)
    }
}

/// One act: the actor, the time, and randomness for new ids and codes.
#[derive(Debug, Clone)]
pub struct Act {
    pub actor: Actor,
    pub at: Timestamp,
    random: [u8; 32],
    made: u32,
}

impl Act {
    pub fn new(actor: Actor, at: Timestamp, random: [u8; 32]) -> Act {
        Act { actor, at, random, made: 0 }
    }

    /// A new id; no two of one act are equal, up to 2³² of them.
    pub fn fresh<T: Named>(&mut self) -> Id<T> {
        let mut bytes: [u8; 10] = std::array::from_fn(|i| self.random[i]);
        for (byte, count) in bytes[6..].iter_mut().zip(self.made.to_be_bytes()) {
            *byte ^= count;
        }
        self.made = self.made.wrapping_add(1);
        Id::new(self.at.as_millisecond().max(0).unsigned_abs(), bytes)
    }

    /// A code of 80 random bits that people can read aloud, in groups of four: no 0, 1, I or O.
    /// It shares no randomness with the ids, which are not secret.
    pub fn code(&self) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        (0..16)
            .flat_map(|i| [(i > 0 && i % 4 == 0).then_some('-'), Some(LETTERS[usize::from(self.random[16 + i] & 31)] as char)])
            .flatten()
            .collect()
    }

    /// The calendar day in Japan, where deadlines end.
    pub fn today(&self) -> Date {
        japan(self.at).date()
    }
}

/// A time as clocks in Japan show it (UTC+9, no summer time).
pub fn japan(at: Timestamp) -> jiff::civil::DateTime {
    at.to_zoned(TimeZone::fixed(Offset::constant(9))).datetime()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Case;

    #[test]
    fn fresh_ids_differ_and_the_code_is_readable() {
        let mut act = Act::new(Actor::system(), Timestamp::UNIX_EPOCH, [9; 32]);
        let (a, b) = (act.fresh::<Case>(), act.fresh::<Case>());
        assert_ne!(a, b);
        assert_eq!(act.code(), "KKKK-KKKK-KKKK-KKKK");
    }

    #[test]
    fn the_day_is_that_of_japan() {
        let act = Act::new(Actor::system(), "2026-11-22T15:00:00Z".parse().unwrap(), [0; 32]);
        assert_eq!(act.today(), jiff::civil::date(2026, 11, 23));
    }

    #[test]
    fn a_hundred_thousand_ids_of_one_act_are_all_different() {
        let mut act = Act::new(Actor::system(), Timestamp::UNIX_EPOCH, [9; 32]);
        let made: std::collections::BTreeSet<_> = (0..100_000).map(|_| act.fresh::<Case>()).collect();
        assert_eq!(made.len(), 100_000);
    }

    #[test]
    fn a_code_shares_nothing_with_the_ids_and_changes_with_its_own_randomness() {
        let random = |ids: u8, code: u8| std::array::from_fn(|i| if i < 16 { ids } else { code });
        let code = |ids, code| Act::new(Actor::system(), Timestamp::UNIX_EPOCH, random(ids, code)).code();
        assert_eq!(code(1, 5), code(2, 5));
        assert_ne!(code(1, 5), code(1, 6));
    }

    #[test]
    fn a_time_before_1970_still_makes_an_id() {
        Act::new(Actor::system(), Timestamp::MIN, [0; 32]).fresh::<Case>();
    }
}
