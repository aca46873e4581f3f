//! Writes a paper as an Excel workbook: its texts on the first worksheet, every table on one of its own.

use std::collections::BTreeSet;

use rules::document::paper::{Block, Paper, Section, Table};
use rules::text::{Lang, Text, text, worded};
use rust_xlsxwriter::{Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet};

use crate::form::clean;
use crate::paper_words::{NONE, OPEN, as_of, lengths, serves, squared};
use crate::row_height::{FONT, HIGHEST, NORMAL, Type};
use crate::sheet_csv::harmless;
use crate::sheet_xlsx::{LONGEST, Unwritable};

const TEXTS: Text = text("本文", "Text");
const HEADINGS: [Text; 3] = [text("見出し", "Heading"), text("項目", "Items"), text("内容", "Words")];
const TABLE: Text = text("表", "Table");
const PAGE: Text = text("&P / &N ページ", "Page &P of &N");

/// Widths of the columns of the texts, in Excel's unit.
const TEXT_WIDTHS: [f64; 3] = [34.0, 14.0, 92.0];
/// The narrowest and the widest column of a table.
const NARROW: usize = 8;
const WIDE: usize = 60;
/// What Excel allows for the name of a worksheet, in UTF-16 units.
const NAME: usize = 31;

/// Writes the workbook. Every cell is text, and none runs as a formula. Same paper, same bytes.
///
/// # Errors
/// When a text is longer than a cell can hold; it names the column.
pub fn write(paper: &Paper) -> Result<Vec<u8>, Unwritable> {
    let mut book = Workbook::new();
    // A file's own date would be the machine's clock: same paper, same bytes.
    let begin = ExcelDateTime::from_ymd(1980, 1, 1)?;
    book.set_properties(&DocProperties::new().set_title(clean(&paper.title)).set_author(clean(&paper.by)).set_creation_datetime(&begin));
    let mut written = Written { paper, texts: vec![], tables: vec![], names: BTreeSet::new() };
    written.name(TEXTS.get(paper.lang));
    written.texts.push([Cell::Bold(paper.title.clone()), Cell::Plain(String::new()), Cell::Plain(paper.by.clone())]);
    for (name, words) in &paper.about {
        written.texts.push([Cell::Plain(name.clone()), Cell::Plain(String::new()), Cell::Plain(words.clone())]);
    }
    let headings = written.texts.len();
    written.texts.push(HEADINGS.map(|h| Cell::Heading(h.get(paper.lang).to_owned())));
    for chapter in &paper.chapters {
        written.section(chapter, 0);
    }
    book.push_worksheet(written.words(headings)?);
    for (name, table) in &written.tables {
        book.push_worksheet(sheet(paper, name, table)?);
    }
    Ok(book.save_to_buffer()?)
}

/// A cell of the texts.
enum Cell {
    Plain(String),
    Bold(String),
    Heading(String),
}

/// What goes onto the worksheets, gathered in the order of the paper.
struct Written<'p> {
    paper: &'p Paper,
    texts: Vec<[Cell; 3]>,
    tables: Vec<(String, Table)>,
    /// Names of worksheets in small letters; Excel tells no others apart.
    names: BTreeSet<String>,
}

