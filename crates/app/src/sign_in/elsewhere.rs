//! Signing in at an organisation's own provider: the way there, the way back, and what is kept in between.

mod vouched;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use identity::oidc::{self, Known, OidcError, Recognised};
use jiff::{SignedDuration, Timestamp};
use rules::account::{Method, Stage};
use rules::act::Actor;
use rules::change::{Change, Failure};
use rules::party::Person;
use rules::refusal::{Refusal, Why};
use rules::text::{Text, text};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

pub use identity::oidc::{Provider, Providers, Secret};

use super::{Door, NewSession};
use crate::execute::Doing;
use crate::{App, Error};
use vouched::Vouched;

pub(crate) use vouched::faults;

/// The kind of secret that holds a sign-in that has not come back; its owner is the digest of the state.
pub(crate) const PENDING: &str = "oidc_pending";
/// How long somebody may take at the provider.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// After this what a provider publishes is fetched again.
const PUBLISHED: SignedDuration = SignedDuration::from_hours(24);
/// Sign-ins that talk to providers at once; a provider that hangs must not hold every thread there is.
const TALKS: usize = 8;
/// Unfinished sign-ins that one round of clearing looks at.
const ROUND: u32 = 1000;

/// The providers of an installation. Shows their ids and nothing else.
#[derive(Clone, Default)]
pub struct Trusted(pub Vec<Provider>);

impl fmt::Debug for Trusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|p| &p.id)).finish()
    }
}

/// What this process knows of providers.
#[derive(Default)]
pub(crate) struct Elsewhere {
    published: Mutex<HashMap<String, (Arc<Known>, Timestamp)>>,
    talks: AtomicUsize,
}

/// A place in the queue to providers, free again when dropped.
struct Talk<'a>(&'a AtomicUsize);

impl Drop for Talk<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Somebody on the way to a provider.
pub struct Leaving {
    /// Where the browser goes.
    pub go_to: String,
    /// For a cookie that no script reads: it ties the answer to this browser.
    pub cookie: String,
}

/// Somebody who is back.
pub struct Back {
    pub session: NewSession,
    /// The page they wanted, as it was asked for.
    pub to: String,
}

/// What is kept between leaving and coming back. No `Debug`: with it an answer could be used.
#[derive(Serialize, Deserialize)]
struct Pending {
    provider: String,
    /// Digest of the cookie.
    browser: String,
    nonce: String,
    verifier: String,
    to: String,
    at: Timestamp,
}

impl Pending {
    fn fits(&self, provider: &Provider, cookie: Option<&str>, now: Timestamp) -> bool {
        let browser = cookie.is_some_and(|cookie| identity::digest(cookie).to_string() == self.browser);
        browser && self.provider == provider.id && self.at <= now && now < self.at + PATIENCE
    }
}

const NOT_OURS: Text = text(
    "このサインインは、このブラウザから始めたものではないか、使用済みか、10分を過ぎています。サインインの画面からやり直してください。",
    "This sign-in did not begin in this browser, was used already, or took more than 10 minutes. Start again from the sign-in page.",
);
const NOT_ADMITTED: Text = text(
    "この認証連携先からは、サインインできません。所属組織の管理者に連絡してください。",
    "You cannot sign in by this provider. Turn to your organisation's administrator.",
);
const BUSY: Text = text(
    "認証連携先との通信が混み合っています。少し待ってから、やり直してください。",
    "Too many sign-ins are talking to providers. Wait a moment and try again.",
);

impl App {
    /// The providers by id, with the words of their buttons.
    pub fn providers(&self) -> impl Iterator<Item = (&str, &Text)> {
        self.config.providers.0.iter().map(|p| (p.id.as_str(), &p.title))
    }

    fn provider(&self, id: &str) -> Result<&Provider, Refusal> {
        self.config.providers.0.iter().find(|p| p.id == id).ok_or(Refusal::not_found())
    }

    /// Akashi's own address for a provider's answer; it is registered there, byte for byte.
    pub fn elsewhere_return(&self, id: &str) -> String {
        format!("{}/signin/elsewhere/{id}/return", self.config.address)
    }

