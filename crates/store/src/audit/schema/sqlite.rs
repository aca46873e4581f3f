//! SQLite keeps the text of everything in its schema.

use super::Parts;
use crate::engine::{Conn, statements};
use crate::error::Error;

statements! {
    SCHEMA = "select type, name, tbl_name, coalesce(sql, '') from sqlite_schema";
}

pub(super) fn parts(conn: &mut Conn) -> Result<Parts, Error> {
    let rows = conn.rows(SCHEMA, &[], |row| {
        let (kind, name, table, text): (&str, &str, &str, &str) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok((format!("{kind} {name}"), format!("{table}: {text}")))
    });
    Ok(rows?.into_iter().collect())
}
