//! Prepares people's texts for paper: nothing invisible, nothing the font cannot draw, nothing that cannot break.

/// Stands for a character that the font lacks, as printers in Japan have always done.
pub const GETA: char = '〓';

/// After so many characters without a place to break, one is made.
const LONGEST_RUN: usize = 16;

/// The text as it can be printed: control and direction-changing characters go, unknown ones become 〓, line breaks
/// become `\n`, and long runs without a space get invisible places to break.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut run = 0;
    for c in text.replace("\r\n", "\n").chars() {
        let c = match c {
            '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
            c if c.is_whitespace() => {
                if c == '\u{3000}' {
                    c
                } else {
                    ' '
                }
            }
            c if invisible(c) => continue,
            // A private-use character means something else on every machine.
            '\u{e000}'..='\u{f8ff}' => GETA,
            c if crate::page::drawable(c) => c,
            _ => GETA,
        };
        run = if c.is_ascii_graphic() || ('\u{a1}'..'\u{2e80}').contains(&c) { run + 1 } else { 0 };
        if run > LONGEST_RUN {
            out.push('\u{200b}');
            run = 1;
        }
        out.push(c);
    }
    out
}

/// Characters that show nothing or turn the reading direction, and could make a paper read as something it is not.
fn invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e01ef}')
}

/// A drawing with no character that the font cannot draw; its marks are plain ASCII and stay.
pub fn drawn(svg: &str) -> String {
    svg.chars()
        .filter(|c| c.is_ascii() || !invisible(*c))
        .map(|c| if c.is_ascii() || crate::page::drawable(c) { c } else { GETA })
        .collect()
}

/// Half-width columns that a text of one line takes, about.
pub fn halves(line: &str) -> usize {
    line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

/// Lines that `text` takes in a column of `width` full-width characters (half-width ones count half), about.
pub fn lines(text: &str, width: usize) -> usize {
    text.lines().map(|line| halves(line).div_ceil(2 * width).max(1)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_invisible_or_undrawable_is_left() {
        assert_eq!(printable("a\u{202e}b\u{0}c\u{200b}"), "abc");
        assert_eq!(printable("医療🏥"), "医療〓");
        assert_eq!(printable("一\r\n二\r三"), "一\n二\n三");
        assert_eq!(printable("a\tb"), "a b");
    }

    #[test]
    fn a_long_word_can_break_and_japanese_is_left_alone() {
        assert_eq!(printable(&"x".repeat(40)).matches('\u{200b}').count(), 2);
        assert_eq!(printable(&"証".repeat(40)).matches('\u{200b}').count(), 0);
    }

    #[test]
    fn lines_are_counted_by_width_and_by_break() {
        assert_eq!(lines(&"証".repeat(41), 40), 2);
        assert_eq!(lines("a\n\nb", 40), 3);
        assert_eq!(lines("", 40), 0);
    }
}
