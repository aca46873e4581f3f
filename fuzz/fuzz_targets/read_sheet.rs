//! Coverage-guided fuzzing of the importer `documents::read_sheet`.
#![no_main]

#[path = "../targets/read_sheet.rs"]
mod target;
#[path = "../targets/wrapped.rs"]
mod wrapped;

// The readers of workbooks are others' code, and `documents` turns their panics into refusals: only one that gets out counts.
libfuzzer_sys::fuzz_target!(init: std::panic::set_hook(Box::new(|_| ())), |bytes: &[u8]| target::run(bytes));
