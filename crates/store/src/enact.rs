//! Writes a change: its ledger line and its rows, in one transaction. There is no other way to write rows.

use rules::act::Act;
use rules::change::Change;
use rules::id::Pos;

use crate::error::Error;
use crate::ledger::{INSTALLATION, LineDraft};
use crate::tables::{self, Meta};
use crate::writer::Tx;

impl Tx<'_> {
    /// Records the change in the ledger of the actor's organisation and writes its rows.
    /// `salt` is 16 random bytes that keep the payload's digest from being guessed once it is erased.
    pub fn enact(&mut self, act: &Act, change: &Change, salt: [u8; 16]) -> Result<Pos, Error> {
        let actor = &act.actor;
        let session = tables::session_text(actor);
        let pos = self.record(LineDraft {
            tenant: actor.organisation.map_or_else(|| INSTALLATION.to_owned(), |o| o.to_string()),
            at: act.at,
            actor: actor.person.map_or_else(|| INSTALLATION.to_owned(), |p| p.to_string()),
            session: (!session.is_empty()).then(|| session.clone()),
            address: Some(actor.address.clone()),
            kind: change.kind().to_owned(),
            subject: change.subject(),
            outcome: "done".to_owned(),
            payload: seal::canonical(change)?,
            salt,
        })?;
        tables::apply(self, change, &Meta { pos, at: act.at, person: actor.person, session, address: actor.address.clone() })?;
        Ok(pos)
    }
}
