//! Commands about accounts: standing, factors, machines, access rules, reviews and groups.

use identity::totp::{self, TotpKey};
use rules::access::Coming;
use rules::account::{self, Account, AccountKind, Factor, FactorKind, Stage, Standing};
use rules::change::Change;
use rules::command::{Command, Kind};
use rules::id::{self, Id};
use rules::party::{self, Group, Membership, Role, Token};
use rules::policy::Place;
use rules::refusal::Refusal;
use rules::request::Ask;
use rules::review;
use rules::text::{Lang, Text, text, worded};
use store::tables::{accounts as rows, party as parties, requests};

use super::Doing;
use super::parties::{Ready, TOKEN};
use crate::Error;
use crate::sign_in::factors::{
    ENROLLED, PASSKEY, TOTP, TOTP_PENDING, TOTP_STEP, passkey_value, pending_owner, recovery_kind, take_state_in,
};
use crate::sign_in::sessions::sign_in_again;
use crate::sign_in::throttle;

/// The kind of secret that holds the digest of a link to set a new password; its owner is the request.
pub(crate) const REISSUE: &str = "reissue";

/// What people are told of a new password.
pub(super) const PASSWORD_CHANGED: Text = text("パスワードが変更されました", "Your password was changed");

fn own_person(doing: &Doing<'_, '_>) -> Result<Id<id::Person>, Refusal> {
    doing.act.actor.person.ok_or(Refusal::forbidden())
}

impl Doing<'_, '_> {
    /// The account, for somebody whom its home organisation lets act on it.
    pub(super) fn account_for(&mut self, kind: Kind, person: Id<id::Person>) -> Result<Account, Error> {
        let account = rows::account(self.tx, person)?.ok_or(Refusal::not_found())?;
        let home = account.home.ok_or(Refusal::not_found())?;
        // Whoever may not act on it does not learn that it exists; an operator may know.
        let known = Some(home) == self.act.actor.organisation || self.act.actor.has(Role::Operator);
        self.allow(kind, Place::Organisation(home)).map_err(|error| match error {
            Error::Refused(r) if r.why == rules::refusal::Why::Forbidden && !known => Refusal::not_found().into(),
            other => other,
        })?;
        Ok(account)
    }

