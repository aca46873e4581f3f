//! What strangers send to the door: forged and stale cookies and tokens, foreign forms, traps in addresses and names.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use identity::totp::TotpKey;
use jiff::{SignedDuration, civil::time};
use rules::access::Access;
use rules::act::Actor;
use rules::command::{Command, Secret};
use rules::party::Role;
use rules::request::Ask;
use rules::text::Lang;
use web::testing::{AT_ENROL, AT_FACTOR, AT_PASSWORD, COLLEAGUE, EVALUATOR, HOSPITAL, OFFICER, OPERATOR, Reply, SECRETARIAT, World};

const REVIEWER: &str = "reviewer@example.jp";
const SESSION: &str = "akashi_session";
const VISITOR: &str = "akashi_visitor";
const OTHER_PASSWORD: &str = "夏の庭で猫が鳴いた静かな朝";
const BOTH: [Lang; 2] = [Lang::Ja, Lang::En];

/// What only people who mend the program would understand.
const INSIDE: [&str; 22] = [
    "panick",
    "backtrace",
    ".rs:",
    "src/",
    "sqlite",
    "postgres",
    "constraint",
    "insert into",
    "select *",
    "unwrap",
    "expect(",
    "some(",
    "none)",
    "argon2",
    "identity::",
    "rules::",
    "store::",
    "serde",
    "axum",
    "hyper",
    "utf-8",
    "\\u{",
];

/// A filled world that nobody has used, to copy.
fn world() -> World {
    static UNUSED: OnceLock<World> = OnceLock::new();
    UNUSED.get_or_init(World::fresh).copy()
}

/// What people read of an answer, without marks.
fn words(reply: &Reply) -> String {
    let page = scraper::Html::parse_document(&reply.text());
    let main = scraper::Selector::parse("main").expect("a selector");
    page.select(&main).flat_map(|m| m.text()).collect::<Vec<_>>().join(" ")
}

/// No fault of ours, nothing of the inside, and words in the visitor's language.
fn calm(reply: &Reply, lang: Lang) {
    assert!(reply.status < 500, "{} {}", reply.status, reply.text());
    assert!(!reply.headers.values().any(|v| v.as_bytes().iter().any(u8::is_ascii_control)), "{:?}", reply.headers);
    let body = reply.text().to_lowercase();
    let words = words(reply);
    for inside in INSIDE {
        // A style sheet is no message: of a page only its words are looked at.
        let told = if words.is_empty() { &body } else { &words.to_lowercase() };
        assert!(!told.contains(inside), "{inside:?} in {told}");
    }
    if reply.status >= 400 {
        let is_japanese = |c: char| ('\u{3041}'..='\u{30ff}').contains(&c);
        assert_eq!(words.contains(is_japanese), lang == Lang::Ja, "{words}");
        assert!(reply.text().contains(&format!("<html lang=\"{}\"", lang.tag())));
    }
}

/// A browser: it keeps cookies, and sends forms with the token of a page it was shown.
struct Browser<'w> {
    world: &'w World,
    cookies: BTreeMap<String, String>,
    lang: Lang,
    address: [u8; 4],
}

impl<'w> Browser<'w> {
    fn new(world: &'w World) -> Browser<'w> {
        Browser { world, cookies: BTreeMap::new(), lang: Lang::Ja, address: [127, 0, 0, 1] }
    }

    /// Somebody for whom the password is enough.
    fn signed_in(world: &'w World, email: &str) -> Browser<'w> {
        let mut browser = Browser::new(world);
        let reply = browser.sign_in(email);
        assert!(reply.status == 303 && is_home(reply.header("location")), "{} {}", reply.header("location"), words(&reply));
        browser
    }

    fn speaking(mut self, lang: Lang) -> Browser<'w> {
        self.lang = lang;
        self
    }

    fn with(mut self, cookie: &str, value: &str) -> Browser<'w> {
        self.cookies.insert(cookie.into(), value.into());
        self
    }

    fn secret(&self) -> String {
        self.cookies.get(SESSION).expect("a session cookie").clone()
    }

