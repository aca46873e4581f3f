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
        .filter(|c| !c.has_place() && !c.hidden)
        .map(|c| {
            worded(format!("「{}」のページまたは箇所が示されていません。", c.document), format!("{} has no page or section.", c.document))
        })
        .collect()
}

fn claim_without_file(l: &Looking) -> Vec<Text> {
    l.facts
        .claims
        .iter()
        .filter(|c| c.evidence.is_none() && !c.hidden)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Origin, Review};
    use crate::evidence::{Claim, Confirmation, Finding};
    use crate::id::Pos;
    use crate::verdict::ImprovementAnswer;
    use crate::world::*;

    /// Four items a careful reader finds nothing in.
    fn clean() -> Vec<ItemFacts> {
        (1..=4)
            .map(|no| {
                let mut facts = ItemFacts { claims: vec![claim(30)], ..judged(no, "conforms", 1) };
                facts.work.status = Status::Ready;
                facts
            })
            .collect()
    }
    fn today() -> Date {
        "2026-11-22".parse().unwrap()
    }
    fn found_with(items: &[ItemFacts], file: &Evidence, before: Before) -> Vec<(u16, &'static str)> {
        check(&sheet(), items, &|_| Some(file), before, today()).into_iter().map(|r| (r.item.0, r.check)).collect()
    }
    /// What both checks find after `spoil` touched item 1, each name once.
    fn found(spoil: impl FnOnce(&mut ItemFacts)) -> Vec<&'static str> {
        let mut items = clean();
        spoil(&mut items[0]);
        let all: std::collections::BTreeSet<_> =
            [Before::Submitting, Before::Deciding].into_iter().flat_map(|b| found_with(&items, &file(), b)).collect();
        assert!(all.iter().all(|(no, _)| *no == 1), "{all:?}");
        all.into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn nothing_is_found_where_nothing_is_wrong() {
        assert_eq!(found(|_| {}), [""; 0]);
    }

    #[test]
    fn an_untouched_item_has_no_answer_and_no_verdict() {
        assert_eq!(found(|f| *f = ItemFacts::untouched(f.no)), ["no_verdict", "not_answered"]);
        assert_eq!(found_with(&[], &file(), Before::Submitting).len(), 4, "items nobody touched are looked at too");
    }

    #[test]
    fn points_need_an_answer_each_once_one_has_its_own() {
        let point = |n: u16, text: &'static str| {
            move |f: &mut ItemFacts| drop(f.answer.as_mut().unwrap().content.points.insert(PointNo(n), text.into()))
        };
        assert_eq!(found(point(1, "一")), ["point_not_answered"]);
        assert_eq!(
            found(|f| {
                point(1, "一")(f);
                point(2, "二")(f);
            }),
            [""; 0]
        );
    }

    #[test]
    fn copied_and_proposed_answers_wait_for_a_person() {
        let origin = |origin| found(|f| f.answer.as_mut().unwrap().origin = origin);
        assert_eq!(origin(Origin::Copied { case: id(51), item: ItemNo(1) }), ["copied_not_confirmed"]);
        assert_eq!(origin(Origin::Proposed { question: "q".into() }), ["copied_not_confirmed"]);
        assert_eq!(origin(Origin::Confirmed), [""; 0]);
        assert_eq!(origin(Origin::Imported { file: "x".into() }), [""; 0]);
    }

    #[test]
    fn work_and_the_internal_review_matter_before_submitting() {
        assert_eq!(found(|f| f.work.status = Status::InProgress), ["not_ready"]);
        let review = |answer, ok| {
            found(|f| f.review = Some(Review { answer: Pos(answer), ok, comment: String::new(), by: id(COLLEAGUE), at: now() }))
        };
        assert_eq!(review(10, false), ["review_objects"]);
        assert_eq!(review(9, false), [""; 0], "it was of an older version");
        assert_eq!(review(10, true), [""; 0]);
        let mut items = clean();
        items[0].work.status = Status::InProgress;
        assert_eq!(found_with(&items, &file(), Before::Deciding), []);
    }

    #[test]
    fn evidence_is_there_has_a_place_and_a_file() {
        assert_eq!(found(|f| f.claims.clear()), ["no_evidence"]);
        let out = |f: &mut ItemFacts| {
            f.claims.clear();
            f.answer.as_mut().unwrap().content.out_of_scope = Some("理由".into());
        };
        assert_eq!(found(out), [""; 0], "nothing has to be shown for what is out of scope");
        assert_eq!(found(|f| f.claims = vec![Claim { page: None, place: String::new(), ..claim(30) }]), ["claim_without_page"]);
        assert_eq!(found(|f| f.claims = vec![Claim { page: None, ..claim(30) }]), [""; 0], "a section is a place");
        assert_eq!(found(|f| f.claims = vec![Claim { evidence: None, ..claim(30) }]), ["claim_without_file"]);
        assert_eq!(found(|f| f.claims.iter_mut().for_each(crate::label::hide)), [""; 0], "who may not see it cannot mend it");
    }

    #[test]
    fn a_file_expires_after_its_last_day() {
        let until = |day: &str| Evidence { valid_until: Some(day.parse().unwrap()), ..file() };
        assert_eq!(found_with(&clean(), &until("2026-11-22"), Before::Submitting), []);
        assert_eq!(found_with(&clean(), &until("2026-11-21"), Before::Submitting).len(), 4);
    }

    #[test]
    fn related_items_differ_once_where_only_one_is_out_of_scope() {
        let out = |facts: &mut ItemFacts| facts.answer.as_mut().unwrap().content.out_of_scope = Some("理由".into());
        for one in [1, 2] {
            let mut items = clean();
            out(&mut items[one]);
            assert_eq!(found_with(&items, &file(), Before::Submitting), [(2, "related_differ")]);
        }
        let mut items = clean();
        out(&mut items[1]);
        out(&mut items[2]);
        assert_eq!(found_with(&items, &file(), Before::Submitting), []);
    }

    #[test]
    fn an_improvement_is_answered_after_it_was_asked() {
        let asked = |f: &mut ItemFacts| f.verdict.as_mut().unwrap().content.improvement = "改善".into();
        let answered = |pos| {
            move |f: &mut ItemFacts| {
                asked(f);
                f.improvement_answer = Some(ImprovementAnswer { round: 1, text: "済".into(), by: id(OFFICER), at: now(), pos: Pos(pos) });
            }
        };
        assert_eq!(found(asked), ["improvement_not_answered"]);
        assert_eq!(found(answered(105)), ["improvement_not_answered"]);
        assert_eq!(found(answered(195)), [""; 0]);
    }

    #[test]
    fn a_verdict_is_there_closed_grounded_and_of_the_words_that_stand() {
        assert_eq!(found(|f| f.verdict = None), ["no_verdict"]);
        let mark = |f: &mut ItemFacts, code: &str| f.verdict.as_mut().unwrap().content.mark = code.into();
        assert_eq!(found(|f| mark(f, "open")), ["verdict_open"]);
        assert_eq!(found(|f| f.changed = Pos(150)), ["verdict_before_change"]);
        let ungrounded = |f: &mut ItemFacts| f.verdict.as_mut().unwrap().content.evidence.clear();
        assert_eq!(found(ungrounded), ["passes_without_evidence"]);
        assert_eq!(
            found(|f| {
                ungrounded(f);
                mark(f, "fails");
            }),
            [""; 0]
        );
        let confirmed = |claim: u8, finding| {
            move |f: &mut ItemFacts| {
                ungrounded(f);
                f.confirmations = vec![Confirmation {
                    claim: id(claim),
                    round: 1,
                    finding,
                    comment: String::new(),
                    by: id(FIRST),
                    at: now(),
                    pos: Pos(111),
                }];
            }
        };
        assert_eq!(found(confirmed(30, Finding::Seen)), [""; 0]);
        assert_eq!(found(confirmed(30, Finding::Missing)), ["passes_without_evidence"]);
        assert_eq!(found(confirmed(31, Finding::Seen)), ["passes_without_evidence"], "that claim was withdrawn");
    }

    #[test]
    fn every_check_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = CHECKS.iter().map(|c| c.name).collect();
        assert_eq!(names.len(), CHECKS.len());
    }
}
