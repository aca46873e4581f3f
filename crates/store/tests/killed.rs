//! kill -9 at random moments under sixteen writers, and two programs on one database.

mod common;

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{Acknowledged, Random, Told, WRITERS, again, nothing_is_lost, say, sqlite_at, told, try_act};
use rules::id::Pos;
use store::testing::Scratch;
use store::{Location, Store};

/// Kills on each engine.
const KILLS: u64 = 100;
/// After so many kills a new database, so that the checks do not get slower and slower.
const AGED: u64 = 20;
const PLACE: &str = "AKASHI_TEST_PLACE";
const NAME: &str = "AKASHI_TEST_NAME";
const ACTS: &str = "AKASHI_TEST_ACTS";

/// Says each act that is confirmed, until it is killed or has done what it was to do.
#[test]
#[ignore = "the program that the others start and kill"]
fn a_program_that_writes() {
    let location = Location::parse(&told(PLACE)).unwrap();
    let (name, acts) = (told(NAME), told(ACTS).parse::<u64>().unwrap());
    let store = Store::open(&location, 2).unwrap();
    say("open");
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (store, writer) = (&store, format!("{name}/{writer:02}"));
            scope.spawn(move || {
                for n in 0..acts {
                    match try_act(store, &writer, n) {
                        Ok((name, Pos(pos))) => say(&format!("done {name} {pos}")),
                        Err(Told::OnPurpose) => {}
                        Err(Told::Store(error)) => say(&format!("failed {error}")),
                    }
                }
            });
        }
    });
    say("end");
}

/// A program that writes, what it says, and how often it has said something.
type Started = (Child, thread::JoinHandle<(Acknowledged, Vec<String>)>, Arc<AtomicU64>);

fn start(place: &str, name: &str, acts: u64) -> Started {
    let mut child = again("a_program_that_writes", &[(PLACE, place), (NAME, name), (ACTS, &acts.to_string())]);
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let said = Arc::new(AtomicU64::new(0));
    let counted = said.clone();
    let heard = thread::spawn(move || {
        let (mut acknowledged, mut failures) = (Acknowledged::new(), vec![]);
        // What follows the last end of a line was not said.
        let mut line = Vec::new();
        while out.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) && line.last() == Some(&b'\n') {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let words: Vec<&str> = text.split(' ').collect();
            match words[..] {
                ["done", name, pos] => drop(acknowledged.insert(name.to_owned(), Pos(pos.parse().expect("a position")))),
                ["failed", ..] => failures.push(text),
                // The harness writes the name of the test before our first line.
                _ if !text.ends_with("open") => {
                    line.clear();
                    continue;
                }
                _ => {}
            }
            counted.fetch_add(1, Ordering::Relaxed);
            line.clear();
        }
        (acknowledged, failures)
    });
    (child, heard, said)
}

fn kill_9(place: &str, location: &Location, first: u64, random: &mut Random) -> usize {
    let mut all = Acknowledged::new();
    for round in first..first + AGED {
        let (mut child, heard, said) = start(place, &format!("{round:03}"), u64::MAX);
        // From the moment it opens; most of them in the middle of much.
        let (acts, wait) = (random.between(1, 80), Duration::from_micros(random.between(0, 15_000)));
        let begun = Instant::now();
        while said.load(Ordering::Relaxed) < acts {
            assert!(begun.elapsed() < Duration::from_secs(30), "it opens and writes, whatever happened before");
            thread::sleep(Duration::from_micros(200));
        }
        thread::sleep(wait);
        child.kill().unwrap();
        child.wait().unwrap();
        let (acknowledged, failures) = heard.join().unwrap();
        assert!(failures.is_empty(), "kill {round} after {acts} acts and {wait:?}: {failures:?}");
        all.extend(acknowledged);
        let store = Store::open(location, 2).unwrap();
        nothing_is_lost(&store, &all, &format!("kill {round} after {acts} acts and {wait:?}"));
    }
    all.len()
}

fn kills(engine: &str, fresh: impl Fn() -> Option<(String, Location, Box<dyn std::any::Any>)>) {
    let mut random = Random::seeded(engine);
    let mut confirmed = 0;
    for first in (0..KILLS).step_by(AGED as usize) {
        let Some((place, location, _kept)) = fresh() else { return };
        confirmed += kill_9(&place, &location, first, &mut random);
    }
    println!("{engine}: {KILLS} kills, {confirmed} acts confirmed, none lost");
    assert!(confirmed > 1000, "only {confirmed} acts were confirmed: too few to say anything");
}

#[test]
fn a_hundred_kills_lose_nothing_confirmed_on_sqlite() {
    kills("sqlite", || {
        let directory = tempfile::tempdir().unwrap();
        let location = sqlite_at(directory.path());
        Some((location.to_string(), location, Box::new(directory)))
    });
}

#[test]
fn a_hundred_kills_lose_nothing_confirmed_on_postgresql() {
    kills("postgresql", || {
        let scratch = Scratch::postgres()?;
        Some((scratch.address()?, scratch.location().clone(), Box::new(scratch)))
    });
}

fn two_programs(place: &str, location: &Location) {
    const EACH: u64 = 30;
    let programs = ["a", "b"].map(|name| start(place, name, EACH));
    // A third one, in here, so that all three kinds of neighbours meet: threads, this program, another.
    let store = Arc::new(Store::open(location, 2).unwrap());
    let here = common::Crowd::start(&store, "c");
    let mut all = Acknowledged::new();
    for (mut child, heard, _) in programs {
        let (acknowledged, failures) = heard.join().unwrap();
        assert!(child.wait().unwrap().success());
        assert!(failures.is_empty(), "each waits for the others and is refused by none: {failures:?}");
        let wanted = WRITERS as u64 * (EACH - EACH / 7);
        assert_eq!(acknowledged.len() as u64, wanted);
        all.extend(acknowledged);
    }
    let (acknowledged, refusals) = here.stop();
    assert!(refusals.is_empty(), "{refusals:?}");
    assert!(!acknowledged.is_empty(), "nobody is kept out for good");
    all.extend(acknowledged);
    let mut positions: Vec<i64> = all.values().map(|pos| pos.0).collect();
    positions.sort_unstable();
    assert!(positions.iter().copied().eq(1..=positions.len() as i64), "positions are without gap, and each is one act's");
    nothing_is_lost(&store, &all, "two programs");
}

#[test]
fn two_programs_on_one_database_take_turns() {
    let directory = tempfile::tempdir().unwrap();
    let location = sqlite_at(directory.path());
    two_programs(&location.to_string(), &location);
    if let Some(scratch) = Scratch::postgres() {
        two_programs(&scratch.address().unwrap(), scratch.location());
    }
}
