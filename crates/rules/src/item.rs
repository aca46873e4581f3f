//! Everything that stands about one item of one case, as one side may see it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::{Answer, Review, Work};
use crate::evidence::{Claim, Confirmation, Finding};
use crate::id::{ItemNo, Pos};
use crate::verdict::{Approval, ImprovementAnswer, Verdict};

/// The facts of one item; the store fills them for a `CaseView`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ItemFacts {
    pub no: ItemNo,
    pub work: Work,
    /// The newest answer in view.
    pub answer: Option<Answer>,
    /// Claims in view that were not withdrawn, oldest first.
    pub claims: Vec<Claim>,
    /// The newest confirmation of each claim.
    pub confirmations: Vec<Confirmation>,
    pub review: Option<Review>,
    /// The newest verdict in view, of whatever round.
    pub verdict: Option<Verdict>,
    /// The newest approval of that verdict.
    pub approval: Option<Approval>,
    /// The newest answer to a 改善策.
    pub improvement_answer: Option<ImprovementAnswer>,
    /// Messages in the question thread.
    pub messages: u32,
    /// The ledger position of the last change of answer or claims in view.
    pub changed: Pos,
}

impl ItemFacts {
    /// An item nobody has touched.
    pub fn untouched(no: ItemNo) -> ItemFacts {
        ItemFacts {
            no,
            work: Work::default(),
            answer: None,
            claims: vec![],
            confirmations: vec![],
            review: None,
            verdict: None,
            approval: None,
            improvement_answer: None,
            messages: 0,
            changed: Pos::NEVER,
        }
    }
    pub fn is_answered(&self) -> bool {
        self.answer.as_ref().is_some_and(|a| !a.content.is_empty())
    }
    /// The review counts only for the version it looked at.
    pub fn is_reviewed(&self) -> bool {
        matches!((&self.review, &self.answer), (Some(r), Some(a)) if r.answer == a.pos && r.ok)
    }
    /// The approval counts only for the version it looked at.
    pub fn is_approved(&self) -> bool {
        matches!((&self.approval, &self.verdict), (Some(a), Some(v)) if a.verdict == v.pos && a.agrees)
    }
    /// An evaluator saw what a claim says, and the claim still stands.
    pub fn has_confirmed_evidence(&self) -> bool {
        self.confirmations.iter().any(|c| c.finding == Finding::Seen && self.claims.iter().any(|claim| claim.id == c.claim))
    }
    /// Changed by the applicant after the given cut (that of the round before).
    pub fn changed_since(&self, cut: Pos) -> bool {
        self.changed > cut
    }
    /// The last 改善策 has an answer given after it.
    pub fn improvement_is_answered(&self) -> bool {
        match (&self.verdict, &self.improvement_answer) {
            (Some(v), Some(a)) => a.pos > v.pos,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Review;
    use crate::world::*;

    #[test]
    fn a_review_and_an_approval_count_only_for_the_version_they_saw() {
        let mut facts = judged(1, "conforms", 1);
        facts.review = Some(Review { answer: Pos(10), ok: true, comment: String::new(), by: id(COLLEAGUE), at: now() });
        facts.approval = Some(Approval { verdict: Pos(110), agrees: true, comment: String::new(), by: id(SECOND), at: now() });
        assert!(facts.is_reviewed() && facts.is_approved());
        facts.answer.as_mut().unwrap().pos = Pos(20);
        facts.verdict.as_mut().unwrap().pos = Pos(120);
        assert!(!facts.is_reviewed() && !facts.is_approved());
        assert!(!ItemFacts::untouched(ItemNo(1)).is_approved());
    }

    #[test]
    fn remarks_alone_are_no_answer_and_a_reason_of_out_of_scope_is_one() {
        let mut facts = answered(1, "");
        facts.answer.as_mut().unwrap().content.remarks = "控え".into();
        assert!(!facts.is_answered());
        facts.answer.as_mut().unwrap().content.out_of_scope = Some("理由".into());
        assert!(facts.is_answered());
    }

    #[test]
    fn what_was_written_up_to_a_cut_has_not_changed_since() {
        assert!(!answered(1, "x").changed_since(Pos(10)) && answered(1, "x").changed_since(Pos(9)));
    }
}
