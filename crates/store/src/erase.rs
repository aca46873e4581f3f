//! Erasing: which lines are about a matter, and how rows and payloads leave under tombstones.

mod look;

use std::collections::BTreeMap;

use rules::change::Change;
use rules::id::{self, Digest, Id, Pos};
use rules::keeping::{ERASED, Erasure, Matter, Scope, erased_email};
use rules::log::LogQuery;
use seal::Line;

use crate::engine::{Conn, Sql, statements};
use crate::error::Error;
use crate::ledger;
use crate::tables::json;
use crate::value::values;

pub use look::{FilesLooked, Looked, Scoured, find_in_file, find_in_files, find_in_tables, scour};

#[cfg(test)]
pub(crate) use look::STATEMENTS as LOOK_STATEMENTS;

/// How many rows of each table belong to something, one count a column.
macro_rules! counts {
    ($column:literal, $first:literal $(, $table:literal)*) => {
        concat!(
            "select (select count(*) from ", $first, " where ", $column, " = $1)"
            $(, ", (select count(*) from ", $table, " where ", $column, " = $1)")*
        )
    };
}

statements! {
    TENANTS = "select tenant from ledger_head order by tenant";
    TENANT = "select tenant from ledger_line where pos = $1";
    BURY = "insert into tombstone (pos, erased) select pos, $4 from ledger_line where tenant = $1 and seq >= $2 and seq <= $3";
    EMPTY = "delete from ledger_payload where pos in (select pos from tombstone where erased = $1)";
    // The tables of a case, those that refer to others first.
    COUNT_CASE = counts!("evaluation", "claim_confirmation", "claim_withdrawal", "claim", "verdict_approval", "verdict", "answer_review",
        "improvement_answer", "answer", "message", "note", "work", "assignment", "round", "decision", "certificate", "disclosure", "search_doc");
    NO_CONFIRMATIONS = "delete from claim_confirmation where evaluation = $1";
    NO_WITHDRAWALS = "delete from claim_withdrawal where evaluation = $1";
    NO_CLAIMS = "delete from claim where evaluation = $1";
    NO_APPROVALS = "delete from verdict_approval where evaluation = $1";
    NO_VERDICTS = "delete from verdict where evaluation = $1";
    NO_REVIEWS = "delete from answer_review where evaluation = $1";
    NO_IMPROVEMENTS = "delete from improvement_answer where evaluation = $1";
    NO_ANSWERS = "delete from answer where evaluation = $1";
    NO_MESSAGES = "delete from message where evaluation = $1";
    NO_NOTES = "delete from note where evaluation = $1";
    NO_WORK = "delete from work where evaluation = $1";
    NO_ASSIGNMENTS = "delete from assignment where evaluation = $1";
    NO_ROUNDS = "delete from round where evaluation = $1";
    NO_DECISION = "delete from decision where evaluation = $1";
    NO_CERTIFICATE = "delete from certificate where evaluation = $1";
    NO_DISCLOSURES = "delete from disclosure where evaluation = $1";
    NO_CASE = "delete from evaluation where id = $1";
    COUNT_SERIES = counts!("series", "evidence_filing", "evidence", "file_words");
    NO_FILINGS = "delete from evidence_filing where series = $1";
    NO_VERSIONS = "delete from evidence where series = $1";
    VERSIONS = "select id from evidence where series = $1 order by version";
    CLAIMED = "select distinct e.series from claim c join evidence e on e.id = c.evidence where c.evaluation = $1 order by e.series";
    CLAIMING = "select distinct c.evaluation from claim c join evidence e on e.id = c.evidence where e.series = $1 order by c.evaluation";
    // A file that another document of the organisation has too stays for that one.
    FILES = "select distinct e.digest from evidence e where e.series = $1 and not exists
        (select 1 from evidence o where o.digest = e.digest and o.organisation = e.organisation and o.series <> e.series) order by e.digest";
    USED_HERE = "select count(*) from evidence where digest = $1 and organisation = $2";
    USED = "select count(*) from evidence where digest = $1";
    NAME = "update person set name = $2, email = $3 where id = $1";
    REASON = "update account set reason = '' where person = $1";
    FACTOR = "update factor set name = $2 where id = $1";
    TOKEN = "update token set name = $2 where id = $1";
    INVITATION = "update invitation set email = $2 where id = $1";
    REQUEST = "update request set ask = $2, reason = $3 where id = $1";
    STATEMENT = "update request set statement = $2 where id = $1";
    FINDING = "update request set finding = $2 where id = $1";
    ALERT = "update alert set subject = $2, words = $3 where id = $1";
    MAIL = "update mail set recipient = $2, subject = $3 where id = $1";
    MAIL_WORDS = "update mail set words = $2 where id = $1 and words <> ''";
}

