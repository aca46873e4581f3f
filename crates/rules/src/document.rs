//! A document type (文書): what its file says of chapters, clauses, questions and live facts. Form, paper and gaps follow from it.

pub mod clause;
mod compare;
mod compose;
pub mod facts;
mod gaps;
pub mod paper;
mod version;

#[cfg(test)]
mod tests;

pub use clause::{ClauseVersion, Kept};
pub use compare::{Differing, compare, open_in, words};
pub use compose::{Made, compose, dress};
pub use gaps::{gaps, gaps_without};
pub use version::{Approval, Documenting, Standing, State, Version, Withdrawal, approve, next, state, withdraw};

use serde::{Deserialize, Serialize};

use crate::evidence::Label;
use crate::register::{Choice, Field, Served};
use crate::text::Text;

/// One type of document, as its file in `catalog/documents` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// `operation_rules`; the name of its file and a word of the vocabulary.
    pub id: String,
    pub name: Text,
    /// What it is for and who reads it; shown where there is none yet.
    pub about: Text,
    /// How confidential an approved version is unless somebody says otherwise.
    pub label: Label,
    /// Months after which a version in force is looked at again.
    pub review_months: u16,
    /// The register of which each entry has a document of its own: a certificate for each disposal.
    #[serde(default)]
    pub per_entry: Option<String>,
    pub chapters: Vec<Chapter>,
}

/// A chapter of clauses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chapter {
    pub id: String,
    pub name: Text,
    pub clauses: Vec<Clause>,
}

/// One clause: its usual wording, what has to be answered in it, and the facts that stand in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// Once in the document; own wordings and answers are kept under it.
    pub id: String,
    pub name: Text,
    /// Items and sub-points that it answers.
    pub serves: Vec<Served>,
    /// The usual wording, in paragraphs; `{question}` stands for the answer, in its language. A compliance officer may replace it.
    pub words: Text,
    #[serde(default)]
    pub questions: Vec<Field>,
    /// What the wording is followed by.
    #[serde(default)]
    pub shows: Vec<Shown>,
}

/// What stands under the wording of a clause, made anew for each version and dated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Shown {
    /// Entries of a register; without `states` those with which something is left to do.
    Table {
        name: Text,
        register: String,
        columns: Vec<String>,
        #[serde(default)]
        states: Vec<String>,
        /// Only entries of which `field` has this value.
        #[serde(default)]
        only: Option<Only>,
    },
    /// How many entries a register has, by state, and when the newest was written.
    Count { name: Text, register: String },
    /// The entry that the document is made for (`per_entry`): these fields of it.
    Entry { name: Text, fields: Vec<String> },
    /// Who does what: a choice for each row and column, such as ○ or −. Answers are kept as `row.column`.
    Matrix { name: Text, rows: Vec<Row>, columns: Vec<Choice>, marks: Vec<Choice> },
    /// The answer to each item of the check sheet that is for disclosure; open ones are said to be open.
    Items { name: Text },
    /// A drawing made of registers.
    Picture { name: Text, picture: Picture },
    /// The newest result of a probe or of the test of a mechanism.
    Measured { name: Text, id: String },
}

/// Entries whose `field` has this value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Only {
    pub field: String,
    pub is: String,
}

/// A row of a matrix, with the marks that are usual in it, by column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub id: String,
    pub name: Text,
    #[serde(default)]
    pub serves: Vec<Served>,
    /// As many as the matrix has columns; ids of marks.
    pub usual: Vec<String>,
}

/// What can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Picture {
    /// 体制図: people and vendors, by responsibility.
    Organisation,
    /// ネットワーク構成図: assets and connections.
    Network,
    /// データフロー: who gives what to whom.
    DataFlow,
    /// リスクの行列: likelihood and impact.
    Risks,
}

impl Shown {
    pub const fn name(&self) -> &Text {
        match self {
            Shown::Table { name, .. }
            | Shown::Count { name, .. }
            | Shown::Entry { name, .. }
            | Shown::Matrix { name, .. }
            | Shown::Items { name }
            | Shown::Picture { name, .. }
            | Shown::Measured { name, .. } => name,
        }
    }
}

impl Clause {
    /// What it answers, its rows included.
    pub fn answers(&self) -> impl Iterator<Item = Served> {
        let rows = self.shows.iter().filter_map(|shown| match shown {
            Shown::Matrix { rows, .. } => Some(rows),
            _ => None,
        });
        self.serves.iter().chain(rows.flatten().flat_map(|row| &row.serves)).copied()
    }
}

/// The names in `{}` in the words of a clause.
pub fn placeholders(words: &str) -> impl Iterator<Item = &str> {
    words.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

impl Document {
    pub fn clauses(&self) -> impl Iterator<Item = &Clause> {
        self.chapters.iter().flat_map(|chapter| &chapter.clauses)
    }
    pub fn clause(&self, id: &str) -> Option<&Clause> {
        self.clauses().find(|clause| clause.id == id)
    }
}
