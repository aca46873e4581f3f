//! Access rules, requests, reviews, alerts, mail, information groups and what was looked at under a mark.

use jiff::Timestamp;
use rules::access::Access;
use rules::change::Change;
use rules::id::{self, Id};
use rules::party::Group;
use rules::request::{Request, RequestState};
use rules::review::{Alert, Mail, Review};

use super::{Meta, json, not_here, read_word, word};
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    SET_ACCESS = "insert into access_rule (organisation, content) values ($1, $2) on conflict (organisation) do update set content = excluded.content";
    ACCESS = "select content from access_rule where organisation = $1";
    MAKE = "insert into request (id, organisation, kind, ask, reason, begins, until, applicant, person, at, state, statement, finding)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', '')";
    DECIDE = "update request set state = $2, decided_by = $3, decided = $4, statement = $5 where id = $1";
    END = "update request set state = $2 where id = $1";
    REVIEWED = "update request set state = 'reviewed', finding = $2 where id = $1";
    REQUEST = "select id, organisation, ask, reason, begins, until, applicant, at, state, decided_by, decided, statement, finding from request where id = $1";
    REQUESTS_OF = "select id, organisation, ask, reason, begins, until, applicant, at, state, decided_by, decided, statement, finding
        from request where organisation = $1 or applicant = $2 order by id desc limit 500";
    IN_FORCE = "select id, organisation, ask, reason, begins, until, applicant, at, state, decided_by, decided, statement, finding
        from request where (applicant = $1 or person = $1) and state in ('approved', 'provisional') and until > $2 order by id";
    RUN_OUT = "select id, organisation, ask, reason, begins, until, applicant, at, state, decided_by, decided, statement, finding
        from request where state in ('pending', 'approved', 'provisional') and (until <= $1 or (state = 'pending' and at <= $2)) order by id limit 1000";
    ADD_REVIEW = "insert into account_review (id, organisation, at, content) values ($1, $2, $3, $4)";
    REVIEWS_OF = "select content from account_review where organisation = $1 order by id desc";
    ADD_ALERT = "insert into alert (id, organisation, kind, subject, words, at) values ($1, $2, $3, $4, $5, $6)";
    ACKNOWLEDGE = "update alert set acknowledged_by = $2, acknowledged = $3 where id = $1";
    ALERTS_OF = "select id, organisation, kind, subject, words, at, acknowledged_by, acknowledged from alert
        where organisation = $1 or ($2 = 1 and organisation is null) order by id desc limit 200";
    ALERT = "select id, organisation, kind, subject, words, at, acknowledged_by, acknowledged from alert where id = $1";
    UNSEEN = "select count(*) from alert where acknowledged is null
        and ((organisation = $1 and $2 = 1) or (organisation is null and $3 = 1))";
    OPEN_ALERT = "select count(*) from alert where kind = $1 and subject = $2 and at > $3";
    QUEUE = "insert into mail (id, recipient, subject, at, state, tries, words) values ($1, $2, $3, $4, 'queued', 0, '')";
    SENT = "update mail set state = 'sent', tries = tries + 1, tried = $2, words = '' where id = $1";
    NOT_SENT = "update mail set state = $2, tries = tries + 1, tried = $3, words = $4 where id = $1";
    MAILS = "select id, recipient, subject, at, state, tries, tried, words from mail order by id desc limit 500";
    MAIL = "select id, recipient, subject, at, state, tries, tried, words from mail where id = $1";
    QUEUED = "select id, recipient, subject, at, state, tries, tried, words from mail where state = 'queued' order by id limit 100";
    SAVE_GROUP = "insert into information_group (id, organisation, name, members) values ($1, $2, $3, $4)
        on conflict (id) do update set name = excluded.name, members = excluded.members";
    GROUPS_OF = "select id, organisation, name, members from information_group where organisation = $1 order by name, id";
    VIEWED = "insert into viewing (pos, tenant, person, session, page, at) values ($1, $2, $3, $4, $5, $6)";
    VIEWINGS_OF = "select person, session, page, at from viewing where tenant = $1 order by pos desc limit 500";
}

