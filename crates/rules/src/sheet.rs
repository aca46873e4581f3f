//! A check sheet as data: header, columns, verdict scale, categories, items with their layers of text.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ItemNo, PointNo};
use crate::text::{Lang, Text};

/// Names a sheet edition: `medical-cloud-253@2026-11`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SheetId(pub String);

impl std::fmt::Display for SheetId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One edition of one check sheet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sheet {
    /// `id@edition`.
    pub id: SheetId,
    pub title: Text,
    /// Where the sheet comes from, and what of it is unverified.
    pub source: Text,
    pub header: Vec<HeaderField>,
    pub columns: Vec<Column>,
    pub scale: Vec<Mark>,
    pub majors: Vec<Major>,
    pub questions: Vec<Question>,
    /// In the order of the sheet; numbers rise and may leave gaps.
    pub items: Vec<Item>,
}

/// A field of the header block, such as 整理番号.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderField {
    /// `reference_number`, `applicant`, `evaluator`, `product_name`, or a sheet's own.
    pub id: String,
    pub name: Text,
}

/// A column of the sheet, in its order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    pub kind: ColumnKind,
    pub name: Text,
    /// Other headings met for the same column (備考 is headed 参考 on some pages).
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Width on paper and in Excel, in characters.
    pub width: u16,
}

/// What a column holds; who fills it follows from that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// 項目番号
    No,
    /// 大分類
    Major,
    /// 中分類
    Minor,
    /// 対策項目
    Requirement,
    /// 確認対象物例・エビデンス例
    EvidenceExamples,
    /// 対応策 (applicant)
    Answer,
    /// 確認したエビデンス as the applicant claims it
    EvidenceClaimed,
    /// 確認したエビデンス as the evaluator confirmed it
    EvidenceConfirmed,
    /// 判定結果 (evaluator)
    Verdict,
    /// 改善策 (evaluator)
    Improvement,
    /// 備考
    Remarks,
}

/// A value of the verdict scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Stable code in data and URLs: `conforms`.
    pub code: String,
    pub name: Text,
    pub class: Class,
    /// Other spellings accepted on import: `○`, `適`.
    #[serde(default)]
    pub aliases: Vec<String>,
}

/// The closed class every mark of every scale belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    Conforms,
    Partly,
    Fails,
    OutOfScope,
    Open,
}

impl Class {
    pub const ALL: [Class; 5] = [Class::Conforms, Class::Partly, Class::Fails, Class::OutOfScope, Class::Open];
}

/// 大分類
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Major {
    pub id: String,
    pub name: Text,
    pub minors: Vec<Minor>,
}

/// 中分類; its items are those that name it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minor {
    /// `contract.end_of_use`
    pub id: String,
    pub name: Text,
    /// The name as transcribed, where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcribed: Option<String>,
}

/// One item (項目) of the sheet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub no: ItemNo,
    /// 大分類; in files it follows from `minor`.
    #[serde(default)]
    pub major: String,
    /// 中分類; empty on a sheet without categories.
    #[serde(default)]
    pub minor: String,
    /// Short title, for lists.
    pub title: Text,
    /// What it asks, in plain English, for readers without Japanese.
    #[serde(default)]
    pub summary_en: String,
    pub text: Layers,
    /// The requirement without its numbered points; in files it may be left out where there are none.
    #[serde(default)]
    pub lead: String,
    #[serde(default)]
    pub points: Vec<Point>,
    #[serde(default)]
    pub evidence: EvidenceExamples,
    /// It must be presented, explained or handed to medical institutions.
    #[serde(default)]
    pub disclosure: bool,
    /// It recurs (定期的).
    #[serde(default)]
    pub recurring: bool,
    #[serde(default)]
    pub kind: Vec<String>,
    #[serde(default)]
    pub mechanisms: Vec<String>,
    #[serde(default)]
    pub probes: Vec<String>,
    #[serde(default)]
    pub registers: Vec<String>,
    #[serde(default)]
    pub documents: Vec<String>,
    /// The path that decides best: M, P, R or D; empty where nobody has said.
    #[serde(default)]
    pub primary: String,
    #[serde(default)]
    pub review_cycle: String,
    /// Where current guidelines differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_drift: Option<String>,
    #[serde(default)]
    pub related: Vec<ItemNo>,
}

/// A numbered sub-point of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    pub n: PointNo,
    pub text: String,
}

/// The layers of a requirement's text. The third, a person's confirmation, is a record in the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layers {
    /// Byte for byte as on the sheet; never edited.
    pub transcribed: String,
    /// With likely corrections; not the official wording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<String>,
    #[serde(default)]
    pub damage: Damage,
    /// What was changed and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
    #[serde(default)]
    pub suspects: Vec<Suspect>,
}

/// How much the transcription lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    #[default]
    None,
    /// Spelling, particle or glyph.
    Minor,
    /// The duty changes or a key term is wrong.
    Meaning,
    /// Words are missing.
    Lost,
}

/// The third layer: the wording as a person confirmed it against the original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ConfirmedText {
    pub item: ItemNo,
    pub text: String,
    /// What the person compared with.
    pub source: String,
    /// The person's name.
    pub by: String,
    pub at: jiff::Timestamp,
}

/// Further wording that looks wrong and was not corrected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspect {
    pub transcribed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likely: Option<String>,
}

/// 確認対象物例・エビデンス例
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceExamples {
    #[serde(default)]
    pub transcribed: String,
    /// The normalised names.
    #[serde(default)]
    pub names: Vec<String>,
    #[serde(default)]
    pub damage: Damage,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

/// A question about the product whose answer puts items out of scope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// `wireless`
    pub id: String,
    pub question: Text,
    pub help: Text,
    /// Items proposed as 対象外 when the answer is no.
    pub decides: Vec<ItemNo>,
    /// The reason that is proposed with it.
    pub reason: Text,
}

impl Sheet {
    pub fn item(&self, no: ItemNo) -> Option<&Item> {
        self.items.binary_search_by_key(&no, |i| i.no).ok().map(|i| &self.items[i])
    }
    pub fn mark(&self, code: &str) -> Option<&Mark> {
        self.scale.iter().find(|m| m.code == code)
    }
    pub fn minor(&self, id: &str) -> Option<(&Major, &Minor)> {
        self.majors.iter().find_map(|major| major.minors.iter().find(|m| m.id == id).map(|m| (major, m)))
    }
    pub fn items_of<'a>(&'a self, minor: &'a str) -> impl Iterator<Item = &'a Item> {
        self.items.iter().filter(move |i| i.minor == minor)
    }
    pub fn column(&self, kind: ColumnKind) -> Option<&Column> {
        self.columns.iter().find(|c| c.kind == kind)
    }
    /// Reads a verdict as people write it: name in either language, code or an alias.
    pub fn read_mark(&self, written: &str) -> Option<&Mark> {
        let written = written.trim();
        self.scale.iter().find(|m| {
            m.code == written
                || m.name.get(Lang::Ja) == written
                || m.name.get(Lang::En).eq_ignore_ascii_case(written)
                || m.aliases.iter().any(|a| a == written)
        })
    }
}

impl Item {
    /// The text to read when nobody has confirmed one, and which layer it is.
    pub fn best_text(&self) -> (&str, Layer) {
        match &self.text.proposed {
            Some(proposed) => (proposed, Layer::Proposed),
            None => (&self.text.transcribed, Layer::Transcribed),
        }
    }
    pub fn has_point(&self, point: PointNo) -> bool {
        point == PointNo::WHOLE || self.points.iter().any(|p| p.n == point)
    }
}

/// Which layer of text a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    Transcribed,
    Proposed,
    Confirmed,
}
