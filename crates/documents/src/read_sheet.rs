//! Imports a filled sheet: finds each item by its number, whatever the file, and names every fault with its cell.

use std::collections::BTreeMap;

use rules::id::ItemNo;
use rules::sheet::{ColumnKind, Mark, Sheet};
use rules::text::Text;

use crate::fault;
pub use crate::fault::Fault;
use crate::fold::fold;
use crate::form::{FILLED, FilledRow, FilledSheet, clean};
use crate::headings::{Headings, LoneEvidence};
use crate::layout::{Page, Printed, item_number, pages};
use crate::read_table::{Format, Limits, read_table};
use crate::sheet_csv::bare;
use crate::table::{Value, Worksheet, letters};
use crate::unreadable::Unreadable;

/// What the person may decide about an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// Whose evidence a lone column 確認したエビデンス holds.
    pub lone_evidence: LoneEvidence,
    pub limits: Limits,
}

/// What a file says about the items of a sheet. Nothing is changed yet; a preview shows this.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadSheet {
    /// One row per item found, in the order of the sheet; blank where the file is blank.
    pub filled: FilledSheet,
    pub format: Format,
    /// The worksheet that was read; empty for text files.
    pub worksheet: String,
    /// The columns found and their letters, each pair once; columns not among them are not in the file.
    pub found: Vec<(ColumnKind, String)>,
    /// The cell each value came from. Only cells that hold something.
    pub cells: BTreeMap<ItemNo, BTreeMap<ColumnKind, String>>,
    /// What could not be taken, in the order of the file.
    pub faults: Vec<Fault>,
    /// What was taken, and the person should know how.
    pub notes: Vec<Fault>,
}

/// Reads a filled sheet from .xlsx, .xls, .ods, .csv, .tsv or .txt.
///
/// # Errors
/// When the file cannot be opened at all. A file without a heading opens, with that as its fault and no rows.
pub fn read_sheet(bytes: &[u8], file_name: &str, sheet: &Sheet, reading: &Reading) -> Result<ReadSheet, Unreadable> {
    let table = read_table(bytes, file_name, &reading.limits)?;
    let headings = Headings::of(sheet, reading.lone_evidence);
    let printed = Printed::of(sheet);
    let mut reader = Reader {
        sheet,
        labels: labels(sheet),
        delimited: matches!(table.format, Format::Delimited(_)),
        rows: BTreeMap::new(),
        numbered: BTreeMap::new(),
        out: ReadSheet {
            filled: FilledSheet::default(),
            format: table.format,
            worksheet: String::new(),
            found: Vec::new(),
            cells: BTreeMap::new(),
            faults: Vec::new(),
            notes: table.notes.into_iter().map(|text| Fault { cell: String::new(), item: None, text }).collect(),
        },
    };
    let laid: Vec<(&Worksheet, Vec<Page>)> = table.book.worksheets.iter().map(|w| (w, pages(w, &headings, &printed))).collect();
    let with_heading: Vec<&(&Worksheet, Vec<Page>)> = laid.iter().filter(|(_, pages)| !pages.is_empty()).collect();
    let chosen = with_heading.iter().rev().max_by_key(|(worksheet, pages)| numbered_rows(worksheet, pages));
    match chosen {
        None => {
            let names: Vec<&str> = laid.iter().map(|(w, _)| w.name.as_str()).filter(|n| !n.is_empty()).collect();
            reader.fault(String::new(), None, fault::no_heading(&sheet.columns, &names));
        }
        Some((worksheet, pages)) => {
            if laid.len() > 1 {
                let others: Vec<&str> = with_heading.iter().map(|(w, _)| w.name.as_str()).filter(|n| *n != worksheet.name).collect();
                reader.note(String::new(), fault::worksheet_read(&worksheet.name, &others));
            }
            reader.read(worksheet, pages);
        }
    }
    Ok(reader.out)
}

fn numbered_rows(worksheet: &Worksheet, pages: &[Page]) -> usize {
    let rows = pages.iter().flat_map(|p| {
        let number = p.columns.get(&ColumnKind::No).copied();
        (p.first..p.end).filter(move |row| number.and_then(|c| worksheet.own(*row, c)).and_then(item_number).is_some())
    });
    rows.count()
}

