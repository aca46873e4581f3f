//! Second factors: setting them up, and what they prove at the door.

use identity::passkey::Asked;
use identity::totp::{self, TotpKey};
use rules::account::{Factor, FactorKind, Method, Stage};
use rules::act::{Actor, Means};
use rules::change::{Change, Failure};
use rules::command::Secret;
use rules::id::{self, Id};
use rules::party::Person;
use rules::refusal::{Refusal, Why};
use rules::request::Request;
use rules::text::text;
use store::Tx;
use store::tables::{accounts, party};

use super::sessions::{Partial, sign_in_again};
use super::{Door, Instead, NewSession};
use crate::execute::{Doing, PASSWORD};
use crate::{App, Error};

/// Kinds of secrets of factors; the owner is the factor, or the person while it is being set up.
pub(crate) const TOTP: &str = "totp";
pub(crate) const TOTP_STEP: &str = "totp_step";
pub(crate) const TOTP_PENDING: &str = "totp_pending";
pub(crate) const PASSKEY: &str = "passkey";
/// The state of a passkey's challenge; owned by the person, or for anybody by one of 4,096 places.
pub(crate) const PASSKEY_STATE: &str = "passkey_state";
pub(crate) const ALTERNATE: &str = "alternate";
/// Says of a session that a factor was registered in it.
pub(crate) const ENROLLED: &str = "enrolled";

/// One of the recovery codes' digests.
pub(crate) fn recovery_kind(n: usize) -> String {
    format!("recovery_{n}")
}

/// What somebody shows to prove that it is them.
#[derive(Debug, Clone)]
pub enum Proof {
    Password(Secret),
    Totp(Secret),
    Passkey(Secret),
    Recovery(Secret),
    /// The code of an approved alternate sign-in (item 89).
    Alternate(Secret),
}

/// The key of a code generator before it is confirmed.
pub struct TotpSetup {
    /// For typing by hand.
    pub key: String,
    /// `otpauth://…`, for the picture.
    pub uri: String,
}

/// A registered passkey as it is kept: its name, and what verifies it.
struct KeptPasskey {
    factor: Id<id::Factor>,
    credential: String,
    json: String,
}

/// How a passkey lies among the secrets: name and key in one value.
pub(crate) fn passkey_value(credential: &str, json: &str) -> String {
    format!("{credential} {json}")
}

/// Who holds the key of a code generator that is being set up: the session that began it, and no other of the person.
/// Whoever left one behind would know the key that the next one registers.
pub(crate) fn pending_owner(actor: &Actor) -> Option<String> {
    match actor.means {
        Means::Session(session) => Some(session.to_string()),
        Means::Token { .. } | Means::System => None,
    }
}

/// What a right proof means.
enum Proved {
    By(Method),
    Under(Method, Box<Request>),
}

impl App {
    /// The second step of signing in.
    pub fn second_factor(&self, partial: &Partial, proof: &Proof, door: Door<'_>) -> Result<NewSession, Error> {
        if partial.stage != Stage::Factor {
            return Err(sign_in_again().into());
        }
        let email = &partial.person.email;
        self.throttle.ask(door.address, self.clock.now())?;
        let _turn = self.throttle.turn(email);
        self.not_too_soon(email)?;
        let Some(proved) = self.prove(&partial.person, partial.actor.organisation, proof)? else {
            self.fail(email, Some(&partial.person), door, Failure::Factor)?;
            let words = text(
                "コードが正しくないか、すでに使われています。新しいコードを入力してください。",
                "The code is wrong or was used already. Enter a new one.",
            );
            return Err(Refusal::new(Why::SignIn, words).at("code").into());
        };
        let known = self.known(&partial.person, partial.actor.organisation)?.ok_or_else(sign_in_again)?;
        let stage = self.next_stage(&known, partial.method, true);
        let (method, under) = match &proved {
            // The first step was no password, and the ledger must not say so.
            Proved::By(_) if partial.method == Method::Elsewhere => (Method::Elsewhere, None),
            Proved::By(method) => (*method, None),
            Proved::Under(method, request) => (*method, Some(request)),
        };
        let instead = Instead { session: Some(partial.session), ..Instead::default() };
        self.come_in_instead(&known, door, (method, stage), under.map(AsRef::as_ref), instead)
    }

