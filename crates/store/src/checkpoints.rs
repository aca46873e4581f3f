//! What was signed of the ledgers: checkpoints, the super-log over them, and the anchors outside. All of it is insert-only.
//!
//! None of it is made from the ledger. It is written when a checkpoint is signed, and copied when an installation moves.

use jiff::Timestamp;
use seal::tiles::{self, TileError, WIDTH};
use seal::{Frontier, Hash, leaf_hash};

use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::store::Store;
use crate::value::values;
use crate::writer::Tx;

statements! {
    HEADS = "select tenant, size, frontier from ledger_head order by tenant";
    LEAVES = "select leaf, seq from ledger_line where tenant = $1 and seq > $2 and seq <= $3 order by seq";
    NEWEST = "select n, tenant, size, root, epoch, at, note, edge from checkpoint where tenant = $1 order by n desc limit 1";
    ENTRY = "select n, tenant, size, root, epoch, at, note, edge from checkpoint where n = $1";
    ENTRIES = "select n, tenant, size, root, epoch, at, note, edge from checkpoint where n >= $1 order by n limit $2";
    COVERING = "select n, tenant, size, root, epoch, at, note, edge from checkpoint where tenant = $1 and size >= $2 order by n limit 1";
    COUNT = "select coalesce(max(n), -1) + 1 from checkpoint";
    INSERT = "insert into checkpoint (n, tenant, size, root, epoch, at, leaf, edge, note) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    LEAF_ROW = "select leaf from checkpoint where n >= $1 order by n limit $2";
    NODE_ROW = "select hash from super_node where level = $1 and n >= $2 order by n limit $3";
    ALL = "select n, tenant, size, root, epoch, at, note, edge, leaf from checkpoint order by n";
    ANNOUNCED = "select keys from epoch order by pos";
    CHANGED = "select detail from running_event where kind = 'signing_key_changed' order by pos";
    NODES = "select level, n, hash from super_node order by level, n";
    INSERT_NODE = "insert into super_node (level, n, hash) values ($1, $2, $3)";
    SUPER = "select size, root, epoch, at, note from super_checkpoint order by size desc limit 1";
    SUPER_OF = "select size, root, epoch, at, note from super_checkpoint where size = $1";
    SUPER_FROM = "select size, root, epoch, at, note from super_checkpoint where size >= $1 order by size limit $2";
    INSERT_SUPER = "insert into super_checkpoint (size, root, epoch, at, note) values ($1, $2, $3, $4, $5)";
    ANCHOR_COUNT = "select coalesce(max(id), 0) from anchor";
    INSERT_ANCHOR = "insert into anchor (id, kind, place, size, at, proof, until, over) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    ANCHORS = "select id, kind, place, size, at, proof, until, over from anchor order by id desc limit $1";
    ANCHORS_FROM = "select id, kind, place, size, at, proof, until, over from anchor where id > $1 order by id limit $2";
    ANCHORS_OF = "select id, kind, place, size, at, proof, until, over from anchor where size >= $1 order by size, id limit $2";
    NEWEST_ANCHOR = "select id, kind, place, size, at, proof, until, over from anchor where kind = $1 and place = $2 order by id desc limit 1";
    ENDING = "select id, kind, place, size, at, proof, until, over from anchor a where until is not null and until < $1
        and not exists (select 1 from anchor b where b.over = a.id) order by id limit $2";
}

/// A signed checkpoint of one tenant's ledger: an entry of the super-log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Its index in the super-log, from 0.
    pub n: u64,
    pub tenant: String,
    /// The right edge of the tree; its size and root are those of the checkpoint.
    pub edge: Frontier,
    pub epoch: u32,
    pub at: Timestamp,
    /// The signed note, whole.
    pub note: String,
}

/// An entry of the super-log as it lies there, nothing of it believed.
pub(crate) struct Kept {
    pub n: u64,
    pub tenant: String,
    pub root: Hash,
    pub edge: Frontier,
    pub epoch: u32,
    pub at: String,
    pub note: String,
    pub leaf: Hash,
}

/// A signed checkpoint of the super-log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuperSigned {
    pub size: u64,
    pub root: Hash,
    pub epoch: u32,
    pub at: Timestamp,
    pub note: String,
}

