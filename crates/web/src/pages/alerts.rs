//! Alerts: what administrators and operators have to see, and who has seen it.

use app::heartbeat::Pulse;
use app::read::AlertRead;
use maud::{Markup, html};
use rules::command::{Command, Kind as Act};
use rules::party::Role;
use rules::policy::{self, Place};
use rules::refusal::Refusal;
use rules::review::AlertKind;
use rules::text::{Text, text, worded};

use super::form::{act, saved_at};
use super::signs::{moment, time};
use crate::answer;
use crate::components::{Button, Column, Kind, Row, Table, Tone, csrf, empty, link_button, notice, table, tag};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

const WARNED: Guard = Guard::Roles(&[Role::Administrator, Role::Operator]);

pub const ROUTES: &[Route] = &[get("/alerts", WARNED, show), post("/alerts", WARNED, acknowledge)];

fn title() -> Text {
    text("警告", "Alerts")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None)?.into())
}

const fn tone(kind: AlertKind) -> Tone {
    match kind {
        AlertKind::Locked
        | AlertKind::Guessing
        | AlertKind::Emergency
        | AlertKind::EmergencyView
        | AlertKind::Leak
        | AlertKind::Forked
        | AlertKind::VaultDamaged
        | AlertKind::Malware
        | AlertKind::KeyEvent => Tone::Danger,
        AlertKind::Undelivered
        | AlertKind::NotAnchored
        | AlertKind::Space
        | AlertKind::ClockOff
        | AlertKind::BackupFailed
        | AlertKind::PackageRefused => Tone::Warn,
        AlertKind::Left | AlertKind::Stale | AlertKind::ReviewDue | AlertKind::LogReviewDue | AlertKind::RetentionDue => Tone::Info,
    }
}

fn page(visit: &Visit, refused: Option<&Refusal>) -> Result<Page, app::Error> {
    let (lang, actor) = (visit.lang, visit.actor()?);
    let all = visit.app.alerts(actor)?;
    let open = all.iter().filter(|a| a.seen.is_none()).count();
    let may = policy::may(Act::AcknowledgeAlert, actor, Place::Installation).is_ok();
    let pulse = if visit.has(Role::Operator) { visit.app.pulse(actor)? } else { None };
    let main = html! {
        @if let Some(pulse) = &pulse { (life(visit, pulse)) }
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        @if all.is_empty() {
            (empty(lang, &text("警告はありません", "No alerts"), &text("例: サインインの失敗が続いたとき、非常時アカウントが使われたとき、定期レビューの期限が来たときに、ここに表示されます。", "For example when sign-ins fail again and again, an emergency account is used, or a review is due."), html! {}))
        } @else { (list(visit, &all, may)) }
    };
    let mut page = visit.page(title(), main);
    page.lead = Some(worded(format!("未確認 {open}件"), format!("{open} not acknowledged")));
    page.corner = html! {
        @if visit.has(Role::Operator) { (link_button(lang, Kind::Secondary, &text("送信箱", "Outbox"), &urls::outbox())) }
        @if visit.has(Role::Operator) { (link_button(lang, Kind::Secondary, &super::backups::title(), &urls::backups())) }
        (link_button(lang, Kind::Secondary, &super::keys::title(), &urls::keys()))
        (link_button(lang, Kind::Secondary, &super::anchors::title(), &urls::anchors()))
        (link_button(lang, Kind::Secondary, &super::trust::title(), &urls::trust()))
    };
    if visit.query.is_on("saved") && refused.is_none() {
        page.notices = notice(lang, Tone::Success, &text("確認済みにしました。", "It is acknowledged."), html! {});
    }
    Ok(page)
}

/// Whether alerts still reach the outside.
fn life(visit: &Visit, pulse: &Pulse) -> Markup {
    let lang = visit.lang;
    let last = html! { p { (text("最後に届いた確認:", "The last test that arrived:").get(lang)) " " @match pulse.last { Some(at) => { (time(at)) }, None => { (text("まだありません", "none yet").get(lang)) } } } };
    if pulse.silent {
        let words = text("警告の通知先に、確認の通知が届いていません。", "The test of alerting does not arrive at the address to call.");
        return notice(lang, Tone::Danger, &words, last);
    }
    notice(
        lang,
        Tone::Info,
        &text("警告の通知先に届くことを毎日確認しています。", "It is tried every day that alerts arrive at the address to call."),
        last,
    )
}

fn list(visit: &Visit, all: &[AlertRead], may: bool) -> Markup {
    let lang = visit.lang;
    let columns = vec![
        Column::new(text("日時", "At")),
        Column::new(text("種類", "Kind")),
        Column::new(text("内容", "What happened")),
        Column::new(text("対象", "For")),
        Column::new(text("確認", "Acknowledged")),
    ];
    let rows = all.iter().map(|read| {
        let alert = &read.alert;
        let whose = if alert.organisation.is_none() { text("環境全体", "Installation") } else { text("自組織", "Own organisation") };
        let about = worded(format!("（{} {}）", alert.kind.name().ja, moment(alert.at)), format!("{}, {}", alert.kind.name().en, moment(alert.at)));
        Row::new(vec![
            time(alert.at),
            tag(lang, tone(alert.kind), &alert.kind.name()),
            html! { p.prose { (alert.words.get(lang)) } },
            html! { (whose.get(lang)) },
            html! {
                @match (read.seen, may) {
                    (Some(seen), _) => { (tag(lang, Tone::Success, &text("確認済み", "Acknowledged"))) br; span.small.muted { @if let Some(by) = &read.by { (by) " " } (time(seen)) } },
                    (None, true) => {
                        form method="post" action=(urls::alerts()) {
                            (csrf(&visit.csrf))
                            input type="hidden" name="alert" value=(alert.id);
                            (Button::new(Kind::Secondary, text("確認した", "Acknowledge")).small().about(about).submit(lang))
                        }
                    },
                    (None, false) => { (tag(lang, Tone::Warn, &text("未確認", "Not yet"))) },
                }
            },
        ])
    });
    table(lang, &Table::new(text("警告（新しい順）", "Alerts, the newest first"), columns, rows.collect()))
}

fn acknowledge(visit: &Visit) -> Result<Answer, app::Error> {
    let command = visit.form.need("alert").map(|alert| Command::AcknowledgeAlert { alert });
    act(visit, command, saved_at(&urls::alerts()), |refusal| page(visit, Some(refusal)))
}
