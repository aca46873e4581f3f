//! Commands about the ledger as people look at it: saved views and reviews.

use rules::command::{Command, Kind};

use super::Doing;
use crate::Error;

impl Doing<'_, '_> {
    pub(super) fn log(&mut self, kind: Kind, command: Command) -> Result<(), Error> {
        self.allow(kind, rules::policy::Place::Installation)?;
        Err(Error::Broken(format!("not built yet: {command:?}")))
    }
}
