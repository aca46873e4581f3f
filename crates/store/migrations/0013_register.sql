-- Registers: every version of every entry, and the newest of each as lists need it.

create table register_entry (
    pos integer primary key, id text not null, version integer not null, organisation text not null references organisation (id),
    register text not null, state text not null, label text not null, fields text not null, person text not null, at text not null,
    came_from text, note text not null
) strict;
create index register_entry_id on register_entry (id, version);

-- The newest version of each entry.
create table register_now (
    id text primary key, organisation text not null, register text not null, state text not null, pos integer not null,
    made_by text not null, moved_by text
) strict;
create index register_now_pos on register_now (organisation, register, pos);
create index register_now_state on register_now (organisation, register, state, pos);

-- What its fields hold, for sorting and filtering: the n-th value of a field under its sort key.
create table register_cell (
    entry text not null, field text not null, n integer not null, organisation text not null, register text not null, sort_key text not null,
    primary key (entry, field, n)
) strict;
create index register_cell_named on register_cell (organisation, register, sort_key, entry);
create index register_cell_key on register_cell (organisation, register, field, sort_key, entry);
