//! Changes: what happened, each one a ledger line; the store writes rows from nothing else.

mod told;

use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::account::{Factor, Method, Stage};
use crate::answer::{Content, Origin, Work};
use crate::case::{Case, Certificate, Interest, Part, State};
use crate::deadline::Deadlining;
use crate::document::Documenting;
use crate::evidence::{Claim, Evidence, Finding, Label};
use crate::exchange::Exchanging;
use crate::id::{self, Digest, Id, ItemNo, Pos};
use crate::keeping::Keeping;
use crate::log::Looking;
use crate::party::{Group, Invitation, Membership, Organisation, Person, Phrase, Product, Settings, Token};
use crate::policy::Side;
use crate::questionnaire::Questioning;
use crate::register::Registering;
use crate::request::{Request, RequestState};
use crate::review::{Alert, Mail, Review};
use crate::running::Running;
use crate::sheet::{Sheet, SheetId};
use crate::text::Lang;
use crate::vault::Vaulting;
use crate::verdict::VerdictContent;

/// Why a sign-in came to nothing; the person who tries it learns less than the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Unknown id or wrong password.
    #[default]
    Password,
    /// Wrong second factor.
    Factor,
    /// The account is suspended, closed or past its last day, or no person's.
    Closed,
    /// Outside the allowed days and hours.
    Hours,
    /// From a network, or without a certificate, that is not on the list.
    Place,
    /// Too many sessions.
    Sessions,
}

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
        /// Made by Akashi, and good for nothing but to be changed.
        #[serde(default)]
        initial: bool,
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
    GroupSaved(Group),
    // Accounts
    AccountSuspended {
        person: Id<id::Person>,
        reason: String,
    },
    AccountResumed {
        person: Id<id::Person>,
        reason: String,
    },
    AccountClosed {
        person: Id<id::Person>,
        reason: String,
    },
    LastDaySet {
        person: Id<id::Person>,
        ends: Option<jiff::civil::Date>,
    },
    /// Password and sessions are no longer good; `factors` says that second factors are not either.
    CredentialsRevoked {
        person: Id<id::Person>,
        reason: String,
        factors: bool,
    },
    FactorAdded(Factor),
    FactorRemoved {
        factor: Id<id::Factor>,
        person: Id<id::Person>,
    },
    RecoveryCodeUsed {
        factor: Id<id::Factor>,
        person: Id<id::Person>,
        left: u32,
    },
    AccessSet {
        organisation: Id<id::Organisation>,
        access: Box<Access>,
    },
    RequestMade(Request),
    RequestDecided {
        request: Id<id::Request>,
        approve: bool,
        by: Id<id::Person>,
        statement: String,
    },
    RequestEnded {
        request: Id<id::Request>,
        state: RequestState,
    },
    RequestReviewed {
        request: Id<id::Request>,
        finding: String,
        by: Id<id::Person>,
    },
    AccountsReviewed(Review),
    AlertRaised(Alert),
    AlertAcknowledged {
        alert: Id<id::Alert>,
        by: Id<id::Person>,
    },
    MailQueued(Mail),
    MailSent {
        mail: Id<id::Mail>,
    },
    /// `last` says that it is not tried again.
    MailFailed {
        mail: Id<id::Mail>,
        words: String,
        last: bool,
    },
    /// The text of a mail was looked at in the outbox.
    MailOpened {
        mail: Id<id::Mail>,
    },
    /// Somebody who is signed in tried what is not theirs (item 32).
    ActRefused {
        act: String,
        about: String,
    },
    /// A page opened under a mark: privilege, emergency, alternate sign-in or viewing (items 18, 90, 100, 250).
    PageOpened {
        page: String,
        /// Whose data it showed, where that is another organisation's.
        tenant: Option<Id<id::Organisation>>,
    },
    // Sign-in
    SignedIn {
        session: Id<id::Session>,
        person: Id<id::Person>,
        organisation: Id<id::Organisation>,
        #[serde(default)]
        method: Method,
        #[serde(default)]
        stage: Stage,
        /// The request under which this session exists, and when it ends for that reason.
        #[serde(default)]
        under: Option<(Id<id::Request>, jiff::Timestamp)>,
        /// When it goes on from an earlier session: when that one began, and when the person last proved who they are.
        #[serde(default)]
        since: Option<(jiff::Timestamp, Option<jiff::Timestamp>)>,
    },
    SignInFailed {
        email: String,
        /// Whose account it was, where there is one.
        #[serde(default)]
        person: Option<Id<id::Person>>,
        #[serde(default)]
        why: Failure,
    },
    SignedOut {
        session: Id<id::Session>,
    },
    /// The person proved again that it is them.
    SessionConfirmed {
        session: Id<id::Session>,
    },
    /// Ended from elsewhere: all sessions of a person.
    SessionsEnded {
        person: Id<id::Person>,
        reason: String,
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
    /// All versions of a document get this label and group.
    EvidenceFiled {
        series: Id<id::Evidence>,
        label: Label,
        group: Option<Id<id::Group>>,
    },
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
    // Kinds of their own, kept together by what they are about; in JSON they look like the others.
    #[serde(untagged)]
    Running(Running),
    #[serde(untagged)]
    Vault(Vaulting),
    #[serde(untagged)]
    Exchange(Exchanging),
    #[serde(untagged)]
    Keeping(Keeping),
    #[serde(untagged)]
    Log(Looking),
    #[serde(untagged)]
    Register(Registering),
    #[serde(untagged)]
    Deadline(Deadlining),
    #[serde(untagged)]
    Question(Questioning),
    #[serde(untagged)]
    Document(Documenting),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{AccountKind, FactorKind};
    use crate::answer::Status;
    use crate::id::PointNo;
    use crate::party::{OrganisationKind, Role};
    use crate::request::Ask;
    use crate::review::{AlertKind, Judgement, Reviewed};
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
            Change::PersonAdded(Person { id: by, name: text(), email: "a@example.jp".into(), lang: Lang::En, kind: AccountKind::Machine }),
            Change::LanguageChosen { person: by, lang: Lang::Ja },
            Change::PasswordChanged { person: by, initial: true },
            Change::GroupSaved(Group { id: id(1), organisation: body(), name: text(), members: vec![by] }),
            Change::AccountSuspended { person: by, reason: text() },
            Change::AccountResumed { person: by, reason: text() },
            Change::AccountClosed { person: by, reason: text() },
            Change::LastDaySet { person: by, ends: Some("2026-12-01".parse().unwrap()) },
            Change::CredentialsRevoked { person: by, reason: text(), factors: true },
            Change::FactorAdded(Factor { id: id(1), person: by, kind: FactorKind::Passkey, name: text(), added: now() }),
            Change::FactorRemoved { factor: id(1), person: by },
            Change::RecoveryCodeUsed { factor: id(1), person: by, left: 9 },
            Change::AccessSet {
                organisation: body(),
                access: Box::new(Access {
                    hours: Some((jiff::civil::time(8, 30, 0, 0), jiff::civil::time(18, 0, 0, 0))),
                    networks: vec!["192.0.2.0/24".parse().unwrap()],
                    certificates: vec![Digest([3; 32])],
                    privileged: [by, id(2)].into(),
                    ..Access::default()
                }),
            },
            Change::RequestMade(Request {
                id: id(1),
                organisation: body(),
                ask: Ask::Reissue { person: by, identity: text(), factors: true, initial: true },
                reason: text(),
                from: now(),
                until: now(),
                by,
                at: now(),
                state: RequestState::Pending,
                decided_by: Some(by),
                decided: Some(now()),
                statement: text(),
                finding: text(),
            }),
            Change::RequestDecided { request: id(1), approve: true, by, statement: text() },
            Change::RequestEnded { request: id(1), state: RequestState::Lapsed },
            Change::RequestReviewed { request: id(1), finding: text(), by },
            Change::AccountsReviewed(Review {
                id: id(1),
                organisation: body(),
                by,
                at: now(),
                accounts: vec![Reviewed {
                    membership: Membership { person: by, organisation: body(), roles: vec![Role::Operator] },
                    judgement: Judgement::Change,
                    remark: text(),
                }],
                finding: text(),
                next: "2027-02-22".parse().unwrap(),
            }),
            Change::AlertRaised(Alert {
                id: id(1),
                organisation: Some(body()),
                kind: AlertKind::Locked,
                subject: text(),
                words: crate::text::text("本文", "text"),
                at: now(),
            }),
            Change::AlertAcknowledged { alert: id(1), by },
            Change::EvidenceFiled { series: id(1), label: Label::Disclosable, group: Some(id(2)) },
            Change::MailQueued(Mail { id: id(1), to: text(), subject: text(), at: now() }),
            Change::MailSent { mail: id(1) },
            Change::MailFailed { mail: id(1), words: text(), last: true },
            Change::MailOpened { mail: id(1) },
            Change::ActRefused { act: text(), about: text() },
            Change::PageOpened { page: text(), tenant: Some(body()) },
            Change::SessionConfirmed { session: id(1) },
            Change::SessionsEnded { person: by, reason: text() },
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
            Change::SignedIn {
                session: id(1),
                person: by,
                organisation: body(),
                method: Method::Alternate,
                stage: Stage::Enrol,
                under: Some((id(1), now())),
                since: Some((now(), Some(now()))),
            },
            Change::SignInFailed { email: text(), person: Some(by), why: Failure::Hours },
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
        let named =
            include_str!("change/told.rs").lines().take_while(|l| !l.contains("fn subject")).filter(|l| l.contains("=> \"")).count();
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
