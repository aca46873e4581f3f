//! The evaluator's work on an item: confirmations, verdict (判定結果), 改善策, 備考, approval, questions.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::answer::{LONGEST, conflict};
use crate::case::{CaseFacts, Part};
use crate::change::Change;
use crate::command::Kind;
use crate::evidence::Finding;
use crate::id::{self, Id, ItemNo, Pos};
use crate::item::ItemFacts;
use crate::party::bounded;
use crate::policy::Side;
use crate::refusal::Refusal;
use crate::sheet::{Class, Sheet};
use crate::text::{Lang, text, worded};

/// One version of a verdict. Versions are never changed; the newest counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    pub pos: Pos,
    pub at: Timestamp,
    pub by: Id<id::Person>,
    pub round: u32,
    #[serde(flatten)]
    pub content: VerdictContent,
}

/// What a verdict says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct VerdictContent {
    /// A code of the sheet's scale.
    pub mark: String,
    /// 確認したエビデンス, as the evaluator writes it beside the confirmed claims.
    pub evidence: String,
    /// 改善策
    pub improvement: String,
    /// 備考
    pub remarks: String,
}

/// A second evaluator's word on one version of a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approval {
    pub verdict: Pos,
    pub agrees: bool,
    pub comment: String,
    pub by: Id<id::Person>,
    pub at: Timestamp,
}

/// A message in an item's question thread (質疑).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    pub item: ItemNo,
    pub side: Side,
    pub by: Id<id::Person>,
    pub at: Timestamp,
    pub text: String,
    pub pos: Pos,
}

/// The applicant's answer to a 改善策.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImprovementAnswer {
    pub round: u32,
    pub text: String,
    pub by: Id<id::Person>,
    pub at: Timestamp,
    pub pos: Pos,
}

/// The actor must hold a part in the case and have declared that no interest conflicts.
fn declared(case: &CaseFacts, act: &Act) -> Result<Part, Refusal> {
    let assignment = case.assignment(&act.actor).ok_or(Refusal::new(
        crate::refusal::Why::Forbidden,
        text(
            "この案件の評価者に割り当てられていません。事務局に確認してください。",
            "You are not assigned to this case; ask the secretariat.",
        ),
    ))?;
    match &assignment.interest {
        Some(interest) if !interest.conflict => Ok(assignment.part),
        Some(_) => Err(Refusal::forbidden()),
        None => Err(Refusal::state(text(
            "評価の前に、利益相反の有無を申告してください。",
            "Declare whether you have a conflict of interest before you judge.",
        ))),
    }
}

/// Confirms (or not) what a claim says.
pub fn confirm_claim(
    case: &CaseFacts,
    facts: &ItemFacts,
    act: &Act,
    claim: Id<id::Claim>,
    finding: Finding,
    comment: &str,
) -> Result<Change, Refusal> {
    case.allows(Kind::ConfirmClaim)?;
    declared(case, act)?;
    let Some(by) = act.actor.person else { return Err(Refusal::forbidden()) };
    if !facts.claims.iter().any(|c| c.id == claim) {
        return Err(Refusal::not_found());
    }
    let comment = bounded("comment", comment.trim(), 2000)?;
    Ok(Change::ClaimConfirmed { case: case.case.id, item: facts.no, claim, round: case.case.round, finding, comment, by })
}

/// Nobody judges their own words; in a self-evaluation somebody might have to.
fn not_own(facts: &ItemFacts, by: Id<id::Person>) -> Result<(), Refusal> {
    if facts.answer.as_ref().is_some_and(|a| a.by == by) {
        return Err(Refusal::state(text(
            "自分が書いた回答は評価できません。別の評価者に依頼してください。",
            "You wrote this answer yourself, so another evaluator has to judge it.",
        )));
    }
    Ok(())
}

/// Gives a verdict on top of the version the evaluator saw (`base`).
pub fn give(
    case: &CaseFacts,
    sheet: &Sheet,
    facts: &ItemFacts,
    act: &Act,
    base: Pos,
    content: VerdictContent,
) -> Result<Vec<Change>, Refusal> {
    case.allows(Kind::GiveVerdict)?;
    if declared(case, act)? == Part::Second {
        return Err(Refusal::state(text(
            "第2評価者は判定を承認する役割です。判定は主担当の評価者が入力します。",
            "The second evaluator approves verdicts; the first one gives them.",
        )));
    }
    let Some(by) = act.actor.person else { return Err(Refusal::forbidden()) };
    not_own(facts, by)?;
    if facts.verdict.as_ref().map_or(Pos::NEVER, |v| v.pos) != base {
        return Err(conflict());
    }
    let mark = sheet.mark(&content.mark).ok_or_else(|| {
        let (ja, en): (Vec<_>, Vec<_>) = sheet.scale.iter().map(|m| (m.name.get(Lang::Ja), m.name.get(Lang::En))).unzip();
        Refusal::invalid(
            "mark",
            worded(format!("判定結果を選んでください（{}）。", ja.join("、")), format!("Choose a verdict: {}.", en.join(", "))),
        )
    })?;
    let content = VerdictContent {
        mark: mark.code.clone(),
        evidence: bounded("evidence", content.evidence.trim_end(), LONGEST)?,
        improvement: bounded("improvement", content.improvement.trim_end(), LONGEST)?,
        remarks: bounded("remarks", content.remarks.trim_end(), LONGEST)?,
    };
    if matches!(mark.class, Class::Partly | Class::Fails) && content.improvement.is_empty() {
        let name = &mark.name;
        return Err(Refusal::invalid(
            "improvement",
            worded(format!("「{}」には改善策の入力が必要です。", name.ja), format!("{} needs an improvement (改善策).", name.en)),
        ));
    }
    if facts.verdict.as_ref().is_some_and(|v| v.round == case.case.round && v.content == content) {
        return Ok(vec![]);
    }
    Ok(vec![Change::VerdictGiven { case: case.case.id, item: facts.no, round: case.case.round, by, content }])
}

