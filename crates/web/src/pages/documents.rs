//! The documents of an organisation: which there are and how they stand, and one with its clauses, text and versions.

use app::read::documents::{ClauseRead, DocumentRead, DocumentRow};
use maud::{Markup, html};
use rules::document::paper::Section;
use rules::document::{Standing, State};
use rules::evidence::Label;
use rules::id::{self, Id};
use rules::refusal::Refusal;
use rules::text::{Lang, Text, text, worded};

use super::evidence::label_name;
use super::form::{Form, act, saved_at, saved_notice};
use super::registers::KEEPER;
use super::signs::{date, label_tone, time};
use super::word;
use crate::components::{
    Choice, Column, Crumb, Kind, Row, Table, Tone, card, csrf, facts, link_button, notice, paper, select, submit, table, tag,
};
use crate::route::{Answer, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] =
    &[get("/documents", KEEPER, index), get("/documents/{document}", KEEPER, show), post("/documents/{document}/propose", KEEPER, propose)];

pub fn heading() -> Text {
    text("文書", "Documents")
}

/// Where a version stands, as a tag.
pub fn state_tag(lang: Lang, state: State) -> Markup {
    let tone = match state {
        State::InForce => Tone::Success,
        State::Proposed | State::Coming => Tone::Info,
        State::Expired => Tone::Warn,
        State::Superseded | State::Withdrawn => Tone::Neutral,
    };
    tag(lang, tone, &state.name())
}

fn index(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = visit.lang;
    let all = visit.app.documents(visit.actor()?)?;
    let columns = vec![
        Column::new(text("文書", "Document")),
        Column::new(text("状態", "State")),
        Column::new(text("有効な版", "In force")).number(),
        Column::new(text("未記入", "Open answers")).number(),
        Column::new(text("答えのない項目", "Items without a clause")),
        Column::new(text("最新の版", "Newest version")),
        Column::new(text("次の見直し", "Next review")),
    ];
    let row = |r: &DocumentRow| {
        Row::new(vec![
            html! { a href=(urls::document_type(&r.document.id, "")) { (r.document.name.get(lang)) } p.small.muted { (r.document.about.get(lang)) } },
            standing(lang, r),
            html! { (r.in_force) },
            html! { (r.open) },
            html! { span.small { (gaps(lang, r)) } },
            html! { @if let Some((version, _)) = &r.newest { a href=(urls::paper(version.id, "")) { (version.number) } " " (time(version.at)) } @else { "—" } },
            html! { @if let Some(day) = r.review { (date(day)) } @else { "—" } },
        ])
    };
    let main = table(lang, &Table::new(heading(), columns, all.iter().map(row).collect()).caption_hidden());
    let mut page = visit.page(heading(), main);
    page.lead = Some(text(
        "条項に答え、版として提出し、別の人が承認します。承認した版は証跡になります。",
        "Answer the clauses, propose a version, and let another person approve it. An approved version is evidence.",
    ));
    Ok(page.into())
}

fn standing(lang: Lang, r: &DocumentRow) -> Markup {
    html! {
        @match &r.newest {
            Some((_, state)) => (state_tag(lang, *state)),
            None => (tag(lang, Tone::Neutral, &text("下書き", "Draft"))),
        }
        @if r.changed { " " (tag(lang, Tone::Warn, &text("版の後に変更あり", "Changed since"))) }
    }
}

fn gaps(lang: Lang, r: &DocumentRow) -> String {
    let all: Vec<String> = r.gaps.iter().map(|no| no.to_string()).collect();
    if all.is_empty() { text("なし", "None").get(lang).to_owned() } else { all.join(", ") }
}

/// The case whose answers the page shows, where one was chosen.
fn case(visit: &Visit) -> Option<Id<id::Case>> {
    visit.query.text("case").parse().ok()
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(document_page(visit, None)?.into())
}

fn propose(visit: &Visit) -> Result<Answer, app::Error> {
    let document: String = visit.param("document")?;
    let command = || {
        Ok(rules::command::Command::ProposeDocument {
            document: document.clone(),
            entry: visit.form.read("entry")?,
            case: visit.form.read("case")?,
            label: visit.form.word("label")?,
        })
    };
    act(visit, command(), saved_at(&urls::document_type(&document, "")), |refusal| document_page(visit, Some(refusal)))
}