pub(super) fn apply(conn: &mut Conn, change: &Change, meta: &Meta) -> Result<(), Error> {
    match change {
        Change::GroupSaved(g) => conn.run(SAVE_GROUP, &values![g.id, g.organisation, &g.name, json(&g.members)]),
        Change::AccessSet { organisation, access } => conn.run(SET_ACCESS, &values![*organisation, json(access)]),
        Change::RequestMade(r) => {
            let kind = word(&r.ask.kind());
            conn.run(
                MAKE,
                &values![r.id, r.organisation, kind, json(&r.ask), &r.reason, r.from, r.until, r.by, r.ask.person(), r.at, word(&r.state)],
            )
        }
        Change::RequestDecided { request, approve, by, statement } => {
            let state = if *approve { RequestState::Approved } else { RequestState::Refused };
            conn.run(DECIDE, &values![*request, word(&state), *by, meta.at, statement])
        }
        Change::RequestEnded { request, state } => conn.run(END, &values![*request, word(state)]),
        Change::RequestReviewed { request, finding, .. } => conn.run(REVIEWED, &values![*request, finding]),
        Change::AccountsReviewed(r) => conn.run(ADD_REVIEW, &values![r.id, r.organisation, r.at, json(r)]),
        Change::AlertRaised(a) => conn.run(ADD_ALERT, &values![a.id, a.organisation, word(&a.kind), &a.subject, json(&a.words), a.at]),
        Change::AlertAcknowledged { alert, by } => conn.run(ACKNOWLEDGE, &values![*alert, *by, meta.at]),
        Change::MailQueued(m) => conn.run(QUEUE, &values![m.id, &m.to, &m.subject, m.at]),
        Change::MailSent { mail } => conn.run(SENT, &values![*mail, meta.at]),
        Change::MailFailed { mail, words, last } => {
            conn.run(NOT_SENT, &values![*mail, if *last { "failed" } else { "queued" }, meta.at, words])
        }
        // Only the ledger keeps it.
        Change::MailOpened { .. } | Change::ActRefused { .. } => Ok(0),
        Change::PageOpened { page, tenant } => conn.run(VIEWED, &values![meta.pos, *tenant, meta.by(), &meta.session, page, meta.at]),
        other => not_here(other),
    }
    .map(drop)
}

