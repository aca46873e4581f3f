//! What Akashi remembers: all SQL, on SQLite or PostgreSQL; the ledger's rows; evidence files; secrets.

pub mod audit;
pub mod backup;
pub mod blobs;
pub mod capacity;
pub mod checkpoints;
mod connect;
pub mod durability;
mod enact;
mod engine;
pub mod erase;
mod error;
pub mod ledger;
pub mod migrate;
mod read;
pub mod rebuild;
mod relog;
pub mod search;
mod secret;
mod store;
pub mod tables;
#[doc(hidden)]
pub mod testing;
mod value;
pub mod words;
mod writer;

#[cfg(test)]
mod tests;

pub use blobs::{BlobReader, Blobs, EvidencePlace, FileKeys, Lying, S3Keys, Stored};
pub use connect::Location;
pub use engine::{Conn, Engine};
pub use error::Error;
pub use ledger::{INSTALLATION, LineDraft, Verified};
pub use store::{READERS, Store};
pub use writer::{Pause, Tx};

/// The statements of every module; a test prepares them all on both engines.
#[cfg(test)]
const STATEMENTS: &[&[engine::Sql]] = &[
    migrate::STATEMENTS,
    ledger::STATEMENTS,
    ledger::tiles::STATEMENTS,
    ledger::segment::STATEMENTS,
    ledger::run::STATEMENTS,
    ledger::search::STATEMENTS,
    ledger::search::counts::STATEMENTS,
    ledger::verify::STATEMENTS,
    ledger::verify_tiles::STATEMENTS,
    checkpoints::STATEMENTS,
    capacity::STATEMENTS,
    words::STATEMENTS,
    secret::STATEMENTS,
    search::STATEMENTS,
    rebuild::STATEMENTS,
    audit::STATEMENTS,
    backup::STATEMENTS,
    tables::party::STATEMENTS,
    tables::accounts::STATEMENTS,
    tables::requests::STATEMENTS,
    tables::sheets::STATEMENTS,
    tables::evaluation::STATEMENTS,
    tables::evidence::STATEMENTS,
    tables::keeping::STATEMENTS,
    tables::log::STATEMENTS,
    erase::STATEMENTS,
    erase::LOOK_STATEMENTS,
    tables::running::STATEMENTS,
    tables::vault::STATEMENTS,
    tables::exchange::STATEMENTS,
    tables::deadline::STATEMENTS,
    tables::questionnaire::STATEMENTS,
    tables::register::STATEMENTS,
    tables::inside::STATEMENTS,
    tables::document::STATEMENTS,
    tables::scan::STATEMENTS,
    tables::items::STATEMENTS,
    tests::STATEMENTS,
];
