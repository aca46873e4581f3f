//! Organisations, people, roles, invitations, products, phrases, tokens and sessions.

use rules::change::Change;
use rules::id::{self, Id};
use rules::party::{Invitation, Membership, Organisation, Person, Phrase, Product, Token};

use super::{Meta, json, not_here, read_word, word};
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::value::values;

statements! {
    ADD_ORGANISATION = "insert into organisation (id, name, kinds, settings) values ($1, $2, $3, $4)";
    SET_SETTINGS = "update organisation set settings = $2 where id = $1";
    ORGANISATION = "select id, name, kinds, settings from organisation where id = $1";
    ORGANISATIONS = "select id, name, kinds, settings from organisation order by name, id";
    ADD_PERSON = "insert into person (id, name, email, lang, kind) values ($1, $2, $3, $4, $5)";
    ADD_ACCOUNT = "insert into account (person, home, standing, reason, initial, failed) values ($1, null, 'active', '', 0, 0)";
    SET_HOME = "update account set home = $2 where person = $1 and home is null";
    PASSWORD_CHANGED = "update account set password_set = $2, initial = $3 where person = $1";
    SET_LANG = "update person set lang = $2 where id = $1";
    PERSON = "select id, name, email, lang, kind from person where id = $1";
    PERSON_BY_EMAIL = "select id, name, email, lang, kind from person where email = $1";
    GIVE_ROLES = "insert into membership (person, organisation, roles) values ($1, $2, $3)
        on conflict (person, organisation) do update set roles = excluded.roles";
    END_MEMBERSHIP = "delete from membership where person = $1 and organisation = $2";
    MEMBERSHIPS_OF = "select person, organisation, roles from membership where person = $1 order by organisation";
    MEMBERS_OF = "select p.id, p.name, p.email, p.lang, p.kind, m.person, m.organisation, m.roles from membership m
        join person p on p.id = m.person where m.organisation = $1 order by p.name, p.id";
    COUNT_PEOPLE = "select count(*) from person";
    ADD_INVITATION = "insert into invitation (id, organisation, email, roles, expires, accepted) values ($1, $2, $3, $4, $5, 0)";
    ACCEPT_INVITATION = "update invitation set accepted = 1 where id = $1";
    INVITATION = "select id, organisation, email, roles, expires, accepted from invitation where id = $1";
    INVITATIONS_OF = "select id, organisation, email, roles, expires, accepted from invitation where organisation = $1 order by id desc";
    SAVE_PRODUCT = "insert into product (id, organisation, name, description, profile) values ($1, $2, $3, $4, $5)
        on conflict (id) do update set name = excluded.name, description = excluded.description, profile = excluded.profile";
    PRODUCT = "select id, organisation, name, description, profile from product where id = $1";
    PRODUCTS_OF = "select id, organisation, name, description, profile from product where organisation = $1 order by name, id";
    SAVE_PHRASE = "insert into phrase (id, organisation, body, removed) values ($1, $2, $3, 0)";
    REMOVE_PHRASE = "update phrase set removed = 1 where id = $1";
    PHRASE = "select id, organisation, body from phrase where id = $1 and removed = 0";
    PHRASES_OF = "select id, organisation, body from phrase where organisation = $1 and removed = 0 order by id";
    ISSUE_TOKEN = "insert into token (id, person, organisation, name, may_write, expires, revoked) values ($1, $2, $3, $4, $5, $6, 0)";
    REVOKE_TOKEN = "update token set revoked = 1 where id = $1";
    TOKEN = "select id, person, organisation, name, may_write, expires, revoked from token where id = $1";
    TOKENS_OF = "select id, person, organisation, name, may_write, expires, revoked from token where person = $1 and organisation = $2 order by id desc";
    END_SESSIONS_OF = "update session set ended = 1 where person = $1";
}

pub(super) fn apply(conn: &mut Conn, change: &Change, meta: &Meta) -> Result<(), Error> {
    match change {
        Change::OrganisationAdded(o) => conn.run(ADD_ORGANISATION, &values![o.id, &o.name, json(&o.kinds), json(&o.settings)]),
        Change::SettingsChanged { organisation, settings } => conn.run(SET_SETTINGS, &values![*organisation, json(settings)]),
        Change::PersonAdded(p) => {
            conn.run(ADD_PERSON, &values![p.id, &p.name, &p.email, word(&p.lang), word(&p.kind)])?;
            conn.run(ADD_ACCOUNT, &values![p.id])
        }
        Change::LanguageChosen { person, lang } => conn.run(SET_LANG, &values![*person, word(lang)]),
        // A new password ends every session the old one opened.
        Change::PasswordChanged { person, initial } => {
            conn.run(PASSWORD_CHANGED, &values![*person, meta.at, *initial])?;
            conn.run(END_SESSIONS_OF, &values![*person])
        }
        Change::RolesGiven(m) if m.roles.is_empty() => conn.run(END_MEMBERSHIP, &values![m.person, m.organisation]),
        Change::RolesGiven(m) => {
            // The organisation that first takes somebody in answers for the account.
            conn.run(SET_HOME, &values![m.person, m.organisation])?;
            conn.run(GIVE_ROLES, &values![m.person, m.organisation, json(&m.roles)])
        }
        Change::PersonInvited(i) => conn.run(ADD_INVITATION, &values![i.id, i.organisation, &i.email, json(&i.roles), i.expires]),
        Change::InvitationAccepted { invitation, .. } => conn.run(ACCEPT_INVITATION, &values![*invitation]),
        Change::ProductSaved(p) => conn.run(SAVE_PRODUCT, &values![p.id, p.organisation, &p.name, &p.description, json(&p.profile)]),
        Change::PhraseSaved(p) => conn.run(SAVE_PHRASE, &values![p.id, p.organisation, &p.text]),
        Change::PhraseRemoved { phrase } => conn.run(REMOVE_PHRASE, &values![*phrase]),
        Change::TokenIssued(t) => conn.run(ISSUE_TOKEN, &values![t.id, t.person, t.organisation, &t.name, t.write, t.expires]),
        Change::TokenRevoked { token } => conn.run(REVOKE_TOKEN, &values![*token]),
        other => not_here(other),
    }
    .map(drop)
}