/// The names of what [`COUNT_CASE`] counts, in its order, and what removes it.
const OF_CASE: [(&str, Option<Sql>); 17] = [
    ("claim_confirmation", Some(NO_CONFIRMATIONS)),
    ("claim_withdrawal", Some(NO_WITHDRAWALS)),
    ("claim", Some(NO_CLAIMS)),
    ("verdict_approval", Some(NO_APPROVALS)),
    ("verdict", Some(NO_VERDICTS)),
    ("answer_review", Some(NO_REVIEWS)),
    ("improvement_answer", Some(NO_IMPROVEMENTS)),
    ("answer", Some(NO_ANSWERS)),
    ("message", Some(NO_MESSAGES)),
    ("note", Some(NO_NOTES)),
    ("work", Some(NO_WORK)),
    ("assignment", Some(NO_ASSIGNMENTS)),
    ("round", Some(NO_ROUNDS)),
    ("decision", Some(NO_DECISION)),
    ("certificate", Some(NO_CERTIFICATE)),
    ("disclosure", Some(NO_DISCLOSURES)),
    // The search index takes its rows out itself.
    ("search_doc", None),
];

/// More lines than there will ever be, and no number that an engine cannot hold.
const ALL: usize = 1 << 40;

/// Kinds of lines that may name a person whom they are not about.
const NAMING: [&str; 9] = [
    "person_invited",
    "request_made",
    "request_decided",
    "request_reviewed",
    "alert_raised",
    "mail_queued",
    "mail_failed",
    "sign_in_failed",
    "act_refused",
];
/// Kinds of lines about a person's things, which bear a name of their own.
const OWN: [&str; 2] = ["token_issued", "factor_added"];

/// The lines that may be about a matter, payloads that are gone left out; `rules::keeping::fate` decides about each.
/// In the order of the installation.
pub fn lines_about(conn: &mut Conn, scope: &Scope) -> Result<Vec<Line>, Error> {
    let about = |subject: String| LogQuery { subject: Some(subject), rising: true, ..LogQuery::default() };
    let of_kind = |kind: &str| LogQuery { kind: Some(kind.to_owned()), rising: true, ..LogQuery::default() };
    let mut queries = vec![about(scope.matter.subject())];
    match scope.matter {
        Matter::Evidence { series } => {
            let versions = conn.rows(VERSIONS, &values![series], |row| row.get::<Id<id::Evidence>>(0))?;
            queries.extend(versions.into_iter().filter(|v| *v != series).map(|v| about(v.to_string())));
        }
        Matter::Person { .. } => queries.extend(NAMING.iter().chain(&OWN).map(|kind| of_kind(kind))),
        Matter::Case { .. } | Matter::Organisation { .. } => {}
    }
    let mut found = BTreeMap::new();
    for tenant in conn.rows(TENANTS, &[], |row| row.get::<String>(0))? {
        for query in &queries {
            for line in ledger::search(conn, &tenant, query, None, ALL)? {
                if line.payload.is_some() {
                    found.insert(line.head.pos, line);
                }
            }
        }
    }
    Ok(found.into_values().collect())
}

