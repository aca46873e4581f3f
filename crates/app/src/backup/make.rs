//! Makes a backup while everybody works on: one moment of the database, and the files that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use rules::act::{Act, Actor};
use rules::change::Change;
use rules::id::{self, Digest, Id};
use rules::review::AlertKind;
use rules::running::{Backup, Running};
use rules::text::{Text, worded};
use store::tables::{keeping, running, vault};
use store::{Conn, FileKeys, INSTALLATION, checkpoints};

use super::format::{Copied, EVIDENCE, FILES, Header, Writing};
use super::{Step, keys};
use crate::alerts::{BODY, HOOK};
use crate::execute::Doing;
use crate::execute::accounts::REISSUE;
use crate::execute::{FOUNDING, INVITATION, TOKEN};
use crate::sign_in::SESSION;
use crate::sign_in::elsewhere::PENDING;
use crate::sign_in::factors::{ALTERNATE, PASSKEY_STATE, TOTP_PENDING};
use crate::sign_in::sessions::SEEN;
use crate::sign_in::throttle::ATTEMPTS;
use crate::vault::files::keys_with;
use crate::{App, Error};

/// Kinds of secrets that open something for a while, or that were to be sent: none of them lives again in a copy.
const LEFT_OUT: &[&str] =
    &[SESSION, SEEN, TOKEN, INVITATION, FOUNDING, REISSUE, ALTERNATE, PENDING, PASSKEY_STATE, TOTP_PENDING, ATTEMPTS, BODY, HOOK];
/// What a backup is called until it is whole.
const PART: (&str, &str) = (".akashi-backup-", ".part");
/// What a part is that nobody writes any more, where the place of backups knows no locks.
const STALE_HOURS: i64 = 24;
/// The end of a backup's name.
pub(super) const ENDING: &str = ".tar.age";
pub(super) const BEGINNING: &str = "akashi-";

/// A backup that was made, and what it does not hold though it should.
#[derive(Debug, Clone)]
pub struct Made {
    pub backup: Backup,
    pub path: PathBuf,
    pub copied: Copied,
}

/// A file, with the organisation whose it is.
type Named = (Id<id::Organisation>, Digest);

impl App {
    /// Writes a backup into a folder, under a name that tells its time, or to a path that is not there yet. It has its name
    /// only when it is whole and on the disk. Failing warns the operators.
    pub fn back_up(&self, place: &Path, recipients: &[String], told: &mut dyn FnMut(Step)) -> Result<Made, Error> {
        self.try_to_back_up(place, recipients, told).inspect_err(|error| {
            let cause = error.refusal().map_or_else(|| worded(error.to_string(), error.to_string()), |refusal| refusal.text.clone());
            let words = worded(
                format!("バックアップに失敗しました（{}）: {}", place.display(), cause.ja),
                format!("A backup to {} failed: {}", place.display(), cause.en),
            );
            self.warn_of_backup("failed", words);
        })
    }

    /// Warns the operators; who cannot be warned through the database reads the log.
    pub(super) fn warn_of_backup(&self, subject: &str, words: Text) {
        tracing::error!(words = %words.en, "backup");
        let warned = self.store.write(|tx| Doing::new(self, tx, Actor::system())?.alert(AlertKind::BackupFailed, None, subject, words));
        if let Err(error) = warned {
            tracing::error!(%error, "the operators could not be warned of a backup");
        }
    }

    fn try_to_back_up(&self, place: &Path, recipients: &[String], told: &mut dyn FnMut(Step)) -> Result<Made, Error> {
        let mut act: Act = self.act(Actor::system())?;
        let begun = std::time::Instant::now();
        let mut to = vec![self.own_key()?.to_public()];
        for recipient in recipients {
            to.push(keys::recipient(recipient)?);
        }
        let failed = |e: std::io::Error| super::unwritable(place, &e);
        let path =
            if place.is_dir() { place.join(format!("{BEGINNING}{}{ENDING}", act.at.strftime("%Y%m%dT%H%M%SZ"))) } else { place.to_owned() };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if path.exists() {
            return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
        }
        self.remove_parts(folder);
        let part = tempfile::Builder::new().prefix(PART.0).suffix(PART.1).tempfile_in(folder).map_err(failed)?;
        // Held while it is written, and let go by whatever ends this process: a network folder may know no locks.
        let _ = part.as_file().try_lock();
        let out = part.as_file().try_clone().map_err(failed)?;
        let (header, copied, size, digest) = self.write_backup(out, &to, act.fresh(), act.at, told)?;
        part.as_file().sync_all().map_err(failed)?;
        part.persist_noclobber(&path).map_err(|e| failed(e.error))?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        let backup = Backup {
            id: header.id,
            place: path.display().to_string(),
            size,
            digest,
            lines: header.lines,
            files: copied.files,
            seconds: begun.elapsed().as_secs(),
            at: header.made,
        };
        let line = Change::Running(Running::BackupMade(backup.clone()));
        self.store.write(|tx| Doing::new(self, tx, Actor::system())?.write(&line).map(drop))?;
        if !copied.missing.is_empty() {
            let n = copied.missing.len();
            self.warn_of_backup(
                "incomplete",
                worded(
                    format!("バックアップ {} に、保管場所にない・壊れている証跡ファイル{n}件が入っていません。", backup.id),
                    format!("The backup {} lacks {n} files of evidence that are gone or damaged where they lie.", backup.id),
                ),
            );
        }
        Ok(Made { backup, path, copied })
    }

