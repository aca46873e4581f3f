-- What was found inside each archive or Office file when it came in.

create table file_inside (
    digest text primary key, inside text not null, entries integer not null, unpacked integer not null, at text not null,
    pos integer not null
) strict;
