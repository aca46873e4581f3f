//! Options of `serve` for backups that are made by themselves.

use std::path::PathBuf;

use app::backup::{Schedule, recipient};
use rules::refusal::Refusal;
use rules::text::worded;

#[derive(Debug, clap::Args)]
pub struct Backups {
    /// Makes backups by itself, into this folder; a folder on another disk or machine.
    #[arg(long, env = "AKASHI_BACKUP", value_name = "FOLDER")]
    backup: Option<PathBuf>,
    /// Hours between two backups.
    #[arg(long, env = "AKASHI_BACKUP_HOURS", value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=720))]
    backup_hours: u16,
    /// How many backups are kept in the folder.
    #[arg(long, env = "AKASHI_BACKUP_KEEP", value_name = "COUNT", default_value_t = 14, value_parser = clap::value_parser!(u16).range(1..=1000))]
    backup_keep: u16,
    /// Others who can open the backups (`age1…`), separated by commas.
    #[arg(long, env = "AKASHI_BACKUP_RECIPIENTS", value_name = "RECIPIENTS", value_delimiter = ',')]
    backup_recipient: Vec<String>,
}

impl Backups {
    /// What the options come to; nothing where no folder is named.
    ///
    /// # Errors
    /// A recipient that is none.
    pub fn read(&self) -> Result<Option<Schedule>, Refusal> {
        let Some(folder) = self.backup.clone() else { return Ok(None) };
        for written in &self.backup_recipient {
            recipient(written).map_err(|_| {
                let words = worded(
                    format!("「{written}」はageの受信者（age1…）ではありません。"),
                    format!("{written} is no age recipient (age1…)."),
                );
                Refusal::invalid("backup_recipient", words)
            })?;
        }
        Ok(Some(Schedule { folder, hours: self.backup_hours, keep: self.backup_keep, recipients: self.backup_recipient.clone() }))
    }
}
