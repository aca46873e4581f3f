//! Checks on single items: number, file, points, layers of text, links, words, title.

use std::collections::BTreeSet;

use super::{Content, Found};
use crate::catalog::vocabulary::{CYCLES, KINDS, PATHS, Path, Word, word};
use crate::id::ItemNo;
use crate::sheet::{Damage, Item};
use crate::text::{Text, text, worded};

/// Longest titles, in characters; a list shows them on one line.
const TITLE_JA: usize = 28;
const TITLE_EN: usize = 70;

pub(super) fn numbers(content: &Content, found: &mut Found) {
    for at in &content.sheets {
        let mut last = ItemNo(0);
        for (item, file) in at.items() {
            let no = item.no;
            if no.0 == 0 {
                found.at(&file, "no", text("項目番号は1以上にしてください。", "Item numbers start at 1."));
            } else if no == last {
                let message = worded(
                    format!("項目番号{no}が重複しています。番号を変えてください。"),
                    format!("Item number {no} is there twice. Change one of them."),
                );
                found.at(&file, "no", message);
            } else if no < last {
                let message = worded(
                    format!("項目番号{no}が{last}の後にあります。昇順に並べてください。"),
                    format!("Item number {no} comes after {last}. Put them in rising order."),
                );
                found.at(&file, "no", message);
            }
            last = no;
        }
    }
}

pub(super) fn file_names(content: &Content, found: &mut Found) {
    for at in content.sheets.iter().filter(|at| at.origin.is_some()) {
        for (item, file) in at.items() {
            let wanted = format!("{:03}.toml", item.no.0);
            if file.rsplit('/').next() != Some(&wanted) {
                let message = worded(
                    format!("項目{}のファイル名は {wanted} にしてください。", item.no),
                    format!("Name the file of item {} {wanted}.", item.no),
                );
                found.at(&file, "no", message);
            }
        }
    }
}

pub(super) fn points(content: &Content, found: &mut Found) {
    for at in &content.sheets {
        for (item, file) in at.items() {
            let misnumbered = item.points.iter().zip(1..).find(|(point, n)| point.n.0 != *n);
            if let Some((point, n)) = misnumbered {
                let message = worded(
                    format!("小項目({})は({n})であるべきです。1から順に番号を付けてください。", point.n.0),
                    format!("Point ({}) should be ({n}). Number points from 1.", point.n.0),
                );
                found.at(&file, "points", message);
            } else if !rebuilds(item) {
                let message = text(
                    "前文と小項目をつなぐと本文になりません。修正案があれば修正案、なければ書き起こしに合わせてください。",
                    "Lead and points do not make up the text. Match them to the proposed text, or to the transcribed one where none is proposed.",
                );
                found.at(&file, "points", message);
            }
        }
    }
}

/// Lead, then `(1)` and its point, and so on, make up the text that is read; spaces at the seams do not count.
fn rebuilds(item: &Item) -> bool {
    fn cut<'a>(rest: &'a str, part: &str) -> Option<&'a str> {
        rest.trim_start().strip_prefix(part.trim())
    }
    let all = item.points.iter().try_fold(cut(item.best_text().0, &item.lead), |rest, point| {
        let rest = rest?;
        let marked = cut(rest, &format!("({})", point.n.0)).or_else(|| cut(rest, &format!("（{}）", point.n.0)))?;
        Some(cut(marked, &point.text))
    });
    all.flatten().is_some_and(|rest| rest.trim().is_empty())
}

pub(super) fn layers(content: &Content, found: &mut Found) {
    for at in &content.sheets {
        for (item, file) in at.items() {
            let layers = &item.text;
            if layers.transcribed.trim().is_empty() {
                found.at(
                    &file,
                    "text.transcribed",
                    text(
                        "対策項目の本文がありません。シートのとおりに入力してください。",
                        "The requirement has no text. Enter it as on the sheet.",
                    ),
                );
            }
            if layers.proposed.as_deref().is_some_and(|p| p.trim().is_empty() || p == layers.transcribed) {
                found.at(
                    &file,
                    "text.proposed",
                    text(
                        "修正案が空か、書き起こしと同じです。修正がなければ行を消してください。",
                        "The proposal is empty or equal to the transcription. Leave it out if nothing is corrected.",
                    ),
                );
            }
            if layers.damage == Damage::None && layers.proposed.is_some() {
                found.at(
                    &file,
                    "text.damage",
                    text(
                        "修正案がありますが、損傷なしとなっています。minor、meaning、lost のいずれかを選んでください。",
                        "There is a proposal and no damage. Choose minor, meaning or lost.",
                    ),
                );
            }
            note_fits(layers.damage, layers.note.as_ref(), &file, "text.note", found);
            note_fits(item.evidence.damage, item.evidence.note.as_ref(), &file, "evidence.note", found);
            for suspect in &layers.suspects {
                if suspect.transcribed.is_empty() || !item.best_text().0.contains(&suspect.transcribed) {
                    let message = worded(
                        format!("疑問箇所「{}」が本文にありません。本文の語句をそのまま入力してください。", suspect.transcribed),
                        format!("The suspect words 「{}」 are not in the text. Quote the text exactly.", suspect.transcribed),
                    );
                    found.at(&file, "text.suspects", message);
                }
            }
        }
    }
}

