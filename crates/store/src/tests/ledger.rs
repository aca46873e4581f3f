//! The ledger in the database: forgeries are named, history finds what it should and nothing else.

use seal::{Line, Problem};

use super::*;
use crate::engine::Engine;
use crate::history::{Filter, Order, history};
use crate::ledger::{INSTALLATION, last_pos, lines_after};

fn write(store: &Scratch, drafts: Vec<LineDraft>) {
    for draft in drafts {
        store.write(|tx| tx.record(draft)).unwrap();
    }
}

fn filled() -> Vec<Scratch> {
    let stores = stores();
    for store in &stores {
        let subjects = ["case_1", "case_1/81", "case_1/9", "case_10", "case_1!", "case_2/81"];
        write(store, (0..24).map(|n| draft(["org_1", "org_2", INSTALLATION][n as usize % 3], subjects[n as usize % 6], n)).collect());
    }
    stores
}

#[test]
fn an_untouched_ledger_verifies_and_reads_back() {
    for store in filled() {
        let verified = store.verify().unwrap();
        assert_eq!(verified.lines, 24);
        assert_eq!(
            verified.roots.iter().map(|(tenant, size, _)| (tenant.as_str(), *size)).collect::<Vec<_>>(),
            [("installation", 8), ("org_1", 8), ("org_2", 8)]
        );
        let mut lines = Vec::new();
        store
            .read(|conn| {
                lines_after(conn, Pos(3), 2, |line| {
                    lines.push(line);
                    Ok(())
                })
            })
            .map_err(|e: Error| e)
            .unwrap();
        let head = &lines[0].head;
        assert_eq!((lines.len(), head.pos, head.seq, head.tenant.as_str()), (2, 4, 2, "org_1"));
        assert_eq!(head.at, "2025-11-22T05:06:07.000003Z");
        assert_eq!(lines[0].payload.as_ref().unwrap().text, r#"{"mark":"適合","n":3}"#);
        assert_eq!(store.read(last_pos).map_err(|e: Error| e).unwrap(), Pos(24));
    }
}

#[test]
fn both_engines_make_the_same_trees() {
    let roots: Vec<_> = filled().iter().map(|store| store.verify().unwrap().roots).collect();
    assert!(roots.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn the_database_refuses_to_change_or_remove_a_line() {
    for store in filled() {
        for sql in [FORGE, REMOVE] {
            let refused = store.write(|tx| tx.run(sql, &[]));
            assert!(matches!(&refused, Err(Error::Statement { cause, .. }) if cause.contains("is insert-only")), "{refused:?}");
        }
        store.verify().unwrap();
    }
}

type Expected = fn(&Problem) -> bool;

/// What an attacker with full rights on the database may do, and the position the check must name.
const FORGERIES: [(&str, u64, Expected); 12] = [
    ("update ledger_line set subject = 'case_3' where pos = 7", 7, |p| *p == Problem::Leaf),
    ("update ledger_line set at = '2020-01-01T00:00:00.000000Z' where pos = 1", 1, |p| *p == Problem::Leaf),
    ("update ledger_line set actor = 'nobody' where pos = 24", 24, |p| *p == Problem::Leaf),
    ("update ledger_line set session = '' where pos = 5", 5, |p| *p == Problem::Leaf),
    ("update ledger_line set tenant = 'org_3' where pos = 24", 24, |p| matches!(p, Problem::Seq { .. })),
    ("update ledger_line set seq = 99 where pos = 24", 24, |p| matches!(p, Problem::Seq { .. })),
    ("update ledger_payload set payload = '{\"mark\":\"不適合\"}' where pos = 12", 12, |p| *p == Problem::Payload),
    ("update ledger_payload set salt = (select salt from ledger_payload where pos = 3) where pos = 2", 2, |p| *p == Problem::Payload),
    ("delete from ledger_payload where pos = 12", 12, |p| *p == Problem::PayloadMissing),
    ("delete from ledger_payload where pos = 12; delete from ledger_line where pos = 12", 13, |p| matches!(p, Problem::Pos { .. })),
    ("delete from ledger_payload where pos = 24; delete from ledger_line where pos = 24", 21, |p| {
        matches!(p, Problem::Edge { lines: 7, kept: 8 })
    }),
    ("delete from ledger_head where tenant = 'org_2'", 23, |p| matches!(p, Problem::Edge { lines: 8, kept: 0 })),
];

#[test]
fn every_forgery_is_named_by_its_first_wrong_line() {
    for (index, (forgery, pos, expected)) in FORGERIES.into_iter().enumerate() {
        for store in filled() {
            let unguard = match store.engine() {
                Engine::Sqlite => {
                    "drop trigger ledger_line_no_update; drop trigger ledger_line_no_delete; drop trigger ledger_payload_no_update; drop trigger ledger_payload_no_delete"
                }
                Engine::Postgres => {
                    "drop trigger ledger_line_insert_only on ledger_line; drop trigger ledger_payload_insert_only on ledger_payload"
                }
            };
            store.write(|tx| tx.batch(&format!("{unguard}; {forgery}")).map_err(|cause| Error::NotCommitted { cause })).unwrap();
            match store.verify() {
                Err(Error::Ledger(wrong)) => {
                    assert!(expected(&wrong.problem), "{index}: {wrong}");
                    assert_eq!(wrong.pos, pos, "{index}: {wrong}");
                }
                other => panic!("forgery {index} on {:?} went unseen: {other:?}", store.engine()),
            }
        }
    }
}

fn found(store: &Scratch, filter: &Filter, order: Order, after: Option<Pos>, limit: u32) -> Vec<Line> {
    store.read(|conn| history(conn, filter, order, after, limit)).map_err(|e: Error| e).unwrap()
}

/// Every filter and order against the same choice made here by hand.
#[test]
fn history_finds_just_the_lines_that_fit() {
    for store in filled() {
        let mut all = Vec::new();
        store
            .read(|conn| {
                lines_after(conn, Pos::NEVER, 100, |line| {
                    all.push(line);
                    Ok(())
                })
            })
            .map_err(|e: Error| e)
            .unwrap();
        let some = |s: &str| Some(s.to_owned());
        let at = |n: i64| Some(jiff::Timestamp::from_microsecond(1_763_787_967_000_000 + n).unwrap());
        let tenants = [None, some("org_1"), some("org_9")];
        let actors = [None, some("person_1")];
        let subjects = [None, some("case_1"), some("case_1/81"), some("case")];
        let kinds = [None, some("verdict_given")];
        let outcomes = [None, some("done"), some("refused")];
        let windows = [(None, None), (at(5), None), (None, at(9)), (at(5), at(20))];
        let mut non_empty = 0;
        for (tenant, actor, subject, kind, outcome, (from, until)) in itertools(&tenants, &actors, &subjects, &kinds, &outcomes, &windows) {
            let filter = Filter { tenant, actor, subject, kind, outcome, from, until };
            let mut expected: Vec<&Line> = all.iter().filter(|line| fits(&filter, line)).collect();
            non_empty += usize::from(!expected.is_empty());
            assert_eq!(found(&store, &filter, Order::OldestFirst, None, 100).iter().collect::<Vec<_>>(), expected, "{filter:?}");
            expected.reverse();
            assert_eq!(found(&store, &filter, Order::NewestFirst, None, 100).iter().collect::<Vec<_>>(), expected, "{filter:?}");
        }
        assert!(non_empty > 50);
    }
}

type Chosen =
    (Option<String>, Option<String>, Option<String>, Option<String>, Option<String>, (Option<jiff::Timestamp>, Option<jiff::Timestamp>));

fn itertools(
    tenants: &[Option<String>],
    actors: &[Option<String>],
    subjects: &[Option<String>],
    kinds: &[Option<String>],
    outcomes: &[Option<String>],
    windows: &[(Option<jiff::Timestamp>, Option<jiff::Timestamp>)],
) -> Vec<Chosen> {
    let mut out = Vec::new();
    for tenant in tenants {
        for actor in actors {
            for subject in subjects {
                for kind in kinds {
                    for outcome in outcomes {
                        for window in windows {
                            out.push((tenant.clone(), actor.clone(), subject.clone(), kind.clone(), outcome.clone(), *window));
                        }
                    }
                }
            }
        }
    }
    out
}

fn fits(filter: &Filter, line: &Line) -> bool {
    let head = &line.head;
    let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
    let at: jiff::Timestamp = head.at.parse().unwrap();
    same(&filter.tenant, &head.tenant)
        && same(&filter.actor, &head.actor)
        && same(&filter.kind, &head.kind)
        && same(&filter.outcome, &head.outcome)
        && filter.subject.as_deref().is_none_or(|s| head.subject == s || head.subject.starts_with(&format!("{s}/")))
        && filter.from.is_none_or(|from| at >= from)
        && filter.until.is_none_or(|until| at < until)
}

#[test]
fn pages_follow_each_other_without_gap_or_repetition() {
    for store in filled() {
        for order in [Order::NewestFirst, Order::OldestFirst] {
            let filter = Filter { tenant: Some("org_1".to_owned()), ..Filter::default() };
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = found(&store, &filter, order, after, 3);
                let Some(last) = page.last() else { break };
                after = Some(Pos(last.head.pos as i64));
                seen.extend(page);
            }
            assert_eq!(seen, found(&store, &filter, order, None, 100));
            assert_eq!(seen.len(), 8);
        }
    }
}
