//! `akashi move`: the ledger into another, empty database, and every table made from it there: SQLite to PostgreSQL and back.

use std::io::Write;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rules::text::{Lang, worded};

use crate::failure::Failure;
use crate::{Installation, say};

#[derive(Debug, Args)]
pub struct Move {
    #[command(flatten)]
    installation: Installation,
    /// Where to: a PostgreSQL address, or a file for SQLite. It has to be empty. Evidence files stay where they are.
    #[arg(long)]
    to: String,
}

impl Move {
    pub fn run(self, lang: Lang) -> Result<(), Failure> {
        let broken = |e: store::Error| Failure::from(app::Error::from(e));
        let from = store::Store::open(&self.installation.config().location().map_err(broken)?, 1).map_err(broken)?;
        let place = store::Location::parse(&self.to).map_err(broken)?;
        let into = store::Store::open(&place, 1).map_err(broken)?;
        let all = from.read(store::ledger::last_pos).map_err(broken)?;
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}").unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(all.0.unsigned_abs()).with_style(style);
        let lines = store::rebuild::rebuild(&from, &into, |done| bar.set_position(done)).map_err(broken)?;
        bar.finish_and_clear();
        // Both ledgers have to have the same roots, or something was lost on the way.
        let (before, after) = (from.verify().map_err(broken)?, into.verify().map_err(broken)?);
        if before.roots != after.roots {
            return Err(Failure::from(app::Error::Broken("the moved ledger has other roots than the old one".into())));
        }
        let told = worded(
            format!("台帳の{lines}行を {place} へ移し、照合しました。AKASHI_DATABASE を切り替えて起動してください。"),
            format!("{lines} lines of the ledger are at {place}, and verified. Set AKASHI_DATABASE to it and start."),
        );
        say(|out| writeln!(out, "{}", told.get(lang)))
    }
}
