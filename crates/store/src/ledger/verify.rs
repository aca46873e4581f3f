//! The full check: every hash of every ledger is made anew from its lines, and nothing that is kept beside them is believed.

use std::collections::{BTreeMap, HashMap};

use rules::id::Pos;
use seal::line::{Fields, Problem};
use seal::merkle::sha256;
use seal::tiles::{WIDTH, tile_root};
use seal::{Frontier, Hash, Wrong, leaf_hash};

use super::run::{self, Run};
use super::segment::{LINES, Segment};
use super::{HEADS, INSTALLATION, edge, fields, last_pos, lines};
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::read::Look;
use crate::value::values;

/// How many lines are read at once when the whole ledger is read.
const PAGE: i64 = 4096;

/// The kind of line that says which payloads left its ledger, in the field `seqs`: from, to.
const ERASED: &str = "payloads_erased";

statements! {
    AFTER = lines!("where l.pos > $1 and l.pos <= $2 order by l.pos");
    TILES = "select tenant, level, n, root, hashes from ledger_tile order by tenant, level, n";
    SEGMENTS = "select tenant, n, earliest, latest from ledger_segment order by tenant, n";
    HITS = "select tenant, bucket, n, hits from ledger_hit";
    RUNS = "select tenant, bucket, n, hits from ledger_run";
}

/// Hears how far a check is: done and all, in lines.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// What a check found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub lines: u64,
    /// Lines whose payload was erased, each accounted for by a later line of its ledger.
    pub erased: u64,
    /// The root of each tenant's tree, by tenant.
    pub roots: Vec<(String, u64, Hash)>,
}

impl Verified {
    /// How many ledgers there are.
    pub fn tenants(&self) -> usize {
        self.roots.len()
    }
}

/// What the search index of a segment adds up to: its times, and the sum of the hashes of its buckets.
#[derive(Debug, Default, PartialEq, Eq)]
struct SegmentSum {
    earliest: String,
    latest: String,
    buckets: Hash,
}

/// Adds the hash of one bucket. Sums do not depend on the order, so that buckets are read as they lie.
fn add_bucket(sum: &mut Hash, bucket: i32, hits: &[u8]) {
    let hash = sha256(&[&bucket.to_be_bytes(), hits]);
    let mut carry = 0;
    for (place, byte) in sum.iter_mut().zip(hash) {
        let added = u16::from(*place) + u16::from(byte) + carry;
        *place = added as u8;
        carry = added >> 8;
    }
}

/// One tenant's ledger while its lines are read.
struct Ledger {
    kept: Frontier,
    /// Lines read.
    lines: u64,
    /// Of the last line read.
    pos: u64,
    /// Hashes of each level of tiles that no full tile holds yet.
    levels: Vec<Vec<Hash>>,
    /// Of each full tile, by level and number: its root and the digest of its hashes.
    tiles: BTreeMap<(u8, u64), (Hash, Hash)>,
    segment: Segment,
    segments: Vec<SegmentSum>,
    run: Run,
    /// Of each full run: the sum of the hashes of its buckets.
    runs: Vec<Hash>,
    /// Lines without payload that no erasure accounts for yet, with their positions.
    missing: BTreeMap<u64, u64>,
    erased: u64,
}

impl Ledger {
    fn new(kept: Frontier) -> Ledger {
        Ledger {
            kept,
            lines: 0,
            pos: 0,
            levels: vec![],
            tiles: BTreeMap::new(),
            segment: Segment::default(),
            segments: vec![],
            run: Run::default(),
            runs: vec![],
            missing: BTreeMap::new(),
            erased: 0,
        }
    }

    /// Takes the next line: all its hashes are made anew.
    fn check(&mut self, head: &Fields<'_>, payload: Option<(&[u8], &str)>, leaf: &[u8], bytes: &mut Vec<u8>) -> Result<(), Problem> {
        if head.seq != self.lines + 1 {
            return Err(Problem::Seq { expected: self.lines + 1 });
        }
        match payload {
            None => drop(self.missing.insert(head.seq, head.pos)),
            Some((salt, text)) if sha256(&[salt, text.as_bytes()]) != head.payload_digest => return Err(Problem::Payload),
            Some((_, text)) if head.kind == ERASED => self.account(head.seq, text),
            Some(_) => {}
        }
        bytes.clear();
        head.encode_into(bytes);
        let made = leaf_hash(bytes);
        if made != leaf {
            return Err(Problem::Leaf);
        }
        (self.lines, self.pos) = (head.seq, head.pos);
        self.grow(made);
        // Only what a full segment will hold is collected.
        if self.lines <= self.kept.size() / LINES * LINES {
            self.segment.push(head.at, head.actor, head.subject, head.kind, head.outcome, head.address);
            if self.segment.is_full() {
                self.close_segment();
            }
        }
        Ok(())
    }

