//! What the applicant's registers prove for the item today: entries, their age, what is missing or overdue; and a snapshot as evidence.

use app::deadlines::Task;
use app::read::register_proof::ItemRegister;
use jiff::Timestamp;
use maud::{Markup, html};
use rules::policy::{KEEPERS, Side};
use rules::text::{Text, text, worded};

use super::super::form::Form;
use super::super::registers::example;
use super::super::signs::{date, time};
use super::Look;
use crate::components::{Button, Column, Kind, Row, Table, Tone, actions, card, csrf, link_button, notice, table, tag};
use crate::urls;

pub fn registers(look: &Look) -> Result<Markup, app::Error> {
    let (visit, lang) = (look.visit, look.visit.lang);
    if look.case().side != Side::Applicant || !KEEPERS.iter().any(|role| visit.has(*role)) {
        return Ok(html! {});
    }
    let no = look.read.no;
    let found = visit.app.item_registers(visit.actor()?, no)?;
    let overdue = visit.app.overdue_items(visit.actor()?)?.remove(&no).unwrap_or_default();
    if found.is_empty() && overdue.is_empty() {
        return Ok(html! {});
    }
    let columns = vec![
        Column::new(text("管理簿", "Register")),
        Column::new(text("記録", "Entries")).number(),
        Column::new(text("最新の記録", "Newest")),
        Column::new(text("記録のない小項目", "Sub-points without any")),
        Column::new(text("操作", "Action")),
    ];
    let rows = found.iter().map(|one| row(look, one)).collect();
    Ok(html! {
        div #registers {
            (card(lang, &text("管理簿による証跡", "Evidence from registers"), html! {}, html! {
                (Form::new(visit, "registers", look.again).summary())
                (attention(look, &overdue))
                @if !found.is_empty() {
                    (table(lang, &Table::new(text("この項目に答える管理簿", "Registers that answer this item"), columns, rows).caption_hidden()))
                    @for one in found.iter().filter(|one| one.entries == 0) { (example(lang, one.register)) }
                    p.small.muted { (text(
                        "判定は人が行います。記録の写しを証跡にしても、判定や回答は変わりません。",
                        "People judge. A snapshot becomes evidence and changes neither verdict nor answer.",
                    ).get(lang)) }
                }
            }))
        }
    })
}

/// What is overdue and makes the item need attention.
fn attention(look: &Look, overdue: &[Task]) -> Markup {
    let lang = look.visit.lang;
    if overdue.is_empty() {
        return html! {};
    }
    let title = worded(
        format!("要対応: 期限を過ぎた対応が{}件あります。", overdue.len()),
        format!("Needs attention: {} deadlines are over.", overdue.len()),
    );
    notice(
        lang,
        Tone::Warn,
        &title,
        html! {
            ul { @for task in overdue.iter().take(5) { li { (date(task.duty.due)) " " (task.title.get(lang)) " – " (task.duty.what.get(lang)) } } }
            p { a href={ (urls::tasks()) "?item=" (look.read.no) } { (text("期限の一覧で見る", "See them among the deadlines").get(lang)) } }
        },
    )
}

/// How long ago, in days.
fn age(look: &Look, at: Timestamp) -> Text {
    let days = rules::act::japan(at).date().until(look.case().today).map_or(0, |span| span.get_days());
    if days <= 0 { text("今日", "today") } else { worded(format!("{days}日前"), format!("{days} days ago")) }
}

fn row(look: &Look, one: &ItemRegister) -> Row {
    let lang = look.visit.lang;
    let register = one.register;
    let missing: Vec<String> = one
        .missing
        .iter()
        .map(|p| if p.0 == 0 { text("項目全体", "whole item").get(lang).to_owned() } else { format!("({})", p.0) })
        .collect();
    let entries = html! { @if one.entries == 0 { (tag(lang, Tone::Warn, &text("なし", "None"))) } @else { (one.entries) } };
    let newest = html! { @if let Some(at) = one.newest.filter(|_| one.entries > 0) { (time(at)) " " span.small.muted { (age(look, at).get(lang)) } } };
    let keep = look.may_write() && one.entries > 0;
    let act = html! {
        (actions(html! {
            (link_button(lang, Kind::Quiet, &text("記録を追加する", "Add an entry"), &urls::register(&register.id, "new")))
            @if keep {
                form method="post" action=(look.act("snapshot")) data-submit-key {
                    (csrf(&look.visit.csrf))
                    input type="hidden" name="register" value=(register.id);
                    (Button::new(Kind::Secondary, text("記録の写しを証跡にする", "Keep a snapshot as evidence")).small().about(register.name.clone()).submit(lang))
                }
            }
        }))
    };
    Row::new(vec![
        html! { a href=(urls::register(&register.id, "")) { (register.name.get(lang)) } },
        entries,
        newest,
        html! { @if missing.is_empty() { (tag(lang, Tone::Success, &text("なし", "None"))) } @else { (missing.join(", ")) } },
        act,
    ])
}