fn document_page(visit: &Visit, refused: Option<&Refusal>) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let id: String = visit.param("document")?;
    let read = visit.app.document_read(visit.actor()?, &id, case(visit), lang)?;
    let document = read.row.document;
    let corner = |section: &Section| match read.clauses.iter().find(|c| section.anchor.ends_with(&format!("-{}", c.clause.id))) {
        Some(c) => {
            html! { p.small { a href=(urls::clause(&id, &c.clause.id)) { (text("変更する", "Change").get(lang)) span.hidden-text { ": " (section.heading) } } } }
        }
        None => html! {},
    };
    let main = html! {
        (Form::new(visit, "propose", refused.map(|r| ("propose", r))).summary())
        @if refused.is_none() { (saved_notice(visit, "document")) }
        (facts(lang, &[
            (text("状態", "State"), standing(lang, &read.row)),
            (label_name(), tag(lang, label_tone(document.label), &document.label.name())),
            (text("見直しの間隔", "Looked at again"), html! { (worded(format!("{}か月ごと", document.review_months), format!("every {} months", document.review_months)).get(lang)) }),
            (text("次の見直し", "Next review"), html! { @if let Some(day) = read.row.review { (date(day)) } @else { "—" } }),
            (text("未記入の質問", "Open answers"), html! { (read.row.open) }),
            (text("答えのない項目", "Items without a clause"), html! { (gaps(lang, &read.row)) }),
        ]))
        @if !read.row.gaps.is_empty() {
            (notice(lang, Tone::Warn, &text("条項を定めていないため、答えのない項目があります。", "Clauses are left out, and items have no answer here."), html! { (gaps(lang, &read.row)) }))
        }
        h2 { (text("版", "Versions").get(lang)) }
        (versions(lang, &read.versions, &read.names))
        (proposal(visit, &read, refused)?)
        h2 { (text("条項", "Clauses").get(lang)) }
        (clauses(lang, &id, &read))
        @if let Some(draft) = &read.draft {
            h2 { (text("今の内容", "As it stands now").get(lang)) }
            (paper(lang, draft, &corner))
        }
    };
    let mut page = visit.page(document.name.clone(), main);
    page.lead = Some(document.about.clone());
    page.breadcrumb = vec![Crumb::link(heading(), urls::documents()), Crumb::here(document.name.clone())];
    Ok(page)
}

/// Versions, the newest first.
pub fn versions(lang: Lang, all: &[(Standing, State)], names: &app::read::registers::Names) -> Markup {
    if all.is_empty() {
        return html! { p.muted { (text("版はまだありません。", "There is no version yet.").get(lang)) } };
    }
    let entries = all.iter().any(|(v, _)| v.entry.is_some());
    let mut columns = vec![
        Column::new(text("版", "Version")),
        Column::new(text("状態", "State")),
        Column::new(label_name()),
        Column::new(text("提出", "Proposed")),
        Column::new(text("承認", "Approved")),
        Column::new(text("施行日", "In force from")),
        Column::new(text("有効期限", "Until")),
    ];
    if entries {
        columns.push(Column::new(text("記録", "Entry")));
    }
    let name = |id: String| names.get(&id).cloned().unwrap_or_default();
    let row = |(v, state): &(Standing, State)| {
        let mut cells = vec![
            html! { a href=(urls::paper(v.id, "")) { (worded(format!("第{}版", v.number), format!("Version {}", v.number)).get(lang)) } },
            state_tag(lang, *state),
            tag(lang, label_tone(v.label), &v.label.name()),
            html! { (time(v.at)) " " (name(v.by.to_string())) },
            html! { @if let Some(a) = &v.approval { (time(a.at)) " " (name(a.by.to_string())) } @else { "—" } },
            html! { @if let Some(a) = &v.approval { (date(a.from)) } @else { "—" } },
            html! { @if let Some(until) = v.approval.as_ref().and_then(|a| a.until) { (date(until)) } @else { "—" } },
        ];
        if entries {
            cells.push(html! { @if let Some(entry) = v.entry { a href=(urls::entry(entry, "")) { (name(entry.to_string())) } } });
        }
        Row::new(cells)
    };
    table(lang, &Table::new(text("版", "Versions"), columns, all.iter().map(row).collect()).caption_hidden())
}

