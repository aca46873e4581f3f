//! Mail goes out through a real mail server, and calls to a real listener; what is refused, lost or tampered with is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use app::mail::{Event, MailSettings, Message, Post, Undelivered, Webhook, verify};
use jiff::Timestamp;
use rules::text::text;
use serde_json::{Value, json};

/// The real mail server `mail_server.py`; ends when dropped.
struct Server {
    child: Child,
    _alive: ChildStdin,
    told: BufReader<ChildStdout>,
    port: u16,
}

impl Server {
    /// `None` (loudly, and never on the build server) where Python or aiosmtpd is missing.
    fn start(settings: &Value) -> Option<Server> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        // `.ci/run` puts the library there; one of the system does as well.
        let library = here.join("../../target/tools/python");
        let found = Command::new("python3").args(["-c", "import aiosmtpd"]).env("PYTHONPATH", &library).stderr(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            assert!(std::env::var_os("CI").is_none(), "mail cannot be tested: python3 with aiosmtpd is missing; `.ci/run` installs it");
            // Not `eprintln!`: the test harness hides what a passing test prints, and this must be seen.
            let _ = writeln!(std::io::stderr(), "\n*** MAIL TESTS DID NOT RUN: python3 with aiosmtpd is missing ***\n");
            return None;
        }
        let mut child = Command::new("python3")
            .args(["-W", "ignore"])
            .arg(here.join("tests/mail_server.py"))
            .arg(settings.to_string())
            .env("PYTHONPATH", &library)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let alive = child.stdin.take().unwrap();
        let told = BufReader::new(child.stdout.take().unwrap());
        let mut server = Server { child, _alive: alive, told, port: 0 };
        server.port = u16::try_from(server.next()["port"].as_u64().unwrap()).unwrap();
        Some(server)
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Everything it took and did not tell yet; it ends by that.
    fn rest(mut self) -> String {
        let _ = self.child.kill();
        let mut rest = String::new();
        self.told.read_to_string(&mut rest).unwrap();
        rest
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An authority, and a server's certificate for 127.0.0.1 in files.
struct Certificates {
    folder: tempfile::TempDir,
    authority: String,
}

impl Certificates {
    fn new() -> Certificates {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = rcgen::CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate().unwrap()).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("certificate.pem"), certificate.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        Certificates { folder, authority: authority.pem() }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// A server with this certificate that wants a password.
    fn server(&self, tls: &str) -> Option<Server> {
        let (certificate, key) = (self.file("certificate.pem"), self.file("key.pem"));
        Server::start(&json!({ "tls": tls, "certificate": certificate, "key": key, "user": "akashi", "password": PASSWORD }))
    }

    /// The same for everybody.
    fn open_server(&self, tls: &str) -> Option<Server> {
        Server::start(&json!({ "tls": tls, "certificate": self.file("certificate.pem"), "key": self.file("key.pem") }))
    }
}

const PASSWORD: &str = "鍵@hunter2";
const RIGHT: &str = "akashi:%E9%8D%B5%40hunter2";
const FROM: &str = "Akashi 通知 <akashi@example.jp>";

fn post(address: &str) -> Post {
    Post::open(&MailSettings::parse(address, FROM).unwrap()).unwrap()
}

fn trusting(address: &str, authority: &str) -> Post {
    Post::open(&MailSettings::parse(address, FROM).unwrap().trusting(authority.as_bytes()).unwrap()).unwrap()
}

fn at() -> Timestamp {
    "2026-07-01T00:30:00Z".parse().unwrap()
}

fn mail(id: &str) -> Message {
    Message {
        to: "officer@example.jp".into(),
        subject: "【Akashi】第1回の評価結果が差し戻されました（項目12 アクセス管理規程の整備状況ほか、全部で37件の指摘があります）".into(),
        body: "山田 様\n\n評価結果をご確認ください。\n.\n点だけの行のあとも届きます。髙﨑𠮷野家 😀\n\nhttps://akashi.example.jp/cases/1\n"
            .into(),
        id: id.into(),
    }
}

fn header<'a>(told: &'a Value, name: &str) -> Vec<&'a str> {
    let headers = told["headers"].as_array().unwrap();
    headers.iter().filter(|pair| pair[0].as_str().unwrap().eq_ignore_ascii_case(name)).map(|pair| pair[1].as_str().unwrap()).collect()
}

