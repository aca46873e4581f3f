//! Puts a backup back into an empty place, on either engine, and compares it with what it says of itself.

use std::fs::File;
use std::path::Path;

use age::x25519::Identity;
use jiff::Timestamp;
use rules::id::Digest;
use rules::text::{Text, worded};
use serde::{Deserialize, Serialize};
use store::backup::{Filling, Known};
use store::{Blobs, Store};

use super::format::{self, Copied, Entry, Header};
use super::{Step, refused};
use crate::proof::files;
use crate::{Config, Error};

/// What was restored.
#[derive(Debug, Clone)]
pub struct Restored {
    pub header: Header,
    pub copied: Copied,
    pub lines: u64,
    pub files: u64,
    /// What came out other than the backup says; empty when all is equal.
    pub differences: Vec<String>,
}

/// What lies in the data folder from a restore until the next start, which begins a new epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub backup: String,
    pub made: Timestamp,
    pub lines: u64,
}

impl Note {
    fn path(data: &Path) -> std::path::PathBuf {
        data.join("restored.json")
    }

    pub(crate) fn read(data: &Path) -> Result<Option<Note>, Error> {
        let Some(text) = files::read(&Note::path(data))? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|e| Error::Broken(format!("restored.json cannot be read: {e}")))
    }

    pub(crate) fn forget(data: &Path) -> Result<(), Error> {
        files::remove(&Note::path(data))
    }

    fn keep(&self, data: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self).map_err(|e| Error::Broken(e.to_string()))?;
        files::replace(&Note::path(data), &text)
    }

    /// Why a new epoch begins, in words.
    pub(crate) fn words(&self) -> Text {
        worded(
            format!(
                "{}に作成されたバックアップ（{}、{}行）から復元しました。それより後の記録は失われています。その後に消去した内容は戻っているため、消去証明書をもとに、もう一度消去してください。",
                self.made, self.backup, self.lines
            ),
            format!(
                "the backup {} of {} with {} lines was restored; what came after it is lost. What was erased after it is there again: erase it again, by the certificates of erasure.",
                self.backup, self.made, self.lines
            ),
        )
    }
}

fn open(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|e| {
        refused(worded(format!("{} を読めません（{e}）。", path.display()), format!("{} cannot be read: {e}.", path.display())))
    })
}

/// Fills an empty database and the place of the files from a backup. The whole file is checked before the first row is
/// written.
pub(super) fn fill(
    path: &Path,
    identities: &[Identity],
    into: &Store,
    blobs: &Blobs,
    told: &mut dyn FnMut(Step),
) -> Result<Restored, Error> {
    let occupied = |e: store::Error| match e {
        store::Error::Occupied => refused(worded(
            "復元先のデータベースは空ではありません。何も変更していません。空のデータフォルダーか空のデータベースを指定してください（中断した復元の残りは、消してからやり直します）。",
            "The database to restore into is not empty. Nothing was changed. Name an empty data folder or an empty database; what a restore left that was cut off has to be removed first.",
        )),
        other => other.into(),
    };
    store::backup::must_be_empty(into).map_err(occupied)?;
    let (mut known, mut header, mut copied, mut found) = (Known::default(), None, Copied::default(), 0);
    format::read(open(path)?, identities, |entry| {
        match entry {
            Entry::Header(said) => header = Some(said),
            Entry::Lines(part, text) => known.look(part, &text)?,
            Entry::File(..) => found += 1,
            Entry::Copied(said) => copied = said,
        }
        Ok(())
    })?;
    let header: Header = header.ok_or_else(|| Error::Broken("a backup without its first entry was read to its end".into()))?;
    let mut differences = vec![];
    for (what, said, is) in [("lines", header.lines, known.lines), ("files", copied.files, found)] {
        if said != is {
            differences.push(format!("{what}: {said} are said to be in the backup, {is} are"));
        }
    }
    let filling = Filling::begin(into, known).map_err(occupied)?;
    let (mut lines, mut files) = (0, 0);
    format::read(open(path)?, identities, |entry| {
        match entry {
            Entry::Header(_) | Entry::Copied(_) => {}
            Entry::Lines(part, text) => {
                let n = filling.take(part, &text)?;
                if part == store::backup::Part::Ledger {
                    lines += n;
                    told(Step::Lines { done: lines, all: header.lines });
                }
            }
            Entry::File(name, content) => {
                blobs.lay(name, content)?;
                files += 1;
                told(Step::Files { done: files, all: copied.files });
            }
        }
        Ok(())
    })?;
    // Every hash is made anew; the roots have to be those of the backup.
    let roots = into.verify()?.roots;
    let restored: std::collections::BTreeMap<_, _> = roots.into_iter().map(|(tenant, size, root)| (tenant, (size, Digest(root)))).collect();
    if restored != header.ledgers {
        differences.push("the roots of the ledgers are others".into());
    }
    let sums = into.read(store::backup::sums)?;
    for (table, said) in &header.tables {
        match sums.get(table) {
            Some(is) if is == said => {}
            Some(is) => {
                differences.push(format!("the table {table}: {} rows, and {} were backed up, or other content", is.rows, said.rows))
            }
            None => differences.push(format!("the table {table} is unknown to this program")),
        }
    }
    if differences.is_empty() {
        filling.finish()?;
    }
    Ok(Restored { header, copied, lines, files, differences })
}

/// Restores a backup into an empty installation. The next start begins a new epoch.
pub fn restore(config: &Config, path: &Path, identities: &[Identity], told: &mut dyn FnMut(Step)) -> Result<Restored, Error> {
    std::fs::create_dir_all(&config.data).map_err(|e| Error::Broken(format!("cannot make the folder {}: {e}", config.data.display())))?;
    let into = Store::open(&config.location()?, 1)?;
    let blobs = Blobs::open(config.data.join("evidence"), &config.evidence)?;
    let restored = fill(path, identities, &into, &blobs, told)?;
    if !restored.differences.is_empty() {
        let list = restored.differences.join("; ");
        return Err(refused(worded(
            format!(
                "復元した内容がバックアップの記載と一致しません（{list}）。この復元先は使えません。別の世代から、空の場所へやり直してください。"
            ),
            format!(
                "What was restored is not what the backup says ({list}). Do not use this place; restore another backup into an empty one."
            ),
        )));
    }
    let Header { id, made, lines, .. } = &restored.header;
    Note { backup: id.to_string(), made: *made, lines: *lines }.keep(&config.data)?;
    Ok(restored)
}
