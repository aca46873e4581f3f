//! The sessions that a person or an organisation has, and how they end.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::Timestamp;
use rules::access::Access;
use rules::account::Stage;
use rules::act::Actor;
use rules::change::Change;
use rules::id::{self, Id};
use store::tables::accounts::{self, OpenSession};
use store::tables::requests;

use super::sessions::{OwnSession, Partial, SEEN, STEPS, SignedIn, locked};
use crate::execute::Doing;
use crate::{App, Error};

impl App {
    /// Ends the session on the server; its cookie opens nothing afterwards.
    pub fn sign_out(&self, signed: &SignedIn) -> Result<(), Error> {
        self.end_session(signed.actor.clone(), signed.session)
    }

    /// Leaves a sign-in unfinished.
    pub fn give_up(&self, partial: &Partial) -> Result<(), Error> {
        self.end_session(partial.actor.clone(), partial.session)
    }

    pub(crate) fn end_session(&self, actor: Actor, session: Id<id::Session>) -> Result<(), Error> {
        let act = self.act(actor)?;
        self.store.write(|tx| -> Result<(), Error> {
            tx.enact(&act, &Change::SignedOut { session }, identity::random()?)?;
            tx.delete_secrets(&session.to_string())?;
            Ok(())
        })?;
        self.sessions.forget();
        Ok(())
    }

    fn is_live(&self, conn: &mut store::Conn, open: &OpenSession, access: &Access, now: Timestamp) -> Result<bool, Error> {
        let longest = if open.stage == Stage::Full { access.longest() } else { STEPS };
        if open.at + longest <= now || open.until.is_some_and(|until| until <= now) {
            return Ok(false);
        }
        Ok(self.last_seen(conn, open)? + access.idle() > now)
    }

    /// When a session was last used, here or at another node.
    pub(super) fn last_seen(&self, conn: &mut store::Conn, open: &OpenSession) -> Result<Timestamp, store::Error> {
        let here = locked(&self.sessions.seen).get(&open.id).map(|(seen, _)| *seen);
        let kept = conn.secret(&open.id.to_string(), SEEN)?.and_then(|s| s.parse().ok());
        Ok(here.max(kept).unwrap_or(open.at))
    }

    /// A person's sessions that still open something; unfinished sign-ins do not count.
    pub(crate) fn live_sessions_of(&self, conn: &mut store::Conn, person: Id<id::Person>) -> Result<Vec<OpenSession>, Error> {
        let open = accounts::sessions(conn, person)?;
        self.live_among(conn, open)
    }

    /// As [`App::live_sessions_of`], of all people who act for an organisation.
    pub(crate) fn live_sessions_in(&self, conn: &mut store::Conn, organisation: Id<id::Organisation>) -> Result<Vec<OpenSession>, Error> {
        let open = accounts::sessions_in(conn, organisation)?;
        self.live_among(conn, open)
    }

    fn live_among(&self, conn: &mut store::Conn, open: Vec<OpenSession>) -> Result<Vec<OpenSession>, Error> {
        let now = self.clock.now();
        let mut rules: HashMap<Id<id::Organisation>, Access> = HashMap::new();
        let mut out = vec![];
        for session in open.into_iter().filter(|s| s.stage == Stage::Full) {
            let access = match rules.entry(session.organisation) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => free.insert(requests::access(conn, session.organisation)?),
            };
            if self.is_live(conn, &session, access, now)? {
                out.push(session);
            }
        }
        Ok(out)
    }

    /// Ends sessions that ran out, so that the ledger says so and nothing of them is kept. Returns how many.
    pub(crate) fn end_run_out(&self) -> Result<usize, Error> {
        let now = self.clock.now();
        let mut ended = 0;
        for open in self.store.read(|conn| accounts::sessions_before(conn, now - STEPS))? {
            ended += self.store.write(|tx| -> Result<usize, Error> {
                let access = requests::access(tx, open.organisation)?;
                if accounts::session(tx, open.id)?.is_none() || self.is_live(tx, &open, &access, now)? {
                    return Ok(0);
                }
                Doing::new(self, tx, Actor::system())?.write(&Change::SignedOut { session: open.id })?;
                Ok(1)
            })?;
        }
        self.sessions.forget();
        Ok(ended)
    }

    /// The signed-in person's own sessions, newest first.
    pub fn own_sessions(&self, signed: &SignedIn) -> Result<Vec<OwnSession>, Error> {
        self.store.read(|conn| {
            let mut out = vec![];
            for s in self.live_sessions_of(conn, signed.person.id)? {
                let seen = self.last_seen(conn, &s)?;
                out.push(OwnSession { id: s.id, since: s.at, seen, method: s.method, address: s.address, current: s.id == signed.session });
            }
            Ok(out)
        })
    }
}