    fn send(&mut self, request: axum::http::request::Builder, body: Vec<u8>) -> Reply {
        let mut line = format!("akashi_lang={}", self.lang.tag());
        for (name, value) in &self.cookies {
            line.push_str(&format!("; {name}={value}"));
        }
        let request = request.header(header::COOKIE, HeaderValue::from_bytes(line.as_bytes()).expect("a header"));
        let reply = self.world.ask_from((self.address, 1).into(), request.body(Body::from(body)).expect("a request"));
        for set in reply.headers.get_all(header::SET_COOKIE) {
            let (name, rest) = set.to_str().expect("text").split_once('=').expect("a name");
            let value = rest.split(';').next().unwrap_or_default();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
        reply
    }

    fn get(&mut self, path: &str) -> Reply {
        self.send(Request::get(path), vec![])
    }

    /// A form with whatever token is given.
    fn form_with(&mut self, token: Option<&str>, path: &str, fields: &[(&str, &str)]) -> Reply {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(token.map(|t| (web::components::CSRF_FIELD, t)));
        let body = form.extend_pairs(fields).finish().into_bytes();
        self.send(Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded"), body)
    }

    /// A form with the token of the page that this visitor is shown.
    fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let token = self.token();
        self.form_with(Some(&token), path, fields)
    }

    fn token(&mut self) -> String {
        let mut page = self.get("/signin");
        if page.status == 303 {
            let next = page.header("location").to_owned();
            page = self.get(if is_home(&next) { "/account" } else { &next });
        }
        let text = page.text();
        let value = text.split("name=\"csrf\" value=\"").nth(1).unwrap_or_else(|| panic!("no form on {text}"));
        value.split('"').next().unwrap_or_default().to_owned()
    }

    fn sign_in(&mut self, email: &str) -> Reply {
        self.form("/signin", &[("email", email), ("password", app::demo::PASSWORD)])
    }

    fn is_in(&mut self) -> bool {
        self.get("/account").status == 200
    }
}

/// The first page, with or without a word about the last sign-in.
fn is_home(location: &str) -> bool {
    location.split('?').next() == Some("/")
}

/// Asks for a page with one session cookie and nothing else.
fn opens(world: &World, secret: &str) -> bool {
    Browser::new(world).with(SESSION, secret).is_in()
}

fn link_of(world: &World, email: &str, roles: &[Role]) -> String {
    let officer = world.actor(OFFICER);
    let invite = Command::InvitePerson { organisation: officer.organisation.unwrap(), email: email.into(), roles: roles.to_vec() };
    world.app.execute(&officer, invite).unwrap().secret.unwrap()
}

fn altered(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_cookie_that_is_not_exactly_ours_opens_nothing() {
    let world = world();
    let secret = Browser::signed_in(&world, COLLEAGUE).secret();
    let elsewhere = world.copy();
    // The other installation knows people of the same names, and nothing of this one from now on.
    let foreign = Browser::signed_in(&elsewhere, EVALUATOR).secret();
    assert!(opens(&world, &secret) && opens(&elsewhere, &foreign));
    let long = "a".repeat(100_000);
    let token = world.token(COLLEAGUE, true);
    let forged = [
        foreign,
        altered(&secret, 0),
        altered(&secret, secret.len() - 1),
        secret[..secret.len() - 1].to_owned(),
        format!("{secret}{secret}"),
        format!("{secret}%00"),
        format!("\"{secret}\""),
        secret.to_uppercase() + "-",
        app::digest(&secret),
        "' or 1=1 --".into(),
        "日本語".into(),
        "null".into(),
        String::new(),
        // A REST token is no cookie.
        token,
        long,
    ];
    for forged in forged {
        for lang in BOTH {
            let reply = Browser::new(&world).speaking(lang).with(SESSION, &forged).get("/account");
            assert_eq!(reply.status, 401, "{forged:.80}");
            calm(&reply, lang);
        }
    }
    assert!(opens(&world, &secret), "and nobody was signed out by it");
}

#[test]
fn a_cookie_that_was_ours_opens_nothing_afterwards() {
    let world = world();
    // Signed out: also with the back button, and for its forms.
    let mut browser = Browser::signed_in(&world, COLLEAGUE);
    let (old, token) = (browser.secret(), browser.token());
    assert_eq!(browser.form("/signout", &[]).status, 303);
    assert!(!opens(&world, &old) && !browser.is_in());
    let late = Browser::new(&world).with(SESSION, &old).form_with(Some(&token), "/account/language", &[("lang", "en")]);
    assert_eq!(late.status, 401);
    calm(&late, Lang::Ja);

    // A new password: what was open elsewhere is shut.
    let (one, mut two) = (Browser::signed_in(&world, EVALUATOR), Browser::signed_in(&world, EVALUATOR));
    let second = two.secret();
    let changed = two.form("/account/password", &[("current", app::demo::PASSWORD), ("password", OTHER_PASSWORD)]);
    assert_eq!(changed.status, 303, "{}", words(&changed));
    assert!(!opens(&world, &one.secret()) && !opens(&world, &second), "neither the other browser nor the old cookie of this one");
    assert!(two.is_in(), "who changed it stays");
}

#[test]
fn a_switch_of_organisation_leaves_the_old_cookie_worthless() {
    let world = world();
    let operator = world.actor(OPERATOR);
    let invite =
        Command::InvitePerson { organisation: operator.organisation.unwrap(), email: COLLEAGUE.into(), roles: vec![Role::Evaluator] };
    let link = world.app.execute(&operator, invite).unwrap().secret.unwrap();
    let accept =
        Command::AcceptInvitation { link: Secret(link), name: String::new(), password: Secret(app::demo::PASSWORD.into()), lang: Lang::Ja };
    world.app.execute(&Actor::system(), accept).unwrap();
    let mut browser = Browser::signed_in(&world, COLLEAGUE);
    let old = browser.secret();
    let signed = world.app.session(&old, "127.0.0.1").unwrap().unwrap();
    let other = signed.memberships.iter().find(|m| m.organisation != signed.organisation.id).unwrap().organisation.to_string();
    assert_eq!(browser.form("/switch", &[("organisation", &other)]).status, 303);
    assert!(browser.is_in() && browser.secret() != old && !opens(&world, &old));
    // Somebody else's organisation does not exist.
    let strange = world.actor(HOSPITAL).organisation.unwrap().to_string();
    let refused = browser.form("/switch", &[("organisation", &strange)]);
    assert_eq!(refused.status, 404);
    calm(&refused, Lang::Ja);
}

#[test]
fn a_session_that_ran_out_stays_shut_when_the_clock_is_set_back() {
    let world = world();
    let minutes = |n: i64| world.app.clock.advance(SignedDuration::from_mins(n));
    // Unused for longer than the demonstration's four hours.
    let idle = Browser::signed_in(&world, COLLEAGUE).secret();
    minutes(241);
    assert!(!opens(&world, &idle));
    minutes(-200);
    assert!(!opens(&world, &idle));
    // Used all the time, but older than twelve hours.
    let old = Browser::signed_in(&world, COLLEAGUE).secret();
    for _ in 0..3 {
        minutes(235);
        assert!(opens(&world, &old));
    }
    minutes(16);
    assert!(!opens(&world, &old));
    minutes(-60);
    assert!(!opens(&world, &old));
    // A day back: a session that begins in the future is not believed; a day forward: it has run out.
    let now = Browser::signed_in(&world, COLLEAGUE).secret();
    minutes(-24 * 60);
    assert!(!opens(&world, &now));
    minutes(48 * 60);
    assert!(!opens(&world, &now));
    minutes(-24 * 60);
    assert!(!opens(&world, &now));
}

#[test]
fn a_step_opens_no_page_and_a_session_no_step() {
    let world = world();
    for step in [AT_FACTOR, AT_PASSWORD, AT_ENROL] {
        let secret = world.session(step);
        let mut browser = Browser { address: [127, 0, 0, 1], ..Browser::new(&world).with(SESSION, &secret) };
        // Sessions of steps are made for this machine by name; the address is no part of what they are.
        for path in ["/", "/account", "/cases", "/tokens", "/organisations"] {
            let reply = browser.get(path);
            assert!(reply.status == 303 && reply.header("location").starts_with("/signin"), "{step} {path} {}", reply.header("location"));
        }
        let call = world.call("GET", "/api/v1/me", Some(&secret), None);
        assert!(call.status == 401 || call.status == 404, "{}", call.status);
        // Nobody goes on from a step after a quarter of an hour.
        world.app.clock.advance(SignedDuration::from_mins(16));
        let late = browser.get("/account");
        assert_eq!(late.status, 401);
        calm(&late, Lang::Ja);
    }
    let mut whole = Browser::signed_in(&world, COLLEAGUE);
    for path in ["/signin/factor", "/signin/password", "/signin/enrol"] {
        let reply = whole.get(path);
        assert_eq!(reply.status, 403, "{path}");
        calm(&reply, Lang::Ja);
    }
}

#[test]
fn two_cookies_of_one_name_are_none() {
    let world = world();
    let (one, two) = (Browser::signed_in(&world, COLLEAGUE).secret(), Browser::signed_in(&world, EVALUATOR).secret());
    let with = |lines: &[String]| {
        let mut request = Request::get("/account");
        for line in lines {
            request = request.header(header::COOKIE, line);
        }
        world.ask(request.body(Body::empty()).unwrap())
    };
    let pair = |secret: &str| format!("{SESSION}={secret}");
    for lines in [
        vec![format!("{}; {}", pair(&one), pair(&two))],
        vec![format!("{}; {}", pair(&two), pair(&one))],
        vec![pair(&one), pair(&two)],
        vec![format!("{}; {}", pair("planted"), pair(&one))],
        vec![format!("{}; {}", pair(""), pair(&one))],
    ] {
        let reply = with(&lines);
        assert_eq!(reply.status, 401, "{lines:?}");
        calm(&reply, Lang::Ja);
    }
    assert_eq!(with(&[format!("{}; {}", pair(&one), pair(&one))]).status, 200, "the same twice is no doubt");
}

#[test]
fn a_form_is_taken_with_the_token_of_its_own_session_only() {
    let world = world();
    let mut browser = Browser::signed_in(&world, COLLEAGUE);
    let own = browser.token();
    let other = Browser::signed_in(&world, COLLEAGUE).token();
    let somebody = Browser::signed_in(&world, EVALUATOR).token();
    let visitor = Browser::new(&world).token();
    let mut wrong: Vec<Option<String>> =
        vec![None, Some(String::new()), Some(other), Some(somebody), Some(visitor), Some(browser.secret())];
    // One digit of the mask or of what it covers; the middle is where they meet.
    wrong.extend([0, 1, 31, 63, 64, 65, 127].map(|at| Some(altered(&own, at))));
    wrong.extend([own[..64].to_owned(), own[..127].to_owned(), format!("{own}0")].map(Some));
    wrong
        .extend(["0".repeat(128), "g".repeat(128), "あ".repeat(128), format!("{}é{}", &own[..63], &own[64..]), own.repeat(1000)].map(Some));
    for (n, token) in wrong.iter().enumerate() {
        for lang in BOTH {
            browser.lang = lang;
            let reply = browser.form_with(token.as_deref(), "/account/language", &[("lang", "en")]);
            assert_eq!(reply.status, 403, "{n}: {token:.80?}");
            calm(&reply, lang);
        }
    }
    let visitors = Browser::new(&world).form_with(Some(&own), "/signin", &[("email", COLLEAGUE), ("password", app::demo::PASSWORD)]);
    assert_eq!(visitors.status, 403, "nor is a session's token a visitor's");
    let lang = || world.app.session(&browser.secret(), "127.0.0.1").unwrap().unwrap().person.lang;
    assert_eq!(lang(), Lang::Ja);
    let done = Browser::new(&world).with(SESSION, &browser.secret()).form_with(Some(&own), "/account/language", &[("lang", "en")]);
    assert_eq!(done.status, 303, "{}", words(&done));
}

#[test]
fn a_cookie_set_before_signing_in_is_not_the_one_after() {
    let world = world();
    let planted = "a".repeat(64);
    let attackers = Browser::signed_in(&world, EVALUATOR).secret();
    for fixed in [planted, attackers.clone()] {
        let mut victim = Browser::new(&world).with(SESSION, &fixed).with(VISITOR, &"b".repeat(64));
        let reply = victim.sign_in(COLLEAGUE);
        assert_eq!(reply.status, 303);
        assert_ne!(victim.secret(), fixed);
        let mut attacker = Browser::new(&world).with(SESSION, &fixed);
        assert!(!attacker.get("/account").text().contains(COLLEAGUE));
        assert!(victim.get("/account").text().contains(COLLEAGUE));
    }
    // Each step has a cookie of its own, too.
    let mut browser = Browser::new(&world);
    assert_eq!(browser.sign_in(OFFICER).header("location"), "/signin/factor");
    let step = browser.secret();
    let code = TotpKey::parse(app::demo::TOTP_KEY).unwrap().code(world.app.clock.now());
    world.app.clock.advance(SignedDuration::from_secs(31));
    let fresh = TotpKey::parse(app::demo::TOTP_KEY).unwrap().code(world.app.clock.now());
    let reply = browser.form("/signin/factor", &[("by", "totp"), ("code", &fresh)]);
    assert_eq!(reply.status, 303, "{} {code}", words(&reply));
    assert!(browser.secret() != step && !opens(&world, &step) && browser.is_in());
}

#[test]
fn over_tls_no_neighbouring_host_can_set_our_cookies() {
    let world = world();
    let tls = world.again(|config| app::Config { address: "https://akashi.example.jp".into(), ..config });
    let page = tls.page("/signin", None, Lang::Ja);
    let set: Vec<&str> = page.headers.get_all(header::SET_COOKIE).iter().map(|v| v.to_str().unwrap()).collect();
    assert!(!set.is_empty());
    let token = page.text().split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("csrf", &*token), ("email", COLLEAGUE), ("password", app::demo::PASSWORD)])
        .finish();
    let request = Request::post("/signin")
        .header(header::COOKIE, set[0].split(';').next().unwrap())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let signed = tls.ask(request.body(Body::from(body)).unwrap());
    assert_eq!(signed.status, 303, "{}", words(&signed));
    for cookie in set.into_iter().chain([signed.header("set-cookie")]) {
        // RFC 6265bis, 4.1.3.2: secure, for the whole host, and for no other.
        assert!(cookie.starts_with("__Host-") && cookie.contains("; Path=/;") && !cookie.contains("Domain"), "{cookie}");
        assert!(["; HttpOnly", "; SameSite=Lax", "; Secure"].iter().all(|a| cookie.contains(a)), "{cookie}");
    }
}

