//! What the newest scan of each file's content said.

use jiff::Timestamp;
use rules::id::{self, Digest, Id};
use rules::vault::Scan;

use super::Meta;
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    // A scanner that is away takes nothing back of what one has found out.
    SCANNED = "insert into scan (digest, outcome, detail, engine, signatures, at, pos) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (digest) do update set outcome = excluded.outcome, detail = excluded.detail, engine = excluded.engine,
        signatures = excluded.signatures, at = excluded.at, pos = excluded.pos
        where excluded.outcome <> 'not_scanned' or scan.outcome = 'not_scanned'";
    SCAN = "select digest, outcome, detail, engine, signatures, at from scan where digest = $1";
    SCANS = "select s.digest, s.outcome, s.detail, s.engine, s.signatures, s.at from scan s
        join (select distinct digest from evidence where organisation = $1) e on e.digest = s.digest";
    // What nobody has scanned comes first; what could not be scanned waits until $2.
    WAITING = "select e.organisation, e.digest from (select distinct organisation, digest from evidence) e
        left join scan s on s.digest = e.digest
        where s.digest is null or (s.outcome = 'not_scanned' and (s.detail = 'unreachable' or s.at < $2))
        or (s.outcome <> 'not_scanned' and (s.signatures < $1 or (s.signatures is null and $1 is not null)))
        order by case when s.digest is null then 0 else 1 end, s.at, e.digest limit $3";
}

/// What is known of a file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    pub digest: Digest,
    pub scan: Scan,
    pub engine: String,
    /// The date of the scanner's signatures, where it told one.
    pub signatures: Option<Timestamp>,
    pub at: Timestamp,
}

pub(super) fn put(
    conn: &mut Conn,
    digest: Digest,
    scan: &Scan,
    engine: &str,
    signatures: Option<Timestamp>,
    meta: &Meta,
) -> Result<(), Error> {
    let (outcome, detail) = match scan {
        Scan::Clean => ("clean", ""),
        Scan::Found { name } => ("found", name.as_str()),
        Scan::NotScanned { why } => ("not_scanned", why.as_str()),
    };
    conn.run(SCANNED, &values![digest, outcome, detail, engine, signatures, meta.at, meta.pos]).map(drop)
}

fn row(row: &Row<'_>) -> Result<Scanned, Error> {
    let detail: String = row.get(2)?;
    let scan = match row.get::<&str>(1)? {
        "clean" => Scan::Clean,
        "found" => Scan::Found { name: detail },
        "not_scanned" => Scan::NotScanned { why: detail },
        other => return Err(row.mismatch(1, "an outcome of a scan", format!("{other:?}"))),
    };
    Ok(Scanned { digest: row.get(0)?, scan, engine: row.get(3)?, signatures: row.get(4)?, at: row.get(5)? })
}

pub fn of(conn: &mut Conn, digest: Digest) -> Result<Option<Scanned>, Error> {
    conn.first(SCAN, &values![digest], row)
}

/// Of every file of an organisation.
pub fn of_organisation(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Scanned>, Error> {
    conn.rows(SCANS, &values![organisation], row)
}

/// At most `limit` files that were not scanned, or with signatures older than `newest`. One that the scanner refused is
/// tried again when that was before `again`.
pub fn waiting(
    conn: &mut Conn,
    newest: Option<Timestamp>,
    again: Timestamp,
    limit: i64,
) -> Result<Vec<(Id<id::Organisation>, Digest)>, Error> {
    conn.rows(WAITING, &values![newest, again, limit], |row| Ok((row.get(0)?, row.get(1)?)))
}
