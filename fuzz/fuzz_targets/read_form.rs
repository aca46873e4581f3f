//! Coverage-guided fuzzing of the importer `documents::read_form`.
#![no_main]

#[path = "../targets/read_form.rs"]
mod target;
#[path = "../targets/wrapped.rs"]
mod wrapped;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::run(bytes));
