//! Commands about the ledger as people look at it: saved views, and reviews with what they found.

use rules::act::japan;
use rules::change::Change;
use rules::command::{Command, Kind};
use rules::log::{LogQuery, LogReview, Looking, SavedView};
use rules::policy::Place;
use rules::refusal::Refusal;
use rules::review;
use rules::text::text;
use store::tables::log as rows;

use super::Doing;
use crate::Error;
use crate::read::ledger::{WhoseLedger, each};
use crate::read::ledger_reviews::REVIEW_MONTHS;

/// The longest name of a view and the longest finding, in characters.
const NAME: usize = 80;
const FINDING: usize = 2000;

impl Doing<'_, '_> {
    pub(super) fn log(&mut self, kind: Kind, command: Command) -> Result<(), Error> {
        self.allow(kind, Place::Installation)?;
        let (organisation, by) = (self.organisation()?, self.act.actor.person.ok_or(Refusal::forbidden())?);
        match command {
            Command::SaveLogView { name, query } => {
                let name = named("name", &name, NAME)?;
                let view = SavedView { id: self.act.fresh(), organisation, name, query, by };
                self.done.made = Some(view.id.to_string());
                self.write(&Change::Log(Looking::LogViewSaved(view))).map(drop)
            }
            Command::RemoveLogView { view } => {
                rows::view(self.tx, view)?.filter(|v| v.organisation == organisation).ok_or(Refusal::not_found().at("view"))?;
                self.write(&Change::Log(Looking::LogViewRemoved { view })).map(drop)
            }
            Command::ReviewLog { from, until, query, anomaly, finding } => {
                let finding = named("finding", &finding, FINDING)?;
                if from >= until {
                    return Err(Refusal::invalid(
                        "until",
                        text("終了は開始より後にしてください。", "The end has to be after the beginning."),
                    )
                    .into());
                }
                if from > self.act.at {
                    return Err(Refusal::invalid(
                        "from",
                        text("まだ来ていない期間はレビューできません。", "A time to come cannot be reviewed."),
                    )
                    .into());
                }
                // Administrators review their organisation's ledger; who only operates, the installation's.
                let whose = *WhoseLedger::of(&self.act.actor).first().ok_or(Refusal::forbidden())?;
                let tenant = whose.tenant(&self.act.actor)?;
                let query = LogQuery { from: Some(from), until: Some(until), ..query };
                let mut lines = 0;
                each(self.tx, &tenant, &query, |_, _| {
                    lines += 1;
                    Ok(true)
                })?;
                let at = self.act.at;
                let next = review::next(japan(at).date(), REVIEW_MONTHS);
                let id = self.act.fresh();
                let done = LogReview { id, organisation, from, until, query, lines, anomaly, finding, by, at, next };
                self.done.made = Some(id.to_string());
                // A review is a line of the ledger that was reviewed.
                self.act.actor = whose.writer(&self.act.actor);
                self.write(&Change::Log(Looking::LogReviewed(done))).map(drop)
            }
            other => unreachable!("{} is executed elsewhere", other.kind().code()),
        }
    }
}

/// What somebody wrote, trimmed; refused where there is nothing or too much.
fn named(field: &'static str, written: &str, most: usize) -> Result<String, Refusal> {
    match written.trim() {
        "" => Err(Refusal::invalid(field, text("入力してください。", "Enter something."))),
        long if long.chars().count() > most => {
            Err(Refusal::invalid(field, text("長すぎます。短くしてください。", "This is too long. Shorten it.")))
        }
        fits => Ok(fits.to_owned()),
    }
}
