//! Cases with their rounds, assignments, decision, certificate, disclosures and notes.

use jiff::Timestamp;
use jiff::civil::Date;
use rules::case::{Assignment, Case, CaseFacts, Certificate, Decision, Round, State};
use rules::change::Change;
use rules::id::{self, Id};
use rules::party::Settings;
use rules::policy::Side;
use rules::sheet::SheetId;

use super::{Meta, json, not_here, read_word, word};
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    OPEN = "insert into evaluation (id, number, provider, body, product, sheet, state, round, renews, opened, due)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    SET_DUE = "update evaluation set due = $2 where id = $1";
    SET_STATE = "update evaluation set state = $2 where id = $1";
    SUBMITTED = "update evaluation set state = 'submitted', round = $2, due = null where id = $1";
    ACCEPTED = "update evaluation set state = 'in_review', number = $2 where id = $1";
    RETURNED = "update evaluation set state = 'returned', due = null where id = $1";
    ADD_ROUND = "insert into round (evaluation, n, cut, digest, submitted, submitted_by, message) values ($1, $2, $3, $4, $5, $6, '')";
    ROUND_ACCEPTED = "update round set accepted = $3 where evaluation = $1 and n = $2";
    ROUND_RETURNED = "update round set returned = $3, returned_pos = $4, flagged = $5, message = $6 where evaluation = $1 and n = $2";
    ASSIGN = "insert into assignment (evaluation, person, part, interest) values ($1, $2, $3, null)
        on conflict (evaluation, person) do update set part = excluded.part, interest = null";
    RELEASE = "delete from assignment where evaluation = $1 and person = $2";
    DECLARE = "update assignment set interest = $3 where evaluation = $1 and person = $2";
    DECIDE = "insert into decision (evaluation, pos, certify, grounds, person, at) values ($1, $2, $3, $4, $5, $6)";
    ISSUE = "insert into certificate (id, evaluation, number, code, scope, issued, valid_until, issued_by, provider_agrees, body_agrees)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    PROVIDER_AGREES = "update certificate set provider_agrees = $2 where evaluation = $1";
    BODY_AGREES = "update certificate set body_agrees = $2 where evaluation = $1";
    ADD_NOTE = "insert into note (evaluation, pos, kind, body, person, at) values ($1, $2, $3, $4, $5, $6)";
    NOTES = "select kind, body, person, at from note where evaluation = $1 order by pos";
    DISCLOSE = "insert into disclosure (evaluation, institution, active) values ($1, $2, $3)
        on conflict (evaluation, institution) do update set active = excluded.active";
    CASE = "select e.id, e.number, e.provider, e.body, e.product, e.sheet, e.state, e.round, e.renews, e.opened, e.due, o.settings
        from evaluation e join organisation o on o.id = e.body where e.id = $1";
    ROUNDS = "select n, cut, digest, submitted, submitted_by, accepted, returned, returned_pos, flagged, message from round
        where evaluation = $1 order by n";
    ASSIGNMENTS = "select person, part, interest from assignment where evaluation = $1 order by part, person";
    DECISION = "select certify, grounds, person, at, pos from decision where evaluation = $1";
    CERTIFICATE = "select id, evaluation, number, code, scope, issued, valid_until, issued_by, provider_agrees, body_agrees
        from certificate where evaluation = $1";
    BY_CODE = "select evaluation from certificate where code = $1";
    REGISTRY = "select evaluation from certificate where provider_agrees = 1 and body_agrees = 1 order by issued desc, id desc limit 500";
    DISCLOSED_TO = "select institution from disclosure where evaluation = $1 and active = 1 order by institution";
    OF_PROVIDER = "select id, number, provider, body, product, sheet, state, round, renews, opened, due from evaluation
        where provider = $1 and id < $2 order by id desc limit $3";
    OF_BODY = "select id, number, provider, body, product, sheet, state, round, renews, opened, due from evaluation
        where body = $1 and round > 0 and id < $2 order by id desc limit $3";
    OF_EVALUATOR = "select e.id, e.number, e.provider, e.body, e.product, e.sheet, e.state, e.round, e.renews, e.opened, e.due
        from assignment a join evaluation e on e.id = a.evaluation
        where a.person = $1 and e.body = $2 and e.id < $3 order by e.id desc limit $4";
    OF_INSTITUTION = "select e.id, e.number, e.provider, e.body, e.product, e.sheet, e.state, e.round, e.renews, e.opened, e.due
        from disclosure d join evaluation e on e.id = d.evaluation join decision c on c.evaluation = e.id
        where d.institution = $1 and d.active = 1 and e.id < $2 order by e.id desc limit $3";
    NUMBERS_TAKEN = "select count(*) from evaluation where body = $1 and number >= $2 and number < $3";
    NUMBER_IS_TAKEN = "select count(*) from evaluation where body = $1 and number = $2";
    JUDGES = "select distinct person from verdict where evaluation = $1 order by person";
    OPEN_RENEWALS = "select count(*) from evaluation where renews = $1 and state not in ('withdrawn', 'refused')";
    RUN_OUT = "select c.evaluation from certificate c join evaluation e on e.id = c.evaluation
        where c.valid_until < $1 and e.state in ('certified', 'watched') order by c.evaluation limit 100";
}

