//! Proofs over a Merkle tree: that a leaf is in it, and that an older tree is its beginning (RFC 9162, 2.1.3 and 2.1.4).

use crate::merkle::{Frontier, Hash, node_hash};

/// The root of a tree, from its leaves.
pub fn root(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    for leaf in leaves {
        frontier.append(*leaf);
    }
    frontier.root()
}

/// The largest power of two below `n` (n > 1): where the left subtree ends.
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// The path that proves that leaf `index` is in the tree of these leaves; `None` when there is no such leaf.
pub fn inclusion(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let mut path = Vec::new();
    let (mut leaves, mut index) = (leaves, index);
    while leaves.len() > 1 {
        let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
        if index < left.len() {
            path.push(root(right));
            leaves = left;
        } else {
            path.push(root(left));
            index -= left.len();
            leaves = right;
        }
    }
    path.reverse();
    Some(path)
}

/// Whether `path` proves that `leaf` stands at `index` of the tree of `size` leaves with this root.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for step in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(step, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// The path that proves that the tree of the first `old` leaves is the beginning of the tree of all of them.
///
/// Empty when both are the same tree; `None` when `old` is 0 (nothing to prove) or more than there are.
pub fn consistency(leaves: &[Hash], old: usize) -> Option<Vec<Hash>> {
    if old == 0 || old > leaves.len() {
        return None;
    }
    let mut path = Vec::new();
    let (mut leaves, mut old, mut whole) = (leaves, old, true);
    while old != leaves.len() {
        let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
        if old <= left.len() {
            path.push(root(right));
            leaves = left;
        } else {
            path.push(root(left));
            old -= left.len();
            leaves = right;
            whole = false;
        }
    }
    // The verifier knows the old root; any other last subtree it must be told.
    if !whole {
        path.push(root(leaves));
    }
    path.reverse();
    Some(path)
}

/// Whether `path` proves that the tree (`old_size`, `old_root`) is the beginning of the tree (`size`, `root`).
pub fn verify_consistency(old_size: u64, old_root: &Hash, size: u64, root: &Hash, path: &[Hash]) -> bool {
    if old_size == 0 || old_size > size {
        return false;
    }
    if old_size == size {
        return path.is_empty() && old_root == root;
    }
    let (mut node, mut last) = (old_size - 1, size - 1);
    let mut path = path.iter();
    // A perfect old tree is a subtree of the new one: its own root is the first step.
    let first = if old_size.is_power_of_two() { Some(old_root) } else { path.next() };
    let Some(first) = first else { return false };
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (*first, *first);
    for step in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old = node_hash(step, &old);
            new = node_hash(step, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old == *old_root && new == *root
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::leaf_hash;
    use crate::merkle::tests::{ROOTS, leaves, unhex};
    use proptest::prelude::*;

    fn hashes(texts: &[&str]) -> Vec<Hash> {
        texts.iter().map(|text| unhex(text).try_into().unwrap()).collect()
    }

    #[test]
    fn the_known_paths_come_out() {
        let leaves = leaves();
        assert_eq!(
            inclusion(&leaves, 0).unwrap(),
            hashes(&[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ])
        );
        assert_eq!(
            inclusion(&leaves, 5).unwrap(),
            hashes(&[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ])
        );
        assert_eq!(
            consistency(&leaves, 6).unwrap(),
            hashes(&[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ])
        );
        assert_eq!(root(&leaves).to_vec(), unhex(ROOTS[7]));
    }

    #[test]
    fn what_cannot_be_proved_is_not() {
        let leaves = leaves();
        assert_eq!(inclusion(&leaves, 8), None);
        assert_eq!(inclusion(&[], 0), None);
        assert_eq!(consistency(&leaves, 0), None);
        assert_eq!(consistency(&leaves, 9), None);
    }

    fn tree(size: usize) -> Vec<Hash> {
        (0..size as u64).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    proptest! {
        #[test]
        fn every_leaf_is_proved_and_only_where_it_stands(size in 1_usize..200, index in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(), bit in 0_usize..256) {
            let leaves = tree(size);
            let index = index.index(size);
            let (path, top) = (inclusion(&leaves, index).unwrap(), root(&leaves));
            prop_assert!(verify_inclusion(&leaves[index], index as u64, size as u64, &path, &top));

            let other = other.index(size);
            prop_assert_eq!(verify_inclusion(&leaves[index], other as u64, size as u64, &path, &top), other == index);
            let mut longer = path.clone();
            longer.push(top);
            prop_assert!(!verify_inclusion(&leaves[index], index as u64, size as u64, &longer, &top));
            let mut bent = leaves[index];
            bent[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!verify_inclusion(&bent, index as u64, size as u64, &path, &top));
        }

        #[test]
        fn every_beginning_is_proved_and_no_other_tree_is(size in 1_usize..200, old in any::<prop::sample::Index>(), bent in any::<prop::sample::Index>()) {
            let leaves = tree(size);
            let old = old.index(size) + 1;
            let (path, top, before) = (consistency(&leaves, old).unwrap(), root(&leaves), root(&leaves[..old]));
            prop_assert!(verify_consistency(old as u64, &before, size as u64, &top, &path));

            let mut other = leaves[..old].to_vec();
            other[bent.index(old)][0] ^= 1;
            prop_assert!(!verify_consistency(old as u64, &root(&other), size as u64, &top, &path));
            if !path.is_empty() {
                prop_assert!(!verify_consistency(old as u64, &before, size as u64, &top, &path[..path.len() - 1]));
                let mut wrong = path.clone();
                wrong[bent.index(path.len())][31] ^= 1;
                prop_assert!(!verify_consistency(old as u64, &before, size as u64, &top, &wrong));
            }
        }
    }
}