fn refused(result: Result<(), Undelivered>) -> Undelivered {
    let refused = result.expect_err("must not go out");
    for secret in ["hunter2", "%E9%8D%B5", "officer@example.jp"] {
        assert!(!refused.words.ja.contains(secret) && !refused.words.en.contains(secret), "{refused:?}");
    }
    refused
}

#[test]
fn japanese_mail_arrives_readable_and_connections_are_reused() {
    let Some(mut server) = Server::start(&json!({})) else { return };
    let post = post(&format!("smtp://127.0.0.1:{}", server.port));
    let sent = mail("0198-a");
    post.send(&sent, at()).unwrap();
    let told = server.next();
    assert_eq!(header(&told, "Subject"), [&sent.subject]);
    assert_eq!(told["body"].as_str().unwrap().replace("\r\n", "\n"), sent.body);
    assert_eq!(header(&told, "From"), [FROM]);
    assert_eq!(header(&told, "To"), [&sent.to]);
    assert_eq!((&told["from"], &told["to"]), (&json!("akashi@example.jp"), &json!([sent.to])));
    assert_eq!(header(&told, "Message-ID"), ["<0198-a@example.jp>"]);
    assert_eq!(header(&told, "Auto-Submitted"), ["auto-generated"]);
    assert_eq!(header(&told, "Date"), ["Wed, 01 Jul 2026 00:30:00 +0000"]);
    assert_eq!(header(&told, "MIME-Version"), ["1.0"]);
    assert_eq!(header(&told, "Content-Type"), ["text/plain; charset=\"utf-8\""]);
    assert_eq!((&told["faults"], &told["ascii"]), (&json!([]), &json!(true)));
    assert!(told["longest"].as_u64().unwrap() <= 78, "RFC 5322 section 2.1.1: {told}");

    let long = Message { subject: "short".into(), body: format!("{}\n\nend", "x".repeat(3000)), ..mail("0198-b") };
    post.send(&long, at()).unwrap();
    let told = server.next();
    assert!(told["body"].as_str().unwrap().replace("\r\n", "\n").trim_end() == long.body, "{told}");
    assert!(told["longest"].as_u64().unwrap() <= 998, "RFC 5321 section 4.5.3.1.6: {}", told["longest"]);
    assert_eq!(told["line"], json!(1), "the second mail came over the first connection");
}

#[test]
fn a_connection_that_the_server_has_closed_is_opened_again() {
    let Some(mut server) = Server::start(&json!({ "forgets": 0.3 })) else { return };
    let post = post(&format!("smtp://127.0.0.1:{}", server.port));
    post.send(&mail("a"), at()).unwrap();
    assert_eq!(server.next()["line"], json!(1));
    std::thread::sleep(std::time::Duration::from_millis(700));
    post.send(&mail("b"), at()).unwrap();
    assert_eq!(server.next()["line"], json!(2));
}

