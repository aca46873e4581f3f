//! Ledgers are signed, epochs tell of restored histories, and the clock is watched: on both engines.

mod common;

use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use common::{World, worlds};
use jiff::SignedDuration;
use rules::command::Command;
use rules::refusal::Why;
use rules::review::AlertKind;
use rules::running::{EpochReason, Running};
use rules::vault::KeyRole;
use seal::proof::{verify_consistency, verify_inclusion};
use seal::{Checkpoint, Note, VerifierKey, leaf_hash};
use store::INSTALLATION;
use store::checkpoints::{self, Signed};
use store::tables::running;

fn phrase(w: &World, who: &str, text: &str) {
    w.act(who, Command::AddPhrase { text: text.into() });
}

fn keys(w: &World) -> Vec<VerifierKey> {
    w.app.public_proof().unwrap().unwrap().keys.iter().map(|key| key.parse().unwrap()).collect()
}

/// Every entry of the super-log.
fn entries(w: &World) -> Vec<Signed> {
    let read = |c: &mut store::Conn| (0..checkpoints::count(c)?).map(|n| Ok(checkpoints::entry(c, n)?.unwrap())).collect();
    w.app.store().read::<_, store::Error>(read).unwrap()
}

/// Changes of a kind, by ledger.
fn by_ledger(w: &World, kind: &str) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for line in w.lines().into_iter().filter(|line| line.head.kind == kind) {
        *all.entry(line.head.tenant).or_default() += 1;
    }
    all
}

fn tenants(w: &World) -> usize {
    w.app.store().read(checkpoints::heads).unwrap().len()
}

#[test]
fn what_happens_is_signed_by_both_keys_and_continues_what_was_signed() {
    for w in worlds() {
        assert_eq!(w.app.checkpoint().unwrap(), 0, "nothing is signed before the service starts");
        assert!(w.app.public_proof().unwrap().is_none());
        w.app.start().unwrap();
        let (keys, all) = (keys(&w), tenants(&w));
        assert_eq!(entries(&w).len(), all, "every ledger");
        assert_eq!(by_ledger(&w, "epoch_begun").values().copied().collect::<Vec<_>>(), vec![1; all]);
        assert_eq!(w.app.checkpoint().unwrap(), 0, "nothing happened since");
        let mut supers = vec![];
        for round in 0..300 {
            phrase(&w, "officer", &format!("文{round}"));
            assert_eq!(w.app.checkpoint().unwrap(), 1, "one ledger grew");
            supers.push(w.app.store().read(checkpoints::newest_super).unwrap().unwrap());
        }
        let installation = w.app.installation().unwrap().unwrap();
        for signed in entries(&w) {
            let note = Note::parse(&signed.note).unwrap();
            assert!(note.is_signed_by_all(&keys) && keys.len() == 2);
            let of = Checkpoint::parse(&note.text).unwrap();
            assert_eq!(of.origin, format!("akashi/{installation}/{}", signed.tenant));
            assert_eq!((of.size, of.root, of.epoch), (signed.edge.size(), signed.edge.root(), 1));
        }
        let (first, last) = (&supers[0], &supers[299]);
        assert_eq!(last.size, all as u64 + 300, "past a full tile");
        for old in &supers {
            let of = Checkpoint::parse(&Note::parse(&old.note).unwrap().text).unwrap();
            assert_eq!((of.origin.as_str(), of.size, of.root), (format!("akashi/{installation}").as_str(), old.size, old.root));
            let path = w.app.store().read(|c| checkpoints::super_consistency(c, old.size, last.size)).unwrap();
            assert!(verify_consistency(old.size, &old.root, last.size, &last.root, &path));
        }
        let entry = &entries(&w)[2];
        let path = w.app.store().read(|c| checkpoints::super_inclusion(c, 2, first.size)).unwrap();
        assert!(verify_inclusion(&leaf_hash(entry.note.as_bytes()), 2, first.size, &path, &first.root));
        w.app.verify().unwrap();
    }
}

