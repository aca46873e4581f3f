//! The Merkle tree of RFC 9162, section 2.1.1, grown one leaf at a time.

use std::fmt;

use sha2::block_api::compress256;
use sha2::{Digest, Sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// SHA-256 of a text or bytes.
pub fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// What stands before an entry when it is hashed as a leaf, and before two hashes when they become a node.
pub(crate) const LEAF: u8 = 0;
const NODE: u8 = 1;

/// The hash of a leaf: SHA-256(0x00 ‖ entry).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    sha256(&[&[LEAF], entry])
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    // Always the same two blocks (FIPS 180-4, section 5.1.1): the 520 bits, a one, zeros, the number of bits.
    let mut blocks = [0; 128];
    if let ([first, hashes @ ..], length) = blocks.split_at_mut(65) {
        *first = NODE;
        let (one, other) = hashes.split_at_mut(32);
        one.copy_from_slice(left);
        other.copy_from_slice(right);
        let (one, length) = length.split_at_mut(1);
        one.fill(0x80);
        if let Some(length) = length.last_chunk_mut() {
            *length = 520_u64.to_be_bytes();
        }
    }
    of_blocks(&blocks)
}

/// SHA-256 of what a buffer holds; the padding is written behind it. For small texts by the million: nothing is copied.
pub(crate) fn sha256_padding(buffer: &mut Vec<u8>) -> Hash {
    let bits = buffer.len() as u64 * 8;
    buffer.push(0x80);
    buffer.resize((buffer.len() + 8).next_multiple_of(64) - 8, 0);
    buffer.extend_from_slice(&bits.to_be_bytes());
    of_blocks(buffer)
}

/// SHA-256 of whole blocks, the padding among them.
fn of_blocks(padded: &[u8]) -> Hash {
    let mut state = START;
    compress256(&mut state, padded.as_chunks().0);
    let mut hash = [0; 32];
    for (bytes, word) in hash.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    hash
}

/// The state that SHA-256 begins with (FIPS 180-4, section 5.3.3).
const START: [u32; 8] = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

/// The right edge of a tree: the roots of its perfect subtrees, widest first.
///
/// All that is needed to append a leaf or to know the root; at most 64 hashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

/// The stored bytes are not the frontier of a tree of that size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAFrontier;

impl fmt::Display for NotAFrontier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stored tree edge does not fit the tree's size")
    }
}
impl std::error::Error for NotAFrontier {}

impl Frontier {
    pub fn new() -> Frontier {
        Frontier::default()
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf by its hash.
    pub fn append(&mut self, leaf: Hash) {
        let mut node = leaf;
        // A tree of n leaves has one perfect subtree per one-bit of n; adding one carries like a binary counter.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.roots.push(node);
        self.size += 1;
    }

    /// The root of the tree; of no leaves it is SHA-256 of nothing.
    pub fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev();
        match roots.next() {
            None => sha256(&[]),
            Some(last) => roots.fold(*last, |right, left| node_hash(left, &right)),
        }
    }

    /// The subtree roots, 32 bytes each, for storing beside the size.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.roots.concat()
    }

    /// Reads what `to_bytes` wrote.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Result<Frontier, NotAFrontier> {
        let (roots, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() || roots.len() != size.count_ones() as usize {
            return Err(NotAFrontier);
        }
        Ok(Frontier { size, roots: roots.to_vec() })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The eight entries that implementations of Certificate Transparency test each other with.
    pub(crate) const ENTRIES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    /// The roots of the trees of their first one to eight.
    pub(crate) const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    pub(crate) fn unhex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
    }

    pub(crate) fn leaves() -> Vec<Hash> {
        ENTRIES.iter().map(|entry| leaf_hash(&unhex(entry))).collect()
    }

    #[test]
    fn the_known_trees_have_the_known_roots() {
        let mut frontier = Frontier::new();
        assert_eq!(frontier.root().to_vec(), unhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
        for (leaf, root) in leaves().into_iter().zip(ROOTS) {
            frontier.append(leaf);
            assert_eq!(frontier.root().to_vec(), unhex(root), "tree of {} leaves", frontier.size());
        }
    }

    #[test]
    fn bytes_of_another_size_are_no_frontier() {
        assert_eq!(Frontier::from_bytes(3, &[0; 32]), Err(NotAFrontier));
        assert_eq!(Frontier::from_bytes(1, &[0; 33]), Err(NotAFrontier));
    }

    proptest! {
        #[test]
        fn hashes_made_of_blocks_are_those_of_the_library(bytes in prop::collection::vec(any::<u8>(), 0..300), left in any::<Hash>(), right in any::<Hash>()) {
            prop_assert_eq!(sha256_padding(&mut bytes.clone()), sha256(&[&bytes]));
            prop_assert_eq!(node_hash(&left, &right), sha256(&[&[1], &left, &right]));
        }

        #[test]
        fn a_frontier_that_was_stored_grows_like_one_that_was_not(n in 0_u64..300, more in 0_u64..40) {
            let mut kept = Frontier::new();
            for i in 0..n {
                kept.append(leaf_hash(&i.to_be_bytes()));
            }
            let mut stored = Frontier::from_bytes(n, &kept.to_bytes()).unwrap();
            for i in 0..more {
                kept.append(leaf_hash(&i.to_be_bytes()));
                stored.append(leaf_hash(&i.to_be_bytes()));
            }
            prop_assert_eq!(kept.root(), stored.root());
        }
    }
}