    pub(super) fn account(&mut self, kind: Kind, command: Command, ready: Ready) -> Result<(), Error> {
        match command {
            Command::SuspendAccount { person, reason } => {
                let account = self.account_for(kind, person)?;
                let change = account::suspend(&self.act, &account, &reason)?;
                self.write(&change)?;
                self.tell_suspended(&account, &reason)
            }
            Command::CloseAccount { person, reason } => {
                let account = self.account_for(kind, person)?;
                self.not_held(&rules::keeping::Matter::Person { person })?;
                let change = account::close(&self.act, &account, &reason)?;
                if let Some(of) = parties::person(self.tx, person)? {
                    self.tx.delete_secret(&throttle::owner(&of.email), throttle::ATTEMPTS)?;
                }
                self.write(&change).map(drop)
            }
            Command::SetLastDay { person, ends } => {
                self.account_for(kind, person)?;
                self.write(&Change::LastDaySet { person, ends }).map(drop)
            }
            Command::ReportLeak { person, reason } => self.report_leak(kind, person, &reason),
            Command::CreateMachine { name, roles } => {
                self.allow(kind, Place::Installation)?;
                let organisation = self.organisation()?;
                let roles = self.fitting_roles(organisation, &roles)?;
                let machine = account::machine(&mut self.act, &name, Lang::Ja)?;
                let membership = Membership { person: machine.id, organisation, roles };
                self.done.made = Some(machine.id.to_string());
                self.write_all(&[Change::PersonAdded(machine), Change::RolesGiven(membership)])
            }
            Command::IssueMachineToken { machine, name, write, expires } => {
                self.allow(kind, Place::Installation)?;
                let organisation = self.organisation()?;
                rows::account(self.tx, machine)?
                    .filter(|a| a.kind == AccountKind::Machine && a.home == Some(organisation) && a.standing == Standing::Active)
                    .ok_or(Refusal::not_found())?;
                let token = Token { person: machine, ..party::issue_token(&mut self.act, &name, write, expires)? };
                self.keep_token(token)
            }
            Command::CreateEmergency { name, email, roles } => {
                self.allow(kind, Place::Installation)?;
                let organisation = self.organisation()?;
                let roles = self.fitting_roles(organisation, &roles)?;
                self.is_new_id(&email)?;
                let changes = account::emergency(&mut self.act, &name, &email, Lang::Ja)?;
                if let [Change::PersonAdded(person), ..] = changes.as_slice() {
                    self.done.made = Some(person.id.to_string());
                    let membership = Membership { person: person.id, organisation, roles };
                    self.write_all(&changes)?;
                    self.write(&Change::RolesGiven(membership))?;
                }
                Ok(())
            }
            Command::SetAccess { access } => {
                self.allow(kind, Place::Installation)?;
                let organisation = self.organisation()?;
                let members: Vec<_> = parties::members(self.tx, organisation)?.into_iter().map(|(p, _)| p.id).collect();
                let app = self.app;
                let profiles: Vec<&str> = app.profiles.all().iter().map(|p| p.id.as_str()).collect();
                let address = self.act.actor.address.clone();
                let certificate = self.act.actor.grants.certificate;
                let access = access.check(&profiles, &members, &Coming { at: self.act.at, address: &address, certificate })?;
                self.write(&Change::AccessSet { organisation, access: Box::new(access) }).map(drop)
            }
            Command::AddTotp { name, code } => self.add_totp(kind, &name, &code.0),
            Command::AddPasskey { name, response } => self.add_passkey(kind, &name, &response.0),
            Command::RemoveFactor { factor } => self.remove_factor(kind, factor),
            Command::MakeRecoveryCodes {} => self.make_recovery_codes(kind),
            Command::SetNewPassword { link, .. } => {
                self.allow(kind, Place::Installation)?;
                let (request, person) = self.reissue_of(&link.0)?;
                self.write(&Change::PasswordChanged { person, initial: false })?;
                self.keep_password(person, ready)?;
                self.tell_changed(person, &PASSWORD_CHANGED)?;
                self.tx.delete_secret(&request.to_string(), REISSUE)?;
                self.write(&Change::RequestEnded { request, state: rules::request::RequestState::Ended })?;
                self.done.made = Some(person.to_string());
                Ok(())
            }
            Command::EndSession { session } => {
                self.allow(kind, Place::Installation)?;
                let person = own_person(self)?;
                rows::session(self.tx, session)?.filter(|s| s.person == person).ok_or(Refusal::not_found())?;
                self.write(&Change::SignedOut { session }).map(drop)
            }
            Command::EndSessions { person, reason } => {
                self.account_for(kind, person)?;
                self.write(&Change::SessionsEnded { person, reason: account::reason("reason", &reason)? }).map(drop)
            }
            Command::ReviewAccounts { said, finding } => {
                self.allow(kind, Place::Installation)?;
                let organisation = self.organisation()?;
                let access = requests::access(self.tx, organisation)?;
                let members: Vec<Membership> = parties::members(self.tx, organisation)?.into_iter().map(|(_, m)| m).collect();
                let said: Vec<_> = said.into_iter().map(|s| (s.person, s.judgement, s.remark)).collect();
                let done = review::review(&mut self.act, organisation, &members, &said, &finding, access.review_months)?;
                self.done.made = Some(done.id.to_string());
                self.write(&Change::AccountsReviewed(done)).map(drop)
            }
            Command::AcknowledgeAlert { alert } => {
                self.allow(kind, Place::Installation)?;
                let (by, organisation) = (own_person(self)?, self.organisation()?);
                let (operator, administrator) = (self.act.actor.has(Role::Operator), self.act.actor.has(Role::Administrator));
                requests::alert(self.tx, alert)?
                    .filter(|a| a.alert.organisation.map_or(operator, |o| administrator && o == organisation) && a.by.is_none())
                    .ok_or(Refusal::not_found())?;
                self.write(&Change::AlertAcknowledged { alert, by }).map(drop)
            }
            Command::SaveGroup { group, name, members } => {
                self.allow(kind, Place::Installation)?;
                let organisation = self.organisation()?;
                let known = requests::groups(self.tx, organisation)?;
                let own: Vec<_> = parties::members(self.tx, organisation)?.into_iter().map(|(p, _)| p.id).collect();
                if members.iter().any(|m| !own.contains(m)) {
                    return Err(Refusal::invalid("members", text("所属する人から選んでください。", "Choose among the members.")).into());
                }
                let id = match group {
                    Some(id) => known.iter().find(|g| g.id == id).map(|g| g.id).ok_or(Refusal::not_found())?,
                    None => self.act.fresh(),
                };
                self.done.made = Some(id.to_string());
                self.write(&Change::GroupSaved(Group { id, organisation, name: party::line("name", &name, 60)?, members })).map(drop)
            }
            other => unreachable!("{} is executed elsewhere", other.kind().code()),
        }
    }

    pub(super) fn keep_token(&mut self, token: Token) -> Result<(), Error> {
        let secret = identity::Token::fresh()?.text().to_owned();
        self.tx.put_secret(&token.id.to_string(), TOKEN, &identity::digest(&secret).to_string())?;
        self.done.made = Some(token.id.to_string());
        self.done.secret = Some(secret);
        self.write(&Change::TokenIssued(token)).map(drop)
    }

