//! What is kept beside the lines: searches answer like a look at every line, tiles prove what the lines prove, the check
//! sees what was altered.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rules::id::ItemNo;
use rules::log::LogQuery;
use seal::proof::{verify_consistency, verify_inclusion};
use seal::{Frontier, Line, Problem};

use super::*;
use crate::engine::Engine;
use crate::ledger::search::{SubjectCount, count_subjects, fits, search};
use crate::ledger::{consistency, inclusion, lines_after, root_at};

/// Enough for a run and a full segment of the larger ledger, and a rest.
const LINES: u64 = 14_000;

/// Numbers that look like chance and are always the same.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

const BASE: i64 = 1_763_787_967_000_000;

/// A ledger whose clock runs unevenly, jumps ahead for a while, and is set back.
fn drafts() -> Vec<LineDraft> {
    let mut chance = Chance(7);
    (0..LINES)
        .map(|n| {
            let jump = match n {
                3000..3100 => 40_000_000_000,
                6000..6500 => -3_600_000_000,
                7777 => -30_000_000_000,
                _ => 0,
            };
            let thing = chance.below(60);
            let subject = match chance.below(4) {
                0 => format!("case_{thing}"),
                1 => format!("case_{thing}/{}/x", chance.below(30)),
                2 => format!("case_{thing}/part_{}", chance.below(3)),
                _ => format!("case_{thing}/{}", chance.below(30)),
            };
            LineDraft {
                tenant: if chance.below(20) == 0 { "org_2" } else { "org_1" }.to_owned(),
                at: Timestamp::from_microsecond(BASE + n as i64 * 5_000_000 + jump + chance.below(9_000_000) as i64).unwrap(),
                actor: format!("person_{}", chance.below(9) * chance.below(9)),
                session: None,
                address: (chance.below(3) > 0).then(|| format!("192.0.2.{}", chance.below(12))),
                kind: ["answer_saved", "verdict_given", "page_opened", "signed_in"][(chance.below(2) * chance.below(4)) as usize]
                    .to_owned(),
                subject,
                outcome: if chance.below(50) == 0 { "refused" } else { "done" }.to_owned(),
                payload: format!(r#"{{"n":{n}}}"#),
                salt: [n as u8; 16],
            }
        })
        .collect()
}

fn filled() -> Vec<Scratch> {
    let stores = crate::testing::both_engines();
    for store in &stores {
        // Transactions hold one line or many, and some acts are undone: tiles and segments must not care.
        let mut drafts = drafts().into_iter();
        let mut size = 1;
        loop {
            let part: Vec<LineDraft> = drafts.by_ref().take(size).collect();
            let Some(last) = part.last().cloned() else { break };
            match size {
                1..300 => store.write(|tx| part.into_iter().try_for_each(|draft| tx.record(draft).map(drop))),
                _ => store.write(|tx| tx.record_many(part)),
            }
            .unwrap();
            let undone: Result<(), Error> = store.write(|tx| {
                tx.record_many(vec![last; 300])?;
                Err(Error::Occupied)
            });
            assert!(undone.is_err());
            size = size * 2 % 1500 + 3;
        }
    }
    stores
}

fn all(store: &Scratch, tenant: &str) -> Vec<Line> {
    let mut all = Vec::new();
    store
        .read(|conn| {
            lines_after(conn, Pos::NEVER, i64::MAX, |line| {
                all.extend(Some(line).filter(|line| line.head.tenant == tenant));
                Ok(())
            })
        })
        .map_err(|e: Error| e)
        .unwrap();
    all
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (-100_i64..LINES as i64 * 5 + 100, 0_i64..1_000_000_000)
        .prop_map(|(s, ns)| Timestamp::from_microsecond(BASE).unwrap() + SignedDuration::new(s, ns as i32))
}

fn query() -> impl Strategy<Value = LogQuery> {
    use prop::option::weighted;
    (
        weighted(0.4, (0_u64..82).prop_map(|n| format!("person_{n}"))),
        weighted(
            0.4,
            (0_u64..62, 0_u64..31).prop_flat_map(|(thing, item)| {
                prop::sample::select(vec![
                    format!("case_{thing}"),
                    format!("case_{thing}/{item}"),
                    format!("case_{thing}/{item}/x"),
                    format!("case_{thing}/part_1"),
                    "case".to_owned(),
                    String::new(),
                ])
            }),
        ),
        weighted(0.2, (0_u16..31).prop_map(ItemNo)),
        weighted(0.3, prop::sample::select(vec!["answer_saved", "verdict_given", "page_opened", "nothing"]).prop_map(str::to_owned)),
        weighted(0.2, prop::sample::select(vec!["done", "refused", "odd"]).prop_map(str::to_owned)),
        weighted(0.2, (0_u64..13).prop_map(|n| format!("192.0.2.{n}"))),
        weighted(0.4, moment()),
        weighted(0.4, moment()),
        any::<bool>(),
    )
        .prop_map(|(actor, subject, item, kind, outcome, address, from, until, rising)| LogQuery {
            actor,
            subject,
            item,
            kind,
            outcome,
            address,
            from,
            until,
            rising,
        })
}

#[test]
fn a_search_answers_like_a_look_at_every_line() {
    for store in filled() {
        for tenant in ["org_1", "org_2", "org_3"] {
            let all = all(&store, tenant);
            assert_eq!(all.len() > 8192, tenant == "org_1");
            let mut runner = TestRunner::new(Config { cases: 250, failure_persistence: None, ..Config::default() });
            let cases = (query(), prop::option::weighted(0.3, 0..LINES), prop::sample::select(vec![1_usize, 7, 100, 20_000]));
            let outcome = runner.run(&cases, |(query, after, limit)| {
                let mut expected: Vec<&Line> = all
                    .iter()
                    .filter(|line| fits(&query, line))
                    .filter(|line| after.is_none_or(|after| if query.rising { line.head.seq > after } else { line.head.seq < after }))
                    .collect();
                if !query.rising {
                    expected.reverse();
                }
                expected.truncate(limit);
                let found = store.read(|conn| search(conn, tenant, &query, after, limit)).map_err(|e: Error| e).unwrap();
                prop_assert_eq!(
                    found.iter().map(|l| l.head.seq).collect::<Vec<_>>(),
                    expected.iter().map(|l| l.head.seq).collect::<Vec<_>>()
                );
                prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected);
                Ok(())
            });
            outcome.unwrap_or_else(|e| panic!("{:?} {tenant}: {e}", store.engine()));
        }
    }
}

