//! Opens .xls (BIFF, Excel 97-2003), after its sizes were checked.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Data, Reader, Xls, XlsError};

use crate::opened::xlsx::date;
use crate::opened::zip_bounds::find;
use crate::opened::{Budget, Limits, xls_bounds};
use crate::table::{Merged, Value, Workbook, Worksheet};
use crate::unreadable::Unreadable;

pub(crate) fn open(bytes: &[u8], limits: &Limits) -> Result<Workbook, Unreadable> {
    // Excel wraps an encrypted .xlsx in the same container as .xls; its stream names are UTF-16.
    let utf16: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if find(bytes, &utf16).is_some() {
        return Err(Unreadable::Encrypted);
    }
    xls_bounds::check(bytes, limits)?;
    catch_unwind(AssertUnwindSafe(|| read(bytes, limits))).unwrap_or_else(|_| Err(Unreadable::damaged("xls", "internal structure")))
}

fn read(bytes: &[u8], limits: &Limits) -> Result<Workbook, Unreadable> {
    let damaged = |e: XlsError| match e {
        XlsError::Password => Unreadable::Encrypted,
        e => Unreadable::damaged("xls", e),
    };
    let mut budget = Budget::of(limits);
    let mut book: Xls<_> = Xls::new(Cursor::new(bytes)).map_err(damaged)?;
    let mut out = Workbook::default();
    for name in book.sheet_names() {
        budget.worksheet()?;
        let mut sheet = Worksheet::named(&name);
        let range = book.worksheet_range(&name).map_err(damaged)?;
        let (top, left) = range.start().unwrap_or_default();
        for (row, column, data) in range.used_cells() {
            budget.cells(1)?;
            let value = match data {
                Data::Empty => continue,
                Data::Int(n) => Value::Number(*n as f64),
                Data::Float(n) => Value::Number(*n),
                Data::Bool(b) => Value::Bool(*b),
                Data::Error(e) => Value::Error(e.to_string()),
                Data::DateTime(t) => date(t),
                Data::DateTimeIso(t) | Data::DurationIso(t) => Value::Date(t.clone()),
                Data::String(t) => {
                    budget.text(t.len(), 1)?;
                    Value::Text(t.clone())
                }
            };
            sheet.put(top + row as u32, left + column as u32, value);
        }
        for range in book.merge_cells_by_sheet_name(&name).map_err(damaged)? {
            budget.merged(1)?;
            sheet.merge(Merged { top: range.start.0, left: range.start.1, bottom: range.end.0, right: range.end.1 });
        }
        out.worksheets.push(sheet);
    }
    Ok(out)
}
