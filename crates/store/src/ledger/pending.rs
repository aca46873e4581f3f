//! On PostgreSQL a statement is a journey: lines of one act wait until something else is asked for, and go together.

use serde_json::json;

use super::{Hash, Head, Payload};
use crate::engine::{Conn, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    INSERT = "with l as (select * from json_to_recordset(cast(cast($1 as text) as json)) as x (pos bigint, tenant text, seq bigint, at text, actor text,
            session text, address text, kind text, subject text, outcome text, digest text, leaf text, salt text, payload text)),
        i as (insert into ledger_line (pos, tenant, seq, at, actor, session, address, kind, subject, outcome, payload_digest, leaf)
            select pos, tenant, seq, at, actor, session, address, kind, subject, outcome, decode(digest, 'hex'), decode(leaf, 'hex') from l)
        insert into ledger_payload (pos, salt, payload) select pos, decode(salt, 'hex'), payload from l where payload is not null";
}

/// Bytes of payloads that wait at most.
const MOST: usize = 1 << 20;

/// Lines that have their places and are not written yet.
#[derive(Default)]
pub(super) struct Pending {
    lines: Vec<serde_json::Value>,
    bytes: usize,
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    out.extend(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|half| char::from_digit(half.into(), 16)));
    out
}

impl Pending {
    pub fn push(&mut self, conn: &mut Conn, head: Head, leaf: Hash, payload: Option<Payload>) -> Result<(), Error> {
        self.bytes += 512 + payload.as_ref().map_or(0, |payload| payload.text.len());
        let (salt, text) = payload.map_or((None, None), |payload| (Some(hex(&payload.salt)), Some(payload.text)));
        self.lines.push(json!({
            "pos": head.pos, "tenant": head.tenant, "seq": head.seq, "at": head.at, "actor": head.actor, "session": head.session,
            "address": head.address, "kind": head.kind, "subject": head.subject, "outcome": head.outcome,
            "digest": hex(&head.payload_digest), "leaf": hex(&leaf), "salt": salt, "payload": text,
        }));
        if self.bytes > MOST { self.flush(conn) } else { Ok(()) }
    }

    pub fn flush(&mut self, conn: &mut Conn) -> Result<(), Error> {
        self.bytes = 0;
        if self.lines.is_empty() {
            return Ok(());
        }
        let lines = serde_json::Value::Array(std::mem::take(&mut self.lines));
        conn.run(INSERT, &values![lines.to_string()]).map(drop)
    }

    pub fn forget(&mut self) {
        *self = Pending::default();
    }
}
