//! Accounts and how they are used: standing, factors, sessions, what went wrong at the door.

use jiff::{Timestamp, civil::Date};
use rules::account::{Account, Factor, Method, Stage};
use rules::change::Change;
use rules::id::{self, Id};

use super::{Meta, not_here, read_word, word};
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    SET_STANDING = "update account set standing = $2, reason = $3 where person = $1";
    SET_ENDS = "update account set ends = $2 where person = $1";
    NO_PASSWORD = "update account set password_set = null, initial = 0 where person = $1";
    FAILED = "update account set failed = failed + 1, last_failed = $2 where person = $1";
    CAME_IN = "update account set last_in = $2, failed = 0 where person = $1";
    ACCOUNT = "select a.person, p.kind, a.home, a.standing, a.reason, a.initial, a.password_set, a.ends, a.last_in, a.failed, a.last_failed
        from account a join person p on p.id = a.person where a.person = $1";
    ACCOUNTS_OF = "select a.person, p.kind, a.home, a.standing, a.reason, a.initial, a.password_set, a.ends, a.last_in, a.failed, a.last_failed
        from account a join person p on p.id = a.person where a.home = $1
        or exists (select 1 from membership m where m.person = a.person and m.organisation = $1) order by p.name, p.id";
    ENDING = "select a.person, p.kind, a.home, a.standing, a.reason, a.initial, a.password_set, a.ends, a.last_in, a.failed, a.last_failed
        from account a join person p on p.id = a.person where a.standing = 'active' and a.ends < $1 order by a.person";
    HOMELESS = "select p.email from account a join person p on p.id = a.person where a.home is null and a.standing <> 'closed' order by p.email limit 20";
    NO_MEMBERSHIP = "delete from membership where person = $1";
    ADD_FACTOR = "insert into factor (id, person, kind, name, added, removed) values ($1, $2, $3, $4, $5, 0)";
    REMOVE_FACTOR = "update factor set removed = 1 where id = $1";
    REMOVE_FACTORS = "update factor set removed = 1 where person = $1";
    FACTORS_OF = "select id, person, kind, name, added from factor where person = $1 and removed = 0 order by id";
    OPEN_SESSION = "insert into session (id, person, organisation, at, ended, method, stage, request, until, confirmed, address, prior_in, prior_failed, prior_failed_at)
        select $1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10, last_in, failed, last_failed from account where person = $2";
    END_SESSION = "update session set ended = 1 where id = $1";
    END_SESSIONS_OF = "update session set ended = 1 where person = $1";
    CONFIRM_SESSION = "update session set confirmed = $2 where id = $1";
    REVOKE_TOKENS_OF = "update token set revoked = 1 where person = $1";
    SESSION = "select id, person, organisation, at, method, stage, request, until, confirmed, address, prior_in, prior_failed, prior_failed_at
        from session where id = $1 and ended = 0";
    SESSIONS_OF = "select id, person, organisation, at, method, stage, request, until, confirmed, address, prior_in, prior_failed, prior_failed_at
        from session where person = $1 and ended = 0 order by id desc";
    SESSIONS_IN = "select id, person, organisation, at, method, stage, request, until, confirmed, address, prior_in, prior_failed, prior_failed_at
        from session where organisation = $1 and ended = 0 order by id desc";
    SESSIONS_BEFORE = "select id, person, organisation, at, method, stage, request, until, confirmed, address, prior_in, prior_failed, prior_failed_at
        from session where ended = 0 and at < $1 order by id limit 10000";
}

pub(super) fn apply(conn: &mut Conn, change: &Change, meta: &Meta) -> Result<(), Error> {
    match change {
        Change::AccountSuspended { person, reason } => {
            conn.run(SET_STANDING, &values![*person, "suspended", reason])?;
            shut(conn, *person)
        }
        Change::AccountResumed { person, .. } => conn.run(SET_STANDING, &values![*person, "active", ""]).map(drop),
        Change::AccountClosed { person, reason } => {
            conn.run(SET_STANDING, &values![*person, "closed", reason])?;
            conn.run(NO_MEMBERSHIP, &values![*person])?;
            conn.run(REMOVE_FACTORS, &values![*person])?;
            shut(conn, *person)
        }
        Change::LastDaySet { person, ends } => conn.run(SET_ENDS, &values![*person, *ends]).map(drop),
        Change::CredentialsRevoked { person, factors, .. } => {
            conn.run(NO_PASSWORD, &values![*person])?;
            if *factors {
                conn.run(REMOVE_FACTORS, &values![*person])?;
            }
            shut(conn, *person)
        }
        Change::FactorAdded(f) => conn.run(ADD_FACTOR, &values![f.id, f.person, word(&f.kind), &f.name, f.added]).map(drop),
        Change::FactorRemoved { factor, .. } => conn.run(REMOVE_FACTOR, &values![*factor]).map(drop),
        // Which code it was, only the secrets know.
        Change::RecoveryCodeUsed { .. } => Ok(()),
        Change::SignedIn { session, person, organisation, method, stage, under, since } => {
            let (request, until) = (under.map(|u| u.0), under.map(|u| u.1));
            // Who just came in has proved that it is them; who goes on from another session has what that one had.
            let (at, confirmed) = since.unwrap_or((meta.at, Some(meta.at)));
            let opened = values![*session, *person, *organisation, at, word(method), word(stage), request, until, confirmed, &meta.address];
            conn.run(OPEN_SESSION, &opened)?;
            if *stage == Stage::Full {
                conn.run(CAME_IN, &values![*person, meta.at])?;
            }
            Ok(())
        }
        Change::SignInFailed { person, .. } => match person {
            Some(person) => conn.run(FAILED, &values![*person, meta.at]).map(drop),
            None => Ok(()),
        },
        Change::SignedOut { session } => conn.run(END_SESSION, &values![*session]).map(drop),
        Change::SessionConfirmed { session } => conn.run(CONFIRM_SESSION, &values![*session, meta.at]).map(drop),
        Change::SessionsEnded { person, .. } => conn.run(END_SESSIONS_OF, &values![*person]).map(drop),
        other => not_here(other),
    }
}

