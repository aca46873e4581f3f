//! One row of an answer, read the same from both engines.

use postgres::types::Type;

use super::Sql;
use crate::error::Error;
use crate::value::{Cell, Column, shown};

/// One row of a query.
pub struct Row<'a> {
    pub(super) sql: Sql,
    pub(super) cells: Cells<'a>,
}

pub(super) enum Cells<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a postgres::Row),
}

impl Row<'_> {
    /// The value of a column, counted from 0. The error names statement and column.
    pub(crate) fn get<'r, T: Column<'r>>(&'r self, index: usize) -> Result<T, Error> {
        let cell = self.cell(index).map_err(|found| self.mismatch(index, T::WANTED, found))?;
        T::read(cell).ok_or_else(|| self.mismatch(index, T::WANTED, shown(cell)))
    }

    /// A text column as anything that reads itself from text; `wanted` names it in the error.
    #[allow(dead_code, reason = "a door for the tables")]
    pub(crate) fn parsed<T: std::str::FromStr>(&self, index: usize, wanted: &'static str) -> Result<T, Error> {
        let text: &str = self.get(index)?;
        text.parse().map_err(|_| self.mismatch(index, wanted, shown(Cell::Text(text))))
    }

    /// A text column of JSON; `wanted` names what it should hold in the error.
    #[allow(dead_code, reason = "a door for the tables")]
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, index: usize, wanted: &'static str) -> Result<T, Error> {
        let text: &str = self.get(index)?;
        serde_json::from_str(text).map_err(|e| self.mismatch(index, wanted, e.to_string()))
    }

    /// The whole row as text, for comparing databases.
    pub(crate) fn told(&self) -> Result<String, Error> {
        Ok(self.named()?.into_iter().map(|(_, cell)| cell).collect::<Vec<_>>().join(" | "))
    }

    /// Every cell as text, with the name of its column.
    pub(crate) fn named(&self) -> Result<Vec<(String, String)>, Error> {
        let names: Vec<String> = match self.cells {
            Cells::Sqlite(row) => row.as_ref().column_names().map(str::to_owned).collect(),
            Cells::Postgres(row) => row.columns().iter().map(|column| column.name().to_owned()).collect(),
        };
        let cells = names.into_iter().enumerate();
        cells.map(|(n, name)| Ok((name, format!("{:?}", self.cell(n).map_err(|found| self.mismatch(n, "a value", found))?)))).collect()
    }

    fn cell(&self, index: usize) -> Result<Cell<'_>, String> {
        match self.cells {
            Cells::Sqlite(row) => match row.get_ref(index).map_err(|e| e.to_string())? {
                rusqlite::types::ValueRef::Null => Ok(Cell::Null),
                rusqlite::types::ValueRef::Integer(v) => Ok(Cell::Int(v)),
                rusqlite::types::ValueRef::Text(v) => {
                    std::str::from_utf8(v).map(Cell::Text).map_err(|_| "text that is not UTF-8".to_owned())
                }
                rusqlite::types::ValueRef::Blob(v) => Ok(Cell::Blob(v)),
                rusqlite::types::ValueRef::Real(v) => Err(format!("the fraction {v}")),
            },
            Cells::Postgres(row) => {
                let column = row.columns().get(index).ok_or_else(|| "no such column".to_owned())?;
                let cell = match *column.type_() {
                    Type::INT8 => row.try_get::<_, Option<i64>>(index).map(|v| v.map(Cell::Int)),
                    Type::INT4 => row.try_get::<_, Option<i32>>(index).map(|v| v.map(|v| Cell::Int(v.into()))),
                    Type::BOOL => row.try_get::<_, Option<bool>>(index).map(|v| v.map(|v| Cell::Int(v.into()))),
                    Type::TEXT | Type::VARCHAR | Type::NAME => row.try_get::<_, Option<&str>>(index).map(|v| v.map(Cell::Text)),
                    Type::BYTEA => row.try_get::<_, Option<&[u8]>>(index).map(|v| v.map(Cell::Blob)),
                    ref other => return Err(format!("a value of type {other}: cast it to bigint, text or bytea")),
                };
                cell.map(|v| v.unwrap_or(Cell::Null)).map_err(|e| e.to_string())
            }
        }
    }

    pub(crate) fn mismatch(&self, index: usize, wanted: &'static str, found: String) -> Error {
        let name = match self.cells {
            Cells::Sqlite(row) => row.as_ref().column_name(index).ok().map(str::to_owned),
            Cells::Postgres(row) => row.columns().get(index).map(|c| c.name().to_owned()),
        };
        let column = name.map_or_else(|| index.to_string(), |name| format!("{index} ({name})"));
        Error::Column { statement: self.sql.name, column, found, wanted }
    }
}
