//! Checkpoints: what a ledger was at a moment, as a text that is signed (C2SP tlog-checkpoint).
pub struct Checkpoint;
