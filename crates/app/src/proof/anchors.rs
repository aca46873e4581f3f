//! Anchors: super checkpoints go to places that this installation cannot rewrite, so that a cut tail or a second history is seen.

mod file;
mod mail;
mod outward;
mod stamp;
mod witness;
pub(in crate::proof) mod worth;

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use rules::act::Actor;
use rules::review::AlertKind;
use rules::text::{Text, worded};
use store::checkpoints::{self, Anchor, SuperSigned};

use super::lock;
use crate::execute::Doing;
use crate::{App, Error};

pub use file::read as read_file;
pub use outward::Agent;
pub use stamp::Authority;
pub use witness::Witness;
pub use worth::Worth;

/// Where super checkpoints go.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    /// Files that are only appended to, such as on a write-once mount.
    pub files: Vec<PathBuf>,
    /// Mail addresses of people outside, once a day.
    pub mail: Vec<String>,
    /// Servers of other parties that cosign what continues what they saw.
    pub witnesses: Vec<Witness>,
    /// Time-stamping authorities (RFC 3161), once an hour.
    pub stamps: Vec<Authority>,
}

impl Anchors {
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.mail.is_empty() && self.witnesses.is_empty() && self.stamps.is_empty()
    }
}

/// One of them.
enum Target<'a> {
    File(&'a PathBuf),
    Mail(&'a str),
    Witness(&'a Witness),
    Stamp(&'a Authority),
}

impl Target<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Target::File(_) => "file",
            Target::Mail(_) => "mail",
            Target::Witness(_) => "witness",
            Target::Stamp(_) => "rfc3161",
        }
    }

    fn place(&self) -> String {
        match self {
            Target::File(path) => path.display().to_string(),
            Target::Mail(address) => (*address).to_owned(),
            Target::Witness(witness) => witness.url.to_string(),
            Target::Stamp(authority) => authority.url.to_string(),
        }
    }

    /// How long one anchor is enough, however much happens.
    fn every(&self) -> SignedDuration {
        match self {
            Target::File(_) | Target::Witness(_) => SignedDuration::ZERO,
            Target::Stamp(_) => SignedDuration::from_hours(1),
            Target::Mail(_) => SignedDuration::from_hours(24),
        }
    }
}

/// What an anchor gave for a super checkpoint.
pub(super) struct Held {
    pub proof: String,
    pub until: Option<Timestamp>,
}

/// Why an anchor did not take a super checkpoint.
pub(super) enum Refused {
    /// Another try may help.
    Failed(Text),
    /// It holds another history.
    Forked(Text),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        let words = error.to_string();
        Refused::Failed(worded(words.clone(), words))
    }
}

/// Tries that failed since the last success.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    pub tries: u32,
    pub since: Timestamp,
    pub last: Timestamp,
    pub words: Text,
}

/// After so many failed tries people are told.
const TOLD_AFTER: u32 = 3;
/// The longest wait between two tries.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(10);
/// A token is renewed when its authority ends within this time.
const RENEWED_BEFORE: SignedDuration = SignedDuration::from_hours(24 * 60);

impl Trouble {
    /// A minute after the first try, then twice as long each time, at most ten minutes.
    fn due(&self) -> Timestamp {
        let wait = SignedDuration::from_secs(60 << self.tries.saturating_sub(1).min(4)).min(LONGEST_WAIT);
        self.last.checked_add(wait).unwrap_or(self.last)
    }
}

