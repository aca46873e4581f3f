//! The clock is watched: against the time that really passes, and against a time server (item 109).

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rules::act::Actor;
use rules::change::Change;
use rules::review::AlertKind;
use rules::running::Running;
use rules::text::{Text, worded};
use store::checkpoints;
use store::tables::running;

use super::{lock, writing_for};
use crate::execute::Doing;
use crate::{App, Error};

/// A jump of the clock that is recorded and told.
const JUMP: SignedDuration = SignedDuration::from_secs(2);
/// The largest offset to a time server that is right.
const OFFSET: SignedDuration = SignedDuration::from_secs(1);
/// How long a time server may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// A check that said the same is recorded again after this time.
const RECORDED: SignedDuration = SignedDuration::from_hours(24);

/// The clock and the time that passes, when they were last looked at.
#[derive(Default)]
pub(crate) struct Watch {
    last: Option<(Instant, Timestamp)>,
}

impl Watch {
    /// How much the clock moved beside the time that passed, where that is a jump. Each jump is told once.
    fn look(&mut self, passed: Instant, now: Timestamp) -> Option<SignedDuration> {
        let (before, then) = self.last.replace((passed, now))?;
        let real = SignedDuration::try_from(passed.saturating_duration_since(before)).ok()?;
        let moved = now.duration_since(then) - real;
        (moved.abs() > JUMP).then_some(moved)
    }
}

impl App {
    /// Compares the clock with the time that passed since the last turn. A jump is written into every ledger, so that
    /// times that run back there are explained, and told to operators. Runs every few seconds.
    pub fn watch_clock(&self) -> Result<usize, Error> {
        self.watch_clock_at(Instant::now())
    }

    /// As [`App::watch_clock`], at a moment of the time that really passes.
    pub fn watch_clock_at(&self, passed: Instant) -> Result<usize, Error> {
        let Some(moved) = lock(&self.proof.clock).look(passed, self.clock.now()) else { return Ok(0) };
        let milliseconds = i64::try_from(moved.as_millis()).unwrap_or(i64::MAX);
        self.store.write(|tx| -> Result<(), Error> {
            for (tenant, _) in checkpoints::heads(tx)? {
                let Some(actor) = writing_for(&tenant) else { continue };
                Doing::new(self, tx, actor)?.write(&Change::Running(Running::ClockJumped { milliseconds }))?;
            }
            let (ja, en) = if milliseconds < 0 { ("戻り", "back") } else { ("進み", "forward") };
            let seconds = format!("{:.1}", moved.abs().as_secs_f64());
            let words = worded(
                format!("サーバーの時計が{seconds}秒{ja}ました。時刻同期の設定と、時刻を変更した人がいないかを確認してください。"),
                format!("The server's clock jumped {en} by {seconds} seconds. Look at its time service, and whether somebody set it."),
            );
            Doing::new(self, tx, Actor::system())?.alert(AlertKind::ClockOff, None, "clock", words)
        })?;
        Ok(1)
    }

    /// Asks the time server. The answer is recorded once a day and whenever right becomes wrong or wrong right.
    /// Runs every hour: public servers want no more than 20 questions an hour. Returns whether it was recorded.
    pub fn check_time(&self) -> Result<usize, Error> {
        let Some(server) = &self.config.time_server else { return Ok(0) };
        let (offset, words) = match offset(server) {
            Ok(offset) => (offset, None),
            Err(why) => (SignedDuration::ZERO, Some(why)),
        };
        let unreachable = words.is_some();
        let ok = !unreachable && offset.abs() <= OFFSET;
        let offset_ms = i64::try_from(offset.as_millis()).unwrap_or(i64::MAX);
        let now = self.clock.now();
        let known = self.store.read(|conn| running::newest(conn, store::INSTALLATION, "clock_checked"))?;
        let same = known.is_some_and(|event| {
            matches!(&event.what, Running::ClockChecked { ok: was, server: of, .. } if *was == ok && of == server)
                && now.duration_since(event.at) < RECORDED
        });
        if same && ok {
            return Ok(0);
        }
        self.store.write(|tx| -> Result<(), Error> {
            let mut doing = Doing::new(self, tx, Actor::system())?;
            // A server that cannot be reached says nothing about the clock: it is told, not recorded as a measurement.
            if !same && !unreachable {
                doing.write(&Change::Running(Running::ClockChecked { server: server.clone(), offset_ms, ok }))?;
            }
            if ok {
                return Ok(());
            }
            let words = words.unwrap_or_else(|| {
                worded(
                    format!("サーバーの時計が時刻サーバー {server} から{offset_ms}ミリ秒ずれています。時刻同期を確認してください。"),
                    format!("The server's clock is {offset_ms} ms off from the time server {server}. Look at its time service."),
                )
            });
            doing.alert(AlertKind::ClockOff, None, server, words)
        })?;
        Ok(1)
    }
}

/// How far the machine's clock is behind a time server (RFC 5905); `server` may have a port.
fn offset(server: &str) -> Result<SignedDuration, Text> {
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, port.parse().unwrap_or(123)),
        _ => (server, 123u16),
    };
    let failed = |why: String| {
        worded(
            format!("時刻サーバー {server} に時刻を問い合わせられません（{why}）。名前とネットワーク（UDP 123）を確認してください。"),
            format!("The time server {server} cannot be asked ({why}). Look at its name and the network (UDP 123)."),
        )
    };
    let config = rsntp::Config::default().timeout(PATIENCE);
    let answer = rsntp::SntpClient::with_config(config).synchronize((host, port)).map_err(|e| failed(e.to_string()))?;
    let seconds = answer.clock_offset().as_secs_f64();
    SignedDuration::try_from_secs_f64(seconds).map_err(|e| failed(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_that_moves_otherwise_than_time_has_jumped() {
        let (mut watch, begin) = (Watch::default(), Instant::now());
        let at = |seconds: i64| "2026-11-22T01:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds);
        let mut look = |passed: u64, clock: i64| watch.look(begin + Duration::from_secs(passed), at(clock)).map(|d| d.as_secs());
        assert_eq!(look(0, 0), None, "the first look knows nothing");
        assert_eq!(look(5, 6), None);
        assert_eq!(look(10, -3600), Some(-3611));
        assert_eq!(look(15, -3595), None, "told once");
        assert_eq!(look(16, 100), Some(3694));
    }
}
