//! Somebody edits the database file with SQLite's own tools: the check names what is wrong.

mod common;

use std::path::Path;

use common::{draft, sqlite_at};
use rules::id::Pos;
use seal::Line;
use store::ledger::lines_after;
use store::{Error, Store};

const LINES: u64 = 30;

/// A closed database of three ledgers, and its lines.
fn filled(directory: &Path) -> Vec<Line> {
    let store = Store::open(&sqlite_at(directory), 1).unwrap();
    for n in 0..LINES {
        store.write(|tx| tx.record(draft(&format!("org_{}", n % 3), &format!("case_1/{n}"), 20))).unwrap();
    }
    let mut lines = Vec::new();
    let read = store.read(|conn| {
        lines_after(conn, Pos::NEVER, i64::MAX, |line| {
            lines.push(line);
            Ok(())
        })
    });
    read.map_err(|e: Error| e).unwrap();
    lines
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is done to the file, and what the check must say.
struct Edit {
    what: &'static str,
    sql: String,
    says: &'static [&'static str],
}

fn edit(what: &'static str, sql: impl Into<String>, says: &'static [&'static str]) -> Edit {
    Edit { what, sql: sql.into(), says }
}

/// Edits by somebody who knows nothing of hashes, and by somebody who makes them fit as far as they reach.
fn edits(lines: &[Line]) -> Vec<Edit> {
    let line = |pos: usize| lines[pos - 1].clone();
    let mut told_otherwise = line(8);
    told_otherwise.head.subject = "case_2/7".into();
    let leaf = hex(&told_otherwise.head.leaf());

    let mut other_payload = line(8);
    let payload = r#"{"mark":"適合"}"#.to_owned();
    other_payload.head.payload_digest = seal::Payload { salt: [7; 16], text: payload.clone() }.digest();
    let (digest, its_leaf) = (hex(&other_payload.head.payload_digest), hex(&other_payload.head.leaf()));

    vec![
        edit("subject", "update ledger_line set subject = 'case_2/7' where pos = 8", &["position 8)"]),
        edit("actor", "update ledger_line set actor = 'person_2' where pos = 30", &["position 30)"]),
        edit("time", "update ledger_line set at = '2026-11-22T05:06:07.123457Z' where pos = 1", &["position 1)"]),
        edit("outcome", "update ledger_line set outcome = 'refused' where pos = 2", &["position 2)"]),
        edit("leaf", "update ledger_line set leaf = zeroblob(32) where pos = 8", &["position 8)"]),
        edit("subject and its leaf", format!("update ledger_line set subject = 'case_2/7', leaf = x'{leaf}' where pos = 8"), &["org_1"]),
        edit("payload", format!("update ledger_payload set payload = '{payload}' where pos = 8"), &["position 8)"]),
        edit(
            "payload and its digest",
            format!(
                "update ledger_payload set payload = '{payload}' where pos = 8; update ledger_line set payload_digest = x'{digest}' where pos = 8"
            ),
            &["position 8)"],
        ),
        edit(
            "payload, digest and leaf",
            format!(
                "update ledger_payload set payload = '{payload}' where pos = 8;
                 update ledger_line set payload_digest = x'{digest}', leaf = x'{its_leaf}' where pos = 8"
            ),
            &["org_1"],
        ),
        edit("salt", "update ledger_payload set salt = zeroblob(16) where pos = 8", &["position 8)"]),
        edit("payload gone", "delete from ledger_payload where pos = 8", &["position 8)"]),
        edit("line gone", "delete from ledger_payload where pos = 8; delete from ledger_line where pos = 8", &["position 9)"]),
        edit("last line gone", "delete from ledger_payload where pos = 30; delete from ledger_line where pos = 30", &["org_2"]),
        edit("all gone", "delete from ledger_payload; delete from ledger_line", &["org_0"]),
        edit(
            "lines swapped",
            "update ledger_line set seq = 99 where pos = 8; update ledger_line set seq = 3 where pos = 11; update ledger_line set seq = 4 where pos = 8",
            &["position 8)"],
        ),
        edit(
            "line doubled",
            "insert into ledger_line select 31, tenant, 11, at, actor, session, address, kind, subject, outcome, payload_digest, leaf from ledger_line where pos = 30;
             insert into ledger_payload select 31, salt, payload from ledger_payload where pos = 30",
            &["position 31)"],
        ),
        edit("frontier", "update ledger_head set frontier = zeroblob(length(frontier)) where tenant = 'org_1'", &["org_1"]),
        edit("frontier cut", "update ledger_head set frontier = x'00' where tenant = 'org_1'", &["org_1"]),
        edit("size", "update ledger_head set size = 8 where tenant = 'org_1'", &["org_1"]),
        edit("size beyond all", "update ledger_head set size = 9223372036854775807 where tenant = 'org_1'", &["org_1"]),
        edit("head gone", "delete from ledger_head where tenant = 'org_1'", &["org_1"]),
        edit("head of nobody", "insert into ledger_head select 'org_9', size, frontier from ledger_head where tenant = 'org_1'", &["org_9"]),
    ]
}

/// Opens the file as anybody can who may write it, takes the guards away, edits, and leaves.
fn tamper(file: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(file).unwrap();
    let triggers: Vec<String> = connection
        .prepare("select name from sqlite_master where type = 'trigger' and name like 'ledger%'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    connection.execute_batch("pragma foreign_keys = off; pragma ignore_check_constraints = on").unwrap();
    for trigger in triggers {
        connection.execute_batch(&format!("drop trigger {trigger}")).unwrap();
    }
    connection.execute_batch(sql).unwrap();
}

#[test]
fn whatever_is_edited_in_the_ledgers_of_a_file_is_named() {
    let clean = tempfile::tempdir().unwrap();
    let lines = filled(clean.path());
    let mut wrong = vec![];
    for Edit { what, sql, says } in edits(&lines) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("akashi.db");
        std::fs::copy(clean.path().join("akashi.db"), &file).unwrap();
        tamper(&file, &sql);
        // What is too damaged to begin with is named at the door.
        let looked = Store::open(&sqlite_at(directory.path()), 1).and_then(|store| store.verify());
        let words = looked.map_or_else(|error| error.to_string(), |_| "nothing was seen".to_owned());
        if !says.iter().all(|say| words.contains(say)) {
            wrong.push(format!("{what}: {words}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_untouched_file_is_right_and_whole_by_itself() {
    let clean = tempfile::tempdir().unwrap();
    filled(clean.path());
    let beside: Vec<_> = std::fs::read_dir(clean.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(beside, ["akashi.db"], "an orderly end leaves nothing in the log");
    tamper(&clean.path().join("akashi.db"), "");
    assert_eq!(Store::open(&sqlite_at(clean.path()), 1).unwrap().verify().unwrap().lines, LINES);
}