/// Somebody outside holds a super checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// From 1; given when it is kept.
    pub id: u64,
    /// `file`, `mail`, `witness` or `rfc3161`.
    pub kind: String,
    /// Which one of its kind: a path, a mail address, a URL.
    pub place: String,
    /// Of the super checkpoint.
    pub size: u64,
    pub at: Timestamp,
    /// A witness's signature lines, a token in base64, a mail's id; empty for a file.
    pub proof: String,
    /// When the authority that gave it ends.
    pub until: Option<Timestamp>,
    /// The older token that this one renews.
    pub over: Option<u64>,
}

fn signed(row: &Row<'_>) -> Result<Signed, Error> {
    let (tenant, size): (String, u64) = (row.get(1)?, row.get(2)?);
    let edge = Frontier::from_bytes(size, row.get(7)?).map_err(|_| Error::Edge { tenant: tenant.clone() })?;
    let root: Hash = row.get(3)?;
    if edge.root() != root {
        return Err(Error::Edge { tenant });
    }
    Ok(Signed { n: row.get(0)?, tenant, edge, epoch: row.get(4)?, at: row.get(5)?, note: row.get(6)? })
}

fn super_signed(row: &Row<'_>) -> Result<SuperSigned, Error> {
    Ok(SuperSigned { size: row.get(0)?, root: row.get(1)?, epoch: row.get(2)?, at: row.get(3)?, note: row.get(4)? })
}

fn anchor(row: &Row<'_>) -> Result<Anchor, Error> {
    Ok(Anchor {
        id: row.get(0)?,
        kind: row.get(1)?,
        place: row.get(2)?,
        size: row.get(3)?,
        at: row.get(4)?,
        proof: row.get(5)?,
        until: row.get(6)?,
        over: row.get(7)?,
    })
}

/// The tree of every ledger as it stands, by tenant.
pub fn heads(conn: &mut Conn) -> Result<Vec<(String, Frontier)>, Error> {
    conn.rows(HEADS, &[], |row| {
        let (tenant, size): (String, u64) = (row.get(0)?, row.get(1)?);
        let edge = Frontier::from_bytes(size, row.get(2)?).map_err(|_| Error::Edge { tenant: tenant.clone() })?;
        Ok((tenant, edge))
    })
}

/// Grows `edge` by the tenant's lines up to `size`; it stays smaller where lines are missing.
pub fn grow(conn: &mut Conn, tenant: &str, edge: &mut Frontier, size: u64) -> Result<(), Error> {
    let (from, to) = (edge.size().cast_signed(), size.cast_signed());
    conn.each_while(LEAVES, &values![tenant, from, to], |row| {
        let (leaf, seq): (Hash, u64) = (row.get(0)?, row.get(1)?);
        let next = seq == edge.size() + 1;
        if next {
            edge.append(leaf);
        }
        Ok(next)
    })
}

/// The newest signed checkpoint of a ledger.
pub fn newest(conn: &mut Conn, tenant: &str) -> Result<Option<Signed>, Error> {
    conn.first(NEWEST, &values![tenant], signed)
}

/// The first signed checkpoint of a ledger that covers so many lines.
pub fn covering(conn: &mut Conn, tenant: &str, size: u64) -> Result<Option<Signed>, Error> {
    conn.first(COVERING, &values![tenant, size.cast_signed()], signed)
}

/// An entry of the super-log.
pub fn entry(conn: &mut Conn, n: u64) -> Result<Option<Signed>, Error> {
    conn.first(ENTRY, &values![n.cast_signed()], signed)
}

/// The number of entries of the super-log.
pub fn count(conn: &mut Conn) -> Result<u64, Error> {
    conn.one(COUNT, &[], |row| row.get(0))
}

/// The newest signed checkpoint of the super-log.
pub fn newest_super(conn: &mut Conn) -> Result<Option<SuperSigned>, Error> {
    conn.first(SUPER, &[], super_signed)
}

/// The signed checkpoint of the super-log at exactly this size.
pub fn super_of(conn: &mut Conn, size: u64) -> Result<Option<SuperSigned>, Error> {
    conn.first(SUPER_OF, &values![size.cast_signed()], super_signed)
}

/// The first signed checkpoint of the super-log that covers so many entries.
pub fn super_covering(conn: &mut Conn, size: u64) -> Result<Option<SuperSigned>, Error> {
    conn.first(SUPER_FROM, &values![size.cast_signed(), 1], super_signed)
}

/// A tile of the super-log: see [`seal::tiles`].
fn tile(conn: &mut Conn, level: u8, index: u64, width: usize) -> Result<Vec<Hash>, Error> {
    let (first, width) = ((index * WIDTH as u64).cast_signed(), width as i64);
    if level == 0 {
        return conn.rows(LEAF_ROW, &values![first, width], |row| row.get(0));
    }
    conn.rows(NODE_ROW, &values![i32::from(level), first, width], |row| row.get(0))
}