fn organisation_row(row: &Row<'_>) -> Result<Organisation, Error> {
    Ok(Organisation { id: row.get(0)?, name: row.get(1)?, kinds: row.json(2, "kinds")?, settings: row.json(3, "settings")? })
}
fn person_row(row: &Row<'_>) -> Result<Person, Error> {
    Ok(Person {
        id: row.get(0)?,
        name: row.get(1)?,
        email: row.get(2)?,
        lang: read_word(row, 3, "a language")?,
        kind: read_word(row, 4, "a kind of account")?,
    })
}
fn membership_row(row: &Row<'_>, at: usize) -> Result<Membership, Error> {
    Ok(Membership { person: row.get(at)?, organisation: row.get(at + 1)?, roles: row.json(at + 2, "roles")? })
}
fn invitation_row(row: &Row<'_>) -> Result<Invitation, Error> {
    Ok(Invitation {
        id: row.get(0)?,
        organisation: row.get(1)?,
        email: row.get(2)?,
        roles: row.json(3, "roles")?,
        expires: row.get(4)?,
        accepted: row.get(5)?,
    })
}
fn product_row(row: &Row<'_>) -> Result<Product, Error> {
    Ok(Product {
        id: row.get(0)?,
        organisation: row.get(1)?,
        name: row.get(2)?,
        description: row.get(3)?,
        profile: row.json(4, "a profile")?,
    })
}
fn phrase_row(row: &Row<'_>) -> Result<Phrase, Error> {
    Ok(Phrase { id: row.get(0)?, organisation: row.get(1)?, text: row.get(2)? })
}
fn token_row(row: &Row<'_>) -> Result<Token, Error> {
    Ok(Token {
        id: row.get(0)?,
        person: row.get(1)?,
        organisation: row.get(2)?,
        name: row.get(3)?,
        write: row.get(4)?,
        expires: row.get(5)?,
        revoked: row.get(6)?,
    })
}

/// An organisation's public facts: its name and kinds are no tenant's secret.
pub fn organisation(conn: &mut Conn, id: Id<id::Organisation>) -> Result<Option<Organisation>, Error> {
    conn.first(ORGANISATION, &values![id], organisation_row)
}

/// All organisations of the installation, by name.
pub fn organisations(conn: &mut Conn) -> Result<Vec<Organisation>, Error> {
    conn.rows(ORGANISATIONS, &[], organisation_row)
}

pub fn person(conn: &mut Conn, id: Id<id::Person>) -> Result<Option<Person>, Error> {
    conn.first(PERSON, &values![id], person_row)
}

pub fn person_by_email(conn: &mut Conn, email: &str) -> Result<Option<Person>, Error> {
    conn.first(PERSON_BY_EMAIL, &values![email], person_row)
}

/// How many people there are; none means the installation is new.
pub fn people(conn: &mut Conn) -> Result<u64, Error> {
    conn.one(COUNT_PEOPLE, &[], |row| row.get(0))
}

pub fn memberships_of(conn: &mut Conn, person: Id<id::Person>) -> Result<Vec<Membership>, Error> {
    conn.rows(MEMBERSHIPS_OF, &values![person], |row| membership_row(row, 0))
}

/// The members of an organisation, by name.
pub fn members(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<(Person, Membership)>, Error> {
    conn.rows(MEMBERS_OF, &values![organisation], |row| Ok((person_row(row)?, membership_row(row, 5)?)))
}

pub fn invitation(conn: &mut Conn, id: Id<id::Invitation>) -> Result<Option<Invitation>, Error> {
    conn.first(INVITATION, &values![id], invitation_row)
}

pub fn invitations(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Invitation>, Error> {
    conn.rows(INVITATIONS_OF, &values![organisation], invitation_row)
}

/// A product by id; the caller checks whose it is.
pub fn product(conn: &mut Conn, id: Id<id::Product>) -> Result<Option<Product>, Error> {
    conn.first(PRODUCT, &values![id], product_row)
}

pub fn products(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Product>, Error> {
    conn.rows(PRODUCTS_OF, &values![organisation], product_row)
}

pub fn phrase(conn: &mut Conn, id: Id<id::Phrase>) -> Result<Option<Phrase>, Error> {
    conn.first(PHRASE, &values![id], phrase_row)
}

pub fn phrases(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Phrase>, Error> {
    conn.rows(PHRASES_OF, &values![organisation], phrase_row)
}

pub fn token(conn: &mut Conn, id: Id<id::Token>) -> Result<Option<Token>, Error> {
    conn.first(TOKEN, &values![id], token_row)
}

pub fn tokens(conn: &mut Conn, person: Id<id::Person>, organisation: Id<id::Organisation>) -> Result<Vec<Token>, Error> {
    conn.rows(TOKENS_OF, &values![person, organisation], token_row)
}
