//! What is recorded although it changes nothing: pages opened under a mark, and tries at what is not one's own.

use rules::act::Actor;
use rules::change::Change;
use rules::id::{self, Id};
use store::tables::evaluation;

use super::SignedIn;
use crate::{App, Error};

impl App {
    /// Records that a page is opened under a mark, before it is shown: without the record nothing is shown
    /// (items 18, 90, 100, 250). What an operator looks at stands in the ledger of those whose data it is.
    pub fn page_opened(&self, signed: &SignedIn, page: &str, case: Option<Id<id::Case>>) -> Result<(), Error> {
        if signed.actor.grants.marks.is_empty() {
            return Ok(());
        }
        let facts = match case {
            Some(case) => self.store.read(|conn| evaluation::facts(conn, case))?,
            None => None,
        };
        let views = &signed.actor.grants.views;
        let tenant = facts.and_then(|f| views.iter().map(|(t, _)| *t).find(|t| *t == f.case.provider || *t == f.case.body));
        let mut actor = signed.actor.clone();
        actor.organisation = tenant.or(actor.organisation);
        let act = self.act(actor)?;
        let page = page.chars().take(300).collect();
        self.store.write(|tx| -> Result<(), Error> {
            tx.enact(&act, &Change::PageOpened { page, tenant }, identity::random()?)?;
            Ok(())
        })
    }

    /// Records that somebody who is signed in tried what is not theirs (item 32).
    pub fn note_refused(&self, actor: &Actor, act: &str, about: &str) -> Result<(), Error> {
        if actor.person.is_none() {
            return Ok(());
        }
        let change = Change::ActRefused { act: act.to_owned(), about: about.chars().take(300).collect() };
        let act = self.act(actor.clone())?;
        self.store.write(|tx| -> Result<(), Error> { Ok(tx.enact(&act, &change, identity::random()?).map(drop)?) })
    }
}
