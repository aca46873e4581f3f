//! Opens .xlsx: cells stream in one by one, so that a lone cell at XFD1048576 costs one cell and not a whole grid.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, ExcelDateTime, Reader, Xlsx, XlsxError};

use crate::opened::{Budget, Limits};
use crate::table::{Merged, Value, Workbook, Worksheet, letters};
use crate::unreadable::Unreadable;

/// Rows and columns of a worksheet (ECMA-376, as Excel limits them).
const MOST_ROWS: u32 = 1 << 20;
const MOST_COLUMNS: u32 = 1 << 14;

/// `bytes` must have passed `zip_bounds::survey`.
pub(crate) fn open(bytes: &[u8], limits: &Limits) -> Result<Workbook, Unreadable> {
    // The reader is somebody else's code and the file is a stranger's: a panic there is a damaged file here.
    catch_unwind(AssertUnwindSafe(|| read(bytes, limits))).unwrap_or_else(|_| Err(Unreadable::damaged("xlsx", "internal structure")))
}

fn read(bytes: &[u8], limits: &Limits) -> Result<Workbook, Unreadable> {
    let damaged = |e: XlsxError| match e {
        XlsxError::Password => Unreadable::Encrypted,
        e => Unreadable::damaged("xlsx", e),
    };
    let mut budget = Budget::of(limits);
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let mut out = Workbook::default();
    for name in book.sheet_names() {
        budget.worksheet()?;
        let mut sheet = Worksheet::named(&name);
        let mut cells = match book.worksheet_cells_reader(&name) {
            Ok(cells) => cells,
            Err(XlsxError::NotAWorksheet(_)) => continue,
            Err(e) => return Err(damaged(e)),
        };
        while let Some(cell) = cells.next_cell().map_err(damaged)? {
            budget.cells(1)?;
            let (row, column) = cell.get_position();
            within_grid(row, column)?;
            let value = match cell.get_value() {
                DataRef::Empty => continue,
                DataRef::Int(n) => Value::Number(*n as f64),
                DataRef::Float(n) => Value::Number(*n),
                DataRef::Bool(b) => Value::Bool(*b),
                DataRef::Error(e) => Value::Error(e.to_string()),
                DataRef::DateTime(t) => date(t),
                DataRef::DateTimeIso(t) | DataRef::DurationIso(t) => Value::Date(t.clone()),
                DataRef::String(t) => words(t, &mut budget)?,
                DataRef::SharedString(t) => words(t, &mut budget)?,
            };
            sheet.put(row, column, value);
        }
        drop(cells);
        for range in book.merge_cells_by_sheet_name(&name).map_err(damaged)? {
            budget.merged(1)?;
            within_grid(range.end.0, range.end.1)?;
            sheet.merge(Merged { top: range.start.0, left: range.start.1, bottom: range.end.0, right: range.end.1 });
        }
        out.worksheets.push(sheet);
    }
    Ok(out)
}

/// Excel's grid ends at XFD1048576. A cell said to be beyond it would make every walk down the rows one of minutes.
fn within_grid(row: u32, column: u32) -> Result<(), Unreadable> {
    if row < MOST_ROWS && column < MOST_COLUMNS {
        return Ok(());
    }
    let cell = format!("{}{}", letters(column), u64::from(row) + 1);
    Err(Unreadable::damaged("xlsx", format!("{cell} lies outside every worksheet")))
}

fn words(text: &str, budget: &mut Budget) -> Result<Value, Unreadable> {
    budget.text(text.len(), 1)?;
    Ok(Value::Text(text.to_owned()))
}

/// A date as people would write it in a form: `2026-11-22`, with the time only where there is one.
pub(crate) fn date(t: &ExcelDateTime) -> Value {
    if !t.is_datetime() {
        return Value::Number(t.as_f64());
    }
    let (year, month, day, hour, minute, second, _) = t.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) { Value::Date(date) } else { Value::Date(format!("{date} {hour:02}:{minute:02}:{second:02}")) }
}
