//! Whom and what somebody can make requests about, for the forms that choose among them.

use rules::account::{AccountKind, Standing};
use rules::act::Actor;
use rules::id::{self, Id};
use rules::party::{Organisation, Person, Role, Token};
use rules::refusal::Refusal;
use store::tables::{accounts, party, requests};

use crate::{App, Error};

/// Somebody a request can be about.
#[derive(Debug, Clone)]
pub struct Asked {
    pub person: Person,
    /// Their roles in the asker's organisation; empty for those who left it.
    pub roles: Vec<Role>,
    pub standing: Standing,
    /// The asker's organisation answers for the account.
    pub own: bool,
}

/// What the actor can ask for.
#[derive(Debug, Clone, Default)]
pub struct Askable {
    /// People of the own organisation; who does not administer it asks for themselves.
    pub people: Vec<Asked>,
    /// Emergency accounts that are shut, for those who may ask to open them.
    pub emergency: Vec<Person>,
    /// Organisations an operator can ask to look at.
    pub tenants: Vec<Organisation>,
    /// The actor is one of the people who may ask for privilege.
    pub privilege: bool,
}

impl App {
    /// What the actor can ask for, and about whom.
    pub fn askable(&self, actor: &Actor) -> Result<Askable, Error> {
        let (Some(organisation), Some(me)) = (actor.organisation, actor.person) else { return Err(Refusal::forbidden().into()) };
        let (administrator, operator) = (actor.has(Role::Administrator), actor.has(Role::Operator));
        self.store.read(|conn| {
            let privilege = requests::access(conn, organisation)?.privileged.contains(&me);
            let mut out = Askable { privilege, ..Askable::default() };
            for account in accounts::accounts(conn, organisation)? {
                let Some(person) = party::person(conn, account.person)?.filter(|_| account.standing != Standing::Closed) else { continue };
                let own = account.home == Some(organisation);
                match account.kind {
                    AccountKind::Person if administrator || person.id == me => {
                        let held = party::memberships_of(conn, person.id)?.into_iter().find(|m| m.organisation == organisation);
                        let roles = held.map(|m| m.roles).unwrap_or_default();
                        out.people.push(Asked { person, roles, standing: account.standing, own });
                    }
                    AccountKind::Emergency if (administrator || operator) && own && account.standing == Standing::Suspended => {
                        out.emergency.push(person);
                    }
                    AccountKind::Person | AccountKind::Machine | AccountKind::Emergency => {}
                }
            }
            if operator {
                out.tenants = party::organisations(conn)?;
            }
            Ok(out)
        })
    }

    /// The tokens of a machine of the actor's organisation, without their secrets.
    pub fn machine_tokens(&self, actor: &Actor, machine: Id<id::Person>) -> Result<Vec<Token>, Error> {
        let organisation = actor.organisation.filter(|_| actor.has(Role::Administrator)).ok_or(Refusal::forbidden())?;
        self.store.read(|conn| {
            let known = accounts::account(conn, machine)?.filter(|a| a.kind == AccountKind::Machine && a.home == Some(organisation));
            known.ok_or(Refusal::not_found())?;
            Ok(party::tokens(conn, machine, organisation)?)
        })
    }
}
