//! The rounds of a case: what was submitted, sealed and for ever the same, and what changed between two of them.

use app::read::case::{CaseRead, RoundDiff};
use maud::{Markup, html};
use rules::case::Round;
use rules::id::{self, Id};
use rules::item::ItemFacts;
use rules::policy::Side;
use rules::refusal::Refusal;
use rules::sheet::Item;
use rules::text::{Lang, Text, text, worded};

use super::{contents, signs};
use crate::components::{
    Choice, Column, Field, Kind, NavLink, Row, Table, Tone, details, diff, empty, facts, notice, select, submit, table, tabs, tag,
};
use crate::route::{Answer, Guard, Route, get};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/cases/{case}/rounds", Guard::SignedIn, list),
    get("/cases/{case}/rounds/compare", Guard::SignedIn, compare),
    get("/cases/{case}/rounds/{n}", Guard::SignedIn, show),
];

type CaseId = Id<id::Case>;

const TITLE: Text = text("ラウンドの記録", "Rounds");

fn page_of(case: CaseId, side: Side, page: &str) -> String {
    let mark = if page.contains('?') { '&' } else { '?' };
    format!("{}{mark}side={}", urls::case_page(case, &format!("rounds{page}")), urls::side_word(side))
}

/// Rounds are the two sides'; an institution reads the outcome.
fn of_two_sides(case: CaseRead) -> Result<CaseRead, Refusal> {
    if case.side == Side::Institution { Err(Refusal::not_found()) } else { Ok(case) }
}

fn list(visit: &Visit) -> Result<Answer, app::Error> {
    let case = of_two_sides(visit.app.case(visit.actor()?, visit.param("case")?, visit.query.word("side")?)?)?;
    let mut page = visit.page(TITLE, list_view(visit, &case));
    page.breadcrumb = contents::crumbs(&case, TITLE);
    page.lead = Some(text("申請した内容は封印され、あとから変わることはありません。", "What was submitted is sealed and never changes."));
    Ok(page.into())
}

fn list_view(visit: &Visit, case: &CaseRead) -> Markup {
    let lang = visit.lang;
    let id = case.facts.case.id;
    if case.facts.rounds.is_empty() {
        return empty(
            lang,
            &text("まだ申請していません", "Nothing was submitted yet"),
            &text("申請すると、その時点の内容がここに残ります。", "Once submitted, what stood then is kept here."),
            html! {},
        );
    }
    let columns = vec![
        Column::new(text("回", "Round")),
        Column::new(text("申請", "Submitted")),
        Column::new(text("受付", "Accepted")),
        Column::new(text("改善依頼", "Returned")),
        Column::new(text("戻した項目", "Items returned")),
        Column::new(text("封印のダイジェスト（SHA-256）", "Digest of the seal (SHA-256)")),
    ];
    let moment = |at: Option<_>| at.map_or_else(|| html! { "—" }, signs::time);
    let rows = case.facts.rounds.iter().map(|round| {
        Row::new(vec![
            html! { a href=(page_of(id, case.side, &format!("/{}", round.n))) data-row { (round_name(round.n).get(lang)) } },
            html! { (signs::time(round.submitted)) " " span.small { (case.name(round.submitted_by)) } },
            moment(round.accepted),
            moment(round.returned),
            returned_items(lang, round),
            html! { code title=(round.digest) { (round.digest.to_string()[..16]) "…" } },
        ])
    });
    html! {
        (table(lang, &Table::new(TITLE, columns, rows.collect()).caption_hidden()))
        @for round in case.facts.rounds.iter().filter(|r| !r.message.is_empty()) {
            h2 { (worded(format!("第{}回の改善依頼のメッセージ", round.n), format!("Message with the return of round {}", round.n)).get(lang)) }
            p.prose { (round.message) }
        }
        @if case.facts.rounds.len() > 1 { (compare_form(lang, case, 0, 0)) }
    }
}

fn round_name(n: u32) -> Text {
    worded(format!("第{n}回"), format!("Round {n}"))
}

fn returned_items(lang: Lang, round: &Round) -> Markup {
    html! {
        @match (&round.returned, &round.flagged) {
            (None, _) => { "—" },
            (Some(_), None) => { (text("すべて", "All").get(lang)) },
            (Some(_), Some(items)) => { (worded(format!("{}件", items.len()), format!("{}", items.len())).get(lang)) },
        }
    }
}

