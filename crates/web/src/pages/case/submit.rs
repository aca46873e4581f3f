//! Submitting a round: what a careful reader would find first, then the seal.

use app::read::case::CaseRead;
use maud::{Markup, html};
use rules::command::{Command, Kind as Act};
use rules::id::ItemNo;
use rules::quality::{CHECKS, Remark};
use rules::refusal::Refusal;
use rules::text::{Lang, text, worded};

use super::super::form::{Again, Form, act, saved_at};
use super::{case_page, may, read};
use crate::components::{Button, Kind, Tile, Tone, actions, checkbox, csrf, details, notice, tiles};
use crate::route::Answer;
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

/// The page that asks before it seals.
pub fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None)?.into())
}

/// Seals the round, once the person said that they have read the remarks.
pub fn submit(visit: &Visit) -> Result<Answer, app::Error> {
    let case = visit.param("case")?;
    let read_it = visit.form.is_on("confirm");
    let command = if read_it {
        Ok(Command::SubmitRound { case })
    } else {
        Err(Refusal::invalid(
            "confirm",
            text("内容を確認して、チェックを入れてください。", "Tick the box to say that you have looked at it."),
        ))
    };
    act(visit, command, saved_at(&urls::case(case)), |refusal| page(visit, Some(("submit", refusal))))
}

fn page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let read = read(visit)?;
    if !may(visit, &read, Act::SubmitRound) {
        return Err(Refusal::forbidden().into());
    }
    if !read.facts.case.state.is_open_to_applicant() {
        return Err(Refusal::state(text("この案件は今、申請できる状態ではありません。", "The case cannot be submitted now.")).into());
    }
    let n = read.facts.case.round + 1;
    Ok(case_page(visit, &read, "submit", worded(format!("第{n}回の申請"), format!("Submit round {n}")), view(visit, &read, again)))
}

fn view(visit: &Visit, read: &CaseRead, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "submit", again);
    let counts = read.progress().total;
    let remarks = read.remarks();
    let of = worded(format!("/ {}項目", counts.items), format!("of {} items", counts.items));
    html! {
        (form.summary())
        (tiles(lang, &[
            Tile::new(text("回答済み", "Answered"), counts.answered).of(of.clone()),
            Tile::new(text("準備完了", "Ready"), counts.ready).of(of.clone()),
            Tile::new(text("証跡あり", "With evidence"), counts.with_evidence).of(of),
            Tile::new(text("指摘", "Remarks"), remarks.len()).tone(if remarks.is_empty() { Tone::Success } else { Tone::Warn }),
        ]))
        @if remarks.is_empty() {
            (notice(lang, Tone::Success, &text("品質チェックの指摘はありません。", "The quality check found nothing."), html! {}))
        } @else {
            h2 { (text("申請前の品質チェック", "Quality check before submitting").get(lang)) }
            p { (text("内容を確かめてください。改善策への回答がそろっていれば、ほかの指摘が残っていても申請できます。", "Look at these first. Improvements have to be answered; the other remarks do not stand against submitting.").get(lang)) }
            (remarks_by_check(lang, read, &remarks))
        }
        h2 { (text("申請する", "Submit").get(lang)) }
        p { (text("申請すると、この時点の回答と証跡が封印され、返却されるまで変更できません。", "Submitting seals the answers and evidence as they are now; they cannot be changed until the round is returned.").get(lang)) }
        form.narrow method="post" action=(urls::case_page(read.facts.case.id, "submit")) {
            (csrf(&visit.csrf))
            (checkbox(lang, &form.field("confirm", text("回答・証跡・上の指摘を確認しました", "I have looked at the answers, the evidence and the remarks above"), "").required(), form.is_on("confirm", false)))
            (actions(html! {
                (Button::new(Kind::Primary, text("申請する", "Submit")).submit(lang))
                (Button::new(Kind::Quiet, text("戻る", "Back")).link(lang, &urls::case(read.facts.case.id)))
            }))
        }
    }
}

/// The remarks, one group for each check, each line a link to its item.
fn remarks_by_check(lang: Lang, read: &CaseRead, remarks: &[Remark]) -> Markup {
    html! {
        @for check in CHECKS {
            @let found: Vec<&Remark> = remarks.iter().filter(|r| r.check == check.name).collect();
            @if let Some(first) = found.first() {
                // The same words for many items stand once.
                @let same = found.iter().all(|r| r.text == first.text);
                @let title = if same { first.text.clone() } else { group_name(check.name) };
                (details(lang, &worded(format!("{}（{}件）", title.ja, found.len()), format!("{} ({})", title.en, found.len())), found.len() <= 10, html! {
                    @if same { p { @for r in &found { (item_link(read, r.item)) " " } } }
                    @else { ul { @for r in &found { li { (item_link(read, r.item)) ": " (r.text.get(lang)) } } } }
                }))
            }
        }
    }
}

fn item_link(read: &CaseRead, no: ItemNo) -> Markup {
    html! { a href=(urls::item(read.facts.case.id, no)) { (no) } }
}

/// A heading for remarks whose words name a document or a sub-point.
fn group_name(check: &str) -> rules::text::Text {
    match check {
        "point_not_answered" => text("回答のない小項目", "Sub-points without answer"),
        "claim_without_page" => text("ページまたは箇所のない証跡", "Evidence without a page or section"),
        "claim_without_file" => text("ファイルのない証跡", "Evidence without a file"),
        "evidence_expired" => text("期限の切れた証跡", "Expired evidence"),
        "related_differ" => text("関連項目との食い違い", "Related items answered differently"),
        _ => text("指摘", "Remarks"),
    }
}