    /// After an enrolment or a forced change of password: a whole session takes the place of the unfinished one.
    pub fn go_on(&self, partial: &Partial, door: Door<'_>) -> Result<NewSession, Error> {
        let enrolled = self.store.read(|conn| conn.secret(&partial.session.to_string(), ENROLLED))?.is_some();
        let done = match partial.stage {
            // Another session of the same person may have registered one; this one proves nothing by it.
            Stage::Enrol => enrolled,
            Stage::Password => true,
            Stage::Factor | Stage::Full => false,
        };
        if !done {
            return Err(sign_in_again().into());
        }
        let known = self.known(&partial.person, partial.actor.organisation)?.ok_or_else(sign_in_again)?;
        // Whoever registered a factor a moment ago has just proved it; who came by password alone has not.
        let proved = partial.stage != Stage::Password || partial.method != Method::Password;
        let stage = self.next_stage(&known, partial.method, proved);
        let enrolled = partial.stage == Stage::Enrol && stage == Stage::Full && partial.method != Method::Elsewhere;
        let method = match known.factors.last() {
            Some(FactorKind::Passkey) if enrolled => Method::PasswordPasskey,
            _ if enrolled => Method::Totp,
            _ => partial.method,
        };
        // A change of password has ended the unfinished session already, and only then is it over.
        let session = (partial.stage == Stage::Enrol).then_some(partial.session);
        self.come_in_instead(&known, door, (method, stage), None, Instead { session, ..Instead::default() })
    }

    /// Begins signing in with a passkey alone: the challenge, and a name for it that the form brings back.
    pub fn ask_passkey(&self) -> Result<(String, String), Error> {
        let Asked { challenge, state } = self.passkeys.ask_anyone()?;
        let name = identity::Token::fresh()?.text().to_owned();
        let (place, whose) = asked_of_anybody(&name);
        let stamped = self.stamped(&format!("{whose} {state}"));
        self.store.write(|tx| -> Result<(), Error> { Ok(tx.put_secret(&place, PASSKEY_STATE, &stamped)?) })?;
        Ok((challenge, name))
    }

    /// Signs in with a passkey alone; it verified its owner, so it is two factors (item 83).
    pub fn sign_in_by_passkey(&self, name: &str, response: &str, door: Door<'_>) -> Result<NewSession, Error> {
        self.throttle.ask(door.address, self.clock.now())?;
        let (place, whose) = asked_of_anybody(name);
        // The state goes first: what is kept could be answered twice.
        let state = self.take_state(&place)?.and_then(|kept| kept.strip_prefix(&whose).map(|state| state.trim_start().to_owned()));
        let wrong = |app: &App| app.fail("passkey", None, door, Failure::Factor);
        let Some(state) = state else { return Err(wrong(self)?) };
        let Ok(claimed) = self.passkeys.who(response) else { return Err(wrong(self)?) };
        let person = self.store.read(|conn| party::person(conn, claimed.person))?;
        let Some(person) = person else { return Err(wrong(self)?) };
        let _turn = self.throttle.turn(&person.email);
        let kept = self.kept_passkeys(person.id)?;
        let jsons: Vec<String> = kept.iter().map(|k| k.json.clone()).collect();
        let used = match self.passkeys.finish_alone(response, &state, &jsons) {
            Ok(used) if used.user_verified => used,
            _ => return Err(self.fail(&person.email, Some(&person), door, Failure::Factor)?),
        };
        self.keep_counter(&kept, &used)?;
        let Some(known) = self.known(&person, None)?.filter(|k| self.may_open(&k.account)) else {
            return Err(self.fail(&person.email, Some(&person), door, Failure::Closed)?);
        };
        let stage = self.next_stage(&known, Method::Passkey, true);
        self.come_in(&known, door, Method::Passkey, stage, None)
    }

    /// The challenge for one of the person's own passkeys.
    pub fn ask_own_passkey(&self, person: Id<id::Person>) -> Result<Option<String>, Error> {
        let kept: Vec<String> = self.kept_passkeys(person)?.into_iter().map(|k| k.json).collect();
        if kept.is_empty() || !self.passkeys.available() {
            return Ok(None);
        }
        let Asked { challenge, state } = self.passkeys.ask(&kept)?;
        self.put_state(person, &state)?;
        Ok(Some(challenge))
    }

    /// The challenge to register a passkey; `None` where this address cannot have any.
    pub fn begin_passkey(&self, person: &Person) -> Result<Option<String>, Error> {
        if !self.passkeys.available() {
            return Ok(None);
        }
        let kept: Vec<String> = self.kept_passkeys(person.id)?.into_iter().map(|k| k.json).collect();
        let Asked { challenge, state } = self.passkeys.register(person.id, &person.email, &person.name, &kept)?;
        self.put_state(person.id, &state)?;
        Ok(Some(challenge))
    }

