//! Backups by themselves (items 137, 138): made in time, tried at once, and so many kept; and what was made, for who runs the service.

use std::path::PathBuf;

use jiff::SignedDuration;
use rules::act::Actor;
use rules::party::Role;
use rules::refusal::Refusal;
use rules::running::{Backup, Drill, Running};
use rules::text::worded;
use store::INSTALLATION;
use store::tables::running;

use super::make::{BEGINNING, ENDING};
use crate::{App, Error};

/// Lines of the ledger that the list looks through.
const LOOKED_AT: u32 = 500;

/// When backups are made by themselves, and where they go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub folder: PathBuf,
    /// Hours between two.
    pub hours: u16,
    /// How many are kept in the folder.
    pub keep: u16,
    /// Others who can open them (`age1…`), beside the installation's own key.
    pub recipients: Vec<String>,
}

/// A backup that was made, and what its newest try said.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub backup: Backup,
    pub tried: Option<Drill>,
}

/// The backups of an installation, the newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Backups {
    pub schedule: Option<Schedule>,
    pub made: Vec<Kept>,
    /// The newest that was tried and good is older than two turns, or there is none.
    pub late: bool,
}

impl App {
    /// Makes a backup when its time has come, restores it in a scratch place, and lets go of the oldest. Returns how many it made.
    ///
    /// # Errors
    /// What failed; the operators are warned, and the next turn tries again.
    pub fn back_up_in_time(&self) -> Result<usize, Error> {
        let Some(schedule) = &self.config.backups else { return Ok(0) };
        // What a killed backup left goes at the first turn after a start.
        self.remove_parts(&schedule.folder);
        let newest = self.store.read(|conn| running::newest(conn, INSTALLATION, "backup_made"))?;
        let waits = SignedDuration::from_hours(schedule.hours.into());
        if newest.is_some_and(|event| self.clock.now().duration_since(event.at) < waits) {
            return Ok(0);
        }
        std::fs::create_dir_all(&schedule.folder).map_err(|e| super::unwritable(&schedule.folder, &e))?;
        let made = self.back_up(&schedule.folder, &schedule.recipients, &mut |_| {})?;
        let tried = self.try_backup(&made.path, None, &mut |_| {}).inspect_err(|error| {
            let words = worded(
                format!("バックアップ {} を試しに復元できませんでした: {error}", made.path.display()),
                format!("The backup {} could not be tried: {error}", made.path.display()),
            );
            self.warn_of_backup("not tried", words);
        })?;
        // A good one takes the place of the oldest; a bad one of none.
        if tried.differences.is_empty() {
            self.let_go_of_the_oldest(schedule)?;
        }
        Ok(1)
    }

    /// Names tell the time, so that the last are the newest.
    fn let_go_of_the_oldest(&self, schedule: &Schedule) -> Result<(), Error> {
        let failed = |e: std::io::Error| super::unwritable(&schedule.folder, &e);
        let mut names = vec![];
        for entry in std::fs::read_dir(&schedule.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            names.extend(name.to_str().filter(|n| n.starts_with(BEGINNING) && n.ends_with(ENDING)).map(str::to_owned));
        }
        names.sort();
        let over = names.len().saturating_sub(usize::from(schedule.keep.max(1)));
        for name in &names[..over] {
            std::fs::remove_file(schedule.folder.join(name)).map_err(failed)?;
        }
        Ok(())
    }

    /// The backups that were made, for operators and administrators.
    pub fn backups(&self, actor: &Actor) -> Result<Backups, Error> {
        if !actor.has(Role::Operator) {
            return Err(Refusal::forbidden().into());
        }
        let now = self.clock.now();
        let of = |kind| self.store.read(|conn| running::of_kind(conn, INSTALLATION, kind, LOOKED_AT));
        // The newest come first, so that the first try of a backup is the newest.
        let tries = of("backup_tried")?;
        let tried = |backup: &Backup| {
            tries.iter().find_map(|event| match &event.what {
                Running::BackupTried(drill) if drill.backup == backup.id => Some(drill.clone()),
                _ => None,
            })
        };
        let made: Vec<Kept> = of("backup_made")?
            .into_iter()
            .filter_map(|event| match event.what {
                Running::BackupMade(backup) => Some(Kept { tried: tried(&backup), backup }),
                _ => None,
            })
            .collect();
        let schedule = self.config.backups.clone();
        let turns = SignedDuration::from_hours(2 * i64::from(schedule.as_ref().map_or(24, |s| s.hours)));
        let good = |kept: &&Kept| kept.tried.as_ref().is_some_and(|drill| drill.differences.is_empty());
        let late = made.iter().find(good).is_none_or(|kept| now.duration_since(kept.backup.at) > turns);
        Ok(Backups { schedule, made, late })
    }
}
