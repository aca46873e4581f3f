//! TLS as visitors meet it: real sockets, and rustls at the other end.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::{App, Clock, Config};
use axum::Router;
use axum::extract::Request;
use jiff::{SignedDuration, Timestamp};
use rules::id::Digest;
use rules::text::Lang;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConnection, ResolvesClientCert};
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{cipher_suite as suite, default_provider, kx_group, sign::any_supported_type};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme, StreamOwned, SupportedProtocolVersion, version};
use sha2::Digest as _;
use web::peer::{Peer, Proxies};
use web::testing::{COLLEAGUE, World};
use web::tls::entrance::{Entrance, Limits};
use web::tls::{Exception, TLS13, Tls};

const NAME: &str = "akashi.example.jp";

fn start() -> Timestamp {
    "2026-11-24T03:00:00Z".parse().expect("a time")
}

/// A running entrance.
struct House {
    at: SocketAddr,
    clock: Arc<Clock>,
    _runtime: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
}

/// Answers with what it knows of the visitor.
fn mirror() -> Router {
    Router::new().fallback(|request: Request| async move {
        let peer = request.extensions().get::<Peer>().copied().expect("a visitor");
        let tls = peer.tls.map_or_else(|| "none".to_owned(), |tls| format!("{} {}", tls.version, tls.suite));
        format!("address {}\ncertificate {:?}\ntls {tls}\nhttps {}\n", peer.address.ip(), peer.certificate, peer.https)
    })
}

impl House {
    fn open(tls: impl FnOnce(&Path) -> Option<Tls>, proxies: &[&str], limits: Limits, router: Router) -> House {
        let folder = tempfile::tempdir().expect("a folder");
        let tls = tls(folder.path()).map(Arc::new);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let at = listener.local_addr().expect("its address");
        let clock = Arc::new(Clock::set(start()));
        let proxies = Proxies::read(proxies.iter().copied()).expect("networks");
        let now = clock.clone();
        runtime.spawn(Entrance { listener, tls, proxies, limits }.serve(router, move || now.now(), std::future::pending()));
        House { at, clock, _runtime: runtime, folder }
    }

