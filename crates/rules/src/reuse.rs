//! Reusing words that stand: from an earlier case, a related item, the product's profile, or a filled Excel.

use std::collections::{BTreeMap, BTreeSet};

use crate::act::Act;
use crate::answer::{Content, Origin, give, writable};
use crate::case::{Case, CaseFacts};
use crate::change::Change;
use crate::command::{ImportedAnswer, ImportedVerdict, Kind};
use crate::evidence::{Claim, ClaimContent};
use crate::id::{ItemNo, PointNo, Pos};
use crate::item::ItemFacts;
use crate::party::Product;
use crate::refusal::{Refusal, Why};
use crate::sheet::{Item, Sheet};
use crate::text::{text, worded};
use crate::verdict;

fn facts_of(items: &[ItemFacts], no: ItemNo) -> ItemFacts {
    items.binary_search_by_key(&no, |i| i.no).map_or_else(|_| ItemFacts::untouched(no), |at| items[at].clone())
}

/// What copying leaves alone: 備考 that stand on an item without an answer.
fn keep_remarks(target: &ItemFacts, mut content: Content) -> Content {
    if let Some(own) = target.answer.as_ref().filter(|a| !a.content.remarks.is_empty()) {
        content.remarks.clone_from(&own.content.remarks);
    }
    content
}

/// Claims of one item made again on another, without those it has already.
fn copied_claims(case: &CaseFacts, item: &Item, target: &ItemFacts, source: &ItemFacts, keep_points: bool, act: &mut Act) -> Vec<Change> {
    let Some(by) = act.actor.person else { return vec![] };
    let mut changes = vec![];
    for claim in &source.claims {
        let point = if keep_points && item.has_point(claim.point) { claim.point } else { PointNo::WHOLE };
        let same = |c: &Claim| (c.point, c.evidence, c.written()) == (point, claim.evidence, claim.written());
        if !target.claims.iter().any(same) {
            let claim = Claim { id: act.fresh(), point, by, at: act.at, pos: Pos::NEVER, ..claim.clone() };
            changes.push(Change::ClaimMade { case: case.case.id, item: item.no, claim });
        }
    }
    changes
}

/// Copies answers of another case of the same provider and sheet, with their claims, into items that have none; each
/// stays marked as copied until somebody confirms it. Evaluator's words are never copied, and no answer is replaced.
///
/// # Errors
/// There is nothing to copy.
pub fn copy(
    case: &CaseFacts,
    sheet: &Sheet,
    here: &[ItemFacts],
    from: &Case,
    there: &[ItemFacts],
    only: Option<&[ItemNo]>,
    act: &mut Act,
) -> Result<Vec<Change>, Refusal> {
    let mut changes = vec![];
    for source in there {
        let Some(item) = sheet.item(source.no) else { continue };
        let target = facts_of(here, source.no);
        let wanted = only.is_none_or(|only| only.contains(&source.no)) && writable(case, item.no).is_ok();
        if let (true, false, Some(answer)) = (wanted, target.is_answered(), &source.answer)
            && !answer.content.is_empty()
        {
            let base = target.answer.as_ref().map_or(Pos::NEVER, |a| a.pos);
            let origin = Origin::Copied { case: from.id, item: source.no };
            let points = answer.content.points.iter().filter(|(n, _)| item.has_point(**n)).map(|(n, t)| (*n, t.clone())).collect();
            let content = keep_remarks(&target, Content { points, ..answer.content.clone() });
            changes.extend(give(case, item, &target, act, base, content, origin)?);
            changes.extend(copied_claims(case, item, &target, source, true, act));
        }
    }
    if changes.is_empty() {
        return Err(Refusal::state(text(
            "転記できる回答がありませんでした。回答済みの項目は上書きしません。",
            "Nothing to copy: items that have an answer are not overwritten.",
        )));
    }
    Ok(changes)
}

/// Copies the answer and claims of another item of the same case, sub-points as one text: the other item has its own.
pub fn copy_item(case: &CaseFacts, sheet: &Sheet, target: &ItemFacts, source: &ItemFacts, act: &mut Act) -> Result<Vec<Change>, Refusal> {
    let (Some(item), Some(answer)) = (sheet.item(target.no), source.answer.as_ref().filter(|a| !a.content.is_empty())) else {
        return Err(Refusal::state(text("転記元の項目に回答がありません。", "The other item has no answer.")));
    };
    if target.is_answered() {
        return Err(Refusal::state(text(
            "この項目にはすでに回答があるため、上書きしません。",
            "This item has an answer already; it is not overwritten.",
        )));
    }
    let base = target.answer.as_ref().map_or(Pos::NEVER, |a| a.pos);
    let words = Content { out_of_scope: None, ..answer.content.clone() };
    let content = keep_remarks(target, Content { points: Default::default(), text: joined(&words), ..answer.content.clone() });
    let mut changes = give(case, item, target, act, base, content, Origin::Copied { case: case.case.id, item: source.no })?;
    changes.extend(copied_claims(case, item, target, source, false, act));
    Ok(changes)
}

