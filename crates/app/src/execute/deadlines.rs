//! Commands about deadlines: one that is not needed, and addresses from which calendars read them.

use rules::change::Change;
use rules::command::{Command, Kind};
use rules::deadline::{self, Deadlining, Feed};
use rules::party::Role;
use rules::policy::Place;
use rules::refusal::Refusal;
use store::tables::deadline as rows;

use super::Doing;
use crate::Error;
use crate::deadlines::{FEED, gather};

impl Doing<'_, '_> {
    pub(super) fn deadlines(&mut self, kind: Kind, command: Command) -> Result<(), Error> {
        self.allow(kind, Place::Installation)?;
        let organisation = self.organisation()?;
        let by = self.act.actor.person.ok_or(Refusal::forbidden())?;
        match command {
            Command::WaiveDuty { duty, reason } => {
                let today = self.act.today();
                let standing = gather(self.app, self.tx, organisation, today)?;
                let found =
                    standing.into_iter().find(|f| f.duty.key == duty && f.waived.is_none()).ok_or(Refusal::not_found().at("duty"))?;
                self.write(&Change::Deadline(deadline::waive(&found.duty, organisation, by, &reason)?)).map(drop)
            }
            Command::MakeFeed { whole } => {
                let actor = &self.act.actor;
                if whole && !actor.has(Role::Officer) && !actor.has(Role::Administrator) {
                    return Err(Refusal::forbidden().into());
                }
                let token = identity::Token::fresh()?;
                let feed = Feed { id: self.act.fresh(), organisation, person: by, whole, at: self.act.at };
                self.tx.put_secret(&feed.id.to_string(), FEED, &token.digest().to_string())?;
                self.done.made = Some(feed.id.to_string());
                self.done.secret = Some(token.text().to_owned());
                self.write(&Change::Deadline(Deadlining::FeedMade(feed))).map(drop)
            }
            Command::RevokeFeed { feed } => {
                let known = rows::feed(self.tx, feed)?.filter(|f| f.organisation == organisation && f.person == by);
                known.ok_or(Refusal::not_found().at("feed"))?;
                self.write(&Change::Deadline(Deadlining::FeedRevoked { feed }))?;
                self.tx.delete_secrets(&feed.to_string()).map(drop).map_err(Error::from)
            }
            other => unreachable!("{} is executed elsewhere", other.kind().code()),
        }
    }
}
