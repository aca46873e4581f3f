//! The sign of life of alerting: once a day a test takes the way of an alert to the outside, and its silence is an alert itself.

use jiff::{SignedDuration, Timestamp};
use rules::act::Actor;
use rules::change::Change;
use rules::id::{self, Id};
use rules::party::Role;
use rules::refusal::Refusal;
use rules::review::AlertKind;
use rules::running::Running;
use rules::text::{text, worded};
use store::INSTALLATION;
use store::tables::{requests, running};

use crate::execute::Doing;
use crate::mail::Event;
use crate::{App, Error};

/// From one test that arrived to the next. Whoever receives them raises the alarm when one is missing.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// After a test that did not arrive.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);
/// Without a test that arrived for so long, alerting counts as silent, whatever the reason.
const SILENT: SignedDuration = SignedDuration::from_hours(26);
/// What the receiver knows a test by: the kind of the call.
pub const HEARTBEAT: &str = "heartbeat";

/// Whether alerts still reach the address outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse {
    /// The last test that arrived.
    pub last: Option<Timestamp>,
    /// None arrived for more than a day.
    pub silent: bool,
}

impl App {
    /// Sends the test where its time has come. What does not arrive is told on the pages and by mail, once a day.
    /// Runs every few minutes; does nothing without an address to call. Returns how many arrived.
    pub fn try_alerting(&self) -> Result<usize, Error> {
        let Some(webhook) = &self.config.webhook else { return Ok(0) };
        let now = self.clock.now();
        let last = self.store.read(|conn| running::newest(conn, INSTALLATION, "alerts_tried"))?;
        let waits = last.is_some_and(|event| {
            let wait = if matches!(event.what, Running::AlertsTried { ok: true, .. }) { EVERY } else { AGAIN };
            now.duration_since(event.at) < wait
        });
        if waits {
            return Ok(0);
        }
        let id: Id<id::Alert> = self.act(Actor::system())?.fresh();
        let words = text(
            "警告の経路の確認です。1日に1回届きます。届かなくなったら、警告も届いていません。",
            "A test of alerting, sent once a day. Where it stops, alerts do not arrive either.",
        );
        let event = Event { id: id.to_string(), kind: HEARTBEAT.into(), at: now, subject: "alerting".into(), text: words };
        let outcome = webhook.call(&event, now);
        let reason = outcome.as_ref().err().map(|undelivered| undelivered.words.clone());
        self.store.write(|tx| -> Result<(), Error> {
            let mut doing = Doing::new(self, tx, Actor::system())?;
            let said = reason.as_ref().map(|words| words.ja.to_string()).unwrap_or_default();
            doing.write(&Change::Running(Running::AlertsTried { ok: reason.is_none(), reason: said }))?;
            let Some(why) = &reason else { return Ok(()) };
            if requests::was_alerted(doing.tx, AlertKind::Undelivered, "webhook", now - EVERY)? {
                return Ok(());
            }
            let words = worded(
                format!("警告の通知先（Webhook）に、確認の通知が届きません（{}）。届くまで、警告は画面とメールでしか伝わりません。", why.ja),
                format!("The test of alerting does not reach the address to call ({}). Until it does, alerts are on the pages and in mails only.", why.en),
            );
            doing.alert(AlertKind::Undelivered, None, "webhook", words)
        })?;
        Ok(usize::from(reason.is_none()))
    }

    /// Whether alerting is alive, for operators; nothing where no address to call is set.
    pub fn pulse(&self, actor: &Actor) -> Result<Option<Pulse>, Error> {
        if !actor.has(Role::Operator) {
            return Err(Refusal::forbidden().into());
        }
        if self.config.webhook.is_none() {
            return Ok(None);
        }
        let all = self.store.read(|conn| running::of_kind(conn, INSTALLATION, "alerts_tried", 100))?;
        let arrived = |event: &&running::Event| matches!(event.what, Running::AlertsTried { ok: true, .. });
        let last = all.iter().find(arrived).map(|event| event.at);
        let silent = last.is_none_or(|at| self.clock.now().duration_since(at) > SILENT);
        Ok(Some(Pulse { last, silent }))
    }
}
