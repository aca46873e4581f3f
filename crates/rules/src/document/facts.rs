//! What a document is composed of beside what is kept: dated facts of registers, measurements and answers, and how they are said.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Picture;
use super::paper::Block;
use crate::act::japan;
use crate::id::ItemNo;
use crate::register::{Entry, Field, FieldKind};
use crate::text::{Lang, Text, text};

/// The world at the moment of composing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// When they were read.
    pub at: Timestamp,
    /// Who publishes it.
    pub organisation: String,
    /// Names of people, organisations, entries and files by their ids.
    pub names: BTreeMap<String, String>,
    /// By register.
    pub registers: BTreeMap<String, Kept>,
    /// What the document is made for, where each entry has one.
    pub entry: Option<Entry>,
    /// Items for disclosure with what was answered, in their order; nothing where no case was chosen.
    pub items: Option<Vec<Answered>>,
    /// By what is drawn, in Japanese and English.
    pub pictures: Vec<(Picture, [Block; 2])>,
    /// By probe or mechanism.
    pub measured: BTreeMap<String, Measured>,
}

/// The entries of one register.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Kept {
    /// The newest version of each, at most [`MOST`], the newest first.
    pub entries: Vec<Entry>,
    /// How many there are by state, all of them.
    pub counts: BTreeMap<String, u64>,
    /// When the newest was written.
    pub newest: Option<Timestamp>,
}

/// Entries of one register that a paper is made of.
pub const MOST: usize = 2_000;

/// One item and its answer, if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub no: ItemNo,
    pub title: Text,
    pub words: String,
}

/// The newest result of a measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    pub at: Timestamp,
    pub words: Text,
}

/// A day and time as papers write it, in Japanese time.
pub fn moment(at: Timestamp) -> String {
    japan(at).strftime("%Y-%m-%d %H:%M").to_string()
}

/// One kept value as people read it.
pub fn said(field: &Field, kept: &str, names: &BTreeMap<String, String>, lang: Lang) -> String {
    let named = || names.get(kept).cloned().unwrap_or_else(|| kept.to_owned());
    match field.kind {
        FieldKind::Choice => field.choices.iter().find(|c| c.id == kept).map_or_else(|| kept.to_owned(), |c| c.name.get(lang).to_owned()),
        FieldKind::YesNo => {
            let (answer, reason) = kept.split_once(": ").unwrap_or((kept, ""));
            let answer = if answer == "yes" { text("はい", "Yes") } else { text("いいえ", "No") };
            let answer = answer.get(lang);
            match (reason, lang) {
                ("", _) => answer.to_owned(),
                (reason, Lang::Ja) => format!("{answer}（{reason}）"),
                (reason, Lang::En) => format!("{answer} ({reason})"),
            }
        }
        FieldKind::Moment => kept.parse().map_or_else(|_| kept.to_owned(), moment),
        FieldKind::Amount => match (&field.unit, lang) {
            (Some(unit), Lang::Ja) => format!("{kept}{}", unit.ja),
            (Some(unit), Lang::En) => format!("{kept} {}", unit.en),
            (None, _) => kept.to_owned(),
        },
        FieldKind::Item => match lang {
            Lang::Ja => format!("項目{kept}"),
            Lang::En => format!("Item {kept}"),
        },
        FieldKind::Person | FieldKind::Organisation | FieldKind::Entry | FieldKind::File => named(),
        FieldKind::Line | FieldKind::Text | FieldKind::Date => kept.to_owned(),
    }
}

/// Several kept values in one cell or sentence.
pub fn all_said(field: &Field, kept: &[String], names: &BTreeMap<String, String>, lang: Lang) -> String {
    let all: Vec<String> = kept.iter().filter(|k| !k.is_empty()).map(|one| said(field, one, names, lang)).collect();
    all.join(match lang {
        Lang::Ja => "、",
        Lang::En => ", ",
    })
}
