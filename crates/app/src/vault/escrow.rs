//! The master key written out under the words of two people, either of whom alone opens nothing (age, scrypt in scrypt).

use std::io::{Read, Write};
use std::path::Path;

use age::secrecy::SecretString;
use age::{Decryptor, Encryptor};
use rules::act::{Act, Actor};
use rules::change::Change;
use rules::refusal::{Refusal, Why};
use rules::review::AlertKind;
use rules::text::{Text, text, worded};
use rules::vault::{KeyEvent, Vaulting};
use serde::{Deserialize, Serialize};
use store::tables::vault;

use super::kept;
use super::keys::{CHECK, Master, beside, fits};
use crate::execute::Doing;
use crate::proof::files;
use crate::{App, Clock, Config, Error};

/// What is written out.
#[derive(Serialize, Deserialize)]
struct Content {
    v: u32,
    master: String,
    /// The signing keys' files by name, as they lie there: encrypted under the master key.
    files: Vec<(String, String)>,
}

/// Nothing of it is shown.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Content(hidden)")
    }
}

/// What taking the key back from escrow did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// The key's public name.
    pub key: String,
    /// Whether two people's approval was looked up and the access recorded. Without a database neither is possible; the
    /// next start records it.
    pub approved: bool,
}

/// Left beside the key where there was no database to write into.
#[derive(Serialize, Deserialize)]
struct Unrecorded {
    key: String,
    at: jiff::Timestamp,
}

const UNRECORDED: &str = ".recovered";

fn broken(what: &str) -> impl Fn(std::io::Error) -> Error + '_ {
    move |e| Error::Broken(format!("{what}: {e}"))
}

/// scrypt with N = 2^17 and r = 8 (128 MiB), for every machine. Left to itself, age measures how fast this one is just
/// now, and a machine that is slower, or busy, would refuse what a fast one wrote.
const WORK: u8 = 17;
/// What is still opened: written by another program, with up to 2 GiB.
const MOST_WORK: u8 = 21;

fn seal(plain: &[u8], words: &str) -> Result<Vec<u8>, Error> {
    let failed = broken("the escrow cannot be written");
    let mut out = vec![];
    let mut recipient = age::scrypt::Recipient::new(SecretString::from(words.to_owned()));
    recipient.set_work_factor(WORK);
    let encryptor =
        Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).map_err(|e| failed(std::io::Error::other(e)))?;
    let mut writer = encryptor.wrap_output(&mut out).map_err(&failed)?;
    writer.write_all(plain).and_then(|()| writer.finish().map(drop)).map_err(&failed)?;
    Ok(out)
}

/// `None` where the words are not the right ones, or the file was altered.
fn open(sealed: &[u8], words: &str) -> Option<Vec<u8>> {
    let mut identity = age::scrypt::Identity::new(SecretString::from(words.to_owned()));
    identity.set_max_work_factor(MOST_WORK);
    let mut reader = Decryptor::new_buffered(sealed).ok()?.decrypt(std::iter::once(&identity as &dyn age::Identity)).ok()?;
    let mut out = vec![];
    reader.read_to_end(&mut out).ok()?;
    Some(out)
}

/// Opens an escrow with both words, in whichever order they are given.
fn open_both(sealed: &[u8], words: [&str; 2]) -> Option<Content> {
    let [one, two] = words;
    let inner = open(sealed, two).and_then(|inner| open(&inner, one)).or_else(|| open(&open(sealed, one)?, two))?;
    serde_json::from_slice(&inner).ok()
}

fn not_opened() -> Error {
    Refusal::invalid(
        "words",
        text(
            "預託を開けません。2人の合言葉のどちらかが違うか、ファイルが壊れています。",
            "The escrow does not open: one of the two passphrases is wrong, or the file is damaged.",
        ),
    )
    .into()
}

