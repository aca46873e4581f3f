//! `cargo xtask measure`: runs the benchmark of the product in release, or times building and testing the product itself.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

/// The part that is not in the benchmark program: it takes as long as the builds themselves.
const BUILD: &str = "build";

pub fn run(root: &Path, parts: Vec<String>) -> ExitCode {
    if parts.iter().any(|p| p == BUILD) {
        return if builds(root) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let done = cargo(root).args(["bench", "--quiet", "--package", "cli", "--bench", "measure", "--"]).args(parts).status();
    if done.is_ok_and(|s| s.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root);
    cargo
}

/// Times a clean release build, an incremental development build and the test suite, in a target folder of its own.
fn builds(root: &Path) -> bool {
    let target = root.join("target/measure");
    let _ = std::fs::remove_dir_all(&target);
    let touched = root.join("crates/web/src/pages.rs");
    let timed = |what: &str, reach: &str, args: &[&str]| {
        let begin = Instant::now();
        let done = cargo(root).args(args).env("CARGO_TARGET_DIR", &target).status();
        println!("{what:<58} {:>10.1} s   {reach}", begin.elapsed().as_secs_f64());
        done.is_ok_and(|s| s.success())
    };
    let touch = || std::fs::File::open(&touched).and_then(|f| f.set_modified(std::time::SystemTime::UNIX_EPOCH + newer(&touched))).is_ok();
    timed("clean release build", "<= 10 min", &["build", "--quiet", "--release", "--package", "cli"])
        && timed("clean development build (for the next line)", "", &["build", "--quiet", "--package", "cli"])
        && touch()
        && timed("incremental development build after a change of a page", "<= 15 s", &["build", "--quiet", "--package", "cli"])
        && timed("building the test programs", "", &["test", "--quiet", "--workspace", "--no-run"])
        && timed("test suite", "<= 8 min", &["test", "--quiet", "--workspace"])
}

/// A second later than the file's own time, without asking the clock.
fn newer(file: &Path) -> std::time::Duration {
    let modified = std::fs::metadata(file).and_then(|m| m.modified()).unwrap_or(std::time::SystemTime::UNIX_EPOCH);
    modified.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default() + std::time::Duration::from_secs(1)
}
