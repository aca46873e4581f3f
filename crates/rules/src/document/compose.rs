//! Composes the paper of a document in one language from its type, what is kept of its clauses, and dated facts. Whatever is open stands in it as open.

use std::collections::BTreeMap;

use super::clause::{Kept, open};
use super::facts::{Facts, all_said, moment};
use super::paper::{Block, Paper, Section, Table};
use super::{Clause, Document, Only, Row, Shown};
use crate::register::{Choice, Entry, Register};
use crate::text::{Lang, Text, text, worded};

/// What a paper is made of.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    pub document: &'a Document,
    /// Every register of the catalogue.
    pub registers: &'a [Register],
    /// By clause; one that is missing has its usual wording and no answer.
    pub kept: &'a BTreeMap<String, Kept>,
    pub facts: &'a Facts,
}

/// The paper without its head: what it says of version, approval and digest follows from what becomes of it.
pub fn compose(made: &Made, lang: Lang) -> Paper {
    let document = made.document;
    let chapters = document.chapters.iter().map(|chapter| Section {
        anchor: chapter.id.clone(),
        heading: chapter.name.get(lang).to_owned(),
        serves: vec![],
        blocks: vec![],
        sections: chapter.clauses.iter().map(|clause| section(made, &chapter.id, clause, lang)).collect(),
    });
    Paper {
        lang,
        title: document.name.get(lang).to_owned(),
        by: made.facts.organisation.clone(),
        about: vec![],
        footer: String::new(),
        chapters: chapters.collect(),
    }
}

fn section(made: &Made, chapter: &str, clause: &Clause, lang: Lang) -> Section {
    let none = Kept::default();
    let kept = made.kept.get(&clause.id).unwrap_or(&none);
    let blocks = if kept.left_out.is_empty() {
        let mut blocks = words(made, clause, kept, lang);
        for shown in &clause.shows {
            blocks.extend(shows(made, kept, shown, lang));
        }
        blocks
    } else {
        let told =
            worded(format!("この条項は定めません。理由：{}", kept.left_out), format!("This clause is left out. Reason: {}", kept.left_out));
        vec![Block::Paragraph { words: told.get(lang).to_owned() }]
    };
    Section {
        anchor: format!("{chapter}-{}", clause.id),
        heading: clause.name.get(lang).to_owned(),
        serves: clause.serves.iter().map(|served| String::from(*served)).collect(),
        blocks,
        sections: vec![],
    }
}

/// The wording with its answers, then the answers that it does not take in, then what is open.
fn words(made: &Made, clause: &Clause, kept: &Kept, lang: Lang) -> Vec<Block> {
    let own = match lang {
        Lang::En if !kept.en.is_empty() => Some(kept.en.as_str()),
        _ if !kept.ja.is_empty() => Some(kept.ja.as_str()),
        _ => None,
    };
    let wording = own.unwrap_or_else(|| clause.words.get(lang));
    let answer = |id: &str| -> Option<String> {
        let question = clause.questions.iter().find(|q| q.id == id)?;
        let answer = all_said(question, kept.answers.get(id)?, &made.facts.names, lang);
        Some(answer).filter(|answer| !answer.is_empty())
    };
    let mut filled = String::with_capacity(wording.len());
    let mut rest = wording;
    // An answer is put in as it is: braces in it are words, not questions.
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        rest = match after.split_once('}').filter(|(name, _)| clause.questions.iter().any(|q| q.id == *name)) {
            Some((name, after)) => {
                let question = clause.questions.iter().find(|q| q.id == name).map_or("", |q| q.name.get(lang));
                let blank = match lang {
                    Lang::Ja => format!("【未記入：{question}】"),
                    Lang::En => format!("[open: {question}]"),
                };
                filled.push_str(&answer(name).unwrap_or(blank));
                after
            }
            None => {
                filled.push('{');
                after
            }
        };
    }
    filled.push_str(rest);
    let mut blocks = paragraphs(&filled);
    let asked: Vec<&str> = super::placeholders(wording).collect();
    let alone: Vec<Vec<String>> = clause
        .questions
        .iter()
        .filter(|q| !asked.contains(&q.id.as_str()))
        .filter_map(|q| Some(vec![q.name.get(lang).to_owned(), answer(&q.id)?]))
        .collect();
    if !alone.is_empty() {
        let headings = [text("事項", "Matter"), text("内容", "Content")].map(|t| t.get(lang).to_owned()).to_vec();
        blocks.push(Block::Table(Table { name: clause.name.get(lang).to_owned(), headings, rows: alone, as_of: None }));
    }
    for question in open(clause, kept) {
        let told = worded(format!("「{}」が記入されていません。", question.name.ja), format!("{} is not answered.", question.name.en));
        blocks.push(say_open(&told, lang));
    }
    blocks
}

