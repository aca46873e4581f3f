//! A witness in a process of its own cosigns what continues, and two copies of one installation do not both get past it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};

use app::proof::anchors::Agent;
use app::proof::{Anchors, Witness};
use app::{App, Clock, Config};
use e2e::Server;
use rules::act::Actor;
use rules::change::Change;
use rules::running::Running;
use seal::note::Note;
use seal::{Checkpoint, VerifierKey};
use serde_json::Value;
use store::checkpoints;
use store::testing::Scratch;

/// `akashi witness`, until it is dropped.
struct Standing {
    child: Child,
    /// KEY@ADDRESS, as it prints it.
    anchor: String,
}

impl Drop for Standing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn witness(data: &Path, trust: &[String], more: &[&str]) -> Standing {
    let mut child = Process::new(env!("CARGO_BIN_EXE_akashi"))
        .args(["witness", "--listen", "127.0.0.1:0", "--name", "witness.hospital.example", "--data"])
        .arg(data)
        .args(["--trust", &trust.join(",")])
        .args(more)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let anchor = lines.map_while(Result::ok).map(|line| line.trim().to_owned()).find(|line| line.contains("@http://")).expect("its key");
    Standing { child, anchor }
}

impl Standing {
    fn address(&self) -> &str {
        self.anchor.rsplit_once('@').unwrap().1
    }

    fn get(&self, path: &str) -> Value {
        ureq::get(format!("{}{path}", self.address())).call().unwrap().body_mut().read_json().unwrap()
    }

    fn post(&self, body: &str) -> (u16, String, String) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent.post(format!("{}/add-checkpoint", self.address())).send(body).unwrap();
        let media = answer.headers().get("content-type").map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
        (answer.status().as_u16(), media, answer.body_mut().read_to_string().unwrap())
    }

    fn anchors(&self) -> Anchors {
        Anchors { witnesses: vec![Witness::parse(&self.anchor, Agent::new(None).unwrap()).unwrap()], ..Anchors::default() }
    }
}

fn open(data: &Path, location: &store::Location, anchors: Anchors) -> App {
    let config = Config { anchors, ..Config::embedded(data) };
    App::open_at(config, location, Clock::Machine).unwrap()
}

/// Something happens, and is signed.
fn act(app: &App) {
    let act = app.act(Actor::system()).unwrap();
    let change = Change::Running(Running::ClockChecked { server: "test".into(), offset_ms: 0, ok: true });
    app.store().write(|tx| tx.enact(&act, &change, [7; 16])).map_err(|e: store::Error| e).unwrap();
    assert!(app.checkpoint().unwrap() > 0);
}

fn alerts(app: &App, kind: &str) -> usize {
    let mut found = 0;
    let count = |c: &mut store::Conn| {
        store::ledger::lines_after(c, rules::id::Pos::NEVER, i64::MAX, |line| {
            let payload = line.payload.map(|p| p.text).unwrap_or_default();
            found += usize::from(line.head.kind == "alert_raised" && payload.contains(&format!("\"{kind}\"")));
            Ok(())
        })
    };
    app.store().read(count).unwrap();
    found
}

fn newest(app: &App) -> checkpoints::SuperSigned {
    app.store().read(checkpoints::newest_super).unwrap().unwrap()
}