/// The mark before the reason in a cell that says 対象外.
const OUT_OF_SCOPE: &str = "【対象外】";

/// The whole answer as one text, sub-points numbered as the sheet numbers them.
pub fn joined(content: &Content) -> String {
    let mut parts: Vec<String> = vec![];
    if let Some(reason) = &content.out_of_scope {
        parts.push(format!("{OUT_OF_SCOPE}{reason}"));
    }
    if !content.text.is_empty() {
        parts.push(content.text.clone());
    }
    parts.extend(content.points.iter().filter(|(_, t)| !t.is_empty()).map(|(n, t)| format!("({}) {t}", n.0)));
    parts.join("\n")
}

/// Takes apart what [`joined`] writes: the reason of 対象外, and sub-points where a line begins with the number of one.
/// Words that would not be written back the same way stay one text.
pub fn read_joined(item: &Item, written: &str) -> Content {
    let written = written.replace("\r\n", "\n");
    let (out, words) = match written.strip_prefix(OUT_OF_SCOPE) {
        Some(words) => (true, words),
        None => (false, written.as_str()),
    };
    let whole = |words: String, points| match out {
        true => Content { out_of_scope: Some(words), points, ..Content::default() },
        false => Content { text: words, points, ..Content::default() },
    };
    let mut head = String::new();
    let mut points: BTreeMap<PointNo, String> = BTreeMap::new();
    for (n, line) in words.split('\n').enumerate() {
        let last = points.keys().next_back().copied().unwrap_or(PointNo::WHOLE);
        match numbered(line).filter(|(point, _)| *point > last && item.has_point(*point)) {
            Some((point, rest)) => drop(points.insert(point, rest.to_owned())),
            None => {
                let part = points.get_mut(&last).unwrap_or(&mut head);
                if n > 0 {
                    part.push('\n');
                }
                part.push_str(line);
            }
        }
    }
    let apart = whole(head, points);
    if joined(&apart) == written { apart } else { whole(words.to_owned(), BTreeMap::new()) }
}

/// A line that begins as `(2) ` does.
fn numbered(line: &str) -> Option<(PointNo, &str)> {
    let (number, rest) = line.strip_prefix('(')?.split_once(") ")?;
    let point: u16 = number.parse().ok()?;
    (point.to_string() == number).then_some((PointNo(point), rest))
}

/// Proposes 対象外 with its reason for unanswered items that the product's profile rules out. A person confirms.
pub fn propose(case: &CaseFacts, sheet: &Sheet, items: &[ItemFacts], product: &Product, act: &Act) -> Result<Vec<Change>, Refusal> {
    let mut changes: Vec<Change> = vec![];
    let mut done: Vec<ItemNo> = vec![];
    for question in sheet.questions.iter().filter(|q| product.profile.get(&q.id) == Some(&false)) {
        for no in &question.decides {
            let Some(item) = sheet.item(*no) else { continue };
            let facts = facts_of(items, *no);
            if facts.is_answered() || done.contains(no) || writable(case, *no).is_err() {
                continue;
            }
            let content = keep_remarks(&facts, Content { out_of_scope: Some(question.reason.ja.to_string()), ..Content::default() });
            let base = facts.answer.as_ref().map_or(Pos::NEVER, |a| a.pos);
            changes.extend(give(case, item, &facts, act, base, content, Origin::Proposed { question: question.id.clone() })?);
            done.push(*no);
        }
    }
    if changes.is_empty() {
        return Err(Refusal::state(text(
            "対象外を提案できる項目はありません。プロダクトの適用範囲の質問に「いいえ」があるか確認してください。",
            "Nothing to propose. Look whether the product's profile answers any question with no.",
        )));
    }
    Ok(changes)
}

/// Says that copied or proposed answers hold as they stand.
pub fn confirm(case: &CaseFacts, sheet: &Sheet, items: &[ItemFacts], act: &Act) -> Result<Vec<Change>, Refusal> {
    let mut changes = vec![];
    for facts in items {
        let Some(item) = sheet.item(facts.no) else { return Err(Refusal::not_found()) };
        if let Some(answer) = facts.answer.as_ref().filter(|a| a.origin.awaits_confirmation()) {
            changes.extend(give(case, item, facts, act, answer.pos, answer.content.clone(), Origin::Confirmed)?);
        }
    }
    Ok(changes)
}

/// Refuses rows that speak of an item the sheet does not have, or of one item twice: which of the two would count?
fn known_once(sheet: &Sheet, rows: impl Iterator<Item = ItemNo>) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for no in rows {
        if sheet.item(no).is_none() {
            return Err(Refusal::invalid(
                "rows",
                worded(format!("項目{no}はこのシートにありません。"), format!("Item {no} is not on this sheet.")),
            ));
        }
        if !seen.insert(no) {
            return Err(Refusal::invalid("rows", worded(format!("項目{no}が2回あります。"), format!("Item {no} is there twice."))));
        }
    }
    Ok(())
}

