//! Payloads that are not there: each must lie in a range that a later line of kind `payloads_erased` names.

use super::{Erased, Place, What, Wrong};

#[derive(Debug, Default)]
pub(super) struct Gaps {
    missing: Vec<(u64, Place)>,
    ranges: Vec<Erased>,
}

impl Gaps {
    /// The payload of line `seq` is not there; lines come in rising order.
    pub fn missing(&mut self, seq: u64, place: Place) {
        self.missing.push((seq, place));
    }

    /// Line `by` accounts for the payloads of these lines, all of them before it.
    pub fn account(&mut self, by: u64, seqs: &[(u64, u64)]) -> Result<(), What> {
        for (from, to) in seqs {
            if *from == 0 || from > to || *to >= by {
                return Err(What::Event { reason: format!("it erases lines {from} to {to}, which are not earlier lines") });
            }
            self.ranges.push(Erased { from: *from, to: *to, by });
        }
        Ok(())
    }

    /// What left and by which line, in runs; fails at the first payload for which nothing accounts.
    pub fn finish(mut self) -> Result<Vec<Erased>, Wrong> {
        self.ranges.sort_unstable_by_key(|range| (range.from, range.by));
        let mut ranges = self.ranges.iter().peekable();
        let mut widest: Option<&Erased> = None;
        let mut runs: Vec<Erased> = Vec::new();
        for (seq, place) in self.missing {
            // Of all ranges that begin up to here the one that reaches farthest decides.
            while let Some(range) = ranges.next_if(|range| range.from <= seq) {
                if widest.is_none_or(|old| old.to < range.to) {
                    widest = Some(range);
                }
            }
            let Some(range) = widest.filter(|range| range.to >= seq) else {
                return Err(Wrong { place: Some(place), seq: Some(seq), what: What::PayloadMissing });
            };
            match runs.last_mut() {
                Some(run) if run.to + 1 == seq && run.by == range.by => run.to = seq,
                _ => runs.push(Erased { from: seq, to: seq, by: range.by }),
            }
        }
        Ok(runs)
    }
}
