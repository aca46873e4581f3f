//! When a case may be acted on: the states for each kind of command.

use super::State;
use crate::command::Kind;

/// The states in which a kind of command acts on a case; none for kinds that act on no case.
pub const fn states(kind: Kind) -> &'static [State] {
    use State::{Certified, Decided, Draft, Expired, InReview, Returned, Submitted, Watched};
    match kind {
        Kind::FoundInstallation
        | Kind::CreateOrganisation
        | Kind::InvitePerson
        | Kind::AcceptInvitation
        | Kind::SetRoles
        | Kind::SetSettings
        | Kind::ChangePassword
        | Kind::SetLanguage
        | Kind::CreateProduct
        | Kind::ReviseProduct
        | Kind::AddPhrase
        | Kind::RemovePhrase
        | Kind::IssueToken
        | Kind::RevokeToken
        | Kind::MakeRequest
        | Kind::DecideRequest
        | Kind::EndRequest
        | Kind::ReviewRequest
        | Kind::SuspendAccount
        | Kind::CloseAccount
        | Kind::SetLastDay
        | Kind::ReportLeak
        | Kind::CreateMachine
        | Kind::IssueMachineToken
        | Kind::CreateEmergency
        | Kind::SetAccess
        | Kind::AddTotp
        | Kind::AddPasskey
        | Kind::RemoveFactor
        | Kind::MakeRecoveryCodes
        | Kind::SetNewPassword
        | Kind::EndSession
        | Kind::EndSessions
        | Kind::ReviewAccounts
        | Kind::AcknowledgeAlert
        | Kind::SaveGroup
        | Kind::FileEvidence
        | Kind::SaveLogView
        | Kind::RemoveLogView
        | Kind::ReviewLog
        | Kind::PlaceHold
        | Kind::SetRetention
        | Kind::ProposeAnchor
        | Kind::DecideAnchor
        | Kind::RemoveAnchor
        | Kind::RotateKey
        | Kind::ReceivePackage
        | Kind::WaiveDuty
        | Kind::MakeFeed
        | Kind::RevokeFeed
        | Kind::AddQuestionnaire
        | Kind::MapQuestions
        | Kind::AnswerQuestion
        | Kind::WriteEntry
        | Kind::MoveEntry
        | Kind::SaveClause
        | Kind::ProposeDocument
        | Kind::ApproveDocument
        | Kind::WithdrawDocument
        | Kind::ImportEntries
        | Kind::AddSheet
        | Kind::ConfirmText
        | Kind::AddEvidence
        | Kind::OpenCase => &[],
        Kind::SubmitRound
        | Kind::GiveAnswer
        | Kind::ConfirmAnswers
        | Kind::SetWork
        | Kind::ReviewAnswer
        | Kind::CopyAnswers
        | Kind::CopyItem
        | Kind::ProposeOutOfScope
        | Kind::ImportAnswers
        | Kind::MakeClaims
        | Kind::WithdrawClaim => &[Draft, Returned],
        // A package holds what was submitted, or what stands when nothing was yet.
        Kind::SendPackage => &[Draft, Submitted, InReview, Returned, Decided, Certified, Watched],
        Kind::AnswerImprovement => &[Returned],
        Kind::AcceptRound => &[Submitted],
        Kind::AssignEvaluator | Kind::ReleaseEvaluator | Kind::DeclareInterest | Kind::SendMessage => &[Submitted, InReview, Returned],
        Kind::ReturnRound | Kind::DecideCase | Kind::ConfirmClaim | Kind::GiveVerdict | Kind::ImportVerdicts | Kind::ApproveVerdict => {
            &[InReview]
        }
        Kind::SetDue => &[Submitted, InReview, Returned, Decided],
        Kind::IssueCertificate | Kind::RefuseCertificate => &[Decided],
        Kind::StartWatch => &[Certified],
        Kind::ReportChange | Kind::AgreePublication => &[Certified, Watched],
        Kind::RenewCase => &[Certified, Watched, Expired],
        // The applicant until the decision, either side while a certificate stands: see `withdraw`.
        Kind::WithdrawCase => &[Draft, Submitted, InReview, Returned, Certified, Watched],
        // What is shown to whom is the applicant's to say at any time.
        Kind::DiscloseCase => &State::ALL,
    }
}
