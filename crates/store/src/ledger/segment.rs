//! The search index of the ledger: each 4096 lines are a segment, which says on which of its lines a word stands.
//!
//! A word is what one may look for: an account, a thing, an item, a kind, an outcome, an address. Its hash chooses one of
//! 256 buckets. Looking for it reads that bucket of each segment, a few hundred bytes in a row; writing a segment writes
//! all its buckets once. An index with a row for each line would write a page for each word of each line.
//! Words that have one hash are told apart by reading the lines.

use crate::engine::{Conn, statements};
use crate::error::Error;
use crate::value::values;

use super::run::{Rows, postgres};

/// Lines of a segment.
pub(crate) const LINES: u64 = 4096;

/// From so many lines on, a word's lines are bits and not numbers, which are 2 bytes each.
const MANY: usize = 256;

/// Set in a count: bits follow.
const BITS: u16 = 0x8000;

statements! {
    SOURCE = "select at, actor, subject, kind, outcome, address from ledger_line where tenant = $1 and seq > $2 and seq <= $3 order by seq";
    INSERT = "insert into ledger_segment (tenant, n, earliest, latest) values ($1, $2, $3, $4)";
    INSERT_HIT = "insert into ledger_hit (tenant, bucket, n, hits) values ($1, $2, $3, $4)";
    FULL = "select coalesce(max(n), -1) + 1 from ledger_segment where tenant = $1";
}

/// The hash of a word, of which 40 bits count: 8 for the bucket, 32 within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(u64);

impl Word {
    /// `sort` tells an account from a thing of the same name. The hash is kept in the database: it never changes.
    fn new(sort: u8, text: &str) -> Word {
        const K: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut hash = u64::from(sort) ^ (text.len() as u64).wrapping_mul(K);
        let (eights, rest) = text.as_bytes().as_chunks::<8>();
        for eight in eights {
            hash = (hash ^ u64::from_le_bytes(*eight)).wrapping_mul(K);
            hash ^= hash >> 29;
        }
        let mut last = [0; 8];
        for (place, byte) in last.iter_mut().zip(rest) {
            *place = *byte;
        }
        hash = (hash ^ u64::from_le_bytes(last)).wrapping_mul(K);
        hash ^= hash >> 32;
        hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
        Word(hash >> 24)
    }
    pub fn actor(text: &str) -> Word {
        Word::new(b'a', text)
    }
    pub fn thing(text: &str) -> Word {
        Word::new(b't', text)
    }
    pub fn item(text: &str) -> Word {
        Word::new(b'i', text)
    }
    pub fn kind(text: &str) -> Word {
        Word::new(b'k', text)
    }
    /// `None` for what nearly all lines have.
    pub fn outcome(text: &str) -> Option<Word> {
        (text != "done").then(|| Word::new(b'o', text))
    }
    pub fn address(text: &str) -> Word {
        Word::new(b'n', text)
    }
    pub fn bucket(self) -> u8 {
        (self.0 >> 32) as u8
    }
    fn within(self) -> u32 {
        self.0 as u32
    }
    /// The 40 bits of its hash.
    pub fn bits(self) -> u64 {
        self.0
    }
}

/// A subject's thing and, if that is a number, its item: `case_1/81` is of thing `case_1` and item `81`.
pub(crate) fn parts(subject: &str) -> (&str, Option<&str>) {
    let mut parts = subject.split('/');
    let thing = parts.next().unwrap_or(subject);
    (thing, parts.next().filter(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())))
}

/// A segment while its lines are read.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    lines: u64,
    /// A word's 40 bits, then 12 of the line.
    hits: Vec<u64>,
    earliest: String,
    latest: String,
}

