//! Estimates how high a row must be for wrapped Japanese text, because a file has no screen to measure on.

/// Size of the text in points, and what follows from it for the body font (BIZ UDPGothic, measured on paper).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Type {
    pub points: f64,
}

pub const NORMAL: Type = Type { points: 10.0 };
/// For the few rows that would be higher than Excel allows.
pub const SMALL: Type = Type { points: 8.0 };

/// The highest row Excel can have, in points.
pub const HIGHEST: f64 = 409.0;

impl Type {
    /// Height of a row that shows `text` in a column of `width` (Excel's unit: digits of the default font), in points.
    pub fn height(self, text: &str, width: f64) -> f64 {
        // One unit is 7 pixels of 0.75 points; half an em is a half-width character. One character stays free because a
        // line may not begin with punctuation.
        let capacity = ((width * 7.0 * 0.75) / (self.points / 2.0)).floor() as usize;
        let lines: usize = text.split('\n').map(|line| lines(line, capacity.saturating_sub(2).max(2))).sum();
        lines.max(1) as f64 * self.points * 1.36 + 4.0
    }
}

/// Lines that one paragraph takes when a line holds `capacity` half-width characters. Latin words stay whole.
fn lines(paragraph: &str, capacity: usize) -> usize {
    let mut lines = 1;
    let mut used = 0;
    let mut word = 0;
    for c in paragraph.chars() {
        let width = if is_wide(c) { 2 } else { 1 };
        word = if width == 1 && !c.is_whitespace() { word + 1 } else { 0 };
        used += width;
        if used > capacity {
            lines += 1;
            // The word begun on this line moves to the next, unless it fills a line alone.
            used = if word < capacity { word.max(width) } else { width };
            if word >= capacity {
                word = 1;
            }
        }
    }
    lines
}

/// Takes the width of a kanji; symbols such as ○ do so in Japanese fonts.
fn is_wide(c: char) -> bool {
    !matches!(c, '\0'..='\u{24F}' | '\u{FF61}'..='\u{FFDC}') || matches!(c, '×' | '÷' | '§' | '¶' | '±' | '°')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kanji_take_two_places_and_words_stay_whole() {
        assert_eq!(lines("医療情報", 8), 1);
        assert_eq!(lines("医療情報を", 8), 2);
        assert_eq!(lines("aaaa bbbb", 8), 2);
        assert_eq!(lines(&"x".repeat(30), 10), 3);
        assert_eq!(lines("", 10), 1);
    }

    #[test]
    fn smaller_type_needs_less_height() {
        let text = "医".repeat(1_300);
        assert!(NORMAL.height(&text, 60.0) > HIGHEST);
        assert!(SMALL.height(&text, 60.0) < NORMAL.height(&text, 60.0));
    }
}
