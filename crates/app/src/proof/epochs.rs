//! Epochs: a history that was restored or copied is never continued in silence.
//!
//! A lock file that no backup holds says what this node signed last. Where the database does not continue that, or the
//! lock is gone, a new epoch begins: a line in every ledger, signed checkpoints with a higher number, and an alert.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rules::change::Change;
use rules::id::Digest;
use rules::review::AlertKind;
use rules::running::{EpochReason, Running};
use rules::text::{Text, worded};
use rules::vault::{KeyEvent, Vaulting};
use serde::{Deserialize, Serialize};
use store::tables::running::{self, Epoch};
use store::{Conn, INSTALLATION, checkpoints};

use super::{files, keys, writing_for};
use crate::backup::restore::Note;
use crate::execute::Doing;
use crate::{App, Error};

/// What this node signed last. Never part of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    pub installation: String,
    pub epoch: u32,
    /// Of the super-log, when its newest checkpoint was signed or seen here; 0 before the first.
    pub size: u64,
    pub root: Digest,
    /// Random: which copy of the data folder this is.
    pub node: String,
    /// The sizes of the ledgers that were signed, by tenant.
    pub ledgers: BTreeMap<String, u64>,
}

pub(super) fn path(data: &Path) -> PathBuf {
    data.join("epoch.lock")
}

impl Lock {
    pub fn read(data: &Path) -> Result<Option<Lock>, Error> {
        let path = path(data);
        let Some(text) = files::read(&path)? else { return Ok(None) };
        match serde_json::from_str(&text) {
            Ok(lock) => Ok(Some(lock)),
            Err(e) => {
                // As good as missing: a new epoch will begin, and say so.
                tracing::error!(path = %path.display(), error = %e, "the lock of the epoch cannot be read");
                Ok(None)
            }
        }
    }

    pub fn write(&self, data: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self).map_err(|e| Error::Broken(format!("the lock of the epoch: {e}")))?;
        files::replace(&path(data), &text)
    }
}

/// Why a history is not continued.
struct Break {
    reason: EpochReason,
    /// For the line, the page and the alert.
    words: Text,
    /// The histories disagree, or something is lost.
    forked: bool,
}

impl App {
    /// Begins the first epoch, or a new one where the database does not continue what this node signed last.
    /// Called when the service starts, before anything is signed.
    pub(super) fn settle_epoch(&self) -> Result<(), Error> {
        let lock = Lock::read(&self.config.data)?;
        let (stands, broken) = self.store.read(|conn| -> Result<_, Error> {
            let stands = running::newest_epoch(conn, INSTALLATION)?;
            let broken = judge(conn, stands.as_ref(), lock.as_ref())?;
            Ok((stands, broken))
        })?;
        let restored = Note::read(&self.config.data)?;
        let broken = match &restored {
            Some(note) => Some(Break { reason: EpochReason::Restored, words: note.words(), forked: true }),
            None => broken,
        };
        if let Some(broken) = broken {
            let installation = match (&stands, &lock) {
                (Some(epoch), _) => epoch.installation.clone(),
                (None, Some(lock)) => lock.installation.clone(),
                (None, None) => fresh_name()?,
            };
            let last = stands.as_ref().map_or(0, |e| e.epoch).max(lock.as_ref().map_or(0, |l| l.epoch));
            self.begin_epoch(&installation, last + 1, &broken, lock.as_ref())?;
        }
        self.keep_lock()?;
        if restored.is_some() { Note::forget(&self.config.data) } else { Ok(()) }
    }

    /// Writes the beginning of an epoch into every ledger.
    fn begin_epoch(&self, installation: &str, epoch: u32, why: &Break, lock: Option<&Lock>) -> Result<(), Error> {
        let seeds = keys::newest_or_fresh(self)?;
        let announced = seeds.public(installation)?;
        self.store.write(|tx| -> Result<(), Error> {
            // Another node may have begun it in the meantime.
            let stands = running::newest_epoch(tx, INSTALLATION)?;
            if stands.as_ref().is_some_and(|stands| stands.epoch >= epoch) {
                return Ok(());
            }
            if stands.is_none() {
                Doing::new(self, tx, rules::act::Actor::system())?.write(&Change::Vault(Vaulting::KeyChanged {
                    organisation: None,
                    key: seeds.name(installation),
                    event: KeyEvent::Made,
                    reason: "the first start".into(),
                }))?;
            }
            let mut tenants: Vec<String> = checkpoints::heads(tx)?.into_iter().map(|(tenant, _)| tenant).collect();
            if !tenants.iter().any(|tenant| tenant == INSTALLATION) {
                tenants.insert(0, INSTALLATION.to_owned());
            }
            for tenant in tenants {
                let signed = checkpoints::newest(tx, &tenant)?.map_or(0, |signed| signed.edge.size());
                let before = lock.and_then(|lock| lock.ledgers.get(&tenant).copied()).unwrap_or(0).max(signed);
                let Some(actor) = writing_for(&tenant) else { continue };
                let begun = Running::EpochBegun {
                    installation: installation.to_owned(),
                    epoch,
                    reason: why.reason,
                    keys: announced.clone(),
                    authority: format!("{} / {}", why.words.ja, why.words.en),
                    before,
                };
                Doing::new(self, tx, actor)?.write(&Change::Running(begun))?;
            }
            if why.forked {
                let words = worded(
                    format!(
                        "台帳の新しい区間（epoch {epoch}）を始めました。理由: {} バックアップからの復元など、心当たりがあるか確認してください。外部に固定したチェックポイントと照合してください。",
                        why.words.ja
                    ),
                    format!(
                        "A new epoch of the ledger began ({epoch}): {} Make sure that somebody restored a backup on purpose, and compare with the checkpoints outside.",
                        why.words.en
                    ),
                );
                Doing::new(self, tx, rules::act::Actor::system())?.alert(AlertKind::Forked, None, &format!("epoch {epoch}"), words)?;
            }
            Ok(())
        })?;
        tracing::warn!(epoch, reason = %why.words.en, "a new epoch of the ledger began");
        Ok(())
    }

