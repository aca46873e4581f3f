//! Who may do and see what: one exhaustive match, deny by default.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Stage;
use crate::act::{Actor, Privilege};
use crate::case::{CaseFacts, State};
use crate::command::Kind;
use crate::id::{self, Id, Pos};
use crate::party::Role;
use crate::refusal::{Refusal, Why};
use crate::request::AskKind;
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

/// As [`sides`], and those that an approved request lets an operator look from; nothing can be done from these (item 18).
fn seen_sides(actor: &Actor, facts: &CaseFacts) -> Vec<Side> {
    let mut out = sides(actor, facts);
    let granted = |o: Id<id::Organisation>| actor.grants.views.iter().any(|(tenant, _)| *tenant == o);
    if granted(facts.case.provider) && !out.contains(&Side::Applicant) {
        out.push(Side::Applicant);
    }
    if granted(facts.case.body) && facts.case.round > 0 && !out.contains(&Side::Body) {
        out.push(Side::Body);
    }
    out
}

/// What the actor may read of the case; `side` chooses where they have several.
/// Somebody without a side learns nothing, not even that the case exists.
pub fn view(actor: &Actor, facts: &CaseFacts, side: Option<Side>) -> Result<CaseView, Refusal> {
    let open = seen_sides(actor, facts);
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

/// Roles that keep registers (管理簿) of their own organisation, and read them.
pub const KEEPERS: [Role; 5] = [Role::Officer, Role::Colleague, Role::Administrator, Role::Operator, Role::Secretariat];

/// Roles that approve documents of their own organisation, and take them back.
pub const APPROVERS: [Role; 2] = [Role::Officer, Role::Administrator];

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

/// Acts that lend power over accounts, or cannot be taken back: the person proves again that it is them.
/// A token cannot prove it, so none does these.
pub const fn is_dangerous(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::InvitePerson
            | Kind::SetRoles
            | Kind::IssueToken
            | Kind::AddTotp
            | Kind::AddPasskey
            | Kind::RemoveFactor
            | Kind::MakeRecoveryCodes
            | Kind::DecideRequest
            | Kind::SetAccess
            | Kind::CreateMachine
            | Kind::IssueMachineToken
            | Kind::CreateEmergency
            | Kind::CloseAccount
            | Kind::IssueCertificate
            | Kind::DecideAnchor
            | Kind::RotateKey
    )
}

/// 特権: what operators and administrators do only with an approved privilege, where the organisation names who may have it.
pub const fn is_privileged(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::CreateOrganisation
            | Kind::SetRoles
            | Kind::SetAccess
            | Kind::CreateMachine
            | Kind::IssueMachineToken
            | Kind::CreateEmergency
            | Kind::CloseAccount
            | Kind::RotateKey
    )
}

/// What the session itself allows, whatever the roles: how far the sign-in is, how fresh, and whether privilege is in force.
fn session_allows(kind: Kind, actor: &Actor) -> Result<(), Refusal> {
    let open = match actor.grants.stage {
        Stage::Full => true,
        Stage::Factor => false,
        Stage::Password => kind == Kind::ChangePassword,
        Stage::Enrol => matches!(kind, Kind::AddTotp | Kind::AddPasskey | Kind::MakeRecoveryCodes),
    };
    if !open {
        return Err(Refusal::new(Why::SignIn, text("サインインを完了してください。", "Finish signing in first.")));
    }
    if is_privileged(kind) {
        match actor.grants.privilege {
            Privilege::Free | Privilege::Granted(_) => {}
            Privilege::WrongPlace => {
                return Err(Refusal::new(
                    Why::Forbidden,
                    text(
                        "特権を使う操作は、登録された管理端末からだけ行えます。",
                        "Privilege is used from registered management terminals only.",
                    ),
                ));
            }
            Privilege::Needed => {
                return Err(Refusal::new(
                    Why::Forbidden,
                    text(
                        "この操作には特権が必要です。「申請」から特権の利用を申請し、承認を受けてください。",
                        "This needs privilege: make a request, and have it approved.",
                    ),
                ));
            }
        }
    }
    if is_dangerous(kind) && !actor.grants.confirmed {
        return Err(Refusal::confirm());
    }
    Ok(())
}

