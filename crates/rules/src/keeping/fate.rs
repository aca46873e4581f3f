//! What becomes of a ledger line when something is erased: its words leave, are replaced by neutral ones, or stay.

use super::Matter;
use crate::account::Factor;
use crate::change::Change;
use crate::id::{self, Id};
use crate::party::{Invitation, Person, Token};
use crate::request::{Ask, Request};
use crate::review::{Alert, Mail};
use crate::text::text;

/// What stands in place of a name or text that was erased.
pub const ERASED: &str = "（消去済み）";

/// What stands in place of the address of a person; nobody can receive anything there (RFC 2606).
pub fn erased_email(person: Id<id::Person>) -> String {
    format!("{person}@erased.invalid")
}

/// What is erased, and by which words a person is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub matter: Matter,
    /// Of a person: the address and the name. Empty for all else.
    pub email: String,
    pub name: String,
}

impl Scope {
    /// Something that is no person.
    pub fn of(matter: Matter) -> Scope {
        Scope { matter, email: String::new(), name: String::new() }
    }

    /// Whether words name the person. A name of one character is no mark of anybody.
    fn named_in(&self, words: &str) -> bool {
        (!self.email.is_empty() && words.to_lowercase().contains(&self.email))
            || (self.name.chars().count() > 1 && words.contains(&self.name))
    }
}

/// What becomes of a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It is about something else, or holds nothing but ids, times and choices.
    Stays,
    /// Its payload leaves, and the rows that it made.
    Leaves,
    /// Its payload leaves; later lines build on it, so that this is put in its place.
    Becomes(Box<Change>),
}

/// Decides it. Exhaustive on purpose: a new kind of change does not compile without its fate.
pub fn fate(change: &Change, scope: &Scope) -> Fate {
    match scope.matter {
        Matter::Case { case } => leaves(case_of(change) == Some(case)),
        Matter::Evidence { series } => leaves(series_of(change) == Some(series)),
        Matter::Person { person } => of_person(change, scope, person).map_or(Fate::Stays, |new| Fate::Becomes(Box::new(new))),
        // An organisation is erased piece by piece.
        Matter::Organisation { .. } => Fate::Stays,
    }
}

fn leaves(yes: bool) -> Fate {
    if yes { Fate::Leaves } else { Fate::Stays }
}

/// The case that a change is part of.
fn case_of(change: &Change) -> Option<Id<id::Case>> {
    match change {
        Change::CaseOpened(c) => Some(c.id),
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
        | Change::CaseDisclosed { case, .. }
        | Change::WorkSet { case, .. }
        | Change::AnswerGiven { case, .. }
        | Change::AnswerReviewed { case, .. }
        | Change::ImprovementAnswered { case, .. }
        | Change::ClaimMade { case, .. }
        | Change::ClaimWithdrawn { case, .. }
        | Change::ClaimConfirmed { case, .. }
        | Change::VerdictGiven { case, .. }
        | Change::VerdictApproved { case, .. }
        | Change::MessageSent { case, .. } => Some(*case),
        Change::OrganisationAdded(_)
        | Change::SettingsChanged { .. }
        | Change::PersonAdded(_)
        | Change::LanguageChosen { .. }
        | Change::PasswordChanged { .. }
        | Change::RolesGiven(_)
        | Change::PersonInvited(_)
        | Change::InvitationAccepted { .. }
        | Change::ProductSaved(_)
        | Change::PhraseSaved(_)
        | Change::PhraseRemoved { .. }
        | Change::TokenIssued(_)
        | Change::TokenRevoked { .. }
        | Change::GroupSaved(_)
        | Change::AccountSuspended { .. }
        | Change::AccountResumed { .. }
        | Change::AccountClosed { .. }
        | Change::LastDaySet { .. }
        | Change::CredentialsRevoked { .. }
        | Change::FactorAdded(_)
        | Change::FactorRemoved { .. }
        | Change::RecoveryCodeUsed { .. }
        | Change::AccessSet { .. }
        | Change::RequestMade(_)
        | Change::RequestDecided { .. }
        | Change::RequestEnded { .. }
        | Change::RequestReviewed { .. }
        | Change::AccountsReviewed(_)
        | Change::AlertRaised(_)
        | Change::AlertAcknowledged { .. }
        | Change::MailQueued(_)
        | Change::MailSent { .. }
        | Change::MailFailed { .. }
        | Change::MailOpened { .. }
        | Change::ActRefused { .. }
        | Change::PageOpened { .. }
        | Change::SignedIn { .. }
        | Change::SignInFailed { .. }
        | Change::SignedOut { .. }
        | Change::SessionConfirmed { .. }
        | Change::SessionsEnded { .. }
        | Change::SheetAdded { .. }
        | Change::MappingKept { .. }
        | Change::TextConfirmed { .. }
        | Change::EvidenceAdded(_)
        | Change::EvidenceFiled { .. }
        | Change::Running(_)
        | Change::Vault(_)
        // A package that left or came is a record of its own; it holds no words of the case.
        | Change::Exchange(_)
        // Holds, rules and erasures are the authority by which the rest is kept or leaves.
        | Change::Keeping(_)
        | Change::Log(_)
        // A register keeps its entries for a time of its own.
        | Change::Register(_)
        | Change::Deadline(_)
        // A questionnaire is the provider's own work for somebody who asked.
        | Change::Question(_)
        // So do documents: a version is what was read, and stays what can be read again.
        | Change::Document(_) => None,
    }
}