    /// Takes the lines that this erasure names off the list of those whose payload is missing.
    fn account(&mut self, seq: u64, text: &str) {
        #[derive(serde::Deserialize)]
        struct Erasure {
            seqs: Vec<(u64, u64)>,
        }
        let Ok(erasure) = serde_json::from_str::<Erasure>(text) else { return };
        for (from, to) in erasure.seqs {
            // An erasure accounts for what was there before it.
            let to = to.min(seq.saturating_sub(1));
            while let Some(found) = self.missing.range(from..).next().map(|(found, _)| *found).filter(|found| *found <= to) {
                self.missing.remove(&found);
                self.erased += 1;
            }
        }
    }

    fn grow(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in 0..8u8 {
            if self.levels.len() <= usize::from(level) {
                self.levels.push(Vec::with_capacity(WIDTH));
            }
            let Some(row) = self.levels.get_mut(usize::from(level)) else { return };
            row.push(hash);
            if row.len() < WIDTH {
                return;
            }
            hash = tile_root(row);
            let n = full(self.lines, level).saturating_sub(1);
            self.tiles.insert((level, n), (hash, sha256(&[row.as_flattened()])));
            row.clear();
        }
    }

    fn close_segment(&mut self) {
        let mut segment = std::mem::take(&mut self.segment);
        let mut sum = SegmentSum { earliest: segment.earliest().to_owned(), latest: segment.latest().to_owned(), buckets: [0; 32] };
        let Ok(()) = segment.buckets(|bucket, hits| {
            add_bucket(&mut sum.buckets, i32::from(bucket), hits);
            Ok::<(), std::convert::Infallible>(())
        });
        // Once its buckets were made its hits are in order, and each of them is there once.
        let n = self.segments.len() as u64;
        if n < self.kept.size() / run::LINES * run::SEGMENTS {
            self.run.segment(n % run::SEGMENTS, segment.hits());
        }
        self.segments.push(sum);
        if (n + 1).is_multiple_of(run::SEGMENTS) {
            let mut sum = [0; 32];
            let Ok(()) = std::mem::take(&mut self.run).buckets(|bucket, hits| {
                add_bucket(&mut sum, bucket, hits);
                Ok::<(), std::convert::Infallible>(())
            });
            self.runs.push(sum);
        }
    }

    /// The edge of the tree of the lines read; compares it with the one that was kept.
    fn end(&self, tenant: &str) -> Result<(), Wrong> {
        if edge_of(self.lines, &self.levels).as_ref() == Some(&self.kept) {
            return Ok(());
        }
        let (lines, kept) = (self.lines, self.kept.size());
        Err(Wrong { tenant: tenant.to_owned(), seq: lines.min(kept), pos: self.pos, problem: Problem::Edge { lines, kept } })
    }
}

/// How many tiles of a level are full in a tree of that size.
pub(super) fn full(size: u64, level: u8) -> u64 {
    size.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0)
}

/// The edge of a tree from the hashes of each level that no full tile holds.
pub(super) fn edge_of(size: u64, levels: &[Vec<Hash>]) -> Option<Frontier> {
    let mut roots = Vec::new();
    for level in levels.iter().rev() {
        let mut rest = level.as_slice();
        while !rest.is_empty() {
            let (perfect, behind) = rest.split_at_checked(1 << rest.len().ilog2())?;
            roots.extend(tile_root(perfect));
            rest = behind;
        }
    }
    Frontier::from_bytes(size, &roots).ok()
}

/// A part of what is kept beside the lines is not what the lines make.
pub(super) fn other(tenant: &str, problem: String) -> Error {
    Error::Tree { tenant: tenant.to_owned(), problem }
}

