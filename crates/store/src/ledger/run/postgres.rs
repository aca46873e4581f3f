//! What only PostgreSQL understands: many rows of the search index in one journey.

use crate::engine::{Sql, statements};

statements! {
    RUN = "insert into ledger_run (tenant, n, bucket, hits) select $1, $2, x.b, decode(x.h, 'hex') \
        from json_to_recordset(cast(cast($3 as text) as json)) as x (b bigint, h text)";
    HITS = "insert into ledger_hit (tenant, n, bucket, hits) select $1, $2, x.b, decode(x.h, 'hex') \
        from json_to_recordset(cast(cast($3 as text) as json)) as x (b bigint, h text)";
}

/// Rows of a run.
pub(crate) const INSERT_RUN: Sql = RUN;
/// Rows of a segment.
pub(crate) const INSERT_HITS: Sql = HITS;
