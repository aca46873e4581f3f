//! What goes into a statement and comes out of a row: null, whole numbers, text and bytes, the same on both engines.

use std::error::Error as StdError;

use postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use rules::id::{Digest, Id, ItemNo, Named, PointNo, Pos};
use rusqlite::types::{ToSqlOutput, ValueRef};

/// A value for a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// The parameters of a statement: `values![id, 3, "text"]`.
macro_rules! values {
    ($($value:expr),* $(,)?) => { [$($crate::value::Value::from($value)),*] };
}
pub(crate) use values;

macro_rules! from {
    ($($t:ty => |$v:ident| $make:expr;)*) => { $(impl From<$t> for Value { fn from($v: $t) -> Value { $make } })* };
}

from! {
    i64 => |v| Value::Int(v);
    i32 => |v| Value::Int(v.into());
    u32 => |v| Value::Int(v.into());
    u16 => |v| Value::Int(v.into());
    bool => |v| Value::Int(v.into());
    String => |v| Value::Text(v);
    &str => |v| Value::Text(v.to_owned());
    &String => |v| Value::Text(v.clone());
    Vec<u8> => |v| Value::Blob(v);
    &[u8] => |v| Value::Blob(v.to_vec());
    [u8; 16] => |v| Value::Blob(v.to_vec());
    [u8; 32] => |v| Value::Blob(v.to_vec());
    Digest => |v| Value::Text(v.to_string());
    Pos => |v| Value::Int(v.0);
    ItemNo => |v| Value::Int(v.0.into());
    PointNo => |v| Value::Int(v.0.into());
    jiff::Timestamp => |v| Value::Text(instant(v));
    jiff::civil::Date => |v| Value::Text(v.to_string());
}

impl<T: Named> From<Id<T>> for Value {
    fn from(id: Id<T>) -> Value {
        Value::Text(id.to_string())
    }
}

impl<T: Named> From<&Id<T>> for Value {
    fn from(id: &Id<T>) -> Value {
        Value::Text(id.to_string())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Value {
        v.map_or(Value::Null, Into::into)
    }
}

/// RFC 3339, UTC, always six digits of the second: sorts as text like it sorts as time.
pub fn instant(at: jiff::Timestamp) -> String {
    format!("{at:.6}")
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(v) => ValueRef::Integer(*v),
            Value::Text(v) => ValueRef::Text(v.as_bytes()),
            Value::Blob(v) => ValueRef::Blob(v),
        }))
    }
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match (self, ty) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Int(v), &Type::INT8) => v.to_sql(ty, out),
            (Value::Int(v), &Type::INT4) => i32::try_from(*v)?.to_sql(ty, out),
            (Value::Text(v), &Type::TEXT | &Type::VARCHAR) => v.to_sql(ty, out),
            (Value::Blob(v), &Type::BYTEA) => v.to_sql(ty, out),
            _ => Err(format!("a parameter of type {ty} was given {self:?}").into()),
        }
    }
    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::INT4 | Type::TEXT | Type::VARCHAR | Type::BYTEA)
    }
    to_sql_checked!();
}

/// What a row holds in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

/// A type that a cell can be read as; `WANTED` names it in errors.
pub trait Column<'a>: Sized {
    const WANTED: &'static str;
    /// `None` when the cell holds something else.
    fn read(cell: Cell<'a>) -> Option<Self>;
}

macro_rules! column {
    ($($t:ty, $wanted:literal, |$cell:ident| $read:expr;)*) => {
        $(impl<'a> Column<'a> for $t {
            const WANTED: &'static str = $wanted;
            fn read($cell: Cell<'a>) -> Option<Self> { $read }
        })*
    };
}

fn int(cell: Cell<'_>) -> Option<i64> {
    if let Cell::Int(v) = cell { Some(v) } else { None }
}
fn text(cell: Cell<'_>) -> Option<&str> {
    if let Cell::Text(v) = cell { Some(v) } else { None }
}
fn blob(cell: Cell<'_>) -> Option<&[u8]> {
    if let Cell::Blob(v) = cell { Some(v) } else { None }
}

column! {
    i64, "a whole number", |cell| int(cell);
    u64, "a whole number from 0", |cell| int(cell)?.try_into().ok();
    u32, "a whole number from 0 to 4294967295", |cell| int(cell)?.try_into().ok();
    u16, "a whole number from 0 to 65535", |cell| int(cell)?.try_into().ok();
    bool, "0 or 1", |cell| match int(cell)? { 0 => Some(false), 1 => Some(true), _ => None };
    &'a str, "text", |cell| text(cell);
    String, "text", |cell| text(cell).map(str::to_owned);
    &'a [u8], "bytes", |cell| blob(cell);
    Vec<u8>, "bytes", |cell| blob(cell).map(<[u8]>::to_vec);
    [u8; 16], "16 bytes", |cell| blob(cell)?.try_into().ok();
    [u8; 32], "32 bytes", |cell| blob(cell)?.try_into().ok();
    Digest, "a SHA-256 digest in hexadecimal", |cell| text(cell)?.parse().ok();
    Pos, "a ledger position", |cell| int(cell).map(Pos);
    ItemNo, "an item number", |cell| int(cell)?.try_into().ok().map(ItemNo);
    PointNo, "a point number", |cell| int(cell)?.try_into().ok().map(PointNo);
    jiff::Timestamp, "a time (RFC 3339)", |cell| text(cell)?.parse().ok();
    jiff::civil::Date, "a date (YYYY-MM-DD)", |cell| text(cell)?.parse().ok();
}

impl<'a, T: Named> Column<'a> for Id<T> {
    const WANTED: &'static str = T::PREFIX;
    fn read(cell: Cell<'a>) -> Option<Self> {
        text(cell)?.parse().ok()
    }
}

impl<'a, T: Column<'a>> Column<'a> for Option<T> {
    const WANTED: &'static str = T::WANTED;
    fn read(cell: Cell<'a>) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            cell => T::read(cell).map(Some),
        }
    }
}

/// A cell in an error: its kind and size, never its content, which may be a person's data.
pub(crate) fn shown(cell: Cell<'_>) -> String {
    match cell {
        Cell::Null => "nothing (null)".to_owned(),
        Cell::Int(v) => format!("the number {v}"),
        Cell::Text(v) => format!("a text of {} bytes", v.len()),
        Cell::Blob(v) => format!("{} bytes", v.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_sort_as_text() {
        let early = instant("2026-11-22T05:06:07Z".parse().unwrap());
        let late = instant("2026-11-22T05:06:07.000001Z".parse().unwrap());
        assert_eq!((early.as_str(), late.as_str()), ("2026-11-22T05:06:07.000000Z", "2026-11-22T05:06:07.000001Z"));
        assert!(early < late);
    }

    #[test]
    fn a_cell_is_read_only_as_what_it_is() {
        assert_eq!(u16::read(Cell::Int(70_000)), None);
        assert_eq!(i64::read(Cell::Text("7")), None);
        assert_eq!(bool::read(Cell::Int(2)), None);
        assert_eq!(String::read(Cell::Null), None);
        assert_eq!(Option::<String>::read(Cell::Null), Some(None));
        assert_eq!(Option::<String>::read(Cell::Int(1)), None);
    }
}