/// A form with a file and its label, as the page of evidence sends it.
fn add_evidence(world: &World, name: &str, bytes: &[u8]) -> Reply {
    let reply = world.page("/evidence", Some(OFFICER), Lang::Ja);
    let page = scraper::Html::parse_document(&reply.text());
    let token = scraper::Selector::parse("form[data-upload] input[name=csrf]").expect("a selector");
    let token = page.select(&token).next().and_then(|input| input.attr("value")).expect("a token").to_owned();
    let mut body = vec![];
    for (field, value) in [("csrf", token.as_str()), ("label", "confidential"), ("valid_until", "")] {
        body.extend(format!("--edge\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n").into_bytes());
    }
    body.extend(format!("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n").into_bytes());
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    let request = Request::post("/evidence")
        .header(header::COOKIE, format!("{SESSION}={}", world.session(OFFICER)))
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
        .body(Body::from(body));
    world.ask(request.expect("a request"))
}

#[test]
fn a_hostile_file_is_refused_in_words_and_a_strange_name_stays_a_name() {
    let world = world();
    let library = || world.app.library(&world.actor(OFFICER)).unwrap();
    let before = library().len();
    for (name, bytes, said) in [
        ("bad.zip", &b"PK\x03\x04 is not all"[..], "壊れている"),
        ("bad.docx", b"PK\x03\x04 is not all", "壊れている"),
        ("bad.gz", &[0x1F, 0x8B, 8, 0, 0], "壊れている"),
        ("invoice\u{202e}fdp.txt", b"words", "文字の向きを変える文字"),
        ("a\u{200b}b.txt", b"words", "見えない文字"),
    ] {
        let reply = add_evidence(&world, name, bytes);
        assert_eq!(reply.status, 422, "{name}");
        assert!(words(&reply).contains(said), "{name}: {}", words(&reply));
        calm(&reply, Lang::Ja);
    }
    assert_eq!(library().len(), before);
    for name in ["=HYPERLINK(1)<script>alert(1)</script>.txt", "規程; filename=evil.html.txt"] {
        assert_eq!(add_evidence(&world, name, b"words <script>alert(1)</script>").status, 303, "{name}");
        let kept = library().into_iter().find(|e| name.ends_with(&e.name)).unwrap_or_else(|| panic!("{name} is not kept"));
        for (query, how) in [("", "attachment"), ("?view=1", "inline")] {
            let file = world.page(&format!("/files/{}{query}", kept.id), Some(OFFICER), Lang::Ja);
            let sent = file.header("content-disposition");
            assert!(sent.starts_with(&format!("{how}; filename=\"file\"; filename*=UTF-8''")), "{sent}");
            assert!(!sent.contains('<') && !sent.contains("evil.html.txt; ") && sent.matches(';').count() == 2, "{sent}");
            assert_eq!((file.header("content-type"), file.header("x-content-type-options")), ("text/plain; charset=utf-8", "nosniff"));
        }
        let page = world.page(&format!("/evidence/{}", kept.id), Some(OFFICER), Lang::Ja).text();
        assert!(!page.contains("<script>alert"), "{name}");
    }
}