fn told<T>(of: &str, found: Result<T, TileError<Error>>) -> Result<T, Error> {
    found.map_err(|error| match error {
        TileError::Read(error) => error,
        TileError::Short { .. } | TileError::Beyond { .. } => Error::Edge { tenant: of.to_owned() },
    })
}

/// The name by which errors call the super-log.
const SUPER_LOG: &str = "super";

/// The root of the super-log's first `size` entries; made from its hashes, never from what was signed.
pub fn super_root(conn: &mut Conn, size: u64) -> Result<Hash, Error> {
    told(SUPER_LOG, tiles::root(size, &mut |level, index, width| tile(conn, level, index, width)))
}

/// The path that proves an entry to be in the super-log of that size.
pub fn super_inclusion(conn: &mut Conn, n: u64, size: u64) -> Result<Vec<Hash>, Error> {
    told(SUPER_LOG, tiles::inclusion(size, n, &mut |level, index, width| tile(conn, level, index, width)))
}

/// The path that proves the super-log of the size `old` to be the beginning of that of `size`.
pub fn super_consistency(conn: &mut Conn, old: u64, size: u64) -> Result<Vec<Hash>, Error> {
    told(SUPER_LOG, tiles::consistency(old, size, &mut |level, index, width| tile(conn, level, index, width)))
}

/// The newest anchors, at most `most`, the newest first.
pub fn anchors(conn: &mut Conn, most: u32) -> Result<Vec<Anchor>, Error> {
    conn.rows(ANCHORS, &values![most], anchor)
}

/// Anchors of this super checkpoint or a later one, the nearest first.
pub fn anchors_from(conn: &mut Conn, size: u64, most: u32) -> Result<Vec<Anchor>, Error> {
    conn.rows(ANCHORS_OF, &values![size.cast_signed(), most], anchor)
}

/// The newest anchor at one place.
pub fn newest_anchor(conn: &mut Conn, kind: &str, place: &str) -> Result<Option<Anchor>, Error> {
    conn.first(NEWEST_ANCHOR, &values![kind, place], anchor)
}

/// Tokens whose authority ends before a time, and that no younger token renews.
pub fn ending(conn: &mut Conn, before: Timestamp, most: u32) -> Result<Vec<Anchor>, Error> {
    conn.rows(ENDING, &values![before, most], anchor)
}

/// Entries of the super-log from an index on, at most `most`.
pub(crate) fn entries(conn: &mut Conn, from: u64, most: u32) -> Result<Vec<Signed>, Error> {
    conn.rows(ENTRIES, &values![from.cast_signed(), most], signed)
}

/// Signed checkpoints of the super-log from a size on, at most `most`.
pub(crate) fn supers(conn: &mut Conn, from: u64, most: u32) -> Result<Vec<SuperSigned>, Error> {
    conn.rows(SUPER_FROM, &values![from.cast_signed(), most], super_signed)
}

/// Anchors after one, in the order they were kept, at most `most`.
pub(crate) fn anchors_after(conn: &mut Conn, after: u64, most: u32) -> Result<Vec<Anchor>, Error> {
    conn.rows(ANCHORS_FROM, &values![after.cast_signed(), most], anchor)
}

impl Tx<'_> {
    /// Appends a signed checkpoint to the super-log; its `n` must be the next one.
    pub fn keep_checkpoint(&mut self, signed: &Signed) -> Result<(), Error> {
        let Signed { n, tenant, edge, epoch, at, note } = signed;
        let leaf = leaf_hash(note.as_bytes());
        let (size, root) = (edge.size().cast_signed(), edge.root());
        self.run(INSERT, &values![n.cast_signed(), tenant, size, root, *epoch, *at, leaf, edge.to_bytes(), note])?;
        // Each full tile is one hash of the level above.
        let (mut index, mut level) = (*n, 0u8);
        while index % WIDTH as u64 == WIDTH as u64 - 1 && level < 7 {
            let above = index / WIDTH as u64;
            let full = tile(self, level, above, WIDTH)?;
            level += 1;
            self.run(INSERT_NODE, &values![i32::from(level), above.cast_signed(), tiles::tile_root(&full)])?;
            index = above;
        }
        Ok(())
    }

    /// Keeps a signed checkpoint of the super-log.
    pub fn keep_super(&mut self, signed: &SuperSigned) -> Result<(), Error> {
        let SuperSigned { size, root, epoch, at, note } = signed;
        self.run(INSERT_SUPER, &values![size.cast_signed(), *root, *epoch, *at, note]).map(drop)
    }

    /// Keeps an anchor; returns its id.
    pub fn keep_anchor(&mut self, anchor: &Anchor) -> Result<u64, Error> {
        let id: i64 = self.one(ANCHOR_COUNT, &[], |row| row.get(0))?;
        let Anchor { kind, place, size, at, proof, until, over, .. } = anchor;
        let over = over.map(u64::cast_signed);
        self.run(INSERT_ANCHOR, &values![id + 1, kind, place, size.cast_signed(), *at, proof, *until, over])?;
        Ok((id + 1).cast_unsigned())
    }
}

