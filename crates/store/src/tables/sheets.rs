//! Sheets that users added, kept column mappings, and texts that people confirmed.

use rules::change::Change;
use rules::id::{self, Id};
use rules::sheet::{ConfirmedText, Sheet, SheetId};

use super::{Meta, json, not_here};
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    ADD_SHEET = "insert into sheet (id, organisation, content) values ($1, $2, $3)";
    SHEETS = "select content from sheet order by id";
    KEEP_MAPPING = "insert into mapping (id, organisation, name, content) values ($1, $2, $3, $4)";
    MAPPINGS_OF = "select id, name, content from mapping where organisation = $1 order by id desc";
    CONFIRM_TEXT = "insert into confirmed_text (sheet, item, pos, body, source, person, at) values ($1, $2, $3, $4, $5, $6, $7)";
    CONFIRMED_TEXTS = "select c.item, c.body, c.source, p.name, c.at from confirmed_text c left join person p on p.id = c.person
        where c.sheet = $1 order by c.item, c.pos";
}

pub(super) fn apply(conn: &mut Conn, change: &Change, meta: &Meta) -> Result<(), Error> {
    match change {
        Change::SheetAdded { organisation, sheet } => conn.run(ADD_SHEET, &values![&sheet.id.0, *organisation, json(sheet)]),
        Change::MappingKept { id, organisation, name, mapping } => {
            conn.run(KEEP_MAPPING, &values![*id, *organisation, name, json(mapping)])
        }
        Change::TextConfirmed { sheet, item, text, source, by } => {
            conn.run(CONFIRM_TEXT, &values![&sheet.0, *item, meta.pos, text, source, *by, meta.at])
        }
        other => not_here(other),
    }
    .map(drop)
}

/// Sheets that users added; those of the catalogue are not in the database.
pub fn added_sheets(conn: &mut Conn) -> Result<Vec<Sheet>, Error> {
    conn.rows(SHEETS, &[], |row| row.json(0, "a sheet"))
}

/// A kept column mapping of an imported form.
#[derive(Debug, Clone)]
pub struct KeptMapping {
    pub id: Id<id::Mapping>,
    pub name: String,
    pub content: serde_json::Value,
}

pub fn mappings(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<KeptMapping>, Error> {
    conn.rows(MAPPINGS_OF, &values![organisation], |row| {
        Ok(KeptMapping { id: row.get(0)?, name: row.get(1)?, content: row.json(2, "a mapping")? })
    })
}

/// Every confirmation of a sheet's texts, oldest first: the last one of an item counts.
pub fn confirmed_texts(conn: &mut Conn, sheet: &SheetId) -> Result<Vec<ConfirmedText>, Error> {
    let make = |row: &Row<'_>| {
        let by: Option<String> = row.get(3)?;
        Ok(ConfirmedText { item: row.get(0)?, text: row.get(1)?, source: row.get(2)?, by: by.unwrap_or_default(), at: row.get(4)? })
    };
    conn.rows(CONFIRMED_TEXTS, &values![&sheet.0], make)
}
