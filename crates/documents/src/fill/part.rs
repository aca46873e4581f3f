//! The XML of one worksheet: where its cells lie byte by byte, and the same with some of them filled.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use rules::text::text;

use super::{Fill, Unfillable, attributes};
use crate::form::clean;
use crate::table::letters;

/// Why a worksheet stays as it is.
#[derive(Debug)]
pub(super) enum Broken {
    Xml(String),
    Cells(Vec<Unfillable>),
}

/// `Sheet1!C12`
pub(super) fn name(fill: &Fill) -> String {
    format!("{}!{}{}", fill.worksheet, letters(fill.column), fill.row + 1)
}

/// A cell that is there.
struct Cell {
    column: u32,
    span: Range<usize>,
    style: Option<String>,
    formula: bool,
}

/// A row that is there.
struct Row {
    number: u32,
    start: usize,
    /// Where its last cell ends: where its end tag begins, or the whole tag of a row without cells.
    end: usize,
    empty: bool,
    cells: Vec<Cell>,
}

/// What a look at the XML found.
#[derive(Default)]
struct Found {
    rows: Vec<Row>,
    /// `<sheetData>` begins, its content ends.
    data: Range<usize>,
    empty: bool,
    /// `x:` where elements have a prefix.
    prefix: String,
    /// First row, first column, last row, last column.
    merged: Vec<[u32; 4]>,
}

/// The XML with cells filled.
pub(super) fn filled(xml: &[u8], fills: &[&Fill]) -> Result<Vec<u8>, Broken> {
    let found = look(xml).map_err(Broken::Xml)?;
    let mut faults = vec![];
    let mut wanted: BTreeMap<u32, BTreeMap<u32, &Fill>> = BTreeMap::new();
    for fill in fills {
        let inside = |m: &&[u32; 4]| (m[0]..=m[2]).contains(&fill.row) && (m[1]..=m[3]).contains(&fill.column);
        let (row, column) = found.merged.iter().find(inside).map_or((fill.row, fill.column), |m| (m[0], m[1]));
        let there = found.rows.iter().find(|r| r.number == row).and_then(|r| r.cells.iter().find(|c| c.column == column));
        if there.is_some_and(|cell| cell.formula) {
            let why = text("数式のセルには書き込めません。別の列を選んでください。", "A formula stands there; choose another column.");
            faults.push(Unfillable { cell: name(fill), why });
        } else if wanted.entry(row).or_default().insert(column, fill).is_some() {
            let why = text("結合されたセルのため、二つの回答が同じ場所になります。", "Two answers meet in one merged cell.");
            faults.push(Unfillable { cell: name(fill), why });
        }
    }
    if !faults.is_empty() {
        return Err(Broken::Cells(faults));
    }
    Ok(spliced(xml, edits(xml, &found, &wanted)))
}

/// Pieces of the XML and what stands there instead, in the order of the file.
fn edits(xml: &[u8], found: &Found, wanted: &BTreeMap<u32, BTreeMap<u32, &Fill>>) -> Vec<(Range<usize>, String)> {
    let p = &found.prefix;
    let mut out = vec![];
    for (row, cells) in wanted {
        let Some(there) = found.rows.iter().find(|r| r.number == *row) else {
            let all: String = cells.iter().map(|(column, fill)| cell(p, *row, *column, None, &fill.words)).collect();
            let before = found.rows.iter().filter(|r| r.number > *row).map(|r| r.start).min().unwrap_or(found.data.end);
            out.push((before..before, format!("<{p}row r=\"{}\">{all}</{p}row>", row + 1)));
            continue;
        };
        let mut new = vec![];
        for (column, fill) in cells {
            match there.cells.iter().find(|c| c.column == *column) {
                Some(old) => out.push((old.span.clone(), cell(p, *row, *column, old.style.as_deref(), &fill.words))),
                None => {
                    let before = there.cells.iter().find(|c| c.column > *column).map_or(there.end, |c| c.span.start);
                    new.push((before, cell(p, *row, *column, None, &fill.words)));
                }
            }
        }
        if there.empty {
            let all: String = new.into_iter().map(|(_, cell)| cell).collect();
            let tag = String::from_utf8_lossy(&xml[there.start..there.end]).trim_end_matches("/>").trim_end().to_owned();
            out.push((there.start..there.end, format!("{tag}>{all}</{p}row>")));
        } else {
            out.extend(new.into_iter().map(|(before, cell)| (before..before, cell)));
        }
    }
    // Stable: what is put in at one place keeps the order of rows and columns.
    out.sort_by_key(|(span, _)| (span.start, span.end));
    if found.empty && !out.is_empty() {
        let all: String = out.into_iter().map(|(_, new)| new).collect();
        return vec![(found.data.clone(), format!("<{p}sheetData>{all}</{p}sheetData>"))];
    }
    out
}

fn spliced(xml: &[u8], edits: Vec<(Range<usize>, String)>) -> Vec<u8> {
    let mut out = Vec::with_capacity(xml.len() + edits.iter().map(|(_, new)| new.len()).sum::<usize>());
    let mut at = 0;
    for (span, new) in edits {
        out.extend_from_slice(&xml[at..span.start]);
        out.extend_from_slice(new.as_bytes());
        at = span.end;
    }
    out.extend_from_slice(&xml[at..]);
    out
}

