//! What only PostgreSQL understands: a list of numbers as an array.

use super::counts::counted;
use crate::engine::{Sql, statements};
use crate::ledger::lines;

statements! {
    THESE = lines!("where l.tenant = $1 and l.seq = any($2::text::bigint[])");
    COUNT_THESE = counted!("l.seq = any($2::text::bigint[]) and cast($3 as text) is null");
}

/// Reads lines by their numbers; counts some of them.
pub(super) const BY_NUMBER: (Sql, Sql) = (THESE, COUNT_THESE);

/// What stands around the numbers of a list.
pub(super) const LIST: (char, char) = ('{', '}');
