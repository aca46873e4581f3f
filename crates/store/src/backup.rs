//! Everything a database holds that cannot be made again, as lines of JSON that both engines read: what a backup is made of.
//!
//! The ledger makes most tables again. What it does not make is written beside it; what says nothing of another place is left
//! out. [`TABLES`] says which table is which.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rules::id::{Digest, Pos};
use seal::{Frontier, Head, Line, Payload};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::capacity::{self, Sample};
use crate::checkpoints::{self, Anchor, Signed, SuperSigned};
use crate::engine::{Conn, statements};
use crate::error::Error;
use crate::ledger;
use crate::rebuild::{self, Erased};
use crate::store::Store;

statements! {
    SECRETS = "select owner, kind, value from secret order by owner, kind";
    ANY_SECRET = "select count(*) from secret";
}

/// Rows that are read, and written, at once.
const BATCH: u32 = 256;
/// The secret that says that a database is being filled, and not whole.
const UNFINISHED: (&str, &str) = ("installation", "restoring");

/// What becomes of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// In the backup, row by row.
    Written,
    /// Made again from what is in the backup. Tables that the ledger makes are not named one by one: see
    /// [`rebuild::compared`].
    Made,
    /// Left out, with the reason.
    Left(&'static str),
}

/// The tables that the ledger does not make, and what becomes of each.
pub const TABLES: &[(&str, Fate)] = &[
    ("ledger_line", Fate::Written),
    ("ledger_payload", Fate::Written),
    ("ledger_head", Fate::Made),
    ("ledger_tile", Fate::Made),
    ("ledger_segment", Fate::Made),
    ("ledger_hit", Fate::Made),
    ("ledger_run", Fate::Made),
    ("search_index", Fate::Made),
    ("search_index_gone", Fate::Made),
    ("search_index_words", Fate::Made),
    ("file_words", Fate::Made),
    ("secret", Fate::Written),
    ("checkpoint", Fate::Written),
    ("super_node", Fate::Made),
    ("super_checkpoint", Fate::Written),
    ("anchor", Fate::Written),
    ("capacity", Fate::Written),
    ("schema_version", Fate::Left("the program that restores makes its own schema")),
];

/// The parts of a backup, in the order they are written and restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Ledger,
    Checkpoints,
    SuperCheckpoints,
    Anchors,
    Capacity,
    Secrets,
}

impl Part {
    pub const ALL: [Part; 6] = [Part::Ledger, Part::Checkpoints, Part::SuperCheckpoints, Part::Anchors, Part::Capacity, Part::Secrets];

    /// The folder of the part inside a backup.
    pub const fn folder(self) -> &'static str {
        match self {
            Part::Ledger => "ledger",
            Part::Checkpoints => "checkpoints",
            Part::SuperCheckpoints => "super-log",
            Part::Anchors => "anchors",
            Part::Capacity => "capacity",
            Part::Secrets => "secrets",
        }
    }
}

#[derive(Serialize, Deserialize)]
struct KeptLine {
    #[serde(flatten)]
    head: KeptHead,
    /// Nothing where the payload was erased.
    salt: Option<String>,
    payload: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct KeptHead {
    pos: u64,
    tenant: String,
    seq: u64,
    at: String,
    actor: String,
    session: Option<String>,
    address: Option<String>,
    kind: String,
    subject: String,
    outcome: String,
    payload_digest: Digest,
    leaf: Digest,
}

#[derive(Serialize, Deserialize)]
struct KeptSigned {
    n: u64,
    tenant: String,
    size: u64,
    edge: String,
    epoch: u32,
    at: Timestamp,
    note: String,
}

#[derive(Serialize, Deserialize)]
struct KeptSuper {
    size: u64,
    root: Digest,
    epoch: u32,
    at: Timestamp,
    note: String,
}

#[derive(Serialize, Deserialize)]
struct KeptAnchor {
    id: u64,
    kind: String,
    place: String,
    size: u64,
    at: Timestamp,
    proof: String,
    until: Option<Timestamp>,
    over: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct KeptSample {
    at: Timestamp,
    used: u64,
    free: u64,
    total: u64,
}

#[derive(Serialize, Deserialize)]
struct KeptSecret {
    owner: String,
    kind: String,
    value: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn written<T: Serialize>(of: &T) -> Result<String, Error> {
    serde_json::to_string(of).map_err(|e| Error::Kept { cause: e.to_string() })
}

fn readable<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|e| Error::Kept { cause: e.to_string() })
}

fn wrong(what: &str) -> Error {
    Error::Kept { cause: what.to_owned() }
}

impl KeptLine {
    fn of(line: Line) -> KeptLine {
        let Head { pos, tenant, seq, at, actor, session, address, kind, subject, outcome, payload_digest } = line.head;
        let (payload_digest, leaf) = (Digest(payload_digest), Digest(line.leaf));
        let head = KeptHead { pos, tenant, seq, at, actor, session, address, kind, subject, outcome, payload_digest, leaf };
        let (salt, payload) = line.payload.map(|p| (hex(&p.salt), p.text)).unzip();
        KeptLine { head, salt, payload }
    }

