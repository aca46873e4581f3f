-- What the newest scan of each content said. Content that stands here as found is locked.

create table scan (
    digest text primary key, outcome text not null, detail text not null, engine text not null, signatures text,
    at text not null, pos integer not null
) strict;