#[test]
fn a_witness_cosigns_what_continues_and_remembers_it_over_restarts() {
    for scratch in store::testing::both_engines() {
        let folder = tempfile::tempdir().unwrap();
        let mut app = open(scratch.directory(), scratch.location(), Anchors::default());
        app.start().unwrap();
        let keys = app.public_proof().unwrap().unwrap().keys;
        {
            let witness = witness(folder.path(), &keys, &[]);
            app.config.anchors = witness.anchors();
            assert_eq!(app.anchor().unwrap(), 1);
            act(&app);
            assert_eq!(app.anchor().unwrap(), 1);
            assert_eq!(app.anchor().unwrap(), 0, "it has it");
            let held = app.store().read(|c| checkpoints::anchors(c, 1)).unwrap().remove(0);
            let text = Note::parse(&newest(&app).note).unwrap().text;
            let note = Note::parse(&format!("{text}\n{}", held.proof)).unwrap();
            let key: VerifierKey = witness.anchor.rsplit_once('@').unwrap().0.parse().unwrap();
            assert!(note.is_signed_by_all(&[key]));
            // The cosignature of the protocol: eight bytes of time, then Ed25519 over it and the text.
            let home = ureq::get(witness.address()).call().unwrap().body_mut().read_to_string().unwrap();
            let timed = home.lines().nth(2).unwrap().to_owned();
            let typed = base64_of(timed.splitn(3, '+').nth(2).unwrap());
            assert_eq!((typed.len(), typed[0]), (33, 4));
            let plain = VerifierKey::new("x", seal::note::Algorithm::Ed25519, typed[1..].to_vec()).unwrap();
            let signature = &note.signatures[0].bytes;
            let seconds = u64::from_be_bytes(signature[..8].try_into().unwrap());
            assert!(plain.verifies(&format!("cosignature/v1\ntime {seconds}\n{text}"), &signature[8..]));
        }
        // Killed and started again: the same key, the same memory.
        let witness = witness(folder.path(), &keys, &[]);
        app.config.anchors = witness.anchors();
        act(&app);
        assert_eq!(app.anchor().unwrap(), 1);
        let logs = witness.get("/logs");
        assert_eq!(logs[0]["size"].as_u64(), Some(newest(&app).size), "{logs}");
        assert_eq!(app.compare_anchors().unwrap(), 1);
        assert_eq!(witness.get("/evidence"), serde_json::json!([]));
        assert_eq!((alerts(&app, "forked"), alerts(&app, "not_anchored")), (0, 0));
        answers_as_the_protocol_says(&app, &witness);
    }
}

