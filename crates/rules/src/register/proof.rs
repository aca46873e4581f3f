//! What a register says for an item: which fields answer it, and which entries do.

use std::collections::BTreeSet;

use super::{Entry, Field, Register};
use crate::id::{ItemNo, PointNo};

impl Register {
    /// The fields that answer an item or one of its sub-points.
    pub fn fields_for(&self, item: ItemNo) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(move |field| field.serves.iter().any(|served| served.item == item))
    }

    pub fn is_for(&self, item: ItemNo) -> bool {
        self.items.iter().any(|served| served.item == item)
    }

    /// The entry holds something that answers the item.
    pub fn answers(&self, item: ItemNo, entry: &Entry) -> bool {
        self.fields_for(item).any(|field| is_filled(entry, field))
    }

    /// The sub-points of an item that these entries answer; 0 is the item as a whole.
    pub fn points_answered<'e>(&self, item: ItemNo, entries: impl Iterator<Item = &'e Entry> + Clone) -> BTreeSet<PointNo> {
        let answered = self.fields_for(item).filter(|field| entries.clone().any(|entry| is_filled(entry, field)));
        answered.flat_map(|field| &field.serves).filter(|served| served.item == item).map(|served| served.point).collect()
    }
}

fn is_filled(entry: &Entry, field: &Field) -> bool {
    entry.fields.get(&field.id).is_some_and(|kept| !kept.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::samples::{facts, register, written};
    use super::super::{Writing, write};
    use super::*;
    use crate::evidence::Label;
    use crate::id::Id;

    #[test]
    fn an_entry_answers_only_where_its_field_is_filled() {
        let facts = facts();
        let entry = |fields: &[(&str, &str)]| {
            let writing = Writing { organisation: Id::new(9, [9; 10]), by: Id::new(1, [1; 10]), roles: &[], at: facts.now, facts: &facts };
            let made = write(&register(), None, Id::new(1, [1; 10]), Label::Public, &written(fields), &writing);
            made.unwrap().unwrap().entry().clone()
        };
        let numbered = entry(&[("number", "D-1"), ("worked_on", "2026-11-20")]);
        let register = register();
        assert!(register.answers(ItemNo(214), &numbered) && !register.answers(ItemNo(215), &numbered));
        assert!(register.is_for(ItemNo(214)) && !register.is_for(ItemNo(9)));
        let points = register.points_answered(ItemNo(214), [&numbered].into_iter());
        assert!(points.contains(&PointNo(2)), "{points:?}");
        let mut empty = numbered.clone();
        empty.fields.clear();
        assert!(!register.answers(ItemNo(214), &empty));
        assert!(register.points_answered(ItemNo(214), std::iter::empty()).is_empty());
    }
}
