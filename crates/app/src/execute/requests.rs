//! Commands about requests: who may ask for what, and what an approval sets in motion.

use rules::account::{Account, AccountKind, Standing};
use rules::change::Change;
use rules::command::{Command, Kind};
use rules::id::{self, Id};
use rules::party::{self, Role};
use rules::policy::Place;
use rules::refusal::{Refusal, Why};
use rules::request::{self, Ask, Request, RequestState};
use rules::text::text;
use store::tables::{accounts, party as parties, requests};

use super::Doing;
use super::accounts::REISSUE;
use super::parties::{PASSWORD, Ready};
use crate::Error;
use crate::sign_in::factors::ALTERNATE;

fn not_for_this_account() -> Refusal {
    Refusal::state(text("このアカウントには申請できません。", "This cannot be requested for this account."))
}

/// Whether the account stands as the request supposes: what is resumed or activated is suspended, what is erased is closed.
fn must_stand(account: &Account, ask: &Ask) -> Result<(), Refusal> {
    let fits = match account.standing {
        Standing::Active => !matches!(ask, Ask::Resume { .. } | Ask::BreakGlass { .. } | Ask::Erase { .. }),
        Standing::Suspended => !matches!(ask, Ask::Erase { .. }),
        Standing::Closed => matches!(ask, Ask::Erase { .. }),
    };
    if fits { Ok(()) } else { Err(not_for_this_account()) }
}

impl Doing<'_, '_> {
    pub(super) fn request(&mut self, kind: Kind, command: Command, ready: Ready) -> Result<(), Error> {
        self.allow(kind, Place::Installation)?;
        match command {
            Command::MakeRequest { organisation, ask, reason, begin, hours } => {
                let organisation = self.decided_in(&ask, organisation)?;
                let made = request::make(&mut self.act, organisation, ask, &reason, begin, hours)?;
                self.done.made = Some(made.id.to_string());
                self.write(&Change::RequestMade(made.clone()))?;
                self.tell_requested(&made)
            }
            Command::DecideRequest { request, approve, statement } => {
                let known = self.request_seen(request)?;
                // A new account has no id yet; the address says whom it is about.
                if let Ask::Register { email, .. } = &known.ask
                    && parties::person_by_email(self.tx, email)?.is_some_and(|p| self.act.actor.is(p.id))
                {
                    return Err(request::concerned().into());
                }
                let change = request::decide(&self.act, &known, approve, &statement)?;
                self.done.made = Some(request.to_string());
                self.write(&change)?;
                if approve {
                    self.put_in_force(&known, ready)?;
                } else if known.state == RequestState::Provisional {
                    // Refused afterwards: the tenant's administrators learn of what was seen.
                    self.alert_view_refused(&known)?;
                }
                self.tell_decided(&known, approve)
            }
            Command::EndRequest { request } => {
                let known = self.request_seen(request)?;
                let change = request::end(&self.act, &known)?;
                self.write(&change)?;
                self.take_out_of_force(&known)
            }
            Command::ReviewRequest { request, finding } => {
                let known = self.request_seen(request)?;
                let change = request::review(&self.act, &known, &finding)?;
                self.write(&change).map(drop)
            }
            other => unreachable!("{} is executed elsewhere", other.kind().code()),
        }
    }

    /// The request, for those whom it concerns; for others it does not exist.
    fn request_seen(&mut self, id: Id<id::Request>) -> Result<Request, Error> {
        let known = requests::request(self.tx, id)?.ok_or(Refusal::not_found())?;
        let actor = &self.act.actor;
        let decides = actor.organisation == Some(known.organisation) && known.ask.kind().deciders().iter().any(|r| actor.has(*r));
        if decides || actor.is(known.by) { Ok(known) } else { Err(Refusal::not_found().into()) }
    }