#[test]
fn nothing_that_is_sent_becomes_a_header() {
    let world = world();
    let ends = ["\r\nSet-Cookie: a=b", "\n\nbody", "\u{85}", "\u{2028}", "\0", "; Domain=jp", "\u{560a}\u{560d}X: y"];
    for odd in ends {
        let coded: String = odd.bytes().map(|b| format!("%{b:02x}")).collect();
        let mut browser = Browser::new(&world);
        for path in [
            format!("/lang?lang=ja{coded}&to=/{coded}"),
            format!("/signin?to=/{coded}&after={coded}"),
            format!("/{coded}"),
            format!("/invitation?link={coded}"),
            format!("/files/{coded}"),
            format!("/api/v1/{coded}?lang={coded}"),
        ] {
            let reply = browser.get(&path);
            assert!(!reply.headers.values().any(|v| v.as_bytes().iter().any(u8::is_ascii_control)), "{path} {:?}", reply.headers);
            let cookies: Vec<_> = reply.headers.get_all(header::SET_COOKIE).iter().collect();
            assert!(cookies.iter().all(|c| !c.to_str().unwrap().contains("Domain") && !c.to_str().unwrap().contains("a=b")), "{cookies:?}");
            assert!(reply.status < 500, "{path}");
        }
        // A file keeps its name, and the name stays one value of one header.
        let officer = world.actor(OFFICER);
        let name = format!("a{odd}\"; filename=\"x.html.txt");
        if let Ok(done) = world.app.add_evidence(&officer, &name, &b"plain words"[..], rules::evidence::Label::Confidential, None, None) {
            let file = world.page(&format!("/files/{}", done.made.unwrap()), Some(OFFICER), Lang::Ja);
            let told = file.header("content-disposition");
            assert!(file.status == 200 && told.starts_with("attachment; filename=\"file\"; filename*=UTF-8''a"), "{told}");
            assert_eq!(told.matches('"').count(), 2, "{told}");
        }
    }
    // Languages that are none.
    for odd in ["../../etc", "ja\u{0}", "<script>", "x; Domain=jp"] {
        let tag: String = form_urlencoded::byte_serialize(odd.as_bytes()).collect();
        let reply = Browser::new(&world).get(&format!("/lang?lang={tag}&to=/"));
        let cookie = reply.header("set-cookie").to_owned();
        assert!(cookie.starts_with("akashi_lang=ja;") || cookie.starts_with("akashi_lang=en;"), "{cookie}");
    }
}

