-- Where the words of a segment stand: `bucket` is the first byte of a word's hash, `hits` the words and their lines.
create table ledger_hit (
    tenant text collate "C" not null,
    bucket bigint not null,
    n bigint not null,
    hits bytea not null,
    primary key (tenant, bucket, n)
);
