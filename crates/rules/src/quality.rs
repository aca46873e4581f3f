//! The quality check: what a careful reader would find before submitting and before deciding.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::Status;
use crate::evidence::Evidence;
use crate::id::{self, Id, ItemNo, PointNo};
use crate::item::ItemFacts;
use crate::sheet::{Class, Item, Sheet};
use crate::text::{Text, text, worded};

/// For whom the check is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    Submitting,
    Deciding,
}

/// One remark of the check. None of them forbids anything; people judge.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Remark {
    pub item: ItemNo,
    /// The check's name: `claim_without_page`.
    pub check: &'static str,
    pub text: Text,
}

/// What a check looks at.
pub struct Looking<'a, 'e> {
    pub sheet: &'a Sheet,
    pub item: &'a Item,
    pub facts: &'a ItemFacts,
    /// All items of the case, sorted by number.
    pub all: &'a [ItemFacts],
    pub evidence: &'a dyn Fn(Id<id::Evidence>) -> Option<&'e Evidence>,
    pub today: Date,
}

impl Looking<'_, '_> {
    fn mark_class(&self) -> Option<Class> {
        self.facts.verdict.as_ref().and_then(|v| self.sheet.mark(&v.content.mark)).map(|m| m.class)
    }
}

/// A named check; it returns a text for each thing it finds.
pub struct Check {
    pub name: &'static str,
    pub before: &'static [Before],
    pub run: fn(&Looking) -> Vec<Text>,
}

const BOTH: &[Before] = &[Before::Submitting, Before::Deciding];

/// All checks, in the order they are shown.
pub const CHECKS: &[Check] = &[
    Check { name: "not_answered", before: BOTH, run: not_answered },
    Check { name: "point_not_answered", before: BOTH, run: point_not_answered },
    Check { name: "copied_not_confirmed", before: BOTH, run: copied_not_confirmed },
    Check { name: "not_ready", before: &[Before::Submitting], run: not_ready },
    Check { name: "review_objects", before: &[Before::Submitting], run: review_objects },
    Check { name: "no_evidence", before: BOTH, run: no_evidence },
    Check { name: "claim_without_page", before: BOTH, run: claim_without_page },
    Check { name: "claim_without_file", before: BOTH, run: claim_without_file },
    Check { name: "evidence_expired", before: BOTH, run: evidence_expired },
    Check { name: "related_differ", before: BOTH, run: related_differ },
    Check { name: "improvement_not_answered", before: &[Before::Submitting], run: improvement_not_answered },
    Check { name: "no_verdict", before: &[Before::Deciding], run: no_verdict },
    Check { name: "verdict_open", before: &[Before::Deciding], run: verdict_open },
    Check { name: "passes_without_evidence", before: &[Before::Deciding], run: passes_without_evidence },
    Check { name: "verdict_before_change", before: &[Before::Deciding], run: verdict_before_change },
];

/// Runs all checks that apply, over all items of the sheet.
pub fn check<'e>(
    sheet: &Sheet,
    items: &[ItemFacts],
    evidence: &dyn Fn(Id<id::Evidence>) -> Option<&'e Evidence>,
    before: Before,
    today: Date,
) -> Vec<Remark> {
    let mut out = vec![];
    for item in &sheet.items {
        let untouched;
        let facts = match items.binary_search_by_key(&item.no, |i| i.no) {
            Ok(at) => &items[at],
            Err(_) => {
                untouched = ItemFacts::untouched(item.no);
                &untouched
            }
        };
        let looking = Looking { sheet, item, facts, all: items, evidence, today };
        for check in CHECKS.iter().filter(|c| c.before.contains(&before)) {
            out.extend((check.run)(&looking).into_iter().map(|text| Remark { item: item.no, check: check.name, text }));
        }
    }
    out
}

fn once(found: bool, text: Text) -> Vec<Text> {
    if found { vec![text] } else { vec![] }
}

fn not_answered(l: &Looking) -> Vec<Text> {
    once(!l.facts.is_answered(), text("回答がありません。", "There is no answer."))
}

fn point_not_answered(l: &Looking) -> Vec<Text> {
    let Some(answer) = &l.facts.answer else { return vec![] };
    // One text that covers all points is enough; once some points have their own, the others need one too.
    if answer.content.out_of_scope.is_some() || (answer.content.points.is_empty() && !answer.content.text.is_empty()) {
        return vec![];
    }
    let missing: Vec<PointNo> =
        l.item.points.iter().map(|p| p.n).filter(|n| answer.content.points.get(n).is_none_or(String::is_empty)).collect();
    missing
        .iter()
        .filter(|_| !answer.content.is_empty())
        .map(|n| worded(format!("小項目({})に回答がありません。", n.0), format!("Sub-point ({}) has no answer.", n.0)))
        .collect()
}

