//! Fills cells of somebody else's workbook and leaves every other byte of it as it is: styles, merges, lists, print areas, macros.

mod part;

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use rules::text::{Text, text, worded};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::opened::Limits;
use crate::opened::zip_bounds::{Zipped, survey};
use crate::unreadable::Unreadable;

/// Characters that a cell of Excel holds.
const CELL: usize = 32_767;

/// What to write into one cell. Rows and columns count from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    pub worksheet: String,
    pub row: u32,
    pub column: u32,
    pub words: String,
}

/// A cell that cannot be filled; nothing was written anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfillable {
    /// `Sheet1!C12`, or the worksheet alone.
    pub cell: String,
    pub why: Text,
}

/// Why no file was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFilled {
    /// The file is no workbook that can be filled.
    File(Text),
    /// Every cell that is in the way, all at once.
    Cells(Vec<Unfillable>),
}

fn damaged(detail: impl ToString) -> NotFilled {
    NotFilled::File(Unreadable::damaged("xlsx", detail).text())
}

/// Writes words into cells of an .xlsx or .xlsm file. A cell keeps its style; words are text, never a formula; a cell
/// merged with others is filled where it shows. Empty words empty a cell.
///
/// # Errors
/// The file cannot be filled, or cells cannot: a formula stands there, the words are too long, two answers meet in one cell.
pub fn fill(bytes: &[u8], fills: &[Fill], limits: &Limits) -> Result<Vec<u8>, NotFilled> {
    if !bytes.starts_with(b"PK") {
        let words = text(
            "元のファイルに書き込めるのは .xlsx と .xlsm です。Excelで「Excel ブック（.xlsx）」として保存し直してください。",
            "Only .xlsx and .xlsm files can be filled in. Save the file as an Excel workbook (.xlsx).",
        );
        return Err(NotFilled::File(words));
    }
    match survey(bytes, limits) {
        Ok(Zipped::Xlsx) => {}
        Ok(Zipped::Ods) => {
            let words = text(
                "OpenDocument のファイルには書き込めません。.xlsx として保存し直してください。",
                "An OpenDocument file cannot be filled in; save it as .xlsx.",
            );
            return Err(NotFilled::File(words));
        }
        Err(e) => return Err(NotFilled::File(e.text())),
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    let parts = worksheets(&mut archive)?;
    let mut wanted: BTreeMap<&str, Vec<&Fill>> = BTreeMap::new();
    let mut faults = vec![];
    for fill in fills {
        match parts.iter().find(|(name, _)| *name == fill.worksheet) {
            Some((_, part)) => wanted.entry(part).or_default().push(fill),
            None => faults.push(Unfillable {
                cell: fill.worksheet.clone(),
                why: text("このシートはファイルにありません。", "The file has no such worksheet."),
            }),
        }
        if fill.words.encode_utf16().count() > CELL {
            let why = worded(format!("{CELL}文字を超えるため、セルに入りません。"), format!("A cell holds at most {CELL} characters."));
            faults.push(Unfillable { cell: part::name(fill), why });
        }
    }
    let mut changed = BTreeMap::new();
    for (part, fills) in wanted {
        let old = read(&mut archive, part)?;
        match part::filled(&old, &fills) {
            Ok(new) => drop(changed.insert(part.to_owned(), new)),
            Err(part::Broken::Xml(detail)) => return Err(damaged(detail)),
            Err(part::Broken::Cells(more)) => faults.extend(more),
        }
    }
    if !faults.is_empty() {
        return Err(NotFilled::Cells(faults));
    }
    let mut out = ZipWriter::new(Cursor::new(Vec::with_capacity(bytes.len() + 65_536)));
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(damaged)?;
        let name = part.name().map_err(damaged)?.into_owned();
        match changed.get(&name) {
            Some(new) => {
                let options = SimpleFileOptions::default().last_modified_time(part.last_modified().unwrap_or_default());
                out.start_file(name, options).map_err(damaged)?;
                out.write_all(new).map_err(damaged)?;
            }
            None => out.raw_copy_file(part).map_err(damaged)?,
        }
    }
    Ok(out.finish().map_err(damaged)?.into_inner())
}

