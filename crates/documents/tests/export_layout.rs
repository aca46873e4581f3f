//! An exported workbook prints, scrolls and checks verdicts as people expect; read from the file's own parts.

mod story;

use std::io::{Cursor, Read};

use documents::form::FilledSheet;
use documents::sheet_csv::sheet_csv;
use documents::sheet_xlsx::{Categories, Look, Paper, sheet_xlsx};
use rules::sheet::{Item, Layer};
use rules::text::{Lang, worded};
use zip::ZipArchive;

fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn it_prints_on_landscape_pages_with_repeated_headings_and_numbers() {
    let sheet = story::sheet();
    let bytes = sheet_xlsx(sheet, &story::filled(sheet), &story::look(Lang::Ja, Categories::Merged)).unwrap();
    let (book, page) = (part(&bytes, "xl/workbook.xml"), part(&bytes, "xl/worksheets/sheet1.xml"));
    assert!(book.contains("チェックシート!$6:$7</definedName>") && book.contains("チェックシート!$A$1:$K$260</definedName>"), "{book}");
    for wanted in [
        r#"paperSize="8" fitToHeight="0" orientation="landscape""#,
        "&amp;P / &amp;N ページ",
        r#"<pane xSplit="1" ySplit="7" topLeftCell="B8""#,
        r#"<dataValidation type="list""#,
        "適合,条件付適合,不適合,対象外,保留",
        r#"<mergeCell ref="B8:B16"/>"#,
        r#"sqref="I8:I260""#,
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
    assert!(!page.contains("<f>"), "a text became a formula");
    assert!(part(&bytes, "docProps/core.xml").contains(&*sheet.title.ja));
    assert_eq!(
        bytes,
        sheet_xlsx(sheet, &story::filled(sheet), &story::look(Lang::Ja, Categories::Merged)).unwrap(),
        "same input, same bytes"
    );
}

#[test]
fn repeated_categories_come_with_filters() {
    let sheet = story::sheet();
    let look = Look { paper: Paper::A4, ..story::look(Lang::En, Categories::Repeated) };
    let bytes = sheet_xlsx(sheet, &FilledSheet::default(), &look).unwrap();
    let page = part(&bytes, "xl/worksheets/sheet1.xml");
    assert!(page.contains(r#"<autoFilter ref="A7:K260"/>"#) && page.contains(r#"paperSize="9""#) && page.contains("Page &amp;P of &amp;N"));
    assert!(!page.contains(r#"<mergeCell ref="B8"#));
}

#[test]
fn a_scale_too_long_for_a_rule_stands_on_a_hidden_worksheet() {
    let mut sheet = story::sheet().clone();
    for mark in &mut sheet.scale {
        let name = format!("{}, {}", mark.name.ja, "条件を満たす".repeat(10));
        mark.name = worded(name.clone(), name);
    }
    let bytes = sheet_xlsx(&sheet, &FilledSheet::default(), &story::look(Lang::Ja, Categories::Merged)).unwrap();
    assert!(part(&bytes, "xl/workbook.xml").contains(r#"state="hidden""#));
    assert!(part(&bytes, "xl/worksheets/sheet1.xml").contains("'判定結果の選択肢'!$A$1:$A$5"));
}

#[test]
fn the_layer_of_a_requirement_is_told() {
    let sheet = story::sheet();
    let as_read = |item: &Item| (item.text.transcribed.clone(), Layer::Transcribed);
    let plain = Look { requirement: &as_read, ..story::look(Lang::Ja, Categories::Merged) };
    let (plain, best) = (
        String::from_utf8(sheet_csv(sheet, &FilledSheet::default(), &plain)).unwrap(),
        String::from_utf8(sheet_csv(sheet, &FilledSheet::default(), &story::look(Lang::Ja, Categories::Merged))).unwrap(),
    );
    let proposals = sheet.items.iter().filter(|i| i.text.proposed.is_some()).count();
    assert_eq!((plain.matches("〔補正案〕").count(), best.matches("〔補正案〕").count()), (0, proposals));
    assert!(plain.starts_with('\u{FEFF}') && plain.contains("\r\n"));
}
