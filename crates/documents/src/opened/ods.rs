//! Opens .ods: reads content.xml event by event, because a repeated cell may stand for a billion.
//!
//! Source: OpenDocument 1.3 part 3, sections 9.1 (tables) and 6.1 (white space and paragraphs).

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use zip::ZipArchive;

use crate::opened::{Budget, Limits};
use crate::table::{Merged, Value, Workbook, Worksheet};
use crate::unreadable::Unreadable;

/// `bytes` must have passed `zip_bounds::survey`.
pub(crate) fn open(bytes: &[u8], limits: &Limits) -> Result<Workbook, Unreadable> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    let part = archive.by_name("content.xml").map_err(damaged)?;
    let mut xml = String::new();
    part.take(limits.unpacked).read_to_string(&mut xml).map_err(damaged)?;
    let mut reader = Reader::from_str(&xml);
    reader.config_mut().expand_empty_elements = true;
    let mut content = Content {
        budget: Budget::of(limits),
        out: Workbook::default(),
        sheet: None,
        row: 0,
        repeat_row: 1,
        column: 0,
        cell: None,
        aside: 0,
    };
    loop {
        match reader.read_event().map_err(damaged)? {
            Event::Start(e) => content.start(&e)?,
            Event::End(e) => content.end(e.name().as_ref())?,
            Event::Text(t) => content.words(&t.xml_content(XmlVersion::Implicit1_0)),
            Event::CData(t) => content.words(&t.xml_content(XmlVersion::Implicit1_0)),
            Event::GeneralRef(r) => {
                let c = match r.resolve_char_ref().map_err(damaged)? {
                    Some(c) => c,
                    None => match r.xml10_content().as_ref() {
                        "lt" => '<',
                        "gt" => '>',
                        "amp" => '&',
                        "quot" => '"',
                        "apos" => '\'',
                        other => return Err(damaged(format!("&{other};"))),
                    },
                };
                content.words(c.encode_utf8(&mut [0; 4]));
            }
            Event::Eof => return Ok(content.out),
            _ => {}
        }
    }
}

fn damaged(detail: impl ToString) -> Unreadable {
    Unreadable::damaged("ods", detail)
}

/// Where the reader stands in the document.
struct Content {
    budget: Budget,
    out: Workbook,
    sheet: Option<Worksheet>,
    row: u64,
    repeat_row: u64,
    column: u64,
    cell: Option<Cell>,
    /// Depth inside notes, shapes and settings, whose text is not the cell's.
    aside: usize,
}

struct Cell {
    kind: String,
    value: String,
    repeat: u64,
    rows: u64,
    columns: u64,
    paragraphs: usize,
    in_paragraph: bool,
    text: String,
}

const MOST_ROWS: u64 = 1 << 20;
const MOST_COLUMNS: u64 = 1 << 14;

impl Content {
    fn start(&mut self, e: &BytesStart<'_>) -> Result<(), Unreadable> {
        let name = e.name();
        let name = name.as_ref();
        if self.aside > 0
            || matches!(
                name,
                "office:annotation" | "draw:frame" | "draw:custom-shape" | "table:shapes" | "table:tracked-changes" | "text:ruby-text"
            )
        {
            self.aside += 1;
            return Ok(());
        }
        match name {
            "table:table" => {
                self.budget.worksheet()?;
                let name = attributes(e)?.remove("table:name").unwrap_or_default();
                self.sheet = Some(Worksheet::named(name));
                self.row = 0;
            }
            "table:table-row" => {
                self.repeat_row = count(&attributes(e)?, "table:number-rows-repeated");
                self.column = 0;
            }
            "table:table-cell" | "table:covered-table-cell" => {
                let mut found = attributes(e)?;
                let kind = match found.remove("calcext:value-type") {
                    Some(kind) if kind == "error" => kind,
                    _ => found.remove("office:value-type").unwrap_or_default(),
                };
                let value = ["office:value", "office:date-value", "office:time-value", "office:boolean-value", "office:string-value"]
                    .iter()
                    .find_map(|key| found.remove(*key))
                    .unwrap_or_default();
                self.cell = Some(Cell {
                    kind,
                    value,
                    repeat: count(&found, "table:number-columns-repeated"),
                    rows: count(&found, "table:number-rows-spanned"),
                    columns: count(&found, "table:number-columns-spanned"),
                    paragraphs: 0,
                    in_paragraph: false,
                    text: String::new(),
                });
            }
            "text:p" | "text:h" => {
                if let Some(cell) = &mut self.cell {
                    if cell.paragraphs > 0 {
                        cell.text.push('\n');
                    }
                    cell.paragraphs += 1;
                    cell.in_paragraph = true;
                }
            }
            "text:s" => {
                let spaces = count(&attributes(e)?, "text:c").min(1_000);
                self.words(&" ".repeat(spaces as usize));
            }
            "text:tab" => self.words("\t"),
            "text:line-break" => self.words("\n"),
            _ => {}
        }
        Ok(())
    }

