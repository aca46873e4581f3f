-- Questionnaires that medical institutions sent: the form, which items its questions ask about, and the answers.

create table questionnaire (
    id text primary key, organisation text not null references organisation (id), pos integer not null, content text not null
) strict;
create index questionnaire_organisation on questionnaire (organisation, pos);

-- The newest mapping of a question counts; another form that asks the same finds it by the folded words.
create table question_mapping (
    pos integer primary key, questionnaire text not null references questionnaire (id), organisation text not null, line integer not null,
    folded text not null, items text not null, person text not null, at text not null
) strict;
create index question_mapping_questionnaire on question_mapping (questionnaire, pos);
create index question_mapping_folded on question_mapping (organisation, pos);

create table question_answer (
    pos integer primary key, questionnaire text not null references questionnaire (id), line integer not null, content text not null,
    person text not null, at text not null
) strict;
create index question_answer_questionnaire on question_answer (questionnaire, pos);