impl Segment {
    pub fn push(&mut self, at: &str, actor: &str, subject: &str, kind: &str, outcome: &str, address: Option<&str>) {
        let (thing, item) = parts(subject);
        let words = [
            Some(Word::actor(actor)),
            Some(Word::thing(thing)),
            item.map(Word::item),
            Some(Word::kind(kind)),
            Word::outcome(outcome),
            address.map(Word::address),
        ];
        self.hits.extend(words.into_iter().flatten().map(|word| word.0 << 12 | self.lines));
        if self.lines == 0 || at < self.earliest.as_str() {
            at.clone_into(&mut self.earliest);
        }
        if at > self.latest.as_str() {
            at.clone_into(&mut self.latest);
        }
        self.lines += 1;
    }

    /// All that stands in it: a word's 40 bits, then 12 of the line.
    pub fn hits(&self) -> impl Iterator<Item = u64> {
        self.hits.iter().copied()
    }

    pub fn is_full(&self) -> bool {
        self.lines == LINES
    }

    pub fn earliest(&self) -> &str {
        &self.earliest
    }

    pub fn latest(&self) -> &str {
        &self.latest
    }

    /// Hands over each bucket that holds something: for each word 4 bytes of hash, 2 of count, then the lines, by hash.
    pub fn buckets<E>(&mut self, mut take: impl FnMut(u8, &[u8]) -> Result<(), E>) -> Result<(), E> {
        self.hits.sort_unstable();
        self.hits.dedup();
        let mut out = Vec::with_capacity(2048);
        for bucket in self.hits.chunk_by(|a, b| a >> 44 == b >> 44) {
            out.clear();
            for lines in bucket.chunk_by(|a, b| a >> 12 == b >> 12) {
                let Some(first) = lines.first() else { continue };
                out.extend(((first >> 12) as u32).to_be_bytes());
                if lines.len() < MANY {
                    out.extend((lines.len() as u16).to_be_bytes());
                    lines.iter().for_each(|hit| out.extend(((hit & 0xfff) as u16).to_be_bytes()));
                } else {
                    out.extend((lines.len() as u16 | BITS).to_be_bytes());
                    let mut bits = [0u8; LINES as usize / 8];
                    for hit in lines {
                        if let Some(byte) = bits.get_mut((hit & 0xfff) as usize / 8) {
                            *byte |= 1 << (hit % 8);
                        }
                    }
                    out.extend(bits);
                }
            }
            if let Some(first) = bucket.first() {
                take((first >> 44) as u8, &out)?;
            }
        }
        Ok(())
    }
}

/// The words of a bucket: the hash of each within it, the number of its lines with [`BITS`], and the lines as they lie.
fn entries(mut hits: &[u8]) -> impl Iterator<Item = (u32, u16, &[u8])> {
    std::iter::from_fn(move || {
        let (head, rest) = hits.split_first_chunk::<6>()?;
        let [a, b, c, d, e, f] = *head;
        let (hash, count) = (u32::from_be_bytes([a, b, c, d]), u16::from_be_bytes([e, f]));
        let long = if count & BITS == 0 { usize::from(count) * 2 } else { LINES as usize / 8 };
        let (here, behind) = rest.split_at_checked(long).unwrap_or((rest, &[]));
        hits = behind;
        Some((hash, count, here))
    })
}

/// The lines that lie there.
fn lines_in(count: u16, here: &[u8]) -> Vec<u16> {
    if count & BITS == 0 {
        here.as_chunks::<2>().0.iter().map(|two| u16::from_be_bytes(*two)).collect()
    } else {
        (0..LINES as u16).filter(|n| here.get(usize::from(n / 8)).is_some_and(|byte| byte >> (n % 8) & 1 == 1)).collect()
    }
}

/// The lines of a segment, from 0, on which a word stands, out of the bucket's `hits`.
pub(crate) fn lines_of(word: Word, hits: &[u8]) -> Vec<u16> {
    entries(hits).find(|(hash, ..)| *hash == word.within()).map(|(_, count, here)| lines_in(count, here)).unwrap_or_default()
}