#[test]
fn two_nodes_sign_once_and_a_ledger_that_begins_later_announces_its_epoch() {
    for w in worlds() {
        w.app.start().unwrap();
        let other = w.second_app(common::CHEAP);
        for round in 0..10 {
            phrase(&w, "officer", &format!("文{round}"));
            let both = std::thread::scope(|scope| {
                let there = scope.spawn(|| other.checkpoint().unwrap());
                w.app.checkpoint().unwrap() + there.join().unwrap()
            });
            assert_eq!(both, 1, "round {round}");
        }
        phrase(&w, "stranger", "初めての行動");
        w.app.checkpoint().unwrap();
        let stranger = w.organisation("stranger").to_string();
        assert_eq!(w.app.store().read(|c| running::newest_epoch(c, &stranger)).unwrap().unwrap().epoch, 1);
        assert!(w.alerts(AlertKind::Forked).is_empty());
    }
}

#[test]
fn trust_passes_from_old_keys_to_new_ones() {
    for w in worlds() {
        w.app.start().unwrap();
        let old = keys(&w);
        let rotate = || Command::RotateKey { key: KeyRole::Signing, reason: "年次の更新".into() };
        assert_eq!(w.refused("officer", rotate()), Why::Forbidden);
        assert_eq!(w.refused("secretariat", rotate()), Why::Forbidden);
        let silent = Command::RotateKey { key: KeyRole::Signing, reason: "  ".into() };
        assert_eq!(w.refused("operator", silent), Why::Invalid, "whichever way it comes in");
        assert_eq!(keys(&w), old);
        w.act("operator", rotate());
        let made: Vec<String> = w.changes("key_changed").iter().map(|c| format!("{c:?}")).filter(|c| c.contains("\"akashi-")).collect();
        assert!(made.len() == 2 && made[0].contains("event: Made") && made[0].contains("(1)"), "the first key has its line: {made:?}");
        let new = keys(&w);
        assert!(new.iter().all(|key| !old.contains(key)) && new.len() == 2);
        assert_eq!(by_ledger(&w, "signing_key_changed").len(), tenants(&w));
        assert_eq!(w.alerts(AlertKind::KeyEvent).len(), 1);
        let before = entries(&w).len();
        w.app.checkpoint().unwrap();
        for signed in &entries(&w)[before..] {
            let note = Note::parse(&signed.note).unwrap();
            assert!(note.is_signed_by_all(&old) && note.is_signed_by_all(&new), "both, once");
        }
        let newest = || Note::parse(&w.app.store().read(checkpoints::newest_super).unwrap().unwrap().note).unwrap();
        assert!(newest().is_signed_by_all(&old) && newest().is_signed_by_all(&new));
        phrase(&w, "officer", "その後");
        w.app.checkpoint().unwrap();
        let last = Note::parse(&entries(&w).last().unwrap().note).unwrap();
        assert!(last.is_signed_by_all(&new) && last.verify(&old).is_err());
        assert!(newest().is_signed_by_all(&new) && newest().verify(&old).is_err());
        assert!(w.alerts(AlertKind::Forked).is_empty());
    }
}

#[test]
fn a_node_without_the_announced_keys_signs_nothing_and_says_so() {
    for w in worlds() {
        w.app.start().unwrap();
        std::fs::remove_dir_all(w.app.config.data.join("keys")).unwrap();
        phrase(&w, "officer", "文");
        assert!(w.app.checkpoint().is_err());
        assert_eq!(w.alerts(AlertKind::NotAnchored).len(), 1);
    }
}

