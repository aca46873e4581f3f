//! Files that are wrong, broken or meant to harm are refused with a reason; none makes the program panic or swell.

mod story;

use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use documents::read_sheet::{Reading, read_sheet};
use documents::read_table::{Limits, read_table};
use documents::sheet_xlsx::{Categories, sheet_xlsx};
use documents::unreadable::Unreadable;
use proptest::prelude::*;
use rules::text::Lang;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn open(bytes: &[u8], name: &str) -> Result<(), Unreadable> {
    let before = Instant::now();
    let result = read_table(bytes, name, &Limits::default()).map(|_| ());
    assert!(before.elapsed() < Duration::from_secs(20), "{name} took {:?}", before.elapsed());
    result
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const ROOT: &[u8] = br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const RELATIONS: &[u8] = br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
const BOOK: &[u8] = br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#;

fn xlsx(sheet: &[u8], strings: &[u8]) -> Vec<u8> {
    let parts = [
        ("_rels/.rels", ROOT),
        ("xl/workbook.xml", BOOK),
        ("xl/_rels/workbook.xml.rels", RELATIONS),
        ("xl/sharedStrings.xml", strings),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    zipped(&parts)
}

fn ods(content: &str) -> Vec<u8> {
    zipped(&[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", content.as_bytes())])
}

fn export() -> Vec<u8> {
    sheet_xlsx(story::sheet(), &story::filled(story::sheet()), &story::look(Lang::Ja, Categories::Merged)).unwrap()
}

#[test]
fn another_type_under_a_table_name_is_named() {
    let types: [(&[u8], &str); 6] = [
        (b"%PDF-1.7\n...", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "画像"),
        (b"<html><table>", "HTML"),
        (b"<?xml version=\"1.0\"?><Workbook/>", "XML"),
        (&zipped(&[("word/document.xml", b"<w/>")]), "Word"),
        (&zipped(&[("readme.txt", b"hello")]), "zip"),
    ];
    for (bytes, word) in types {
        let error = open(bytes, "sheet.xlsx").unwrap_err();
        assert!(matches!(error, Unreadable::OtherType { .. }) && error.text().ja.contains(word), "{error:?}");
    }
    assert_eq!(open(b"", "a.xlsx"), Err(Unreadable::Empty));
}

#[test]
fn damaged_files_say_so() {
    let whole = export();
    assert!(matches!(open(&whole[..whole.len() / 2], "a.xlsx"), Err(Unreadable::Damaged { .. })));
    let mut rotten = whole.clone();
    let middle = rotten.len() / 2;
    rotten[middle..middle + 200].fill(0xAA);
    assert!(matches!(open(&rotten, "a.xlsx"), Err(Unreadable::Damaged { .. })));
    assert!(matches!(open(&[0xFF, 0x00, 0x80, 0x00, 0x00, 0x12], "a.xlsx"), Err(Unreadable::Damaged { format: "xlsx", .. })));
    let xls = std::fs::read(story::fixture("filled.xls")).unwrap();
    assert!(matches!(open(&xls[..5_000], "a.xls"), Err(Unreadable::Damaged { .. })));
}

#[test]
fn an_encrypted_workbook_asks_for_the_password_to_be_removed() {
    let mut bytes = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    bytes.resize(512, 0);
    bytes.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(open(&bytes, "a.xlsx"), Err(Unreadable::Encrypted));
    let ods = zipped(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<manifest:encryption-data/>"),
        ("content.xml", b"\x00\x01"),
    ]);
    assert_eq!(open(&ods, "a.ods"), Err(Unreadable::Encrypted));
}

#[test]
fn too_large_is_refused_before_anything_is_read() {
    let limits = Limits { file: 1_000, ..Limits::default() };
    let error = read_table(&[b'a'; 1_001], "a.csv", &limits).unwrap_err();
    assert_eq!(error, Unreadable::TooLarge { size: 1_001, limit: 1_000 });
}

#[test]
fn a_zip_bomb_is_stopped_early_whatever_size_it_declares() {
    let zeros = vec![b' '; 200 << 20];
    let mut bomb = zipped(&[("xl/workbook.xml", BOOK), ("xl/worksheets/sheet1.xml", &zeros)]);
    drop(zeros);
    assert!(bomb.len() < 1 << 20);
    assert!(matches!(open(&bomb, "a.xlsx"), Err(Unreadable::Unpacks { .. })));
    // The same bomb says of itself, in both of its headers, that it is a hundred bytes long.
    let declared = (200u32 << 20).to_le_bytes();
    let places: Vec<usize> = (0..bomb.len() - 4).filter(|i| bomb[*i..*i + 4] == declared).collect();
    assert!(!places.is_empty());
    for place in places {
        bomb[place..place + 4].copy_from_slice(&100u32.to_le_bytes());
    }
    let before = Instant::now();
    let error = open(&bomb, "a.xlsx").unwrap_err();
    assert!(matches!(error, Unreadable::Unpacks { .. } | Unreadable::Damaged { .. }), "{error:?}");
    assert!(before.elapsed() < Duration::from_secs(5));
    let many: Vec<(String, Vec<u8>)> = (0..3_000).map(|i| (format!("xl/{i}.xml"), Vec::new())).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(n, c)| (n.as_str(), c.as_slice())).collect();
    assert!(matches!(open(&zipped(&many), "a.xlsx"), Err(Unreadable::TooMany { .. })));
}

#[test]
fn a_workbook_that_claims_more_than_it_holds_costs_nothing() {
    let lone = xlsx(
        br#"<worksheet><dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row></sheetData></worksheet>"#,
        b"<sst/>",
    );
    let book = read_table(&lone, "a.xlsx", &Limits::default()).unwrap().book;
    assert_eq!(book.worksheets[0].size(), (1_048_576, 16_384));
    let strings = br#"<sst uniqueCount="99999999999999"><si><t>x</t></si></sst>"#;
    assert!(matches!(open(&xlsx(b"<worksheet/>", strings), "a.xlsx"), Err(Unreadable::Damaged { .. })));
    // One long string, shown by a great many cells.
    let long = format!("<sst uniqueCount=\"1\"><si><t>{}</t></si></sst>", "a".repeat(1 << 20));
    let cells: String = (1..=200_000).map(|row| format!(r#"<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>"#)).collect();
    let sheet = format!("<worksheet><sheetData>{cells}</sheetData></worksheet>");
    assert!(matches!(open(&xlsx(sheet.as_bytes(), long.as_bytes()), "a.xlsx"), Err(Unreadable::TooMany { .. })));
    let nested = format!("<worksheet>{}", "<a>".repeat(500_000));
    // Nothing recurses: nesting costs its length and no stack.
    assert_eq!(open(&xlsx(nested.as_bytes(), b"<sst/>"), "a.xlsx"), Ok(()));
}

#[test]
fn a_cell_or_a_merged_range_outside_every_worksheet_is_damage_and_no_walk_to_it() {
    for place in ["A4294967295", "A1048577", "XFE1", "ZZZZZZ2"] {
        let cell = format!(r#"<worksheet><sheetData><row r="1"><c r="{place}"><v>1</v></c></row></sheetData></worksheet>"#);
        let range = format!(
            r#"<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData><mergeCells><mergeCell ref="A1:{place}"/></mergeCells></worksheet>"#
        );
        for sheet in [cell, range] {
            let refused = open(&xlsx(sheet.as_bytes(), b"<sst/>"), "far.xlsx");
            assert!(matches!(&refused, Err(Unreadable::Damaged { .. })), "{place}: {refused:?}");
        }
    }
}

#[test]
fn repeated_cells_of_an_ods_are_counted_before_they_are_made() {
    let table = |inside: &str| ods(&format!("<office:body><table:table table:name=\"T\">{inside}</table:table></office:body>"));
    let billion = r#"<table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="1000000" office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>"#;
    assert!(matches!(open(&table(billion), "a.ods"), Err(Unreadable::TooMany { .. })));
    // What spreadsheets write for the empty rest of a sheet is no reason to refuse.
    let empty = r#"<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/></table:table-row><table:table-row><table:table-cell office:value-type="string"><text:p>end</text:p></table:table-cell></table:table-row>"#;
    let book = read_table(&table(empty), "a.ods", &Limits::default()).unwrap().book;
    assert_eq!(book.worksheets[0].size(), (1_048_571, 1));
    assert!(open(&ods(r#"<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>"#), "a.ods").is_err());
}

#[test]
fn an_xls_that_runs_in_circles_or_claims_the_world_is_refused() {
    let whole = std::fs::read(story::fixture("filled.xls")).unwrap();
    // Every entry of the first sector table points to sector 1.
    let mut circle = whole.clone();
    let table = (u32::from_le_bytes(circle[76..80].try_into().unwrap()) as usize + 1) * 512;
    circle[table..table + 512].chunks_exact_mut(4).for_each(|entry| entry.copy_from_slice(&1u32.to_le_bytes()));
    assert!(matches!(open(&circle, "a.xls"), Err(Unreadable::Damaged { .. })));
    // The record of the used range (0x0200, 14 bytes) claims four billion rows.
    let mut world = whole.clone();
    let at = world.windows(4).position(|w| w == [0x00, 0x02, 0x0E, 0x00]).expect("a used-range record");
    world[at + 8..at + 12].fill(0xFF);
    assert!(matches!(open(&world, "a.xls"), Err(Unreadable::Damaged { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rubbish_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..3_000), start in 0usize..6) {
        let starts: [&[u8]; 6] = [b"", b"PK\x03\x04", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", b"\xFF\xFE", b"\xEF\xBB\xBF", "No.,対応策\n".as_bytes()];
        let bytes = [starts[start], &bytes].concat();
        let _ = read_sheet(&bytes, "a.xlsx", story::sheet(), &Reading::default());
    }

    #[test]
    fn a_mutated_file_never_panics(which in 0usize..4, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let mut bytes = match which {
            0 => small_xlsx(),
            1 => std::fs::read(story::fixture("filled.xls")).unwrap(),
            2 => std::fs::read(story::fixture("filled.ods")).unwrap(),
            _ => std::fs::read(story::fixture("check-sheet.txt")).unwrap()[..20_000].to_vec(),
        };
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read_sheet(&bytes, "a.bin", story::sheet(), &Reading::default());
    }

    /// Changes inside the parts, behind the zip's checksums.
    #[test]
    fn a_mutated_part_never_panics(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), strings in any::<bool>()) {
        let mut sheet = br#"<worksheet><dimension ref="A1:B3"/><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>x</t></is></c></row><row r="2"><c r="A2"><v>1</v></c><c r="B2" t="e"><v>#REF!</v></c></row></sheetData><mergeCells count="1"><mergeCell ref="A1:A2"/></mergeCells></worksheet>"#.to_vec();
        let mut shared = br#"<sst count="2" uniqueCount="2"><si><t>No.</t></si><si><r><t>a</t></r><r><t>b</t></r></si></sst>"#.to_vec();
        let target = if strings { &mut shared } else { &mut sheet };
        for (at, byte) in changes {
            let at = at.index(target.len());
            target[at] = byte;
        }
        let _ = read_sheet(&xlsx(&sheet, &shared), "a.xlsx", story::sheet(), &Reading::default());
    }
}

fn small_xlsx() -> Vec<u8> {
    xlsx(
        br#"<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row></sheetData></worksheet>"#,
        b"<sst><si><t>No.</t></si></sst>",
    )
}