    fn words(&mut self, text: &str) {
        if let Some(cell) = self.cell.as_mut().filter(|c| c.in_paragraph && self.aside == 0) {
            cell.text.push_str(text);
        }
    }

    fn end(&mut self, name: &str) -> Result<(), Unreadable> {
        if self.aside > 0 {
            self.aside -= 1;
            return Ok(());
        }
        match name {
            "text:p" | "text:h" => {
                if let Some(cell) = &mut self.cell {
                    cell.in_paragraph = false;
                }
            }
            "table:table-cell" | "table:covered-table-cell" => {
                if let Some(cell) = self.cell.take() {
                    self.place(cell)?;
                }
            }
            "table:table-row" => self.row = self.row.saturating_add(self.repeat_row),
            "table:table" => self.out.worksheets.extend(self.sheet.take()),
            _ => {}
        }
        Ok(())
    }

    fn place(&mut self, cell: Cell) -> Result<(), Unreadable> {
        let first = self.column;
        self.column = self.column.saturating_add(cell.repeat);
        let value = match cell.kind.as_str() {
            "error" => Value::Error(cell.text),
            "float" | "percentage" | "currency" => match cell.value.parse() {
                Ok(number) => Value::Number(number),
                Err(_) => Value::Text(cell.text),
            },
            "boolean" => Value::Bool(cell.value == "true"),
            "date" | "time" => Value::Date(cell.value.replace('T', " ")),
            _ if cell.paragraphs == 0 => Value::Text(cell.value),
            _ => Value::Text(cell.text),
        };
        self.budget.cells(1)?;
        let Some(sheet) = self.sheet.as_mut() else { return Ok(()) };
        if cell.rows > 1 || cell.columns > 1 {
            self.budget.merged(1)?;
            if self.row < MOST_ROWS && first < MOST_COLUMNS {
                let bottom = (self.row + cell.rows - 1).min(MOST_ROWS - 1);
                let right = (first + cell.columns - 1).min(MOST_COLUMNS - 1);
                sheet.merge(Merged { top: self.row as u32, left: first as u32, bottom: bottom as u32, right: right as u32 });
            }
        }
        if value.is_blank() {
            return Ok(());
        }
        let times = cell.repeat.saturating_mul(self.repeat_row);
        self.budget.cells(times)?;
        if let Value::Text(text) = &value {
            self.budget.text(text.len(), times)?;
        }
        for row in (self.row..self.row.saturating_add(self.repeat_row)).take_while(|r| *r < MOST_ROWS) {
            for column in (first..self.column).take_while(|c| *c < MOST_COLUMNS) {
                sheet.put(row as u32, column as u32, value.clone());
            }
        }
        Ok(())
    }
}

fn attributes(e: &BytesStart<'_>) -> Result<BTreeMap<String, String>, Unreadable> {
    e.attributes()
        .map(|attribute| {
            let attribute = attribute.map_err(damaged)?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(damaged)?;
            Ok((attribute.key.as_ref().to_owned(), value.into_owned()))
        })
        .collect()
}

/// A count of repetitions or spans; 1 where none is given.
fn count(attributes: &BTreeMap<String, String>, key: &str) -> u64 {
    attributes.get(key).and_then(|n| n.trim().parse().ok()).unwrap_or(1).clamp(1, MOST_ROWS)
}
