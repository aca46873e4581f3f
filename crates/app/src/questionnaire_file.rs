//! A medical institution's form on its way in, and out again: the same file with the answers in it.

use std::io::Read;

use documents::fill::{Fill, NotFilled, fill};
use documents::questions::{read_questions, suggest_layout};
use documents::read_form::preview;
use documents::read_sheet::Fault;
use documents::read_table::{Limits, Table, read_table};
use jiff::civil::Date;
use rules::act::Actor;
use rules::command::{Command, Kind};
use rules::evidence::Label;
use rules::id::{self, Id};
use rules::policy::{self, Place};
use rules::questionnaire::{Asked, Layout};
use rules::refusal::{FieldFault, Refusal};
use rules::text::{Text, text};

use crate::draft::Draft;
use crate::exchange::Made;
use crate::form::Glimpse;
use crate::{App, Done, Error};

/// A form while somebody says which column holds what.
#[derive(Debug, Clone)]
pub struct OpenQuestionnaire {
    pub worksheets: Vec<Glimpse>,
    pub suggested: Option<Layout>,
    pub notes: Vec<Text>,
}

/// What a person says of a form.
#[derive(Debug, Clone)]
pub struct QuestionnaireWishes {
    pub name: String,
    pub asker: String,
    pub due: Option<Date>,
    pub case: Id<id::Case>,
    pub layout: Layout,
}

fn table(draft: &Draft) -> Result<Table, Refusal> {
    read_table(&draft.bytes, &draft.name, &Limits::default()).map_err(|e| Refusal::invalid("file", e.text()))
}

impl App {
    /// Opens a form and shows the first `rows` rows of each worksheet.
    pub fn open_questionnaire(&self, actor: &Actor, draft: &Draft, rows: u32) -> Result<OpenQuestionnaire, Error> {
        policy::may(Kind::AddQuestionnaire, actor, Place::Installation)?;
        let table = table(draft)?;
        Ok(OpenQuestionnaire { worksheets: preview(&table, rows), suggested: suggest_layout(&table), notes: table.notes })
    }

    /// The questions under a layout, and the rows that are not taken.
    pub fn try_questionnaire(&self, actor: &Actor, draft: &Draft, layout: &Layout) -> Result<(Vec<Asked>, Vec<Fault>), Error> {
        policy::may(Kind::AddQuestionnaire, actor, Place::Installation)?;
        Ok(read_questions(&table(draft)?, layout))
    }

    /// Keeps the form in the evidence vault and takes its questions.
    ///
    /// # Errors
    /// The form can never be filled, or a row of it cannot be read: everything that is wrong, and nothing is kept.
    pub fn add_questionnaire(&self, actor: &Actor, draft: &Draft, wishes: QuestionnaireWishes) -> Result<Done, Error> {
        let (questions, faults) = self.try_questionnaire(actor, draft, &wishes.layout)?;
        if !faults.is_empty() {
            return Err(Refusal::faulty(faults.into_iter().map(|f| FieldFault { row: None, field: f.cell, text: f.text }).collect()).into());
        }
        // Before anybody answers: a form that cannot be written into would be found out too late.
        let columns = [wishes.layout.choice, wishes.layout.words, wishes.layout.target];
        let every = questions.iter().flat_map(|q| columns.into_iter().flatten().map(|column| (q.row, column)));
        let trial: Vec<Fill> = every.map(|(row, column)| cell(&wishes.layout, row, column, String::new())).collect();
        fill(&draft.bytes, &trial, &Limits::default()).map_err(unfilled)?;
        let QuestionnaireWishes { name, asker, due, case, layout } = wishes;
        let kept = self.add_evidence(actor, &draft.name, draft.bytes.as_slice(), Label::Confidential, None, None)?;
        let file = kept.made.and_then(|id| id.parse().ok()).ok_or_else(|| Error::Broken("a kept form has no id".to_owned()))?;
        self.execute(actor, Command::AddQuestionnaire { name, asker, due, case, file, layout, questions })
    }

    /// The form as it was sent, with every answer that was given.
    pub fn fill_questionnaire(&self, actor: &Actor, id: Id<id::Questionnaire>) -> Result<Made, Error> {
        let read = self.questionnaire(actor, id)?;
        let layout = &read.questionnaire.layout;
        let (file, mut content) = self.file(actor, read.questionnaire.file, None)?;
        let mut bytes = vec![];
        let most = Limits::default().file;
        content.by_ref().take(most + 1).read_to_end(&mut bytes).map_err(|e| Error::Broken(format!("cannot read {}: {e}", file.name)))?;
        let mut fills = vec![];
        for question in &read.questions {
            let Some(given) = &question.given else { continue };
            let reply = &given.reply;
            let said = reply.said.map(|said| layout.says.get(&said).cloned().unwrap_or_default()).unwrap_or_default();
            let target = reply.target.map(|day| day.to_string()).unwrap_or_default();
            for (column, words) in [(layout.choice, said), (layout.words, reply.words.clone()), (layout.target, target)] {
                // What the institution wrote there itself stays where there is nothing to say.
                if let Some(column) = column.filter(|_| !words.is_empty()) {
                    fills.push(cell(layout, question.asked.row, column, words));
                }
            }
        }
        let bytes = fill(&bytes, &fills, &Limits::default()).map_err(unfilled)?;
        let media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        Ok(Made { name: file.name, media, bytes })
    }
}

fn cell(layout: &Layout, row: u32, column: u32, words: String) -> Fill {
    Fill { worksheet: layout.worksheet.clone(), row, column, words }
}

fn unfilled(why: NotFilled) -> Refusal {
    match why {
        NotFilled::File(words) => Refusal::invalid("file", words),
        NotFilled::Cells(cells) => {
            let faults = cells.into_iter().map(|c| FieldFault { row: None, field: c.cell, text: c.why }).collect();
            Refusal {
                text: text(
                    "回答を書き込めないセルがあります。列の指定を確認してください。",
                    "Answers cannot go into some cells. Check the columns.",
                ),
                ..Refusal::faulty(faults)
            }
        }
    }
}