#[test]
fn nobody_puts_a_header_or_a_receiver_into_a_mail() {
    let Some(server) = Server::start(&json!({})) else { return };
    let post = post(&format!("smtp://127.0.0.1:{}", server.port));
    for to in [
        "",
        "officer",
        "a@example.jp, b@example.jp",
        "a@example.jp,b@example.jp",
        "a@example.jp;b@example.jp",
        "<a@example.jp> <b@example.jp>",
        "A <a@example.jp>",
        "a@example.jp\r\nBcc: b@example.jp",
        "a@example.jp>\r\nRCPT TO:<b@example.jp",
        "\"a\r\nDATA\"@example.jp",
        "a@example.jp> NOTIFY=NEVER",
        "患者@example.jp",
        "a@例え.jp",
    ] {
        let refusal = refused(post.send(&Message { to: to.into(), ..mail("a") }, at()));
        assert!(refusal.permanent && refusal.words.ja.contains("宛先"), "{to:?}: {refusal:?}");
    }
    for subject in ["a\r\nBcc: b@example.jp", "a\nb", "a\rb", "件名\r\n\r\n本文", "a\0b", "a\u{85}b", "a\u{2028}b"] {
        let refusal = refused(post.send(&Message { subject: subject.into(), ..mail("a") }, at()));
        assert!(refusal.permanent && refusal.words.ja.contains("件名"), "{subject:?}: {refusal:?}");
    }
    for id in ["", "a b", "a>\r\nBcc: <b@example.jp", "a@b", "あ"] {
        assert!(refused(post.send(&mail(id), at())).permanent, "{id:?}");
    }
    assert_eq!(server.rest(), "");
}

#[test]
fn a_body_ends_neither_the_mail_nor_the_conversation() {
    let Some(mut server) = Server::start(&json!({})) else { return };
    let post = post(&format!("smtp://127.0.0.1:{}", server.port));
    // The ways of smuggling a second mail behind an end that only some servers see.
    for (n, end) in ["\r\n.\r\n", "\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r\n.\r"].into_iter().enumerate() {
        let smuggled = format!("first{end}MAIL FROM:<x@example.jp>\r\nRCPT TO:<y@example.jp>\r\nDATA\r\nSubject: second\r\n\r\nx{end}last");
        post.send(&Message { body: smuggled, ..mail(&format!("m{n}")) }, at()).unwrap();
        let told = server.next();
        assert_eq!(header(&told, "Message-ID"), [format!("<m{n}@example.jp>")]);
        assert!(told["body"].as_str().unwrap().contains("last"), "{end:?}: {told}");
    }
    assert_eq!(server.rest(), "");
}

#[test]
fn a_right_password_lets_mail_out_and_a_wrong_one_is_for_good() {
    let certificates = Certificates::new();
    for (tls, scheme) in [("starttls", "smtp+starttls"), ("whole", "smtps")] {
        let Some(mut server) = certificates.server(tls) else { return };
        let port = server.port;
        trusting(&format!("{scheme}://{RIGHT}@127.0.0.1:{port}"), &certificates.authority).send(&mail("a"), at()).unwrap();
        let told = server.next();
        assert_eq!((&told["encrypted"], &told["signed_in"]), (&json!(true), &json!(true)), "{scheme}");
        for wrong in ["akashi:hunter2", "someone:hunter2"] {
            let post = trusting(&format!("{scheme}://{wrong}@127.0.0.1:{port}"), &certificates.authority);
            let refusal = refused(post.send(&mail("b"), at()));
            assert!(refusal.permanent && refusal.words.ja.contains("535"), "{scheme}: {refusal:?}");
        }
        let refusal = refused(trusting(&format!("{scheme}://127.0.0.1:{port}"), &certificates.authority).send(&mail("c"), at()));
        assert!(refusal.permanent && refusal.words.ja.contains("530"), "without any password: {refusal:?}");
        assert_eq!(server.rest(), "", "only the first mail went out");
    }
}

#[test]
fn a_certificate_of_an_unknown_authority_or_another_name_gets_nothing() {
    let certificates = Certificates::new();
    let stranger = Certificates::new().authority;
    for (tls, scheme) in [("starttls", "smtp+starttls"), ("whole", "smtps")] {
        let Some(server) = certificates.server(tls) else { return };
        let port = server.port;
        for post in [
            post(&format!("{scheme}://{RIGHT}@127.0.0.1:{port}")),
            trusting(&format!("{scheme}://{RIGHT}@127.0.0.1:{port}"), &stranger),
            trusting(&format!("{scheme}://{RIGHT}@localhost:{port}"), &certificates.authority),
        ] {
            let refusal = refused(post.send(&mail("a"), at()));
            assert!(!refusal.permanent && refusal.words.ja.contains("証明書"), "{scheme}: {refusal:?}");
        }
        assert_eq!(server.rest(), "");
    }
}