/// The whole super-log.
pub(crate) fn all(conn: &mut Conn) -> Result<Vec<Kept>, Error> {
    conn.rows(ALL, &[], |row| {
        let (tenant, size): (String, u64) = (row.get(1)?, row.get(2)?);
        let edge = Frontier::from_bytes(size, row.get(7)?).map_err(|_| Error::Edge { tenant: tenant.clone() })?;
        let (n, root, leaf) = (row.get(0)?, row.get(3)?, row.get(8)?);
        Ok(Kept { n, tenant, root, edge, epoch: row.get(4)?, at: row.get(5)?, note: row.get(6)?, leaf })
    })
}

/// Every signing key that lines of the ledger announce.
pub(crate) fn announced(conn: &mut Conn) -> Result<Vec<String>, Error> {
    #[derive(serde::Deserialize)]
    struct Changed {
        keys: Vec<String>,
    }
    let mut keys: Vec<Vec<String>> = conn.rows(ANNOUNCED, &[], |row| row.json(0, "keys"))?;
    keys.extend(conn.rows(CHANGED, &[], |row| Ok(row.json::<Changed>(0, "keys")?.keys))?);
    let mut keys = keys.concat();
    keys.sort();
    keys.dedup();
    Ok(keys)
}

/// What is wrong with the upper tiles of the super-log: they are made anew from its entries.
pub(crate) fn nodes_differ(conn: &mut Conn) -> Result<Option<String>, Error> {
    let kept: Vec<(i64, u64, Hash)> = conn.rows(NODES, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut row: Vec<Hash> = conn.rows(LEAF_ROW, &values![0, i64::MAX], |row| row.get(0))?;
    let mut made = vec![];
    for level in 1.. {
        row = row.as_chunks::<WIDTH>().0.iter().map(|tile| tiles::tile_root(tile)).collect();
        if row.is_empty() {
            break;
        }
        made.extend(row.iter().enumerate().map(|(n, hash)| (level, n as u64, *hash)));
    }
    Ok((kept != made).then(|| format!("{} hashes are kept, and the entries make {} or others", kept.len(), made.len())))
}

/// Rows that are copied in one transaction.
const BATCH: u32 = 500;

/// Copies everything that was signed into an installation that moves; what `into` makes of it must be the same.
pub(crate) fn copy(from: &Store, into: &Store) -> Result<(), Error> {
    let mut n = 0u64;
    loop {
        let part = from.read(|conn| entries(conn, n, BATCH))?;
        let Some(last) = part.last() else { break };
        n = last.n + 1;
        into.write(|tx| part.iter().try_for_each(|signed| tx.keep_checkpoint(signed)))?;
    }
    let read = |conn: &mut Conn| conn.rows(NODES, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let (before, after): (Vec<(i64, i64, Hash)>, Vec<_>) = (from.read(read)?, into.read(read)?);
    if before != after {
        return Err(Error::Edge { tenant: SUPER_LOG.to_owned() });
    }
    let mut size = 0u64;
    loop {
        let part = from.read(|conn| supers(conn, size, BATCH))?;
        let Some(last) = part.last() else { break };
        size = last.size + 1;
        into.write(|tx| part.iter().try_for_each(|signed| tx.keep_super(signed)))?;
    }
    let mut id = 0u64;
    loop {
        let part = from.read(|conn| anchors_after(conn, id, BATCH))?;
        let Some(last) = part.last() else { break };
        id = last.id;
        into.write(|tx| part.iter().try_for_each(|anchor| tx.keep_anchor(anchor).map(drop)))?;
    }
    Ok(())
}
