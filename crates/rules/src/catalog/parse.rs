//! From the texts of files to sheets and words; a file that cannot be read becomes a fault and the rest is read on.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::vocabulary::{EvidenceName, Path, Term};
use super::{Catalog, Fault, Place};
use crate::id::ItemNo;
use crate::sheet::{Column, HeaderField, Item, Major, Mark, Question, Sheet, SheetId};
use crate::text::{Text, text, worded};

/// What was read, and where it came from.
pub(super) struct Parsed {
    pub catalog: Catalog,
    /// Beside `catalog.sheets`, one for one.
    pub origins: Vec<Origin>,
    /// Beside `catalog.registers`, one for one.
    pub register_files: Vec<String>,
    /// Beside `catalog.documents`, one for one.
    pub document_files: Vec<String>,
    pub faults: Vec<Fault>,
}

/// The files of one sheet.
#[derive(Default)]
pub(super) struct Origin {
    pub sheet_file: String,
    /// Beside `sheet.items`, one for one.
    pub item_files: Vec<String>,
    /// Items whose file exists and could not be read: links to them are no second fault.
    pub unread: BTreeSet<ItemNo>,
}

/// `sheet.toml`: the sheet without its items.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SheetFile {
    id: String,
    edition: String,
    title: Text,
    source: Text,
    #[serde(default)]
    header: Vec<HeaderField>,
    columns: Vec<Column>,
    scale: Vec<Mark>,
    #[serde(default)]
    questions: Vec<Question>,
    #[serde(default)]
    majors: Vec<Major>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TermsFile {
    terms: Vec<Term>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EvidenceNamesFile {
    names: Vec<EvidenceName>,
}

/// The files of one sheet before they are put together.
#[derive(Default)]
struct Pile<'a> {
    sheet: Option<(&'a str, &'a str)>,
    /// By path, which is by number.
    items: BTreeMap<&'a str, &'a str>,
}

pub(super) fn parse<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Parsed {
    let mut out =
        Parsed { catalog: Catalog::default(), origins: Vec::new(), register_files: vec![], document_files: vec![], faults: vec![] };
    let mut piles: BTreeMap<&str, Pile> = BTreeMap::new();
    for (path, content) in files {
        match path.split('/').collect::<Vec<_>>()[..] {
            ["sheets", folder, "sheet.toml"] => piles.entry(folder).or_default().sheet = Some((path, content)),
            ["sheets", folder, "items", name] if name.ends_with(".toml") => {
                piles.entry(folder).or_default().items.insert(path, content);
            }
            ["vocabulary", name] if Path::ALL.iter().any(|p| name.strip_suffix(".toml") == Some(p.key())) => {
                let known = Path::ALL.into_iter().find(|p| name.strip_suffix(".toml") == Some(p.key()));
                if let (Some(kind), Some(file)) = (known, toml_or_fault::<TermsFile>(path, content, &mut out.faults)) {
                    *out.catalog.vocabulary.terms_mut(kind) = file.terms;
                }
            }
            ["evidence-names.toml"] => {
                if let Some(file) = toml_or_fault::<EvidenceNamesFile>(path, content, &mut out.faults) {
                    out.catalog.evidence_names = file.names;
                }
            }
            ["registers", name] if name.ends_with(".toml") => {
                if let Some(register) = toml_or_fault(path, content, &mut out.faults) {
                    out.catalog.registers.push(register);
                    out.register_files.push(path.to_owned());
                }
            }
            ["documents", name] if name.ends_with(".toml") => {
                if let Some(document) = toml_or_fault(path, content, &mut out.faults) {
                    out.catalog.documents.push(document);
                    out.document_files.push(path.to_owned());
                }
            }
            // Read by those who judge by them, with checks of their own.
            ["profiles", "passwords.toml" | "retention.toml" | "probes.toml"] | ["dictionary", _] => {}
            [.., name] if name.ends_with(".md") => {}
            _ => out.faults.push(unreadable(
                path,
                Place::File,
                text(
                    "カタログにこの名前のファイルを置く場所はありません。名前と置き場所を確認してください。",
                    "The catalogue has no place for a file of this name. Check its name and folder.",
                ),
            )),
        }
    }
    for (folder, pile) in piles {
        assemble(folder, pile, &mut out);
    }
    out
}

/// Puts a sheet and its items together.
fn assemble(folder: &str, pile: Pile, out: &mut Parsed) {
    let mut origin = Origin { sheet_file: format!("sheets/{folder}/sheet.toml"), ..Origin::default() };
    let mut items = Vec::with_capacity(pile.items.len());
    for (path, content) in pile.items {
        match toml_or_fault::<Item>(path, content, &mut out.faults) {
            Some(item) => {
                origin.item_files.push(path.to_owned());
                items.push(item);
            }
            None => origin.unread.extend(number_in(path)),
        }
    }
    let Some((path, content)) = pile.sheet else {
        out.faults.push(unreadable(
            &origin.sheet_file,
            Place::File,
            text(
                "シートの項目がありますが、sheet.toml がありません。項目と同じフォルダに置いてください。",
                "There are items and no sheet.toml. Put one beside the folder of the items.",
            ),
        ));
        return;
    };
    let Some(file) = toml_or_fault::<SheetFile>(path, content, &mut out.faults) else { return };
    for item in &mut items {
        complete(item, &file.majors);
    }
    out.catalog.sheets.push(Sheet {
        id: SheetId(format!("{}@{}", file.id, file.edition)),
        title: file.title,
        source: file.source,
        header: file.header,
        columns: file.columns,
        scale: file.scale,
        majors: file.majors,
        questions: file.questions,
        items,
    });
    out.origins.push(origin);
}

/// Fills in what a file leaves out because it follows: the major category, and the lead of an item without points.
fn complete(item: &mut Item, majors: &[Major]) {
    if item.major.is_empty()
        && let Some(major) = majors.iter().find(|major| major.minors.iter().any(|minor| minor.id == item.minor))
    {
        item.major.clone_from(&major.id);
    }
    if item.lead.is_empty() && item.points.is_empty() {
        item.lead = item.best_text().0.to_owned();
    }
}

/// The number in `…/items/012.toml`.
pub(super) fn number_in(path: &str) -> Option<ItemNo> {
    path.rsplit('/').next()?.strip_suffix(".toml")?.parse().ok().map(ItemNo)
}

fn toml_or_fault<T: DeserializeOwned>(path: &str, content: &str, faults: &mut Vec<Fault>) -> Option<T> {
    match toml::from_str(content) {
        Ok(value) => Some(value),
        Err(error) => {
            let place = error.span().map_or(Place::File, |span| Place::Line(line_of(content, span.start)));
            let message = error.message();
            faults.push(unreadable(
                path,
                place,
                worded(
                    format!("TOMLとして読み取れません。この箇所を直してください：{message}"),
                    format!("This cannot be read as TOML. Mend this place: {message}"),
                ),
            ));
            None
        }
    }
}

fn line_of(content: &str, byte: usize) -> usize {
    content.bytes().take(byte).filter(|b| *b == b'\n').count() + 1
}

fn unreadable(path: &str, place: Place, text: Text) -> Fault {
    Fault { file: path.to_owned(), place, check: "readable", text }
}
