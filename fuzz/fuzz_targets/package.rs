//! Coverage-guided fuzzing of the package reader.
#![no_main]

#[path = "../../crates/seal/tests/sample/mod.rs"]
mod sample;
#[path = "../targets/package.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::run(bytes));
