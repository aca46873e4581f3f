//! New keys in the place of old ones, for files and for the master key.

use rules::account::reason as checked;
use rules::change::Change;
use rules::id::{self, Id};
use rules::party::Role;
use rules::refusal::Refusal;
use rules::review::AlertKind;
use rules::text::{Text, text, worded};
use rules::vault::{KeyEvent, Vaulting};
use store::Tx;
use store::tables::party;

use super::files::KeptKey;
use super::kept;
use super::keys::{CHECK, Master, beside, check_value, fits};
use crate::execute::Doing;
use crate::proof::files;
use crate::{App, Error};

impl Doing<'_, '_> {
    fn key_changed(&mut self, organisation: Option<Id<id::Organisation>>, key: &str, event: KeyEvent, reason: &str) -> Result<(), Error> {
        let change = Vaulting::KeyChanged { organisation, key: key.to_owned(), event, reason: reason.to_owned() };
        self.write(&Change::Vault(change)).map(drop)
    }

    pub(super) fn key_alert(&mut self, key: &str, event: KeyEvent, words: Text) -> Result<(), Error> {
        let word = event.name().en;
        self.alert(AlertKind::KeyEvent, None, &format!("{key} {word}"), words)
    }

    /// A new key for new files: of the administrator's own organisation, or, for an operator, of every organisation that
    /// has files. A job encrypts the old files anew, and retires the old keys after that.
    pub(crate) fn rotate_files(&mut self, why: &str) -> Result<(), Error> {
        let reason = checked("reason", why)?;
        let own = self.organisation()?;
        let all: Vec<_> =
            if self.act.actor.has(Role::Operator) { party::organisations(self.tx)?.into_iter().map(|o| o.id).collect() } else { vec![own] };
        let mut rotated = 0;
        for organisation in all {
            let Some(mut kept) = self.app.kept_keys(self.tx, organisation)? else { continue };
            let fresh = KeptKey::fresh(self.act.at);
            if let Some(old) = kept.keys.first() {
                self.key_changed(Some(organisation), &old.id.clone(), KeyEvent::Rotated, &reason)?;
            }
            self.key_changed(Some(organisation), &fresh.id, KeyEvent::Made, &reason)?;
            kept.keys.insert(0, fresh);
            self.app.keep_keys(self.tx, organisation, &kept)?;
            rotated += 1;
        }
        if rotated == 0 {
            return Err(Refusal::state(text(
                "まだ証跡ファイルがないため、更新する鍵がありません。",
                "There are no evidence files yet, so there is no key to rotate.",
            ))
            .into());
        }
        let words = worded(
            format!("証跡ファイルの暗号鍵を{rotated}件更新しました。理由: {reason}。古いファイルは順に暗号化し直されます。"),
            format!("Keys of evidence files rotated: {rotated}. Reason: {reason}. Old files are encrypted anew one after another."),
        );
        let subject = format!("files {}", self.act.at);
        self.key_alert(&subject, KeyEvent::Rotated, words)
    }

    /// A new master key: everything that is encrypted under the old one is encrypted under the new one in this
    /// transaction. Call [`App::settle_master`] after its commit, and after its failure.
    pub(crate) fn rotate_master(&mut self, why: &str) -> Result<(), Error> {
        // It is the whole installation's.
        if !self.act.actor.has(Role::Operator) {
            return Err(Refusal::forbidden().into());
        }
        let reason = checked("reason", why)?;
        let app = self.app;
        let Some(path) = &app.masters.path else {
            return Err(Refusal::state(text(
                "マスター鍵が環境変数 AKASHI_MASTER_KEY に直接書かれているため、ここでは更新できません。鍵をファイルに移し、AKASHI_MASTER_KEY=@ファイル名 として再起動してから更新してください。",
                "The master key stands in the variable AKASHI_MASTER_KEY itself, so it cannot be rotated here. Move it into a file, set AKASHI_MASTER_KEY=@FILE, start again, and rotate then.",
            ))
            .into());
        };
        let (old, next) = (app.masters.current(), Master::fresh()?);
        // On the disk before anything needs it.
        kept::replace(&beside(path, ".new"), &next.text())?;
        rewrap(app, self.tx, &next)?;
        app.masters.adopt(next.clone());
        self.key_changed(None, &old.id(), KeyEvent::Rotated, &reason)?;
        self.key_changed(None, &next.id(), KeyEvent::Made, &reason)?;
        self.key_changed(None, &old.id(), KeyEvent::Retired, &reason)?;
        let words = worded(
            format!(
                "マスター鍵を更新しました（{}）。理由: {reason}。預託をやり直し、ほかのノードには新しい鍵のファイルを写して再起動してください。これより前のバックアップには前の鍵の預託が必要です。",
                next.id()
            ),
            format!(
                "The master key was rotated ({}). Reason: {reason}. Put it into escrow again; copy the new key's file to other nodes and start them again. Backups of before need the escrow of the key before.",
                next.id()
            ),
        );
        self.key_alert(&next.id(), KeyEvent::Rotated, words)
    }
}

