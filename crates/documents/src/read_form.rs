//! Turns any organisation's Excel form into a check sheet: a person maps its columns once, and the mapping is kept.

use std::collections::BTreeMap;

use rules::id::ItemNo;
use rules::sheet::{Column, ColumnKind, Damage, EvidenceExamples, HeaderField, Item, Layers, Major, Mark, Minor, Sheet, SheetId};
use rules::text::{Text, text, worded};
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::form::clean;
use crate::headings::{Columns, Headings};
use crate::layout::item_number;
use crate::read_table::Table;
use crate::table::{Value, Worksheet, letters};

/// Where a form keeps what. Rows and columns count from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormMapping {
    /// Empty for text files.
    pub worksheet: String,
    /// The row whose cells name the columns; none for a form without headings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_row: Option<u32>,
    /// The first row that may hold an item.
    pub first_row: u32,
    /// A requirement column must be among them. `Major` and `Minor` are the category columns.
    pub columns: BTreeMap<ColumnKind, u32>,
}

/// What the form itself does not say about the sheet it becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct FormFacts {
    pub id: SheetId,
    pub title: Text,
    pub source: Text,
    pub header: Vec<HeaderField>,
    pub scale: Vec<Mark>,
}

/// A form read as a sheet, with everything a person must look at.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadForm {
    /// Items in rising order of number; empty if nothing could be read.
    pub sheet: Sheet,
    /// Rows that were not taken, each with its cell.
    pub faults: Vec<Fault>,
    /// What was taken, and the person should know how.
    pub notes: Vec<Fault>,
}

/// One worksheet to look at while mapping columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    pub worksheet: String,
    /// Used rows and columns.
    pub rows: u32,
    pub columns: u32,
    /// The letters of the columns shown.
    pub letters: Vec<String>,
    /// The first rows as people see them; a value merged over rows stands in each.
    pub cells: Vec<Vec<String>>,
}

/// Columns shown in a preview.
const SHOWN_COLUMNS: u32 = 60;
/// Rows in which headings are looked for.
const HEADED_ROWS: u32 = 200;
/// Characters of a requirement that make its title, as in the catalogue.
const TITLE_JA: usize = 28;
const TITLE_EN: usize = 70;

/// The first `rows` rows of every worksheet.
pub fn preview(table: &Table, rows: u32) -> Vec<Preview> {
    let show = |sheet: &Worksheet| {
        let (used_rows, used_columns) = sheet.size();
        let columns = used_columns.min(SHOWN_COLUMNS);
        let cell = |row, column| sheet.at(row, column).map(|(value, _)| value.shown()).unwrap_or_default();
        Preview {
            worksheet: sheet.name.clone(),
            rows: used_rows,
            columns: used_columns,
            letters: (0..columns).map(letters).collect(),
            cells: (0..used_rows.min(rows)).map(|row| (0..columns).map(|column| cell(row, column)).collect()).collect(),
        }
    };
    table.book.worksheets.iter().map(show).collect()
}

/// Guesses the mapping from the headings: the row that names most columns, a requirement among them.
pub fn suggest_mapping(table: &Table) -> Option<FormMapping> {
    let headings = Headings::common();
    let mut best: Option<FormMapping> = None;
    for sheet in &table.book.worksheets {
        for (row, cells) in sheet.rows().take_while(|(row, _)| *row < HEADED_ROWS) {
            let Some(mut columns) = headings.read(cells) else { continue };
            let mut first_row = row + 1;
            // Headings in two rows: the lower ones are more precise.
            if let Some(below) = sheet.row(first_row).and_then(|cells| headings.read_rest(cells)) {
                columns.retain(|_, column| !below.values().any(|c| c == column));
                columns.extend(below);
                first_row += 1;
            }
            if !columns.contains_key(&ColumnKind::Requirement) {
                let Some(column) = wordiest(sheet, first_row, &columns) else { continue };
                columns.insert(ColumnKind::Requirement, column);
            }
            if best.as_ref().is_none_or(|b| b.columns.len() < columns.len()) {
                best = Some(FormMapping { worksheet: sheet.name.clone(), header_row: Some(first_row - 1), first_row, columns });
            }
        }
    }
    best
}

