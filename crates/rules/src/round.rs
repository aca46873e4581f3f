//! Rounds: sealing what is submitted, taking it up, returning it, deciding, certifying.

use std::collections::BTreeSet;

use jiff::{ToSpan, civil::Date};
use serde_json::{Value, json};

use crate::act::Act;
use crate::case::{Case, CaseFacts, Certificate, Part, State};
use crate::change::Change;
use crate::command::Kind;
use crate::evidence::{Claim, Evidence};
use crate::id::{Digest, Id, ItemNo, Person};
use crate::item::ItemFacts;
use crate::party::{bounded, line};
use crate::refusal::{Refusal, Why};
use crate::sheet::{Class, Sheet};
use crate::text::{text, worded};

/// Item numbers for a message, the first twenty.
fn listed(items: &[ItemNo]) -> String {
    let mut out = items.iter().take(20).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if items.len() > 20 {
        out.push_str(&format!(" … ({})", items.len()));
    }
    out
}

fn must_be_empty(items: Vec<ItemNo>, ja: &str, en: &str) -> Result<(), Refusal> {
    if items.is_empty() {
        return Ok(());
    }
    let list = listed(&items);
    Err(Refusal::new(Why::State, worded(format!("{ja}（項目 {list}）"), format!("{en} (items {list})"))))
}

/// The sealed content of a round, in an order that does not depend on the store: it is what the digest covers.
/// `file` finds the evidence a claim points to.
pub fn snapshot<'a>(case: &Case, items: &[ItemFacts], file: impl Fn(Id<crate::id::Evidence>) -> Option<&'a Evidence>) -> Value {
    let mut said: Vec<&ItemFacts> =
        items.iter().filter(|i| i.answer.is_some() || !i.claims.is_empty() || i.improvement_answer.is_some()).collect();
    said.sort_by_key(|i| i.no);
    let rows: Vec<Value> = said
        .into_iter()
        .map(|i| {
            let digest = |c: &Claim| c.evidence.and_then(&file).map(|e| e.digest);
            let mut claims: Vec<_> = i.claims.iter().map(|c| (c.point, &c.document, c.page, &c.place, digest(c))).collect();
            claims.sort();
            let claims: Vec<Value> = claims
                .into_iter()
                .map(|(point, document, page, place, sha256)| {
                    json!({ "point": point, "document": document, "page": page, "place": place, "sha256": sha256 })
                })
                .collect();
            json!({
                "item": i.no,
                "answer": i.answer.as_ref().map(|a| &a.content),
                "claims": claims,
                "improvement_answer": i.improvement_answer.as_ref().map(|a| &a.text),
            })
        })
        .collect();
    json!({ "version": 1, "case": case.id, "sheet": case.sheet, "round": case.round + 1, "items": rows })
}

/// Submits a round. It is refused where a 改善策 has no answer; other gaps are the quality check's to show.
pub fn submit(case: &CaseFacts, items: &[ItemFacts], act: &Act, digest: Digest) -> Result<Change, Refusal> {
    case.allows(Kind::SubmitRound)?;
    let Some(by) = act.actor.person else { return Err(Refusal::forbidden()) };
    if !items.iter().any(ItemFacts::is_answered) {
        return Err(Refusal::state(text("回答が1件もないため、申請できません。", "There is no answer yet, so it cannot be submitted.")));
    }
    let unanswered = items
        .iter()
        .filter(|i| case.flagged().is_none_or(|f| f.contains(&i.no)))
        .filter(|i| i.verdict.as_ref().is_some_and(|v| !v.content.improvement.is_empty()) && !i.improvement_is_answered())
        .map(|i| i.no)
        .collect();
    must_be_empty(unanswered, "改善策への回答がない項目があるため、申請できません。", "Some improvements have no answer yet")?;
    Ok(Change::RoundSubmitted { case: case.case.id, round: case.case.round + 1, digest, by })
}

/// Takes up a submitted round; the first time it gives the case its 整理番号.
pub fn accept(case: &CaseFacts, number: &str) -> Result<Change, Refusal> {
    case.allows(Kind::AcceptRound)?;
    let number = match &case.case.number {
        Some(number) => number.clone(),
        None => line("number", number, 40)?,
    };
    Ok(Change::RoundAccepted { case: case.case.id, round: case.case.round, number })
}

