//! Writes papers that must look the same for ever, certificates and documents, as PDF/A-2b and PDF/UA-1.
//!
//! Same input, same bytes: the only date in the file is the day of issue, and nothing is read from the machine.

mod certificate;
#[cfg(test)]
mod oracle;
mod page;
mod paper;
mod plain;
mod statement;
mod words;

pub use certificate::{Certificate, certificate};
pub use paper::paper;
pub use plain::plain;
pub use statement::{Statement, statement};

/// The paper could not be made. Both are faults of this program, not of the person's texts: any text can be set.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the page could not be set: {0}")]
    Page(String),
    #[error("the page could not be written as PDF/A-2b: {0}")]
    File(String),
}
