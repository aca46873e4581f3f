//! Any organisation's Excel form on its way to a check sheet: opened, mapped, read and checked before it is saved.

use documents::read_form::{self, FormFacts};
use documents::read_sheet::Fault;
use documents::read_table::{Limits, Table, read_table};
use rules::act::Actor;
use rules::command::{Command, Kind};
use rules::policy::{self, Place};
use rules::refusal::{Refusal, Why};
use rules::sheet::{Sheet, SheetId};
use rules::text::{Text, worded};

use crate::draft::Draft;
use crate::{App, Done, Error};

pub use documents::read_form::{FormMapping, Preview as Glimpse};
pub use documents::table::letters;

/// The largest spreadsheet that is opened, in bytes.
pub fn largest() -> u64 {
    Limits::default().file
}

/// A form as a person sees it while mapping its columns.
#[derive(Debug, Clone)]
pub struct OpenForm {
    /// The first rows of each worksheet.
    pub worksheets: Vec<Glimpse>,
    /// What its headings suggest, if they say enough.
    pub suggested: Option<FormMapping>,
    /// What the person should know of how the file was read.
    pub notes: Vec<Text>,
}

/// What the form itself does not say.
#[derive(Debug, Clone)]
pub struct FormWishes {
    /// `name@edition`
    pub id: SheetId,
    pub title: Text,
    /// The sheet whose header block and verdict scale it shares.
    pub like: SheetId,
}

/// What saving would make; nothing has been saved.
#[derive(Debug, Clone)]
pub struct TriedForm {
    pub sheet: Sheet,
    /// Rows that are not taken, each with its cell.
    pub faults: Vec<Fault>,
    pub notes: Vec<Fault>,
    /// Why it cannot be saved as it is.
    pub obstacles: Vec<Text>,
}

fn table(draft: &Draft) -> Result<Table, Refusal> {
    read_table(&draft.bytes, &draft.name, &Limits::default()).map_err(|e| Refusal::new(Why::Invalid, e.text()).at("file"))
}

impl App {
    /// Opens a form and shows the first `rows` rows of each worksheet.
    ///
    /// # Errors
    /// The file is no spreadsheet that can be read; the refusal says why.
    pub fn open_form(&self, actor: &Actor, draft: &Draft, rows: u32) -> Result<OpenForm, Error> {
        policy::may(Kind::AddSheet, actor, Place::Installation)?;
        let table = table(draft)?;
        Ok(OpenForm { worksheets: read_form::preview(&table, rows), suggested: read_form::suggest_mapping(&table), notes: table.notes })
    }

    /// Reads a form by its mapping, and finds everything that is wrong with the sheet it would become.
    pub fn try_form(&self, actor: &Actor, draft: &Draft, mapping: &FormMapping, wishes: &FormWishes) -> Result<TriedForm, Error> {
        policy::may(Kind::AddSheet, actor, Place::Installation)?;
        let like = self.content.sheet(&self.store, &wishes.like)?;
        let facts = FormFacts {
            id: wishes.id.clone(),
            title: wishes.title.clone(),
            source: worded(format!("ファイル「{}」から取り込み", draft.name), format!("Imported from the file {}", draft.name)),
            header: like.header.clone(),
            scale: like.scale.clone(),
        };
        let read = read_form::read_form(&table(draft)?, mapping, facts);
        let mut obstacles: Vec<Text> = vec![];
        if read.sheet.items.is_empty() {
            obstacles.push(worded("取り込める項目がありません。", "There is no item to take."));
        } else {
            obstacles.extend(rules::catalog::check_sheet(&read.sheet, &self.content.catalog).into_iter().map(|f| f.text));
        }
        if self.content.sheet(&self.store, &wishes.id).is_ok() {
            let id = &wishes.id;
            obstacles.push(worded(
                format!("「{id}」というシートはすでにあります。識別子か版を変えてください。"),
                format!("There is a sheet {id} already; change its name or edition."),
            ));
        }
        Ok(TriedForm { sheet: read.sheet, faults: read.faults, notes: read.notes, obstacles })
    }

    /// Saves the sheet that [`App::try_form`] showed, and keeps the mapping for the next form of this kind.
    pub fn add_form(&self, actor: &Actor, draft: &Draft, mapping: &FormMapping, wishes: &FormWishes) -> Result<Done, Error> {
        let tried = self.try_form(actor, draft, mapping, wishes)?;
        if let Some(first) = tried.obstacles.into_iter().next() {
            return Err(Refusal::invalid("sheet", first).into());
        }
        let mapping = serde_json::to_value(mapping).map_err(|e| Error::Broken(e.to_string()))?;
        self.execute(actor, Command::AddSheet { sheet: Box::new(tried.sheet), mapping: Some(mapping) })
    }

    /// Column mappings that the actor's organisation kept, by name, the newest first.
    pub fn form_mappings(&self, actor: &Actor) -> Result<Vec<(String, FormMapping)>, Error> {
        let kept = self.mappings(actor)?;
        Ok(kept.into_iter().filter_map(|k| Some((k.name, serde_json::from_value(k.content).ok()?))).collect())
    }
}