    /// A ledger that begins to be signed announces the epoch and its keys.
    pub(super) fn announce_epoch(&self, tenants: &[String], epoch: &Epoch, announced: &[String]) -> Result<(), Error> {
        self.store.write(|tx| -> Result<(), Error> {
            for tenant in tenants {
                if running::newest_epoch(tx, tenant)?.is_some_and(|stands| stands.epoch >= epoch.epoch) {
                    continue;
                }
                let Some(actor) = writing_for(tenant) else { continue };
                let begun = Running::EpochBegun {
                    installation: epoch.installation.clone(),
                    epoch: epoch.epoch,
                    reason: EpochReason::Signed,
                    keys: announced.to_vec(),
                    authority: "この台帳の署名の開始 / signing of this ledger begins".to_owned(),
                    before: 0,
                };
                Doing::new(self, tx, actor)?.write(&Change::Running(begun))?;
            }
            Ok(())
        })
    }

    /// Writes down what the database holds now as what this node saw last.
    pub(super) fn keep_lock(&self) -> Result<(), Error> {
        let node = match Lock::read(&self.config.data)? {
            Some(lock) => lock.node,
            None => hexadecimal(&identity::random::<16>()?),
        };
        let lock = self.store.read(|conn| -> Result<_, Error> {
            let Some(epoch) = running::newest_epoch(conn, INSTALLATION)? else { return Ok(None) };
            let signed = checkpoints::newest_super(conn)?;
            let mut ledgers = BTreeMap::new();
            for (tenant, _) in checkpoints::heads(conn)? {
                if let Some(signed) = checkpoints::newest(conn, &tenant)? {
                    ledgers.insert(tenant, signed.edge.size());
                }
            }
            let (size, root) = signed.map_or((0, [0; 32]), |s| (s.size, s.root));
            Ok(Some(Lock { installation: epoch.installation, epoch: epoch.epoch, size, root: Digest(root), node, ledgers }))
        })?;
        lock.map_or(Ok(()), |lock| lock.write(&self.config.data))
    }
}

/// Whether what stands in the database continues what the lock says, and if not, why.
fn judge(conn: &mut Conn, stands: Option<&Epoch>, lock: Option<&Lock>) -> Result<Option<Break>, Error> {
    let signed = checkpoints::newest_super(conn)?;
    let (reason, words, forked) = match (stands, lock) {
        (None, None) => {
            let begun = store::ledger::last_pos(conn)? == rules::id::Pos::NEVER;
            let reason = if begun { EpochReason::Founded } else { EpochReason::Signed };
            (reason, worded(reason.name().ja.into_owned(), reason.name().en.into_owned()), false)
        }
        (None, Some(lock)) => (
            EpochReason::Restored,
            worded(
                format!("データベースに署名の記録がありません。この機器は大きさ{}まで署名していました。", lock.size),
                format!("the database knows of no signatures, but this node had signed up to size {}.", lock.size),
            ),
            true,
        ),
        (Some(_), None) => match &signed {
            None => return Ok(None),
            Some(signed) => (
                EpochReason::Restored,
                worded(
                    format!("この機器に epoch.lock がありません。データベースには大きさ{}までの署名があります。", signed.size),
                    format!("this node has no epoch.lock, but the database holds signatures up to size {}.", signed.size),
                ),
                true,
            ),
        },
        (Some(stands), Some(lock)) if stands.installation != lock.installation => (
            EpochReason::Restored,
            worded(
                format!("データベースは別の環境（{}）のものです。この機器は {} でした。", stands.installation, lock.installation),
                format!("the database is of another installation ({}); this node was {}.", stands.installation, lock.installation),
            ),
            true,
        ),
        (Some(stands), Some(lock)) => {
            let size = signed.as_ref().map_or(0, |s| s.size);
            if size < lock.size || stands.epoch < lock.epoch {
                (
                    EpochReason::Restored,
                    worded(
                        format!("データベースの署名は大きさ{size}までで、この機器が署名した大きさ{}より古いものです。", lock.size),
                        format!("the database holds signatures up to size {size}, older than {}, which this node had signed.", lock.size),
                    ),
                    true,
                )
            } else if lock.size > 0 && checkpoints::super_root(conn, lock.size)? != lock.root.0 {
                (
                    EpochReason::Restored,
                    worded(
                        format!("大きさ{}の時点の台帳が、この機器が署名したものと異なります。", lock.size),
                        format!("at size {} the ledger is another than the one this node had signed.", lock.size),
                    ),
                    true,
                )
            } else {
                return Ok(None);
            }
        }
    };
    Ok(Some(Break { reason, words, forked }))
}

/// A name for a new installation.
fn fresh_name() -> Result<String, Error> {
    Ok(hexadecimal(&identity::random::<8>()?))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
