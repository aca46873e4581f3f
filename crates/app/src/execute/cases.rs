//! Commands that open, move and close a case.

use rules::case::{self, State};
use rules::change::Change;
use rules::command::{Command, Kind};
use rules::evidence::Evidence;
use rules::id::Digest;
use rules::policy::{self, Place, Side};
use rules::refusal::Refusal;
use rules::text::text;
use rules::{reuse, round};
use store::tables::{evaluation, evidence, party};

use super::{Doing, all_items};
use crate::Error;

impl Doing<'_, '_> {
    pub(super) fn case(&mut self, kind: Kind, command: Command) -> Result<(), Error> {
        match command {
            Command::OpenCase { product, body, sheet } => {
                self.allow(kind, Place::Installation)?;
                let own = self.organisation()?;
                let provider = party::organisation(self.tx, own)?.ok_or(Refusal::not_found())?;
                let product = party::product(self.tx, product)?.ok_or(Refusal::not_found().at("product"))?;
                let body = party::organisation(self.tx, body)?.ok_or(Refusal::not_found().at("body"))?;
                if !self.app.content.sheets().iter().any(|s| s.id == sheet) {
                    return Err(Refusal::invalid("sheet", text("チェックシートを選んでください。", "Choose a check sheet.")).into());
                }
                let case = case::open(&mut self.act, &provider, &product, &body, &sheet)?;
                self.done.made = Some(case.id.to_string());
                self.write(&Change::CaseOpened(case)).map(drop)
            }
            Command::SubmitRound { case } => {
                let facts = self.case_for(kind, case)?;
                let (_, items) = self.items(&facts, Side::Applicant)?;
                let view = policy::view(&self.act.actor, &facts, Some(Side::Applicant))?;
                let files = evidence::of_case(self.tx, &view)?;
                let content = round::snapshot(&facts.case, &items, |id| files.iter().find(|e: &&Evidence| e.id == id));
                let sealed =
                    seal::canonical(&content).map_err(|e| Error::Broken(format!("the snapshot of {case} cannot be sealed: {e}")))?;
                let digest = Digest(seal::merkle::sha256(&[sealed.as_bytes()]));
                let change = round::submit(&facts, &items, &self.act, digest)?;
                self.write(&change).map(drop)
            }
            Command::AcceptRound { case, number } => {
                let facts = self.case_for(kind, case)?;
                let number = match number.filter(|n| !n.trim().is_empty()) {
                    Some(number) => number,
                    None => {
                        let beginning = format!("{}-{}-", facts.settings.number_prefix, self.act.today().year());
                        let mut taken = evaluation::numbers_taken(self.tx, facts.case.body, &beginning)?;
                        // A number given by hand may lie ahead of the count.
                        loop {
                            let next = case::next_number(&facts.settings.number_prefix, self.act.today().year(), taken);
                            if !evaluation::number_is_taken(self.tx, facts.case.body, &next)? {
                                break next;
                            }
                            taken += 1;
                        }
                    }
                };
                let change = round::accept(&facts, &number)?;
                if facts.case.number.is_none() && evaluation::number_is_taken(self.tx, facts.case.body, number.trim())? {
                    return Err(Refusal::invalid(
                        "number",
                        text("この整理番号はすでに使われています。", "This reference number is in use."),
                    )
                    .into());
                }
                self.write(&change).map(drop)
            }
            Command::AssignEvaluator { case, person, part } => {
                let facts = self.case_for(kind, case)?;
                let memberships = party::memberships_of(self.tx, person)?;
                let evaluates =
                    memberships.iter().any(|m| m.organisation == facts.case.body && m.roles.contains(&rules::party::Role::Evaluator));
                if !evaluates {
                    return Err(Refusal::invalid(
                        "person",
                        text("この評価機関の評価者を選んでください。", "Choose an evaluator of this body."),
                    )
                    .into());
                }
                let belongs: Vec<_> = memberships.iter().map(|m| m.organisation).collect();
                let change = case::assign(&facts, person, part, &belongs)?;
                self.write(&change).map(drop)
            }
            Command::ReleaseEvaluator { case, person } => {
                let facts = self.case_for(kind, case)?;
                if !facts.assignments.iter().any(|a| a.person == person) {
                    return Err(Refusal::not_found().into());
                }
                self.write(&Change::EvaluatorReleased { case, person }).map(drop)
            }
            Command::DeclareInterest { case, conflict, statement } => {
                let facts = self.case_for(kind, case)?;
                let changes = case::declare_interest(&facts, &self.act, conflict, &statement)?;
                self.write_all(&changes)
            }
            Command::SetDue { case, due } => {
                self.case_for(kind, case)?;
                self.write(&Change::DueSet { case, due }).map(drop)
            }
            Command::ReturnRound { case, flagged, message } => {
                let facts = self.case_for(kind, case)?;
                let (sheet, items) = self.items(&facts, Side::Body)?;
                let change = round::give_back(&facts, &items, &sheet, flagged, &message)?;
                self.write(&change).map(drop)
            }
            Command::DecideCase { case, certify, grounds } => {
                let facts = self.case_for(kind, case)?;
                let (sheet, items) = self.items(&facts, Side::Body)?;
                let judges = evaluation::judges(self.tx, case)?;
                let change = round::decide(&facts, &sheet, &items, &judges, &self.act, certify, &grounds)?;
                self.write(&change).map(drop)
            }
            Command::IssueCertificate { case, scope } => {
                let facts = self.case_for(kind, case)?;
                let renewed = match facts.case.renews {
                    Some(old) => evaluation::facts(self.tx, old)?,
                    None => None,
                };
                let changes = round::certify(&facts, &mut self.act, &scope, renewed.as_ref())?;
                self.write_all(&changes)
            }
            Command::RefuseCertificate { case } => {
                let facts = self.case_for(kind, case)?;
                let Some(decision) = facts.decision.filter(|d| !d.certify) else {
                    return Err(
                        Refusal::state(text("認定の判定が出ているため、不認定にはできません。", "The decision is to certify.")).into()
                    );
                };
                self.write(&Change::StateMoved { case, state: State::Refused, reason: decision.grounds }).map(drop)
            }
            Command::StartWatch { case } => {
                self.case_for(kind, case)?;
                self.write(&Change::StateMoved { case, state: State::Watched, reason: String::new() }).map(drop)
            }
            Command::ReportChange { case, text: written } => {
                self.case_for(kind, case)?;
                let by = self.act.actor.person.ok_or(Refusal::forbidden())?;
                let written = rules::party::bounded("text", written.trim(), 4000)?;
                if written.is_empty() {
                    return Err(Refusal::invalid("text", text("変更の内容を入力してください。", "Say what changed.")).into());
                }
                self.write(&Change::ChangeReported { case, text: written, by }).map(drop)
            }
            Command::RenewCase { case } => {
                let facts = self.case_for(kind, case)?;
                if evaluation::has_renewal(self.tx, case)? {
                    return Err(Refusal::state(text(
                        "この案件の更新申請はすでに作成されています。案件一覧から開いてください。",
                        "A renewal of this case is open already; find it in the list of cases.",
                    ))
                    .into());
                }
                let renewed = reuse::renew(&facts, &mut self.act)?;
                self.done.made = Some(renewed.id.to_string());
                let (sheet, items) = self.items(&facts, Side::Applicant)?;
                self.write(&Change::CaseOpened(renewed.clone()))?;
                let fresh = evaluation::facts(self.tx, renewed.id)?.ok_or(Refusal::not_found())?;
                let view = policy::view(&self.act.actor, &fresh, Some(Side::Applicant))?;
                let here = all_items(self.tx, &sheet, &view)?;
                let changes = reuse::copy(&fresh, &sheet, &here, &facts.case, &items, None, &mut self.act)?;
                self.write_all(&changes)
            }
            Command::WithdrawCase { case, reason } => {
                let facts = self.case_for(kind, case)?;
                self.not_held(&rules::keeping::Matter::Case { case })?;
                let officer = self.act.actor.has(rules::party::Role::Officer);
                let applicant = officer && policy::sides(&self.act.actor, &facts).contains(&Side::Applicant);
                let change = case::withdraw(&facts, applicant, &reason)?;
                self.write(&change).map(drop)
            }
            Command::DiscloseCase { case, institution, on } => {
                self.case_for(kind, case)?;
                let to = party::organisation(self.tx, institution)?.ok_or(Refusal::not_found().at("institution"))?;
                if !to.kinds.contains(&rules::party::OrganisationKind::Institution) {
                    return Err(Refusal::invalid("institution", text("医療機関を選んでください。", "Choose a medical institution.")).into());
                }
                self.write(&Change::CaseDisclosed { case, institution, on }).map(drop)
            }
            Command::AgreePublication { case, agrees } => {
                let facts = self.case_for(kind, case)?;
                let sides = policy::sides(&self.act.actor, &facts);
                for side in sides.into_iter().filter(|s| *s != Side::Institution) {
                    self.write(&Change::PublicationAgreed { case, side, agrees })?;
                }
                Ok(())
            }
            other => unreachable!("{} is executed elsewhere", other.kind().code()),
        }
    }
}
