-- What scans found, and the keys that encrypt files.

-- The keys themselves lie in `secret`, encrypted under the master key; here is what everybody may know of them.
create table key (
    id text primary key, organisation text, role text not null, state text not null, made text not null,
    rotated text, retired text, escrowed text
) strict;
create index key_organisation on key (organisation, role, made);
