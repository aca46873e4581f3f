-- Every value of the newest version of an entry, comparable, one a line: what a search of a register reads.

alter table register_now add column words text not null default '';
