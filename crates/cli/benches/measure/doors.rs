//! What the doors cost: signing in, looking at a session with every request, and a flood of wrong passwords.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use app::sign_in::Door;

use crate::{RUNS, figure, print, timed, world};

/// Signing in with the password, by CPU time, and the check that every request makes.
pub fn doors() {
    let folder = tempfile::tempdir().expect("a folder");
    let filled = world::open(folder.path());
    let app = &filled.app;
    // Somebody for whom the password is the only step.
    let door = Door { address: "192.0.2.1", certificate: None };
    let mut cpu = vec![];
    for n in 0..RUNS + 5 {
        let before = cpu_time();
        let session = app.sign_in("colleague@example.jp", app::demo::PASSWORD, "192.0.2.1", None).expect("a sign-in");
        let spent = cpu_time() - before;
        if n >= 5 {
            cpu.push(spent);
        }
        let signed = app.session_from(&session.secret, door).expect("a session").expect("an open session");
        app.sign_out(&signed).expect("signed out");
    }
    print("sign-in: password, ledger line, session (CPU time)", "<= 150 ms", cpu);
    let session = app.sign_in("colleague@example.jp", app::demo::PASSWORD, "192.0.2.1", None).expect("a sign-in");
    const MANY: u32 = 1000;
    let hits = || (0..MANY).for_each(|_| assert!(app.session_from(&session.secret, door).expect("read").is_some()));
    per_call("session check, known to this process", "<= 50 us", MANY, hits);
    timed("session check, read from the database", "", || {
        app.forget_sessions();
        assert!(app.session_from(&session.secret, door).expect("read").is_some());
    });
    per_call("session check, no such session", "", MANY, || {
        (0..MANY).for_each(|_| assert!(app.session_from("0", door).expect("read").is_none()));
    });
}

/// Prints microseconds of one call out of many.
fn per_call(what: &str, reach: &str, many: u32, mut run: impl FnMut()) {
    let mut times: Vec<f64> = (0..RUNS + 5)
        .map(|_| {
            let begin = Instant::now();
            run();
            begin.elapsed().as_secs_f64() * 1e6 / f64::from(many)
        })
        .skip(5)
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |share: usize| format!("{:.1} us", times[(times.len() * share / 100).min(times.len() - 1)]);
    println!("{what:<58} {:>12} {:>12}   {reach}", at(50), at(95));
}

/// 10,000 wrong sign-ins from 100 addresses within a minute, against 50 accounts and ids that nobody has, while somebody
/// else signs in from elsewhere every second.
pub fn flood() {
    const WRONG: usize = 10_000;
    let folder = tempfile::tempdir().expect("a folder");
    let filled = world::open(folder.path());
    let app = &filled.app;
    let before = resident();
    let (done, begin) = (AtomicUsize::new(0), Instant::now());
    let mut right = vec![];
    let mut refused = 0;
    let mut most = before;
    std::thread::scope(|scope| {
        for client in 0..100 {
            let done = &done;
            scope.spawn(move || {
                for n in 0..WRONG / 100 {
                    let email = if n % 2 == 0 { "evaluator@example.jp".to_owned() } else { format!("nobody-{client}-{n}@example.jp") };
                    let address = format!("203.0.113.{client}");
                    assert!(app.sign_in(&email, "certainly-not-the-password", &address, None).is_err());
                    done.fetch_add(1, Ordering::Relaxed);
                    // Spread over a minute.
                    let due = Duration::from_secs_f64(60.0 * n as f64 / (WRONG / 100) as f64);
                    std::thread::sleep(due.saturating_sub(begin.elapsed()));
                }
            });
        }
        while done.load(Ordering::Relaxed) < WRONG && begin.elapsed() < Duration::from_secs(180) {
            let start = Instant::now();
            match app.sign_in("colleague@example.jp", app::demo::PASSWORD, "198.51.100.7", None) {
                Ok(session) => {
                    right.push(start.elapsed());
                    let door = Door { address: "198.51.100.7", certificate: None };
                    let signed = app.session_from(&session.secret, door).expect("a session").expect("an open session");
                    app.sign_out(&signed).expect("signed out");
                }
                Err(_) => refused += 1,
            }
            most = most.max(resident());
            std::thread::sleep(Duration::from_secs(1).saturating_sub(start.elapsed()));
        }
    });
    let took = begin.elapsed().as_secs_f64();
    figure("wrong sign-ins from 100 addresses", &format!("{} in {took:.0} s", done.load(Ordering::Relaxed)), "10,000 in 60 s");
    figure("right sign-ins from elsewhere meanwhile: done, refused", &format!("{}, {refused}", right.len()), "none refused");
    print("right sign-in from elsewhere meanwhile (wall time)", "", right);
    figure("memory it took", &format!("{} MB", most.saturating_sub(before) / 1024), "<= 50 MB");
}

/// Kibibytes of this process in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// CPU time of this thread, on which the hash and the transaction run.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0))
}