/// Returns a round for improvement; only then the applicant sees its verdicts.
pub fn give_back(
    case: &CaseFacts,
    items: &[ItemFacts],
    sheet: &Sheet,
    flagged: Option<Vec<ItemNo>>,
    message: &str,
) -> Result<Change, Refusal> {
    case.allows(Kind::ReturnRound)?;
    if !items.iter().any(|i| i.verdict.as_ref().is_some_and(|v| v.round == case.case.round)) {
        return Err(Refusal::state(text("このラウンドの判定がまだ1件もありません。", "No verdict was given in this round yet.")));
    }
    approved(case, items.iter().filter(|i| i.verdict.as_ref().is_some_and(|v| v.round == case.case.round)))?;
    let flagged = match flagged {
        None => None,
        Some(list) => {
            let set: BTreeSet<ItemNo> = list.into_iter().collect();
            if set.is_empty() {
                return Err(Refusal::invalid(
                    "flagged",
                    text("改善を依頼する項目を1つ以上選んでください。", "Choose at least one item to return."),
                ));
            }
            if let Some(odd) = set.iter().find(|no| sheet.item(**no).is_none()) {
                return Err(Refusal::invalid(
                    "flagged",
                    worded(format!("項目{odd}はこのシートにありません。"), format!("Item {odd} is not on this sheet.")),
                ));
            }
            let left_out = items
                .iter()
                .filter(|i| {
                    i.verdict.as_ref().is_some_and(|v| v.round == case.case.round && !v.content.improvement.is_empty())
                        && !set.contains(&i.no)
                })
                .map(|i| i.no)
                .collect();
            must_be_empty(
                left_out,
                "改善策のある項目は、改善依頼に含めてください。",
                "Items with an improvement have to be among those returned",
            )?;
            Some(set.into_iter().collect())
        }
    };
    Ok(Change::RoundReturned { case: case.case.id, round: case.case.round, flagged, message: bounded("message", message.trim(), 4000)? })
}

/// Where four eyes are demanded, every one of these verdicts needs the second evaluator's agreement.
fn approved<'a>(case: &CaseFacts, items: impl Iterator<Item = &'a ItemFacts>) -> Result<(), Refusal> {
    let demanded = case.settings.second_evaluator || case.assignments.iter().any(|a| a.part == Part::Second);
    if !demanded {
        return Ok(());
    }
    let missing = items.filter(|i| i.verdict.is_some() && !i.is_approved()).map(|i| i.no).collect();
    must_be_empty(missing, "第2評価者の承認がない判定があります。", "Some verdicts lack the second evaluator's approval")
}

/// Decides the case. Every item needs a verdict, of whatever round; certifying needs none that fails or is open,
/// and none on words that changed afterwards: what nobody has judged never passes. Who gives verdicts does not decide.
pub fn decide(
    case: &CaseFacts,
    sheet: &Sheet,
    items: &[ItemFacts],
    judges: &[Id<Person>],
    act: &Act,
    certify: bool,
    grounds: &str,
) -> Result<Change, Refusal> {
    case.allows(Kind::DecideCase)?;
    let Some(by) = act.actor.person else { return Err(Refusal::forbidden()) };
    let assigned = case.assignment(&act.actor).is_some_and(|a| a.part == Part::First);
    if assigned || judges.contains(&by) {
        return Err(Refusal::state(text(
            "この案件で判定を入力した人は、最終判定を行えません。",
            "Whoever gave a verdict in this case cannot decide it.",
        )));
    }
    let grounds = bounded("grounds", grounds.trim(), 8000)?;
    if grounds.is_empty() {
        return Err(Refusal::invalid("grounds", text("判定の根拠を入力してください。", "Give the grounds of the decision.")));
    }
    approved(case, items.iter())?;
    let class = |i: &ItemFacts| i.verdict.as_ref().and_then(|v| sheet.mark(&v.content.mark)).map(|m| m.class);
    let none: Vec<ItemNo> =
        sheet.items.iter().map(|i| i.no).filter(|no| items.iter().find(|i| i.no == *no).and_then(class).is_none()).collect();
    must_be_empty(none, "判定されていない項目があります。", "Some items have no verdict")?;
    if certify {
        let open = items.iter().filter(|i| matches!(class(i), Some(Class::Open | Class::Fails))).map(|i| i.no).collect();
        must_be_empty(open, "不適合または保留の項目があるため、認定できません。", "Items that fail or are open stand against certifying")?;
        let stale = items.iter().filter(|i| i.verdict.as_ref().is_some_and(|v| i.changed_since(v.pos))).map(|i| i.no).collect();
        must_be_empty(
            stale,
            "判定のあとに回答または証跡が変わった項目があるため、認定できません。判定し直してください。",
            "Items whose answer or evidence changed after the verdict have to be judged again before certifying",
        )?;
    }
    Ok(Change::CaseDecided { case: case.case.id, certify, grounds, by })
}