/// Addresses that a browser would read as another host, or that are none of ours.
const AWAY: [&str; 22] = [
    "https://example.com/",
    "HTTPS://example.com",
    "https:example.com",
    "http:/\\example.com",
    "//example.com",
    "///example.com",
    "/\\example.com",
    "\\\\example.com",
    "\\/example.com",
    "/\t/example.com",
    "/\n/example.com",
    "\t//example.com",
    " //example.com",
    "%2f%2fexample.com",
    "javascript:alert(1)",
    "data:text/html,x",
    "@example.com",
    ".example.com",
    "／／example.com",
    "⁄⁄example.com",
    "/\u{0}/example.com",
    "/x\\..\\/example.com",
];

/// A session's cookie, where a form goes, and its fields.
type Sent<'t> = (Option<&'t str>, &'t str, Vec<(&'t str, &'t str)>);

/// Whether a browser stays on this host with it: one slash, and then nothing that it would read as a second one.
fn stays(location: &str) -> bool {
    location.starts_with('/') && !location.starts_with("//") && !location.contains('\\') && !location.contains(|c: char| c.is_control())
}

#[test]
fn no_address_that_is_sent_along_leads_to_another_host() {
    let world = world();
    let to = |reply: &Reply| {
        let location = reply.headers.get("location").map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
        location.unwrap_or_else(|| panic!("{} goes nowhere: {}", reply.status, words(reply)))
    };
    // Who spares the address keeps it: the paths that look dangerous and are not.
    let inside = ["/%2f%2fexample.com", "/／example.com", "/cases?to=https://example.com"];
    for (away, is_away) in AWAY.iter().map(|a| (*a, true)).chain(inside.iter().map(|a| (*a, false))) {
        let coded: String = form_urlencoded::byte_serialize(away.as_bytes()).collect();
        let mut browser = Browser::new(&world);
        let mut seen = vec![to(&browser.get(&format!("/lang?lang=ja&to={coded}")))];
        seen.push(to(&browser.form("/signin", &[("email", COLLEAGUE), ("password", app::demo::PASSWORD), ("to", away)])));
        seen.push(to(&browser.form("/confirm", &[("by", "password"), ("password", app::demo::PASSWORD), ("to", away)])));
        for location in &seen {
            assert!(stays(location), "{away:?} leads to {location:?}");
            assert!(!is_away || is_home(location), "{away:?} leads to {location:?}");
        }
        // A form that waits is sent to this host as well.
        let waiting = [("by", "password"), ("password", app::demo::PASSWORD), ("to", away), ("posted", "1"), ("kept.a", "b")];
        let page = browser.form("/confirm", &waiting).text();
        let actions: Vec<&str> = page.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(actions.len() > 1 && actions.iter().all(|a| stays(a)), "{away:?} {actions:?}");
        browser.form("/signout", &[]);

        // Through the steps: the address of the next one carries it as a value only.
        let mut partial = Browser::new(&world);
        let first = to(&partial.form("/signin", &[("email", OFFICER), ("password", app::demo::PASSWORD), ("to", away)]));
        assert!(first.starts_with("/signin/factor") && stays(&first), "{first}");
        world.app.clock.advance(SignedDuration::from_secs(61));
        let code = TotpKey::parse(app::demo::TOTP_KEY).unwrap().code(world.app.clock.now());
        let last = to(&partial.form("/signin/factor", &[("by", "totp"), ("code", &code), ("to", away)]));
        assert!(stays(&last) && (!is_away || is_home(&last)), "{away:?} leads to {last:?}");
        partial.form("/signout", &[]);
    }
}

