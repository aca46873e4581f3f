//! What can go wrong below the use cases; each says which statement, file or place.

use std::path::PathBuf;

/// Nothing of the act that met one of these was kept, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("statement {statement}: {cause}")]
    Statement { statement: &'static str, cause: String },
    #[error("statement {statement}: a row with this key is already there ({cause})")]
    Duplicate { statement: &'static str, cause: String },
    #[error("statement {statement}: column {column} holds {found}, wanted {wanted}")]
    Column { statement: &'static str, column: String, found: String, wanted: &'static str },
    #[error("statement {statement} found no row")]
    Missing { statement: &'static str },
    #[error("a statement failed and the act went on regardless: {cause}")]
    Swallowed { cause: String },
    #[error("the act stopped unexpectedly: {cause}")]
    Panicked { cause: String },
    /// With a lost PostgreSQL connection the outcome is unknown: look before doing it again.
    #[error("the transaction was not confirmed: {cause}")]
    NotCommitted { cause: String },
    #[error("the database did not become free within {seconds} s: another process may hold it, or all {readers} readers are busy")]
    Busy { seconds: u64, readers: usize },
    #[error("cannot reach the database at {place}: {cause}")]
    Unreachable { place: String, cause: String },
    #[error("the database address is not usable: {cause}")]
    Address { cause: String },
    #[error(
        "the database has schema {found}, this program knows up to {known}: start the newer program, or restore the backup made before it"
    )]
    Newer { found: i64, known: i64 },
    #[error("schema step {number} ({name}) failed: {cause}")]
    Migration { number: i64, name: &'static str, cause: String },
    #[error("{path}: {cause}", path = path.display())]
    File { path: PathBuf, cause: std::io::Error },
    #[error("the file is larger than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("the file {digest} is not here")]
    NoBlob { digest: rules::id::Digest },
    #[error("the file {digest} was altered on disk")]
    AlteredBlob { digest: rules::id::Digest },
    /// It lies there, and none of the organisation's keys opens it.
    #[error("the file {digest} is encrypted to a key that is not here")]
    OtherKey { digest: rules::id::Digest },
    /// The place of the files does not answer, or takes nothing.
    #[error("the store of evidence files cannot be used: {cause}")]
    Blobs { cause: String },
    #[error("the ledger was altered: {0}")]
    Ledger(#[from] seal::Wrong),
    #[error("line {pos} of the ledger cannot be applied again: {cause}")]
    Replay { pos: u64, cause: String },
    /// Of a backup.
    #[error("what was kept cannot be read: {cause}")]
    Kept { cause: String },
    #[error("the database to fill is not empty")]
    Occupied,
    #[error("beside the ledger of {tenant}: {problem}")]
    Tree { tenant: String, problem: String },
    #[error("the ledger holds a time that cannot be read: {text}")]
    Time { text: String },
    #[error("the stored tree edge of the ledger of {tenant} is damaged")]
    Edge { tenant: String },
    #[error(transparent)]
    NotCanonical(#[from] seal::NotCanonical),
}
