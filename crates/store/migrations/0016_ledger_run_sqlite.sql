-- Where the words of a run of 64 segments stand: `bucket` is the first 12 bits of a word's hash; 4096 says that the run is there.
-- Without row numbers, so that all runs of one bucket lie together.
create table ledger_run (
    tenant text not null,
    bucket integer not null,
    n integer not null,
    hits blob not null,
    primary key (tenant, bucket, n)
) strict, without rowid;

-- Words are looked up in runs now: all buckets of a segment lie together, so that a new segment is written in one place
-- and not in 256.
alter table ledger_hit rename to ledger_hit_before;
create table ledger_hit (
    tenant text not null,
    bucket integer not null,
    n integer not null,
    hits blob not null,
    primary key (tenant, n, bucket)
) strict, without rowid;
insert into ledger_hit (tenant, bucket, n, hits) select tenant, bucket, n, hits from ledger_hit_before order by tenant, n, bucket;
drop table ledger_hit_before;
create trigger ledger_hit_no_update before update on ledger_hit begin select raise(abort, 'ledger_hit is insert-only'); end;
create trigger ledger_hit_no_delete before delete on ledger_hit begin select raise(abort, 'ledger_hit is insert-only'); end;
