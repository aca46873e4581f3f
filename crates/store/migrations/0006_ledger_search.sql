-- The ledger's tiles, and the indexes that answer searches. Both are made from the lines and can be made anew;
-- a full check compares them with what the lines make.

-- Full tiles of each tenant's tree (C2SP tlog-tiles): `root` is the hash that the tile has one level up, and stands
-- before the hashes, so that reading roots reads no tile.
create table ledger_tile (
    tenant text not null,
    level integer not null,
    n integer not null,
    root blob not null check (length(root) = 32),
    hashes blob not null check (length(hashes) = 8192),
    primary key (tenant, level, n)
) strict;

-- Each 4096 lines of a ledger are a segment: the times between which they lie.
create table ledger_segment (
    tenant text not null,
    n integer not null,
    earliest text not null,
    latest text not null,
    primary key (tenant, n)
) strict;

-- One index for each tenant is enough: what people look for stands in ledger_hit.
drop index ledger_line_by_kind;
drop index ledger_line_by_actor;
drop index ledger_line_by_subject;
