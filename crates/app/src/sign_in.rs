//! Signing in and out: what is asked at the door, step by step, and what a right answer opens.

pub mod confirm;
pub mod elsewhere;
pub mod factors;
pub mod noted;
pub mod opening;
pub mod own;
pub mod sessions;
pub mod throttle;
pub mod tokens;

use rules::access::Access;
use rules::account::{Account, AccountKind, FactorKind, Method, Stage, Standing};
use rules::change::Failure;
use rules::id::{self, Digest, Id};
use rules::party::{Invitation, Membership, Organisation, Person, Role};
use rules::password::Holder;
use rules::refusal::{Refusal, Why};
use rules::request::{Ask, Request};
use rules::text::text;
use store::tables::{accounts, party, requests};

use crate::execute::{FOUNDING, INVITATION, PASSWORD};
use crate::{App, Error};

pub use sessions::{OwnSession, Partial, SignedIn};

/// The kind of secret that holds the digest of a session's cookie.
pub(crate) const SESSION: &str = "session";

/// Where a sign-in comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Door<'a> {
    /// Network address, as text.
    pub address: &'a str,
    /// Fingerprint of the client certificate, where the connection has one.
    pub certificate: Option<Digest>,
}

/// A new session and the cookie's secret, which is shown nowhere else.
pub struct NewSession {
    pub secret: String,
    pub person: Person,
    /// What is still to be done before anything opens.
    pub stage: Stage,
}

/// What a new session takes the place of.
#[derive(Default)]
pub(crate) struct Instead {
    /// An open session; it ends as the new one begins.
    pub session: Option<Id<id::Session>>,
    /// When a whole session began and when its person was last asked who they are: a session that takes its place keeps both.
    pub since: Option<(jiff::Timestamp, Option<jiff::Timestamp>)>,
    /// The person is in already and is not asked for the hours again.
    pub admitted: bool,
}

/// Everything about somebody that a sign-in depends on.
pub(crate) struct Known {
    pub person: Person,
    pub account: Account,
    pub membership: Membership,
    pub access: Access,
    pub factors: Vec<FactorKind>,
    /// Approved requests that are not over.
    pub in_force: Vec<Request>,
}

impl Known {
    pub fn has_second_factor(&self) -> bool {
        self.factors.iter().any(|f| *f != FactorKind::Recovery)
    }
    /// A request about this very person: what somebody asked for others opens nothing to themselves.
    fn exception(&self, now: jiff::Timestamp, fits: impl Fn(&Ask) -> bool) -> Option<&Request> {
        self.in_force.iter().find(|r| r.ask.person() == Some(self.person.id) && r.is_active(now) && fits(&r.ask))
    }
}

pub(crate) fn refused() -> Refusal {
    // One answer for an unknown address and a wrong password, or an account that is not open (item 92(3)).
    Refusal::new(
        Why::SignIn,
        text(
            "認証に失敗しました。メールアドレスとパスワードを確認してください。",
            "Sign-in failed. Check the mail address and the password.",
        ),
    )
}

impl App {
    /// Signs a person in to the first organisation they belong to, or the one they chose.
    pub fn sign_in(&self, email: &str, password: &str, address: &str, choose: Option<Id<id::Organisation>>) -> Result<NewSession, Error> {
        self.sign_in_from(email, password, Door { address, certificate: None }, choose)
    }

