//! Malware: what a real clamd finds is refused or locked, and whatever a broken one says, nothing looks clean.

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command as Program, Stdio};
use std::time::{Duration, Instant};

use app::scan::{ScanRead, Scanner};
use app::{App, Clock, Config, Error};
use common::{World, worlds};
use rules::change::Change;
use rules::evidence::{Evidence, Label};
use rules::id::{self, Id};
use rules::review::AlertKind;
use rules::vault::{Scan, Vaulting};

/// What the signature of these tests finds.
const CANARY: &[u8] = b"one two akashi-malware-canary three";
const CANARY_NAME: &str = "Akashi.Test.Canary.UNOFFICIAL";
/// The test file of the industry, in two halves so that no scanner takes this program for it.
const EICAR: [&str; 2] = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"];

/// A clamd of this test alone, gone when it is dropped.
struct Clamd {
    child: Child,
    folder: tempfile::TempDir,
}

impl Drop for Clamd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Clamd {
    /// `None`, said loudly, where clamd is missing; a failure when `CI` is set.
    fn start() -> Option<Clamd> {
        if !Program::new("clamd").arg("--version").stdout(Stdio::null()).status().is_ok_and(|s| s.success()) {
            assert!(std::env::var_os("CI").is_none(), "malware cannot be tested: clamd is missing; `.ci/run` installs it");
            let _ = writeln!(std::io::stderr(), "\n*** MALWARE TESTS DID NOT RUN: clamd is missing ***\n");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let hex = |text: &str| text.bytes().map(|b| format!("{b:02x}")).collect::<String>();
        std::fs::create_dir(at.join("db")).unwrap();
        let signatures = format!("Akashi.Test.Canary:0:*:{}\nEicar.Test:0:0:{}\n", hex("akashi-malware-canary"), hex(&EICAR.concat()));
        std::fs::write(at.join("db/local.ndb"), signatures).unwrap();
        let shown = at.display();
        let settings = format!(
            "Foreground yes\nDatabaseDirectory {shown}/db\nLocalSocket {shown}/clamd\nTemporaryDirectory {shown}\nStreamMaxLength 1M\n"
        );
        std::fs::write(at.join("clamd.conf"), settings).unwrap();
        let child = Program::new("clamd").arg("-c").arg(at.join("clamd.conf")).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let clamd = Clamd { child, folder };
        let begin = Instant::now();
        while std::os::unix::net::UnixStream::connect(clamd.folder.path().join("clamd")).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(120), "clamd does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(clamd)
    }

    fn scanner(&self, required: bool) -> Scanner {
        Scanner::parse(&self.folder.path().join("clamd").display().to_string(), 7, required).unwrap()
    }
}

/// The same installation with another scanner.
fn with(w: &World, scanner: Option<Scanner>) -> App {
    App::open_at(Config { scanner, ..w.app.config.clone() }, w.location(), Clock::set(w.app.clock.now())).unwrap()
}

fn add(app: &App, w: &World, name: &str, content: &[u8]) -> Result<Id<id::Evidence>, Error> {
    let done = app.add_evidence(w.actor("officer"), name, content, Label::Confidential, None, None)?;
    Ok(done.made.unwrap().parse().unwrap())
}

fn evidence(app: &App, w: &World, id: Id<id::Evidence>) -> Evidence {
    app.document(w.actor("officer"), id).unwrap().0.remove(0)
}

fn state(app: &App, w: &World, id: Id<id::Evidence>) -> ScanRead {
    app.scan_of(&evidence(app, w, id)).unwrap()
}

fn is_unscanned(read: &ScanRead) -> bool {
    matches!(read, ScanRead::NotScanned { .. })
}

fn refused_for(result: Result<Id<id::Evidence>, Error>, words: &str) {
    match result {
        Err(Error::Refused(refusal)) => assert!(refusal.text.en.contains(words), "{refusal:?}"),
        other => panic!("{other:?}"),
    }
}

fn files(w: &World) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let all = std::fs::read_dir(folder).into_iter().flatten().flatten();
        all.map(|e| if e.path().is_dir() { count(&e.path()) } else { 1 }).sum()
    }
    count(&w.app.config.data.join("evidence"))
}

