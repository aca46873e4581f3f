//! Makes every table anew from the ledger, in another database: the proof that nothing is written beside it,
//! and the way from SQLite to PostgreSQL and back.

use std::collections::BTreeMap;

use rules::change::Change;
use rules::id::Pos;
use rules::keeping::Keeping;
use seal::{Head, Line, Payload};

use crate::engine::{Conn, statements};
use crate::error::Error;
use crate::ledger::{self, INSTALLATION, LineDraft, lines};
use crate::store::Store;
use crate::tables::{self, Meta};
use crate::value::values;

/// Lines that are copied in one transaction.
const BATCH: i64 = 1000;

statements! {
    SECRETS = "select owner, kind, value from secret order by owner, kind";
    DUMP_ORGANISATION = "select * from organisation order by id";
    DUMP_PERSON = "select * from person order by id";
    DUMP_MEMBERSHIP = "select * from membership order by person, organisation";
    DUMP_INVITATION = "select * from invitation order by id";
    DUMP_PRODUCT = "select * from product order by id";
    DUMP_PHRASE = "select * from phrase order by id";
    DUMP_TOKEN = "select * from token order by id";
    DUMP_SESSION = "select * from session order by id";
    DUMP_SHEET = "select * from sheet order by id";
    DUMP_MAPPING = "select * from mapping order by id";
    DUMP_CONFIRMED_TEXT = "select * from confirmed_text order by pos";
    DUMP_EVALUATION = "select * from evaluation order by id";
    DUMP_ROUND = "select * from round order by evaluation, n";
    DUMP_ASSIGNMENT = "select * from assignment order by evaluation, person";
    DUMP_DECISION = "select * from decision order by pos";
    DUMP_CERTIFICATE = "select * from certificate order by id";
    DUMP_NOTE = "select * from note order by pos";
    DUMP_DISCLOSURE = "select * from disclosure order by evaluation, institution";
    DUMP_WORK = "select * from work order by evaluation, item";
    DUMP_ANSWER = "select * from answer order by pos";
    DUMP_ANSWER_REVIEW = "select * from answer_review order by pos";
    DUMP_IMPROVEMENT_ANSWER = "select * from improvement_answer order by pos";
    DUMP_EVIDENCE = "select * from evidence order by id";
    DUMP_CLAIM = "select * from claim order by id";
    DUMP_CLAIM_WITHDRAWAL = "select * from claim_withdrawal order by pos";
    DUMP_CLAIM_CONFIRMATION = "select * from claim_confirmation order by pos";
    DUMP_VERDICT = "select * from verdict order by pos";
    DUMP_VERDICT_APPROVAL = "select * from verdict_approval order by pos";
    DUMP_MESSAGE = "select * from message order by pos";
    DUMP_ACCOUNT = "select * from account order by person";
    DUMP_FACTOR = "select * from factor order by id";
    DUMP_ACCESS_RULE = "select * from access_rule order by organisation";
    DUMP_REQUEST = "select * from request order by id";
    DUMP_ACCOUNT_REVIEW = "select * from account_review order by id";
    DUMP_ALERT = "select * from alert order by id";
    DUMP_MAIL = "select * from mail order by id";
    DUMP_INFORMATION_GROUP = "select * from information_group order by id";
    DUMP_EVIDENCE_FILING = "select * from evidence_filing order by series, pos";
    DUMP_VIEWING = "select * from viewing order by pos";
    DUMP_EPOCH = "select * from epoch order by pos";
    DUMP_RUNNING_EVENT = "select * from running_event order by pos";
    DUMP_KEY = "select * from key order by id";
    DUMP_FILE_INSIDE = "select * from file_inside order by digest";
    DUMP_SCAN = "select * from scan order by digest";
    DUMP_RETENTION_RULE = "select * from retention_rule order by organisation, id";
    DUMP_HOLD = "select * from hold order by id";
    DUMP_ERASURE = "select * from erasure order by id";
    DUMP_QUESTIONNAIRE = "select * from questionnaire order by id";
    DUMP_QUESTION_MAPPING = "select * from question_mapping order by pos";
    DUMP_QUESTION_ANSWER = "select * from question_answer order by pos";
    DUMP_REGISTER_ENTRY = "select * from register_entry order by pos";
    DUMP_REGISTER_NOW = "select * from register_now order by id";
    DUMP_REGISTER_CELL = "select * from register_cell order by entry, field, n";
    DUMP_DUTY_TOLD = "select * from duty_told order by pos, duty";
    DUMP_DUTY_WAIVED = "select * from duty_waived order by pos";
    DUMP_CALENDAR_FEED = "select * from calendar_feed order by id";
    DUMP_DOCUMENT_CLAUSE = "select * from document_clause order by pos";
    DUMP_DOCUMENT_VERSION = "select * from document_version order by pos";
    DUMP_DOCUMENT_STEP = "select * from document_step order by pos";
    DUMP_TOMBSTONE = "select * from tombstone order by pos";
    DUMP_TRUST_ANCHOR = "select * from trust_anchor order by id";
    DUMP_PACKAGE = "select * from package order by id";
    DUMP_PACKAGE_REFUSAL = "select * from package_refusal order by pos";
    DUMP_LOG_VIEW = "select * from log_view order by id";
    DUMP_LOG_REVIEW = "select * from log_review order by id";
    ERASURES = lines!("where l.kind = 'payloads_erased' order by l.pos");
    // The row numbers of the search index are the database's own.
    DUMP_SEARCH_DOC = "select tenant, shelf, evaluation, item, evidence, body from search_doc order by evaluation, shelf, item, evidence";
}

