-- Hashes that Rust makes of pieces of text. A short pending list keeps searches quick right after writing.
create table search_index (doc bigint primary key, shelf bigint not null, grams int4[] not null);
create index search_index_newest on search_index (shelf, doc);
create index search_index_grams on search_index using gin (grams) with (gin_pending_list_limit = 256);
-- Rows that are in the index still and in search_doc no more.
create table search_index_gone (id bigint primary key);