    /// As [`App::sign_in`], with the client certificate of the connection.
    ///
    /// # Errors
    /// `SignIn` for whatever must not be told apart, `TooMany` for tries that come too soon, `Forbidden` for a right
    /// password at the wrong time or place.
    pub fn sign_in_from(
        &self,
        email: &str,
        password: &str,
        door: Door<'_>,
        choose: Option<Id<id::Organisation>>,
    ) -> Result<NewSession, Error> {
        // As in `party::email`: letters of other alphabets that fold into ours are other letters.
        let email = email.trim().to_ascii_lowercase();
        // Neither a mail address nor a password is longer; what is costs nothing here.
        let email: String = email.chars().take(254).collect();
        self.throttle.ask(door.address, self.clock.now())?;
        let _turn = self.throttle.turn(&email);
        self.not_too_soon(&email)?;
        let found = self.store.read(|conn| -> Result<_, Error> {
            let Some(person) = party::person_by_email(conn, &email)? else { return Ok(None) };
            let hash = conn.secret(&person.id.to_string(), PASSWORD)?;
            let set = accounts::account(conn, person.id)?.and_then(|a| a.password_set);
            Ok(Some((person, hash, set)))
        })?;
        // The same work is done for an unknown address, so that the time tells nothing.
        let kept = found.as_ref().and_then(|(_, hash, _)| hash.as_deref());
        let checked = match password.len() {
            1025.. => identity::Checked::Wrong,
            // A flood leaves room for whoever comes from elsewhere.
            _ if self.throttle.is_suspect(door.address, self.clock.now()) => self.passwords.check_suspect(password, kept)?,
            _ => self.passwords.check(password, kept)?,
        };
        let right = checked != identity::Checked::Wrong;
        let Some((person, kept, set)) = found.clone().filter(|_| right) else {
            return Err(self.fail(&email, found.as_ref().map(|(person, ..)| person), door, Failure::Password)?);
        };
        // A password that was replaced or revoked while it was looked at is not right any more.
        let Some(known) = self.known(&person, choose)?.filter(|k| self.may_open(&k.account) && k.account.password_set == set) else {
            return Err(self.fail(&email, Some(&person), door, Failure::Closed)?);
        };
        if checked == identity::Checked::RightButStale {
            let hash = self.passwords.hash(password)?;
            self.store.write(|tx| -> Result<(), Error> {
                let owner = person.id.to_string();
                if tx.secret(&owner, PASSWORD)? == kept {
                    tx.put_secret(&owner, PASSWORD, &hash)?;
                }
                Ok(())
            })?;
        }
        let method = if known.account.kind == AccountKind::Emergency { Method::Emergency } else { Method::Password };
        let stage = self.next_stage(&known, method, false);
        self.come_in(&known, door, method, stage, None)
    }

    /// Whether the account may be used at all today. An emergency account only while two people hold it open.
    pub(crate) fn may_open(&self, account: &Account) -> bool {
        account.kind != AccountKind::Machine && account.is_open(rules::act::japan(self.clock.now()).date())
    }

    /// Loads what a sign-in depends on; `None` where the person belongs to no organisation.
    pub(crate) fn known(&self, person: &Person, choose: Option<Id<id::Organisation>>) -> Result<Option<Known>, Error> {
        let now = self.clock.now();
        self.store.read(|conn| {
            let Some(account) = accounts::account(conn, person.id)? else { return Ok(None) };
            let memberships = party::memberships_of(conn, person.id)?;
            let chosen = choose.and_then(|o| memberships.iter().find(|m| m.organisation == o)).or(memberships.first());
            let Some(membership) = chosen.cloned() else { return Ok(None) };
            let access = requests::access(conn, membership.organisation)?;
            let factors = accounts::factors(conn, person.id)?.into_iter().map(|f| f.kind).collect();
            let in_force = requests::in_force(conn, person.id, now)?;
            Ok(Some(Known { person: person.clone(), account, membership, access, factors, in_force }))
        })
    }

    /// What comes after the password, or after the second factor: `proved` says that one was given.
    pub(crate) fn next_stage(&self, known: &Known, method: Method, proved: bool) -> Stage {
        let emergency = known.account.kind == AccountKind::Emergency;
        if known.has_second_factor() && !proved && !emergency {
            return Stage::Factor;
        }
        let profile = self.profile(&known.access);
        let old = known
            .account
            .password_set
            .is_some_and(|set| profile.must_change(set, self.clock.now(), Holder::Worker, known.has_second_factor()));
        // Who came by a provider used no password of ours, and may have none. The password of an emergency account is
        // changed like any that others have seen: who approved its use did (item 80(1)).
        if method != Method::Elsewhere && (known.account.initial || (old && !emergency)) {
            return Stage::Password;
        }
        if known.access.needs_second_factor(&known.membership.roles) && !known.has_second_factor() && !emergency {
            return Stage::Enrol;
        }
        Stage::Full
    }

    /// The password profile that an organisation chose; the default where it is gone from the catalogue.
    pub fn profile(&self, access: &Access) -> &rules::password::Profile {
        self.profiles.get(&access.profile).unwrap_or_else(|| self.profiles.default())
    }

