//! Looking for lines: by account, subject, item, kind, outcome, address and time, the newest or the oldest first.
//!
//! Runs and the segments that no run holds yet say on which lines a word may stand; the lines themselves decide. What is
//! younger than the last full segment is looked through line by line.

pub(crate) mod counts;
mod postgres;
mod sqlite;

use std::collections::BTreeMap;

use jiff::{Timestamp, TimestampRound, Unit};
use rules::log::LogQuery;
use seal::Line;

use super::run::{self, SEGMENTS as IN_RUN};
use super::segment::{self, LINES, Word, parts};
use super::{line, lines};
use crate::engine::{Conn, Engine, Sql, statements};
use crate::error::Error;
use crate::value::{instant, values};

pub use counts::{SubjectCount, count_subjects};

/// Segments that are looked at together at first; each further step looks at twice as many.
const STEP: usize = 8;

/// Runs that are looked at together at most: each word of them takes up to a megabyte.
const MOST_RUNS: usize = 8;

/// Lines that are read by their numbers at once.
const AT_ONCE: usize = 4000;

/// Lines of a ledger between two numbers that fit, as far as SQL tells.
macro_rules! between {
    ($order:literal) => {
        lines!(
            "where l.tenant = $1 and l.seq > $2 and l.seq < $3 \
             and (cast($5 as text) is null or l.actor = $5) and (cast($6 as text) is null or l.kind = $6) \
             and (cast($7 as text) is null or l.outcome = $7) and (cast($8 as text) is null or l.address = $8) \
             and (cast($9 as text) is null or l.at >= $9) and (cast($10 as text) is null or l.at < $10) \
             and (cast($11 as text) is null or l.subject = $11 or (l.subject >= $12 and l.subject < $13)) \
             and (cast($14 as text) is null or l.subject like $14) order by l.seq ",
            $order,
            " limit $4"
        )
    };
}

statements! {
    SIZE = "select size from ledger_head where tenant = $1";
    SEGMENTS = "select n from ledger_segment where tenant = $1 and (cast($2 as text) is null or latest >= $2)
        and (cast($3 as text) is null or earliest < $3) and n < $4 order by n";
    HITS = "select s.n, h.hits from ledger_segment s join ledger_hit h on h.tenant = s.tenant and h.n = s.n and h.bucket = $2
        where s.tenant = $1 and s.n >= $3 and s.n <= $4";
    RUN_HITS = "select n, hits from ledger_run where tenant = $1 and bucket = $2 and n >= $3 and n <= $4";
    NEWEST = between!("desc");
    OLDEST = between!("");
}

/// The statements of each engine alone, for the test that prepares them.
#[cfg(test)]
pub(crate) const ENGINE_STATEMENTS: &[(Engine, &[Sql])] = &[(Engine::Sqlite, sqlite::STATEMENTS), (Engine::Postgres, postgres::STATEMENTS)];

/// Whether a line is among what `query` asks for: what every search must answer like.
pub fn fits(query: &LogQuery, line: &Line) -> bool {
    let head = &line.head;
    let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
    let item = || query.item.is_none_or(|item| parts(&head.subject).1 == Some(item.to_string().as_str()));
    let subject = || {
        query.subject.as_deref().is_none_or(|s| head.subject.strip_prefix(s).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    };
    let time = || {
        query.from.is_none() && query.until.is_none()
            || head.at.parse::<Timestamp>().is_ok_and(|at| query.from.is_none_or(|f| at >= f) && query.until.is_none_or(|u| at < u))
    };
    same(&query.actor, &head.actor)
        && same(&query.kind, &head.kind)
        && same(&query.outcome, &head.outcome)
        && query.address.as_ref().is_none_or(|wanted| head.address.as_ref() == Some(wanted))
        && item()
        && subject()
        && time()
}

/// A moment as lines have it, rounded up to their microseconds: text that compares as the moment does.
fn bound(at: Timestamp) -> String {
    instant(at.round(TimestampRound::new().smallest(Unit::Microsecond).mode(jiff::RoundMode::Ceil)).unwrap_or(at))
}

/// What a search looks for, made ready.
struct Seek<'a> {
    tenant: &'a str,
    query: &'a LogQuery,
    words: Vec<Word>,
    from: Option<String>,
    until: Option<String>,
}

