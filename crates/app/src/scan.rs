//! Malware: every upload goes through a scanner, what it finds is refused or locked, and what it did not see says so.

mod clamd;
mod state;

use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rules::act::Actor;
use rules::change::Change;
use rules::id::{self, Digest, Id};
use rules::refusal::Refusal;
use rules::review::AlertKind;
use rules::text::{Text, text, worded};
use rules::vault::{Scan, Vaulting};
use sha2::{Digest as _, Sha256};
use store::Stored;
use store::tables::scan;

use crate::doctor::{self, Finding};
use crate::execute::Doing;
use crate::{App, Config, Error};
use clamd::{Talk, unscanned};

pub use state::ScanRead;

/// Why a file was not scanned, as the ledger has it.
const UNREACHABLE: &str = "unreachable";
const TOO_LARGE: &str = "too large for the scanner";
const FAILED: &str = "the scanner failed";

/// Files that one turn of the job looks through.
const TURN: i64 = 20;
/// What the scanner could not look through is tried again after this time.
const AGAIN: SignedDuration = SignedDuration::from_hours(24);
/// What is read of a stored file at once.
const PIECE: usize = 256 * 1024;

/// Where clamd listens, and what it must be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanner {
    place: Place,
    /// Signatures are old when they were made longer ago.
    pub days: u16,
    /// Nothing is taken that was not scanned with signatures that are new enough.
    pub required: bool,
    /// How long it may be silent.
    pub patience: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Tcp(String),
    Unix(PathBuf),
}

impl Scanner {
    /// `127.0.0.1:3310`, or the path of a socket.
    pub fn parse(address: &str, days: u16, required: bool) -> Result<Scanner, Text> {
        let port = |address: &str| address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        let place = match address.trim() {
            path if path.starts_with('/') => Place::Unix(path.into()),
            address if port(address) => Place::Tcp(address.to_owned()),
            other => {
                return Err(worded(
                    format!(
                        "マルウェア検査の接続先「{other}」を読み取れません。127.0.0.1:3310 のように、またはソケットのパスで指定してください。"
                    ),
                    format!("The scanner's address {other} cannot be read. Write it as 127.0.0.1:3310, or as the path of a socket."),
                ));
            }
        };
        Ok(Scanner { place, days, required, patience: Duration::from_secs(60) })
    }

    /// Whether signatures were too old at a moment; without a date nobody can say that they were not.
    fn is_old(&self, signatures: Option<Timestamp>, at: Timestamp) -> bool {
        let most = SignedDuration::from_hours(i64::from(self.days) * 24);
        signatures.is_none_or(|made| at.duration_since(made) > most)
    }
}

/// Content that the scanner hears while it is read. When it is malware, the last read fails, so that nobody keeps it.
struct Heard<R> {
    content: R,
    talk: Option<Talk>,
    said: Option<Scan>,
    /// The digest of what was read, for content that nobody keeps.
    sum: Sha256,
}

impl<R: Read> Heard<R> {
    fn new(scanner: &Scanner, content: R) -> Heard<R> {
        match Talk::begin(scanner) {
            Ok(talk) => Heard { content, talk: Some(talk), said: None, sum: Sha256::new() },
            Err(_) => Heard { content, talk: None, said: Some(unscanned(UNREACHABLE)), sum: Sha256::new() },
        }
    }

    fn digest(&self) -> Digest {
        Digest(self.sum.clone().finalize().into())
    }

    fn hear(&mut self, piece: &[u8]) {
        let Some(talk) = &mut self.talk else { return };
        let said = if piece.is_empty() {
            Some(talk.finish())
        } else {
            match talk.send(piece) {
                Ok(()) => None,
                Err(_) => Some(talk.broken()),
            }
        };
        if said.is_some() {
            (self.said, self.talk) = (said, None);
        }
    }
}

impl<R: Read> Read for Heard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.content.read(buffer)?;
        self.sum.update(&buffer[..n]);
        if n > 0 || !buffer.is_empty() {
            self.hear(&buffer[..n]);
        }
        match &self.said {
            Some(Scan::Found { name }) => Err(io::Error::other(format!("malware: {name}"))),
            _ => Ok(n),
        }
    }
}

