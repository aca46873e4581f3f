//! What must not stand in the ledger: password hashes and digests of tokens. Never part of a rebuild.

use crate::engine::{Conn, statements};
use crate::error::Error;
use crate::value::values;
use crate::writer::Tx;

statements! {
    GET = "select value from secret where owner = $1 and kind = $2";
    OWNER = "select owner from secret where kind = $1 and value = $2 order by owner limit 1";
    PUT = "insert into secret (owner, kind, value) values ($1, $2, $3) on conflict (owner, kind) do update set value = excluded.value";
    DELETE = "delete from secret where owner = $1 and kind = $2";
    DELETE_ALL = "delete from secret where owner = $1";
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
}
