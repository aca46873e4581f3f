//! The tree in tiles of 256 hashes (C2SP tlog-tiles): roots and proofs of a large tree from a few reads.

use std::fmt;

use crate::merkle::{Hash, node_hash, sha256};

/// Levels of the tree that one tile spans; C2SP tlog-tiles fixes it.
pub const HEIGHT: u32 = 8;

/// Hashes of a full tile.
pub const WIDTH: usize = 1 << HEIGHT;

/// Why a root or a proof could not be made from tiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TileError<E> {
    /// Whoever reads the tiles failed.
    Read(E),
    /// A tile holds fewer hashes than a tree of that size has there.
    Short { level: u8, index: u64, wanted: usize, found: usize },
    /// The tree has no such leaf, or no such beginning.
    Beyond { wanted: u64, size: u64 },
}

impl<E: fmt::Display> fmt::Display for TileError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TileError::Read(why) => write!(f, "a tile of the tree cannot be read: {why}"),
            TileError::Short { level, index, wanted, found } => {
                write!(f, "{} holds {found} hashes where the tree has {wanted}", path(*level, *index, None))
            }
            TileError::Beyond { wanted, size } => write!(f, "nothing can be proved about {wanted} in a tree of {size} leaves"),
        }
    }
}
impl<E: fmt::Debug + fmt::Display> std::error::Error for TileError<E> {}

/// The root of the tree of `size` leaves. Reads at most one tile a level.
///
/// `tile(level, index, width)` gives the hashes of a tile, `width` of them or more (a tile that has grown since).
pub fn root<E>(size: u64, tile: &mut impl FnMut(u8, u64, usize) -> Result<Vec<Hash>, E>) -> Result<Hash, TileError<E>> {
    Tiles { size, tile, read: Vec::new() }.range(0, size)
}

