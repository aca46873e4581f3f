//! Questionnaires, what their questions are mapped to, and the answers: everything stays, the newest counts.

use std::collections::BTreeMap;

use rules::id::{self, Id, ItemNo, Pos};
use rules::questionnaire::{Questioning, Questionnaire, Reply};

use super::{Meta, json};
use crate::engine::{Conn, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    ADD = "insert into questionnaire (id, organisation, pos, content) values ($1, $2, $3, $4)";
    MAP = "insert into question_mapping (pos, questionnaire, organisation, line, folded, items, person, at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    ANSWER = "insert into question_answer (pos, questionnaire, line, content, person, at) values ($1, $2, $3, $4, $5, $6)";
    ONE = "select content from questionnaire where id = $1 and organisation = $2";
    OF = "select content from questionnaire where organisation = $1 order by pos desc";
    MAPPED = "select line, items from question_mapping where questionnaire = $1 order by pos";
    ANSWERED = "select line, content, pos, person, at from question_answer where questionnaire = $1 order by pos";
    REMEMBERED = "select folded, items from question_mapping where organisation = $1 order by pos";
}

pub(super) fn apply(conn: &mut Conn, change: &Questioning, meta: &Meta) -> Result<(), Error> {
    match change {
        Questioning::QuestionnaireAdded(q) => conn.run(ADD, &values![q.id, q.organisation, meta.pos, json(q)]),
        Questioning::QuestionMapped { questionnaire, organisation, row, folded, items, by } => {
            conn.run(MAP, &values![meta.pos, *questionnaire, *organisation, *row, folded, json(items), *by, meta.at])
        }
        Questioning::QuestionAnswered { questionnaire, row, reply, by } => {
            conn.run(ANSWER, &values![meta.pos, *questionnaire, *row, json(reply), *by, meta.at])
        }
    }
    .map(drop)
}

/// The questionnaire; nothing where it is not the organisation's.
pub fn one(conn: &mut Conn, organisation: Id<id::Organisation>, id: Id<id::Questionnaire>) -> Result<Option<Questionnaire>, Error> {
    conn.first(ONE, &values![id, organisation], |row| row.json(0, "a questionnaire"))
}

/// Every questionnaire of an organisation, the newest first.
pub fn of(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Questionnaire>, Error> {
    conn.rows(OF, &values![organisation], |row| row.json(0, "a questionnaire"))
}

/// The items of each mapped question, by its row.
pub fn mapped(conn: &mut Conn, id: Id<id::Questionnaire>) -> Result<BTreeMap<u32, Vec<ItemNo>>, Error> {
    Ok(conn.rows(MAPPED, &values![id], |row| Ok((row.get(0)?, row.json(1, "items")?)))?.into_iter().collect())
}

/// An answer, and when and by whom it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub reply: Reply,
    pub pos: Pos,
    pub by: Id<id::Person>,
    pub at: jiff::Timestamp,
}

/// The newest answer to each question, by its row.
pub fn answered(conn: &mut Conn, id: Id<id::Questionnaire>) -> Result<BTreeMap<u32, Given>, Error> {
    let given = conn.rows(ANSWERED, &values![id], |row| {
        Ok((row.get(0)?, Given { reply: row.json(1, "an answer")?, pos: row.get(2)?, by: row.get(3)?, at: row.get(4)? }))
    })?;
    Ok(given.into_iter().collect())
}

/// Every question that somebody of the organisation ever mapped, in its comparable form, with the newest mapping.
pub fn remembered(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<BTreeMap<String, Vec<ItemNo>>, Error> {
    Ok(conn.rows(REMEMBERED, &values![organisation], |row| Ok((row.get(0)?, row.json(1, "items")?)))?.into_iter().collect())
}
