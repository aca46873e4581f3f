//! What must not stand in the ledger: password hashes and digests of tokens. Never part of a rebuild.

use rules::id::{Id, Person};

use crate::engine::{Conn, statements};
use crate::error::Error;
use crate::value::values;
use crate::writer::Tx;

statements! {
    GET = "select value from secret where owner = $1 and kind = $2";
    OWNER = "select owner from secret where kind = $1 and substr(value, 1, 200) = substr($2, 1, 200) and value = $2 order by owner limit 1";
    OWNERS = "select owner from secret where kind = $1 order by owner limit $2";
    PUT = "insert into secret (owner, kind, value) values ($1, $2, $3) on conflict (owner, kind) do update set value = excluded.value";
    SEALED = "select owner, kind, value from secret where value like 'mk1:%' order by owner, kind";
    OF_KIND = "select owner, value from secret where kind = $1 order by owner";
    DELETE = "delete from secret where owner = $1 and kind = $2";
    DELETE_ALL = "delete from secret where owner = $1";
    DELETE_OLD = "delete from secret where kind = $1 and value < $2";
    DELETE_ENDED = "delete from secret where owner in (select id from session where person = $1 and ended = 1
        union all select id from factor where person = $1 and removed = 1 union all select id from token where person = $1 and revoked = 1)";
    DELETE_PERSON = "delete from secret where owner = $1 or owner in (select id from session where person = $1
        union all select id from factor where person = $1 union all select id from token where person = $1
        union all select id from request where person = $1)";
}

impl Conn {
    /// The secret of that kind of a person, session or token.
    pub fn secret(&mut self, owner: &str, kind: &str) -> Result<Option<String>, Error> {
        self.first(GET, &values![owner, kind], |row| row.get(0))
    }

    /// Whose secret it is: finds a session or token by the digest of what was presented.
    pub fn secret_owner(&mut self, kind: &str, value: &str) -> Result<Option<String>, Error> {
        self.first(OWNER, &values![kind, value], |row| row.get(0))
    }

    /// The first owners of secrets of a kind, in order.
    pub fn secret_owners(&mut self, kind: &str, most: u32) -> Result<Vec<String>, Error> {
        self.rows(OWNERS, &values![kind, most], |row| row.get(0))
    }
}

impl Conn {
    /// Every secret that is encrypted under the master key: its owner, kind and value.
    pub fn sealed_secrets(&mut self) -> Result<Vec<(String, String, String)>, Error> {
        self.rows(SEALED, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }

    /// Every secret of a kind, with its owner.
    pub fn secrets_of(&mut self, kind: &str) -> Result<Vec<(String, String)>, Error> {
        self.rows(OF_KIND, &values![kind], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl Tx<'_> {
    /// Keeps a secret; one of the same owner and kind is replaced.
    pub fn put_secret(&mut self, owner: &str, kind: &str, value: &str) -> Result<(), Error> {
        self.run(PUT, &values![owner, kind, value]).map(drop)
    }

    /// Forgets a secret; whether there was one.
    pub fn delete_secret(&mut self, owner: &str, kind: &str) -> Result<bool, Error> {
        Ok(self.run(DELETE, &values![owner, kind])? > 0)
    }

    /// Forgets every secret of an owner; how many there were.
    pub fn delete_secrets(&mut self, owner: &str) -> Result<u64, Error> {
        self.run(DELETE_ALL, &values![owner])
    }

    /// Forgets secrets of a kind whose value begins with a time before this one; how many there were.
    pub fn delete_old_secrets(&mut self, kind: &str, before: jiff::Timestamp) -> Result<u64, Error> {
        self.run(DELETE_OLD, &values![kind, before])
    }

    /// Forgets what opens nothing any more: secrets of a person's ended sessions, removed factors and revoked tokens.
    pub fn delete_ended_secrets(&mut self, person: Id<Person>) -> Result<u64, Error> {
        self.run(DELETE_ENDED, &values![person])
    }

    /// Forgets every secret of a person: password, factors, sessions, tokens, and links and codes made for them.
    pub fn delete_person_secrets(&mut self, person: Id<Person>) -> Result<u64, Error> {
        self.run(DELETE_PERSON, &values![person])
    }
}