fn read(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Vec<u8>, NotFilled> {
    let mut out = vec![];
    archive.by_name(name).map_err(damaged)?.read_to_end(&mut out).map_err(damaged)?;
    Ok(out)
}

/// The worksheets by the names people see, each with its part of the file.
fn worksheets(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<Vec<(String, String)>, NotFilled> {
    const BOOK: &str = "xl/workbook.xml";
    let targets: BTreeMap<String, String> = elements(&read(archive, "xl/_rels/workbook.xml.rels")?, "Relationship")?
        .into_iter()
        .filter_map(|r| Some((r.get("Id")?.clone(), r.get("Target")?.clone())))
        .collect();
    let found = elements(&read(archive, BOOK)?, "sheet")?.into_iter().filter_map(|sheet| {
        let target = targets.get(sheet.get("id")?)?;
        // From the root of the file, or from where the workbook lies.
        let part = target.strip_prefix('/').map_or_else(|| format!("xl/{}", target.trim_start_matches("./")), str::to_owned);
        Some((sheet.get("name")?.clone(), part))
    });
    Ok(found.collect())
}

/// The attributes of every element of a name, by their names without a prefix.
fn elements(xml: &[u8], name: &str) -> Result<Vec<BTreeMap<String, String>>, NotFilled> {
    let mut reader = Reader::from_reader(xml);
    let mut out = vec![];
    loop {
        match reader.read_event().map_err(damaged)? {
            Event::Start(e) | Event::Empty(e) if e.local_name().as_ref() == name => out.push(attributes(&e).map_err(damaged)?),
            Event::Eof => return Ok(out),
            _ => {}
        }
    }
}

fn attributes(element: &BytesStart) -> Result<BTreeMap<String, String>, String> {
    let mut out = BTreeMap::new();
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let value = quick_xml::escape::unescape(&attribute.value).map_err(|e| e.to_string())?.into_owned();
        out.insert(attribute.key.local_name().as_ref().to_owned(), value);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::{DataValidation, Format, Formula, Workbook};

    use super::*;
    use crate::read_table::read_table;

    /// A form as hospitals send it: headings, merged cells, a list to choose from, a formula, a second sheet.
    fn form() -> Vec<u8> {
        let mut book = Workbook::new();
        let page = book.add_worksheet().set_name("調査票 & 回答").unwrap();
        let blue = Format::new().set_background_color(0xD6E4F5).set_text_wrap();
        page.write_string(0, 0, "質問").unwrap();
        page.write_string(0, 1, "回答").unwrap();
        page.write_string(2, 0, "バックアップを取得していますか").unwrap();
        page.write_blank(2, 1, &blue).unwrap();
        page.merge_range(4, 1, 5, 2, "", &blue).unwrap();
        page.write_formula(7, 1, Formula::new("COUNTIF(B3:B6,\"はい\")")).unwrap();
        page.add_data_validation(2, 1, 6, 1, &DataValidation::new().allow_list_strings(&["はい", "いいえ"]).unwrap()).unwrap();
        page.set_print_area(0, 0, 7, 3).unwrap();
        book.add_worksheet().set_name("別紙").unwrap().write_string(0, 0, "そのまま").unwrap();
        book.save_to_buffer().unwrap()
    }

    fn at(row: u32, column: u32, words: &str) -> Fill {
        Fill { worksheet: "調査票 & 回答".into(), row, column, words: words.into() }
    }

    fn shown(bytes: &[u8], row: u32, column: u32) -> String {
        let table = read_table(bytes, "f.xlsx", &Limits::default()).unwrap();
        table.book.worksheets[0].at(row, column).map(|(v, _)| v.shown()).unwrap_or_default()
    }

    fn parts(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
        let names: Vec<String> = (0..archive.len()).map(|i| archive.by_index_raw(i).unwrap().name().unwrap().into_owned()).collect();
        names.into_iter().map(|name| (name.clone(), read(&mut ZipArchive::new(Cursor::new(bytes)).unwrap(), &name).unwrap())).collect()
    }

    #[test]
    fn cells_are_filled_wherever_they_lie_and_all_else_stays() {
        let form = form();
        let words = "はい <毎日>\n=SUM(A1) _x0041_ ＆ \"引用\"";
        // An empty styled cell, a merged one by its lower right corner, a cell and a row that the file does not have yet.
        let fills = [at(2, 1, words), at(5, 2, "結合"), at(2, 9, "右の外"), at(30, 1, "下の外"), at(1, 0, "間"), at(0, 0, "質問（改）")];
        let out = fill(&form, &fills, &Limits::default()).unwrap();
        assert_eq!(shown(&out, 2, 1), words);
        assert_eq!((shown(&out, 4, 1), shown(&out, 2, 9), shown(&out, 30, 1)), ("結合".into(), "右の外".into(), "下の外".into()));
        assert_eq!((shown(&out, 1, 0), shown(&out, 0, 0), shown(&out, 0, 1)), ("間".into(), "質問（改）".into(), "回答".into()));
        let (old, new) = (parts(&form), parts(&out));
        for (name, part) in &old {
            if name == "xl/worksheets/sheet1.xml" {
                let xml = String::from_utf8(new[name].clone()).unwrap();
                for kept in ["<mergeCell ref=\"B5:C6\"/>", "<dataValidation ", "COUNTIF"] {
                    assert!(xml.contains(kept), "{kept}");
                }
                // The style of the blank cell is the style of the filled one.
                assert!(xml.contains("<c r=\"B3\" s=\"1\" t=\"inlineStr\">"), "{xml}");
            } else {
                assert_eq!(new[name], *part, "{name}");
            }
        }
        assert_eq!(old.len(), new.len());
        // What is filled can be filled again, and emptied.
        let again = fill(&out, &[at(2, 1, ""), at(30, 1, "二度目")], &Limits::default()).unwrap();
        assert_eq!((shown(&again, 2, 1), shown(&again, 30, 1)), (String::new(), "二度目".into()));
    }

    #[test]
    fn what_is_in_the_way_is_told_all_at_once_and_nothing_is_written() {
        let fills = [at(7, 1, "式の上"), at(4, 1, "一"), at(5, 1, "二"), at(3, 3, &"長".repeat(CELL + 1)), {
            Fill { worksheet: "ない".into(), row: 0, column: 0, words: String::new() }
        }];
        let Err(NotFilled::Cells(faults)) = fill(&form(), &fills, &Limits::default()) else { panic!("filled") };
        let mut cells: Vec<&str> = faults.iter().map(|f| f.cell.as_str()).collect();
        cells.sort_unstable();
        assert_eq!(cells, ["ない", "調査票 & 回答!B6", "調査票 & 回答!B8", "調査票 & 回答!D4"]);
    }

    #[test]
    fn what_is_no_workbook_is_refused() {
        for bytes in [&b"PK\x03\x04rubbish"[..], b"%PDF", b"", b"a,b\n1,2"] {
            assert!(matches!(fill(bytes, &[], &Limits::default()), Err(NotFilled::File(_))));
        }
    }

    #[test]
    fn cells_without_names_and_prefixed_elements_are_found() {
        let xml = r#"<x:worksheet xmlns:x="u"><x:sheetData><x:row><x:c><x:v>1</x:v></x:c><x:c s="7"/></x:row><x:row r="9"/></x:sheetData></x:worksheet>"#;
        let one = |row, column| at(row, column, "値");
        let new = part::filled(xml.as_bytes(), &[&one(0, 1), &one(8, 0), &one(0, 3)]).unwrap();
        let new = String::from_utf8(new).unwrap();
        let cell = |r: &str, s: &str| format!("<x:c r=\"{r}\"{s} t=\"inlineStr\"><x:is><x:t xml:space=\"preserve\">値</x:t></x:is></x:c>");
        for wanted in [cell("B1", " s=\"7\"") + &cell("D1", "") + "</x:row>", format!("<x:row r=\"9\">{}</x:row>", cell("A9", ""))] {
            assert!(new.contains(&wanted), "{wanted} in {new}");
        }
        let empty = part::filled(b"<worksheet><sheetData/></worksheet>", &[&one(1, 1)]).unwrap();
        assert!(String::from_utf8(empty).unwrap().contains("<sheetData><row r=\"2\"><c r=\"B2\""));
    }
}
