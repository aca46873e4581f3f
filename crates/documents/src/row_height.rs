//! Estimates how high a row must be for wrapped Japanese text, because a file has no screen to measure on.

/// The font of an exported sheet; its proportions are in `advance`. Part of Windows since 2018 and free elsewhere.
pub const FONT: &str = "BIZ UDPゴシック";

/// Size of the text in points.
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
        // One unit is 7 pixels of 0.75 points. One em stays free: a line may not begin with punctuation.
        let ems = (width * 7.0 * 0.75 / self.points - 1.0).max(1.0);
        let lines: usize = text.split('\n').map(|line| lines(line, (ems * 100.0) as u32)).sum();
        // Excel sets a line of 1.0 em at about 1.23 em.
        lines as f64 * self.points * 1.25 + 5.0
    }
}

/// Lines that one paragraph takes when a line holds `room` hundredths of an em. Latin words stay whole.
fn lines(paragraph: &str, room: u32) -> usize {
    let (mut lines, mut used, mut word) = (1, 0, 0);
    for c in paragraph.chars() {
        let width = advance(c);
        let breaks_word = c.is_whitespace() || !c.is_ascii();
        word = if breaks_word { 0 } else { word + width };
        used += width;
        if used > room {
            lines += 1;
            // A word begun on this line moves to the next, unless it would fill a line alone.
            used = if word > 0 && word <= room { word } else { width };
            word = word.min(used);
        }
    }
    lines
}

/// Width of a character in hundredths of an em: measured averages of the font, rounded up.
pub fn advance(c: char) -> u32 {
    match c {
        ' ' => 33,
        '0'..='9' | 'A'..='Z' => 78,
        '!'..='/' | ':'..='@' | '['..='`' | '{'..='~' => 60,
        'a'..='z' => 68,
        '、' | '。' => 60,
        '（' | '）' | '「' | '」' | '『' | '』' | '〔' | '〕' | '・' | '：' => 50,
        'ぁ'..='ゖ' => 97,
        'ァ'..='ヺ' => 94,
        '\u{FF61}'..='\u{FF9F}' => 60,
        _ => 100,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_breaks_where_it_is_full_and_words_stay_whole() {
        assert_eq!(lines("医療情報", 400), 1);
        assert_eq!(lines("医療情報を", 400), 2);
        assert_eq!(lines("aaaa bbbb", 400), 2);
        assert_eq!(lines("aaaa bbb", 400), 2);
        assert_eq!(lines(&"x".repeat(30), 680), 3);
        assert_eq!(lines("", 100), 1);
    }

    #[test]
    fn smaller_type_needs_less_height() {
        let text = "医".repeat(1_300);
        assert!(NORMAL.height(&text, 60.0) > HIGHEST);
        assert!(SMALL.height(&text, 60.0) < NORMAL.height(&text, 60.0));
    }
}
