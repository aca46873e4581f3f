//! The ledger part of `cargo xtask measure`, without the rest of the product.

use std::time::Duration;

#[path = "../../cli/benches/measure/ledger.rs"]
mod ledger;

fn print(what: &str, reach: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    let shown = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1000.0);
    println!("{what:<58} {:>12} {:>12}   {reach}", shown(at(50)), shown(at(95)));
}

fn figure(what: &str, value: &str, reach: &str) {
    println!("{what:<58} {value:>12} {:>12}   {reach}", "");
}

/// Says each twentieth on the error output.
fn far(done: u64, all: u64) {
    static SAID: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let now = done * 20 / all.max(1);
    if SAID.swap(now, std::sync::atomic::Ordering::Relaxed) != now {
        eprintln!("{done} of {all}");
    }
}

fn main() {
    // With an address, that database is filled and measured and stays.
    match std::env::args().nth(1) {
        Some(address) => {
            let location = store::Location::parse(&address).expect("an address");
            let lines = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
            ledger::measure(&store::Store::open(&location, 4).expect("a database"), lines);
        }
        None => ledger::ledger(),
    }
}
