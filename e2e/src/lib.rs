//! A real browser and a running Akashi, for tests that do what a person does. Every call waits until it is done.

mod axe;
mod browser;
mod driver;
mod server;

pub use axe::Violation;
pub use browser::Browser;
pub use server::Server;

/// Says loudly that browser tests cannot run: a failure on the build server (`CI` is set), a notice elsewhere.
fn missing(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "browser tests cannot run: {what}; `.ci/run` installs what is missing");
    eprintln!("\n*** BROWSER TESTS DID NOT RUN: {what} ***\n");
}