impl App {
    /// Keeps an upload that no scanner objects to, and records what the scanner said. The one door for files of people.
    pub(crate) fn keep_scanned(&self, actor: &Actor, whose: Id<id::Organisation>, file: &str, content: impl Read) -> Result<Stored, Error> {
        let limit = self.config.upload_limit;
        let Some(scanner) = &self.config.scanner else {
            let stored = self.keep_file(whose, content, limit)?;
            return self.must_not_be_known(actor, whose, file, stored);
        };
        let (engine, signatures) = match clamd::version(scanner) {
            Ok(found) => found,
            Err(error) => {
                self.scanner_trouble(&error)?;
                (String::new(), None)
            }
        };
        let mut heard = Heard::new(scanner, content);
        let kept = self.keep_file(whose, &mut heard, limit);
        let said = heard.said.take().unwrap_or_else(|| unscanned(UNREACHABLE));
        if let Scan::Found { name } = said {
            let digest = heard.digest();
            self.refuse_malware(actor, whose, file, digest, &name)?;
            return Err(malware(&name).into());
        }
        let stored = kept?;
        if said == unscanned(UNREACHABLE) {
            self.scanner_trouble(&io::Error::other("it did not answer to a file"))?;
        }
        let old = self.must_have_new_signatures(scanner, &engine, signatures)?;
        self.record_scan(actor, stored.digest, said.clone(), &engine, signatures)?;
        let stored = if said == Scan::Clean { stored } else { self.must_not_be_known(actor, whose, file, stored)? };
        if scanner.required && (old || said != Scan::Clean) {
            self.forget_upload(whose, stored.digest)?;
            return Err(Refusal::state(text(
                "マルウェア検査が最新の定義で完了しなかったため、ファイルを受け付けませんでした。運用者に通知しました。しばらくしてからもう一度お試しください。",
                "The file was not taken: it could not be scanned for malware with new signatures. The operators are told; try again later.",
            ))
            .at("file")
            .into());
        }
        Ok(stored)
    }

    /// Refuses content in which malware was found before, when no scanner says that it is gone.
    fn must_not_be_known(&self, actor: &Actor, whose: Id<id::Organisation>, file: &str, stored: Stored) -> Result<Stored, Error> {
        match self.store.read(|conn| scan::of(conn, stored.digest))?.map(|s| s.scan) {
            Some(Scan::Found { name }) => {
                self.forget_upload(whose, stored.digest)?;
                self.refuse_malware(actor, whose, file, stored.digest, &name)?;
                Err(malware(&name).into())
            }
            _ => Ok(stored),
        }
    }

    /// Removes what an upload kept, unless it is evidence already.
    pub(crate) fn forget_upload(&self, whose: Id<id::Organisation>, digest: Digest) -> Result<(), Error> {
        if !self.store.read(|conn| store::tables::vault::files_of(conn, whose))?.contains(&digest) {
            self.remove_file(whose, digest)?;
        }
        Ok(())
    }

    fn refuse_malware(&self, actor: &Actor, whose: Id<id::Organisation>, file: &str, digest: Digest, name: &str) -> Result<(), Error> {
        self.store.write(|tx| -> Result<(), Error> {
            let mut doing = Doing::new(self, tx, actor.clone())?;
            doing.write(&Change::Vault(Vaulting::FileRefused { name: file.to_owned(), digest: Some(digest), why: format!("malware: {name}") }))?;
            let words = worded(
                format!("アップロードされたファイルからマルウェア「{name}」を検出し、保存せずに拒否しました（SHA-256 {digest}）。送った人の端末を調べてください。"),
                format!("Malware {name} was found in an upload, which was refused and not kept (SHA-256 {digest}). Look at the machine it came from."),
            );
            doing.alert(AlertKind::Malware, Some(whose), &format!("refused {digest}"), words)
        })
    }

