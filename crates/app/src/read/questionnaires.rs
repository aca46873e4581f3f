//! Questionnaires as who answers them reads them: which there are, and each question with what is proposed and what is said.

use std::collections::BTreeMap;

use rules::act::Actor;
use rules::command::Kind;
use rules::id::{self, Id, ItemNo};
use rules::item::ItemFacts;
use rules::policy::{self, Place, Side};
use rules::questionnaire::{Asked, Finder, Gap, Questionnaire, Reply, Suggested, draft, gaps};
use rules::refusal::Refusal;
use store::tables::questionnaire as rows;
pub use store::tables::questionnaire::Given;

use super::case::CaseRead;
use crate::{App, Error};

/// Items that are suggested for a question.
const SUGGESTED: usize = 5;

/// One questionnaire in the list.
#[derive(Debug, Clone)]
pub struct QuestionnaireRow {
    pub questionnaire: Questionnaire,
    pub mapped: usize,
    pub answered: usize,
    /// Questions with something left to do.
    pub open: usize,
}

/// One question with everything around it.
#[derive(Debug, Clone)]
pub struct QuestionRead {
    pub asked: Asked,
    /// The items a person mapped it to; none yet where nobody did.
    pub items: Option<Vec<ItemNo>>,
    /// For a question that nobody mapped.
    pub suggested: Vec<Suggested>,
    pub given: Option<Given>,
    /// What stands for its items; only worth something where nothing was given.
    pub draft: Reply,
    pub gaps: Vec<Gap>,
}

/// A questionnaire with the case that its answers come from.
#[derive(Debug, Clone)]
pub struct QuestionnaireRead {
    pub questionnaire: Questionnaire,
    pub case: CaseRead,
    pub questions: Vec<QuestionRead>,
}

impl QuestionnaireRead {
    pub fn question(&self, row: u32) -> Option<&QuestionRead> {
        self.questions.iter().find(|q| q.asked.row == row)
    }
}

/// Who may look: who may answer.
fn answerer(actor: &Actor) -> Result<Id<id::Organisation>, Refusal> {
    policy::may(Kind::AnswerQuestion, actor, Place::Installation)?;
    actor.organisation.ok_or(Refusal::forbidden())
}

impl App {
    /// The questionnaires of the actor's organisation, the newest first.
    pub fn questionnaires(&self, actor: &Actor) -> Result<Vec<QuestionnaireRow>, Error> {
        let organisation = answerer(actor)?;
        self.store.read(|conn| {
            let all = rows::of(conn, organisation)?;
            all.into_iter()
                .map(|questionnaire| {
                    let (mapped, given) = (rows::mapped(conn, questionnaire.id)?, rows::answered(conn, questionnaire.id)?);
                    let left = |q: &&Asked| {
                        let reply = given.get(&q.row).map(|g| &g.reply);
                        !gaps(&questionnaire.layout, mapped.contains_key(&q.row), reply).is_empty()
                    };
                    let open = questionnaire.questions.iter().filter(left).count();
                    Ok(QuestionnaireRow { mapped: mapped.len(), answered: given.len(), open, questionnaire })
                })
                .collect()
        })
    }

    /// One questionnaire of the actor's organisation, question by question.
    pub fn questionnaire(&self, actor: &Actor, id: Id<id::Questionnaire>) -> Result<QuestionnaireRead, Error> {
        let organisation = answerer(actor)?;
        let (questionnaire, mapped, mut given, remembered) = self.store.read(|conn| -> Result<_, Error> {
            let one = rows::one(conn, organisation, id)?.ok_or(Refusal::not_found())?;
            Ok((one, rows::mapped(conn, id)?, rows::answered(conn, id)?, rows::remembered(conn, organisation)?))
        })?;
        let case = self.case(actor, questionnaire.case, Some(Side::Applicant))?;
        let facts: BTreeMap<ItemNo, &ItemFacts> = case.items.iter().map(|i| (i.no, i)).collect();
        // Made of the whole sheet: only where a question is waiting for it.
        let unmapped = questionnaire.questions.iter().any(|q| !mapped.contains_key(&q.row));
        let finder = unmapped.then(|| Finder::of(&case.sheet));
        let questions = questionnaire.questions.iter().map(|asked| {
            let items = mapped.get(&asked.row).cloned();
            let suggested = match (&items, &finder) {
                (None, Some(finder)) => finder.suggest(&asked.words, &remembered, SUGGESTED),
                _ => vec![],
            };
            let standing: Vec<&ItemFacts> = items.iter().flatten().filter_map(|no| facts.get(no).copied()).collect();
            let given = given.remove(&asked.row);
            let gaps = gaps(&questionnaire.layout, items.is_some(), given.as_ref().map(|g| &g.reply));
            QuestionRead { asked: asked.clone(), items, suggested, given, draft: draft(&case.sheet, &standing), gaps }
        });
        let questions = questions.collect();
        Ok(QuestionnaireRead { questions, case, questionnaire })
    }
}
