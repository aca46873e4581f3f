//! The master key: where it comes from, and how other keys and secrets are encrypted under it (AES-256-GCM).

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use rules::id::Digest;
use rules::refusal::{Refusal, Why};
use rules::text::{Text, text, worded};

use super::kept;
use crate::proof::files;
use crate::{App, Error};

/// The beginning of a master key's text; another form would get another number.
const FORM: &str = "akashi-master-1:";
/// The beginning of what is encrypted under a master key: AES-256-GCM, and the key's fingerprint.
const SEALED: &str = "mk1:";
/// Whose, and of which kind, the secret is that proves which master key the database is for.
pub(super) const CHECK: (&str, &str) = ("vault", "master");
const CHECKED: &str = "akashi";

/// Where the master key comes from. A device that keeps it (PKCS#11) would be a further case.
#[derive(Clone, Default)]
pub enum MasterSource {
    /// `keys/master.key` in the data folder; made at the first start.
    #[default]
    Folder,
    /// Another file; made at the first start.
    File(PathBuf),
    /// The key's text itself.
    Given(String),
}

/// The key is not shown.
impl fmt::Debug for MasterSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MasterSource::Folder => f.write_str("Folder"),
            MasterSource::File(path) => write!(f, "File({})", path.display()),
            MasterSource::Given(_) => f.write_str("Given(hidden)"),
        }
    }
}

impl MasterSource {
    /// The value of AKASHI_MASTER_KEY: `@` and the path of a file, or the key's text.
    pub fn parse(written: &str) -> MasterSource {
        match written.strip_prefix('@') {
            Some(path) => MasterSource::File(path.into()),
            None => MasterSource::Given(written.to_owned()),
        }
    }

    /// The file it lies in, where it lies in one.
    pub(super) fn path(&self, data: &Path) -> Option<PathBuf> {
        match self {
            MasterSource::Folder => Some(data.join("keys").join("master.key")),
            MasterSource::File(path) => Some(path.clone()),
            MasterSource::Given(_) => None,
        }
    }
}

/// A master key.
#[derive(Clone)]
pub struct Master([u8; 32]);

/// Its public name is shown, nothing else.
impl fmt::Debug for Master {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())
    }
}

impl Master {
    pub(super) fn fresh() -> Result<Master, Error> {
        Ok(Master(identity::random()?))
    }

    /// Reads what [`Master::text`] writes; spaces and line ends around it do not matter.
    pub fn parse(text: &str) -> Option<Master> {
        let bytes = STANDARD.decode(text.trim().strip_prefix(FORM)?).ok()?;
        bytes.try_into().ok().map(Master)
    }

    /// As it is kept in a file or in the environment. It opens everything: show it to nobody.
    pub(super) fn text(&self) -> String {
        format!("{FORM}{}\n", STANDARD.encode(self.0))
    }

    fn fingerprint(&self) -> String {
        let of = identity::digest(&format!("akashi master key {}", Digest(self.0))).to_string();
        of[..16].to_owned()
    }

    /// Its public name.
    pub fn id(&self) -> String {
        format!("master-{}", self.fingerprint())
    }

    fn cipher(&self) -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.0).unwrap_or_else(|_| unreachable!("a key of 32 bytes")))
    }

    /// Encrypts a text; whose it is and of which kind is bound to it, so that it opens in no other place.
    pub(super) fn seal(&self, owner: &str, kind: &str, plain: &str) -> Result<String, Error> {
        let nonce: [u8; NONCE_LEN] = identity::random()?;
        let mut bytes = plain.as_bytes().to_vec();
        self.cipher()
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound(owner, kind)), &mut bytes)
            .map_err(|_| Error::Broken("a secret is too long to be encrypted".into()))?;
        let fingerprint = self.fingerprint();
        Ok(format!("{SEALED}{fingerprint}:{}", STANDARD.encode([&nonce[..], &bytes].concat())))
    }

    pub(super) fn open(&self, owner: &str, kind: &str, sealed: &str) -> Option<String> {
        let (fingerprint, content) = sealed.strip_prefix(SEALED)?.split_once(':')?;
        if fingerprint != self.fingerprint() {
            return None;
        }
        let mut bytes = STANDARD.decode(content).ok()?;
        if bytes.len() < NONCE_LEN {
            return None;
        }
        let mut rest = bytes.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&bytes).ok()?;
        let plain = self.cipher().open_in_place(nonce, Aad::from(bound(owner, kind)), &mut rest).ok()?;
        String::from_utf8(plain.to_vec()).ok()
    }
}

