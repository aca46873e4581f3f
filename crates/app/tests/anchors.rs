//! Checkpoints go outside, to a file, a mail box and a time-stamping authority that are real; what fails is told, and mends itself.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio};

use app::mail::MailSettings;
use app::proof::anchors::{Agent, read_file};
use app::proof::{Anchors, Authority, Witness, Worth};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{World, worlds};
use rules::command::Command;
use rules::exchange::AnchorKind;
use rules::id::{self, Id};
use rules::party::Role;
use rules::refusal::Why;
use rules::review::AlertKind;
use seal::merkle::sha256;
use seal::note::{Algorithm, Note, SigningKey};
use seal::{Checkpoint, VerifierKey};
use serde_json::Value;
use store::checkpoints::{self, Anchor};

fn sign(w: &World, text: &str) {
    w.act("officer", Command::AddPhrase { text: text.into() });
    assert!(w.app.checkpoint().unwrap() > 0);
}

fn newest(w: &World) -> checkpoints::SuperSigned {
    w.app.store().read(checkpoints::newest_super).unwrap().unwrap()
}

fn anchors(w: &World) -> Vec<Anchor> {
    w.app.store().read(|c| checkpoints::anchors(c, 100)).unwrap()
}

fn keys(w: &World) -> Vec<VerifierKey> {
    w.app.public_proof().unwrap().unwrap().keys.iter().map(|key| key.parse().unwrap()).collect()
}

