//! Passwords on their way in: checked and hashed before the transaction, kept inside it.

use rules::act::Actor;
use rules::command::{Command, Secret};
use rules::id::{self, Id};
use rules::party;
use rules::refusal::{Refusal, Why};
use rules::text::{text, worded};
use store::tables::party as rows;

use super::Doing;
use super::parties::{LONGEST_HISTORY, PASSWORD, PASSWORDS_PAST, Ready, founding_link, used_link};
use crate::{App, Error};

/// Whose password it is going to be, and what it must not be made of.
struct Owner {
    person: Option<Id<id::Person>>,
    organisation: Option<Id<id::Organisation>>,
    words: Vec<String>,
}

/// Checks and hashes a new password; for a change of password also checks the current one.
pub(super) fn prepare(app: &App, actor: &Actor, command: &Command) -> Result<Ready, Error> {
    let of_person = |person: Id<id::Person>| -> Result<Owner, Error> {
        let known = app.store.read(|c| rows::person(c, person))?.ok_or(Refusal::forbidden())?;
        let home = app.store.read(|c| store::tables::accounts::account(c, person))?.and_then(|a| a.home);
        Ok(Owner { person: Some(person), organisation: actor.organisation.or(home), words: vec![known.email, known.name] })
    };
    let mut checked = None;
    let (new, mut owner) = match command {
        Command::FoundInstallation { password, email, link, name, organisation, .. } => {
            founding_link(app, link)?;
            (password, Owner { person: None, organisation: None, words: vec![email.clone(), name.clone(), organisation.clone()] })
        }
        Command::AcceptInvitation { password, link, name, .. } => {
            let invitation = app.invitation_by_link(&link.0)?.ok_or_else(used_link)?;
            // Somebody who has an account joins by signing in to it, not by setting a new password.
            if let Some(person) = app.store.read(|c| rows::person_by_email(c, &invitation.email))? {
                let checked = Some(check_current(app, &person, password, actor)?);
                return Ok(Ready { checked, ..Ready::default() });
            }
            (password, Owner { person: None, organisation: Some(invitation.organisation), words: vec![invitation.email, name.clone()] })
        }
        Command::ChangePassword { current, new } => {
            let person = actor.person.ok_or(Refusal::forbidden())?;
            let known = app.store.read(|c| rows::person(c, person))?.ok_or(Refusal::forbidden())?;
            checked = Some(check_current(app, &known, current, actor)?);
            (new, of_person(person)?)
        }
        Command::SetNewPassword { link, password } => {
            let (_, person) = app.reissue_by_link(&link.0)?.ok_or_else(used_link)?;
            (password, of_person(person)?)
        }
        Command::DecideRequest { request, approve: true, .. } => {
            let wanted = app.store.read(|c| store::tables::requests::request(c, *request))?;
            let wanted = wanted.filter(|r| r.is_decided_by(actor) && r.state.is_open() && r.ask.makes_password());
            if wanted.is_none() {
                return Ok(Ready::default());
            }
            let made = identity::generate()?;
            return Ok(Ready { hash: Some(app.passwords.hash(&made)?), made: Some(made), checked: None });
        }
        _ => return Ok(Ready::default()),
    };
    let access = match owner.organisation {
        Some(organisation) => app.store.read(|c| -> Result<_, store::Error> {
            Ok((store::tables::requests::access(c, organisation)?, rows::organisation(c, organisation)?))
        })?,
        None => Default::default(),
    };
    owner.words.extend(access.1.map(|o| o.name));
    let profile = app.profile(&access.0);
    let words: Vec<&str> = owner.words.iter().map(String::as_str).collect();
    identity::judge(&new.0, profile, &words)?;
    if let Some(person) = owner.person {
        let used = app.store.read(|c| past_passwords(c, person))?;
        let used: Vec<String> = used.into_iter().take(profile.history).collect();
        if app.passwords.was_used(&new.0, &used)? {
            let n = profile.history;
            return Err(Refusal::invalid(
                "password",
                worded(
                    format!("最近使った{n}個のパスワードは使用できません。別のパスワードを設定してください。"),
                    format!("The last {n} passwords cannot be used again; choose another."),
                ),
            )
            .into());
        }
    }
    Ok(Ready { hash: Some(app.passwords.hash(&new.0)?), made: None, checked })
}

