//! Commands of the evaluator on items, and the question thread of both sides.

use rules::command::{Command, Kind};
use rules::policy::{self, Side};
use rules::{reuse, verdict};

use super::{Doing, item_of};
use crate::Error;

impl Doing<'_, '_> {
    pub(super) fn verdict(&mut self, kind: Kind, command: Command) -> Result<(), Error> {
        match command {
            Command::ConfirmClaim { case, item, claim, finding, comment } => {
                let facts = self.case_for(kind, case)?;
                let (_, found) = self.item(&facts, Side::Body, item)?;
                let change = verdict::confirm_claim(&facts, &found, &self.act, claim, finding, &comment)?;
                self.write(&change).map(drop)
            }
            Command::GiveVerdict { case, item, base, content } => {
                let facts = self.case_for(kind, case)?;
                let (sheet, found) = self.item(&facts, Side::Body, item)?;
                let changes = verdict::give(&facts, &sheet, &found, &self.act, base, content)?;
                self.write_all(&changes)
            }
            Command::ImportVerdicts { case, file: _, rows } => {
                let facts = self.case_for(kind, case)?;
                let (sheet, items) = self.items(&facts, Side::Body)?;
                let changes = reuse::import_verdicts(&facts, &sheet, &items, &rows, &self.act)?;
                self.write_all(&changes)
            }
            Command::ApproveVerdict { case, item, seen, agrees, comment } => {
                let facts = self.case_for(kind, case)?;
                let (_, found) = self.item(&facts, Side::Body, item)?;
                let change = verdict::approve(&facts, &found, &self.act, seen, agrees, &comment)?;
                self.write(&change).map(drop)
            }
            Command::SendMessage { case, item, text, side } => {
                let facts = self.case_for(kind, case)?;
                let sheet = self.sheet_of(&facts)?;
                item_of(&sheet, item)?;
                // In a self-evaluation one person may stand on both sides and says from which they speak.
                let side = policy::view(&self.act.actor, &facts, side)?.side();
                let change = verdict::ask(&facts, item, &self.act, side, &text)?;
                self.write(&change).map(drop)
            }
            other => unreachable!("{} is executed elsewhere", other.kind().code()),
        }
    }
}
