//! Changes: what happened, each one a ledger line; the store writes rows from nothing else.

use serde::{Deserialize, Serialize};

use crate::answer::{Content, Origin, Work};
use crate::case::{Case, Certificate, Interest, Part, State};
use crate::evidence::{Claim, Evidence, Finding};
use crate::id::{self, Digest, Id, ItemNo, Pos};
use crate::party::{Invitation, Membership, Organisation, Person, Phrase, Product, Settings, Token};
use crate::policy::Side;
use crate::sheet::{Sheet, SheetId};
use crate::text::Lang;
use crate::verdict::VerdictContent;

/// One thing that happened. New kinds are added; the meaning of a written one never changes,
/// because the tables can be rebuilt from the ledger alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    // Parties
    OrganisationAdded(Organisation),
    SettingsChanged {
        organisation: Id<id::Organisation>,
        settings: Settings,
    },
    PersonAdded(Person),
    LanguageChosen {
        person: Id<id::Person>,
        lang: Lang,
    },
    /// The password itself never enters the ledger.
    PasswordChanged {
        person: Id<id::Person>,
    },
    RolesGiven(Membership),
    PersonInvited(Invitation),
    InvitationAccepted {
        invitation: Id<id::Invitation>,
        person: Id<id::Person>,
    },
    ProductSaved(Product),
    PhraseSaved(Phrase),
    PhraseRemoved {
        phrase: Id<id::Phrase>,
    },
    TokenIssued(Token),
    TokenRevoked {
        token: Id<id::Token>,
    },
    // Sign-in
    SignedIn {
        session: Id<id::Session>,
        person: Id<id::Person>,
        organisation: Id<id::Organisation>,
    },
    SignInFailed {
        email: String,
    },
    SignedOut {
        session: Id<id::Session>,
    },
    // Content
    SheetAdded {
        organisation: Id<id::Organisation>,
        sheet: Box<Sheet>,
    },
    MappingKept {
        id: Id<id::Mapping>,
        organisation: Id<id::Organisation>,
        name: String,
        mapping: serde_json::Value,
    },
    TextConfirmed {
        sheet: SheetId,
        item: ItemNo,
        text: String,
        source: String,
        by: Id<id::Person>,
    },
    // The case
    CaseOpened(Case),
    DueSet {
        case: Id<id::Case>,
        due: Option<jiff::civil::Date>,
    },
    EvaluatorAssigned {
        case: Id<id::Case>,
        person: Id<id::Person>,
        part: Part,
    },
    EvaluatorReleased {
        case: Id<id::Case>,
        person: Id<id::Person>,
    },
    InterestDeclared {
        case: Id<id::Case>,
        person: Id<id::Person>,
        interest: Interest,
    },
    RoundSubmitted {
        case: Id<id::Case>,
        round: u32,
        digest: Digest,
        by: Id<id::Person>,
    },
    RoundAccepted {
        case: Id<id::Case>,
        round: u32,
        number: String,
    },
    RoundReturned {
        case: Id<id::Case>,
        round: u32,
        flagged: Option<Vec<ItemNo>>,
        message: String,
    },
    CaseDecided {
        case: Id<id::Case>,
        certify: bool,
        grounds: String,
        by: Id<id::Person>,
    },
    CertificateIssued {
        case: Id<id::Case>,
        certificate: Certificate,
    },
    PublicationAgreed {
        case: Id<id::Case>,
        side: Side,
        agrees: bool,
    },
    StateMoved {
        case: Id<id::Case>,
        state: State,
        reason: String,
    },
    ChangeReported {
        case: Id<id::Case>,
        text: String,
        by: Id<id::Person>,
    },
    CaseDisclosed {
        case: Id<id::Case>,
        institution: Id<id::Organisation>,
        on: bool,
    },
    // The applicant's work on an item
    WorkSet {
        case: Id<id::Case>,
        item: ItemNo,
        work: Work,
    },
    AnswerGiven {
        case: Id<id::Case>,
        item: ItemNo,
        by: Id<id::Person>,
        content: Content,
        origin: Origin,
    },
    AnswerReviewed {
        case: Id<id::Case>,
        item: ItemNo,
        answer: Pos,
        ok: bool,
        comment: String,
        by: Id<id::Person>,
    },
    ImprovementAnswered {
        case: Id<id::Case>,
        item: ItemNo,
        round: u32,
        text: String,
        by: Id<id::Person>,
    },
    EvidenceAdded(Evidence),
    ClaimMade {
        case: Id<id::Case>,
        item: ItemNo,
        claim: Claim,
    },
    ClaimWithdrawn {
        case: Id<id::Case>,
        item: ItemNo,
        claim: Id<id::Claim>,
    },
    // The evaluator's work on an item
    ClaimConfirmed {
        case: Id<id::Case>,
        item: ItemNo,
        claim: Id<id::Claim>,
        round: u32,
        finding: Finding,
        comment: String,
        by: Id<id::Person>,
    },
    VerdictGiven {
        case: Id<id::Case>,
        item: ItemNo,
        round: u32,
        by: Id<id::Person>,
        content: VerdictContent,
    },
    VerdictApproved {
        case: Id<id::Case>,
        item: ItemNo,
        verdict: Pos,
        agrees: bool,
        comment: String,
        by: Id<id::Person>,
    },
    MessageSent {
        case: Id<id::Case>,
        item: ItemNo,
        side: Side,
        text: String,
        by: Id<id::Person>,
    },
}

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
            Change::ClaimMade { .. } => "claim_made",
            Change::ClaimWithdrawn { .. } => "claim_withdrawn",
            Change::ClaimConfirmed { .. } => "claim_confirmed",
            Change::VerdictGiven { .. } => "verdict_given",
            Change::VerdictApproved { .. } => "verdict_approved",
            Change::MessageSent { .. } => "message_sent",
        }
    }

    /// What it is about, for the ledger's subject column: `case_…/81`, or the id of the thing.
    pub fn subject(&self) -> String {
        match self {
            Change::OrganisationAdded(o) => o.id.to_string(),
            Change::SettingsChanged { organisation, .. } | Change::MappingKept { organisation, .. } => organisation.to_string(),
            Change::PersonAdded(p) => p.id.to_string(),
            Change::LanguageChosen { person, .. } | Change::PasswordChanged { person } | Change::SignedIn { person, .. } => {
                person.to_string()
            }
            Change::RolesGiven(m) => m.person.to_string(),
            Change::PersonInvited(i) => i.id.to_string(),
            Change::InvitationAccepted { invitation, .. } => invitation.to_string(),
            Change::ProductSaved(p) => p.id.to_string(),
            Change::PhraseSaved(p) => p.id.to_string(),
            Change::PhraseRemoved { phrase } => phrase.to_string(),
            Change::TokenIssued(t) => t.id.to_string(),
            Change::TokenRevoked { token } => token.to_string(),
            Change::SignInFailed { email } => email.clone(),
            Change::SignedOut { session } => session.to_string(),
            Change::SheetAdded { sheet, .. } => sheet.id.to_string(),
            Change::TextConfirmed { sheet, item, .. } => format!("{sheet}/{item}"),
            Change::CaseOpened(c) => c.id.to_string(),
            Change::EvidenceAdded(e) => e.id.to_string(),
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
        }
    }
}