/// Approves a verdict. Who gave it never approves it.
pub fn approve(case: &CaseFacts, facts: &ItemFacts, act: &Act, seen: Pos, agrees: bool, comment: &str) -> Result<Change, Refusal> {
    case.allows(Kind::ApproveVerdict)?;
    let part = declared(case, act)?;
    let Some(by) = act.actor.person else { return Err(Refusal::forbidden()) };
    let Some(verdict) = &facts.verdict else {
        return Err(Refusal::state(text("まだ判定がありません。", "There is no verdict yet.")));
    };
    if verdict.pos != seen {
        return Err(conflict());
    }
    if verdict.by == by {
        return Err(Refusal::state(text("判定した本人は承認できません。", "Whoever gave the verdict cannot approve it.")));
    }
    not_own(facts, by)?;
    if part != Part::Second {
        return Err(Refusal::state(text("承認は第2評価者が行います。", "The second evaluator approves.")));
    }
    let comment = bounded("comment", comment.trim(), 2000)?;
    if !agrees && comment.is_empty() {
        return Err(Refusal::invalid("comment", text("同意しない理由を書いてください。", "Say why you do not agree.")));
    }
    Ok(Change::VerdictApproved { case: case.case.id, item: facts.no, verdict: seen, agrees, comment, by })
}

