//! Who may do and see what: one exhaustive match, deny by default.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::act::Actor;
use crate::case::{CaseFacts, State};
use crate::command::Kind;
use crate::id::{self, Id, Pos};
use crate::party::Role;
use crate::refusal::{Refusal, Why};
use crate::text::text;

/// From which side somebody looks at a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Applicant,
    Body,
    Institution,
}

/// What of a case may be read, and from which side. Only [`view`] makes one, so no read can forget it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseView {
    case: Id<id::Case>,
    side: Side,
    content: Pos,
    verdicts: Pos,
}

impl CaseView {
    pub fn case(&self) -> Id<id::Case> {
        self.case
    }
    pub fn side(&self) -> Side {
        self.side
    }
    /// Answers and claims up to this position.
    pub fn content(&self) -> Pos {
        self.content
    }
    /// Verdicts, confirmations and approvals up to this position.
    pub fn verdicts(&self) -> Pos {
        self.verdicts
    }
    /// The same view as it was when a round was submitted.
    pub fn at_round(self, facts: &CaseFacts, n: u32) -> Option<CaseView> {
        let round = facts.rounds.iter().find(|r| r.n == n)?;
        Some(CaseView { content: self.content.min(round.cut), ..self })
    }
}

/// The sides from which the actor may look at the case, the likeliest first. Who belongs to the applicant,
/// in whatever role, does not stand on the body's side, where draft verdicts are, unless it is a self-evaluation.
pub fn sides(actor: &Actor, facts: &CaseFacts) -> Vec<Side> {
    let Some(organisation) = actor.organisation else { return vec![] };
    let mut out = vec![];
    if organisation == facts.case.provider && (actor.has(Role::Officer) || actor.has(Role::Colleague)) {
        out.push(Side::Applicant);
    }
    let partial = !facts.case.is_self_evaluation() && actor.belongs_to.contains(&facts.case.provider);
    if organisation == facts.case.body && facts.case.round > 0 && !partial {
        let assigned = facts.assignment(actor).is_some_and(|a| a.interest.as_ref().is_none_or(|i| !i.conflict));
        if actor.has(Role::Secretariat) || actor.has(Role::Decider) || (actor.has(Role::Evaluator) && assigned) {
            out.push(Side::Body);
        }
    }
    // From the decision on and for good: who relied on a certificate also learns that it was withdrawn.
    if actor.has(Role::InstitutionOfficer) && facts.decision.is_some() && facts.disclosed_to.contains(&organisation) {
        out.push(Side::Institution);
    }
    out
}

/// What the actor may read of the case; `side` chooses where they have several.
/// Somebody without a side learns nothing, not even that the case exists.
pub fn view(actor: &Actor, facts: &CaseFacts, side: Option<Side>) -> Result<CaseView, Refusal> {
    let open = sides(actor, facts);
    let side = match side {
        Some(side) if open.contains(&side) => side,
        Some(_) => return Err(Refusal::not_found()),
        None => *open.first().ok_or(Refusal::not_found())?,
    };
    let submitted = facts.round().map_or(Pos::NEVER, |r| r.cut);
    let decided = facts.decision.as_ref().map(|d| d.pos);
    let shown = decided.or_else(|| facts.rounds.iter().rev().find_map(|r| r.returned_pos)).unwrap_or(Pos::NEVER);
    let (content, verdicts) = match side {
        Side::Applicant => (Pos::NOW, shown),
        Side::Body => (submitted, Pos::NOW),
        Side::Institution => (submitted, decided.unwrap_or(Pos::NEVER)),
    };
    Ok(CaseView { case: facts.case.id, side, content, verdicts })
}

/// Where a command acts, as far as permission depends on it.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// No organisation's and no case's.
    Installation,
    Organisation(Id<id::Organisation>),
    Case(&'a CaseFacts),
}

fn when(ok: bool) -> Result<(), Refusal> {
    if ok { Ok(()) } else { Err(Refusal::forbidden()) }
}

/// May the actor do this kind of thing there, and is it the time for it? The rule of the command itself comes after.
///
/// # Errors
/// `NotFound` for a case out of the actor's sight, `Forbidden` for lack of a role, `State` where the case has moved on.
pub fn may(kind: Kind, actor: &Actor, place: Place) -> Result<(), Refusal> {
    permitted(kind, actor, place)?;
    match place {
        Place::Case(facts) => facts.allows(kind),
        Place::Installation | Place::Organisation(_) => Ok(()),
    }
}

