//! The periodic review of the ledger: what was looked at, what was found, when the next is due (item 107).

use app::log_review::shows_items_of;
use app::read::ledger_reviews::{ReviewRead, ReviewsRead};
use axum::http::StatusCode;
use jiff::SignedDuration;
use maud::{Markup, html};
use rules::command::Command;
use rules::id::{self, Id};
use rules::log::LogQuery;
use rules::party::Role;
use rules::policy::Side;
use rules::refusal::Refusal;
use rules::text::{Lang, Text, text, worded};

use super::form::{Again, Form, act, saved_at, saved_notice, settle};
use super::ledger::{READERS, maybe_time, title};
use super::ledger_kinds::{KINDS, kind_name};
use super::ledger_query::{accounts, at, moment_of, moment_text, navigation, whose, whose_name, whose_word};
use super::signs::{date, moment, time};
use crate::components::{
    Area, Choice, Column, Crumb, Input, Kind, Row, Table, Tile, Tone, actions, checkbox, csrf, empty, facts, input_field, link_button,
    select, submit, table, tag, textarea, tiles,
};
use crate::route::{Answer, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/ledger/reviews", READERS, show),
    post("/ledger/reviews", READERS, save),
    get("/ledger/reviews/review.json", READERS, as_json),
    post("/ledger/reviews/attach", READERS, attach),
];

/// A month, as a first proposal for the time that is reviewed.
const MONTH: SignedDuration = SignedDuration::from_hours(24 * 30);

fn here() -> Text {
    text("台帳のレビュー", "Reviews of the ledger")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let whose = whose(visit)?;
    let wanted: Option<Id<id::LogReview>> = visit.query.read("review")?;
    Ok(match wanted {
        Some(id) => one(visit, &visit.app.log_review(visit.actor()?, whose, id)?, None)?.into(),
        None => page(visit, None)?.into(),
    })
}

fn page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let (lang, whose) = (visit.lang, whose(visit)?);
    let read = visit.app.log_reviews(visit.actor()?, whose)?;
    let last = read.reviews.first().map(|r| rules::act::japan(r.review.at).date().to_string());
    let main = html! {
        (navigation(visit, whose, &urls::ledger_reviews())?)
        (saved_notice(visit, ""))
        (tiles(lang, &[
            Tile::new(text("前回", "Last review"), last.unwrap_or_else(|| text("未実施", "Never").get(lang).to_owned())),
            Tile::new(text("次回の期限", "Next due"), read.due).tone(if read.overdue { Tone::Danger } else { Tone::Info }),
        ]))
        // Whoever reads both ledgers reviews their organisation's here: the other is its own page's.
        @if app::read::ledger::WhoseLedger::of(visit.actor()?).first() == Some(&whose) { (form(visit, &read, again)?) }
        h2 { (text("これまでのレビュー", "Past reviews").get(lang)) }
        (past(lang, &read))
    };
    let mut page = visit.page(here(), main);
    page.breadcrumb = vec![Crumb::link(title(), urls::ledger()), Crumb::here(here())];
    Ok(page)
}

fn form(visit: &Visit, read: &ReviewsRead, again: Again) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let form = Form::new(visit, "review", again);
    let choices = visit.app.ledger_choices(visit.actor()?)?;
    let now = visit.app.clock.now();
    let now = jiff::Timestamp::from_second(now.as_second()).unwrap_or(now);
    let since = read.reviews.first().map_or(now - MONTH, |r| r.review.until);
    let (since, now) = (moment_text(Some(since)), moment_text(Some(now)));
    let kinds: Vec<Choice> = KINDS.iter().map(|(kind, name)| Choice::new(*kind, name.clone())).collect();
    Ok(html! {
        h2 { (text("レビューを記録する", "Record a review").get(lang)) }
        p { (text("「記録」の画面で期間の記録を確認してから、結果を残してください。条件に当てはまる件数は自動で数えます。", "Look at the lines of the time first, then record what you found. The lines that fit are counted for you.").get(lang)) }
        form method="post" action=(urls::ledger_reviews()) data-submit-key data-keep="log-review" {
            (csrf(&visit.csrf))
            (form.summary())
            input type="hidden" name="ledger" value=(whose_word(read.whose));
            (input_field(lang, Input::Moment, &form.field("from", text("対象期間の開始（日本時間）", "From (Japan)"), &since).required()))
            (input_field(lang, Input::Moment, &form.field("until", text("対象期間の終了（日本時間）", "Until (Japan)"), &now).required()))
            (select(lang, &form.field("who", text("利用者（空欄はすべて）", "Account, or all"), ""), &accounts(&choices, "")))
            (select(lang, &form.field("kind", text("出来事（空欄はすべて）", "What happened, or all"), ""), &kinds))
            (checkbox(lang, &form.field("anomaly", text("異常または不審な記録があった", "Something is wrong or doubtful"), "on"), form.is_on("anomaly", false)))
            (textarea(lang, Area { rows: 4, limit: Some(2000), key: None }, &form.field("finding", text("所見", "Finding"), "").required()))
            (actions(submit(lang, Kind::Primary, &text("レビューを記録する", "Record the review"))))
        }
    })
}

