//! A paper as a file for printing and keeping: bookmarks, contents with page numbers, tables that go on over pages, pictures.

use jiff::civil::Date;
use rules::document::facts::moment;
use rules::document::paper::{Block, Paper, Section, Table};
use rules::text::{Text, text};
use serde_json::{Value, json};

use crate::Error;
use crate::words::{GETA, drawn, printable};

/// The paper as a tagged PDF/A-2b of this date. Same input, same bytes.
///
/// A drawing that cannot be set is left out and said to be; its words and rows stand in its place.
///
/// # Errors
/// Faults of this program: any text can be set.
pub fn paper(paper: &Paper, date: Date) -> Result<Vec<u8>, Error> {
    let ident = format!("{} {}", paper.title, paper.footer);
    let write = |pictures| crate::page::write(include_str!("paper.typ"), &data(paper, pictures), &ident, date);
    match write(true) {
        Err(_) if has_picture(&paper.chapters) => write(false),
        made => made,
    }
}

const CONTENTS: Text = text("目次", "Contents");
const OPEN: Text = text("未記入・要確認", "Open");
const NONE: Text = text("（該当なし）", "(none)");
const NOT_DRAWN: Text =
    text("この図は描けなかったため、内容を言葉と表で示します。", "This drawing could not be set; its words and rows stand here instead.");

/// The deepest level of headings that PDF knows.
const DEEPEST: usize = 6;
/// Stands for a heading or title without words: readers of bookmarks need some.
const BLANK: &str = "—";

/// Full-width characters on a line of a table on an upright page.
const UPRIGHT: f64 = 54.0;
/// A column whose longest line has so many full-width characters is as wide as its words; others share what is left.
const SHORT: f64 = 9.0;
/// Full-width characters that a long column has at least.
const LEAST: f64 = 12.0;
/// What the space beside a column's words takes, in full-width characters.
const GUTTER: f64 = 1.2;

fn data(paper: &Paper, pictures: bool) -> Value {
    let say = |t: &Text| t.get(paper.lang).to_owned();
    let mut parts = vec![];
    for chapter in &paper.chapters {
        section(paper, chapter, 1, pictures, &mut parts);
    }
    let mut about: Vec<(String, String)> = paper.about.iter().map(|(name, words)| (printable(name), printable(words))).collect();
    if json!([parts, about]).to_string().contains(GETA) {
        about.push((GETA.to_string(), say(&text("この書面の書体にない文字です。", "A character that this paper's font lacks."))));
    }
    json!({
        "lang": paper.lang.tag(),
        "region": say(&text("jp", "gb")),
        "title": named(&paper.title),
        "by": printable(&paper.by),
        "footer": printable(&paper.footer).replace('\n', " "),
        "about": about,
        "contents": if paper.chapters.len() > 1 { say(&CONTENTS) } else { String::new() },
        "open": say(&OPEN),
        "none": say(&NONE),
        "parts": parts,
    })
}

/// A heading's words on one line, never none.
fn named(words: &str) -> String {
    let words = printable(words).replace('\n', " ");
    if words.trim().is_empty() { BLANK.to_owned() } else { words }
}

fn section(paper: &Paper, of: &Section, level: usize, pictures: bool, parts: &mut Vec<Value>) {
    let serves = match of.serves.join(&*text("、", ", ").get(paper.lang).to_owned()) {
        none if none.is_empty() => none,
        items => format!("{}{}", text("項目 ", "Items ").get(paper.lang), printable(&items)),
    };
    parts.push(json!({ "kind": "heading", "level": level.min(DEEPEST), "words": named(&of.heading), "serves": serves }));
    for block in &of.blocks {
        match block {
            Block::Paragraph { words } => parts.extend(paragraphs(words)),
            Block::List { numbered, items } if !items.is_empty() => {
                let items: Vec<String> = items.iter().map(|item| printable(item)).collect();
                parts.push(json!({ "kind": "list", "numbered": numbered, "items": items }));
            }
            Block::List { .. } => {}
            Block::Table(table) => parts.push(rows(paper, table)),
            Block::Picture { name, words, svg, rows: facts } => {
                if pictures {
                    parts.push(json!({ "kind": "picture", "name": printable(name), "words": printable(words), "svg": drawn(svg) }));
                } else {
                    parts.push(json!({ "kind": "paragraph", "words": printable(name) }));
                    parts.push(json!({ "kind": "open", "words": NOT_DRAWN.get(paper.lang) }));
                    parts.extend(paragraphs(words));
                }
                parts.extend(facts.iter().map(|table| rows(paper, table)));
            }
            Block::Open { words } => parts.push(json!({ "kind": "open", "words": printable(words) })),
        }
    }
    for inner in &of.sections {
        section(paper, inner, level + 1, pictures, parts);
    }
}

/// A blank line parts paragraphs.
fn paragraphs(words: &str) -> Vec<Value> {
    let words = printable(words);
    words.split("\n\n").filter(|p| !p.trim().is_empty()).map(|p| json!({ "kind": "paragraph", "words": p.trim_matches('\n') })).collect()
}

fn rows(paper: &Paper, table: &Table) -> Value {
    let width = table.rows.iter().map(Vec::len).chain([table.headings.len()]).max().unwrap_or(0);
    let padded = |row: &[String]| -> Vec<String> { (0..width).map(|n| row.get(n).map(|c| printable(c)).unwrap_or_default()).collect() };
    let headings = padded(&table.headings);
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| padded(row)).collect();
    let lengths: Vec<(f64, f64)> = (0..width).map(|n| lengths(&headings[n], rows.iter().map(|row| row[n].as_str()))).collect();
    let wide = lengths.iter().map(|(longest, _)| longest.min(LEAST) + GUTTER).sum::<f64>() > UPRIGHT;
    // Long columns share the page by the root of what stands in them: twice the words do not need twice the width.
    let columns: Vec<f64> =
        lengths.iter().map(|(longest, usual)| if *longest <= SHORT { 0.0 } else { usual.max(LEAST).sqrt().min(16.0) }).collect();
    let as_of = table.as_of.map(|at| {
        let at = moment(at);
        if paper.lang == rules::text::Lang::Ja { format!("{at} 現在") } else { format!("as of {at} (Japan)") }
    });
    json!({
        "kind": "table",
        "name": printable(&table.name),
        "as_of": as_of.unwrap_or_default(),
        "columns": columns,
        "headings": headings,
        "rows": rows,
        "wide": wide,
    })
}

/// The longest line of a column and the usual length of its cells, in full-width characters.
fn lengths<'a>(heading: &str, cells: impl Iterator<Item = &'a str>) -> (f64, f64) {
    let long = |words: &str| crate::words::halves(words) as f64 / 2.0;
    let (mut longest, mut all, mut count) = (long(heading), 0.0, 0_u32);
    for cell in cells {
        longest = cell.lines().map(long).fold(longest, f64::max);
        all += long(cell);
        count += 1;
    }
    (longest, all / f64::from(count.max(1)))
}

fn has_picture(sections: &[Section]) -> bool {
    sections.iter().any(|s| s.blocks.iter().any(|b| matches!(b, Block::Picture { .. })) || has_picture(&s.sections))
}

#[cfg(test)]
mod tests;
