//! Tries a backup: really restores it into a scratch place and compares every ledger, table and file.

use std::path::Path;
use std::time::Instant;

use age::x25519::Identity;
use rules::act::Actor;
use rules::change::Change;
use rules::running::{Drill, Running};
use rules::text::worded;
use store::tables::vault;
use store::{Blobs, EvidencePlace, Location, Store};

use super::{Step, keys, restore};
use crate::execute::Doing;
use crate::vault::files::keys_with;
use crate::{App, Error};

/// What is named of one drill at the most.
const NAMED: usize = 100;

impl App {
    /// Restores a backup into an empty scratch place, compares it, and writes down what came out. Differences warn the
    /// operators. Without a key file the installation's own key is taken.
    pub fn try_backup(&self, path: &Path, key_file: Option<&Path>, told: &mut dyn FnMut(Step)) -> Result<Drill, Error> {
        let own = self.backup_key();
        let identities = keys::identities(key_file.unwrap_or(&own))?;
        let begun = Instant::now();
        let (restored, mut differences) = self.restored_and_compared(path, &identities, told)?;
        if differences.len() > NAMED {
            let more = differences.len() - NAMED;
            differences.truncate(NAMED);
            differences.push(format!("and {more} more"));
        }
        let drill = Drill {
            backup: restored.header.id,
            lines: restored.lines,
            files: restored.files,
            differences,
            seconds: begun.elapsed().as_secs(),
            at: self.clock.now(),
        };
        let line = Change::Running(Running::BackupTried(drill.clone()));
        self.store.write(|tx| Doing::new(self, tx, Actor::system())?.write(&line).map(drop))?;
        if let Some(first) = drill.differences.first() {
            let n = drill.differences.len();
            let words = worded(
                format!(
                    "バックアップ {} の復元訓練で、{n}件の違いが見つかりました（最初の違い: {first}）。新しいバックアップを作り、原因を確認してください。",
                    drill.backup
                ),
                format!(
                    "Trying the backup {} showed {n} differences, the first: {first}. Make a new backup, and look for the cause.",
                    drill.backup
                ),
            );
            self.warn_of_backup("differs", words);
        }
        Ok(drill)
    }

    fn restored_and_compared(
        &self,
        path: &Path,
        identities: &[Identity],
        told: &mut dyn FnMut(Step),
    ) -> Result<(restore::Restored, Vec<String>), Error> {
        let scratch = tempfile::Builder::new()
            .prefix("drill-")
            .tempdir_in(&self.config.data)
            .map_err(|e| Error::Broken(format!("no scratch folder in {}: {e}", self.config.data.display())))?;
        let into = Store::open(&Location::file(scratch.path().join("akashi.db")), 2)?;
        let blobs = Blobs::open(scratch.path().join("evidence"), &EvidencePlace::Folder)?;
        let restored = restore::fill(path, identities, &into, &blobs, told)?;
        let mut differences = restored.differences.clone();
        let files = into.read(vault::files)?;
        if files.len() as u64 != restored.header.files {
            differences.push(format!("{} files are named, and {} were when it was made", files.len(), restored.header.files));
        }
        for (n, (organisation, digest)) in files.iter().enumerate() {
            told(Step::Compared { done: n as u64, all: files.len() as u64 });
            if restored.copied.erased.contains(&format!("{organisation} {digest}")) {
                continue;
            }
            // Decrypted with the keys of the backup itself: it has to open by what is in it and the master key alone.
            let looked = match into.read(|conn| keys_with(&self.masters, conn, *organisation)) {
                Ok(Some(keys)) => blobs.check(&keys, *digest).map(drop).map_err(|e| e.to_string()),
                Ok(None) => Err("the keys of the organisation's files are missing".to_owned()),
                Err(error) => Err(error.to_string()),
            };
            if let Err(cause) = looked {
                differences.push(format!("the file {digest} of {organisation}: {cause}"));
            }
        }
        Ok((restored, differences))
    }
}
