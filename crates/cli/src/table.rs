//! Tables for terminals: columns lined up, wide characters counted as two.

use std::io::Write;

use rules::text::{Lang, Text};
use unicode_width::UnicodeWidthStr;

/// The widest a column gets, in terminal cells; longer texts end in an ellipsis.
const WIDEST: usize = 40;

/// Prints a heading and rows to `out`.
pub fn print(out: &mut impl Write, lang: Lang, heading: &[Text], rows: &[Vec<String>]) -> std::io::Result<()> {
    let heading: Vec<String> = heading.iter().map(|t| t.get(lang).to_owned()).collect();
    let all: Vec<Vec<String>> = std::iter::once(&heading).chain(rows).map(|row| row.iter().map(|cell| shortened(cell)).collect()).collect();
    let width = |column: usize| all.iter().filter_map(|row| row.get(column)).map(|c| c.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    for row in &all {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        writeln!(out, "{}", padded.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// One line, without control characters that a terminal would obey, no wider than a column.
fn shortened(cell: &str) -> String {
    let line: String = cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.width() <= WIDEST {
        return line;
    }
    let mut out = String::new();
    for c in line.chars() {
        if out.width() + c.to_string().width() >= WIDEST {
            break;
        }
        out.push(c);
    }
    out + "…"
}

#[cfg(test)]
mod tests {
    use rules::text::text;

    use super::*;

    #[test]
    fn columns_line_up_with_wide_characters_and_terminals_are_not_steered() {
        let mut out = vec![];
        let rows = [vec!["1".to_owned(), "適合\u{1b}[2J".to_owned()], vec!["253".to_owned(), "x".to_owned()]];
        print(&mut out, Lang::Ja, &[text("項目", "Item"), text("判定", "Verdict")], &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "項目  判定\n1     適合 [2J\n253   x\n");
        assert_eq!(shortened(&"あ".repeat(30)).width(), 39);
    }
}