    /// Begins a sign-in at a provider. `to` is the page wanted afterwards. Asks the provider where it has to (up to 20 s).
    ///
    /// # Errors
    /// `NotFound` for an unknown provider, `State` for one that does not answer, `TooMany` after failures of the address.
    pub fn elsewhere_start(&self, id: &str, to: &str, door: Door<'_>) -> Result<Leaving, Error> {
        let provider = self.provider(id)?;
        let now = self.clock.now();
        self.throttle.ask(door.address, now)?;
        let started =
            self.published(provider).and_then(|known| oidc::start(provider, &known, &self.elsewhere_return(id))).map_err(unreachable)?;
        let cookie = identity::Token::fresh()?.text().to_owned();
        let pending = Pending {
            provider: provider.id.clone(),
            browser: identity::digest(&cookie).to_string(),
            nonce: started.nonce,
            verifier: started.verifier,
            to: to.chars().take(2000).collect(),
            at: now,
        };
        let kept = serde_json::to_string(&pending).map_err(|e| Error::Broken(format!("an unfinished sign-in cannot be written: {e}")))?;
        let owner = identity::digest(&started.state).to_string();
        self.store.write(|tx| self.put_secret(tx, &owner, PENDING, &kept))?;
        Ok(Leaving { go_to: started.go_to, cookie })
    }

