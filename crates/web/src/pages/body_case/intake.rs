//! Taking a round in, the evaluators of the case, and the due date.

use maud::{Markup, html};
use rules::case::{Assignment, Part};
use rules::command::Kind as Act;
use rules::text::{Lang, Text, text, worded};

use super::Look;
use crate::components::{
    Button, Choice, Column, Kind, Row, Table, Tone, csrf, date_field, details, radios, select, submit, table, tag, text_field,
};
use crate::pages::signs;
use crate::pages::word;

/// Accepting a submitted round; the first time it gives the 整理番号.
pub fn accept(look: &Look) -> Markup {
    let (lang, facts) = (look.visit.lang, &look.case.facts);
    if !look.may(Act::AcceptRound) {
        return html! {};
    }
    let form = look.form("accept");
    let submitted = facts.round();
    html! {
        h2 { (worded(format!("第{}回の受付", facts.case.round), format!("Accept round {}", facts.case.round)).get(lang)) }
        @if let Some(round) = submitted { p { (look.case.name(round.submitted_by)) " · " (signs::time(round.submitted)) } }
        form.narrow method="post" action=(look.to("accept")) data-submit-key {
            (csrf(&look.visit.csrf))
            @if facts.case.number.is_none() {
                (text_field(lang, &form.field("number", text("整理番号", "Reference number"), "").hint(worded(format!("空欄にすると自動で付番します（{}-年-番号）。", facts.settings.number_prefix), format!("Left empty, the next one is given ({}-year-number).", facts.settings.number_prefix)))))
            }
            (submit(lang, Kind::Primary, &text("受付する", "Accept")))
        }
    }
}

pub const fn part_name(part: Part) -> Text {
    match part {
        Part::First => text("主担当", "First evaluator"),
        Part::Second => text("第2評価者", "Second evaluator"),
    }
}

fn interest(lang: Lang, assignment: &Assignment) -> Markup {
    match &assignment.interest {
        None => tag(lang, Tone::Warn, &text("未申告", "Not declared yet")),
        Some(own) if own.conflict => tag(lang, Tone::Danger, &text("利益相反あり", "Conflict of interest")),
        Some(own) => {
            html! { (tag(lang, Tone::Success, &text("利益相反なし", "No conflict"))) @if !own.statement.is_empty() { " " span.small { (own.statement) } } }
        }
    }
}

/// Who evaluates, what they declared, and the forms to change it.
pub fn evaluators(look: &Look) -> Markup {
    let (lang, facts) = (look.visit.lang, &look.case.facts);
    let may_release = look.may(Act::ReleaseEvaluator);
    let mut columns = vec![
        Column::new(text("評価者", "Evaluator")),
        Column::new(text("役割", "Part")),
        Column::new(text("利益相反の申告", "Declaration of interests")),
    ];
    columns.extend(may_release.then(|| Column::new(text("操作", "Action"))));
    let rows = facts.assignments.iter().map(|own| {
        let name = look.case.name(own.person);
        let mut cells = vec![html! { (name) }, html! { (part_name(own.part).get(lang)) }, interest(lang, own)];
        cells.extend(may_release.then(|| release(look, own, name)));
        Row::new(cells)
    });
    html! {
        h2 { (text("評価者", "Evaluators").get(lang)) }
        @if facts.assignments.is_empty() { p.muted { (text("まだ割り当てられていません。", "Nobody is assigned yet.").get(lang)) } }
        @else { (table(lang, &Table::new(text("評価者", "Evaluators"), columns, rows.collect()).caption_hidden())) }
        @if look.may(Act::AssignEvaluator) { (assign(look)) }
    }
}

fn release(look: &Look, own: &Assignment, name: &str) -> Markup {
    html! {
        form method="post" action=(look.to("release")) {
            (csrf(&look.visit.csrf))
            input type="hidden" name="person" value=(own.person);
            (Button::new(Kind::Quiet, text("解除", "Release")).small().about(worded(name.to_owned(), name.to_owned())).submit(look.visit.lang))
        }
    }
}

fn assign(look: &Look) -> Markup {
    let lang = look.visit.lang;
    let form = look.form("assign");
    let people: Vec<Choice> =
        look.case.evaluators.iter().map(|(id, name)| Choice::new(id.to_string(), worded(name.clone(), name.clone()))).collect();
    let parts: Vec<Choice> = [Part::First, Part::Second].iter().map(|p| Choice::new(word(p), part_name(*p))).collect();
    let open = form.refused.is_some() || look.case.facts.assignments.is_empty();
    details(
        lang,
        &text("評価者を割り当てる", "Assign an evaluator"),
        open,
        html! {
            form.narrow method="post" action=(look.to("assign")) {
                (csrf(&look.visit.csrf))
                (select(lang, &form.field("person", text("評価者", "Evaluator"), "").required(), &people))
                (radios(lang, &form.field("part", text("役割", "Part"), &word(&Part::First)).required(), &parts, true))
                (submit(lang, Kind::Secondary, &text("割り当てる", "Assign")))
            }
        },
    )
}

/// By when the side whose turn it is has to be done.
pub fn due(look: &Look) -> Markup {
    let (lang, facts) = (look.visit.lang, &look.case.facts);
    if !look.may(Act::SetDue) {
        return html! {};
    }
    let form = look.form("due");
    let stands = facts.case.due.map(|d| d.to_string()).unwrap_or_default();
    html! {
        h2 { (text("期限", "Due date").get(lang)) }
        form.narrow method="post" action=(look.to("due")) {
            (csrf(&look.visit.csrf))
            (date_field(lang, &form.field("due", text("期限", "Due date"), &stands).hint(text("空欄にすると期限をなくします。例: 2026-04-30", "Empty removes it. For example 2026-04-30"))))
            (submit(lang, Kind::Secondary, &text("期限を保存", "Save the due date")))
        }
    }
}
