//! Beginning with the vault at a start, and which keys there are, for the page.

use jiff::Timestamp;
use rules::act::Actor;
use rules::change::Change;
use rules::party::Role;
use rules::refusal::Refusal;
use rules::text::Text;
use rules::vault::{KeyEvent, KeyRole, Vaulting};
use store::tables::party;
use store::tables::vault::{self, Key, KeyState};

use super::check::{SEEN, YEAR};
use super::keys::{CHECK, Masters, beside, check_value};
use crate::execute::Doing;
use crate::proof::files;
use crate::{App, Error};

/// A key with what people want to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRead {
    pub key: Key,
    /// The organisation's name, where it is one's.
    pub organisation: Option<String>,
    /// Until when it is to be rotated; nothing for keys that are not in use any more.
    pub due: Option<Timestamp>,
    pub is_due: bool,
}

/// The keys somebody may know of, and where everything lies.
#[derive(Debug, Clone)]
pub struct KeysRead {
    pub keys: Vec<KeyRead>,
    /// For operators.
    pub place: Option<Place>,
}

/// Where things lie.
#[derive(Debug, Clone)]
pub struct Place {
    pub files: String,
    pub master: Text,
    /// The day until which files were looked at.
    pub checked: Option<String>,
    /// A request to open the escrow is in force.
    pub escrow_open: bool,
}

impl App {
    /// Finds the master key before anything else is done; see [`Masters::find`].
    pub(crate) fn find_master(config: &crate::Config, store: &store::Store, make: bool) -> Result<Masters, Error> {
        let check = store.read(|conn| conn.secret(CHECK.0, CHECK.1))?;
        Masters::find(&config.master, &config.data, check.as_deref(), make)
    }

    /// At each start: the database learns its master key, secrets from before are encrypted, and the key before the last
    /// rotation goes once the new one has opened everything.
    pub(crate) fn begin_vault(&self) -> Result<(), Error> {
        if self.store.read(|conn| conn.secret(CHECK.0, CHECK.1))?.is_none() {
            let master = self.masters.current();
            let first = self.store.write(|tx| -> Result<bool, Error> {
                if tx.secret(CHECK.0, CHECK.1)?.is_some() {
                    return Ok(false);
                }
                tx.put_secret(CHECK.0, CHECK.1, &check_value(&master)?)?;
                let made =
                    Vaulting::KeyChanged { organisation: None, key: master.id(), event: KeyEvent::Made, reason: "the first start".into() };
                Doing::new(self, tx, Actor::system())?.write(&Change::Vault(made))?;
                Ok(true)
            })?;
            if !first {
                // Another process was quicker: its key has to be this one.
                let check = self.store.read(|conn| conn.secret(CHECK.0, CHECK.1))?.unwrap_or_default();
                if !self.masters.is_current(&check) {
                    return Err(Error::Broken(
                        "another node made another master key at the same time: copy its key and start again".into(),
                    ));
                }
            }
        }
        self.record_recovery()?;
        let sealed = self.seal_secrets()?;
        if sealed > 0 {
            tracing::info!(sealed, "secrets from before are encrypted now");
        }
        self.rewrap_files()?;
        self.forget_old_master()
    }

    /// The key before the last rotation is kept until every secret has opened without it.
    fn forget_old_master(&self) -> Result<(), Error> {
        let Some(path) = &self.masters.path else { return Ok(()) };
        let old = beside(path, ".old");
        if files::read(&old)?.is_none() {
            return Ok(());
        }
        let current = self.masters.current();
        let all = self.store.read(|conn| conn.sealed_secrets())?;
        if all.iter().all(|(owner, kind, value)| current.open(owner, kind, value).is_some()) {
            files::remove(&old)?;
            tracing::info!("the master key before the last rotation is forgotten: the new one opens everything");
        } else {
            tracing::warn!("secrets lie under the master key before the last rotation still; {} stays", old.display());
        }
        Ok(())
    }

    /// The keys that an administrator or operator may know of, for the page.
    pub fn keys(&self, actor: &Actor) -> Result<KeysRead, Error> {
        let operator = actor.has(Role::Operator);
        let own = actor.organisation.filter(|_| actor.has(Role::Administrator));
        if !operator && own.is_none() {
            return Err(Refusal::forbidden().into());
        }
        let now = self.clock.now();
        let (all, names, checked, escrow_open) = self.store.read(|conn| -> Result<_, store::Error> {
            let checked = conn.secret(SEEN.0, SEEN.1)?;
            Ok((vault::keys(conn)?, party::organisations(conn)?, checked, vault::may_open_escrow(conn, now)?))
        })?;
        let keys = all
            .into_iter()
            .filter(|key| operator || (key.organisation.is_some() && key.organisation == own))
            .map(|key| {
                let organisation = key.organisation.and_then(|id| names.iter().find(|o| o.id == id)).map(|o| o.name.clone());
                let due = (key.state == KeyState::Active).then(|| key.made + YEAR);
                KeyRead { organisation, due, is_due: due.is_some_and(|due| due <= now), key }
            })
            .collect();
        let place = operator.then(|| Place { files: self.blobs.told(), master: self.masters.told(), checked, escrow_open });
        Ok(KeysRead { keys, place })
    }
}

impl KeysRead {
    /// The keys of a role.
    pub fn of(&self, role: KeyRole) -> impl Iterator<Item = &KeyRead> {
        self.keys.iter().filter(move |read| read.key.role == role)
    }
}
