//! Writes a sheet as CSV: UTF-8 with a byte-order mark, so that Excel shows Japanese, and no cell that runs as a formula.

use std::borrow::Cow;

use rules::sheet::Sheet;

use crate::form::{FilledSheet, clean};
use crate::sheet_xlsx::{Look, cell_text};

/// The header block, the headings, and one line per item; categories are repeated on every line.
pub fn sheet_csv(sheet: &Sheet, filled: &FilledSheet, look: &Look<'_>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().flexible(true).terminator(csv::Terminator::CRLF).from_writer(b"\xEF\xBB\xBF".to_vec());
    let mut write = |cells: Vec<String>| {
        let safe = cells.iter().map(|text| harmless(text).into_owned());
        writer.write_record(safe).expect("writing to memory cannot fail");
    };
    write(vec![sheet.title.get(look.lang).to_owned()]);
    for field in &sheet.header {
        let value = filled.header.get(&field.id).map(|v| clean(v)).unwrap_or_default();
        write(vec![field.name.get(look.lang).to_owned(), value]);
    }
    write(sheet.columns.iter().map(|c| c.name.get(look.lang).to_owned()).collect());
    for item in &sheet.items {
        let row = filled.rows.iter().find(|r| r.no == item.no);
        write(sheet.columns.iter().map(|c| cell_text(sheet, item, row, c.kind, look)).collect());
    }
    writer.into_inner().expect("writing to memory cannot fail")
}

/// What makes a spreadsheet run or split a cell when it stands first (full-width forms included).
const ACTIVE: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A text that no spreadsheet takes for a formula: an apostrophe is put before an active first character, also where
/// there already stand some, so that `bare` can take exactly one away.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if text.trim_start_matches('\'').starts_with(ACTIVE) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Takes away what `harmless` put before a text.
pub fn bare(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(ACTIVE) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_disarmed_and_comes_back() {
        for (text, written) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("'=1", "''=1"),
            ("＠SUM(A1)", "'＠SUM(A1)"),
            ("'引用'", "'引用'"),
            ("1-2", "1-2"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), written);
            assert_eq!(bare(&harmless(text)), text);
        }
    }
}
