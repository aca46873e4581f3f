//! Which documents of a provider somebody sees from a side, and what is left of the claims on the others.

use std::collections::{BTreeMap, BTreeSet};

use rules::act::Actor;
use rules::evidence::Evidence;
use rules::id::{self, Id};
use rules::item::ItemFacts;
use rules::label::{self, Handling};
use rules::party::Role;
use rules::policy::Side;
use store::Conn;
use store::tables::{evidence, requests};

use crate::Error;

/// What one actor sees of one provider's documents. Only [`Sight::of`] makes one, from what stands at that moment.
pub(crate) enum Sight {
    /// All but documents of information groups the actor is not in, by series.
    Applicant(BTreeSet<Id<id::Evidence>>),
    /// Everything that was submitted.
    Body,
    /// What may be disclosed.
    Institution,
}

impl Sight {
    pub fn of(conn: &mut Conn, actor: &Actor, side: Side, provider: Id<id::Organisation>) -> Result<Sight, Error> {
        match side {
            Side::Body => return Ok(Sight::Body),
            Side::Institution => return Ok(Sight::Institution),
            Side::Applicant => {}
        }
        // Officers see all of their own, and need not be asked group by group.
        if actor.organisation == Some(provider) && actor.has(Role::Officer) {
            return Ok(Sight::Applicant(BTreeSet::new()));
        }
        let groups: BTreeMap<_, _> = requests::groups(conn, provider)?.into_iter().map(|g| (g.id, g)).collect();
        let filed = evidence::filings(conn, provider)?.into_iter().filter_map(|(series, (_, group))| Some((series, group?)));
        // A group that is not there opens nothing.
        let hidden = filed.filter(|(_, group)| groups.get(group).is_none_or(|g| !label::sees(actor, Some(g))));
        Ok(Sight::Applicant(hidden.map(|(series, _)| series).collect()))
    }

    pub fn shows(&self, file: &Evidence) -> bool {
        let handling = match self {
            Sight::Applicant(hidden) if hidden.contains(&file.series) => return false,
            Sight::Applicant(_) => Handling::Open,
            Sight::Body => Handling::Submit,
            Sight::Institution => Handling::Disclose,
        };
        label::handle(handling, file.label).is_ok()
    }

    /// How many documents are kept back.
    pub fn hidden(&self) -> usize {
        match self {
            Sight::Applicant(hidden) => hidden.len(),
            Sight::Body | Sight::Institution => 0,
        }
    }

    /// Takes out the files that the actor does not see, and leaves of claims on them only that they are there.
    pub fn narrow(&self, items: &mut [ItemFacts], files: &mut BTreeMap<Id<id::Evidence>, Evidence>) {
        files.retain(|_, file| self.shows(file));
        for facts in items {
            for claim in &mut facts.claims {
                if claim.evidence.is_some_and(|id| !files.contains_key(&id)) {
                    label::hide(claim);
                    // What the evaluator wrote at the place tells what stands there.
                    facts.confirmations.iter_mut().filter(|c| c.claim == claim.id).for_each(|c| c.comment.clear());
                }
            }
        }
    }
}