fn copied_not_confirmed(l: &Looking) -> Vec<Text> {
    let found = l.facts.answer.as_ref().is_some_and(|a| a.origin.awaits_confirmation());
    once(
        found,
        text("転記または提案された回答が、まだ確認されていません。", "The answer was copied or proposed and nobody has confirmed it."),
    )
}

fn not_ready(l: &Looking) -> Vec<Text> {
    once(l.facts.is_answered() && l.facts.work.status != Status::Ready, text("準備完了になっていません。", "It is not marked ready."))
}

fn review_objects(l: &Looking) -> Vec<Text> {
    let found = matches!((&l.facts.review, &l.facts.answer), (Some(r), Some(a)) if r.answer == a.pos && !r.ok);
    once(found, text("社内確認で差し戻されたままです。", "The internal review sent it back."))
}

fn no_evidence(l: &Looking) -> Vec<Text> {
    let in_scope = l.facts.answer.as_ref().is_some_and(|a| !a.content.is_empty() && a.content.out_of_scope.is_none());
    once(in_scope && l.facts.claims.is_empty(), text("証跡が1件も紐付いていません。", "No evidence is claimed."))
}

fn claim_without_page(l: &Looking) -> Vec<Text> {
    l.facts
        .claims
        .iter()
        .filter(|c| !c.has_place())
        .map(|c| {
            worded(format!("「{}」のページまたは箇所が示されていません。", c.document), format!("{} has no page or section.", c.document))
        })
        .collect()
}

fn claim_without_file(l: &Looking) -> Vec<Text> {
    l.facts
        .claims
        .iter()
        .filter(|c| c.evidence.is_none())
        .map(|c| worded(format!("「{}」のファイルが添付されていません。", c.document), format!("{} has no file.", c.document)))
        .collect()
}

fn evidence_expired(l: &Looking) -> Vec<Text> {
    l.facts
        .claims
        .iter()
        .filter_map(|c| c.evidence.and_then(l.evidence))
        .filter_map(|e| e.valid_until.filter(|until| *until < l.today).map(|until| (e, until)))
        .map(|(e, until)| worded(format!("「{}」の有効期限（{until}）が切れています。", e.name), format!("{} expired on {until}.", e.name)))
        .collect()
}

fn related_differ(l: &Looking) -> Vec<Text> {
    let scope = |f: &ItemFacts| f.answer.as_ref().filter(|a| !a.content.is_empty()).map(|a| a.content.out_of_scope.is_some());
    let Some(own) = scope(l.facts) else { return vec![] };
    l.item
        .related
        .iter()
        .filter(|no| **no > l.item.no)
        .filter(|no| l.all.binary_search_by_key(*no, |i| i.no).ok().and_then(|i| scope(&l.all[i])).is_some_and(|other| other != own))
        .map(|no| {
            worded(
                format!("関連する項目{no}と、対象外とするかどうかが異なります。"),
                format!("The related item {no} is answered differently: only one of the two is out of scope."),
            )
        })
        .collect()
}

fn improvement_not_answered(l: &Looking) -> Vec<Text> {
    let asked = l.facts.verdict.as_ref().is_some_and(|v| !v.content.improvement.is_empty());
    once(asked && !l.facts.improvement_is_answered(), text("改善策への回答がありません。", "The improvement has no answer."))
}

fn no_verdict(l: &Looking) -> Vec<Text> {
    once(l.facts.verdict.is_none(), text("判定がありません。", "There is no verdict."))
}

fn verdict_open(l: &Looking) -> Vec<Text> {
    once(l.mark_class() == Some(Class::Open), text("判定が保留のままです。", "The verdict is still open."))
}

fn passes_without_evidence(l: &Looking) -> Vec<Text> {
    let passes = matches!(l.mark_class(), Some(Class::Conforms | Class::Partly));
    let written = l.facts.verdict.as_ref().is_some_and(|v| !v.content.evidence.is_empty());
    once(
        passes && !written && !l.facts.has_confirmed_evidence(),
        text("確認した証跡がないまま適合と判定されています。", "It passes although no evidence was confirmed."),
    )
}

fn verdict_before_change(l: &Looking) -> Vec<Text> {
    let found = l.facts.verdict.as_ref().is_some_and(|v| l.facts.changed > v.pos);
    once(found, text("判定のあとに回答または証跡が変わっています。", "The answer or its evidence changed after the verdict."))
}
