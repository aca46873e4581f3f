-- Proof beside the ledger: checkpoints that were signed, the super-log over them, and the anchors outside.
-- None of it is made from the ledger: it is what was said of the ledger, and when. It moves with the ledger.

-- Entry n of the super-log: a signed checkpoint of one tenant's ledger. `edge` is the tree's right edge at that size, so
-- that the next checkpoint continues it from the lines since; `leaf` is the entry's leaf hash. The note stands last,
-- or reading leaf hashes would read every note.
create table checkpoint (
    n integer primary key check (n >= 0),
    tenant text not null,
    size integer not null check (size > 0),
    root blob not null check (length(root) = 32),
    epoch integer not null,
    at text not null,
    leaf blob not null check (length(leaf) = 32),
    edge blob not null,
    note text not null
) strict;
create index checkpoint_by_tenant on checkpoint (tenant, n);

-- Hashes of the super-log's upper tiles: level 1 and above, one row for each full tile beneath.
create table super_node (
    level integer not null check (level > 0),
    n integer not null,
    hash blob not null check (length(hash) = 32),
    primary key (level, n)
) strict;

-- What the super-log was, signed.
create table super_checkpoint (
    size integer primary key check (size > 0),
    root blob not null check (length(root) = 32),
    epoch integer not null,
    at text not null,
    note text not null
) strict;

-- Who outside holds a super checkpoint, and what they gave for it: nothing (a file), the mail, a cosignature, a token.
-- `until` is when a token's authority ends; `over` is the older token whose bytes a renewal stamps.
create table anchor (
    id integer primary key check (id > 0),
    kind text not null,
    place text not null,
    size integer not null,
    at text not null,
    proof text not null,
    until text,
    over integer references anchor (id)
) strict;
create index anchor_by_kind on anchor (kind, place, id);

-- A secret may be longer than PostgreSQL takes into an index: the text of a mail that carries a checkpoint. Its beginning
-- finds the few that are looked up by value.
drop index secret_by_value;
create index secret_by_value on secret (kind, substr(value, 1, 200));
