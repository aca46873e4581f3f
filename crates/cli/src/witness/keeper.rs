//! What a witness saw of each log, on disk before it says so, and the decision whether something continues it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use app::Error;
use app::proof::files;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rules::id::Digest;
use seal::merkle::{Hash, sha256};
use seal::note::{Algorithm, Note, Signature, SigningKey};
use seal::proof::verify_consistency;
use seal::{Checkpoint, VerifierKey};
use serde::{Deserialize, Serialize};

/// Most pieces of evidence that are kept; later ones say nothing new.
const MOST_EVIDENCE: usize = 1000;
/// Most hashes of a proof (C2SP tlog-witness).
const MOST_HASHES: usize = 63;

/// What is answered to a submitted checkpoint.
pub enum Answer {
    /// Signature lines.
    Cosigned(String),
    /// The size that was seen last: another than the client thinks, or the same with another root.
    Size(u64),
    Malformed(&'static str),
    /// No trusted key may sign for this origin.
    Unknown,
    NotSigned(String),
    /// The proof is wrong.
    NotContinued,
    Broken(Error),
}

/// The newest cosigned checkpoint of a log.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Seen {
    origin: String,
    size: u64,
    root: Digest,
    epoch: Option<u32>,
    /// As it was submitted, with the cosignatures.
    note: String,
    cosigned_at: Timestamp,
}

/// Something signed that contradicts what was seen.
#[derive(Debug, Serialize, Deserialize)]
struct Evidence {
    origin: String,
    what: String,
    seen: Option<Seen>,
    note: String,
    at: Timestamp,
}

/// A witness's memory and its keys.
pub struct Keeper {
    data: PathBuf,
    trusted: Vec<VerifierKey>,
    /// Logs that may begin anew in an epoch.
    epochs: Vec<(String, u32)>,
    /// Signs notes as every note is signed.
    plain: SigningKey,
    /// Signs with a time (C2SP tlog-cosignature); another key, for the two forms must not be mixed up.
    timed: SigningKey,
    seen: Mutex<BTreeMap<String, Seen>>,
}

const FORM: &str = "akashi-witness-key v1";

impl Keeper {
    /// Opens the folder, and makes the keys at the first time.
    pub fn open(data: &Path, name: Option<&str>, trusted: Vec<VerifierKey>, epochs: Vec<(String, u32)>) -> Result<Keeper, Error> {
        for folder in [data, &data.join("logs"), &data.join("evidence")] {
            files::folder(folder)?;
        }
        let path = data.join("witness.key");
        let text = match files::read(&path)? {
            Some(text) => text,
            None => {
                let random: String = Digest(app::fresh_seed()?).to_string().chars().take(16).collect();
                let name = name.map_or_else(|| format!("akashi-witness-{random}"), str::to_owned);
                let (note, cosignature) = (Digest(app::fresh_seed()?), Digest(app::fresh_seed()?));
                let text = format!("{FORM}\nname {name}\nnote {note}\ncosignature {cosignature}\n");
                files::replace(&path, &text)?;
                text
            }
        };
        let broken = || Error::Broken(format!("{} is no key of a witness: restore it from a backup", path.display()));
        let lines: Vec<&str> = text.lines().collect();
        let [FORM, kept, plain, timed] = lines[..] else { return Err(broken()) };
        let kept = kept.strip_prefix("name ").ok_or_else(broken)?;
        if name.is_some_and(|name| name != kept) {
            return Err(Error::Broken(format!("this witness is called {kept}; its name is fixed with its key in {}", path.display())));
        }
        let key = |line: &str, word: &str| {
            let seed: Digest = line.strip_prefix(word)?.strip_prefix(' ')?.parse().ok()?;
            SigningKey::from_seed(kept, Algorithm::Ed25519, seed.0).ok()
        };
        let (plain, timed) = (key(plain, "note").ok_or_else(broken)?, key(timed, "cosignature").ok_or_else(broken)?);
        let mut seen = BTreeMap::new();
        for one in read_all::<Seen>(&data.join("logs"))? {
            seen.insert(one.origin.clone(), one);
        }
        Ok(Keeper { data: data.to_owned(), trusted, epochs, plain, timed, seen: Mutex::new(seen) })
    }

    /// The key of its plain signatures, as text.
    pub fn note_key(&self) -> String {
        self.plain.verifier().to_string()
    }