impl App {
    /// Writes the master key and the signing keys out under the words of two people, and returns the file's content.
    ///
    /// # Errors
    /// A refusal when a passphrase is easy to guess, or both are the same.
    pub fn escrow(&self, words: [&str; 2]) -> Result<Vec<u8>, Error> {
        for (n, one) in words.iter().enumerate() {
            identity::judge(one, self.profiles.default(), &[]).map_err(|refusal| {
                let n = n + 1;
                let Text { ja, en } = refusal.text;
                Refusal::invalid("words", worded(format!("{n}人目の合言葉: {ja}"), format!("Passphrase {n}: {en}")))
            })?;
        }
        if words[0] == words[1] {
            return Err(Refusal::invalid(
                "words",
                text("2人は別々の合言葉を使ってください。", "The two people have to use different passphrases."),
            )
            .into());
        }
        let master = self.masters.current();
        let files = self.key_files()?.into_iter().map(|(name, _, content)| (name, content)).collect();
        let plain = serde_json::to_vec(&Content { v: 1, master: master.text(), files })
            .map_err(|e| Error::Broken(format!("the escrow cannot be written: {e}")))?;
        let sealed = seal(&seal(&plain, words[0])?, words[1])?;
        // What cannot be opened again is no escrow.
        open_both(&sealed, words).filter(|c| c.master == master.text()).ok_or_else(not_opened)?;
        let key = master.id();
        self.store.write(|tx| -> Result<(), Error> {
            let mut doing = Doing::new(self, tx, Actor::system())?;
            let change = Vaulting::KeyChanged {
                organisation: None,
                key: key.clone(),
                event: KeyEvent::Escrowed,
                reason: "written out under the passphrases of two people".into(),
            };
            doing.write(&Change::Vault(change))?;
            let words = worded(
                format!("マスター鍵（{key}）を2人の合言葉で預託しました。ファイルを別の場所に保管してください。"),
                format!("The master key ({key}) was put into escrow under two passphrases. Keep the file in another place."),
            );
            doing.key_alert(&key, KeyEvent::Escrowed, words)
        })?;
        Ok(sealed)
    }

    /// Records that a key was taken from escrow while there was no database to record it in.
    pub(super) fn record_recovery(&self) -> Result<(), Error> {
        let Some(path) = &self.masters.path else { return Ok(()) };
        let note = beside(path, UNRECORDED);
        let Some(written) = files::read(&note)? else { return Ok(()) };
        let known: Option<Unrecorded> = serde_json::from_str(&written).ok();
        let (key, at) = known.map_or_else(|| ("master".to_owned(), String::new()), |note| (note.key, note.at.to_string()));
        let reason = format!("taken from escrow at {at} while the database was not there");
        self.store.write(|tx| recovered(&mut Doing::new(self, tx, Actor::system())?, &key, &reason))?;
        files::remove(&note)
    }
}

fn recovered(doing: &mut Doing<'_, '_>, key: &str, reason: &str) -> Result<(), Error> {
    doing.write(&change(key, reason))?;
    let words = worded(
        format!("マスター鍵（{key}）が預託から復元されました（{reason}）。心当たりがない場合は、すぐに調べてください。"),
        format!("The master key ({key}) was taken from escrow ({reason}). If you know nothing of it, look into it at once."),
    );
    doing.alert(AlertKind::KeyEvent, None, &format!("{key} Recovered"), words)
}

fn change(key: &str, reason: &str) -> Change {
    Change::Vault(Vaulting::KeyChanged { organisation: None, key: key.to_owned(), event: KeyEvent::Recovered, reason: reason.to_owned() })
}

