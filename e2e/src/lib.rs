//! A real browser and a running Akashi, for tests that do what a person does. Every call waits until it is done.

mod authenticator;
mod axe;
mod browser;
mod driver;
mod server;

use std::io::Write;

pub use authenticator::Authenticator;
pub use axe::Violation;
pub use browser::Browser;
pub use server::Server;

/// Says loudly that browser tests cannot run: a failure on the build server (`CI` is set), a notice elsewhere.
fn missing(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "browser tests cannot run: {what}; `.ci/run` installs what is missing");
    // Not `eprintln!`: the test harness hides what a passing test prints, and this must be seen.
    let _ = writeln!(std::io::stderr(), "\n*** BROWSER TESTS DID NOT RUN: {what} ***\n");
}
