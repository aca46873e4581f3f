//! Items that name a document and that no clause of it answers (`requirement_check`).

use std::collections::BTreeSet;

use super::{Clause, Document};
use crate::id::ItemNo;
use crate::sheet::Item;

/// The items of a sheet that name the document and are answered by none of its clauses, in their order; none of a sheet that
/// lacks items the document answers: it was written for another one.
pub fn gaps(document: &Document, sheet: &[Item]) -> Vec<ItemNo> {
    gaps_without(document, sheet, &BTreeSet::new())
}

/// As [`gaps`], where some clauses are left out and answer nothing.
pub fn gaps_without(document: &Document, sheet: &[Item], left_out: &BTreeSet<&str>) -> Vec<ItemNo> {
    let known: BTreeSet<ItemNo> = sheet.iter().map(|item| item.no).collect();
    if document.clauses().flat_map(Clause::answers).any(|served| !known.contains(&served.item)) {
        return vec![];
    }
    let standing = document.clauses().filter(|clause| !left_out.contains(clause.id.as_str()));
    let answered: BTreeSet<ItemNo> = standing.flat_map(Clause::answers).map(|served| served.item).collect();
    sheet.iter().filter(|item| item.documents.contains(&document.id) && !answered.contains(&item.no)).map(|item| item.no).collect()
}
