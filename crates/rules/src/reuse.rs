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
use crate::label::HIDDEN;
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
    // A part that is blank would not be kept, and its number would be lost.
    let blank = points.values().any(|words| words.trim().is_empty());
    let apart = whole(head, points);
    if !blank && joined(&apart) == written { apart } else { whole(words.to_owned(), BTreeMap::new()) }
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
        // Claims count too: an import may withdraw some.
        if facts.changed != row.base {
            return Err(stale(row.item));
        }
        let stands = facts.answer.as_ref().map_or(Pos::NEVER, |a| a.pos);
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
            changes.extend(give(case, item, &facts, act, stands, content, Origin::Imported { file: file.to_owned() }).map_err(named)?);
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
    if lines.iter().any(|line| line == HIDDEN) {
        return Err(Refusal::invalid(
            "rows",
            worded(
                format!("証跡の欄に「{HIDDEN}」とあるため、取り込めません。この欄を除いて取り込んでください。"),
                format!("An evidence cell says “{HIDDEN}” (evidence its exporter may not see); import without that cell."),
            ),
        ));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::case::State;
    use crate::world::*;

    fn draft() -> CaseFacts {
        case(State::Draft)
    }
    fn given(changes: &[Change]) -> Vec<(ItemNo, &Content, &Origin)> {
        let one = |c: &'_ Change| matches!(c, Change::AnswerGiven { .. });
        changes
            .iter()
            .filter(|c| one(c))
            .map(|c| match c {
                Change::AnswerGiven { item, content, origin, .. } => (*item, content, origin),
                _ => unreachable!(),
            })
            .collect()
    }
    fn kinds(changes: &[Change]) -> Vec<&'static str> {
        changes.iter().map(Change::kind).collect()
    }
    fn remarked(no: u16, remarks: &str) -> ItemFacts {
        let mut facts = answered(no, "");
        facts.answer.as_mut().unwrap().content.remarks = remarks.into();
        facts
    }
    fn old_case() -> Case {
        Case { id: id(51), ..case(State::Certified).case }
    }
    fn copied(here: &[ItemFacts], there: &[ItemFacts], only: Option<&[ItemNo]>) -> Result<Vec<Change>, Refusal> {
        copy(&draft(), &sheet(), here, &old_case(), there, only, &mut act(officer()))
    }

    #[test]
    fn an_earlier_answer_is_copied_with_its_claims_and_marked_as_copied() {
        let there = ItemFacts { claims: vec![claim(30)], ..answered(1, "去年の対応") };
        let changes = copied(&[], std::slice::from_ref(&there), None).unwrap();
        assert_eq!(kinds(&changes), ["work_set", "answer_given", "claim_made"]);
        assert_eq!(given(&changes)[0].2, &Origin::Copied { case: id(51), item: ItemNo(1) });
        assert!(matches!(&changes[2], Change::ClaimMade { claim: c, .. } if c.id != id(30) && c.evidence == Some(id(80))));
        let here = ItemFacts { claims: vec![claim(31)], ..ItemFacts::untouched(ItemNo(1)) };
        assert_eq!(kinds(&copied(&[here], &[there], None).unwrap()), ["work_set", "answer_given"], "the claim stands here already");
    }

    #[test]
    fn copying_replaces_no_answer_and_loses_no_remarks() {
        assert_eq!(copied(&[answered(1, "今年")], &[answered(1, "去年")], None).unwrap_err().why, Why::State);
        assert_eq!(copied(&[], &[], None).unwrap_err().why, Why::State);
        assert_eq!(copied(&[], &[answered(1, "去年")], Some(&[ItemNo(2)])).unwrap_err().why, Why::State);
        assert_eq!(copied(&[], &[answered(99, "去年")], None).unwrap_err().why, Why::State, "the sheet has no item 99");
        let changes = copied(&[remarked(1, "控え")], &[answered(1, "去年")], None).unwrap();
        assert_eq!(given(&changes)[0].1.remarks, "控え");
    }

    #[test]
    fn copying_into_a_returned_round_takes_only_what_came_back() {
        let mut back = case(State::Returned);
        back.rounds[0].flagged = Some(vec![ItemNo(2)]);
        let there = [answered(1, "一"), answered(2, "二")];
        let changes = copy(&back, &sheet(), &[], &old_case(), &there, None, &mut act(officer())).unwrap();
        assert_eq!(given(&changes).iter().map(|g| g.0).collect::<Vec<_>>(), [ItemNo(2)]);
    }

    #[test]
    fn a_related_item_is_copied_as_one_text_with_its_claims() {
        let mut source = ItemFacts { claims: vec![claim(30)], ..answered(1, "全体") };
        let answer = source.answer.as_mut().unwrap();
        answer.content.points.insert(PointNo(2), "二".into());
        answer.content.out_of_scope = Some("理由".into());
        let target = ItemFacts::untouched(ItemNo(3));
        let changes = copy_item(&draft(), &sheet(), &target, &source, &mut act(officer())).unwrap();
        let (_, content, _) = given(&changes)[0];
        assert_eq!((content.text.as_str(), content.points.len(), content.out_of_scope.as_deref()), ("全体\n(2) 二", 0, Some("理由")));
        assert_eq!(kinds(&changes).last(), Some(&"claim_made"));
        let full = copy_item(&draft(), &sheet(), &answered(3, "あり"), &source, &mut act(officer()));
        assert_eq!(full.unwrap_err().why, Why::State);
        let empty = copy_item(&draft(), &sheet(), &target, &answered(1, ""), &mut act(officer()));
        assert_eq!(empty.unwrap_err().why, Why::State);
    }

    #[test]
    fn what_the_product_lacks_is_proposed_as_out_of_scope_and_overwrites_nothing() {
        let by = |items: &[ItemFacts], product: &Product| propose(&draft(), &sheet(), items, product, &act(officer()));
        let changes = by(&[], &product()).unwrap();
        let (no, content, origin) = given(&changes)[0];
        assert_eq!((no, content.out_of_scope.as_deref()), (ItemNo(4), Some("無線LANを使用しないため")));
        assert_eq!(origin, &Origin::Proposed { question: "wireless".into() });
        assert!(origin.awaits_confirmation());
        assert_eq!(by(&[answered(4, "使用します")], &product()).unwrap_err().why, Why::State);
        assert_eq!(given(&by(&[remarked(4, "控え")], &product()).unwrap())[0].1.remarks, "控え");
        for answers in [vec![], vec![("wireless", true)], vec![("other", false)]] {
            let profile = answers.into_iter().map(|(q, a)| (q.to_owned(), a)).collect();
            assert_eq!(by(&[], &Product { profile, ..product() }).unwrap_err().why, Why::State, "unknown is not no");
        }
    }

    #[test]
    fn confirming_in_bulk_touches_only_what_waits_for_it() {
        let mut waits = answered(1, "去年");
        waits.answer.as_mut().unwrap().origin = Origin::Copied { case: id(51), item: ItemNo(1) };
        let changes = confirm(&draft(), &sheet(), &[waits.clone(), answered(2, "自筆")], &act(colleague())).unwrap();
        assert_eq!(given(&changes), [(ItemNo(1), &content("去年"), &Origin::Confirmed)]);
        assert_eq!(confirm(&draft(), &sheet(), &[answered(99, "x")], &act(officer())).unwrap_err().why, Why::NotFound);
        let mut back = case(State::Returned);
        back.rounds[0].flagged = Some(vec![ItemNo(2)]);
        assert_eq!(confirm(&back, &sheet(), &[waits], &act(officer())).unwrap_err().why, Why::State);
    }

    /// The row that an export of the item would hold.
    fn exported(facts: &ItemFacts) -> ImportedAnswer {
        ImportedAnswer {
            item: facts.no,
            base: facts.changed,
            text: facts.answer.as_ref().map(|a| joined(&a.content)),
            remarks: facts.answer.as_ref().map(|a| a.content.remarks.clone()),
            evidence: Some(facts.claims.iter().map(Claim::written).collect::<Vec<_>>().join("\n")),
        }
    }
    fn imported(items: &[ItemFacts], rows: &[ImportedAnswer]) -> Result<Vec<Change>, Refusal> {
        import(&draft(), &sheet(), items, rows, "回答.xlsx", &mut act(officer()))
    }

    #[test]
    fn a_stale_row_refuses_the_whole_import_and_is_named() {
        let items = [answered(1, "一"), answered(2, "二")];
        let stale = ImportedAnswer { item: ItemNo(2), base: Pos(9), text: Some("x".into()), ..ImportedAnswer::default() };
        let fresh = ImportedAnswer { item: ItemNo(1), base: Pos(10), text: Some("y".into()), ..ImportedAnswer::default() };
        let refused = imported(&items, &[fresh, stale]).unwrap_err();
        assert_eq!(refused.why, Why::Conflict);
        assert!(refused.text.ja.contains("項目2"));
    }

    #[test]
    fn items_the_sheet_lacks_and_items_twice_are_refused() {
        let row = |n| ImportedAnswer { item: ItemNo(n), text: Some("x".into()), ..ImportedAnswer::default() };
        assert!(imported(&[], &[row(254)]).unwrap_err().text.en.contains("254"));
        assert!(imported(&[], &[row(2), row(2)]).unwrap_err().text.en.contains("twice"));
        let verdict = |n| ImportedVerdict {
            item: ItemNo(n),
            base: Pos::NEVER,
            content: verdict::VerdictContent { mark: "open".into(), ..Default::default() },
        };
        let judge = |rows: &[ImportedVerdict]| import_verdicts(&case(State::InReview), &sheet(), &[], rows, &act(first()));
        assert_eq!(judge(&[verdict(1), verdict(2)]).unwrap().len(), 2);
        assert!(judge(&[verdict(254)]).unwrap_err().text.en.contains("254"));
        assert!(judge(&[verdict(1), verdict(1)]).unwrap_err().text.en.contains("twice"));
        assert_eq!(judge(&[ImportedVerdict { base: Pos(3), ..verdict(1) }]).unwrap_err().why, Why::Conflict);
        let odd = ImportedVerdict { content: Default::default(), ..verdict(1) };
        assert!(judge(&[odd]).unwrap_err().text.en.starts_with("Item 1: "));
    }

    #[test]
    fn an_import_says_what_it_is_and_names_the_item_of_a_fault() {
        let row =
            ImportedAnswer { item: ItemNo(2), text: Some("対応".into()), remarks: Some("備考".into()), ..ImportedAnswer::default() };
        let changes = imported(&[], std::slice::from_ref(&row)).unwrap();
        let (_, content, origin) = given(&changes)[0];
        assert_eq!((content.text.as_str(), content.remarks.as_str()), ("対応", "備考"));
        assert_eq!(origin, &Origin::Imported { file: "回答.xlsx".into() });
        let bad = ImportedAnswer { text: Some("a\u{0}".into()), ..row };
        assert!(imported(&[], &[bad]).unwrap_err().text.ja.starts_with("項目2: "));
        let no_reason = ImportedAnswer { item: ItemNo(2), text: Some("【対象外】".into()), ..ImportedAnswer::default() };
        assert_eq!(imported(&[], &[no_reason]).unwrap_err().field, Some("out_of_scope"));
    }

    #[test]
    fn an_edited_cell_keeps_its_sub_points_apart() {
        let mut facts = answered(1, "全体");
        facts.answer.as_mut().unwrap().content.points = [(PointNo(1), "一".to_owned()), (PointNo(2), "二".to_owned())].into();
        let row = ImportedAnswer { text: Some("全体\r\n(1) 一\r\n続き\r\n(2) 改".into()), ..exported(&facts) };
        let changes = imported(&[facts], &[row]).unwrap();
        let points = &given(&changes)[0].1.points;
        assert_eq!((points[&PointNo(1)].as_str(), points[&PointNo(2)].as_str()), ("一\n続き", "改"));
        let sheet = sheet();
        for plain in ["(3) 小項目ではない", "(1)詰めて書いた", "(01) 零", "(1) "] {
            assert_eq!(read_joined(sheet.item(ItemNo(1)).unwrap(), plain), content(plain), "{plain}");
        }
    }

    #[test]
    fn the_words_for_evidence_one_may_not_see_are_never_taken_for_a_document() {
        let facts = ItemFacts { claims: vec![claim(30)], ..answered(2, "対応") };
        let row =
            ImportedAnswer { item: ItemNo(2), base: Pos(10), evidence: Some(format!("約款\n{HIDDEN}")), ..ImportedAnswer::default() };
        assert_eq!(imported(&[facts], &[row]).unwrap_err().why, Why::Invalid);
    }

    #[test]
    fn an_evidence_cell_keeps_what_stands_withdraws_what_is_gone_and_adds_the_rest_once() {
        let facts = ItemFacts { claims: vec![claim(30), Claim { page: Some(9), ..claim(31) }], ..answered(2, "対応") };
        let cell = "運用管理規程.pdf  p.3 第2章\n約款 第5条\n約款 第5条\n\n";
        let row = ImportedAnswer { item: ItemNo(2), base: Pos(10), evidence: Some(cell.into()), ..ImportedAnswer::default() };
        let changes = imported(&[facts], &[row]).unwrap();
        assert_eq!(kinds(&changes), ["claim_withdrawn", "claim_made"]);
        assert!(matches!(&changes[0], Change::ClaimWithdrawn { claim, .. } if *claim == id(31)));
        assert!(matches!(&changes[1], Change::ClaimMade { claim, .. } if claim.document == "約款 第5条" && claim.evidence.is_none()));
    }

    #[test]
    fn the_number_of_a_blank_part_is_not_lost() {
        let read = read_joined(sheet().item(ItemNo(1)).unwrap(), "(1)  \n(2) p.3");
        assert_eq!((read.text.as_str(), read.points.len()), ("(1)  \n(2) p.3", 0));
    }

    #[test]
    fn a_renewal_is_a_new_draft_of_the_same_product_and_sheet() {
        let new = renew(&case(State::Expired), &mut act(officer())).unwrap();
        assert_eq!((new.state, new.round, new.number, new.renews, new.due), (State::Draft, 0, None, Some(id(50)), None));
        assert_eq!((new.product, new.sheet.0.as_str()), (id(60), "test@1"));
        assert_ne!(new.id, id(50));
    }

    /// Words as people write them, with what the layout of a cell gives a meaning to.
    fn words() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop_oneof![
                Just("(1) "),
                Just("(2) "),
                Just("【対象外】"),
                Just("\n"),
                Just("対応"),
                Just(" p."),
                Just("7"),
                Just(" "),
                Just("p.3"),
                Just("é")
            ],
            0..8,
        )
        .prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn a_claim_reads_back_as_it_was_written(line in words()) {
            let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assume!(!line.is_empty());
            let read = read_claim(&line);
            let claim = Claim { document: read.document, page: read.page, place: read.place, ..claim(30) };
            prop_assert_eq!(claim.written(), line);
        }

        #[test]
        fn importing_what_an_export_writes_changes_nothing(
            text in words(), one in words(), two in words(), reason in words(), remarks in words(), scope in any::<bool>(), document in words(), place in words(),
        ) {
            // What stands went through the rules, so it is clean already.
            let sheet = sheet();
            let item = sheet.item(ItemNo(1)).unwrap();
            let written = Content {
                text, remarks, points: [(PointNo(1), one), (PointNo(2), two)].into(),
                out_of_scope: (scope && !reason.trim().is_empty()).then_some(reason),
            };
            let changes = give(&draft(), item, &ItemFacts::untouched(ItemNo(1)), &act(officer()), Pos::NEVER, written, Origin::Written).unwrap();
            let mut facts = answered(1, "");
            if let Some((_, content, _)) = given(&changes).first() {
                facts.answer.as_mut().unwrap().content = (*content).clone();
            }
            let wanted = ClaimContent { document, place, page: Some(2), ..ClaimContent::default() };
            if let Ok(Change::ClaimMade { claim, .. }) = crate::evidence::claim(&draft(), item, &mut act(officer()), wanted, None) {
                facts.claims.push(claim);
            }
            prop_assert_eq!(imported(&[facts.clone()], &[exported(&facts)]).unwrap(), vec![]);
            // And into an empty case it brings the same words again, up to blanks at the ends of their parts.
            let fresh = ImportedAnswer { base: Pos::NEVER, ..exported(&facts) };
            if let Ok(changes) = imported(&[], &[fresh]) && let Some((_, content, _)) = given(&changes).first() {
                prop_assert_eq!(joined(content).split_whitespace().collect::<String>(), joined(&facts.answer.unwrap().content).split_whitespace().collect::<String>());
            }
        }
    }
}