/// The hashes of the current password and those before it, newest first.
fn past_passwords(conn: &mut store::Conn, person: Id<id::Person>) -> Result<Vec<String>, store::Error> {
    let owner = person.to_string();
    let mut all: Vec<String> = conn.secret(&owner, PASSWORD)?.into_iter().collect();
    all.extend(conn.secret(&owner, PASSWORDS_PAST)?.unwrap_or_default().lines().map(str::to_owned));
    Ok(all)
}

/// The current password, with the same brake against guessing as at the door; gives the hash it was compared with.
fn check_current(app: &App, person: &party::Person, written: &Secret, actor: &Actor) -> Result<String, Error> {
    app.throttle.ask(&actor.address, app.clock.now())?;
    let _turn = app.throttle.turn(&person.email);
    app.not_too_soon(&person.email)?;
    let hash = app.store.read(|c| c.secret(&person.id.to_string(), PASSWORD))?;
    let right = written.0.len() <= 1024 && app.passwords.check(&written.0, hash.as_deref())? != identity::Checked::Wrong;
    if let Some(hash) = hash.filter(|_| right) {
        return Ok(hash);
    }
    let door = crate::sign_in::Door { address: &actor.address, certificate: None };
    app.fail(&person.email, Some(person), door, rules::change::Failure::Password)?;
    Err(Refusal::invalid("current", text("現在のパスワードが正しくありません。", "The current password is not right.")).into())
}

impl Doing<'_, '_> {
    /// The password that was compared before the transaction is still the one that holds, of an account that is open:
    /// another may have been set, or the account stopped, in the meantime.
    pub(super) fn must_be_checked(&mut self, person: Id<id::Person>, ready: &Ready) -> Result<(), Error> {
        let kept = self.tx.secret(&person.to_string(), PASSWORD)?;
        let account = store::tables::accounts::account(self.tx, person)?;
        if kept.is_some() && kept == ready.checked && account.is_some_and(|a| self.app.may_open(&a)) {
            return Ok(());
        }
        Err(Refusal::new(
            Why::Conflict,
            text(
                "パスワードまたはアカウントの状態が変わったため、処理を中止しました。もう一度お試しください。",
                "The password or the account changed in the meantime. Please try again.",
            ),
        )
        .into())
    }

    /// Forgets the current password; it stays among those that cannot be set again (item 85).
    pub(super) fn forget_password(&mut self, person: Id<id::Person>) -> Result<(), Error> {
        self.keep_past(person)?;
        Ok(self.tx.delete_secret(&person.to_string(), PASSWORD).map(drop)?)
    }

    fn keep_past(&mut self, person: Id<id::Person>) -> Result<(), Error> {
        let past = past_passwords(self.tx, person)?;
        if past.is_empty() {
            return Ok(());
        }
        let kept = past.into_iter().take(LONGEST_HISTORY).collect::<Vec<_>>().join("\n");
        Ok(self.tx.put_secret(&person.to_string(), PASSWORDS_PAST, &kept)?)
    }

    /// Keeps a prepared hash; the ones before it stay for comparison.
    pub(super) fn keep_password(&mut self, person: Id<id::Person>, ready: Ready) -> Result<(), Error> {
        let hash = ready.hash.ok_or_else(|| Error::Broken("a password was not prepared".into()))?;
        self.keep_past(person)?;
        Ok(self.tx.put_secret(&person.to_string(), PASSWORD, &hash)?)
    }
}
