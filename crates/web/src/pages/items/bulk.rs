//! Work on many items at once: assign, confirm what was copied, attach a document, propose what is out of scope, copy.

use app::read::case::CaseRead;
use maud::{Markup, html};
use rules::answer::Status;
use rules::command::{Command, Kind as Act};
use rules::evidence::{ClaimContent, Evidence};
use rules::policy::Side;
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};

use super::super::case::may;
use super::super::form::{Again, Form, act, saved_at};
use super::super::word;
use super::page;
use crate::components::{Button, Choice, Input, Kind, actions, date_field, details, input_field, select, text_field};
use crate::route::Answer;
use crate::visit::Visit;

/// Does what the pressed button says with the ticked items.
pub fn act_on_many(visit: &Visit) -> Result<Answer, app::Error> {
    // Somebody may press the button again on the page that says "saved".
    let here = visit.here.replace("&saved=1", "").replace("?saved=1", "");
    act(visit, command(visit), saved_at(&here), |refusal| page(visit, Some(("many", refusal))))
}

fn command(visit: &Visit) -> Result<Command, Refusal> {
    let form = &visit.form;
    let case = visit.param("case")?;
    let items = form.each("items")?.into_iter().map(rules::id::ItemNo).collect::<Vec<_>>();
    match form.text("do") {
        "confirm" => Ok(Command::ConfirmAnswers { case, items }),
        "claim" => {
            let content = ClaimContent {
                evidence: Some(form.need("evidence")?),
                page: form.read("page")?,
                place: form.text("place").to_owned(),
                ..ClaimContent::default()
            };
            Ok(Command::MakeClaims { case, items, content })
        }
        "propose" => Ok(Command::ProposeOutOfScope { case }),
        // Without ticks every item is meant; none of them is overwritten.
        "copy" => Ok(Command::CopyAnswers { case, from: form.need("from")?, items: (!items.is_empty()).then_some(items) }),
        _ => {
            let (owner, due, status) = (form.read("owner")?, form.date("due")?, form.word::<Status>("status")?);
            if owner.is_none() && due.is_none() && status.is_none() {
                return Err(Refusal::invalid(
                    "owner",
                    text("担当者・期限・状態のうち、変えるものを選んでください。", "Choose what to set: owner, due date or status."),
                ));
            }
            Ok(Command::SetWork { case, items, owner, due, status })
        }
    }
}

fn named(name: &str) -> Text {
    worded(name, name)
}

/// The fields and buttons above the list; nothing where the visitor cannot change anything now.
pub fn forms(visit: &Visit, read: &CaseRead, again: Again) -> Result<Option<Markup>, app::Error> {
    if read.side != Side::Applicant || read.is_only_seen() || !read.facts.case.state.is_open_to_applicant() {
        return Ok(None);
    }
    let library = visit.app.library(visit.actor()?)?;
    let earlier = if may(visit, read, Act::CopyAnswers) { earlier_cases(visit, read)? } else { vec![] };
    let form = Form::new(visit, "many", again);
    let did = visit.form.text("do");
    let lang = visit.lang;
    Ok(Some(html! {
        @if may(visit, read, Act::SetWork) { (work(visit, read, form, did == "work")) }
        (claim(visit, &library, form, did == "claim"))
        (details(lang, &text("転記・提案", "Copy and propose"), did == "copy" || did == "confirm" || did == "propose", html! {
            (actions(html! {
                (Button::new(Kind::Secondary, text("選択した項目の転記・提案を確認済みにする", "Confirm the copied answers of the ticked items")).act("do", "confirm").submit(lang))
                @if may(visit, read, Act::ProposeOutOfScope) {
                    (Button::new(Kind::Secondary, text("適用範囲から対象外を提案する", "Propose what the profile puts out of scope")).act("do", "propose").submit(lang))
                }
            }))
            @if !earlier.is_empty() {
                (select(lang, &form.field("from", text("転記元の案件", "Copy from the case"), "").hint(text("選択した項目（なければ全項目）のうち、未回答のものに転記します。", "Fills the ticked items (or all) that have no answer yet.")), &earlier))
                (actions(Button::new(Kind::Secondary, text("回答を転記する", "Copy the answers")).act("do", "copy").submit(lang)))
            }
        }))
    }))
}

fn work(visit: &Visit, read: &CaseRead, form: Form, open: bool) -> Markup {
    let lang = visit.lang;
    let people: Vec<Choice> = read.colleagues.iter().map(|(id, name)| Choice::new(id.to_string(), named(name))).collect();
    let statuses: Vec<Choice> = Status::ALL.iter().map(|s| Choice::new(word(s), s.name())).collect();
    details(
        lang,
        &text("選択した項目の担当・期限・状態", "Owner, due date, status of the ticked items"),
        open,
        html! {
            div.columns {
                (select(lang, &form.field("owner", text("担当者", "Owner"), ""), &people))
                (date_field(lang, &form.field("due", text("期限", "Due"), "")))
                (select(lang, &form.field("status", text("状態", "Status"), ""), &statuses))
            }
            (actions(Button::new(Kind::Primary, text("選択した項目に設定する", "Set for the ticked items")).act("do", "work").submit(lang)))
        },
    )
}

fn claim(visit: &Visit, library: &[Evidence], form: Form, open: bool) -> Markup {
    let lang = visit.lang;
    let documents: Vec<Choice> = library
        .iter()
        .map(|e| {
            Choice::new(e.id.to_string(), worded(format!("{}（第{}版）", e.name, e.version), format!("{} (version {})", e.name, e.version)))
        })
        .collect();
    details(
        lang,
        &text("選択した項目に同じ証跡を付ける", "Attach one document to the ticked items"),
        open,
        html! {
            @if documents.is_empty() {
                p { (text("証跡がまだ登録されていません。", "There is no evidence yet.").get(lang)) " " a href=(crate::urls::library()) { (text("証跡を登録する", "Add evidence").get(lang)) } }
            } @else {
                div.columns {
                    (select(lang, &form.field("evidence", text("証跡", "Document"), ""), &documents))
                    (input_field(lang, Input::Number, &form.field("page", text("ページ", "Page"), "")))
                    (text_field(lang, &form.field("place", text("章・節など", "Section"), "")))
                }
                (actions(Button::new(Kind::Primary, text("選択した項目に付ける", "Attach to the ticked items")).act("do", "claim").submit(lang)))
            }
        },
    )
}

/// Other cases of the same provider and sheet.
fn earlier_cases(visit: &Visit, read: &CaseRead) -> Result<Vec<Choice<'static>>, app::Error> {
    let rows = visit.app.cases(visit.actor()?, None)?;
    let same =
        rows.into_iter().filter(|r| r.side == Side::Applicant && r.case.sheet == read.facts.case.sheet && r.case.id != read.facts.case.id);
    Ok(same
        .map(|r| {
            let number = r.case.number.as_deref().unwrap_or("―");
            let state = r.case.state.name();
            Choice::new(
                r.case.id.to_string(),
                worded(format!("{} {number}（{}）", r.product, state.ja), format!("{} {number} ({})", r.product, state.en)),
            )
        })
        .collect())
}