#[test]
fn a_history_that_does_not_continue_what_this_node_signed_is_a_new_epoch() {
    let lock = |w: &World| w.app.config.data.join("epoch.lock");
    type Change = fn(&mut serde_json::Value);
    let changes: [(&str, Option<Change>); 4] = [
        ("missing", None),
        ("newer than the database", Some(|lock| lock["size"] = 1000.into())),
        ("another history", Some(|lock| lock["root"] = "ab".repeat(32).into())),
        ("of another installation", Some(|lock| lock["installation"] = "0000000000000000".into())),
    ];
    for w in worlds() {
        w.app.start().unwrap();
        w.app.start().unwrap();
        assert!(w.alerts(AlertKind::Forked).is_empty(), "what continues is no break");
        for (number, (what, change)) in changes.iter().enumerate() {
            w.later(3700);
            match change {
                None => std::fs::remove_file(lock(&w)).unwrap(),
                Some(change) => {
                    let mut value = serde_json::from_str(&std::fs::read_to_string(lock(&w)).unwrap()).unwrap();
                    change(&mut value);
                    std::fs::write(lock(&w), value.to_string()).unwrap();
                }
            }
            w.app.start().unwrap();
            let epoch = u32::try_from(number).unwrap() + 2;
            assert_eq!(w.alerts(AlertKind::Forked).len(), number + 1, "{what}");
            assert_eq!(by_ledger(&w, "epoch_begun").values().copied().collect::<Vec<_>>(), vec![epoch as usize; tenants(&w)], "{what}");
            let begun = w.app.store().read(|c| running::newest_epoch(c, INSTALLATION)).unwrap().unwrap();
            assert_eq!((begun.epoch, begun.reason), (epoch, EpochReason::Restored), "{what}");
            let last = w.app.store().read(checkpoints::newest_super).unwrap().unwrap();
            assert_eq!(last.epoch, epoch, "{what}");
            w.app.start().unwrap();
            assert_eq!(w.alerts(AlertKind::Forked).len(), number + 1, "once");
        }
    }
}

#[test]
fn a_restored_database_says_what_was_lost() {
    let w = World::sqlite();
    w.app.start().unwrap();
    let (file, backup) = (w.app.config.data.join("akashi.db"), w.app.config.data.join("backup"));
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        // A backup as SQLite makes it: consistent, and without the lock that lies beside.
        let script = "import sqlite3,sys; a=sqlite3.connect(sys.argv[1]); b=sqlite3.connect(sys.argv[2]); a.backup(b); b.close()";
        assert!(std::process::Command::new("python3").args(["-c", script]).args([from, to]).status().unwrap().success());
    };
    copy(&file, &backup);
    for n in 0..5 {
        phrase(&w, "officer", &format!("失われる文{n}"));
        w.app.checkpoint().unwrap();
    }
    let officer = w.organisation("officer").to_string();
    let lost = w.app.store().read(|c| checkpoints::newest(c, &officer)).unwrap().unwrap().edge.size();
    copy(&backup, &file);
    w.later(60);
    w.app.start().unwrap();
    let begun = w.app.store().read(|c| running::newest_epoch(c, &officer)).unwrap().unwrap();
    assert_eq!((begun.epoch, begun.before), (2, lost), "the line tells how much was known");
    assert_eq!(w.alerts(AlertKind::Forked).len(), 1);
    w.app.verify().unwrap();
}

#[test]
fn what_does_not_continue_is_not_signed() {
    let w = World::sqlite();
    w.app.start().unwrap();
    phrase(&w, "officer", "署名後の文");
    let file = w.app.config.data.join("akashi.db");
    let script = "import sqlite3,sys; a=sqlite3.connect(sys.argv[1]); a.executescript(\"drop trigger ledger_line_no_update; \
        update ledger_line set leaf = zeroblob(32) where pos = (select max(pos) from ledger_line where kind = 'phrase_saved')\")";
    assert!(std::process::Command::new("python3").args(["-c", script]).arg(&file).status().unwrap().success());
    let before = entries(&w).len();
    assert_eq!(w.app.checkpoint().unwrap(), 0);
    assert_eq!(entries(&w).len(), before);
    let told = w.alerts(AlertKind::Forked);
    assert!(told.len() == 1 && told[0].subject.contains(&w.organisation("officer").to_string()), "{told:?}");
    // Others go on being signed.
    phrase(&w, "evaluator", "別の組織");
    assert!(w.app.checkpoint().unwrap() >= 1);
}

