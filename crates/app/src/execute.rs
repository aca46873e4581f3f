//! Executes a command: policy, facts, rule, change, store. Every way in ends here.

pub(crate) mod accounts;
mod answers;
mod cases;
mod deadlines;
mod documents;
mod exchange;
pub(crate) mod keeping;
mod keys;
mod log;
pub(crate) mod parties;
mod passwords;
mod questionnaires;
pub(crate) mod registers;
mod requests;
mod verdicts;

pub(crate) use parties::{FOUNDING, INVITATION, PASSWORD, TOKEN};
use std::sync::Arc;

use rules::act::{Act, Actor};
use rules::case::CaseFacts;
use rules::change::Change;
use rules::command::{Command, Kind};
use rules::id::{self, Id, ItemNo, Pos};
use rules::item::ItemFacts;
use rules::policy::{self, CaseView, Place, Side};
use rules::refusal::Refusal;
use rules::sheet::{Item, Sheet};
use store::tables::{evaluation, items};
use store::{Conn, Tx};

use crate::{App, Error};

/// What an executed command did.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// The ledger position of its last change; nothing where nothing had to change.
    pub pos: Option<Pos>,
    /// How many changes it made.
    pub changes: usize,
    /// The id of what it made, where it made something.
    pub made: Option<String>,
    /// A one-time link or token that is shown once and stored only as a digest.
    pub secret: Option<String>,
}

/// The secret is for one person's eyes and no log's.
impl std::fmt::Debug for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let secret = self.secret.as_ref().map(|_| "(secret)");
        let Done { pos, changes, made, .. } = self;
        f.debug_struct("Done").field("pos", pos).field("changes", changes).field("made", made).field("secret", &secret).finish()
    }
}

/// One command on its way through a transaction.
pub(crate) struct Doing<'a, 'tx> {
    pub app: &'a App,
    pub tx: &'a mut Tx<'tx>,
    pub act: Act,
    pub done: Done,
    /// Something changed that sessions depend on.
    pub unsettled: bool,
}

impl App {
    /// Does what a person asks for, all of it or nothing.
    pub fn execute(&self, actor: &Actor, command: Command) -> Result<Done, Error> {
        // Hashing a password takes a tenth of a second: it happens before the transaction, never inside it.
        let ready = passwords::prepare(self, actor, &command)?;
        let rotates_master = matches!(command, Command::RotateKey { key: rules::vault::KeyRole::Master, .. });
        let _turn = rotates_master.then(|| self.masters.turn());
        let done = self
            .store
            .write(|tx| {
                let mut doing = Doing::new(self, tx, actor.clone())?;
                doing.run(command, ready)?;
                Ok((doing.done, doing.unsettled))
            })
            .map(|(done, unsettled)| {
                // After the commit: before it, another thread could read the old state again.
                if unsettled {
                    self.sessions.forget();
                }
                done
            });
        if rotates_master {
            self.settle_master()?;
        }
        done
    }
}

impl App {
    /// Does one command and those that rest on what it made, all of it or nothing. None of them is about passwords.
    pub(crate) fn execute_with(
        &self,
        actor: &Actor,
        first: Command,
        rest: impl Fn(&str) -> Result<Vec<Command>, Refusal>,
    ) -> Result<Done, Error> {
        self.store.write(|tx| {
            let mut doing = Doing::new(self, tx, actor.clone())?;
            doing.run(first.clone(), parties::Ready::default())?;
            let made = doing.done.made.clone();
            for command in rest(made.as_deref().unwrap_or_default())? {
                doing.run(command, parties::Ready::default())?;
            }
            doing.done.made = made;
            Ok(doing.done)
        })
    }
}

impl<'a, 'tx> Doing<'a, 'tx> {
    pub fn new(app: &'a App, tx: &'a mut Tx<'tx>, actor: Actor) -> Result<Doing<'a, 'tx>, Error> {
        Ok(Doing { app, tx, act: app.act(actor)?, done: Done::default(), unsettled: false })
    }
}