    /// The key of its cosignatures, as text: type 4.
    pub fn cosignature_key(&self) -> String {
        let key = self.timed.verifier();
        let typed = [&[4], key.public()].concat();
        format!("{}+{:08x}+{}", key.name, u32::from_be_bytes(cosignature_id(&key)), STANDARD.encode(typed))
    }

    /// The newest checkpoint of every log.
    pub fn logs(&self) -> Result<serde_json::Value, Error> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(serde_json::json!(seen.values().collect::<Vec<_>>()))
    }

    /// Everything that was refused although it was signed.
    pub fn evidence(&self) -> Result<serde_json::Value, Error> {
        Ok(serde_json::json!(read_all::<Evidence>(&self.data.join("evidence"))?))
    }

    /// Judges a request of `add-checkpoint`; what is cosigned is on disk before.
    pub fn add(&self, body: &[u8], now: Timestamp) -> Answer {
        let (old, path, note) = match read(body) {
            Ok(request) => request,
            Err(why) => return Answer::Malformed(why),
        };
        let Some(of) = Head::read(&note.text) else { return Answer::Malformed("the note is no checkpoint") };
        let keys: Vec<VerifierKey> = self.trusted.iter().filter(|key| signs_for(key, &of.origin)).cloned().collect();
        if keys.is_empty() {
            return Answer::Unknown;
        }
        if let Err(why) = note.verify(&keys) {
            return Answer::NotSigned(why.to_string());
        }
        if old > of.size {
            return Answer::Malformed("the old size is larger than the checkpoint");
        }
        // Held until the new state is on disk: two requests must not be judged by the same old state.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let known = seen.get(&of.origin).cloned();
        let anew = known.as_ref().filter(|known| self.begins_anew(known, &of)).cloned();
        let known = if anew.is_some() { None } else { known };
        let contradicts = |what: &str| self.keep_evidence(what, known.as_ref(), &of.origin, &note, now);
        // Everything continues an empty log.
        let (size, root) = known.as_ref().filter(|known| known.size > 0).map_or((0, None), |known| (known.size, Some(known.root.0)));
        if old != size {
            // Older notes are sent by slow clients; one that was signed later and covers less is a cut tail.
            let cut = known.as_ref().is_some_and(|known| of.size < known.size && of.at > Head::read_note(&known.note).and_then(|h| h.at));
            return match cut.then(|| contradicts("it was signed later and covers less")) {
                Some(Err(error)) => Answer::Broken(error),
                _ => Answer::Size(size),
            };
        }
        let answer = match root {
            None => (!path.is_empty()).then_some(Answer::NotContinued),
            Some(root) if of.size == size && of.root == root => {
                if !path.is_empty() {
                    // The same again with a needless proof: a fault of the client, and evidence of nothing.
                    return Answer::NotContinued;
                }
                None
            }
            Some(_) if of.size == size => Some(Answer::Size(size)),
            Some(root) => (!verify_consistency(size, &root, of.size, &of.root, &path)).then_some(Answer::NotContinued),
        };
        if let Some(answer) = answer {
            return match contradicts("it does not continue what was seen") {
                Ok(()) => answer,
                Err(error) => Answer::Broken(error),
            };
        }
        let lines = self.cosign(&note, now);
        let mut kept = note;
        lines.iter().for_each(|line| kept.add(line.clone()));
        let state = Seen {
            origin: of.origin.clone(),
            size: of.size,
            root: Digest(of.root),
            epoch: of.epoch,
            note: kept.to_string(),
            cosigned_at: now,
        };
        let keep = || -> Result<(), Error> {
            if let Some(before) = &anew {
                self.keep_evidence("a new epoch was allowed", Some(before), &of.origin, &kept, now)?;
            }
            write(&self.data.join("logs").join(format!("{}.json", Digest(sha256(&[of.origin.as_bytes()])))), &state)
        };
        if let Err(error) = keep() {
            return Answer::Broken(error);
        }
        seen.insert(of.origin, state);
        let only = Note { text: "\n".to_owned(), signatures: lines };
        Answer::Cosigned(only.to_string().trim_start_matches('\n').to_owned())
    }

    /// Whether a log may begin anew: its people said why, and whoever runs this witness allowed that epoch.
    fn begins_anew(&self, known: &Seen, of: &Head) -> bool {
        let allowed = |(origin, epoch): &(String, u32)| *origin == of.origin && of.epoch == Some(*epoch);
        known.epoch < of.epoch && self.epochs.iter().any(allowed)
    }

    fn cosign(&self, note: &Note, now: Timestamp) -> Vec<Signature> {
        let seconds = now.as_second().max(0);
        let signed = self.timed.sign(&format!("cosignature/v1\ntime {seconds}\n{}", note.text));
        let mut bytes = seconds.to_be_bytes().to_vec();
        bytes.extend_from_slice(&signed.bytes);
        let timed = Signature { name: signed.name, key_id: cosignature_id(&self.timed.verifier()), bytes };
        vec![timed, self.plain.sign(&note.text)]
    }

    fn keep_evidence(&self, what: &str, seen: Option<&Seen>, origin: &str, note: &Note, at: Timestamp) -> Result<(), Error> {
        let folder = self.data.join("evidence");
        let note = note.to_string();
        // The same note again is the same piece.
        let path = folder.join(format!("{}.json", Digest(sha256(&[note.as_bytes()]))));
        let full = std::fs::read_dir(&folder).map_or(0, Iterator::count) >= MOST_EVIDENCE;
        if full || path.exists() {
            return Ok(());
        }
        tracing::error!(origin, what, "a signed checkpoint contradicts what was seen");
        write(&path, &Evidence { origin: origin.to_owned(), what: what.to_owned(), seen: seen.cloned(), note, at })
    }
}