#[test]
fn a_megabyte_in_any_field_of_the_door_is_refused_soon_and_calmly() {
    let world = world();
    let link = link_of(&world, "megabyte@example.jp", &[Role::Colleague]);
    let (latin, kana) = ("a1".repeat(512 * 1024), "あ".repeat(350_000));
    let (factor, password, enrol) = (world.session(AT_FACTOR), world.session(AT_PASSWORD), world.session(AT_ENROL));
    let signed = Browser::signed_in(&world, COLLEAGUE).secret();
    let known = app::demo::PASSWORD;
    for big in [&*latin, &*kana] {
        let forms: [Sent; 15] = [
            (None, "/signin", vec![("email", COLLEAGUE), ("password", big)]),
            (None, "/signin", vec![("email", big), ("password", known)]),
            (None, "/signin", vec![("email", big), ("password", big), ("to", big)]),
            (None, "/signin/passkey", vec![("challenge", big), ("passkey", big)]),
            (Some(&factor), "/signin/factor", vec![("by", "totp"), ("code", big)]),
            (Some(&factor), "/signin/factor", vec![("by", "recovery"), ("code", big)]),
            (Some(&factor), "/signin/factor", vec![("by", "alternate"), ("code", big)]),
            (Some(&password), "/signin/password", vec![("current", known), ("password", big)]),
            (Some(&enrol), "/signin/enrol/totp", vec![("code", big)]),
            (Some(&signed), "/account/password", vec![("current", known), ("password", big)]),
            (Some(&signed), "/confirm", vec![("by", "password"), ("password", big)]),
            (None, "/reissue", vec![("link", big), ("password", big)]),
            (None, "/invitation", vec![("link", &link), ("name", "名前"), ("password", big)]),
            (None, "/invitation", vec![("link", &link), ("name", big), ("password", OTHER_PASSWORD)]),
            (
                None,
                "/welcome",
                vec![("link", big), ("organisation", big), ("kinds", "body"), ("name", big), ("email", big), ("password", big)],
            ),
        ];
        for (cookie, path, fields) in forms {
            // Refused guesses slow the next ones down; here each is the first.
            world.app.clock.advance(SignedDuration::from_secs(1));
            let mut browser = Browser::new(&world);
            if let Some(secret) = cookie {
                browser = browser.with(SESSION, secret);
            }
            let token = browser.token();
            let begun = Instant::now();
            let reply = browser.form_with(Some(&token), path, &fields);
            let took = begun.elapsed();
            assert!(matches!(reply.status, 401 | 403 | 404 | 409 | 413 | 422 | 429), "{path} {}", reply.status);
            calm(&reply, Lang::Ja);
            // Guessing at a megabyte letter by letter would take hours: a minute leaves room for the slowest machine.
            assert!(took < Duration::from_secs(60), "{path} took {took:?}");
            assert!(!words(&reply).contains(&big[..300]), "{path} repeats it");
        }
    }
    assert!(world.app.invitation_by_link(&link).unwrap().is_some(), "and nothing came of it");
}

#[test]
fn no_second_account_looks_like_the_first() {
    let world = world();
    let officer = world.actor(OFFICER);
    let (known, organisation) = (officer.person.unwrap(), officer.organisation.unwrap());
    // Letters of other alphabets, other widths, ligatures, and what nobody sees.
    let alike = [
        "оfficer@example.jp",
        "officer@exаmple.jp",
        "ｏｆｆｉｃｅｒ@example.jp",
        "officer＠example.jp",
        "oﬃcer@example.jp",
        "officer\u{200b}@example.jp",
        "officer\u{ad}@example.jp",
        "\u{202e}officer@example.jp",
        "officer@example.jp\u{0}",
        "officer @example.jp",
        "officer@example。jp",
        "officer@ex\u{301}ample.jp",
        "officer@@example.jp",
        "officer@example.jp.",
        "\"officer\"@example.jp",
        "officer@[127.0.0.1]",
    ];
    for (n, email) in alike.iter().enumerate() {
        let path = format!("/organisations/{organisation}/invitations");
        let invited = world.form(&path, Some(OFFICER), &[("email", email), ("roles", "colleague")]);
        assert_eq!(invited.status, 422, "{email:?}");
        calm(&invited, Lang::Ja);
        let ask = Ask::Register { email: (*email).into(), roles: vec![Role::Colleague] };
        let command = Command::MakeRequest { organisation: None, ask, reason: "新任のため".into(), begin: None, hours: 24 };
        assert!(world.app.execute(&officer, command).is_err(), "{email:?}");
        // And it signs in to nobody's account, with the right password of the one it looks like.
        let mut browser = Browser { address: [192, 0, 2, u8::try_from(n).unwrap()], ..Browser::new(&world) };
        let reply = browser.sign_in(email);
        assert_eq!(reply.status, 401, "{email:?}");
        calm(&reply, Lang::Ja);
    }
    // Case and space are no difference: it is the same account, and its own password is asked for.
    for same in ["OFFICER@EXAMPLE.JP", "  Officer@Example.jp "] {
        let link = link_of(&world, same, &[Role::Colleague]);
        let accept = |password: &str| {
            let command = Command::AcceptInvitation {
                link: Secret(link.clone()),
                name: "別人".into(),
                password: Secret(password.into()),
                lang: Lang::Ja,
            };
            world.app.execute(&Actor::system(), command)
        };
        assert!(accept(OTHER_PASSWORD).is_err(), "a new password does not take the account over");
        world.app.clock.advance(SignedDuration::from_secs(10));
        assert_eq!(accept(app::demo::PASSWORD).unwrap().made, Some(known.to_string()));
        assert_eq!(Browser::new(&world).sign_in(same).status, 303);
    }
    assert_eq!(Browser::new(&world).sign_in("\u{212a}aoru@example.jp").status, 401, "the Kelvin sign is no k");
}

