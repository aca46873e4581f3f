//! Commands about keys.

use rules::command::{Command, Kind};
use rules::party::Role;
use rules::refusal::Refusal;
use rules::vault::KeyRole;

use super::Doing;
use crate::Error;

impl Doing<'_, '_> {
    pub(super) fn keys(&mut self, kind: Kind, command: Command) -> Result<(), Error> {
        self.allow(kind, rules::policy::Place::Installation)?;
        let Command::RotateKey { key, reason } = command else {
            return Err(Error::Broken(format!("{command:?} is no command about keys")));
        };
        match key {
            // It signs for every organisation: not for the administrator of one.
            KeyRole::Signing if !self.act.actor.has(Role::Operator) => Err(Refusal::forbidden().into()),
            KeyRole::Signing => self.rotate_signing(&reason),
            KeyRole::Master => self.rotate_master(&reason),
            KeyRole::Files => self.rotate_files(&reason),
        }
    }
}