fn bound(owner: &str, kind: &str) -> Vec<u8> {
    format!("akashi\n{owner}\n{kind}").into_bytes()
}

/// Whether a value is encrypted under a master key; what is not is from before.
pub(crate) fn is_sealed(value: &str) -> bool {
    value.starts_with(SEALED)
}

/// The keys this process holds.
#[derive(Debug)]
pub(crate) struct Masters {
    source: MasterSource,
    /// Where the key's file is, if it has one.
    pub(super) path: Option<PathBuf>,
    held: RwLock<Held>,
    turn: Mutex<()>,
}

#[derive(Debug)]
struct Held {
    /// Encrypts what is new.
    current: Master,
    /// Open what was encrypted before, and encrypt nothing.
    others: Vec<Master>,
}

fn refused(words: Text) -> Error {
    Refusal::new(Why::Invalid, words).into()
}

/// Reads a key's file. Whoever else on the machine can read it can read everything.
fn read_file(path: &Path) -> Result<Option<Master>, Error> {
    use std::os::unix::fs::PermissionsExt;
    let Some(text) = files::read(path)? else { return Ok(None) };
    let shown = path.display();
    let mode = std::fs::metadata(path).map_or(0o777, |found| found.permissions().mode()) & 0o777;
    if mode & 0o077 != 0 {
        return Err(refused(worded(
            format!("マスター鍵のファイル {shown} をほかの利用者も読み書きできます（{mode:03o}）。chmod 600 {shown} を実行してください。"),
            format!("The master key's file {shown} can be read or written by others ({mode:03o}). Run chmod 600 {shown}."),
        )));
    }
    Master::parse(&text).map(Some).ok_or_else(|| {
        refused(worded(
            format!("{shown} はマスター鍵のファイルではありません。バックアップか預託から戻してください。"),
            format!("{shown} is no master key: restore it from a backup or from escrow."),
        ))
    })
}

/// Beside a key's file: the next one while it takes over, or the one before until the next start.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

impl Masters {
    /// Finds the key that the database is for (`check` is what it keeps to know it by), or makes one for a database that
    /// has none yet, if `make` allows it. Files that a rotation left half-way are put in order.
    ///
    /// # Errors
    /// A refusal when no key at hand is the right one: nothing is ever made in its place.
    pub fn find(source: &MasterSource, data: &Path, check: Option<&str>, make: bool) -> Result<Masters, Error> {
        let path = source.path(data);
        let held = match (&path, source) {
            (None, MasterSource::Given(text)) => {
                let given = Master::parse(text).ok_or_else(|| refused(wrong_form()))?;
                if check.is_some_and(|sealed| given.open(CHECK.0, CHECK.1, sealed).is_none()) {
                    return Err(refused(not_the_key(None)));
                }
                Held { current: given, others: vec![] }
            }
            (Some(path), _) => from_files(path, check, make)?,
            (None, _) => unreachable!("only a given key has no file"),
        };
        Ok(Masters { source: source.clone(), path, held: RwLock::new(held), turn: Mutex::default() })
    }

