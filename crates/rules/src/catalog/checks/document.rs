//! Checks on types of documents: every id they name exists, every item they serve is there, and no item they are named by is left out.

use std::collections::BTreeSet;

use super::register::shape_of;
use super::words::both;
use super::{Content, Found};
use crate::catalog::vocabulary::Path;
use crate::document::{Clause, Document, Shown, gaps, placeholders};
use crate::register::{Register, Served};
use crate::text::{Lang, Text, worded};

fn file(document: &Document) -> String {
    format!("documents/{}.toml", document.id)
}

fn there_is_no(id: &str) -> Text {
    worded(format!("「{id}」はありません。"), format!("There is no `{id}`."))
}

/// Ids are of the vocabulary and stand once, in the document as in its parts.
pub(super) fn ids(content: &Content, found: &mut Found) {
    for (document, path) in content.documents.iter().zip(content.document_files) {
        if *path != file(document) {
            let words = worded(format!("ファイル名は {} にしてください。", file(document)), format!("Name the file {}.", file(document)));
            found.at(path, "id", words);
        }
        if content.vocabulary.term(Path::Document, &document.id).is_none() {
            let words = worded(
                format!("「{}」は vocabulary/documents.toml にありません。", document.id),
                format!("`{}` is not in vocabulary/documents.toml.", document.id),
            );
            found.at(path, "id", words);
        }
        let mut parts: Vec<(String, &str)> = document.chapters.iter().map(|c| ("chapters".to_owned(), c.id.as_str())).collect();
        for clause in document.clauses() {
            parts.push(("clauses".to_owned(), &clause.id));
            let of = format!("clauses.{}", clause.id);
            parts.extend(clause.questions.iter().map(|q| (format!("{of}.questions"), q.id.as_str())));
            for question in &clause.questions {
                parts.extend(question.choices.iter().map(|c| (format!("{of}.{}.choices", question.id), c.id.as_str())));
            }
            // Marks are kept as `row.column` under the clause: rows of all its matrices are apart.
            for (n, shown) in clause.shows.iter().enumerate() {
                if let Shown::Matrix { rows, columns, marks, .. } = shown {
                    parts.extend(rows.iter().map(|r| (format!("{of}.rows"), r.id.as_str())));
                    parts.extend(columns.iter().map(|c| (format!("{of}.shows.{n}.columns"), c.id.as_str())));
                    parts.extend(marks.iter().map(|m| (format!("{of}.shows.{n}.marks"), m.id.as_str())));
                }
            }
        }
        let mut seen = BTreeSet::new();
        for (key, id) in parts {
            let part = format!("{key}.{id}");
            if !seen.insert(part.clone()) {
                found.at(path, part, worded(format!("「{id}」が重複しています。"), format!("`{id}` is there twice.")));
            }
            let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if id.is_empty() || !id.chars().all(small) {
                let words = worded(
                    format!("「{id}」は小文字の英字・数字・下線で書いてください。"),
                    format!("Write `{id}` in small letters, digits and underscores."),
                );
                found.at(path, key, words);
            }
        }
    }
}

/// Registers, fields, states and measurements that a clause shows exist.
pub(super) fn references(content: &Content, found: &mut Found) {
    let register = |id: &str| content.registers.iter().find(|r| r.id == id);
    for document in content.documents {
        let path = file(document);
        let own = document.per_entry.as_deref().map(|id| (id, register(id)));
        if let Some((id, None)) = own {
            found.at(&path, "per_entry", there_is_no(id));
        }
        for clause in document.clauses() {
            let key = format!("clauses.{}.shows", clause.id);
            for question in &clause.questions {
                if let Some(to) = question.to.as_deref().filter(|to| register(to).is_none()) {
                    found.at(&path, format!("clauses.{}.{}.to", clause.id, question.id), there_is_no(to));
                }
            }
            for shown in &clause.shows {
                match shown {
                    Shown::Table { register: id, columns, states, only, .. } => match register(id) {
                        None => found.at(&path, key.clone(), there_is_no(id)),
                        Some(of) => {
                            let fields = columns.iter().chain(only.iter().map(|only| &only.field));
                            missing_fields(of, fields, &path, &key, found);
                            states.iter().filter(|s| of.state(s).is_none()).for_each(|s| found.at(&path, key.clone(), there_is_no(s)));
                            let choices = only.as_ref().and_then(|only| Some((only, &of.field(&only.field)?.choices)));
                            if let Some((only, choices)) = choices
                                && !choices.is_empty()
                                && choices.iter().all(|c| c.id != only.is)
                            {
                                found.at(&path, key.clone(), there_is_no(&only.is));
                            }
                        }
                    },
                    Shown::Count { register: id, .. } if register(id).is_none() => found.at(&path, key.clone(), there_is_no(id)),
                    Shown::Entry { fields, .. } => match own {
                        Some((_, Some(of))) => missing_fields(of, fields.iter(), &path, &key, found),
                        Some((_, None)) => {}
                        None => {
                            let words = worded(
                                "記録を差し込むには、文書に per_entry が必要です。",
                                "A clause shows an entry only where the document has `per_entry`.",
                            );
                            found.at(&path, key.clone(), words);
                        }
                    },
                    Shown::Measured { id, .. } => {
                        let known = [Path::Probe, Path::Mechanism].iter().any(|kind| content.vocabulary.term(*kind, id).is_some());
                        if !known {
                            found.at(&path, key.clone(), there_is_no(id));
                        }
                    }
                    Shown::Count { .. } | Shown::Matrix { .. } | Shown::Items { .. } | Shown::Picture { .. } => {}
                }
            }
        }
    }
}