/// A Python program of this folder that says something and ends with the test; `None` (never in CI) where it cannot run.
struct Program {
    child: Child,
    _alive: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl Program {
    fn start(name: &str, needs: &str, argument: &str) -> Option<Program> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let library = here.join("../../target/tools/python");
        let found = Process::new("python3").args(["-c", needs]).env("PYTHONPATH", &library).stderr(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            assert!(std::env::var_os("CI").is_none(), "python3 with `{needs}` is missing; `.ci/run` installs it");
            let _ = writeln!(std::io::stderr(), "\n*** NOT TESTED: python3 with `{needs}` is missing ***\n");
            return None;
        }
        let mut child = Process::new("python3")
            .args(["-W", "ignore"])
            .arg(here.join("tests").join(name))
            .arg(argument)
            .env("PYTHONPATH", &library)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (alive, told) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Some(Program { child, _alive: alive, told })
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_file_holds_every_checkpoint_and_tells_a_cut_tail() {
    for mut w in worlds() {
        let path = w.app.config.data.join("outside/anchor.jsonl");
        w.app.config.anchors = Anchors { files: vec![path.clone()], ..Anchors::default() };
        w.app.start().unwrap();
        // The mount is not there yet.
        for tries in 1..=4 {
            assert_eq!(w.app.anchor().unwrap(), 0);
            assert_eq!(w.app.anchor().unwrap(), 0, "not at once again");
            w.later(600);
            assert_eq!(w.alerts(AlertKind::NotAnchored).len(), usize::from(tries >= 3), "{tries}");
        }
        assert!(w.app.proof(w.actor("operator")).unwrap().anchors[0].trouble.is_some());
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        assert_eq!(w.app.anchor().unwrap(), 1, "it mends itself");
        assert!(w.app.proof(w.actor("operator")).unwrap().anchors[0].trouble.is_none());
        sign(&w, "一");
        assert_eq!((w.app.anchor().unwrap(), w.app.anchor().unwrap()), (1, 0), "once each");
        // A power cut in the middle of a line.
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"note\":\"tor").unwrap();
        sign(&w, "二");
        assert_eq!(w.app.anchor().unwrap(), 1);
        let held = read_file(&path).unwrap();
        assert_eq!(held.len(), 3);
        assert_eq!(held[2].to_string(), newest(&w).note);
        assert!(held.iter().all(|note| note.is_signed_by_all(&keys(&w))));
        assert_eq!(w.app.compare_anchors().unwrap(), 1);
        assert!(w.alerts(AlertKind::Forked).is_empty());

        // Another history of the same installation went out too: one entry more than stands here.
        let own = newest(&w);
        let longer = Checkpoint { size: own.size + 1, ..Checkpoint::parse(&held[2].text).unwrap() };
        let key = SigningKey::from_seed("akashi-other", Algorithm::Ed25519, [1; 32]).unwrap();
        let line = serde_json::json!({ "note": Note::sign(longer.text(), &[key]).unwrap().to_string() });
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
        assert_eq!(w.app.compare_anchors().unwrap(), 0);
        assert_eq!(w.alerts(AlertKind::Forked).len(), 1);
    }
}

#[test]
fn a_checkpoint_goes_by_mail_once_a_day_and_can_be_read_again() {
    let Some(mut server) = Program::start("mail_server.py", "import aiosmtpd", "{}") else { return };
    let port = server.next()["port"].as_u64().unwrap();
    for mut w in worlds() {
        w.app.config.mail = Some(MailSettings::parse(&format!("smtp://127.0.0.1:{port}"), "akashi@example.jp").unwrap());
        w.app.config.anchors = Anchors { mail: vec!["auditor@hospital.example".into()], ..Anchors::default() };
        w.app.deliver().unwrap();
        w.app.start().unwrap();
        let sent = newest(&w);
        assert_eq!(w.app.anchor().unwrap(), 1);
        sign(&w, "同じ日");
        assert_eq!(w.app.anchor().unwrap(), 0, "not twice a day");
        assert!(w.app.deliver().unwrap() > 0);
        let mail = loop {
            let mail = server.next();
            if mail["to"][0] == "auditor@hospital.example" {
                break mail;
            }
        };
        let body = mail["body"].as_str().unwrap().replace("\r\n", "\n");
        let (_, rest) = body.split_once("-----BEGIN CHECKPOINT-----\n").unwrap();
        let note = Note::parse(rest.split_once("-----END CHECKPOINT-----").unwrap().0).unwrap();
        assert_eq!(note.to_string(), sent.note);
        assert!(note.is_signed_by_all(&keys(&w)));
        w.later(25 * 3600);
        sign(&w, "次の日");
        assert_eq!(w.app.anchor().unwrap(), 1);
    }
}

/// A time-stamping authority of OpenSSL.
struct Stamps {
    folder: tempfile::TempDir,
    port: u64,
    _program: Program,
}

fn openssl(folder: &Path, args: &[&str]) {
    let output = Process::new("openssl").args(args).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

const CONFIG: &str = "[req]\ndistinguished_name=dn\n[dn]\n[root]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n\
    [signer]\nbasicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n\
    [tsa]\nserial=stamps\nsigner_cert=signer.pem\nsigner_key=signer.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\nordering=no\ntsa_name=no\ness_cert_id_alg=sha256\n";

impl Stamps {
    fn start(days: u32) -> Option<Stamps> {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        std::fs::write(at.join("openssl.cnf"), CONFIG).unwrap();
        openssl(at, &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "root.key"]);
        openssl(
            at,
            &[
                "req",
                "-x509",
                "-new",
                "-config",
                "openssl.cnf",
                "-extensions",
                "root",
                "-key",
                "root.key",
                "-subj",
                "/CN=Root",
                "-days",
                "4000",
                "-out",
                "root.pem",
            ],
        );
        let program = Program::start("stamp_server.py", "import http.server", &at.display().to_string())?;
        let mut stamps = Stamps { folder, port: 0, _program: program };
        stamps.port = stamps._program.next().as_u64().unwrap();
        stamps.certify(days);
        Some(stamps)
    }

    fn certify(&self, days: u32) {
        let at = self.folder.path();
        openssl(at, &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "signer.key"]);
        openssl(at, &["req", "-new", "-config", "openssl.cnf", "-key", "signer.key", "-subj", "/CN=Stamps", "-out", "signer.csr"]);
        let days = days.to_string();
        openssl(
            at,
            &[
                "x509",
                "-req",
                "-in",
                "signer.csr",
                "-CA",
                "root.pem",
                "-CAkey",
                "root.key",
                "-CAcreateserial",
                "-extfile",
                "openssl.cnf",
                "-extensions",
                "signer",
                "-days",
                &days,
                "-out",
                "signer.pem",
            ],
        );
    }

    fn down(&self) -> PathBuf {
        self.folder.path().join("down")
    }

    fn authority(&self) -> Authority {
        let roots = std::fs::read(self.folder.path().join("root.pem")).unwrap();
        Authority::parse(&format!("http://127.0.0.1:{}/", self.port), &roots, Agent::new(None).unwrap()).unwrap()
    }
}

