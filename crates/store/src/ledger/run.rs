//! The second step of the search index: 64 segments are a run, which says on which of its 262,144 lines a word stands.
//!
//! A segment is small, so that little has to be looked through line by line; many of them make many places to read.
//! At ten million lines a word is looked up in 38 runs and at most 63 segments, in place of 2,441 segments.

pub(crate) mod postgres;

use crate::engine::{Conn, Engine, Sql, statements};
use crate::error::Error;
use crate::value::values;

use super::segment::{self, Word, words};

/// Segments of a run; few in the tests of this crate, so that they have runs.
pub(crate) const SEGMENTS: u64 = if cfg!(test) { 2 } else { 64 };

/// Lines of a run.
pub(crate) const LINES: u64 = SEGMENTS * segment::LINES;

/// The bucket that says that a run is there: above all that a word may have. It holds nothing.
const THERE: i32 = 4096;

/// Rows that go to PostgreSQL in one statement.
const ROWS: usize = 512;

statements! {
    SOURCE = "select n, hits, bucket from ledger_hit where tenant = $1 and n >= $2 and n < $3";
    INSERT = "insert into ledger_run (tenant, bucket, n, hits) values ($1, $2, $3, $4)";
    FULL = "select coalesce(max(n), -1) + 1 from ledger_run where tenant = $1 and bucket = 4096";
}

/// Rows of the index on their way to the database, of one segment or run.
pub(crate) struct Rows<'a> {
    tenant: &'a str,
    n: i64,
    /// One row; many rows on PostgreSQL.
    sql: (Sql, Sql),
    waiting: Vec<serde_json::Value>,
}

impl<'a> Rows<'a> {
    pub fn new(tenant: &'a str, n: u64, sql: (Sql, Sql)) -> Rows<'a> {
        Rows { tenant, n: n.cast_signed(), sql, waiting: Vec::new() }
    }

    pub fn put(&mut self, conn: &mut Conn, bucket: i32, hits: &[u8]) -> Result<(), Error> {
        if conn.engine() == Engine::Sqlite {
            return conn.run(self.sql.0, &values![self.tenant, bucket, self.n, hits]).map(drop);
        }
        self.waiting.push(serde_json::json!({ "b": bucket, "h": super::pending::hex(hits) }));
        if self.waiting.len() < ROWS { Ok(()) } else { self.end(conn) }
    }

    /// Sends what waits.
    pub fn end(&mut self, conn: &mut Conn) -> Result<(), Error> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let rows = serde_json::Value::Array(std::mem::take(&mut self.waiting)).to_string();
        conn.run(self.sql.1, &values![self.tenant, self.n, rows]).map(drop)
    }
}

/// The bucket of a word: 12 of its 40 bits.
pub(crate) fn bucket(word: Word) -> i32 {
    (word.bits() >> 28) as i32
}

/// The other 28.
fn within(word: Word) -> u32 {
    (word.bits() & 0x0fff_ffff) as u32
}

/// A run while its segments are read.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// A word's 40 bits, then 18 of the line.
    hits: Vec<u64>,
}

impl Run {
    /// Takes what stands in a segment, the `n`th of the run: hits with 40 bits of the word, then 12 of the line.
    pub fn segment(&mut self, n: u64, hits: impl Iterator<Item = u64>) {
        self.hits.extend(hits.map(|hit| hit >> 12 << 18 | n << 12 | (hit & 0xfff)));
    }

