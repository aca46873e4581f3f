//! The keys of each organisation's files: made at its first file, kept under the master key.

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use jiff::Timestamp;
use rules::act::Actor;
use rules::change::Change;
use rules::id::{self, Digest, Id};
use rules::vault::{KeyEvent, Vaulting};
use serde::{Deserialize, Serialize};
use store::{Conn, FileKeys, Tx};

use super::keys::Masters;
use crate::execute::Doing;
use crate::{App, Error};

/// The kind of secret that holds the keys of an organisation's files; the owner is the organisation.
pub(super) const FILE_KEY: &str = "file_key";

/// What is kept of an organisation's keys.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    /// Names files; it never changes.
    names: Digest,
    /// The newest first; it encrypts what is new.
    pub keys: Vec<KeptKey>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct KeptKey {
    pub id: String,
    /// `AGE-SECRET-KEY-1…`
    identity: String,
    pub made: Timestamp,
}

/// Nothing of a key is shown but its public name.
impl std::fmt::Debug for KeptKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.id)
    }
}

impl KeptKey {
    pub(super) fn fresh(at: Timestamp) -> KeptKey {
        let identity = Identity::generate();
        // A fingerprint and not the recipient itself: who knows that could make files that this key opens.
        let id = identity::digest(&format!("akashi file key {}", identity.to_public())).to_string();
        KeptKey { id: format!("files-{}", &id[..16]), identity: identity.to_string().expose_secret().to_owned(), made: at }
    }

    fn identity(&self) -> Result<Identity, Error> {
        self.identity.parse().map_err(|e| Error::Broken(format!("the key {} cannot be read: {e}", self.id)))
    }
}

impl App {
    /// The keys of an organisation's files as they are now, made where there are none.
    ///
    /// Read from the database each time: another node may have rotated them, and what is encrypted to a key that is gone
    /// would be lost.
    pub(crate) fn file_keys(&self, organisation: Id<id::Organisation>) -> Result<FileKeys, Error> {
        if let Some(kept) = self.store.read(|conn| self.kept_keys(conn, organisation))? {
            return ready(&kept);
        }
        let kept = self.store.write(|tx| -> Result<Kept, Error> {
            // Looked at again: another may have made it in the meantime.
            if let Some(kept) = self.kept_keys(tx, organisation)? {
                return Ok(kept);
            }
            let mut doing = Doing::new(self, tx, Actor::system())?;
            let key = KeptKey::fresh(doing.act.at);
            let made = Vaulting::KeyChanged {
                organisation: Some(organisation),
                key: key.id.clone(),
                event: KeyEvent::Made,
                reason: "the first file".into(),
            };
            doing.write(&Change::Vault(made))?;
            let kept = Kept { names: Digest(identity::random()?), keys: vec![key] };
            self.keep_keys(doing.tx, organisation, &kept)?;
            Ok(kept)
        })?;
        ready(&kept)
    }

    pub(super) fn kept_keys(&self, conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Option<Kept>, Error> {
        kept(&self.masters, conn, organisation)
    }

    pub(super) fn keep_keys(&self, tx: &mut Tx<'_>, organisation: Id<id::Organisation>, kept: &Kept) -> Result<(), Error> {
        let plain = serde_json::to_string(kept).map_err(|e| Error::Broken(format!("keys cannot be written: {e}")))?;
        self.put_secret(tx, &organisation.to_string(), FILE_KEY, &plain)
    }
}

fn kept(masters: &Masters, conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Option<Kept>, Error> {
    let owner = organisation.to_string();
    let Some(value) = conn.secret(&owner, FILE_KEY)? else { return Ok(None) };
    let plain = masters.unwrap(&owner, FILE_KEY, &value)?;
    serde_json::from_str(&plain).map(Some).map_err(|_| Error::Broken(format!("the keys of the files of {owner} cannot be read")))
}

/// The keys of an organisation's files, with a master key at hand and nothing else; nothing where it has none yet.
pub(crate) fn keys_with(masters: &Masters, conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Option<FileKeys>, Error> {
    kept(masters, conn, organisation)?.as_ref().map(ready).transpose()
}

fn ready(kept: &Kept) -> Result<FileKeys, Error> {
    let mut all = kept.keys.iter().map(KeptKey::identity).collect::<Result<Vec<_>, _>>()?.into_iter();
    let current = all.next().ok_or_else(|| Error::Broken("an organisation has no key of its files".into()))?;
    Ok(FileKeys::new(kept.names.0, current, all.collect()))
}
