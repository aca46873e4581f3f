//! The steps of adding a sheet from a form, as they are seen: the worksheet with its columns to choose, and the items.

use std::sync::Arc;

use app::draft::Draft;
use app::exchange::Fault;
use app::form::{FormMapping, Glimpse, OpenForm, TriedForm};
use maud::{Markup, html};
use rules::refusal::Refusal;
use rules::sheet::{ColumnKind, Sheet};
use rules::text::{Lang, Text, text, worded};

use super::sheet_import::{KINDS, proposed_id};
use super::sheets::category;
use super::word;
use crate::answer;
use crate::components::{
    Choice, Column, Field, Input, Kind, NavLink, Row, StepState, Table, Tone, csrf, details, facts, input_field, link_button, notice,
    select, steps, submit, table, tabs, text_field,
};
use crate::urls;
use crate::visit::{Fields, Visit};

/// Where the person is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    File,
    Columns,
    Items,
}

pub(super) fn way(lang: Lang, now: Step) -> Markup {
    let names = [
        (Step::File, text("ファイルを選ぶ", "Choose the file")),
        (Step::Columns, text("列を選ぶ", "Choose the columns")),
        (Step::Items, text("項目を確かめて保存", "Look at the items and save")),
    ];
    let all: Vec<crate::components::Step> = names
        .into_iter()
        .map(|(step, name)| {
            let state = match step.cmp(&now) {
                std::cmp::Ordering::Less => StepState::Done,
                std::cmp::Ordering::Equal => StepState::Now,
                std::cmp::Ordering::Greater => StepState::Ahead,
            };
            crate::components::Step::new(name, state)
        })
        .collect();
    steps(lang, &all)
}

/// All that the choice of columns is made from.
pub(super) struct Choosing<'a> {
    pub draft: &'a Draft,
    pub open: &'a OpenForm,
    /// Mappings this organisation kept.
    pub kept: &'a [(String, FormMapping)],
    /// Sheets whose header and scale can be shared.
    pub like: &'a [Arc<Sheet>],
    pub refused: Option<&'a Refusal>,
}

impl Choosing<'_> {
    /// What is filled in before the person chooses: what they sent, a kept mapping they picked, or the suggestion.
    fn start(&self, visit: &Visit) -> Option<FormMapping> {
        let picked = visit.query.read::<usize>("kept").ok().flatten().and_then(|at| self.kept.get(at)).map(|(_, m)| m.clone());
        picked.or_else(|| self.open.suggested.clone())
    }

    fn worksheet(&self, visit: &Visit, start: Option<&FormMapping>) -> Option<&Glimpse> {
        let asked = sent(visit).get("worksheet").map(str::to_owned).or(start.map(|m| m.worksheet.clone()));
        let all = &self.open.worksheets;
        all.iter().find(|w| Some(&w.worksheet) == asked.as_ref()).or(all.first())
    }
}

/// The fields this step was sent with: the address, or the form of the last step.
fn sent<'a>(visit: &'a Visit) -> &'a Fields {
    if visit.form.0.is_empty() { &visit.query } else { &visit.form }
}

pub(super) fn columns(visit: &Visit, choosing: &Choosing) -> Markup {
    let lang = visit.lang;
    let start = choosing.start(visit);
    let Some(glimpse) = choosing.worksheet(visit, start.as_ref()) else {
        return notice(lang, Tone::Danger, &text("ファイルに表がありません。", "The file has no worksheet."), html! {});
    };
    let mapping = start.filter(|m| m.worksheet == glimpse.worksheet || choosing.open.worksheets.len() == 1);
    html! {
        @if let Some(refusal) = choosing.refused { (answer::summary(lang, refusal)) }
        @for note in &choosing.open.notes { (notice(lang, Tone::Info, note, html! {})) }
        (kept_links(visit, choosing))
        (worksheet_links(visit, choosing, glimpse))
        (glimpse_table(lang, glimpse))
        form method="get" action=(urls::import_form_step("items")) {
            input type="hidden" name="draft" value=(sent(visit).text("draft"));
            input type="hidden" name="worksheet" value=(glimpse.worksheet);
            h2 { (text("どの列に何が書かれていますか", "Which column holds what?").get(lang)) }
            @if mapping.is_some() { p { (text("見出しから推定して選んであります。確かめて、違うところを直してください。", "Chosen from the headings; check them and correct what is wrong.").get(lang)) } }
            (row_fields(visit, mapping.as_ref(), choosing.refused))
            div.columns { @for (kind, name) in &KINDS { (column_field(visit, glimpse, *kind, name, mapping.as_ref(), choosing.refused)) } }
            h2 { (text("シートの名前と判定の尺度", "Name and verdict scale").get(lang)) }
            (about_fields(visit, choosing))
            div.actions { (submit(lang, Kind::Primary, &text("項目を確かめる", "See the items"))) }
        }
    }
}