#[test]
fn a_run_that_was_not_stopped_is_told_at_the_next_start() {
    for w in worlds() {
        assert!(w.app.start().unwrap(), "the first start");
        assert!(!w.app.start().unwrap(), "no stop between");
        w.app.stop("test").unwrap();
        assert!(w.app.start().unwrap());
        let started: Vec<bool> = w
            .changes("started")
            .into_iter()
            .map(|c| matches!(c, rules::change::Change::Running(Running::Started { clean: true, .. })))
            .collect();
        assert_eq!(started, [true, false, true]);
        let stop = w.lines().into_iter().rfind(|line| line.head.kind == "stopped").unwrap().head;
        let signed = |signed: &Signed| signed.tenant == INSTALLATION && signed.edge.size() == stop.seq;
        assert!(entries(&w).iter().any(signed), "the stop itself is signed, as the last line");
    }
}

#[test]
fn times_run_back_only_behind_a_line_that_says_so() {
    for w in worlds() {
        w.app.start().unwrap();
        let begin = Instant::now();
        w.app.watch_clock_at(begin).unwrap();
        phrase(&w, "officer", "前");
        // Acts a little out of order are no jump.
        w.app.clock.advance(SignedDuration::from_millis(-700));
        phrase(&w, "officer", "少し前");
        assert!(by_ledger(&w, "clock_jumped").is_empty());
        w.later(-3600);
        phrase(&w, "officer", "時計が戻った後");
        assert_eq!(by_ledger(&w, "clock_jumped").get(&w.organisation("officer").to_string()), Some(&1));
        assert_eq!(w.app.watch_clock_at(begin + Duration::from_secs(2)).unwrap(), 1);
        assert_eq!(by_ledger(&w, "clock_jumped").len(), tenants(&w));
        assert_eq!(w.alerts(AlertKind::ClockOff).len(), 1);
        phrase(&w, "evaluator", "続き");
        let mut last: BTreeMap<String, (String, bool)> = BTreeMap::new();
        for line in w.lines() {
            let head = line.head;
            let jump = head.kind == "clock_jumped";
            if let Some((at, jumped)) = last.insert(head.tenant.clone(), (head.at.clone(), jump)) {
                assert!(head.at >= at || jump || jumped, "{} runs back at {}", head.tenant, head.seq);
            }
        }
        let checked = w.app.verify().unwrap();
        let scratch = store::testing::Scratch::sqlite();
        store::rebuild::rebuild(w.app.store(), &scratch, |_| {}).unwrap();
        assert_eq!(scratch.verify().unwrap().roots, checked.roots);
        let tables = |store: &store::Store| store.read(store::rebuild::contents).unwrap();
        assert_eq!(tables(&scratch), tables(w.app.store()));
        assert_eq!(scratch.read(checkpoints::newest_super).unwrap(), w.app.store().read(checkpoints::newest_super).unwrap());
    }
}

/// A time server (RFC 5905) that is as wrong as it is told, in seconds.
fn time_server(off: i64) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut question = [0; 48];
        while let Ok((_, from)) = socket.recv_from(&mut question) {
            let now = app::Clock::Machine.now() + SignedDuration::from_secs(off);
            let seconds = (now.as_second() + 2_208_988_800) as u32;
            let fraction = ((now.subsec_nanosecond() as u64) << 32) / 1_000_000_000;
            let stamp = [seconds.to_be_bytes(), (fraction as u32).to_be_bytes()].concat();
            let mut answer = [0; 48];
            (answer[0], answer[1], answer[3]) = (0x24, 1, 0xec);
            answer[12..16].copy_from_slice(b"TEST");
            answer[16..24].copy_from_slice(&stamp);
            answer[24..32].copy_from_slice(&question[40..48]);
            answer[32..40].copy_from_slice(&stamp);
            answer[40..48].copy_from_slice(&stamp);
            let _ = socket.send_to(&answer, from);
        }
    });
    address
}

