//! The clock is set back: lines keep their order, and the check has nothing against them.

mod common;

use common::{Random, draft};
use jiff::Timestamp;
use rules::id::Pos;
use rules::log::LogQuery;
use store::Error;
use store::ledger::{lines_after, search};
use store::testing::both_engines;

#[test]
fn lines_written_while_the_clock_jumps_verify_and_stay_in_order() {
    let mut random = Random::seeded("clock");
    let begin: Timestamp = "2026-11-22T05:06:07.123456Z".parse().unwrap();
    for mut store in both_engines() {
        let mut times = Vec::new();
        for n in 0..60_u64 {
            // Forth and back by up to a year, and the same moment twice.
            let seconds = if n % 10 == 9 { 0 } else { random.between(0, 63_072_000) as i64 - 31_536_000 };
            let at = begin + jiff::SignedDuration::from_secs(seconds);
            times.push(at);
            let mut line = draft("org_1", &format!("case_1/{n}"), 10);
            line.at = at;
            assert_eq!(store.write(|tx| tx.record(line)).unwrap(), Pos(n as i64 + 1));
        }
        store.reopen().unwrap();
        assert_eq!(store.verify().unwrap().lines, 60);
        let mut found = Vec::new();
        let read = store.read(|conn| {
            lines_after(conn, Pos::NEVER, 100, |line| {
                found.push((line.head.seq, line.head.at.parse::<Timestamp>().expect("a time")));
                Ok(())
            })
        });
        read.map_err(|e: Error| e).unwrap();
        assert!(found.iter().map(|(seq, _)| *seq).eq(1..=60), "the order is that of the ledger, not of the clock");
        assert!(found.iter().map(|(_, at)| *at).eq(times.iter().copied()), "each line says what the clock said");
        // Newest means last written.
        let look = |query: LogQuery, limit| -> Vec<u64> {
            let lines = store.read(|conn| search::search(conn, "org_1", &query, None, limit)).map_err(|e: Error| e).unwrap();
            lines.iter().map(|line| line.head.seq).collect()
        };
        assert!(look(LogQuery::default(), 5).into_iter().eq((56..=60).rev()));
        // A window of time holds what was written in it, wherever in the ledger it stands.
        let window = LogQuery { from: Some(begin), rising: true, ..LogQuery::default() };
        let wanted = times.iter().zip(1..).filter(|(at, _)| **at >= begin).map(|(_, seq)| seq);
        assert!(look(window, 100).into_iter().eq(wanted));
    }
}