/// The mapping of an earlier form, if the organisation kept one.
fn kept_links(visit: &Visit, choosing: &Choosing) -> Markup {
    let here = format!("{}?draft={}", urls::import_form_step("columns"), sent(visit).text("draft"));
    html! {
        @if !choosing.kept.is_empty() {
            p { (text("前に読み込んだ様式と同じ列の並びなら、その選択を使えます。", "If this form has the columns of an earlier one, use that choice.").get(visit.lang)) }
            ul.plain { @for (at, (name, _)) in choosing.kept.iter().enumerate().take(10) { li { a href={ (here) "&kept=" (at) } { (worded(format!("「{name}」の列の選択を使う"), format!("Use the columns of {name}")).get(visit.lang)) } } } }
        }
    }
}

fn worksheet_links(visit: &Visit, choosing: &Choosing, shown: &Glimpse) -> Markup {
    let address = |w: &Glimpse| {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("draft", sent(visit).text("draft"))
            .append_pair("worksheet", &w.worksheet)
            .finish();
        format!("{}?{query}", urls::import_form_step("columns"))
    };
    let link =
        |w: &Glimpse| NavLink::new(worded(w.worksheet.clone(), w.worksheet.clone()), address(w)).current(w.worksheet == shown.worksheet);
    let links: Vec<NavLink> = choosing.open.worksheets.iter().map(link).collect();
    html! { @if links.len() > 1 { (tabs(visit.lang, &text("ファイルの中のシート", "Worksheets of the file"), &links)) } }
}

/// The first rows, with row numbers and column letters as in Excel.
pub(super) fn glimpse_table(lang: Lang, glimpse: &Glimpse) -> Markup {
    let mut columns = vec![Column::new(text("行", "Row")).number()];
    columns.extend(glimpse.letters.iter().map(|l| Column::new(worded(l.clone(), l.clone()))));
    let short = |cell: &String| if cell.chars().count() > 40 { cell.chars().take(39).chain(['…']).collect() } else { cell.clone() };
    let rows = glimpse.cells.iter().enumerate().map(|(at, cells)| {
        Row::new(std::iter::once(html! { (at + 1) }).chain(cells.iter().map(|c| html! { span lang="ja" { (short(c)) } })).collect())
    });
    let caption = worded(
        format!("はじめの{}行（全{}行）", glimpse.cells.len(), glimpse.rows),
        format!("The first {} of {} rows", glimpse.cells.len(), glimpse.rows),
    );
    table(lang, &Table::new(caption, columns, rows.collect()).dense())
}

fn row_fields(visit: &Visit, mapping: Option<&FormMapping>, refused: Option<&Refusal>) -> Markup {
    let lang = visit.lang;
    let error = |name: &str| refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
    let value = |name: &str, row: Option<u32>| {
        sent(visit).get(name).map_or_else(|| row.map_or(String::new(), |r| (r + 1).to_string()), str::to_owned)
    };
    let header = value("header_row", mapping.and_then(|m| m.header_row));
    let first = value("first_row", mapping.map(|m| m.first_row));
    html! {
        div.columns {
            (input_field(lang, Input::Number, &Field::new("header_row", text("見出しの行", "Row of the headings")).hint(text("見出しがなければ空のままにします。", "Leave empty if there are none.")).value(&header).error(error("header_row"))))
            (input_field(lang, Input::Number, &Field::new("first_row", text("最初の項目の行", "Row of the first item")).value(&first).error(error("first_row"))))
        }
    }
}