    fn line(self) -> Result<Line, Error> {
        let KeptHead { pos, tenant, seq, at, actor, session, address, kind, subject, outcome, payload_digest, leaf } = self.head;
        let head = Head { pos, tenant, seq, at, actor, session, address, kind, subject, outcome, payload_digest: payload_digest.0 };
        let payload = match (self.salt, self.payload) {
            (Some(salt), Some(text)) => {
                let salt = unhex(&salt).and_then(|salt| salt.try_into().ok()).ok_or_else(|| wrong("a salt is not 16 bytes"))?;
                Some(Payload { salt, text })
            }
            (None, None) => None,
            _ => return Err(wrong("a line has a salt or a payload, and not both")),
        };
        Ok(Line { head, payload, leaf: leaf.0 })
    }
}

/// Hands over everything of one moment, part by part, a line of JSON each; secrets of the kinds that `omit` names are left
/// out. Call it inside one read.
pub fn each<E: From<Error>>(
    conn: &mut Conn,
    omit: &dyn Fn(&str) -> bool,
    take: &mut dyn FnMut(Part, &str) -> Result<(), E>,
) -> Result<(), E> {
    let mut after = Pos::NEVER;
    loop {
        let mut lines = vec![];
        ledger::lines_after(conn, after, BATCH.into(), |line| {
            lines.push(line);
            Ok(())
        })?;
        let Some(last) = lines.last() else { break };
        after = Pos(last.head.pos.cast_signed());
        for line in lines {
            take(Part::Ledger, &written(&KeptLine::of(line))?)?;
        }
    }
    let mut n = 0;
    loop {
        let part = checkpoints::entries(conn, n, BATCH)?;
        let Some(last) = part.last() else { break };
        n = last.n + 1;
        for Signed { n, tenant, edge, epoch, at, note } in part {
            let (size, edge) = (edge.size(), hex(&edge.to_bytes()));
            take(Part::Checkpoints, &written(&KeptSigned { n, tenant, size, edge, epoch, at, note })?)?;
        }
    }
    let mut size = 0;
    loop {
        let part = checkpoints::supers(conn, size, BATCH)?;
        let Some(last) = part.last() else { break };
        size = last.size + 1;
        for SuperSigned { size, root, epoch, at, note } in part {
            take(Part::SuperCheckpoints, &written(&KeptSuper { size, root: Digest(root), epoch, at, note })?)?;
        }
    }
    let mut id = 0;
    loop {
        let part = checkpoints::anchors_after(conn, id, BATCH)?;
        let Some(last) = part.last() else { break };
        id = last.id;
        for Anchor { id, kind, place, size, at, proof, until, over } in part {
            take(Part::Anchors, &written(&KeptAnchor { id, kind, place, size, at, proof, until, over })?)?;
        }
    }
    for Sample { at, used, free, total } in capacity::since(conn, Timestamp::MIN)? {
        take(Part::Capacity, &written(&KeptSample { at, used, free, total })?)?;
    }
    // One row for each password, key and factor: a few for each account.
    let secrets: Vec<KeptSecret> =
        conn.rows(SECRETS, &[], |row| Ok(KeptSecret { owner: row.get(0)?, kind: row.get(1)?, value: row.get(2)? }))?;
    for secret in secrets.iter().filter(|secret| !omit(&secret.kind)) {
        take(Part::Secrets, &written(secret)?)?;
    }
    Ok(())
}

/// What a table held: the number of its rows, and a digest that does not depend on their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    pub rows: u64,
    pub digest: Digest,
}

/// The sums of all tables that the ledger makes: equal on both engines where the content is equal.
pub fn sums(conn: &mut Conn) -> Result<BTreeMap<String, Sum>, Error> {
    rebuild::dumps()
        .iter()
        .map(|(table, sql)| {
            let (mut rows, mut lanes) = (0, [0_u64; 4]);
            conn.each(*sql, &[], |row| {
                rows += 1;
                let hash: [u8; 32] = Sha256::digest(row.told()?.as_bytes()).into();
                for (lane, bytes) in lanes.iter_mut().zip(hash.chunks_exact(8)) {
                    *lane = lane.wrapping_add(bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)));
                }
                Ok(())
            })?;
            let mut digest = [0; 32];
            for (bytes, lane) in digest.chunks_exact_mut(8).zip(lanes) {
                bytes.copy_from_slice(&lane.to_be_bytes());
            }
            Ok(((*table).to_owned(), Sum { rows, digest: Digest(digest) }))
        })
        .collect()
}

