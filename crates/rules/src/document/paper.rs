//! A paper: a document as it is to be read, in one language, as a tree of blocks. HTML, PDF, Word and Excel are made of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::Lang;

/// A whole document, ready to be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Paper {
    pub lang: Lang,
    pub title: String,
    /// Who publishes it.
    pub by: String,
    /// What stands under the title: version, dates, approval, label, each with its name.
    pub about: Vec<(String, String)>,
    /// In the footer of each page: version, and the digest of what the paper was made of.
    pub footer: String,
    pub chapters: Vec<Section>,
}

/// A chapter or clause, with a heading of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Section {
    /// For links within the paper; made of small letters, digits and `_` or `-`.
    pub anchor: String,
    pub heading: String,
    /// Items and sub-points it answers, as `214:2`; shown small beside the heading.
    pub serves: Vec<String>,
    pub blocks: Vec<Block>,
    pub sections: Vec<Section>,
}

/// A part of a section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Block {
    Paragraph {
        words: String,
    },
    List {
        numbered: bool,
        items: Vec<String>,
    },
    Table(Table),
    /// A drawing as SVG, with its words for those who do not see it, and as rows (the same facts).
    Picture {
        name: String,
        words: String,
        svg: String,
        rows: Option<Table>,
    },
    /// Something is open or missing; set apart, and never hidden.
    Open {
        words: String,
    },
}

/// Rows of cells under headings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Table {
    pub name: String,
    pub headings: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// When its facts were read, where they are live.
    pub as_of: Option<jiff::Timestamp>,
}