#[test]
fn without_starttls_nothing_is_sent_in_plain() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = std::thread::spawn(move || {
        let (mut line, _) = listener.accept().unwrap();
        let mut heard = String::new();
        line.write_all(b"220 mail.test\r\n").unwrap();
        let mut lines = BufReader::new(line.try_clone().unwrap());
        while lines.read_line(&mut heard).unwrap_or(0) > 0 {
            line.write_all(b"250-mail.test\r\n250 AUTH PLAIN LOGIN\r\n").unwrap_or_default();
        }
        heard
    });
    let refusal = refused(post(&format!("smtp+starttls://{RIGHT}@127.0.0.1:{port}")).send(&mail("a"), at()));
    assert!(!refusal.permanent && refusal.words.ja.contains("STARTTLS"), "{refusal:?}");
    let heard = heard.join().unwrap();
    let words: Vec<_> = heard.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(words, ["EHLO", "QUIT"], "{heard}");
    // The same against a real server that knows no TLS.
    let Some(server) = Server::start(&json!({})) else { return };
    let refusal = refused(post(&format!("smtp+starttls://{RIGHT}@127.0.0.1:{}", server.port)).send(&mail("a"), at()));
    assert!(refusal.words.ja.contains("STARTTLS"), "{refusal:?}");
    assert_eq!(server.rest(), "");
}

#[test]
fn a_server_that_repeats_the_password_has_it_shown_to_nobody() {
    for before in ["", "501 5.5.2 syntax error: ", "454 4.7.0 not now: "] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut line, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(line.try_clone().unwrap());
            let (mut greeting, mut password) = (String::new(), String::new());
            line.write_all(b"220 mail.test\r\n").unwrap();
            lines.read_line(&mut greeting).unwrap();
            line.write_all(b"250-mail.test\r\n250 AUTH PLAIN\r\n").unwrap();
            lines.read_line(&mut password).unwrap();
            line.write_all(format!("{before}{password}").as_bytes()).unwrap();
            password
        });
        let refusal = refused(post(&format!("smtp://{RIGHT}@127.0.0.1:{port}")).send(&mail("a"), at()));
        let said = server.join().unwrap();
        let repeated = said.trim_end().strip_prefix("AUTH PLAIN ").unwrap();
        assert!(!format!("{refusal:?}").contains(repeated), "{refusal:?}");
        assert_eq!(refusal.permanent, before.starts_with('5'), "{refusal:?}");
    }
}

/// Passes everything on, and puts `more` behind the server's yes to STARTTLS, in the same packet.
fn meddler(server: u16, more: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (client, _) = listener.accept().unwrap();
        let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
        let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
        let (mut from_server, mut to_client, mut buffer, mut readies) = (server, client, [0; 65536], 0);
        while let Ok(n) = from_server.read(&mut buffer) {
            let mut passed = buffer[..n].to_vec();
            readies += usize::from(passed.starts_with(b"220 "));
            if readies == 2 {
                passed.extend_from_slice(more.as_bytes());
                readies += 1;
            }
            if n == 0 || to_client.write_all(&passed).is_err() {
                break;
            }
        }
    });
    port
}

