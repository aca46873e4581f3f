-- Rules of retention, holds, erasures and the tombstones under which payloads left.

-- What an organisation keeps longer than the catalogue demands.
create table retention_rule (
    organisation text not null references organisation (id), id text not null, rule text not null, pos integer not null,
    primary key (organisation, id)
) strict;
create table hold (
    id text primary key, organisation text not null references organisation (id), subject text not null, matter text not null,
    reason text not null, person text not null, at text not null, lifted text, lifted_by text, lifted_why text
) strict;
create index hold_organisation on hold (organisation, id);
create table erasure (
    id text primary key, organisation text not null references organisation (id), subject text not null, content text not null,
    pos integer not null, certified text, evidence text
) strict;
create index erasure_organisation on erasure (organisation, id);
create index erasure_open on erasure (evidence, id);

-- Lines whose payload was erased, and the line that says so. Rows of an insert-only table may leave when the line that
-- made them stands here, and only then.
create table tombstone (pos integer primary key, erased integer not null) strict;

-- Removing a claim asks who refers to it.
create index claim_withdrawal_claim on claim_withdrawal (claim);
create index claim_confirmation_claim on claim_confirmation (claim);
