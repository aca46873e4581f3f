//! Who stands behind a cookie or token at this moment, whatever changed a second ago.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rules::access::{Access, Coming};
use rules::account::{Account, Method, Stage};
use rules::act::{Actor, Grants, Mark, Means, Privilege};
use rules::change::Change;
use rules::id::{self, Digest, Id};
use rules::party::{Membership, Organisation, Person, Role};
use rules::refusal::Refusal;
use rules::request::{AskKind, Request};
use store::tables::accounts::{self, OpenSession};
use store::tables::requests;

use super::{Door, SESSION};
use crate::{App, Error};

/// The kind of secret that says when a session was last used. It changes with every request and is no act.
pub(crate) const SEEN: &str = "seen";
/// How often that is written down; in between this process remembers it.
const WRITTEN: SignedDuration = SignedDuration::from_secs(30);
/// How long what was read of a session is believed. Another node's changes are seen after this time, well under the
/// five seconds that a suspension may take (item 87); this process sees its own at once.
const BELIEVED: SignedDuration = SignedDuration::from_secs(2);
/// How long after proving who they are somebody may do dangerous acts.
pub const CONFIRMED: SignedDuration = SignedDuration::from_mins(15);
/// How long the steps of a sign-in may take.
pub(super) const STEPS: SignedDuration = SignedDuration::from_mins(15);
/// How far the clocks of two nodes may differ; what lies further ahead was written before a clock was set back.
pub(crate) const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// Sessions that are remembered.
const REMEMBERED: usize = 20_000;

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub actor: Actor,
    pub person: Person,
    pub organisation: Organisation,
    pub memberships: Vec<Membership>,
    pub session: Id<id::Session>,
    pub method: Method,
    /// The sign-in before this one, and failed ones in between (item 92(1)).
    pub prior_in: Option<Timestamp>,
    pub prior_failed: u32,
    pub prior_failed_at: Option<Timestamp>,
    pub since: Timestamp,
}

/// Somebody in the middle of signing in: nothing opens but the next step.
#[derive(Debug, Clone)]
pub struct Partial {
    pub actor: Actor,
    pub person: Person,
    pub organisation: Organisation,
    pub session: Id<id::Session>,
    pub stage: Stage,
    pub method: Method,
}

/// One of a person's sessions, for the list from which they end others.
#[derive(Debug, Clone)]
pub struct OwnSession {
    pub id: Id<id::Session>,
    pub since: Timestamp,
    pub seen: Timestamp,
    pub method: Method,
    pub address: String,
    pub current: bool,
}

/// What was read of a session, good for any of its requests until something changes.
struct Facts {
    open: OpenSession,
    person: Person,
    organisation: Organisation,
    memberships: Vec<Membership>,
    current: Membership,
    access: Access,
    account: Account,
    in_force: Vec<Request>,
}

#[derive(Default)]
pub(crate) struct Sessions {
    /// Counts how often everything was forgotten: what was read before that is not kept after it.
    forgotten: AtomicU64,
    facts: Mutex<HashMap<Digest, (Arc<Facts>, Timestamp)>>,
    /// When each was last used, and when that was last written down.
    pub(super) seen: Mutex<HashMap<Id<id::Session>, (Timestamp, Timestamp)>>,
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sessions {
    /// Forgets what was read: the next request reads anew.
    pub fn forget(&self) {
        let mut facts = locked(&self.facts);
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        facts.clear();
    }
    fn known(&self, digest: &Digest, now: Timestamp) -> Option<Arc<Facts>> {
        let facts = locked(&self.facts);
        facts.get(digest).filter(|(_, read)| *read <= now && now < *read + BELIEVED).map(|(f, _)| f.clone())
    }
    fn keep(&self, digest: Digest, facts: Arc<Facts>, now: Timestamp, forgotten: u64) {
        let mut kept = locked(&self.facts);
        if self.forgotten.load(Ordering::SeqCst) != forgotten {
            return;
        }
        if kept.len() >= REMEMBERED {
            kept.clear();
        }
        kept.insert(digest, (facts, now));
    }
}

/// Changes after which nothing that was read of sessions is believed any more.
pub(crate) const fn unsettles(change: &Change) -> bool {
    matches!(
        change,
        Change::RolesGiven(_)
            | Change::SettingsChanged { .. }
            | Change::LanguageChosen { .. }
            | Change::PasswordChanged { .. }
            | Change::TokenRevoked { .. }
            | Change::AccountSuspended { .. }
            | Change::AccountResumed { .. }
            | Change::AccountClosed { .. }
            | Change::LastDaySet { .. }
            | Change::CredentialsRevoked { .. }
            | Change::AccessSet { .. }
            | Change::RequestMade(_)
            | Change::RequestDecided { .. }
            | Change::RequestEnded { .. }
            | Change::SignedOut { .. }
            | Change::SessionConfirmed { .. }
            | Change::SessionsEnded { .. }
    )
}

impl App {
    /// Who stands behind a session cookie; nobody if it ended, was idle too long, is not complete, or never was.
    pub fn session(&self, secret: &str, address: &str) -> Result<Option<SignedIn>, Error> {
        self.session_from(secret, Door { address, certificate: None })
    }

