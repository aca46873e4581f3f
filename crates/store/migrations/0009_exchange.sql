-- Packages, receipts and trust anchors.

create table trust_anchor (
    id text primary key, organisation text references organisation (id), kind text not null, name text not null, data text not null,
    fingerprint text not null, label text not null, state text not null, person text not null, at text not null,
    decided_by text, decided text, reason text not null, pos integer not null
) strict;
create index trust_anchor_organisation on trust_anchor (organisation, pos);

-- What left (`sent`) and what came (`received`). `answer` is what the receiver said of what left.
create table package (
    id text primary key, direction text not null, number text not null, organisation text not null references organisation (id),
    evaluation text, round integer not null, other text not null, other_name text not null, label text not null,
    manifest text not null, size integer not null, person text not null, at text not null,
    answer text, note text not null, answered text, pos integer not null
) strict;
create unique index package_number on package (direction, organisation, number);
create index package_organisation on package (organisation, pos);
create index package_evaluation on package (evaluation, pos);

create table package_refusal (
    pos integer primary key, organisation text not null references organisation (id), digest text not null, number text,
    manifest text, sender text, why text not null, person text not null, at text not null
) strict;
create index package_refusal_organisation on package_refusal (organisation, pos);