#[test]
fn the_clock_is_compared_with_a_time_server_and_a_difference_is_told() {
    for mut w in worlds() {
        assert_eq!(w.app.check_time().unwrap(), 0, "no server is named");
        w.app.config.time_server = Some(time_server(0));
        assert_eq!(w.app.check_time().unwrap(), 1);
        assert_eq!(w.app.check_time().unwrap(), 0, "recorded once a day");
        w.later(25 * 3600);
        assert_eq!(w.app.check_time().unwrap(), 1);
        assert!(w.alerts(AlertKind::ClockOff).is_empty());
        w.app.config.time_server = Some(time_server(-90));
        assert_eq!(w.app.check_time().unwrap(), 1);
        let wrong = w.changes("clock_checked").pop().unwrap();
        let rules::change::Change::Running(Running::ClockChecked { offset_ms, ok, .. }) = wrong else { panic!("{wrong:?}") };
        assert!(!ok && (-91_000..-89_000).contains(&offset_ms), "{offset_ms}");
        assert_eq!(w.alerts(AlertKind::ClockOff).len(), 1);
        // Nobody answers there: told, and no measurement.
        w.app.config.time_server = Some("127.0.0.1:9".into());
        let measured = w.changes("clock_checked").len();
        w.app.check_time().unwrap();
        assert_eq!((w.changes("clock_checked").len(), w.alerts(AlertKind::ClockOff).len()), (measured, 2));
    }
}

#[test]
fn who_fills_the_disk_is_told_before_it_is_full() {
    const GIB: u64 = 1 << 30;
    for w in worlds() {
        assert_eq!(w.app.take_capacity(500 * GIB, 1000 * GIB).unwrap(), 0);
        w.later(10 * 86_400);
        for n in 0..200 {
            phrase(&w, "officer", &format!("{n}{}", "長い文".repeat(600)));
        }
        assert_eq!(w.app.take_capacity(500 * GIB, 1000 * GIB).unwrap(), 0, "there is room for years");
        assert_eq!(w.app.take_capacity(GIB, 1000 * GIB).unwrap(), 1, "less than a tenth is free");
        let growth = w.app.forecast().unwrap().unwrap();
        assert!(growth.daily.is_some_and(|daily| daily > 10_000), "{growth:?}");
        assert_eq!(w.alerts(AlertKind::Space).len(), 1);
        w.later(3700);
        let little = growth.daily.unwrap() * 20;
        assert_eq!(w.app.take_capacity(little, little + 1).unwrap(), 1, "full in 20 days");
        assert!(w.alerts(AlertKind::Space)[1].words.en.contains("days"));
    }
}

#[test]
fn a_pause_of_the_ledger_is_written_down_when_it_is_over() {
    let w = World::sqlite();
    assert_eq!(w.app.note_pause().unwrap(), 0);
    let file = w.app.config.data.join("akashi.db");
    // Somebody holds the database for longer than acts wait.
    let script = "import sqlite3,sys; a=sqlite3.connect(sys.argv[1], isolation_level=None); a.execute('begin immediate'); print('held', flush=True); sys.stdin.read()";
    let mut holder = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(&file)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut held = [0; 5];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut held).unwrap();
    assert!(w.app.execute(w.actor("officer"), Command::AddPhrase { text: "待つ".into() }).is_err());
    assert!(w.app.note_pause().is_err(), "it still cannot be written");
    drop(holder.stdin.take());
    holder.wait().unwrap();
    assert_eq!(w.app.note_pause().unwrap(), 1);
    assert_eq!(w.app.note_pause().unwrap(), 0, "once");
    let paused = w.changes("log_paused").pop().unwrap();
    let rules::change::Change::Running(Running::LogPaused { from, until, reason }) = paused else { panic!("{paused:?}") };
    assert!(until.duration_since(from) >= SignedDuration::from_secs(1) && !reason.is_empty(), "{from} {until} {reason}");
}