/// Every word of a bucket, as its hash within the bucket, with each of its lines.
pub(crate) fn words(hits: &[u8]) -> impl Iterator<Item = (u32, u16)> {
    entries(hits).flat_map(|(hash, count, here)| lines_in(count, here).into_iter().map(move |line| (hash, line)))
}

/// Writes the segments that became full while the ledger grew from `before` lines to `size`.
pub(crate) fn complete(conn: &mut Conn, tenant: &str, before: u64, size: u64) -> Result<(), Error> {
    for n in before / LINES..size / LINES {
        let mut segment = Segment::default();
        let (from, to) = ((n * LINES).cast_signed(), ((n + 1) * LINES).cast_signed());
        conn.each(SOURCE, &values![tenant, from, to], |row| {
            segment.push(row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
            Ok(())
        })?;
        if !segment.is_full() {
            return Err(Error::Edge { tenant: tenant.to_owned() });
        }
        let n = n.cast_signed();
        conn.run(INSERT, &values![tenant, n, segment.earliest(), segment.latest()])?;
        let mut rows = Rows::new(tenant, n.unsigned_abs(), (INSERT_HIT, postgres::INSERT_HITS));
        segment.buckets(|bucket, hits| rows.put(conn, i32::from(bucket), hits))?;
        rows.end(conn)?;
    }
    Ok(())
}

/// How many segments are kept.
pub(crate) fn full(conn: &mut Conn, tenant: &str) -> Result<u64, Error> {
    conn.one(FULL, &values![tenant], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_word_is_found_on_its_lines_and_nowhere_else(of in prop::collection::vec((0_u8..40, 0_u8..3, 0_u16..300), 1..900)) {
            let mut segment = Segment::default();
            for (actor, kind, item) in &of {
                let at = format!("2026-01-01T00:00:00.{:06}Z", item);
                segment.push(&at, &format!("person_{actor}"), &format!("case_{kind}/{item}"), ["a", "b", "c"][usize::from(*kind)], "done", None);
            }
            let mut buckets = BTreeMap::new();
            segment.buckets(|bucket, hits| { buckets.insert(bucket, hits.to_vec()); Ok::<_, ()>(()) }).unwrap();
            let found = |word: Word| buckets.get(&word.bucket()).map(|hits| lines_of(word, hits)).unwrap_or_default();
            let naive = |fits: &dyn Fn(&(u8, u8, u16)) -> bool| (0..of.len() as u16).filter(|n| fits(&of[usize::from(*n)])).collect::<Vec<_>>();
            for actor in 0..41 {
                prop_assert_eq!(found(Word::actor(&format!("person_{actor}"))), naive(&|l| l.0 == actor));
            }
            for kind in 0..3 {
                prop_assert_eq!(found(Word::kind(["a", "b", "c"][kind])), naive(&|l| usize::from(l.1) == kind));
                prop_assert_eq!(found(Word::thing(&format!("case_{kind}"))), naive(&|l| usize::from(l.1) == kind));
            }
            for item in (0..300).step_by(7) {
                prop_assert_eq!(found(Word::item(&item.to_string())), naive(&|l| l.2 == item));
            }
            prop_assert_eq!(segment.earliest(), of.iter().map(|l| format!("2026-01-01T00:00:00.{:06}Z", l.2)).min().unwrap());
            prop_assert_eq!(segment.latest(), of.iter().map(|l| format!("2026-01-01T00:00:00.{:06}Z", l.2)).max().unwrap());
        }
    }

    /// Pins the hash: the index in databases is made of it.
    #[test]
    fn the_hash_of_a_word_does_not_change() {
        assert_eq!(Word::actor("person_1"), Word(HASH));
        assert_ne!(Word::actor("person_1"), Word::thing("person_1"));
        assert_ne!(Word::thing("case_1"), Word::thing("case_1\0"));
    }
    const HASH: u64 = 362_266_786_455;
}
