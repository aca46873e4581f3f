//! Kept inputs of the fuzzer and mutations of them bring no importer down (docs/decisions/0016-fuzzing.md).

#[path = "../../../fuzz/targets/read_form.rs"]
mod read_form;
#[path = "../../../fuzz/targets/read_sheet.rs"]
mod read_sheet;
#[path = "../../../fuzz/targets/read_words.rs"]
mod read_words;
#[path = "../../../fuzz/targets/replay.rs"]
mod replay;
#[path = "../../../fuzz/targets/wrapped.rs"]
mod wrapped;

#[test]
fn no_sheet_of_the_corpus_or_near_it_brings_the_import_down() {
    replay::replay("read_sheet", read_sheet::run, Vec::new(), 1_500);
}

#[test]
fn no_form_of_the_corpus_or_near_it_brings_the_import_down() {
    replay::replay("read_form", read_form::run, Vec::new(), 1_500);
}

#[test]
fn no_file_of_the_corpus_or_near_it_brings_the_reader_of_words_down() {
    replay::replay("read_words", read_words::run, Vec::new(), 1_000);
}