/// Every table that the ledger makes, with the statement that reads it in a fixed order.
const DUMPS: &[(&str, crate::engine::Sql)] = &[
    ("organisation", DUMP_ORGANISATION),
    ("person", DUMP_PERSON),
    ("membership", DUMP_MEMBERSHIP),
    ("invitation", DUMP_INVITATION),
    ("product", DUMP_PRODUCT),
    ("phrase", DUMP_PHRASE),
    ("token", DUMP_TOKEN),
    ("session", DUMP_SESSION),
    ("sheet", DUMP_SHEET),
    ("mapping", DUMP_MAPPING),
    ("confirmed_text", DUMP_CONFIRMED_TEXT),
    ("evaluation", DUMP_EVALUATION),
    ("round", DUMP_ROUND),
    ("assignment", DUMP_ASSIGNMENT),
    ("decision", DUMP_DECISION),
    ("certificate", DUMP_CERTIFICATE),
    ("note", DUMP_NOTE),
    ("disclosure", DUMP_DISCLOSURE),
    ("work", DUMP_WORK),
    ("answer", DUMP_ANSWER),
    ("answer_review", DUMP_ANSWER_REVIEW),
    ("improvement_answer", DUMP_IMPROVEMENT_ANSWER),
    ("evidence", DUMP_EVIDENCE),
    ("claim", DUMP_CLAIM),
    ("claim_withdrawal", DUMP_CLAIM_WITHDRAWAL),
    ("claim_confirmation", DUMP_CLAIM_CONFIRMATION),
    ("verdict", DUMP_VERDICT),
    ("verdict_approval", DUMP_VERDICT_APPROVAL),
    ("message", DUMP_MESSAGE),
    ("account", DUMP_ACCOUNT),
    ("factor", DUMP_FACTOR),
    ("access_rule", DUMP_ACCESS_RULE),
    ("request", DUMP_REQUEST),
    ("account_review", DUMP_ACCOUNT_REVIEW),
    ("alert", DUMP_ALERT),
    ("mail", DUMP_MAIL),
    ("information_group", DUMP_INFORMATION_GROUP),
    ("evidence_filing", DUMP_EVIDENCE_FILING),
    ("viewing", DUMP_VIEWING),
    ("epoch", DUMP_EPOCH),
    ("running_event", DUMP_RUNNING_EVENT),
    ("key", DUMP_KEY),
    ("file_inside", DUMP_FILE_INSIDE),
    ("scan", DUMP_SCAN),
    ("retention_rule", DUMP_RETENTION_RULE),
    ("hold", DUMP_HOLD),
    ("erasure", DUMP_ERASURE),
    ("tombstone", DUMP_TOMBSTONE),
    ("trust_anchor", DUMP_TRUST_ANCHOR),
    ("package", DUMP_PACKAGE),
    ("package_refusal", DUMP_PACKAGE_REFUSAL),
    ("log_view", DUMP_LOG_VIEW),
    ("log_review", DUMP_LOG_REVIEW),
    ("questionnaire", DUMP_QUESTIONNAIRE),
    ("question_mapping", DUMP_QUESTION_MAPPING),
    ("question_answer", DUMP_QUESTION_ANSWER),
    ("register_entry", DUMP_REGISTER_ENTRY),
    ("register_now", DUMP_REGISTER_NOW),
    ("register_cell", DUMP_REGISTER_CELL),
    ("duty_told", DUMP_DUTY_TOLD),
    ("duty_waived", DUMP_DUTY_WAIVED),
    ("calendar_feed", DUMP_CALENDAR_FEED),
    ("document_clause", DUMP_DOCUMENT_CLAUSE),
    ("document_version", DUMP_DOCUMENT_VERSION),
    ("document_step", DUMP_DOCUMENT_STEP),
    ("search_doc", DUMP_SEARCH_DOC),
];