impl<'a> Seek<'a> {
    fn new(tenant: &'a str, query: &'a LogQuery) -> Seek<'a> {
        let mut words = Vec::new();
        if let Some(subject) = &query.subject {
            let (thing, item) = parts(subject);
            words.push(Word::thing(thing));
            words.extend(item.map(Word::item));
        }
        words.extend(query.item.map(|item| Word::item(&item.to_string())));
        words.extend(query.address.as_deref().map(Word::address));
        words.extend(query.outcome.as_deref().and_then(Word::outcome));
        words.extend(query.actor.as_deref().map(Word::actor));
        words.extend(query.kind.as_deref().map(Word::kind));
        Seek { tenant, query, words, from: query.from.map(bound), until: query.until.map(bound) }
    }

    /// The full segments, of `full`, whose times may fit, the oldest first.
    fn segments(&self, conn: &mut Conn, full: u64) -> Result<Vec<u64>, Error> {
        if self.from.is_none() && self.until.is_none() {
            return Ok((0..full).collect());
        }
        let values = values![self.tenant, self.from.clone(), self.until.clone(), full.cast_signed()];
        conn.rows(SEGMENTS, &values, |row| row.get(0))
    }

    /// The numbers of the lines of a part of the index on which all words stand, rising; more than `segments` may be in it.
    fn candidates(&self, conn: &mut Conn, part: Part<'_>) -> Result<Vec<u64>, Error> {
        let (Some(first), Some(last)) = (part.segments.iter().min(), part.segments.iter().max()) else { return Ok(vec![]) };
        let (sql, width) = if part.runs { (RUN_HITS, IN_RUN) } else { (HITS, 1) };
        let mut found: Option<BTreeMap<u64, Vec<u32>>> = None;
        for word in &self.words {
            let mut here = BTreeMap::new();
            let bucket = if part.runs { run::bucket(*word) } else { i32::from(word.bucket()) };
            let values = values![self.tenant, bucket, (first / width).cast_signed(), (last / width).cast_signed()];
            conn.each(sql, &values, |row| {
                let n: u64 = row.get(0)?;
                let before = found.as_ref().map(|found| found.get(&n));
                // Nothing can come of a place that one word is missing from.
                if !matches!(before, Some(None)) {
                    let mut lines: Vec<u32> = if part.runs {
                        run::lines_of(*word, row.get(1)?)
                    } else {
                        segment::lines_of(*word, row.get(1)?).into_iter().map(u32::from).collect()
                    };
                    if let Some(Some(before)) = before {
                        lines.retain(|line| before.binary_search(line).is_ok());
                    }
                    if !lines.is_empty() {
                        here.insert(n, lines);
                    }
                }
                Ok(())
            })?;
            let none = here.is_empty();
            found = Some(here);
            if none {
                break;
            }
        }
        let wanted = |n: u64| part.segments.binary_search(&n).is_ok() || part.segments.binary_search_by(|s| n.cmp(s)).is_ok();
        let found = found.unwrap_or_default();
        let seqs = found.iter().flat_map(|(n, lines)| lines.iter().map(move |line| n * width * LINES + u64::from(*line) + 1));
        Ok(seqs.filter(|seq| wanted((seq - 1) / LINES)).collect())
    }

    /// The parts of the index that hold these segments, rising or falling as they are: few at first, then more at once.
    fn parts<'s>(&self, mut segments: &'s [u64], runs: u64) -> Vec<Part<'s>> {
        let (mut out, mut step, mut runs_step) = (Vec::new(), STEP, 1);
        while let Some(first) = segments.first() {
            let in_run = |n: &u64| *n < runs * IN_RUN;
            let held = in_run(first);
            let same = segments.partition_point(|n| in_run(n) == held);
            let most = if held {
                let far = segments.partition_point(|n| (n / IN_RUN).abs_diff(first / IN_RUN) < runs_step);
                runs_step = (runs_step * 2).min(MOST_RUNS as u64);
                far
            } else {
                step *= 2;
                step / 2
            };
            let Some((these, later)) = segments.split_at_checked(most.min(same)) else { break };
            out.push(Part { runs: held, segments: these });
            segments = later;
        }
        out
    }
}

/// Segments that are looked at together: in the runs that hold them, or in themselves.
#[derive(Debug, Clone, Copy)]
struct Part<'s> {
    runs: bool,
    segments: &'s [u64],
}

/// A page of at most `limit` lines of a ledger that fit `query`; `after` is the number of the last line of the page before.
pub fn search(conn: &mut Conn, tenant: &str, query: &LogQuery, after: Option<u64>, limit: usize) -> Result<Vec<Line>, Error> {
    let size = size(conn, tenant)?;
    let seek = Seek::new(tenant, query);
    // Between these, exclusive.
    let (low, high) = if query.rising { (after.unwrap_or(0), size + 1) } else { (0, after.unwrap_or(size + 1).min(size + 1)) };
    let full = size / LINES;
    let mut segments = seek.segments(conn, full)?;
    segments.retain(|n| (n + 1) * LINES > low && n * LINES + 1 < high);
    if !query.rising {
        segments.reverse();
    }
    let tail = (low.max(full * LINES), high);
    let mut page = Page { limit, out: Vec::new() };
    if !query.rising {
        page.scan(conn, &seek, tail)?;
    }
    if seek.words.is_empty() {
        page.runs(conn, &seek, &segments, (low, high))?;
    } else {
        page.hits(conn, &seek, &segments, (low, high))?;
    }
    if query.rising {
        page.scan(conn, &seek, tail)?;
    }
    Ok(page.out)
}