/// Encrypts everything that lies under a master key under another one.
fn rewrap(app: &App, tx: &mut Tx<'_>, next: &Master) -> Result<(), Error> {
    for (owner, kind, value) in tx.sealed_secrets()? {
        if (owner.as_str(), kind.as_str()) == CHECK {
            tx.put_secret(&owner, &kind, &check_value(next)?)?;
        } else {
            let plain = app.masters.unwrap(&owner, &kind, &value)?;
            tx.put_secret(&owner, &kind, &next.seal(&owner, &kind, &plain)?)?;
        }
    }
    Ok(())
}

impl App {
    /// After a rotation of the master key was committed or failed: the files and this process follow the database.
    pub(crate) fn settle_master(&self) -> Result<(), Error> {
        let Some(path) = &self.masters.path else { return Ok(()) };
        let check = self.store.read(|conn| conn.secret(CHECK.0, CHECK.1))?.unwrap_or_default();
        let next = beside(path, ".new");
        if self.masters.is_current(&check) {
            // A crash between these lines is put right at the next start.
            let fresh = files::read(&next)?;
            if let Some(fresh) = fresh.filter(|text| Master::parse(text).is_some_and(|key| fits(&key, &check))) {
                if let Some(old) = files::read(path)? {
                    kept::replace(&beside(path, ".old"), &old)?;
                }
                kept::replace(path, &fresh)?;
            }
            files::remove(&next)?;
        } else {
            // It was not committed. What others wrote in between may lie under the key that never came to be.
            self.store.write(|tx| -> Result<(), Error> {
                let check = tx.secret(CHECK.0, CHECK.1)?.unwrap_or_default();
                if self.masters.return_to(&check).is_some() {
                    rewrap(self, tx, &self.masters.current())?;
                }
                Ok(())
            })?;
            files::remove(&next)?;
        }
        self.rewrap_files()
    }

    /// Encrypts the key files beside the master key under the current one; those in plain, from before, too.
    pub(super) fn rewrap_files(&self) -> Result<(), Error> {
        for (name, path, content) in self.key_files()? {
            if self.masters.current().open(&name, "file", content.trim_end()).is_some() {
                continue;
            }
            let plain = self.unwrap_file(&name, &content)?;
            kept::replace(&path, &self.wrap_file(&name, &plain)?)?;
        }
        Ok(())
    }

    /// The signing keys' files: name, path, content.
    pub(super) fn key_files(&self) -> Result<Vec<(String, std::path::PathBuf, String)>, Error> {
        let folder = self.config.data.join("keys");
        let mut out = vec![];
        let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(out) };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("signing-")
                && name.ends_with(".key")
                && let Some(content) = files::read(&entry.path())?
            {
                out.push((name, entry.path(), content));
            }
        }
        Ok(out)
    }

    /// Encrypts files of organisations anew that lie under older keys, or in plain from before, and retires keys that
    /// open nothing any more. Returns how many files it were.
    pub fn renew_files(&self) -> Result<usize, Error> {
        let mut moved = 0;
        let first = !self.taken_over.swap(true, std::sync::atomic::Ordering::Relaxed);
        let mut plain = vec![];
        for (organisation, digests) in self.files_by_organisation()? {
            let older = self.store.read(|conn| self.kept_keys(conn, organisation))?.map_or(0, |kept| kept.keys.len().saturating_sub(1));
            if older == 0 && !first {
                continue;
            }
            // Begun before the files are looked at: what is uploaded meanwhile is under the newest key.
            let begun = self.clock.now();
            let keys = self.file_keys(organisation)?;
            let (mut renewed, mut failed) = (0, false);
            for digest in digests {
                match self.blobs.renew(&keys, digest) {
                    Ok(done) => renewed += usize::from(done),
                    Err(error) => {
                        failed = true;
                        let _ = self.vault_trouble(organisation, Some(digest), error);
                        continue;
                    }
                }
                if first && self.blobs.has_plain(digest)? {
                    plain.push(digest);
                }
            }
            moved += renewed;
            if older > 0 && renewed == 0 && !failed {
                self.retire(organisation, begun)?;
            }
            if first && failed {
                // An organisation that could not be served may need the plain files still.
                self.taken_over.store(false, std::sync::atomic::Ordering::Relaxed);
            }
        }
        if self.taken_over.load(std::sync::atomic::Ordering::Relaxed) {
            for digest in plain {
                self.blobs.remove_plain(digest)?;
            }
        }
        Ok(moved)
    }

    /// Forgets the older keys of an organisation of which no file is left, when they were rotated long enough ago that no
    /// upload can be under way that began with them.
    fn retire(&self, organisation: Id<id::Organisation>, now: jiff::Timestamp) -> Result<(), Error> {
        self.store.write(|tx| -> Result<(), Error> {
            let Some(mut kept) = self.kept_keys(tx, organisation)? else { return Ok(()) };
            if kept.keys.len() < 2 || kept.keys[0].made + super::check::GRACE > now {
                return Ok(());
            }
            let gone = kept.keys.split_off(1);
            // They may lie under the keys that go; they are read from the files again.
            tx.forget_words(organisation)?;
            let mut doing = Doing::new(self, tx, rules::act::Actor::system())?;
            for key in gone {
                doing.key_changed(Some(organisation), &key.id, KeyEvent::Retired, "no file is left under it")?;
            }
            self.keep_keys(doing.tx, organisation, &kept)
        })
    }
}
