-- Saved views and reviews of the ledger.

create table log_view (
    id text primary key,
    organisation text not null,
    name text not null,
    query text not null,
    person text not null
) strict;
create index log_view_by_organisation on log_view (organisation, id);

-- `content` is the review as JSON; `tenant` is the ledger that was looked at.
create table log_review (
    id text primary key,
    organisation text not null,
    tenant text not null,
    content text not null,
    at text not null
) strict;
create index log_review_by_tenant on log_review (tenant, id);