    /// Acts for another of the person's organisations from now on: a new session takes the place of the old.
    pub fn switch(&self, signed: &SignedIn, to: Id<id::Organisation>, door: Door<'_>) -> Result<NewSession, Error> {
        if !signed.memberships.iter().any(|m| m.organisation == to) {
            return Err(Refusal::not_found().into());
        }
        if signed.method == Method::Elsewhere {
            // A provider speaks for its own organisation, not for the others.
            return Err(Refusal::new(
                Why::Forbidden,
                text(
                    "所属組織の認証基盤でサインインしているため、ほかの組織には切り替えられません。サインアウトし、パスワードでサインインしてください。",
                    "You signed in by your organisation's provider, which opens no other organisation. Sign out, and sign in by password.",
                ),
            )
            .into());
        }
        let known = self.known(&signed.person, Some(to))?.ok_or(Refusal::not_found())?;
        // The other organisation may ask for more than this session proved.
        let proved = signed.method != Method::Password;
        let stage = self.next_stage(&known, signed.method, proved);
        // It is the same person as before, who proved nothing anew: neither the end of the session nor the time of the
        // last proof moves.
        let open = self.store.read(|conn| accounts::session(conn, signed.session))?.ok_or_else(sessions::sign_in_again)?;
        let instead = Instead { session: Some(open.id), since: Some((open.at, open.confirmed)), admitted: false };
        self.come_in_instead(&known, door, (signed.method, stage), None, instead)
    }

    /// A new session in place of those that a change of password ended; the person has proved who they are just now.
    pub fn reopen(&self, signed: &SignedIn, door: Door<'_>) -> Result<NewSession, Error> {
        let known = self.known(&signed.person, Some(signed.organisation.id))?.ok_or_else(sessions::sign_in_again)?;
        let instead = Instead { session: None, since: Some((signed.since, Some(self.clock.now()))), admitted: true };
        self.come_in_instead(&known, door, (signed.method, Stage::Full), None, instead)
    }

    /// The open invitation behind a link.
    pub fn invitation_by_link(&self, link: &str) -> Result<Option<Invitation>, Error> {
        let digest = identity::digest(link).to_string();
        self.store.read(|conn| {
            let Some(id) = conn.secret_owner(INVITATION, &digest)?.and_then(|o| o.parse().ok()) else { return Ok(None) };
            Ok(party::invitation(conn, id)?)
        })
    }

    /// Whether nobody is here yet.
    pub fn is_new(&self) -> Result<bool, Error> {
        Ok(self.store.read(party::people)? == 0)
    }

    /// A one-time link for the first operator; an earlier one stops working. `None` once somebody is here.
    pub fn founding_link(&self) -> Result<Option<String>, Error> {
        if !self.is_new()? {
            return Ok(None);
        }
        let link = identity::Token::fresh()?.text().to_owned();
        self.store.write(|tx| -> Result<(), Error> { Ok(tx.put_secret(FOUNDING, FOUNDING, &identity::digest(&link).to_string())?) })?;
        Ok(Some(link))
    }

    /// The organisation's members who hold a role, for mails to them: people whose accounts are not stopped.
    pub(crate) fn holders(conn: &mut store::Conn, organisation: Id<id::Organisation>, role: Role) -> Result<Vec<Person>, Error> {
        let mut out = vec![];
        for (person, _) in party::members(conn, organisation)?.into_iter().filter(|(_, m)| m.roles.contains(&role)) {
            let active = accounts::account(conn, person.id)?.is_some_and(|a| a.standing == Standing::Active);
            if active && person.kind == AccountKind::Person {
                out.push(person);
            }
        }
        Ok(out)
    }
}

/// Who acts for which organisation, all they belong to, and the membership that counts.
pub(crate) type Party = (Person, Organisation, Vec<Membership>, Membership);

/// The organisation, person and memberships behind a session or token.
pub(crate) fn party_of(
    conn: &mut store::Conn,
    person: Id<id::Person>,
    organisation: Id<id::Organisation>,
) -> Result<Option<Party>, store::Error> {
    let Some(known) = party::person(conn, person)? else { return Ok(None) };
    let memberships = party::memberships_of(conn, person)?;
    let Some(current) = memberships.iter().find(|m| m.organisation == organisation).cloned() else { return Ok(None) };
    let Some(organisation) = party::organisation(conn, organisation)? else { return Ok(None) };
    Ok(Some((known, organisation, memberships, current)))
}
