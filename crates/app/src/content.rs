//! The catalogue inside the binary, and the sheets that users added to the database.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use include_dir::{Dir, include_dir};
use rules::catalog::{self, Catalog, Fault};
use rules::refusal::Refusal;
use rules::sheet::{Sheet, SheetId};
use store::Store;

use crate::error::Error;

static CATALOG: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../catalog");

/// All sheets by id, and the vocabulary that items link to.
pub struct Content {
    pub catalog: Catalog,
    sheets: RwLock<BTreeMap<SheetId, Arc<Sheet>>>,
}

impl Content {
    /// The catalogue that this binary carries. A fault in it is ours, and a test keeps it out.
    pub fn embedded() -> Result<Content, Error> {
        let (mut catalog, faults) = catalog::read(embedded_files());
        if let Some(fault) = faults.first() {
            return Err(Error::Broken(format!("the embedded catalogue has {} faults, the first: {fault}", faults.len())));
        }
        let sheets = std::mem::take(&mut catalog.sheets).into_iter().map(|s| (s.id.clone(), Arc::new(s))).collect();
        Ok(Content { catalog, sheets: RwLock::new(sheets) })
    }

    /// Reads the sheets that users added; another node may have added some.
    pub fn reload(&self, store: &Store) -> Result<(), Error> {
        let added = store.read(store::tables::sheets::added_sheets)?;
        let mut sheets = self.sheets.write().unwrap_or_else(PoisonError::into_inner);
        for sheet in added {
            sheets.entry(sheet.id.clone()).or_insert_with(|| Arc::new(sheet));
        }
        Ok(())
    }

    /// A sheet by id; looks into the database once if it is not known yet.
    pub fn sheet(&self, store: &Store, id: &SheetId) -> Result<Arc<Sheet>, Error> {
        if let Some(sheet) = self.known(id) {
            return Ok(sheet);
        }
        self.reload(store)?;
        self.known(id).ok_or_else(|| Refusal::not_found().at("sheet").into())
    }

    fn known(&self, id: &SheetId) -> Option<Arc<Sheet>> {
        self.sheets.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// All sheets, by id.
    pub fn sheets(&self) -> Vec<Arc<Sheet>> {
        self.sheets.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// The embedded catalogue's files as (path, text).
pub fn embedded_files() -> Vec<(&'static str, &'static str)> {
    fn walk(dir: &'static Dir<'static>, out: &mut Vec<(&'static str, &'static str)>) {
        for file in dir.files() {
            if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
                out.push((path, text));
            }
        }
        dir.dirs().for_each(|d| walk(d, out));
    }
    let mut out = vec![];
    walk(&CATALOG, &mut out);
    out
}

/// Checks catalogue files, embedded or from a folder; all faults at once.
pub fn check<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Fault> {
    catalog::read(files).1
}