/// Names of the tables that [`contents`] compares.
pub fn compared() -> impl Iterator<Item = &'static str> {
    DUMPS.iter().map(|(table, _)| *table)
}

/// Every table with the statement that reads all of it.
pub(crate) fn dumps() -> &'static [(&'static str, crate::engine::Sql)] {
    DUMPS
}

/// What the tables hold, by table, each row as text: equal on both engines where the content is equal.
pub fn contents(conn: &mut Conn) -> Result<BTreeMap<&'static str, Vec<String>>, Error> {
    DUMPS.iter().map(|(table, sql)| Ok((*table, conn.rows(*sql, &[], |row| row.told())?))).collect()
}

/// Copies the ledger of `from` into the empty `into`, makes all tables from it, and copies the secrets.
/// `told` hears how many lines are done. The hashes are made anew and must come out the same.
pub fn rebuild(from: &Store, into: &Store, mut told: impl FnMut(u64)) -> Result<u64, Error> {
    let occupied = into.read(ledger::last_pos)?;
    if occupied != Pos::NEVER {
        return Err(Error::Occupied);
    }
    let erased = from.read(erased)?;
    let mut after = Pos::NEVER;
    let mut done = 0u64;
    loop {
        let mut lines = vec![];
        from.read(|conn| {
            ledger::lines_after(conn, after, BATCH, |line| {
                lines.push(line);
                Ok(())
            })
        })?;
        let Some(last) = lines.last() else { break };
        after = Pos(i64::try_from(last.head.pos).unwrap_or(i64::MAX));
        done += lines.len() as u64;
        write_again(into, lines, &erased)?;
        told(done);
    }
    crate::checkpoints::copy(from, into)?;
    let secrets: Vec<(String, String, String)> =
        from.read(|conn| conn.rows(SECRETS, &values![], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))))?;
    into.write(|tx| -> Result<(), Error> { secrets.iter().try_for_each(|(owner, kind, value)| tx.put_secret(owner, kind, value)) })?;
    Ok(done)
}

/// Writes the next lines of a ledger once more, with the rows their changes make, in one transaction.
pub(crate) fn write_again(into: &Store, lines: Vec<Line>, erased: &Erased) -> Result<(), Error> {
    into.write(|tx| -> Result<(), Error> {
        for line in lines {
            let (change, meta) = brought(&line, erased)?;
            let wanted = line.head.pos;
            let pos = match line.payload {
                None => tx.record_erased(line.head)?,
                Some(payload) => tx.record(draft(line.head, payload, meta.at))?,
            };
            if u64::try_from(pos.0) != Ok(wanted) {
                return Err(Error::Replay { pos: wanted, cause: format!("it came out at position {}", pos.0) });
            }
            if let Some(change) = change {
                tables::apply(tx, &change, &meta)?;
            }
        }
        Ok(())
    })
}

