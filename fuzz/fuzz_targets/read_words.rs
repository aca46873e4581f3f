//! Coverage-guided fuzzing of `documents::words` and `documents::archive`.
#![no_main]

#[path = "../targets/read_words.rs"]
mod target;

// The readers of workbooks are others' code, and `documents` turns their panics into refusals: only one that gets out counts.
libfuzzer_sys::fuzz_target!(init: std::panic::set_hook(Box::new(|_| ())), |bytes: &[u8]| target::run(bytes));
