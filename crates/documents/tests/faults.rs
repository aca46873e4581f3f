//! Every fault of a filled sheet is named with its cell, and whatever is sound beside it is still read.

mod story;

use documents::LoneEvidence;
use documents::read_sheet::{Fault, ReadSheet, Reading, read_sheet};
use rules::id::ItemNo;
use rules::sheet::ColumnKind;
use rust_xlsxwriter::{Format, Formula, Workbook};

fn read(bytes: &[u8], name: &str) -> ReadSheet {
    read_sheet(bytes, name, story::sheet(), &Reading::default()).expect("it opens")
}

fn csv(lines: &[&str]) -> ReadSheet {
    read(lines.join("\n").as_bytes(), "a.csv")
}

fn row(read: &ReadSheet, no: u16) -> &documents::form::FilledRow {
    read.filled.rows.iter().find(|r| r.no == ItemNo(no)).unwrap_or_else(|| panic!("item {no} was not read"))
}

fn cells(faults: &[Fault]) -> Vec<(&str, Option<u16>)> {
    faults.iter().map(|f| (f.cell.as_str(), f.item.map(|no| no.0))).collect()
}

#[test]
fn an_unknown_item_is_named_and_the_rest_is_read() {
    let read = csv(&["No.,対応策,判定結果", "254,はい,適合", "253,いいえ,不適合", "0,x,適合", "99999999999,x,適合"]);
    assert_eq!(cells(&read.faults), [("A2", None), ("A4", None), ("A5", None)]);
    assert!(read.faults[0].text.ja.contains("項目番号 254 はこのシートにありません（1～253）"));
    assert_eq!((row(&read, 253).answer.as_str(), row(&read, 253).verdict.as_str()), ("いいえ", "fails"));
}

#[test]
fn an_item_that_stands_twice_names_both_cells_and_keeps_the_first() {
    let read = csv(&["No.,対応策,備考", "12,一つ目,", "13,,", "No.１２,二つ目,"]);
    assert_eq!(cells(&read.faults), [("A4", Some(12))]);
    assert!(read.faults[0].text.ja.contains("A2") && read.faults[0].text.en.contains("A2"));
    assert_eq!(row(&read, 12).answer, "一つ目");
}

#[test]
fn a_verdict_outside_the_scale_lists_the_scale() {
    let read =
        csv(&["No.,対応策,判定結果", "1,あ,適合です", "2,い,条件付き適合", "3,う,○", "4,え,Conforms", "5,お,Ｃｏｎｆｏｒｍｓ", "6,か,"]);
    assert_eq!(cells(&read.faults), [("C2", Some(1))]);
    assert!(read.faults[0].text.ja.contains("適合です") && read.faults[0].text.ja.contains("適合・条件付適合・不適合・対象外・保留"));
    let verdicts: Vec<&str> = (1..=6).map(|no| row(&read, no).verdict.as_str()).collect();
    assert_eq!(verdicts, ["", "conditional", "conforms", "conforms", "conforms", ""]);
    assert_eq!(row(&read, 1).answer, "あ");
}

#[test]
fn a_number_that_is_text_and_a_row_without_number_are_faults_and_a_footnote_is_not() {
    let read = csv(&["No.,対策項目,対応策", "十二,本文,はい", ",,番号なし", "1.5,本文,はい", "以上,,", ",,", "3,,はい"]);
    assert_eq!(cells(&read.faults), [("A2", None), ("A3", None), ("A4", None)]);
    assert_eq!(row(&read, 3).answer, "はい");
}

#[test]
fn a_formula_error_is_a_fault_of_its_cell() {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    page.set_name("回答 1").unwrap();
    for (column, heading) in ["項目番号", "対応策", "判定結果", "備考"].iter().enumerate() {
        page.write_string(0, column as u16, *heading).unwrap();
    }
    page.write_number(1, 0, 12.0).unwrap();
    page.write_formula(1, 1, Formula::new("=A99").set_result("#REF!")).unwrap();
    page.write_formula(1, 2, Formula::new("=A98").set_result("適合")).unwrap();
    page.write_number(1, 3, 2026.0).unwrap();
    page.write_formula(2, 0, Formula::new("=A97").set_result("#N/A")).unwrap();
    page.write_string(2, 1, "あ").unwrap();
    page.write_string(3, 0, "整理番号").unwrap();
    page.write_formula(3, 1, Formula::new("=A96").set_result("#VALUE!")).unwrap();
    let read = read(&book.save_to_buffer().unwrap(), "a.xlsx");
    assert_eq!(cells(&read.faults), [("'回答 1'!B2", Some(12)), ("'回答 1'!A3", None), ("'回答 1'!B4", None)]);
    assert!(read.filled.header.is_empty());
    assert!(read.faults[0].text.ja.contains("#REF!") && read.faults[1].text.ja.contains("#N/A"));
    let row = row(&read, 12);
    assert_eq!((row.answer.as_str(), row.verdict.as_str(), row.remarks.as_str()), ("", "conforms", "2026"));
}

#[test]
fn a_file_without_headings_says_what_was_looked_for() {
    let read = csv(&["1,はい,適合", "2,いいえ,不適合"]);
    assert_eq!(read.faults.len(), 1);
    assert!(read.faults[0].text.ja.contains("No.、大分類、中分類、対策項目") && read.filled.rows.is_empty());
    let unnumbered = csv(&["対応策,判定結果,備考", "はい,適合,"]);
    assert_eq!(cells(&unnumbered.faults), [("A1", None)]);
}