/// Makes the tables from the lines of `from` in the empty `into`; of the ledger it gets the lines alone, which some rows
/// refer to. Nothing is changed in `from`, and its hashes are believed.
pub(crate) fn replay(from: &mut Conn, into: &mut Conn, told: &mut dyn FnMut(u64)) -> Result<(), Error> {
    let erased = erased(from)?;
    let mut done = 0;
    ledger::lines_after(from, Pos::NEVER, i64::MAX, |line| {
        let pos = line.head.pos;
        let (change, meta) = brought(&line, &erased)?;
        let made =
            ledger::insert(into, line.head, line.leaf).and_then(|_| change.map_or(Ok(()), |change| tables::apply(into, &change, &meta)));
        made.map_err(|e| Error::Replay { pos, cause: e.to_string() })?;
        done += 1;
        if done % BATCH.unsigned_abs() == 0 {
            told(done);
        }
        Ok(())
    })
}

/// What a line brings into the tables: its change, or what stands in the place of an erased one; and what it says besides.
fn brought(line: &Line, erased: &Erased) -> Result<(Option<Change>, Meta), Error> {
    let broken = |cause: String| Error::Replay { pos: line.head.pos, cause };
    let at = line.head.at.parse().map_err(|_| broken("its time cannot be read".into()))?;
    let change = match &line.payload {
        Some(payload) => Some(serde_json::from_str(&payload.text).map_err(|e| broken(e.to_string()))?),
        None => {
            let instead = erased.get(&(line.head.tenant.clone(), line.head.seq));
            instead.ok_or_else(|| broken("its payload is missing, and no erasure accounts for it".into()))?.clone()
        }
    };
    Ok((change, meta(&line.head, at)))
}

fn draft(head: Head, payload: Payload, at: jiff::Timestamp) -> LineDraft {
    let Head { tenant, actor, session, address, kind, subject, outcome, .. } = head;
    LineDraft { tenant, at, actor, session, address, kind, subject, outcome, payload: payload.text, salt: payload.salt }
}

/// Erased lines by ledger and number, each with what stands in its place if something does.
pub(crate) type Erased = BTreeMap<(String, u64), Option<Change>>;

/// Which lines' payloads were erased. Later lines say so: they are looked up before the first is copied.
fn erased(conn: &mut Conn) -> Result<Erased, Error> {
    let mut out = Erased::new();
    conn.each(ERASURES, &[], |row| note_erased(&mut out, &ledger::line(row)?))?;
    Ok(out)
}

/// Takes over what a line says of erased ones.
pub(crate) fn note_erased(out: &mut Erased, line: &Line) -> Result<(), Error> {
    let broken = |cause: String| Error::Replay { pos: line.head.pos, cause };
    let payload = line.payload.as_ref().ok_or_else(|| broken("its payload is missing".into()))?;
    let change = serde_json::from_str(&payload.text).map_err(|e| broken(e.to_string()))?;
    let Change::Keeping(Keeping::PayloadsErased(erasure)) = change else { return Ok(()) };
    for (from, to) in erasure.seqs {
        out.extend((from..=to.min(line.head.seq)).map(|seq| ((line.head.tenant.clone(), seq), None)));
    }
    for (seq, instead) in erasure.instead {
        let change = serde_json::from_value(instead).map_err(|e| broken(e.to_string()))?;
        out.insert((line.head.tenant.clone(), seq), Some(change));
    }
    Ok(())
}

/// What a line says besides its change.
fn meta(head: &Head, at: jiff::Timestamp) -> Meta {
    let person = if head.actor == INSTALLATION { None } else { head.actor.parse().ok() };
    let (session, address) = (head.session.clone().unwrap_or_default(), head.address.clone().unwrap_or_default());
    Meta { pos: Pos(head.pos.cast_signed()), at, person, session, address }
}
