//! Writes a change: its ledger line and its rows, in one transaction. There is no other way to write rows.

use jiff::{SignedDuration, Timestamp};
use rules::act::{Act, Actor};
use rules::change::Change;
use rules::id::Pos;
use rules::running::Running;

use crate::error::Error;
use crate::ledger::{INSTALLATION, LineDraft};
use crate::tables::{self, Meta};
use crate::value::instant;
use crate::writer::Tx;

/// Acts that wait for each other come a little out of order, and clocks of two nodes differ a little: such a line gets
/// the time of the line before it. What is more than this is the clock, and stands in the ledger.
const JITTER: SignedDuration = SignedDuration::from_secs(2);

impl Tx<'_> {
    /// Records the change in the ledger of the actor's organisation and writes its rows.
    /// `salt` is 16 random bytes that keep the payload's digest from being guessed once it is erased.
    pub fn enact(&mut self, act: &Act, change: &Change, salt: [u8; 16]) -> Result<Pos, Error> {
        let tenant = act.actor.organisation.map_or_else(|| INSTALLATION.to_owned(), |o| o.to_string());
        let mut at = act.at;
        if let Some(last) = self.last_at(&tenant)?.filter(|last| instant(at) < *last).and_then(|last| last.parse::<Timestamp>().ok()) {
            let back = at.duration_since(last);
            if back.abs() <= JITTER {
                at = last;
            } else if change.kind() != "clock_jumped" {
                // In a ledger times run back only behind a line that says so.
                let milliseconds = i64::try_from(back.as_millis()).unwrap_or(i64::MIN);
                let said = Change::Running(Running::ClockJumped { milliseconds });
                let system = Actor { organisation: act.actor.organisation, ..Actor::system() };
                // Another salt, from which nobody finds back: the act's own may be erased one day.
                let [other @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = seal::merkle::sha256(&[&salt, b"clock_jumped"]);
                self.place(&Act::new(system, at, [0; 32]), &tenant, &said, at, other)?;
            }
        }
        self.place(act, &tenant, change, at, salt)
    }

    fn place(&mut self, act: &Act, tenant: &str, change: &Change, at: Timestamp, salt: [u8; 16]) -> Result<Pos, Error> {
        let actor = &act.actor;
        let session = tables::session_text(actor);
        let pos = self.record(LineDraft {
            tenant: tenant.to_owned(),
            at,
            actor: actor.person.map_or_else(|| INSTALLATION.to_owned(), |p| p.to_string()),
            session: (!session.is_empty()).then(|| session.clone()),
            address: Some(actor.address.clone()),
            kind: change.kind().to_owned(),
            subject: change.subject(),
            outcome: "done".to_owned(),
            payload: seal::canonical(change)?,
            salt,
        })?;
        tables::apply(self, change, &Meta { pos, at, person: actor.person, session, address: actor.address.clone() })?;
        Ok(pos)
    }
}
