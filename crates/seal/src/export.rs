//! An export of a ledger: one JSON object per line, from the header to the signed checkpoint that covers it.