/// The filter itself, where the search and the naive look use the same function.
#[test]
fn the_filter_means_what_it_says() {
    let store = &crate::testing::both_engines()[0];
    let mut draft = draft("org_1", "case_1/81", 1);
    draft.address = Some("192.0.2.7".to_owned());
    store.write(|tx| tx.record(draft)).unwrap();
    let line = &all(store, "org_1")[0];
    let at: Timestamp = line.head.at.parse().unwrap();
    let later = at + SignedDuration::from_micros(1);
    let some = |s: &str| Some(s.to_owned());
    for (query, expected) in [
        (LogQuery::default(), true),
        (LogQuery { actor: some("person_1"), ..Default::default() }, true),
        (LogQuery { actor: some("person_"), ..Default::default() }, false),
        (LogQuery { subject: some("case_1"), ..Default::default() }, true),
        (LogQuery { subject: some("case_1/81"), ..Default::default() }, true),
        (LogQuery { subject: some("case_1/8"), ..Default::default() }, false),
        (LogQuery { subject: some("case_"), ..Default::default() }, false),
        (LogQuery { item: Some(ItemNo(81)), ..Default::default() }, true),
        (LogQuery { item: Some(ItemNo(8)), ..Default::default() }, false),
        (LogQuery { kind: some("answer_saved"), ..Default::default() }, true),
        (LogQuery { kind: some("verdict_given"), ..Default::default() }, false),
        (LogQuery { outcome: some("done"), ..Default::default() }, true),
        (LogQuery { outcome: some("refused"), ..Default::default() }, false),
        (LogQuery { address: some("192.0.2.7"), ..Default::default() }, true),
        (LogQuery { address: some("192.0.2.70"), ..Default::default() }, false),
        (LogQuery { from: Some(at), until: Some(later), ..Default::default() }, true),
        (LogQuery { from: Some(later), ..Default::default() }, false),
        (LogQuery { until: Some(at), ..Default::default() }, false),
    ] {
        assert_eq!(fits(&query, line), expected, "{query:?}");
        let found = store.read(|conn| search(conn, "org_1", &query, None, 10)).map_err(|e: Error| e).unwrap();
        assert_eq!(found.len() == 1, expected, "{query:?}");
    }
}