fn anomaly(lang: Lang, anomaly: bool) -> Markup {
    if anomaly {
        tag(lang, Tone::Danger, &text("異常あり", "Anomaly"))
    } else {
        tag(lang, Tone::Success, &text("異常なし", "None"))
    }
}

fn period(read: &ReviewRead) -> Markup {
    html! { (time(read.review.from)) " – " (time(read.review.until)) }
}

fn past(lang: Lang, read: &ReviewsRead) -> Markup {
    if read.reviews.is_empty() {
        return empty(
            lang,
            &text("レビューの記録はまだありません", "No reviews yet"),
            &text(
                "例: 月に一度、サインインの失敗と権限の変更を確認し、その結果をここに残します。",
                "For example: once a month, failed sign-ins and changed rights are looked at, and the result stays here.",
            ),
            html! {},
        );
    }
    let columns = vec![
        Column::new(text("実施日時", "Done at")),
        Column::new(text("実施者", "By")),
        Column::new(text("対象期間", "Time")),
        Column::new(text("件数", "Lines")).number(),
        Column::new(text("結果", "Result")),
        Column::new(text("次回の期限", "Next due")),
    ];
    let rows = read.reviews.iter().map(|of| {
        Row::new(vec![
            html! { a href=(urls::ledger_review(of.review.id, whose_word(read.whose))) data-row { (moment(of.review.at)) } },
            html! { (of.by_name) },
            period(of),
            html! { (of.review.lines) },
            anomaly(lang, of.review.anomaly),
            date(of.review.next),
        ])
    });
    table(lang, &Table::new(text("これまでのレビュー", "Past reviews"), columns, rows.collect()).caption_hidden())
}

/// The open cases of the visitor's organisation to which a review can be attached.
fn open_cases(visit: &Visit) -> Result<Vec<Choice<'static>>, app::Error> {
    if !visit.has(Role::Officer) {
        return Ok(vec![]);
    }
    let cases = visit.app.cases(visit.actor()?, None)?.into_iter();
    let takes = cases.filter(|c| c.side == Side::Applicant && c.case.state.is_open_to_applicant() && shows_items_of(&c.case.sheet));
    Ok(takes
        .map(|c| Choice::new(c.case.id.to_string(), worded(format!("{}（{}）", c.product, c.body), format!("{} ({})", c.product, c.body))))
        .collect())
}

/// One button that makes the review a document among the evidence, with its claims.
fn attaching(visit: &Visit, read: &ReviewRead, again: Again) -> Result<Markup, app::Error> {
    let (lang, cases) = (visit.lang, open_cases(visit)?);
    let Some(first) = cases.first().map(|c| c.value.to_string()) else { return Ok(html! {}) };
    let form = Form::new(visit, "attach", again);
    Ok(html! {
        section id="attach" {
            h2 { (text("証跡として添付する", "Attach as evidence").get(lang)) }
            p { (text("このレビューを文書として証跡に登録し、案件の項目107、108、111に紐付けます。", "The review becomes a document among the evidence, claimed for items 107, 108 and 111 of the case.").get(lang)) }
            form.narrow method="post" action=(urls::ledger_review_attach()) data-submit-key {
                (csrf(&visit.csrf))
                (form.summary())
                input type="hidden" name="ledger" value=(whose_word(whose(visit)?));
                input type="hidden" name="review" value=(read.review.id);
                (select(lang, &form.field("case", text("案件", "Case"), &first).required(), &cases))
                (actions(submit(lang, Kind::Primary, &text("証跡として添付する", "Attach as evidence"))))
            }
        }
    })
}

