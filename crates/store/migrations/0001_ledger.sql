-- The ledger: one line per act. Written for SQLite; `migrate.rs` turns the words integer, blob, text and
-- strict into PostgreSQL's. No column may bear one of these words as its name.

create table ledger_line (
    pos integer primary key check (pos > 0),
    tenant text not null,
    seq integer not null check (seq > 0),
    at text not null,
    actor text not null,
    session text,
    address text,
    kind text not null,
    subject text not null,
    outcome text not null,
    payload_digest blob not null check (length(payload_digest) = 32),
    leaf blob not null check (length(leaf) = 32)
) strict;
create unique index ledger_line_by_tenant on ledger_line (tenant, seq);
create index ledger_line_by_kind on ledger_line (tenant, kind, pos);
create index ledger_line_by_actor on ledger_line (actor, pos);
create index ledger_line_by_subject on ledger_line (subject, pos);

-- Beside the line, because it may have to be erased after its term; salt and payload go together.
create table ledger_payload (
    pos integer primary key references ledger_line (pos),
    salt blob not null check (length(salt) = 16),
    payload text not null
) strict;

-- The right edge of each tenant's tree, so that appending does not read the ledger.
create table ledger_head (
    tenant text primary key,
    size integer not null,
    frontier blob not null
) strict;

-- What must not stand in the ledger: password hashes, digests of tokens. A rebuild leaves it alone.
create table secret (
    owner text not null,
    kind text not null,
    value text not null,
    primary key (owner, kind)
) strict;
create index secret_by_value on secret (kind, value);
