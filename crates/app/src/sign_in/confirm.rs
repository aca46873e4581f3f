//! Proving again who it is, in the middle of a session.

use rules::change::Change;
use rules::id::{self, Id};
use rules::request::{Ask, Request};
use store::tables::requests;

use super::{Door, SignedIn};
use crate::{App, Error};

impl App {
    /// Refuses unless the person behind the session is asked for again and answers right.
    pub fn confirm(&self, signed: &SignedIn, proof: &super::factors::Proof, door: Door<'_>) -> Result<(), Error> {
        let email = signed.person.email.clone();
        self.throttle.ask(door.address, self.clock.now())?;
        let _turn = self.throttle.turn(&email);
        self.not_too_soon(&email)?;
        if !self.is_proved(signed.person.id, proof)? {
            return Err(self.fail(&email, Some(&signed.person), door, rules::change::Failure::Password)?);
        }
        let act = self.act(signed.actor.clone())?;
        let change = Change::SessionConfirmed { session: signed.session };
        self.store.write(|tx| -> Result<(), Error> {
            tx.delete_secret(&super::throttle::owner(&email), super::throttle::ATTEMPTS)?;
            Ok(tx.enact(&act, &change, identity::random()?).map(drop)?)
        })?;
        self.sessions.forget();
        Ok(())
    }

    /// An approved alternate sign-in of a person that is in force, for the organisation that approved it.
    pub(crate) fn alternate_of(&self, person: Id<id::Person>, organisation: Id<id::Organisation>) -> Result<Option<Request>, Error> {
        let now = self.clock.now();
        let all = self.store.read(|conn| requests::in_force(conn, person, now))?;
        Ok(all.into_iter().find(|r| {
            r.is_active(now) && r.organisation == organisation && matches!(r.ask, Ask::Alternate { person: p, .. } if p == person)
        }))
    }
}
