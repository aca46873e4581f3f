//! What was signed, beside what is here: each checkpoint says what its columns say, fits the ledger, and bears a right signature.

use seal::note::{Note, VerifierKey};
use seal::{Checkpoint, leaf_hash};

use super::Finding;
use crate::checkpoints::{self, Kept};
use crate::engine::Conn;
use crate::error::Error;
use crate::ledger::root_at;

/// The first entry of the super-log that is wrong, and the first of its signed checkpoints.
///
/// Keys are those that the ledger itself announces: they tell damage. Whether they are the right ones only somebody can say who has
/// them by another way.
pub(super) fn check(conn: &mut Conn) -> Result<Vec<Finding>, Error> {
    let keys: Vec<VerifierKey> = checkpoints::announced(conn)?.iter().filter_map(|key| key.parse().ok()).collect();
    let mut out = vec![];
    let entries = checkpoints::all(conn)?;
    for (n, entry) in entries.iter().enumerate() {
        let problem = if entry.n == n as u64 { wrong(conn, entry, &keys)? } else { Some(format!("entry {n} should stand here")) };
        if let Some(problem) = problem {
            out.push(Finding::Signed { what: format!("checkpoint {} of {}", entry.n, entry.tenant), problem });
            break;
        }
    }
    if let Some(problem) = checkpoints::nodes_differ(conn)? {
        out.push(Finding::Signed { what: "super_node".to_owned(), problem });
    }
    let mut size = 0;
    while let Some(above) = checkpoints::super_covering(conn, size + 1)? {
        size = above.size;
        let root = checkpoints::super_root(conn, size).ok();
        let of = (above.size, above.root, above.epoch, crate::value::instant(above.at));
        let problem =
            if root == Some(above.root) { said(&above.note, of, &keys) } else { Some("the super-log has another root".to_owned()) };
        if let Some(problem) = problem {
            out.push(Finding::Signed { what: format!("super checkpoint of {size} entries"), problem });
            break;
        }
    }
    Ok(out)
}

fn wrong(conn: &mut Conn, entry: &Kept, keys: &[VerifierKey]) -> Result<Option<String>, Error> {
    if leaf_hash(entry.note.as_bytes()) != entry.leaf {
        return Ok(Some("its note is not the one whose hash is kept".to_owned()));
    }
    if entry.edge.root() != entry.root {
        return Ok(Some("its kept tree edge has another root".to_owned()));
    }
    if let Some(problem) = said(&entry.note, (entry.edge.size(), entry.root, entry.epoch, entry.at.clone()), keys) {
        return Ok(Some(problem));
    }
    Ok(match root_at(conn, &entry.tenant, entry.edge.size()) {
        Ok(root) if root == entry.root => None,
        Ok(_) => Some("the lines that it covers make another root".to_owned()),
        Err(Error::Tree { .. } | Error::Edge { .. }) => Some("lines that it covers are not here".to_owned()),
        Err(other) => return Err(other),
    })
}

/// What is wrong with a note that should say this.
fn said(note: &str, (size, root, epoch, at): (u64, seal::Hash, u32, String), keys: &[VerifierKey]) -> Option<String> {
    let note = match Note::parse(note) {
        Ok(note) => note,
        Err(e) => return Some(e.to_string()),
    };
    let of = match Checkpoint::parse(&note.text) {
        Ok(of) => of,
        Err(e) => return Some(e.to_string()),
    };
    if (of.size, of.root, of.epoch, of.at) != (size, root, epoch, at) {
        return Some("its columns are not what was signed".to_owned());
    }
    // An installation that never began an epoch announced no key.
    if keys.is_empty() { None } else { note.verify(keys).err().map(|e| e.to_string()) }
}
