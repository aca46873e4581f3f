-- What full-text search finds: one row per answer and per document, in the words people wrote. `own` rows belong to
-- the organisation that works on them; `received` rows are what an evaluation body was handed at submission.
-- Rows without a case or an evidence file hold '' there, and item 0 is no item, so that one index tells all apart.

create table search_doc (
    id integer primary key, tenant text not null, shelf text not null, evaluation text not null, item integer not null,
    evidence text not null, body text not null, unique (evaluation, shelf, item, evidence)
) strict;
