//! Reusing words that stand: from an earlier case, a related item, the product's profile, or a filled Excel.

use crate::act::Act;
use crate::answer::{Content, Origin, give, writable};
use crate::case::{Case, CaseFacts};
use crate::change::Change;
use crate::command::{ImportedAnswer, ImportedVerdict};
use crate::evidence::{Claim, ClaimContent};
use crate::id::{Id, ItemNo, Pos};
use crate::item::ItemFacts;
use crate::party::Product;
use crate::refusal::{Refusal, Why};
use crate::sheet::Sheet;
use crate::text::{text, worded};
use crate::verdict;

fn facts_of(items: &[ItemFacts], no: ItemNo) -> ItemFacts {
    items.binary_search_by_key(&no, |i| i.no).map_or_else(|_| ItemFacts::untouched(no), |at| items[at].clone())
}

/// Copies answers of another case of the same sheet into items that have none; each stays marked
/// as copied until somebody confirms it. Evaluator's words are never copied, and no answer is replaced.
pub fn copy(
    case: &CaseFacts,
    sheet: &Sheet,
    here: &[ItemFacts],
    from: &Case,
    there: &[ItemFacts],
    only: Option<&[ItemNo]>,
    act: &Act,
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
            changes.extend(give(case, item, &target, act, base, Content { points, ..answer.content.clone() }, origin)?);
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

/// Copies the answer and claims of another item of the same case.
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
    let content = Content { points: Default::default(), text: joined(&answer.content), ..answer.content.clone() };
    let mut changes = give(case, item, target, act, base, content, Origin::Copied { case: case.case.id, item: source.no })?;
    if let Some(by) = act.actor.person {
        for claim in &source.claims {
            let claim = Claim { id: act.fresh(), point: Default::default(), by, at: act.at, pos: Pos::NEVER, ..claim.clone() };
            changes.push(Change::ClaimMade { case: case.case.id, item: target.no, claim });
        }
    }
    Ok(changes)
}

/// The whole answer as one text, sub-points numbered as the sheet numbers them.
pub fn joined(content: &Content) -> String {
    let mut parts: Vec<String> = vec![];
    if let Some(reason) = &content.out_of_scope {
        parts.push(format!("【対象外】{reason}"));
    }
    if !content.text.is_empty() {
        parts.push(content.text.clone());
    }
    parts.extend(content.points.iter().filter(|(_, t)| !t.is_empty()).map(|(n, t)| format!("({}) {t}", n.0)));
    parts.join("\n")
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
            let content = Content { out_of_scope: Some(question.reason.ja.to_string()), ..Content::default() };
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

/// Takes over the ticked rows of a filled sheet. All or nothing: one stale row refuses the import and names it.
pub fn import(
    case: &CaseFacts,
    sheet: &Sheet,
    items: &[ItemFacts],
    rows: &[ImportedAnswer],
    file: &str,
    act: &mut Act,
) -> Result<Vec<Change>, Refusal> {
    let mut changes = vec![];
    for row in rows {
        let item = sheet.item(row.item).ok_or_else(|| {
            Refusal::invalid(
                "rows",
                worded(format!("項目{}はこのシートにありません。", row.item), format!("Item {} is not on this sheet.", row.item)),
            )
        })?;
        let facts = facts_of(items, row.item);
        let base = facts.answer.as_ref().map_or(Pos::NEVER, |a| a.pos);
        if base != row.base {
            return Err(stale(row.item));
        }
        let named = |refusal: Refusal| Refusal {
            text: worded(format!("項目{}: {}", row.item, refusal.text.ja), format!("Item {}: {}", row.item, refusal.text.en)),
            ..refusal
        };
        let old = facts.answer.as_ref().map(|a| a.content.clone()).unwrap_or_default();
        let mut content = old.clone();
        if let Some(text) = row.text.as_ref().filter(|t| **t != joined(&old)) {
            content = Content { text: text.clone(), points: Default::default(), out_of_scope: None, remarks: old.remarks.clone() };
            if let Some(reason) = text.strip_prefix("【対象外】") {
                content.text = String::new();
                content.out_of_scope = Some(reason.to_owned());
            }
        }
        if let Some(remarks) = &row.remarks {
            content.remarks.clone_from(remarks);
        }
        if content != old {
            changes.extend(give(case, item, &facts, act, base, content, Origin::Imported { file: file.to_owned() }).map_err(named)?);
        }
        if let Some(evidence) = &row.evidence {
            changes.extend(claims_from_lines(case, sheet, &facts, evidence, act).map_err(named)?);
        }
    }
    Ok(changes)
}

/// Turns the lines of an evidence cell into claims: what stands already stays, what is gone is withdrawn.
fn claims_from_lines(case: &CaseFacts, sheet: &Sheet, facts: &ItemFacts, cell: &str, act: &mut Act) -> Result<Vec<Change>, Refusal> {
    let lines: Vec<&str> = cell.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let item = sheet.item(facts.no).ok_or(Refusal::not_found())?;
    let mut changes: Vec<Change> = facts
        .claims
        .iter()
        .filter(|c| !lines.contains(&c.written().as_str()))
        .map(|c| Change::ClaimWithdrawn { case: case.case.id, item: facts.no, claim: c.id })
        .collect();
    for line in lines {
        if facts.claims.iter().any(|c| c.written() == line) {
            continue;
        }
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

/// Takes over ticked rows of an evaluator's filled sheet.
pub fn import_verdicts(
    case: &CaseFacts,
    sheet: &Sheet,
    items: &[ItemFacts],
    rows: &[ImportedVerdict],
    act: &Act,
) -> Result<Vec<Change>, Refusal> {
    let mut changes = vec![];
    for row in rows {
        if sheet.item(row.item).is_none() {
            return Err(Refusal::invalid(
                "rows",
                worded(format!("項目{}はこのシートにありません。", row.item), format!("Item {} is not on this sheet.", row.item)),
            ));
        }
        let facts = facts_of(items, row.item);
        let given = verdict::give(case, sheet, &facts, act, row.base, row.content.clone()).map_err(|r| match r.why {
            Why::Conflict => stale(row.item),
            _ => Refusal { text: worded(format!("項目{}: {}", row.item, r.text.ja), format!("Item {}: {}", row.item, r.text.en)), ..r },
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
    old.in_state(&[crate::case::State::Certified, crate::case::State::Watched, crate::case::State::Expired])?;
    let id: Id<crate::id::Case> = act.fresh();
    Ok(Case {
        id,
        number: None,
        state: crate::case::State::Draft,
        round: 0,
        renews: Some(old.case.id),
        opened: act.at,
        due: None,
        ..old.case.clone()
    })
}