#[test]
fn counts_of_an_account_are_those_of_its_lines() {
    for store in filled() {
        let all = all(&store, "org_1");
        let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
        let cases = (0_u64..82, prop::option::weighted(0.6, moment()), prop::option::weighted(0.6, moment()));
        let outcome = runner.run(&cases, |(actor, from, until)| {
            let actor = format!("person_{actor}");
            let query = LogQuery { actor: Some(actor.clone()), from, until, ..LogQuery::default() };
            let mut expected: Vec<SubjectCount> = Vec::new();
            for line in all.iter().filter(|line| fits(&query, line)) {
                let subject = line.head.subject.split('/').next().unwrap();
                let at: Timestamp = line.head.at.parse().unwrap();
                match expected.iter_mut().find(|count| count.subject == subject) {
                    Some(count) => {
                        *count = SubjectCount {
                            subject: subject.to_owned(),
                            lines: count.lines + 1,
                            first: count.first.min(at),
                            last: count.last.max(at),
                        }
                    }
                    None => expected.push(SubjectCount { subject: subject.to_owned(), lines: 1, first: at, last: at }),
                }
            }
            expected.sort_by_key(|count| (u64::MAX - count.lines, count.subject.clone()));
            let found = store.read(|conn| count_subjects(conn, "org_1", &actor, (from, until))).map_err(|e: Error| e).unwrap();
            prop_assert_eq!(found, expected);
            Ok(())
        });
        outcome.unwrap_or_else(|e| panic!("{:?}: {e}", store.engine()));
    }
}

#[test]
fn proofs_from_the_kept_tiles_hold() {
    for store in filled() {
        let leaves: Vec<_> = all(&store, "org_1").iter().map(|line| line.leaf).collect();
        let size = leaves.len() as u64;
        let root = |size: u64| {
            let mut edge = Frontier::new();
            leaves.iter().take(size as usize).for_each(|leaf| edge.append(*leaf));
            edge.root()
        };
        store
            .read(|conn| {
                for size in [1, 255, 256, 257, 4096, 4097, size - 1, size] {
                    let top = root_at(conn, "org_1", size)?;
                    assert_eq!(top, root(size), "root of {size}");
                    for seq in [1, size / 3, size].into_iter().filter(|seq| *seq > 0) {
                        let path = inclusion(conn, "org_1", seq, size)?;
                        assert!(verify_inclusion(&leaves[seq as usize - 1], seq - 1, size, &path, &top), "line {seq} of {size}");
                        let path = consistency(conn, "org_1", seq, size)?;
                        assert!(verify_consistency(seq, &root(seq), size, &top, &path), "from {seq} to {size}");
                    }
                }
                assert!(matches!(inclusion(conn, "org_1", 0, size), Err(Error::Tree { .. })));
                assert!(matches!(inclusion(conn, "org_1", size + 1, size), Err(Error::Tree { .. })));
                assert!(matches!(consistency(conn, "org_1", 0, size), Err(Error::Tree { .. })));
                Ok::<_, Error>(())
            })
            .unwrap();
        let verified = store.verify_tiles(&mut |_, _| {}).unwrap();
        assert_eq!(verified.roots, store.verify().unwrap().roots);
        assert_eq!((verified.lines, verified.tenants()), (LINES, 2));
    }
}