/// Paragraphs are apart by an empty line; lines that begin with `- ` or `1. ` are a list.
fn paragraphs(words: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = vec![];
    for paragraph in words.split("\n\n").map(str::trim).filter(|p| !p.is_empty()) {
        let lines: Vec<&str> = paragraph.lines().map(str::trim).collect();
        let dashed: Option<Vec<String>> = lines.iter().map(|l| l.strip_prefix("- ").or(l.strip_prefix("・")).map(str::to_owned)).collect();
        let numbered: Option<Vec<String>> = lines.iter().map(|l| numbered(l).map(str::to_owned)).collect();
        blocks.push(match (dashed, numbered) {
            (Some(items), _) => Block::List { numbered: false, items },
            (_, Some(items)) => Block::List { numbered: true, items },
            (None, None) => Block::Paragraph { words: lines.join("\n") },
        });
    }
    blocks
}

fn numbered(line: &str) -> Option<&str> {
    let (digits, rest) = line.split_once(". ")?;
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some(rest)
}

fn say_open(told: &Text, lang: Lang) -> Block {
    Block::Open { words: told.get(lang).to_owned() }
}

fn shows(made: &Made, kept: &Kept, shown: &Shown, lang: Lang) -> Vec<Block> {
    let name = shown.name().get(lang).to_owned();
    let register = |id: &str| made.registers.iter().find(|r| r.id == id);
    match shown {
        Shown::Table { register: id, columns, states, only, .. } => match register(id) {
            Some(of) => table(made, name, of, columns, states, only.as_ref(), lang),
            None => vec![],
        },
        Shown::Count { register: id, .. } => register(id).map(|of| Block::Table(count(made, name, of, lang))).into_iter().collect(),
        Shown::Entry { fields, .. } => vec![entry(made, name, fields, lang)],
        Shown::Matrix { rows, columns, marks, .. } => vec![Block::Table(matrix(kept, name, rows, columns, marks, lang))],
        Shown::Items { .. } => items(made, name, lang),
        Shown::Picture { picture, .. } => {
            let drawn = made.facts.pictures.iter().find(|(what, _)| what == picture).map(|(_, drawn)| match lang {
                Lang::Ja => drawn[0].clone(),
                Lang::En => drawn[1].clone(),
            });
            let missing = || {
                let told = worded(
                    format!("図「{}」はまだ描かれていません。", shown.name().ja),
                    format!("The drawing \"{}\" is not drawn yet.", shown.name().en),
                );
                say_open(&told, lang)
            };
            vec![drawn.unwrap_or_else(missing)]
        }
        Shown::Measured { id, .. } => vec![match made.facts.measured.get(id) {
            Some(result) => {
                let headings =
                    [text("測定", "Measured"), text("結果", "Result"), text("日時", "When")].map(|t| t.get(lang).to_owned()).to_vec();
                let rows = vec![vec![name.clone(), result.words.get(lang).to_owned(), moment(result.at)]];
                Block::Table(Table { name, headings, rows, as_of: Some(made.facts.at) })
            }
            None => {
                let told = worded(
                    format!("「{}」の測定結果はまだ記録されていません。", shown.name().ja),
                    format!("No result of \"{}\" is recorded yet.", shown.name().en),
                );
                say_open(&told, lang)
            }
        }],
    }
}

