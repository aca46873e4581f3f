//! Opens .csv, .tsv and .txt: finds the encoding and the delimiter, and keeps the row numbers a spreadsheet would show.

use std::collections::BTreeMap;

use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};

use crate::opened::{Budget, Limits};
use crate::table::{Value, Workbook, Worksheet};
use crate::unreadable::Unreadable;

/// The table and the name of its encoding.
pub(crate) fn open(bytes: &[u8], limits: &Limits) -> Result<(Workbook, &'static str), Unreadable> {
    let (text, encoding) = decode(bytes)?;
    let delimiter = delimiter(&text);
    let mut budget = Budget::of(limits);
    let mut sheet = Worksheet::default();
    let mut reader = reader(&text, delimiter);
    let mut record = csv::ByteRecord::new();
    let mut row = 0u32;
    loop {
        let at = reader.position().byte() as usize;
        if !reader.read_byte_record(&mut record).map_err(|e| Unreadable::damaged("csv", e))? {
            break;
        }
        // The parser passes over empty lines, a spreadsheet counts them.
        row = row.saturating_add(empty_lines(text.as_bytes(), at));
        for (column, field) in record.iter().enumerate() {
            budget.cells(1)?;
            budget.text(field.len(), 1)?;
            // Fields are cut at ASCII characters, so they stay UTF-8.
            sheet.put(row, column as u32, Value::Text(String::from_utf8_lossy(field).into_owned()));
        }
        row = row.saturating_add(1);
    }
    Ok((Workbook { worksheets: vec![sheet] }, encoding))
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes())
}

/// Empty lines from a byte on that follows a record; the second half of that record's CR LF is not one.
fn empty_lines(text: &[u8], from: usize) -> u32 {
    let mut lines = 0;
    let mut i = from;
    if i > 0 && text.get(i - 1) == Some(&b'\r') && text.get(i) == Some(&b'\n') {
        i += 1;
    }
    while let Some(b'\r' | b'\n') = text.get(i) {
        i += if text[i] == b'\r' && text.get(i + 1) == Some(&b'\n') { 2 } else { 1 };
        lines += 1;
    }
    lines
}

/// The delimiter that cuts most of the first rows into one and the same number of fields, three or more.
fn delimiter(text: &str) -> u8 {
    let score = |delimiter: u8| {
        let mut widths = BTreeMap::new();
        for record in reader(text, delimiter).into_byte_records().take(60).filter_map(Result::ok).filter(|r| r.len() >= 3) {
            *widths.entry(record.len()).or_insert(0usize) += 1;
        }
        widths.into_iter().map(|(width, rows)| (rows, width)).max()
    };
    [b';', b'\t', b','].into_iter().max_by_key(|d| score(*d)).unwrap_or(b',')
}

pub(crate) fn decode(bytes: &[u8]) -> Result<(String, &'static str), Unreadable> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return strictly(encoding, &bytes[mark..]).ok_or(Unreadable::Encoding);
    }
    let zeros = |from: usize| bytes.iter().skip(from).step_by(2).take(500).filter(|b| **b == 0).count();
    let guesses: &[&'static Encoding] = match (zeros(0), zeros(1)) {
        (0, 0) => &[UTF_8, SHIFT_JIS, EUC_JP],
        (even, odd) if even < odd => &[UTF_16LE],
        (even, odd) if even > odd => &[UTF_16BE],
        _ => &[],
    };
    guesses.iter().find_map(|encoding| strictly(encoding, bytes)).ok_or(Unreadable::Encoding)
}

/// None if the bytes are no text in this encoding: invalid, or full of control characters.
fn strictly(encoding: &'static Encoding, bytes: &[u8]) -> Option<(String, &'static str)> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    let controls = text.chars().filter(|c| c.is_control() && !c.is_whitespace()).count();
    (!text.contains('\0') && 100 * controls <= text.chars().count()).then(|| (text.into_owned(), encoding.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(bytes: &[u8]) -> Vec<(String, String)> {
        let (book, _) = open(bytes, &Limits::default()).unwrap();
        let sheet = &book.worksheets[0];
        sheet.rows().flat_map(|(row, cells)| cells.iter().map(move |(c, v)| (sheet.cell(row, *c), v.shown()))).collect()
    }

    #[test]
    fn rows_are_numbered_as_in_a_spreadsheet() {
        for text in ["a,b,c\n\n\n\"d\n\ne\",f,g\nh,i,j", "a,b,c\r\n\r\n\r\n\"d\n\ne\",f,g\r\nh,i,j\r\n"] {
            let found = cells(text.as_bytes());
            let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["A1", "B1", "C1", "A4", "B4", "C4", "A5", "B5", "C5"], "{text:?}");
            assert_eq!(found[3].1, "d\n\ne");
        }
    }

    #[test]
    fn encodings_of_japanese_files_are_found() {
        let text = "項目番号,対応策,備考\n1,はい～①,髙\n";
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let utf16be: Vec<u8> = [0xFE, 0xFF].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
        let shift_jis = SHIFT_JIS.encode(text).0.into_owned();
        let euc = EUC_JP.encode("項目番号,対応策,備考\n1,はい,無\n").0.into_owned();
        for (bytes, name) in
            [(text.as_bytes().to_vec(), "UTF-8"), (shift_jis, "Shift_JIS"), (utf16, "UTF-16LE"), (utf16be, "UTF-16BE"), (euc, "EUC-JP")]
        {
            let (book, encoding) = open(&bytes, &Limits::default()).unwrap();
            assert_eq!(encoding, name);
            assert_eq!(book.worksheets[0].own(0, 1), Some(&Value::Text("対応策".into())), "{name}");
        }
        assert_eq!(open(&[0xFF, 0x80, 0xFF, 0x00, 0x00], &Limits::default()), Err(Unreadable::Encoding));
    }
}