impl Written<'_> {
    fn section(&mut self, of: &Section, depth: usize) {
        let heading = format!("{}{}", "　".repeat(depth), of.heading);
        let items = serves(&of.serves, self.paper.lang);
        self.texts.push([Cell::Bold(heading), Cell::Plain(items), Cell::Plain(String::new())]);
        for block in &of.blocks {
            match block {
                Block::Paragraph { words } => self.say(words.clone()),
                Block::List { numbered, items } => {
                    for (n, item) in items.iter().enumerate() {
                        self.say(if *numbered { format!("{}. {item}", n + 1) } else { format!("・{item}") });
                    }
                }
                Block::Table(table) => self.table(table, &table.name),
                Block::Picture { name, words, rows, .. } => {
                    self.say(format!("{name}\n{words}"));
                    if let Some(rows) = rows {
                        self.table(rows, if rows.name.is_empty() { name } else { &rows.name });
                    }
                }
                Block::Open { words } => self.say(format!("【{}】{words}", OPEN.get(self.paper.lang))),
            }
        }
        for inner in &of.sections {
            self.section(inner, depth + 1);
        }
    }

    fn say(&mut self, words: String) {
        self.texts.push([Cell::Plain(String::new()), Cell::Plain(String::new()), Cell::Plain(words)]);
    }

    fn table(&mut self, table: &Table, called: &str) {
        let lang = self.paper.lang;
        let name = self.name(&format!("{} {called}", self.tables.len() + 1));
        let there = match lang {
            Lang::Ja => format!("表：シート「{name}」（{}行）", table.rows.len()),
            Lang::En => format!("Table: worksheet “{name}” ({} rows)", table.rows.len()),
        };
        self.say(there);
        self.tables.push((name, squared(table)));
    }

    /// A name that Excel takes and that no other worksheet has.
    fn name(&mut self, wanted: &str) -> String {
        let plain: String = clean(wanted).chars().filter(|c| !"[]:*?/\\'\n\t".contains(*c)).collect();
        let fitting = |ending: &str| {
            let mut name = String::new();
            for c in plain.trim().chars() {
                if name.encode_utf16().count() + c.len_utf16() + ending.len() > NAME {
                    break;
                }
                name.push(c);
            }
            format!("{}{ending}", name.trim())
        };
        let mut name = fitting("");
        let mut n = 2;
        while name.is_empty() || !self.names.insert(name.to_lowercase()) {
            name = fitting(&format!(" ({n})"));
            n += 1;
        }
        name
    }

    /// The first worksheet.
    fn words(&self, headings: usize) -> Result<Worksheet, Unwritable> {
        let lang = self.paper.lang;
        let mut page = Worksheet::new();
        page.set_name(TEXTS.get(lang))?;
        for (column, width) in (0u16..).zip(TEXT_WIDTHS) {
            page.set_column_width(column, width)?;
        }
        let plain = base().set_text_wrap().set_align(FormatAlign::Top);
        let bold = plain.clone().set_bold();
        for (row, cells) in (0u32..).zip(&self.texts) {
            let mut high: f64 = 0.0;
            for ((column, width), (cell, of)) in (0u16..).zip(TEXT_WIDTHS).zip(cells.iter().zip(&HEADINGS)) {
                let (words, format) = match cell {
                    Cell::Plain(words) => (words, plain.clone()),
                    Cell::Bold(words) => (words, bold.clone()),
                    Cell::Heading(words) => (words, heading()),
                };
                high = high.max(put(&mut page, (row, column), words, &format, width, of)?);
            }
            page.set_row_height(row, high.min(HIGHEST))?;
        }
        let headings = u32::try_from(headings).unwrap_or(u32::MAX);
        printed(&mut page, self.paper, headings, false)?;
        Ok(page)
    }
}

/// One table on its worksheet: what it is and from when, the headings, the rows.
fn sheet(paper: &Paper, name: &str, table: &Table) -> Result<Worksheet, Unwritable> {
    let mut page = Worksheet::new();
    page.set_name(name)?;
    let lengths = lengths(table);
    let widths: Vec<f64> = lengths.iter().map(|l| l.longest.clamp(NARROW, WIDE) as f64 + 2.0).collect();
    for (column, width) in (0u16..).zip(&widths) {
        page.set_column_width(column, *width)?;
    }
    let when = as_of(table, paper.lang);
    put(&mut page, (0, 0), &[table.name.as_str(), &when].join("  "), &base().set_bold(), f64::from(u16::MAX), &TABLE)?;
    let numbered = |n: usize| worded(format!("{}の{}列目", table.name, n + 1), format!("column {} of {}", n + 1, table.name));
    let body = framed().set_text_wrap().set_align(FormatAlign::Top).set_num_format("@");
    let rows = [(&table.headings, heading())].into_iter().chain(table.rows.iter().map(|row| (row, body.clone())));
    for (row, (cells, format)) in (1u32..).zip(rows) {
        let mut high: f64 = 0.0;
        for (n, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            let column = u16::try_from(n).unwrap_or(u16::MAX);
            high = high.max(put(&mut page, (row, column), cell, &format, *width, &numbered(n))?);
        }
        page.set_row_height(row, high.clamp(NORMAL.height("", 10.0), HIGHEST))?;
    }
    if table.rows.is_empty() {
        put(&mut page, (2, 0), NONE.get(paper.lang), &base(), 20.0, &TABLE)?;
    } else if let Some(last) = widths.len().checked_sub(1) {
        let bottom = u32::try_from(table.rows.len() + 1).unwrap_or(u32::MAX);
        page.autofilter(1, 0, bottom, u16::try_from(last).unwrap_or(u16::MAX))?;
    }
    printed(&mut page, paper, 1, true)?;
    Ok(page)
}

/// Writes one text and tells how high its row must be for it.
fn put(page: &mut Worksheet, at: (u32, u16), words: &str, format: &Format, width: f64, of: &Text) -> Result<f64, Unwritable> {
    let words = clean(words);
    let words = harmless(&words);
    let units = if words.len() > LONGEST { words.encode_utf16().count() } else { 0 };
    if units > LONGEST {
        return Err(Unwritable::TooLong { item: None, column: of.clone(), units });
    }
    page.write_string_with_format(at.0, at.1, words.as_ref(), format)?;
    Ok(NORMAL.height(&words, width))
}