    /// Writes the whole of a backup; returns what it says of itself, its size and its digest.
    fn write_backup(
        &self,
        out: impl Write,
        to: &[age::x25519::Recipient],
        id: Id<id::Backup>,
        made: jiff::Timestamp,
        told: &mut dyn FnMut(Step),
    ) -> Result<(Header, Copied, u64, Digest), Error> {
        // Everything of the database is of one moment; whoever writes goes on.
        let (mut writing, header, files, all_keys) = self.store.read(|conn| -> Result<_, Error> {
            let header = describe(conn, id, made)?;
            let mut writing = Writing::begin(out, to, &header)?;
            let mut lines = 0;
            store::backup::each(conn, &|kind| LEFT_OUT.contains(&kind), &mut |part, line| {
                if part == store::backup::Part::Ledger {
                    lines += 1;
                    told(Step::Lines { done: lines, all: header.lines });
                }
                writing.line(part, line)
            })?;
            writing.end_parts()?;
            let files = vault::files(conn)?;
            let mut all_keys = BTreeMap::new();
            for (organisation, _) in &files {
                if !all_keys.contains_key(organisation)
                    && let Some(keys) = keys_with(&self.masters, conn, *organisation)?
                {
                    all_keys.insert(*organisation, keys);
                }
            }
            Ok((writing, header, files, all_keys))
        })?;
        let copied = self.copy_files(&mut writing, &files, &all_keys, told)?;
        writing.json(FILES, &copied)?;
        let (mut out, size, digest) = writing.finish()?;
        out.flush().map_err(|e| Error::Broken(format!("the backup cannot be written: {e}")))?;
        Ok((header, copied, size, digest))
    }

    /// Copies the files as they lie. They never change, so it may happen after the moment of the database; the keys of
    /// that moment have to open them.
    fn copy_files<W: Write>(
        &self,
        writing: &mut Writing<W>,
        files: &[Named],
        all_keys: &BTreeMap<Id<id::Organisation>, FileKeys>,
        told: &mut dyn FnMut(Step),
    ) -> Result<Copied, Error> {
        let (mut copied, mut lost) = (Copied::default(), vec![]);
        for (n, (organisation, digest)) in files.iter().enumerate() {
            told(Step::Files { done: n as u64, all: files.len() as u64 });
            let lying = match all_keys.get(organisation).map(|keys| self.blobs.lying(keys, *digest)).transpose() {
                Ok(found) => found.flatten(),
                Err(store::Error::OtherKey { .. }) => {
                    return Err(super::refused(worded(
                        "バックアップの間に証跡の鍵が更新されました。もう一度バックアップしてください。",
                        "Keys of evidence were rotated while the backup was made. Make it again.",
                    )));
                }
                Err(store::Error::AlteredBlob { .. } | store::Error::NoBlob { .. }) => None,
                Err(other) => return Err(other.into()),
            };
            match lying {
                Some(lying) => {
                    let (name, size) = (format!("{EVIDENCE}{}", lying.name), lying.size);
                    writing.entry(&name, size, lying)?;
                    copied.files += 1;
                }
                None => lost.push((*organisation, *digest)),
            }
        }
        if !lost.is_empty() {
            // Who is named no more was erased in the meantime.
            let now: BTreeSet<Named> = self.store.read(vault::files)?.into_iter().collect();
            let shown = |(organisation, digest): &Named| format!("{organisation} {digest}");
            (copied.missing, copied.erased) = {
                let (missing, erased): (Vec<Named>, Vec<Named>) = lost.into_iter().partition(|named| now.contains(named));
                (missing.iter().map(shown).collect(), erased.iter().map(shown).collect())
            };
        }
        Ok(copied)
    }

    /// What a backup left that was killed goes, when nobody is writing it any more.
    pub(crate) fn remove_parts(&self, folder: &Path) {
        let Ok(found) = std::fs::read_dir(folder) else { return };
        for entry in found.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let modified = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|at| jiff::Timestamp::try_from(at).ok());
            if !name.starts_with(PART.0) || !name.ends_with(PART.1) {
                continue;
            }
            let old = || modified.is_some_and(|at| self.clock.now().duration_since(at).as_hours() >= STALE_HOURS);
            let left = match File::options().write(true).open(entry.path()).map(|file| file.try_lock()) {
                Ok(Ok(())) => true,
                Ok(Err(TryLockError::WouldBlock)) => false,
                Ok(Err(TryLockError::Error(_))) | Err(_) => old(),
            };
            if left {
                tracing::warn!(part = name, "a backup that was interrupted is removed");
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// What stands in the database at this moment.
fn describe(conn: &mut Conn, id: Id<id::Backup>, made: jiff::Timestamp) -> Result<Header, Error> {
    let epoch = running::newest_epoch(conn, INSTALLATION)?;
    let heads = checkpoints::heads(conn)?;
    Ok(Header {
        akashi_backup: Header::form(),
        id,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        installation: epoch.as_ref().map(|epoch| epoch.installation.clone()).unwrap_or_default(),
        epoch: epoch.map_or(0, |epoch| epoch.epoch),
        made,
        lines: heads.iter().map(|(_, edge)| edge.size()).sum(),
        ledgers: heads.into_iter().map(|(tenant, edge)| (tenant, (edge.size(), Digest(edge.root())))).collect(),
        tables: store::backup::sums(conn)?,
        files: vault::files(conn)?.len() as u64,
        last_erased: keeping::last_erased(conn)?,
    })
}
