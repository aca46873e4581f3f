-- Where the words of a segment stand: `bucket` is the first byte of a word's hash, `hits` the words and their lines.
-- Without row numbers, so that all segments of one bucket lie together.
create table ledger_hit (
    tenant text not null,
    bucket integer not null,
    n integer not null,
    hits blob not null,
    primary key (tenant, bucket, n)
) strict, without rowid;
