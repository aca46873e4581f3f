//! The door of the demonstration: easy rules, and a code generator that everybody knows.

use identity::totp::TotpKey;
use rules::access::Access;
use rules::account::{Factor, FactorKind, Stage};
use rules::act::Actor;
use rules::change::Change;
use rules::command::Secret;
use rules::id::{self, Id};
use store::tables::accounts;

use super::{PASSWORD, TOTP_KEY};
use crate::sign_in::factors::{ENROLLED, Proof, TOTP, TOTP_STEP};
use crate::sign_in::{Door, NewSession};
use crate::{App, Error};

impl App {
    /// Rules under which a demonstration is easy to walk through: a second factor for operators and administrators
    /// only, long pauses, many windows.
    pub(super) fn demo_access(&self, organisation: Id<id::Organisation>) -> Result<(), Error> {
        let access =
            Access { profile: "sheet-13".into(), second_factor: Default::default(), sessions: 20, idle_minutes: 240, ..Access::default() };
        let act = self.act(Actor::system())?;
        let change = Change::AccessSet { organisation, access: Box::new(access) };
        self.store.write(|tx| -> Result<(), Error> { Ok(tx.enact(&act, &change, identity::random()?).map(drop)?) })?;
        self.sessions.forget();
        Ok(())
    }

    /// Signs somebody of the demonstration in, with the demonstration's password and code generator, which everybody
    /// knows; for tests and for measuring. It registers the generator where one is demanded.
    pub fn demo_sign_in(&self, email: &str, address: &str) -> Result<NewSession, Error> {
        self.sign_in_with_known_key(email, PASSWORD, address)
    }

    /// As [`App::demo_sign_in`], with another password.
    pub fn sign_in_with_known_key(&self, email: &str, password: &str, address: &str) -> Result<NewSession, Error> {
        let door = Door { address, certificate: None };
        let session = self.sign_in(email, password, address, None)?;
        let Some(partial) = self.partial(&session.secret, door)? else { return Ok(session) };
        let key = TotpKey::parse(TOTP_KEY)?;
        let person = session.person.id;
        if session.stage == Stage::Enrol {
            let mut act = self.act(Actor { person: Some(person), ..Actor::system() })?;
            let factor = Factor { id: act.fresh(), person, kind: FactorKind::Totp, name: "demo".into(), added: act.at };
            self.store.write(|tx| -> Result<(), Error> {
                self.put_secret(tx, &factor.id.to_string(), TOTP, TOTP_KEY)?;
                tx.put_secret(&partial.session.to_string(), ENROLLED, "1")?;
                tx.enact(&act, &Change::FactorAdded(factor.clone()), identity::random()?)?;
                Ok(())
            })?;
            return self.go_on(&partial, door);
        }
        // A clock that stands still would make every code a used one.
        for factor in self.store.read(|conn| accounts::factors(conn, person))? {
            self.store.write(|tx| -> Result<(), Error> { Ok(tx.delete_secret(&factor.id.to_string(), TOTP_STEP).map(drop)?) })?;
        }
        self.second_factor(&partial, &Proof::Totp(Secret(key.code(self.clock.now()))), door)
    }
}
