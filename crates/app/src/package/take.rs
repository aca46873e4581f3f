//! Taking a package in: kept aside while a person looks at it, then into the vault and into the case; or turned down.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use rules::act::Actor;
use rules::command::Command;
use rules::evidence::Stored;
use rules::exchange::{Arrival, Exchanging, Package, Refused};
use rules::id::{self, Digest, Id};
use rules::refusal::{Refusal, Why};
use rules::text::{Text, text};

use super::open::{Look, Sound, Turn, refusal};
use super::{broken, make::path_of};
use crate::execute::Doing;
use crate::{App, Done, Error, digest, fresh_secret};

/// How long a package waits for a person's word.
const LIFE: SignedDuration = SignedDuration::from_hours(24);

fn gone() -> Error {
    Refusal::new(
        Why::NotFound,
        text(
            "アップロードしたパッケージが見つかりません。保管期限（1日）が過ぎたか、処理が済んでいます。もう一度ファイルを選んでください。",
            "The uploaded package is no longer here: a day has passed, or it was dealt with. Choose the file again.",
        ),
    )
    .at("file")
    .into()
}

impl App {
    /// Where packages lie, as they came, until somebody has looked at them.
    fn waiting(&self) -> PathBuf {
        self.config.data.join("packages")
    }

    fn waiting_as(&self, actor: &Actor, token: &str) -> Result<PathBuf, Error> {
        let person = actor.person.ok_or(Refusal::forbidden())?;
        Ok(self.waiting().join(format!("{person}-{}", digest(token))))
    }

    /// Checks a package that came, and keeps it aside for its reader. Returns the token it is found by.
    ///
    /// # Errors
    /// A refusal with the reason, which the ledger keeps too.
    pub fn arrived_package(&self, actor: &Actor, file: &Path) -> Result<String, Error> {
        let organisation = self.may_receive(actor)?;
        match self.judged(actor, organisation, file) {
            Err(Turn::Down(why, words)) => Err(self.turn_down(actor, organisation, file, why, words)),
            Err(Turn::Other(error)) => Err(error),
            Ok(_) => {
                let token = fresh_secret()?;
                let (folder, path) = (self.waiting(), self.waiting_as(actor, &token)?);
                let failed = broken("a package cannot be kept aside");
                fs::create_dir_all(&folder).map_err(&failed)?;
                let aside = path.with_extension("part");
                fs::copy(file, &aside).and_then(|_| fs::rename(&aside, &path)).map_err(failed)?;
                Ok(token)
            }
        }
    }

    /// What a package that waits says, and what it would change.
    pub fn look_at_package(&self, actor: &Actor, token: &str) -> Result<Look, Error> {
        let organisation = self.may_receive(actor)?;
        match self.judged(actor, organisation, &self.found(actor, token)?) {
            Ok(sound) => Ok(sound.look),
            Err(Turn::Down(_, words)) => Err(refusal(&words).into()),
            Err(Turn::Other(error)) => Err(error),
        }
    }

    /// Takes a package in as a submitted round: looked at once more, then the files, then everything else at once.
    pub fn take_package(&self, actor: &Actor, token: &str) -> Result<Done, Error> {
        let organisation = self.may_receive(actor)?;
        let path = self.found(actor, token)?;
        let done = match self.take(actor, organisation, &path) {
            Ok(done) => done,
            Err(Turn::Down(why, words)) => {
                let refused = self.turn_down(actor, organisation, &path, why, words);
                self.let_go(&path)?;
                return Err(refused);
            }
            Err(Turn::Other(error)) => return Err(error),
        };
        self.let_go(&path)?;
        Ok(done)
    }

    /// A person does not want it; the sender's receipt says so.
    pub fn decline_package(&self, actor: &Actor, token: &str) -> Result<(), Error> {
        let organisation = self.may_receive(actor)?;
        let path = self.found(actor, token)?;
        let words = text("担当者が受領を断りました。", "A person declined it.");
        match self.turn_down(actor, organisation, &path, Refused::Declined, words) {
            Error::Refused(_) => self.let_go(&path),
            error => Err(error),
        }
    }

