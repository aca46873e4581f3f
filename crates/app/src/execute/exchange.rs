//! Commands about trust anchors and sealed packages.

use rules::command::{Command, Kind};

use super::Doing;
use crate::Error;

impl Doing<'_, '_> {
    pub(super) fn exchange(&mut self, kind: Kind, command: Command) -> Result<(), Error> {
        self.allow(kind, rules::policy::Place::Installation)?;
        Err(Error::Broken(format!("not built yet: {command:?}")))
    }
}
