//! What is shown of accounts, requests, reviews, alerts and the outbox.

use std::collections::BTreeMap;

use rules::access::Access;
use rules::account::{Account, Factor};
use rules::act::{Act, Actor};
use rules::change::Change;
use rules::id::{self, Id};
use rules::party::{Group, Membership, Organisation, Person, Role};
use rules::refusal::Refusal;
use rules::request::Request;
use rules::review::{self, Alert, Review};
use store::tables::requests::{QueuedMail, SeenAlert};
use store::tables::{accounts, party, requests};

use crate::alerts::BODY;
use crate::{App, Error};

/// An account with everything that a reviewer looks at.
#[derive(Debug, Clone)]
pub struct AccountRead {
    pub person: Person,
    pub account: Account,
    /// `None` for accounts that the organisation answers for and that are no members any more.
    pub membership: Option<Membership>,
    pub factors: Vec<Factor>,
    /// Not used for longer than the organisation's rule says.
    pub stale: bool,
    /// The organisation answers for it, so its administrators may act on it.
    pub own: bool,
}

/// The accounts of an organisation, its rules and its reviews.
#[derive(Debug, Clone)]
pub struct AccountsRead {
    pub organisation: Organisation,
    pub accounts: Vec<AccountRead>,
    pub access: Access,
    pub reviews: Vec<Review>,
    pub groups: Vec<Group>,
}

/// A request with the names it mentions.
#[derive(Debug, Clone)]
pub struct RequestRead {
    pub request: Request,
    pub organisation: String,
    pub by: String,
    /// Whom it is about.
    pub person: Option<String>,
    pub decided_by: Option<String>,
    /// The visitor may decide it, or review it afterwards.
    pub decides: bool,
    /// The visitor made it.
    pub own: bool,
}

/// An alert, and who has seen it when.
#[derive(Debug, Clone)]
pub struct AlertRead {
    pub alert: Alert,
    pub by: Option<String>,
    pub seen: Option<jiff::Timestamp>,
}

/// One page of an organisation's data that somebody else opened.
#[derive(Debug, Clone)]
pub struct ViewingRead {
    pub who: String,
    pub session: String,
    pub page: String,
    pub at: jiff::Timestamp,
}

fn own(actor: &Actor) -> Result<Id<id::Organisation>, Refusal> {
    actor.organisation.ok_or(Refusal::forbidden())
}

fn needs(actor: &Actor, roles: &[Role]) -> Result<(), Refusal> {
    if roles.iter().any(|r| actor.has(*r)) { Ok(()) } else { Err(Refusal::forbidden()) }
}

impl App {
    /// The accounts of the actor's own organisation.
    pub fn accounts(&self, actor: &Actor) -> Result<AccountsRead, Error> {
        needs(actor, &[Role::Administrator])?;
        let organisation = own(actor)?;
        let now = self.clock.now();
        self.store.read(|conn| {
            let of = party::organisation(conn, organisation)?.ok_or(Refusal::not_found())?;
            let access = requests::access(conn, organisation)?;
            let mut out = vec![];
            for account in accounts::accounts(conn, organisation)? {
                let Some(person) = party::person(conn, account.person)? else { continue };
                let membership = party::memberships_of(conn, account.person)?.into_iter().find(|m| m.organisation == organisation);
                let factors = accounts::factors(conn, account.person)?;
                let stale = review::is_stale(&account, account.person.made(), access.stale_days, now);
                let own = account.home == Some(organisation);
                out.push(AccountRead { person, account, membership, factors, stale, own });
            }
            let (reviews, groups) = (requests::reviews(conn, organisation)?, requests::groups(conn, organisation)?);
            Ok(AccountsRead { organisation: of, accounts: out, access, reviews, groups })
        })
    }

    /// The access rules of the actor's organisation; everybody may know the rules they are under.
    pub fn own_access(&self, actor: &Actor) -> Result<Access, Error> {
        let organisation = own(actor)?;
        Ok(self.store.read(|conn| requests::access(conn, organisation))?)
    }

    /// The information groups of the actor's organisation.
    pub fn groups(&self, actor: &Actor) -> Result<Vec<Group>, Error> {
        let organisation = own(actor)?;
        Ok(self.store.read(|conn| requests::groups(conn, organisation))?)
    }

