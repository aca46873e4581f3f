//! Signed notes: a text that ends in a newline, an empty line, and one line per signature (C2SP signed-note).

pub struct Note;
pub struct SigningKey;
pub struct VerifierKey;