/// Folded labels of the header block, with the ids of their fields.
fn labels(sheet: &Sheet) -> Vec<(String, String)> {
    sheet.header.iter().flat_map(|f| [fold(&f.name.ja), fold(&f.name.en)].map(|name| (name, f.id.clone()))).collect()
}

struct Reader<'a> {
    sheet: &'a Sheet,
    labels: Vec<(String, String)>,
    delimited: bool,
    rows: BTreeMap<ItemNo, FilledRow>,
    /// Where each item's number stands.
    numbered: BTreeMap<ItemNo, (u32, u32)>,
    out: ReadSheet,
}

/// Faults beyond this many help nobody.
const MOST_FAULTS: usize = 2_000;

impl Reader<'_> {
    fn read(&mut self, worksheet: &Worksheet, pages: &[Page]) {
        self.out.worksheet = worksheet.name.clone();
        let mut page_of = pages.iter().peekable();
        let mut page: Option<&Page> = None;
        let mut header = BTreeMap::new();
        for (row, cells) in worksheet.rows() {
            while let Some(next) = page_of.next_if(|p| p.heading <= row) {
                page = Some(next);
                self.page(worksheet, next);
            }
            if page.is_some_and(|page| row < page.first) {
                continue;
            }
            let number = page.and_then(|page| page.columns.get(&ColumnKind::No)).and_then(|column| worksheet.at(row, *column));
            // An answer may well begin with 評価者; only a row without a number can belong to the header block.
            let headed = number.and_then(|(value, _)| item_number(value)).is_none() && self.read_header(worksheet, row, cells, &mut header);
            if let Some(page) = page.filter(|_| !headed) {
                self.read_row(worksheet, page, row);
            }
        }
        let missing: Vec<ItemNo> = self.sheet.items.iter().map(|i| i.no).filter(|no| !self.rows.contains_key(no)).collect();
        if !missing.is_empty() {
            self.note(String::new(), fault::items_missing(&missing));
        }
        self.out.filled.rows = std::mem::take(&mut self.rows).into_values().collect();
    }

    fn page(&mut self, worksheet: &Worksheet, page: &Page) {
        for (kind, column) in &page.columns {
            let pair = (*kind, letters(*column));
            if !self.out.found.contains(&pair) {
                self.out.found.push(pair);
            }
        }
        let cell = worksheet.cell(page.heading, 0);
        if page.shift != 0 {
            self.note(cell.clone(), fault::headings_off(page.shift.unsigned_abs()));
        }
        if !page.columns.contains_key(&ColumnKind::No) {
            self.fault(cell, None, fault::no_number_column(self.sheet));
        }
    }

    /// Reads a line of the header block. False if the row has no label of it.
    fn read_header(
        &mut self,
        worksheet: &Worksheet,
        row: u32,
        cells: &BTreeMap<u32, Value>,
        taken: &mut BTreeMap<String, (String, String)>,
    ) -> bool {
        let mut label: Option<String> = None;
        let mut any = false;
        for (column, value) in cells {
            let shown = value.shown();
            let folded = fold(&shown);
            let exact = self.labels.iter().find(|(name, _)| folded.strip_suffix(':').unwrap_or(&folded) == name);
            if let Some((_, id)) = exact {
                label = Some(id.clone());
                any = true;
                continue;
            }
            let together =
                self.labels.iter().find(|(name, _)| folded.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(':')));
            let (id, text) = match (together, label.take()) {
                (Some((_, id)), _) => {
                    let rest = shown.split_once([':', '：']).map(|(_, rest)| rest.trim().to_owned());
                    (id.clone(), rest.unwrap_or_default())
                }
                (None, Some(id)) => (id, self.plain(&shown)),
                (None, None) => continue,
            };
            any = true;
            if let Value::Error(error) = value {
                self.fault(worksheet.cell(row, *column), None, fault::header_is_error(error));
                continue;
            }
            if text.is_empty() || text.chars().all(|c| c == '-') {
                continue;
            }
            let cell = worksheet.cell(row, *column);
            match taken.get(&id) {
                None => {
                    self.out.filled.header.insert(id.clone(), text.clone());
                    taken.insert(id, (text, cell));
                }
                Some((first, _)) if *first == text => {}
                Some((first, place)) => {
                    let text = fault::header_differs(&text, first, place);
                    self.fault(cell, None, text);
                }
            }
        }
        any
    }

    fn read_row(&mut self, worksheet: &Worksheet, page: &Page, row: u32) {
        let Some(number) = page.columns.get(&ColumnKind::No).copied() else { return };
        let cell = worksheet.cell(row, number);
        let written = FILLED.iter().filter_map(|kind| page.columns.get(kind)).any(|column| worksheet.own(row, *column).is_some());
        let Some((value, place)) = worksheet.at(row, number) else {
            if written {
                self.fault(cell, None, fault::NO_NUMBER);
            }
            return;
        };
        if let Value::Error(error) = value {
            return self.fault(cell, None, fault::number_is_error(error));
        }
        let Some(no) = item_number(value) else {
            // A remark under the table has neither answer nor requirement; it is nobody's fault.
            let requirement = page.columns.get(&ColumnKind::Requirement).and_then(|c| worksheet.own(row, *c)).is_some();
            if written || requirement {
                self.fault(cell, None, fault::number_is_text(&value.shown()));
            }
            return;
        };
        let Some(no) = u16::try_from(no).ok().map(ItemNo).filter(|no| self.sheet.item(*no).is_some()) else {
            return self.fault(cell, None, fault::unknown_item(no, self.sheet));
        };
        match self.numbered.get(&no) {
            None => {
                self.numbered.insert(no, place);
            }
            // One number merged over several rows: the rows together are the item.
            Some(first) if *first == place => {}
            Some((first_row, first_column)) => {
                let first = worksheet.cell(*first_row, *first_column);
                return self.fault(cell, Some(no), fault::item_twice(no, &first));
            }
        }
        let mut filled = self.rows.remove(&no).unwrap_or_else(|| FilledRow::blank(no));
        for kind in FILLED {
            let Some(column) = page.columns.get(&kind).copied() else { continue };
            let Some((value, (value_row, value_column))) = worksheet.at(row, column) else { continue };
            let cell = worksheet.cell(value_row, value_column);
            let Some(text) = self.read_value(kind, no, value, &cell).filter(|text| !text.is_empty()) else { continue };
            let Some(target) = filled.get_mut(kind) else { continue };
            let first = self.out.cells.entry(no).or_default().entry(kind).or_insert_with(|| cell.clone()).clone();
            if target.is_empty() {
                *target = text;
            } else if first == cell || *target == text {
                // Merged over the same rows as the number, or said twice.
            } else if kind == ColumnKind::Verdict {
                self.fault(cell, Some(no), fault::verdicts_differ(no, &first));
            } else {
                target.push('\n');
                target.push_str(&text);
            }
        }
        self.rows.insert(no, filled);
    }

    fn read_value(&mut self, kind: ColumnKind, no: ItemNo, value: &Value, cell: &str) -> Option<String> {
        if let Value::Error(error) = value {
            self.fault(cell.to_owned(), Some(no), fault::value_is_error(no, error));
            return None;
        }
        let text = self.plain(&value.shown());
        if kind != ColumnKind::Verdict || text.is_empty() {
            return Some(text);
        }
        if let Some(mark) = read_mark(self.sheet, &text) {
            return Some(mark.code.clone());
        }
        self.fault(cell.to_owned(), Some(no), fault::not_on_scale(no, &text, self.sheet));
        None
    }

    /// A cell's text as it was before it was exported.
    fn plain(&self, shown: &str) -> String {
        clean(if self.delimited { bare(shown) } else { shown })
    }

    fn note(&mut self, cell: String, text: Text) {
        self.out.notes.push(Fault { cell, item: None, text });
    }

    fn fault(&mut self, cell: String, item: Option<ItemNo>, text: Text) {
        match self.out.faults.len() {
            n if n < MOST_FAULTS => self.out.faults.push(Fault { cell, item, text }),
            MOST_FAULTS => self.out.faults.push(Fault { cell: String::new(), item: None, text: fault::more_faults(MOST_FAULTS) }),
            _ => {}
        }
    }
}

/// A verdict in either language, as code or alias, half- or full-width.
fn read_mark<'s>(sheet: &'s Sheet, written: &str) -> Option<&'s Mark> {
    sheet.read_mark(written).or_else(|| {
        let written = fold(written);
        sheet.scale.iter().find(|m| {
            [m.code.as_str(), &m.name.ja, &m.name.en]
                .into_iter()
                .chain(m.aliases.iter().map(String::as_str))
                .any(|name| fold(name) == written)
        })
    })
}
