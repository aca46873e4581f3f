//! Kept inputs of the fuzzer and mutations of them bring no reader of `seal` down (docs/decisions/0016-fuzzing.md).

#[path = "../../../fuzz/targets/ledger.rs"]
mod ledger;
#[path = "../../../fuzz/targets/note.rs"]
mod note;
#[path = "../../../fuzz/targets/package.rs"]
mod package;
#[path = "../../../fuzz/targets/replay.rs"]
mod replay;
mod sample;
#[path = "../../../fuzz/targets/stamp.rs"]
mod stamp;

#[test]
fn no_package_of_the_corpus_or_near_it_brings_the_reader_down() {
    replay::replay("package", package::run, vec![sample::package()], 800);
}

#[test]
fn no_note_of_the_corpus_or_near_it_brings_the_reader_down() {
    replay::replay("note", note::run, Vec::new(), 10_000);
}

#[test]
fn no_ledger_export_of_the_corpus_or_near_it_brings_the_check_down() {
    replay::replay("ledger", ledger::run, Vec::new(), 6_000);
}

#[test]
fn no_time_stamp_of_the_corpus_or_near_it_brings_the_reader_down() {
    replay::replay("stamp", stamp::run, Vec::new(), 10_000);
}

#[test]
fn a_fault_near_a_kept_input_is_found_and_kept() {
    let folder = std::env::temp_dir().join(format!("akashi-replay-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("corpus")).unwrap();
    std::fs::write(folder.join("corpus/one"), b"size=16;").unwrap();
    let falls = |input: &[u8]| assert!(!input.windows(2).any(|pair| pair == b"==" || pair == b"-1"), "a planted fault");
    let done = replay::run(&folder.join("corpus"), &folder.join("artifacts"), falls, Vec::new(), 10_000);
    let found = std::fs::read(done.found.as_ref().expect("the fault is near")).unwrap();
    assert!(std::panic::catch_unwind(|| falls(&found)).is_err());
    assert_eq!((done.kept, done.mutated < 10_000), (1, true));
    let again = replay::run(&folder.join("corpus"), &folder.join("artifacts"), falls, Vec::new(), 10_000);
    assert_eq!(again, done, "every run is the same");
    std::fs::write(folder.join("corpus/two"), b"==").unwrap();
    let kept = replay::run(&folder.join("corpus"), &folder.join("artifacts"), falls, Vec::new(), 0);
    assert!(kept.found.is_some() && kept.mutated == 0);
    std::fs::remove_dir_all(&folder).unwrap();
}
