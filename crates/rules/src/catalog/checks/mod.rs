//! The named checks over all content; each reports every fault it finds.

mod document;
mod item;
mod register;
mod sheet;
mod words;

use super::parse::Origin;
use super::{Catalog, EvidenceName, Fault, Place, Vocabulary};
use crate::document::Document;
use crate::id::ItemNo;
use crate::register::Register;
use crate::sheet::{Item, Sheet};
use crate::text::{Text, text};

/// A named check.
pub struct Check {
    /// Stable name, shown beside each fault.
    pub name: &'static str,
    /// What holds when it finds nothing.
    pub holds: Text,
    run: fn(&Content, &mut Found),
}

/// Every check, in the order they run.
pub const CHECKS: &[Check] = &[
    Check {
        name: "sheet-ids",
        holds: text("シートの識別子と版は重複しません。", "No two sheets have the same id and edition."),
        run: sheet::ids,
    },
    Check {
        name: "item-numbers",
        holds: text("項目番号は1以上で、重複せず、昇順です。", "Item numbers start at 1 or later, are unique and rise."),
        run: item::numbers,
    },
    Check {
        name: "file-names",
        holds: text("項目のファイル名は項目番号と同じです。", "An item's file is named by its number."),
        run: item::file_names,
    },
    Check {
        name: "categories",
        holds: text(
            "分類はすべての項目を順に区切るか、まったく使いません。",
            "Categories divide all items, one run each and in order, or are not used at all.",
        ),
        run: sheet::categories,
    },
    Check {
        name: "points",
        holds: text(
            "小項目は1から順に番号が付き、前文と合わせると本文に戻ります。",
            "Points are numbered from 1, and lead and points rebuild the text.",
        ),
        run: item::points,
    },
    Check {
        name: "layers",
        holds: text(
            "書き起こしの損傷の程度と、修正案・注記・疑問箇所が合っています。",
            "Damage, proposal, note and suspects of a text agree with each other.",
        ),
        run: item::layers,
    },
    Check {
        name: "links",
        holds: text("項目が参照する項目と語彙はすべて存在します。", "Every item and word that an item links to exists."),
        run: item::links,
    },
    Check {
        name: "item-words",
        holds: text("種別・判定経路・見直し周期は決められた語です。", "Kind, primary path and review cycle are known words."),
        run: item::closed_words,
    },
    Check {
        name: "titles",
        holds: text("項目名は日本語28文字、英語70文字以内です。", "Item titles have at most 28 characters in Japanese, 70 in English."),
        run: item::titles,
    },
    Check {
        name: "scale",
        holds: text(
            "判定結果の尺度は、適合を一つ以上、保留をちょうど一つ含み、紛れがありません。",
            "The scale has a mark that conforms, exactly one open mark, and no two marks can be confused.",
        ),
        run: sheet::scale,
    },
    Check {
        name: "columns",
        holds: text(
            "列は種類ごとに一つまでで、項目番号と対策項目があり、見出しに紛れがありません。",
            "Each kind of column stands at most once, number and requirement are there, and no two headings can be confused.",
        ),
        run: sheet::columns,
    },
    Check {
        name: "questions",
        holds: text("質問は重複せず、対象の項目が存在します。", "Questions are unique and decide items that exist."),
        run: sheet::questions,
    },
    Check {
        name: "both-languages",
        holds: text("人が読む文は日本語と英語の両方があります。", "Every text that people read is there in both languages."),
        run: words::both_languages,
    },
    Check {
        name: "vocabulary",
        holds: text(
            "語彙の識別子と証跡名は重複せず、提供元が存在します。",
            "Words and evidence names are unique, and what supplies them exists.",
        ),
        run: words::vocabulary,
    },
    Check {
        name: "register-ids",
        holds: text(
            "管理簿の識別子は語彙にあり、欄・状態・選択肢は重複しません。",
            "A register is a word of the vocabulary; its fields, states and choices are unique.",
        ),
        run: register::ids,
    },
    Check {
        name: "register-references",
        holds: text(
            "管理簿の中で参照する欄・状態・管理簿はすべて存在します。",
            "Every field, state and register that a register names exists.",
        ),
        run: register::references,
    },
    Check {
        name: "register-shape",
        holds: text(
            "欄はその種類に必要なものを備え、どの状態にも進めます。",
            "A field has what its kind needs, and a way leads to every state.",
        ),
        run: register::shape,
    },
    Check {
        name: "register-items",
        holds: text(
            "管理簿と項目は互いを参照し、どの項目にも答える欄があります。",
            "Registers and items name each other, and a field answers each item.",
        ),
        run: register::items,
    },
    Check {
        name: "register-example",
        holds: text(
            "管理簿の記入例は必須の欄を備え、そのまま読み取れます。",
            "A register's example fills every required field and can be read as it stands.",
        ),
        run: register::example,
    },
    Check {
        name: "register-languages",
        holds: text("管理簿の文は日本語と英語の両方があります。", "Every text of a register is there in both languages."),
        run: register::languages,
    },
    Check {
        name: "document-ids",
        holds: text(
            "文書の識別子は語彙にあり、章・条項・質問は重複しません。",
            "A document is a word of the vocabulary; its chapters, clauses and questions are unique.",
        ),
        run: document::ids,
    },
    Check {
        name: "document-references",
        holds: text(
            "文書の中で参照する管理簿・欄・状態・測定はすべて存在します。",
            "Every register, field, state and measurement that a document names exists.",
        ),
        run: document::references,
    },
    Check {
        name: "document-shape",
        holds: text(
            "質問はその種類に必要なものを備え、表の行には列と同じ数の印があります。",
            "A question has what its kind needs, and a matrix has a mark for each row and column.",
        ),
        run: document::shape,
    },
    Check {
        name: "document-items",
        holds: text("条項が答える項目と小項目はすべてシートにあります。", "Every item and sub-point that a clause answers is on a sheet."),
        run: document::items,
    },
    Check {
        name: "document-complete",
        holds: text("文書を参照する項目には、どれにも答える条項があります。", "A clause answers each item that names the document."),
        run: document::complete,
    },
    Check {
        name: "document-words",
        holds: text(
            "条項の文言の差込みは、その条項の質問で、日英ともに同じです。",
            "What the words of a clause take in are its own questions, the same in both languages.",
        ),
        run: document::words,
    },
    Check {
        name: "document-languages",
        holds: text("文書の文は日本語と英語の両方があります。", "Every text of a document is there in both languages."),
        run: document::languages,
    },
];