    /// Checks that the actor may ask for this, and returns whose people decide.
    fn decided_in(&mut self, ask: &Ask, named: Option<Id<id::Organisation>>) -> Result<Id<id::Organisation>, Error> {
        let own = self.organisation()?;
        let forbidden = |words| Refusal::new(Why::Forbidden, words);
        match ask {
            Ask::Register { email, roles } => {
                let of = parties::organisation(self.tx, own)?.ok_or(Refusal::not_found())?;
                party::fitting(roles, &of.kinds)?;
                self.not_closed(email)?;
                Ok(own)
            }
            Ask::ChangeRoles { person, roles } => {
                let of = parties::organisation(self.tx, own)?.ok_or(Refusal::not_found())?;
                party::fitting(roles, &of.kinds)?;
                self.member(own, *person)?;
                Ok(own)
            }
            Ask::Resume { person } | Ask::Reissue { person, .. } | Ask::Alternate { person, .. } | Ask::OutOfHours { person } => {
                let account = accounts::account(self.tx, *person)?.filter(|a| a.home == Some(own)).ok_or(Refusal::not_found())?;
                // A machine can be resumed; it has nothing else that could be asked for.
                let fits =
                    account.kind == AccountKind::Person || (account.kind == AccountKind::Machine && matches!(ask, Ask::Resume { .. }));
                if !fits {
                    return Err(not_for_this_account().into());
                }
                must_stand(&account, ask)?;
                Ok(own)
            }
            Ask::Privilege => {
                let access = requests::access(self.tx, own)?;
                let named = self.act.actor.person.is_some_and(|p| access.privileged.contains(&p));
                if !named {
                    return Err(forbidden(text(
                        "特権を申請できるのは、アクセス規則に登録された特権使用者だけです。",
                        "Only people named in the access rules can ask for privilege.",
                    ))
                    .into());
                }
                Ok(own)
            }
            Ask::BreakGlass { account } => {
                let who = self.act.actor.has(Role::Administrator) || self.act.actor.has(Role::Operator);
                let known = accounts::account(self.tx, *account)?.filter(|a| a.kind == AccountKind::Emergency && a.home == Some(own));
                if !who {
                    return Err(Refusal::forbidden().into());
                }
                known.filter(|a| a.standing == Standing::Suspended).ok_or(Refusal::not_found())?;
                Ok(own)
            }
            Ask::LiftHold { .. } | Ask::Erase { .. } => self.keeping_asked(ask),
            Ask::OpenEscrow => {
                if self.act.actor.has(Role::Operator) {
                    Ok(own)
                } else {
                    Err(Refusal::forbidden().into())
                }
            }
            Ask::View { .. } => {
                if !self.act.actor.has(Role::Operator) {
                    return Err(Refusal::forbidden().into());
                }
                let tenant = named.ok_or(Refusal::invalid(
                    "organisation",
                    text("閲覧する組織を選んでください。", "Choose the organisation to look at."),
                ))?;
                parties::organisation(self.tx, tenant)?.ok_or(Refusal::not_found())?;
                Ok(tenant)
            }
        }
    }

    fn member(&mut self, organisation: Id<id::Organisation>, person: Id<id::Person>) -> Result<party::Membership, Error> {
        let found = parties::memberships_of(self.tx, person)?.into_iter().find(|m| m.organisation == organisation);
        Ok(found.ok_or(Refusal::not_found())?)
    }

    /// Nobody is invited under an id that was closed (item 94).
    pub(super) fn not_closed(&mut self, email: &str) -> Result<(), Error> {
        let email = party::email("email", email)?;
        let Some(person) = parties::person_by_email(self.tx, &email)? else { return Ok(()) };
        let account = accounts::account(self.tx, person.id)?;
        match account.filter(|a| a.standing == Standing::Closed || a.kind != AccountKind::Person) {
            Some(_) => self.is_new_id(&email),
            None => Ok(()),
        }
    }