#[test]
fn header_fields_that_disagree_are_named() {
    let read = csv(&[
        "整理番号,A-1,評価者,",
        "評価申請元：株式会社甲,,評価対象プロダクト名：,乙",
        "No.,対応策",
        "1,はい",
        "整理番号,A-2,評価者,丙",
    ]);
    assert_eq!(cells(&read.faults), [("B5", None)]);
    let header: Vec<(&str, &str)> = read.filled.header.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(header, [("applicant", "株式会社甲"), ("evaluator", "丙"), ("product_name", "乙"), ("reference_number", "A-1")]);
}

#[test]
fn merged_cells_belong_to_all_their_rows_and_a_merged_number_gathers_its_rows() {
    let mut book = Workbook::new();
    let format = Format::new();
    let page = book.add_worksheet();
    for (column, heading) in ["No.", "対応策", "確認した\nエビデンス", "判定結果"].iter().enumerate() {
        page.write_string(3, column as u16, *heading).unwrap();
    }
    for (row, no) in [(4, 7.0), (5, 3.0), (6, 5.0)] {
        page.write_number(row, 0, no).unwrap();
        page.write_string(row, 2, format!("規程 {no}")).unwrap();
    }
    page.merge_range(4, 1, 6, 1, "三項目に共通の回答\n二行目", &format).unwrap();
    page.merge_range(8, 0, 10, 0, "", &format).unwrap();
    page.write_number(8, 0, 20.0).unwrap();
    for (row, evidence) in [(8, "規程 p.1"), (9, "手順書 p.2"), (10, "台帳")] {
        page.write_string(row, 2, evidence).unwrap();
    }
    page.merge_range(8, 3, 10, 3, "適合", &format).unwrap();
    let read = read(&book.save_to_buffer().unwrap(), "a.xlsx");
    assert_eq!(read.faults, []);
    for no in [7, 3, 5] {
        assert_eq!(row(&read, no).answer, "三項目に共通の回答\n二行目");
        assert_eq!(row(&read, no).evidence_claimed, format!("規程 {no}"));
        assert_eq!(read.cells[&ItemNo(no)][&ColumnKind::Answer], "Sheet1!B5");
    }
    assert_eq!(row(&read, 20).evidence_claimed, "規程 p.1\n手順書 p.2\n台帳");
    assert_eq!(row(&read, 20).verdict, "conforms");
    assert!(read.notes.iter().any(|n| n.text.ja.contains("249項目がファイルにありません（1-2, 4, 6, 8-19, 21-253）")), "{:?}", read.notes);
}

#[test]
fn the_worksheet_with_the_items_is_chosen_and_named() {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("表紙").unwrap().write_string(0, 0, "評価シート").unwrap();
    for (name, items) in [("旧版", 2), ("回答", 5)] {
        let page = book.add_worksheet().set_name(name).unwrap();
        page.write_string(0, 0, "Ｎｏ").unwrap();
        page.write_string(0, 1, "回 答").unwrap();
        for no in 1..=items {
            page.write_number(no, 0, f64::from(no)).unwrap();
            page.write_string(no, 1, name).unwrap();
        }
    }
    let read = read(&book.save_to_buffer().unwrap(), "a.xlsx");
    assert_eq!((read.worksheet.as_str(), read.filled.rows.len(), row(&read, 5).answer.as_str()), ("回答", 5, "回答"));
    assert!(read.notes[0].text.ja.contains("「回答」") && read.notes[0].text.ja.contains("旧版"), "{:?}", read.notes);
}

#[test]
fn headings_repeat_per_page_and_may_move_columns() {
    let lines = ["No.,対応策,備考", "2,に,あ", "", "No.,備考,判定結果,対応策", "1,い,不適合,いち", "No.,判定結果", "3,対象外"];
    let read = csv(&lines);
    assert_eq!(read.faults, []);
    assert_eq!((row(&read, 2).answer.as_str(), row(&read, 2).remarks.as_str()), ("に", "あ"));
    assert_eq!((row(&read, 1).answer.as_str(), row(&read, 1).remarks.as_str(), row(&read, 1).verdict.as_str()), ("いち", "い", "fails"));
    assert_eq!((row(&read, 3).verdict.as_str(), read.cells[&ItemNo(3)][&ColumnKind::Verdict].as_str()), ("out_of_scope", "B7"));
}

#[test]
fn a_lone_evidence_column_is_read_as_the_person_says() {
    let bytes = "No.,対応策,確認したエビデンス\n1,はい,規程 p.1".as_bytes();
    let reading = Reading { lone_evidence: LoneEvidence::Confirmed, ..Reading::default() };
    let read = read_sheet(bytes, "a.csv", story::sheet(), &reading).unwrap();
    assert_eq!((row(&read, 1).evidence_claimed.as_str(), row(&read, 1).evidence_confirmed.as_str()), ("", "規程 p.1"));
}

#[test]
fn shift_jis_and_tabs_and_old_formats_are_read() {
    let text = "項目番号\t対応策\t判定結果\r\n１２\t「はい」～①\t適合\r\n";
    let bytes = encoding_rs::SHIFT_JIS.encode(text).0.into_owned();
    let read_tsv = read(&bytes, "a.tsv");
    assert_eq!((row(&read_tsv, 12).answer.as_str(), row(&read_tsv, 12).verdict.as_str()), ("「はい」～①", "conforms"));
    let filled = story::filled(story::sheet());
    for name in ["filled.xls", "filled.ods"] {
        let bytes = std::fs::read(story::fixture(name)).expect(name);
        let read = read(&bytes, name);
        assert_eq!((read.faults.as_slice(), read.notes.as_slice()), (&[][..], &[][..]), "{name}");
        assert_eq!(read.filled, filled, "{name}");
    }
}
