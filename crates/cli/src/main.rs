//! The `akashi` program: serves, demonstrates, checks, imports and exports.

mod anchoring;
mod backup;
mod case;
mod check;
mod code;
mod cost;
mod exchange;
mod failure;
mod keys;
mod ledger;
mod mechanisms;
mod outside;
mod package;
mod read_words;
mod relocate;
mod remote;
mod schedule;
mod serve;
mod table;
mod timed;
mod tls;
mod vault;
mod verify;
mod witness;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rules::text::Lang;

use crate::failure::Failure;

/// 証し Akashi: evaluation of cloud services that hold medical information.
#[derive(Debug, Parser)]
#[command(name = "akashi", version, after_help = failure::EXIT_CODES)]
struct Cli {
    /// Language of what is printed: ja, or en.
    #[arg(long, env = "LANG", hide_env_values = true, global = true, default_value = "ja")]
    lang: String,
    #[command(subcommand)]
    command: Command,
}

/// What a password hash costs unless somebody says otherwise; OWASP's minimum for Argon2id.
const COST: &str = "19456,2,1";

#[derive(Debug, clap::Args)]
pub struct Installation {
    /// Folder for evidence files and the embedded database.
    #[arg(long, env = "AKASHI_DATA", default_value = "akashi-data")]
    pub data: PathBuf,
    /// PostgreSQL address; without it the embedded database is used.
    #[arg(long, env = "AKASHI_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
    /// The largest upload, in MiB.
    #[arg(long, env = "AKASHI_UPLOAD_LIMIT", default_value_t = 64)]
    pub upload_limit: u64,
    /// The address people use, if it is not the one listened on: `https://akashi.example.jp`.
    #[arg(long, env = "AKASHI_ADDRESS")]
    pub address: Option<String>,
    #[command(flatten)]
    vault: vault::Vault,
}

impl Installation {
    pub fn config(self) -> app::Config {
        let usual = app::Config::embedded(self.data);
        let address = self.address.map_or(usual.address, |a| a.trim_end_matches('/').to_owned());
        let mut config = app::Config { database: self.database, upload_limit: self.upload_limit * 1024 * 1024, address, ..usual };
        self.vault.set(&mut config);
        config
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the service.
    Serve(Box<serve::Serve>),
    /// Starts the service with a small made-up world to try it in.
    Demo(serve::Demo),
    /// Lists, shows and submits cases of a server.
    Case(case::Case),
    /// Compares a filled sheet with a case, and takes it over where asked to.
    Import(exchange::Import),
    /// Writes a case as a spreadsheet.
    Export(exchange::Export),
    /// Adds evidence to a server.
    Evidence(exchange::Evidence),
    /// Moves an installation's ledger and tables into another, empty database.
    Move(relocate::Move),
    /// Writes an encrypted copy of everything while the service runs, or tries one.
    Backup(backup::Backup),
    /// Puts a backup into an empty place, on either database.
    Restore(backup::Restore),
    /// Writes a ledger out with its proofs, and prints the public keys.
    Ledger(ledger::Ledger),
    /// Checks a ledger export, a sealed package, a database or a checkpoint, offline.
    Verify(verify::Verify),
    /// Prints the card of an organisation, and decrypts packages that came.
    Package(package::Package),
    /// Lists keys, and puts the master key into escrow and back.
    Keys(keys::Keys),
    /// Checks the catalogue.
    Catalog(check::Catalog),
    /// Looks at an installation and says what to mend.
    Doctor(check::Doctor),
    /// Tries Akashi's own mechanisms on throw-away installations, and files the report.
    Mechanisms(mechanisms::Mechanisms),
    /// Remembers what installations of others signed, and cosigns only what continues it.
    Witness(witness::Witness),
    /// Prints the one-time code of a key, as an authenticator app shows it.
    Code(code::Code),
    /// Prints the OpenAPI document of the REST interface.
    Openapi,
    /// Reads the words of a file from the standard input; the service starts it for each file.
    #[command(hide = true)]
    ReadWords { media: String },
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_env("AKASHI_LOG")).with_writer(std::io::stderr).init();
    let Cli { lang, command } = Cli::parse();
    let lang = Lang::from_tag(&lang);
    match run(command, lang) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(lang),
    }
}

fn run(command: Command, lang: Lang) -> Result<(), Failure> {
    match command {
        Command::Serve(serve) => Ok(serve.run()?),
        Command::Demo(demo) => Ok(demo.run()?),
        Command::Case(case) => case.run(lang),
        Command::Import(import) => import.run(lang),
        Command::Export(export) => export.run(lang),
        Command::Evidence(evidence) => evidence.run(lang),
        Command::Move(relocate) => relocate.run(lang),
        Command::Backup(backup) => backup.run(lang),
        Command::Restore(restore) => restore.run(lang),
        Command::Ledger(ledger) => ledger.run(lang),
        Command::Verify(verify) => verify.run(lang),
        Command::Package(package) => package.run(lang),
        Command::Keys(keys) => keys.run(lang),
        Command::Catalog(catalog) => catalog.run(lang),
        Command::Doctor(doctor) => doctor.run(lang),
        Command::Mechanisms(mechanisms) => mechanisms.run(lang),
        Command::Witness(witness) => witness.run(),
        Command::Code(code) => code.run(),
        Command::ReadWords { media } => read_words::run(&media).map_err(|e| Failure::file("stdin".as_ref(), &e)),
        Command::Openapi => say(|out| writeln!(out, "{:#}", web::api::document())),
    }
}

/// Prints the result of a command. A reader that has seen enough, as in `| head`, is no failure.
fn say(print: impl FnOnce(&mut std::io::StdoutLock) -> std::io::Result<()>) -> Result<(), Failure> {
    match print(&mut std::io::stdout().lock()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::file("stdout".as_ref(), &error)),
        _ => Ok(()),
    }
}