#[test]
fn malware_is_refused_locked_when_found_later_and_never_taken_for_clean() {
    let Some(clamd) = Clamd::start() else { return };
    for w in worlds() {
        let app = with(&w, Some(clamd.scanner(false)));
        // Without a date of the signatures nobody says that they are new.
        let plain = add(&app, &w, "plain.txt", b"plain words").unwrap();
        assert!(matches!(state(&app, &w, plain), ScanRead::OldSignatures { .. }));
        let before = files(&w);
        for (name, content) in [("secret name.txt", CANARY.to_vec()), ("eicar.txt", EICAR.concat().into_bytes())] {
            refused_for(add(&app, &w, name, &content), if name.starts_with("eicar") { "Eicar" } else { CANARY_NAME });
        }
        assert_eq!(files(&w), before, "nothing of a refused file is kept");
        assert_eq!(w.changes("file_refused").len(), 2);
        assert!(w.lines().iter().all(|l| !format!("{:?}", l.head).contains("secret name")), "no name of a file in a head");
        assert!(w.alerts(AlertKind::Malware).iter().any(|a| a.words.en.contains(CANARY_NAME)));

        // Larger than the scanner takes: kept, and said so.
        let large = add(&app, &w, "large.txt", &b"0123456789abcdef".repeat(200_000)).unwrap();
        assert!(is_unscanned(&state(&app, &w, large)));

        // Taken when there was no scanner, found by the job, locked without vanishing.
        let bare = with(&w, None);
        let later = add(&bare, &w, "later.txt", CANARY).unwrap();
        assert!(is_unscanned(&state(&bare, &w, later)));
        assert!(bare.file(w.actor("officer"), later, None).is_ok());
        assert_eq!(bare.scan_again().unwrap(), 0);
        assert_eq!(app.scan_again().unwrap(), 1);
        assert!(matches!(state(&app, &w, later), ScanRead::Found { name, .. } if name == CANARY_NAME));
        let refused = app.file(w.actor("officer"), later, None).map(drop);
        assert!(matches!(refused, Err(Error::Refused(r)) if r.text.en.contains("locked")));
        assert!(app.file(w.actor("officer"), plain, None).is_ok());
        assert_eq!(evidence(&app, &w, later).name, "later.txt");
        assert_eq!(app.scan_again().unwrap(), 0, "nothing is scanned twice with the same signatures");
        // Known malware comes in no other way: not when the scanner is gone either.
        refused_for(add(&bare, &w, "again.txt", CANARY), CANARY_NAME);
        assert!(matches!(state(&bare, &w, later), ScanRead::Found { .. }));
        assert!(bare.file(w.actor("officer"), later, None).is_err());

        // Where new signatures are required, those of unknown date do not do.
        let strict = with(&w, Some(clamd.scanner(true)));
        let before = files(&w);
        refused_for(add(&strict, &w, "strict.txt", b"strict words"), "new signatures");
        assert_eq!(files(&w), before);
    }
}

/// What a fake scanner does with a connection, after it has heard the command.
type Act = fn(&mut TcpStream, &str);

fn fake(act: Act) -> Scanner {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let (mut command, mut one) = (vec![], [0]);
                while stream.read(&mut one).unwrap_or(0) == 1 && one[0] != 0 {
                    command.push(one[0]);
                }
                act(&mut stream, &String::from_utf8_lossy(&command));
            });
        }
    });
    let mut scanner = Scanner::parse(&address, 7, false).unwrap();
    scanner.patience = Duration::from_millis(300);
    scanner
}

/// Reads the pieces of a file to their end.
fn hear_all(stream: &mut TcpStream) {
    let mut length = [0; 4];
    while stream.read_exact(&mut length).is_ok() {
        let n = u32::from_be_bytes(length);
        if n == 0 {
            return;
        }
        let _ = std::io::copy(&mut Read::by_ref(stream).take(n.into()), &mut std::io::sink());
    }
}

fn version(stream: &mut TcpStream, command: &str) -> bool {
    if command == "zVERSION" {
        let _ = stream.write_all(b"ClamAV 1.4.6/27823/Sat Nov 21 09:24:01 2026\0");
    }
    command == "zVERSION"
}

#[test]
fn a_scanner_that_hangs_lies_or_resets_makes_no_file_look_clean() {
    let broken: [(&str, Act); 7] = [
        ("says nothing at all", |_, _| std::thread::sleep(Duration::from_secs(20))),
        ("resets", |_, _| {}),
        ("answers OK without hearing the file", |s, c| drop((version(s, c), s.write_all(b"stream: OK\0")))),
        ("says OK without an end", |s, c| {
            if !version(s, c) {
                hear_all(s);
                let _ = s.write_all(b"stream: OK");
            }
        }),
        ("says something like OK", |s, c| {
            if !version(s, c) {
                hear_all(s);
                let _ = s.write_all(b"stream: OK OK\0");
            }
        }),
        ("never stops speaking", |s, c| {
            if !version(s, c) {
                hear_all(s);
                while s.write_all(&[b'x'; 1000]).is_ok() {}
            }
        }),
        ("speaks a byte at a time", |s, c| {
            if !version(s, c) {
                hear_all(s);
                while s.write_all(b"x").is_ok() {
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
        }),
    ];
    let w = World::sqlite();
    for (n, (what, act)) in broken.into_iter().enumerate() {
        let app = with(&w, Some(fake(act)));
        // More than the line between the two holds, so that who does not listen is noticed.
        let content = format!("file {n} ").repeat(2_000_000);
        let id = add(&app, &w, &format!("{n}.txt"), content.as_bytes()).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert!(is_unscanned(&state(&app, &w, id)), "{what}: {:?}", state(&app, &w, id));
    }
    assert!(w.alerts(AlertKind::Malware).iter().any(|a| a.organisation.is_none()), "the operators are told");

    // The reverse: one that hears the file and says so plainly is believed, as far as its signatures are new.
    let good = with(
        &w,
        Some(fake(|s, c| {
            if !version(s, c) {
                hear_all(s);
                let _ = s.write_all(b"stream: OK\0");
            }
        })),
    );
    let id = add(&good, &w, "good.txt", b"good words").unwrap();
    assert!(state(&good, &w, id).is_clean());
    let kept = w.changes("file_scanned");
    assert!(matches!(kept.last(), Some(Change::Vault(Vaulting::FileScanned { scan: Scan::Clean, signatures: Some(_), .. }))));
    // A month later the same signatures are old: for a file that comes in then.
    good.clock.advance(jiff::SignedDuration::from_hours(30 * 24));
    let old = add(&good, &w, "old.txt", b"other words").unwrap();
    assert!(matches!(state(&good, &w, old), ScanRead::OldSignatures { .. }));
    assert!(state(&good, &w, id).is_clean());
}