#[test]
fn an_authority_stamps_every_hour_and_its_absence_is_told() {
    for mut w in worlds() {
        let Some(stamps) = Stamps::start(2000) else { return };
        let authority = stamps.authority();
        let roots = authority.roots.clone();
        w.app.config.anchors = Anchors { stamps: vec![authority], ..Anchors::default() };
        w.app.start().unwrap();
        assert_eq!(w.app.anchor().unwrap(), 1);
        let stamped = newest(&w);
        let anchor = anchors(&w).remove(0);
        assert_eq!((anchor.kind.as_str(), anchor.size), ("rfc3161", stamped.size));
        let digest = sha256(&[Note::parse(&stamped.note).unwrap().text.as_bytes()]);
        let token = STANDARD.decode(&anchor.proof).unwrap();
        let stamp = seal::stamp::verify(&token, &digest, &roots, None).unwrap();
        assert!(stamp.trusted && anchor.until == Some(stamp.until), "{stamp:?}");

        sign(&w, "同じ時間");
        assert_eq!(w.app.anchor().unwrap(), 0, "once an hour");
        std::fs::write(stamps.down(), "").unwrap();
        w.later(3700);
        for _ in 0..3 {
            assert_eq!(w.app.anchor().unwrap(), 0);
            w.later(600);
        }
        assert_eq!(w.alerts(AlertKind::NotAnchored).len(), 1);
        std::fs::remove_file(stamps.down()).unwrap();
        assert_eq!(w.app.anchor().unwrap(), 1);
        assert_eq!(anchors(&w)[0].size, newest(&w).size);

        // An authority that is not the one whose root was named.
        let Some(other) = Stamps::start(2000) else { return };
        let authority = Authority::parse(
            &format!("http://127.0.0.1:{}/", other.port),
            &std::fs::read(stamps.folder.path().join("root.pem")).unwrap(),
            Agent::new(None).unwrap(),
        );
        w.app.config.anchors.stamps = vec![authority.unwrap()];
        w.later(3700);
        sign(&w, "別の局");
        assert_eq!(w.app.anchor().unwrap(), 0, "its tokens are refused");
    }
}

#[test]
fn a_token_is_stamped_again_before_its_authority_ends() {
    let mut w = World::sqlite();
    // The clock of the world stands in the past of the machine's or not: days are counted from what the certificate says.
    let Some(stamps) = Stamps::start(30) else { return };
    let authority = stamps.authority();
    let roots = authority.roots.clone();
    w.app.config.anchors = Anchors { stamps: vec![authority], ..Anchors::default() };
    w.app.clock.advance(app::Clock::Machine.now().duration_since(w.app.clock.now()));
    w.app.start().unwrap();
    // The first anchor; its authority has no later certificate yet, so nothing can be renewed.
    assert_eq!(w.app.anchor().unwrap(), 1);
    assert_eq!(anchors(&w).len(), 1);
    stamps.certify(3000);
    w.later(3600);
    assert_eq!(w.app.anchor().unwrap(), 1, "renewed");
    assert_eq!(w.app.anchor().unwrap(), 0, "once");
    let all = anchors(&w);
    let (new, old) = (&all[0], &all[1]);
    assert_eq!((new.over, new.size), (Some(old.id), old.size));
    let over = sha256(&[&STANDARD.decode(&old.proof).unwrap()]);
    let stamp = seal::stamp::verify(&STANDARD.decode(&new.proof).unwrap(), &over, &roots, None).unwrap();
    assert!(stamp.trusted && new.until > old.until);
}

/// A trust anchor that one operator proposed.
fn proposed(w: &World, anchor: AnchorKind, data: &str) -> Id<id::TrustAnchor> {
    let propose = Command::ProposeAnchor { anchor, name: "外部の機関".into(), data: data.into(), label: None };
    w.act("operator", propose).made.unwrap().parse().unwrap()
}

/// The fingerprint as the other side reads it out.
fn fingerprint(w: &World, anchor: Id<id::TrustAnchor>) -> String {
    let all = w.app.trust(w.actor("operator")).unwrap().anchors;
    all.into_iter().find(|a| a.anchor.id == anchor).unwrap().anchor.fingerprint.to_string()
}

fn worth(w: &World) -> Worth {
    w.app.proof(w.actor("operator")).unwrap().anchors[0].worth.clone().unwrap()
}

