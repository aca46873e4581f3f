//! Prints the store's figures: durable acts alone and by 64 threads, ledger lines in batches, the full check.

use std::time::{Duration, Instant};

use store::testing::{Scratch, both_engines};
use store::{Error, LineDraft, Tx};

fn draft(n: usize) -> LineDraft {
    LineDraft {
        tenant: format!("org_0193{:028}", n % 4),
        at: "2026-11-22T05:06:07.123456Z".parse().expect("a time"),
        actor: format!("person_0193{:028}", n % 50),
        session: Some("session_01930000000000000000000000000001".to_owned()),
        address: Some("192.0.2.7".to_owned()),
        kind: "verdict_given".to_owned(),
        subject: format!("case_0193{:028}/{}", n % 40, n % 253 + 1),
        outcome: "done".to_owned(),
        payload: format!(
            r#"{{"case":"case_0193{n:028}","item":81,"mark":"conforms","remarks":"契約書の第12条で確認しました。","verdict_given":true}}"#
        ),
        salt: [n as u8; 16],
    }
}

fn act(tx: &mut Tx<'_>, n: usize) -> Result<(), Error> {
    tx.record(draft(n))?;
    tx.put_secret(&n.to_string(), "measure", "a small row beside the line")
}

fn percentile(times: &mut [Duration], p: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() - 1) * p / 100].as_secs_f64() * 1e3
}

fn alone(store: &Scratch) {
    let mut times: Vec<Duration> = (0..300)
        .map(|n| {
            let start = Instant::now();
            store.write(|tx| act(tx, n)).expect("an act");
            start.elapsed()
        })
        .collect();
    println!("  act alone             p50 {:.2} ms, p95 {:.2} ms", percentile(&mut times, 50), percentile(&mut times, 95));
}

fn crowd(store: &Scratch) {
    const EACH: usize = 150;
    let start = Instant::now();
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..64)
            .map(|t| {
                scope.spawn(move || {
                    let one = |n| {
                        let start = Instant::now();
                        store.write(|tx| act(tx, 1000 + t * EACH + n)).expect("an act");
                        start.elapsed()
                    };
                    (0..EACH).map(one).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|t| t.join().expect("a thread")).collect()
    });
    let rate = (64 * EACH) as f64 / start.elapsed().as_secs_f64();
    println!(
        "  64 threads            {rate:.0} acts/s, p50 {:.2} ms, p95 {:.2} ms",
        percentile(&mut times, 50),
        percentile(&mut times, 95)
    );
}

/// CPU seconds of this process so far, in steps of 10 ms: other programs on the machine do not count.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn batches(store: &Scratch) {
    const BATCH: usize = 100;
    const LINES: usize = 40_000;
    let (start, busy) = (Instant::now(), cpu());
    for batch in 0..LINES / BATCH {
        store.write(|tx| (0..BATCH).try_for_each(|n| tx.record(draft(batch * BATCH + n)).map(drop))).expect("a batch");
    }
    let (time, busy) = (start.elapsed().as_secs_f64(), cpu() - busy);
    println!("  lines, batches of 100 {:.0} lines/s, {:.0} lines/CPU-s", LINES as f64 / time, LINES as f64 / busy);
}

fn check(store: &Scratch) {
    let (start, busy) = (Instant::now(), cpu());
    let lines = store.verify().expect("a right ledger").lines;
    let (time, busy) = (start.elapsed().as_secs_f64(), cpu() - busy);
    println!("  full check            {:.0} lines/s, {:.0} lines/CPU-s ({lines} lines)", lines as f64 / time, lines as f64 / busy);
}

fn main() {
    for store in both_engines() {
        println!("{:?}", store.engine());
        alone(&store);
        crowd(&store);
        batches(&store);
        check(&store);
    }
}
