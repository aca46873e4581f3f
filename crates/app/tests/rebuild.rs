//! Every table can be made anew from the ledger alone, on each engine and from one to the other.

use app::{App, Clock, Config};
use store::testing::{Scratch, both_engines};

/// A filled installation on a fresh database.
fn filled(scratch: &Scratch) -> App {
    let clock = Clock::set("2026-11-22T01:00:00Z".parse().unwrap());
    let app = App::open_at(Config::embedded(scratch.directory()), scratch.location(), clock).unwrap();
    assert!(app.fill_demo().unwrap());
    app
}

#[test]
fn all_tables_can_be_rebuilt_from_the_ledger_within_and_across_engines() {
    for source in both_engines() {
        let app = filled(&source);
        let expected = app.store().read(store::rebuild::contents).unwrap();
        assert!(expected["verdict"].len() > 250 && expected["claim"].len() > 250, "the world is worth comparing");
        let checked = app.verify().unwrap();
        for target in both_engines() {
            let lines = store::rebuild::rebuild(app.store(), &target, |_| {}).unwrap();
            assert_eq!(lines, checked.lines);
            let rebuilt = target.read(store::rebuild::contents).unwrap();
            for table in store::rebuild::compared() {
                assert_eq!(rebuilt[table], expected[table], "{table} from {:?} to {:?}", source.engine(), target.engine());
            }
            // The same lines give the same trees: an outsider who kept a root recognises the moved ledger.
            assert_eq!(target.verify().unwrap().roots, checked.roots);
        }
    }
}

#[test]
fn a_database_that_holds_something_is_not_filled_over() {
    let (source, target) = (Scratch::sqlite(), Scratch::sqlite());
    let app = filled(&source);
    store::rebuild::rebuild(app.store(), &target, |_| {}).unwrap();
    assert!(matches!(store::rebuild::rebuild(app.store(), &target, |_| {}), Err(store::Error::Occupied)));
}