/// The column with most text below a row, that no heading has named.
fn wordiest(sheet: &Worksheet, first_row: u32, named: &Columns) -> Option<u32> {
    let mut lengths: BTreeMap<u32, usize> = BTreeMap::new();
    for (_, cells) in sheet.rows().filter(|(row, _)| *row >= first_row) {
        for (column, value) in cells.iter().filter(|(column, _)| !named.values().any(|c| c == *column)) {
            if let Value::Text(t) = value {
                *lengths.entry(*column).or_default() += t.chars().count();
            }
        }
    }
    lengths.into_iter().max_by_key(|(_, length)| *length).map(|(column, _)| column)
}

/// A row of the form on its way to an item.
struct Row {
    cell: String,
    place: (u32, u32),
    number: Option<u32>,
    /// What stands in the number column, if it is no number.
    other: Option<String>,
    major: String,
    minor: String,
    requirement: String,
    examples: String,
}

/// Reads the form as a sheet. Items are numbered by their number column, or by order where the form has none or numbers
/// them otherwise (`1-2`, `A-3`).
pub fn read_form(table: &Table, mapping: &FormMapping, facts: FormFacts) -> ReadForm {
    let mut out = ReadForm {
        sheet: Sheet {
            id: facts.id,
            title: facts.title,
            source: facts.source,
            header: facts.header,
            columns: Vec::new(),
            scale: facts.scale,
            majors: Vec::new(),
            questions: Vec::new(),
            items: Vec::new(),
        },
        faults: Vec::new(),
        notes: Vec::new(),
    };
    let Some(sheet) = table.book.worksheets.iter().find(|w| w.name == mapping.worksheet) else {
        let names: Vec<&str> = table.book.worksheets.iter().map(|w| w.name.as_str()).collect();
        let message = worded(
            format!("シート「{}」がファイルにありません（あるシート: {}）。", mapping.worksheet, names.join("、")),
            format!("The file has no worksheet “{}” (it has: {}).", mapping.worksheet, names.join(", ")),
        );
        out.faults.push(Fault { cell: String::new(), item: None, text: message });
        return out;
    };
    let Some(requirement) = mapping.columns.get(&ColumnKind::Requirement).copied() else {
        let message =
            text("要求事項の列が選ばれていません。列を一つ選んでください。", "No column is mapped to the requirement. Choose one.");
        out.faults.push(Fault { cell: String::new(), item: None, text: message });
        return out;
    };
    out.sheet.columns = columns(sheet, mapping);
    let rows = rows(sheet, mapping, requirement, &mut out);
    let numbered = number(rows, mapping, &mut out);
    if numbered.is_empty() && out.faults.is_empty() {
        let message = text(
            "項目が一つも見つかりません。最初の行と要求事項の列を確かめてください。",
            "No item was found. Check the first row and the requirement column.",
        );
        out.faults.push(Fault { cell: sheet.cell(mapping.first_row, requirement), item: None, text: message });
    }
    fill(&mut out.sheet, numbered);
    out
}

/// The form's columns under the form's own headings, and the two that every sheet needs.
fn columns(sheet: &Worksheet, mapping: &FormMapping) -> Vec<Column> {
    let mut by_place: Vec<(u32, ColumnKind)> = mapping.columns.iter().map(|(kind, column)| (*column, *kind)).collect();
    by_place.sort();
    let mut columns: Vec<Column> = Vec::new();
    for (place, kind) in by_place {
        let (name, width) = usual(kind);
        let heading = mapping.header_row.and_then(|row| sheet.at(row, place)).map(|(value, _)| clean(&value.shown()).replace('\n', ""));
        let heading = heading.filter(|h| !h.trim().is_empty() && !columns.iter().any(|c| c.name.ja == *h));
        columns.push(Column { kind, name: heading.map_or(name, |h| worded(h.clone(), h)), aliases: Vec::new(), width });
    }
    for (kind, at_front) in [(ColumnKind::No, true), (ColumnKind::Answer, false)] {
        if !mapping.columns.contains_key(&kind) {
            let (name, width) = usual(kind);
            let column = Column { kind, name, aliases: Vec::new(), width };
            if at_front { columns.insert(0, column) } else { columns.push(column) }
        }
    }
    columns
}

