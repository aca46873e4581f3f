//! The catalogue: check sheets and the words they link to, read from files that a person edits, with every fault at once.
//!
//! ```text
//! sheets/<folder>/sheet.toml            header, columns, scale, questions, categories
//! sheets/<folder>/items/001.toml …      one item each, named by its number
//! vocabulary/{mechanisms,probes,registers,documents}.toml
//! evidence-names.toml
//! registers/asset_ledger.toml …         one register each, named by its id
//! documents/operation_rules.toml …      one type of document each, named by its id
//! ```

mod checks;
mod fault;
mod parse;
mod vocabulary;

#[cfg(test)]
pub(crate) mod tests;

use crate::document::Document;
use crate::register::Register;
use crate::sheet::{Sheet, SheetId};

pub use checks::{CHECKS, Check};
pub use fault::{Fault, Place};
pub use vocabulary::{CYCLES, EvidenceName, KINDS, PATHS, Path, Term, Vocabulary, Word, word};

/// All sheets, and what their items link to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalog {
    pub sheets: Vec<Sheet>,
    pub vocabulary: Vocabulary,
    pub evidence_names: Vec<EvidenceName>,
    pub registers: Vec<Register>,
    pub documents: Vec<Document>,
}

impl Catalog {
    pub fn sheet(&self, id: &SheetId) -> Option<&Sheet> {
        self.sheets.iter().find(|s| s.id == *id)
    }
    pub fn register(&self, id: &str) -> Option<&Register> {
        self.registers.iter().find(|r| r.id == id)
    }
    pub fn document(&self, id: &str) -> Option<&Document> {
        self.documents.iter().find(|d| d.id == id)
    }
    /// What is known of a normalised evidence name, by its Japanese form.
    pub fn evidence_name(&self, ja: &str) -> Option<&EvidenceName> {
        self.evidence_names.iter().find(|e| e.name.ja == ja)
    }
}

/// Reads the whole catalogue from pairs of path and text, the path relative to `catalog/`, in any order.
///
/// Whatever could be read is returned, and every fault with it. A catalogue with faults is for showing the faults, not
/// for working with. Files that end in `.md` are passed over.
pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Catalog, Vec<Fault>) {
    let parsed = parse::parse(files);
    let mut faults = parsed.faults;
    faults.extend(checks::run(&checks::Content::of(&parsed.catalog, &parsed.origins, [&parsed.register_files, &parsed.document_files])));
    (parsed.catalog, faults)
}

/// Checks a sheet that did not come from files, such as an imported form, against the words of `catalog`.
pub fn check_sheet(sheet: &Sheet, catalog: &Catalog) -> Vec<Fault> {
    checks::run(&checks::Content::single(sheet, catalog))
}