    /// As [`App::session`], with the client certificate of the connection.
    pub fn session_from(&self, secret: &str, door: Door<'_>) -> Result<Option<SignedIn>, Error> {
        let Some(facts) = self.live(secret, door)?.filter(|f| f.open.stage == Stage::Full) else { return Ok(None) };
        Ok(Some(SignedIn {
            actor: self.actor_in(&facts, door),
            person: facts.person.clone(),
            organisation: facts.organisation.clone(),
            memberships: facts.memberships.clone(),
            session: facts.open.id,
            method: facts.open.method,
            prior_in: facts.open.prior_in,
            prior_failed: facts.open.prior_failed,
            prior_failed_at: facts.open.prior_failed_at,
            since: facts.open.at,
        }))
    }

    /// Who is in the middle of signing in with this cookie.
    pub fn partial(&self, secret: &str, door: Door<'_>) -> Result<Option<Partial>, Error> {
        let Some(facts) = self.live(secret, door)?.filter(|f| f.open.stage != Stage::Full) else { return Ok(None) };
        Ok(Some(Partial {
            actor: self.actor_in(&facts, door),
            person: facts.person.clone(),
            organisation: facts.organisation.clone(),
            session: facts.open.id,
            stage: facts.open.stage,
            method: facts.open.method,
        }))
    }

    /// Forgets what was read of all sessions, for measuring.
    pub fn forget_sessions(&self) {
        self.sessions.forget();
    }

    fn live(&self, secret: &str, door: Door<'_>) -> Result<Option<Arc<Facts>>, Error> {
        let now = self.clock.now();
        let digest = identity::digest(secret);
        let facts = match self.sessions.known(&digest, now) {
            Some(known) => known,
            None => {
                let forgotten = self.sessions.forgotten.load(Ordering::SeqCst);
                let Some(read) = self.read_facts(&digest, now)? else { return Ok(None) };
                let read = Arc::new(read);
                self.sessions.keep(digest, read.clone(), now, forgotten);
                read
            }
        };
        let coming = Coming { at: now, address: door.address, certificate: door.certificate };
        let open = &facts.open;
        let longest = if open.stage == Stage::Full { facts.access.longest() } else { STEPS };
        // A session under a request is as long as the request.
        let under = open.request.is_none_or(|id| facts.in_force.iter().any(|r| r.id == id && r.is_active(now)));
        let out = open.at + longest <= now || open.until.is_some_and(|until| until <= now);
        let over = out || !under || !self.may_open(&facts.account);
        // A clock that was set back makes sessions that began in the future: they are not believed either.
        let odd = open.at > now + SKEW;
        if !over && (odd || facts.access.admits_from(&coming).is_err()) {
            return Ok(None);
        }
        if over || !self.is_awake(&facts, now)? {
            // What ran out stays shut: a clock that is set back afterwards opens nothing again.
            self.store.write(|tx| -> Result<(), Error> { Ok(tx.delete_secrets(&open.id.to_string()).map(drop)?) })?;
            self.sessions.forget();
            return Ok(None);
        }
        Ok(Some(facts))
    }

    fn read_facts(&self, digest: &Digest, now: Timestamp) -> Result<Option<Facts>, Error> {
        self.store.read(|conn| {
            let Some(id) = conn.secret_owner(SESSION, &digest.to_string())?.and_then(|o| o.parse().ok()) else { return Ok(None) };
            let Some(open) = accounts::session(conn, id)? else { return Ok(None) };
            let Some((person, organisation, memberships, current)) = super::party_of(conn, open.person, open.organisation)? else {
                return Ok(None);
            };
            let Some(account) = accounts::account(conn, open.person)? else { return Ok(None) };
            let access = requests::access(conn, open.organisation)?;
            let in_force = requests::in_force(conn, open.person, now)?;
            Ok(Some(Facts { open, person, organisation, memberships, current, access, account, in_force }))
        })
    }

