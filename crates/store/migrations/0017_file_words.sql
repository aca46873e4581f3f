-- What was found inside each archive or Office file when it came in.
create table file_inside (
    digest text primary key, inside text not null, entries integer not null, unpacked integer not null, at text not null,
    pos integer not null
) strict;
-- The words of files, for search: read from the files, not from the ledger. `words` is encrypted under the key of the
-- organisation's files; it is empty where none could be read, and `why` says why.
create table file_words (
    id integer primary key, evidence text not null, series text not null, organisation text not null, state text not null,
    why text not null, pages integer not null, words blob not null, at text not null, unique (evidence)
) strict;
create index file_words_series on file_words (series);
create index file_words_organisation on file_words (organisation);
-- On which shelves a document stands.
create index search_doc_evidence on search_doc (evidence, shelf);
