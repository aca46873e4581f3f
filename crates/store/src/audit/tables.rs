//! Every table beside what the ledger makes: the first row that differs, by table.

use seal::merkle::sha256;

use super::{Finding, Odd};
use crate::engine::{Conn, Sql, statements};
use crate::error::Error;
use crate::rebuild;

/// Tables that are not made from the ledger, and are proven all the same: by what was signed, by this program.
pub(super) const PROVEN: &[&str] = &["schema_version", "checkpoint", "super_node", "super_checkpoint"];

statements! {
    VERSIONS = "select number, name from schema_version order by number";
}

/// How many rows are right, and the first that is wrong of each table.
pub(super) fn compare(kept: &mut Conn, made: &mut Conn) -> Result<(u64, Vec<Finding>), Error> {
    let (mut right, mut odd) = (0, vec![]);
    for (table, sql) in [("schema_version", VERSIONS)].iter().chain(rebuild::dumps()) {
        let wanted = made.rows(*sql, &[], |row| Ok(sha256(&[row.told()?.as_bytes()])))?;
        let (mut n, mut first) = (0, None);
        let read = kept.each(*sql, &[], |row| {
            if first.is_none() && wanted.get(n) != Some(&sha256(&[row.told()?.as_bytes()])) {
                first = Some(n);
            }
            n += 1;
            Ok(())
        });
        if let Err(error) = read {
            odd.push(Finding::Unreadable(format!("table {table}: {error}")));
            continue;
        }
        match first.or((n < wanted.len()).then_some(n)) {
            None => right += n as u64,
            Some(at) => odd.push(difference(table, *sql, at, kept, made, n.cmp(&wanted.len()))?),
        }
    }
    Ok((right, odd))
}

/// What exactly differs at a place.
fn difference(
    table: &'static str,
    sql: Sql,
    at: usize,
    kept: &mut Conn,
    made: &mut Conn,
    more: std::cmp::Ordering,
) -> Result<Finding, Error> {
    let (kept, made) = (cells(kept, sql, at)?, cells(made, sql, at)?);
    // Only the first cell is shown: an id or a number, never what a person wrote.
    let key = |cells: &[(String, String)]| cells.first().map(|(name, cell)| format!("{name} {cell}")).unwrap_or_default();
    let altered = kept.iter().zip(&made).find(|(kept, made)| kept != made).map(|((name, _), _)| name.clone());
    let (odd, key, column) = match more {
        std::cmp::Ordering::Less => (Odd::Missing, key(&made), None),
        std::cmp::Ordering::Greater => (Odd::Added, key(&kept), None),
        std::cmp::Ordering::Equal => (Odd::Altered, key(&kept), altered),
    };
    Ok(Finding::Row { table, n: at as u64 + 1, key, column, odd })
}

/// The cells of a row with their names; none behind the last.
fn cells(conn: &mut Conn, sql: Sql, at: usize) -> Result<Vec<(String, String)>, Error> {
    let (mut n, mut out) = (0, vec![]);
    conn.each_while(sql, &[], |row| {
        if n == at {
            out = row.named()?;
        }
        n += 1;
        Ok(n <= at)
    })?;
    Ok(out)
}
