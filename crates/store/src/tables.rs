//! From a change to rows: the one place that says which table a change writes.

pub mod accounts;
pub mod deadline;
pub mod document;
pub mod evaluation;
pub mod evidence;
pub mod exchange;
pub mod inside;
pub mod items;
pub mod keeping;
pub mod log;
pub mod party;
pub mod questionnaire;
pub mod register;
pub mod requests;
pub mod running;
pub mod scan;
pub mod sheets;
pub mod vault;

use rules::act::{Actor, Means};
use rules::change::Change;
use rules::id::{Id, Person, Pos};

use crate::engine::Conn;
use crate::error::Error;

/// What the ledger line of a change says besides the change itself.
#[derive(Debug, Clone)]
pub struct Meta {
    pub pos: Pos,
    pub at: jiff::Timestamp,
    pub person: Option<Id<Person>>,
    /// The session or token with its marks, and the network address, as the line has them.
    pub session: String,
    pub address: String,
}

impl Meta {
    /// The person as text; the installation itself acts as `installation`.
    pub(crate) fn by(&self) -> String {
        self.person.map_or_else(|| "installation".to_owned(), |p| p.to_string())
    }
}

/// Writes the rows of one change. Exhaustive on purpose: a new kind of change does not compile without its rows.
pub(crate) fn apply(conn: &mut Conn, change: &Change, meta: &Meta) -> Result<(), Error> {
    match change {
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
        | Change::TokenRevoked { .. } => party::apply(conn, change, meta),
        Change::AccountSuspended { .. }
        | Change::AccountResumed { .. }
        | Change::AccountClosed { .. }
        | Change::LastDaySet { .. }
        | Change::CredentialsRevoked { .. }
        | Change::FactorAdded(_)
        | Change::FactorRemoved { .. }
        | Change::RecoveryCodeUsed { .. }
        | Change::SignedIn { .. }
        | Change::SignInFailed { .. }
        | Change::SignedOut { .. }
        | Change::SessionConfirmed { .. }
        | Change::SessionsEnded { .. } => accounts::apply(conn, change, meta),
        Change::GroupSaved(_)
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
        | Change::PageOpened { .. } => requests::apply(conn, change, meta),
        Change::SheetAdded { .. } | Change::MappingKept { .. } | Change::TextConfirmed { .. } => sheets::apply(conn, change, meta),
        Change::CaseOpened(_)
        | Change::DueSet { .. }
        | Change::EvaluatorAssigned { .. }
        | Change::EvaluatorReleased { .. }
        | Change::InterestDeclared { .. }
        | Change::RoundSubmitted { .. }
        | Change::RoundAccepted { .. }
        | Change::RoundReturned { .. }
        | Change::CaseDecided { .. }
        | Change::CertificateIssued { .. }
        | Change::PublicationAgreed { .. }
        | Change::StateMoved { .. }
        | Change::ChangeReported { .. }
        | Change::CaseDisclosed { .. } => evaluation::apply(conn, change, meta),
        Change::EvidenceAdded(_)
        | Change::EvidenceFiled { .. }
        | Change::ClaimMade { .. }
        | Change::ClaimWithdrawn { .. }
        | Change::ClaimConfirmed { .. } => evidence::apply(conn, change, meta),
        Change::WorkSet { .. }
        | Change::AnswerGiven { .. }
        | Change::AnswerReviewed { .. }
        | Change::ImprovementAnswered { .. }
        | Change::VerdictGiven { .. }
        | Change::VerdictApproved { .. }
        | Change::MessageSent { .. } => items::apply(conn, change, meta),
        Change::Running(c) => running::apply(conn, c, meta),
        Change::Vault(c) => vault::apply(conn, c, meta),
        Change::Exchange(c) => exchange::apply(conn, c, meta),
        Change::Keeping(c) => keeping::apply(conn, c, meta),
        Change::Log(c) => log::apply(conn, c, meta),
        Change::Register(c) => register::apply(conn, c, meta),
        Change::Deadline(c) => deadline::apply(conn, c, meta),
        Change::Question(c) => questionnaire::apply(conn, c, meta),
        Change::Document(c) => document::apply(conn, c, meta),
    }
}

/// A means of acting, as the ledger's session column holds it: the id, and every mark of the session after it.
pub fn session_text(actor: &Actor) -> String {
    let mut out = match actor.means {
        Means::Session(id) => id.to_string(),
        Means::Token { id, .. } => id.to_string(),
        Means::System => String::new(),
    };
    for mark in &actor.grants.marks {
        out.push(' ');
        out.push_str(&mark.told());
    }
    out
}

/// A small enumeration as the text it has in JSON, for a column of its own.
pub(crate) fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("only unit variants have a word, not {other:?}"),
    }
}

/// A value as JSON text.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|e| unreachable!("our own types always serialise: {e}"))
}

/// Reads a small enumeration from its column.
pub(crate) fn read_word<T: serde::de::DeserializeOwned>(
    row: &crate::engine::Row<'_>,
    index: usize,
    wanted: &'static str,
) -> Result<T, Error> {
    let text: &str = row.get(index)?;
    serde_json::from_value(serde_json::Value::String(text.to_owned())).map_err(|_| row.mismatch(index, wanted, format!("{text:?}")))
}

/// The change was sent to a module that does not write it; `apply` above rules that out.
pub(crate) fn not_here(change: &Change) -> ! {
    unreachable!("{} is written by another module", change.kind())
}
