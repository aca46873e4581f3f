//! Items that name a document and that no clause of it answers (`requirement_check`).

use super::Document;
use crate::id::ItemNo;
use crate::sheet::Item;

/// The items among `items` that name the document and are answered by none of its clauses, in their order.
pub fn gaps<'a>(document: &Document, items: impl IntoIterator<Item = &'a Item>) -> Vec<ItemNo> {
    let answered = |no: ItemNo| document.clauses().any(|clause| clause.answers().any(|served| served.item == no));
    items.into_iter().filter(|item| item.documents.contains(&document.id) && !answered(item.no)).map(|item| item.no).collect()
}
