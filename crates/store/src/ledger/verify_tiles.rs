//! The quick check: the tiles of each ledger fit each other and its kept edge; blind to a line that was changed beside its leaf.

use seal::tiles::{WIDTH, tile_root};
use seal::{Frontier, Hash};

use super::tiles;
use super::verify::{Progress, Verified, edge_of, full, kept, other};
use crate::engine::{Conn, statements};
use crate::error::Error;
use crate::store::Store;
use crate::value::values;

statements! {
    ROW_OF_TILES = "select n, root, hashes from ledger_tile where tenant = $1 and level = $2 order by n";
}

/// Checks that the tiles of every ledger fit each other and its kept edge; reads no line but those of the last tile.
pub(crate) fn verify_tiles(store: &Store, told: Progress<'_>) -> Result<Verified, Error> {
    let (_, heads) = store.read(kept)?;
    let total = heads.iter().map(|(_, kept)| kept.size()).sum();
    let mut done = 0;
    let mut roots = Vec::with_capacity(heads.len());
    for (tenant, kept) in heads {
        store.read(|conn| check_tree(conn, &tenant, &kept))?;
        done += kept.size();
        told(done, total);
        roots.push((tenant, kept.size(), kept.root()));
    }
    Ok(Verified { lines: total, erased: 0, roots })
}

fn check_tree(conn: &mut Conn, tenant: &str, kept: &Frontier) -> Result<(), Error> {
    let size = kept.size();
    let mut levels: Vec<Vec<Hash>> = Vec::new();
    let mut beneath: Vec<Hash> = Vec::new();
    for level in 0..8u8 {
        let full = full(size, level);
        let mut roots = Vec::with_capacity(full as usize);
        conn.each_while(ROW_OF_TILES, &values![tenant, i32::from(level)], |row| {
            let n: u64 = row.get(0)?;
            let wanted = roots.len() as u64;
            if wanted == full {
                return Ok(false);
            }
            let wrong = |what: &str| Err(other(tenant, format!("tile {level}/{wanted} {what}")));
            if n != wanted {
                return wrong("is missing");
            }
            let hashes = row.get::<&[u8]>(2)?.as_chunks::<32>().0;
            let first = wanted as usize * WIDTH;
            if level > 0 && beneath.get(first..first + WIDTH) != Some(hashes) {
                return wrong("does not hold the roots of the tiles beneath");
            }
            let root = tile_root(hashes);
            if hashes.len() != WIDTH || row.get::<&[u8]>(1)? != root {
                return wrong("has another root");
            }
            roots.push(root);
            Ok(true)
        })?;
        if roots.len() as u64 != full {
            return Err(other(tenant, format!("tile {level}/{} is missing", roots.len())));
        }
        let covered = full * WIDTH as u64;
        levels.push(if level == 0 {
            tiles::leaves(conn, tenant, covered, size)?
        } else {
            beneath.get(covered as usize..).unwrap_or_default().to_vec()
        });
        beneath = roots;
    }
    if edge_of(size, &levels).as_ref() == Some(kept) { Ok(()) } else { Err(Error::Edge { tenant: tenant.to_owned() }) }
}