/// The proof counts for nothing until two operators agree, and for nothing again once the anchor is removed.
fn counts_by_two_people_only(w: &World, anchor: AnchorKind, data: &str, others: &str) {
    let unknown = |w: &World| matches!(worth(w), Worth::NotTrusted { .. });
    assert!(unknown(w), "{:?}", worth(w));
    assert!(worth(w).words().en.contains("Not trusted by anybody here"));
    let other = proposed(w, anchor, others);
    w.act("secretariat", Command::DecideAnchor { anchor: other, fingerprint: fingerprint(w, other) });
    assert!(unknown(w), "somebody else's does not vouch for it");
    let own = proposed(w, anchor, data);
    assert!(unknown(w), "only proposed");
    let typed = fingerprint(w, own);
    assert_eq!(w.refused("operator", Command::DecideAnchor { anchor: own, fingerprint: typed.clone() }), Why::State, "one person");
    w.act("secretariat", Command::DecideAnchor { anchor: own, fingerprint: typed });
    assert!(matches!(worth(w), Worth::Trusted { .. }), "{:?}", worth(w));
    w.act("secretariat", Command::RemoveAnchor { anchor: own, reason: "契約の終了".into() });
    assert!(unknown(w), "removed");
    let blocked = proposed(w, anchor, data);
    w.act("secretariat", Command::DecideAnchor { anchor: blocked, fingerprint: "00".into() });
    assert!(unknown(w), "blocked");
}

fn two_operators(w: &mut World) {
    let (organisation, person) = (w.organisation("secretariat"), w.person("secretariat"));
    let roles = vec![Role::Secretariat, Role::Administrator, Role::Operator];
    w.act("operator", Command::SetRoles { organisation, person, roles });
    w.sign_in_again("secretariat");
}

#[test]
fn a_time_stamp_proves_something_only_under_an_authority_that_two_people_activated() {
    for mut w in worlds() {
        let (Some(stamps), Some(other)) = (Stamps::start(2000), Stamps::start(2000)) else { return };
        two_operators(&mut w);
        w.app.config.anchors = Anchors { stamps: vec![stamps.authority()], ..Anchors::default() };
        w.app.start().unwrap();
        assert_eq!(w.app.anchor().unwrap(), 1);
        let root = |stamps: &Stamps| std::fs::read_to_string(stamps.folder.path().join("root.pem")).unwrap();
        counts_by_two_people_only(&w, AnchorKind::StampRoot, &root(&stamps), &root(&other));
        // A token that is not right is no better for it.
        let newest = anchors(&w).remove(0);
        let mut token = STANDARD.decode(&newest.proof).unwrap();
        *token.last_mut().unwrap() ^= 1;
        let bent = Anchor { id: 0, proof: STANDARD.encode(token), ..newest };
        w.app.store().write(|tx| tx.keep_anchor(&bent).map(drop)).unwrap();
        assert!(matches!(worth(&w), Worth::Wrong(_)), "{:?}", worth(&w));
    }
}

#[test]
fn a_cosignature_proves_something_only_by_a_witness_that_two_people_activated() {
    for mut w in worlds() {
        two_operators(&mut w);
        let key = |seed| SigningKey::from_seed("witness.example", Algorithm::Ed25519, [seed; 32]).unwrap();
        let public = |seed| key(seed).verifier().to_string();
        let witness = Witness::parse(&format!("{}@http://127.0.0.1:9/", public(1)), Agent::new(None).unwrap()).unwrap();
        let place = witness.url.to_string();
        w.app.config.anchors = Anchors { witnesses: vec![witness], ..Anchors::default() };
        w.app.start().unwrap();
        let signed = newest(&w);
        let text = Note::parse(&signed.note).unwrap().text;
        let cosigned = |text: &str| Note { text: String::from("\n"), signatures: vec![key(1).sign(text)] }.to_string();
        let keep = |proof: String| {
            let (kind, at) = ("witness".to_owned(), w.app.clock.now());
            let anchor = Anchor { id: 0, kind, place: place.clone(), size: signed.size, at, proof, until: None, over: None };
            w.app.store().write(|tx| tx.keep_anchor(&anchor).map(drop)).unwrap();
        };
        keep(cosigned(&text).trim_start_matches('\n').to_owned());
        counts_by_two_people_only(&w, AnchorKind::Witness, &public(1), &public(2));
        // Of another text, by a key that counts.
        let own = proposed(&w, AnchorKind::Witness, &public(1));
        w.act("secretariat", Command::DecideAnchor { anchor: own, fingerprint: fingerprint(&w, own) });
        keep(cosigned("another\n").trim_start_matches('\n').to_owned());
        assert!(matches!(worth(&w), Worth::Wrong(_)), "{:?}", worth(&w));
    }
}