fn base64_of(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

/// C2SP tlog-witness, add-checkpoint.
fn answers_as_the_protocol_says(app: &App, witness: &Standing) {
    let now = newest(app);
    let (size, note) = (now.size, &now.note);
    assert_eq!(witness.post(&format!("old {size}\n\n{note}")).0, 200, "the same again");
    let (status, media, body) = witness.post(&format!("old 0\n\n{note}"));
    assert_eq!((status, media.as_str(), body), (409, "text/x.tlog.size", format!("{size}\n")));
    assert_eq!(witness.post(&format!("old {}\n\n{note}", size + 1)).0, 400);
    for malformed in ["", "old 1", &format!("old 01\n\n{note}"), &format!("new {size}\n\n{note}"), &format!("old {size}\nxyz\n\n{note}")] {
        assert_eq!(witness.post(malformed).0, 400, "{malformed}");
    }
    let hashes = format!("{}=\n", "A".repeat(43));
    assert_eq!(witness.post(&format!("old {size}\n{}\n{note}", hashes.repeat(64))).0, 400);
    assert_eq!(witness.post(&format!("old {size}\n{hashes}\n{note}")).0, 422);
    let of = Checkpoint::parse(&Note::parse(note).unwrap().text).unwrap();
    let stranger = seal::SigningKey::from_seed("akashi-stranger", seal::note::Algorithm::Ed25519, [9; 32]).unwrap();
    let signed = |of: &Checkpoint, keys: &[seal::SigningKey]| Note::sign(of.text(), keys).unwrap();
    assert_eq!(witness.post(&format!("old {size}\n\n{}", signed(&of, std::slice::from_ref(&stranger)))).0, 403);
    let elsewhere = Checkpoint { origin: "akashi/ffffffffffffffff".into(), ..of.clone() };
    assert_eq!(witness.post(&format!("old 0\n\n{}", signed(&elsewhere, std::slice::from_ref(&stranger)))).0, 404);
    // The same size with another root, by the right keys.
    let own = app.signing_keys().unwrap();
    let other = signed(&Checkpoint { root: [7; 32], ..of.clone() }, &own);
    let (status, media, _) = witness.post(&format!("old {size}\n\n{other}"));
    assert_eq!((status, media.as_str()), (409, "text/x.tlog.size"));
    let longer = signed(&Checkpoint { root: [8; 32], size: size + 1, ..of.clone() }, &own);
    assert_eq!(witness.post(&format!("old {size}\n{hashes}\n{longer}")).0, 422);
    // Signed later, and it covers less: the tail is cut.
    let cut = signed(&Checkpoint { size: size - 1, at: "2099-01-01T00:00:00.000000Z".into(), ..of }, &own);
    assert_eq!(witness.post(&format!("old {}\n\n{cut}", size - 1)).0, 409);
    assert_eq!(witness.get("/evidence").as_array().unwrap().len(), 3, "what contradicts is kept, and once each");
}

#[test]
fn two_copies_of_one_installation_do_not_both_get_past_a_witness() {
    let scratch = Scratch::sqlite();
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut app = open(scratch.directory(), scratch.location(), Anchors::default());
    app.start().unwrap();
    let witness = witness(folder.path(), &app.public_proof().unwrap().unwrap().keys, &[]);
    app.config.anchors = witness.anchors();
    assert_eq!(app.anchor().unwrap(), 1);
    app.stop("test").unwrap();
    drop(app);
    // Everything is copied, the lock and the keys too, as a machine is cloned.
    let copied = Process::new("cp").arg("-r").arg(scratch.directory().join(".")).arg(copy.path()).status().unwrap();
    assert!(copied.success());
    let other = store::Location::file(copy.path().join("akashi.db"));
    let (first, second) = (open(scratch.directory(), scratch.location(), witness.anchors()), open(copy.path(), &other, witness.anchors()));
    for app in [&first, &second] {
        app.start().unwrap();
        assert_eq!(alerts(app, "forked"), 0, "each continues what it knows");
        act(app);
    }
    assert_eq!(first.anchor().unwrap(), 1);
    assert_eq!(second.anchor().unwrap(), 0);
    assert_eq!((alerts(&first, "forked"), alerts(&second, "forked")), (0, 1));
    act(&second);
    act(&second);
    assert_eq!(second.compare_anchors().unwrap(), 0, "growing past it does not help");
    assert_eq!(first.compare_anchors().unwrap(), 1);
    assert!(!witness.get("/evidence").as_array().unwrap().is_empty());
    drop(witness);
    // The people of the second say that theirs goes on, in a new epoch that the witness allows.
    drop(second);
    std::fs::remove_file(copy.path().join("epoch.lock")).unwrap();
    let installation = first.installation().unwrap().unwrap();
    let keys = first.public_proof().unwrap().unwrap().keys;
    let witness = self::witness(folder.path(), &keys, &["--new-epoch", &format!("akashi/{installation}=2")]);
    let second = open(copy.path(), &other, witness.anchors());
    second.start().unwrap();
    assert_eq!(newest(&second).epoch, 2);
    assert_eq!(second.anchor().unwrap(), 1);
    act(&second);
    assert_eq!(second.anchor().unwrap(), 1);
}

#[test]
fn a_killed_service_is_known_at_the_next_start_and_a_stopped_one_too() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_akashi");
    let mut server = Server::start_in(program, "serve", None, folder.path());
    server.kill();
    let server = Server::start_in(program, "serve", None, folder.path());
    let proof: Value = ureq::get(format!("{}/proof/latest.json", server.address())).call().unwrap().body_mut().read_json().unwrap();
    let keys: Value = ureq::get(format!("{}/proof/keys.json", server.address())).call().unwrap().body_mut().read_json().unwrap();
    let keys: Vec<VerifierKey> = keys["keys"].as_array().unwrap().iter().map(|key| key.as_str().unwrap().parse().unwrap()).collect();
    assert!(Note::parse(proof["note"].as_str().unwrap()).unwrap().is_signed_by_all(&keys));
    server.stop();
    let server = Server::start_in(program, "serve", None, folder.path());
    drop(server);
    let location = store::Location::file(folder.path().join("akashi.db"));
    let app = open(folder.path(), &location, Anchors::default());
    let mut told = vec![];
    let read = |c: &mut store::Conn| {
        store::ledger::lines_after(c, rules::id::Pos::NEVER, i64::MAX, |line| {
            let payload = line.payload.map(|p| p.text).unwrap_or_default();
            match line.head.kind.as_str() {
                "started" => told.push(payload.contains("\"clean\":true")),
                "stopped" => told.push(true),
                _ => {}
            }
            Ok(())
        })
    };
    app.store().read(read).unwrap();
    assert_eq!(told, [true, false, true, true], "started, started after kill -9, stopped, started");
}
