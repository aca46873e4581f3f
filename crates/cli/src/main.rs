//! The `akashi` program: serves, demonstrates, checks, imports and exports.

mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// 証し Akashi: evaluation of cloud services that hold medical information.
#[derive(Debug, Parser)]
#[command(name = "akashi", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

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
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the service.
    Serve(serve::Serve),
    /// Starts the service with a small made-up world to try it in.
    Demo(serve::Demo),
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_env("AKASHI_LOG")).with_writer(std::io::stderr).init();
    let done = match Cli::parse().command {
        Command::Serve(serve) => serve.run(),
        Command::Demo(demo) => demo.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("akashi: {error}");
            ExitCode::FAILURE
        }
    }
}
