-- Where the words of a run of 64 segments stand: `bucket` is the first 12 bits of a word's hash; 4096 says that the run is there.
create table ledger_run (
    tenant text collate "C" not null,
    bucket bigint not null,
    n bigint not null,
    hits bytea not null,
    primary key (tenant, bucket, n)
);
