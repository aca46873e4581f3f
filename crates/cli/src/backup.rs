//! `akashi backup` and `akashi restore`: an encrypted copy of everything, trying it, and putting it back into an empty place.

use std::io::Write;
use std::path::PathBuf;

use app::backup::{self, Step};
use app::{App, Clock};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rules::text::{Lang, worded};

use crate::failure::Failure;
use crate::{Installation, say};

#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    installation: Installation,
    /// A folder, in which the backup gets a name with its time, or a file that is not there yet.
    #[arg(env = "AKASHI_BACKUP", required_unless_present = "try_file")]
    place: Option<PathBuf>,
    /// Who may open the backup beside the installation's own key keys/backup.txt: age1…; may be given again.
    #[arg(long, env = "AKASHI_BACKUP_RECIPIENT", value_delimiter = ',')]
    recipient: Vec<String>,
    /// Makes no backup, but tries this one: restores it into a scratch place, compares everything and files the result.
    #[arg(long = "try", value_name = "FILE")]
    try_file: Option<PathBuf>,
    /// The key file to try it with; keys/backup.txt of the installation unless it is named.
    #[arg(long, requires = "try_file")]
    identity: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Restore {
    #[command(flatten)]
    installation: Installation,
    /// The backup.
    file: PathBuf,
    /// The key that opens it: keys/backup.txt of the installation that made it, or the key of a recipient.
    #[arg(long, value_name = "KEYFILE")]
    identity: PathBuf,
}

/// A bar that follows the steps.
fn bar() -> (ProgressBar, impl FnMut(Step)) {
    let style = ProgressStyle::with_template("{msg:12} {bar:40} {pos}/{len} {eta}").unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(0).with_style(style);
    let shown = bar.clone();
    let told = move |step: Step| {
        let (what, done, all) = match step {
            Step::Lines { done, all } => ("ledger", done, all),
            Step::Files { done, all } => ("evidence", done, all),
            Step::Compared { done, all } => ("comparison", done, all),
        };
        shown.set_message(what);
        shown.set_length(all);
        shown.set_position(done);
    };
    (bar, told)
}

impl Backup {
    pub fn run(self, lang: Lang) -> Result<(), Failure> {
        let app = App::open(self.installation.config(), Clock::Machine)?;
        let (bar, mut told) = bar();
        if let Some(file) = self.try_file {
            let drill = app.try_backup(&file, self.identity.as_deref(), &mut told)?;
            bar.finish_and_clear();
            let (lines, files, seconds, n) = (drill.lines, drill.files, drill.seconds, drill.differences.len());
            if n > 0 {
                let list = drill.differences.join("\n  ");
                return Err(Failure::refused(worded(
                    format!("復元して比べたところ、{n}件の違いがありました:\n  {list}"),
                    format!("It was restored and compared; {n} differences:\n  {list}"),
                )));
            }
            let done = worded(
                format!("台帳{lines}行、証跡ファイル{files}件を{seconds}秒で復元し、すべて一致しました。"),
                format!("{lines} lines of the ledger and {files} files were restored in {seconds} s; everything is equal."),
            );
            return say(|out| writeln!(out, "{}", done.get(lang)));
        }
        let place = self.place.unwrap_or_default();
        let made = app.back_up(&place, &self.recipient, &mut told)?;
        bar.finish_and_clear();
        let (path, key, b) = (made.path.display(), app.backup_key(), &made.backup);
        let key = key.display();
        let done = worded(
            format!(
                "{path} に保存しました（台帳{}行、証跡ファイル{}件、{}バイト、SHA-256 {}）。復元には {key} とマスター鍵が必要です。バックアップとは別の場所に保管してください。確認: akashi backup --try {path}",
                b.lines, b.files, b.size, b.digest
            ),
            format!(
                "Written to {path}: {} lines of the ledger, {} files, {} bytes, SHA-256 {}. Restoring needs {key} and the master key: keep both apart from the backup. To try it: akashi backup --try {path}",
                b.lines, b.files, b.size, b.digest
            ),
        );
        say(|out| writeln!(out, "{}", done.get(lang)))?;
        let missing = made.copied.missing.len();
        if missing > 0 {
            return Err(Failure::refused(worded(
                format!("保管場所にない、または壊れている証跡ファイル{missing}件は入っていません: {}", made.copied.missing.join(", ")),
                format!("{missing} files that are gone or damaged where they lie are not in it: {}", made.copied.missing.join(", ")),
            )));
        }
        Ok(())
    }
}

impl Restore {
    pub fn run(self, lang: Lang) -> Result<(), Failure> {
        let config = self.installation.config();
        let keys = backup::identities(&self.identity)?;
        let (bar, mut told) = bar();
        let restored = backup::restore(&config, &self.file, &keys, &mut told)?;
        bar.finish_and_clear();
        let (lines, files, made) = (restored.lines, restored.files, restored.header.made);
        let erased = restored.header.last_erased;
        let told = worded(
            format!(
                "{made} のバックアップから、台帳{lines}行と証跡ファイル{files}件を復元し、照合しました。マスター鍵を戻してから起動してください（新しい区間が始まり、全員のサインインとAPIトークンの再発行が必要です）。{}",
                erased.map_or_else(
                    || "このバックアップより後に行った消去があれば、もう一度行ってください。".to_owned(),
                    |at| format!("このバックアップが知る最後の消去は {at} です。それより後に行った消去は、もう一度行ってください。")
                )
            ),
            format!(
                "{lines} lines of the ledger and {files} files of the backup of {made} are restored and verified. Put the master key back, then start: a new epoch begins, everybody signs in again, and API tokens are issued anew. {}",
                erased.map_or_else(
                    || "Repeat every erasure made after this backup.".to_owned(),
                    |at| format!("The last erasure it knows is of {at}: repeat every later one.")
                )
            ),
        );
        say(|out| writeln!(out, "{}", told.get(lang)))
    }
}
