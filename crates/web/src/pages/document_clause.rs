//! One clause of a document: its form with the questions, and every version of it. Whoever saves second sees both.

use std::collections::BTreeMap;

use app::read::documents::ClauseRead;
use app::read::registers::Names;
use maud::{Markup, html};
use rules::command::Command;
use rules::document::{Clause, ClauseVersion, Document, Kept, Shown, clause};
use rules::id::Pos;
use rules::refusal::{FieldFault, Refusal, Why};
use rules::register::{Field as Asked, Register, Written};
use rules::text::{Lang, Text, text, worded};

use super::documents::heading;
use super::form::{saved_at, saved_notice, settle};
use super::register_entry::{input, summary, typed, values};
use super::registers::KEEPER;
use super::signs::prose;
use crate::components::{
    Area, Column, Crumb, Event, Field, Kind, Row, Table, Tone, csrf, details, diff, notice, submit, table, text_field, textarea, timeline,
};
use crate::route::{Answer, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] =
    &[get("/documents/{document}/clauses/{clause}", KEEPER, show), post("/documents/{document}/clauses/{clause}", KEEPER, save)];

/// Versions that the page shows.
const HISTORY: usize = 50;
/// Stands before the id of a question, so that none is called like another field.
const QUESTION: &str = "q_";

fn named(visit: &Visit) -> Result<(String, String), Refusal> {
    Ok((visit.param("document")?, visit.param("clause")?))
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None)?.into())
}

fn save(visit: &Visit) -> Result<Answer, app::Error> {
    let (document, of) = named(visit)?;
    let known = visit.app.document_type(&document)?.clause(&of).ok_or(Refusal::not_found())?;
    let base = Pos(visit.form.text("base").parse().unwrap_or(0));
    let command = Command::SaveClause { document: document.clone(), clause: of.clone(), base, kept: written(visit, known) };
    let done = visit.app.execute(visit.actor()?, command);
    settle(done.map(|_| saved_at(&urls::clause(&document, &of))), |refusal| page(visit, Some(refusal)))
}

/// What the form holds.
fn written(visit: &Visit, of: &Clause) -> Kept {
    let form = &visit.form;
    let answers = of.questions.iter().map(|question| {
        let name = format!("{QUESTION}{}", question.id);
        (question.id.clone(), form.all(&name).flat_map(|typed| values(question, typed)).collect())
    });
    let answers: Written = answers.collect();
    let marks = cells(of).map(|(cell, _)| (cell.clone(), form.text(&format!("m_{cell}")).to_owned())).collect();
    Kept { ja: form.text("ja").into(), en: form.text("en").into(), answers, marks, left_out: form.text("left_out").into() }
}

/// The cells of the matrices of a clause with their usual marks.
fn cells(of: &Clause) -> impl Iterator<Item = (String, &String)> {
    of.shows.iter().flat_map(|shown| match shown {
        Shown::Matrix { rows, columns, .. } => rows
            .iter()
            .flat_map(|row| columns.iter().zip(&row.usual).map(move |(column, usual)| (format!("{}.{}", row.id, column.id), usual)))
            .collect(),
        _ => vec![],
    })
}

/// The questions under the names that the form gives them.
fn asked(document: &Document, of: &Clause) -> Register {
    let mut form = clause::form(document, of);
    for field in &mut form.fields {
        field.id = format!("{QUESTION}{}", field.id);
    }
    form
}

