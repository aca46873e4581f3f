-- The running of the installation: epochs, starts and stops, the clock, keys, and how full it is.

create table epoch (
    pos integer primary key,
    tenant text not null,
    installation text not null,
    epoch integer not null,
    reason text not null,
    keys text not null,
    authority text not null,
    known integer not null,
    at text not null
) strict;
create index epoch_by_tenant on epoch (tenant, pos);

-- Starts, stops, jumps and checks of the clock, pauses, changed keys: `detail` is the change as JSON.
create table running_event (
    pos integer primary key,
    tenant text not null,
    kind text not null,
    at text not null,
    detail text not null
) strict;
create index running_event_by_kind on running_event (tenant, kind, pos);

-- How much was used and free, in bytes, now and then: what a forecast is made of. Not from the ledger.
create table capacity (
    at text primary key,
    used integer not null,
    free integer not null,
    total integer not null
) strict;
