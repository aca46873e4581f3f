//! The check sheet as it was handed over, with its many headings, is read as an empty case.

mod story;

use documents::read_sheet::{Reading, read_sheet};
use rules::id::ItemNo;
use rules::sheet::ColumnKind;

#[test]
fn the_sheet_itself_imports_as_an_empty_case() {
    let bytes = std::fs::read(story::fixture("check-sheet.txt")).expect("fixtures/check-sheet.txt");
    let read = read_sheet(&bytes, "check-sheet.txt", story::sheet(), &Reading::default()).expect("it opens");
    assert_eq!(read.faults, []);
    let numbers: Vec<u16> = read.filled.rows.iter().map(|r| r.no.0).collect();
    assert_eq!(numbers, (1..=253).collect::<Vec<_>>());
    let written: Vec<_> = read.filled.rows.iter().filter(|r| !r.is_blank()).collect();
    assert_eq!(written, Vec::<&documents::form::FilledRow>::new());
    assert!(read.filled.header.is_empty() && read.cells.is_empty());
    // Nothing but the pages whose headings are off.
    assert!(read.notes.iter().all(|n| n.text.en.contains("column(s) off")), "{:?}", read.notes);
}

/// Answers written into the sheet's own columns land in them on every page, whatever the page's headings.
#[test]
fn answers_written_into_the_sheet_land_in_their_columns() {
    let text = std::fs::read_to_string(story::fixture("check-sheet.txt")).expect("fixtures/check-sheet.txt");
    let filled: Vec<String> = text
        .lines()
        .map(|line| {
            let mut fields: Vec<String> = line.split('\t').map(str::to_owned).collect();
            if fields[0].parse::<u16>().is_err() {
                return line.to_owned();
            }
            fields.resize(fields.len().max(8), String::new());
            fields[5] = format!("対応{}", fields[0]);
            fields[6] = "規程 p.3".to_owned();
            fields[7] = "適合".to_owned();
            fields.join("\t")
        })
        .collect();
    let read = read_sheet(filled.join("\n").as_bytes(), "filled.txt", story::sheet(), &Reading::default()).expect("it opens");
    assert_eq!(read.faults, []);
    for row in &read.filled.rows {
        assert_eq!(row.answer, format!("対応{}", row.no), "item {}", row.no);
        assert_eq!((row.evidence_claimed.as_str(), row.verdict.as_str()), ("規程 p.3", "conforms"), "item {}", row.no);
    }
    assert_eq!(read.cells[&ItemNo(1)][&ColumnKind::Answer], "F5");
    assert_eq!(read.cells[&ItemNo(242)][&ColumnKind::Verdict], "H298");
}