    /// A fresh key for a code generator, kept until its first code proves that it arrived. One that waits is shown again.
    pub fn begin_totp(&self, actor: &Actor) -> Result<TotpSetup, Error> {
        let person = actor.person.ok_or(Refusal::forbidden())?;
        let owner = pending_owner(actor).ok_or(Refusal::forbidden())?;
        if !matches!(actor.grants.stage, Stage::Full | Stage::Enrol) {
            return Err(sign_in_again().into());
        }
        let known = self.store.read(|conn| party::person(conn, person))?.ok_or(Refusal::forbidden())?;
        let waiting = self.store.read(|conn| self.secret(conn, &owner, TOTP_PENDING))?;
        let key = match waiting.map(|k| TotpKey::parse(&k)) {
            Some(Ok(key)) => key,
            _ => {
                let key = totp::fresh_key()?;
                self.store.write(|tx| self.put_secret(tx, &owner, TOTP_PENDING, &key.base32()))?;
                key
            }
        };
        Ok(TotpSetup { uri: key.uri("Akashi", &known.email), key: key.base32() })
    }

    /// The person's own factors.
    pub fn own_factors(&self, actor: &Actor) -> Result<Vec<Factor>, Error> {
        let person = actor.person.ok_or(Refusal::forbidden())?;
        Ok(self.store.read(|conn| accounts::factors(conn, person))?)
    }

    /// How many of the person's recovery codes are unused; `None` where none were made.
    pub fn recovery_codes_left(&self, actor: &Actor) -> Result<Option<usize>, Error> {
        let person = actor.person.ok_or(Refusal::forbidden())?;
        Ok(self.store.read(|conn| -> Result<_, store::Error> {
            let Some(codes) = accounts::factors(conn, person)?.into_iter().find(|f| f.kind == FactorKind::Recovery) else {
                return Ok(None);
            };
            let mut left = 0;
            for n in 0..identity::recovery::CODES {
                left += usize::from(conn.secret(&codes.id.to_string(), &recovery_kind(n))?.is_some());
            }
            Ok(Some(left))
        })?)
    }

    /// Whether the proof is right, for asking again in the middle of a session. A password where there is one.
    pub(crate) fn is_proved(&self, person: Id<id::Person>, proof: &Proof) -> Result<bool, Error> {
        match proof {
            Proof::Password(password) => {
                let hash = self.store.read(|conn| conn.secret(&person.to_string(), PASSWORD))?;
                Ok(password.0.len() <= 1024 && self.passwords.check(&password.0, hash.as_deref())? != identity::Checked::Wrong)
            }
            other => {
                let Some(person) = self.store.read(|conn| party::person(conn, person))? else { return Ok(false) };
                Ok(matches!(self.prove(&person, None, other)?, Some(Proved::By(_))))
            }
        }
    }

    fn prove(&self, person: &Person, acting_for: Option<Id<id::Organisation>>, proof: &Proof) -> Result<Option<Proved>, Error> {
        let right = match proof {
            Proof::Password(_) => return Ok(None),
            Proof::Totp(code) => self.is_totp(person.id, &code.0)?.then_some(Proved::By(Method::Totp)),
            Proof::Recovery(code) => self.is_recovery(person, &code.0)?.then_some(Proved::By(Method::Recovery)),
            Proof::Passkey(response) => self.is_passkey(person.id, &response.0)?.then_some(Proved::By(Method::PasswordPasskey)),
            Proof::Alternate(code) => {
                let Some(organisation) = acting_for else { return Ok(None) };
                let Some(request) = self.alternate_of(person.id, organisation)? else { return Ok(None) };
                let kept = self.store.read(|conn| conn.secret(&request.id.to_string(), ALTERNATE))?;
                let right = kept.is_some_and(|kept| kept == identity::recovery::digest(&code.0).to_string());
                right.then_some(Proved::Under(Method::Alternate, Box::new(request)))
            }
        };
        Ok(right)
    }

