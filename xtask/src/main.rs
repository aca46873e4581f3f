//! Chores of this repository: `cargo xtask tidy` names everything that breaks a rule of the house.

mod measure;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "cargo xtask <chore>\n\n  tidy    name every file that breaks a rule of the house (STYLE.md)\n  measure [part…]    print the figures of the design, in release; `measure build` times the builds and the tests\n";

fn main() -> ExitCode {
    let chore = std::env::args().nth(1);
    match chore.as_deref() {
        Some("tidy") => tidy::run(&root()),
        Some("measure") => measure::run(&root(), std::env::args().skip(2).collect()),
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// The repository's top directory.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
