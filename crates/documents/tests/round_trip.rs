//! What is exported comes back unchanged: any text, both formats, both languages.

mod story;

use documents::form::{FILLED, FilledSheet, clean};
use documents::read_sheet::{ReadSheet, Reading, read_sheet};
use documents::sheet_csv::sheet_csv;
use documents::sheet_xlsx::{Categories, Unwritable, sheet_xlsx};
use proptest::prelude::*;
use rules::id::ItemNo;
use rules::sheet::{ColumnKind, Sheet};
use rules::text::Lang;

fn read(bytes: &[u8], name: &str, sheet: &Sheet) -> ReadSheet {
    read_sheet(bytes, name, sheet, &Reading::default()).expect("our own export opens")
}

fn both(sheet: &Sheet, filled: &FilledSheet, lang: Lang, categories: Categories) -> [ReadSheet; 2] {
    let look = story::look(lang, categories);
    let xlsx = sheet_xlsx(sheet, filled, &look).expect("it can be written");
    [read(&xlsx, "sheet.xlsx", sheet), read(&sheet_csv(sheet, filled, &look), "sheet.csv", sheet)]
}

#[test]
fn a_full_sheet_comes_back_in_both_languages_and_layouts() {
    let sheet = story::sheet();
    let filled = story::filled(sheet);
    for lang in [Lang::Ja, Lang::En] {
        for categories in [Categories::Merged, Categories::Repeated] {
            for read in both(sheet, &filled, lang, categories) {
                assert_eq!(read.faults, [], "{lang:?} {:?}", read.format);
                assert_eq!(read.notes, [], "{lang:?} {:?}", read.format);
                assert_eq!(read.filled, filled);
                assert_eq!(read.found.len(), sheet.columns.len());
            }
        }
    }
}

#[test]
fn a_blank_form_comes_back_blank() {
    let sheet = story::sheet();
    for read in both(sheet, &FilledSheet::default(), Lang::Ja, Categories::Merged) {
        assert_eq!((read.faults.len(), read.notes.len(), read.filled.rows.len()), (0, 0, 253));
        assert!(read.filled.rows.iter().all(|r| r.is_blank()) && read.filled.header.is_empty() && read.cells.is_empty());
    }
}

#[test]
fn every_value_remembers_its_cell() {
    let sheet = story::sheet();
    let [xlsx, csv] = both(sheet, &story::filled(sheet), Lang::Ja, Categories::Merged);
    let first = &xlsx.cells[&ItemNo(1)];
    assert_eq!(first[&ColumnKind::Answer], "チェックシート!F8");
    assert_eq!(csv.cells[&ItemNo(1)][&ColumnKind::Verdict], "I7");
}

#[test]
fn a_text_too_long_for_a_cell_is_refused_by_name() {
    let sheet = story::sheet();
    let mut row = story::row(12);
    row.remarks = "😀".repeat(16_384);
    let filled = FilledSheet { rows: vec![row], ..FilledSheet::default() };
    let error = sheet_xlsx(sheet, &filled, &story::look(Lang::Ja, Categories::Merged)).unwrap_err();
    let Unwritable::TooLong { item: Some(ItemNo(12)), units: 32_768, .. } = &error else { panic!("{error:?}") };
    assert!(error.text().ja.contains("項目 12 の「備考」"), "{}", error.text().ja);
    let csv = sheet_csv(sheet, &filled, &story::look(Lang::Ja, Categories::Merged));
    assert_eq!(read(&csv, "a.csv", sheet).filled.rows[11], filled.rows[0]);
}

/// The longest text a cell holds survives the way through a file.
#[test]
fn the_longest_text_comes_back_whole() {
    let sheet = story::sheet();
    let mut row = story::row(12);
    row.answer = "医".repeat(32_767);
    let filled = FilledSheet { rows: vec![row.clone()], ..FilledSheet::default() };
    for read in both(sheet, &filled, Lang::Ja, Categories::Merged) {
        assert_eq!(read.filled.rows[11], row);
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "\\PC{0,40}",
        1 => any::<String>(),
        1 => "[=+\\-@＝＋－＠'\t\r\n\"]{0,4}[a-z0-9()!|,;\"' ]{0,12}",
        1 => "'*[=@-]?cmd\\|' /C calc'!A0",
        1 => "[０-９Ａ-Ｚｱ-ﾝ①-⑳㌔　]{0,10}(\n[ \t]*[あ-ん]{0,5}){0,3}",
        1 => "_x[0-9A-F]{4}_|_x005F_|&amp;|<b>|\\]\\]>|大分類|No\\.|備考|評価者(：.{0,3})?|整理番号",
        1 => "[😀👨‍👩‍👧🇯🇵é́]{0,4}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn import_undoes_export(
        rows in prop::collection::btree_map(1u16..=253, (prop::collection::vec(any_text(), 6), any::<prop::sample::Index>()), 1..30),
        header in prop::collection::vec(any_text(), 4),
        english in any::<bool>(),
    ) {
        let sheet = story::sheet();
        let mut filled = FilledSheet::default();
        for (field, text) in sheet.header.iter().zip(&header) {
            // A label as a value, or dashes alone, cannot be told from the form itself.
            let text = clean(text);
            let label = sheet.header.iter().any(|f| text.contains(&*f.name.ja) || text.contains(&*f.name.en));
            if !text.is_empty() && !label && !text.chars().all(|c| c == '-') {
                filled.header.insert(field.id.clone(), text);
            }
        }
        for (no, (texts, mark)) in rows {
            let mut row = story::row(no);
            for (kind, text) in FILLED.into_iter().zip(texts) {
                *row.get_mut(kind).unwrap() = clean(&text);
            }
            row.verdict = mark.get(&sheet.scale).code.clone();
            filled.rows.push(row);
        }
        let lang = if english { Lang::En } else { Lang::Ja };
        for read in both(sheet, &filled, lang, Categories::Merged) {
            prop_assert_eq!(&read.faults, &[]);
            let written: Vec<_> = read.filled.rows.iter().filter(|r| filled.rows.iter().any(|f| f.no == r.no)).cloned().collect();
            prop_assert_eq!(&written, &filled.rows);
            prop_assert!(read.filled.rows.iter().all(|r| r.is_blank() || filled.rows.iter().any(|f| f.no == r.no)));
            prop_assert_eq!(&read.filled.header, &filled.header);
        }
    }
}