    /// Ends a sign-in that began here: `query` is what the browser brought back (without `?`), `cookie` what
    /// [`App::elsewhere_start`] gave to it. Makes, links and changes accounts as the provider's settings say.
    ///
    /// # Errors
    /// As [`App::elsewhere_start`]; `SignIn` for an answer that is not taken, and, without telling why, for an account
    /// that is not open; `Forbidden` for the wrong time or place.
    pub fn elsewhere_finish(&self, id: &str, cookie: Option<&str>, query: &str, door: Door<'_>) -> Result<Back, Error> {
        let provider = self.provider(id)?;
        self.throttle.ask(door.address, self.clock.now())?;
        let state = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "state").map(|(_, value)| value.into_owned());
        let state = state.unwrap_or_default();
        // Taken away before it is looked at: what is kept could be answered twice.
        let pending = self.take_pending(&state)?.filter(|p| p.fits(provider, cookie, self.clock.now()));
        let Some(pending) = pending else { return Err(self.not_taken(provider, None, door, Failure::Factor, NOT_OURS)?) };
        let recognised = match self.recognise(provider, query, &state, &pending) {
            Ok(recognised) => recognised,
            Err(error @ OidcError::Unreachable(_)) => return Err(unreachable(error)),
            Err(OidcError::Refused(words) | OidcError::Invalid(words)) => {
                return Err(self.not_taken(provider, None, door, Failure::Factor, words)?);
            }
        };
        let actor = Actor { address: door.address.to_owned(), ..Actor::system() };
        let (vouched, unsettled) = self.store.write(|tx| -> Result<_, Error> {
            let mut doing = Doing::new(self, tx, actor.clone())?;
            let vouched = doing.vouch(provider, &recognised)?;
            Ok((vouched, doing.unsettled))
        })?;
        if unsettled {
            self.sessions.forget();
        }
        let (person, organisation) = match vouched {
            Vouched::For(person, organisation) => (person, organisation),
            Vouched::No(person, why) => return Err(self.not_taken(provider, person.as_ref(), door, why, NOT_ADMITTED)?),
        };
        let known = self.known(&person, Some(organisation))?.filter(|k| k.membership.organisation == organisation);
        let Some(known) = known else { return Err(self.not_taken(provider, Some(&person), door, Failure::Closed, NOT_ADMITTED)?) };
        // The provider's second factor is as good as ours; without it ours is asked for, or registered.
        let stage = if recognised.second_factor { Stage::Full } else { self.next_stage(&known, Method::Elsewhere, false) };
        let session = self.come_in(&known, door, Method::Elsewhere, stage, None)?;
        Ok(Back { session, to: pending.to })
    }

    /// Forgets sign-ins that never came back; how many. It runs every hour.
    pub fn forget_unreturned(&self) -> Result<usize, Error> {
        let now = self.clock.now();
        let owners = self.store.read(|conn| conn.secret_owners(PENDING, ROUND))?;
        let mut gone = 0;
        for owner in owners {
            let kept = self.store.read(|conn| self.secret(conn, &owner, PENDING))?;
            let waits = kept.and_then(|k| read(&k)).is_some_and(|p| p.at <= now && now < p.at + PATIENCE);
            if !waits {
                gone += usize::from(self.store.write(|tx| -> Result<bool, Error> { Ok(tx.delete_secret(&owner, PENDING)?) })?);
            }
        }
        Ok(gone)
    }

    fn take_pending(&self, state: &str) -> Result<Option<Pending>, Error> {
        let owner = identity::digest(state).to_string();
        // Looked up first: whoever sends nonsense costs no transaction.
        if self.store.read(|conn| conn.secret(&owner, PENDING))?.is_none() {
            return Ok(None);
        }
        self.store.write(|tx| -> Result<_, Error> {
            let kept = self.secret(tx, &owner, PENDING)?;
            tx.delete_secret(&owner, PENDING)?;
            Ok(kept.and_then(|k| read(&k)))
        })
    }

    /// From the answer to a person as the provider vouches for them; up to five requests of ten seconds.
    fn recognise(&self, provider: &Provider, query: &str, state: &str, pending: &Pending) -> Result<Recognised, OidcError> {
        let known = self.published(provider)?;
        let _talk = self.talk()?;
        let given = oidc::Pending { nonce: pending.nonce.clone(), verifier: pending.verifier.clone() };
        let redirect = self.elsewhere_return(&provider.id);
        let recognised = oidc::returned(provider, &known, query, state)
            .and_then(|code| oidc::finish(provider, &known, &redirect, &code, &given, self.clock.now()));
        if !matches!(recognised, Ok(_) | Err(OidcError::Refused(_))) {
            // It may have moved.
            self.elsewhere.published.lock().unwrap_or_else(PoisonError::into_inner).remove(&provider.id);
        }
        recognised
    }

    /// What a provider publishes; asked for again after a day, or after something went wrong with it.
    fn published(&self, provider: &Provider) -> Result<Arc<Known>, OidcError> {
        let now = self.clock.now();
        let all = || self.elsewhere.published.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all().get(&provider.id).filter(|(_, at)| *at <= now && now < *at + PUBLISHED).map(|(k, _)| k.clone());
        if let Some(known) = known {
            return Ok(known);
        }
        let _talk = self.talk()?;
        let fresh = Arc::new(oidc::discover(provider)?);
        all().insert(provider.id.clone(), (fresh.clone(), now));
        Ok(fresh)
    }

    fn talk(&self) -> Result<Talk<'_>, OidcError> {
        let talk = Talk(&self.elsewhere.talks);
        if talk.0.fetch_add(1, Ordering::Relaxed) >= TALKS { Err(OidcError::Unreachable(BUSY)) } else { Ok(talk) }
    }

    /// Records a sign-in that is not taken, and counts it for the address. It counts for no id: nobody guesses here, and
    /// what goes wrong at a provider must not lock a password.
    fn not_taken(&self, at: &Provider, person: Option<&Person>, door: Door<'_>, why: Failure, words: Text) -> Result<Error, Error> {
        let guessing = self.throttle.failed(door.address, self.clock.now());
        let actor = Actor { address: door.address.to_owned(), ..Actor::system() };
        let email = person.map_or_else(|| format!("elsewhere:{}", at.id), |p| p.email.clone());
        self.store.write(|tx| -> Result<(), Error> {
            let mut doing = Doing::new(self, tx, actor.clone())?;
            doing.write(&Change::SignInFailed { email: email.clone(), person: person.map(|p| p.id), why })?;
            if guessing {
                doing.alert_guessing(door.address)?;
            }
            Ok(())
        })?;
        Ok(Refusal::new(Why::SignIn, words).into())
    }
}

fn read(kept: &str) -> Option<Pending> {
    serde_json::from_str(kept).ok()
}

/// A provider that does not answer is no failure of the person's: it is told, and counted nowhere.
fn unreachable(error: OidcError) -> Error {
    tracing::warn!(%error, "a provider cannot be used");
    Refusal::state(error.text().clone()).into()
}