/// Usual name and width of a column.
fn usual(kind: ColumnKind) -> (Text, u16) {
    match kind {
        ColumnKind::No => (text("No.", "Item number"), 6),
        ColumnKind::Major => (text("大分類", "Major category"), 12),
        ColumnKind::Minor => (text("中分類", "Minor category"), 16),
        ColumnKind::Requirement => (text("要求事項", "Requirement"), 60),
        ColumnKind::EvidenceExamples => (text("エビデンス例", "Examples of evidence"), 30),
        ColumnKind::Answer => (text("対応策", "Measures taken"), 50),
        ColumnKind::EvidenceClaimed => (text("確認したエビデンス", "Evidence claimed"), 30),
        ColumnKind::EvidenceConfirmed => (text("評価者が確認したエビデンス", "Evidence confirmed"), 30),
        ColumnKind::Verdict => (text("判定結果", "Verdict"), 12),
        ColumnKind::Improvement => (text("改善策", "Improvement required"), 40),
        ColumnKind::Remarks => (text("備考", "Remarks"), 24),
    }
}

fn rows(sheet: &Worksheet, mapping: &FormMapping, requirement: u32, out: &mut ReadForm) -> Vec<Row> {
    let headings = mapping.header_row.and_then(|row| sheet.row(row));
    let mut rows: Vec<Row> = Vec::new();
    let (mut major, mut minor) = (String::new(), String::new());
    for (row, cells) in sheet.rows().filter(|(row, _)| *row >= mapping.first_row) {
        // A heading repeated on each page.
        if Some(cells) == headings {
            continue;
        }
        let at = |kind: ColumnKind| mapping.columns.get(&kind).and_then(|column| sheet.at(row, *column));
        let words = |kind| at(kind).map(|(value, _)| clean(&value.shown()).trim().to_owned()).unwrap_or_default();
        // An empty category cell continues the one above; a new major begins without a minor.
        let (new_major, new_minor) = (words(ColumnKind::Major), words(ColumnKind::Minor));
        if !new_major.is_empty() && new_major != major {
            major = new_major;
            minor.clear();
        }
        if !new_minor.is_empty() {
            minor = new_minor;
        }
        let numbered = at(ColumnKind::No);
        let Some((value, _)) = sheet.at(row, requirement) else {
            // A number without words is a lost requirement; words alone in that column are a heading of the form's own.
            let starts_with_digit = |value: &Value| value.shown().trim_start().chars().next().is_some_and(char::is_numeric);
            if let Some((value, _)) = numbered.filter(|(value, _)| starts_with_digit(value)) {
                let (cell, shown) = (sheet.cell(row, requirement), value.shown());
                let message = worded(
                    format!("項目番号 {shown} の要求事項が空です。この行は取り込みません。"),
                    format!("The requirement of item {shown} is empty; this row is not taken."),
                );
                out.faults.push(Fault { cell, item: None, text: message });
            }
            continue;
        };
        if let Value::Error(error) = value {
            let message = worded(
                format!("要求事項のセルが数式のエラー（{error}）です。この行は取り込みません。"),
                format!("The requirement is a formula error ({error}); this row is not taken."),
            );
            out.faults.push(Fault { cell: sheet.cell(row, requirement), item: None, text: message });
            continue;
        }
        let (text, examples) = (clean(&value.shown()), words(ColumnKind::EvidenceExamples));
        // A number merged over several rows is one item that goes on.
        let place = numbered.map_or((row, requirement), |(_, place)| place);
        if let Some(last) = rows.last_mut().filter(|last| last.place == place) {
            for (target, more) in [(&mut last.requirement, text), (&mut last.examples, examples)] {
                if !more.is_empty() && *target != more {
                    target.push('\n');
                    target.push_str(&more);
                }
            }
            continue;
        }
        let number = numbered.and_then(|(value, _)| item_number(value));
        rows.push(Row {
            cell: sheet.cell(place.0, mapping.columns.get(&ColumnKind::No).copied().unwrap_or(requirement)),
            place,
            number,
            other: numbered.filter(|_| number.is_none()).map(|(value, _)| value.shown()),
            major: major.clone(),
            minor: minor.clone(),
            requirement: text,
            examples,
        });
    }
    rows
}

