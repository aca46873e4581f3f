//! Which items a question asks about: as somebody mapped the same question before, or by the terms both have in common.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::ItemNo;
use crate::sheet::Sheet;

/// An item that a question may ask about. A person confirms it, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggested {
    pub item: ItemNo,
    pub because: Because,
}

/// Why it is suggested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// The same question was mapped to it before.
    Before,
    /// Both speak of these terms, the rarest first.
    Terms(Vec<String>),
}

/// A question in its comparable form: white space, width, signs and how the sentence ends make no difference.
pub fn folded(words: &str) -> String {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    };
    let kept: String = words.chars().map(narrow).flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect();
    // 定めていますか, 定めている, 定めること: the same question in three sheets.
    let mut short = kept.as_str();
    for end in ["でしょうか", "ていますか", "てますか", "ますか", "ですか", "ている", "ていること", "すること", "こと"]
    {
        if let Some(shorter) = short.strip_suffix(end) {
            short = shorter;
            break;
        }
    }
    short.to_owned()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Kanji,
    Katakana,
    Latin,
    Other,
}

fn script(c: char) -> Script {
    match c {
        '\u{3400}'..='\u{9fff}' | '々' => Script::Kanji,
        '\u{30a1}'..='\u{30fa}' | 'ー' => Script::Katakana,
        c if c.is_ascii_alphanumeric() => Script::Latin,
        _ => Script::Other,
    }
}

/// The terms of a text: runs of one script, and every pair of kanji within a run, because nothing marks where words of a compound end.
fn terms(words: &str) -> BTreeSet<String> {
    let narrow: Vec<char> = words
        .chars()
        .map(|c| if matches!(c, '\u{ff01}'..='\u{ff5e}') { char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c) } else { c })
        .flat_map(char::to_lowercase)
        .collect();
    let mut out = BTreeSet::new();
    for run in narrow.chunk_by(|a, b| script(*a) == script(*b)) {
        match script(run[0]) {
            Script::Kanji => out.extend(run.windows(2).map(|pair| pair.iter().collect::<String>())),
            Script::Katakana | Script::Latin if run.len() > 1 => drop(out.insert(run.iter().collect())),
            _ => {}
        }
    }
    out
}

/// Finds items by what they say.
pub struct Finder {
    /// How much a term tells: rare ones more, those of every item nothing.
    weight: BTreeMap<String, f64>,
    items: Vec<(ItemNo, BTreeSet<String>, f64)>,
}

/// Under this part of a question's weight, a resemblance is chance.
const LEAST: f64 = 0.22;
/// Terms that are named as the reason.
const NAMED: usize = 5;

impl Finder {
    pub fn of(sheet: &Sheet) -> Finder {
        let texts: Vec<(ItemNo, BTreeSet<String>)> =
            sheet.items.iter().map(|item| (item.no, terms(&format!("{}\n{}", item.title.ja, item.best_text().0)))).collect();
        let mut in_items: BTreeMap<&str, f64> = BTreeMap::new();
        for term in texts.iter().flat_map(|(_, terms)| terms) {
            *in_items.entry(term).or_default() += 1.0;
        }
        let all = texts.len() as f64;
        let weight: BTreeMap<String, f64> = in_items.into_iter().map(|(term, n)| (term.to_owned(), (all / n).ln())).collect();
        let length = |terms: &BTreeSet<String>| terms.iter().filter_map(|t| weight.get(t)).map(|w| w * w).sum::<f64>().sqrt();
        let items = texts
            .into_iter()
            .map(|(no, terms)| {
                let length = length(&terms);
                (no, terms, length)
            })
            .collect();
        Finder { weight, items }
    }

    /// The items that a question most likely asks about, the likeliest first. `remembered` holds questions in their
    /// comparable form with the items they were mapped to.
    pub fn suggest(&self, question: &str, remembered: &BTreeMap<String, Vec<ItemNo>>, most: usize) -> Vec<Suggested> {
        if let Some(before) = remembered.get(&folded(question)).filter(|items| !items.is_empty()) {
            return before.iter().map(|item| Suggested { item: *item, because: Because::Before }).collect();
        }
        let asked: Vec<(String, f64)> =
            terms(question).into_iter().filter_map(|t| self.weight.get(&t).copied().filter(|w| *w > 0.0).map(|w| (t, w))).collect();
        let length = asked.iter().map(|(_, w)| w * w).sum::<f64>().sqrt();
        if length == 0.0 {
            return vec![];
        }
        let mut found: Vec<(f64, Suggested)> = vec![];
        for (item, terms, of_item) in &self.items {
            let mut shared: Vec<&(String, f64)> = asked.iter().filter(|(term, _)| terms.contains(term)).collect();
            let alike = shared.iter().map(|(_, w)| w * w).sum::<f64>() / (length * of_item);
            if alike < LEAST || shared.is_empty() {
                continue;
            }
            shared.sort_by(|a, b| b.1.total_cmp(&a.1));
            let named = shared.iter().take(NAMED).map(|(term, _)| term.clone()).collect();
            found.push((alike, Suggested { item: *item, because: Because::Terms(named) }));
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        found.into_iter().take(most).map(|(_, s)| s).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finder() -> Finder {
        Finder::of(&crate::catalog::tests::shipped_catalog().sheets[0])
    }

    fn found(question: &str) -> Vec<u16> {
        finder().suggest(question, &BTreeMap::new(), 5).iter().map(|s| s.item.0).collect()
    }

    #[test]
    fn questions_as_hospitals_write_them_find_their_items() {
        for (question, item) in [
            ("パスワードは８文字以上で、定期的に変更していますか。", 80),
            ("機器や媒体を廃棄する際、作業担当者、作業日時などの記録を作成していますか。", 214),
            ("電子署名に用いる証明書は保健医療福祉分野PKI認証局のものですか", 186),
        ] {
            let near = found(question);
            assert!(near.contains(&item), "{question}: {near:?}");
        }
        assert_eq!(found("はい。"), Vec::<u16>::new());
        assert_eq!(found(""), Vec::<u16>::new());
    }

    #[test]
    fn what_was_mapped_before_is_found_whatever_its_sentence_ends_in() {
        let before = BTreeMap::from([(folded("責任者を定めていますか？"), vec![ItemNo(2), ItemNo(25)])]);
        let again = finder().suggest("　責任者を定めていること。", &before, 5);
        assert_eq!(again.iter().map(|s| (s.item.0, s.because.clone())).collect::<Vec<_>>(), [(2, Because::Before), (25, Because::Before)]);
    }
}
