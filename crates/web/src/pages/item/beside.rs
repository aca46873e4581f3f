//! Beside the item: who does it by when, what good evidence is and what supplies it, related items to copy from.

use maud::{Markup, html};
use rules::answer::Status;
use rules::catalog::{EvidenceName, Path, Vocabulary};
use rules::command::Kind as Act;
use rules::id::ItemNo;
use rules::policy::Side;
use rules::sheet::Item;
use rules::text::{Lang, Text, text, worded};

use super::super::case::{may, with_side};
use super::super::form::Form;
use super::super::sheets::{term_key, terms};
use super::super::signs::{due, status_tag, verdict_tag};
use super::super::word;
use super::Look;
use crate::components::{Button, Choice, Kind, card, csrf, date_field, details, facts, select, submit};
use crate::urls;

pub fn beside(look: &Look) -> Markup {
    let lang = look.visit.lang;
    html! {
        @if look.case().side == Side::Applicant { (card(lang, &text("担当と期限", "Owner and due date"), html! {}, work(look))) }
        (examples(look))
        (supplied(look))
        (related(look))
    }
}

fn work(look: &Look) -> Markup {
    let lang = look.visit.lang;
    let work = &look.read.facts().work;
    let form = Form::new(look.visit, "work", look.again);
    let overdue = work.status != Status::Ready && work.due.is_some_and(|d| d < look.case().today);
    let owner = work.owner.map(|o| o.to_string()).unwrap_or_default();
    let day = work.due.map(|d| d.to_string()).unwrap_or_default();
    let status = word(&work.status);
    let named = |name: &str| worded(name, name);
    let people: Vec<Choice> = look.case().colleagues.iter().map(|(id, name)| Choice::new(id.to_string(), named(name))).collect();
    let statuses: Vec<Choice> = Status::ALL.iter().map(|s| Choice::new(word(s), s.name())).collect();
    let open = look.closed().is_none() && may(look.visit, look.case(), Act::SetWork);
    html! {
        (facts(lang, &[
            (text("担当者", "Owner"), html! { (work.owner.map_or("―", |o| look.case().name(o))) }),
            (text("期限", "Due"), html! { @if work.due.is_some() { (due(lang, work.due, overdue)) } @else { "―" } }),
            (text("状態", "Status"), status_tag(lang, work.status)),
        ]))
        @if open {
            (details(lang, &text("変更する", "Change"), form.refused.is_some(), html! {
                (form.summary())
                form method="post" action=(look.act("work")) {
                    (csrf(&look.visit.csrf))
                    (select(lang, &form.field("owner", text("担当者", "Owner"), &owner), &people))
                    (date_field(lang, &form.field("due", text("期限", "Due"), &day)))
                    (select(lang, &form.field("status", text("状態", "Status"), &status).required(), &statuses))
                    (submit(lang, Kind::Secondary, &text("設定する", "Set")))
                }
            }))
        }
    }
}

/// Names of evidence that fits, with what supplies each.
fn examples(look: &Look) -> Markup {
    let lang = look.visit.lang;
    let catalog = &look.visit.app.content.catalog;
    let names = &look.read.item().evidence.names;
    if names.is_empty() {
        return html! {};
    }
    card(
        lang,
        &text("エビデンスの例", "Examples of evidence"),
        html! {},
        html! {
            ul { @for name in names {
                @let known = catalog.evidence_name(name);
                li {
                    @match known { Some(known) => { (known.name.get(lang)) }, None => { span lang="ja" { (name) } } }
                    @if let Some(known) = known { (suppliers(lang, &catalog.vocabulary, known)) }
                }
            } }
        },
    )
}

fn suppliers(lang: Lang, vocabulary: &Vocabulary, name: &EvidenceName) -> Markup {
    let found: Vec<&str> = Path::ALL
        .iter()
        .flat_map(|path| name.supplied_by(*path).iter().filter_map(|id| vocabulary.term(*path, id)))
        .map(|t| t.name.get(lang))
        .collect();
    let comma = if lang == Lang::Ja { "、" } else { ", " };
    html! { @if !found.is_empty() { p.small.muted { (text("示せるもの", "Supplied by").get(lang)) ": " (found.join(comma)) } } }
}

const fn path_name(path: Path) -> Text {
    match path {
        Path::Mechanism => text("仕組み", "Mechanisms"),
        Path::Probe => text("測定", "Probes"),
        Path::Register => text("台帳", "Registers"),
        Path::Document => text("文書", "Documents"),
    }
}

/// The mechanisms, probes, registers and documents that can show the item.
fn supplied(look: &Look) -> Markup {
    let lang = look.visit.lang;
    let vocabulary = &look.visit.app.content.catalog.vocabulary;
    let item = look.read.item();
    let links = |path: Path| -> Vec<Markup> {
        let found = terms(item).filter(|(p, _)| *p == path).filter_map(|(p, id)| vocabulary.term(p, id));
        found.map(|t| html! { a href={ (urls::sheet(&look.case().sheet.id)) "?term=" (term_key(path, &t.id)) } title=(t.about.get(lang)) { (t.name.get(lang)) } }).collect()
    };
    let pairs: Vec<(Text, Markup)> = Path::ALL
        .iter()
        .map(|p| (path_name(*p), links(*p)))
        .filter(|(_, l)| !l.is_empty())
        .map(|(name, l)| {
            (name, html! { @for (n, link) in l.iter().enumerate() { @if n > 0 { (if lang == Lang::Ja { "、" } else { ", " }) } (link) } })
        })
        .collect();
    html! { @if !pairs.is_empty() { (card(lang, &text("この項目を示せるもの", "What can show this item"), html! {}, facts(lang, &pairs))) } }
}

fn related(look: &Look) -> Markup {
    let lang = look.visit.lang;
    let list: Vec<&Item> = look.read.item().related.iter().filter_map(|no| look.case().sheet.item(*no)).collect();
    if list.is_empty() {
        return html! {};
    }
    card(
        lang,
        &text("関連する項目", "Related items"),
        html! {},
        html! { ul { @for item in list { li { (related_item(look, item.no, item.title.get(lang))) } } } },
    )
}

/// A related item with its state, and the way to take over its answer where this one has none.
fn related_item(look: &Look, no: ItemNo, title: &str) -> Markup {
    let lang = look.visit.lang;
    let case = look.case();
    let Some((_, facts)) = case.item(no) else { return html! {} };
    let empty_here = !look.read.facts().is_answered();
    html! {
        a href=(with_side(case, urls::item(case.facts.case.id, no))) { (no) " " (title) } " "
        @if case.side == Side::Applicant { (status_tag(lang, facts.work.status)) " " } (verdict_tag(lang, &case.sheet, facts))
        @if look.may_write() && empty_here && facts.is_answered() {
            form method="post" action=(look.act("copy")) {
                (csrf(&look.visit.csrf))
                input type="hidden" name="from" value=(no);
                (Button::new(Kind::Secondary, text("ここから転記する", "Copy from there")).small().about(worded(format!("項目{no}"), format!("item {no}"))).submit(lang))
            }
        }
    }
}