/// The access rules of an organisation; those everybody begins with where it set none.
pub fn access(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Access, Error> {
    Ok(conn.first(ACCESS, &values![organisation], |row| row.json(0, "access rules"))?.unwrap_or_default())
}

fn request_row(row: &Row<'_>) -> Result<Request, Error> {
    Ok(Request {
        id: row.get(0)?,
        organisation: row.get(1)?,
        ask: row.json(2, "a request")?,
        reason: row.get(3)?,
        from: row.get(4)?,
        until: row.get(5)?,
        by: row.get(6)?,
        at: row.get(7)?,
        state: read_word(row, 8, "a state of a request")?,
        decided_by: row.get(9)?,
        decided: row.get(10)?,
        statement: row.get(11)?,
        finding: row.get(12)?,
    })
}

pub fn request(conn: &mut Conn, id: Id<id::Request>) -> Result<Option<Request>, Error> {
    conn.first(REQUEST, &values![id], request_row)
}

/// The newest requests that an organisation decides, or that the person made.
pub fn requests(conn: &mut Conn, organisation: Id<id::Organisation>, person: Id<id::Person>) -> Result<Vec<Request>, Error> {
    conn.rows(REQUESTS_OF, &values![organisation, person], request_row)
}

/// Requests of or about a person that are approved and not over; some may not have begun.
pub fn in_force(conn: &mut Conn, person: Id<id::Person>, now: Timestamp) -> Result<Vec<Request>, Error> {
    conn.rows(IN_FORCE, &values![person, now], request_row)
}

/// Requests that time ends: those that are over, and waiting ones made at `waited` or before.
pub fn running_out(conn: &mut Conn, now: Timestamp, waited: Timestamp) -> Result<Vec<Request>, Error> {
    conn.rows(RUN_OUT, &values![now, waited], request_row)
}

/// The reviews of an organisation's accounts, newest first.
pub fn reviews(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Review>, Error> {
    conn.rows(REVIEWS_OF, &values![organisation], |row| row.json(0, "a review"))
}

/// An alert, and who has seen it when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenAlert {
    pub alert: Alert,
    pub by: Option<Id<id::Person>>,
    pub seen: Option<Timestamp>,
}

fn alert_row(row: &Row<'_>) -> Result<SeenAlert, Error> {
    let alert = Alert {
        id: row.get(0)?,
        organisation: row.get(1)?,
        kind: read_word(row, 2, "a kind of alert")?,
        subject: row.get(3)?,
        words: row.json(4, "words")?,
        at: row.get(5)?,
    };
    Ok(SeenAlert { alert, by: row.get(6)?, seen: row.get(7)? })
}

/// The newest alerts for an organisation, with those for operators where `operator` says so.
pub fn alerts(conn: &mut Conn, organisation: Id<id::Organisation>, operator: bool) -> Result<Vec<SeenAlert>, Error> {
    conn.rows(ALERTS_OF, &values![organisation, i64::from(operator)], alert_row)
}

/// How many alerts nobody has acknowledged: those for the administrators of an organisation, those for operators, or both.
pub fn unseen(conn: &mut Conn, organisation: Id<id::Organisation>, administrator: bool, operator: bool) -> Result<usize, Error> {
    let asked = values![organisation, i64::from(administrator), i64::from(operator)];
    conn.one(UNSEEN, &asked, |row| row.get::<i64>(0)).map(|n| usize::try_from(n).unwrap_or(0))
}

pub fn alert(conn: &mut Conn, id: Id<id::Alert>) -> Result<Option<SeenAlert>, Error> {
    conn.first(ALERT, &values![id], alert_row)
}

/// Whether this was warned of since then.
pub fn was_alerted(conn: &mut Conn, kind: rules::review::AlertKind, subject: &str, since: Timestamp) -> Result<bool, Error> {
    conn.one(OPEN_ALERT, &values![word(&kind), subject, since], |row| row.get::<i64>(0)).map(|n| n > 0)
}

/// A mail and what became of it: `queued`, `sent` or `failed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMail {
    pub mail: Mail,
    pub state: String,
    pub tries: u32,
    pub tried: Option<Timestamp>,
    /// Why the last try failed.
    pub words: String,
}

fn mail_row(row: &Row<'_>) -> Result<QueuedMail, Error> {
    Ok(QueuedMail {
        mail: Mail { id: row.get(0)?, to: row.get(1)?, subject: row.get(2)?, at: row.get(3)? },
        state: row.get(4)?,
        tries: row.get(5)?,
        tried: row.get(6)?,
        words: row.get(7)?,
    })
}

/// The outbox, newest first.
pub fn mails(conn: &mut Conn) -> Result<Vec<QueuedMail>, Error> {
    conn.rows(MAILS, &[], mail_row)
}

pub fn mail(conn: &mut Conn, id: Id<id::Mail>) -> Result<Option<QueuedMail>, Error> {
    conn.first(MAIL, &values![id], mail_row)
}

/// Mails that wait to be sent, oldest first.
pub fn queued(conn: &mut Conn) -> Result<Vec<QueuedMail>, Error> {
    conn.rows(QUEUED, &[], mail_row)
}

pub fn groups(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Group>, Error> {
    conn.rows(GROUPS_OF, &values![organisation], |row| {
        Ok(Group { id: row.get(0)?, organisation: row.get(1)?, name: row.get(2)?, members: row.json(3, "members")? })
    })
}

/// A page of an organisation's data that somebody else opened: who (as text), the session with its marks, page, time.
pub type Viewing = (String, String, String, Timestamp);

/// What was looked at of an organisation's data under an approval, newest first (items 17, 18).
pub fn viewings(conn: &mut Conn, tenant: Id<id::Organisation>) -> Result<Vec<Viewing>, Error> {
    conn.rows(VIEWINGS_OF, &values![tenant], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
}