fn missing_fields<'a>(of: &Register, fields: impl Iterator<Item = &'a String>, path: &str, key: &str, found: &mut Found) {
    fields.filter(|id| of.field(id).is_none()).for_each(|id| found.at(path, key, there_is_no(&format!("{}.{id}", of.id))));
}

/// A question has what its kind needs; each cell of a matrix has a usual mark that is one of its marks.
pub(super) fn shape(content: &Content, found: &mut Found) {
    for document in content.documents {
        let path = file(document);
        for chapter in document.chapters.iter().filter(|c| c.clauses.is_empty()) {
            found.at(&path, format!("chapters.{}", chapter.id), worded("条項がありません。", "It has no clause."));
        }
        for clause in document.clauses() {
            for question in &clause.questions {
                shape_of(question, &path, format!("clauses.{}.{}", clause.id, question.id), found);
            }
            for shown in &clause.shows {
                let Shown::Matrix { rows, columns, marks, .. } = shown else { continue };
                for row in rows {
                    let known = row.usual.iter().all(|id| marks.iter().any(|mark| mark.id == *id));
                    if row.usual.len() != columns.len() || !known {
                        let words = worded(
                            format!("usual には、列と同じ{}個の印を marks から選んで書いてください。", columns.len()),
                            format!("Write in `usual` as many marks as there are columns ({}), each one of `marks`.", columns.len()),
                        );
                        found.at(&path, format!("clauses.{}.{}", clause.id, row.id), words);
                    }
                }
            }
        }
    }
}

/// Items and sub-points that clauses and rows answer are on a sheet.
pub(super) fn items(content: &Content, found: &mut Found) {
    for document in content.documents {
        let path = file(document);
        for clause in document.clauses() {
            for served in clause.answers().filter(|served| !on_a_sheet(content, *served)) {
                let served = String::from(served);
                let words = worded(format!("「{served}」はシートにありません。"), format!("There is no {served} on the sheet."));
                found.at(&path, format!("clauses.{}.serves", clause.id), words);
            }
        }
    }
}

fn on_a_sheet(content: &Content, served: Served) -> bool {
    let mut items = content.sheets.iter().flat_map(|at| &at.sheet.items).filter(|item| item.no == served.item);
    items.any(|item| served.point.0 == 0 || item.points.iter().any(|p| p.n == served.point))
}

/// Each item that names the document is answered by a clause.
pub(super) fn complete(content: &Content, found: &mut Found) {
    for document in content.documents {
        for item in content.sheets.iter().flat_map(|at| gaps(document, &at.sheet.items)) {
            let words = worded(
                format!("項目{item}がこの文書を参照していますが、答える条項がありません。"),
                format!("Item {item} names this document, and no clause answers it."),
            );
            found.at(&file(document), "clauses", words);
        }
    }
}

/// Placeholders name questions of their clause, and both languages have the same.
pub(super) fn words(content: &Content, found: &mut Found) {
    for document in content.documents {
        for clause in document.clauses() {
            unknown_placeholders(document, clause, found);
        }
    }
}

fn unknown_placeholders(document: &Document, clause: &Clause, found: &mut Found) {
    let (path, key) = (file(document), format!("clauses.{}.words", clause.id));
    let [ja, en] = [Lang::Ja, Lang::En].map(|lang| placeholders(clause.words.get(lang)).collect::<BTreeSet<_>>());
    for name in ja.union(&en).filter(|name| clause.questions.iter().all(|q| q.id != **name)) {
        let words =
            worded(format!("「{{{name}}}」に当たる質問がこの条項にありません。"), format!("The clause has no question for {{{name}}}."));
        found.at(&path, key.clone(), words);
    }
    for name in ja.symmetric_difference(&en) {
        let words = worded(format!("「{{{name}}}」が一方の言語にしかありません。"), format!("{{{name}}} stands in one language only."));
        found.at(&path, key.clone(), words);
    }
}

/// Whatever people read of a document is there in both languages.
pub(super) fn languages(content: &Content, found: &mut Found) {
    for document in content.documents {
        let path = file(document);
        both(&document.name, &path, "name", found);
        both(&document.about, &path, "about", found);
        for chapter in &document.chapters {
            both(&chapter.name, &path, &format!("chapters.{}", chapter.id), found);
        }
        for clause in document.clauses() {
            let key = format!("clauses.{}", clause.id);
            both(&clause.name, &path, &key, found);
            both(&clause.words, &path, &key, found);
            for question in &clause.questions {
                let texts =
                    question.help.iter().chain(&question.unit).chain(question.choices.iter().map(|c| &c.name)).chain([&question.name]);
                texts.for_each(|text| both(text, &path, &format!("{key}.{}", question.id), found));
            }
            for shown in &clause.shows {
                both(shown.name(), &path, &format!("{key}.shows"), found);
                if let Shown::Matrix { rows, columns, marks, .. } = shown {
                    let texts = rows.iter().map(|r| &r.name).chain(columns.iter().chain(marks).map(|c| &c.name));
                    texts.for_each(|text| both(text, &path, &format!("{key}.shows"), found));
                }
            }
        }
    }
}
