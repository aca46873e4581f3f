//! What Word and Excel files say around the words of a paper, and how wide the columns of its tables are.

use rules::document::facts::moment;
use rules::document::paper::Table;
use rules::text::{Lang, Text, text};

pub const OPEN: Text = text("未記入・要確認", "Open");
pub const NONE: Text = text("（該当なし）", "(none)");
pub const CONTENTS: Text = text("目次", "Contents");
pub const CONTINUED: Text = text("（続き）", " (continued)");

/// When live facts of a table were read, as clocks in Japan show it; empty for others.
pub fn as_of(table: &Table, lang: Lang) -> String {
    let Some(at) = table.as_of else { return String::new() };
    let at = moment(at);
    match lang {
        Lang::Ja => format!("{at} 現在"),
        Lang::En => format!("as of {at} (Japan)"),
    }
}

/// `項目 1、214:2`; empty where nothing is answered.
pub fn serves(items: &[String], lang: Lang) -> String {
    match (lang, items) {
        (_, []) => String::new(),
        (Lang::Ja, items) => format!("項目 {}", items.join("、")),
        (Lang::En, items) => format!("Items {}", items.join(", ")),
    }
}

/// The table with as many cells in every row as its widest has.
pub fn squared(table: &Table) -> Table {
    let width = table.rows.iter().map(Vec::len).chain([table.headings.len()]).max().unwrap_or(0);
    let full = |row: &Vec<String>| -> Vec<String> { (0..width).map(|n| row.get(n).cloned().unwrap_or_default()).collect() };
    Table { name: table.name.clone(), headings: full(&table.headings), rows: table.rows.iter().map(full).collect(), as_of: table.as_of }
}

/// Half-width columns that one line takes.
pub fn halves(line: &str) -> usize {
    line.chars().map(|c| if c.is_ascii() || ('\u{FF61}'..='\u{FF9F}').contains(&c) { 1 } else { 2 }).sum()
}

/// A column: the longest of its lines, and the usual length of its cells, in half-width characters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Length {
    pub longest: usize,
    pub usual: usize,
}

/// The lengths of the columns of a squared table.
pub fn lengths(table: &Table) -> Vec<Length> {
    let of = |n: usize| {
        let cells = || table.rows.iter().map(|row| row[n].as_str());
        let longest = cells().chain([table.headings[n].as_str()]).flat_map(str::lines).map(halves).max().unwrap_or(0);
        Length { longest, usual: cells().map(halves).sum::<usize>() / table.rows.len().max(1) }
    };
    (0..table.headings.len()).map(of).collect()
}
