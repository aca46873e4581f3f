//! What was found inside each archive or Office file when it came in.

use rules::id::Digest;
use rules::vault::Inside;

use super::{Meta, json};
use crate::engine::{Conn, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    LOOKED = "insert into file_inside (digest, inside, entries, unpacked, at, pos) values ($1, $2, $3, $4, $5, $6)
        on conflict (digest) do update set inside = excluded.inside, entries = excluded.entries, unpacked = excluded.unpacked,
        at = excluded.at, pos = excluded.pos";
    OF = "select inside from file_inside where digest = $1";
}

pub(super) fn put(conn: &mut Conn, digest: Digest, inside: &[Inside], entries: u64, unpacked: u64, meta: &Meta) -> Result<(), Error> {
    conn.run(LOOKED, &values![digest, json(&inside), entries.cast_signed(), unpacked.cast_signed(), meta.at, meta.pos]).map(drop)
}

/// What is known to be inside; `None` for what is no archive, or came before archives were looked into.
pub fn of(conn: &mut Conn, digest: Digest) -> Result<Option<Vec<Inside>>, Error> {
    conn.first(OF, &values![digest], |row| {
        let told: String = row.get(0)?;
        serde_json::from_str(&told).map_err(|_| row.mismatch(0, "a list of what is inside", format!("{told:?}")))
    })
}