fn column_field(
    visit: &Visit,
    glimpse: &Glimpse,
    kind: ColumnKind,
    name: &Text,
    mapping: Option<&FormMapping>,
    refused: Option<&Refusal>,
) -> Markup {
    let field = format!("col.{}", word(&kind));
    let start = mapping.and_then(|m| m.columns.get(&kind)).map(u32::to_string).unwrap_or_default();
    let value = sent(visit).get(&field).map_or(start, str::to_owned);
    let heading = mapping.and_then(|m| m.header_row).and_then(|row| glimpse.cells.get(row as usize));
    let choices: Vec<Choice> = glimpse
        .letters
        .iter()
        .enumerate()
        .map(|(at, letter)| {
            let said = heading
                .and_then(|h| h.get(at))
                .map(|h| h.split_whitespace().collect::<String>().chars().take(20).collect::<String>())
                .unwrap_or_default();
            let label = if said.is_empty() { letter.clone() } else { format!("{letter}: {said}") };
            Choice::new(at.to_string(), worded(label.clone(), label))
        })
        .collect();
    let mut asked = Field::new(&field, name.clone()).value(&value).error(refused.filter(|r| r.field == Some(&field)).map(|r| &r.text));
    asked.required = kind == ColumnKind::Requirement;
    select(visit.lang, &asked, &choices)
}

fn about_fields(visit: &Visit, choosing: &Choosing) -> Markup {
    let lang = visit.lang;
    let error = |name: &str| choosing.refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
    let stem = choosing.draft.name.rsplit_once('.').map_or(choosing.draft.name.as_str(), |(stem, _)| stem);
    let (id, edition) = proposed_id(visit);
    let fields = sent(visit);
    let value = |name: &str, start: &str| fields.get(name).unwrap_or(start).to_owned();
    let scales: Vec<Choice> =
        choosing.like.iter().map(|s| Choice::new(s.id.to_string(), worded(marks(s, Lang::Ja), marks(s, Lang::En)))).collect();
    let like = choosing.like.first().map(|s| s.id.to_string()).unwrap_or_default();
    let codes = text("半角の小文字、数字、- と _。", "Lower-case letters, digits, - and _.");
    html! {
        (text_field(lang, &Field::new("title", text("シートの名前", "Name of the sheet")).value(&value("title", stem)).error(error("title")).required()))
        (text_field(lang, &Field::new("title_en", text("英語の名前", "Name in English")).hint(text("空の場合は同じ名前を使います。", "If empty, the same name is used.")).value(&value("title_en", "")).error(error("title_en"))))
        div.columns {
            (text_field(lang, &Field::new("id", text("識別子", "Short name")).hint(codes.clone()).value(&value("id", &id)).error(error("id")).required()))
            (text_field(lang, &Field::new("edition", text("版", "Edition")).hint(codes).value(&value("edition", &edition)).error(error("edition")).required()))
        }
        (select(lang, &Field::new("like", text("判定の尺度と見出し欄", "Verdict scale and header block")).value(&value("like", &like)).required(), &scales))
    }
}

/// A sheet by its scale: what verdicts it offers.
fn marks(sheet: &Sheet, lang: Lang) -> String {
    let names: Vec<&str> = sheet.scale.iter().map(|m| m.name.get(lang)).collect();
    format!("{} – {}", names.join(" / "), sheet.title.get(lang))
}

