//! What must hold for any bytes that are imported as a filled check sheet.

use documents::LoneEvidence;
use documents::read_sheet::{Reading, read_sheet};

use crate::wrapped::{SHEET, file, limits};

pub fn run(bytes: &[u8]) {
    let (content, name) = file(bytes);
    let reading = Reading { lone_evidence: LoneEvidence::default(), limits: limits() };
    if let Ok(read) = read_sheet(&content, name, &SHEET, &reading) {
        assert!(read.filled.rows.len() <= SHEET.items.len(), "more rows than items");
    }
}