#[test]
fn a_name_holds_no_character_that_nobody_sees() {
    let world = world();
    let path = |link: &str| format!("/invitation?link={link}");
    // Nothing to see at all: marks of direction, fillers of Hangul, a blank of Braille, tags.
    for (n, empty) in
        ["\u{202e}\u{2066}", "\u{200b}\u{feff}", "\u{3164}\u{115f}", "\u{2800}", "\u{e0041}\u{e007f}", "\u{61c}"].iter().enumerate()
    {
        let link = link_of(&world, &format!("empty{n}@example.jp"), &[Role::Colleague]);
        let mut browser = Browser::new(&world);
        assert_eq!(browser.get(&path(&link)).status, 200);
        let reply = browser.form("/invitation", &[("link", &link), ("name", empty), ("password", OTHER_PASSWORD)]);
        assert_eq!(reply.status, 422, "{empty:?}");
        calm(&reply, Lang::Ja);
    }
    let link = link_of(&world, "bidi@example.jp", &[Role::Colleague]);
    let name = "\u{202e}田中\u{2066} \u{61c}花\u{200f}子\u{3164}葛\u{e0100}";
    let reply = Browser::new(&world).form("/invitation", &[("link", &link), ("name", name), ("password", OTHER_PASSWORD)]);
    assert_eq!(reply.status, 303, "{}", words(&reply));
    let members = world.page(&format!("/organisations/{}", world.actor(OFFICER).organisation.unwrap()), Some(OFFICER), Lang::Ja).text();
    assert!(members.contains("田中 花子葛\u{e0100}"), "the sequence of a variant stays");
    assert!(!members.contains(['\u{202e}', '\u{2066}', '\u{61c}', '\u{200f}', '\u{3164}']));
}

#[test]
fn a_code_and_a_link_that_were_used_stay_used_whatever_the_clock_does() {
    let world = world();
    let day = SignedDuration::from_hours(24);
    let code = TotpKey::parse(app::demo::TOTP_KEY).unwrap().code(world.app.clock.now());
    // The demonstration's people have signed in to be made; their generators start anew a minute later.
    world.app.clock.advance(SignedDuration::from_secs(90));
    let fresh = TotpKey::parse(app::demo::TOTP_KEY).unwrap().code(world.app.clock.now());
    let enter = |code: &str| {
        let mut browser = Browser::new(&world);
        assert_eq!(browser.sign_in(SECRETARIAT).header("location"), "/signin/factor");
        let reply = browser.form("/signin/factor", &[("by", "totp"), ("code", code)]);
        calm(&reply, Lang::Ja);
        reply.status
    };
    assert_eq!((enter(&code), enter(&fresh)), (401, 303), "not after its time, and once");
    for jump in [SignedDuration::ZERO, day, -day] {
        world.app.clock.advance(jump);
        assert_eq!(enter(&fresh), 401);
    }

    let link = link_of(&world, "used@example.jp", &[Role::Colleague]);
    let accept = |password: &str| {
        let reply = Browser::new(&world).form("/invitation", &[("link", &link), ("name", "新しい人"), ("password", password)]);
        calm(&reply, Lang::Ja);
        reply.status
    };
    assert_eq!(accept(OTHER_PASSWORD), 303);
    for jump in [day, -day, -day, day] {
        world.app.clock.advance(jump);
        assert_eq!(accept("冬の港で犬が走る明るい昼"), 404);
    }
    let late = link_of(&world, "late@example.jp", &[Role::Colleague]);
    world.app.clock.advance(day * 9);
    for jump in [SignedDuration::ZERO, -day, day] {
        world.app.clock.advance(jump);
        let reply = Browser::new(&world).form("/invitation", &[("link", &late), ("name", "新しい人"), ("password", OTHER_PASSWORD)]);
        assert_eq!(reply.status, 409);
        calm(&reply, Lang::Ja);
    }
}

#[test]
fn an_approval_that_is_over_opens_nothing_when_the_clock_is_set_back_and_never_for_who_asked() {
    let world = world();
    let officer = world.actor(OFFICER);
    let organisation = officer.organisation.unwrap();
    let act = |actor: &Actor, command| world.app.execute(actor, command);
    let person = |email| world.actor(email).person.unwrap();
    act(&officer, Command::SetRoles { organisation, person: person(REVIEWER), roles: vec![Role::Officer, Role::Administrator] }).unwrap();
    let (reviewer, colleague) = (world.actor(REVIEWER), person(COLLEAGUE));
    // Noon is outside the hours from now on.
    let access = world.app.own_access(&officer).unwrap();
    let evening = Access { hours: Some((time(18, 0, 0, 0), time(20, 0, 0, 0))), ..access };
    act(&officer, Command::SetAccess { access: Box::new(evening) }).unwrap();
    let try_colleague = || {
        let mut browser = Browser::new(&world);
        let reply = browser.sign_in(COLLEAGUE);
        calm(&reply, Lang::Ja);
        reply.status
    };
    assert_eq!(try_colleague(), 403);
    let ask = || {
        let ask = Ask::OutOfHours { person: colleague };
        let made = act(&officer, Command::MakeRequest { organisation: None, ask, reason: "障害対応のため".into(), begin: None, hours: 2 });
        let request = made.unwrap().made.unwrap().parse().unwrap();
        act(&reviewer, Command::DecideRequest { request, approve: true, statement: String::new() }).unwrap();
    };
    ask();
    // It is the colleague's; the administrator who asked for it is kept out as before.
    assert_eq!(Browser::new(&world).sign_in(OFFICER).status, 403);
    assert_eq!(try_colleague(), 303);
    assert_eq!(try_colleague(), 403, "it opens the door once");
    ask();
    let hours = |n| world.app.clock.advance(SignedDuration::from_hours(n));
    hours(24);
    assert_eq!(try_colleague(), 403);
    assert!(world.app.end_requests().unwrap() > 0);
    hours(-24);
    assert_eq!(try_colleague(), 403);
}

