-- The tokens are keyed hashes of pieces of the files' words; only which row holds which is kept.
create virtual table search_index_words using fts5 (grams, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