/// When the last line about a matter was written, in these ledgers, or in any where none is named.
pub fn last_line(conn: &mut Conn, matter: &Matter, kind: Option<&str>, ledgers: &[String]) -> Result<Option<jiff::Timestamp>, Error> {
    let mut subjects = vec![matter.subject()];
    if let Matter::Evidence { series } = matter {
        subjects.extend(conn.rows(VERSIONS, &values![*series], |row| row.get::<String>(0))?);
    }
    let mut last = None;
    let tenants = if ledgers.is_empty() { conn.rows(TENANTS, &[], |row| row.get::<String>(0))? } else { ledgers.to_vec() };
    for tenant in tenants {
        for subject in &subjects {
            let query = LogQuery { subject: Some(subject.clone()), kind: kind.map(str::to_owned), ..LogQuery::default() };
            let newest = newest(conn, &tenant, &query)?;
            last = last.max(newest.and_then(|line| line.head.at.parse().ok()));
        }
    }
    Ok(last)
}

/// The newest line that is part of the record itself: a hold is not, nor what a stranger tries with somebody's address.
fn newest(conn: &mut Conn, tenant: &str, query: &LogQuery) -> Result<Option<Line>, Error> {
    const BESIDE: [&str; 3] = ["hold_placed", "payloads_erased", "sign_in_failed"];
    let mut after = None;
    loop {
        let page = ledger::search(conn, tenant, query, after, 64)?;
        let Some(oldest) = page.last().map(|line| line.head.seq) else { return Ok(None) };
        if let Some(found) = page.into_iter().find(|line| !BESIDE.contains(&line.head.kind.as_str())) {
            return Ok(Some(found));
        }
        after = Some(oldest);
    }
}

