//! A warning reaches every named administrator, on the pages, by mail and outside; none is lost, and silence is noticed (items 81, 250).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use app::mail::Webhook;
use jiff::SignedDuration;
use rules::change::Change;
use rules::command::Command;
use rules::party::Role;
use rules::review::AlertKind;
use rules::running::Running;
use rules::text::text;

use crate::scratch::{COLLEAGUE, HOSPITAL, OFFICER, OPERATOR, REVIEWER};
use crate::stand_in::StandIn;
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "alerting",
    name: text("警告", "Alerts"),
    checks: &[
        Check {
            shows: &[(81, 3), (250, 0)],
            what: text(
                "警告は、対象の組織の管理者全員に画面とメールで届き、ほかの組織には届かない。",
                "An alert reaches every administrator concerned, on the page and by mail, and nobody else.",
            ),
            run: everybody_concerned,
            break_it: |s| s.give_roles(REVIEWER, &[Role::Officer]),
        },
        Check {
            shows: &[(250, 0)],
            what: text(
                "警告は、送り先に渡すまで失われず、確認した人と時刻が残るまで未確認と示される。",
                "An alert waits until it was handed over, and counts as open until somebody acknowledged it.",
            ),
            run: nothing_is_lost,
            break_it: |s| {
                s.later(|s| {
                    // The mark that the webhook is still to be called, and the mails, are gone.
                    for owner in s.app().store().read(|conn| conn.secret_owners("hook", 1000))? {
                        s.delete_secret(&owner, "hook")?;
                    }
                    Ok(())
                })
            },
        },
        Check {
            shows: &[(250, 0)],
            what: text(
                "警告は外部の通知先に届き、毎日の確認の通知が途切れると、それ自体が画面とメールで警告される。",
                "Alerts reach the address outside, a test takes the same way every day, and where it stops, that is an alert on pages and by mail.",
            ),
            run: silence_is_noticed,
            break_it: |s| {
                s.later(|s| {
                    // Somebody writes down a test that never went out.
                    s.write(&Change::Running(Running::AlertsTried { ok: true, reason: String::new() }))
                })
            },
        },
    ],
};

/// Something that administrators must learn of at once.
fn trigger(s: &Scratch) -> Tried {
    s.signed_in(COLLEAGUE)?.act(Command::ReportLeak { person: None, reason: "端末の紛失".into() }).map(drop)
}

fn everybody_concerned(s: &Scratch) -> Tried {
    trigger(s)?;
    let subject = s.person(COLLEAGUE)?.id.to_string();
    for administrator in [OFFICER, REVIEWER] {
        let mails = s.mails_to(administrator)?.iter().filter(|m| m.contains("【警告】")).count();
        expect(mails == 1, "メールが1通ではありません", "there is not exactly one mail")?;
        let shown = s.app().alerts(&s.signed_in(administrator)?.signed()?.actor)?;
        let found = shown.iter().filter(|a| a.alert.kind == AlertKind::Leak && a.alert.subject == subject).count();
        expect(found == 1, "画面に示されません", "it is not shown on the page")?;
    }
    let elsewhere = s.app().alerts(&s.signed_in(HOSPITAL)?.signed()?.actor)?;
    let quiet = elsewhere.iter().all(|a| a.alert.subject != subject) && s.mails_to(HOSPITAL)?.iter().all(|m| !m.contains("【警告】"));
    expect(quiet, "ほかの組織に届いています", "another organisation is told")
}

fn nothing_is_lost(s: &Scratch) -> Tried {
    trigger(s)?;
    s.meanwhile()?;
    let administrator = s.signed_in(OFFICER)?;
    let actor = administrator.signed()?.actor;
    let all = s.app().alerts(&actor)?;
    let alert = all.first().ok_or_else(|| Failed::new("警告がありません", "there is no alert"))?.alert.id;
    // No mail server and no webhook is set here: everything waits for them.
    s.app().deliver()?;
    let waits = s.app().store().read(|conn| conn.secret(&alert.to_string(), "hook"))?.is_some();
    expect(waits, "通知先への送信を待っていません", "it does not wait for the webhook")?;
    let queued = s.app().store().read(store::tables::requests::queued)?;
    let mail = queued.iter().filter(|m| m.mail.subject.contains("【警告】")).count();
    expect(mail >= 2, "送信箱に残っていません", "the mails do not wait in the outbox")?;
    let open = s.app().open_alerts(&actor)?;
    administrator.act(Command::AcknowledgeAlert { alert })?;
    expect(s.app().open_alerts(&actor)? + 1 == open, "確認が反映されません", "it is not acknowledged")?;
    let again = Change::AlertAcknowledged { alert, by: s.person(OFFICER)?.id }.kind();
    let kept = s.lines_after(rules::id::Pos::NEVER)?.iter().any(|l| l.kind == again && l.subject == alert.to_string());
    expect(kept, "確認した人の記録がありません", "who acknowledged it is not recorded")
}

fn silence_is_noticed(s: &Scratch) -> Tried {
    let (heard, up) = (Arc::new(Mutex::new(String::new())), Arc::new(AtomicBool::new(true)));
    let (hears, stands) = (heard.clone(), up.clone());
    let outside = StandIn::start(move |body| {
        if !stands.load(Ordering::SeqCst) {
            return (503, "text/plain", vec![]);
        }
        hears.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(body));
        (200, "text/plain", vec![])
    })?;
    let heard = |word: &str| heard.lock().unwrap_or_else(PoisonError::into_inner).contains(word);
    let webhook = Webhook::parse(&outside.url(), &"k".repeat(32)).map_err(|words| Failed { words })?;
    let node = s.again(|config| app::Config { webhook: Some(webhook), ..config });
    let operator = s.signed_in(OPERATOR)?.signed()?.actor;
    let silent = || -> Result<bool, Failed> { Ok(node.app().pulse(&operator)?.is_none_or(|pulse| pulse.silent)) };
    expect(silent()?, "確認の前に届くと示されます", "it is shown as alive before it was tried")?;
    expect(node.app().try_alerting()? == 1 && heard("heartbeat"), "確認の通知が届きません", "the test does not arrive")?;
    expect(!silent()? && node.app().try_alerting()? == 0, "1日に1回ではありません", "it is not sent once a day")?;
    trigger(&node)?;
    node.app().deliver()?;
    expect(heard("\"leak\""), "警告が外部に届きません", "an alert does not reach the outside")?;
    up.store(false, Ordering::SeqCst);
    let day = SignedDuration::from_hours(24);
    node.wait(day);
    s.wait(day);
    s.meanwhile()?;
    expect(node.app().try_alerting()? == 0, "届いていないのに届いたとされます", "what did not arrive counts as arrived")?;
    let told = || -> Result<usize, Failed> {
        let all = s.app().alerts(&operator)?;
        Ok(all.iter().filter(|a| a.alert.kind == AlertKind::Undelivered && a.alert.subject == "webhook").count())
    };
    expect(told()? == 1, "途切れたことが警告されません", "silence is no alert")?;
    let mailed = s.mails_to(OPERATOR)?.iter().any(|m| m.contains("【警告】通知を送信できない"));
    expect(mailed, "途切れたことがメールで伝わりません", "silence is not told by mail")?;
    node.wait(SignedDuration::from_hours(3));
    expect(silent()?, "途切れたと示されません", "it is not shown as silent")?;
    up.store(true, Ordering::SeqCst);
    expect(node.app().try_alerting()? == 1 && !silent()?, "復旧しても届きません", "it does not come back")
}
