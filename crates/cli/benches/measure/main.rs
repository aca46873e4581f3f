//! Measures what the design asks for and prints it: medians of at least 30 runs after warm-up, with p95.
//! `cargo xtask measure` runs it in release; arguments choose parts: `cargo xtask measure pages search`.

mod doors;
mod http;
mod ledger;
mod process;
mod steps;
mod world;

use std::time::{Duration, Instant};

/// How often a thing is measured after warm-up.
const RUNS: usize = 30;

/// A part of the measurement: its name and what runs it.
type Part = (&'static str, fn());

const PARTS: &[Part] = &[
    ("start", process::cold_start),
    ("memory", process::memory),
    ("catalog", steps::catalog),
    ("pages", steps::pages),
    ("save", steps::save),
    ("sheets", steps::sheets),
    ("search", steps::search),
    ("ledger", steps::ledger),
    ("doors", doors::doors),
    ("flood", doors::flood),
    ("growth", steps::growth),
];

/// Parts that take many minutes and many gigabytes: they run when they are named. `proof` is the ledger at ten million lines on
/// both engines; AKASHI_MEASURE_LINES says another number.
const LONG: &[Part] = &[("proof", ledger::ledger)];

fn main() {
    // Cargo passes `--bench`; what does not begin with a dash names a part.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    if let Some(odd) = wanted.iter().find(|w| !PARTS.iter().chain(LONG).any(|(name, _)| name == w)) {
        let names: Vec<&str> = PARTS.iter().chain(LONG).map(|(name, _)| *name).collect();
        eprintln!("no part {odd}; there are: {}", names.join(", "));
        std::process::exit(2);
    }
    println!("{:<58} {:>12} {:>12}   to reach", "what", "median", "p95");
    for (name, run) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            run();
        }
    }
    for (_, run) in LONG.iter().filter(|(name, _)| wanted.iter().any(|w| w == name)) {
        run();
    }
}

/// How far something long is, on the error output.
fn far(done: u64, all: u64) {
    use indicatif::{ProgressBar, ProgressStyle};
    static BAR: std::sync::OnceLock<ProgressBar> = std::sync::OnceLock::new();
    let style = || ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}").expect("a right template");
    let bar = BAR.get_or_init(|| ProgressBar::new(all).with_style(style()));
    bar.set_length(all);
    bar.set_position(done);
}

/// Runs something `RUNS` times after five warm-up runs and prints median and p95.
fn timed<T>(what: &str, reach: &str, run: impl FnMut() -> T) {
    print(what, reach, times(run));
}

/// The times of `RUNS` runs after five warm-up runs.
fn times<T>(mut run: impl FnMut() -> T) -> Vec<Duration> {
    let mut once = || {
        let start = Instant::now();
        std::hint::black_box(run());
        start.elapsed()
    };
    for _ in 0..5 {
        once();
    }
    (0..RUNS).map(|_| once()).collect()
}

/// Prints the median and p95 of times.
fn print(what: &str, reach: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    println!("{what:<58} {:>12} {:>12}   {reach}", shown(at(50)), shown(at(95)));
}

fn shown(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

/// Prints a figure that is not a time.
fn figure(what: &str, value: &str, reach: &str) {
    println!("{what:<58} {value:>12} {:>12}   {reach}", "");
}
