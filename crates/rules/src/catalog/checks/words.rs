//! Checks on what people read: both languages everywhere, and the vocabulary.

use std::collections::BTreeSet;

use super::{Content, Found};
use crate::catalog::vocabulary::{EvidenceName, Path};
use crate::text::{Text, worded};

pub(super) fn both_languages(content: &Content, found: &mut Found) {
    for at in &content.sheets {
        let (sheet, file) = (at.sheet, at.file());
        both(&sheet.title, file, "title", found);
        both(&sheet.source, file, "source", found);
        for field in &sheet.header {
            both(&field.name, file, &format!("header.{}", field.id), found);
        }
        for column in &sheet.columns {
            both(&column.name, file, "columns.name", found);
        }
        for mark in &sheet.scale {
            both(&mark.name, file, &format!("scale.{}", mark.code), found);
        }
        for major in &sheet.majors {
            both(&major.name, file, &format!("majors.{}", major.id), found);
            for minor in &major.minors {
                both(&minor.name, file, &format!("majors.minors.{}", minor.id), found);
            }
        }
        for q in &sheet.questions {
            for (key, text) in [("question", &q.question), ("help", &q.help), ("reason", &q.reason)] {
                both(text, file, &format!("questions.{}.{key}", q.id), found);
            }
        }
        for (item, file) in at.items() {
            both(&item.title, &file, "title", found);
            for (key, note) in [("text.note", &item.text.note), ("evidence.note", &item.evidence.note)] {
                if let Some(note) = note {
                    both(note, &file, key, found);
                }
            }
        }
    }
    if content.own_words {
        for path in Path::ALL {
            for term in content.vocabulary.terms(path) {
                both(&term.name, &vocabulary_file(path), &format!("{}.name", term.id), found);
                both(&term.about, &vocabulary_file(path), &format!("{}.about", term.id), found);
            }
        }
        for evidence in content.evidence_names {
            both(&evidence.name, EVIDENCE_FILE, &evidence.name.ja, found);
        }
    }
}

const EVIDENCE_FILE: &str = "evidence-names.toml";

fn vocabulary_file(path: Path) -> String {
    format!("vocabulary/{}.toml", path.key())
}

pub(super) fn both(text: &Text, file: &str, key: &str, found: &mut Found) {
    for (side, empty, name) in [("ja", &text.ja, ("日本語", "Japanese")), ("en", &text.en, ("英語", "English"))] {
        if empty.trim().is_empty() {
            let message = worded(
                format!("{}の文がありません。両方の言語で書いてください。", name.0),
                format!("The {} text is missing. Write it in both languages.", name.1),
            );
            found.at(file, format!("{key}.{side}"), message);
        }
    }
}

pub(super) fn vocabulary(content: &Content, found: &mut Found) {
    if !content.own_words {
        return;
    }
    for path in Path::ALL {
        let mut ids = BTreeSet::new();
        for term in content.vocabulary.terms(path).iter().filter(|t| !ids.insert(&t.id)) {
            found.at(
                &vocabulary_file(path),
                &term.id,
                worded(format!("識別子「{}」が重複しています。", term.id), format!("The id `{}` is there twice.", term.id)),
            );
        }
    }
    let mut names = BTreeSet::new();
    for evidence in content.evidence_names {
        let name = &*evidence.name.ja;
        if !names.insert(name) {
            found.at(
                EVIDENCE_FILE,
                name,
                worded(format!("証跡名「{name}」が重複しています。"), format!("The evidence name 「{name}」 is there twice.")),
            );
        }
        supplied(evidence, content, found);
    }
}

fn supplied(evidence: &EvidenceName, content: &Content, found: &mut Found) {
    let name = &*evidence.name.ja;
    if Path::ALL.iter().all(|path| evidence.supplied_by(*path).is_empty()) {
        found.at(
            EVIDENCE_FILE,
            name,
            worded(format!("証跡名「{name}」を提供するものがありません。"), format!("Nothing supplies the evidence name 「{name}」.")),
        );
    }
    for path in Path::ALL {
        for id in evidence.supplied_by(path).iter().filter(|id| content.vocabulary.term(path, id).is_none()) {
            let file = vocabulary_file(path);
            found.at(EVIDENCE_FILE, name, worded(format!("「{id}」は {file} にありません。"), format!("`{id}` is not in {file}.")));
        }
    }
}