    fn fitting_roles(&mut self, organisation: Id<id::Organisation>, roles: &[Role]) -> Result<Vec<Role>, Error> {
        let of = parties::organisation(self.tx, organisation)?.ok_or(Refusal::not_found())?;
        let roles = party::fitting(roles, &of.kinds)?;
        if roles.contains(&Role::Operator) && !self.act.actor.has(Role::Operator) {
            return Err(Refusal::forbidden().at("roles").into());
        }
        Ok(roles)
    }

    /// An id that was ever used is not given again (item 94).
    pub(super) fn is_new_id(&mut self, email: &str) -> Result<(), Error> {
        let email = party::email("email", email)?;
        if parties::person_by_email(self.tx, &email)?.is_some() {
            return Err(Refusal::invalid(
                "email",
                text("このIDはすでに使われたことがあるため、使用できません。", "This id was used before and cannot be given again."),
            )
            .into());
        }
        Ok(())
    }

    /// The request and person behind a link to set a new password.
    pub(crate) fn reissue_of(&mut self, link: &str) -> Result<(Id<id::Request>, Id<id::Person>), Error> {
        let owner = self.tx.secret_owner(REISSUE, &identity::digest(link).to_string())?.and_then(|o| o.parse().ok());
        let request = match owner {
            Some(id) => requests::request(self.tx, id)?,
            None => None,
        };
        match request.filter(|r| r.is_active(self.act.at)).map(|r| (r.id, r.ask)) {
            Some((id, Ask::Reissue { person, .. })) => Ok((id, person)),
            _ => Err(super::parties::used_link().into()),
        }
    }

    fn report_leak(&mut self, kind: Kind, person: Option<Id<id::Person>>, why: &str) -> Result<(), Error> {
        let own = own_person(self)?;
        let person = person.unwrap_or(own);
        let account = if person == own {
            self.allow(kind, Place::Installation)?;
            rows::account(self.tx, person)?.ok_or(Refusal::not_found())?
        } else {
            self.account_for(kind, person)?
        };
        let reason = account::reason("reason", why)?;
        self.write(&Change::CredentialsRevoked { person, reason: reason.clone(), factors: false })?;
        self.forget_password(person)?;
        self.tell_leak(&account, &reason)
    }

    fn add_totp(&mut self, kind: Kind, name: &str, code: &str) -> Result<(), Error> {
        self.allow(kind, Place::Installation)?;
        let person = own_person(self)?;
        self.may_enrol(person)?;
        let owner = pending_owner(&self.act.actor).ok_or(Refusal::forbidden())?;
        let again = || Refusal::state(text("登録をはじめからやり直してください。", "Begin the registration again."));
        let key = self.app.secret(self.tx, &owner, TOTP_PENDING)?.ok_or_else(again)?;
        let step = totp::check(&TotpKey::parse(&key)?, code, self.act.at, None).ok_or_else(|| {
            Refusal::invalid(
                "code",
                text(
                    "コードが正しくありません。端末の時刻を確認し、新しく表示されたコードを入力してください。",
                    "The code is not right. Check the device's clock and enter a new code.",
                ),
            )
        })?;
        let factor = self.new_factor(person, FactorKind::Totp, name)?;
        self.tx.delete_secret(&owner, TOTP_PENDING)?;
        self.app.put_secret(self.tx, &factor.id.to_string(), TOTP, &key)?;
        self.tx.put_secret(&factor.id.to_string(), TOTP_STEP, &step.to_string())?;
        self.tx.put_secret(&owner, ENROLLED, "1")?;
        self.added(factor)
    }

    fn add_passkey(&mut self, kind: Kind, name: &str, response: &str) -> Result<(), Error> {
        self.allow(kind, Place::Installation)?;
        let person = own_person(self)?;
        let wrong = || {
            Refusal::invalid(
                "passkey",
                text("パスキーを登録できませんでした。もう一度お試しください。", "The passkey could not be registered. Please try again."),
            )
        };
        self.may_enrol(person)?;
        let owner = pending_owner(&self.act.actor).ok_or(Refusal::forbidden())?;
        // The state goes first: what is kept could be answered twice.
        let state = take_state_in(self.tx, &person.to_string(), self.act.at)?.ok_or_else(wrong)?;
        let kept = self.app.passkeys.finish_registration(response, &state).map_err(|error| {
            tracing::info!(%error, "a passkey was not registered");
            wrong()
        })?;
        // One key is never two people's (item 94).
        let digest = identity::digest(&kept.credential).to_string();
        if self.tx.secret_owner("passkey_name", &digest)?.is_some() {
            return Err(wrong().into());
        }
        let factor = self.new_factor(person, FactorKind::Passkey, name)?;
        self.tx.put_secret(&factor.id.to_string(), PASSKEY, &passkey_value(&kept.credential, &kept.json))?;
        self.tx.put_secret(&factor.id.to_string(), "passkey_name", &digest)?;
        self.tx.put_secret(&owner, ENROLLED, "1")?;
        self.added(factor)
    }