    /// With a certificate of its own, and TLS 1.2 for a while where `until` says so.
    fn own(until: Option<&str>, limits: Limits) -> House {
        let exception = until.map(|day| Exception::new("an old device", day.parse().expect("a date")).expect("an exception"));
        let tls = |folder: &Path| Some(Tls::own(folder.join("tls"), &[NAME.to_owned()], exception, start()).expect("TLS"));
        House::open(tls, &[], limits, mirror())
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.at).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        stream
    }

    /// Asks for a page and tells the answer, or why there is none.
    fn ask(&self, visitor: &Arc<ClientConfig>) -> io::Result<Answer> {
        let name = ServerName::try_from(NAME).expect("a name");
        let connection = ClientConnection::new(visitor.clone(), name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, self.connect());
        stream.write_all(PLEASE.as_bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let served = stream.conn.peer_certificates().and_then(|c| c.first()).map(digest).expect("a certificate");
        let spoken = stream.conn.alpn_protocol().map(|p| String::from_utf8_lossy(p).into_owned());
        Ok(Answer { text, served, spoken })
    }

    fn says(&self, visitor: &Arc<ClientConfig>, line: &str) {
        let text = self.ask(visitor).expect("an answer").text;
        assert!(text.lines().any(|l| l == line), "{line:?} is not in {text}");
    }

    fn refuses(&self, visitor: &Arc<ClientConfig>, why: &str) {
        let told = self.ask(visitor).map(|a| a.text).expect_err(why).to_string();
        assert!(told.contains(why), "{told}");
    }

    /// Sends bytes without TLS and reads to the end.
    fn plain(&self, sent: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(sent.as_bytes()).expect("sent");
        let mut answer = vec![];
        stream.read_to_end(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

const PLEASE: &str = "GET / HTTP/1.1\r\nHost: akashi.example.jp\r\nConnection: close\r\n\r\n";

struct Answer {
    text: String,
    served: Digest,
    spoken: Option<String>,
}

fn digest(certificate: &CertificateDer) -> Digest {
    Digest(sha2::Sha256::digest(certificate).into())
}

/// Takes any server: what it served is compared by its fingerprint.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer,
        _: &[CertificateDer],
        _: &ServerName,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(&self, m: &[u8], c: &CertificateDer, s: &DigitallySignedStruct) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(m, c, s, &self.0.signature_verification_algorithms)
    }
    fn verify_tls13_signature(&self, m: &[u8], c: &CertificateDer, s: &DigitallySignedStruct) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(m, c, s, &self.0.signature_verification_algorithms)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// A visitor who speaks these versions with these suites, and shows what `shows` has.
fn visitor_with(
    provider: CryptoProvider,
    versions: &[&'static SupportedProtocolVersion],
    shows: Option<Arc<dyn ResolvesClientCert>>,
) -> Arc<ClientConfig> {
    let provider = Arc::new(provider);
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions).expect("versions");
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyServer(provider)));
    let mut config = match shows {
        Some(shows) => builder.with_client_cert_resolver(shows),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

fn visitor(versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
    visitor_with(default_provider(), versions, None)
}

/// A certificate and its key, as PEM and as DER.
fn pair(from: i32, to: i32) -> (rcgen::Certificate, rcgen::KeyPair) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut wanted = rcgen::CertificateParams::new(vec![NAME.to_owned()]).expect("names");
    wanted.not_before = rcgen::date_time_ymd(from, 1, 1);
    wanted.not_after = rcgen::date_time_ymd(to, 1, 1);
    (wanted.self_signed(&key).expect("a certificate"), key)
}

/// Shows a certificate and signs with a key, whether they belong together or not.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl Shows {
    fn of(certificate: &rcgen::Certificate, key: &rcgen::KeyPair) -> Option<Arc<dyn ResolvesClientCert>> {
        let key = any_supported_type(&PrivateKeyDer::try_from(key.serialize_der()).expect("a key")).expect("a key");
        Some(Arc::new(Shows(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], key)))))
    }
}

impl ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
    fn has_certs(&self) -> bool {
        true
    }
}

#[test]
fn tls_1_3_is_served_and_1_2_is_not() {
    let house = House::own(None, Limits::default());
    let answer = house.ask(&visitor(&[&version::TLS13, &version::TLS12])).expect("an answer");
    assert!(answer.text.starts_with("HTTP/1.1 200"), "{}", answer.text);
    assert!(answer.text.contains("tls TLSv1_3 TLS13_AES_256_GCM_SHA384\nhttps true"), "{}", answer.text);
    assert_eq!(answer.spoken.as_deref(), Some("http/1.1"));
    house.refuses(&visitor(&[&version::TLS12]), "ProtocolVersion");
}

