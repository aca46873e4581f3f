//! Pages of the ledger for people: who did what to what, filtered, newest or oldest first.

use jiff::Timestamp;
use rules::id::Pos;
use seal::Line;

use crate::engine::{Conn, Sql, statements};
use crate::error::Error;
use crate::ledger::{line, lines};
use crate::value::{instant, values};

/// Which lines; what is `None` does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub tenant: Option<String>,
    pub actor: Option<String>,
    /// The thing itself and its parts: `case_1` finds `case_1` and `case_1/81`, not `case_10`.
    pub subject: Option<String>,
    pub kind: Option<String>,
    pub outcome: Option<String>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// Which way a page reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    NewestFirst,
    OldestFirst,
}

/// Every filter is in every statement; the first words choose the index that leads to the lines.
macro_rules! page {
    ($lead:literal, $order:literal) => {
        lines!(concat!(
            "where ",
            $lead,
            " and (cast($3 as text) is null or l.tenant = $3) and (cast($4 as text) is null or l.actor = $4) \
             and (cast($5 as text) is null or l.kind = $5) and (cast($6 as text) is null or l.outcome = $6) \
             and (cast($7 as text) is null or l.at >= $7) and (cast($8 as text) is null or l.at < $8) \
             and (cast($9 as text) is null or l.subject = $9 or (l.subject >= $10 and l.subject < $11)) ",
            $order
        ))
    };
}

statements! {
    NEWEST = page!("l.pos < $1", "order by l.pos desc limit $2");
    NEWEST_OF_TENANT = page!("l.tenant = $3 and l.pos < $1", "order by l.seq desc limit $2");
    NEWEST_OF_KIND = page!("l.tenant = $3 and l.kind = $5 and l.pos < $1", "order by l.pos desc limit $2");
    NEWEST_OF_ACTOR = page!("l.actor = $4 and l.pos < $1", "order by l.pos desc limit $2");
    NEWEST_OF_SUBJECT = page!("(l.subject = $9 or (l.subject >= $10 and l.subject < $11)) and l.pos < $1", "order by l.pos desc limit $2");
    OLDEST = page!("l.pos > $1", "order by l.pos limit $2");
    OLDEST_OF_TENANT = page!("l.tenant = $3 and l.pos > $1", "order by l.seq limit $2");
    OLDEST_OF_KIND = page!("l.tenant = $3 and l.kind = $5 and l.pos > $1", "order by l.pos limit $2");
    OLDEST_OF_ACTOR = page!("l.actor = $4 and l.pos > $1", "order by l.pos limit $2");
    OLDEST_OF_SUBJECT = page!("(l.subject = $9 or (l.subject >= $10 and l.subject < $11)) and l.pos > $1", "order by l.pos limit $2");
}

/// A page of at most `limit` lines; the next page starts after the last line's `pos`. `after: None` is the first page.
pub fn history(conn: &mut Conn, filter: &Filter, order: Order, after: Option<Pos>, limit: u32) -> Result<Vec<Line>, Error> {
    let newest = order == Order::NewestFirst;
    let after = after.unwrap_or(if newest { Pos::NOW } else { Pos::NEVER });
    let sql: Sql = match (filter, newest) {
        (Filter { subject: Some(_), .. }, true) => NEWEST_OF_SUBJECT,
        (Filter { subject: Some(_), .. }, false) => OLDEST_OF_SUBJECT,
        (Filter { actor: Some(_), .. }, true) => NEWEST_OF_ACTOR,
        (Filter { actor: Some(_), .. }, false) => OLDEST_OF_ACTOR,
        (Filter { tenant: Some(_), kind: Some(_), .. }, true) => NEWEST_OF_KIND,
        (Filter { tenant: Some(_), kind: Some(_), .. }, false) => OLDEST_OF_KIND,
        (Filter { tenant: Some(_), .. }, true) => NEWEST_OF_TENANT,
        (Filter { tenant: Some(_), .. }, false) => OLDEST_OF_TENANT,
        (_, true) => NEWEST,
        (_, false) => OLDEST,
    };
    let Filter { tenant, actor, subject, kind, outcome, from, until } = filter.clone();
    // '0' follows '/' in byte order: the parts of a thing lie between the two.
    let parts = subject.as_ref().map(|s| format!("{s}/"));
    let behind = subject.as_ref().map(|s| format!("{s}0"));
    let values = values![after, limit, tenant, actor, kind, outcome, from.map(instant), until.map(instant), subject, parts, behind];
    conn.rows(sql, &values, line)
}
