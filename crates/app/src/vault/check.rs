//! Every file is looked at once in thirty days, a slice a day; what is damaged or gone is told at once.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan};
use rules::id::{self, Digest, Id};
use rules::review::AlertKind;
use rules::text::worded;
use rules::vault::KeyEvent;
use store::tables::vault;

use super::files;
use crate::execute::Doing;
use crate::{App, Error};

/// In how many days every file was looked at.
pub(super) const ROUND: i64 = 30;
/// How long an upload can take at the most, and a good deal more.
pub(super) const GRACE: SignedDuration = SignedDuration::from_hours(1);
/// A key is to be rotated once a year.
pub(super) const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);
/// Whose, and of which kind, the note is that says until which day files were looked at.
pub(super) const SEEN: (&str, &str) = ("vault", "checked");

/// The day of a round on which a file is looked at; digests are even.
fn slot(digest: Digest) -> i64 {
    let [a, b, ..] = digest.0;
    i64::from(u16::from_be_bytes([a, b])) % ROUND
}

/// The slots of the days after `last` until today.
fn slots(last: Option<Date>, today: Date) -> Vec<i64> {
    let first = last.and_then(|day| day.tomorrow().ok()).unwrap_or(today);
    let earliest = today.checked_sub((ROUND - 1).days()).unwrap_or(today);
    let mut out = vec![];
    let mut day = first.max(earliest);
    while day <= today {
        let number = day.since(Date::constant(2026, 1, 1)).map_or(0, |span| i64::from(span.get_days()));
        out.push(number.rem_euclid(ROUND));
        match day.tomorrow() {
            Ok(next) => day = next,
            Err(_) => break,
        }
    }
    out
}

impl App {
    /// The files that must be there, by organisation.
    pub(super) fn files_by_organisation(&self) -> Result<BTreeMap<Id<id::Organisation>, Vec<Digest>>, Error> {
        let mut out: BTreeMap<_, Vec<Digest>> = BTreeMap::new();
        for (organisation, digest) in self.store.read(vault::files)? {
            out.entry(organisation).or_default().push(digest);
        }
        Ok(out)
    }

    /// Reads the files whose day it is to their ends, and warns of those that are damaged or gone; also of keys that are
    /// due. Returns how many files were read. Running it twice a day, or on two nodes, does no harm.
    pub fn check_files(&self) -> Result<usize, Error> {
        let today = rules::act::japan(self.clock.now()).date();
        let (owner, kind) = SEEN;
        let seen = |kept: Option<String>| kept.and_then(|day| day.parse::<Date>().ok());
        if seen(self.store.read(|conn| conn.secret(owner, kind))?).is_some_and(|day| day >= today) {
            return Ok(0);
        }
        // Whoever writes the day has the work.
        let last = self.store.write(|tx| -> Result<_, Error> {
            let last = seen(tx.secret(owner, kind)?);
            if last.is_none_or(|day| day < today) {
                tx.put_secret(owner, kind, &today.to_string())?;
            }
            Ok(last)
        })?;
        if last.is_some_and(|day| day >= today) {
            return Ok(0);
        }
        let slots = slots(last, today);
        let mut read = 0;
        for (organisation, digests) in self.files_by_organisation()? {
            let keys = self.file_keys(organisation)?;
            for digest in digests.into_iter().filter(|digest| slots.contains(&slot(*digest))) {
                read += 1;
                if let Err(error) = self.blobs.check(&keys, digest) {
                    let _ = self.vault_trouble(organisation, Some(digest), error);
                }
            }
        }
        self.remind_of_keys()?;
        Ok(read)
    }

    /// Warns of keys in use that are older than a year, once a month.
    fn remind_of_keys(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let today = rules::act::japan(now).date();
        let due = self.store.read(vault::keys)?.into_iter().filter(|k| k.state == vault::KeyState::Active && k.made + YEAR <= now).count();
        let subject = format!("due {}-{:02}", today.year(), today.month());
        if due == 0
            || self.store.read(|c| {
                store::tables::requests::was_alerted(
                    c,
                    AlertKind::KeyEvent,
                    &format!("{subject} {}", KeyEvent::Rotated.name().en),
                    jiff::Timestamp::UNIX_EPOCH,
                )
            })?
        {
            return Ok(());
        }
        let words = worded(
            format!("作成から1年を過ぎた鍵が{due}件あります。「鍵」の画面で更新してください。"),
            format!("{due} keys are older than a year. Rotate them on the page Keys."),
        );
        self.store.write(|tx| Doing::new(self, tx, rules::act::Actor::system())?.key_alert(&subject, KeyEvent::Rotated, words))
    }
}

/// Reads every file to its end, for the doctor: how many there are, and those that are damaged or gone, by name.
pub fn examine(config: &crate::Config, store: &store::Store) -> Result<(usize, Vec<(String, store::Error)>), Error> {
    let all = store.read(vault::named_files)?;
    if all.is_empty() {
        return Ok((0, vec![]));
    }
    let blobs = store::Blobs::open(config.data.join("evidence"), &config.evidence)?;
    blobs.probe()?;
    let masters = App::find_master(config, store, false)?;
    let mut wrong = vec![];
    let mut keys = BTreeMap::new();
    for (organisation, digest, name) in &all {
        if !keys.contains_key(organisation) {
            keys.insert(*organisation, store.read(|conn| files::keys_with(&masters, conn, *organisation))?);
        }
        let checked = match keys.get(organisation) {
            Some(Some(own)) => blobs.check(own, *digest).map(drop),
            // No key was ever made: the file can only lie there in plain, from before.
            _ if blobs.has_plain(*digest)? => Ok(()),
            _ => Err(store::Error::NoBlob { digest: *digest }),
        };
        wrong.extend(checked.err().map(|error| (name.clone(), error)));
    }
    Ok((all.len(), wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_its_day_and_days_that_were_missed_are_made_up_for() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let mut seen: Vec<i64> = vec![];
        let mut last = None;
        let mut today = day("2026-12-15");
        for _ in 0..ROUND {
            let slots = slots(last, today);
            assert_eq!(slots.len(), 1);
            seen.extend(slots);
            (last, today) = (Some(today), today.tomorrow().unwrap());
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..ROUND).collect::<Vec<_>>());
        assert_eq!(slots(Some(day("2026-12-01")), day("2026-12-06")).len(), 5);
        assert_eq!(slots(Some(day("2025-12-01")), day("2026-12-06")).len(), usize::try_from(ROUND).unwrap());
        assert!(slots(Some(day("2026-12-06")), day("2026-12-06")).is_empty());
        assert!((0..=255).all(|n| (0..ROUND).contains(&slot(Digest([n; 32])))));
    }
}