    /// Requests that the actor made or whose kind somebody of their roles decides, newest first.
    pub fn requests(&self, actor: &Actor) -> Result<Vec<RequestRead>, Error> {
        let (organisation, me) = (own(actor)?, actor.person.ok_or(Refusal::forbidden())?);
        self.store.read(|conn| {
            let mut names = BTreeMap::new();
            let mut out = vec![];
            for request in requests::requests(conn, organisation, me)? {
                let concerns = request.organisation == organisation && request.ask.kind().deciders().iter().any(|r| actor.has(*r));
                if !concerns && request.by != me {
                    continue;
                }
                let mut name = |id: Id<id::Person>| -> Result<String, store::Error> {
                    if let std::collections::btree_map::Entry::Vacant(free) = names.entry(id) {
                        free.insert(party::person(conn, id)?.map(|p| p.name).unwrap_or_default());
                    }
                    Ok(names.get(&id).cloned().unwrap_or_default())
                };
                let (by, person) = (name(request.by)?, request.ask.person().map(&mut name).transpose()?);
                let decided_by = request.decided_by.map(&mut name).transpose()?;
                let of = party::organisation(conn, request.organisation)?.map(|o| o.name).unwrap_or_default();
                let decides = request.is_decided_by(actor) && (request.state.is_open() || request.awaits_review());
                out.push(RequestRead { organisation: of, by, person, decided_by, decides, own: request.by == me, request });
            }
            Ok(out)
        })
    }

    /// The request and person behind a link to set a new password.
    pub fn reissue_by_link(&self, link: &str) -> Result<Option<(Request, Id<id::Person>)>, Error> {
        let digest = identity::digest(link).to_string();
        let now = self.clock.now();
        self.store.read(|conn| {
            let owner = conn.secret_owner(crate::execute::accounts::REISSUE, &digest)?.and_then(|o| o.parse().ok());
            let Some(id) = owner else { return Ok(None) };
            let request = requests::request(conn, id)?.filter(|r| r.is_active(now));
            Ok(request.and_then(|r| r.ask.person().map(|p| (r, p))))
        })
    }

    /// Alerts for the actor's organisation, and for operators those of the installation.
    pub fn alerts(&self, actor: &Actor) -> Result<Vec<AlertRead>, Error> {
        needs(actor, &[Role::Administrator, Role::Operator])?;
        let organisation = own(actor)?;
        let administrator = actor.has(Role::Administrator);
        self.store.read(|conn| {
            let mut out = vec![];
            for SeenAlert { alert, by, seen } in requests::alerts(conn, organisation, actor.has(Role::Operator))? {
                if administrator || alert.organisation.is_none() {
                    let by = by.map(|p| party::person(conn, p)).transpose()?.flatten().map(|p| p.name);
                    out.push(AlertRead { alert, by, seen });
                }
            }
            Ok(out)
        })
    }

    /// How many alerts nobody has seen, for the head of every page.
    pub fn open_alerts(&self, actor: &Actor) -> Result<usize, Error> {
        let (administrator, operator) = (actor.has(Role::Administrator), actor.has(Role::Operator));
        match actor.organisation.filter(|_| administrator || operator) {
            Some(organisation) => Ok(self.store.read(|conn| requests::unseen(conn, organisation, administrator, operator))?),
            None => Ok(0),
        }
    }

    /// Mails that wait, were sent or failed. Only operators see them, and not what they say.
    pub fn outbox(&self, actor: &Actor) -> Result<Vec<QueuedMail>, Error> {
        needs(actor, &[Role::Operator])?;
        Ok(self.store.read(requests::mails)?)
    }

    /// The text of a mail that waits, for an installation without a mail server: somebody has to hand it over.
    /// It may hold a link, so the operator proves who they are and the ledger keeps that it was opened.
    pub fn open_mail(&self, actor: &Actor, mail: Id<id::Mail>) -> Result<(QueuedMail, Option<String>), Error> {
        needs(actor, &[Role::Operator])?;
        if !actor.grants.confirmed {
            return Err(Refusal::confirm().into());
        }
        let found = self
            .store
            .read(|conn| -> Result<_, Error> { Ok((requests::mail(conn, mail)?, self.secret(conn, &mail.to_string(), BODY)?)) })?;
        let (Some(queued), body) = found else { return Err(Refusal::not_found().into()) };
        let act: Act = self.act(actor.clone())?;
        self.store.write(|tx| -> Result<(), Error> { Ok(tx.enact(&act, &Change::MailOpened { mail }, identity::random()?).map(drop)?) })?;
        Ok((queued, body))
    }

    /// What others looked at of the actor's organisation, newest first (items 17, 18).
    pub fn viewings(&self, actor: &Actor) -> Result<Vec<ViewingRead>, Error> {
        needs(actor, &[Role::Administrator, Role::Officer, Role::InstitutionOfficer, Role::Secretariat])?;
        let organisation = own(actor)?;
        self.store.read(|conn| {
            let mut out = vec![];
            for (person, session, page, at) in requests::viewings(conn, organisation)? {
                let who = match person.parse() {
                    Ok(id) => party::person(conn, id)?.map_or(person, |p| p.name),
                    Err(_) => person,
                };
                out.push(ViewingRead { who, session, page, at });
            }
            Ok(out)
        })
    }
}