    /// Hands over each bucket that holds something, and the one that says that the run is there: for each word 4 bytes
    /// of hash, the length of what follows, then the steps from line to line.
    pub fn buckets<E>(mut self, mut take: impl FnMut(i32, &[u8]) -> Result<(), E>) -> Result<(), E> {
        // Not the unstable sort: what comes from segments is in rising pieces.
        self.hits.sort();
        let (mut out, mut steps) = (Vec::with_capacity(4096), Vec::with_capacity(4096));
        for bucket in self.hits.chunk_by(|a, b| a >> 46 == b >> 46) {
            out.clear();
            for lines in bucket.chunk_by(|a, b| a >> 18 == b >> 18) {
                let Some(first) = lines.first() else { continue };
                steps.clear();
                let mut last = 0;
                for hit in lines {
                    let line = (hit & 0x3_ffff) as u32;
                    put(&mut steps, line - last);
                    last = line;
                }
                out.extend(((first >> 18) as u32 & 0x0fff_ffff).to_be_bytes());
                put(&mut out, steps.len() as u32);
                out.extend_from_slice(&steps);
            }
            if let Some(first) = bucket.first() {
                take((first >> 46) as i32, &out)?;
            }
        }
        take(THERE, &[])
    }
}

/// A number in as many bytes as it needs, 7 bits in each, the lowest first.
fn put(out: &mut Vec<u8>, mut number: u32) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes such a number from the front.
fn number(from: &mut &[u8]) -> Option<u32> {
    let (mut number, mut shift) = (0_u32, 0);
    loop {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        number |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}

/// The lines of a run, from 0, on which a word stands, out of the bucket's `hits`.
pub(crate) fn lines_of(word: Word, mut hits: &[u8]) -> Vec<u32> {
    while let Some((hash, rest)) = hits.split_first_chunk::<4>() {
        hits = rest;
        let Some((mut here, behind)) = number(&mut hits).and_then(|long| hits.split_at_checked(long as usize)) else { break };
        if u32::from_be_bytes(*hash) == within(word) {
            let (mut lines, mut last) = (Vec::with_capacity(here.len()), 0_u32);
            while let Some(step) = number(&mut here) {
                last = last.wrapping_add(step);
                lines.push(last);
            }
            return lines;
        }
        hits = behind;
    }
    Vec::new()
}

/// Writes the runs that became full while the ledger grew from `before` lines to `size`, from their segments.
pub(crate) fn complete(conn: &mut Conn, tenant: &str, before: u64, size: u64) -> Result<(), Error> {
    for n in before / LINES..size / LINES {
        let (from, to) = ((n * SEGMENTS).cast_signed(), ((n + 1) * SEGMENTS).cast_signed());
        let mut run = Run::default();
        conn.each(SOURCE, &values![tenant, from, to], |row| {
            let (segment, bucket): (u64, u64) = (row.get(0)?, row.get(2)?);
            run.segment(
                segment % SEGMENTS,
                words(row.get(1)?).map(|(hash, line)| (bucket << 32 | u64::from(hash)) << 12 | u64::from(line)),
            );
            Ok(())
        })?;
        let mut rows = Rows::new(tenant, n, (INSERT, postgres::INSERT_RUN));
        run.buckets(|bucket, hits| rows.put(conn, bucket, hits))?;
        rows.end(conn)?;
    }
    Ok(())
}

/// How many runs are kept.
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
        fn every_word_is_found_on_its_lines_and_nowhere_else(of in prop::collection::btree_set((0_u64..40, 0_u32..LINES as u32), 1..900)) {
            let mut run = Run::default();
            let name = |word: u64| Word::actor(&format!("person_{word}"));
            for segment in 0..SEGMENTS {
                let here = of.iter().filter(|(_, line)| u64::from(line >> 12) == segment);
                run.segment(segment, here.map(|(word, line)| name(*word).bits() << 12 | u64::from(line & 0xfff)));
            }
            let mut buckets = BTreeMap::new();
            run.buckets(|bucket, hits| { buckets.insert(bucket, hits.to_vec()); Ok::<_, ()>(()) }).unwrap();
            prop_assert_eq!(buckets.get(&THERE), Some(&vec![]));
            for word in 0..41 {
                let found = buckets.get(&bucket(name(word))).map(|hits| lines_of(name(word), hits)).unwrap_or_default();
                prop_assert_eq!(found, of.iter().filter(|(w, _)| *w == word).map(|(_, line)| *line).collect::<Vec<_>>());
            }
        }

        #[test]
        fn bytes_of_anybody_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            lines_of(Word::actor("person_1"), &bytes);
        }
    }
}
