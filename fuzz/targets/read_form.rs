//! What must hold for any bytes that are read as an organisation's own form.

use documents::read_form::{FormFacts, preview, read_form, suggest_mapping};
use documents::read_table::read_table;
use rules::sheet::SheetId;
use rules::text::text;

use crate::wrapped::{SHEET, file, limits};

pub fn run(bytes: &[u8]) {
    let (content, name) = file(bytes);
    let Ok(table) = read_table(&content, name, &limits()) else { return };
    let _ = preview(&table, 20);
    let Some(mapping) = suggest_mapping(&table) else { return };
    let facts = FormFacts {
        id: SheetId("form@1".to_owned()),
        title: text("調査票", "Form"),
        source: text("受領", "Received"),
        header: SHEET.header.clone(),
        scale: SHEET.scale.clone(),
    };
    let read = read_form(&table, &mapping, facts);
    assert!(read.sheet.items.windows(2).all(|pair| pair[0].no < pair[1].no), "items stand in rising order, each once");
}
