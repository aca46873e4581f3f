//! A hospital's own Excel form becomes a sheet: columns suggested, mapped once, read with every fault.

mod story;

use documents::read_form::{FormFacts, FormMapping, preview, read_form, suggest_mapping};
use documents::read_sheet::{Reading, read_sheet};
use documents::read_table::{Limits, Table, read_table};
use documents::sheet_xlsx::{Categories, sheet_xlsx};
use rules::sheet::{ColumnKind, SheetId};
use rules::text::{Lang, text};
use rust_xlsxwriter::{Format, Workbook};

fn facts() -> FormFacts {
    let sheet = story::sheet();
    FormFacts {
        id: SheetId("hospital-a@2026".to_owned()),
        title: text("甲病院 調査票", "Hospital A's form"),
        source: text("甲病院から受領", "Received from hospital A"),
        header: sheet.header.clone(),
        scale: sheet.scale.clone(),
    }
}

fn table(bytes: &[u8], name: &str) -> Table {
    read_table(bytes, name, &Limits::default()).expect("it opens")
}

/// Headings in the third row, categories merged, one number over two rows, a page's headings again.
fn form() -> Vec<u8> {
    let mut book = Workbook::new();
    let format = Format::new();
    book.add_worksheet().set_name("表紙").unwrap().write_string(0, 0, "クラウドサービス調査票").unwrap();
    let page = book.add_worksheet().set_name("調査票").unwrap();
    let headings = ["項番", "区分", "確認内容", "ご回答", "備考"];
    for row in [2, 8] {
        for (column, heading) in headings.iter().enumerate() {
            page.write_string(row, column as u16, *heading).unwrap();
        }
    }
    page.merge_range(3, 1, 5, 1, "契約", &format).unwrap();
    let rows = [
        (3, Some(1.0), "契約終了時にデータを返却すること"),
        (4, Some(2.0), "再委託先を開示すること"),
        (9, Some(4.0), "ログを保存すること"),
    ];
    for (row, no, requirement) in rows {
        if let Some(no) = no {
            page.write_number(row, 0, no).unwrap();
        }
        page.write_string(row, 2, requirement).unwrap();
    }
    page.merge_range(5, 0, 6, 0, "", &format).unwrap();
    page.write_number(5, 0, 3.0).unwrap();
    page.write_string(5, 2, "次を満たすこと").unwrap();
    page.write_string(6, 2, "・多要素認証").unwrap();
    page.write_string(9, 1, "運用").unwrap();
    book.save_to_buffer().unwrap()
}

#[test]
fn a_form_is_previewed_mapped_and_read() {
    let table = table(&form(), "調査票.xlsx");
    let shown = preview(&table, 5);
    assert_eq!(shown.iter().map(|p| p.worksheet.as_str()).collect::<Vec<_>>(), ["表紙", "調査票"]);
    assert_eq!((shown[1].rows, shown[1].columns, shown[1].cells[4][1].as_str()), (10, 5, "契約"));

    let mapping = suggest_mapping(&table).expect("the headings are known words");
    assert_eq!((mapping.worksheet.as_str(), mapping.header_row, mapping.first_row), ("調査票", Some(2), 3));
    use ColumnKind::*;
    assert_eq!(mapping.columns, [(No, 0), (Major, 1), (Requirement, 2), (Answer, 3), (Remarks, 4)].into());
    let kept: FormMapping = serde_json::from_str(&serde_json::to_string(&mapping).unwrap()).unwrap();
    assert_eq!(kept, mapping);

    let read = read_form(&table, &kept, facts());
    assert_eq!((read.faults.as_slice(), read.notes.as_slice()), (&[][..], &[][..]));
    let items: Vec<(u16, &str, &str)> = read.sheet.items.iter().map(|i| (i.no.0, i.major.as_str(), i.text.transcribed.as_str())).collect();
    assert_eq!(
        items,
        [
            (1, "c1", "契約終了時にデータを返却すること"),
            (2, "c1", "再委託先を開示すること"),
            (3, "c1", "次を満たすこと\n・多要素認証"),
            (4, "c2", "ログを保存すること")
        ]
    );
    assert_eq!(read.sheet.majors.iter().map(|m| &*m.name.ja).collect::<Vec<_>>(), ["契約", "運用"]);
    let check = rules::catalog::check_sheet(&read.sheet, &rules::catalog::Catalog::default());
    assert!(check.is_empty(), "{check:?}");
}

#[test]
fn a_sheet_made_from_a_form_goes_out_and_comes_back() {
    let table = table(&form(), "a.xlsx");
    let sheet = read_form(&table, &suggest_mapping(&table).unwrap(), facts()).sheet;
    let mut row = story::row(3);
    row.answer = "はい".to_owned();
    let filled = documents::form::FilledSheet { rows: vec![row.clone()], ..Default::default() };
    let bytes = sheet_xlsx(&sheet, &filled, &story::look(Lang::Ja, Categories::Merged)).unwrap();
    let back = read_sheet(&bytes, "a.xlsx", &sheet, &Reading::default()).unwrap();
    assert_eq!((back.faults.as_slice(), back.filled.rows.len(), &back.filled.rows[2]), (&[][..], 4, &row));
}

#[test]
fn numbers_that_are_none_give_way_to_order_and_bad_rows_are_named() {
    let by_order = table("番号,質問,回答\n1-1,あ,\n1-2,い,\n,う,\n".as_bytes(), "a.csv");
    let read = read_form(&by_order, &suggest_mapping(&by_order).unwrap(), facts());
    assert_eq!(read.sheet.items.iter().map(|i| i.no.0).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(read.faults.is_empty() && read.notes[0].text.ja.contains("1-1"));

    let bad = table("番号,質問,回答\n1,あ,\n3,い,\n1,う,\nx,え,\n5,,\n2,お,\n".as_bytes(), "a.csv");
    let read = read_form(&bad, &suggest_mapping(&bad).unwrap(), facts());
    assert_eq!(read.sheet.items.iter().map(|i| i.no.0).collect::<Vec<_>>(), [1, 2, 3]);
    let cells: Vec<&str> = read.faults.iter().map(|f| f.cell.as_str()).collect();
    assert_eq!(cells, ["B6", "A4", "A5"]);
    assert!(read.faults[1].text.ja.contains("A2"));
}

#[test]
fn a_mapping_that_does_not_fit_the_file_says_so() {
    let table = table(&form(), "a.xlsx");
    let mut mapping = suggest_mapping(&table).unwrap();
    mapping.first_row = 500;
    assert!(read_form(&table, &mapping, facts()).faults[0].text.ja.contains("項目が一つも見つかりません"));
    mapping.worksheet = "無い".to_owned();
    assert!(read_form(&table, &mapping, facts()).faults[0].text.ja.contains("表紙、調査票"));
    mapping = suggest_mapping(&table).unwrap();
    mapping.columns.remove(&ColumnKind::Requirement);
    assert_eq!(read_form(&table, &mapping, facts()).faults.len(), 1);
}

/// The check sheet itself, taken as an unknown form, gives its own items.
#[test]
fn the_check_sheet_reads_as_a_form() {
    let sheet = story::sheet();
    let bytes = sheet_xlsx(sheet, &story::filled(sheet), &story::look(Lang::Ja, Categories::Merged)).unwrap();
    let table = table(&bytes, "a.xlsx");
    let mapping = suggest_mapping(&table).unwrap();
    assert_eq!(mapping.columns.len(), 11);
    let read = read_form(&table, &mapping, facts());
    assert_eq!((read.faults.len(), read.sheet.items.len(), read.sheet.majors.len()), (0, 253, 4));
}
