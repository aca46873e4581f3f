//! Runs the timed jobs beside the service: each kind in turn with itself, none waiting for another kind.

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::{App, Error};

/// Privilege and emergency accounts end, and mail goes out, within this time of being due.
const OFTEN: Duration = Duration::from_secs(2);
const HOURLY: Duration = Duration::from_secs(3600);
/// What happened is signed within this time.
const SIGNED: Duration = Duration::from_secs(60);
/// Anchors are asked whether their turn has come.
const ANCHORED: Duration = Duration::from_secs(15);
const DAILY: Duration = Duration::from_secs(24 * 3600);
/// A job that fails again and again says so once in this time.
const SAID: Duration = Duration::from_secs(60);

type Job = fn(&App) -> Result<usize, Error>;

/// Starts every job; they end with the runtime.
pub fn start(app: &Arc<App>) {
    let jobs: [(&'static str, Duration, Job); 23] = [
        ("requests ended", OFTEN, App::end_requests),
        ("mails and calls delivered", OFTEN, App::deliver),
        ("accounts stopped", HOURLY, App::check_accounts),
        ("unfinished sign-ins forgotten", HOURLY, App::forget_unreturned),
        ("certificates expired", HOURLY, App::expire_certificates),
        ("ledgers signed", SIGNED, App::checkpoint),
        ("checkpoints anchored", ANCHORED, App::anchor),
        ("anchors compared", DAILY, App::compare_anchors),
        ("clock jumped", OFTEN, App::watch_clock),
        ("pauses of the ledger noted", OFTEN, App::note_pause),
        ("time compared", HOURLY, App::check_time),
        ("space is short", HOURLY, App::check_capacity),
        ("erasures certified", OFTEN, App::finish_erasures),
        ("reminders of retention", HOURLY, App::remind_of_due),
        ("deadlines told", HOURLY, App::tell_deadlines),
        ("reminders of reviews of the ledger", HOURLY, App::remind_of_log_reviews),
        ("files encrypted anew", SIGNED, App::renew_files),
        ("files checked", HOURLY, App::check_files),
        ("files scanned", SIGNED, App::scan_again),
        ("files read for search", OFTEN, App::read_words),
        ("alerting tried", SIGNED, App::try_alerting),
        ("backups made", SIGNED, App::back_up_in_time),
        ("old drafts cleared", HOURLY, |app| app.clear_drafts().and_then(|_| app.clear_packages()).map(|_| 0)),
    ];
    for (name, every, job) in jobs {
        tokio::spawn(repeat(app.clone(), name, every, job));
    }
}

async fn repeat(app: Arc<App>, name: &'static str, every: Duration, job: Job) {
    let mut said = Said::default();
    loop {
        let turn = app.clone();
        // The next turn begins when this one is over: two of a kind never run at once.
        match tokio::task::spawn_blocking(move || job(&turn)).await {
            Ok(Ok(0)) => {}
            Ok(Ok(n)) => tracing::info!(n, "{name}"),
            Ok(Err(error)) if said.again(Instant::now()) => tracing::error!(%error, "a timed job failed: {name}"),
            Err(error) if said.again(Instant::now()) => tracing::error!(%error, "a timed job stopped: {name}"),
            Ok(Err(_)) | Err(_) => {}
        }
        tokio::time::sleep(every).await;
    }
}

/// When a failure was last told.
#[derive(Default)]
struct Said(Option<Instant>);

impl Said {
    /// Whether it may be told now; then it counts as told.
    fn again(&mut self, now: Instant) -> bool {
        let free = self.0.is_none_or(|last| now.duration_since(last) >= SAID);
        if free {
            self.0 = Some(now);
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use app::{Clock, Config};

    use super::*;

    #[test]
    fn a_failure_is_told_once_a_minute() {
        let (mut said, begin) = (Said::default(), Instant::now());
        let told: Vec<u64> = (0..200).filter(|second| said.again(begin + Duration::from_secs(*second))).collect();
        assert_eq!(told, [0, 60, 120, 180]);
    }

    #[test]
    fn a_slow_job_never_runs_twice_at_once_and_holds_up_no_other() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        static QUICK: AtomicUsize = AtomicUsize::new(0);
        let slow: Job = |_| {
            MOST.fetch_max(RUNNING.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(80));
            RUNNING.fetch_sub(1, Ordering::SeqCst);
            Err(Error::Broken("slow".into()))
        };
        let quick: Job = |_| Ok(QUICK.fetch_add(1, Ordering::SeqCst));
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::set("2026-11-24T03:00:00Z".parse().expect("a time"));
        let app = Arc::new(App::open(Config::embedded(folder.path()), clock).expect("an installation"));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        runtime.block_on(async {
            tokio::spawn(repeat(app.clone(), "slow", Duration::from_millis(1), slow));
            tokio::spawn(repeat(app.clone(), "quick", Duration::from_millis(1), quick));
            tokio::time::sleep(Duration::from_millis(400)).await;
        });
        drop(runtime);
        assert_eq!(MOST.load(Ordering::SeqCst), 1);
        assert!(QUICK.load(Ordering::SeqCst) > 20, "{}", QUICK.load(Ordering::SeqCst));
    }
}