/// The document that a change is part of. Claims on it belong to their case, which has to be gone before.
fn series_of(change: &Change) -> Option<Id<id::Evidence>> {
    match change {
        Change::EvidenceAdded(e) => Some(e.series),
        Change::EvidenceFiled { series, .. } => Some(*series),
        _ => None,
    }
}

/// The change without the words by which a person is known; nothing where it has none.
fn of_person(change: &Change, scope: &Scope, who: Id<id::Person>) -> Option<Change> {
    let without = |reason: &String| if reason.is_empty() { None } else { Some(String::new()) };
    let unnamed = |words: &String| scope.named_in(words).then(|| ERASED.to_owned());
    let email = || erased_email(who);
    Some(match change {
        Change::PersonAdded(p) if p.id == who => {
            Change::PersonAdded(Person { id: who, name: ERASED.into(), email: email(), lang: p.lang, kind: p.kind })
        }
        Change::PersonInvited(i) if i.email == scope.email => Change::PersonInvited(Invitation { email: email(), ..i.clone() }),
        Change::AccountSuspended { person, reason } if *person == who => Change::AccountSuspended { person: who, reason: without(reason)? },
        Change::AccountResumed { person, reason } if *person == who => Change::AccountResumed { person: who, reason: without(reason)? },
        Change::AccountClosed { person, reason } if *person == who => Change::AccountClosed { person: who, reason: without(reason)? },
        Change::SessionsEnded { person, reason } if *person == who => Change::SessionsEnded { person: who, reason: without(reason)? },
        Change::CredentialsRevoked { person, reason, factors } if *person == who => {
            Change::CredentialsRevoked { person: who, reason: without(reason)?, factors: *factors }
        }
        Change::FactorAdded(f) if f.person == who => Change::FactorAdded(Factor { name: ERASED.into(), ..f.clone() }),
        Change::TokenIssued(t) if t.person == who => Change::TokenIssued(Token { name: ERASED.into(), ..t.clone() }),
        Change::SignInFailed { email: typed, person, why } if *person == Some(who) || scope.named_in(typed) => {
            Change::SignInFailed { email: email(), person: *person, why: *why }
        }
        Change::RequestMade(r) => Change::RequestMade(request_of(r, scope, who)?),
        Change::RequestDecided { request, approve, by, statement } => {
            Change::RequestDecided { request: *request, approve: *approve, by: *by, statement: unnamed(statement)? }
        }
        Change::RequestReviewed { request, finding, by } => {
            Change::RequestReviewed { request: *request, finding: unnamed(finding)?, by: *by }
        }
        Change::AlertRaised(a) if [&a.subject, &*a.words.ja, &*a.words.en].into_iter().any(|w| scope.named_in(w)) => {
            let subject = unnamed(&a.subject).unwrap_or_else(|| a.subject.clone());
            Change::AlertRaised(Alert { subject, words: text("（消去済み）", "(erased)"), ..a.clone() })
        }
        Change::MailQueued(m) if m.to == scope.email || scope.named_in(&m.subject) => {
            let to = if m.to == scope.email { email() } else { m.to.clone() };
            Change::MailQueued(Mail { to, subject: unnamed(&m.subject).unwrap_or_else(|| m.subject.clone()), ..m.clone() })
        }
        Change::MailFailed { mail, words, last } => Change::MailFailed { mail: *mail, words: unnamed(words)?, last: *last },
        Change::ActRefused { act, about } => Change::ActRefused { act: act.clone(), about: unnamed(about)? },
        _ => return None,
    })
}

