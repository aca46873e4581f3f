//! A whole installation is audited: it is sound, nothing of it is changed, and whatever is edited in it is named.

use std::collections::BTreeMap;
use std::path::Path;

use app::{App, Clock, Config};
use store::audit::{Audit, Audited, Finding, Odd};
use store::testing::{Scratch, both_engines};
use store::{Engine, Location};

/// A filled installation on a fresh database, signed, and closed again.
fn filled(scratch: &Scratch) {
    let clock = Clock::set("2026-11-22T01:00:00Z".parse().unwrap());
    let app = App::open_at(Config::embedded(scratch.directory()), scratch.location(), clock).unwrap();
    assert!(app.fill_demo().unwrap());
}

fn audited(location: &Location) -> Audited {
    Audit::open(location).unwrap().run(&mut |_, _| {})
}

#[test]
fn a_sound_installation_is_found_sound_on_both_engines() {
    for scratch in both_engines() {
        filled(&scratch);
        let begun = std::time::Instant::now();
        let found = audited(scratch.location());
        assert_eq!(found.findings, [], "{:?}", scratch.engine());
        println!("{:?} {} rows {} lines {:?}", scratch.engine(), found.rows, found.ledgers.unwrap().lines, begun.elapsed());
        println!("{:?}", scratch.location().to_string());
        println!("{}", std::fs::metadata(scratch.location().to_string()).map(|m| m.len()).unwrap_or(0));
    }
}