fn note_fits(damage: Damage, note: Option<&Text>, file: &str, key: &str, found: &mut Found) {
    match (damage, note) {
        (Damage::None, Some(_)) => {
            found.at(
                file,
                key,
                text(
                    "注記がありますが、損傷なしとなっています。程度を選ぶか、注記を消してください。",
                    "There is a note and no damage. Choose how bad it is, or remove the note.",
                ),
            );
        }
        (Damage::Minor | Damage::Meaning | Damage::Lost, None) => {
            found.at(
                file,
                key,
                text(
                    "損傷がありますが、注記がありません。何がどう変わったかを書いてください。",
                    "There is damage and no note. Say what is wrong or was changed.",
                ),
            );
        }
        _ => {}
    }
}

pub(super) fn links(content: &Content, found: &mut Found) {
    let terms = Path::ALL.map(|path| (path, content.vocabulary.terms(path).iter().map(|t| t.id.as_str()).collect::<BTreeSet<_>>()));
    let names: BTreeSet<&str> = content.evidence_names.iter().map(|e| &*e.name.ja).collect();
    for at in &content.sheets {
        for (item, file) in at.items() {
            for no in &item.related {
                if *no == item.no || !at.knows(*no) {
                    let message = worded(
                        format!("関連項目{no}は、このシートにないか、自分自身です。"),
                        format!("Related item {no} is not on this sheet, or is the item itself."),
                    );
                    found.at(&file, "related", message);
                }
            }
            for (path, known) in &terms {
                let links = linked(item, *path);
                for id in links.iter().filter(|id| !known.contains(id.as_str())) {
                    let key = path.key();
                    let message = worded(
                        format!("「{id}」は vocabulary/{key}.toml にありません。"),
                        format!("`{id}` is not in vocabulary/{key}.toml."),
                    );
                    found.at(&file, key, message);
                }
                if item.primary == path.letter() && links.is_empty() {
                    let message = worded(
                        format!("判定経路が {} ですが、{} が空です。", item.primary, path.key()),
                        format!("The primary path is {}, and {} is empty.", item.primary, path.key()),
                    );
                    found.at(&file, "primary", message);
                }
            }
            for name in item.evidence.names.iter().filter(|n| !names.contains(n.as_str())) {
                let message = worded(
                    format!("証跡名「{name}」は evidence-names.toml にありません。"),
                    format!("The evidence name 「{name}」 is not in evidence-names.toml."),
                );
                found.at(&file, "evidence.names", message);
            }
        }
    }
}

fn linked(item: &Item, path: Path) -> &[String] {
    match path {
        Path::Mechanism => &item.mechanisms,
        Path::Probe => &item.probes,
        Path::Register => &item.registers,
        Path::Document => &item.documents,
    }
}

pub(super) fn closed_words(content: &Content, found: &mut Found) {
    for at in &content.sheets {
        for (item, file) in at.items() {
            for kind in &item.kind {
                known_word(KINDS, kind, &file, "kind", found);
            }
            // Both may be unsaid on a sheet that was typed in or imported.
            if !item.primary.is_empty() {
                known_word(PATHS, &item.primary, &file, "primary", found);
            }
            if !item.review_cycle.is_empty() {
                known_word(CYCLES, &item.review_cycle, &file, "review_cycle", found);
            }
        }
    }
}

fn known_word(list: &'static [Word], code: &str, file: &str, key: &str, found: &mut Found) {
    if word(list, code).is_none() {
        let known = list.iter().map(|(code, _)| *code).collect::<Vec<_>>().join(", ");
        found.at(file, key, worded(format!("「{code}」は使えません。使える語：{known}"), format!("`{code}` is not known. Known: {known}")));
    }
}

pub(super) fn titles(content: &Content, found: &mut Found) {
    for at in &content.sheets {
        for (item, file) in at.items() {
            for (key, title, limit) in [("title.ja", &item.title.ja, TITLE_JA), ("title.en", &item.title.en, TITLE_EN)] {
                let length = title.chars().count();
                if length > limit {
                    let message = worded(
                        format!("項目名が{length}文字あります。{limit}文字以内にしてください。"),
                        format!("The title has {length} characters. At most {limit} fit."),
                    );
                    found.at(&file, key, message);
                }
            }
        }
    }
}