#[test]
fn tls_1_2_is_served_while_its_exception_holds_and_not_a_day_longer() {
    let house = House::own(Some("2026-11-25"), Limits::default());
    let old = visitor(&[&version::TLS12]);
    house.says(&old, "tls TLSv1_2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
    house.says(&visitor(&[&version::TLS13, &version::TLS12]), "tls TLSv1_3 TLS13_AES_256_GCM_SHA384");
    house.clock.advance(SignedDuration::from_hours(35));
    house.says(&old, "tls TLSv1_2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
    // Midnight in Japan: the same visitor, who remembers a session, is refused.
    house.clock.advance(SignedDuration::from_hours(1));
    house.refuses(&old, "ProtocolVersion");
    house.says(&visitor(&[&version::TLS13, &version::TLS12]), "tls TLSv1_3 TLS13_AES_256_GCM_SHA384");
}

#[test]
fn every_suite_of_the_profile_is_spoken_and_the_server_chooses() {
    let house = House::own(None, Limits::default());
    for suite in TLS13.suites {
        let only = CryptoProvider { cipher_suites: vec![*suite], ..default_provider() };
        house.says(&visitor_with(only, &[&version::TLS13], None), &format!("tls TLSv1_3 {}", suite.suite().as_str().expect("a name")));
    }
    let weakest_first = vec![suite::TLS13_AES_128_GCM_SHA256, suite::TLS13_CHACHA20_POLY1305_SHA256, suite::TLS13_AES_256_GCM_SHA384];
    let provider = CryptoProvider { cipher_suites: weakest_first, ..default_provider() };
    house.says(&visitor_with(provider, &[&version::TLS13], None), "tls TLSv1_3 TLS13_AES_256_GCM_SHA384");
    for group in [kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1] {
        let provider = CryptoProvider { kx_groups: vec![group], ..default_provider() };
        house.says(&visitor_with(provider, &[&version::TLS13], None), "https true");
    }
}

#[test]
fn a_new_certificate_is_served_soon_and_a_broken_one_never() {
    let mut files = (PathBuf::new(), PathBuf::new());
    let write = |(certificate, key): &(rcgen::Certificate, rcgen::KeyPair), (at, beside): &(PathBuf, PathBuf)| {
        std::fs::write(at, certificate.pem()).expect("written");
        std::fs::write(beside, key.serialize_pem()).expect("written");
        digest(certificate.der())
    };
    let (first, second, third, over) = (pair(2026, 2028), pair(2026, 2029), pair(2026, 2030), pair(2024, 2026));
    let tls = |folder: &Path| {
        files = (folder.join("chain.pem"), folder.join("key.pem"));
        write(&first, &files);
        Some(Tls::from_files(files.0.clone(), files.1.clone(), None, start()).expect("TLS"))
    };
    let house = House::open(tls, &[], Limits::default(), mirror());
    let served = || house.ask(&visitor(&[&version::TLS13])).expect("an answer").served;
    let later = || house.clock.advance(SignedDuration::from_secs(30));
    assert_eq!(served(), digest(first.0.der()));
    let renewed = write(&second, &files);
    assert_eq!(served(), digest(first.0.der()), "nobody looks more often than every 30 seconds");
    later();
    assert_eq!(served(), renewed);
    write(&over, &files);
    later();
    assert_eq!(served(), renewed, "expired");
    std::fs::write(&files.1, "half a key").expect("written");
    later();
    assert_eq!(served(), renewed, "damaged");
    std::fs::remove_file(&files.0).expect("removed");
    later();
    assert_eq!(served(), renewed, "gone");
    let mended = write(&third, &files);
    later();
    assert_eq!(served(), mended);
}

#[test]
fn an_own_certificate_is_renewed_while_it_is_served() {
    let house = House::own(None, Limits::default());
    let served = || house.ask(&visitor(&[&version::TLS13])).expect("an answer").served;
    let first = served();
    house.clock.advance(SignedDuration::from_hours(24 * 300));
    assert_eq!(served(), first);
    house.clock.advance(SignedDuration::from_hours(24 * 67));
    let second = served();
    assert_ne!(second, first);
    let now = house.clock.now();
    let again = Tls::own(house.folder.path().join("tls"), &[NAME.to_owned()], None, now).expect("TLS");
    assert_eq!(again.fingerprint(), second, "the next start serves the same");
}

#[test]
fn the_fingerprint_of_a_client_certificate_arrives_and_only_its_holder_has_it() {
    let house = House::own(Some("2026-12-31"), Limits::default());
    // Its dates are over: they are not what an organisation pins.
    let (shown, key) = pair(2020, 2021);
    let (_, stolen) = pair(2020, 2021);
    for version in [&version::TLS13, &version::TLS12] {
        let holder = visitor_with(default_provider(), &[version], Shows::of(&shown, &key));
        house.says(&holder, &format!("certificate Some({})", digest(shown.der())));
        // Once more: a resumed session tells the same.
        house.says(&holder, &format!("certificate Some({})", digest(shown.der())));
        house.says(&visitor(&[version]), "certificate None");
        let thief = visitor_with(default_provider(), &[version], Shows::of(&shown, &stolen));
        house.refuses(&thief, "DecryptError");
    }
}

#[test]
fn a_proxys_own_certificate_is_nobodys_and_its_word_counts() {
    let own = |folder: &Path| Some(Tls::own(folder.join("tls"), &[NAME.to_owned()], None, start()).expect("TLS"));
    let house = House::open(own, &["127.0.0.1"], Limits::default(), mirror());
    let (shown, key) = pair(2026, 2028);
    house.says(&visitor_with(default_provider(), &[&version::TLS13], Shows::of(&shown, &key)), "certificate None");
    let forwarded = PLEASE.replace("Connection", "X-Forwarded-For: 192.0.2.66, 198.51.100.7\r\nX-Forwarded-Proto: https\r\nConnection");
    let behind = House::open(|_| None, &["127.0.0.0/8"], Limits::default(), mirror()).plain(&forwarded);
    assert!(behind.contains("address 198.51.100.7\ncertificate None\ntls none\nhttps true"), "{behind}");
    let alone = House::open(|_| None, &["10.0.0.0/8"], Limits::default(), mirror()).plain(&forwarded);
    assert!(alone.contains("address 127.0.0.1\ncertificate None\ntls none\nhttps false"), "{alone}");
}

#[test]
fn a_slow_handshake_holds_nobody_up_and_ends() {
    let limits = Limits { handshake: Duration::from_secs(2), ..Limits::default() };
    let house = House::own(None, limits);
    let mut slow: Vec<TcpStream> = (0..20).map(|_| house.connect()).collect();
    slow[0].write_all(&[22, 3, 1]).expect("the first bytes of a handshake");
    let begun = Instant::now();
    house.says(&visitor(&[&version::TLS13]), "https true");
    assert!(begun.elapsed() < limits.handshake, "{:?}", begun.elapsed());
    for stream in &mut slow {
        assert_eq!(stream.read(&mut [0; 16]).unwrap_or(0), 0, "it was closed");
    }
    let closed = limits.handshake - Duration::from_millis(200)..Duration::from_secs(10);
    assert!(closed.contains(&begun.elapsed()), "{:?}", begun.elapsed());
}

#[test]
fn who_opens_too_many_handshakes_is_turned_away_until_they_end() {
    let house = House::own(None, Limits { from_one: 3, handshake: Duration::from_secs(2), ..Limits::default() });
    let slow: Vec<TcpStream> = (0..3).map(|_| house.connect()).collect();
    // Turned away at once, long before a handshake times out.
    let begun = Instant::now();
    assert_eq!(house.connect().read(&mut [0; 16]).unwrap_or(0), 0);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    drop(slow);
    std::thread::sleep(Duration::from_millis(300));
    house.says(&visitor(&[&version::TLS13]), "https true");
}

#[test]
fn a_slow_or_huge_head_of_a_request_is_cut_off() {
    let limits = Limits { head: Duration::from_millis(500), head_bytes: 16 * 1024, ..Limits::default() };
    let house = House::open(|_| None, &[], limits, mirror());
    for slow in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: akashi.example.jp\r\nX-Slow: "] {
        let begun = Instant::now();
        let told = house.plain(slow);
        assert!(!told.contains("200 OK"), "{told}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{slow:?} {:?}", begun.elapsed());
    }
    let long = "x".repeat(20 * 1024);
    let told = house.plain(&format!("GET / HTTP/1.1\r\nHost: akashi.example.jp\r\nX-Long: {long}\r\n\r\n"));
    assert!(told.starts_with("HTTP/1.1 431"), "{told}");
    let told = house.plain(&format!("GET / HTTP/1.1\r\nHost: akashi.example.jp\r\n{}\r\n", "X-Many: 1\r\n".repeat(200)));
    assert!(told.starts_with("HTTP/1.1 431"), "{told}");
    assert!(house.plain(PLEASE).starts_with("HTTP/1.1 200"));
}

#[test]
fn open_requests_are_finished_before_the_end() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
    let at = listener.local_addr().expect("its address");
    let slow = Router::new().fallback(|| async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        "finished"
    });
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = runtime.spawn(Entrance::from(listener).serve(slow, start, async { stopped.await.unwrap_or_default() }));
    let mut idle = TcpStream::connect(at).expect("a connection");
    let mut busy = TcpStream::connect(at).expect("a connection");
    busy.write_all(PLEASE.as_bytes()).expect("sent");
    std::thread::sleep(Duration::from_millis(200));
    stop.send(()).expect("it runs");
    let mut told = String::new();
    busy.read_to_string(&mut told).expect("an answer");
    assert!(told.ends_with("finished"), "{told}");
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(5), served).await }).expect("it ends").expect("in order");
    assert_eq!(idle.read(&mut [0; 16]).unwrap_or(0), 0);
    assert!(TcpStream::connect(at).is_err());
}

