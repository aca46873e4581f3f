//! A fault in the content: which file, where in it, which check found it, and what to do.

use serde::Serialize;

use crate::text::{Text, text, worded};

/// Where in a file a fault lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A line, from 1.
    Line(usize),
    /// A key, such as `text.proposed` or `questions.vpn.decides`.
    Key(String),
    /// The file as a whole.
    File,
}

impl Place {
    pub fn text(&self) -> Text {
        match self {
            Place::Line(n) => worded(format!("{n}行目"), format!("line {n}")),
            Place::Key(key) => worded(key.as_str(), key.as_str()),
            Place::File => text("ファイル全体", "the whole file"),
        }
    }
}

/// One thing that is wrong with the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Path relative to `catalog/`; for an imported sheet its id.
    pub file: String,
    pub place: Place,
    /// Name of the check that found it; `readable` where the file could not be read.
    pub check: &'static str,
    pub text: Text,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: {} [{}]", self.file, self.place.text().en, self.text.en, self.check)
    }
}
