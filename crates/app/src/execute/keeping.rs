//! Commands about retention and holds, and what an approved lifting or erasure sets in motion.

use super::Doing;
use crate::Error;
use rules::command::{Command, Kind};
use rules::id::{self, Id};
use rules::request::{Ask, Request};

impl Doing<'_, '_> {
    pub(super) fn keeping(&mut self, kind: Kind, command: Command) -> Result<(), Error> {
        self.allow(kind, rules::policy::Place::Installation)?;
        Err(Error::Broken(format!("not built yet: {command:?}")))
    }

    /// Checks that a lifting or an erasure may be asked for, and returns whose people decide.
    pub(super) fn keeping_asked(&mut self, _ask: &Ask) -> Result<Id<id::Organisation>, Error> {
        self.organisation().map_err(Error::from)
    }

    /// An approved request to lift a hold.
    pub(super) fn lift_hold(&mut self, request: &Request) -> Result<(), Error> {
        unfinished(request)
    }

    /// An approved request to erase.
    pub(super) fn erase(&mut self, request: &Request) -> Result<(), Error> {
        unfinished(request)
    }
}

fn unfinished(request: &Request) -> Result<(), Error> {
    Err(Error::Broken(format!("not built yet: {:?}", request.ask)))
}
