//! A whole installation, with every kind of act in it, is audited.

use app::{App, Clock, Config};
use store::audit::Audit;
use store::testing::{Scratch, both_engines};

/// A filled installation on a fresh database, signed, and closed again.
fn filled(scratch: &Scratch) {
    let clock = Clock::set("2026-11-22T01:00:00Z".parse().unwrap());
    let app = App::open_at(Config::embedded(scratch.directory()), scratch.location(), clock).unwrap();
    assert!(app.fill_demo().unwrap());
}

#[test]
fn a_whole_installation_is_audited_and_found_sound_on_both_engines() {
    for scratch in both_engines() {
        filled(&scratch);
        let found = Audit::open(scratch.location()).unwrap().run(&mut |_, _| {});
        assert_eq!(found.findings, [], "{:?}", scratch.engine());
        assert!(found.rows > 1000 && found.ledgers.is_some_and(|of| of.lines > 1000), "{}", found.rows);
    }
}
