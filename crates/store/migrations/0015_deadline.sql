-- Deadlines: whom a duty was told to, which one is not needed, and the addresses from which calendars read them.
-- The duties themselves are made from what stands, and are in no table.

create table duty_told (
    pos integer not null, organisation text not null references organisation (id), duty text not null, stage text not null,
    person text not null, at text not null, primary key (pos, duty)
) strict;
create index duty_told_duty on duty_told (organisation, duty);

create table duty_waived (
    pos integer primary key, organisation text not null references organisation (id), duty text not null, reason text not null,
    person text not null, at text not null
) strict;
create index duty_waived_organisation on duty_waived (organisation, pos);

create table calendar_feed (
    id text primary key, organisation text not null references organisation (id), person text not null, everybody integer not null,
    at text not null, revoked integer not null
) strict;
create index calendar_feed_person on calendar_feed (organisation, person);