impl Doing<'_, '_> {
    fn run(&mut self, command: Command, ready: parties::Ready) -> Result<(), Error> {
        let kind = command.kind();
        match command {
            Command::FoundInstallation { .. }
            | Command::CreateOrganisation { .. }
            | Command::InvitePerson { .. }
            | Command::AcceptInvitation { .. }
            | Command::SetRoles { .. }
            | Command::SetSettings { .. }
            | Command::ChangePassword { .. }
            | Command::SetLanguage { .. }
            | Command::CreateProduct { .. }
            | Command::ReviseProduct { .. }
            | Command::AddPhrase { .. }
            | Command::RemovePhrase { .. }
            | Command::IssueToken { .. }
            | Command::RevokeToken { .. }
            | Command::AddSheet { .. }
            | Command::ConfirmText { .. } => self.party(kind, command, ready),
            Command::SuspendAccount { .. }
            | Command::CloseAccount { .. }
            | Command::SetLastDay { .. }
            | Command::ReportLeak { .. }
            | Command::CreateMachine { .. }
            | Command::IssueMachineToken { .. }
            | Command::CreateEmergency { .. }
            | Command::SetAccess { .. }
            | Command::AddTotp { .. }
            | Command::AddPasskey { .. }
            | Command::RemoveFactor { .. }
            | Command::MakeRecoveryCodes { .. }
            | Command::SetNewPassword { .. }
            | Command::EndSession { .. }
            | Command::EndSessions { .. }
            | Command::ReviewAccounts { .. }
            | Command::AcknowledgeAlert { .. }
            | Command::SaveGroup { .. } => self.account(kind, command, ready),
            Command::MakeRequest { .. } | Command::DecideRequest { .. } | Command::EndRequest { .. } | Command::ReviewRequest { .. } => {
                self.request(kind, command, ready)
            }
            Command::SaveLogView { .. } | Command::RemoveLogView { .. } | Command::ReviewLog { .. } => self.log(kind, command),
            Command::PlaceHold { .. } | Command::SetRetention { .. } => self.keeping(kind, command),
            Command::ProposeAnchor { .. }
            | Command::DecideAnchor { .. }
            | Command::RemoveAnchor { .. }
            | Command::SendPackage { .. }
            | Command::ReceivePackage { .. } => self.exchange(kind, command),
            Command::RotateKey { .. } => self.keys(kind, command),
            Command::WaiveDuty { .. } | Command::MakeFeed { .. } | Command::RevokeFeed { .. } => self.deadlines(kind, command),
            Command::AddQuestionnaire { .. } | Command::MapQuestions { .. } | Command::AnswerQuestion { .. } => {
                self.questionnaires(kind, command)
            }
            Command::WriteEntry { .. } | Command::MoveEntry { .. } | Command::ImportEntries { .. } => self.registers(kind, command),
            Command::SaveClause { .. }
            | Command::ProposeDocument { .. }
            | Command::ApproveDocument { .. }
            | Command::WithdrawDocument { .. } => self.documents(kind, command),
            Command::OpenCase { .. }
            | Command::SubmitRound { .. }
            | Command::AcceptRound { .. }
            | Command::AssignEvaluator { .. }
            | Command::ReleaseEvaluator { .. }
            | Command::DeclareInterest { .. }
            | Command::SetDue { .. }
            | Command::ReturnRound { .. }
            | Command::DecideCase { .. }
            | Command::IssueCertificate { .. }
            | Command::RefuseCertificate { .. }
            | Command::StartWatch { .. }
            | Command::ReportChange { .. }
            | Command::RenewCase { .. }
            | Command::WithdrawCase { .. }
            | Command::DiscloseCase { .. }
            | Command::AgreePublication { .. } => self.case(kind, command),
            Command::GiveAnswer { .. }
            | Command::ConfirmAnswers { .. }
            | Command::SetWork { .. }
            | Command::ReviewAnswer { .. }
            | Command::CopyAnswers { .. }
            | Command::CopyItem { .. }
            | Command::ProposeOutOfScope { .. }
            | Command::AnswerImprovement { .. }
            | Command::ImportAnswers { .. }
            | Command::AddEvidence { .. }
            | Command::FileEvidence { .. }
            | Command::MakeClaims { .. }
            | Command::WithdrawClaim { .. } => self.answer(kind, command),
            Command::ConfirmClaim { .. }
            | Command::GiveVerdict { .. }
            | Command::ImportVerdicts { .. }
            | Command::ApproveVerdict { .. }
            | Command::SendMessage { .. } => self.verdict(kind, command),
        }
    }

    /// Writes a change and its ledger line.
    pub fn write(&mut self, change: &Change) -> Result<Pos, Error> {
        let pos = self.tx.enact(&self.act, change, identity::random()?)?;
        self.done.pos = Some(pos);
        self.done.changes += 1;
        self.unsettled |= crate::sign_in::sessions::unsettles(change);
        self.forget(change)?;
        Ok(pos)
    }

