//! What Akashi proves: canonical text, hashed ledger lines, Merkle trees, signed notes, exports, packages and time stamps.
//! No I/O but the readers and writers it is handed, no clock, no database.

pub mod canonical;
pub mod checkpoint;
pub mod export;
pub mod line;
pub mod merkle;
pub mod note;
pub mod package;
pub mod proof;
pub mod stamp;
pub mod tiles;
pub mod verify;

pub use canonical::{NotCanonical, canonical};
pub use checkpoint::Checkpoint;
pub use line::{Chain, Head, Line, Payload, Problem, Wrong, verify_lines};
pub use merkle::{Frontier, Hash, leaf_hash, node_hash};
pub use note::{Note, SigningKey, VerifierKey};
