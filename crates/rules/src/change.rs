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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Status;
    use crate::id::PointNo;
    use crate::party::{OrganisationKind, Role};
    use crate::world::*;

    /// One of each, with every optional part filled.
    fn one_of_each() -> Vec<Change> {
        let (case, item, by, text) = (id(50), ItemNo(81), id(OFFICER), || "本文".to_owned());
        let facts = crate::world::case(State::Certified);
        let content = Content { text: text(), points: [(PointNo(2), text())].into(), out_of_scope: Some(text()), remarks: text() };
        let settings = facts.settings.clone();
        vec![
            Change::OrganisationAdded(Organisation {
                id: body(),
                name: text(),
                kinds: vec![OrganisationKind::Body],
                settings: settings.clone(),
            }),
            Change::SettingsChanged { organisation: body(), settings },
            Change::PersonAdded(Person { id: by, name: text(), email: "a@example.jp".into(), lang: Lang::En }),
            Change::LanguageChosen { person: by, lang: Lang::Ja },
            Change::PasswordChanged { person: by },
            Change::RolesGiven(Membership { person: by, organisation: body(), roles: vec![Role::InstitutionOfficer] }),
            Change::PersonInvited(Invitation {
                id: id(1),
                organisation: body(),
                email: text(),
                roles: vec![],
                expires: now(),
                accepted: false,
            }),
            Change::InvitationAccepted { invitation: id(1), person: by },
            Change::ProductSaved(product()),
            Change::PhraseSaved(Phrase { id: id(1), organisation: body(), text: text() }),
            Change::PhraseRemoved { phrase: id(1) },
            Change::TokenIssued(Token {
                id: id(1),
                person: by,
                organisation: body(),
                name: text(),
                write: true,
                expires: "2027-01-01".parse().unwrap(),
                revoked: false,
            }),
            Change::TokenRevoked { token: id(1) },
            Change::SignedIn { session: id(1), person: by, organisation: body() },
            Change::SignInFailed { email: text() },
            Change::SignedOut { session: id(1) },
            Change::SheetAdded { organisation: body(), sheet: Box::new(sheet()) },
            Change::MappingKept { id: id(1), organisation: body(), name: text(), mapping: serde_json::json!({ "F": 3 }) },
            Change::TextConfirmed { sheet: SheetId("test@1".into()), item, text: text(), source: text(), by },
            Change::CaseOpened(facts.case.clone()),
            Change::DueSet { case, due: Some("2026-12-01".parse().unwrap()) },
            Change::EvaluatorAssigned { case, person: by, part: Part::Second },
            Change::EvaluatorReleased { case, person: by },
            Change::InterestDeclared { case, person: by, interest: Interest { conflict: true, statement: text() } },
            Change::RoundSubmitted { case, round: 2, digest: Digest([1; 32]), by },
            Change::RoundAccepted { case, round: 2, number: text() },
            Change::RoundReturned { case, round: 2, flagged: Some(vec![item]), message: text() },
            Change::CaseDecided { case, certify: true, grounds: text(), by },
            Change::CertificateIssued { case, certificate: facts.certificate.clone().unwrap() },
            Change::PublicationAgreed { case, side: Side::Body, agrees: true },
            Change::StateMoved { case, state: State::InReview, reason: text() },
            Change::ChangeReported { case, text: text(), by },
            Change::CaseDisclosed { case, institution: hospital(), on: true },
            Change::WorkSet {
                case,
                item,
                work: Work { owner: Some(by), due: Some("2026-12-01".parse().unwrap()), status: Status::InProgress },
            },
            Change::AnswerGiven { case, item, by, content, origin: Origin::Copied { case: id(51), item: ItemNo(82) } },
            Change::AnswerReviewed { case, item, answer: Pos(i64::MAX), ok: false, comment: text(), by },
            Change::ImprovementAnswered { case, item, round: 1, text: text(), by },
            Change::EvidenceAdded(file()),
            Change::ClaimMade { case, item, claim: claim(30) },
            Change::ClaimWithdrawn { case, item, claim: id(30) },
            Change::ClaimConfirmed { case, item, claim: id(30), round: 1, finding: Finding::Insufficient, comment: text(), by },
            Change::VerdictGiven {
                case,
                item,
                round: 1,
                by,
                content: VerdictContent { mark: "partly".into(), evidence: text(), improvement: text(), remarks: text() },
            },
            Change::VerdictApproved { case, item, verdict: Pos(9), agrees: true, comment: text(), by },
            Change::MessageSent { case, item, side: Side::Applicant, text: text(), by },
        ]
    }

    #[test]
    fn every_change_reads_back_from_its_json_under_the_kind_it_names() {
        let all = one_of_each();
        for change in &all {
            let json = serde_json::to_string(change).unwrap();
            assert_eq!(serde_json::from_str::<Change>(&json).unwrap(), *change);
            assert_eq!(serde_json::to_value(change).unwrap()["kind"], change.kind());
        }
        let kinds: std::collections::BTreeSet<_> = all.iter().map(Change::kind).collect();
        let named = include_str!("change.rs").lines().take_while(|l| !l.contains("fn subject")).filter(|l| l.contains("=> \"")).count();
        assert_eq!((kinds.len(), all.len()), (named, named), "one_of_each leaves one out");
    }

    #[test]
    fn a_subject_names_the_case_and_item_or_the_thing_itself() {
        for change in one_of_each() {
            let value = serde_json::to_value(&change).unwrap();
            let subject = change.subject();
            match (value.get("case"), value.get("item")) {
                (Some(case), Some(item)) => assert_eq!(subject, format!("{}/{item}", case.as_str().unwrap())),
                (Some(case), None) => assert_eq!(subject, case.as_str().unwrap()),
                _ => assert!(!subject.is_empty()),
            }
        }
    }
}
