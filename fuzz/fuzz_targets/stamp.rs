//! Coverage-guided fuzzing of the reader of time stamps.
#![no_main]

#[path = "../targets/stamp.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::run(bytes));
