-- Accounts, factors, access rules, requests, reviews, alerts and mail. Passwords, keys and codes lie in `secret`.

alter table person add column kind text not null default 'person';
create table account (
    person text primary key references person (id), home text, standing text not null, reason text not null, initial integer not null,
    password_set text, ends text, last_in text, failed integer not null, last_failed text
) strict;
create index account_home on account (home);
-- For people who were here before accounts were kept apart: their first organisation answers for them.
insert into account (person, home, standing, reason, initial, failed)
    select p.id, (select min(m.organisation) from membership m where m.person = p.id), 'active', '', 0, 0 from person p;
create table factor (
    id text primary key, person text not null references person (id), kind text not null, name text not null, added text not null,
    removed integer not null
) strict;
create index factor_person on factor (person);

alter table session add column method text not null default 'password';
alter table session add column stage text not null default 'full';
alter table session add column request text;
alter table session add column until text;
alter table session add column confirmed text;
alter table session add column address text not null default '';
-- What the account said before this sign-in, to be shown after it.
alter table session add column prior_in text;
alter table session add column prior_failed integer not null default 0;
alter table session add column prior_failed_at text;
create index session_person on session (person, ended);
create index session_organisation on session (organisation, ended);

create table access_rule (organisation text primary key references organisation (id), content text not null) strict;
create table request (
    id text primary key, organisation text not null references organisation (id), kind text not null, ask text not null, reason text not null,
    begins text not null, until text not null, applicant text not null references person (id), person text, at text not null,
    state text not null, decided_by text, decided text, statement text not null, finding text not null
) strict;
create index request_organisation on request (organisation, id);
create index request_applicant on request (applicant, state);
create index request_person on request (person, state);
create index request_state on request (state, until);
create table account_review (
    id text primary key, organisation text not null references organisation (id), at text not null, content text not null
) strict;
create index account_review_organisation on account_review (organisation, id);
create table alert (
    id text primary key, organisation text, kind text not null, subject text not null, words text not null, at text not null,
    acknowledged_by text, acknowledged text
) strict;
create index alert_open on alert (organisation, acknowledged, id);
create table mail (
    id text primary key, recipient text not null, subject text not null, at text not null, state text not null, tries integer not null,
    tried text, words text not null
) strict;
create index mail_state on mail (state, id);
create table information_group (
    id text primary key, organisation text not null references organisation (id), name text not null, members text not null
) strict;
create index information_group_organisation on information_group (organisation);
create table evidence_filing (
    series text not null, pos integer not null, label text not null, information_group text, primary key (series, pos)
) strict;
-- Which pages of whose data were opened under a mark: what an institution is told (items 17, 18).
create table viewing (
    pos integer primary key, tenant text, person text not null, session text not null, page text not null, at text not null
) strict;
create index viewing_tenant on viewing (tenant, pos);
