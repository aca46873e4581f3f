//! Check sheets as the interface gives them: scale, categories, items.

use rules::id::ItemNo;
use rules::sheet::{Class, Item, Layer, Sheet, SheetId};
use rules::text::Text;
use schemars::JsonSchema;
use serde::Serialize;

#[derive(Debug, Serialize, JsonSchema)]
pub struct Sheets {
    pub sheets: Vec<SheetRow>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct SheetRow {
    pub id: SheetId,
    pub title: Text,
    /// Where the sheet comes from, and what of it is unverified.
    pub source: Text,
    /// How many items it has.
    pub items: usize,
}

impl From<&Sheet> for SheetRow {
    fn from(sheet: &Sheet) -> SheetRow {
        SheetRow { id: sheet.id.clone(), title: sheet.title.clone(), source: sheet.source.clone(), items: sheet.items.len() }
    }
}

/// A check sheet.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SheetDetail {
    pub id: SheetId,
    pub title: Text,
    pub source: Text,
    pub scale: Vec<ScaleMark>,
    pub categories: Vec<Category>,
    pub items: Vec<SheetItem>,
}

/// A value of the verdict scale.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ScaleMark {
    /// What verdicts carry.
    pub code: String,
    pub name: Text,
    pub class: Class,
}

/// A 中分類 with the 大分類 it belongs to.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Category {
    pub id: String,
    pub name: Text,
    pub major: Text,
}

/// An item of a sheet.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SheetItem {
    pub no: ItemNo,
    /// The id of its category.
    pub category: String,
    pub title: Text,
    /// The requirement, in Japanese.
    pub text: String,
    /// Which layer of the text that is: `transcribed`, `proposed` or `confirmed`.
    pub layer: &'static str,
    /// What it asks, in English.
    pub summary_en: String,
    /// Numbered sub-points.
    pub points: Vec<SubPoint>,
    /// Names of documents that usually show it.
    pub evidence_examples: Vec<String>,
    pub related: Vec<ItemNo>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct SubPoint {
    pub n: u16,
    pub text: String,
}

impl SheetItem {
    pub(super) fn of(item: &Item, text: &str, layer: Layer) -> SheetItem {
        SheetItem {
            no: item.no,
            category: item.minor.clone(),
            title: item.title.clone(),
            text: text.to_owned(),
            layer: match layer {
                Layer::Transcribed => "transcribed",
                Layer::Proposed => "proposed",
                Layer::Confirmed => "confirmed",
            },
            summary_en: item.summary_en.clone(),
            points: item.points.iter().map(|p| SubPoint { n: p.n.0, text: p.text.clone() }).collect(),
            evidence_examples: item.evidence.names.clone(),
            related: item.related.clone(),
        }
    }
}

impl From<app::read::SheetRead> for SheetDetail {
    fn from(read: app::read::SheetRead) -> SheetDetail {
        let sheet = &read.sheet;
        let item = |item: &Item| match read.confirmed.get(&item.no) {
            Some(confirmed) => SheetItem::of(item, &confirmed.text, Layer::Confirmed),
            None => {
                let (text, layer) = item.best_text();
                SheetItem::of(item, text, layer)
            }
        };
        let minors = sheet.majors.iter().flat_map(|major| major.minors.iter().map(move |minor| (major, minor)));
        SheetDetail {
            id: sheet.id.clone(),
            title: sheet.title.clone(),
            source: sheet.source.clone(),
            scale: sheet.scale.iter().map(|m| ScaleMark { code: m.code.clone(), name: m.name.clone(), class: m.class }).collect(),
            categories: minors
                .map(|(major, minor)| Category { id: minor.id.clone(), name: minor.name.clone(), major: major.name.clone() })
                .collect(),
            items: sheet.items.iter().map(item).collect(),
        }
    }
}