/// Gives each row its number, in rising order.
fn number(rows: Vec<Row>, mapping: &FormMapping, out: &mut ReadForm) -> Vec<(ItemNo, Row)> {
    let readable = rows.iter().filter(|r| r.number.is_some()).count();
    if 2 * readable < rows.len() || readable == 0 {
        if mapping.columns.contains_key(&ColumnKind::No) && !rows.is_empty() {
            let example = rows.iter().find_map(|r| r.other.clone()).unwrap_or_default();
            let message = worded(
                format!("番号の列は整数ではないため（例: {example}）、上から順に番号を付けました。"),
                format!("The number column holds no whole numbers (such as “{example}”); items are numbered by their order."),
            );
            out.notes.push(Fault { cell: String::new(), item: None, text: message });
        }
        return (1..=u16::MAX).map(ItemNo).zip(rows).collect();
    }
    let mut taken: BTreeMap<ItemNo, Row> = BTreeMap::new();
    for row in rows {
        let no = row.number.and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0).map(ItemNo);
        let (item, message) = match no.map(|no| (no, taken.get(&no))) {
            Some((no, None)) => {
                taken.insert(no, row);
                continue;
            }
            Some((no, Some(first))) => {
                let first = &first.cell;
                let message = worded(
                    format!("項目番号 {no} は {first} にもあります。この行は取り込みません。"),
                    format!("Item {no} also stands at {first}; this row is not taken."),
                );
                (Some(no), message)
            }
            None => {
                let shown = row.number.map(|n| n.to_string()).or(row.other).unwrap_or_default();
                let message = worded(
                    format!("項目番号「{shown}」が 1 から 65535 の整数ではないため、この行は取り込みません。"),
                    format!("The item number “{shown}” is no whole number from 1 to 65535; this row is not taken."),
                );
                (None, message)
            }
        };
        out.faults.push(Fault { cell: row.cell, item, text: message });
    }
    taken.into_iter().collect()
}

/// Makes items and categories. Neighbouring items with the same category names share a category.
fn fill(sheet: &mut Sheet, rows: Vec<(ItemNo, Row)>) {
    let same = |s: &str| worded(s, s);
    let none = || text("分類なし", "No category");
    let has_categories = rows.iter().any(|(_, r)| !r.major.is_empty() || !r.minor.is_empty());
    let mut last: Option<(String, String)> = None;
    for (no, row) in rows {
        if has_categories && last.as_ref() != Some(&(row.major.clone(), row.minor.clone())) {
            if last.as_ref().is_none_or(|(major, _)| *major != row.major) {
                let name = if row.major.is_empty() { none() } else { same(&row.major) };
                sheet.majors.push(Major { id: format!("c{}", sheet.majors.len() + 1), name, minors: Vec::new() });
            }
            if let Some(major) = sheet.majors.last_mut() {
                let name = if row.minor.is_empty() { major.name.clone() } else { same(&row.minor) };
                major.minors.push(Minor { id: format!("{}.{}", major.id, major.minors.len() + 1), name, transcribed: None });
            }
            last = Some((row.major.clone(), row.minor.clone()));
        }
        let major = sheet.majors.last();
        let minor = major.and_then(|m| m.minors.last());
        sheet.items.push(Item {
            no,
            major: major.map(|m| m.id.clone()).unwrap_or_default(),
            minor: minor.map(|m| m.id.clone()).unwrap_or_default(),
            title: worded(title(&row.requirement, TITLE_JA), title(&row.requirement, TITLE_EN)),
            summary_en: row.requirement.clone(),
            text: Layers { transcribed: row.requirement.clone(), proposed: None, damage: Damage::None, note: None, suspects: Vec::new() },
            lead: row.requirement,
            points: Vec::new(),
            evidence: EvidenceExamples { names: names(&row.examples), transcribed: row.examples, damage: Damage::None, note: None },
            disclosure: false,
            recurring: false,
            kind: Vec::new(),
            mechanisms: Vec::new(),
            probes: Vec::new(),
            registers: Vec::new(),
            documents: Vec::new(),
            primary: String::new(),
            review_cycle: String::new(),
            rule_drift: None,
            related: Vec::new(),
        });
    }
}

/// The first characters of a requirement, on one line.
fn title(requirement: &str, most: usize) -> String {
    let line = requirement.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most { line } else { line.chars().take(most - 1).chain(['…']).collect() }
}

fn names(examples: &str) -> Vec<String> {
    examples.split(['、', ',', '，', '\n', ';']).map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect()
}
