//! What Akashi proves: canonical text, hashed ledger lines and Merkle trees. No I/O, no clock, no database.

pub mod canonical;
pub mod line;
pub mod merkle;
pub mod proof;

pub use canonical::{NotCanonical, canonical};
pub use line::{Chain, Head, Line, Payload, Problem, Wrong, verify_lines};
pub use merkle::{Frontier, Hash, leaf_hash, node_hash};
