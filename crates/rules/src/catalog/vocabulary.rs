//! The words items link to: mechanisms, probes, registers, documents, evidence names, and the closed word lists.

use serde::{Deserialize, Serialize};

use crate::text::{Text, text};

/// A mechanism, probe, register or document that can show that an item is fulfilled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// `audit_log`
    pub id: String,
    pub name: Text,
    /// What it does, measures or holds, in a sentence.
    pub about: Text,
    /// It carries records and documents and is not the measure itself.
    #[serde(default)]
    pub plumbing: bool,
}

/// How a fulfilled item is shown: the four kinds of executable evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    Mechanism,
    Probe,
    Register,
    Document,
}

impl Path {
    pub const ALL: [Path; 4] = [Path::Mechanism, Path::Probe, Path::Register, Path::Document];

    /// The plural, which is the key in item files and the name of the vocabulary file.
    pub const fn key(self) -> &'static str {
        match self {
            Path::Mechanism => "mechanisms",
            Path::Probe => "probes",
            Path::Register => "registers",
            Path::Document => "documents",
        }
    }
    /// The letter of `Item::primary`.
    pub const fn letter(self) -> &'static str {
        match self {
            Path::Mechanism => "M",
            Path::Probe => "P",
            Path::Register => "R",
            Path::Document => "D",
        }
    }
}

/// All terms, each list in the order of its file.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Vocabulary {
    pub mechanisms: Vec<Term>,
    pub probes: Vec<Term>,
    pub registers: Vec<Term>,
    pub documents: Vec<Term>,
}

impl Vocabulary {
    pub fn terms(&self, path: Path) -> &[Term] {
        match path {
            Path::Mechanism => &self.mechanisms,
            Path::Probe => &self.probes,
            Path::Register => &self.registers,
            Path::Document => &self.documents,
        }
    }
    pub(super) fn terms_mut(&mut self, path: Path) -> &mut Vec<Term> {
        match path {
            Path::Mechanism => &mut self.mechanisms,
            Path::Probe => &mut self.probes,
            Path::Register => &mut self.registers,
            Path::Document => &mut self.documents,
        }
    }
    pub fn term(&self, path: Path, id: &str) -> Option<&Term> {
        self.terms(path).iter().find(|t| t.id == id)
    }
}

/// A normalised name of evidence (証跡名) and what supplies it. The Japanese name is its identity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceName {
    pub name: Text,
    #[serde(default)]
    pub mechanisms: Vec<String>,
    #[serde(default)]
    pub probes: Vec<String>,
    #[serde(default)]
    pub registers: Vec<String>,
    #[serde(default)]
    pub documents: Vec<String>,
}

impl EvidenceName {
    pub fn supplied_by(&self, path: Path) -> &[String] {
        match path {
            Path::Mechanism => &self.mechanisms,
            Path::Probe => &self.probes,
            Path::Register => &self.registers,
            Path::Document => &self.documents,
        }
    }
}

/// A word of a closed list: the code that files carry, and its name.
pub type Word = (&'static str, Text);

/// `Item::kind`: what sort of measure the item asks for.
pub const KINDS: &[Word] = &[
    ("technical", text("技術的", "Technical")),
    ("operational", text("運用的", "Operational")),
    ("organizational", text("組織的", "Organisational")),
    ("contractual", text("契約", "Contractual")),
    ("physical", text("物理的", "Physical")),
    ("personnel", text("人的", "Personnel")),
    ("disclosure", text("提示・開示", "Disclosure")),
];

/// `Item::primary`: the path that decides best.
pub const PATHS: &[Word] =
    &[("M", text("仕組み", "Mechanism")), ("P", text("測定", "Probe")), ("R", text("台帳", "Register")), ("D", text("文書", "Document"))];

/// `Item::review_cycle`: how often the answer has to be looked at again.
pub const CYCLES: &[Word] = &[
    ("daily", text("毎日", "Daily")),
    ("monthly", text("毎月", "Monthly")),
    ("quarterly", text("四半期ごと", "Quarterly")),
    ("yearly", text("毎年", "Yearly")),
    ("per_event", text("発生の都度", "At each event")),
];

/// The name of a code in one of the lists above.
pub fn word(list: &'static [Word], code: &str) -> Option<&'static Text> {
    list.iter().find(|(c, _)| *c == code).map(|(_, name)| name)
}