/// The whole service at an address, over plain HTTP.
fn service(address: &str) -> House {
    let data = tempfile::tempdir().expect("a folder");
    let config = Config { address: address.into(), ..Config::embedded(data.path()) };
    let app = Arc::new(App::open(config, Clock::set(start())).expect("an installation"));
    let house = House::open(|_| None, &[], Limits::default(), web::server::router(app));
    House { folder: data, ..house }
}

#[test]
fn browsers_are_told_to_come_by_tls_only_and_to_trust_nothing_else() {
    let told = service("https://akashi.example.jp").plain(&PLEASE.replace("GET /", "GET /signin")).to_lowercase();
    for header in [
        "strict-transport-security: max-age=63072000; includesubdomains",
        "content-security-policy: ",
        "x-content-type-options: nosniff",
        "x-frame-options: deny",
        "referrer-policy: same-origin",
        "cache-control: no-store",
        "cross-origin-opener-policy: same-origin",
        "cross-origin-resource-policy: same-origin",
        "permissions-policy: publickey-credentials-get=(self), publickey-credentials-create=(self), accelerometer=(), ",
    ] {
        assert!(told.contains(&format!("\r\n{header}")), "{header} is not in {told}");
    }
    let plain = service("http://127.0.0.1:8253").plain(PLEASE).to_lowercase();
    assert!(plain.contains("permissions-policy") && !plain.contains("strict-transport-security"), "{plain}");
}

