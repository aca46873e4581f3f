//! The anchor in a file: one line of JSON for each super checkpoint, only ever appended, flushed to the disk.

use std::io::{Read, Write};
use std::path::Path;

use rules::text::worded;
use seal::Checkpoint;
use seal::note::Note;
use serde::{Deserialize, Serialize};
use store::checkpoints::{self, SuperSigned};

use super::{Held, Refused};
use crate::{App, Error};

#[derive(Serialize, Deserialize)]
struct Record {
    note: String,
}

/// Appends a super checkpoint.
pub(super) fn append(path: &Path, newest: &SuperSigned) -> Result<Held, Refused> {
    let failed = |e: std::io::Error| {
        let shown = path.display();
        Refused::Failed(worded(
            format!("ファイル {shown} に追記できません（{e}）。マウントと権限、空き容量を確認してください。"),
            format!("The file {shown} cannot be appended to ({e}). Look at its mount, rights and free space."),
        ))
    };
    let line = serde_json::to_string(&Record { note: newest.note.clone() }).map_err(|e| Refused::from(Error::Broken(e.to_string())))?;
    let add = || {
        let mut file = std::fs::OpenOptions::new().append(true).read(true).create(true).open(path)?;
        // A line that a power cut tore stays as it is; the next begins on its own.
        let torn = ends_torn(&mut file)?;
        file.write_all(format!("{}{line}\n", if torn { "\n" } else { "" }).as_bytes())?;
        file.sync_all()
    };
    add().map_err(failed)?;
    Ok(Held { proof: String::new(), until: None })
}

fn ends_torn(file: &mut std::fs::File) -> std::io::Result<bool> {
    use std::io::{Seek, SeekFrom};
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// The super checkpoints that a file holds, oldest first; lines that are torn or no record are passed over.
pub fn read(path: &Path) -> std::io::Result<Vec<Note>> {
    let bytes = match std::fs::read(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        bytes => bytes?,
    };
    let record = |line: &[u8]| serde_json::from_slice::<Record>(line).ok().and_then(|record| Note::parse(&record.note).ok());
    Ok(bytes.split(|b| *b == b'\n').filter_map(record).collect())
}

impl App {
    /// Whether everything that the file holds is part of what stands here.
    pub(super) fn compare_file(&self, path: &Path) -> Result<(), Refused> {
        let shown = path.display();
        let held = read(path).map_err(|e| {
            Refused::Failed(worded(
                format!("ファイル {shown} を読み取れません（{e}）。"),
                format!("The file {shown} cannot be read ({e})."),
            ))
        })?;
        let newest = self.store.read(checkpoints::newest_super).map_err(Error::from)?;
        let (size, epoch) = newest.map_or((0, 0), |newest| (newest.size, newest.epoch));
        for note in held {
            let Ok(of) = Checkpoint::parse(&note.text) else { continue };
            let same = of.size <= size && self.store.read(|conn| checkpoints::super_root(conn, of.size)).map_err(Error::from)? == of.root;
            // What an earlier epoch lost was told when this one began.
            if !same && of.epoch == epoch {
                return Err(Refused::Forked(worded(
                    format!(
                        "外部のファイル {shown} にあるチェックポイント（大きさ{}）が、この台帳（大きさ{size}）に含まれていません。分岐または末尾の欠落です。",
                        of.size
                    ),
                    format!(
                        "The file {shown} holds a checkpoint (size {}) that is not part of this ledger (size {size}): it was forked, or its tail is cut.",
                        of.size
                    ),
                )));
            }
        }
        Ok(())
    }
}