const DUMP: Sql = Sql::from_statements_macro("dump", "select tenant, bucket, n, hits from ledger_hit order by tenant, bucket, n");
const DUMP_RUNS: Sql = Sql::from_statements_macro("dump_runs", "select tenant, bucket, n, hits from ledger_run order by tenant, bucket, n");
const DUMP_TILES: Sql = Sql::from_statements_macro("dump_tiles", "select * from ledger_tile order by tenant, level, n");
const DUMP_SEGMENTS: Sql = Sql::from_statements_macro("dump_segments", "select * from ledger_segment order by tenant, n");
use crate::engine::Sql;

fn kept(store: &Scratch) -> Vec<String> {
    store
        .read(|conn| {
            let mut out = Vec::new();
            for sql in [DUMP, DUMP_RUNS, DUMP_TILES, DUMP_SEGMENTS] {
                out.extend(conn.rows(sql, &[], |row| row.told())?);
            }
            Ok::<_, Error>(out)
        })
        .unwrap()
}

/// Lets an attacker with all rights change what is kept.
fn forge(store: &Scratch, tables: &[&str], forgery: &str) {
    let unguard: String = tables
        .iter()
        .map(|table| match store.engine() {
            Engine::Sqlite => format!("drop trigger if exists {table}_no_update; drop trigger if exists {table}_no_delete;"),
            Engine::Postgres => {
                format!("drop trigger if exists {table}_insert_only on {table}; drop trigger if exists {table}_no_delete on {table};")
            }
        })
        .collect();
    store.write(|tx| tx.batch(&format!("{unguard} {forgery}")).map_err(|cause| Error::NotCommitted { cause })).unwrap();
}

const BESIDE: [&str; 6] = ["ledger_tile", "ledger_segment", "ledger_hit", "ledger_run", "ledger_line", "ledger_payload"];