fn permitted(kind: Kind, actor: &Actor, place: Place) -> Result<(), Refusal> {
    role_allows(kind, actor, place)?;
    session_allows(kind, actor)
}

fn role_allows(kind: Kind, actor: &Actor, place: Place) -> Result<(), Refusal> {
    if let crate::act::Means::Token { write: false, .. } = actor.means {
        return Err(Refusal::new(Why::Forbidden, text("このAPIトークンは読み取り専用です。", "This token may only read.")));
    }
    let in_session = matches!(actor.means, crate::act::Means::Session(_));
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
        Kind::FoundInstallation | Kind::AcceptInvitation | Kind::SetNewPassword => when(actor.is_system()),
        Kind::CreateOrganisation => when(role(Role::Operator)),
        Kind::InvitePerson | Kind::SetRoles => match place {
            Place::Organisation(o) => when((own(o) && role(Role::Administrator)) || role(Role::Operator)),
            Place::Installation | Place::Case(_) => Err(Refusal::forbidden()),
        },
        Kind::SetSettings => when(role(Role::Administrator)),
        // Whose account it is, their home organisation says.
        Kind::SuspendAccount | Kind::CloseAccount | Kind::SetLastDay | Kind::EndSessions => match place {
            Place::Organisation(home) => when((own(home) && role(Role::Administrator)) || role(Role::Operator)),
            Place::Installation | Place::Case(_) => Err(Refusal::forbidden()),
        },
        Kind::ReportLeak => match place {
            Place::Organisation(home) => when(in_session && ((own(home) && role(Role::Administrator)) || role(Role::Operator))),
            Place::Installation => when(in_session),
            Place::Case(_) => Err(Refusal::forbidden()),
        },
        Kind::CreateMachine
        | Kind::IssueMachineToken
        | Kind::CreateEmergency
        | Kind::SetAccess
        | Kind::ReviewAccounts
        | Kind::SaveGroup => when(in_session && role(Role::Administrator)),
        Kind::AcknowledgeAlert => when(in_session && (role(Role::Administrator) || role(Role::Operator))),
        // Who may decide which request, the request says.
        Kind::DecideRequest | Kind::ReviewRequest => when(in_session && AskKind::ALL.iter().any(|k| k.deciders().iter().any(|r| role(*r)))),
        Kind::MakeRequest | Kind::EndRequest => when(in_session && !actor.roles.is_empty()),
        Kind::AddTotp | Kind::AddPasskey | Kind::RemoveFactor | Kind::MakeRecoveryCodes | Kind::EndSession => when(in_session),
        Kind::SaveLogView | Kind::RemoveLogView => when(in_session && (role(Role::Administrator) || role(Role::Operator))),
        Kind::ReviewLog => when(in_session && (role(Role::Administrator) || role(Role::Operator))),
        Kind::PlaceHold | Kind::SetRetention => when(in_session && role(Role::Administrator)),
        Kind::ProposeAnchor | Kind::DecideAnchor | Kind::RemoveAnchor => {
            when(in_session && (role(Role::Administrator) || role(Role::Operator)))
        }
        Kind::RotateKey => when(in_session && (role(Role::Administrator) || role(Role::Operator))),
        Kind::SendPackage => when(in_session && ((applicant && role(Role::Officer)) || (body && role(Role::Secretariat)))),
        Kind::ReceivePackage => when(in_session && (role(Role::Officer) || role(Role::Secretariat))),
        // Who may take which step, the register says.
        Kind::WriteEntry | Kind::MoveEntry | Kind::ImportEntries => when(KEEPERS.iter().any(|r| role(*r))),
        Kind::WaiveDuty => when(in_session && (role(Role::Officer) || role(Role::Administrator))),
        Kind::MakeFeed | Kind::RevokeFeed => when(in_session && KEEPERS.iter().any(|r| role(*r))),
        Kind::SaveClause | Kind::ProposeDocument => when(KEEPERS.iter().any(|r| role(*r))),
        // Who proposed a version never approves it, says the rule.
        Kind::ApproveDocument | Kind::WithdrawDocument => when(APPROVERS.iter().any(|r| role(*r))),
        Kind::FileEvidence => when(role(Role::Officer)),
        Kind::ChangePassword => when(in_session),
        Kind::SetLanguage => when(actor.person.is_some()),
        // A token makes no tokens.
        Kind::IssueToken => when(in_session),
        Kind::RevokeToken => when(actor.person.is_some()),
        Kind::CreateProduct | Kind::ReviseProduct | Kind::OpenCase => when(role(Role::Officer)),
        Kind::AddPhrase | Kind::RemovePhrase => {
            when(role(Role::Evaluator) || role(Role::Secretariat) || role(Role::Officer) || role(Role::Colleague))
        }
        Kind::AddSheet => when(role(Role::Secretariat) || role(Role::Officer)),
        Kind::ConfirmText => when(role(Role::Secretariat)),
        Kind::AddQuestionnaire | Kind::MapQuestions | Kind::AnswerQuestion => when(role(Role::Officer) || role(Role::Colleague)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::Means;
    use crate::case::states;
    use crate::world::*;

    /// The case in the last state where this kind of command acts, when every side sees most; a certified one where it acts on none.
    fn fitting(kind: Kind) -> CaseFacts {
        case(states(kind).last().copied().unwrap_or(State::Certified))
    }

    /// Which roles may do what, where: the table that the documentation shows.
    fn table() -> String {
        let mut out = String::from("# What each role may do. Whatever is not here is refused.\n");
        for kind in Kind::ALL {
            let facts = fitting(*kind);
            let mut who = vec![];
            if may(*kind, &Actor::system(), Place::Installation).is_ok() {
                who.push("installation".to_owned());
            }
            for role in Role::ALL {
                let word = serde_json::to_value(role).unwrap().as_str().unwrap().to_owned();
                let may = |place, side| may(*kind, &standing(role, side), place).is_ok();
                if may(Place::Installation, None) {
                    who.push(word.clone());
                }
                let own = may(Place::Organisation(id(199)), None);
                let other = may(Place::Organisation(provider()), None);
                if !may(Place::Installation, None) && (own || other) {
                    who.push(format!("{word}@{}", if other { "any_organisation" } else { "own_organisation" }));
                }
                if states(*kind).is_empty() {
                    continue;
                }
                for (side, place) in [
                    (Some(Side::Applicant), "applicant"),
                    (Some(Side::Body), "body"),
                    (Some(Side::Institution), "institution"),
                    (None, "outside"),
                ] {
                    if may(Place::Case(&facts), side) {
                        who.push(format!("{word}@{place}"));
                    }
                }
            }
            out.push_str(&format!("{:<22} {}\n", kind.code(), who.join(" ")));
        }
        out
    }

    #[test]
    fn the_table_of_roles_is_as_written_down() {
        golden("policy_table.txt", &table());
    }

    #[test]
    fn nobody_without_a_role_does_anything_but_care_for_their_own_account() {
        let own = [
            Kind::ChangePassword,
            Kind::SetLanguage,
            Kind::IssueToken,
            Kind::RevokeToken,
            Kind::ReportLeak,
            Kind::AddTotp,
            Kind::AddPasskey,
            Kind::RemoveFactor,
            Kind::MakeRecoveryCodes,
            Kind::EndSession,
        ];
        for kind in Kind::ALL.iter().filter(|k| !own.contains(k)) {
            for place in [Place::Installation, Place::Organisation(provider()), Place::Case(&fitting(*kind))] {
                for organisation in [provider(), body(), hospital()] {
                    assert!(may(*kind, &person(FIRST, organisation, &[]), place).is_err(), "{}", kind.code());
                }
            }
        }
    }

    #[test]
    fn a_reading_token_changes_nothing_and_a_writing_token_makes_no_token() {
        let token = |write| Actor { means: Means::Token { id: id(1), write }, ..officer() };
        for kind in Kind::ALL {
            assert_eq!(may(*kind, &token(false), Place::Case(&fitting(*kind))).unwrap_err().why, Why::Forbidden, "{}", kind.code());
        }
        assert!(may(Kind::OpenCase, &token(true), Place::Installation).is_ok());
        for kind in [Kind::IssueToken, Kind::ChangePassword] {
            assert_eq!(may(kind, &token(true), Place::Installation).unwrap_err().why, Why::Forbidden);
        }
    }

    /// Somebody who may do everything anywhere by role, with this in their session.
    fn granted(grants: crate::act::Grants) -> Actor {
        Actor { grants, ..person(OFFICER, provider(), &Role::ALL) }
    }

    fn whole() -> crate::act::Grants {
        crate::act::Grants { confirmed: true, ..crate::act::Grants::default() }
    }

    /// Why this kind is refused to the holder of all roles, if it is.
    fn refused(kind: Kind, grants: crate::act::Grants) -> Option<Why> {
        may(kind, &granted(grants), Place::Organisation(provider())).err().map(|r| r.why)
    }

    #[test]
    fn a_step_of_a_sign_in_opens_that_step_alone() {
        for (stage, opens) in [
            (Stage::Factor, &[][..]),
            (Stage::Password, &[Kind::ChangePassword][..]),
            (Stage::Enrol, &[Kind::AddTotp, Kind::AddPasskey, Kind::MakeRecoveryCodes][..]),
        ] {
            for kind in Kind::ALL.iter().filter(|k| refused(**k, whole()).is_none()) {
                let why = refused(*kind, crate::act::Grants { stage, ..whole() });
                assert_eq!(why, (!opens.contains(kind)).then_some(Why::SignIn), "{stage:?} {}", kind.code());
            }
        }
    }

    #[test]
    fn dangerous_acts_need_a_fresh_proof_and_privileged_ones_a_granted_privilege() {
        for kind in Kind::ALL.iter().filter(|k| refused(**k, whole()).is_none()) {
            let stale = refused(*kind, crate::act::Grants::default());
            assert_eq!(stale, is_dangerous(*kind).then_some(Why::Confirm), "{}", kind.code());
            for privilege in [Privilege::Needed, Privilege::WrongPlace] {
                let without = refused(*kind, crate::act::Grants { privilege, ..whole() });
                assert_eq!(without, is_privileged(*kind).then_some(Why::Forbidden), "{}", kind.code());
            }
            assert_eq!(refused(*kind, crate::act::Grants { privilege: Privilege::Granted(id(9)), ..whole() }), None);
        }
    }

    #[test]
    fn a_case_out_of_sight_does_not_exist() {
        let stranger = person(90, id(199), &Role::ALL);
        for kind in Kind::ALL {
            assert_eq!(may(*kind, &stranger, Place::Case(&fitting(*kind))).unwrap_err().why, Why::NotFound, "{}", kind.code());
        }
        assert_eq!(view(&stranger, &case(State::Certified), None).unwrap_err().why, Why::NotFound);
        assert_eq!(view(&officer(), &case(State::Certified), Some(Side::Body)).unwrap_err().why, Why::NotFound);
    }

    #[test]
    fn the_installation_itself_founds_and_invites_in_and_touches_no_case() {
        let allowed: Vec<Kind> = Kind::ALL.iter().copied().filter(|k| may(*k, &Actor::system(), Place::Installation).is_ok()).collect();
        assert_eq!(allowed, [Kind::FoundInstallation, Kind::AcceptInvitation, Kind::SetNewPassword]);
        for kind in Kind::ALL.iter().filter(|k| !states(**k).is_empty()) {
            assert!(may(*kind, &Actor::system(), Place::Case(&fitting(*kind))).is_err(), "{}", kind.code());
        }
    }

    #[test]
    fn a_colleague_answers_and_does_not_submit() {
        let facts = case(State::Draft);
        assert!(may(Kind::GiveAnswer, &colleague(), Place::Case(&facts)).is_ok());
        assert_eq!(may(Kind::SubmitRound, &colleague(), Place::Case(&facts)).unwrap_err().why, Why::Forbidden);
    }

    #[test]
    fn who_has_several_roles_in_a_self_evaluation_stands_on_both_sides() {
        let mut facts = case(State::InReview);
        facts.case.body = provider();
        let both = person(FIRST, provider(), &[Role::Officer, Role::Evaluator]);
        assert_eq!(sides(&both, &facts), [Side::Applicant, Side::Body]);
        let only_judges = person(FIRST, provider(), &[Role::Evaluator]);
        assert_eq!(sides(&only_judges, &facts), [Side::Body]);
    }

    #[test]
    fn an_evaluator_sees_a_case_only_while_assigned_and_free_of_conflict() {
        let mut facts = case(State::InReview);
        assert_eq!(sides(&first(), &facts), [Side::Body]);
        assert_eq!(sides(&second(), &facts), []);
        facts.assignments[0].interest = None;
        assert_eq!(sides(&first(), &facts), [Side::Body], "they have to see it to declare");
        facts.assignments[0].interest = Some(crate::case::Interest { conflict: true, statement: "x".into() });
        assert_eq!(sides(&first(), &facts), []);
    }

    #[test]
    fn who_belongs_to_the_applicant_never_stands_on_the_bodys_side() {
        for actor in [first(), secretariat(), decider()] {
            let joined = Actor { belongs_to: vec![body(), provider()], ..actor };
            assert_eq!(sides(&joined, &case(State::InReview)), []);
            let mut own = case(State::InReview);
            own.case.provider = body();
            assert!(sides(&joined, &own).contains(&Side::Body), "a self-evaluation is allowed");
        }
    }

    #[test]
    fn the_body_sees_nothing_of_a_draft_and_what_was_submitted_afterwards() {
        assert_eq!(sides(&secretariat(), &case(State::Draft)), []);
        let seen = view(&secretariat(), &in_round_two(case(State::InReview)), None).unwrap();
        assert_eq!((seen.side(), seen.content(), seen.verdicts()), (Side::Body, Pos(200), Pos::NOW));
    }

    #[test]
    fn the_applicant_sees_verdicts_when_a_round_is_returned_and_at_the_decision() {
        let shown = |facts: &CaseFacts| view(&officer(), facts, None).unwrap().verdicts();
        assert_eq!(shown(&case(State::Draft)), Pos::NEVER);
        assert_eq!(shown(&case(State::Submitted)), Pos::NEVER);
        assert_eq!(shown(&case(State::InReview)), Pos::NEVER);
        assert_eq!(shown(&case(State::Returned)), Pos(190));
        assert_eq!(shown(&in_round_two(case(State::InReview))), Pos(190), "no draft of the second round");
        assert_eq!(shown(&case(State::Decided)), Pos(180));
        assert_eq!(shown(&case(State::Withdrawn)), Pos::NEVER, "withdrawn before anything was returned");
    }

    #[test]
    fn an_institution_sees_a_disclosed_case_from_the_decision_on_even_when_it_is_withdrawn() {
        for state in State::ALL {
            let facts = case(state);
            assert_eq!(!sides(&physician(), &facts).is_empty(), facts.decision.is_some(), "{state:?}");
        }
        let mut facts = case(State::Certified);
        facts.case.state = State::Withdrawn;
        let seen = view(&physician(), &facts, None).unwrap();
        assert_eq!((seen.side(), seen.content(), seen.verdicts()), (Side::Institution, Pos(100), Pos(180)));
        facts.disclosed_to.clear();
        assert_eq!(sides(&physician(), &facts), []);
    }

    #[test]
    fn a_view_of_a_round_never_reaches_further_than_the_view_it_narrows() {
        let facts = in_round_two(case(State::Returned));
        let now = view(&officer(), &facts, None).unwrap();
        assert_eq!(now.at_round(&facts, 1).unwrap().content(), Pos(100));
        assert_eq!(now.at_round(&facts, 1).unwrap().at_round(&facts, 2).unwrap().content(), Pos(100));
        assert_eq!(now.at_round(&facts, 3), None);
    }

    #[test]
    fn it_is_the_turn_of_the_side_whose_commands_move_the_case_on() {
        for state in State::ALL {
            let moves = |kind: Kind| states(kind).contains(&state);
            let expected = if moves(Kind::SubmitRound) {
                Some(Side::Applicant)
            } else if [Kind::AcceptRound, Kind::ReturnRound, Kind::IssueCertificate].into_iter().any(moves) {
                Some(Side::Body)
            } else {
                None
            };
            assert_eq!(turn(state), expected, "{state:?}");
        }
    }
}