/// C2SP tlog-cosignature: the key's id is made with the type 4.
fn cosignature_id(key: &VerifierKey) -> [u8; 4] {
    let [a, b, c, d, ..] = sha256(&[key.name.as_bytes(), b"\n", &[4], key.public()]);
    [a, b, c, d]
}

/// A key signs for the origin it is named after; of Akashi, `akashi-X` signs for `akashi/X`.
fn signs_for(key: &VerifierKey, origin: &str) -> bool {
    key.name == origin || key.name.strip_prefix("akashi-").is_some_and(|own| origin.strip_prefix("akashi/") == Some(own))
}

/// What a witness looks at in a checkpoint: its first three lines, and of Akashi epoch and time.
struct Head {
    origin: String,
    size: u64,
    root: Hash,
    epoch: Option<u32>,
    at: Option<String>,
}

impl Head {
    fn read(text: &str) -> Option<Head> {
        if let Ok(own) = Checkpoint::parse(text) {
            return Some(Head { origin: own.origin, size: own.size, root: own.root, epoch: Some(own.epoch), at: Some(own.at) });
        }
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let root: Hash = STANDARD.decode(root).ok()?.try_into().ok()?;
        (!origin.is_empty()).then_some(Head { origin: origin.to_owned(), size: decimal(size)?, root, epoch: None, at: None })
    }

    fn read_note(note: &str) -> Option<Head> {
        Head::read(&Note::parse(note).ok()?.text)
    }
}

fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// `old N`, hashes, an empty line, a note.
fn read(body: &[u8]) -> Result<(u64, Vec<Hash>, Note), &'static str> {
    let text = std::str::from_utf8(body).map_err(|_| "the request is no text")?;
    let (head, note) = text.split_once("\n\n").ok_or("there is no empty line before the checkpoint")?;
    let mut lines = head.split('\n');
    let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal).ok_or("the first line is not 'old' and a size")?;
    let path: Vec<Hash> = lines
        .map(|line| STANDARD.decode(line).ok().and_then(|hash| Hash::try_from(hash).ok()).ok_or("a line of the proof is no hash in base64"))
        .collect::<Result<_, _>>()?;
    if path.len() > MOST_HASHES {
        return Err("the proof has more than 63 lines");
    }
    Ok((old, path, Note::parse(note).map_err(|e| e.reason)?))
}

fn write(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    files::replace(path, &serde_json::to_string_pretty(value).map_err(|e| Error::Broken(e.to_string()))?)
}

fn read_all<T: for<'de> Deserialize<'de>>(folder: &Path) -> Result<Vec<T>, Error> {
    let broken = |path: &Path, e: String| Error::Broken(format!("cannot read {}: {e}", path.display()));
    let mut paths = vec![];
    for entry in std::fs::read_dir(folder).map_err(|e| broken(folder, e.to_string()))?.flatten() {
        paths.push(entry.path());
    }
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "json"));
    paths.sort();
    let read = |path: &PathBuf| {
        let text = files::read(path)?.unwrap_or_default();
        serde_json::from_str(&text).map_err(|e| broken(path, e.to_string()))
    };
    paths.iter().map(read).collect()
}
