//! Secrets that Akashi has to read again, such as keys of one-time codes: in the database only under the master key.

use store::{Conn, Tx};

use super::keys::{CHECK, is_sealed};
use crate::alerts::BODY;
use crate::sign_in::elsewhere::PENDING;
use crate::sign_in::factors::{TOTP, TOTP_PENDING};
use crate::trust::EXCHANGE_KEY;
use crate::{App, Error};

/// Kinds of secrets that are never in plain. Others are digests and hashes, or no secrets.
const SEALED: &[&str] = &[TOTP, TOTP_PENDING, BODY, PENDING, EXCHANGE_KEY];

impl App {
    /// A secret in plain, whether it is encrypted or from before.
    pub fn secret(&self, conn: &mut Conn, owner: &str, kind: &str) -> Result<Option<String>, Error> {
        conn.secret(owner, kind)?.map(|value| self.masters.unwrap(owner, kind, &value)).transpose()
    }

    /// Keeps a secret under the master key.
    pub fn put_secret(&self, tx: &mut Tx<'_>, owner: &str, kind: &str, plain: &str) -> Result<(), Error> {
        // A process that missed a rotation must not leave anything under the old key.
        if let Some(check) = tx.secret(CHECK.0, CHECK.1)?
            && !self.masters.is_current(&check)
        {
            self.masters.unwrap(CHECK.0, CHECK.1, &check)?;
            if !self.masters.is_current(&check) {
                return Err(Error::Broken("the master key was rotated on another node: copy it from there and start again".into()));
            }
        }
        Ok(tx.put_secret(owner, kind, &self.masters.wrap(owner, kind, plain)?)?)
    }

    /// Encrypts what is in plain from before. Returns how many secrets it were.
    pub(super) fn seal_secrets(&self) -> Result<usize, Error> {
        let mut found = 0;
        for kind in SEALED {
            let plain = self.store.read(|conn| conn.secrets_of(kind))?.into_iter().any(|(_, value)| !is_sealed(&value));
            if !plain {
                continue;
            }
            found += self.store.write(|tx| -> Result<usize, Error> {
                let all: Vec<_> = tx.secrets_of(kind)?.into_iter().filter(|(_, value)| !is_sealed(value)).collect();
                for (owner, value) in &all {
                    self.put_secret(tx, owner, kind, value)?;
                }
                Ok(all.len())
            })?;
        }
        Ok(found)
    }
}
