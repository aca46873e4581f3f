//! What an organisation keeps of a clause: own wording, answers, marks, or why it is left out. Two people never overwrite each other.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Clause, Document, Shown, placeholders};
use crate::id::{self, Id, Pos};
use crate::party::line;
use crate::refusal::{Refusal, Why};
use crate::register::{Facts, Field, Register, Value, Written, check, faulty};
use crate::text::{text, worded};

/// The longest own wording of a clause, in characters.
const LONGEST: usize = 20_000;
/// The longest reason why a clause is left out, in characters.
const REASON: usize = 500;

/// What is kept of one clause. Everything empty is the usual wording without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Kept {
    /// Instead of the usual wording, in Japanese; empty where that stands.
    pub ja: String,
    /// The same in English; where it is empty an English paper has the Japanese.
    pub en: String,
    /// By question, in the kept spelling.
    pub answers: Written,
    /// By `row.column`, where a mark is not the usual one.
    pub marks: BTreeMap<String, String>,
    /// Why the clause is left out; empty where it stands.
    pub left_out: String,
}

/// One version of what is kept of a clause. Nothing is written over: the newest counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClauseVersion {
    pub organisation: Id<id::Organisation>,
    pub document: String,
    pub clause: String,
    /// From 1.
    pub version: u32,
    #[serde(flatten)]
    pub kept: Kept,
    pub by: Id<id::Person>,
    pub at: Timestamp,
}

/// The questions of a clause as the fields of a register: read and checked by the same rules, but none has to be answered to save.
pub fn form(document: &Document, clause: &Clause) -> Register {
    Register {
        id: format!("{}.{}", document.id, clause.id),
        name: clause.name.clone(),
        about: clause.words.clone(),
        title: vec![],
        responsible: None,
        label: document.label,
        kept_months: 0,
        review_months: None,
        items: clause.serves.clone(),
        states: vec![],
        moves: vec![],
        // An open answer stands in the paper as open.
        fields: clause.questions.iter().map(|q| Field { required: false, ..q.clone() }).collect(),
        checks: vec![],
        example: BTreeMap::new(),
    }
}

/// Who writes, when, and what is known of the world.
#[derive(Debug, Clone)]
pub struct Writing<'a> {
    pub organisation: Id<id::Organisation>,
    pub by: Id<id::Person>,
    pub at: Timestamp,
    pub facts: &'a Facts,
}

/// Another version of what is kept of a clause; nothing where it says what stands.
///
/// # Errors
/// Every fault of every answer; words that are too long or take in what is no question; a conflict with a version after `base`.
pub fn save(
    document: &Document,
    clause: &Clause,
    standing: Option<(&ClauseVersion, Pos)>,
    base: Pos,
    wanted: &Kept,
    writing: &Writing,
) -> Result<Option<ClauseVersion>, Refusal> {
    if standing.map_or(Pos::NEVER, |(_, pos)| pos) != base {
        return Err(Refusal::new(
            Why::Conflict,
            text(
                "この条項は、開いた後に別の人が変更しました。両方の内容を見比べて、もう一度保存してください。",
                "Somebody else changed this clause after you opened it. Compare both versions and save again.",
            ),
        ));
    }
    let kept = Kept {
        ja: wording("ja", clause, &wanted.ja)?,
        en: wording("en", clause, &wanted.en)?,
        answers: answers(document, clause, &wanted.answers, writing.facts)?,
        marks: marks(clause, &wanted.marks)?,
        left_out: if wanted.left_out.trim().is_empty() { String::new() } else { line("left_out", &wanted.left_out, REASON)? },
    };
    if kept.ja.is_empty() && !kept.en.is_empty() {
        let words = text("日本語の文言も書いてください。", "Write the wording in Japanese too.");
        return Err(Refusal::invalid("ja", words));
    }
    if standing.map_or(kept == Kept::default(), |(now, _)| now.kept == kept) {
        return Ok(None);
    }
    let (organisation, by, at) = (writing.organisation, writing.by, writing.at);
    let version = standing.map_or(1, |(now, _)| now.version + 1);
    Ok(Some(ClauseVersion { organisation, document: document.id.clone(), clause: clause.id.clone(), version, kept, by, at }))
}

/// Own words with what they take in: only questions of the clause.
fn wording(field: &'static str, clause: &Clause, words: &str) -> Result<String, Refusal> {
    let words = words.replace("\r\n", "\n").trim().to_owned();
    let count = words.chars().count();
    if count > LONGEST {
        let told = worded(
            format!("{LONGEST}文字以内で書いてください（今は{count}文字）。"),
            format!("Write at most {LONGEST} characters; there are {count}."),
        );
        return Err(Refusal::invalid(field, told));
    }
    if words.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Refusal::invalid(field, text("制御文字は使えません。", "It holds control characters; take them out.")));
    }
    if let Some(name) = placeholders(&words).find(|name| clause.questions.iter().all(|q| q.id != **name)) {
        let told =
            worded(format!("「{{{name}}}」という質問はこの条項にありません。"), format!("This clause has no question for {{{name}}}."));
        return Err(Refusal::invalid(field, told));
    }
    Ok(words)
}

fn answers(document: &Document, clause: &Clause, written: &Written, facts: &Facts) -> Result<Written, Refusal> {
    let (values, mut faults) = check(&form(document, clause), written, facts);
    faults.retain(|fault| fault.refuses);
    if !faults.is_empty() {
        return Err(faulty(faults, None));
    }
    Ok(values.iter().map(|(id, values)| (id.clone(), values.iter().map(Value::to_string).collect())).collect())
}

/// The marks that are not usual.
fn marks(clause: &Clause, wanted: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut usual = BTreeMap::new();
    for shown in &clause.shows {
        let Shown::Matrix { rows, columns, marks, .. } = shown else { continue };
        for row in rows {
            for (column, mark) in columns.iter().zip(&row.usual) {
                usual.insert(format!("{}.{}", row.id, column.id), (mark, marks));
            }
        }
    }
    let mut out = BTreeMap::new();
    for (cell, mark) in wanted.iter().filter(|(_, mark)| !mark.is_empty()) {
        let known = usual.get(cell).filter(|(_, marks)| marks.iter().any(|m| m.id == *mark));
        let Some((usual, _)) = known else {
            let told = worded(format!("「{cell}」に「{mark}」は付けられません。"), format!("{cell} cannot be marked {mark}."));
            return Err(Refusal::invalid("marks", told));
        };
        if **usual != *mark {
            out.insert(cell.clone(), mark.clone());
        }
    }
    Ok(out)
}

/// The questions that have to be answered and are not; none where the clause is left out.
pub fn open<'a>(clause: &'a Clause, kept: &'a Kept) -> impl Iterator<Item = &'a Field> {
    let answered = |id: &str| kept.answers.get(id).is_some_and(|values| values.iter().any(|v| !v.trim().is_empty()));
    clause.questions.iter().filter(move |q| kept.left_out.is_empty() && q.required && !answered(&q.id))
}