#[test]
fn answers_slipped_in_before_tls_are_noticed() {
    let certificates = Certificates::new();
    for (server, who) in [(certificates.server("starttls"), format!("{RIGHT}@")), (certificates.open_server("starttls"), String::new())] {
        let Some(mut server) = server else { return };
        for more in [
            "",
            "250 mail.test\r\n",
            "250-mail.test\r\n250 AUTH PLAIN\r\n",
            "250-mail.test\r\n250 AUTH PLAIN\r\n235 x\r\n250 x\r\n250 x\r\n354 x\r\n250 x\r\n",
            "250-mail.test\r\n250 AUTH PLAIN\r\n250 x\r\n250 x\r\n354 x\r\n250 x\r\n",
            "250-mail.test\r\n250 AUTH PLAIN\r\n535 x\r\n",
        ] {
            let port = meddler(server.port, more);
            let post = trusting(&format!("smtp+starttls://{who}127.0.0.1:{port}"), &certificates.authority);
            if more.is_empty() {
                post.send(&mail("a"), at()).unwrap();
                assert_eq!(server.next()["encrypted"], json!(true));
            } else {
                assert!(!refused(post.send(&mail("a"), at())).permanent, "who meddles stops no mail for good: {more:?}");
            }
        }
        assert_eq!(server.rest(), "");
    }
}

#[test]
fn a_server_that_says_later_is_asked_again_and_one_that_says_never_is_not() {
    for (step, answer, permanent) in [
        ("rcpt", "451 4.7.1 greylisted, try later", false),
        ("data", "451 4.3.0 disk full", false),
        ("rcpt", "550 5.1.1 no such user", true),
        ("data", "554 5.7.1 looks like spam", true),
    ] {
        let Some(server) = Server::start(&json!({ step: answer })) else { return };
        let post = post(&format!("smtp://127.0.0.1:{}", server.port));
        let refusal = refused(post.send(&mail("a"), at()));
        assert_eq!(refusal.permanent, permanent, "{answer}");
        assert!(refusal.words.ja.contains(answer) && refusal.words.en.contains(answer), "{refusal:?}");
        assert_eq!(refused(post.send(&mail("b"), at())), refusal, "and the next one is heard as well");
    }
}

#[test]
fn a_server_that_is_down_is_asked_again() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for scheme in ["smtp", "smtp+starttls", "smtps"] {
        let refusal = refused(post(&format!("{scheme}://127.0.0.1:{port}")).send(&mail("a"), at()));
        assert!(!refusal.permanent && refusal.words.ja.contains("接続できません"), "{refusal:?}");
    }
}

#[test]
fn a_server_that_hangs_up_is_asked_again() {
    for greeting in ["", "220 mail.test\r\n", "garbage\r\n", "421 4.3.2 closing\r\n", "554 5.7.1 not you\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut line, _) = listener.accept().unwrap();
            line.write_all(greeting.as_bytes()).unwrap();
        });
        assert!(!refused(post(&format!("smtp://127.0.0.1:{port}")).send(&mail("a"), at())).permanent, "{greeting:?}");
        server.join().unwrap();
    }
}

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn event() -> Event {
    Event {
        id: "0198-a".into(),
        kind: "sign-in.locked".into(),
        at: at(),
        subject: "person/7".into(),
        text: text("ログインが止められました。", "A sign-in was locked."),
    }
}

/// One request as it came: header lines in small letters, and the body.
struct Heard {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Heard {
    fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let value = values.next().unwrap_or_else(|| panic!("no {name} in {:?}", self.headers));
        assert_eq!(values.next(), None, "{name} once");
        value
    }
}

