//! The applicability profile of a product: yes-or-no questions, and the items that a no proposes as 対象外.

use std::collections::BTreeMap;
use std::sync::Arc;

use maud::{Markup, html};
use rules::sheet::{Question, Sheet};
use rules::text::{Text, text};

use crate::components::{Choice, Column, Field, Row, Table, radios, table};
use crate::urls;
use crate::visit::Visit;

/// The prefix of a question's field.
const FIELD: &str = "q.";

/// Questions under one heading, with the sheet they belong to.
struct Group {
    heading: Text,
    sheet: Arc<Sheet>,
    questions: Vec<Question>,
}

/// Every question of every sheet, once.
pub(super) fn questions(visit: &Visit) -> Result<Vec<Question>, app::Error> {
    Ok(groups(visit)?.into_iter().flat_map(|g| g.questions).collect())
}

/// By the category of the first item a question decides; those that decide nothing come last.
fn groups(visit: &Visit) -> Result<Vec<Group>, app::Error> {
    let mut out: Vec<Group> = vec![];
    let mut seen: Vec<String> = vec![];
    for sheet in visit.app.sheets(visit.actor()?)? {
        let heading = |q: &Question| {
            let first = q.decides.first().and_then(|no| sheet.item(*no));
            first.and_then(|i| sheet.minor(&i.minor)).map(|(_, minor)| minor.name.clone())
        };
        let place = |q: &Question| q.decides.first().map_or(u16::MAX, |no| no.0);
        let mut sorted: Vec<&Question> = sheet.questions.iter().filter(|q| !seen.contains(&q.id)).collect();
        sorted.sort_by_key(|q| place(q));
        for question in sorted {
            let name = heading(question).unwrap_or(text("対象外の提案に使わない質問", "Questions that decide nothing"));
            match out.iter_mut().find(|g| g.heading == name && g.sheet.id == sheet.id) {
                Some(group) => group.questions.push(question.clone()),
                None => out.push(Group { heading: name, sheet: sheet.clone(), questions: vec![question.clone()] }),
            }
            seen.push(question.id.clone());
        }
    }
    Ok(out)
}

/// The items that a no proposes, as links.
fn decides(visit: &Visit, sheet: &Sheet, question: &Question) -> Markup {
    let lang = visit.lang;
    html! {
        p.small {
            @if question.decides.is_empty() {
                (text("この質問で対象外になる項目はありません。", "This question puts no item out of scope.").get(lang))
            } @else {
                (text("「いいえ」で対象外を提案する項目: ", "A no proposes as out of scope: ").get(lang))
                @for (at, no) in question.decides.iter().enumerate() {
                    @if at > 0 { (if lang == rules::text::Lang::Ja { "、" } else { ", " }) }
                    a href=(urls::sheet_item(&sheet.id, *no)) { (no) @if let Some(item) = sheet.item(*no) { " " (item.title.get(lang)) } }
                }
            }
        }
    }
}

/// The questions as radio buttons; `again` shows what was typed instead of what stands.
pub(super) fn form(visit: &Visit, profile: &BTreeMap<String, bool>, again: bool) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let choices =
        [Choice::new("yes", text("はい", "Yes")), Choice::new("no", text("いいえ", "No")), Choice::new("", text("未回答", "Not answered"))];
    let stands = |q: &Question| match profile.get(&q.id) {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    let groups = groups(visit)?;
    Ok(html! {
        h2 { (text("適用範囲の質問", "Questions about the product").get(lang)) }
        p { (text("「いいえ」の質問に応じて、対象外となる項目を理由とともに提案します。提案は案件の画面で確認してから確定します。分からない質問は未回答のままにできます。", "A no proposes items as out of scope, with the reason; in the case a person accepts each proposal. Leave open what you do not know.").get(lang)) }
        @for group in &groups {
            section {
                h3 { (group.heading.get(lang)) }
                @for question in &group.questions {
                    @let name = format!("{FIELD}{}", question.id);
                    @let value = if again { visit.form.text(&name) } else { stands(question) };
                    div.question {
                        (radios(lang, &Field::new(&name, question.question.clone()).hint(question.help.clone()).value(value), &choices, true))
                        (decides(visit, &group.sheet, question))
                    }
                }
            }
        }
    })
}

/// What the form says; an unanswered question is left out.
pub(super) fn written(visit: &Visit) -> BTreeMap<String, bool> {
    let answer = |value: &str| match value {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    visit.form.0.iter().filter_map(|(name, value)| Some((name.strip_prefix(FIELD)?.to_owned(), answer(value)?))).collect()
}

/// The answers, for somebody who may not change them.
pub(super) fn read(visit: &Visit, profile: &BTreeMap<String, bool>) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let said = |q: &Question| match profile.get(&q.id) {
        Some(true) => text("はい", "Yes"),
        Some(false) => text("いいえ", "No"),
        None => text("未回答", "Not answered"),
    };
    let rows =
        questions(visit)?.into_iter().map(|q| Row::new(vec![html! { (q.question.get(lang)) }, html! { (said(&q).get(lang)) }])).collect();
    let columns = vec![Column::new(text("質問", "Question")), Column::new(text("回答", "Answer"))];
    Ok(table(lang, &Table::new(text("適用範囲の質問", "Questions about the product"), columns, rows)))
}