fn proposal(visit: &Visit, read: &DocumentRead, refused: Option<&Refusal>) -> Result<Markup, app::Error> {
    let (lang, document) = (visit.lang, read.row.document);
    if let Some(register) = &document.per_entry {
        let told = text(
            "この文書は管理簿の記録ごとに作ります。記録のページから作成してください。",
            "This document is made for an entry of a register: make it from the entry's page.",
        );
        return Ok(notice(
            lang,
            Tone::Info,
            &told,
            link_button(lang, Kind::Secondary, &text("管理簿を開く", "Open the register"), &urls::register(register, "")),
        ));
    }
    let form = Form::new(visit, "propose", refused.map(|r| ("propose", r)));
    let labels: Vec<Choice> = Label::ALL.iter().map(|l| Choice::new(word(l), l.name())).collect();
    let usual = word(&document.label);
    let chosen = case(visit).map(|c| c.to_string()).unwrap_or_default();
    let cases: Vec<Choice> = match read.discloses {
        true => {
            let own = visit.actor()?.organisation;
            let all = visit.app.cases(visit.actor()?, None)?.into_iter().filter(|row| Some(row.case.provider) == own);
            all.map(|row| {
                Choice::new(
                    row.case.id.to_string(),
                    worded(format!("{}（{}）", row.product, row.body), format!("{} ({})", row.product, row.body)),
                )
            })
            .collect()
        }
        false => vec![],
    };
    let case_label = text("回答の元になる案件", "Case whose answers are disclosed");
    let body = html! {
        @if read.discloses && !cases.is_empty() {
            form method="get" action=(urls::document_type(&document.id, "")) {
                (select(lang, &crate::components::Field::new("case", text("案件の回答を下に表示する", "Show the answers of a case below")).form("look").value(&chosen), &cases))
                (submit(lang, Kind::Secondary, &text("表示する", "Show")))
            }
        }
        form method="post" action=(urls::document_type(&document.id, "propose")) data-submit-key {
            (csrf(&visit.csrf))
            (select(lang, &form.field("label", label_name(), &usual).required(), &labels))
            @if read.discloses { (select(lang, &form.field("case", case_label, &chosen), &cases)) }
            (submit(lang, Kind::Primary, &text("今の内容を版として提出する", "Propose this as a version")))
        }
        p.small.muted { (text("提出すると内容が固定され、別の人の承認を待ちます。未記入の箇所は「未記入」と示されます。", "Proposing seals what stands now and asks another person to approve it. What is open is shown as open.").get(lang)) }
    };
    Ok(card(lang, &text("版の提出", "Propose a version"), html! {}, body))
}

fn clauses(lang: Lang, id: &str, read: &DocumentRead) -> Markup {
    let columns = vec![
        Column::new(text("条項", "Clause")),
        Column::new(text("状態", "State")),
        Column::new(text("項目", "Items")),
        Column::new(text("更新", "Changed")),
    ];
    let row = |c: &ClauseRead| {
        let serves: Vec<String> = c.clause.answers().map(String::from).collect();
        let kept = c.kept();
        Row::new(vec![
            html! { a href=(urls::clause(id, &c.clause.id)) { (c.clause.name.get(lang)) } },
            html! {
                @if !kept.left_out.is_empty() { (tag(lang, Tone::Warn, &text("定めない", "Left out"))) }
                @else if !c.open.is_empty() { (tag(lang, Tone::Warn, &worded(format!("未記入 {}", c.open.len()), format!("{} open", c.open.len())))) }
                @else { (tag(lang, Tone::Success, &text("記入済み", "Answered"))) }
                @if !kept.ja.is_empty() { " " (tag(lang, Tone::Info, &text("自社の文言", "Own wording"))) }
            },
            html! { span.small { (serves.join(", ")) } },
            html! { @if let Some((version, _)) = &c.standing { (time(version.at)) } @else { "—" } },
        ])
    };
    table(lang, &Table::new(text("条項", "Clauses"), columns, read.clauses.iter().map(row).collect()).caption_hidden())
}