/// Writes in the item's question thread, from either side, while the case runs.
pub fn ask(case: &CaseFacts, item: ItemNo, act: &Act, side: Side, written: &str) -> Result<Change, Refusal> {
    case.allows(Kind::SendMessage)?;
    if side == Side::Institution {
        return Err(Refusal::forbidden());
    }
    let Some(by) = act.actor.person else { return Err(Refusal::forbidden()) };
    let written = bounded("text", written.trim(), 4000)?;
    if written.is_empty() {
        return Err(Refusal::invalid("text", text("本文を入力してください。", "Write something.")));
    }
    Ok(Change::MessageSent { case: case.case.id, item, side, text: written, by })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::Actor;
    use crate::case::{Interest, State};
    use crate::refusal::Why;
    use crate::world::*;

    fn mark(code: &str) -> VerdictContent {
        VerdictContent { mark: code.into(), ..VerdictContent::default() }
    }
    fn judge(case: &CaseFacts, actor: Actor, facts: &ItemFacts, base: i64, content: VerdictContent) -> Result<Vec<Change>, Refusal> {
        give(case, &sheet(), facts, &act(actor), Pos(base), content)
    }

    #[test]
    fn a_verdict_belongs_to_its_round_and_says_why_something_does_not_conform() {
        let review = case(State::InReview);
        let seen = answered(1, "対応");
        assert!(matches!(&judge(&review, first(), &seen, 0, mark("conforms")).unwrap()[..], [Change::VerdictGiven { round: 1, .. }]));
        for code in ["partly", "fails"] {
            assert_eq!(judge(&review, first(), &seen, 0, mark(code)).unwrap_err().field, Some("improvement"), "{code}");
            let said = VerdictContent { improvement: "改善".into(), ..mark(code) };
            assert!(judge(&review, first(), &seen, 0, said).is_ok());
        }
        for code in ["out", "open"] {
            assert!(judge(&review, first(), &seen, 0, mark(code)).is_ok());
        }
        for odd in ["", "適合", "Conforms"] {
            assert_eq!(judge(&review, first(), &seen, 0, mark(odd)).unwrap_err().field, Some("mark"), "{odd}");
        }
    }

    #[test]
    fn the_same_verdict_is_no_new_version_within_a_round_and_one_in_the_next() {
        let facts = judged(1, "conforms", 1);
        let same = facts.verdict.clone().unwrap().content;
        assert_eq!(judge(&case(State::InReview), first(), &facts, 110, same.clone()), Ok(vec![]));
        assert_eq!(judge(&in_round_two(case(State::InReview)), first(), &facts, 110, same).unwrap().len(), 1);
        assert_eq!(judge(&case(State::InReview), first(), &facts, 0, mark("open")).unwrap_err().why, Why::Conflict);
    }

    #[test]
    fn only_an_assigned_evaluator_who_declared_no_conflict_judges() {
        let mut facts = case(State::InReview);
        let seen = answered(1, "対応");
        assert_eq!(judge(&facts, second(), &seen, 0, mark("open")).unwrap_err().why, Why::Forbidden);
        facts.assignments[0].interest = None;
        assert_eq!(judge(&facts, first(), &seen, 0, mark("open")).unwrap_err().why, Why::State);
        facts.assignments[0].interest = Some(Interest { conflict: true, statement: "前職".into() });
        assert_eq!(judge(&facts, first(), &seen, 0, mark("open")).unwrap_err().why, Why::Forbidden);
    }

    #[test]
    fn nobody_judges_or_approves_their_own_answer_even_in_a_self_evaluation() {
        let mut own = with_second(case(State::InReview));
        own.case.body = provider();
        let mut seen = judged(1, "conforms", 1);
        seen.answer.as_mut().unwrap().by = id(FIRST);
        assert_eq!(judge(&own, first(), &seen, 110, mark("open")).unwrap_err().why, Why::State);
        seen.answer.as_mut().unwrap().by = id(SECOND);
        assert_eq!(approve(&own, &seen, &act(second()), Pos(110), true, "").unwrap_err().why, Why::State);
        assert!(judge(&own, first(), &seen, 110, mark("open")).is_ok());
    }

    #[test]
    fn the_second_evaluator_approves_and_does_not_judge() {
        let review = with_second(case(State::InReview));
        let facts = judged(1, "conforms", 1);
        let say = |actor, seen, agrees, comment| approve(&review, &facts, &act(actor), Pos(seen), agrees, comment);
        assert_eq!(judge(&review, second(), &facts, 110, mark("open")).unwrap_err().why, Why::State);
        assert!(say(second(), 110, true, "").is_ok() && say(second(), 110, false, "根拠").is_ok());
        assert_eq!(say(second(), 110, false, " ").unwrap_err().field, Some("comment"));
        assert_eq!(say(second(), 109, true, "").unwrap_err().why, Why::Conflict);
        assert_eq!(say(first(), 110, true, "").unwrap_err().why, Why::State);
        assert_eq!(approve(&review, &answered(1, "x"), &act(second()), Pos(0), true, "").unwrap_err().why, Why::State);
    }

    #[test]
    fn who_gave_a_verdict_never_approves_it_whatever_part_they_have_now() {
        let mut review = case(State::InReview);
        review.assignments[0].part = Part::Second;
        let refused = approve(&review, &judged(1, "conforms", 1), &act(first()), Pos(110), true, "").unwrap_err();
        assert_eq!(refused.text.en, "Whoever gave the verdict cannot approve it.");
        let mut only_first = with_second(case(State::InReview));
        only_first.assignments[1].part = Part::First;
        let refused = approve(&only_first, &judged(1, "conforms", 1), &act(second()), Pos(110), true, "").unwrap_err();
        assert_eq!(refused.text.en, "The second evaluator approves.");
    }

    #[test]
    fn verdicts_stay_when_their_evaluator_is_released_and_another_goes_on() {
        let mut review = case(State::InReview);
        review.assignments[0].person = id(SECOND);
        assert_eq!(judge(&review, first(), &judged(1, "conforms", 1), 110, mark("open")).unwrap_err().why, Why::Forbidden);
        assert!(judge(&review, second(), &judged(1, "conforms", 1), 110, mark("open")).is_ok());
    }

    #[test]
    fn a_claim_that_stands_is_confirmed_by_an_evaluator_of_the_case() {
        let review = case(State::InReview);
        let facts = ItemFacts { claims: vec![claim(30)], ..answered(1, "x") };
        assert!(confirm_claim(&review, &facts, &act(first()), id(30), Finding::Missing, "").is_ok());
        assert_eq!(confirm_claim(&review, &facts, &act(first()), id(31), Finding::Seen, "").unwrap_err().why, Why::NotFound);
        assert_eq!(confirm_claim(&review, &facts, &act(second()), id(30), Finding::Seen, "").unwrap_err().why, Why::Forbidden);
    }

    #[test]
    fn applicant_and_body_write_in_the_thread_and_an_institution_does_not() {
        let review = case(State::InReview);
        let write = |side, text| ask(&review, ItemNo(1), &act(officer()), side, text);
        assert!(write(Side::Applicant, "質問").is_ok() && write(Side::Body, "質問").is_ok());
        assert_eq!(write(Side::Institution, "質問").unwrap_err().why, Why::Forbidden);
        assert_eq!(write(Side::Applicant, " \n").unwrap_err().field, Some("text"));
        assert_eq!(write(Side::Applicant, &"あ".repeat(4001)).unwrap_err().field, Some("text"));
    }
}
