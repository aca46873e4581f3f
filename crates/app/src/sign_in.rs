//! Signing in and out, and finding out who stands behind a session or a token.

use jiff::SignedDuration;
use rules::act::{Act, Actor, Means};
use rules::change::Change;
use rules::id::{self, Id};
use rules::party::{Invitation, Membership, Organisation, Person};
use rules::refusal::{Refusal, Why};
use rules::text::text;
use store::tables::party;

use crate::execute::{FOUNDING, INVITATION, PASSWORD, TOKEN};
use crate::{App, Error};

/// How long a session lives, whatever is done in it.
pub const SESSION_HOURS: i64 = 12;
/// The kind of secret that holds the digest of a session's cookie.
const SESSION: &str = "session";

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub actor: Actor,
    pub person: Person,
    pub organisation: Organisation,
    pub memberships: Vec<Membership>,
    pub session: Id<id::Session>,
}

/// A new session and the cookie's secret, which is shown nowhere else.
pub struct NewSession {
    pub secret: String,
    pub person: Person,
}

fn refused() -> Error {
    // One answer for an unknown address and a wrong password (item 92).
    Refusal::new(Why::SignIn, text("メールアドレスまたはパスワードが正しくありません。", "The mail address or the password is not right."))
        .into()
}

impl App {
    /// Signs a person in to the first organisation they belong to, or the one they chose.
    pub fn sign_in(&self, email: &str, password: &str, address: &str, choose: Option<Id<id::Organisation>>) -> Result<NewSession, Error> {
        let email = email.trim().to_lowercase();
        let found = self.store.read(|conn| -> Result<_, store::Error> {
            let Some(person) = party::person_by_email(conn, &email)? else { return Ok(None) };
            let hash = conn.secret(&person.id.to_string(), PASSWORD)?;
            Ok(Some((party::memberships_of(conn, person.id)?, hash, person)))
        })?;
        // The same work is done for an unknown address, so that the time tells nothing.
        let kept = found.as_ref().and_then(|(_, hash, _)| hash.as_deref());
        let right = self.passwords.check(password, kept)? != identity::Checked::Wrong;
        let open = found.filter(|_| right).and_then(|(memberships, _, person)| {
            let organisation =
                choose.filter(|o| memberships.iter().any(|m| m.organisation == *o)).or(memberships.first().map(|m| m.organisation))?;
            Some((person, organisation))
        });
        let Some((person, organisation)) = open else {
            let act = self.act(Actor { address: address.to_owned(), ..Actor::system() })?;
            // Not more of it than an address can have: what was typed may be a password in the wrong field.
            let named = Change::SignInFailed { email: email.chars().take(254).collect() };
            self.store.write(|tx| -> Result<_, Error> { Ok(tx.enact(&act, &named, identity::random()?)?) })?;
            return Err(refused());
        };
        self.open_session(person, organisation, address)
    }

    fn open_session(&self, person: Person, organisation: Id<id::Organisation>, address: &str) -> Result<NewSession, Error> {
        let secret = identity::Token::fresh()?.text().to_owned();
        let actor = Actor { person: Some(person.id), organisation: Some(organisation), address: address.to_owned(), ..Actor::system() };
        let mut act: Act = self.act(actor)?;
        let session = act.fresh();
        act.actor.means = Means::Session(session);
        self.store.write(|tx| -> Result<(), Error> {
            tx.put_secret(&session.to_string(), SESSION, &identity::digest(&secret).to_string())?;
            tx.enact(&act, &Change::SignedIn { session, person: person.id, organisation }, identity::random()?)?;
            Ok(())
        })?;
        Ok(NewSession { secret, person })
    }

    /// Who stands behind a session cookie; nobody if it ended, ran out, or never was.
    pub fn session(&self, secret: &str, address: &str) -> Result<Option<SignedIn>, Error> {
        let now = self.clock.now();
        let digest = identity::digest(secret).to_string();
        self.store.read(|conn| {
            let Some(id) = conn.secret_owner(SESSION, &digest)?.and_then(|o| o.parse::<Id<id::Session>>().ok()) else { return Ok(None) };
            let Some(open) = party::session(conn, id)? else { return Ok(None) };
            if open.at + SignedDuration::from_hours(SESSION_HOURS) < now {
                return Ok(None);
            }
            let Some(person) = party::person(conn, open.person)? else { return Ok(None) };
            let memberships = party::memberships_of(conn, open.person)?;
            let Some(current) = memberships.iter().find(|m| m.organisation == open.organisation) else { return Ok(None) };
            let Some(organisation) = party::organisation(conn, open.organisation)? else { return Ok(None) };
            let actor = actor_of(current, &memberships, Means::Session(id), address);
            Ok(Some(SignedIn { actor, person, organisation, memberships, session: id }))
        })
    }

    /// Acts for another of the person's organisations from now on: a new session takes the place of the old.
    pub fn switch(&self, signed: &SignedIn, to: Id<id::Organisation>) -> Result<NewSession, Error> {
        if !signed.memberships.iter().any(|m| m.organisation == to) {
            return Err(Refusal::not_found().into());
        }
        let fresh = self.open_session(signed.person.clone(), to, &signed.actor.address)?;
        self.sign_out(signed)?;
        Ok(fresh)
    }

    /// Ends the session on the server; its cookie opens nothing afterwards.
    pub fn sign_out(&self, signed: &SignedIn) -> Result<(), Error> {
        let act = self.act(signed.actor.clone())?;
        self.store.write(|tx| -> Result<(), Error> {
            tx.enact(&act, &Change::SignedOut { session: signed.session }, identity::random()?)?;
            tx.delete_secrets(&signed.session.to_string())?;
            Ok(())
        })
    }

    /// Who stands behind a REST token; nobody if it was revoked, ran out, or never was.
    pub fn token(&self, secret: &str, address: &str) -> Result<Option<Actor>, Error> {
        let digest = identity::digest(secret).to_string();
        let today = rules::act::japan(self.clock.now()).date();
        self.store.read(|conn| {
            let Some(id) = conn.secret_owner(TOKEN, &digest)?.and_then(|o| o.parse::<Id<id::Token>>().ok()) else { return Ok(None) };
            let Some(token) = party::token(conn, id)?.filter(|t| !t.revoked && t.expires >= today) else { return Ok(None) };
            let memberships = party::memberships_of(conn, token.person)?;
            let Some(current) = memberships.iter().find(|m| m.organisation == token.organisation) else { return Ok(None) };
            Ok(Some(actor_of(current, &memberships, Means::Token { id, write: token.write }, address)))
        })
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
}

fn actor_of(current: &Membership, all: &[Membership], means: Means, address: &str) -> Actor {
    Actor {
        person: Some(current.person),
        organisation: Some(current.organisation),
        roles: current.roles.clone(),
        belongs_to: all.iter().map(|m| m.organisation).collect(),
        means,
        address: address.to_owned(),
    }
}