/// Whether a person did something to a case.
pub fn acted_in(conn: &mut Conn, person: Id<id::Person>, case: Id<id::Case>) -> Result<bool, Error> {
    let query = LogQuery { actor: Some(person.to_string()), subject: Some(case.to_string()), ..LogQuery::default() };
    for tenant in conn.rows(TENANTS, &[], |row| row.get::<String>(0))? {
        if !ledger::search(conn, &tenant, &query, None, 1)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The documents that the claims of a case refer to, withdrawn claims too.
pub fn claimed(conn: &mut Conn, case: Id<id::Case>) -> Result<Vec<Id<id::Evidence>>, Error> {
    conn.rows(CLAIMED, &values![case], |row| row.get(0))
}

/// The cases whose claims refer to a document, withdrawn claims too.
pub fn claiming(conn: &mut Conn, series: Id<id::Evidence>) -> Result<Vec<Id<id::Case>>, Error> {
    conn.rows(CLAIMING, &values![series], |row| row.get(0))
}

/// How many rows of which tables leave with a matter.
pub fn rows_of(conn: &mut Conn, matter: &Matter) -> Result<Vec<(String, u64)>, Error> {
    let (sql, id, tables): (Sql, String, Vec<&str>) = match matter {
        Matter::Case { case } => (COUNT_CASE, case.to_string(), OF_CASE.iter().map(|(table, _)| *table).collect()),
        Matter::Evidence { series } => (COUNT_SERIES, series.to_string(), vec!["evidence_filing", "evidence", "file_words"]),
        Matter::Person { .. } | Matter::Organisation { .. } => return Ok(vec![]),
    };
    let counted = conn.one(sql, &values![id], |row| (0..tables.len()).map(|n| row.get::<u64>(n)).collect::<Result<Vec<_>, _>>())?;
    let mut rows: Vec<(String, u64)> = tables.into_iter().map(str::to_owned).zip(counted).filter(|(_, n)| *n > 0).collect();
    if matches!(matter, Matter::Case { .. }) {
        rows.push(("evaluation".to_owned(), 1));
    }
    Ok(rows)
}

/// The files that no other document of the organisation needs.
pub fn files_of(conn: &mut Conn, series: Id<id::Evidence>) -> Result<Vec<Digest>, Error> {
    conn.rows(FILES, &values![series], |row| row.get(0))
}

/// Whether a document needs a file: one of this organisation, and one of anybody.
pub fn uses(conn: &mut Conn, digest: Digest, organisation: Id<id::Organisation>) -> Result<(bool, bool), Error> {
    let here: i64 = conn.one(USED_HERE, &values![digest, organisation], |row| row.get(0))?;
    let anywhere: i64 = conn.one(USED, &values![digest], |row| row.get(0))?;
    Ok((here > 0, anywhere > 0))
}

/// Writes the tombstones of a line's own ledger and removes these payloads; with the last line of the erasure the rows.
pub(crate) fn apply(conn: &mut Conn, erasure: &Erasure, pos: Pos) -> Result<(), Error> {
    let tenant: String = conn.one(TENANT, &values![pos], |row| row.get(0))?;
    for (from, to) in &erasure.seqs {
        conn.run(BURY, &values![&tenant, from.cast_signed(), to.cast_signed(), pos])?;
    }
    conn.run(EMPTY, &values![pos])?;
    for (_, instead) in &erasure.instead {
        let change =
            serde_json::from_value(instead.clone()).map_err(|e| Error::Replay { pos: pos.0.unsigned_abs(), cause: e.to_string() })?;
        restate(conn, &change)?;
    }
    if !erasure.whole {
        return Ok(());
    }
    match erasure.matter {
        Matter::Case { case } => {
            crate::search::forget(conn, &case.to_string(), "")?;
            for sql in OF_CASE.iter().filter_map(|(_, remove)| *remove) {
                conn.run(sql, &values![case])?;
            }
            conn.run(NO_CASE, &values![case]).map(drop)
        }
        Matter::Evidence { series } => {
            crate::search::forget(conn, "", &series.to_string())?;
            crate::words::forget(conn, series)?;
            conn.run(NO_FILINGS, &values![series])?;
            conn.run(NO_VERSIONS, &values![series]).map(drop)
        }
        Matter::Person { person } => conn.run(NAME, &values![person, ERASED, erased_email(person)]).map(drop),
        Matter::Organisation { .. } => Ok(()),
    }
}

/// Puts neutral words into the row that a change made: the texts alone, for later lines may have changed the rest.
fn restate(conn: &mut Conn, change: &Change) -> Result<(), Error> {
    match change {
        Change::PersonAdded(p) => conn.run(NAME, &values![p.id, &p.name, &p.email]),
        Change::AccountSuspended { person, .. } | Change::AccountResumed { person, .. } | Change::AccountClosed { person, .. } => {
            conn.run(REASON, &values![*person])
        }
        Change::FactorAdded(f) => conn.run(FACTOR, &values![f.id, &f.name]),
        Change::TokenIssued(t) => conn.run(TOKEN, &values![t.id, &t.name]),
        Change::PersonInvited(i) => conn.run(INVITATION, &values![i.id, &i.email]),
        Change::RequestMade(r) => conn.run(REQUEST, &values![r.id, json(&r.ask), &r.reason]),
        Change::RequestDecided { request, statement, .. } => conn.run(STATEMENT, &values![*request, statement]),
        Change::RequestReviewed { request, finding, .. } => conn.run(FINDING, &values![*request, finding]),
        Change::AlertRaised(a) => conn.run(ALERT, &values![a.id, &a.subject, json(&a.words)]),
        Change::MailQueued(m) => conn.run(MAIL, &values![m.id, &m.to, &m.subject]),
        Change::MailFailed { mail, words, .. } => conn.run(MAIL_WORDS, &values![*mail, words]),
        // The others that are replaced make no row with words in it.
        _ => Ok(0),
    }
    .map(drop)
}
