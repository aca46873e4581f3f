//! Commands about questionnaires: taking one, saying what its questions ask about, answering them.

use rules::change::Change;
use rules::command::{Command, Kind};
use rules::id::{self, Id};
use rules::policy::{Place, Side};
use rules::questionnaire::{self, Questioning, Questionnaire};
use rules::refusal::Refusal;
use store::tables::{evaluation, evidence, questionnaire as rows};

use super::Doing;
use crate::Error;
use crate::read::sight::Sight;

impl Doing<'_, '_> {
    pub(super) fn questionnaires(&mut self, kind: Kind, command: Command) -> Result<(), Error> {
        self.allow(kind, Place::Installation)?;
        let (organisation, by) = (self.organisation()?, self.act.actor.person.ok_or(Refusal::forbidden())?);
        match command {
            Command::AddQuestionnaire { name, asker, due, case, file, layout, questions } => {
                // Somebody else's case or file is no more there than one that never was.
                let facts = evaluation::facts(self.tx, case)?.filter(|f| f.case.provider == organisation);
                facts.ok_or(Refusal::not_found().at("case"))?;
                let kept =
                    evidence::one(self.tx, file)?.filter(|f| f.organisation == organisation).ok_or(Refusal::not_found().at("file"))?;
                if !Sight::of(self.tx, &self.act.actor, Side::Applicant, organisation)?.shows(&kept) {
                    return Err(Refusal::not_found().at("file").into());
                }
                let (id, at) = (self.act.fresh(), self.act.at);
                let new = Questionnaire { id, organisation, name, asker, due, case, file, layout, questions, by, at };
                self.done.made = Some(id.to_string());
                self.ask(questionnaire::add(new)?)
            }
            Command::MapQuestions { questionnaire, mapped } => {
                let of = self.questionnaire_of(organisation, questionnaire)?;
                let facts = evaluation::facts(self.tx, of.case)?.ok_or(Refusal::not_found())?;
                let sheet = self.app.content.sheet(&self.app.store, &facts.case.sheet)?;
                let standing = rows::mapped(self.tx, questionnaire)?;
                for (row, items) in mapped {
                    let stands = standing.get(&row).map(Vec::as_slice);
                    if let Some(change) = questionnaire::map(&of, &sheet, row, items, stands, by)? {
                        self.ask(change)?;
                    }
                }
                Ok(())
            }
            Command::AnswerQuestion { questionnaire, row, base, reply } => {
                let of = self.questionnaire_of(organisation, questionnaire)?;
                let standing = rows::answered(self.tx, questionnaire)?;
                let stands = standing.get(&row).map(|given| (&given.reply, given.pos));
                match questionnaire::answer(&of, row, stands, base, &reply, self.act.today(), by)? {
                    Some(change) => self.ask(change),
                    None => Ok(()),
                }
            }
            other => unreachable!("{} is executed elsewhere", other.kind().code()),
        }
    }

    fn ask(&mut self, change: Questioning) -> Result<(), Error> {
        self.write(&Change::Question(change)).map(drop)
    }

    fn questionnaire_of(&mut self, organisation: Id<id::Organisation>, id: Id<id::Questionnaire>) -> Result<Questionnaire, Error> {
        Ok(rows::one(self.tx, organisation, id)?.ok_or(Refusal::not_found().at("questionnaire"))?)
    }
}
