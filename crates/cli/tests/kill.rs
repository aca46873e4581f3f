//! kill -9 at any moment loses nothing that was acknowledged, and leaves nothing half-written.

use std::path::Path;
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
