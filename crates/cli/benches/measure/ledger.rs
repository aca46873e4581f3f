//! The ledger at ten million lines, on both engines: appending, checking, searching, proving.
//!
//! The environment may say another number of lines in AKASHI_MEASURE_LINES.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rules::id::Pos;
use rules::log::LogQuery;
use store::ledger::{consistency, count_subjects, inclusion, root_at, search};
use store::testing::both_engines;
use store::{Conn, Error, LineDraft, Store};

use crate::{far, figure, print};

const LINES: u64 = 10_000_000;

/// Lines of one transaction while the ledger is filled.
const FILL: u64 = 20_000;

/// The ledger that is looked into; one line of twenty goes to another.
const TENANT: &str = "org_01930000000070008000000000000001";
const OTHER: &str = "org_01930000000070008000000000000002";

/// Numbers that look like chance and are the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
    /// Small numbers more often than large ones.
    fn skewed(&mut self, n: u64) -> u64 {
        self.below(n) * self.below(n) / n
    }
}

fn actor(n: u64) -> String {
    format!("person_0193000000007000800000000{n:07}")
}

fn thing(n: u64) -> String {
    format!("case_0193000000007000800000000{n:07}")
}

fn kind(n: u64) -> String {
    format!("kind_of_fact_{n}")
}

fn address(n: u64) -> String {
    format!("192.0.{}.{}", n / 200, n % 200)
}

const ACTORS: u64 = 500;
const THINGS: u64 = 200_000;
const KINDS: u64 = 40;
const ADDRESSES: u64 = 800;

/// Two years, whatever the number of lines.
const YEARS: i64 = 2 * 365 * 86_400 * 1_000_000;

fn begin() -> Timestamp {
    "2024-11-22T00:00:00Z".parse().expect("a time")
}

fn draft(n: u64, all: u64, chance: &mut Chance) -> LineDraft {
    let item = chance.below(254);
    let thing = thing(chance.below(THINGS));
    LineDraft {
        tenant: if chance.below(20) == 0 { OTHER } else { TENANT }.to_owned(),
        at: begin() + SignedDuration::from_micros((n as i128 * YEARS as i128 / all as i128) as i64),
        actor: actor(chance.skewed(ACTORS)),
        session: Some("session_01930000000070008000000000000001".to_owned()),
        address: Some(address(chance.skewed(ADDRESSES))),
        kind: kind(chance.skewed(KINDS)),
        subject: if item == 0 { thing } else { format!("{thing}/{item}") },
        outcome: if chance.below(200) == 0 { "refused" } else { "done" }.to_owned(),
        payload: format!(
            r#"{{"case":"case_0193000000007000800000000{n:07}","item":{item},"mark":"conforms","remarks":"契約書の第12条で確認しました。"}}"#
        ),
        salt: [n as u8; 16],
    }
}

/// CPU seconds of this process so far, in steps of 10 ms: other programs on the machine do not count.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

pub fn ledger() {
    let lines = std::env::var_os("AKASHI_MEASURE_LINES").and_then(|n| n.to_str()?.parse().ok()).unwrap_or(LINES);
    for store in both_engines() {
        measure(&store, lines);
    }
}

/// Fills a ledger up to so many lines, and measures.
pub fn measure(store: &Store, lines: u64) {
    let on = format!("{:?}", store.engine());
    let mut chance = Chance(1);
    fill(store, &on, lines, &mut chance);
    searches(store, &on, &mut chance);
    proofs(store, &on, &mut chance);
    checks(store, &on);
    appends(store, &on, lines, &mut chance);
}

fn fill(store: &Store, on: &str, lines: u64, chance: &mut Chance) {
    let start = Instant::now();
    let mut done = store.read(store::ledger::last_pos).map_or(0, |pos: Pos| pos.0.unsigned_abs());
    while done < lines {
        let part = FILL.min(lines - done);
        let drafts: Vec<LineDraft> = (done..done + part).map(|n| draft(n, lines, chance)).collect();
        store.write(|tx| tx.record_many(drafts)).expect("a filled ledger");
        done += part;
        far(done, lines);
    }
    figure(&format!("{on}: filled with {lines} lines"), &format!("{:.0}/s", lines as f64 / start.elapsed().as_secs_f64()), "");
}

/// Acts of `batch` lines each, and how many lines a second that is.
fn appends(store: &Store, on: &str, lines: u64, chance: &mut Chance) {
    let mut next = lines;
    for (batch, times) in [(1, 300), (10, 200), (100, 300), (1000, 60)] {
        let mut taken: Vec<Duration> = Vec::with_capacity(times);
        let all = Instant::now();
        for _ in 0..times {
            let drafts: Vec<LineDraft> = (0..batch).map(|n| draft(next + n, lines, chance)).collect();
            next += batch;
            let start = Instant::now();
            store.write(|tx| drafts.into_iter().try_for_each(|draft| tx.record(draft).map(drop))).expect("appended");
            taken.push(start.elapsed());
        }
        let rate = format!("{:.0}/s", (batch as usize * times) as f64 / all.elapsed().as_secs_f64());
        print(&format!("{on}: append {batch} lines, durable"), "", taken);
        figure(&format!("{on}:   lines"), &rate, if batch == 100 { ">= 20,000/s on SQLite" } else { "" });
    }
}

