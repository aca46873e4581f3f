//! Plain rows under one line of headings, out and in: what registers are exchanged as.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

pub use crate::fold::fold;
use crate::read_table::{Limits, read_table};
use crate::sheet_csv::{bare, harmless};
use crate::table::{Value, Worksheet as Read};
use crate::unreadable::Unreadable;

/// Characters that a cell of a spreadsheet holds.
const CELL: usize = 32_767;

/// Rows as CSV that Excel shows right and takes no cell of for a formula.
pub fn rows_csv(rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().flexible(true).terminator(csv::Terminator::CRLF).from_writer(b"\xEF\xBB\xBF".to_vec());
    for row in rows {
        writer.write_record(row.iter().map(|cell| harmless(cell).into_owned())).expect("writing to memory cannot fail");
    }
    writer.into_inner().expect("writing to memory cannot fail")
}

/// Rows as a workbook of one worksheet; the first row is the heading, every cell is text.
///
/// # Errors
/// When the workbook cannot be put together.
pub fn rows_xlsx(name: &str, rows: &[Vec<String>]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let mut page = Worksheet::new();
    // Excel allows 31 characters, and none of these.
    let name: String = name.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(31).collect();
    page.set_name(name)?;
    let heading = Format::new().set_bold().set_background_color(Color::RGB(0xD6E4F5)).set_border(FormatBorder::Thin).set_text_wrap();
    let body = Format::new().set_border(FormatBorder::Thin).set_text_wrap().set_align(FormatAlign::Top).set_num_format("@");
    for (n, row) in (0u32..).zip(rows) {
        for (column, cell) in (0u16..).zip(row) {
            let words: String = harmless(cell).chars().take(CELL).collect();
            page.write_string_with_format(n, column, words, if n == 0 { &heading } else { &body })?;
        }
    }
    let columns = rows.first().map_or(0, Vec::len);
    for column in (0u16..).take(columns) {
        page.set_column_width(column, 20)?;
    }
    page.set_freeze_panes(1, 0)?;
    if rows.len() > 1 && columns > 0 {
        page.autofilter(0, 0, u32::try_from(rows.len() - 1).unwrap_or(u32::MAX), u16::try_from(columns - 1).unwrap_or(u16::MAX))?;
    }
    book.push_worksheet(page);
    book.save_to_buffer()
}

/// One row of a file, and what it is called there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowRead {
    /// As people count: the heading is row 1.
    pub row: u32,
    pub cells: Vec<String>,
    /// Cells that hold an error of a formula: their column and what stands there.
    pub broken: Vec<(usize, String)>,
}

/// What a file of rows held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowsRead {
    pub headings: Vec<String>,
    pub rows: Vec<RowRead>,
}

/// Reads the first worksheet that has anything: headings in its first used row, rows below. Blank rows are passed over.
///
/// # Errors
/// When nothing can be read: another type, damaged, encrypted, or beyond the limits.
pub fn read_rows(bytes: &[u8], file_name: &str, limits: &Limits) -> Result<RowsRead, Unreadable> {
    let table = read_table(bytes, file_name, limits)?;
    let Some(page) = table.book.worksheets.iter().find(|page| page.size() != (0, 0)) else { return Err(Unreadable::Empty) };
    let columns = page.size().1;
    let mut used = page.rows().filter(|(_, cells)| cells.values().any(|value| !value.is_blank())).map(|(row, _)| row);
    let Some(first) = used.next() else { return Err(Unreadable::Empty) };
    let cells = |row| (0..columns).map(|column| shown(page, row, column)).collect::<Vec<_>>();
    let mut rows = vec![];
    for row in used {
        let broken = (0..columns).filter_map(|column| match page.at(row, column)?.0 {
            Value::Error(error) => Some((column as usize, error.clone())),
            _ => None,
        });
        rows.push(RowRead { row: row + 1, cells: cells(row), broken: broken.collect() });
    }
    Ok(RowsRead { headings: cells(first), rows })
}

/// A merged cell counts for every cell it covers.
fn shown(page: &Read, row: u32, column: u32) -> String {
    match page.at(row, column) {
        // A day has no time of day in a spreadsheet's eyes.
        Some((Value::Date(at), _)) => at.strip_suffix("T00:00:00").unwrap_or(at).to_owned(),
        Some((value, _)) => bare(&value.shown()).trim().to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<String>> {
        let row = |cells: &[&str]| cells.iter().map(|c| (*c).to_owned()).collect();
        vec![row(&["番号", "名称", "日付"]), row(&["A-1", "=1+1", "2026-11-20"]), row(&["A-2", "二行\nある, \"引用\"", ""])]
    }

    #[test]
    fn what_goes_out_comes_back_and_runs_nowhere() {
        for (file, name) in [(rows_csv(&rows()), "a.csv"), (rows_xlsx("管理簿[1]", &rows()).unwrap(), "a.xlsx")] {
            let read = read_rows(&file, name, &Limits::default()).unwrap();
            assert_eq!(read.headings, rows()[0], "{name}");
            let cells: Vec<Vec<String>> = read.rows.iter().map(|r| r.cells.clone()).collect();
            assert_eq!(cells, rows()[1..], "{name}");
            assert_eq!(read.rows.iter().map(|r| r.row).collect::<Vec<_>>(), [2, 3]);
        }
        assert!(String::from_utf8(rows_csv(&rows())).unwrap().contains("'=1+1"));
    }

    #[test]
    fn a_file_without_rows_says_so() {
        assert_eq!(read_rows(b"", "a.csv", &Limits::default()), Err(Unreadable::Empty));
        assert_eq!(read_rows(b"\n\n,,\n", "a.csv", &Limits::default()), Err(Unreadable::Empty));
        let only = read_rows("番号,名称\n".as_bytes(), "a.csv", &Limits::default()).unwrap();
        assert!(only.rows.is_empty());
    }
}