fn page(visit: &Visit, refused: Option<&Refusal>) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let (document, of) = named(visit)?;
    let read = visit.app.clause_read(visit.actor()?, &document, &of)?;
    let (known, names) = (read.document, &read.names);
    let of = read.clause.clause;
    let renamed = refused.map(|refusal| {
        let faults = refusal.faults.iter().map(|f| FieldFault { field: format!("{QUESTION}{}", f.field), ..f.clone() }).collect();
        Refusal { faults, ..refusal.clone() }
    });
    let conflict = refused.is_some_and(|r| r.why == Why::Conflict);
    let main = html! {
        (summary(lang, &asked(known, of), renamed.as_ref()))
        @if refused.is_none() { (saved_notice(visit, "clause")) }
        @if conflict { (both(lang, visit, &read.clause)) }
        (details(lang, &text("通常の文言", "The usual wording"), true, prose(of.words.get(lang))))
        (form(visit, known, &read.clause, names, renamed.as_ref(), conflict)?)
        @if !read.history.is_empty() {
            h2 { (text("履歴", "History").get(lang)) }
            (history(lang, of, &read.history, names))
        }
    };
    let mut page = visit.page(of.name.clone(), main);
    let serves: Vec<String> = of.answers().map(String::from).collect();
    page.lead = Some(worded(format!("対象の項目：{}", serves.join("、")), format!("Items: {}", serves.join(", "))));
    page.breadcrumb = vec![
        Crumb::link(heading(), urls::documents()),
        Crumb::link(known.name.clone(), urls::document_type(&document, "")),
        Crumb::here(of.name.clone()),
    ];
    Ok(page)
}

/// What stands now beside what was typed: nobody's words are lost.
fn both(lang: Lang, visit: &Visit, read: &ClauseRead) -> Markup {
    let (stands, typed) = (said(read.clause, &read.kept()), said(read.clause, &written(visit, read.clause)));
    html! {
        h2 { (text("今の内容と、あなたの入力の違い", "What stands now, and what you typed").get(lang)) }
        p { (text(
            "入力した内容は下の欄に残っています。必要な方を残して、もう一度保存してください。",
            "What you typed is still in the fields below. Keep what is needed of both, and save again.",
        ).get(lang)) }
        (diff(lang, &stands, &typed))
    }
}

/// Everything that is kept, one thing a line, for comparing.
fn said(of: &Clause, kept: &Kept) -> String {
    let mut out = vec![kept.ja.clone(), kept.en.clone()];
    out.extend(of.questions.iter().filter_map(|q| Some(kept.answers.get(&q.id)?.join("\n"))));
    out.extend(cells(of).map(|(cell, usual)| {
        let mark = kept.marks.get(&cell).filter(|mark| !mark.is_empty()).unwrap_or(usual);
        format!("{cell}: {mark}")
    }));
    out.push(kept.left_out.clone());
    out.retain(|line| !line.trim().is_empty());
    out.join("\n")
}

fn form(
    visit: &Visit,
    known: &Document,
    read: &ClauseRead,
    names: &Names,
    refused: Option<&Refusal>,
    conflict: bool,
) -> Result<Markup, app::Error> {
    let (lang, of, kept) = (visit.lang, read.clause, read.kept());
    let own = asked(known, of);
    let choices = visit.app.offered(visit.actor()?, &own)?;
    let faults: BTreeMap<&str, &Text> = refused.iter().flat_map(|r| &r.faults).map(|f| (f.field.as_str(), &f.text)).collect();
    // After a conflict the next save is about the version that is shown now.
    let base = match refused {
        Some(_) if !conflict => visit.form.text("base").to_owned(),
        _ => read.base().0.to_string(),
    };
    let stands = |name: &str, now: &str| if refused.is_some() { visit.form.text(name).to_owned() } else { now.to_owned() };
    let error = |name: &str| refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
    let answer = |field: &Asked| match refused {
        Some(_) => visit.form.all(&field.id).collect::<Vec<_>>().join("\n"),
        None => {
            let kept = kept.answers.get(field.id.trim_start_matches(QUESTION));
            kept.into_iter().flatten().map(|k| typed(field, k, Some(names))).collect::<Vec<_>>().join("\n")
        }
    };
    let (ja, en, left_out) = (stands("ja", &kept.ja), stands("en", &kept.en), stands("left_out", &kept.left_out));
    let taken: Vec<String> = of.questions.iter().map(|q| format!("{{{}}} = {}", q.id, q.name.get(lang))).collect();
    let hint = worded(
        format!("空欄なら通常の文言を使います。差込み：{}", taken.join("、")),
        format!("Empty keeps the usual wording. Taken in: {}", taken.join(", ")),
    );
    Ok(html! {
        form method="post" action=(urls::clause(&known.id, &of.id)) data-submit-key data-keep="clause" {
            (csrf(&visit.csrf))
            input type="hidden" name="base" value=(base);
            @for field in &own.fields { (input(lang, field, &answer(field), faults.get(field.id.as_str()).copied(), choices.get(&field.id))) }
            @for shown in &of.shows { (matrix(visit, shown, &kept, refused.is_some())) }
            (textarea(lang, Area { rows: 6, ..Area::default() }, &Field::new("ja", text("自社の文言（日本語）", "Own wording in Japanese")).value(&ja).hint(hint).error(error("ja"))))
            (textarea(lang, Area { rows: 6, ..Area::default() }, &Field::new("en", text("自社の文言（英語）", "Own wording in English")).value(&en).error(error("en"))))
            (text_field(lang, &Field::new("left_out", text("この条項を定めない理由", "Why this clause is left out")).value(&left_out).error(error("left_out"))
                .hint(text("定めない場合だけ記入します。", "Only where it is left out."))))
            (submit(lang, Kind::Primary, &text("保存する", "Save")))
        }
    })
}

