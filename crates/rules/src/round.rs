//! Rounds: sealing what is submitted, taking it up, returning it, deciding, certifying.

use std::collections::BTreeSet;

use jiff::{ToSpan, civil::Date};
use serde_json::{Value, json};

use crate::act::Act;
use crate::case::{CaseFacts, Certificate, Part, State};
use crate::change::Change;
use crate::command::Kind;
use crate::evidence::{Claim, Evidence};
use crate::id::{Digest, ItemNo};
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
pub fn snapshot<'a>(items: &[ItemFacts], file: impl Fn(crate::id::Id<crate::id::Evidence>) -> Option<&'a Evidence>) -> Value {
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
    json!({ "version": 1, "items": rows })
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
pub fn decide(case: &CaseFacts, sheet: &Sheet, items: &[ItemFacts], act: &Act, certify: bool, grounds: &str) -> Result<Change, Refusal> {
    case.allows(Kind::DecideCase)?;
    let Some(by) = act.actor.person else { return Err(Refusal::forbidden()) };
    let judges = case.assignment(&act.actor).is_some_and(|a| a.part == Part::First);
    if judges || items.iter().any(|i| i.verdict.as_ref().is_some_and(|v| v.by == by)) {
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