pub(super) fn apply(conn: &mut Conn, change: &Change, meta: &Meta) -> Result<(), Error> {
    match change {
        Change::CaseOpened(c) => conn.run(
            OPEN,
            &values![c.id, c.number.clone(), c.provider, c.body, c.product, &c.sheet.0, word(&c.state), c.round, c.renews, c.opened, c.due],
        ),
        Change::DueSet { case, due } => conn.run(SET_DUE, &values![*case, *due]),
        Change::EvaluatorAssigned { case, person, part } => conn.run(ASSIGN, &values![*case, *person, word(part)]),
        Change::EvaluatorReleased { case, person } => conn.run(RELEASE, &values![*case, *person]),
        Change::InterestDeclared { case, person, interest } => conn.run(DECLARE, &values![*case, *person, json(interest)]),
        Change::RoundSubmitted { case, round, digest, by } => {
            conn.run(ADD_ROUND, &values![*case, *round, meta.pos, *digest, meta.at, *by])?;
            crate::search::share_with_body(conn, *case)?;
            conn.run(SUBMITTED, &values![*case, *round])
        }
        Change::RoundAccepted { case, round, number } => {
            conn.run(ROUND_ACCEPTED, &values![*case, *round, meta.at])?;
            conn.run(ACCEPTED, &values![*case, number])
        }
        Change::RoundReturned { case, round, flagged, message } => {
            conn.run(ROUND_RETURNED, &values![*case, *round, meta.at, meta.pos, flagged.as_ref().map(json), message])?;
            conn.run(RETURNED, &values![*case])
        }
        Change::CaseDecided { case, certify, grounds, by } => {
            conn.run(DECIDE, &values![*case, meta.pos, *certify, grounds, *by, meta.at])?;
            conn.run(SET_STATE, &values![*case, word(&State::Decided)])
        }
        Change::CertificateIssued { case, certificate: c } => {
            let row =
                values![c.id, *case, &c.number, &c.code, &c.scope, c.issued, c.valid_until, c.issued_by, c.provider_agrees, c.body_agrees];
            conn.run(ISSUE, &row)?;
            conn.run(SET_STATE, &values![*case, word(&State::Certified)])
        }
        Change::PublicationAgreed { case, side: Side::Applicant, agrees } => conn.run(PROVIDER_AGREES, &values![*case, *agrees]),
        Change::PublicationAgreed { case, agrees, .. } => conn.run(BODY_AGREES, &values![*case, *agrees]),
        Change::StateMoved { case, state, reason } => {
            conn.run(ADD_NOTE, &values![*case, meta.pos, word(state), reason, meta.person, meta.at])?;
            conn.run(SET_STATE, &values![*case, word(state)])
        }
        Change::ChangeReported { case, text, by } => conn.run(ADD_NOTE, &values![*case, meta.pos, "change", text, *by, meta.at]),
        Change::CaseDisclosed { case, institution, on } => conn.run(DISCLOSE, &values![*case, *institution, *on]),
        other => not_here(other),
    }
    .map(drop)
}

fn case_row(row: &Row<'_>) -> Result<Case, Error> {
    Ok(Case {
        id: row.get(0)?,
        number: row.get(1)?,
        provider: row.get(2)?,
        body: row.get(3)?,
        product: row.get(4)?,
        sheet: SheetId(row.get(5)?),
        state: read_word(row, 6, "a state")?,
        round: row.get(7)?,
        renews: row.get(8)?,
        opened: row.get(9)?,
        due: row.get(10)?,
    })
}

/// Everything a rule needs to know of a case. Nothing of it may be shown before `policy::view` allows it.
pub fn facts(conn: &mut Conn, case: Id<id::Case>) -> Result<Option<CaseFacts>, Error> {
    let found = conn.first(CASE, &values![case], |row| Ok((case_row(row)?, row.json::<Settings>(11, "settings")?)))?;
    let Some((case, settings)) = found else { return Ok(None) };
    let id = values![case.id];
    let rounds = conn.rows(ROUNDS, &id, |row| {
        let flagged: Option<&str> = row.get(8)?;
        Ok(Round {
            n: row.get(0)?,
            cut: row.get(1)?,
            digest: row.get(2)?,
            submitted: row.get(3)?,
            submitted_by: row.get(4)?,
            accepted: row.get(5)?,
            returned: row.get(6)?,
            returned_pos: row.get(7)?,
            flagged: if flagged.is_some() { Some(row.json(8, "item numbers")?) } else { None },
            message: row.get(9)?,
        })
    })?;
    let assignments = conn.rows(ASSIGNMENTS, &id, |row| {
        let interest: Option<&str> = row.get(2)?;
        Ok(Assignment {
            person: row.get(0)?,
            part: read_word(row, 1, "a part")?,
            interest: if interest.is_some() { Some(row.json(2, "a declaration")?) } else { None },
        })
    })?;
    let decision = conn.first(DECISION, &id, |row| {
        Ok(Decision { certify: row.get(0)?, grounds: row.get(1)?, by: row.get(2)?, at: row.get(3)?, pos: row.get(4)? })
    })?;
    let certificate = conn.first(CERTIFICATE, &id, certificate_row)?;
    let disclosed_to = conn.rows(DISCLOSED_TO, &id, |row| row.get(0))?;
    Ok(Some(CaseFacts { case, rounds, assignments, decision, certificate, disclosed_to, settings }))
}