/// The refusal of a row, with its item.
fn named(item: ItemNo, refusal: Refusal) -> Refusal {
    let text = worded(format!("項目{item}: {}", refusal.text.ja), format!("Item {item}: {}", refusal.text.en));
    Refusal { text, ..refusal }
}

/// Takes over the ticked rows of a filled sheet; `file` is its name.
///
/// # Errors
/// All or nothing: one row that is stale or wrong refuses the import and is named.
pub fn import(
    case: &CaseFacts,
    sheet: &Sheet,
    items: &[ItemFacts],
    rows: &[ImportedAnswer],
    file: &str,
    act: &mut Act,
) -> Result<Vec<Change>, Refusal> {
    known_once(sheet, rows.iter().map(|r| r.item))?;
    let mut changes = vec![];
    for row in rows {
        let item = sheet.item(row.item).ok_or(Refusal::not_found())?;
        let facts = facts_of(items, row.item);
        let base = facts.answer.as_ref().map_or(Pos::NEVER, |a| a.pos);
        if base != row.base {
            return Err(stale(row.item));
        }
        let named = |refusal: Refusal| named(row.item, refusal);
        let old = facts.answer.as_ref().map(|a| a.content.clone()).unwrap_or_default();
        let mut content = old.clone();
        if let Some(text) = row.text.as_ref().filter(|t| **t != joined(&old)) {
            content = Content { remarks: old.remarks.clone(), ..read_joined(item, text) };
        }
        if let Some(remarks) = &row.remarks {
            content.remarks.clone_from(remarks);
        }
        if content != old {
            changes.extend(give(case, item, &facts, act, base, content, Origin::Imported { file: file.to_owned() }).map_err(named)?);
        }
        if let Some(evidence) = &row.evidence {
            changes.extend(claims_from_lines(case, item, &facts, evidence, act).map_err(named)?);
        }
    }
    Ok(changes)
}

/// Turns the lines of an evidence cell into claims: what stands already stays, what is gone is withdrawn.
fn claims_from_lines(case: &CaseFacts, item: &Item, facts: &ItemFacts, cell: &str, act: &mut Act) -> Result<Vec<Change>, Refusal> {
    let mut lines: Vec<String> = vec![];
    for line in cell.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|l| !l.is_empty()) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let mut changes: Vec<Change> = facts
        .claims
        .iter()
        .filter(|c| !lines.contains(&c.written()))
        .map(|c| Change::ClaimWithdrawn { case: case.case.id, item: facts.no, claim: c.id })
        .collect();
    for line in lines.iter().filter(|l| !facts.claims.iter().any(|c| c.written() == **l)) {
        changes.push(crate::evidence::claim(case, item, act, read_claim(line), None)?);
    }
    Ok(changes)
}

/// Reads `運用管理規程 p.3 第2章` as document, page and place; whatever else stays the document's name.
pub fn read_claim(line: &str) -> ClaimContent {
    let plain = || ClaimContent { document: line.to_owned(), ..ClaimContent::default() };
    let Some((document, rest)) = line.split_once(" p.") else { return plain() };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, place) = rest.split_at(digits);
    match number.parse::<u32>() {
        // Only what would be written back the same way is taken apart.
        Ok(page) if page > 0 && page.to_string() == number && !document.is_empty() && (place.is_empty() || place.starts_with(' ')) => {
            ClaimContent {
                document: document.to_owned(),
                page: Some(page),
                place: place.trim_start().to_owned(),
                ..ClaimContent::default()
            }
        }
        _ => plain(),
    }
}

/// Takes over ticked rows of an evaluator's filled sheet, all or nothing like [`import`].
pub fn import_verdicts(
    case: &CaseFacts,
    sheet: &Sheet,
    items: &[ItemFacts],
    rows: &[ImportedVerdict],
    act: &Act,
) -> Result<Vec<Change>, Refusal> {
    known_once(sheet, rows.iter().map(|r| r.item))?;
    let mut changes = vec![];
    for row in rows {
        let facts = facts_of(items, row.item);
        let given = verdict::give(case, sheet, &facts, act, row.base, row.content.clone()).map_err(|r| match r.why {
            Why::Conflict => stale(row.item),
            _ => named(row.item, r),
        })?;
        changes.extend(given);
    }
    Ok(changes)
}

fn stale(item: ItemNo) -> Refusal {
    Refusal::new(
        Why::Conflict,
        worded(
            format!("項目{item}は、プレビューのあとで変更されました。何も取り込んでいません。もう一度ファイルを読み込んでください。"),
            format!("Item {item} changed after the preview. Nothing was imported; read the file again."),
        ),
    )
}

/// Opens the case that renews another: same product, body and sheet.
pub fn renew(old: &CaseFacts, act: &mut Act) -> Result<Case, Refusal> {
    old.allows(Kind::RenewCase)?;
    Ok(Case {
        id: act.fresh(),
        number: None,
        state: crate::case::State::Draft,
        round: 0,
        renews: Some(old.case.id),
        opened: act.at,
        due: None,
        ..old.case.clone()
    })
}