#[test]
fn line_breaks_in_a_query_or_form_never_reach_a_header() {
    let world = World::shared();
    // The last becomes a line break where only the lower byte of each character is kept.
    let broken = ["\r\nX-Injected: yes", "\nSet-Cookie: injected=1", "\r\n\r\ninjected", "\0injected", "\u{560a}\u{560d}X-Injected: yes"];
    for broken in broken {
        let (to, code) = (format!("/x{broken}"), broken.bytes().map(|b| format!("%{b:02x}")).collect::<String>());
        // Somebody for whom the password is the last step, so that the address counts.
        let fields = [("email", COLLEAGUE), ("password", app::demo::PASSWORD), ("to", &*to)];
        let signed = world.form("/signin", Some(COLLEAGUE), &fields);
        let spoken = world.page(&format!("/lang?lang=en{code}&to=/x{code}"), None, Lang::Ja);
        for reply in [&signed, &spoken] {
            let lines: Vec<&[u8]> = reply.headers.values().map(|v| v.as_bytes()).collect();
            assert!(lines.iter().all(|l| !l.iter().any(u8::is_ascii_control)), "{broken:?} {lines:?}");
            assert!(!reply.headers.contains_key("x-injected") && !reply.header("set-cookie").contains("injected"), "{lines:?}");
            // Nor is it an error of ours: the visitor is sent home.
            assert_eq!(reply.status, 303, "{broken:?} {}", reply.text());
            assert!(!broken.is_ascii() || reply.header("location") == "/", "{broken:?} {:?}", reply.header("location"));
        }
        let page = world.page(&format!("/signin{code}?to=/x{code}"), None, Lang::Ja);
        assert!(page.status < 500 && page.headers.values().all(|v| !v.as_bytes().iter().any(u8::is_ascii_control)), "{broken:?}");
    }
}