/// Runs every check.
pub(super) fn run(content: &Content) -> Vec<Fault> {
    let mut found = Found { check: "", faults: Vec::new() };
    for check in CHECKS {
        found.check = check.name;
        (check.run)(content, &mut found);
    }
    found.faults
}

/// What the checks look at.
pub(super) struct Content<'a> {
    pub sheets: Vec<SheetAt<'a>>,
    pub vocabulary: &'a Vocabulary,
    pub evidence_names: &'a [EvidenceName],
    pub registers: &'a [Register],
    /// Beside `registers`, one for one.
    pub register_files: &'a [String],
    pub documents: &'a [Document],
    /// Beside `documents`, one for one.
    pub document_files: &'a [String],
    /// The words themselves were read with the sheets, and are checked too.
    pub own_words: bool,
}

impl<'a> Content<'a> {
    pub fn of(catalog: &'a Catalog, origins: &'a [Origin], files: [&'a [String]; 2]) -> Content<'a> {
        let [register_files, document_files] = files;
        let sheets = catalog.sheets.iter().zip(origins).map(|(sheet, origin)| SheetAt { sheet, origin: Some(origin) }).collect();
        let Catalog { vocabulary, evidence_names, registers, documents, .. } = catalog;
        Content { sheets, vocabulary, evidence_names, registers, register_files, documents, document_files, own_words: true }
    }
    /// One sheet without files.
    pub fn single(sheet: &'a Sheet, catalog: &'a Catalog) -> Content<'a> {
        let sheets = vec![SheetAt { sheet, origin: None }];
        let Catalog { vocabulary, evidence_names, .. } = catalog;
        Content {
            sheets,
            vocabulary,
            evidence_names,
            registers: &[],
            register_files: &[],
            documents: &[],
            document_files: &[],
            own_words: false,
        }
    }
}

/// A sheet and the files it came from, if any.
pub(super) struct SheetAt<'a> {
    pub sheet: &'a Sheet,
    pub origin: Option<&'a Origin>,
}

impl<'a> SheetAt<'a> {
    pub fn file(&self) -> &str {
        self.origin.map_or(&self.sheet.id.0, |o| &o.sheet_file)
    }
    /// Items with the name to give for each in a fault.
    pub fn items(&self) -> impl Iterator<Item = (&'a Item, String)> {
        self.sheet.items.iter().enumerate().map(|(i, item)| {
            let file = self.origin.and_then(|o| o.item_files.get(i)).cloned();
            (item, file.unwrap_or_else(|| format!("{} {}", self.sheet.id, item.no)))
        })
    }
    /// The item is there, or its file is there and was reported already.
    pub fn knows(&self, no: ItemNo) -> bool {
        self.sheet.items.iter().any(|i| i.no == no) || self.origin.is_some_and(|o| o.unread.contains(&no))
    }
}

/// Collects the faults of the running check.
pub(super) struct Found {
    check: &'static str,
    faults: Vec<Fault>,
}

impl Found {
    pub fn at(&mut self, file: &str, key: impl Into<String>, text: Text) {
        self.faults.push(Fault { file: file.to_owned(), place: Place::Key(key.into()), check: self.check, text });
    }
}
