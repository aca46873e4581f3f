//! How far a case is: counts per category for pictures, tables and lists.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::Status;
use crate::id::{self, Id, ItemNo};
use crate::item::ItemFacts;
use crate::sheet::{Class, Sheet};
use crate::text::Text;

/// Counts over a set of items.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Counts {
    pub items: u32,
    pub answered: u32,
    pub ready: u32,
    /// Items with at least one claim.
    pub with_evidence: u32,
    /// Verdicts in view, by class of their mark.
    pub judged: BTreeMap<Class, u32>,
}

impl Counts {
    pub fn judged_total(&self) -> u32 {
        self.judged.values().sum()
    }
    fn add(&mut self, sheet: &Sheet, facts: Option<&ItemFacts>) {
        self.items += 1;
        let Some(facts) = facts else { return };
        self.answered += u32::from(facts.is_answered());
        self.ready += u32::from(facts.work.status == Status::Ready);
        self.with_evidence += u32::from(!facts.claims.is_empty());
        if let Some(mark) = facts.verdict.as_ref().and_then(|v| sheet.mark(&v.content.mark)) {
            *self.judged.entry(mark.class).or_default() += 1;
        }
    }
}

/// Progress of one 中分類.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CategoryProgress {
    pub minor: String,
    pub major: Text,
    pub name: Text,
    pub counts: Counts,
}

/// Progress of a whole case.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Progress {
    pub total: Counts,
    pub categories: Vec<CategoryProgress>,
}

/// Counts the items of a sheet. `items` may leave out untouched ones and is sorted by number.
pub fn progress(sheet: &Sheet, items: &[ItemFacts]) -> Progress {
    let facts = |no: ItemNo| items.binary_search_by_key(&no, |i| i.no).ok().map(|i| &items[i]);
    let mut total = Counts::default();
    // Not the sum of the categories: an imported form may have none.
    sheet.items.iter().for_each(|item| total.add(sheet, facts(item.no)));
    let mut categories = vec![];
    for major in &sheet.majors {
        for minor in &major.minors {
            let mut counts = Counts::default();
            for item in sheet.items_of(&minor.id) {
                counts.add(sheet, facts(item.no));
            }
            if counts.items > 0 {
                categories.push(CategoryProgress { minor: minor.id.clone(), major: major.name.clone(), name: minor.name.clone(), counts });
            }
        }
    }
    Progress { total, categories }
}

/// What one person has in hand.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Load {
    pub items: u32,
    pub ready: u32,
    /// Past the due date and not ready.
    pub overdue: u32,
    /// The nearest due date of what is not ready.
    pub next_due: Option<Date>,
}

/// Who has what. `None` is nobody.
pub fn loads(sheet: &Sheet, items: &[ItemFacts], today: Date) -> BTreeMap<Option<Id<id::Person>>, Load> {
    let mut out: BTreeMap<Option<Id<id::Person>>, Load> = BTreeMap::new();
    for item in &sheet.items {
        let work = items.binary_search_by_key(&item.no, |i| i.no).ok().map(|i| items[i].work.clone()).unwrap_or_default();
        let load = out.entry(work.owner).or_default();
        load.items += 1;
        if work.status == Status::Ready {
            load.ready += 1;
        } else if let Some(due) = work.due {
            load.overdue += u32::from(due < today);
            load.next_due = Some(load.next_due.map_or(due, |d| d.min(due)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::*;

    #[test]
    fn items_are_counted_by_category_and_categories_without_items_are_left_out() {
        let mut ready = ItemFacts { claims: vec![claim(30)], ..judged(1, "conforms", 1) };
        ready.work.status = Status::Ready;
        let found = progress(&sheet(), &[ready, answered(3, "対応"), judged(4, "gone", 1)]);
        let row = |c: &Counts| (c.items, c.answered, c.ready, c.with_evidence, c.judged_total());
        assert_eq!(
            found.categories.iter().map(|c| (c.minor.as_str(), row(&c.counts))).collect::<Vec<_>>(),
            [("m.a", (2, 1, 1, 1, 1)), ("m.b", (2, 2, 0, 0, 0))]
        );
        assert_eq!(row(&found.total), (4, 3, 1, 1, 1));
        assert_eq!(found.total.judged, [(Class::Conforms, 1)].into());
    }

    #[test]
    fn a_sheet_without_categories_still_has_a_total() {
        let mut flat = sheet();
        flat.majors.clear();
        flat.items.iter_mut().for_each(|i| i.minor.clear());
        let found = progress(&flat, &[answered(1, "対応")]);
        assert_eq!((found.total.items, found.total.answered, found.categories.len()), (4, 1, 0));
    }

    #[test]
    fn a_load_is_overdue_from_the_day_after_the_due_date() {
        let due = |no: u16, day: &str, status| {
            let mut facts = answered(no, "対応");
            facts.work = crate::answer::Work { owner: Some(id(COLLEAGUE)), due: Some(day.parse().unwrap()), status };
            facts
        };
        let items = [due(1, "2026-11-21", Status::Open), due(2, "2026-11-22", Status::InProgress), due(3, "2026-11-01", Status::Ready)];
        let found = loads(&sheet(), &items, "2026-11-22".parse().unwrap());
        assert_eq!(found[&Some(id(COLLEAGUE))], Load { items: 3, ready: 1, overdue: 1, next_due: Some("2026-11-21".parse().unwrap()) });
        assert_eq!(found[&None].items, 1);
    }
}
