//! Checks on a sheet as a whole: id, categories, scale, columns, questions.

use std::collections::{BTreeMap, BTreeSet};

use super::{Content, Found, SheetAt};
use crate::sheet::{Class, ColumnKind};
use crate::text::{text, worded};

pub(super) fn ids(content: &Content, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for at in &content.sheets {
        let id = &at.sheet.id.0;
        if !id.split_once('@').is_some_and(|(name, edition)| is_code(name) && is_code(edition)) {
            let message = worded(
                format!("識別子と版「{id}」は、小文字の英数字と - _ で書いてください。"),
                format!("Write id and edition (`{id}`) with lower-case letters, digits, - and _."),
            );
            found.at(at.file(), "id", message);
        }
        if !seen.insert(id) {
            let message = worded(
                format!("シート {id} が重複しています。版を変えてください。"),
                format!("Sheet {id} is there twice. Change the edition of one."),
            );
            found.at(at.file(), "id", message);
        }
    }
}

fn is_code(s: &str) -> bool {
    !s.is_empty() && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

pub(super) fn categories(content: &Content, found: &mut Found) {
    for at in &content.sheets {
        let mut ids = BTreeSet::new();
        for id in at.sheet.majors.iter().flat_map(|major| std::iter::once(&major.id).chain(major.minors.iter().map(|m| &m.id))) {
            if !ids.insert(id.as_str()) {
                found.at(
                    at.file(),
                    format!("majors.{id}"),
                    worded(format!("分類 {id} が重複しています。"), format!("Category {id} is there twice.")),
                );
            }
        }
        members(at, found);
        runs(at, found);
    }
}

/// Every item names a category that exists; or the sheet has none.
fn members(at: &SheetAt, found: &mut Found) {
    for (item, file) in at.items() {
        let known = at.sheet.minor(&item.minor).is_some_and(|(major, _)| major.id == item.major);
        let none = at.sheet.majors.is_empty() && item.minor.is_empty() && item.major.is_empty();
        if !known && !none {
            let message = worded(
                format!("分類「{}」がシートにありません。sheet.toml の中分類から選んでください。", item.minor),
                format!("The sheet has no category `{}`. Choose a minor category of sheet.toml.", item.minor),
            );
            found.at(&file, "minor", message);
        }
    }
}

/// The items of a category stand together, in the order of the categories, and no category is empty.
fn runs(at: &SheetAt, found: &mut Found) {
    let order: BTreeMap<&str, usize> =
        at.sheet.majors.iter().flat_map(|major| &major.minors).enumerate().map(|(i, m)| (m.id.as_str(), i)).collect();
    let mut reached = 0;
    let mut met = BTreeSet::new();
    for (item, file) in at.items() {
        let Some(&position) = order.get(item.minor.as_str()) else { continue };
        if position < reached {
            let message = worded(
                format!("分類「{}」の項目が離れています。分類の順に並べてください。", item.minor),
                format!("Items of category `{}` do not stand together. Keep items in the order of the categories.", item.minor),
            );
            found.at(&file, "minor", message);
        }
        reached = reached.max(position);
        met.insert(position);
    }
    // An item that could not be read may be the only one of its category.
    if at.origin.is_none_or(|o| o.unread.is_empty()) {
        for (id, _) in order.iter().filter(|(_, position)| !met.contains(*position)) {
            let message = worded(format!("分類「{id}」に項目がありません。"), format!("Category `{id}` has no items."));
            found.at(at.file(), format!("majors.minors.{id}"), message);
        }
    }
}

pub(super) fn scale(content: &Content, found: &mut Found) {
    for at in &content.sheets {
        let count = |class| at.sheet.scale.iter().filter(|m| m.class == class).count();
        if count(Class::Conforms) == 0 {
            found.at(
                at.file(),
                "scale",
                text("適合（conforms）の判定値がありません。一つ以上加えてください。", "No mark has the class conforms. Add at least one."),
            );
        }
        if count(Class::Open) != 1 {
            found.at(
                at.file(),
                "scale",
                text(
                    "保留（open）の判定値はちょうど一つにしてください。まだ判定していない項目に使います。",
                    "Exactly one mark must have the class open; it stands for items not yet judged.",
                ),
            );
        }
        if count(Class::OutOfScope) == 0 && at.sheet.questions.iter().any(|q| !q.decides.is_empty()) {
            found.at(
                at.file(),
                "scale",
                text(
                    "質問が対象外を提案しますが、対象外（out_of_scope）の判定値がありません。",
                    "Questions propose items as out of scope, and no mark has the class out_of_scope.",
                ),
            );
        }
        let mut codes = BTreeSet::new();
        for mark in &at.sheet.scale {
            if !is_code(&mark.code) || !codes.insert(&mark.code) {
                let message = worded(
                    format!("判定値のコード「{}」が重複しているか、小文字の英数字ではありません。", mark.code),
                    format!("The mark code `{}` is there twice, or is not in lower-case letters and digits.", mark.code),
                );
                found.at(at.file(), "scale.code", message);
            }
        }
        let spellings = at.sheet.scale.iter().map(|m| {
            let fixed = [m.code.as_str(), &m.name.ja, &m.name.en].into_iter();
            (m.code.as_str(), fixed.chain(m.aliases.iter().map(String::as_str)).collect())
        });
        confusable(spellings, at.file(), "scale.aliases", found);
    }
}

pub(super) fn columns(content: &Content, found: &mut Found) {
    for at in &content.sheets {
        let mut kinds = BTreeSet::new();
        for column in &at.sheet.columns {
            if !kinds.insert(column.kind) {
                let message = worded(
                    format!("「{}」と同じ種類の列が既にあります。", column.name.ja),
                    format!("There is already a column of the kind of `{}`.", column.name.en),
                );
                found.at(at.file(), "columns.kind", message);
            }
            if !(1..=200).contains(&column.width) {
                let message = worded(
                    format!("列「{}」の幅は1から200文字にしてください。", column.name.ja),
                    format!("Make column `{}` 1 to 200 characters wide.", column.name.en),
                );
                found.at(at.file(), "columns.width", message);
            }
        }
        for (kind, name) in [(ColumnKind::No, "no"), (ColumnKind::Requirement, "requirement")] {
            if !kinds.contains(&kind) {
                found.at(
                    at.file(),
                    "columns",
                    worded(format!("必須の列（{name}）がありません。"), format!("A column that must be there is missing: {name}.")),
                );
            }
        }
        let headings = at.sheet.columns.iter().map(|c| {
            let fixed = [&*c.name.ja, &*c.name.en].into_iter();
            (&*c.name.ja, fixed.chain(c.aliases.iter().map(String::as_str)).collect())
        });
        confusable(headings, at.file(), "columns.aliases", found);
        let mut fields = BTreeSet::new();
        for field in at.sheet.header.iter().filter(|f| !fields.insert(&f.id)) {
            let message = worded(format!("見出し欄 {} が重複しています。", field.id), format!("Header field {} is there twice.", field.id));
            found.at(at.file(), format!("header.{}", field.id), message);
        }
    }
}

/// Reports spellings that two different things share; case and outer spaces do not count.
fn confusable<'a>(things: impl Iterator<Item = (&'a str, Vec<&'a str>)>, file: &str, key: &str, found: &mut Found) {
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for (owner, spellings) in things {
        // A code may equal its own name; only another owner confuses.
        let own: BTreeSet<String> = spellings.iter().map(|s| s.trim().to_lowercase()).collect();
        for spelling in own {
            if spelling.is_empty() {
                found.at(file, key, worded(format!("「{owner}」に空の別名があります。"), format!("`{owner}` has an empty alias.")));
            } else if let Some(other) = taken.insert(spelling.clone(), owner) {
                let message = worded(
                    format!("「{spelling}」が「{other}」と「{owner}」の両方を指します。片方から除いてください。"),
                    format!("`{spelling}` stands for both `{other}` and `{owner}`. Remove it from one."),
                );
                found.at(file, key, message);
            }
        }
    }
}

pub(super) fn questions(content: &Content, found: &mut Found) {
    for at in &content.sheets {
        let mut ids = BTreeSet::new();
        for question in &at.sheet.questions {
            let key = format!("questions.{}", question.id);
            if !is_code(&question.id) || !ids.insert(&question.id) {
                let message = worded(
                    format!("質問の識別子「{}」が重複しているか、小文字の英数字ではありません。", question.id),
                    format!("The question id `{}` is there twice, or is not in lower-case letters and digits.", question.id),
                );
                found.at(at.file(), &key, message);
            }
            let mut decided = BTreeSet::new();
            for no in question.decides.iter().filter(|no| !decided.insert(**no) || !at.knows(**no)) {
                let message = worded(
                    format!("項目{no}は、このシートにないか、二度挙げられています。"),
                    format!("Item {no} is not on this sheet, or is named twice."),
                );
                found.at(at.file(), format!("{key}.decides"), message);
            }
        }
    }
}