/// How many lines a ledger has.
pub fn size(conn: &mut Conn, tenant: &str) -> Result<u64, Error> {
    Ok(conn.first(SIZE, &values![tenant], |row| row.get(0))?.unwrap_or(0))
}

/// A page while it fills.
struct Page {
    limit: usize,
    out: Vec<Line>,
}

impl Page {
    fn is_full(&self) -> bool {
        self.out.len() >= self.limit
    }

    /// Looks through all lines between two numbers.
    fn scan(&mut self, conn: &mut Conn, seek: &Seek<'_>, (mut low, mut high): (u64, u64)) -> Result<(), Error> {
        let LogQuery { actor, subject, kind, outcome, address, rising, .. } = seek.query;
        let parts = subject.as_ref().map(|s| format!("{s}/"));
        // '0' follows '/' in byte order: the parts of a thing lie between the two.
        let behind = subject.as_ref().map(|s| format!("{s}0"));
        let with_item = seek.query.item.map(|item| format!("%/{item}%"));
        while !self.is_full() && low + 1 < high {
            let most = self.limit - self.out.len();
            let values = values![
                seek.tenant,
                low.cast_signed(),
                high.cast_signed(),
                most as i64,
                actor.clone(),
                kind.clone(),
                outcome.clone(),
                address.clone(),
                seek.from.clone(),
                seek.until.clone(),
                subject.clone(),
                parts.clone(),
                behind.clone(),
                with_item.clone()
            ];
            let (mut seen, mut last) = (0, 0);
            conn.each(if *rising { OLDEST } else { NEWEST }, &values, |row| {
                let line = line(row)?;
                (seen, last) = (seen + 1, line.head.seq);
                self.out.extend(Some(line).filter(|line| fits(seek.query, line)));
                Ok(())
            })?;
            if seen < most {
                return Ok(());
            }
            if *rising { low = last } else { high = last }
        }
        Ok(())
    }

    /// Looks through segments that only time chose.
    fn runs(&mut self, conn: &mut Conn, seek: &Seek<'_>, segments: &[u64], (low, high): (u64, u64)) -> Result<(), Error> {
        for run in segments.chunk_by(|a, b| a.abs_diff(*b) == 1) {
            if let (Some(first), Some(last)) = (run.iter().min(), run.iter().max()) {
                self.scan(conn, seek, (low.max(first * LINES), high.min((last + 1) * LINES + 1)))?;
            }
        }
        Ok(())
    }

    /// Looks through segments for the lines on which all words stand.
    fn hits(&mut self, conn: &mut Conn, seek: &Seek<'_>, segments: &[u64], (low, high): (u64, u64)) -> Result<(), Error> {
        let runs = run::full(conn, seek.tenant)?;
        for part in seek.parts(segments, runs) {
            if self.is_full() {
                return Ok(());
            }
            let mut candidates = seek.candidates(conn, part)?;
            candidates.retain(|seq| *seq > low && *seq < high);
            if !seek.query.rising {
                candidates.reverse();
            }
            let mut candidates = candidates.as_slice();
            while !self.is_full() && !candidates.is_empty() {
                // Some more than are missing: time may refuse a few.
                let most = (self.limit - self.out.len() + 8).min(AT_ONCE);
                let (these, later) = candidates.split_at_checked(most).unwrap_or((candidates, &[]));
                candidates = later;
                let ((sql, _), list) = by_number(conn.engine(), these);
                let mut lines = conn.rows(sql, &values![seek.tenant, list], line)?;
                lines.retain(|line| fits(seek.query, line));
                lines.sort_by_key(|line| line.head.seq);
                if !seek.query.rising {
                    lines.reverse();
                }
                lines.truncate(self.limit - self.out.len());
                self.out.extend(lines);
            }
        }
        Ok(())
    }
}

/// The statements that read and that count lines by their numbers, and the numbers as they take them.
fn by_number(engine: Engine, seqs: &[u64]) -> ((Sql, Sql), String) {
    let (sql, (open, close)) = match engine {
        Engine::Sqlite => (sqlite::BY_NUMBER, sqlite::LIST),
        Engine::Postgres => (postgres::BY_NUMBER, postgres::LIST),
    };
    let numbers: Vec<String> = seqs.iter().map(u64::to_string).collect();
    (sql, format!("{open}{}{close}", numbers.join(",")))
}