#[test]
fn a_ledger_older_than_tiles_gets_them_when_it_is_opened() {
    let mut kept_everywhere = Vec::new();
    for mut store in filled() {
        let before = kept(&store);
        assert!(before.len() > 200);
        // Older than tiles; older than runs only.
        for gone in [
            "delete from ledger_tile; delete from ledger_segment; delete from ledger_hit; delete from ledger_run",
            "delete from ledger_run",
        ] {
            forge(&store, &BESIDE, gone);
            assert!(matches!(store.verify(), Err(Error::Tree { .. })));
            store.reopen().unwrap();
            assert_eq!(kept(&store), before);
        }
        store.verify().unwrap();
        kept_everywhere.push(before);
    }
    assert!(kept_everywhere.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn what_is_altered_beside_the_lines_is_seen() {
    let forgeries = [
        ("delete from ledger_tile where level = 0 and n = 7", "full tiles are kept where the lines make"),
        (
            "update ledger_tile set root = (select root from ledger_tile where tenant = 'org_1' and level = 0 and n = 1) where tenant = 'org_1' and n = 3",
            "tile 0/3 ",
        ),
        (
            "update ledger_tile set hashes = (select hashes from ledger_tile where tenant = 'org_1' and level = 0 and n = 1) where tenant = 'org_1' and n = 3",
            "tile 0/3 ",
        ),
        (
            "insert into ledger_tile (tenant, level, n, root, hashes) select 'org_9', level, n, root, hashes from ledger_tile where tenant = 'org_1' and n = 3",
            "belongs to no ledger",
        ),
        ("update ledger_segment set latest = '2020-01-01T00:00:00.000000Z' where n = 1", "segment 1 "),
        ("delete from ledger_segment where n = 0", "segment 0 of the search index is missing"),
        ("delete from ledger_hit where n = 1 and bucket = 17", "segment 1 "),
        (
            "update ledger_hit set hits = (select hits from ledger_hit where tenant = 'org_1' and n = 0 and bucket = 3) where tenant = 'org_1' and n = 0 and bucket = 5",
            "segment 0 ",
        ),
        ("delete from ledger_run where bucket = (select min(bucket) from ledger_run)", "run 0 "),
        ("update ledger_run set n = 1 where tenant = 'org_1'", "run 0 "),
        (
            "update ledger_run set hits = (select hits from ledger_run where bucket = (select max(bucket) from ledger_run where bucket < 4096)) where bucket = (select min(bucket) from ledger_run)",
            "run 0 ",
        ),
        (
            "insert into ledger_run (tenant, bucket, n, hits) select 'org_9', bucket, n, hits from ledger_run",
            "runs of a ledger that is not there",
        ),
    ];
    for store in filled() {
        for (forgery, told) in forgeries {
            let begin = forge_and_back(&store, forgery, |store| store.verify());
            let told_now = begin.unwrap_err().to_string();
            assert!(told_now.contains(told), "{:?} {forgery}: {told_now}", store.engine());
        }
        store.verify().unwrap();
        for forgery in &forgeries[1..3] {
            assert!(forge_and_back(&store, forgery.0, |store| store.verify_tiles(&mut |_, _| {})).is_err());
        }
    }
}

/// Alters a copy of the tables beside the lines, looks, and puts them back.
fn forge_and_back<T>(store: &Scratch, forgery: &str, look: impl FnOnce(&Scratch) -> T) -> T {
    let tables = ["ledger_tile", "ledger_segment", "ledger_hit", "ledger_run"];
    let save: String = tables.iter().map(|t| format!("drop table if exists was_{t}; create table was_{t} as select * from {t};")).collect();
    forge(store, &BESIDE, &format!("{save} {forgery}"));
    let seen = look(store);
    let back: String =
        tables.iter().map(|t| format!("delete from {t}; insert into {t} select * from was_{t}; drop table was_{t};")).collect();
    forge(store, &BESIDE, &back);
    seen
}

#[test]
fn a_missing_payload_is_accepted_where_an_erasure_of_the_same_ledger_names_it() {
    for store in super::stores() {
        let write = |draft: LineDraft| store.write(|tx| tx.record(draft)).unwrap();
        for n in 0..20 {
            write(draft(["org_1", "org_2"][n as usize % 2], "case_1/81", n));
        }
        let erased = |tenant: &str, seqs: &str| {
            let mut line = draft(tenant, "case_1", 0);
            line.kind = "payloads_erased".to_owned();
            line.payload = format!(r#"{{"kind":"payloads_erased","seqs":{seqs}}}"#);
            write(line)
        };
        let missing = |seq: u64, tenant: &str| match store.verify() {
            Err(Error::Ledger(wrong)) => {
                assert_eq!((wrong.problem, wrong.seq, wrong.tenant.as_str()), (Problem::PayloadMissing, seq, tenant));
            }
            other => panic!("{other:?}"),
        };
        // Lines 3 and 4 of org_1.
        forge(&store, &BESIDE, "delete from ledger_payload where pos in (5, 7)");
        missing(3, "org_1");
        erased("org_2", "[[1,10]]");
        missing(3, "org_1");
        erased("org_1", "[[4,9000000000000000000]]");
        missing(3, "org_1");
        erased("org_1", "[[2,3]]");
        let verified = store.verify().unwrap();
        assert_eq!((verified.lines, verified.erased), (23, 2));
        // An erasure accounts for nothing that comes after it, and for nothing once it is gone itself.
        write(draft("org_1", "case_2", 9));
        forge(&store, &BESIDE, "delete from ledger_payload where pos = 24");
        missing(13, "org_1");
        erased("org_1", "[[13,13]]");
        store.verify().unwrap();
        forge(&store, &BESIDE, "delete from ledger_payload where pos = 23");
        missing(3, "org_1");
    }
}

#[test]
fn a_check_says_how_far_it_is() {
    let store = &filled()[0];
    let mut heard = Vec::new();
    store.verify_told(&mut |done, total| heard.push((done, total))).unwrap();
    assert_eq!(heard, [(4096, LINES), (8192, LINES), (12_288, LINES), (LINES, LINES)]);
}
