//! How long there is room: from how database and evidence grew, and what is free (item 108(2)).

use jiff::SignedDuration;
use rules::act::Actor;
use rules::review::AlertKind;
use rules::text::worded;
use store::capacity::{self, Sample};

use crate::execute::Doing;
use crate::{App, Error};

/// Growth is taken over this time.
const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Samples are kept for this time.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 400);
/// Samples nearer than this say little about a day's growth.
const SHORTEST: SignedDuration = SignedDuration::from_hours(20);
/// With fewer days left people are told.
const DAYS: u64 = 30;
/// With less than one part of this many free people are told: a tenth.
const PART: u64 = 10;

/// How full it is, and how long it goes on like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// Bytes of database and evidence.
    pub used: u64,
    pub free: u64,
    /// Of the disk where the data lies.
    pub total: u64,
    /// Bytes a day; nothing while too little time has passed to tell.
    pub daily: Option<u64>,
    /// Until nothing is free; nothing where it does not grow.
    pub days: Option<u64>,
}

impl Forecast {
    /// From samples, the oldest first.
    pub fn of(samples: &[Sample]) -> Option<Forecast> {
        let (first, last) = (samples.first()?, samples.last()?);
        let Sample { used, free, total, .. } = *last;
        let passed = last.at.duration_since(first.at);
        let grown = used.saturating_sub(first.used);
        let daily = (passed >= SHORTEST).then(|| u128::from(grown) * 86_400 / u128::from(passed.as_secs().unsigned_abs()));
        let daily = daily.map(|daily| u64::try_from(daily).unwrap_or(u64::MAX));
        Some(Forecast { used, free, total, daily, days: daily.filter(|daily| *daily > 0).map(|daily| free / daily) })
    }

    /// Whether somebody has to make room.
    pub fn is_short(&self) -> bool {
        self.free < self.total / PART || self.days.is_some_and(|days| days < DAYS)
    }
}

impl App {
    /// Measures, keeps the sample, and warns when there is little room. Runs every hour.
    pub fn check_capacity(&self) -> Result<usize, Error> {
        let broken = |e| Error::Broken(format!("free space of {} cannot be told: {e}", self.config.data.display()));
        let (free, total) =
            (fs4::available_space(&self.config.data).map_err(broken)?, fs4::total_space(&self.config.data).map_err(broken)?);
        self.take_capacity(free, total)
    }

    /// As [`App::check_capacity`], with free and total bytes of the disk as they were measured.
    pub fn take_capacity(&self, free: u64, total: u64) -> Result<usize, Error> {
        let at = self.clock.now();
        let used = self.store.read(capacity::used)?;
        self.store.write(|tx| -> Result<(), Error> { Ok(tx.keep_capacity(&Sample { at, used, free, total }, at - KEPT)?) })?;
        let Some(forecast) = self.forecast()?.filter(Forecast::is_short) else { return Ok(0) };
        let free = mib(forecast.free);
        let (ja, en) = forecast.days.map_or((String::new(), String::new()), |days| {
            (format!("今の増え方では約{days}日でいっぱいになります。"), format!(" At this growth it is full in {days} days."))
        });
        let words = worded(
            format!(
                "記憶容量が不足しています。空きは{free} MiB（全体の{}%）です。{ja}容量を増やすか、不要な書庫を移してください。",
                percent(&forecast)
            ),
            format!("Space runs out: {free} MiB are free ({} %).{en} Add space, or move away what is not needed.", percent(&forecast)),
        );
        self.store.write(|tx| Doing::new(self, tx, Actor::system())?.alert(AlertKind::Space, None, "data", words))?;
        Ok(1)
    }

    /// How long there is room, from the samples of the last 30 days; nothing before the first.
    pub fn forecast(&self) -> Result<Option<Forecast>, Error> {
        let since = self.clock.now() - LOOKED_BACK;
        Ok(Forecast::of(&self.store.read(|conn| capacity::since(conn, since))?))
    }
}

fn mib(bytes: u64) -> u64 {
    bytes / (1024 * 1024)
}

fn percent(forecast: &Forecast) -> u64 {
    u64::try_from(u128::from(forecast.free) * 100 / u128::from(forecast.total.max(1))).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(day: i64, used: u64, free: u64) -> Sample {
        let at = "2026-11-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap() + SignedDuration::from_hours(24 * day);
        Sample { at, used, free, total: 1_000_000 }
    }

    #[test]
    fn growth_and_space_say_how_long_it_lasts() {
        assert_eq!(Forecast::of(&[]), None);
        let young = Forecast::of(&[sample(0, 1000, 900_000)]).unwrap();
        assert_eq!((young.daily, young.days, young.is_short()), (None, None, false));
        let growing = Forecast::of(&[sample(0, 1000, 900_000), sample(10, 201_000, 400_000)]).unwrap();
        assert_eq!((growing.daily, growing.days, growing.is_short()), (Some(20_000), Some(20), true));
        let slow = Forecast::of(&[sample(0, 1000, 900_000), sample(10, 11_000, 800_000)]).unwrap();
        assert_eq!((slow.days, slow.is_short()), (Some(800), false));
        let full = Forecast::of(&[sample(0, 1000, 99_999), sample(10, 1000, 99_999)]).unwrap();
        assert_eq!((full.days, full.is_short()), (None, true));
    }
}