/// What later lines say of earlier ones; it has to be known before the first line is written.
#[derive(Debug, Default)]
pub struct Known {
    erased: Erased,
    /// Lines of the ledger that were looked at.
    pub lines: u64,
}

impl Known {
    /// Reads some lines of a part, and takes over what they say of others.
    pub fn look(&mut self, part: Part, text: &str) -> Result<(), Error> {
        for text in text.lines().filter(|_| part == Part::Ledger) {
            self.lines += 1;
            if text.contains("payloads_erased") {
                let line = readable::<KeptLine>(text)?.line()?;
                if line.head.kind == "payloads_erased" {
                    rebuild::note_erased(&mut self.erased, &line)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a database was being filled, and that was cut off.
pub fn is_unfinished(conn: &mut Conn) -> Result<bool, Error> {
    Ok(conn.secret(UNFINISHED.0, UNFINISHED.1)?.is_some())
}

/// Fails with [`Error::Occupied`] where a database holds anything.
pub fn must_be_empty(store: &Store) -> Result<(), Error> {
    let (last, secrets): (Pos, i64) =
        store.read(|conn| Ok::<_, Error>((ledger::last_pos(conn)?, conn.one(ANY_SECRET, &[], |row| row.get(0))?)))?;
    if last == Pos::NEVER && secrets == 0 { Ok(()) } else { Err(Error::Occupied) }
}

/// An empty database that is being filled from the parts of a backup.
pub struct Filling<'a> {
    into: &'a Store,
    known: Known,
}

impl<'a> Filling<'a> {
    /// Begins; until [`Filling::finish`] the database says of itself that it is not whole.
    pub fn begin(into: &'a Store, known: Known) -> Result<Filling<'a>, Error> {
        must_be_empty(into)?;
        into.write(|tx| tx.put_secret(UNFINISHED.0, UNFINISHED.1, "1"))?;
        Ok(Filling { into, known })
    }

    /// Writes some lines of a part; parts come in their order. Returns how many lines it were.
    pub fn take(&self, part: Part, text: &str) -> Result<u64, Error> {
        if part == Part::Ledger {
            let lines = text.lines().map(|text| readable::<KeptLine>(text)?.line()).collect::<Result<Vec<_>, Error>>()?;
            let n = lines.len() as u64;
            rebuild::write_again(self.into, lines, &self.known.erased)?;
            return Ok(n);
        }
        self.into.write(|tx| {
            let mut n = 0;
            for text in text.lines() {
                n += 1;
                match part {
                    Part::Ledger => unreachable!("written above"),
                    Part::Checkpoints => {
                        let KeptSigned { n, tenant, size, edge, epoch, at, note } = readable(text)?;
                        let bytes = unhex(&edge).ok_or_else(|| wrong("the edge of a checkpoint is not hexadecimal"))?;
                        let edge = Frontier::from_bytes(size, &bytes).map_err(|_| Error::Edge { tenant: tenant.clone() })?;
                        tx.keep_checkpoint(&Signed { n, tenant, edge, epoch, at, note })?;
                    }
                    Part::SuperCheckpoints => {
                        let KeptSuper { size, root, epoch, at, note } = readable(text)?;
                        tx.keep_super(&SuperSigned { size, root: root.0, epoch, at, note })?;
                    }
                    Part::Anchors => {
                        let KeptAnchor { id, kind, place, size, at, proof, until, over } = readable(text)?;
                        let kept = tx.keep_anchor(&Anchor { id, kind, place, size, at, proof, until, over })?;
                        if kept != id {
                            return Err(wrong("an anchor is missing before another"));
                        }
                    }
                    Part::Capacity => {
                        let KeptSample { at, used, free, total } = readable(text)?;
                        tx.keep_capacity(&Sample { at, used, free, total }, Timestamp::MIN)?;
                    }
                    Part::Secrets => {
                        let KeptSecret { owner, kind, value } = readable(text)?;
                        tx.put_secret(&owner, &kind, &value)?;
                    }
                }
            }
            Ok(n)
        })
    }

    /// The database is whole.
    pub fn finish(self) -> Result<(), Error> {
        self.into.write(|tx| tx.delete_secret(UNFINISHED.0, UNFINISHED.1).map(drop))
    }
}
