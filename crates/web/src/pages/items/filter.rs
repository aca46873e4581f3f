//! What narrows the list of items; it lives in the address, so that it can be kept and sent.

use app::read::case::CaseRead;
use maud::{Markup, html};
use rules::answer::Status;
use rules::item::ItemFacts;
use rules::policy::Side;
use rules::sheet::Item;
use rules::text::{Text, text, worded};

use super::super::word;
use crate::components::{Choice, Field, filter, search_field, select};
use crate::urls;
use crate::visit::Visit;

/// A kind of item to look for.
struct Show {
    word: &'static str,
    name: Text,
    takes: fn(&CaseRead, &ItemFacts) -> bool,
}

const SHOWS: &[Show] = &[
    Show { word: "open", name: text("未回答", "Not answered"), takes: |_, f| !f.is_answered() },
    Show { word: "answered", name: text("回答済み", "Answered"), takes: |_, f| f.is_answered() },
    Show { word: "changed", name: text("前回から変更", "Changed since the last round"), takes: |c, f| c.changed(f) },
    Show {
        word: "flagged",
        name: text("改善依頼の対象", "Returned for improvement"),
        takes: |c, f| c.facts.flagged().is_some_and(|l| l.contains(&f.no)),
    },
    Show {
        word: "improve",
        name: text("改善策に未回答", "Improvement not answered"),
        takes: |_, f| asks(f) && !f.improvement_is_answered(),
    },
    Show { word: "no_evidence", name: text("証跡なし", "Without evidence"), takes: |_, f| f.is_answered() && f.claims.is_empty() },
    Show { word: "evidence", name: text("証跡あり", "With evidence"), takes: |_, f| !f.claims.is_empty() },
    Show {
        word: "copied",
        name: text("転記・提案の未確認", "Copied, not confirmed"),
        takes: |_, f| f.answer.as_ref().is_some_and(|a| a.origin.awaits_confirmation()),
    },
    Show {
        word: "out",
        name: text("対象外", "Out of scope"),
        takes: |_, f| f.answer.as_ref().is_some_and(|a| a.content.out_of_scope.is_some()),
    },
    Show {
        word: "overdue",
        name: text("期限超過", "Overdue"),
        takes: |c, f| f.work.status != Status::Ready && f.work.due.is_some_and(|d| d < c.today),
    },
    Show { word: "not_reviewed", name: text("社内確認前", "Not reviewed"), takes: |_, f| f.is_answered() && !f.is_reviewed() },
    Show { word: "judged", name: text("判定済み", "Judged"), takes: |_, f| f.verdict.is_some() },
    Show { word: "questions", name: text("質疑あり", "With questions"), takes: |_, f| f.messages > 0 },
];

fn asks(facts: &ItemFacts) -> bool {
    facts.verdict.as_ref().is_some_and(|v| !v.content.improvement.is_empty())
}

/// The filter of the address; what cannot be read narrows nothing.
pub struct Filter<'a> {
    category: &'a str,
    status: Option<Status>,
    /// `none`, a person's id, or empty for everybody.
    owner: &'a str,
    show: Option<&'static Show>,
    words: String,
}

impl<'a> Filter<'a> {
    pub fn of(visit: &'a Visit) -> Filter<'a> {
        let query = &visit.query;
        Filter {
            category: query.text("category"),
            status: query.word("status").ok().flatten(),
            owner: query.text("owner"),
            show: SHOWS.iter().find(|s| s.word == query.text("show")),
            words: query.text("q").trim().to_lowercase(),
        }
    }

    /// Whether the list shows the item.
    pub fn takes(&self, read: &CaseRead, item: &Item, facts: &ItemFacts) -> bool {
        let category = self.category.is_empty() || item.minor == self.category || item.major == self.category;
        let owner = match (self.owner, facts.work.owner) {
            ("", _) | ("none", None) => true,
            (wanted, Some(owner)) => owner.to_string() == wanted,
            (_, None) => false,
        };
        category
            && owner
            && self.status.is_none_or(|s| facts.work.status == s)
            && self.show.is_none_or(|s| (s.takes)(read, facts))
            && self.finds(item, facts)
    }

    fn finds(&self, item: &Item, facts: &ItemFacts) -> bool {
        if self.words.is_empty() || item.no.to_string() == self.words {
            return true;
        }
        let has = |hay: &str| hay.to_lowercase().contains(&self.words);
        let answer = facts.answer.as_ref().is_some_and(|a| has(&rules::reuse::joined(&a.content)) || has(&a.content.remarks));
        answer || has(&item.title.ja) || has(&item.title.en) || has(item.best_text().0) || facts.claims.iter().any(|c| has(&c.document))
    }

    pub fn draw(&self, visit: &Visit, read: &CaseRead, clear: &str) -> Markup {
        let lang = visit.lang;
        let categories: Vec<Choice> =
            read.sheet.majors.iter().flat_map(|m| &m.minors).map(|m| Choice::new(m.id.as_str(), m.name.clone())).collect();
        let statuses: Vec<Choice> = Status::ALL.iter().map(|s| Choice::new(word(s), s.name())).collect();
        let shows: Vec<Choice> = SHOWS.iter().map(|s| Choice::new(s.word, s.name.clone())).collect();
        let mut owners = vec![Choice::new("none", text("担当者なし", "Nobody"))];
        owners.extend(read.colleagues.iter().map(|(id, name)| Choice::new(id.to_string(), worded(name.clone(), name.clone()))));
        let status = self.status.map(|s| word(&s)).unwrap_or_default();
        filter(
            lang,
            &urls::case_page(read.facts.case.id, "items"),
            clear,
            html! {
                @if read.sides.len() > 1 { input type="hidden" name="side" value=(urls::side_word(read.side)); }
                (search_field(lang, "q", text("番号・項目・回答を探す", "Search number, item, answer"), visit.query.text("q")))
                (select(lang, &Field::new("category", text("分類", "Category")).value(self.category), &categories))
                (select(lang, &Field::new("show", text("表示する項目", "Show")).value(self.show.map_or("", |s| s.word)), &shows))
                @if read.side == Side::Applicant {
                    (select(lang, &Field::new("status", text("状態", "Status")).value(&status), &statuses))
                    (select(lang, &Field::new("owner", text("担当者", "Owner")).value(self.owner), &owners))
                }
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rules::id::ItemNo;

    #[test]
    fn every_kind_has_its_own_word() {
        let words: std::collections::BTreeSet<&str> = SHOWS.iter().map(|s| s.word).collect();
        assert_eq!(words.len(), SHOWS.len());
    }

    #[test]
    fn an_untouched_item_is_not_answered_and_asks_nothing() {
        assert!(!asks(&ItemFacts::untouched(ItemNo(1))));
        assert!(!ItemFacts::untouched(ItemNo(1)).is_answered());
    }
}