    fn record_scan(&self, actor: &Actor, digest: Digest, said: Scan, engine: &str, signatures: Option<Timestamp>) -> Result<(), Error> {
        let change = Change::Vault(Vaulting::FileScanned { digest, scan: said, engine: engine.to_owned(), signatures });
        self.store.write(|tx| Doing::new(self, tx, actor.clone())?.write(&change).map(drop))
    }

    /// Warns the operators, once an hour, that nothing is scanned.
    fn scanner_trouble(&self, error: &io::Error) -> Result<(), Error> {
        tracing::error!(%error, "the malware scanner");
        self.warn_of_scanner(
            "scanner away",
            worded(
                format!("マルウェア検査のclamdに接続できません（{error}）。アップロードされるファイルは「未検査」として扱われます。clamdの稼働を確認してください。"),
                format!("The malware scanner cannot be used ({error}). Files that come in count as not scanned. Look whether clamd runs."),
            ),
        )
    }

    fn warn_of_scanner(&self, subject: &str, words: Text) -> Result<(), Error> {
        self.store.write(|tx| Doing::new(self, tx, Actor::system())?.alert(AlertKind::Malware, None, subject, words))
    }

    /// Warns of signatures that are old, or of unknown date; whether they are.
    fn must_have_new_signatures(&self, scanner: &Scanner, engine: &str, signatures: Option<Timestamp>) -> Result<bool, Error> {
        let old = scanner.is_old(signatures, self.clock.now());
        if old && !engine.is_empty() {
            let made = signatures.map_or_else(|| "?".to_owned(), |at| at.strftime("%Y-%m-%d").to_string());
            self.warn_of_scanner(
                "scanner old",
                worded(
                    format!(
                        "マルウェア検査の定義（{made}）が{}日より古いか、日付が不明です。freshclamの動作を確認してください。",
                        scanner.days
                    ),
                    format!(
                        "The malware signatures ({made}) are older than {} days, or of unknown date. Look whether freshclam works.",
                        scanner.days
                    ),
                ),
            )?;
        }
        Ok(old)
    }

    /// Why a package of somebody else waits, where a scanner is set: nobody saw its files one by one, so nothing of it comes
    /// in while the scanner is away or its signatures are old (items 112, 125). Without a scanner its files are marked as not
    /// scanned, as all are.
    pub(crate) fn import_waits(&self) -> Result<Option<Text>, Error> {
        let Some(scanner) = &self.config.scanner else { return Ok(None) };
        let days = scanner.days;
        match clamd::version(scanner) {
            Ok((engine, signatures)) if self.must_have_new_signatures(scanner, &engine, signatures)? => Ok(Some(worded(
                format!(
                    "マルウェア検査の定義が{days}日より古いか日付が不明なため、いまはパッケージを受領できません。運用者に通知しました。定義が更新されたら、もう一度受領してください。"
                ),
                format!(
                    "The malware signatures are older than {days} days, or of unknown date, so no package is taken in now. The operators are told. Take it in when the signatures are new."
                ),
            ))),
            Ok(_) => Ok(None),
            Err(error) => {
                self.scanner_trouble(&error)?;
                Ok(Some(text(
                    "マルウェア検査を利用できないため、いまはパッケージを受領できません。運用者に通知しました。しばらくしてからもう一度受領してください。",
                    "The malware scanner does not answer, so no package is taken in now. The operators are told. Take it in later.",
                )))
            }
        }
    }

    /// Refuses to hand out content in which malware was found.
    pub(crate) fn must_not_be_locked(&self, digest: Digest) -> Result<(), Error> {
        match self.store.read(|conn| scan::of(conn, digest))?.map(|s| s.scan) {
            Some(Scan::Found { name }) => Err(Refusal::state(worded(
                format!("登録後の検査でマルウェア「{name}」が見つかったため、このファイルは開けません。記録は残っています。組織管理者または運用者に連絡してください。"),
                format!("This file is locked: a later scan found malware in it ({name}). Its record stays. Turn to an administrator or the operators."),
            ))
            .into()),
            _ => Ok(()),
        }
    }