/// `from` and `to` are what is compared now; 0 chooses the last two.
fn compare_form(lang: Lang, case: &CaseRead, from: u32, to: u32) -> Markup {
    let last = case.facts.case.round;
    let choices: Vec<Choice> = case.facts.rounds.iter().map(|r| Choice::new(r.n.to_string(), round_name(r.n))).collect();
    let (from, to) = if from == 0 { (last.saturating_sub(1).to_string(), last.to_string()) } else { (from.to_string(), to.to_string()) };
    html! {
        form.filter method="get" action=(urls::case_page(case.facts.case.id, "rounds/compare")) {
            input type="hidden" name="side" value=(urls::side_word(case.side));
            (select(lang, &Field::new("from", text("比べる元", "From")).value(&from).required(), &choices))
            (select(lang, &Field::new("to", text("比べる先", "To")).value(&to).required(), &choices))
            (submit(lang, Kind::Secondary, &text("違いを見る", "Compare")))
        }
    }
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let n = visit.param("n")?;
    let case = of_two_sides(visit.app.round(visit.actor()?, visit.param("case")?, visit.query.word("side")?, n)?)?;
    let round = case.facts.rounds.iter().find(|r| r.n == n).ok_or(Refusal::not_found())?;
    let title = worded(format!("第{n}回の申請内容"), format!("Round {n} as submitted"));
    let mut page = visit.page(title.clone(), round_view(visit, &case, round));
    page.breadcrumb = contents::crumbs(&case, title);
    Ok(page.into())
}

fn round_view(visit: &Visit, case: &CaseRead, round: &Round) -> Markup {
    let lang = visit.lang;
    let id = case.facts.case.id;
    let links: Vec<NavLink> = case
        .facts
        .rounds
        .iter()
        .map(|r| NavLink::new(round_name(r.n), page_of(id, case.side, &format!("/{}", r.n))).current(r.n == round.n))
        .collect();
    html! {
        (tabs(lang, &TITLE, &links))
        (notice(lang, Tone::Info, &text("封印された申請内容です。閲覧のみで、変更はできません。", "This is sealed: it can be read, not changed."), html! {}))
        (facts(lang, &[
            (text("申請", "Submitted"), html! { (signs::time(round.submitted)) " " (case.name(round.submitted_by)) }),
            (text("封印のダイジェスト（SHA-256）", "Digest of the seal (SHA-256)"), html! { code { (round.digest) } }),
        ]))
        @for (item, own) in case.sheet.items.iter().zip(&case.items).filter(|(_, own)| own.is_answered() || !own.claims.is_empty()) {
            (submitted_item(lang, item, own))
        }
    }
}

/// 253 items stay light: each folded under its title.
fn submitted_item(lang: Lang, item: &Item, own: &ItemFacts) -> Markup {
    details(
        lang,
        &worded(format!("{}. {}", item.no, item.title.ja), format!("{}. {}", item.no, item.title.en)),
        false,
        html! {
            @if let Some(given) = &own.answer { (contents::answer_body(lang, item, given)) }
            @if !own.claims.is_empty() { p.prose { strong { (text("証跡", "Evidence").get(lang)) ": " } (contents::claims_text(&own.claims)) } }
        },
    )
}

fn compare(visit: &Visit) -> Result<Answer, app::Error> {
    let (case, side) = (visit.param("case")?, visit.query.word("side")?);
    let (from, to) = (visit.query.need("from")?, visit.query.need("to")?);
    let (case, diffs) = visit.app.compare_rounds(visit.actor()?, case, side, from, to)?;
    let case = of_two_sides(case)?;
    let title = worded(format!("第{from}回と第{to}回の違い"), format!("From round {from} to round {to}"));
    let main = html! {
        (compare_form(visit.lang, &case, from, to))
        @if diffs.is_empty() { (empty(visit.lang, &text("違いはありません", "There is no difference"), &text("回答と証跡は同じです。", "Answers and evidence are the same."), html! {})) }
        @else { p { (worded(format!("{}項目に違いがあります。", diffs.len()), format!("{} items differ.", diffs.len())).get(visit.lang)) } }
        @for changed in &diffs { (difference(visit.lang, &case, changed)) }
    };
    let mut page = visit.page(title.clone(), main);
    page.breadcrumb = contents::crumbs(&case, title);
    Ok(page.into())
}

fn difference(lang: Lang, case: &CaseRead, changed: &RoundDiff) -> Markup {
    let Some(item) = case.sheet.item(changed.no) else { return html! {} };
    let (old, new) = (
        contents::answer_text(lang, item, changed.before.answer.as_ref()),
        contents::answer_text(lang, item, changed.after.answer.as_ref()),
    );
    let (old_claims, new_claims) = (contents::claims_text(&changed.before.claims), contents::claims_text(&changed.after.claims));
    html! {
        section {
            h2 { (item.no) ". " (item.title.get(lang)) }
            @if !changed.before.is_answered() { p { (tag(lang, Tone::Info, &text("新しい回答", "New answer"))) } }
            @if old != new { (diff(lang, &old, &new)) }
            @if old_claims != new_claims { h3 { (text("証跡", "Evidence").get(lang)) } (diff(lang, &old_claims, &new_claims)) }
        }
    }
}
