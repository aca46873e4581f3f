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
