-- The tokens are hashes that Rust makes of pieces of text; only which row holds which is kept.
create virtual table search_index using fts5 (grams, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
-- Merging eight parts at a time, not four, halves the writing; searches have time to spare.
insert into search_index (search_index, rank) values ('automerge', 8);
-- Parts are written anew for what is gone from them when it is two fifths, not a tenth.
insert into search_index (search_index, rank) values ('deletemerge', 40);
-- Rows that are in the index still and in search_doc no more.
create table search_index_gone (id integer primary key);
