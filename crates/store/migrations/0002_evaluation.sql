-- The tables of the evaluation. Rows that people rely on later are insert-only: each carries the ledger
-- position (pos) of the line that made it, and the newest one counts.

create table organisation (id text primary key, name text not null, kinds text not null, settings text not null) strict;
create table person (id text primary key, name text not null, email text not null unique, lang text not null) strict;
create table membership (
    person text not null references person (id), organisation text not null references organisation (id), roles text not null,
    primary key (person, organisation)
) strict;
create index membership_organisation on membership (organisation);
create table invitation (
    id text primary key, organisation text not null references organisation (id), email text not null, roles text not null,
    expires text not null, accepted integer not null
) strict;
create index invitation_organisation on invitation (organisation);
create table product (
    id text primary key, organisation text not null references organisation (id), name text not null, description text not null,
    profile text not null
) strict;
create index product_organisation on product (organisation);
create table phrase (id text primary key, organisation text not null references organisation (id), body text not null, removed integer not null) strict;
create index phrase_organisation on phrase (organisation);
create table token (
    id text primary key, person text not null references person (id), organisation text not null references organisation (id),
    name text not null, may_write integer not null, expires text not null, revoked integer not null
) strict;
create index token_person on token (person);
create table session (
    id text primary key, person text not null references person (id), organisation text not null references organisation (id),
    at text not null, ended integer not null
) strict;

create table sheet (id text primary key, organisation text not null references organisation (id), content text not null) strict;
create table mapping (id text primary key, organisation text not null references organisation (id), name text not null, content text not null) strict;
create index mapping_organisation on mapping (organisation);
create table confirmed_text (
    sheet text not null, item integer not null, pos integer not null, body text not null, source text not null, person text not null, at text not null,
    primary key (sheet, item, pos)
) strict;

create table evaluation (
    id text primary key, number text, provider text not null references organisation (id), body text not null references organisation (id),
    product text not null references product (id), sheet text not null, state text not null, round integer not null, renews text,
    opened text not null, due text, unique (body, number)
) strict;
create index evaluation_provider on evaluation (provider, id);
create index evaluation_body on evaluation (body, id);
create table round (
    evaluation text not null references evaluation (id), n integer not null, cut integer not null, digest text not null,
    submitted text not null, submitted_by text not null, accepted text, returned text, returned_pos integer, flagged text, message text not null,
    primary key (evaluation, n)
) strict;
create table assignment (
    evaluation text not null references evaluation (id), person text not null references person (id), part text not null, interest text,
    primary key (evaluation, person)
) strict;
create index assignment_person on assignment (person);
create table decision (
    evaluation text primary key references evaluation (id), pos integer not null, certify integer not null, grounds text not null,
    person text not null, at text not null
) strict;
create table certificate (
    id text primary key, evaluation text not null unique references evaluation (id), number text not null, code text not null unique,
    scope text not null, issued text not null, valid_until text, issued_by text not null,
    provider_agrees integer not null, body_agrees integer not null
) strict;
create index certificate_valid on certificate (valid_until);
create table note (
    evaluation text not null references evaluation (id), pos integer not null, kind text not null, body text not null, person text, at text not null,
    primary key (evaluation, pos)
) strict;
create table disclosure (
    evaluation text not null references evaluation (id), institution text not null references organisation (id), active integer not null,
    primary key (evaluation, institution)
) strict;
create index disclosure_institution on disclosure (institution);

create table work (
    evaluation text not null references evaluation (id), item integer not null, owner text, due text, status text not null,
    primary key (evaluation, item)
) strict;
create index work_owner on work (owner, status);
create table answer (
    evaluation text not null references evaluation (id), item integer not null, pos integer not null, content text not null, origin text not null,
    person text not null, at text not null, primary key (evaluation, item, pos)
) strict;
create table answer_review (
    evaluation text not null references evaluation (id), item integer not null, pos integer not null, answer integer not null, ok integer not null,
    comment text not null, person text not null, at text not null, primary key (evaluation, item, pos)
) strict;
create table improvement_answer (
    evaluation text not null references evaluation (id), item integer not null, pos integer not null, round integer not null, body text not null,
    person text not null, at text not null, primary key (evaluation, item, pos)
) strict;
create table evidence (
    id text primary key, series text not null, version integer not null, organisation text not null references organisation (id),
    name text not null, media text not null, size integer not null, digest text not null, label text not null, valid_until text,
    person text not null, at text not null, pos integer not null, unique (series, version)
) strict;
create index evidence_organisation on evidence (organisation, pos);
create table claim (
    id text primary key, evaluation text not null references evaluation (id), item integer not null, pos integer not null, point integer not null,
    evidence text references evidence (id), document text not null, page integer, place text not null, person text not null, at text not null
) strict;
create index claim_item on claim (evaluation, item, pos);
create index claim_evidence on claim (evidence);
create table claim_withdrawal (
    evaluation text not null references evaluation (id), item integer not null, pos integer not null, claim text not null references claim (id),
    person text not null, at text not null, primary key (evaluation, item, pos)
) strict;
create table claim_confirmation (
    evaluation text not null references evaluation (id), item integer not null, pos integer not null, claim text not null references claim (id),
    round integer not null, finding text not null, comment text not null, person text not null, at text not null,
    primary key (evaluation, item, pos)
) strict;
create table verdict (
    evaluation text not null references evaluation (id), item integer not null, pos integer not null, round integer not null, content text not null,
    person text not null, at text not null, primary key (evaluation, item, pos)
) strict;
create table verdict_approval (
    evaluation text not null references evaluation (id), item integer not null, pos integer not null, verdict integer not null,
    agrees integer not null, comment text not null, person text not null, at text not null, primary key (evaluation, item, pos)
) strict;
create table message (
    evaluation text not null references evaluation (id), item integer not null, pos integer not null, side text not null, body text not null,
    person text not null, at text not null, primary key (evaluation, item, pos)
) strict;
