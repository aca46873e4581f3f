//! How often an account did something to each thing within a time: what item 228(9) asks for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rules::log::LogQuery;

use super::{AT_ONCE, Seek, by_number, size};
use crate::engine::{Conn, Sql, statements};
use crate::error::Error;
use crate::ledger::run;
use crate::ledger::segment::{LINES, parts};
use crate::value::{Value, values};

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
pub(super) use counted;

statements! {
    COUNT = counted!("l.seq > $2 and l.seq < $3");
}

/// How often an account did something to a thing, and when first and last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectCount {
    /// The thing, without its parts: a case, not its items.
    pub subject: String,
    pub lines: u64,
    pub first: Timestamp,
    pub last: Timestamp,
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
    let (segments, runs) = (seek.segments(conn, full)?, run::full(conn, tenant)?);
    for part in seek.parts(&segments, runs) {
        for seqs in seek.candidates(conn, part)?.chunks(AT_ONCE) {
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