fn cell(made: &Made, of: &Register, entry: &Entry, column: &str, lang: Lang) -> String {
    let field = of.field(column);
    let kept = entry.fields.get(column).map_or(&[][..], Vec::as_slice);
    field.map_or_else(String::new, |field| all_said(field, kept, &made.facts.names, lang))
}

fn heading(of: &Register, column: &str, lang: Lang) -> String {
    of.field(column).map_or_else(|| column.to_owned(), |f| f.name.get(lang).to_owned())
}

fn table(made: &Made, name: String, of: &Register, columns: &[String], states: &[String], only: Option<&Only>, lang: Lang) -> Vec<Block> {
    let wanted = |entry: &&Entry| {
        let state = match states {
            [] => of.state(&entry.state).is_some_and(|s| s.open),
            states => states.contains(&entry.state),
        };
        // A yes or no is kept with its reason behind it.
        let is = |kept: &String, wanted: &str| kept == wanted || kept.split_once(": ").is_some_and(|(answer, _)| answer == wanted);
        state && only.is_none_or(|only| entry.fields.get(&only.field).is_some_and(|kept| kept.iter().any(|k| is(k, &only.is))))
    };
    let found = made.facts.registers.get(&of.id);
    let entries: Vec<&Entry> = found.iter().flat_map(|kept| &kept.entries).filter(wanted).collect();
    if entries.is_empty() {
        let told = worded(
            format!("「{}」に該当する記録がありません（管理簿：{}）。", name, of.name.ja),
            format!("There is no entry for \"{name}\" (register: {}).", of.name.en),
        );
        return vec![say_open(&told, lang)];
    }
    let mut rows: Vec<Vec<String>> =
        entries.iter().map(|entry| columns.iter().map(|column| cell(made, of, entry, column, lang)).collect()).collect();
    rows.sort();
    let headings = columns.iter().map(|column| heading(of, column, lang)).collect();
    let mut blocks = vec![Block::Table(Table { name, headings, rows, as_of: Some(made.facts.at) })];
    let (read, all) = found.map_or((0, 0), |kept| (kept.entries.len() as u64, kept.counts.values().sum::<u64>()));
    if read < all {
        let told = worded(
            format!("管理簿には{all}件の記録があります。新しい{read}件から作成しました。"),
            format!("The register has {all} entries; this was made from the newest {read}."),
        );
        blocks.push(say_open(&told, lang));
    }
    blocks
}

fn count(made: &Made, name: String, of: &Register, lang: Lang) -> Table {
    let none = super::facts::Kept::default();
    let kept = made.facts.registers.get(&of.id).unwrap_or(&none);
    let mut rows: Vec<Vec<String>> = of
        .states
        .iter()
        .map(|state| vec![state.name.get(lang).to_owned(), kept.counts.get(&state.id).copied().unwrap_or(0).to_string()])
        .collect();
    let never = text("記録なし", "none");
    rows.push(vec![
        text("最新の記録", "Newest entry").get(lang).to_owned(),
        kept.newest.map_or_else(|| never.get(lang).to_owned(), moment),
    ]);
    let headings = [text("状態", "State"), text("件数", "Entries")].map(|t| t.get(lang).to_owned()).to_vec();
    Table { name, headings, rows, as_of: Some(made.facts.at) }
}

fn entry(made: &Made, name: String, fields: &[String], lang: Lang) -> Block {
    let of = made.document.per_entry.as_deref().and_then(|id| made.registers.iter().find(|r| r.id == id));
    let (Some(of), Some(entry)) = (of, &made.facts.entry) else {
        let told = text("対象の記録が選ばれていません。", "No entry is chosen.");
        return say_open(&told, lang);
    };
    let open = text("（記入なし）", "(not filled in)");
    let said = |id: &String| match cell(made, of, entry, id, lang) {
        empty if empty.is_empty() => open.get(lang).to_owned(),
        filled => filled,
    };
    let rows = fields.iter().map(|id| vec![heading(of, id, lang), said(id)]).collect();
    let headings = [text("事項", "Matter"), text("内容", "Content")].map(|t| t.get(lang).to_owned()).to_vec();
    Block::Table(Table { name, headings, rows, as_of: Some(made.facts.at) })
}

