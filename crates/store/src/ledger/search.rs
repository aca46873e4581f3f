//! Looking for lines: by account, subject, item, kind, outcome, address and time, the newest or the oldest first.
//!
//! The segments say on which lines a word may stand; the lines themselves decide. What is younger than the last full
//! segment is looked through line by line.

mod postgres;
mod sqlite;

use std::collections::BTreeMap;

use jiff::{Timestamp, TimestampRound, Unit};
use rules::log::LogQuery;
use seal::Line;

use super::segment::{LINES, Word, lines_of, parts};
use super::{line, lines};
use crate::engine::{Conn, Engine, Sql, statements};
use crate::error::Error;
use crate::value::{Value, instant, values};

/// Segments that are looked at together at first; each further step looks at twice as many.
const STEP: usize = 8;
const LONGEST_STEP: usize = 512;

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

/// Lines of an account, counted by subject.
macro_rules! counted {
    ($($which:literal),*) => {
        concat!(
            "select l.subject, count(*), min(l.at), max(l.at) from ledger_line l where l.tenant = $1 and ",
            $($which,)*
            " and l.actor = $4 and (cast($5 as text) is null or l.at >= $5) and (cast($6 as text) is null or l.at < $6) group by l.subject"
        )
    };
}
use counted;

statements! {
    SIZE = "select size from ledger_head where tenant = $1";
    SEGMENTS = "select n from ledger_segment where tenant = $1 and (cast($2 as text) is null or latest >= $2)
        and (cast($3 as text) is null or earliest < $3) and n < $4 order by n";
    HITS = "select n, hits from ledger_hit where tenant = $1 and bucket = $2 and n >= $3 and n <= $4";
    NEWEST = between!("desc");
    OLDEST = between!("");
    COUNT = counted!("l.seq > $2 and l.seq < $3");
}

/// The statements of each engine alone, for the test that prepares them.
#[cfg(test)]
pub(crate) const ENGINE_STATEMENTS: &[(Engine, &[Sql])] = &[(Engine::Sqlite, sqlite::STATEMENTS), (Engine::Postgres, postgres::STATEMENTS)];

/// How often an account did something to a thing, and when first and last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectCount {
    /// The thing, without its parts: a case, not its items.
    pub subject: String,
    pub lines: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

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

    /// The numbers of the lines of some segments on which all words stand, rising.
    fn candidates(&self, conn: &mut Conn, segments: &[u64]) -> Result<Vec<u64>, Error> {
        let (Some(first), Some(last)) = (segments.iter().min(), segments.iter().max()) else { return Ok(vec![]) };
        let mut found: Option<BTreeMap<u64, Vec<u16>>> = None;
        for word in &self.words {
            let mut here = BTreeMap::new();
            let values = values![self.tenant, i32::from(word.bucket()), first.cast_signed(), last.cast_signed()];
            conn.each(HITS, &values, |row| {
                let n: u64 = row.get(0)?;
                let before = found.as_ref().map(|found| found.get(&n));
                // Nothing can come of a segment that one word is missing from.
                if !matches!(before, Some(None)) {
                    let mut lines = lines_of(*word, row.get(1)?);
                    if let Some(Some(before)) = before {
                        lines.retain(|line| before.binary_search(line).is_ok());
                    }
                    if !lines.is_empty() {
                        here.insert(n, lines);
                    }
                }
                Ok(())
            })?;
            found = Some(here);
        }
        let found = found.unwrap_or_default();
        let wanted = |n: &u64| segments.binary_search(n).is_ok() || segments.binary_search_by(|s| n.cmp(s)).is_ok();
        Ok(found
            .iter()
            .filter(|(n, _)| wanted(n))
            .flat_map(|(n, lines)| lines.iter().map(move |line| n * LINES + u64::from(*line) + 1))
            .collect())
    }
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
    fn hits(&mut self, conn: &mut Conn, seek: &Seek<'_>, mut segments: &[u64], (low, high): (u64, u64)) -> Result<(), Error> {
        let mut step = STEP;
        while !self.is_full() && !segments.is_empty() {
            let (now, rest) = segments.split_at_checked(step).unwrap_or((segments, &[]));
            (segments, step) = (rest, (step * 2).min(LONGEST_STEP));
            let mut candidates = seek.candidates(conn, now)?;
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

/// How often an account did something to each thing, within a time (item 228(9)); the most often first.
pub fn count_subjects(
    conn: &mut Conn,
    tenant: &str,
    actor: &str,
    (from, until): (Option<Timestamp>, Option<Timestamp>),
) -> Result<Vec<SubjectCount>, Error> {
    let query = LogQuery { actor: Some(actor.to_owned()), from, until, ..LogQuery::default() };
    let seek = Seek::new(tenant, &query);
    let size = size(conn, tenant)?;
    let full = size / LINES;
    let mut counts = Counts::default();
    let rest = values![actor, seek.from.clone(), seek.until.clone()];
    let with = |which: [Value; 2]| [&[Value::from(tenant)], which.as_slice(), rest.as_slice()].concat();
    counts.add(conn, COUNT, &with([Value::from((full * LINES).cast_signed()), Value::from((size + 1).cast_signed())]))?;
    for segments in seek.segments(conn, full)?.chunks(LONGEST_STEP) {
        for seqs in seek.candidates(conn, segments)?.chunks(AT_ONCE) {
            let ((_, sql), list) = by_number(conn.engine(), seqs);
            counts.add(conn, sql, &with([Value::from(list), Value::Null]))?;
        }
    }
    counts.sorted()
}

/// Counts by thing while they add up; times are text, which sorts like time.
#[derive(Default)]
struct Counts(BTreeMap<String, (u64, String, String)>);

impl Counts {
    fn add(&mut self, conn: &mut Conn, sql: Sql, values: &[Value]) -> Result<(), Error> {
        conn.each(sql, values, |row| {
            let (thing, _) = parts(row.get(0)?);
            let (lines, first, last): (u64, &str, &str) = (row.get(1)?, row.get(2)?, row.get(3)?);
            match self.0.get_mut(thing) {
                Some(count) => {
                    count.0 += lines;
                    if first < count.1.as_str() {
                        first.clone_into(&mut count.1);
                    }
                    if last > count.2.as_str() {
                        last.clone_into(&mut count.2);
                    }
                }
                None => drop(self.0.insert(thing.to_owned(), (lines, first.to_owned(), last.to_owned()))),
            }
            Ok(())
        })
    }

    fn sorted(self) -> Result<Vec<SubjectCount>, Error> {
        let time = |text: &str| text.parse().map_err(|_| Error::Time { text: text.to_owned() });
        let counts = self
            .0
            .into_iter()
            .map(|(subject, (lines, first, last))| Ok(SubjectCount { subject, lines, first: time(&first)?, last: time(&last)? }));
        let mut counts = counts.collect::<Result<Vec<SubjectCount>, Error>>()?;
        counts.sort_by(|a, b| b.lines.cmp(&a.lines).then_with(|| a.subject.cmp(&b.subject)));
        Ok(counts)
    }
}
