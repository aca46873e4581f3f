-- Documents: what is kept of each clause in every version, every version of a document with its papers, and what became of it.

create table document_clause (
    pos integer primary key, organisation text not null references organisation (id), document text not null, clause text not null,
    version integer not null, kept text not null, person text not null, at text not null
) strict;
create index document_clause_of on document_clause (organisation, document, clause, pos);

create table document_version (
    pos integer primary key, id text not null unique, organisation text not null references organisation (id), document text not null,
    entry text, number integer not null, label text not null, clauses text not null, ja text not null, en text not null,
    digest text not null, person text not null, at text not null
) strict;
create index document_version_of on document_version (organisation, document, entry);

-- Approved or withdrawn; each at most once.
create table document_step (
    pos integer primary key, version text not null references document_version (id), step text not null, from_day text, until_day text,
    reason text not null, person text not null, at text not null, unique (version, step)
) strict;