pub(super) fn tried(visit: &Visit, fields: &Fields, tried: &TriedForm, refused: Option<&Refusal>) -> Markup {
    let lang = visit.lang;
    let sheet = &tried.sheet;
    let back = form_urlencoded::Serializer::new(String::new()).extend_pairs(carried(fields)).finish();
    let counts = worded(
        format!("{}項目を読みました。取り込めない行が{}行あります。まだ保存していません。", sheet.items.len(), tried.faults.len()),
        format!("{} items were read; {} rows cannot be taken. Nothing is saved yet.", sheet.items.len(), tried.faults.len()),
    );
    html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        p { strong { (counts.get(lang)) } }
        @if !tried.obstacles.is_empty() {
            (notice(lang, Tone::Danger, &text("このままでは保存できません。", "It cannot be saved as it is."), html! { ul { @for o in tried.obstacles.iter().take(100) { li { (o.get(lang)) } } } }))
        }
        (faults(lang, text("取り込まない行", "Rows that are not taken"), &tried.faults))
        (faults(lang, text("読み込み方についての注意", "How the form was read"), &tried.notes))
        (facts(lang, &[
            (text("シートの名前", "Name of the sheet"), html! { (sheet.title.get(lang)) }),
            (text("識別子と版", "Short name and edition"), html! { code { (sheet.id) } }),
            (text("判定の尺度", "Verdict scale"), html! { (sheet.scale.iter().map(|m| m.name.get(lang)).collect::<Vec<_>>().join(" / ")) }),
            (text("列", "Columns"), html! { (sheet.columns.iter().map(|c| c.name.get(lang)).collect::<Vec<_>>().join(" / ")) }),
        ]))
        form method="post" action=(urls::import_form_step("items")) {
            (csrf(&visit.csrf))
            @for (name, value) in carried(fields) { input type="hidden" name=(name) value=(value); }
            div.actions {
                @if tried.obstacles.is_empty() { (submit(lang, Kind::Primary, &worded(format!("{}項目のシートとして保存する", sheet.items.len()), format!("Save as a sheet of {} items", sheet.items.len())))) }
                (link_button(lang, Kind::Secondary, &text("列を選び直す", "Choose the columns again"), &format!("{}?{back}", urls::import_form_step("columns"))))
            }
        }
        (items(lang, sheet))
    }
}

/// What the steps hand on to each other.
fn carried(fields: &Fields) -> impl Iterator<Item = (&str, &str)> {
    let ours = |name: &str| {
        ["draft", "worksheet", "header_row", "first_row", "title", "title_en", "id", "edition", "like"].contains(&name)
            || name.starts_with("col.")
    };
    fields.0.iter().filter(move |(n, _)| ours(n)).map(|(n, v)| (n.as_str(), v.as_str()))
}

fn faults(lang: Lang, title: Text, found: &[Fault]) -> Markup {
    let rows = found.iter().map(|f| Row::new(vec![html! { (f.cell) }, html! { (f.text.get(lang)) }])).collect();
    let title = worded(format!("{}（{}件）", title.ja, found.len()), format!("{} ({})", title.en, found.len()));
    html! { @if !found.is_empty() { (table(lang, &Table::new(title, vec![Column::new(text("セル", "Cell")), Column::new(text("内容", "What"))], rows).head_cell(None))) } }
}

fn items(lang: Lang, sheet: &Sheet) -> Markup {
    let columns = vec![
        Column::new(text("番号", "No.")).number(),
        Column::new(text("分類", "Category")),
        Column::new(text("要求事項", "Requirement")),
        Column::new(text("エビデンス例", "Examples of evidence")),
    ];
    let rows = sheet.items.iter().map(|item| {
        Row::new(vec![
            html! { (item.no) },
            html! { span lang="ja" { @if let Some(name) = category(sheet, item) { (name.ja) } } },
            html! { div.prose lang="ja" { (item.text.transcribed) } },
            html! { span lang="ja" { (item.evidence.names.join("、")) } },
        ])
    });
    let title = worded(format!("できる項目（{}）", sheet.items.len()), format!("The items it makes ({})", sheet.items.len()));
    details(lang, &title, true, table(lang, &Table::new(title.clone(), columns, rows.collect()).caption_hidden()))
}