    /// What an approval does.
    fn put_in_force(&mut self, request: &Request, ready: Ready) -> Result<(), Error> {
        // Whoever is asked for may have been stopped, resumed or closed since.
        if let Some(person) = request.ask.person() {
            must_stand(&accounts::account(self.tx, person)?.ok_or(Refusal::not_found())?, &request.ask)?;
        }
        match &request.ask {
            Ask::Register { email, roles } => self.invite_to(request.organisation, email, roles),
            Ask::ChangeRoles { person, roles } => {
                let current = self.member(request.organisation, *person)?;
                let of = parties::organisation(self.tx, request.organisation)?.ok_or(Refusal::not_found())?;
                let change = party::set_roles(&self.act, &of, &current, roles)?;
                self.write(&change).map(drop)
            }
            Ask::Resume { person } => self.write(&Change::AccountResumed { person: *person, reason: request.reason.clone() }).map(drop),
            Ask::Reissue { person, factors, initial, .. } => {
                // The old credential stops before the new one exists (item 87).
                self.write(&Change::CredentialsRevoked { person: *person, reason: request.reason.clone(), factors: *factors })?;
                self.forget_password(*person)?;
                if *initial {
                    return self.hand_over_password(*person, ready);
                }
                let link = identity::Token::fresh()?.text().to_owned();
                self.tx.put_secret(&request.id.to_string(), REISSUE, &identity::digest(&link).to_string())?;
                self.tell_reissue(*person, &link)?;
                self.done.secret = Some(link);
                Ok(())
            }
            Ask::Alternate { .. } => {
                let code = identity::recovery::fresh_codes()?.swap_remove(0);
                self.tx.put_secret(&request.id.to_string(), ALTERNATE, &identity::recovery::digest(&code).to_string())?;
                self.done.secret = Some(code);
                Ok(())
            }
            Ask::BreakGlass { account } => {
                self.write(&Change::AccountResumed { person: *account, reason: request.reason.clone() })?;
                self.hand_over_password(*account, ready)?;
                self.alert_glass_broken(*account, request)
            }
            Ask::LiftHold { .. } => self.lift_hold(request),
            Ask::Erase { .. } => self.erase(request),
            Ask::OutOfHours { .. } | Ask::Privilege | Ask::View { .. } | Ask::OpenEscrow => Ok(()),
        }
    }

    /// Sets the password that was made before the transaction, and shows it once.
    fn hand_over_password(&mut self, person: Id<id::Person>, mut ready: Ready) -> Result<(), Error> {
        self.write(&Change::PasswordChanged { person, initial: true })?;
        self.done.secret = ready.made.take();
        self.keep_password(person, ready)
    }

    /// What the end of a request takes back; the change itself is written already.
    pub(crate) fn take_out_of_force(&mut self, request: &Request) -> Result<(), Error> {
        self.tx.delete_secrets(&request.id.to_string())?;
        // Sessions that exist under it end with it (items 90, 249).
        if let Some(person) = request.ask.person() {
            for session in accounts::sessions(self.tx, person)?.into_iter().filter(|s| s.request == Some(request.id)) {
                self.write(&Change::SignedOut { session: session.id })?;
            }
        }
        match &request.ask {
            // Approved or not: an emergency account that is not held open is shut.
            Ask::BreakGlass { account } if request.state == RequestState::Approved => {
                let person = *account;
                let standing = accounts::account(self.tx, person)?.map(|a| a.standing);
                self.tx.delete_secret(&person.to_string(), PASSWORD)?;
                if standing == Some(Standing::Active) {
                    self.write(&Change::AccountSuspended { person, reason: "disabled until two people activate it".into() })?;
                }
                Ok(())
            }
            // A password made by Akashi that nobody used in time opens nothing any more.
            Ask::Reissue { person, initial: true, .. } if request.state == RequestState::Approved => {
                if accounts::account(self.tx, *person)?.is_some_and(|a| a.initial) {
                    self.tx.delete_secret(&person.to_string(), PASSWORD)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
