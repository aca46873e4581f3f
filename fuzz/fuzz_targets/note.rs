//! Coverage-guided fuzzing of the note reader.
#![no_main]

#[path = "../targets/note.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::run(bytes));