#[test]
fn a_password_made_by_akashi_opens_one_form_and_ends_with_its_request() {
    let world = world();
    let officer = world.actor(OFFICER);
    let organisation = officer.organisation.unwrap();
    let act = |actor: &Actor, command| world.app.execute(actor, command).unwrap();
    let person = |email| world.actor(email).person.unwrap();
    act(&officer, Command::SetRoles { organisation, person: person(REVIEWER), roles: vec![Role::Officer, Role::Administrator] });
    let (reviewer, colleague) = (world.actor(REVIEWER), person(COLLEAGUE));
    let ask = Ask::Reissue { person: colleague, identity: "社員証で確認".into(), factors: false, initial: true };
    let made = act(&officer, Command::MakeRequest { organisation: None, ask, reason: "失念のため".into(), begin: None, hours: 2 });
    let decide = Command::DecideRequest { request: made.made.unwrap().parse().unwrap(), approve: true, statement: String::new() };
    let made = act(&reviewer, decide).secret.unwrap();
    let enter = || Browser::new(&world).form("/signin", &[("email", COLLEAGUE), ("password", &made)]);
    let first = enter();
    assert!(first.status == 303 && first.header("location") == "/signin/password", "{}", words(&first));
    world.app.clock.advance(SignedDuration::from_hours(3));
    assert!(world.app.end_requests().unwrap() > 0);
    for jump in [0, -3] {
        world.app.clock.advance(SignedDuration::from_hours(jump));
        let late = enter();
        assert_eq!(late.status, 401);
        calm(&late, Lang::Ja);
    }
}

#[test]
fn a_rest_token_is_taken_as_it_was_given_and_from_its_header_only() {
    let world = world();
    let token = world.token(COLLEAGUE, false);
    let session = Browser::signed_in(&world, COLLEAGUE).secret();
    let ask = |path: &str, value: Option<Vec<u8>>, cookie: &str| {
        let mut request = Request::get(path).header(header::COOKIE, cookie);
        if let Some(value) = value {
            request = request.header(header::AUTHORIZATION, HeaderValue::from_bytes(&value).unwrap());
        }
        world.ask(request.body(Body::empty()).unwrap())
    };
    let path = "/api/v1/cases";
    let with = |value: &str| ask(path, Some(value.as_bytes().to_vec()), "");
    assert_eq!(with(&format!("Bearer {token}")).status, 200);
    assert_eq!(with(&format!("bearer {token}")).status, 200, "the scheme has no case (RFC 9110, 11.1)");
    let wrong = [
        String::new(),
        "Bearer".into(),
        "Bearer ".into(),
        token.clone(),
        format!("Basic {token}"),
        format!("Token {token}"),
        format!("Bearer{token}"),
        format!("Bearer Bearer {token}"),
        format!("Bearer {} {}", &token[..9], &token[9..]),
        format!("Bearer {token},{token}"),
        format!("Bearer {}", altered(&token, token.len() - 1)),
        format!("Bearer {}", &token[..token.len() - 1]),
        format!("Bearer {token}{token}"),
        format!("Bearer {}", app::digest(&token)),
        format!("Bearer {session}"),
        format!("Bearer {}", "a".repeat(200_000)),
        "Bearer 日本語".into(),
        "Bearer \u{ff22}".into(),
    ];
    for value in wrong {
        for lang in ["ja", "en"] {
            let reply = ask(&format!("{path}?lang={lang}"), Some(value.as_bytes().to_vec()), "");
            assert_eq!(reply.status, 401, "{value:.80}");
            let told = reply.text().to_lowercase();
            assert!(INSIDE.iter().all(|inside| !told.contains(inside)) && !told.contains(&token), "{told}");
            let title = reply.json()["title"].as_str().unwrap().to_owned();
            assert_eq!(title.is_ascii(), lang == "en", "{title}");
        }
    }
    // Addresses are kept in logs and histories; a token in one is none. A cookie is none either.
    for query in ["access_token", "token", "bearer", "authorization"] {
        assert_eq!(ask(&format!("{path}?{query}={token}"), None, "").status, 401, "{query}");
    }
    for cookie in [format!("{SESSION}={session}"), format!("{SESSION}={token}"), format!("token={token}")] {
        assert_eq!(ask(path, None, &cookie).status, 401);
    }
    world.app.clock.advance(SignedDuration::from_hours(24 * 31));
    assert_eq!(with(&format!("Bearer {token}")).status, 401, "nor after its last day");
}

#[test]
fn many_sign_ins_at_once_open_no_more_sessions_than_allowed() {
    const ALLOWED: u16 = 3;
    let world = world();
    let officer = world.actor(OFFICER);
    let access = Access { sessions: ALLOWED, ..world.app.own_access(&officer).unwrap() };
    world.app.execute(&officer, Command::SetAccess { access: Box::new(access) }).unwrap();
    let tried: Vec<(u16, Option<String>)> = std::thread::scope(|scope| {
        let one = || {
            let mut browser = Browser::new(&world);
            let reply = browser.sign_in(COLLEAGUE);
            calm(&reply, Lang::Ja);
            (reply.status, browser.cookies.remove(SESSION))
        };
        let tries: Vec<_> = (0..12).map(|_| scope.spawn(one)).collect();
        tries.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let let_in: Vec<&String> = tried.iter().filter(|(status, _)| *status == 303).filter_map(|(_, secret)| secret.as_ref()).collect();
    assert!(tried.iter().all(|(status, secret)| matches!(status, 303 | 403) && secret.is_some() == (*status == 303)), "{tried:?}");
    // What was open before counts as well.
    assert!(!let_in.is_empty() && let_in.len() <= usize::from(ALLOWED), "{tried:?}");
    let signed = world.app.session(let_in[0], "127.0.0.1").unwrap().unwrap();
    assert_eq!(world.app.own_sessions(&signed).unwrap().len(), usize::from(ALLOWED));
}