/// The path that proves leaf `index` in the tree of `size` leaves: what `proof::inclusion` answers, from two tiles a level.
pub fn inclusion<E>(
    size: u64,
    index: u64,
    tile: &mut impl FnMut(u8, u64, usize) -> Result<Vec<Hash>, E>,
) -> Result<Vec<Hash>, TileError<E>> {
    if index >= size {
        return Err(TileError::Beyond { wanted: index, size });
    }
    let mut tiles = Tiles { size, tile, read: Vec::new() };
    let (mut from, mut to) = (0, size);
    let mut path = Vec::new();
    while to - from > 1 {
        let middle = middle(from, to);
        if index < middle {
            path.push(tiles.range(middle, to)?);
            to = middle;
        } else {
            path.push(tiles.range(from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The path that proves the tree of `old` leaves to be the beginning of the tree of `size`: what `proof::consistency` answers.
///
/// Empty when both are the same tree; refused when `old` is 0 or more than `size`.
pub fn consistency<E>(
    old: u64,
    size: u64,
    tile: &mut impl FnMut(u8, u64, usize) -> Result<Vec<Hash>, E>,
) -> Result<Vec<Hash>, TileError<E>> {
    if old == 0 || old > size {
        return Err(TileError::Beyond { wanted: old, size });
    }
    let mut tiles = Tiles { size, tile, read: Vec::new() };
    let (mut from, mut to) = (0, size);
    let mut path = Vec::new();
    while old != to {
        let middle = middle(from, to);
        if old <= middle {
            path.push(tiles.range(middle, to)?);
            to = middle;
        } else {
            path.push(tiles.range(from, middle)?);
            from = middle;
        }
    }
    // The verifier knows the old root; any other last subtree it must be told.
    if from > 0 {
        path.push(tiles.range(from, to)?);
    }
    path.reverse();
    Ok(path)
}

/// The root of the tree over these hashes: of a full tile, the hash it has one level up.
pub fn tile_root(hashes: &[Hash]) -> Hash {
    let (pairs, odd) = hashes.as_chunks::<2>();
    match (pairs, odd) {
        ([], []) => sha256(&[]),
        ([], [only]) => *only,
        _ if hashes.len() <= WIDTH => {
            let mut nodes = [[0; 32]; WIDTH / 2];
            fold(pairs, odd, &mut nodes)
        }
        _ => fold(pairs, odd, &mut vec![[0; 32]; hashes.len() / 2]),
    }
}

/// Joins pairs level by level; an odd last node goes up as it is, which is how RFC 9162 splits.
fn fold(pairs: &[[Hash; 2]], odd: &[Hash], nodes: &mut [Hash]) -> Hash {
    for (node, [left, right]) in nodes.iter_mut().zip(pairs) {
        *node = node_hash(left, right);
    }
    // The odd node is kept apart: it joins the level's last node only when that is odd as well.
    let (mut count, mut carried) = (pairs.len(), odd.first().copied());
    while count > 1 {
        if count % 2 == 1 {
            count -= 1;
            let last = nodes.get(count).copied().unwrap_or_default();
            carried = Some(match carried {
                Some(right) => node_hash(&last, &right),
                None => last,
            });
        }
        for pair in 0..count / 2 {
            if let Some([left, right]) = nodes.get(2 * pair..).and_then(<[Hash]>::first_chunk) {
                let node = node_hash(left, right);
                if let Some(place) = nodes.get_mut(pair) {
                    *place = node;
                }
            }
        }
        count /= 2;
    }
    let first = nodes.first().copied().unwrap_or_default();
    carried.map_or(first, |right| node_hash(&first, &right))
}

/// Where a tile lies: `tile/<level>/<index in groups of three digits>`, with `.p/<width>` when it is not full.
pub fn path(level: u8, index: u64, width: Option<u16>) -> String {
    let mut place = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        place = format!("x{:03}/{place}", rest % 1000);
        rest /= 1000;
    }
    match width {
        None => format!("tile/{level}/{place}"),
        Some(width) => format!("tile/{level}/{place}.p/{width}"),
    }
}

/// Where the left subtree of the leaves `from..to` ends (two leaves or more).
fn middle(from: u64, to: u64) -> u64 {
    from + (1 << (63 - (to - from - 1).leading_zeros()))
}

/// The tiles of a tree, each read once.
struct Tiles<'t, F> {
    size: u64,
    tile: &'t mut F,
    read: Vec<(u8, u64, Vec<Hash>)>,
}

impl<E, F: FnMut(u8, u64, usize) -> Result<Vec<Hash>, E>> Tiles<'_, F> {
    /// The root over the leaves `from..to`, which is a whole subtree or the tree's right edge.
    fn range(&mut self, from: u64, to: u64) -> Result<Hash, TileError<E>> {
        let mut perfect = Vec::new();
        let mut at = from;
        while at < to {
            let height = 63 - (to - at).leading_zeros();
            perfect.push(self.subtree(height, at >> height)?);
            at += 1 << height;
        }
        Ok(match perfect.split_last() {
            None => sha256(&[]),
            Some((last, lefts)) => lefts.iter().rev().fold(*last, |right, left| node_hash(left, &right)),
        })
    }

    /// The root of the perfect subtree of that height (2^height leaves) that is the `place`-th from the left.
    fn subtree(&mut self, height: u32, place: u64) -> Result<Hash, TileError<E>> {
        let (level, above) = ((height / HEIGHT) as u8, height % HEIGHT);
        let first = place << above;
        let (index, start) = (first >> HEIGHT, (first % WIDTH as u64) as usize);
        let hashes = self.hashes(level, index)?;
        let found = hashes.len();
        let wanted = start + (1 << above);
        let part = hashes.get(start..wanted).ok_or(TileError::Short { level, index, wanted, found })?;
        Ok(tile_root(part))
    }

    fn hashes(&mut self, level: u8, index: u64) -> Result<&[Hash], TileError<E>> {
        let known = self.read.iter().position(|(l, i, _)| (*l, *i) == (level, index));
        let at = match known {
            Some(at) => at,
            None => {
                // Tiles of this level that stand before, then what is left of the level.
                let row = self.size >> (HEIGHT * u32::from(level));
                let wanted = row.saturating_sub(index << HEIGHT).min(WIDTH as u64) as usize;
                let hashes = (self.tile)(level, index, wanted).map_err(TileError::Read)?;
                if hashes.len() < wanted {
                    return Err(TileError::Short { level, index, wanted, found: hashes.len() });
                }
                self.read.push((level, index, hashes));
                self.read.len() - 1
            }
        };
        Ok(self.read.get(at).map_or(&[][..], |(_, _, hashes)| hashes))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;
    use crate::merkle::{Frontier, leaf_hash};
    use crate::proof;

    fn leaves(size: usize) -> Vec<Hash> {
        (0..size as u64).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    /// All levels of hashes of a tree; level L+1 holds the roots of the full tiles of level L.
    fn rows(leaves: &[Hash]) -> Vec<Vec<Hash>> {
        let mut rows = vec![leaves.to_vec()];
        while rows.last().unwrap().len() >= WIDTH {
            let above = rows.last().unwrap().chunks_exact(WIDTH).map(proof::root).collect();
            rows.push(above);
        }
        rows
    }

    fn serve(rows: &[Vec<Hash>], read: &mut usize) -> impl FnMut(u8, u64, usize) -> Result<Vec<Hash>, Infallible> {
        move |level, index, width| {
            *read += 1;
            assert!((1..=WIDTH).contains(&width), "{width} hashes asked of tile {level}/{index}");
            let start = index as usize * WIDTH;
            Ok(rows[level as usize][start..start + width].to_vec())
        }
    }

    #[test]
    fn tiles_lie_where_the_specification_says() {
        assert_eq!(path(0, 1_234_067, None), "tile/0/x001/x234/067");
        assert_eq!(path(0, 0, None), "tile/0/000");
        assert_eq!(path(3, 999, Some(1)), "tile/3/999.p/1");
        assert_eq!(path(1, 1000, Some(255)), "tile/1/x001/000.p/255");
        assert_eq!(path(0, 273, Some(112)), "tile/0/273.p/112");
        assert_eq!(path(7, u64::MAX, None), "tile/7/x018/x446/x744/x073/x709/x551/615");
    }

    #[test]
    fn the_root_of_any_number_of_hashes_is_the_root_of_their_tree() {
        let leaves = leaves(600);
        for size in (0..300).chain([511, 512, 513, 599, 600]) {
            assert_eq!(tile_root(&leaves[..size]), proof::root(&leaves[..size]), "{size} hashes");
        }
    }

    #[test]
    fn what_is_not_in_the_tree_is_refused() {
        let mut none = |_, _, _| -> Result<Vec<Hash>, Infallible> { panic!("no tile is needed") };
        assert_eq!(root(0, &mut none), Ok(sha256(&[])));
        assert_eq!(inclusion(5, 5, &mut none), Err(TileError::Beyond { wanted: 5, size: 5 }));
        assert_eq!(consistency(0, 5, &mut none), Err(TileError::Beyond { wanted: 0, size: 5 }));
        assert_eq!(consistency(6, 5, &mut none), Err(TileError::Beyond { wanted: 6, size: 5 }));
        assert_eq!(consistency(5, 5, &mut none), Ok(vec![]));
    }

    #[test]
    fn a_tile_that_is_too_short_is_named() {
        let mut short = |_, _, width| Ok::<_, Infallible>(vec![[0; 32]; width - 1]);
        assert_eq!(root(300, &mut short), Err(TileError::Short { level: 1, index: 0, wanted: 1, found: 0 }));
        assert_eq!(root(44, &mut short), Err(TileError::Short { level: 0, index: 0, wanted: 44, found: 43 }));
        let mut broken = |_, _, _| Err("disk");
        assert_eq!(root(1, &mut broken), Err(TileError::Read("disk")));
    }

    #[test]
    fn the_largest_tree_is_read_from_few_tiles_and_overflows_nothing() {
        for size in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) + 1, (1 << 56) - 1] {
            let mut read = 0;
            let mut same = |_, _, width| {
                read += 1;
                Ok::<_, Infallible>(vec![[7; 32]; width])
            };
            root(size, &mut same).unwrap();
            let path = inclusion(size, size / 3, &mut same).unwrap();
            assert!(path.len() <= 64);
            consistency(size / 3 + 1, size, &mut same).unwrap();
            inclusion(size, size - 1, &mut same).unwrap();
            assert!(read <= 8 + 16 + 16 + 8, "{read} tiles for {size}");
        }
    }

    #[test]
    fn roots_and_proofs_over_three_levels_of_tiles_are_those_of_the_leaves() {
        let leaves = leaves(WIDTH * WIDTH + 3 * WIDTH + 77);
        let rows = rows(&leaves);
        let size = leaves.len() as u64;
        let mut read = 0;
        assert_eq!(root(size, &mut serve(&rows, &mut read)).unwrap(), proof::root(&leaves));
        assert_eq!(read, 3);
        for index in [0, 1, 255, 256, 65_535, 65_536, 66_303, 66_304, leaves.len() - 1] {
            let mut read = 0;
            let made = inclusion(size, index as u64, &mut serve(&rows, &mut read)).unwrap();
            assert_eq!(Some(made), proof::inclusion(&leaves, index), "leaf {index}");
            assert!(read <= 5, "{read} tiles for leaf {index}");
            let made = consistency(index as u64 + 1, size, &mut serve(&rows, &mut read)).unwrap();
            assert_eq!(Some(made), proof::consistency(&leaves, index + 1), "from {} on", index + 1);
        }
    }

    #[test]
    fn an_older_tree_is_proved_from_tiles_that_have_grown() {
        let leaves = leaves(700);
        let rows = rows(&leaves);
        let mut grown = |level: u8, index: u64, _| {
            Ok::<_, Infallible>(rows[level as usize].iter().skip(index as usize * WIDTH).take(WIDTH).copied().collect::<Vec<_>>())
        };
        for size in [1, 255, 256, 257, 300, 512, 699] {
            assert_eq!(root(size, &mut grown).unwrap(), proof::root(&leaves[..size as usize]), "{size} leaves");
            let middle = size / 2;
            assert_eq!(inclusion(size, middle, &mut grown).ok(), proof::inclusion(&leaves[..size as usize], middle as usize));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn proofs_from_tiles_are_those_from_leaves(size in 1_usize..900, index in any::<prop::sample::Index>()) {
            let leaves = leaves(size);
            let rows = rows(&leaves);
            let index = index.index(size);
            let mut read = 0;
            let mut frontier = Frontier::new();
            leaves.iter().for_each(|leaf| frontier.append(*leaf));
            prop_assert_eq!(root(size as u64, &mut serve(&rows, &mut read)).unwrap(), frontier.root());
            prop_assert_eq!(inclusion(size as u64, index as u64, &mut serve(&rows, &mut read)).ok(), proof::inclusion(&leaves, index));
            prop_assert_eq!(
                consistency(index as u64 + 1, size as u64, &mut serve(&rows, &mut read)).ok(),
                proof::consistency(&leaves, index + 1)
            );
        }
    }
}