    /// Whether the person has a second factor. Who came in by password alone to register the first one is stopped as soon
    /// as there is one that their own session did not register: it may be the owner's.
    fn may_enrol(&mut self, person: Id<id::Person>) -> Result<bool, Error> {
        let has = rows::factors(self.tx, person)?.iter().any(|f| f.kind != FactorKind::Recovery);
        if has && self.act.actor.grants.stage == Stage::Enrol {
            let owner = pending_owner(&self.act.actor).ok_or(Refusal::forbidden())?;
            self.tx.secret(&owner, ENROLLED)?.ok_or_else(sign_in_again)?;
        }
        Ok(has)
    }

    fn added(&mut self, factor: Factor) -> Result<(), Error> {
        let (person, kind) = (factor.person, factor.kind.name());
        self.write(&Change::FactorAdded(factor))?;
        let what = worded(
            format!("2段階目の認証要素（{}）が登録されました", kind.ja),
            format!("A second factor was added: {}", kind.en.to_lowercase()),
        );
        self.tell_changed(person, &what)
    }

    fn new_factor(&mut self, person: Id<id::Person>, kind: FactorKind, name: &str) -> Result<Factor, Error> {
        // An emergency account is handed from person to person: what one of them registers would stay theirs.
        if rows::account(self.tx, person)?.is_none_or(|a| a.kind != AccountKind::Person) {
            return Err(Refusal::state(text(
                "このアカウントには認証要素を登録できません。",
                "No factor can be registered for this account.",
            ))
            .into());
        }
        let name = if name.trim().is_empty() { kind.name().ja.into_owned() } else { party::line("name", name, 60)? };
        self.done.made = None;
        let factor = Factor { id: self.act.fresh(), person, kind, name, added: self.act.at };
        self.done.made = Some(factor.id.to_string());
        Ok(factor)
    }

    fn remove_factor(&mut self, kind: Kind, factor: Id<id::Factor>) -> Result<(), Error> {
        self.allow(kind, Place::Installation)?;
        let (person, organisation) = (own_person(self)?, self.organisation()?);
        let all = rows::factors(self.tx, person)?;
        let going = all.iter().find(|f| f.id == factor).ok_or(Refusal::not_found())?;
        let strong = |f: &&Factor| f.kind != FactorKind::Recovery;
        let needed = requests::access(self.tx, organisation)?.needs_second_factor(&self.act.actor.roles);
        if needed && strong(&going) && all.iter().filter(strong).count() == 1 {
            return Err(Refusal::state(text(
                "あなたの役割には第2の認証要素が必要です。別の要素を登録してから削除してください。",
                "Your roles need a second factor. Register another before you remove this one.",
            ))
            .into());
        }
        self.write(&Change::FactorRemoved { factor, person })?;
        self.tell_changed(person, &text("2段階目の認証要素が削除されました", "A second factor was removed"))
    }

    fn make_recovery_codes(&mut self, kind: Kind) -> Result<(), Error> {
        self.allow(kind, Place::Installation)?;
        let person = own_person(self)?;
        if !self.may_enrol(person)? {
            return Err(Refusal::state(text(
                "先にワンタイムコードまたはパスキーを登録してください。リカバリーコードは、その代わりに使うものです。",
                "Register one-time codes or a passkey first: recovery codes stand in for those.",
            ))
            .into());
        }
        for old in rows::factors(self.tx, person)?.into_iter().filter(|f| f.kind == FactorKind::Recovery) {
            self.write(&Change::FactorRemoved { factor: old.id, person })?;
        }
        let codes = identity::recovery::fresh_codes()?;
        let factor = self.new_factor(person, FactorKind::Recovery, "")?;
        for (n, code) in codes.iter().enumerate() {
            self.tx.put_secret(&factor.id.to_string(), &recovery_kind(n), &identity::recovery::digest(code).to_string())?;
        }
        self.done.secret = Some(codes.join("\n"));
        self.added(factor)
    }

    /// Whether new accounts and wider rights of an organisation need a second administrator's approval (item 68).
    pub(super) fn needs_approval(&mut self, organisation: Id<id::Organisation>) -> Result<bool, Error> {
        Ok(requests::access(self.tx, organisation)?.approval)
    }
}

/// The refusal where somebody sets directly what has to be requested.
pub(super) fn request_instead() -> Refusal {
    Refusal::state(worded(
        "この組織では、アカウントの登録と権限の追加に別の管理者の承認が必要です。「申請」から申請してください。",
        "In this organisation new accounts and wider rights need another administrator's approval: make a request.",
    ))
}
