//! Millions of lines, as measuring and tests need them: real lines with real hashes, written by few statements.

use std::fmt::Write;

use super::{LineDraft, Trees};
use crate::engine::{Conn, Engine};
use crate::error::Error;

/// Rows of one statement.
const ROWS: usize = 500;

/// Bytes as the engine reads them in a statement.
fn bytes(out: &mut String, engine: Engine, bytes: &[u8]) {
    out.push_str(if engine == Engine::Sqlite { "x'" } else { "'\\x" });
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            out.push(char::from_digit(half.into(), 16).unwrap_or('0'));
        }
    }
    out.push('\'');
}

/// A text as both engines read it in a statement.
fn text(out: &mut String, text: &str) {
    out.push('\'');
    out.push_str(&text.replace('\'', "''"));
    out.push('\'');
}

fn maybe(out: &mut String, value: Option<&str>) {
    match value {
        Some(value) => text(out, value),
        None => out.push_str("null"),
    }
}

impl Trees {
    /// Appends many lines.
    pub(crate) fn append_many(&mut self, conn: &mut Conn, drafts: Vec<LineDraft>) -> Result<(), Error> {
        let engine = conn.engine();
        let mut drafts = drafts.into_iter().peekable();
        while drafts.peek().is_some() {
            let mut lines = String::from("insert into ledger_line values ");
            let mut payloads = String::from("insert into ledger_payload values ");
            for (n, draft) in drafts.by_ref().take(ROWS).enumerate() {
                let (head, payload) = draft.parts();
                let (head, leaf) = self.place(conn, head)?;
                let comma = if n == 0 { "(" } else { ", (" };
                let _ = write!(lines, "{comma}{}, ", head.pos);
                text(&mut lines, &head.tenant);
                let _ = write!(lines, ", {}, ", head.seq);
                text(&mut lines, &head.at);
                lines.push(',');
                text(&mut lines, &head.actor);
                lines.push(',');
                maybe(&mut lines, head.session.as_deref());
                lines.push(',');
                maybe(&mut lines, head.address.as_deref());
                for field in [&head.kind, &head.subject, &head.outcome] {
                    lines.push(',');
                    text(&mut lines, field);
                }
                for hash in [&head.payload_digest, &leaf] {
                    lines.push(',');
                    bytes(&mut lines, engine, hash);
                }
                lines.push(')');
                let _ = write!(payloads, "{comma}{}, ", head.pos);
                bytes(&mut payloads, engine, &payload.salt);
                payloads.push(',');
                text(&mut payloads, &payload.text);
                payloads.push(')');
            }
            for batch in [lines, payloads] {
                conn.batch(&batch).map_err(|cause| Error::NotCommitted { cause })?;
            }
        }
        Ok(())
    }
}
