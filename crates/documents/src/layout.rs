//! Where on a worksheet the pages of a check sheet lie, and which column is which on each page.
//!
//! A sheet repeats its headings on every page, not always the same ones, and some pages have one heading over two columns
//! or a heading row that is shifted. So the headings are compared with what the sheet itself says in the rows below.

use std::collections::BTreeMap;

use rules::id::ItemNo;
use rules::sheet::{ColumnKind, Sheet};
use unicode_normalization::UnicodeNormalization;

use crate::fold::{fold, read_number};
use crate::form::FILLED;
use crate::headings::{Columns, Headings};
use crate::table::{Value, Worksheet};

/// One page: a heading and the rows below it up to the next heading. Rows count from 0.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    /// The heading's first row.
    pub heading: u32,
    pub first: u32,
    /// One past the last row.
    pub end: u32,
    pub columns: Columns,
    /// By how many columns the headings stood left of what they name.
    pub shift: i64,
}

/// The start of each item's requirement and evidence examples, folded: what the rows are compared with.
pub(crate) struct Printed {
    requirement: BTreeMap<ItemNo, Vec<String>>,
    examples: BTreeMap<ItemNo, Vec<String>>,
    label: String,
}

/// Characters compared; enough to tell texts apart although endings were edited.
const START: usize = 24;
/// Columns looked at: check sheets have eleven.
const WIDEST: u32 = 40;

impl Printed {
    pub(crate) fn of(sheet: &Sheet) -> Printed {
        let start = |t: &str| fold_start(t).chars().take(START).collect::<String>();
        let requirement = sheet.items.iter().map(|i| {
            let texts = [Some(i.text.transcribed.as_str()), i.text.proposed.as_deref()];
            (i.no, texts.into_iter().flatten().map(start).collect())
        });
        let examples = sheet.items.iter().map(|i| (i.no, vec![start(&i.evidence.transcribed), start(&i.evidence.names.join("、"))]));
        let label = sheet.column(ColumnKind::Requirement).map_or_else(String::new, |c| fold(&c.name.ja));
        Printed { requirement: requirement.collect(), examples: examples.collect(), label }
    }

    fn says(&self, kind: ColumnKind, no: ItemNo, cell: &Value) -> bool {
        let Value::Text(written) = cell else { return false };
        let texts = if kind == ColumnKind::Requirement { &self.requirement } else { &self.examples };
        let written = fold_start(written);
        let written: String = written.strip_prefix(self.label.as_str()).unwrap_or(&written).chars().take(START).collect();
        texts.get(&no).is_some_and(|texts| texts.iter().any(|t| !t.is_empty() && *t == written))
    }
}

fn fold_start(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).filter(|c| !c.is_whitespace()).take(2 * START).collect()
}

/// The pages of a worksheet; none if it has no heading.
pub(crate) fn pages(sheet: &Worksheet, headings: &Headings, printed: &Printed) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    for (row, cells) in sheet.rows() {
        // Directly below a heading, a second row of headings may name a single column.
        let below = pages.last().is_some_and(|page| page.first == row);
        let Some(columns) = headings.read(cells).or_else(|| below.then(|| headings.read_rest(cells)).flatten()) else { continue };
        // An answer may well read 備考; a row that begins with a number is no heading.
        let above = pages.last().and_then(|page| page.columns.get(&ColumnKind::No)).and_then(|column| cells.get(column));
        if above.or(cells.values().next()).and_then(item_number).is_some() {
            continue;
        }
        match pages.last_mut().filter(|page| page.first == row) {
            Some(page) => {
                // The lower row speaks for its columns; where printed text stands, the rows will tell.
                page.columns.retain(|kind, column| !FILLED.contains(kind) || !columns.values().any(|c| c == column));
                page.columns.extend(columns);
                page.first = row + 1;
            }
            None => {
                if let Some(page) = pages.last_mut() {
                    page.end = row;
                }
                pages.push(Page { heading: row, first: row + 1, end: u32::MAX, columns, shift: 0 });
            }
        }
    }
    let used = sheet.size().0;
    for page in &mut pages {
        page.end = page.end.min(used);
        align(page, sheet, printed);
    }
    pages
}

/// Moves the columns to where the rows really have them.
fn align(page: &mut Page, sheet: &Worksheet, printed: &Printed) {
    let widest = sheet.size().1.min(WIDEST);
    let numbers = |column: u32| (page.first..page.end).filter(|row| sheet.own(*row, column).and_then(item_number).is_some()).count();
    let headed = page.columns.get(&ColumnKind::No).copied();
    let near = match headed {
        Some(column) => column.saturating_sub(1)..(column + 2).min(widest),
        None => 0..page.columns.values().min().copied().unwrap_or(0),
    };
    // The headed column stays unless it holds no number at all.
    if headed.is_none_or(|column| numbers(column) == 0)
        && let Some(best) = near.rev().max_by_key(|column| numbers(*column)).filter(|column| numbers(*column) > 0)
    {
        page.columns.retain(|_, column| *column != best);
        page.columns.insert(ColumnKind::No, best);
    }
    let Some(number) = page.columns.get(&ColumnKind::No).copied() else { return };
    let items: Vec<(u32, ItemNo)> =
        (page.first..page.end).filter_map(|row| Some((row, ItemNo(u16::try_from(item_number(sheet.own(row, number)?)?).ok()?)))).collect();
    let really = |kind: ColumnKind, headed: u32| {
        let votes = |column: u32| {
            items.iter().filter(|(row, no)| sheet.at(*row, column).is_some_and(|(cell, _)| printed.says(kind, *no, cell))).count()
        };
        let stays = votes(headed);
        let (best, most) = (0..widest).rev().map(|column| (column, votes(column))).max_by_key(|(_, n)| *n)?;
        if most == 0 {
            None
        } else if 2 * stays >= most {
            Some(headed)
        } else {
            Some(best)
        }
    };
    let anchor = [ColumnKind::EvidenceExamples, ColumnKind::Requirement].into_iter().find_map(|kind| {
        let headed = page.columns.get(&kind).copied()?;
        Some((headed, really(kind, headed)?))
    });
    let Some((headed, real)) = anchor.filter(|(headed, real)| headed != real) else { return };
    page.shift = i64::from(real) - i64::from(headed);
    for kind in FILLED {
        if let Some(column) = page.columns.get_mut(&kind).filter(|column| **column > headed) {
            *column = (i64::from(*column) + page.shift).max(0) as u32;
        }
    }
}

/// The item number a cell holds, known to the sheet or not.
pub(crate) fn item_number(cell: &Value) -> Option<u32> {
    match cell {
        Value::Number(n) if *n >= 0.0 && *n <= 999_999_999.0 && n.fract() == 0.0 => Some(*n as u32),
        Value::Text(text) => read_number(text),
        _ => None,
    }
}
