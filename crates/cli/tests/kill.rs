//! kill -9 at any moment loses nothing that was acknowledged, and leaves nothing half-written; no backup looks whole that is not.

use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use app::{App, Clock, Config};
use e2e::Server;
use rules::act::Actor;
use rules::command::Command;
use rules::id::{self, Id, ItemNo};
use rules::policy::Side;
use store::testing::Scratch;

/// Rounds of starting, saving and killing, on each engine.
const ROUNDS: u64 = 6;
const WRITERS: u16 = 8;

struct World {
    token: String,
    officer: Actor,
    case: Id<id::Case>,
}

fn open(data: &Path, database: Option<&str>) -> App {
    let config = Config { database: database.map(str::to_owned), ..Config::embedded(data) };
    App::open(config, Clock::Machine).expect("it opens after whatever happened")
}

fn world(app: &App) -> World {
    app.fill_demo().unwrap();
    let session = app.demo_sign_in("officer@example.jp", "local").unwrap();
    let officer = app.session(&session.secret, "local").unwrap().unwrap().actor;
    let expires = jiff::civil::date(2099, 1, 1).min(rules::act::japan(app.clock.now()).date().checked_add(jiff::ToSpan::days(30)).unwrap());
    let token = app.execute(&officer, Command::IssueToken { name: "kill".into(), write: true, expires }).unwrap().secret.unwrap();
    let rows = app.cases(&officer, None).unwrap();
    let first = &rows[0].case;
    let open = Command::OpenCase { product: first.product, body: first.body, sheet: first.sheet.clone() };
    let case = app.execute(&officer, open).unwrap().made.unwrap().parse().unwrap();
    World { token, officer, case }
}

/// Saves answers as fast as it is let, until the server is gone; returns what was acknowledged.
/// `stands` holds the position of each item's answer.
fn save_until_gone(server: &str, world: &World, writer: u16, round: u64, stands: &[i64], stop: &AtomicBool) -> Vec<(u16, String, i64)> {
    let mut acknowledged = vec![];
    let mut base = stands.to_vec();
    for turn in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        // Each writer has items of its own, so nobody meets a conflict.
        let item = 1 + writer + WRITERS * (turn % 30);
        let text = format!("round {round} turn {turn}");
        let from = base[usize::from(item)];
        let body = serde_json::json!({ "case": world.case.to_string(), "item": item, "base": from, "content": { "text": text } });
        let sent = ureq::post(format!("{server}/api/v1/acts/give_answer"))
            .header("authorization", format!("Bearer {}", world.token))
            .send_json(&body);
        let Ok(mut answer) = sent else { break };
        let Ok(done) = answer.body_mut().read_json::<serde_json::Value>() else { break };
        let pos = done["pos"].as_i64().expect("a position");
        base[usize::from(item)] = pos;
        acknowledged.push((item, text, pos));
    }
    acknowledged
}

fn nothing_acknowledged_is_lost(data: &Path, database: Option<&str>) {
    let world = world(&open(data, database));
    let mut total = 0;
    // By item number, from 1.
    let mut stands = vec![0i64; 254];
    for round in 0..ROUNDS {
        let mut server = Server::start_in(env!("CARGO_BIN_EXE_akashi"), "serve", database, data);
        let address = server.address().to_owned();
        let stop = AtomicBool::new(false);
        let acknowledged: Vec<(u16, String, i64)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..WRITERS)
                .map(|w| {
                    scope.spawn({
                        let (address, world, stands, stop) = (&address, &world, &stands, &stop);
                        move || save_until_gone(address, world, w, round, stands, stop)
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(400 + 330 * round));
            server.kill();
            stop.store(true, Ordering::Relaxed);
            threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
        });
        let app = open(data, database);
        app.verify().expect("the ledger is whole");
        let view = app.case(&world.officer, world.case, Some(Side::Applicant)).unwrap();
        for (item, text, pos) in &acknowledged {
            let history = app.item(&world.officer, world.case, Some(Side::Applicant), ItemNo(*item)).unwrap().answers;
            let found = history.iter().find(|a| a.pos.0 == *pos).map(|a| a.content.text.as_str());
            assert_eq!(found, Some(text.as_str()), "item {item}, round {round}");
        }
        assert!(view.items.iter().filter_map(|f| f.answer.as_ref()).all(|a| a.content.text.starts_with("round ")));
        total += acknowledged.len();
        stands = std::iter::once(0).chain(view.items.iter().map(|f| f.answer.as_ref().map_or(0, |a| a.pos.0))).collect();
    }
    assert!(total > 100, "only {total} answers were acknowledged: the test did not test");
    println!("{total} acknowledged answers, none lost");
}

