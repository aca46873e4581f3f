-- The tokens are hashes that Rust makes of pieces of text; only which row holds which is kept.
create virtual table search_index using fts5 (grams, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
-- Rows that are in the index still and in search_doc no more.
create table search_index_gone (id integer primary key);
