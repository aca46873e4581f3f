//! Commands about the ledger as people look at it: saved views and reviews. They are decided by the policy and refused until their pages are there.

use rules::command::{Command, Kind};
use rules::policy::Place;
use rules::refusal::Refusal;
use rules::text::text;

use super::Doing;
use crate::Error;

impl Doing<'_, '_> {
    pub(super) fn log(&mut self, kind: Kind, _command: Command) -> Result<(), Error> {
        self.allow(kind, Place::Installation)?;
        Err(Refusal::state(text("この操作は、この版ではまだ提供されていません。", "This is not offered in this version yet.")).into())
    }
}
