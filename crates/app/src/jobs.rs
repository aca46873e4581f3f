//! Timed jobs: what has to happen although nobody asks for it.

use jiff::SignedDuration;
use rules::act::Actor;
use rules::case;
use rules::change::Change;
use rules::review::{self, AlertKind};
use rules::text::worded;
use rules::{request, text::Text};
use store::tables::{accounts, evaluation, party, requests};

use crate::alerts::{BODY, HOOK};
use crate::execute::Doing;
use crate::mail::{Event, Message, Post, next_try};
use crate::sign_in::throttle::ATTEMPTS;
use crate::{App, Error};

impl App {
    /// Ends certificates whose validity is over; returns how many. Running it twice does no harm.
    pub fn expire_certificates(&self) -> Result<usize, Error> {
        let today = rules::act::japan(self.clock.now()).date();
        let due = self.store.read(|conn| evaluation::run_out(conn, today))?;
        let mut ended = 0;
        for id in due {
            let act = self.act(Actor::system())?;
            ended += self.store.write(|tx| -> Result<usize, Error> {
                let change = evaluation::facts(tx, id)?.and_then(|facts| case::expire(&facts, today));
                match change {
                    Some(change) => tx.enact(&act, &change, identity::random()?).map(|_| 1).map_err(Error::from),
                    None => Ok(0),
                }
            })?;
        }
        Ok(ended)
    }

    /// Ends requests whose time is over, with everything they held open, and lapses those that nobody decided.
    /// Returns how many. It runs every few seconds, so that privilege and emergency accounts end by themselves.
    pub fn end_requests(&self) -> Result<usize, Error> {
        let now = self.clock.now();
        let mut ended = 0;
        let waited = now - SignedDuration::from_hours(24 * request::WAITING_DAYS);
        for known in self.store.read(|conn| requests::running_out(conn, now, waited))? {
            if request::run_out(&known, now).is_none() {
                continue;
            }
            ended += self.store.write(|tx| -> Result<usize, Error> {
                // Looked at again: somebody may have ended it in the meantime.
                let Some(known) = requests::request(tx, known.id)? else { return Ok(0) };
                let Some(change) = request::run_out(&known, now) else { return Ok(0) };
                let mut doing = Doing::new(self, tx, Actor::system())?;
                doing.write(&change)?;
                doing.take_out_of_force(&known)?;
                Ok(1)
            })?;
            self.sessions.forget();
        }
        Ok(ended)
    }

    /// Stops accounts whose last day is over, and reminds administrators of unused accounts and reviews that are due
    /// (items 74, 97-99). Ends sessions that ran out, and forgets failed tries of days ago. Returns how many accounts were
    /// stopped. It runs every hour.
    pub fn check_accounts(&self) -> Result<usize, Error> {
        let now = self.clock.now();
        let today = rules::act::japan(now).date();
        let mut stopped = 0;
        for account in self.store.read(|conn| accounts::ending(conn, today))? {
            let Some(change) = review::leave(&account, now) else { continue };
            self.store.write(|tx| -> Result<(), Error> {
                let person = party::person(tx, account.person)?;
                let mut doing = Doing::new(self, tx, Actor::system())?;
                doing.write(&change)?;
                let name = person.map(|p| p.name).unwrap_or_default();
                let words = worded(
                    format!("{name} さんのアカウントは利用最終日を過ぎたため停止しました。"),
                    format!("The account of {name} is suspended: its last day is over."),
                );
                doing.alert(AlertKind::Left, account.home, &account.person.to_string(), words)
            })?;
            self.sessions.forget();
            stopped += 1;
        }
        for organisation in self.store.read(party::organisations)? {
            self.remind(&organisation)?;
        }
        self.end_run_out()?;
        let quiet = now - SignedDuration::from_hours(48);
        self.store.write(|tx| -> Result<(), Error> { Ok(tx.delete_old_secrets(ATTEMPTS, quiet).map(drop)?) })?;
        Ok(stopped)
    }

