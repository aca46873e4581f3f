//! One item of a case: what it asks, the answer, its evidence, the second look, the verdict and the talk about it.

mod acts;
mod answer_form;
mod beside;
mod claims;
mod past;
mod registers;
mod requirement;
mod talk;

use app::read::case::{CaseRead, ItemRead};
use maud::{Markup, html};
use rules::answer::writable;
use rules::command::Kind as Act;
use rules::id::ItemNo;
use rules::party::Role;
use rules::policy::Side;
use rules::refusal::Refusal;
use rules::text::{text, worded};

use super::case::{crumbs, may, only_seen, with_side};
use super::form::{Again, saved_notice};
use super::signs::{status_tag, verdict_tag};
use crate::components::{Button, Crumb, Kind, Shortcut, Tone, notice};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/cases/{case}/items/{no}", Guard::SignedIn, show),
    post("/cases/{case}/items/{no}/answer", Guard::SignedIn, acts::answer),
    post("/cases/{case}/items/{no}/confirm", Guard::SignedIn, acts::confirm),
    post("/cases/{case}/items/{no}/work", Guard::SignedIn, acts::work),
    post("/cases/{case}/items/{no}/claims", Guard::SignedIn, acts::claim),
    post("/cases/{case}/items/{no}/claims/withdraw", Guard::SignedIn, acts::withdraw),
    post("/cases/{case}/items/{no}/snapshot", Guard::SignedIn, acts::snapshot),
    post("/cases/{case}/items/{no}/copy", Guard::SignedIn, acts::copy),
    post("/cases/{case}/items/{no}/review", Guard::SignedIn, acts::review),
    post("/cases/{case}/items/{no}/improvement", Guard::SignedIn, acts::improvement),
    post("/cases/{case}/items/{no}/messages", Guard::SignedIn, acts::send),
];

fn number(visit: &Visit) -> Result<ItemNo, Refusal> {
    visit.param("no").map(ItemNo)
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None)?.into())
}

/// The item's page as one visitor sees it, with the form that was refused, if one was.
struct Look<'a> {
    visit: &'a Visit<'a>,
    read: &'a ItemRead,
    again: Again<'a>,
}

impl Look<'_> {
    fn case(&self) -> &CaseRead {
        &self.read.case
    }
    fn act(&self, act: &str) -> String {
        urls::item_act(self.case().facts.case.id, self.read.no, act)
    }
    /// Why the applicant cannot change the item now, if it is so.
    fn closed(&self) -> Option<Refusal> {
        writable(&self.case().facts, self.read.no).err()
    }
    /// A colleague changes the items given to them, an officer all.
    fn is_mine(&self) -> bool {
        let owner = self.read.facts().work.owner;
        self.visit.has(Role::Officer) || self.visit.signed.as_ref().is_some_and(|s| owner.is_some_and(|o| s.actor.is(o)))
    }
    fn may_write(&self) -> bool {
        self.case().side == Side::Applicant && self.closed().is_none() && self.is_mine() && may(self.visit, self.case(), Act::GiveAnswer)
    }
    /// The `data-keep` of the answer's form.
    fn keep(&self) -> String {
        format!("answer-{}-{}", self.case().facts.case.id, self.read.no)
    }
}

fn page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let read = visit.app.item(visit.actor()?, visit.param("case")?, visit.query.word("side")?, number(visit)?)?;
    let look = Look { visit, read: &read, again };
    let (case, item) = (look.case(), read.item());
    let mut page = visit.page(worded(format!("{} {}", item.no, item.title.ja), format!("{} {}", item.no, item.title.en)), view(&look)?);
    page.breadcrumb = crumbs(case, Some(worded(format!("項目{}", item.no), format!("Item {}", item.no))));
    page.breadcrumb.insert(2, Crumb::link(text("項目", "Items"), with_side(case, urls::case_page(case.facts.case.id, "items"))));
    page.lead = case
        .sheet
        .minor(&item.minor)
        .map(|(major, minor)| worded(format!("{} ／ {}", major.name.ja, minor.name.ja), format!("{} / {}", major.name.en, minor.name.en)));
    page.corner = html! { @if case.side == Side::Applicant { (status_tag(visit.lang, read.facts().work.status)) } (verdict_tag(visit.lang, &case.sheet, read.facts())) (neighbours(&look)) };
    page.notices = saved_notice(visit, &look.keep());
    page.aside = Some(beside::beside(&look));
    page.wide = true;
    page.shortcuts = vec![
        Shortcut::new("j / k", text("次・前の項目", "Next and previous item")),
        Shortcut::new("i", text("対応策の入力欄へ移る", "Go to the answer")),
    ];
    Ok(page)
}

/// The items before and after this one on the sheet.
fn around(read: &ItemRead) -> (Option<ItemNo>, Option<ItemNo>) {
    let items = &read.case.items;
    let at = items.partition_point(|f| f.no < read.no);
    (at.checked_sub(1).map(|n| items[n].no), items.get(at + 1).map(|f| f.no))
}

fn neighbours(look: &Look) -> Markup {
    let (before, after) = around(look.read);
    let link = |no| with_side(look.case(), urls::item(look.case().facts.case.id, no));
    let lang = look.visit.lang;
    html! {
        @if let Some(no) = before { (Button::new(Kind::Secondary, text("前の項目", "Previous")).small().key("k").link(lang, &link(no))) }
        @if let Some(no) = after { (Button::new(Kind::Secondary, text("次の項目", "Next")).small().key("j").link(lang, &link(no))) }
    }
}

fn view(look: &Look) -> Result<Markup, app::Error> {
    let claims = claims::claims(look)?;
    let registers = registers::registers(look)?;
    Ok(html! {
        (requirement::requirement(look))
        (talk::verdict(look))
        (standing(look))
        @if look.may_write() { (answer_form::form(look)) } @else { (answer_form::read_only(look)) }
        (claims)
        (registers)
        (talk::review(look))
        (talk::thread(look))
        (past::history(look))
    })
}

/// Why nothing can be changed here, for the applicant.
fn standing(look: &Look) -> Markup {
    if look.case().is_only_seen() {
        return only_seen(look.visit, look.case());
    }
    if look.case().side != Side::Applicant || look.may_write() {
        return html! {};
    }
    let why = match look.closed() {
        Some(refusal) => refusal.text,
        None => text("この項目の担当者ではないため、閲覧のみできます。", "The item is not yours: you can read it."),
    };
    notice(look.visit.lang, Tone::Info, &why, html! {})
}