/// A request without the words about a person: who asked and decided, what and when, stays.
fn request_of(r: &Request, scope: &Scope, who: Id<id::Person>) -> Option<Request> {
    let about = r.ask.person() == Some(who);
    let ask = match &r.ask {
        Ask::Register { email, roles } if *email == scope.email => Ask::Register { email: erased_email(who), roles: roles.clone() },
        Ask::Reissue { person, factors, initial, .. } if about => {
            Ask::Reissue { person: *person, identity: ERASED.into(), factors: *factors, initial: *initial }
        }
        Ask::Alternate { person, .. } if about => Ask::Alternate { person: *person, identity: ERASED.into() },
        other => other.clone(),
    };
    let erasing = matches!(r.ask, Ask::Erase { .. });
    let reason = if (about && !erasing) || scope.named_in(&r.reason) { ERASED.to_owned() } else { r.reason.clone() };
    (ask != r.ask || reason != r.reason).then(|| Request { ask, reason, ..r.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::AccountKind;
    use crate::answer::{Content, Origin};
    use crate::id::ItemNo;
    use crate::request::RequestState;
    use crate::text::Lang;
    use crate::world::*;

    fn about(n: u8) -> Scope {
        Scope { matter: Matter::Person { person: id(n) }, email: "hana@example.jp".into(), name: "山田 花".into() }
    }

    fn answer(n: u8) -> Change {
        let origin = Origin::Copied { case: id(50), item: ItemNo(1) };
        Change::AnswerGiven { case: id(n), item: ItemNo(1), by: id(OFFICER), content: Content::default(), origin }
    }

    #[test]
    fn a_case_takes_its_own_lines_and_no_others() {
        let scope = Scope::of(Matter::Case { case: id(50) });
        assert_eq!(fate(&answer(50), &scope), Fate::Leaves);
        // Copied from it into another case: that answer is the other case's.
        assert_eq!(fate(&answer(51), &scope), Fate::Stays);
        assert_eq!(fate(&Change::EvidenceAdded(file()), &scope), Fate::Stays);
        let renewal = crate::case::Case { id: id(51), renews: Some(id(50)), ..case(crate::case::State::Draft).case };
        assert_eq!(fate(&Change::CaseOpened(renewal), &scope), Fate::Stays);
    }

    #[test]
    fn a_document_takes_all_its_versions() {
        let mut second = file();
        second.id = id(99);
        let scope = Scope::of(Matter::Evidence { series: file().series });
        assert_eq!(fate(&Change::EvidenceAdded(second), &scope), Fate::Leaves);
        assert_eq!(fate(&Change::ClaimMade { case: id(50), item: ItemNo(1), claim: claim(30) }, &scope), Fate::Stays);
    }

    #[test]
    fn a_person_becomes_nobody_and_their_acts_stay() {
        let person =
            Person { id: id(9), name: "山田 花".into(), email: "hana@example.jp".into(), lang: Lang::En, kind: AccountKind::Person };
        let Fate::Becomes(new) = fate(&Change::PersonAdded(person.clone()), &about(9)) else { panic!() };
        let Change::PersonAdded(new) = *new else { panic!() };
        assert_eq!((new.name.as_str(), new.lang), (ERASED, Lang::En));
        assert_eq!(fate(&Change::PersonAdded(Person { id: id(8), ..person }), &about(9)), Fate::Stays);
        assert_eq!(
            fate(
                &Change::AnswerGiven { case: id(50), item: ItemNo(1), by: id(9), content: Content::default(), origin: Origin::Written },
                &about(9)
            ),
            Fate::Stays
        );
        let failed = |email: &str, person| Change::SignInFailed { email: email.into(), person, why: Default::default() };
        assert!(matches!(fate(&failed("x", Some(id(9))), &about(9)), Fate::Becomes(_)));
        assert!(matches!(fate(&failed("HANA@example.jp", None), &about(9)), Fate::Becomes(_)));
        assert_eq!(fate(&failed("other@example.jp", None), &about(9)), Fate::Stays);
    }

    #[test]
    fn nothing_that_becomes_another_still_names_the_person() {
        let scope = about(9);
        let words = || "山田 花（hana@example.jp）".to_owned();
        let request = |ask, by| {
            Change::RequestMade(Request {
                id: id(1),
                organisation: provider(),
                ask,
                reason: words(),
                from: now(),
                until: now(),
                by: id(by),
                at: now(),
                state: RequestState::Pending,
                decided_by: None,
                decided: None,
                statement: String::new(),
                finding: String::new(),
            })
        };
        let changes = [
            Change::PersonInvited(Invitation {
                id: id(1),
                organisation: provider(),
                email: "hana@example.jp".into(),
                roles: vec![],
                expires: now(),
                accepted: false,
            }),
            Change::AccountSuspended { person: id(9), reason: words() },
            Change::AccountResumed { person: id(9), reason: words() },
            Change::AccountClosed { person: id(9), reason: words() },
            Change::SessionsEnded { person: id(9), reason: words() },
            Change::CredentialsRevoked { person: id(9), reason: words(), factors: true },
            request(Ask::Register { email: "hana@example.jp".into(), roles: vec![] }, 1),
            request(Ask::Reissue { person: id(9), identity: words(), factors: false, initial: false }, 1),
            request(Ask::Alternate { person: id(9), identity: words() }, 1),
            request(Ask::Privilege, 9),
            Change::RequestDecided { request: id(1), approve: true, by: id(1), statement: words() },
            Change::RequestReviewed { request: id(1), finding: words(), by: id(1) },
            Change::AlertRaised(Alert {
                id: id(1),
                organisation: None,
                kind: crate::review::AlertKind::Locked,
                subject: "hana@example.jp".into(),
                words: crate::text::worded(words(), words()),
                at: now(),
            }),
            Change::MailQueued(Mail { id: id(1), to: "hana@example.jp".into(), subject: words(), at: now() }),
            Change::MailFailed { mail: id(1), words: words(), last: true },
            Change::ActRefused { act: "x".into(), about: words() },
        ];
        for change in changes {
            let Fate::Becomes(new) = fate(&change, &scope) else { panic!("{change:?}") };
            assert_eq!((new.kind(), new.subject() == change.subject()), (change.kind(), !change.subject().contains("hana")), "{change:?}");
            let json = serde_json::to_string(&new).unwrap();
            assert!(!json.contains("hana@") && !json.contains("山田"), "{json}");
            // Once more changes nothing more, and leaves no word.
            assert!(matches!(fate(&new, &scope), Fate::Stays | Fate::Becomes(_)));
        }
    }
}
