//! The ledger in the database: forgeries are named, both engines make the same trees.

use seal::Problem;

use super::*;
use crate::engine::Engine;
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
                    "drop trigger ledger_line_insert_only on ledger_line; drop trigger ledger_payload_insert_only on ledger_payload; drop trigger ledger_payload_no_delete on ledger_payload"
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