/// Every session and token of a person ends: none of them opens anything after this transaction (item 87).
fn shut(conn: &mut Conn, person: Id<id::Person>) -> Result<(), Error> {
    conn.run(END_SESSIONS_OF, &values![person])?;
    conn.run(REVOKE_TOKENS_OF, &values![person]).map(drop)
}

fn account_row(row: &Row<'_>) -> Result<Account, Error> {
    Ok(Account {
        person: row.get(0)?,
        kind: read_word(row, 1, "a kind of account")?,
        home: row.get(2)?,
        standing: read_word(row, 3, "a standing")?,
        reason: row.get(4)?,
        initial: row.get(5)?,
        password_set: row.get(6)?,
        ends: row.get(7)?,
        last_in: row.get(8)?,
        failed: row.get(9)?,
        last_failed: row.get(10)?,
    })
}

pub fn account(conn: &mut Conn, person: Id<id::Person>) -> Result<Option<Account>, Error> {
    conn.first(ACCOUNT, &values![person], account_row)
}

/// The accounts an organisation answers for, and those of its members, by name.
pub fn accounts(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Account>, Error> {
    conn.rows(ACCOUNTS_OF, &values![organisation], account_row)
}

/// Active accounts whose last day was before this one.
pub fn ending(conn: &mut Conn, today: Date) -> Result<Vec<Account>, Error> {
    conn.rows(ENDING, &values![today], account_row)
}

/// The first ids that no organisation answers for and that are not closed.
pub fn homeless(conn: &mut Conn) -> Result<Vec<String>, Error> {
    conn.rows(HOMELESS, &[], |row| row.get(0))
}

/// The second factors of a person, oldest first.
pub fn factors(conn: &mut Conn, person: Id<id::Person>) -> Result<Vec<Factor>, Error> {
    conn.rows(FACTORS_OF, &values![person], |row| {
        Ok(Factor {
            id: row.get(0)?,
            person: row.get(1)?,
            kind: read_word(row, 2, "a kind of factor")?,
            name: row.get(3)?,
            added: row.get(4)?,
        })
    })
}

/// A session that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    pub id: Id<id::Session>,
    pub person: Id<id::Person>,
    pub organisation: Id<id::Organisation>,
    pub at: Timestamp,
    pub method: Method,
    pub stage: Stage,
    /// The request under which it exists, and when it ends for that reason.
    pub request: Option<Id<id::Request>>,
    pub until: Option<Timestamp>,
    /// When the person last proved that it is them.
    pub confirmed: Option<Timestamp>,
    pub address: String,
    /// The last sign-in before this one, and failed ones since (item 92(1)).
    pub prior_in: Option<Timestamp>,
    pub prior_failed: u32,
    pub prior_failed_at: Option<Timestamp>,
}

fn session_row(row: &Row<'_>) -> Result<OpenSession, Error> {
    Ok(OpenSession {
        id: row.get(0)?,
        person: row.get(1)?,
        organisation: row.get(2)?,
        at: row.get(3)?,
        method: read_word(row, 4, "a way to sign in")?,
        stage: read_word(row, 5, "a stage")?,
        request: row.get(6)?,
        until: row.get(7)?,
        confirmed: row.get(8)?,
        address: row.get(9)?,
        prior_in: row.get(10)?,
        prior_failed: row.get(11)?,
        prior_failed_at: row.get(12)?,
    })
}

pub fn session(conn: &mut Conn, id: Id<id::Session>) -> Result<Option<OpenSession>, Error> {
    conn.first(SESSION, &values![id], session_row)
}

/// The sessions of a person that nobody ended, newest first; some may be over by time.
pub fn sessions(conn: &mut Conn, person: Id<id::Person>) -> Result<Vec<OpenSession>, Error> {
    conn.rows(SESSIONS_OF, &values![person], session_row)
}

/// As [`sessions`], for everybody's that began before this moment, oldest first.
pub fn sessions_before(conn: &mut Conn, at: Timestamp) -> Result<Vec<OpenSession>, Error> {
    conn.rows(SESSIONS_BEFORE, &values![at], session_row)
}

/// As [`sessions`], for all people who act for an organisation.
pub fn sessions_in(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<OpenSession>, Error> {
    conn.rows(SESSIONS_IN, &values![organisation], session_row)
}
