//! How the ledger names a change, and what it says the change is about.

use super::Change;

impl Change {
    /// The kind, as the ledger line names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Change::OrganisationAdded(_) => "organisation_added",
            Change::SettingsChanged { .. } => "settings_changed",
            Change::PersonAdded(_) => "person_added",
            Change::LanguageChosen { .. } => "language_chosen",
            Change::PasswordChanged { .. } => "password_changed",
            Change::RolesGiven(_) => "roles_given",
            Change::PersonInvited(_) => "person_invited",
            Change::InvitationAccepted { .. } => "invitation_accepted",
            Change::ProductSaved(_) => "product_saved",
            Change::PhraseSaved(_) => "phrase_saved",
            Change::PhraseRemoved { .. } => "phrase_removed",
            Change::TokenIssued(_) => "token_issued",
            Change::TokenRevoked { .. } => "token_revoked",
            Change::GroupSaved(_) => "group_saved",
            Change::AccountSuspended { .. } => "account_suspended",
            Change::AccountResumed { .. } => "account_resumed",
            Change::AccountClosed { .. } => "account_closed",
            Change::LastDaySet { .. } => "last_day_set",
            Change::CredentialsRevoked { .. } => "credentials_revoked",
            Change::FactorAdded(_) => "factor_added",
            Change::FactorRemoved { .. } => "factor_removed",
            Change::RecoveryCodeUsed { .. } => "recovery_code_used",
            Change::AccessSet { .. } => "access_set",
            Change::RequestMade(_) => "request_made",
            Change::RequestDecided { .. } => "request_decided",
            Change::RequestEnded { .. } => "request_ended",
            Change::RequestReviewed { .. } => "request_reviewed",
            Change::AccountsReviewed(_) => "accounts_reviewed",
            Change::AlertRaised(_) => "alert_raised",
            Change::AlertAcknowledged { .. } => "alert_acknowledged",
            Change::MailQueued(_) => "mail_queued",
            Change::MailSent { .. } => "mail_sent",
            Change::MailFailed { .. } => "mail_failed",
            Change::MailOpened { .. } => "mail_opened",
            Change::ActRefused { .. } => "act_refused",
            Change::PageOpened { .. } => "page_opened",
            Change::SessionConfirmed { .. } => "session_confirmed",
            Change::SessionsEnded { .. } => "sessions_ended",
            Change::SignedIn { .. } => "signed_in",
            Change::SignInFailed { .. } => "sign_in_failed",
            Change::SignedOut { .. } => "signed_out",
            Change::SheetAdded { .. } => "sheet_added",
            Change::MappingKept { .. } => "mapping_kept",
            Change::TextConfirmed { .. } => "text_confirmed",
            Change::CaseOpened(_) => "case_opened",
            Change::DueSet { .. } => "due_set",
            Change::EvaluatorAssigned { .. } => "evaluator_assigned",
            Change::EvaluatorReleased { .. } => "evaluator_released",
            Change::InterestDeclared { .. } => "interest_declared",
            Change::RoundSubmitted { .. } => "round_submitted",
            Change::RoundAccepted { .. } => "round_accepted",
            Change::RoundReturned { .. } => "round_returned",
            Change::CaseDecided { .. } => "case_decided",
            Change::CertificateIssued { .. } => "certificate_issued",
            Change::PublicationAgreed { .. } => "publication_agreed",
            Change::StateMoved { .. } => "state_moved",
            Change::ChangeReported { .. } => "change_reported",
            Change::CaseDisclosed { .. } => "case_disclosed",
            Change::WorkSet { .. } => "work_set",
            Change::AnswerGiven { .. } => "answer_given",
            Change::AnswerReviewed { .. } => "answer_reviewed",
            Change::ImprovementAnswered { .. } => "improvement_answered",
            Change::EvidenceAdded(_) => "evidence_added",
            Change::EvidenceFiled { .. } => "evidence_filed",
            Change::ClaimMade { .. } => "claim_made",
            Change::ClaimWithdrawn { .. } => "claim_withdrawn",
            Change::ClaimConfirmed { .. } => "claim_confirmed",
            Change::VerdictGiven { .. } => "verdict_given",
            Change::VerdictApproved { .. } => "verdict_approved",
            Change::MessageSent { .. } => "message_sent",
            Change::Running(c) => c.kind(),
            Change::Vault(c) => c.kind(),
            Change::Exchange(c) => c.kind(),
            Change::Keeping(c) => c.kind(),
            Change::Log(c) => c.kind(),
            Change::Register(c) => c.kind(),
            Change::Deadline(c) => c.kind(),
            Change::Question(c) => c.kind(),
            Change::Document(c) => c.kind(),
        }
    }

    /// What it is about, for the ledger's subject column: `case_…/81`, or the id of the thing.
    pub fn subject(&self) -> String {
        match self {
            Change::OrganisationAdded(o) => o.id.to_string(),
            Change::SettingsChanged { organisation, .. } | Change::MappingKept { organisation, .. } => organisation.to_string(),
            Change::PersonAdded(p) => p.id.to_string(),
            Change::LanguageChosen { person, .. }
            | Change::PasswordChanged { person, .. }
            | Change::SignedIn { person, .. }
            | Change::AccountSuspended { person, .. }
            | Change::AccountResumed { person, .. }
            | Change::AccountClosed { person, .. }
            | Change::LastDaySet { person, .. }
            | Change::CredentialsRevoked { person, .. }
            | Change::FactorRemoved { person, .. }
            | Change::RecoveryCodeUsed { person, .. }
            | Change::SessionsEnded { person, .. } => person.to_string(),
            Change::FactorAdded(f) => f.person.to_string(),
            Change::GroupSaved(g) => g.id.to_string(),
            Change::AccessSet { organisation, .. } => organisation.to_string(),
            Change::RequestMade(r) => r.id.to_string(),
            Change::RequestDecided { request, .. } | Change::RequestEnded { request, .. } | Change::RequestReviewed { request, .. } => {
                request.to_string()
            }
            Change::AccountsReviewed(r) => r.organisation.to_string(),
            Change::AlertRaised(a) => a.id.to_string(),
            Change::AlertAcknowledged { alert, .. } => alert.to_string(),
            Change::MailQueued(m) => m.id.to_string(),
            Change::MailSent { mail } | Change::MailFailed { mail, .. } | Change::MailOpened { mail } => mail.to_string(),
            Change::ActRefused { about, .. } => about.clone(),
            Change::PageOpened { page, .. } => page.clone(),
            Change::RolesGiven(m) => m.person.to_string(),
            Change::PersonInvited(i) => i.id.to_string(),
            Change::InvitationAccepted { invitation, .. } => invitation.to_string(),
            Change::ProductSaved(p) => p.id.to_string(),
            Change::PhraseSaved(p) => p.id.to_string(),
            Change::PhraseRemoved { phrase } => phrase.to_string(),
            Change::TokenIssued(t) => t.id.to_string(),
            Change::TokenRevoked { token } => token.to_string(),
            // A head is never erased: the id says who, and what a stranger typed stays in the payload.
            Change::SignInFailed { person, .. } => person.map_or_else(|| "unknown".to_owned(), |p| p.to_string()),
            Change::SignedOut { session } | Change::SessionConfirmed { session } => session.to_string(),
            Change::SheetAdded { sheet, .. } => sheet.id.to_string(),
            Change::TextConfirmed { sheet, item, .. } => format!("{sheet}/{item}"),
            Change::CaseOpened(c) => c.id.to_string(),
            Change::EvidenceAdded(e) => e.id.to_string(),
            Change::EvidenceFiled { series, .. } => series.to_string(),
            Change::DueSet { case, .. }
            | Change::EvaluatorAssigned { case, .. }
            | Change::EvaluatorReleased { case, .. }
            | Change::InterestDeclared { case, .. }
            | Change::RoundSubmitted { case, .. }
            | Change::RoundAccepted { case, .. }
            | Change::RoundReturned { case, .. }
            | Change::CaseDecided { case, .. }
            | Change::CertificateIssued { case, .. }
            | Change::PublicationAgreed { case, .. }
            | Change::StateMoved { case, .. }
            | Change::ChangeReported { case, .. }
            | Change::CaseDisclosed { case, .. } => case.to_string(),
            Change::WorkSet { case, item, .. }
            | Change::AnswerGiven { case, item, .. }
            | Change::AnswerReviewed { case, item, .. }
            | Change::ImprovementAnswered { case, item, .. }
            | Change::ClaimMade { case, item, .. }
            | Change::ClaimWithdrawn { case, item, .. }
            | Change::ClaimConfirmed { case, item, .. }
            | Change::VerdictGiven { case, item, .. }
            | Change::VerdictApproved { case, item, .. }
            | Change::MessageSent { case, item, .. } => format!("{case}/{item}"),
            Change::Running(c) => c.subject(),
            Change::Vault(c) => c.subject(),
            Change::Exchange(c) => c.subject(),
            Change::Keeping(c) => c.subject(),
            Change::Log(c) => c.subject(),
            Change::Register(c) => c.subject(),
            Change::Deadline(c) => c.subject(),
            Change::Question(c) => c.questionnaire().to_string(),
            Change::Document(c) => c.subject(),
        }
    }
}