/// How a worksheet is looked at and printed.
fn printed(page: &mut Worksheet, paper: &Paper, headings: u32, landscape: bool) -> Result<(), Unwritable> {
    page.set_freeze_panes(headings + 1, 0)?;
    page.set_repeat_rows(headings, headings)?;
    page.set_paper_size(9).set_print_fit_to_pages(1, 0);
    if landscape {
        page.set_landscape();
    }
    // An ampersand in a footer begins a code, and Excel reads 255 characters.
    let footer: String = clean(&paper.footer).replace('\n', " ").chars().take(100).collect();
    page.set_footer(format!("&L&8{}&R&8{}", footer.replace('&', "&&"), PAGE.get(paper.lang)));
    Ok(())
}

fn base() -> Format {
    let Type { points } = NORMAL;
    Format::new().set_font_name(FONT).set_font_size(points).set_font_color(Color::RGB(0x1A1A1C))
}

fn framed() -> Format {
    base().set_border(FormatBorder::Thin).set_border_color(Color::RGB(0x9AA7B8))
}

fn heading() -> Format {
    framed().set_bold().set_text_wrap().set_align(FormatAlign::Top).set_background_color(Color::RGB(0xD6E4F5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paper_docx::tests::{everything, hostile, sample, table};
    use crate::read_table::{Limits, read_table};
    use crate::table::Workbook as Read;

    fn read(paper: &Paper) -> Read {
        let bytes = write(paper).unwrap();
        assert_eq!(write(paper).unwrap(), bytes);
        read_table(&bytes, "paper.xlsx", &Limits::default()).unwrap().book
    }

    fn shown(page: &crate::table::Worksheet, row: u32, column: u32) -> String {
        page.at(row, column).map(|(value, _)| value.shown()).unwrap_or_default()
    }

    #[test]
    fn every_table_has_a_worksheet_and_the_texts_have_one() {
        let book = read(&everything());
        let names: Vec<&str> = book.worksheets.iter().map(|w| w.name.as_str()).collect();
        assert_eq!(names, ["本文", "1 資産の一覧", "2 資産の一覧", "3 空の表", "4 体制図の行"]);
        let texts: Vec<String> =
            book.worksheets[0].rows().flat_map(|(_, row)| row.values().map(|v| v.shown()).collect::<Vec<_>>()).collect();
        for expected in [
            "運用管理規程",
            "この規程は、サービスの運用を定める。",
            "2. 手順その二",
            "【未記入・要確認】連絡先が書かれていません。",
            "項目 1、214:2",
        ] {
            assert!(texts.iter().any(|t| t == expected), "{expected} is not among {texts:?}");
        }
        let first = &book.worksheets[1];
        assert_eq!((shown(first, 1, 3), shown(first, 81, 3)), ("見出し3".to_owned(), "行79列3".to_owned()));
        assert!(shown(first, 0, 0).ends_with("2026-11-22 10:00 現在"));
    }

    #[test]
    fn five_hundred_rows_are_whole() {
        let book = read(&sample(vec![Block::Table(table(500, 5))]));
        assert_eq!(shown(&book.worksheets[1], 501, 4), "行499列4");
    }

    #[test]
    fn no_cell_runs_and_any_text_can_be_written() {
        for words in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "'=1", "[]:*?/\\'", "🏥\u{202e}\u{0}\u{ffff}", "&P<a>", ""] {
            let book = read(&hostile(words));
            for (_, cell) in book.worksheets.iter().flat_map(|w| w.rows().flat_map(|(n, row)| row.values().map(move |v| (n, v.shown())))) {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '＝']), "{words:?} stands as {cell:?}");
            }
        }
    }

    #[test]
    fn names_of_worksheets_differ_and_fit() {
        let long = Table { name: "長".repeat(60), ..table(1, 1) };
        let book = read(&sample(vec![Block::Table(long.clone()), Block::Table(long)]));
        assert_eq!(book.worksheets.len(), 3);
        assert!(book.worksheets.iter().all(|w| w.name.encode_utf16().count() <= NAME));
        assert!(write(&Paper { chapters: vec![], title: String::new(), ..everything() }).is_ok());
    }

    #[test]
    fn a_text_longer_than_a_cell_is_refused_not_cut() {
        let words = "長".repeat(LONGEST + 1);
        let refused = write(&sample(vec![Block::Paragraph { words }])).unwrap_err();
        assert!(matches!(&refused, Unwritable::TooLong { units, .. } if *units == LONGEST + 1), "{refused:?}");
    }
}