/// Takes the keys back from escrow into their files: with both passphrases, while an approved request is in force.
///
/// The service is stopped, or cannot start without the key, so this works beneath [`App`].
///
/// # Errors
/// A refusal without an approved request, with wrong words, with an escrow of another key, and where no file holds the
/// key. Tries with wrong words are recorded too.
pub fn recover(config: &Config, clock: &Clock, sealed: &[u8], words: [&str; 2]) -> Result<Recovered, Error> {
    let Some(path) = config.master.path(&config.data) else {
        return Err(Refusal::state(text(
            "AKASHI_MASTER_KEY にはファイルを指定してください（@ファイル名）。復元した鍵をそこに書きます。",
            "Let AKASHI_MASTER_KEY name a file (@FILE): the key is written there.",
        ))
        .into());
    };
    let now = clock.now();
    let store = database(config)?;
    let act = Act::new(Actor::system(), now, identity::random()?);
    let note = |change: Change| -> Result<(), Error> {
        let Some(store) = &store else { return Ok(()) };
        store.write(|tx| Ok(tx.enact(&act, &change, identity::random()?).map(drop)?))
    };
    let mut check = None;
    if let Some(store) = &store {
        if !store.read(|conn| vault::may_open_escrow(conn, now))? {
            note(Change::ActRefused { act: "recover_keys".into(), about: "no approved request".into() })?;
            return Err(Refusal::new(
                Why::Forbidden,
                text(
                    "預託を開く申請が承認されていません。運用者が「申請」から申請し、別の運用者が承認してから、有効な間に行ってください。",
                    "No request to open the escrow is in force. An operator requests it, another one approves it; then try again.",
                ),
            )
            .into());
        }
        check = store.read(|conn| conn.secret(CHECK.0, CHECK.1))?;
    }
    let Some(content) = open_both(sealed, words) else {
        note(Change::ActRefused { act: "recover_keys".into(), about: "wrong passphrases or a damaged file".into() })?;
        return Err(not_opened());
    };
    let master = Master::parse(&content.master).ok_or_else(not_opened)?;
    if check.is_some_and(|check| !fits(&master, &check)) {
        note(Change::ActRefused { act: "recover_keys".into(), about: format!("an escrow of another key: {}", master.id()) })?;
        return Err(Refusal::state(worded(
            format!("この預託は別のマスター鍵（{}）のものです。最後の更新の後に作った預託を使ってください。", master.id()),
            format!("This escrow is of another master key ({}). Use the one made after the last rotation.", master.id()),
        ))
        .into());
    }
    // Recorded before the key is there: what cannot be recorded does not happen.
    note(change(&master.id(), "taken from escrow by two people"))?;
    write_back(&path, &config.data, &content, &master)?;
    if store.is_none() {
        let left = serde_json::to_string(&Unrecorded { key: master.id(), at: now }).map_err(|e| Error::Broken(e.to_string()))?;
        kept::replace(&beside(&path, UNRECORDED), &left)?;
    }
    Ok(Recovered { key: master.id(), approved: store.is_some() })
}

/// The database, or nothing where there is none: a file that is not there, or is empty. One that only does not answer is
/// an error: an approval that could be asked for must be.
fn database(config: &Config) -> Result<Option<store::Store>, Error> {
    if config.database.is_none() && !std::fs::metadata(config.data.join("akashi.db")).is_ok_and(|found| found.len() > 0) {
        return Ok(None);
    }
    let store = store::Store::open(&config.location()?, 1)?;
    let empty = store.read(store::ledger::last_pos)? == rules::id::Pos::NEVER;
    Ok((!empty).then_some(store))
}

fn write_back(path: &Path, data: &Path, content: &Content, master: &Master) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        files::folder(folder)?;
    }
    // Nothing that lies there is thrown away.
    if let Some(there) = files::read(path)?.filter(|there| there.trim() != master.text().trim()) {
        kept::replace(&beside(path, ".before-recovery"), &there)?;
    }
    kept::replace(path, &master.text())?;
    let folder = data.join("keys");
    for (name, text) in &content.files {
        let plain_name = name.starts_with("signing-") && name.ends_with(".key") && !name.contains(['/', '\\']);
        if plain_name {
            files::folder(&folder)?;
            kept::make(&folder.join(name), text)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_alone_opens_nothing() {
        let (one, two) = ("正しい馬と電池の留め金", "誰も知らない夜の灯台");
        let plain = serde_json::to_vec(&Content { v: 1, master: "m".into(), files: vec![] }).unwrap();
        let sealed = seal(&seal(&plain, one).unwrap(), two).unwrap();
        assert!(open_both(&sealed, [one, two]).is_some() && open_both(&sealed, [two, one]).is_some());
        assert!(open_both(&sealed, [one, one]).is_none() && open_both(&sealed, [two, two]).is_none());
        assert!(open_both(&sealed, [two, ""]).is_none());
        let mut bad = sealed;
        let last = bad.len() - 1;
        bad[last] ^= 1;
        assert!(open_both(&bad, [one, two]).is_none());
    }
}