/// The last day of a validity of whole months that begins on `issued`: the day before the same day of the last
/// month, or that month's end where it has no such day (民法第143条第2項).
fn last_day(issued: Date, months: u16) -> Result<Date, jiff::Error> {
    let same_day = issued.checked_add(i32::from(months).months())?;
    if same_day.day() == issued.day() { same_day.yesterday() } else { Ok(same_day) }
}

/// Issues the certificate of a decision to certify; its number is the case's own, marked as a certificate's.
/// `renewed` is the case it renews, whose certificate ends with that.
pub fn certify(case: &CaseFacts, act: &mut Act, scope: &str, renewed: Option<&CaseFacts>) -> Result<Vec<Change>, Refusal> {
    case.allows(Kind::IssueCertificate)?;
    let Some(by) = act.actor.person else { return Err(Refusal::forbidden()) };
    if !case.decision.as_ref().is_some_and(|d| d.certify) {
        return Err(Refusal::state(text("認定の判定ではないため、認定証は発行できません。", "The decision is not to certify.")));
    }
    let issued = act.today();
    let valid_until = case
        .settings
        .validity_months
        .map(|months| last_day(issued, months))
        .transpose()
        .map_err(|_| Refusal::state(text("有効期限を計算できません。", "The validity cannot be computed.")))?;
    let certificate = Certificate {
        id: act.fresh(),
        case: case.case.id,
        number: format!("{}-C", case.case.number.as_deref().unwrap_or_default()),
        code: act.code(),
        scope: bounded("scope", scope.trim(), 2000)?,
        issued,
        valid_until,
        issued_by: by,
        provider_agrees: false,
        body_agrees: false,
    };
    let mut changes = vec![Change::CertificateIssued { case: case.case.id, certificate }];
    if let Some(old) = renewed.filter(|old| old.case.state.is_certified()) {
        changes.push(Change::StateMoved { case: old.case.id, state: State::Renewed, reason: case.case.number.clone().unwrap_or_default() });
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Pos;
    use crate::verdict::{Approval, ImprovementAnswer};
    use crate::world::*;

    fn improving(no: u16, round: u32) -> ItemFacts {
        let mut facts = judged(no, "partly", round);
        facts.verdict.as_mut().unwrap().content.improvement = "改善".into();
        facts
    }
    fn improved(no: u16, pos: i64) -> ItemFacts {
        let answer = ImprovementAnswer { round: 1, text: "直しました".into(), by: id(OFFICER), at: now(), pos: Pos(pos) };
        ItemFacts { improvement_answer: Some(answer), ..improving(no, 1) }
    }
    fn agreed(facts: ItemFacts, agrees: bool) -> ItemFacts {
        let verdict = facts.verdict.as_ref().unwrap().pos;
        let approval = Approval { verdict, agrees, comment: String::new(), by: id(SECOND), at: now() };
        ItemFacts { approval: Some(approval), ..facts }
    }
    /// Everybody who gave one of the verdicts.
    fn judges(items: &[ItemFacts]) -> Vec<Id<Person>> {
        items.iter().filter_map(|i| i.verdict.as_ref().map(|v| v.by)).collect()
    }
    fn judge(case: &CaseFacts, items: &[ItemFacts], certify: bool) -> Result<Change, Refusal> {
        decide(case, &sheet(), items, &judges(items), &act(decider()), certify, "根拠")
    }

    #[test]
    fn a_snapshot_is_the_same_in_any_order_and_holds_all_the_applicant_said() {
        let with_claims = |a, b| ItemFacts { claims: vec![a, b], ..answered(1, "対応") };
        let other = crate::evidence::Claim { document: "約款".into(), evidence: None, ..claim(31) };
        let only_improved = ItemFacts { answer: None, verdict: None, ..improved(3, 200) };
        let file = file();
        let find = |_| Some(&file);
        let of = case(State::Draft).case;
        let one = snapshot(&of, &[with_claims(claim(30), other.clone()), answered(2, "対応"), only_improved.clone()], find);
        let two =
            snapshot(&of, &[only_improved, answered(2, "対応"), with_claims(other, claim(30)), ItemFacts::untouched(ItemNo(4))], find);
        assert_eq!(one, two);
        assert_eq!(one["items"].as_array().unwrap().len(), 3);
        assert_eq!(one["items"][0]["claims"][1]["sha256"], "07".repeat(32));
    }

    #[test]
    fn a_round_is_submitted_with_an_answer_and_with_every_improvement_answered() {
        let send = |case: &CaseFacts, items: &[ItemFacts]| submit(case, items, &act(officer()), Digest([0; 32]));
        assert_eq!(send(&case(State::Draft), &[]).unwrap_err().why, Why::State);
        assert_eq!(send(&case(State::Draft), &[answered(1, "")]).unwrap_err().why, Why::State);
        let mut back = case(State::Returned);
        assert!(send(&back, &[improving(1, 1)]).unwrap_err().text.ja.contains("項目 1"));
        assert!(send(&back, &[improved(1, 105)]).is_err(), "an answer from before the verdict is none");
        assert!(matches!(send(&back, &[improved(1, 195)]), Ok(Change::RoundSubmitted { round: 2, .. })));
        back.rounds[0].flagged = Some(vec![ItemNo(2)]);
        assert!(send(&back, &[improving(1, 1)]).is_ok(), "item 1 did not come back, so nobody can answer it");
    }

    #[test]
    fn the_first_acceptance_gives_the_number_and_later_ones_keep_it() {
        let mut new = case(State::Submitted);
        new.case.number = None;
        assert!(matches!(accept(&new, " AK-7 "), Ok(Change::RoundAccepted { number, .. }) if number == "AK-7"));
        assert_eq!(accept(&new, " ").unwrap_err().field, Some("number"));
        let again = in_round_two(case(State::Submitted));
        assert!(matches!(accept(&again, "XX-9"), Ok(Change::RoundAccepted { round: 2, number, .. }) if number == "AK-2026-0001"));
    }

    #[test]
    fn a_round_goes_back_with_verdicts_and_every_improvement_among_what_is_flagged() {
        let back = |items: &[ItemFacts], flagged: Option<&[u16]>| {
            give_back(&case(State::InReview), items, &sheet(), flagged.map(|f| f.iter().copied().map(ItemNo).collect()), " 連絡 ")
        };
        assert_eq!(back(&[answered(1, "x")], None).unwrap_err().why, Why::State);
        assert!(matches!(back(&[improving(1, 1)], None), Ok(Change::RoundReturned { flagged: None, message, .. }) if message == "連絡"));
        assert_eq!(back(&[improving(1, 1)], Some(&[])).unwrap_err().field, Some("flagged"));
        assert_eq!(back(&[improving(1, 1)], Some(&[1, 254])).unwrap_err().field, Some("flagged"));
        assert!(back(&[improving(1, 1), improving(3, 1)], Some(&[1])).unwrap_err().text.en.ends_with("(items 3)"));
        let sorted = back(&[improving(1, 1)], Some(&[2, 1, 2]));
        assert!(matches!(sorted, Ok(Change::RoundReturned { flagged: Some(f), .. }) if f == [ItemNo(1), ItemNo(2)]));
        let old = give_back(&in_round_two(case(State::InReview)), &[judged(1, "conforms", 1)], &sheet(), None, "");
        assert_eq!(old.unwrap_err().why, Why::State, "verdicts of the round before are not of this one");
    }

    #[test]
    fn four_eyes_hold_a_round_until_the_second_evaluator_agrees() {
        let mut demanded = case(State::InReview);
        demanded.settings.second_evaluator = true;
        for facts in [demanded.clone(), with_second(case(State::InReview))] {
            let back = |item: ItemFacts| give_back(&facts, &[item], &sheet(), None, "");
            assert!(back(judged(1, "conforms", 1)).is_err());
            assert!(back(agreed(judged(1, "conforms", 1), false)).is_err());
            assert!(back(agreed(judged(1, "conforms", 1), true)).is_ok());
            let mut stale = agreed(judged(1, "conforms", 1), true);
            stale.approval.as_mut().unwrap().verdict = Pos(109);
            assert!(back(stale).is_err(), "the approval is of an older verdict");
        }
        let carried: Vec<ItemFacts> = all_judged("conforms");
        assert!(judge(&in_round_two(demanded.clone()), &carried, true).is_err(), "a verdict carried over counts too");
        let carried: Vec<ItemFacts> = carried.into_iter().map(|i| agreed(i, true)).collect();
        assert!(judge(&in_round_two(demanded), &carried, true).is_ok());
    }

    #[test]
    fn a_decision_rests_on_a_verdict_for_every_item_and_on_grounds() {
        let review = case(State::InReview);
        assert!(judge(&review, &all_judged("conforms"), true).is_ok());
        assert!(judge(&review, &all_judged("conforms")[..3], false).unwrap_err().text.en.ends_with("(items 4)"));
        let mut unknown = all_judged("conforms");
        unknown[1].verdict.as_mut().unwrap().content.mark = "gone".into();
        assert!(judge(&review, &unknown, false).unwrap_err().text.en.ends_with("(items 2)"));
        let blank = decide(&review, &sheet(), &all_judged("conforms"), &[], &act(decider()), true, " \n ");
        assert_eq!(blank.unwrap_err().field, Some("grounds"));
    }

    #[test]
    fn what_fails_or_is_open_is_not_certified_but_can_be_refused() {
        let review = case(State::InReview);
        for (mark, certifiable) in [("conforms", true), ("partly", true), ("out", true), ("fails", false), ("open", false)] {
            assert_eq!(judge(&review, &all_judged(mark), true).is_ok(), certifiable, "{mark}");
            assert!(judge(&review, &all_judged(mark), false).is_ok(), "{mark}");
        }
    }

    #[test]
    fn a_verdict_on_words_that_changed_afterwards_does_not_certify() {
        let review = in_round_two(case(State::InReview));
        let mut items = all_judged("conforms");
        items[2].changed = Pos(195);
        assert!(judge(&review, &items, true).unwrap_err().text.en.ends_with("(items 3)"));
        assert!(judge(&review, &items, false).is_ok());
        items[2] = ItemFacts { changed: Pos(195), ..judged(3, "conforms", 2) };
        assert!(judge(&review, &items, true).is_ok(), "it was judged again");
    }

    #[test]
    fn who_judges_does_not_decide() {
        let by = |facts: &CaseFacts, actor| {
            decide(facts, &sheet(), &all_judged("conforms"), &judges(&all_judged("conforms")), &act(actor), true, "根拠")
        };
        assert_eq!(by(&case(State::InReview), first()).unwrap_err().why, Why::State);
        let mut released = case(State::InReview);
        released.assignments.clear();
        assert_eq!(by(&released, first()).unwrap_err().why, Why::State, "their verdicts stay");
        let mut assigned = case(State::InReview);
        assigned.assignments[0].person = id(DECIDER);
        assert_eq!(by(&assigned, decider()).unwrap_err().why, Why::State);
    }

    #[test]
    fn a_certificate_follows_a_decision_to_certify_and_ends_the_one_it_renews() {
        let by = |facts: &CaseFacts, old: Option<&CaseFacts>| certify(facts, &mut act(secretariat()), " 範囲 ", old);
        let made = by(&case(State::Decided), None).unwrap();
        let Change::CertificateIssued { certificate, .. } = &made[0] else { panic!() };
        assert_eq!((certificate.number.as_str(), certificate.scope.as_str()), ("AK-2026-0001-C", "範囲"));
        assert_eq!(
            (certificate.issued.to_string(), certificate.valid_until.unwrap().to_string()),
            ("2026-11-22".into(), "2028-11-21".into())
        );
        assert!(!certificate.provider_agrees && !certificate.body_agrees);
        let mut refused = case(State::Decided);
        refused.decision.as_mut().unwrap().certify = false;
        assert_eq!(by(&refused, None).unwrap_err().why, Why::State);
        let renewed = by(&case(State::Decided), Some(&case(State::Watched))).unwrap();
        assert!(matches!(renewed[1], Change::StateMoved { state: State::Renewed, .. }));
        assert_eq!(by(&case(State::Decided), Some(&case(State::Expired))).unwrap().len(), 1, "what ended already stays ended");
        let mut endless = case(State::Decided);
        endless.settings.validity_months = None;
        assert!(
            matches!(&by(&endless, None).unwrap()[0], Change::CertificateIssued { certificate, .. } if certificate.valid_until.is_none())
        );
    }

    #[test]
    fn a_validity_of_months_ends_before_the_same_day_or_with_the_month() {
        for (issued, months, last) in [
            ("2026-11-22", 24, "2028-11-21"),
            ("2026-03-01", 12, "2027-02-28"),
            ("2027-03-01", 12, "2028-02-29"),
            ("2028-02-29", 12, "2029-02-28"),
            ("2028-02-29", 48, "2032-02-28"),
            ("2026-08-31", 6, "2027-02-28"),
            ("2026-01-01", 1, "2026-01-31"),
            ("2026-01-31", 1, "2026-02-28"),
        ] {
            assert_eq!(last_day(issued.parse().unwrap(), months).unwrap().to_string(), last, "{issued} + {months}");
        }
        assert!(last_day(Date::MAX, 1).is_err());
    }

    #[test]
    fn a_message_lists_twenty_items_and_counts_the_rest() {
        let all: Vec<ItemNo> = (1..=25).map(ItemNo).collect();
        assert!(listed(&all).ends_with("20 … (25)"));
        assert_eq!(listed(&all[..2]), "1, 2");
    }
}