fn matrix(kept: &Kept, name: String, rows: &[Row], columns: &[Choice], marks: &[Choice], lang: Lang) -> Table {
    let mark = |id: &str| marks.iter().find(|m| m.id == id).map_or_else(String::new, |m| m.name.get(lang).to_owned());
    let row = |row: &Row| {
        let said = columns.iter().zip(&row.usual).map(|(column, usual)| {
            let own = kept.marks.get(&format!("{}.{}", row.id, column.id));
            mark(own.unwrap_or(usual))
        });
        std::iter::once(row.name.get(lang).to_owned()).chain(said).collect()
    };
    let first = text("事項", "Matter").get(lang).to_owned();
    let headings = std::iter::once(first).chain(columns.iter().map(|c| c.name.get(lang).to_owned())).collect();
    Table { name, headings, rows: rows.iter().map(row).collect(), as_of: None }
}

fn items(made: &Made, name: String, lang: Lang) -> Vec<Block> {
    let Some(all) = &made.facts.items else {
        let told = text(
            "回答の元になる案件が選ばれていません。提出するときに案件を選んでください。",
            "No case is chosen for the answers. Choose one when you propose the version.",
        );
        return vec![say_open(&told, lang)];
    };
    let open = all.iter().filter(|item| item.words.trim().is_empty()).count();
    let blank = text("【未回答】", "[open]");
    let rows = all
        .iter()
        .map(|item| {
            let words = if item.words.trim().is_empty() { blank.get(lang) } else { &item.words };
            vec![item.no.to_string(), item.title.get(lang).to_owned(), words.to_owned()]
        })
        .collect();
    let headings =
        [text("項目", "Item"), text("項目名", "Title"), text("開示内容", "What is disclosed")].map(|t| t.get(lang).to_owned()).to_vec();
    let mut blocks = vec![Block::Table(Table { name, headings, rows, as_of: Some(made.facts.at) })];
    if open > 0 {
        let told = worded(format!("未回答の項目が{open}件あります。"), format!("{open} items are not answered."));
        blocks.push(say_open(&told, lang));
    }
    blocks
}

/// What stands under the title, and in the footer, of a version. `people` are names by id.
pub fn dress(mut paper: Paper, version: &super::Standing, people: &BTreeMap<String, String>) -> Paper {
    let lang = paper.lang;
    let who = |id: &str| people.get(id).cloned().unwrap_or_else(|| id.to_owned());
    let row = |name: Text, value: String| (name.get(lang).to_owned(), value);
    let number = match lang {
        Lang::Ja => format!("第{}版", version.number),
        Lang::En => format!("version {}", version.number),
    };
    paper.about = vec![
        row(text("版", "Version"), version.number.to_string()),
        row(text("区分", "Label"), version.label.name().get(lang).to_owned()),
        row(text("作成日時", "Made"), moment(version.at)),
        row(text("作成者", "Made by"), who(&version.by.to_string())),
    ];
    match (&version.approval, &version.withdrawal) {
        (_, Some(gone)) => paper.about.push(row(text("取下げ", "Withdrawn"), format!("{} {}", moment(gone.at), gone.reason))),
        (None, None) => paper.about.push(row(text("承認", "Approval"), text("承認待ち", "Not approved yet").get(lang).to_owned())),
        (Some(approval), None) => {
            paper.about.push(row(text("承認者", "Approved by"), who(&approval.by.to_string())));
            paper.about.push(row(text("承認日時", "Approved"), moment(approval.at)));
            paper.about.push(row(text("施行日", "In force from"), approval.from.to_string()));
            if let Some(until) = approval.until {
                paper.about.push(row(text("有効期限", "In force until"), until.to_string()));
            }
        }
    }
    paper.footer = format!("{number} / SHA-256 {}", version.digest);
    paper
}
