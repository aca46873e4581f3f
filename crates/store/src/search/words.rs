//! How texts become comparable and findable: folding, words of a query, pieces of one and two characters, snippets.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// A text in its comparable form, and where in the original each part of it comes from.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub text: String,
    /// Start in `text`, start and end in the original; rising.
    parts: Vec<(usize, usize, usize)>,
}

/// Marks that belong to the character before: combining ones, and half-width ゛ and ゜.
fn belongs_to_the_one_before(c: char) -> bool {
    !c.is_ascii() && (matches!(c, '\u{ff9e}' | '\u{ff9f}') || canonical_combining_class(c) != 0)
}

/// Characters that are their own comparable form.
fn stays(c: char) -> bool {
    matches!(c, 'a'..='z' | '0'..='9' | 'ぁ'..='ゖ' | 'ァ'..='ヺ' | 'ー' | '、' | '。' | '\u{4e00}'..='\u{9fff}')
}

/// Shown by nothing: joiners, byte-order marks and control characters.
fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

/// Walks over a text part by part: full and half width become one (NFKC), capitals small; space counts only between
/// two Latin words, because Japanese texts break lines anywhere.
fn walk(text: &str, mut part: impl FnMut(&str, usize, usize)) {
    let mut buffer = String::new();
    let mut chars = text.char_indices().peekable();
    let (mut after_latin, mut space) = (false, false);
    while let Some((start, c)) = chars.next() {
        if c.is_whitespace() || is_invisible(c) {
            space |= c.is_whitespace();
            continue;
        }
        let mut end = start + c.len_utf8();
        while let Some((at, mark)) = chars.next_if(|(_, c)| belongs_to_the_one_before(*c)) {
            end = at + mark.len_utf8();
        }
        let cluster = &text[start..end];
        buffer.clear();
        if end == start + c.len_utf8() && stays(c) {
            buffer.push(c);
        } else {
            let visible = cluster.nfkc().flat_map(char::to_lowercase).nfkc().filter(|c| !c.is_whitespace() && !is_invisible(*c));
            buffer.extend(visible);
        }
        let latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if space && after_latin && latin(buffer.chars().next()) {
            buffer.insert(0, ' ');
        }
        if let Some(last) = buffer.chars().next_back() {
            after_latin = last.is_ascii_alphanumeric();
            space = false;
            part(&buffer, start, end);
        }
    }
}

/// The form in which texts are compared: one width, small letters, no line breaks within Japanese.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    walk(text, |part, _, _| out.push_str(part));
    out
}

fn fold_with_places(text: &str) -> Folded {
    let mut out = Folded::default();
    walk(text, |part, start, end| {
        out.parts.push((out.text.len(), start, end));
        out.text.push_str(part);
    });
    out
}

/// The words of a query, folded; spaces of any width part them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(pub(super) Vec<String>);

impl Words {
    pub fn of(query: &str) -> Words {
        let mut words: Vec<String> = query.split_whitespace().map(fold).filter(|w| !w.is_empty()).collect();
        // The long ones first: they tell most.
        words.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        words.dedup();
        Words(words)
    }
    /// The words, folded, the long ones first.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
    /// Whether a text holds every word; no word at all is in no text.
    pub fn are_in(&self, text: &str) -> bool {
        let folded = fold(text);
        !self.0.is_empty() && self.0.iter().all(|word| folded.contains(word.as_str()))
    }
    /// Whether a text holds at least one word.
    pub fn touch(&self, text: &str) -> bool {
        let folded = fold(text);
        self.0.iter().any(|word| folded.contains(word.as_str()))
    }
}

/// Every character and every two neighbours of a folded text, with repetitions.
pub(crate) fn pieces(folded: &str) -> Vec<&str> {
    let mut out = Vec::with_capacity(folded.len());
    // The character before, when it can have a neighbour.
    let mut before = None;
    for (start, c) in folded.char_indices() {
        if c == ' ' {
            before = None;
            continue;
        }
        let end = start + c.len_utf8();
        out.push(&folded[start..end]);
        out.extend(before.map(|from: usize| &folded[from..end]));
        before = Some(start);
    }
    out
}

/// The pieces by which a folded word is looked up: pairs, or the character when it is alone; not more than `most`,
/// spread over the word.
pub(crate) fn keys(word: &str, most: usize) -> Vec<&str> {
    let starts: Vec<usize> = word.char_indices().map(|(i, _)| i).chain([word.len()]).collect();
    if starts.len() <= 2 {
        return vec![word];
    }
    let pairs: Vec<&str> = starts.windows(3).map(|w| &word[w[0]..w[2]]).collect();
    let step = pairs.len().div_ceil(most.max(1));
    pairs.into_iter().step_by(step).collect()
}