/// The position of the last line, and the kept edge of every ledger.
pub(super) fn kept(conn: &mut Conn) -> Result<(Pos, Vec<(String, Frontier)>), Error> {
    let end = last_pos(conn)?;
    let kept = conn.rows(HEADS, &[], |row| {
        let tenant: String = row.get(0)?;
        let edge = edge(&tenant, row, 1)?;
        Ok((tenant, edge))
    })?;
    Ok((end, kept))
}

/// Checks every line of every ledger, then tiles and search index. Stops at the first wrong line with [`Error::Ledger`];
/// what is wrong beside the lines is an [`Error::Tree`].
///
/// Reads a store in pages, so that a long check holds no snapshot; lines written meanwhile are left for the next one.
pub(crate) fn verify(from: &mut impl Look, told: Progress<'_>) -> Result<Verified, Error> {
    let (end, heads) = from.look(kept)?;
    let mut ledgers: HashMap<String, Ledger> = heads.iter().map(|(tenant, kept)| (tenant.clone(), Ledger::new(kept.clone()))).collect();
    let total = end.0.unsigned_abs();
    let mut at = Pos::NEVER;
    let mut bytes = Vec::with_capacity(512);
    while at < end {
        let begin = at;
        let to = Pos(end.0.min(begin.0 + PAGE));
        from.look(|conn| conn.each(AFTER, &values![begin, to], |row| take(row, &mut at, &mut ledgers, &mut bytes)))?;
        if at != to {
            // Positions up to `end` were there a moment ago: somebody removes lines while we look, or did before.
            let expected = at.0.unsigned_abs() + 1;
            let problem = Problem::Pos { expected };
            return Err(Wrong { tenant: INSTALLATION.to_owned(), seq: 0, pos: at.0.unsigned_abs(), problem }.into());
        }
        told(at.0.unsigned_abs(), total);
    }
    let missing = ledgers.iter().flat_map(|(tenant, ledger)| ledger.missing.iter().map(move |(seq, pos)| (*pos, *seq, tenant)));
    if let Some((pos, seq, tenant)) = missing.min() {
        return Err(Wrong { tenant: tenant.clone(), seq, pos, problem: Problem::PayloadMissing }.into());
    }
    for (tenant, ledger) in sorted(&ledgers) {
        ledger.end(tenant)?;
    }
    from.look(|conn| {
        check_tiles(conn, &ledgers)?;
        check_segments(conn, &ledgers)?;
        check_runs(conn, &ledgers)
    })?;
    let roots = heads.into_iter().map(|(tenant, kept)| (tenant, kept.size(), kept.root())).collect();
    Ok(Verified { lines: total, erased: ledgers.values().map(|ledger| ledger.erased).sum(), roots })
}

fn sorted(ledgers: &HashMap<String, Ledger>) -> BTreeMap<&str, &Ledger> {
    ledgers.iter().map(|(tenant, ledger)| (tenant.as_str(), ledger)).collect()
}

/// Takes one row of `lines!`.
fn take(row: &Row<'_>, at: &mut Pos, ledgers: &mut HashMap<String, Ledger>, bytes: &mut Vec<u8>) -> Result<(), Error> {
    let head = fields(row)?;
    let wrong = |problem| Wrong { tenant: head.tenant.to_owned(), seq: head.seq, pos: head.pos, problem };
    let expected = at.0.unsigned_abs() + 1;
    if head.pos != expected {
        return Err(wrong(Problem::Pos { expected }).into());
    }
    let payload = match (row.get(12)?, row.get(13)?) {
        (Some(salt), Some(text)) => Some((salt, text)),
        _ => None,
    };
    if !ledgers.contains_key(head.tenant) {
        // No edge is kept of it: its lines are read to the end, and then told to be too many.
        ledgers.insert(head.tenant.to_owned(), Ledger::new(Frontier::new()));
    }
    if let Some(ledger) = ledgers.get_mut(head.tenant) {
        ledger.check(&head, payload, row.get(11)?, bytes).map_err(wrong)?;
    }
    *at = Pos(head.pos.cast_signed());
    Ok(())
}