    /// A code is good once: the step it belongs to is remembered in the transaction that accepts it (RFC 6238, 5.2).
    fn is_totp(&self, person: Id<id::Person>, code: &str) -> Result<bool, Error> {
        let now = self.clock.now();
        self.store.write(|tx| -> Result<bool, Error> {
            for factor in accounts::factors(tx, person)?.into_iter().filter(|f| f.kind == FactorKind::Totp) {
                let owner = factor.id.to_string();
                let Some(key) = self.secret(tx, &owner, TOTP)? else { continue };
                let last = tx.secret(&owner, TOTP_STEP)?.and_then(|s| s.parse().ok());
                if let Some(step) = totp::check(&TotpKey::parse(&key)?, code, now, last) {
                    tx.put_secret(&owner, TOTP_STEP, &step.to_string())?;
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    fn is_recovery(&self, person: &Person, code: &str) -> Result<bool, Error> {
        let digest = identity::recovery::digest(code).to_string();
        let actor = Actor { person: Some(person.id), ..Actor::system() };
        self.store.write(|tx| -> Result<bool, Error> {
            for factor in accounts::factors(tx, person.id)?.into_iter().filter(|f| f.kind == FactorKind::Recovery) {
                let owner = factor.id.to_string();
                let (mut used, mut left) = (false, 0);
                for n in 0..identity::recovery::CODES {
                    match tx.secret(&owner, &recovery_kind(n))? {
                        Some(kept) if kept == digest && !used => used = tx.delete_secret(&owner, &recovery_kind(n))?,
                        Some(_) => left += 1,
                        None => {}
                    }
                }
                if used {
                    let change = Change::RecoveryCodeUsed { factor: factor.id, person: person.id, left };
                    Doing::new(self, tx, actor.clone())?.write(&change)?;
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    fn is_passkey(&self, person: Id<id::Person>, response: &str) -> Result<bool, Error> {
        let Some(state) = self.take_state(&person.to_string())? else { return Ok(false) };
        let kept = self.kept_passkeys(person)?;
        let jsons: Vec<String> = kept.iter().map(|k| k.json.clone()).collect();
        match self.passkeys.finish(response, &state, &jsons) {
            Ok(used) => self.keep_counter(&kept, &used).map(|()| true),
            Err(error) => {
                tracing::info!(%error, "a passkey was refused");
                Ok(false)
            }
        }
    }

    fn kept_passkeys(&self, person: Id<id::Person>) -> Result<Vec<KeptPasskey>, Error> {
        Ok(self.store.read(|conn| -> Result<_, store::Error> {
            let mut out = vec![];
            for factor in accounts::factors(conn, person)?.into_iter().filter(|f| f.kind == FactorKind::Passkey) {
                if let Some((credential, json)) = conn.secret(&factor.id.to_string(), PASSKEY)?.as_deref().and_then(|k| k.split_once(' ')) {
                    out.push(KeptPasskey { factor: factor.id, credential: credential.to_owned(), json: json.to_owned() });
                }
            }
            Ok(out)
        })?)
    }

    /// The counter tells a copied key from the real one; it is kept before the person is let in.
    fn keep_counter(&self, kept: &[KeptPasskey], used: &identity::passkey::Used) -> Result<(), Error> {
        let Some(updated) = &used.updated else { return Ok(()) };
        let Some(passkey) = kept.iter().find(|k| k.credential == used.credential) else { return Ok(()) };
        let value = passkey_value(&used.credential, updated);
        self.store.write(|tx| -> Result<(), Error> { Ok(tx.put_secret(&passkey.factor.to_string(), PASSKEY, &value)?) })
    }

    /// A challenge's state with its time, so that an old one is not answered.
    fn stamped(&self, state: &str) -> String {
        format!("{} {state}", self.clock.now())
    }

    fn put_state(&self, person: Id<id::Person>, state: &str) -> Result<(), Error> {
        let stamped = self.stamped(state);
        self.store.write(|tx| -> Result<(), Error> { Ok(tx.put_secret(&person.to_string(), PASSKEY_STATE, &stamped)?) })
    }

    /// Takes a challenge's state away, so that it is answered once, and not after five minutes.
    pub(crate) fn take_state(&self, owner: &str) -> Result<Option<String>, Error> {
        let now = self.clock.now();
        self.store.write(|tx| take_state_in(tx, owner, now))
    }
}

/// Where the challenge of this name lies, and what marks it as this one. Anybody may ask without signing in, so the
/// places are few: a newer challenge takes an older one's, and asking for ever fills nothing.
fn asked_of_anybody(name: &str) -> (String, String) {
    let digest = identity::digest(name).to_string();
    (format!("anybody:{}", &digest[..3]), digest)
}

pub(crate) fn take_state_in(tx: &mut Tx<'_>, owner: &str, now: jiff::Timestamp) -> Result<Option<String>, Error> {
    let Some(stamped) = tx.secret(owner, PASSKEY_STATE)? else { return Ok(None) };
    tx.delete_secret(owner, PASSKEY_STATE)?;
    let Some((at, state)) = stamped.split_once(' ') else { return Ok(None) };
    let fresh = at.parse::<jiff::Timestamp>().is_ok_and(|at| now < at + jiff::SignedDuration::from_mins(5));
    Ok(fresh.then(|| state.to_owned()))
}
