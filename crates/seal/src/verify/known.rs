//! Checkpoints that the outsider kept: against them a forked or shortened ledger is seen, whoever signed it.

use super::What;
use crate::checkpoint::{Checkpoint, super_origin, tenant_origin};
use crate::merkle::{Frontier, Hash};
use crate::note::Note;

/// The kept checkpoints of one ledger, by size.
#[derive(Debug)]
pub(super) struct Known {
    ledger: Vec<(u64, Hash)>,
    /// Those of the installation's super-log.
    above: Vec<(u64, Hash)>,
    /// How many of the ledger's were compared already.
    compared: usize,
}

impl Known {
    pub fn of(notes: &[Note], installation: &str, tenant: &str) -> Result<Known, What> {
        let (tenant, installation) = (tenant_origin(installation, tenant), super_origin(installation));
        let mut known = Known { ledger: Vec::new(), above: Vec::new(), compared: 0 };
        for note in notes {
            let checkpoint = Checkpoint::parse(&note.text).map_err(|e| What::KnownUnreadable { reason: e.reason })?;
            if checkpoint.origin == tenant {
                known.ledger.push((checkpoint.size, checkpoint.root));
            } else if checkpoint.origin == installation {
                known.above.push((checkpoint.size, checkpoint.root));
            }
        }
        known.ledger.sort_unstable();
        Ok(known)
    }

    /// Compares every kept checkpoint of the tree's size with the tree. False: another tree of the same size was kept.
    pub fn fits(&mut self, tree: &Frontier) -> bool {
        while let Some((size, root)) = self.ledger.get(self.compared) {
            if *size > tree.size() {
                break;
            }
            if *size == tree.size() && *root != tree.root() {
                return false;
            }
            self.compared += 1;
        }
        true
    }

    /// The same for a tree of which only size and root are known; smaller ones cannot be compared and are counted.
    pub fn fits_root(&mut self, size: u64, root: &Hash) -> Result<u64, ()> {
        if self.ledger.iter().any(|(kept, other)| *kept == size && other != root) {
            return Err(());
        }
        self.compared = self.ledger.iter().filter(|(kept, _)| *kept <= size).count();
        Ok(self.ledger.iter().filter(|(kept, _)| *kept < size).count() as u64)
    }

    /// Whether no kept super checkpoint of this size has another root.
    pub fn fits_above(&self, size: u64, root: &Hash) -> bool {
        self.above.iter().all(|(kept, other)| *kept != size || other == root)
    }

    /// The size of the largest, if it covers more lines than there are.
    pub fn beyond(&self, lines: u64) -> Option<u64> {
        self.ledger.last().map(|(size, _)| *size).filter(|size| *size > lines)
    }

    /// How many were compared.
    pub fn compared(&self) -> u64 {
        self.compared as u64
    }
}