/// Characters of the original before and after the first match in a snippet.
const BEFORE: usize = 24;
const AFTER: usize = 96;

/// The part of a text around the first match of a query, in pieces; `true` marks what matches.
/// A text without a match gives its beginning.
pub fn snippet(text: &str, query: &str) -> Vec<(String, bool)> {
    let folded = fold_with_places(text);
    let mut hits: Vec<(usize, usize)> = vec![];
    for word in &Words::of(query).0 {
        for (from, found) in folded.text.match_indices(word.as_str()) {
            // The parts that the match touches: it may begin within one, as ㍻ folds to two characters.
            let first = folded.parts.partition_point(|p| p.0 <= from).saturating_sub(1);
            let after = folded.parts.partition_point(|p| p.0 < from + found.len());
            hits.push((folded.parts[first].1, folded.parts[after - 1].2));
        }
    }
    hits.sort_unstable();
    let first = hits.first().map_or(0, |h| h.0);
    let start = text[..first].char_indices().rev().nth(BEFORE - 1).map_or(0, |(i, _)| i);
    let end = text[first..].char_indices().nth(AFTER).map_or(text.len(), |(i, _)| first + i);
    let mut out = vec![];
    let mut at = start;
    let mut put = |piece: &str, matches: bool| {
        if !piece.is_empty() {
            out.push((piece.to_owned(), matches));
        }
    };
    if start > 0 {
        put("…", false);
    }
    for (from, to) in hits {
        let (from, to) = (from.max(at), to.min(end));
        if from < to {
            put(&text[at..from], false);
            put(&text[from..to], true);
            at = to;
        }
    }
    put(&text[at.min(end)..end], false);
    if end < text.len() {
        put("…", false);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_case_and_line_breaks_fold_away() {
        assert_eq!(fold("ＩＳＭＳ　認証\r\nを ﾊﾞｯｸｱｯﾌﾟ"), "isms認証をバックアップ");
        assert_eq!(fold("access\ncontrol list"), "access control list");
        assert_eq!(fold("が か\u{3099} \u{feff}"), "がが");
    }

    #[test]
    fn pieces_are_characters_and_neighbours() {
        assert_eq!(pieces("ab 鍵"), ["a", "b", "ab", "鍵"]);
        assert_eq!(keys("鍵", 16), ["鍵"]);
        assert_eq!(keys("暗号鍵", 16), ["暗号", "号鍵"]);
        let long = "暗号".repeat(5000);
        assert!(keys(&long, 16).len() <= 16);
    }

    #[test]
    fn a_snippet_marks_what_matches_in_the_original() {
        let marked = |text: &str, query: &str| {
            snippet(text, query).iter().map(|(t, m)| if *m { format!("[{t}]") } else { t.clone() }).collect::<String>()
        };
        assert_eq!(marked("通信はＴＬＳで暗号\n化します", "tls 暗号化"), "通信は[ＴＬＳ]で[暗号\n化]します");
        assert_eq!(marked("ﾊﾞｯｸｱｯﾌﾟを取得", "バック"), "[ﾊﾞｯｸ]ｱｯﾌﾟを取得");
        assert_eq!(marked("㍻の記録", "成の"), "[㍻の]記録");
        assert_eq!(marked("ああああ", "ああ い"), "[ああ][ああ]");
        assert_eq!(marked("aba abab", "aba bab"), "[aba] [aba][b]");
        assert_eq!(marked("何もない", "別"), "何もない");
        let long = format!("{}鍵{}", "前".repeat(100), "後".repeat(200));
        assert_eq!(marked(&long, "鍵"), format!("…{}[鍵]{}…", "前".repeat(24), "後".repeat(95)));
    }

    proptest::proptest! {
        #[test]
        fn a_part_of_a_text_is_found_by_its_pieces(text in "[ァ-ンｱ-ﾟ漢a-zＡ-Ｚ゛\u{3099} 　㍻①%_\"\\\\🔒]{0,40}", from in 0usize..40, len in 1usize..12) {
            let part: String = text.chars().skip(from).take(len).collect();
            let (whole, words) = (fold(&text), Words::of(&part));
            let pieces = pieces(&whole);
            for word in words.0.iter().filter(|w| whole.contains(w.as_str())) {
                proptest::prop_assert!(keys(word, 16).iter().all(|key| pieces.contains(key)), "{:?} in {:?}", word, whole);
            }
            let shown: String = snippet(&text, &part).into_iter().map(|(t, _)| t).collect();
            proptest::prop_assert!(text.contains(shown.trim_matches('…')), "{:?} shows {:?}", text, shown);
        }
    }
}