fn matrix(visit: &Visit, shown: &Shown, kept: &Kept, again: bool) -> Markup {
    let lang = visit.lang;
    let Shown::Matrix { name, rows, columns, marks } = shown else { return html! {} };
    let heads = std::iter::once(Column::new(text("事項", "Matter"))).chain(columns.iter().map(|c| Column::new(c.name.clone()))).collect();
    let lines = rows.iter().map(|row| {
        let cells = columns.iter().zip(&row.usual).map(|(column, usual)| {
            let cell = format!("{}.{}", row.id, column.id);
            let field = format!("m_{cell}");
            let now = if again { visit.form.text(&field) } else { kept.marks.get(&cell).unwrap_or(usual) };
            html! {
                select name=(field) aria-label=(format!("{} / {}", row.name.get(lang), column.name.get(lang))) {
                    @for mark in marks { option value=(mark.id) selected[mark.id == now] { (mark.name.get(lang)) } }
                }
            }
        });
        Row::new(std::iter::once(html! { (row.name.get(lang)) }).chain(cells).collect())
    });
    table(lang, &Table::new(name.clone(), heads, lines.collect()).dense())
}

fn history(lang: Lang, of: &Clause, all: &[(ClauseVersion, Pos)], names: &Names) -> Markup {
    let none = Kept::default();
    let events: Vec<Event> = all
        .iter()
        .take(HISTORY)
        .enumerate()
        .map(|(n, (version, _))| {
            let before = all.get(n + 1).map_or(&none, |(v, _)| &v.kept);
            Event {
                time: (version.at.to_string(), rules::document::facts::moment(version.at)),
                what: worded(format!("第{}版", version.version), format!("Version {}", version.version)),
                who: names.get(&version.by.to_string()).cloned(),
                tone: None,
                more: Some(details(
                    lang,
                    &text("変更点", "What changed"),
                    false,
                    diff(lang, &readable(of, before, names), &readable(of, &version.kept, names)),
                )),
            }
        })
        .collect();
    html! {
        (timeline(lang, &events))
        @if all.len() > HISTORY { (notice(lang, Tone::Info, &worded(format!("ほかに{}版あります。", all.len() - HISTORY), format!("{} earlier versions.", all.len() - HISTORY)), html! {})) }
    }
}

/// As [`said`], with names for links.
fn readable(of: &Clause, kept: &Kept, names: &Names) -> String {
    let named = |values: &Vec<String>| values.iter().map(|v| names.get(v).cloned().unwrap_or_else(|| v.clone())).collect();
    let answers = kept.answers.iter().map(|(id, values)| (id.clone(), named(values))).collect();
    said(of, &Kept { answers, ..kept.clone() })
}