/// Calls a listener on this machine that gives one answer.
fn called(answer: &str) -> (Result<(), Undelivered>, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = answer.to_owned();
    let receiver = std::thread::spawn(move || {
        let (mut line, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(line.try_clone().unwrap());
        let mut next = || {
            let mut text = String::new();
            lines.read_line(&mut text).unwrap();
            text.trim_end().to_owned()
        };
        let mut heard = Heard { line: next(), headers: Vec::new(), body: Vec::new() };
        while let Some((name, value)) = next().split_once(':') {
            heard.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        heard.body.resize(heard.header("content-length").parse().unwrap(), 0);
        lines.read_exact(&mut heard.body).unwrap();
        line.write_all(answer.as_bytes()).unwrap();
        // A second request within this moment would be a redirect that was followed.
        listener.set_nonblocking(true).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(listener.accept().is_err(), "called once only");
        heard
    });
    let webhook = Webhook::parse(&format!("http://127.0.0.1:{port}/in?team=3"), KEY).unwrap();
    let result = webhook.call(&event(), at());
    (result, receiver.join().unwrap())
}

#[test]
fn a_call_carries_the_event_and_a_signature_that_its_receiver_can_check() {
    let (result, heard) = called("HTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(result, Ok(()));
    assert_eq!(heard.line, "POST /in?team=3 HTTP/1.1");
    assert_eq!(heard.header("akashi-event"), "sign-in.locked");
    assert_eq!(heard.header("akashi-timestamp"), "1782865800");
    assert_eq!(heard.header("content-type"), "application/json; charset=utf-8");
    let signature = heard.header("akashi-signature");
    assert!(verify(KEY, heard.header("akashi-timestamp"), &heard.body, signature));
    assert!(!verify(KEY, "1782865801", &heard.body, signature));
    assert_eq!(
        serde_json::from_slice::<Value>(&heard.body).unwrap(),
        json!({
            "id": "0198-a", "kind": "sign-in.locked", "at": "2026-07-01T00:30:00Z", "subject": "person/7",
            "text": { "ja": "ログインが止められました。", "en": "A sign-in was locked." },
        })
    );
}

#[test]
fn a_receiver_in_trouble_is_called_again_and_one_that_says_no_is_not() {
    for (status, permanent) in [("500 Broken", false), ("503 Later", false), ("429 Slowly", false), ("400 No", true), ("404 Nobody", true)]
    {
        let (result, _) = called(&format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"));
        let refusal = refused(result);
        assert_eq!(refusal.permanent, permanent, "{status}");
        assert!(refusal.words.ja.contains(&status[..3]), "{refusal:?}");
    }
    let (result, _) = called("garbage\r\n\r\n");
    assert!(!refused(result).permanent);
    let (result, _) = called("");
    assert!(!refused(result).permanent);
}

#[test]
fn a_call_follows_no_redirect() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = elsewhere.local_addr().unwrap().port();
    for status in ["301 Moved", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let (result, _) = called(&format!("HTTP/1.1 {status}\r\nLocation: http://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n"));
        assert!(refused(result).permanent, "{status}");
    }
    elsewhere.set_nonblocking(true).unwrap();
    assert!(elsewhere.accept().is_err());
}

#[test]
fn a_receiver_that_is_down_or_not_who_it_should_be_is_called_again() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let down = Webhook::parse(&format!("http://127.0.0.1:{port}/T0K3N"), KEY).unwrap();
    let refusal = refused(down.call(&event(), at()));
    assert!(!refusal.permanent && !refusal.words.ja.contains("T0K3N"), "{refusal:?}");

    // Its certificate is of an authority that was not named: TLS ends before a word is said.
    let certificates = Certificates::new();
    let Some(server) = certificates.server("whole") else { return };
    let stranger = Webhook::parse(&format!("https://127.0.0.1:{}/T0K3N", server.port), KEY).unwrap();
    for webhook in [stranger.clone(), stranger.clone().trusting(Certificates::new().authority.as_bytes()).unwrap()] {
        let refusal = refused(webhook.call(&event(), at()));
        assert!(!refusal.permanent && refusal.words.en.contains("invalid peer certificate"), "{refusal:?}");
    }
    // With the right authority TLS stands, and what answers is no web server.
    let known = stranger.trusting(certificates.authority.as_bytes()).unwrap();
    let refusal = refused(known.call(&event(), at()));
    assert!(!refusal.permanent && !refusal.words.en.contains("certificate:"), "{refusal:?}");
}

#[test]
fn an_event_with_a_name_that_would_break_a_header_is_not_sent() {
    let webhook = Webhook::parse("http://127.0.0.1:9/", KEY).unwrap();
    for kind in ["", "a b", "a\r\nX: y", "種類"] {
        assert!(refused(webhook.call(&Event { kind: kind.into(), ..event() }, at())).permanent, "{kind:?}");
    }
}

/// An installation on one engine, with nobody but its operator.
struct Installation {
    app: app::App,
    operator: rules::act::Actor,
    _scratch: store::testing::Scratch,
}

impl Installation {
    fn on(scratch: store::testing::Scratch, reach: impl FnOnce(app::Config) -> app::Config) -> Installation {
        const OPERATOR: &str = "operator@example.jp";
        let word = "correct horse battery 2026";
        let config = reach(app::Config::embedded(scratch.directory()));
        let app = app::App::open_at(config, scratch.location(), app::Clock::set(at())).unwrap();
        let found = rules::command::Command::FoundInstallation {
            link: rules::command::Secret(app.founding_link().unwrap().unwrap()),
            organisation: "評価機構".into(),
            kinds: vec![rules::party::OrganisationKind::Body],
            name: "小林 守".into(),
            email: OPERATOR.into(),
            password: rules::command::Secret(word.into()),
            lang: rules::text::Lang::Ja,
        };
        app.execute(&rules::act::Actor::system(), found).unwrap();
        let session = app.sign_in_with_known_key(OPERATOR, word, "192.0.2.1").unwrap();
        let operator = app.session(&session.secret, "192.0.2.1").unwrap().unwrap().actor;
        Installation { app, operator, _scratch: scratch }
    }

    /// Wrong sign-ins from one address until its door is shut: the operator is warned.
    fn alarm(&self) {
        let shut = (0..100).any(|n| {
            let refused = self.app.sign_in(&format!("nobody{n}@example.jp"), "wrong", "203.0.113.9", None).err();
            refused.is_some_and(|e| e.refusal().is_some_and(|r| r.why == rules::refusal::Why::TooMany))
        });
        assert!(shut, "a hundred guesses are too many");
    }

    /// The newest mail of the outbox.
    fn mail(&self) -> store::tables::requests::QueuedMail {
        self.app.outbox(&self.operator).unwrap().remove(0)
    }

    /// Whether the mail's text is still kept.
    fn has_body(&self) -> bool {
        let owner = self.mail().mail.id.to_string();
        self.app.store().read(|conn| conn.secret(&owner, "mail")).unwrap().is_some()
    }
}

#[test]
fn an_alert_travels_to_the_mailbox_and_its_text_is_forgotten_on_both_engines() {
    for scratch in store::testing::both_engines() {
        let Some(mut server) = Server::start(&json!({})) else { return };
        let settings = MailSettings::parse(&format!("smtp://127.0.0.1:{}", server.port), FROM).unwrap();
        let here = Installation::on(scratch, |config| app::Config { mail: Some(settings), ..config });
        here.alarm();
        assert_eq!((here.mail().state.as_str(), here.mail().tries, here.has_body()), ("queued", 0, true));
        assert_eq!(here.app.deliver().unwrap(), 1);
        let told = server.next();
        assert_eq!((&told["to"], header(&told, "To")), (&json!(["operator@example.jp"]), vec!["operator@example.jp"]));
        assert!(header(&told, "Subject")[0].starts_with("[Akashi] 【警告】"), "{told}");
        let body = told["body"].as_str().unwrap();
        assert!(body.starts_with("小林 守 様") && body.contains("203.0.113.9"), "{body}");
        assert_eq!((here.mail().state.as_str(), here.mail().tries, here.has_body()), ("sent", 1, false));
        assert_eq!(here.app.deliver().unwrap(), 0, "it goes out once");
        assert_eq!(server.rest(), "");
    }
}

#[test]
fn a_mail_to_a_server_that_is_down_waits_is_counted_and_at_last_raises_an_alert() {
    for scratch in store::testing::both_engines() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = MailSettings::parse(&format!("smtp://127.0.0.1:{port}"), FROM).unwrap();
        let here = Installation::on(scratch, |config| app::Config { mail: Some(settings), ..config });
        here.alarm();
        let undelivered = |here: &Installation| {
            let all = here.app.alerts(&here.operator).unwrap();
            all.iter().filter(|a| a.alert.kind == rules::review::AlertKind::Undelivered).count()
        };
        let mut hours = 0;
        for tries in 1..=12 {
            assert_eq!(here.app.deliver().unwrap(), 0);
            assert_eq!(here.app.deliver().unwrap(), 0, "before its time it is not tried");
            let expected = if tries < 12 { "queued" } else { "failed" };
            assert_eq!((here.mail().state.as_str(), here.mail().tries), (expected, tries));
            assert!(here.mail().words.contains("メールサーバーに接続できません"), "{}", here.mail().words);
            assert_eq!(undelivered(&here), usize::from(tries == 12));
            here.app.clock.advance(jiff::SignedDuration::from_hours(4));
            hours += 4;
        }
        assert_eq!(here.app.deliver().unwrap(), 0);
        assert_eq!((here.mail().state.as_str(), here.mail().tries), ("failed", 12), "after {hours} hours it is left to a person");
        assert!(here.has_body(), "who hands it over by other means needs its text");
    }
}

#[test]
fn a_mail_that_waited_goes_out_when_the_server_is_back() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let down = MailSettings::parse(&format!("smtp://127.0.0.1:{port}"), FROM).unwrap();
    let mut here = Installation::on(store::testing::Scratch::sqlite(), |config| app::Config { mail: Some(down), ..config });
    here.alarm();
    here.app.deliver().unwrap();
    let Some(mut server) = Server::start(&json!({})) else { return };
    here.app.config.mail = Some(MailSettings::parse(&format!("smtp://127.0.0.1:{}", server.port), FROM).unwrap());
    here.app.clock.advance(jiff::SignedDuration::from_secs(59));
    assert_eq!(here.app.deliver().unwrap(), 0);
    here.app.clock.advance(jiff::SignedDuration::from_secs(1));
    assert_eq!(here.app.deliver().unwrap(), 1);
    assert_eq!(header(&server.next(), "To"), ["operator@example.jp"]);
    assert_eq!((here.mail().state.as_str(), here.mail().tries, here.mail().words.as_str()), ("sent", 2, ""));
}

#[test]
fn an_alert_calls_the_webhook_once_and_again_only_while_nobody_took_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let receiver = std::thread::spawn(move || {
        let mut kinds = vec![];
        for answer in ["503 Later", "204 No Content"] {
            let (mut line, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(line.try_clone().unwrap()).lines().map_while(Result::ok);
            let head: Vec<String> = lines.by_ref().take_while(|l| !l.is_empty()).collect();
            kinds.extend(head.iter().find_map(|l| l.to_ascii_lowercase().strip_prefix("akashi-event: ").map(str::to_owned)));
            line.write_all(format!("HTTP/1.1 {answer}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").as_bytes()).unwrap();
        }
        kinds
    });
    let webhook = Webhook::parse(&format!("http://127.0.0.1:{port}/"), KEY).unwrap();
    let here = Installation::on(store::testing::Scratch::sqlite(), |config| app::Config { webhook: Some(webhook), ..config });
    here.alarm();
    assert_eq!([(); 3].map(|()| here.app.deliver().ok()), [None, Some(1), Some(0)]);
    assert_eq!(receiver.join().unwrap(), ["guessing", "guessing"]);
    assert_eq!(here.mail().state, "queued", "without a mail server mail stays where operators see it");
}