    fn with<T>(&self, look: impl FnOnce(&Held) -> T) -> T {
        look(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, change: impl FnOnce(&mut Held)) {
        change(&mut self.held.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// One rotation at a time, from its beginning until the files follow the database.
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn current(&self) -> Master {
        self.with(|held| held.current.clone())
    }

    /// Encrypts a text under the current key.
    pub fn wrap(&self, owner: &str, kind: &str, plain: &str) -> Result<String, Error> {
        self.current().seal(owner, kind, plain)
    }

    /// Decrypts what was encrypted for this owner and kind. What is not encrypted is from before, and given as it is.
    pub fn unwrap(&self, owner: &str, kind: &str, value: &str) -> Result<String, Error> {
        if !is_sealed(value) {
            return Ok(value.to_owned());
        }
        let open = || self.with(|held| std::iter::once(&held.current).chain(&held.others).find_map(|key| key.open(owner, kind, value)));
        if let Some(plain) = open() {
            return Ok(plain);
        }
        // Another node may have rotated the key, and put the new one where this one looks too.
        if let Some(newer) = self.path.as_deref().map(read_file).transpose()?.flatten() {
            self.adopt(newer);
        }
        open().ok_or_else(|| {
            Error::Broken(format!(
                "the secret {kind} of {owner} does not open with the master key of this process: it was altered, or the key was rotated on \
                 another node; copy the key from there and start again"
            ))
        })
    }

    /// Encrypts with this key from here on; the one before still opens.
    pub(super) fn adopt(&self, next: Master) {
        self.set(|held| {
            let before = std::mem::replace(&mut held.current, next);
            held.others.retain(|key| key.0 != before.0 && key.0 != held.current.0);
            if before.0 != held.current.0 {
                held.others.push(before);
            }
        });
    }

    /// Whether the database is for the current key.
    pub(super) fn is_current(&self, check: &str) -> bool {
        self.current().open(CHECK.0, CHECK.1, check).is_some()
    }

    /// Goes back to the key that the database is for; the one that was current is returned.
    pub(super) fn return_to(&self, check: &str) -> Option<Master> {
        let right = self.with(|held| held.others.iter().find(|key| key.open(CHECK.0, CHECK.1, check).is_some()).cloned())?;
        let wrong = self.current();
        self.adopt(right);
        Some(wrong)
    }

    /// Where it comes from, for people.
    pub(super) fn told(&self) -> Text {
        match (&self.source, &self.path) {
            (_, Some(path)) => worded(format!("ファイル {}", path.display()), format!("the file {}", path.display())),
            (_, None) => text("環境変数 AKASHI_MASTER_KEY", "the variable AKASHI_MASTER_KEY"),
        }
    }
}

/// The value by which a database knows its master key.
pub(super) fn check_value(key: &Master) -> Result<String, Error> {
    key.seal(CHECK.0, CHECK.1, CHECKED)
}

/// Whether a key is the one that a database is for.
pub(super) fn fits(key: &Master, check: &str) -> bool {
    key.open(CHECK.0, CHECK.1, check).is_some()
}

fn wrong_form() -> Text {
    text(
        "AKASHI_MASTER_KEY の値がマスター鍵の形ではありません。akashi-master-1: で始まる文字列か、@ファイル名を指定してください。",
        "AKASHI_MASTER_KEY is no master key: it begins with akashi-master-1:, or is @ and the name of a file.",
    )
}

fn not_the_key(path: Option<&Path>) -> Text {
    let (ja, en) = path.map_or_else(
        || ("AKASHI_MASTER_KEY".to_owned(), "AKASHI_MASTER_KEY".to_owned()),
        |path| (path.display().to_string(), path.display().to_string()),
    );
    worded(
        format!(
            "このデータベースのマスター鍵が {ja} にありません。ほかのノードかバックアップから写すか、akashi keys recover で預託から復元してください。"
        ),
        format!(
            "The master key of this database is not in {en}. Copy it from another node or a backup, or take it from escrow: akashi keys recover."
        ),
    )
}

fn from_files(path: &Path, check: Option<&str>, make: bool) -> Result<Held, Error> {
    let (next, before) = (beside(path, ".new"), beside(path, ".old"));
    let here = read_file(path)?;
    let Some(check) = check else {
        if let Some(current) = here {
            return Ok(Held { current, others: vec![] });
        }
        if !make {
            return Err(refused(not_the_key(Some(path))));
        }
        if let Some(folder) = path.parent() {
            files::folder(folder)?;
        }
        let fresh = Master::fresh()?;
        // Another process may start at the same time: the first one makes the key, the others read it.
        kept::make(path, &fresh.text())?;
        let current = read_file(path)?.ok_or_else(|| refused(not_the_key(Some(path))))?;
        return Ok(Held { current, others: vec![] });
    };
    let all = [(path, here), (next.as_path(), read_file(&next)?), (before.as_path(), read_file(&before)?)];
    let right = all.iter().find_map(|(at, key)| key.as_ref().filter(|key| fits(key, check)).map(|key| (*at, key.clone())));
    let Some((at, current)) = right else { return Err(refused(not_the_key(Some(path)))) };
    let others: Vec<Master> = all.iter().filter_map(|(_, key)| key.clone()).filter(|key| key.0 != current.0).collect();
    if at != path && make {
        // A rotation was cut off after its commit, or the database was put back to before one. No key is thrown away.
        if let Some((_, Some(wrong))) = all.first() {
            let aside = if at == next { before.clone() } else { beside(path, ".unused") };
            kept::replace(&aside, &wrong.text())?;
        }
        kept::replace(path, &current.text())?;
        files::remove(at)?;
    }
    Ok(Held { current, others })
}

impl App {
    /// Encrypts a small file of the installation, such as a signing key, under the master key.
    pub(crate) fn wrap_file(&self, name: &str, content: &str) -> Result<String, Error> {
        self.masters.wrap(name, "file", content)
    }

    /// Opens what [`App::wrap_file`] made; what is not encrypted is from before, and given as it is.
    pub(crate) fn unwrap_file(&self, name: &str, content: &str) -> Result<String, Error> {
        self.masters.unwrap(name, "file", content.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_owner_and_kind_alone() {
        let key = Master::fresh().unwrap();
        let sealed = key.seal("fac_1", "totp", "JBSWY3DP").unwrap();
        assert!(is_sealed(&sealed) && !sealed.contains("JBSWY3DP"));
        assert_eq!(key.open("fac_1", "totp", &sealed).as_deref(), Some("JBSWY3DP"));
        assert_ne!(key.seal("fac_1", "totp", "JBSWY3DP").unwrap(), sealed, "never the same twice");
        for (owner, kind) in [("fac_2", "totp"), ("fac_1", "mail"), ("fac_1\ntotp", "")] {
            assert_eq!(key.open(owner, kind, &sealed), None);
        }
        assert_eq!(Master::fresh().unwrap().open("fac_1", "totp", &sealed), None);
        let content = STANDARD.decode(sealed.rsplit(':').next().unwrap()).unwrap();
        for at in 0..content.len() {
            let mut bytes = content.clone();
            bytes[at] ^= 1;
            let bad = format!("{}{}", &sealed[..SEALED.len() + 17], STANDARD.encode(bytes));
            assert_eq!(key.open("fac_1", "totp", &bad), None, "byte {at}");
        }
        for bad in ["", "mk1:", "mk1:x:y", &sealed[..SEALED.len() + 17]] {
            assert_eq!(key.open("fac_1", "totp", bad), None);
        }
        let shown = format!("{key:?} {:?}", MasterSource::parse(&key.text()));
        assert!(shown.contains(&key.id()) && !shown.contains(key.text().trim().trim_start_matches(FORM)), "{shown}");
        assert_eq!(Master::parse(&key.text()).unwrap().0, key.0);
        assert!(Master::parse("akashi-master-1:AAAA").is_none());
    }

    #[test]
    fn the_key_is_made_once_and_never_in_the_place_of_another() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let find = |check: Option<&str>, make| Masters::find(&MasterSource::Folder, folder.path(), check, make);
        assert!(find(None, false).is_err(), "looking makes nothing");
        let made = find(None, true).unwrap().current();
        let path = folder.path().join("keys/master.key");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(find(None, true).unwrap().current().0, made.0);
        let check = check_value(&made).unwrap();
        assert_eq!(find(Some(&check), true).unwrap().current().0, made.0);
        // Open to others: refused. Gone: refused, and not made anew.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(find(Some(&check), true).unwrap_err().to_string().contains("chmod 600"));
        std::fs::remove_file(&path).unwrap();
        assert!(find(Some(&check), true).is_err() && !path.exists());
        // Another key is not taken for it.
        kept::replace(&path, &Master::fresh().unwrap().text()).unwrap();
        assert!(find(Some(&check), true).is_err());
        let given = MasterSource::parse(&made.text());
        assert_eq!(Masters::find(&given, folder.path(), Some(&check), true).unwrap().current().0, made.0);
        assert!(Masters::find(&MasterSource::parse("hunter2"), folder.path(), None, true).is_err());
    }

    #[test]
    fn a_rotation_that_was_cut_off_is_finished_or_undone_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/master.key");
        let (old, new) = (Master::fresh().unwrap(), Master::fresh().unwrap());
        let find = |check: &Master| Masters::find(&MasterSource::Folder, folder.path(), Some(&check_value(check).unwrap()), true);
        files::folder(path.parent().unwrap()).unwrap();
        kept::replace(&path, &old.text()).unwrap();
        kept::make(&beside(&path, ".new"), &new.text()).unwrap();
        // Not committed: the old one stays.
        assert_eq!(find(&old).unwrap().current().0, old.0);
        // Committed: the new one takes its place, and the old one lies beside it.
        assert_eq!(find(&new).unwrap().current().0, new.0);
        assert_eq!(read_file(&path).unwrap().unwrap().0, new.0);
        assert_eq!(read_file(&beside(&path, ".old")).unwrap().unwrap().0, old.0);
        // The database is put back to before: the old one is there still, and the new one is not lost either.
        assert_eq!(find(&old).unwrap().current().0, old.0);
        assert_eq!(read_file(&beside(&path, ".unused")).unwrap().unwrap().0, new.0);
    }
}