impl App {
    fn targets(&self) -> Vec<Target<'_>> {
        let Anchors { files, mail, witnesses, stamps } = &self.config.anchors;
        let all = files.iter().map(Target::File);
        let all = all.chain(mail.iter().map(|address| Target::Mail(address)));
        all.chain(witnesses.iter().map(Target::Witness)).chain(stamps.iter().map(Target::Stamp)).collect()
    }

    /// Takes the newest super checkpoint to every anchor whose turn it is, and renews tokens whose authority ends.
    /// Returns how many took it. Failures are told after three tries, and end by themselves. Runs every minute.
    pub fn anchor(&self) -> Result<usize, Error> {
        let Some(newest) = self.store.read(checkpoints::newest_super)? else { return Ok(0) };
        let mut taken = 0;
        for target in self.targets() {
            let (kind, place) = (target.kind(), target.place());
            let last = self.store.read(|conn| checkpoints::newest_anchor(conn, kind, &place))?;
            let now = self.clock.now();
            let behind = last.as_ref().is_none_or(|last| last.size != newest.size);
            let due = last.as_ref().is_none_or(|last| now.duration_since(last.at) >= target.every());
            if behind && due && self.may_try(kind, &place, now) {
                taken += usize::from(self.take_to(&target, &newest, last.as_ref())?);
            }
        }
        Ok(taken + self.renew()?)
    }

    /// Compares with what the anchors hold, also where nothing is new: at the start and once a day.
    pub fn compare_anchors(&self) -> Result<usize, Error> {
        let Some(newest) = self.store.read(checkpoints::newest_super)? else { return Ok(0) };
        let mut same = 0;
        for target in self.targets() {
            match &target {
                Target::File(path) => match self.compare_file(path) {
                    Ok(()) => same += 1,
                    Err(refused) => self.not_anchored("file", &target.place(), refused)?,
                },
                Target::Witness(_) => {
                    let last = self.store.read(|conn| checkpoints::newest_anchor(conn, "witness", &target.place()))?;
                    same += usize::from(self.take_to(&target, &newest, last.as_ref())?);
                }
                Target::Mail(_) | Target::Stamp(_) => {}
            }
        }
        Ok(same)
    }

    fn take_to(&self, target: &Target<'_>, newest: &SuperSigned, last: Option<&Anchor>) -> Result<bool, Error> {
        let (kind, place) = (target.kind(), target.place());
        let held = match target {
            Target::File(path) => file::append(path, newest),
            Target::Mail(address) => self.mail_anchor(address, newest),
            Target::Witness(witness) => self.ask_witness(witness, newest, last.map_or(0, |last| last.size)),
            Target::Stamp(authority) => self.stamp_super(authority, newest),
        };
        match held {
            Ok(Held { proof, until }) => {
                // A witness that was only compared holds it already.
                if last.is_none_or(|last| last.size != newest.size) {
                    let anchor = Anchor {
                        id: 0,
                        kind: kind.into(),
                        place: place.clone(),
                        size: newest.size,
                        at: self.clock.now(),
                        proof,
                        until,
                        over: None,
                    };
                    self.store.write(|tx| -> Result<(), Error> { Ok(tx.keep_anchor(&anchor).map(drop)?) })?;
                }
                if let Some(trouble) = lock(&self.proof.troubles).remove(&key(kind, &place)) {
                    tracing::info!(kind, place, tries = trouble.tries, "anchored again");
                }
                Ok(true)
            }
            Err(refused) => {
                self.not_anchored(kind, &place, refused)?;
                Ok(false)
            }
        }
    }

    fn may_try(&self, kind: &str, place: &str, now: Timestamp) -> bool {
        lock(&self.proof.troubles).get(&key(kind, place)).is_none_or(|trouble| trouble.due() <= now)
    }

    /// Counts a failed try, and tells people when it is one too many or a fork.
    fn not_anchored(&self, kind: &str, place: &str, refused: Refused) -> Result<(), Error> {
        let now = self.clock.now();
        let (words, forked) = match refused {
            Refused::Failed(words) => (words, false),
            Refused::Forked(words) => (words, true),
        };
        let tries = {
            let mut troubles = lock(&self.proof.troubles);
            let trouble = troubles.entry(key(kind, place)).or_insert(Trouble { tries: 0, since: now, last: now, words: words.clone() });
            (trouble.tries, trouble.last, trouble.words) = (trouble.tries + 1, now, words.clone());
            trouble.tries
        };
        tracing::warn!(kind, place, tries, words = %words.en, "not anchored");
        if forked {
            return self.tell_forked(&key(kind, place), words);
        }
        if tries < TOLD_AFTER {
            return Ok(());
        }
        let told = worded(
            format!("台帳のチェックポイントを外部（{place}）に固定できません（{tries}回失敗）。{}", words.ja),
            format!("The ledger's checkpoint cannot be anchored at {place} ({tries} tries failed). {}", words.en),
        );
        self.store.write(|tx| Doing::new(self, tx, Actor::system())?.alert(AlertKind::NotAnchored, None, &key(kind, place), told))
    }

    /// Stamps tokens again before their authority ends: the new token is over the old one's bytes.
    fn renew(&self) -> Result<usize, Error> {
        let Some(authority) = self.config.anchors.stamps.first() else { return Ok(0) };
        let now = self.clock.now();
        let ending = self.store.read(|conn| checkpoints::ending(conn, now + RENEWED_BEFORE, 8))?;
        let mut renewed = 0;
        for old in ending {
            let place = authority.url.to_string();
            if !self.may_try("renewal", &place, now) {
                break;
            }
            match self.stamp_again(authority, &old) {
                // An authority that ends soon itself renews nothing.
                Ok(held) if held.until > old.until => {
                    let at = self.clock.now();
                    let anchor = Anchor { id: 0, place, at, proof: held.proof, until: held.until, over: Some(old.id), ..old };
                    self.store.write(|tx| -> Result<(), Error> { Ok(tx.keep_anchor(&anchor).map(drop)?) })?;
                    renewed += 1;
                }
                Ok(_) => {
                    let words = worded(
                        "タイムスタンプ局の証明書の期限が近く、過去のタイムスタンプを更新できません。局の新しい証明書を確認してください。",
                        "The certificate of the time-stamping authority ends soon, so older time stamps cannot be renewed. Look for its new one.",
                    );
                    self.not_anchored("renewal", &place, Refused::Failed(words))?;
                    break;
                }
                Err(refused) => {
                    self.not_anchored("renewal", &place, refused)?;
                    break;
                }
            }
        }
        Ok(renewed)
    }

    /// What stands in the way of an anchor, if anything.
    pub(super) fn trouble(&self, kind: &str, place: &str) -> Option<Trouble> {
        lock(&self.proof.troubles).get(&key(kind, place)).cloned()
    }

    /// Every anchor that is set: its kind and its place.
    pub(super) fn anchor_places(&self) -> Vec<(&'static str, String)> {
        self.targets().iter().map(|target| (target.kind(), target.place())).collect()
    }
}

fn key(kind: &str, place: &str) -> String {
    format!("{kind} {place}")
}
