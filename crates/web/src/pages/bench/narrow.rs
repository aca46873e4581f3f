//! Which items of the workbench's list are shown: category, verdict, what is left to do, words.

use app::read::case::CaseRead;
use maud::{Markup, html};
use rules::id::ItemNo;
use rules::item::ItemFacts;
use rules::sheet::{Class, Item};
use rules::text::{Lang, Text, text};

use crate::components::{Choice, Field, details, filter, search_field, select};
use crate::pages::contents::NOT_JUDGED;
use crate::pages::signs::class_name;
use crate::pages::word;
use crate::urls;
use crate::visit::Fields;

/// What the evaluator wants to see; every part left empty shows everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrow {
    /// A 中分類.
    pub minor: String,
    /// A class of verdict, or `none`.
    pub class: String,
    /// One of [`ONLY`].
    pub only: String,
    pub words: String,
}

/// What else narrows the list, by its word in the address.
pub const ONLY: &[(&str, Text)] = &[
    ("todo", text("未判定・再判定が必要", "To be judged")),
    ("changed", text("前回から変更あり", "Changed since the last round")),
    ("returned", text("前回改善を依頼した項目", "Returned in the last round")),
    ("questions", text("質疑あり", "With questions")),
    ("unapproved", text("未承認の判定", "Verdicts not approved")),
];

/// It has no verdict, or the applicant changed or answered something after it.
pub fn is_to_do(facts: &ItemFacts) -> bool {
    facts.verdict.as_ref().is_none_or(|v| facts.changed > v.pos) || facts.improvement_is_answered()
}

/// The round before this one asked for it to be improved.
pub fn was_returned(case: &CaseRead, facts: &ItemFacts) -> bool {
    let Some(before) = case.facts.rounds.iter().rev().find(|r| r.returned.is_some()) else { return false };
    match &before.flagged {
        Some(flagged) => flagged.contains(&facts.no),
        None => {
            facts.improvement_answer.is_some()
                || facts.verdict.as_ref().is_some_and(|v| v.round <= before.n && !v.content.improvement.is_empty())
        }
    }
}

impl Narrow {
    /// From the address, or from the hidden fields of a form.
    pub fn read(fields: &Fields) -> Narrow {
        let own = |name: &str| fields.text(name).trim().to_owned();
        Narrow { minor: own("minor"), class: own("class"), only: own("only"), words: own("q") }
    }

    fn pairs(&self) -> [(&'static str, &str); 4] {
        [("minor", &self.minor), ("class", &self.class), ("only", &self.only), ("q", &self.words)]
    }

    /// The query of an address, with further pairs after the narrowing; empty or with its question mark.
    pub fn query(&self, more: &[(&str, &str)]) -> String {
        let mut out = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.pairs().into_iter().chain(more.iter().copied()).filter(|(_, v)| !v.is_empty()) {
            out.append_pair(name, value);
        }
        let written = out.finish();
        if written.is_empty() { written } else { format!("?{written}") }
    }

    /// The same as hidden fields, so that a form comes back to the same list.
    pub fn hidden(&self) -> Markup {
        html! { @for (name, value) in self.pairs() { @if !value.is_empty() { input type="hidden" name=(name) value=(value); } } }
    }

    /// The items that fit, in the order of the sheet.
    pub fn items<'a>(&'a self, case: &'a CaseRead) -> impl Iterator<Item = (&'a Item, &'a ItemFacts)> {
        let wanted = self.words.to_lowercase();
        case.sheet
            .items
            .iter()
            .zip(&case.items)
            .filter(move |(item, facts)| self.fits(case, item, facts) && says(case, item, facts, &wanted))
    }

    fn fits(&self, case: &CaseRead, item: &Item, facts: &ItemFacts) -> bool {
        let class = || facts.verdict.as_ref().and_then(|v| case.sheet.mark(&v.content.mark)).map(|m| m.class);
        (self.minor.is_empty() || item.minor == self.minor)
            && (self.class.is_empty() || class().map_or_else(|| "none".to_owned(), |c| word(&c)) == self.class)
            && match self.only.as_str() {
                "todo" => is_to_do(facts),
                "changed" => case.changed(facts),
                "returned" => was_returned(case, facts),
                "questions" => facts.messages > 0,
                "unapproved" => facts.verdict.is_some() && !facts.is_approved(),
                _ => true,
            }
    }

    /// The form above the list.
    pub fn form(&self, lang: Lang, case: &CaseRead, action: &str) -> Markup {
        let minors: Vec<Choice> =
            case.sheet.majors.iter().flat_map(|m| &m.minors).map(|m| Choice::new(m.id.as_str(), m.name.clone())).collect();
        let mut classes = vec![Choice::new("none", NOT_JUDGED)];
        classes.extend(Class::ALL.iter().map(|c| Choice::new(word(c), class_name(&case.sheet, *c))));
        let only: Vec<Choice> = ONLY.iter().map(|(value, name)| Choice::new(*value, name.clone())).collect();
        filter(
            lang,
            action,
            &urls::bench(case.facts.case.id),
            html! {
                (search_field(lang, "q", text("項目・対応策を探す", "Search items and answers"), &self.words))
                (select(lang, &Field::new("only", text("表示", "Show")).value(&self.only), &only))
                // The list below needs the room more than what is rarely chosen.
                (details(lang, &text("判定結果・分類で絞る", "By verdict and category"), !(self.class.is_empty() && self.minor.is_empty()), html! {
                    (select(lang, &Field::new("class", text("判定結果", "Verdict")).value(&self.class), &classes))
                    (select(lang, &Field::new("minor", text("分類", "Category")).value(&self.minor), &minors))
                }))
            },
        )
    }
}

/// Number, title, requirement or answer holds the words; `wanted` is in lower case.
fn says(case: &CaseRead, item: &Item, facts: &ItemFacts, wanted: &str) -> bool {
    let holds = |words: &str| words.to_lowercase().contains(wanted);
    wanted.is_empty()
        || item.no.to_string() == wanted
        || holds(item.title.get(Lang::Ja))
        || holds(item.title.get(Lang::En))
        || holds(case.text(item).0)
        || facts.answer.as_ref().is_some_and(|a| holds(&a.content.text) || a.content.points.values().any(|p| holds(p)))
}

/// The neighbours of an item in a narrowed list, also when it is itself not in it.
pub fn neighbours(list: &[ItemNo], no: ItemNo) -> (Option<ItemNo>, Option<ItemNo>) {
    (list.iter().rev().find(|n| **n < no).copied(), list.iter().find(|n| **n > no).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_keeps_the_narrowing() {
        let fields = Fields(vec![("q".into(), "暗号 化".into()), ("only".into(), "todo".into())]);
        let narrow = Narrow::read(&fields);
        let query = narrow.query(&[("claim", "x")]);
        let back = Fields(form_urlencoded::parse(&query.as_bytes()[1..]).map(|(k, v)| (k.into_owned(), v.into_owned())).collect());
        assert_eq!(Narrow::read(&back), narrow);
        assert_eq!(back.text("claim"), "x");
        assert_eq!(Narrow::default().query(&[]), "");
    }

    #[test]
    fn neighbours_are_found_beside_a_missing_item() {
        let list = [ItemNo(2), ItemNo(5), ItemNo(9)];
        assert_eq!(neighbours(&list, ItemNo(5)), (Some(ItemNo(2)), Some(ItemNo(9))));
        assert_eq!(neighbours(&list, ItemNo(6)), (Some(ItemNo(5)), Some(ItemNo(9))));
        assert_eq!(neighbours(&list, ItemNo(9)), (Some(ItemNo(5)), None));
    }
}