fn checks(store: &Store, on: &str) {
    let rate = |what: &str, reach: &str, check: &dyn Fn() -> u64| {
        let (start, busy) = (Instant::now(), cpu());
        let lines = check() as f64;
        let (time, busy) = (start.elapsed().as_secs_f64(), cpu() - busy);
        figure(&format!("{on}: {what}, lines a CPU second"), &format!("{:.0}", lines / busy.max(0.01)), reach);
        figure(&format!("{on}: {what}, lines a second"), &format!("{:.0}", lines / time), "");
    };
    rate("tiles checked", ">= 5,000,000", &|| store.verify_tiles(&mut |done, all| far(done, all)).expect("right tiles").lines);
    rate("full check", ">= 500,000", &|| store.verify_told(&mut |done, all| far(done, all)).expect("a right ledger").lines);
}

fn proofs(store: &Store, on: &str, chance: &mut Chance) {
    let size = store.read(store::checkpoints::heads).expect("heads")[0].1.size();
    let mut once = |what: &str, make: &mut dyn FnMut(&mut Conn, u64) -> Result<(), Error>| {
        let times = (0..200).map(|_| {
            let seq = chance.below(size) + 1;
            let start = Instant::now();
            store.read(|conn| make(conn, seq)).expect("a proof");
            start.elapsed()
        });
        print(&format!("{on}: {what}"), "", times.collect());
    };
    once("inclusion proof", &mut |conn, seq| inclusion(conn, TENANT, seq, size).map(drop));
    once("consistency proof", &mut |conn, seq| consistency(conn, TENANT, seq, size).map(drop));
    once("root of an older tree", &mut |conn, seq| root_at(conn, TENANT, seq).map(drop));
}

fn searches(store: &Store, on: &str, chance: &mut Chance) {
    let day = |n: u64| begin() + SignedDuration::from_hours(24 * n as i64);
    let reach = "<= 20 ms";
    let mut timed = |what: &str, reach: &str, run: &mut dyn FnMut(&mut Conn, &mut Chance) -> Result<usize, Error>| {
        let mut found = 0;
        let mut times: Vec<Duration> = (0..45)
            .map(|_| {
                let start = Instant::now();
                found += store.read(|conn| run(conn, chance)).expect("an answer");
                start.elapsed()
            })
            .collect();
        times.drain(..5);
        print(&format!("{on}: {what} ({} found)", found / 45), reach, times);
    };
    let find = |conn: &mut Conn, query: LogQuery| search(conn, TENANT, &query, None, 100).map(|lines| lines.len());
    let own = LogQuery::default;
    timed("newest 100", reach, &mut |conn, _| find(conn, own()));
    timed("newest 100 of an account", reach, &mut |conn, c| find(conn, LogQuery { actor: Some(actor(c.below(ACTORS))), ..own() }));
    timed("newest 100 of a rare account", reach, &mut |conn, c| {
        find(conn, LogQuery { actor: Some(actor(ACTORS - 1 - c.below(5))), ..own() })
    });
    timed("newest 100 of a subject", reach, &mut |conn, c| find(conn, LogQuery { subject: Some(thing(c.below(THINGS))), ..own() }));
    timed("newest 100 of a subject's item", reach, &mut |conn, c| {
        find(conn, LogQuery { subject: Some(format!("{}/{}", thing(c.below(THINGS)), c.below(253) + 1)), ..own() })
    });
    timed("newest 100 of a kind", reach, &mut |conn, c| find(conn, LogQuery { kind: Some(kind(c.below(KINDS))), ..own() }));
    timed("newest 100 of a kind that is nowhere", reach, &mut |conn, c| {
        find(conn, LogQuery { kind: Some(kind(KINDS + c.below(50))), ..own() })
    });
    timed("newest 100 of an address", reach, &mut |conn, c| find(conn, LogQuery { address: Some(address(c.below(ADDRESSES))), ..own() }));
    timed("newest 100 of an item", reach, &mut |conn, c| {
        find(conn, LogQuery { item: Some(rules::id::ItemNo(c.below(253) as u16 + 1)), ..own() })
    });
    timed("newest 100 refused", reach, &mut |conn, _| find(conn, LogQuery { outcome: Some("refused".into()), ..own() }));
    timed("newest 100 of a day", reach, &mut |conn, c| {
        let n = c.below(700);
        find(conn, LogQuery { from: Some(day(n)), until: Some(day(n + 1)), ..own() })
    });
    timed("oldest 100 of an account in a month", reach, &mut |conn, c| {
        let n = c.below(690);
        find(conn, LogQuery { actor: Some(actor(c.below(ACTORS))), from: Some(day(n)), until: Some(day(n + 30)), rising: true, ..own() })
    });
    timed("newest 100 of an account and a kind", reach, &mut |conn, c| {
        find(conn, LogQuery { actor: Some(actor(c.below(ACTORS))), kind: Some(kind(c.below(KINDS))), ..own() })
    });
    timed("newest 100 of an account on a subject", reach, &mut |conn, c| {
        find(conn, LogQuery { actor: Some(actor(c.below(ACTORS))), subject: Some(thing(c.below(THINGS))), ..own() })
    });
    let mut counts = |what: &str, days: Option<u64>| {
        timed(what, "<= 50 ms", &mut |conn, c| {
            let n = c.below(640);
            let window = days.map_or((None, None), |days| (Some(day(n)), Some(day(n + days))));
            count_subjects(conn, TENANT, &actor(c.below(ACTORS)), window)
                .map(|counts| counts.iter().map(|count| count.lines as usize).sum())
        });
    };
    counts("counts by subject of an account, a day", Some(1));
    counts("counts by subject of an account, a month", Some(30));
    counts("counts by subject of an account, a quarter", Some(90));
    counts("counts by subject of an account, two years", None);
}
