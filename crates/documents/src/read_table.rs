//! Opens a spreadsheet of any kind we read as plain cells, judged by its first bytes and not by its name.

use rules::text::{Text, text, worded};

pub use crate::opened::Limits;
use crate::opened::zip_bounds::{Zipped, survey};
use crate::opened::{delimited, ods, xls, xlsx};
use crate::table::Workbook;
use crate::unreadable::Unreadable;

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Xlsx,
    Xls,
    Ods,
    /// CSV, TSV or text; with the name of its encoding.
    Delimited(&'static str),
}

/// An opened file.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub format: Format,
    pub book: Workbook,
    /// What the person should know although nothing went wrong: the name promised another type, a guessed encoding.
    pub notes: Vec<Text>,
}

/// Reads .xlsx, .xls, .ods, .csv, .tsv and .txt. `file_name` serves the notes only.
///
/// # Errors
/// When nothing can be read: another type, damaged, encrypted, or beyond the limits.
pub fn read_table(bytes: &[u8], file_name: &str, limits: &Limits) -> Result<Table, Unreadable> {
    if bytes.is_empty() {
        return Err(Unreadable::Empty);
    }
    if bytes.len() as u64 > limits.file {
        return Err(Unreadable::TooLarge { size: bytes.len() as u64, limit: limits.file });
    }
    let (format, book) = if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        match survey(bytes, limits)? {
            Zipped::Xlsx => (Format::Xlsx, xlsx::open(bytes, limits)?),
            Zipped::Ods => (Format::Ods, ods::open(bytes, limits)?),
        }
    } else if bytes.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
        (Format::Xls, xls::open(bytes, limits)?)
    } else if let Some(found) = other_type(bytes) {
        return Err(Unreadable::OtherType { found });
    } else {
        let (book, encoding) = delimited::open(bytes, limits).map_err(|e| promised(e, file_name))?;
        (Format::Delimited(encoding), book)
    };
    Ok(Table { format, book, notes: notes(format, file_name) })
}

/// Types people send by mistake, by their first bytes.
fn other_type(bytes: &[u8]) -> Option<Text> {
    let start = &bytes[..bytes.len().min(1024)];
    let words = String::from_utf8_lossy(start).trim_start_matches('\u{FEFF}').trim_start().to_lowercase();
    let picture = text("画像", "a picture");
    match start {
        s if s.starts_with(b"%PDF") => Some(text("PDF", "a PDF")),
        s if s.starts_with(b"\x89PNG") || s.starts_with(b"\xFF\xD8\xFF") || s.starts_with(b"GIF8") => Some(picture),
        s if s.starts_with(b"{\\rtf") => Some(text("リッチテキスト", "a rich-text document")),
        s if s.starts_with(b"\x1F\x8B") || s.starts_with(b"7z\xBC\xAF") || s.starts_with(b"Rar!") => {
            Some(text("圧縮ファイル", "an archive"))
        }
        _ if words.starts_with("<!doctype html") || words.starts_with("<html") => Some(text("Web ページ（HTML）", "a web page (HTML)")),
        _ if words.starts_with("<?xml") => Some(text("XML ファイル", "an XML file")),
        _ => None,
    }
}

/// Bytes in no known encoding under the name of a workbook are a damaged workbook rather than a text.
fn promised(error: Unreadable, file_name: &str) -> Unreadable {
    match (error, extension(file_name).as_str()) {
        (Unreadable::Encoding, "xlsx" | "xlsm") => Unreadable::damaged("xlsx", "not a zip file"),
        (Unreadable::Encoding, "xls") => Unreadable::damaged("xls", "not a compound file"),
        (Unreadable::Encoding, "ods") => Unreadable::damaged("ods", "not a zip file"),
        (error, _) => error,
    }
}

fn notes(format: Format, file_name: &str) -> Vec<Text> {
    let extension = extension(file_name);
    let (is, expected): (&str, &[&str]) = match format {
        Format::Xlsx => ("Excel (.xlsx)", &["xlsx", "xlsm"]),
        Format::Xls => ("Excel 97-2003 (.xls)", &["xls"]),
        Format::Ods => ("OpenDocument (.ods)", &["ods"]),
        Format::Delimited(_) => ("text (.csv/.tsv)", &["csv", "tsv", "txt", "tab"]),
    };
    let mut notes = Vec::new();
    if !extension.is_empty() && !expected.contains(&extension.as_str()) {
        notes.push(worded(
            format!("ファイル名の拡張子は .{extension} ですが、内容は {is} のため、そのように読み込みました。"),
            format!("The file name ends in .{extension}, but the content is {is}; it was read as that."),
        ));
    }
    if let Format::Delimited(encoding) = format
        && encoding != "UTF-8"
    {
        notes.push(worded(format!("文字コード {encoding} として読み込みました。"), format!("The text was read as {encoding}.")));
    }
    notes
}

fn extension(file_name: &str) -> String {
    file_name.rsplit_once('.').map(|(_, e)| e.to_lowercase()).unwrap_or_default()
}
