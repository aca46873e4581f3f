//! Bytes as the kinds of spreadsheet: whole files, or the part inside that no fuzzer reaches through compression.

use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::LazyLock;

use documents::read_table::Limits;
use rules::sheet::Sheet;
use zip::write::SimpleFileOptions;

const ROOT: &[u8] = br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const RELATIONS: &[u8] = br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
const BOOK: &[u8] = br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const STRINGS: &str = r#"<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>No.</t></si><si><t>対応策</t></si><si><t>答え</t></si></sst>"#;
const CELLS: &str = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="2"><c r="A2"><v>1</v></c><c r="B2" t="s"><v>2</v></c></row></sheetData></worksheet>"#;

/// The file that the bytes stand for, and its name: the first byte says which part of which kind the others are.
pub fn file(bytes: &[u8]) -> (Vec<u8>, &'static str) {
    let (kind, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let workbook = |sheet: &[u8], strings: &[u8], book: &[u8]| {
        let parts = [
            ("_rels/.rels", ROOT),
            ("xl/workbook.xml", book),
            ("xl/_rels/workbook.xml.rels", RELATIONS),
            ("xl/sharedStrings.xml", strings),
            ("xl/worksheets/sheet1.xml", sheet),
        ];
        zipped(&parts)
    };
    match kind {
        b's' => (workbook(rest, STRINGS.as_bytes(), BOOK), "sheet.xlsx"),
        b't' => (workbook(CELLS.as_bytes(), rest, BOOK), "sheet.xlsx"),
        b'b' => (workbook(CELLS.as_bytes(), STRINGS.as_bytes(), rest), "sheet.xlsx"),
        b'o' => (zipped(&[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", rest)]), "sheet.ods"),
        b'c' => (rest.to_vec(), "sheet.csv"),
        b'x' => (rest.to_vec(), "sheet.xls"),
        _ => (bytes.to_vec(), "sheet.xlsx"),
    }
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::DEFAULT.compression_method(zip::CompressionMethod::Stored);
    for (name, content) in parts {
        zip.start_file(*name, stored).expect("memory takes it");
        zip.write_all(content).expect("memory takes it");
    }
    zip.finish().expect("memory takes it").into_inner()
}

/// Small, so that a file that reaches them is soon done with.
pub fn limits() -> Limits {
    Limits { file: 1 << 20, unpacked: 4 << 20, cells: 20_000, text: 4 << 20, merged: 2_000, ..Limits::default() }
}

/// The sheet of the catalogue.
pub static SHEET: LazyLock<Sheet> = LazyLock::new(|| {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = ["../catalog", "../../catalog"].map(|place| here.join(place));
    let root = places.iter().find(|place| place.is_dir()).expect("the catalogue lies beside the crates");
    let mut files = Vec::new();
    gather(root, root, &mut files);
    let (catalog, _) = rules::catalog::read(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    catalog.sheets.into_iter().find(|sheet| sheet.items.len() == 253).expect("the sheet of 253 items")
});

fn gather(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("the catalogue can be listed") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(root, &path, files);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            files.push((name, std::fs::read_to_string(&path).expect("a readable file")));
        }
    }
}