#[test]
fn kill_9_loses_nothing_acknowledged_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    nothing_acknowledged_is_lost(folder.path(), None);
}

#[test]
fn kill_9_loses_nothing_acknowledged_on_postgresql() {
    let Some(scratch) = Scratch::postgres() else { return };
    let address = scratch.address().expect("a PostgreSQL address");
    nothing_acknowledged_is_lost(scratch.directory(), Some(&address));
}

/// Names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let mut all: Vec<String> = std::fs::read_dir(folder).unwrap().flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    all.sort();
    all
}

/// A backup that is killed when so many bytes of it are written; whether it was.
fn backup_killed_at(data: &Path, database: Option<&str>, place: &Path, bytes: u64) -> bool {
    let mut backup = Process::new(env!("CARGO_BIN_EXE_akashi"));
    backup.arg("backup").arg(place).arg("--data").arg(data).stdout(Stdio::null()).stderr(Stdio::null()).env_remove("AKASHI_DATABASE");
    if let Some(database) = database {
        backup.env("AKASHI_DATABASE", database);
    }
    let mut child = backup.spawn().unwrap();
    let written = || {
        let parts = std::fs::read_dir(place).unwrap().flatten().filter(|e| e.file_name().to_string_lossy().ends_with(".part"));
        parts.filter_map(|part| Some(part.metadata().ok()?.len())).max()
    };
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if written().is_some_and(|written| written >= bytes) {
            child.kill().unwrap();
            return !child.wait().unwrap().success();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn a_killed_backup_looks_like_none(data: &Path, database: Option<&str>) {
    const FILE: usize = 1 << 20;
    const FILES: u64 = 24;
    {
        let app = open(data, database);
        app.fill_demo().unwrap();
        let session = app.demo_sign_in("officer@example.jp", "local").unwrap();
        let officer = app.session(&session.secret, "local").unwrap().unwrap().actor;
        for n in 0..FILES {
            let noise = (0..FILE as u64).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(n) >> 29) as u8);
            let bytes: Vec<u8> = b"%PDF-1.7 ".iter().copied().chain(noise).collect();
            app.add_evidence(&officer, &format!("{n}.pdf"), &bytes[..], rules::evidence::Label::Confidential, None, None).unwrap();
        }
    }
    let place = tempfile::tempdir().unwrap();
    let mut killed = 0;
    for bytes in [0, 1, 300_000, 3 << 20, 12 << 20, 20 << 20] {
        let before = names(place.path());
        assert!(
            before.iter().filter(|name| name.ends_with(".part")).count() <= 1,
            "the next backup removes what the last one left: {before:?}"
        );
        if backup_killed_at(data, database, place.path(), bytes) {
            killed += 1;
            let whole = |names: &[String]| names.iter().filter(|name| !name.ends_with(".part")).count();
            assert_eq!(whole(&names(place.path())), whole(&before), "killed at {bytes}");
        }
    }
    assert!(killed >= 4, "only {killed} backups were killed in the middle: the test did not test");
    // A start that has a schedule cleans up, makes a whole one, and finds nothing wrong with it.
    let schedule = app::backup::Schedule { folder: place.path().to_owned(), hours: 24, keep: 9, recipients: vec![] };
    let config = Config { database: database.map(str::to_owned), backups: Some(schedule), ..Config::embedded(data) };
    let app = App::open(config, Clock::Machine).unwrap();
    app.start().unwrap();
    app.verify().unwrap();
    app.back_up_in_time().unwrap();
    let left = names(place.path());
    assert!(!left.is_empty() && left.iter().all(|name| name.ends_with(".tar.age")), "{left:?}");
    for name in left {
        let drill = app.try_backup(&place.path().join(name), None, &mut |_| {}).unwrap();
        assert_eq!(drill.differences, Vec::<String>::new());
        assert!(drill.files >= FILES);
    }
    println!("{killed} backups were killed in the middle");
}

#[test]
fn a_backup_that_is_killed_leaves_nothing_that_looks_whole_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    a_killed_backup_looks_like_none(folder.path(), None);
}

#[test]
fn a_backup_that_is_killed_leaves_nothing_that_looks_whole_on_postgresql() {
    let Some(scratch) = Scratch::postgres() else { return };
    let address = scratch.address().expect("a PostgreSQL address");
    a_killed_backup_looks_like_none(scratch.directory(), Some(&address));
}