/// A cell of text (ECMA-376, part 1, 18.3.1.53), or an empty one that keeps its style.
fn cell(p: &str, row: u32, column: u32, style: Option<&str>, words: &str) -> String {
    let at = format!("{}{}", letters(column), row + 1);
    let style = style.map_or_else(String::new, |s| format!(" s=\"{}\"", quick_xml::escape::escape(s)));
    let words = clean(words);
    if words.is_empty() {
        return format!("<{p}c r=\"{at}\"{style}/>");
    }
    let words = literal(&words);
    let words = quick_xml::escape::escape(words.as_str());
    format!("<{p}c r=\"{at}\"{style} t=\"inlineStr\"><{p}is><{p}t xml:space=\"preserve\">{words}</{p}t></{p}is></{p}c>")
}

/// `_x0041_` would be read as `A`: its underscore is written as a code itself (ECMA-376, 22.9.2.19).
fn literal(words: &str) -> String {
    let coded = |rest: &str| {
        let b = rest.as_bytes();
        b.len() >= 7 && b.starts_with(b"_x") && b[2..6].iter().all(u8::is_ascii_hexdigit) && b[6] == b'_'
    };
    let mut out = String::with_capacity(words.len());
    for (at, c) in words.char_indices() {
        if coded(&words[at..]) {
            out.push_str("_x005F_");
        } else {
            out.push(c);
        }
    }
    out
}

fn look(xml: &[u8]) -> Result<Found, String> {
    let mut reader = Reader::from_reader(xml);
    let mut found = Found::default();
    let mut begins: Option<(u32, usize, Option<String>, bool)> = None;
    let (mut next_row, mut next_column, mut seen) = (0, 0, BTreeSet::new());
    loop {
        let start = place(&reader)?;
        let event = reader.read_event().map_err(|e| e.to_string())?;
        let end = place(&reader)?;
        let empty = matches!(event, Event::Empty(_));
        match event {
            Event::Start(e) | Event::Empty(e) => match e.local_name().as_ref() {
                "sheetData" => {
                    let full = e.name();
                    found.prefix = full.as_ref().trim_end_matches("sheetData").to_owned();
                    (found.data, found.empty) = (start..end, empty);
                }
                "row" => {
                    let number = number(&e, "r")?.map_or(next_row, |n: u32| n.saturating_sub(1));
                    if !seen.insert(number) {
                        return Err(format!("row {} stands twice", number + 1));
                    }
                    (next_row, next_column) = (number + 1, 0);
                    found.rows.push(Row { number, start, end, empty, cells: vec![] });
                }
                "c" => {
                    let given = attributes(&e)?;
                    let column = given.get("r").map_or(Ok(next_column), |r| column_of(r))?;
                    next_column = column + 1;
                    begins = Some((column, start, given.get("s").cloned(), false));
                    if empty {
                        finish(&mut found, &mut begins, end);
                    }
                }
                "f" => {
                    if let Some(cell) = &mut begins {
                        cell.3 = true;
                    }
                }
                "mergeCell" => found.merged.extend(attributes(&e)?.get("ref").and_then(|range| area(range))),
                _ => {}
            },
            Event::End(e) => match e.local_name().as_ref() {
                "c" => finish(&mut found, &mut begins, end),
                "row" => {
                    if let Some(row) = found.rows.last_mut() {
                        row.end = start;
                    }
                }
                "sheetData" => found.data.end = start,
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    if found.data.is_empty() { Err("no sheetData".to_owned()) } else { Ok(found) }
}

fn place(reader: &Reader<&[u8]>) -> Result<usize, String> {
    usize::try_from(reader.buffer_position()).map_err(|e| e.to_string())
}

/// The cell that began ends here.
fn finish(found: &mut Found, begins: &mut Option<(u32, usize, Option<String>, bool)>, end: usize) {
    if let (Some((column, start, style, formula)), Some(row)) = (begins.take(), found.rows.last_mut()) {
        row.cells.push(Cell { column, span: start..end, style, formula });
    }
}

fn number(element: &BytesStart, name: &str) -> Result<Option<u32>, String> {
    attributes(element)?.get(name).map(|n| n.parse().map_err(|_| format!("row {n}"))).transpose()
}

/// The column of `C12`, from 0.
fn column_of(cell: &str) -> Result<u32, String> {
    let letters = cell.bytes().take_while(u8::is_ascii_alphabetic);
    let column = letters.fold(0u32, |n, b| n.saturating_mul(26).saturating_add(u32::from(b.to_ascii_uppercase() - b'A') + 1));
    if (1..=16_384).contains(&column) { Ok(column - 1) } else { Err(format!("cell {cell}")) }
}

/// `B5:C6` as rows and columns from 0.
fn area(range: &str) -> Option<[u32; 4]> {
    let corner = |cell: &str| {
        let row: u32 = cell.trim_start_matches(|c: char| c.is_ascii_alphabetic()).parse().ok()?;
        Some((row.checked_sub(1)?, column_of(cell).ok()?))
    };
    let (from, to) = range.split_once(':')?;
    let ((top, left), (bottom, right)) = (corner(from)?, corner(to)?);
    Some([top, left, bottom, right])
}