    fn remind(&self, of: &rules::party::Organisation) -> Result<(), Error> {
        let now = self.clock.now();
        let today = rules::act::japan(now).date();
        let (access, all, reviews) = self.store.read(|conn| -> Result<_, store::Error> {
            Ok((requests::access(conn, of.id)?, accounts::accounts(conn, of.id)?, requests::reviews(conn, of.id)?))
        })?;
        let stale = all.iter().filter(|a| review::is_stale(a, first_seen(a), access.stale_days, now)).count();
        let mut warnings: Vec<(AlertKind, String, Text)> = vec![];
        if stale > 0 {
            let days = access.stale_days;
            warnings.push((
                AlertKind::Stale,
                // One reminder a month is enough.
                format!("{} {}-{:02} stale", of.id, today.year(), today.month()),
                worded(
                    format!("{days}日以上使われていないアカウントが{stale}件あります。不要なら廃止してください。"),
                    format!("{stale} accounts were not used for {days} days or more. Close those that are not needed."),
                ),
            ));
        }
        // An organisation that never had a review is due one as long after it began.
        let due = reviews.first().map_or_else(|| review::next(rules::act::japan(of.id.made()).date(), access.review_months), |r| r.next);
        if due <= today {
            warnings.push((
                AlertKind::ReviewDue,
                format!("{} review due {due}", of.id),
                worded(
                    format!("アカウントと権限の定期レビューの期限（{due}）です。「アカウント」の画面でレビューを行ってください。"),
                    format!("The review of accounts and rights is due since {due}. Do it on the page Accounts."),
                ),
            ));
        }
        for (kind, subject, words) in warnings {
            let said = self.store.read(|conn| requests::was_alerted(conn, kind, &subject, jiff::Timestamp::UNIX_EPOCH))?;
            if !said {
                self.store.write(|tx| Doing::new(self, tx, Actor::system())?.alert(kind, Some(of.id), &subject, words))?;
            }
        }
        Ok(())
    }

    /// Sends what waits in the outbox, and calls the webhook for new alerts. Returns how many went out.
    /// Without a mail server mails stay where operators see them.
    pub fn deliver(&self) -> Result<usize, Error> {
        // A mail server in trouble keeps no alert from the webhook.
        let (mailed, called) = (self.send_mails(), self.call_webhook());
        Ok(mailed? + called?)
    }

    fn send_mails(&self) -> Result<usize, Error> {
        let Some(settings) = &self.config.mail else { return Ok(0) };
        let waiting = self.store.read(requests::queued)?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let post = Post::open(settings).map_err(|fault| Error::Broken(fault.en.into_owned()))?;
        let mut sent = 0;
        for queued in waiting {
            let now = self.clock.now();
            let due = queued.tried.is_none_or(|tried| next_try(queued.tries, tried).is_some_and(|next| next <= now));
            let owner = queued.mail.id.to_string();
            let Some(body) = self.store.read(|conn| self.secret(conn, &owner, BODY))?.filter(|_| due) else { continue };
            let message = Message { to: queued.mail.to.clone(), subject: queued.mail.subject.clone(), body, id: owner.clone() };
            let outcome = post.send(&message, now);
            let change = match &outcome {
                Ok(()) => Change::MailSent { mail: queued.mail.id },
                Err(undelivered) => Change::MailFailed {
                    mail: queued.mail.id,
                    words: undelivered.words.ja.to_string(),
                    last: undelivered.permanent || next_try(queued.tries + 1, now).is_none(),
                },
            };
            self.store.write(|tx| -> Result<(), Error> {
                let mut doing = Doing::new(self, tx, Actor::system())?;
                doing.write(&change)?;
                match &change {
                    // What was sent is not kept here: it may hold a link.
                    Change::MailSent { .. } => doing.tx.delete_secret(&owner, BODY).map(drop)?,
                    Change::MailFailed { last: true, .. } => {
                        // By mail nobody would learn of it; it stands on the operators' page.
                        let words = worded(
                            format!("メール「{}」を送信できませんでした。送信箱を確認してください。", queued.mail.subject),
                            format!("The mail {:?} could not be sent. Look at the outbox.", queued.mail.subject),
                        );
                        doing.note_undelivered(words)?;
                    }
                    _ => {}
                }
                Ok(())
            })?;
            sent += usize::from(outcome.is_ok());
            // A server that is down would cost each of the others its whole patience.
            if outcome.is_err_and(|undelivered| !undelivered.permanent) {
                break;
            }
        }
        Ok(sent)
    }

    fn call_webhook(&self) -> Result<usize, Error> {
        let Some(webhook) = &self.config.webhook else { return Ok(0) };
        let mut called = 0;
        for owner in self.store.read(|conn| conn.secret_owners(HOOK, 50))? {
            let Ok(id) = owner.parse() else { continue };
            let Some(seen) = self.store.read(|conn| requests::alert(conn, id))? else { continue };
            let alert = seen.alert;
            let kind = serde_json::to_value(alert.kind).ok().and_then(|k| k.as_str().map(str::to_owned)).unwrap_or_default();
            let event = Event { id: owner.clone(), kind, at: alert.at, subject: alert.subject, text: alert.words };
            match webhook.call(&event, self.clock.now()) {
                // Tried again at the next turn; whoever runs the turns says so now and then.
                Err(undelivered) if !undelivered.permanent => return Err(Error::Broken(undelivered.words.en.into_owned())),
                Err(undelivered) => tracing::error!(words = %undelivered.words.en, "the webhook refused an alert"),
                Ok(()) => called += 1,
            }
            self.store.write(|tx| -> Result<(), Error> { Ok(tx.delete_secret(&owner, HOOK).map(drop)?) })?;
        }
        Ok(called)
    }
}

/// When an account began, for those who never came in: its id knows.
fn first_seen(account: &rules::account::Account) -> jiff::Timestamp {
    account.person.made()
}