fn certificate_row(row: &Row<'_>) -> Result<Certificate, Error> {
    Ok(Certificate {
        id: row.get(0)?,
        case: row.get(1)?,
        number: row.get(2)?,
        code: row.get(3)?,
        scope: row.get(4)?,
        issued: row.get(5)?,
        valid_until: row.get(6)?,
        issued_by: row.get(7)?,
        provider_agrees: row.get(8)?,
        body_agrees: row.get(9)?,
    })
}

/// Whose cases a list shows.
#[derive(Debug, Clone, Copy)]
pub enum Whose {
    Provider(Id<id::Organisation>),
    /// Submitted ones only: a draft is not the body's to see.
    Body(Id<id::Organisation>),
    Evaluator {
        person: Id<id::Person>,
        body: Id<id::Organisation>,
    },
    Institution(Id<id::Organisation>),
}

/// Cases, the newest first; `before` continues a list.
pub fn list(conn: &mut Conn, whose: Whose, before: Option<Id<id::Case>>, limit: u32) -> Result<Vec<Case>, Error> {
    // Ids are hexadecimal after their prefix, so `case_g` is later than all of them.
    let before = before.map_or_else(|| "case_g".to_owned(), |id| id.to_string());
    match whose {
        Whose::Provider(o) => conn.rows(OF_PROVIDER, &values![o, before, limit], case_row),
        Whose::Body(o) => conn.rows(OF_BODY, &values![o, before, limit], case_row),
        Whose::Evaluator { person, body } => conn.rows(OF_EVALUATOR, &values![person, body, before, limit], case_row),
        Whose::Institution(o) => conn.rows(OF_INSTITUTION, &values![o, before, limit], case_row),
    }
}

/// A note in a case's history: a moved state with its reason, or a reported change.
#[derive(Debug, Clone)]
pub struct Note {
    /// The state's word, or `change`.
    pub kind: String,
    pub text: String,
    pub by: Option<Id<id::Person>>,
    pub at: Timestamp,
}

pub fn notes(conn: &mut Conn, case: Id<id::Case>) -> Result<Vec<Note>, Error> {
    conn.rows(NOTES, &values![case], |row| Ok(Note { kind: row.get(0)?, text: row.get(1)?, by: row.get(2)?, at: row.get(3)? }))
}

/// The case of a certificate by its verification code.
pub fn case_of_code(conn: &mut Conn, code: &str) -> Result<Option<Id<id::Case>>, Error> {
    conn.first(BY_CODE, &values![code], |row| row.get(0))
}

/// Cases whose certificates both sides agreed to publish.
pub fn registry(conn: &mut Conn) -> Result<Vec<Id<id::Case>>, Error> {
    conn.rows(REGISTRY, &[], |row| row.get(0))
}

/// How many numbers a body gave that begin with `prefix-year-`.
pub fn numbers_taken(conn: &mut Conn, body: Id<id::Organisation>, beginning: &str) -> Result<u32, Error> {
    // `.` follows `-` in byte order, so this is the range of everything that begins so.
    let end = format!("{}.", beginning.trim_end_matches('-'));
    conn.one(NUMBERS_TAKEN, &values![body, beginning, end], |row| row.get(0))
}

/// Whether a body gave this number already.
pub fn number_is_taken(conn: &mut Conn, body: Id<id::Organisation>, number: &str) -> Result<bool, Error> {
    let n: i64 = conn.one(NUMBER_IS_TAKEN, &values![body, number], |row| row.get(0))?;
    Ok(n > 0)
}

/// Everybody who ever gave a verdict in a case, replaced ones included.
pub fn judges(conn: &mut Conn, case: Id<id::Case>) -> Result<Vec<Id<id::Person>>, Error> {
    conn.rows(JUDGES, &values![case], |row| row.get(0))
}

/// Whether a renewal of the case is under way or done.
pub fn has_renewal(conn: &mut Conn, case: Id<id::Case>) -> Result<bool, Error> {
    let n: i64 = conn.one(OPEN_RENEWALS, &values![case], |row| row.get(0))?;
    Ok(n > 0)
}

/// Cases whose certificates ran out before a day.
pub fn run_out(conn: &mut Conn, today: Date) -> Result<Vec<Id<id::Case>>, Error> {
    conn.rows(RUN_OUT, &values![today], |row| row.get(0))
}
