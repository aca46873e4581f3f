-- Keyed hashes of pieces of the files' words.
create table search_index_words (doc bigint primary key, grams int4[] not null);
create index search_index_words_grams on search_index_words using gin (grams);
