//! The keys that sign checkpoints and packages: 32 random bytes for each algorithm, in files of the data folder.

use std::path::{Path, PathBuf};

use rules::id::Digest;
use seal::checkpoint::key_name;
use seal::note::{Algorithm, SigningKey};
use store::tables::running;
use store::{Conn, INSTALLATION};

use super::files;
use crate::{App, Error};

/// The first line of a key's file; a changed form gets a new one.
const FORM: &str = "akashi-signing-key v1";

/// The seeds of one generation of keys. Never printed.
#[derive(Clone)]
pub struct Seeds {
    /// Which generation, from 1; the highest is the newest.
    pub generation: u32,
    ed25519: [u8; 32],
    ml_dsa: [u8; 32],
}

impl std::fmt::Debug for Seeds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seeds").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl Seeds {
    /// Fresh ones.
    pub fn fresh(generation: u32) -> Result<Seeds, Error> {
        Ok(Seeds { generation, ed25519: identity::random()?, ml_dsa: identity::random()? })
    }

    /// The keys of an installation that these seeds are.
    pub fn keys(&self, installation: &str) -> Result<Vec<SigningKey>, Error> {
        let name = key_name(installation);
        [(Algorithm::Ed25519, self.ed25519), (Algorithm::MlDsa44, self.ml_dsa)]
            .into_iter()
            .map(|(algorithm, seed)| SigningKey::from_seed(&name, algorithm, seed))
            .collect::<Result<_, _>>()
            .map_err(|e| Error::Broken(format!("the signing keys cannot be used: {e}")))
    }

    /// What the lines of the ledger call them: the name they sign by, and the generation.
    pub fn name(&self, installation: &str) -> String {
        format!("{} ({})", key_name(installation), self.generation)
    }

    /// The public halves, as text.
    pub fn public(&self, installation: &str) -> Result<Vec<String>, Error> {
        Ok(public(&self.keys(installation)?))
    }

    fn text(&self) -> String {
        format!("{FORM}\ned25519 {}\nml-dsa-44 {}\n", Digest(self.ed25519), Digest(self.ml_dsa))
    }

    fn parse(generation: u32, text: &str) -> Option<Seeds> {
        let lines: Vec<&str> = text.lines().collect();
        let [FORM, first, second] = lines[..] else { return None };
        let seed = |line: &str, name: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<Digest>().ok().map(|d| d.0);
        Some(Seeds { generation, ed25519: seed(first, "ed25519")?, ml_dsa: seed(second, "ml-dsa-44")? })
    }
}

/// The public halves of keys, as text.
pub fn public(keys: &[SigningKey]) -> Vec<String> {
    keys.iter().map(|key| key.verifier().to_string()).collect()
}

fn folder(data: &Path) -> PathBuf {
    data.join("keys")
}

/// How the file of a generation is called.
fn file(generation: u32) -> String {
    format!("signing-{generation}.key")
}

/// Keeps the seeds of a generation, encrypted under the master key.
pub(crate) fn store_signing(app: &App, seeds: &Seeds) -> Result<(), Error> {
    let (folder, name) = (folder(&app.config.data), file(seeds.generation));
    files::folder(&folder)?;
    files::replace(&folder.join(&name), &app.wrap_file(&name, &seeds.text())?)
}

/// Every generation of seeds that lies here, the newest first.
pub(crate) fn load_signing(app: &App) -> Result<Vec<Seeds>, Error> {
    let folder = folder(&app.config.data);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(e) => return Err(Error::Broken(format!("cannot read the folder {}: {e}", folder.display()))),
    };
    let mut all = vec![];
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let number = name.strip_prefix("signing-").and_then(|rest| rest.strip_suffix(".key")).and_then(|n| n.parse().ok());
        let Some(generation) = number else { continue };
        let path = entry.path();
        let text = files::read(&path)?.map(|text| app.unwrap_file(&name, &text)).transpose()?;
        let seeds = text.and_then(|text| Seeds::parse(generation, &text));
        all.push(seeds.ok_or_else(|| Error::Broken(format!("{} is no signing key: restore it from the escrow", path.display())))?);
    }
    all.sort_by_key(|seeds| std::cmp::Reverse(seeds.generation));
    Ok(all)
}

/// The newest seeds; fresh ones are made and kept where there are none.
pub(crate) fn newest_or_fresh(app: &App) -> Result<Seeds, Error> {
    if let Some(seeds) = load_signing(app)?.into_iter().next() {
        return Ok(seeds);
    }
    let seeds = Seeds::fresh(1)?;
    store_signing(app, &seeds)?;
    Ok(seeds)
}

/// The keys by which this installation signs, as its own ledger announced them last.
pub(crate) struct Signers {
    pub installation: String,
    pub epoch: u32,
    /// Announced, and here.
    pub keys: Vec<SigningKey>,
    /// Of earlier generations, the newest first.
    pub older: Vec<Vec<SigningKey>>,
}

impl App {
    /// Who signs now. Nothing before the first epoch; fails when the announced keys are not here.
    pub(crate) fn signers(&self, conn: &mut Conn) -> Result<Option<Signers>, Error> {
        let Some(epoch) = running::newest_epoch(conn, INSTALLATION)? else { return Ok(None) };
        let announced = running::signers(conn, INSTALLATION)?;
        let mut here = None;
        let mut older = vec![];
        for seeds in load_signing(self)? {
            let keys = seeds.keys(&epoch.installation)?;
            if here.is_none() && public(&keys) == announced { here = Some(keys) } else { older.push(keys) }
        }
        let keys = here.ok_or_else(|| {
            Error::Broken(format!(
                "the signing keys that the ledger announced are not in {}: copy them from the other node or the escrow, or rotate the signing key",
                folder(&self.config.data).display()
            ))
        })?;
        Ok(Some(Signers { installation: epoch.installation, epoch: epoch.epoch, keys, older }))
    }

    /// The keys that sign packages: those that sign checkpoints, once the service has started for the first time.
    pub fn signing_keys(&self) -> Result<Vec<SigningKey>, Error> {
        let signers = self.store.read(|conn| self.signers(conn))?;
        signers.map(|s| s.keys).ok_or_else(|| Error::Broken("this installation has no signing keys yet: start the service once".into()))
    }

    /// The name of this installation among others: 16 hexadecimal digits, given when it first started.
    pub fn installation(&self) -> Result<Option<String>, Error> {
        Ok(self.store.read(|conn| running::newest_epoch(conn, INSTALLATION))?.map(|epoch| epoch.installation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_come_back_from_their_text_and_nothing_else_does() {
        let seeds = Seeds { generation: 3, ed25519: [1; 32], ml_dsa: [2; 32] };
        let text = seeds.text();
        let back = Seeds::parse(3, &text).unwrap();
        assert_eq!(back.public("0123456789abcdef").unwrap(), seeds.public("0123456789abcdef").unwrap());
        for other in ["", "x", &text[1..], &text.replace("ml-dsa-44", "ml-dsa-65"), &text[..text.len() - 2]] {
            assert!(Seeds::parse(3, other).is_none(), "{other}");
        }
        assert!(!format!("{seeds:?}").contains("0101"));
    }
}