    /// Scans files that were not scanned, or with older signatures; a bounded number at a turn. Returns how many.
    pub fn scan_again(&self) -> Result<usize, Error> {
        let Some(scanner) = &self.config.scanner else { return Ok(0) };
        let (engine, signatures) = match clamd::version(scanner) {
            Ok(found) => found,
            Err(error) => return self.scanner_trouble(&error).map(|()| 0),
        };
        self.must_have_new_signatures(scanner, &engine, signatures)?;
        let before = self.clock.now() - AGAIN;
        let waiting = self.store.read(|conn| scan::waiting(conn, signatures, before, TURN))?;
        let mut done = 0;
        for (whose, digest) in waiting {
            // What is damaged is told by the vault.
            let Ok(file) = self.kept_file(whose, digest) else { continue };
            let mut heard = Heard::new(scanner, file);
            let mut piece = vec![0; PIECE];
            let read = loop {
                match heard.read(&mut piece) {
                    Ok(0) => break Ok(()),
                    Ok(_) if heard.talk.is_none() => break Ok(()),
                    Ok(_) => {}
                    Err(error) => break Err(error),
                }
            };
            let said = match (heard.said.take(), read) {
                (Some(said), _) => said,
                (None, _) => continue,
            };
            let said = if said == unscanned(UNREACHABLE) {
                // One that answers, and not to this file, would be asked about it for ever and come to no other.
                match clamd::version(scanner) {
                    Ok(_) => unscanned(FAILED),
                    Err(error) => return self.scanner_trouble(&error).map(|()| done),
                }
            } else {
                said
            };
            let found = if let Scan::Found { name } = &said { Some(name.clone()) } else { None };
            self.record_scan(&Actor::system(), digest, said, &engine, signatures)?;
            done += 1;
            if let Some(name) = found {
                self.store.write(|tx| {
                    let words = worded(
                        format!("登録済みの証跡ファイルからマルウェア「{name}」を検出し、開けないようにしました（SHA-256 {digest}）。記録は残っています。"),
                        format!("Malware {name} was found in a file of evidence; it is locked now (SHA-256 {digest}). Its record stays."),
                    );
                    Doing::new(self, tx, Actor::system())?.alert(AlertKind::Malware, Some(whose), &format!("locked {digest}"), words)
                })?;
            }
        }
        Ok(done)
    }
}

/// What is told to who sent malware.
fn malware(name: &str) -> Refusal {
    Refusal::invalid(
        "file",
        worded(
            format!(
                "ファイルからマルウェア「{name}」が見つかったため、受け付けませんでした。保存もしていません。端末を検査し、管理者に連絡してください。"
            ),
            format!("Malware was found in the file ({name}). It was refused and not kept. Scan your machine, and tell your administrator."),
        ),
    )
}

/// Whether files are scanned at all, for the doctor.
pub(crate) fn finding(config: &Config) -> Finding {
    let Some(scanner) = &config.scanner else {
        return doctor::known(
            text(
                "マルウェア検査が設定されていません。証跡のファイルはすべて「未検査」と表示されます。",
                "No malware scanner is set: every file of evidence is shown as not scanned.",
            ),
            text("clamdを用意し、AKASHI_SCANNER にその接続先を設定してください。", "Run clamd, and set AKASHI_SCANNER to its address."),
        );
    };
    let mend = text("clamdとfreshclamが動いているか確認してください。", "Look whether clamd and freshclam run.");
    match clamd::version(scanner) {
        Err(error) => doctor::bad(
            worded(format!("マルウェア検査のclamdに接続できません（{error}）。"), format!("The malware scanner does not answer: {error}.")),
            mend,
        ),
        Ok((engine, signatures)) if scanner.is_old(signatures, crate::Clock::Machine.now()) => doctor::bad(
            worded(
                format!("マルウェア検査（{engine}）の定義が{}日より古いか、日付が不明です。", scanner.days),
                format!("The signatures of {engine} are older than {} days, or of unknown date.", scanner.days),
            ),
            mend,
        ),
        Ok((engine, _)) => {
            doctor::good(worded(format!("マルウェア検査（{engine}）が動いています。"), format!("The malware scanner answers: {engine}.")))
        }
    }
}
