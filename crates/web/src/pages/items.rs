//! All items of a case in one dense list: filtered, grouped by category, and worked on many at a time.

mod bulk;
mod filter;

use std::collections::BTreeSet;

use app::read::case::CaseRead;
use maud::{Markup, html};
use rules::id::ItemNo;
use rules::item::ItemFacts;
use rules::policy::Side;
use rules::sheet::{Item, Major, Minor};
use rules::text::{Lang, Text, text, worded};

use self::filter::Filter;
use super::case::{case_page, read, with_side};
use super::form::{Again, Form, saved_notice};
use super::signs::{due, status_tag, verdict_tag};
use crate::components::{Tone, csrf, empty, row_checkbox, select_all, tag};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] =
    &[get("/cases/{case}/items", Guard::SignedIn, show), post("/cases/{case}/items", Guard::SignedIn, bulk::act_on_many)];

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None)?.into())
}

fn page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let read = read(visit)?;
    let bulk = bulk::forms(visit, &read, again)?;
    let overdue = match read.side {
        Side::Applicant if !read.is_only_seen() => visit.app.overdue_items(visit.actor()?)?.into_keys().collect(),
        _ => BTreeSet::new(),
    };
    let mut page = case_page(visit, &read, "items", text("項目", "Items"), view(visit, &read, bulk, again, &overdue));
    page.notices = saved_notice(visit, "");
    page.wide = true;
    Ok(page)
}

fn view(visit: &Visit, read: &CaseRead, bulk: Option<Markup>, again: Again, overdue: &BTreeSet<ItemNo>) -> Markup {
    let lang = visit.lang;
    let filter = Filter::of(visit);
    let shown: Vec<(&Item, &ItemFacts)> = read.sheet.items.iter().zip(&read.items).filter(|(i, f)| filter.takes(read, i, f)).collect();
    let total = read.items.len();
    let words = worded(format!("{total}項目中 {}項目", shown.len()), format!("{} of {total} items", shown.len()));
    let clear = with_side(read, urls::case_page(read.facts.case.id, "items"));
    html! {
        (filter.draw(visit, read, &clear))
        p.muted role="status" { (words.get(lang)) }
        @if shown.is_empty() {
            (empty(lang, &text("該当する項目はありません", "No item matches"), &text("条件を変えるか、条件を消してください。", "Change the filter or clear it."), html! {}))
        } @else if let Some(bulk) = bulk {
            (Form::new(visit, "many", again).summary())
            // The filter stays in the address, so that the same list comes back.
            form method="post" action=(visit.here) {
                (csrf(&visit.csrf))
                (bulk)
                (list(visit, read, &shown, true, overdue))
            }
        } @else {
            (list(visit, read, &shown, false, overdue))
        }
    }
}

/// The columns. Who does an item by when is the applicant's own business.
fn head(lang: Lang, ticks: bool, own: bool) -> Markup {
    let work = [text("状態", "Status"), text("担当者", "Owner"), text("期限", "Due")];
    let rest = [text("証跡", "Evidence"), text("判定結果", "Verdict"), text("質疑", "Questions")];
    let columns: Vec<Text> = [text("項目", "Item")].into_iter().chain(work.into_iter().filter(|_| own)).chain(rest).collect();
    html! {
        thead { tr {
            @if ticks { th scope="col" { (select_all(lang, "items")) } }
            th.number scope="col" { (text("番号", "No.").get(lang)) }
            @for column in &columns { th scope="col" { (column.get(lang)) } }
        } }
    }
}

/// One table with a group of rows for each 中分類.
fn list(visit: &Visit, read: &CaseRead, shown: &[(&Item, &ItemFacts)], ticks: bool, overdue: &BTreeSet<ItemNo>) -> Markup {
    let lang = visit.lang;
    let ticked: BTreeSet<&str> = visit.form.all("items").collect();
    let own = read.side == Side::Applicant;
    let span = 5 + 3 * usize::from(own) + usize::from(ticks);
    html! {
        div.table-frame role="group" tabindex="0" aria-label=(text("項目の一覧", "Items").get(lang)) {
            table data-rows {
                caption.hidden-text { (text("項目の一覧", "Items").get(lang)) }
                (head(lang, ticks, own))
                @for group in shown.chunk_by(|a, b| a.0.minor == b.0.minor) {
                    tbody {
                        @if let Some((major, minor)) = read.sheet.minor(&group[0].0.minor) {
                            tr { th colspan=(span) scope="rowgroup" { strong { (category(lang, major, minor)) } " " span.muted { (group.len()) } } }
                        }
                        @for (item, facts) in group { (row(lang, read, (item, facts), overdue.contains(&item.no), ticks.then(|| ticked.contains(item.no.to_string().as_str())))) }
                    }
                }
            }
        }
    }
}

fn category(lang: Lang, major: &Major, minor: &Minor) -> String {
    if major.name == minor.name { minor.name.get(lang).to_owned() } else { format!("{} / {}", major.name.get(lang), minor.name.get(lang)) }
}

fn row(lang: Lang, read: &CaseRead, (item, facts): (&Item, &ItemFacts), late: bool, tick: Option<bool>) -> Markup {
    let no = item.no;
    let href = if read.side == Side::Body && !read.is_only_seen() {
        urls::bench_item(read.facts.case.id, no)
    } else {
        with_side(read, urls::item(read.facts.case.id, no))
    };
    let overdue = facts.work.status != rules::answer::Status::Ready && facts.work.due.is_some_and(|d| d < read.today);
    html! {
        tr {
            @if let Some(ticked) = tick { td { (row_checkbox(lang, "items", &no.to_string(), &worded(format!("項目{no}を選択"), format!("Select item {no}")), ticked)) } }
            td.number { (no) }
            th scope="row" { a href=(href) data-row { (item.title.get(lang)) } (signs(lang, read, facts, late)) }
            @if read.side == Side::Applicant {
                td { (status_tag(lang, facts.work.status)) }
                td { @if let Some(owner) = facts.work.owner { (read.name(owner)) } }
                td { (due(lang, facts.work.due, overdue)) }
            }
            td.number { @if facts.claims.is_empty() { span.muted { "0" } } @else { (facts.claims.len()) } }
            td { (verdict_tag(lang, &read.sheet, facts)) }
            td.number { @if facts.messages > 0 { (facts.messages) } }
        }
    }
}

/// What is special about an item, in short words after its title.
fn signs(lang: Lang, read: &CaseRead, facts: &ItemFacts, late: bool) -> Markup {
    let copied = facts.answer.as_ref().is_some_and(|a| a.origin.awaits_confirmation());
    let out = facts.answer.as_ref().is_some_and(|a| a.content.out_of_scope.is_some());
    let sent_back = matches!((&facts.review, &facts.answer), (Some(r), Some(a)) if r.answer == a.pos && !r.ok);
    let improve = facts.verdict.as_ref().is_some_and(|v| !v.content.improvement.is_empty()) && !facts.improvement_is_answered();
    let list: [(bool, Tone, Text); 6] = [
        (late, Tone::Danger, text("要対応", "Needs attention")),
        (copied, Tone::Warn, text("未確認", "Not confirmed")),
        (out, Tone::Neutral, text("対象外", "Out of scope")),
        (read.changed(facts), Tone::Info, text("変更あり", "Changed")),
        (improve, Tone::Warn, text("改善策あり", "Improve")),
        (sent_back, Tone::Danger, text("社内差戻し", "Sent back")),
    ];
    html! { @for (on, tone, said) in &list { @if *on { " " (tag(lang, *tone, said)) } } }
}