/// Compares the kept tiles with those that the lines make.
fn check_tiles(conn: &mut Conn, ledgers: &HashMap<String, Ledger>) -> Result<(), Error> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    conn.each(TILES, &[], |row| {
        let (tenant, level, n): (&str, i64, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let name = || format!("tile {level}/{n}");
        let ledger = ledgers.get(tenant).ok_or_else(|| other(tenant, format!("{} belongs to no ledger", name())))?;
        let level = u8::try_from(level).map_err(|_| other(tenant, format!("{} is of no level", name())))?;
        let Some((root, digest)) = ledger.tiles.get(&(level, n)) else {
            // A tile that became full after we began is for the next check.
            return if level < 8 && n >= full(ledger.lines, level) {
                Ok(())
            } else {
                Err(other(tenant, format!("{} has no lines", name())))
            };
        };
        if row.get::<&[u8]>(3)? != root || sha256(&[row.get(4)?]) != *digest {
            return Err(other(tenant, format!("{} is not what its lines make", name())));
        }
        *seen.entry(tenant.to_owned()).or_default() += 1;
        Ok(())
    })?;
    for (tenant, ledger) in sorted(ledgers) {
        let (kept, made) = (seen.get(tenant).copied().unwrap_or(0), ledger.tiles.len());
        if kept != made {
            return Err(other(tenant, format!("{kept} full tiles are kept where the lines make {made}")));
        }
    }
    Ok(())
}

/// Compares the kept search index with what the lines make.
fn check_segments(conn: &mut Conn, ledgers: &HashMap<String, Ledger>) -> Result<(), Error> {
    let mut sums: HashMap<String, Vec<SegmentSum>> = HashMap::new();
    conn.each(SEGMENTS, &[], |row| {
        let (tenant, n): (&str, usize) = (row.get(0)?, row.get::<u64>(1)? as usize);
        if !sums.contains_key(tenant) {
            sums.insert(tenant.to_owned(), Vec::new());
        }
        let Some(sums) = sums.get_mut(tenant) else { return Ok(()) };
        if sums.len() != n {
            return Err(other(tenant, format!("segment {} of the search index is missing", sums.len())));
        }
        sums.push(SegmentSum { earliest: row.get(2)?, latest: row.get(3)?, buckets: [0; 32] });
        Ok(())
    })?;
    conn.each(HITS, &[], |row| {
        let (tenant, bucket, n): (&str, i64, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let sum = sums.get_mut(tenant).and_then(|sums| sums.get_mut(n as usize));
        let (Some(sum), Ok(bucket)) = (sum, i32::try_from(bucket)) else {
            return Err(other(tenant, format!("bucket {bucket} of segment {n} of the search index belongs nowhere")));
        };
        add_bucket(&mut sum.buckets, bucket, row.get(3)?);
        Ok(())
    })?;
    if let Some(tenant) = sums.keys().find(|tenant| !ledgers.contains_key(*tenant)) {
        return Err(other(tenant, "the search index has segments of a ledger that is not there".to_owned()));
    }
    for (tenant, ledger) in sorted(ledgers) {
        let kept = sums.remove(tenant).unwrap_or_default();
        if let Some(n) = (0..ledger.segments.len()).find(|n| kept.get(*n) != ledger.segments.get(*n)) {
            return Err(other(tenant, format!("segment {n} of the search index is not what its lines make")));
        }
    }
    Ok(())
}

/// Compares the kept runs of the search index with what the lines make.
fn check_runs(conn: &mut Conn, ledgers: &HashMap<String, Ledger>) -> Result<(), Error> {
    let mut sums: HashMap<String, BTreeMap<u64, Hash>> = HashMap::new();
    conn.each(RUNS, &[], |row| {
        let (tenant, bucket, n): (&str, i64, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(ledger) = ledgers.get(tenant) else {
            return Err(other(tenant, "the search index has runs of a ledger that is not there".to_owned()));
        };
        // A run that became full after we began is for the next check.
        if n < ledger.lines / run::LINES {
            let sum = sums.entry(tenant.to_owned()).or_default().entry(n).or_default();
            add_bucket(sum, i32::try_from(bucket).unwrap_or(-1), row.get(3)?);
        }
        Ok(())
    })?;
    for (tenant, ledger) in sorted(ledgers) {
        let kept = sums.remove(tenant).unwrap_or_default();
        if let Some(n) = (0..ledger.runs.len()).find(|n| kept.get(&(*n as u64)) != ledger.runs.get(*n)) {
            return Err(other(tenant, format!("run {n} of the search index is not what its lines make")));
        }
    }
    Ok(())
}