fn attach(visit: &Visit) -> Result<Answer, app::Error> {
    let (form, whose) = (&visit.form, whose(visit)?);
    let review: Id<id::LogReview> = form.need("review")?;
    let read = visit.app.log_review(visit.actor()?, whose, review)?;
    let attached = || visit.app.attach_review(visit.actor()?, whose, review, form.need("case")?);
    let done = attached().map(|_| saved_at(&urls::ledger_review(review, whose_word(whose))));
    settle(done, |refusal| one(visit, &read, Some(("attach", refusal))))
}

fn one(visit: &Visit, read: &ReviewRead, again: Again) -> Result<Page, app::Error> {
    let (lang, whose) = (visit.lang, whose(visit)?);
    let review = &read.review;
    let kind = review.query.kind.as_deref().map(kind_name);
    let main = html! {
        (saved_notice(visit, ""))
        (facts(lang, &[
            (text("台帳", "Ledger"), html! { (whose_name(whose).get(lang)) }),
            (text("実施日時", "Done at"), time(review.at)),
            (text("実施者", "By"), html! { (read.by_name) }),
            (text("対象期間（日本時間）", "Time (Japan)"), html! { (maybe_time(Some(review.from))) " – " (maybe_time(Some(review.until))) }),
            (text("出来事", "What happened"), html! { @match &kind { Some(kind) => (kind.get(lang)), None => (text("すべて", "All").get(lang)) } }),
            (text("当てはまった件数", "Lines found"), html! { (review.lines) " " a href=(at(&urls::ledger(), whose, &review.query)) { (text("記録を見る", "See the lines").get(lang)) } }),
            (text("結果", "Result"), anomaly(lang, review.anomaly)),
            (text("所見", "Finding"), html! { p.prose lang="ja" { (review.finding) } }),
            (text("次回の期限", "Next due"), date(review.next)),
            (text("記録番号", "Id"), html! { code { (review.id) } }),
        ]))
        (attaching(visit, read, again)?)
    };
    let name = worded(format!("{} のレビュー", moment(review.at)), format!("Review of {}", moment(review.at)));
    let mut page = visit.page(name.clone(), main);
    page.breadcrumb = vec![Crumb::link(title(), urls::ledger()), Crumb::link(here(), urls::ledger_reviews()), Crumb::here(name)];
    page.corner = link_button(
        lang,
        Kind::Secondary,
        &text("JSONで保存する", "Save as JSON"),
        &urls::ledger_review_json(review.id, whose_word(whose)),
    );
    Ok(page)
}

fn save(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    let missing = |name| Refusal::invalid(name, text("日時を入力してください。", "Enter a time."));
    let some = |name: &str| Some(form.text(name).trim().to_owned()).filter(|t| !t.is_empty());
    let read = || -> Result<Command, Refusal> {
        Ok(Command::ReviewLog {
            from: moment_of(form, "from")?.ok_or_else(|| missing("from"))?,
            until: moment_of(form, "until")?.ok_or_else(|| missing("until"))?,
            query: LogQuery { actor: some("who"), kind: some("kind"), ..LogQuery::default() },
            anomaly: form.is_on("anomaly"),
            finding: form.text("finding").to_owned(),
        })
    };
    act(visit, read(), saved_at(&urls::ledger_reviews()), |refusal| page(visit, Some(("review", refusal))))
}

/// One review, or all of them, for a bundle of evidence.
fn as_json(visit: &Visit) -> Result<Answer, app::Error> {
    let whose = whose(visit)?;
    let wanted: Option<Id<id::LogReview>> = visit.query.read("review")?;
    let body = match wanted {
        Some(id) => serde_json::to_value(visit.app.log_review(visit.actor()?, whose, id)?),
        None => serde_json::to_value(visit.app.log_reviews(visit.actor()?, whose)?.reviews),
    };
    let body = body.map_err(|e| app::Error::Broken(format!("a review cannot be written: {e}")))?;
    Ok(Answer::Json(StatusCode::OK, body))
}