    fn take(&self, actor: &Actor, organisation: Id<id::Organisation>, path: &Path) -> Result<Done, Turn> {
        let Sound { mut package, look } = self.judged(actor, organisation, path)?;
        if let Some(waits) = look.waits {
            return Err(Refusal::state(waits).into());
        }
        let (provider, name) = (look.submission.provider.id, look.submission.provider.name.clone());
        // Before the files, because they are kept under a key of the organisation. An applicant without cases is nothing half.
        self.store.write(|tx| -> Result<(), Error> { Doing::new(self, tx, actor.clone())?.sender_stands(provider, &name) })?;
        let mut stored = std::collections::BTreeMap::<Digest, Stored>::new();
        for file in &look.submission.evidence {
            if stored.contains_key(&file.digest) {
                continue;
            }
            let content = package.file(&path_of(file.digest)).map_err(broken("the package cannot be read"))?;
            let kept = self.take_file(actor, provider, &file.name, content).map_err(|error| match error {
                Error::Refused(r) if r.why == Why::TooLarge => Turn::Down(Refused::TooLarge, r.text),
                // Not what its name says, or what the scan found. What only has to be tried again is no fault of the file.
                Error::Refused(r) if r.why == Why::Invalid => Turn::Down(Refused::File, r.text),
                other => Turn::Other(other),
            })?;
            stored.insert(file.digest, kept);
        }
        let record = Package {
            id: self.act(actor.clone())?.fresh(),
            number: look.number,
            organisation,
            case: None,
            round: 0,
            other: package.manifest.sender.installation.clone(),
            other_name: look.sender,
            label: look.label,
            manifest: Digest(package.digest),
            size: look.size,
            by: actor.person.ok_or(Refusal::forbidden())?,
            at: self.clock.now(),
        };
        let arrival = Arrival { submission: look.submission, stored };
        let command = Command::ReceivePackage { package: Some(Box::new(record)), arrival: Some(Box::new(arrival)) };
        self.execute(actor, command).map_err(|error| match error {
            Error::Refused(r) if r.why == Why::Invalid => Turn::Down(Refused::Content, r.text),
            other => Turn::Other(other),
        })
    }

    /// Writes down that a package was refused, and gives the refusal that its reader sees.
    fn turn_down(&self, actor: &Actor, organisation: Id<id::Organisation>, path: &Path, why: Refused, words: Text) -> Error {
        let noted = || -> Result<(), Error> {
            let (digest, said) = self.peeked(organisation, path)?;
            let line = Exchanging::PackageRefused {
                organisation,
                digest,
                number: said.as_ref().map(|(m, _)| m.id.clone()),
                manifest: said.as_ref().map(|(_, hash)| Digest(*hash)),
                sender: said.map(|(m, _)| m.sender.name),
                why,
                by: actor.person.ok_or(Refusal::forbidden())?,
            };
            self.store.write(|tx| Doing::new(self, tx, actor.clone())?.turned_down(line, words.clone()))
        };
        match noted() {
            Ok(()) => refusal(&words).into(),
            Err(error) => error,
        }
    }

    fn found(&self, actor: &Actor, token: &str) -> Result<PathBuf, Error> {
        let path = self.waiting_as(actor, token)?;
        let came = match fs::metadata(&path).and_then(|m| m.modified()) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(gone()),
            other => other.map_err(broken("a package cannot be read"))?,
        };
        // By the clock of the disk on both sides: how long the file lies there.
        if came.elapsed().is_ok_and(|age| age > LIFE.unsigned_abs()) { Err(gone()) } else { Ok(path) }
    }

    fn let_go(&self, path: &Path) -> Result<(), Error> {
        match fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(broken("a package cannot be removed")(e)),
            _ => Ok(()),
        }
    }

    /// Removes packages that nobody came back for. A job asks for it every day.
    pub fn clear_packages(&self) -> Result<usize, Error> {
        let mut removed = 0;
        let entries = match fs::read_dir(self.waiting()) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(0),
            other => other.map_err(broken("the folder of packages cannot be read"))?,
        };
        for entry in entries.flatten() {
            let came = entry.metadata().and_then(|m| m.modified()).map_err(broken("a package cannot be read"))?;
            if came.elapsed().is_ok_and(|age| age > LIFE.unsigned_abs()) {
                self.let_go(&entry.path())?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}
