//! The store on both engines: statements, transactions, ledger, search.

mod engine;
mod erase;
mod ledger;
mod ledger_index;
mod search;
mod writer;

use rules::id::Pos;

use crate::engine::statements;
use crate::ledger::LineDraft;
use crate::testing::{Scratch, both_engines};
use crate::value::values;
use crate::{Error, Tx};

statements! {
    NOTE = "insert into jotting (id, body) values ($1, $2)";
    NOTES = "select id, body from jotting order by id";
    /// Parameters out of order and one twice.
    ECHO = "select body from jotting where id = $2 and body = $1 and (id = $2 or body = $3)";
    COUNT = "select count(*) from jotting";
    ASCENDING = "select body from jotting order by body";
    CHILD = "insert into child (id, note) values ($1, $2)";
    FORGE = "update ledger_line set subject = 'case_9' where pos = 2";
    REMOVE = "delete from ledger_payload where pos = 2";
}

/// Fresh stores with two small tables beside the ledger.
fn stores() -> Vec<Scratch> {
    let stores = both_engines();
    for store in &stores {
        let tables = "create table jotting (id integer primary key, body text not null);
            create table child (id integer primary key, note integer not null references jotting (id) deferrable initially deferred);";
        store.write(|tx| tx.batch(tables).map_err(|cause| Error::NotCommitted { cause })).unwrap();
    }
    stores
}

fn draft(tenant: &str, subject: &str, n: u8) -> LineDraft {
    LineDraft {
        tenant: tenant.to_owned(),
        at: jiff::Timestamp::from_microsecond(1_763_787_967_000_000 + i64::from(n)).unwrap(),
        actor: format!("person_{}", n % 3),
        session: None,
        address: Some("192.0.2.7".to_owned()),
        kind: if n.is_multiple_of(2) { "verdict_given" } else { "answer_saved" }.to_owned(),
        subject: subject.to_owned(),
        outcome: "done".to_owned(),
        payload: format!(r#"{{"mark":"適合","n":{n}}}"#),
        salt: [n; 16],
    }
}

/// An act as the use cases do it: a ledger line and a row that carries its position.
fn note(tx: &mut Tx<'_>, tenant: &str, body: &str) -> Result<Pos, Error> {
    let pos = tx.record(draft(tenant, "case_1/81", 1))?;
    tx.run(NOTE, &values![pos, body])?;
    Ok(pos)
}

fn bodies(store: &Scratch) -> Vec<String> {
    store.read(|conn| conn.rows(NOTES, &[], |row| row.get::<String>(1))).unwrap()
}