    /// Was the session used within the idle time (item 127)? If so, this use counts.
    fn is_awake(&self, facts: &Facts, now: Timestamp) -> Result<bool, Error> {
        let id = facts.open.id;
        let remembered = locked(&self.sessions.seen).get(&id).copied();
        // What this process remembers may be old: the person can have worked at another node since.
        let (seen, written) = match remembered.filter(|(seen, _)| now < *seen + facts.access.idle()) {
            Some(both) => both,
            None => {
                let seen = self.store.read(|conn| self.last_seen(conn, &facts.open))?;
                (seen, seen)
            }
        };
        if seen + facts.access.idle() <= now {
            return Ok(false);
        }
        let due = written + WRITTEN <= now;
        {
            let mut all = locked(&self.sessions.seen);
            if all.len() >= REMEMBERED {
                all.retain(|_, (seen, _)| *seen + SignedDuration::from_hours(4) > now);
            }
            all.insert(id, (now.max(seen), if due { now } else { written }));
        }
        if due {
            self.store.write(|tx| -> Result<(), Error> {
                let owner = id.to_string();
                // One that has just ended leaves nothing behind.
                if tx.secret(&owner, SESSION)?.is_some() {
                    tx.put_secret(&owner, SEEN, &now.to_string())?;
                }
                Ok(())
            })?;
        }
        Ok(true)
    }

    fn actor_in(&self, facts: &Facts, door: Door<'_>) -> Actor {
        let (now, address) = (self.clock.now(), door.address);
        let active = |kind: AskKind| facts.in_force.iter().filter(move |r| r.ask.kind() == kind && r.is_active(now));
        let own = |r: &&Request| r.by == facts.person.id;
        let here = |r: &&Request| r.organisation == facts.current.organisation;
        let privilege = if !facts.access.is_management(address) {
            Privilege::WrongPlace
        } else if facts.access.privileged.is_empty() {
            Privilege::Free
        } else {
            let named = facts.access.privileged.contains(&facts.person.id);
            active(AskKind::Privilege).filter(own).filter(here).find(|_| named).map_or(Privilege::Needed, |r| Privilege::Granted(r.id))
        };
        // Only an operator looks at what is another organisation's.
        let operator = facts.current.roles.contains(&Role::Operator);
        let views: Vec<_> = active(AskKind::View).filter(own).filter(|_| operator).map(|r| (r.organisation, r.id)).collect();
        let mut marks = vec![];
        marks.extend(facts.open.request.and_then(|request| mark(facts.open.method, request)));
        if let Privilege::Granted(request) = privilege {
            marks.push(Mark::Privileged(request));
        }
        marks.extend(views.iter().map(|(_, request)| Mark::Viewing(*request)));
        let confirmed = facts.open.confirmed.is_some_and(|at| at <= now + SKEW && now < at + CONFIRMED);
        Actor {
            grants: Grants { stage: facts.open.stage, certificate: door.certificate, confirmed, privilege, views, marks },
            ..actor_of(&facts.current, &facts.memberships, Means::Session(facts.open.id), address)
        }
    }
}

/// The mark of a session that exists under a request.
pub(crate) const fn mark(method: Method, request: Id<id::Request>) -> Option<Mark> {
    match method {
        Method::Alternate => Some(Mark::Alternate(request)),
        Method::Emergency => Some(Mark::Emergency(request)),
        Method::Password | Method::Totp | Method::PasswordPasskey | Method::Passkey | Method::Recovery | Method::Elsewhere => None,
    }
}

pub(crate) fn actor_of(current: &Membership, all: &[Membership], means: Means, address: &str) -> Actor {
    Actor {
        person: Some(current.person),
        organisation: Some(current.organisation),
        roles: current.roles.clone(),
        belongs_to: all.iter().map(|m| m.organisation).collect(),
        means,
        address: address.to_owned(),
        grants: Grants::default(),
    }
}

/// The session is over, or was never whole.
pub(crate) fn sign_in_again() -> Refusal {
    Refusal::new(
        rules::refusal::Why::SignIn,
        rules::text::text(
            "サインインの有効時間が過ぎました。もう一度サインインしてください。",
            "Your session is over. Please sign in again.",
        ),
    )
}
