//! Coverage-guided fuzzing of the reader of ledger exports.
#![no_main]

#[path = "../targets/ledger.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::run(bytes));
