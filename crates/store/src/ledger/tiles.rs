//! The ledger's trees in tiles of 256 hashes: written when they are full, and proofs made from a few of them.

use seal::Hash;
use seal::tiles::{self, TileError, WIDTH, tile_root};

use crate::engine::{Conn, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    TILE = "select hashes from ledger_tile where tenant = $1 and level = $2 and n = $3";
    ROOTS = "select root from ledger_tile where tenant = $1 and level = $2 and n >= $3 and n < $4 order by n";
    LEAVES = "select leaf from ledger_line where tenant = $1 and seq > $2 and seq <= $3 order by seq";
    INSERT = "insert into ledger_tile (tenant, level, n, root, hashes) values ($1, $2, $3, $4, $5)";
    FULL = "select coalesce(max(n), -1) + 1 from ledger_tile where tenant = $1 and level = 0";
}

/// Hashes of a full tile.
const FULL_TILE: u64 = WIDTH as u64;

/// Writes the tiles that became full while the tree grew from `before` leaves to `size`. `fresh` are its last leaves,
/// as many as are at hand; the others are read from the lines.
pub(crate) fn complete(conn: &mut Conn, tenant: &str, before: u64, size: u64, fresh: &[Hash]) -> Result<(), Error> {
    let at_hand = size - fresh.len() as u64;
    let (mut from, mut to) = (before / FULL_TILE, size / FULL_TILE);
    let mut level = 0;
    while from < to {
        for n in from..to {
            let first = n * FULL_TILE;
            let hashes = if level > 0 {
                roots(conn, tenant, level - 1, first, FULL_TILE)?
            } else {
                let mut hashes = Vec::with_capacity(WIDTH);
                if first < at_hand {
                    hashes = leaves(conn, tenant, first, at_hand.min(first + FULL_TILE))?;
                }
                let start = (first + hashes.len() as u64).saturating_sub(at_hand) as usize;
                hashes.extend(fresh.iter().skip(start).take(WIDTH - hashes.len()));
                hashes
            };
            if hashes.len() != WIDTH {
                return Err(Error::Edge { tenant: tenant.to_owned() });
            }
            conn.run(INSERT, &values![tenant, level, n.cast_signed(), tile_root(&hashes), hashes.concat()])?;
        }
        (from, to, level) = (from / FULL_TILE, to / FULL_TILE, level + 1);
    }
    Ok(())
}

/// How many full tiles of leaves are kept.
pub(crate) fn full(conn: &mut Conn, tenant: &str) -> Result<u64, Error> {
    conn.one(FULL, &values![tenant], |row| row.get(0))
}

/// Leaves `from..to`, counted from 0.
pub(crate) fn leaves(conn: &mut Conn, tenant: &str, from: u64, to: u64) -> Result<Vec<Hash>, Error> {
    conn.rows(LEAVES, &values![tenant, from.cast_signed(), to.cast_signed()], |row| row.get(0))
}

/// What `width` tiles from `first` on are one level up.
fn roots(conn: &mut Conn, tenant: &str, level: i32, first: u64, width: u64) -> Result<Vec<Hash>, Error> {
    conn.rows(ROOTS, &values![tenant, level, first.cast_signed(), (first + width).cast_signed()], |row| row.get(0))
}

/// A tile as `seal::tiles` asks for it. What is not full yet is put together from the lines or the tiles beneath.
fn tile(conn: &mut Conn, tenant: &str, level: u8, index: u64, width: usize) -> Result<Vec<Hash>, Error> {
    let first = index * FULL_TILE;
    if width < WIDTH {
        return match level.checked_sub(1) {
            None => leaves(conn, tenant, first, first + width as u64),
            Some(beneath) => roots(conn, tenant, i32::from(beneath), first, width as u64),
        };
    }
    let hashes = conn.first(TILE, &values![tenant, i32::from(level), index.cast_signed()], |row| {
        Ok(row.get::<&[u8]>(0)?.as_chunks::<32>().0.to_vec())
    })?;
    Ok(hashes.unwrap_or_default())
}

fn told<T>(tenant: &str, found: Result<T, TileError<Error>>) -> Result<T, Error> {
    found.map_err(|error| match error {
        TileError::Read(error) => error,
        other => Error::Tree { tenant: tenant.to_owned(), problem: other.to_string() },
    })
}

/// The root of the tree of a ledger's first `size` lines, from its tiles; what is kept of the newest tree is not believed.
pub fn root_at(conn: &mut Conn, tenant: &str, size: u64) -> Result<Hash, Error> {
    told(tenant, tiles::root(size, &mut |level, index, width| tile(conn, tenant, level, index, width)))
}

/// The path that proves line `seq` (from 1) to be in the tree of the first `size` lines (RFC 9162, 2.1.3).
///
/// Fails with [`Error::Tree`] when there is no such line in that tree.
pub fn inclusion(conn: &mut Conn, tenant: &str, seq: u64, size: u64) -> Result<Vec<Hash>, Error> {
    let Some(index) = seq.checked_sub(1) else {
        return Err(Error::Tree { tenant: tenant.to_owned(), problem: "lines are counted from 1".to_owned() });
    };
    told(tenant, tiles::inclusion(size, index, &mut |level, index, width| tile(conn, tenant, level, index, width)))
}

/// The path that proves the tree of the first `old` lines to be the beginning of that of `size` (RFC 9162, 2.1.4).
///
/// Fails with [`Error::Tree`] when `old` is 0 or more than `size`.
pub fn consistency(conn: &mut Conn, tenant: &str, old: u64, size: u64) -> Result<Vec<Hash>, Error> {
    told(tenant, tiles::consistency(old, size, &mut |level, index, width| tile(conn, tenant, level, index, width)))
}