    /// What a change ended opens nothing any more, so its secrets go with it.
    fn forget(&mut self, change: &Change) -> Result<(), Error> {
        if let Change::AccountClosed { person, .. } = change {
            self.tx.delete_person_secrets(*person)?;
        } else if let Change::SignedOut { session } = change {
            self.tx.delete_secrets(&session.to_string())?;
        } else if let Change::PasswordChanged { person, .. }
        | Change::AccountSuspended { person, .. }
        | Change::CredentialsRevoked { person, .. }
        | Change::FactorRemoved { person, .. }
        | Change::SessionsEnded { person, .. } = change
        {
            self.tx.delete_ended_secrets(*person)?;
        }
        Ok(())
    }

    pub fn write_all(&mut self, changes: &[Change]) -> Result<(), Error> {
        changes.iter().try_for_each(|c| self.write(c).map(drop))
    }

    pub fn allow(&self, kind: Kind, place: Place<'_>) -> Result<(), Error> {
        Ok(policy::may(kind, &self.act.actor, place)?)
    }

    /// The organisation in whose name the actor acts.
    pub fn organisation(&self) -> Result<Id<id::Organisation>, Refusal> {
        self.act.actor.organisation.ok_or(Refusal::forbidden())
    }

    /// Loads a case and refuses what the actor may not do with it.
    pub fn case_for(&mut self, kind: Kind, case: Id<id::Case>) -> Result<CaseFacts, Error> {
        let facts = evaluation::facts(self.tx, case)?.ok_or(Refusal::not_found())?;
        self.allow(kind, Place::Case(&facts))?;
        Ok(facts)
    }

    pub fn sheet_of(&mut self, facts: &CaseFacts) -> Result<Arc<Sheet>, Error> {
        sheet_in(self.app, self.tx, facts)
    }

    /// One item as a side sees it.
    pub fn item(&mut self, facts: &CaseFacts, side: Side, no: ItemNo) -> Result<(Arc<Sheet>, ItemFacts), Error> {
        let sheet = self.sheet_of(facts)?;
        item_of(&sheet, no)?;
        let view = policy::view(&self.act.actor, facts, Some(side))?;
        let found = items::facts(self.tx, &view, Some(no))?.pop().unwrap_or_else(|| ItemFacts::untouched(no));
        Ok((sheet, found))
    }

    /// All items as a side sees them.
    pub fn items(&mut self, facts: &CaseFacts, side: Side) -> Result<(Arc<Sheet>, Vec<ItemFacts>), Error> {
        let sheet = self.sheet_of(facts)?;
        let view = policy::view(&self.act.actor, facts, Some(side))?;
        Ok((sheet.clone(), all_items(self.tx, &sheet, &view)?))
    }
}

/// The sheet of a case. Inside a transaction the database is not asked for new sheets: a case's sheet is known.
pub(crate) fn sheet_in(app: &App, conn: &mut Conn, facts: &CaseFacts) -> Result<Arc<Sheet>, Error> {
    if let Some(sheet) = app.content.sheets().into_iter().find(|s| s.id == facts.case.sheet) {
        return Ok(sheet);
    }
    let added = store::tables::sheets::added_sheets(conn)?;
    added
        .into_iter()
        .find(|s| s.id == facts.case.sheet)
        .map(Arc::new)
        .ok_or_else(|| Error::Broken(format!("no sheet {}", facts.case.sheet)))
}

/// The item, or a refusal that names it.
pub(crate) fn item_of(sheet: &Sheet, no: ItemNo) -> Result<&Item, Refusal> {
    sheet.item(no).ok_or_else(|| {
        Refusal::invalid(
            "item",
            rules::text::worded(format!("項目{no}はこのシートにありません。"), format!("Item {no} is not on this sheet.")),
        )
    })
}

/// The facts of every item of the sheet, in its order, untouched ones included.
pub(crate) fn all_items(conn: &mut Conn, sheet: &Sheet, view: &CaseView) -> Result<Vec<ItemFacts>, store::Error> {
    let mut found = items::facts(conn, view, None)?.into_iter().peekable();
    let mut out = Vec::with_capacity(sheet.items.len());
    for item in &sheet.items {
        while found.next_if(|f| f.no < item.no).is_some() {}
        out.push(found.next_if(|f| f.no == item.no).unwrap_or_else(|| ItemFacts::untouched(item.no)));
    }
    Ok(out)
}
