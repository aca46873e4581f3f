//! Brings what people type to one form: full- and half-width, spaces and line breaks make no difference.

use unicode_normalization::UnicodeNormalization;

/// NFKC, lower case, without white space and control characters: `Ｎｏ．` and `no.` are equal.
pub fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).filter(|c| !c.is_whitespace() && !c.is_control()).collect()
}

/// A heading without what stands in parentheses: `確認したエビデンス(文書名…)` is 確認したエビデンス. Takes folded text.
pub fn without_parentheses(folded: &str) -> String {
    let mut depth = 0usize;
    folded
        .chars()
        .filter(|c| match c {
            '(' | '[' | '【' => {
                depth += 1;
                false
            }
            ')' | ']' | '】' => {
                depth = depth.saturating_sub(1);
                false
            }
            _ => depth == 0,
        })
        .collect()
}

/// Reads an item number as people write it: `12`, `１２`, `No.12`, `12.0`, `№12`, `(12)`, `第12項`. None if it is no number.
pub fn read_number(written: &str) -> Option<u32> {
    let folded = fold(written);
    let mut rest = folded.as_str();
    for prefix in ["項目番号", "項目", "no.", "no", "item", "#", "(", "第", "'"] {
        rest = rest.strip_prefix(prefix).unwrap_or(rest);
    }
    rest = rest.trim_start_matches([':', '.']);
    for suffix in ["項目", "項", "番", ")", ".", ":"] {
        rest = rest.strip_suffix(suffix).unwrap_or(rest);
    }
    if let Some((whole, zeros)) = rest.split_once('.')
        && zeros.bytes().all(|b| b == b'0')
    {
        rest = whole;
    }
    if rest.is_empty() || rest.len() > 9 || !rest.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    rest.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for written in ["12", "１２", "No.12", "Ｎｏ．１２", "12.0", "№12", "(12)", " 12\n", "第12項", "No. 12.", "012", "項目番号：12"]
        {
            assert_eq!(read_number(written), Some(12), "{written}");
        }
        for written in ["", "No.", "12.5", "12a", "-12", "１２３４５６７８９０", "1 項目 2", "十二"] {
            assert_eq!(read_number(written), None, "{written}");
        }
    }

    #[test]
    fn headings_fold_to_one_form() {
        assert_eq!(fold("確認した\nｴﾋﾞﾃﾞﾝｽ　（文書名）"), "確認したエビデンス(文書名)");
        assert_eq!(without_parentheses("確認したエビデンス(文書名、(頁)等)"), "確認したエビデンス");
    }
}