fn permitted(kind: Kind, actor: &Actor, place: Place) -> Result<(), Refusal> {
    if let crate::act::Means::Token { write: false, .. } = actor.means {
        return Err(Refusal::new(Why::Forbidden, text("このAPIトークンは読み取り専用です。", "This token may only read.")));
    }
    let role = |r: Role| actor.has(r);
    let own = |o: Id<id::Organisation>| actor.organisation == Some(o);
    // A case somebody may not see does not exist for them; what is not submitted is not yet the body's.
    let (applicant, body) = match place {
        Place::Case(facts) => {
            let open = sides(actor, facts);
            if open.is_empty() && !actor.is_system() {
                return Err(Refusal::not_found());
            }
            (open.contains(&Side::Applicant), open.contains(&Side::Body))
        }
        Place::Installation | Place::Organisation(_) => (false, false),
    };
    match kind {
        Kind::FoundInstallation | Kind::AcceptInvitation => when(actor.is_system()),
        Kind::CreateOrganisation => when(role(Role::Operator)),
        Kind::InvitePerson | Kind::SetRoles => match place {
            Place::Organisation(o) => when((own(o) && role(Role::Administrator)) || role(Role::Operator)),
            Place::Installation | Place::Case(_) => Err(Refusal::forbidden()),
        },
        Kind::SetSettings => when(role(Role::Administrator)),
        Kind::ChangePassword => when(matches!(actor.means, crate::act::Means::Session(_))),
        Kind::SetLanguage => when(actor.person.is_some()),
        // A token makes no tokens.
        Kind::IssueToken => when(matches!(actor.means, crate::act::Means::Session(_))),
        Kind::RevokeToken => when(actor.person.is_some()),
        Kind::CreateProduct | Kind::ReviseProduct | Kind::OpenCase => when(role(Role::Officer)),
        Kind::AddPhrase | Kind::RemovePhrase => {
            when(role(Role::Evaluator) || role(Role::Secretariat) || role(Role::Officer) || role(Role::Colleague))
        }
        Kind::AddSheet => when(role(Role::Secretariat) || role(Role::Officer)),
        Kind::ConfirmText => when(role(Role::Secretariat)),
        Kind::AddEvidence => when(role(Role::Officer) || role(Role::Colleague)),
        Kind::GiveAnswer
        | Kind::ReviewAnswer
        | Kind::CopyItem
        | Kind::MakeClaims
        | Kind::WithdrawClaim
        | Kind::AnswerImprovement
        | Kind::ConfirmAnswers => when(applicant),
        Kind::SetWork
        | Kind::CopyAnswers
        | Kind::ProposeOutOfScope
        | Kind::ImportAnswers
        | Kind::SubmitRound
        | Kind::RenewCase
        | Kind::ReportChange
        | Kind::DiscloseCase => when(applicant && role(Role::Officer)),
        Kind::AcceptRound
        | Kind::AssignEvaluator
        | Kind::ReleaseEvaluator
        | Kind::SetDue
        | Kind::IssueCertificate
        | Kind::RefuseCertificate
        | Kind::StartWatch => when(body && role(Role::Secretariat)),
        Kind::DeclareInterest | Kind::ConfirmClaim | Kind::GiveVerdict | Kind::ImportVerdicts | Kind::ApproveVerdict => {
            when(body && role(Role::Evaluator))
        }
        Kind::ReturnRound => when(body && (role(Role::Evaluator) || role(Role::Secretariat))),
        Kind::DecideCase => when(body && role(Role::Decider)),
        Kind::WithdrawCase => when((applicant && role(Role::Officer)) || (body && role(Role::Secretariat))),
        Kind::AgreePublication => when((applicant && role(Role::Officer)) || (body && role(Role::Secretariat))),
        Kind::SendMessage => when(applicant || (body && role(Role::Evaluator))),
    }
}

/// The states in which something is left for a side to do: whose turn it is.
pub const fn turn(state: State) -> Option<Side> {
    match state {
        State::Draft | State::Returned => Some(Side::Applicant),
        State::Submitted | State::InReview | State::Decided => Some(Side::Body),
        State::Certified | State::Refused | State::Watched | State::Renewed | State::Expired | State::Withdrawn => None,
    }
}
