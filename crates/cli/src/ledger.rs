//! `akashi ledger`: a ledger out of the database into a file that an outsider verifies.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use app::{App, Clock};
use clap::{Args, Subcommand};
use rules::log::LogQuery;
use rules::text::{Lang, worded};

use crate::failure::Failure;
use crate::{Installation, say};

#[derive(Debug, Args)]
pub struct Ledger {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Writes a ledger with its proofs, whole or in part.
    Export(Export),
    /// Prints the public keys that outsiders verify with.
    Keys(Keys),
}

#[derive(Debug, Args)]
struct Export {
    #[command(flatten)]
    installation: Installation,
    /// Whose ledger: an organisation's id, or `installation`.
    #[arg(long, default_value = store::INSTALLATION)]
    tenant: String,
    /// Where to: a new file, usually ending in .akashi-ledger.
    #[arg(long)]
    out: PathBuf,
    /// Only what concerns this: an id such as case_…
    #[arg(long)]
    subject: Option<String>,
    /// Only what this account did.
    #[arg(long)]
    actor: Option<String>,
    /// Only this kind of line.
    #[arg(long)]
    kind: Option<String>,
    /// Only lines from this time on (RFC 3339).
    #[arg(long)]
    from: Option<jiff::Timestamp>,
    /// Only lines up to this time.
    #[arg(long)]
    until: Option<jiff::Timestamp>,
}

#[derive(Debug, Args)]
struct Keys {
    #[command(flatten)]
    installation: Installation,
}

impl Ledger {
    pub fn run(self, lang: Lang) -> Result<(), Failure> {
        match self.what {
            What::Export(export) => export.run(lang),
            What::Keys(keys) => {
                let app = App::open(keys.installation.config(), Clock::Machine)?;
                let public = app.public_proof()?.map(|proof| proof.keys).unwrap_or_default();
                say(|out| public.iter().try_for_each(|key| writeln!(out, "{key}")))
            }
        }
    }
}

impl Export {
    fn run(self, lang: Lang) -> Result<(), Failure> {
        let Export { subject, actor, kind, from, until, .. } = self;
        let part = subject.is_some() || actor.is_some() || kind.is_some() || from.is_some() || until.is_some();
        let query = part.then(|| LogQuery { subject, actor, kind, from, until, ..LogQuery::default() });
        let app = App::open(self.installation.config(), Clock::Machine)?;
        // A file that stands there is somebody's evidence: it is not written over.
        let file = File::create_new(&self.out).map_err(|e| Failure::file(&self.out, &e))?;
        let written = app.export_ledger(&self.tenant, query.as_ref(), BufWriter::with_capacity(1 << 20, &file));
        let kept = written.and_then(|lines| file.sync_all().map(|()| lines).map_err(|e| app::Error::Broken(e.to_string())));
        let lines = match kept {
            Ok(lines) => lines,
            Err(error) => {
                // Half an export would only be found wrong later.
                let _ = std::fs::remove_file(&self.out);
                return Err(error.into());
            }
        };
        let out = self.out.display();
        let told = worded(
            format!("{lines}行を {out} に書き出しました。`akashi verify {out} --key …` で検証できます。"),
            format!("{lines} lines are in {out}; `akashi verify {out} --key …` checks them."),
        );
        say(|out| writeln!(out, "{}", told.get(lang)))
    }
}
