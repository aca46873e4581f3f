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
