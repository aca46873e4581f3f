//! Signing in step by step and looking after one's own account, as a browser does it: forms are filled in and sent.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use axum::body::Body;
use axum::http::{Request, header};
use identity::totp::TotpKey;
use jiff::SignedDuration;
use rules::act::Actor;
use rules::command::{Command, Secret};
use rules::party::Role;
use rules::request::Ask;
use rules::text::Lang;
use scraper::{ElementRef, Html, Selector};
use web::route::{Guard, Method, all};
use web::testing::{COLLEAGUE, EVALUATOR, OFFICER, OPERATOR, Reply, SECRETARIAT, World};
use webauthn_authenticator_rs::WebauthnAuthenticator;
use webauthn_authenticator_rs::softpasskey::SoftPasskey;

const PASSWORD: &str = app::demo::PASSWORD;
const NEW: &str = "夏の庭で猫が鳴いた静かな朝";
const SESSION: &str = "akashi_session";

/// A world of its own for a test.
fn world() -> World {
    static FILLED: OnceLock<World> = OnceLock::new();
    FILLED.get_or_init(World::fresh).copy()
}

/// The same at an address that passkeys belong to.
fn world_with_passkeys() -> World {
    world().again(|config| app::Config { address: "http://localhost:8253".into(), ..config })
}

/// A browser without scripts: it keeps cookies, follows what it is sent to, and fills in forms of the page it shows.
struct Browser<'w> {
    world: &'w World,
    cookies: BTreeMap<String, String>,
    reply: Reply,
    at: String,
}

impl<'w> Browser<'w> {
    fn new(world: &'w World, lang: Lang) -> Browser<'w> {
        let cookies = BTreeMap::from([("akashi_lang".to_owned(), lang.tag().to_owned())]);
        let mut browser = Browser { world, cookies, reply: world.page("/assets/none", None, lang), at: String::new() };
        browser.open("/signin");
        browser
    }

    /// With a whole session, by whatever means.
    fn signed_in(world: &'w World, who: &str) -> Browser<'w> {
        let mut browser = Browser::new(world, Lang::Ja);
        browser.cookies.insert(SESSION.into(), world.app.demo_sign_in(who, "127.0.0.1").unwrap().secret);
        browser
    }

    fn ask(&mut self, request: axum::http::request::Builder, body: Body) {
        let cookies: Vec<String> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let request = request.header(header::COOKIE, cookies.join("; ")).body(body).unwrap();
        self.at = request.uri().to_string();
        self.reply = self.world.ask(request);
        for set in self.reply.headers.get_all(header::SET_COOKIE) {
            let (name, value) = set.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    fn follow(&mut self) {
        while self.reply.status == 303 {
            let to = self.reply.header("location").to_owned();
            self.ask(Request::get(to), Body::empty());
        }
    }

    /// Opens an address and whatever it leads to; the status of the last page.
    fn open(&mut self, path: &str) -> u16 {
        self.ask(Request::get(path), Body::empty());
        self.follow();
        self.reply.status
    }

    /// Fills in the form of this page that goes to `action` (and has this hidden `by`, after a colon), presses its
    /// button, and follows.
    fn send(&mut self, action: &str, typed: &[(&str, &str)]) -> u16 {
        let fields = self.filled(action, typed);
        self.post(action.split(':').next().unwrap(), &fields, None);
        self.follow();
        self.reply.status
    }

    fn filled(&self, action: &str, typed: &[(&str, &str)]) -> Vec<(String, String)> {
        let (action, by) = action.split_once(':').map_or((action, None), |(action, by)| (action, Some(by)));
        let html = self.html();
        let fits = |f: &ElementRef| {
            let inputs = all_of(*f, "input[name=by]");
            f.attr("action") == Some(action) && by.is_none_or(|by| inputs.iter().any(|i| i.attr("value") == Some(by)))
        };
        let form = all_of(html.root_element(), "form[method=post]").into_iter().find(fits);
        let form = form.unwrap_or_else(|| panic!("{} has no form {action} {by:?}: {}", self.at, self.text()));
        let mut fields: Vec<(String, String)> = all_of(form, "input[type=hidden]")
            .into_iter()
            .map(|i| (i.attr("name").unwrap().to_owned(), i.attr("value").unwrap_or_default().to_owned()))
            .collect();
        for (name, value) in typed {
            assert!(!all_of(form, &format!("[name={name:?}]")).is_empty(), "{action} has no field {name}");
            fields.retain(|(n, _)| n != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        fields
    }

    fn post(&mut self, path: &str, fields: &[(String, String)], from: Option<&str>) {
        let body = fields.iter().fold(form_urlencoded::Serializer::new(String::new()), |mut form, (n, v)| {
            form.append_pair(n, v);
            form
        });
        let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(from) = from {
            request = request.header("sec-fetch-site", from);
        }
        let mut body = body;
        self.ask(request, Body::from(body.finish()));
    }

    fn sign_in(&mut self, email: &str, password: &str) -> u16 {
        self.open("/signin");
        self.send("/signin", &[("email", email), ("password", password)])
    }

    fn html(&self) -> Html {
        Html::parse_document(&self.text())
    }
    fn text(&self) -> String {
        self.reply.text()
    }
    #[track_caller]
    fn says(&self, words: &str) {
        assert!(self.text().contains(words), "{} ({}) does not say {words}: {}", self.at, self.reply.status, self.main());
    }
    #[track_caller]
    fn says_nothing_of(&self, words: &str) {
        assert!(!self.text().contains(words), "{} says {words}: {}", self.at, self.main());
    }
    fn main(&self) -> String {
        all_of(self.html().root_element(), "main").first().map(|m| m.text().collect::<String>()).unwrap_or_default()
    }
    fn cookie(&self) -> String {
        self.cookies.get(SESSION).cloned().unwrap_or_default()
    }
    /// What stands as a secret on the page.
    fn secrets(&self) -> Vec<String> {
        all_of(self.html().root_element(), "code.secret").iter().map(|c| c.text().collect()).collect()
    }
    /// The code that an app shows which has read the key on this page.
    fn app(&self) -> TotpKey {
        TotpKey::parse(&self.secrets()[0]).unwrap()
    }
}

fn all_of<'a>(inside: ElementRef<'a>, selector: &str) -> Vec<ElementRef<'a>> {
    inside.select(&Selector::parse(selector).unwrap()).collect()
}

fn advance(world: &World, minutes: i64) {
    world.app.clock.advance(SignedDuration::from_mins(minutes));
}

/// What everybody's generator of the demonstration shows now.
fn demo_code(world: &World) -> String {
    TotpKey::parse(app::demo::TOTP_KEY).unwrap().code(world.app.clock.now())
}

/// Nothing but its step opens to who is in the middle of signing in.
#[track_caller]
fn only(browser: &mut Browser, step: &str) {
    for route in all().filter(|r| r.guard != Guard::Public && !r.path.contains('{') && !r.path.starts_with(step)) {
        match route.method {
            Method::Get => browser.ask(Request::get(route.path), Body::empty()),
            Method::Post => browser.post(route.path, &[], None),
        }
        assert_eq!((browser.reply.status, browser.reply.header("location")), (303, step), "{}", route.path);
    }
    browser.open("/");
    assert_eq!(browser.at, step, "home leads to the step");
}

/// A new administrator of the body, up to the page on which the invitation was accepted.
fn invited<'w>(world: &'w World, lang: Lang) -> Browser<'w> {
    let operator = world.actor(OPERATOR);
    let invite = Command::InvitePerson {
        organisation: operator.organisation.unwrap(),
        email: "new@example.jp".into(),
        roles: vec![Role::Administrator],
    };
    let link = world.app.execute(&operator, invite).unwrap().secret.unwrap();
    let mut browser = Browser::new(world, lang);
    browser.open(&format!("/invitation?link={link}"));
    browser.send("/invitation", &[("name", "新しい 人"), ("password", PASSWORD)]);
    browser
}

#[test]
fn a_new_administrator_registers_a_factor_before_anything_opens() {
    for (lang, offer) in [(Lang::Ja, "リカバリーコードの画面へ"), (Lang::En, "To the recovery codes")] {
        let world = world();
        let mut browser = invited(&world, lang);
        assert_eq!((browser.at.as_str(), browser.reply.status), ("/signin/enrol", 200));
        let unfinished = browser.cookie();
        only(&mut browser, "/signin/enrol");
        let key = browser.secrets();
        assert_eq!(browser.send("/signin/enrol/totp", &[("code", "000000")]), 422);
        assert_eq!(browser.secrets(), key, "the app has read this key already");
        let code = browser.app().code(world.app.clock.now());
        assert_eq!(browser.send("/signin/enrol/totp", &[("code", &code)]), 200);
        assert_eq!(browser.at, "/?in=enrolled");
        browser.says(offer);
        assert_ne!(browser.cookie(), unfinished);
        for open in ["/account", "/organisations", "/settings", "/cases"] {
            assert_eq!(browser.open(open), 200, "{open}");
            browser.says_nothing_of(&key[0].replace(' ', ""));
        }
        browser.cookies.insert(SESSION.into(), unfinished);
        assert_eq!(browser.open("/account"), 401);
    }
}

#[test]
fn a_code_is_good_once_and_what_failed_is_told_after_the_next_sign_in() {
    for (lang, warning, last) in [
        (Lang::Ja, "第三者による不正なサインイン", "前回のサインイン：2026-11-24 12:00"),
        (Lang::En, "Somebody else may have tried", "2026-11-24 12:00 (Japan)"),
    ] {
        let world = world();
        let mut browser = invited(&world, lang);
        let key = browser.app();
        let code = key.code(world.app.clock.now());
        browser.send("/signin/enrol/totp", &[("code", &code)]);
        browser.says_nothing_of(warning);
        browser.send("/signout", &[]);
        assert_eq!(browser.sign_in("new@example.jp", PASSWORD), 200);
        assert_eq!(browser.at, "/signin/factor");
        only(&mut browser, "/signin/factor");
        assert_eq!(browser.send("/signin/factor:totp", &[("code", &code)]), 401, "the code of the registration is used up");
        assert_eq!(browser.at, "/signin/factor");
        advance(&world, 1);
        let code = key.code(world.app.clock.now());
        assert_eq!(browser.send("/signin/factor:totp", &[("code", &code)]), 200);
        assert_eq!(browser.at, "/?in=1");
        browser.says(warning);
        browser.says(last);
        assert!(browser.main().contains(if lang == Lang::Ja { "1回" } else { "1 sign-in failed" }), "{}", browser.main());
        browser.open("/");
        browser.says_nothing_of(warning);
        browser.open("/account");
        browser.says(if lang == Lang::Ja { "パスワードとワンタイムコード" } else { "Password and one-time code" });
    }
}

#[test]
fn without_failures_only_the_last_sign_in_is_told_and_only_once() {
    let world = world();
    let mut browser = Browser::new(&world, Lang::Ja);
    browser.sign_in(COLLEAGUE, PASSWORD);
    assert_eq!(browser.at, "/?in=1");
    browser.says("前回のサインイン：2026-11-24 12:00（日本時間）");
    browser.says_nothing_of("第三者");
    browser.open("/");
    browser.says_nothing_of("前回のサインイン");
    // Somebody who followed a link goes there, unless there is something to be warned of.
    browser.send("/signout", &[]);
    browser.open("/products");
    browser.send("/signin", &[("email", COLLEAGUE), ("password", PASSWORD)]);
    assert_eq!(browser.at, "/products");
    browser.send("/signout", &[]);
    browser.sign_in(COLLEAGUE, "wrong-wrong-wrong");
    browser.open("/products");
    browser.send("/signin", &[("email", COLLEAGUE), ("password", PASSWORD)]);
    assert_eq!(browser.at, "/?in=1&to=%2Fproducts");
    browser.says("第三者");
    browser.says(r#"href="/products">元の画面へ進む"#);
}

#[test]
fn a_cookie_from_before_a_step_opens_nothing_after_it() {
    let world = world();
    let mut browser = Browser::new(&world, Lang::Ja);
    // Somebody slipped a cookie of their choice in.
    browser.cookies.insert(SESSION.into(), "chosen-by-somebody-else".into());
    browser.sign_in(OPERATOR, PASSWORD);
    let partial = browser.cookie();
    assert!(partial.len() >= 40 && partial != "chosen-by-somebody-else");
    advance(&world, 1);
    browser.send("/signin/factor:totp", &[("code", &demo_code(&world))]);
    let whole = browser.cookie();
    assert_ne!(whole, partial);
    assert_eq!(browser.open("/account"), 200);
    browser.send("/account/password", &[("current", PASSWORD), ("password", NEW)]);
    browser.says("パスワードを変更しました");
    let fresh = browser.cookie();
    for dead in ["chosen-by-somebody-else", &partial, &whole] {
        browser.cookies.insert(SESSION.into(), dead.into());
        assert_eq!(browser.open("/account"), 401, "{dead}");
    }
    browser.cookies.insert(SESSION.into(), fresh);
    assert_eq!(browser.open("/account"), 200);
}

#[test]
fn a_recovery_code_is_shown_once_and_opens_once() {
    let world = world();
    let mut browser = Browser::signed_in(&world, OPERATOR);
    browser.open("/account");
    browser.says("まだ作られていません");
    assert_eq!(browser.send("/account/recovery", &[]), 200);
    let codes = browser.secrets();
    assert_eq!(codes.len(), 10);
    browser.says("data-print");
    browser.open("/account");
    browser.says("残り10個");
    assert!(codes.iter().all(|c| !browser.text().contains(c.as_str())));
    let mut way_in = |code: &str| {
        browser.send("/signout", &[]);
        browser.sign_in(OPERATOR, PASSWORD);
        let status = browser.send("/signin/factor:recovery", &[("code", code)]);
        let (at, page) = (browser.at.clone(), browser.text());
        (status, at, page)
    };
    assert_eq!(way_in(&codes[3].to_lowercase().replace('-', " ")).1, "/?in=1");
    let mut other = Browser::new(&world, Lang::Ja);
    other.sign_in(OPERATOR, PASSWORD);
    assert_eq!(other.send("/signin/factor:recovery", &[("code", &codes[3])]), 401);
    let html = other.html();
    let field = all_of(html.root_element(), "details[open] #f-recovery-code[aria-invalid=true]");
    assert!(field.len() == 1 && field[0].attr("value") == Some(""), "the error stands where it was typed, the code does not");
    assert_eq!(other.send("/signin/factor:recovery", &[("code", &codes[4])]), 200);
    other.open("/account");
    other.says("残り8個");
    other.says("パスワードとリカバリーコード");
}

#[test]
fn the_factor_that_is_needed_stays_and_others_go() {
    let world = world();
    let mut browser = Browser::signed_in(&world, OPERATOR);
    browser.open("/account");
    assert_eq!(browser.send("/account/factors/remove", &[]), 409);
    browser.says("別の要素を登録してから");
    advance(&world, 1);
    browser.open("/account/totp");
    let code = browser.app().code(world.app.clock.now());
    browser.send("/account/totp", &[("name", "予備の端末"), ("code", &code)]);
    browser.says("登録しました");
    browser.says("予備の端末");
    browser.open("/account");
    browser.send("/account/factors/remove", &[]);
    browser.says("削除しました");
    // A colleague needs none, and may have one.
    let mut free = Browser::signed_in(&world, COLLEAGUE);
    free.open("/account/totp");
    let code = free.app().code(world.app.clock.now());
    free.send("/account/totp", &[("code", &code)]);
    free.send("/account/factors/remove", &[]);
    free.says("まだ登録されていません");
    // Nobody removes another's.
    let operator = world.app.session(&browser.cookie(), "127.0.0.1").unwrap().unwrap().actor;
    let foreign = world.app.own_factors(&operator).unwrap()[0].id.to_string();
    free.open("/account");
    let proof = free.filled("/account/recovery", &[]);
    let fields: Vec<(String, String)> = proof.into_iter().chain([("factor".to_owned(), foreign)]).collect();
    free.post("/account/factors/remove", &fields, None);
    assert_eq!(free.reply.status, 404);
}

#[test]
fn a_dangerous_form_waits_until_its_sender_has_proved_who_they_are() {
    for (lang, go_on, asks) in [(Lang::Ja, "続ける", "本人であることを確認します"), (Lang::En, "Go on", "confirm that it is you")]
    {
        let world = world();
        let mut browser = Browser::signed_in(&world, OFFICER);
        browser.cookies.insert("akashi_lang".into(), lang.tag().into());
        browser.open("/tokens");
        let fields = browser.filled("/tokens", &[("name", "夜間の連携"), ("scope", "read"), ("expires", "2026-12-31")]);
        advance(&world, 16);
        browser.post("/tokens", &fields, None);
        assert_eq!(browser.reply.status, 428);
        browser.says(asks);
        browser.says("夜間の連携");
        assert_eq!(browser.send("/confirm:password", &[("password", "wrong-wrong-wrong")]), 401);
        browser.says_nothing_of("wrong-wrong-wrong");
        assert_eq!(browser.send("/confirm:password", &[("password", PASSWORD)]), 200);
        browser.says(go_on);
        browser.says_nothing_of(PASSWORD);
        assert!(world.app.tokens(&world.actor(OFFICER)).unwrap().is_empty(), "nothing happened yet");
        assert_eq!(browser.send("/tokens", &[]), 200);
        assert_eq!(browser.secrets().len(), 1);
        assert_eq!(world.app.tokens(&world.actor(OFFICER)).unwrap()[0].name, "夜間の連携");
        // Fresh for a while now.
        browser.open("/tokens");
        assert_eq!(browser.send("/tokens", &[("name", "二つ目"), ("scope", "read"), ("expires", "2026-12-31")]), 200);
        assert_eq!(world.app.tokens(&world.actor(OFFICER)).unwrap().len(), 2);
    }
}

#[test]
fn the_key_of_a_new_factor_is_shown_only_after_a_fresh_proof() {
    let world = world();
    let mut browser = Browser::signed_in(&world, OFFICER);
    advance(&world, 16);
    assert_eq!(browser.open("/account/totp"), 428);
    assert!(browser.secrets().is_empty());
    assert_eq!(browser.send("/confirm:totp", &[("code", &demo_code(&world))]), 200);
    assert_eq!(browser.at, "/account/totp");
    let key = browser.secrets()[0].replace(' ', "");
    browser.open("/account");
    browser.says_nothing_of(&key);
    // The proof wears off between the page and its form: the name waits, the code does not.
    browser.open("/account/totp");
    let code = browser.app().code(world.app.clock.now());
    let fields = browser.filled("/account/totp", &[("name", "仕事用"), ("code", &code)]);
    advance(&world, 16);
    browser.post("/account/totp", &fields, None);
    assert_eq!(browser.reply.status, 428);
    browser.says("仕事用");
    browser.says_nothing_of(&code);
}

#[test]
fn a_form_survives_the_end_of_its_session_and_the_second_factor() {
    let world = world();
    let mut browser = Browser::signed_in(&world, OFFICER);
    browser.open("/tokens");
    let typed = [("name", "夜間の連携"), ("scope", "read"), ("expires", "2026-12-31")];
    let fields = browser.filled("/tokens", &typed);
    advance(&world, 5 * 60);
    browser.post("/tokens", &fields, None);
    assert_eq!(browser.reply.status, 401);
    browser.says("入力した内容は残っています");
    assert_eq!(browser.send("/signin", &[("email", OFFICER), ("password", "wrong-wrong-wrong")]), 401);
    assert_eq!(browser.send("/signin", &[("email", OFFICER), ("password", PASSWORD)]), 200);
    browser.says("ワンタイムコード");
    browser.says("夜間の連携");
    assert_eq!(browser.send("/signin/factor:totp", &[("code", "000000")]), 401);
    browser.says("夜間の連携");
    assert_eq!(browser.send("/signin/factor:totp", &[("code", &demo_code(&world))]), 200);
    browser.says("続けて送信する");
    browser.says("第三者");
    assert_eq!(browser.send("/tokens", &[]), 200);
    assert_eq!(world.app.tokens(&world.actor(OFFICER)).unwrap()[0].name, "夜間の連携");
}

#[test]
fn an_interrupted_confirmation_still_knows_the_form_that_waits() {
    let world = world();
    let mut browser = Browser::signed_in(&world, COLLEAGUE);
    browser.open("/tokens");
    let fields = browser.filled("/tokens", &[("name", "夜間の連携"), ("scope", "read"), ("expires", "2026-12-31")]);
    advance(&world, 16);
    browser.post("/tokens", &fields, None);
    let fields = browser.filled("/confirm:password", &[("password", PASSWORD)]);
    advance(&world, 5 * 60);
    browser.post("/confirm", &fields, None);
    assert_eq!(browser.reply.status, 401);
    browser.says_nothing_of(PASSWORD);
    browser.send("/signin", &[("email", COLLEAGUE), ("password", PASSWORD)]);
    // The password of the confirmation did not travel, so it is asked for again; the form behind it did.
    assert_eq!(browser.send("/confirm", &[]), 401);
    browser.says("夜間の連携");
    assert_eq!(browser.send("/confirm:password", &[("password", PASSWORD)]), 200);
    assert_eq!(browser.send("/tokens", &[]), 200);
    assert_eq!(world.app.tokens(&world.actor(COLLEAGUE)).unwrap()[0].name, "夜間の連携");
}

#[test]
fn what_another_site_sends_is_not_kept_for_after_the_sign_in() {
    let world = world();
    let mut browser = Browser::signed_in(&world, OFFICER);
    browser.open("/tokens");
    let fields = browser.filled("/tokens", &[("name", "仕掛けられた名前"), ("scope", "write"), ("expires", "2026-12-31")]);
    let without: Vec<(String, String)> = fields.iter().filter(|(n, _)| n != "csrf").cloned().collect();
    let session = browser.cookie();
    world.app.sign_out(&world.app.session(&session, "127.0.0.1").unwrap().unwrap()).unwrap();
    for (fields, from, cookie, kept) in [
        (&without, Some("cross-site"), false, false),
        (&fields, Some("cross-site"), true, false),
        (&without, None, true, false),
        (&without, Some("same-origin"), false, true),
        (&fields, None, true, true),
    ] {
        browser.cookies.remove(SESSION);
        if cookie {
            browser.cookies.insert(SESSION.into(), session.clone());
        }
        browser.post("/tokens", fields, from);
        assert_eq!(browser.reply.status, 401);
        assert_eq!(browser.text().contains("仕掛けられた名前"), kept, "{from:?} {cookie}");
    }
}

#[test]
fn the_password_of_an_emergency_account_opens_nothing_but_the_form_to_change_it() {
    let world = world();
    let (asking, deciding) = (world.actor(SECRETARIAT), world.actor(OPERATOR));
    let account = Command::CreateEmergency { name: "非常時".into(), email: "glass@example.jp".into(), roles: vec![Role::Secretariat] };
    let account = world.app.execute(&asking, account).unwrap().made.unwrap().parse().unwrap();
    let ask = Command::MakeRequest {
        organisation: None,
        ask: Ask::BreakGlass { account },
        reason: "認証基盤の停止のため".into(),
        begin: None,
        hours: 4,
    };
    let request = world.app.execute(&asking, ask).unwrap().made.unwrap().parse().unwrap();
    let decide = Command::DecideRequest { request, approve: true, statement: "確認しました".into() };
    let password = world.app.execute(&deciding, decide).unwrap().secret.unwrap();
    let mut browser = Browser::new(&world, Lang::Ja);
    browser.sign_in("glass@example.jp", &password);
    assert_eq!(browser.at, "/signin/password");
    browser.says("13文字以上");
    only(&mut browser, "/signin/password");
    assert_eq!(browser.send("/signin/password", &[("current", "wrong-wrong-wrong"), ("password", NEW)]), 422);
    assert_eq!(browser.send("/signin/password", &[("current", &password), ("password", "mijikai")]), 422);
    browser.says_nothing_of("mijikai");
    browser.says_nothing_of(&password);
    assert_eq!(browser.send("/signin/password", &[("current", &password), ("password", NEW)]), 200);
    assert_eq!(browser.at, "/?in=1");
    browser.open("/account");
    browser.says("非常時アカウント");
    let mut other = Browser::new(&world, Lang::Ja);
    assert_eq!(other.sign_in("glass@example.jp", &password), 401, "those who approved know it no more");
}

/// Asks for a new password for somebody, and has it approved; the link.
fn reissued(world: &World, email: &str) -> String {
    let person = world.app.demo_sign_in(email, "127.0.0.1").unwrap().person.id;
    let ask = Command::MakeRequest {
        organisation: None,
        ask: Ask::Reissue { person, identity: "対面で職員証を確認".into(), factors: false, initial: false },
        reason: "漏えいの届出があったため".into(),
        begin: None,
        hours: 24,
    };
    let request = world.app.execute(&world.actor(SECRETARIAT), ask).unwrap().made.unwrap().parse().unwrap();
    let decide = Command::DecideRequest { request, approve: true, statement: "確認しました".into() };
    world.app.execute(&world.actor(OPERATOR), decide).unwrap().secret.unwrap()
}

#[test]
fn a_reported_leak_stops_everything_at_once_and_says_what_happens_next() {
    let world = world();
    let mut browser = Browser::signed_in(&world, EVALUATOR);
    let mut elsewhere = Browser::signed_in(&world, EVALUATOR);
    let token = world.token(EVALUATOR, false);
    browser.open("/account");
    assert_eq!(browser.send("/account/leak", &[("reason", "x")]), 422);
    browser.says("理由を入力してください");
    assert_eq!(elsewhere.open("/account"), 200);
    let old = browser.cookie();
    assert_eq!(browser.send("/account/leak", &[("reason", "不審なページで入力した。")]), 200);
    assert_eq!(browser.at, "/signin?after=leak");
    browser.says("組織管理者に通知しました");
    assert_eq!(elsewhere.open("/account"), 401);
    browser.cookies.insert(SESSION.into(), old);
    assert_eq!(browser.open("/account"), 401);
    assert!(world.app.token(&token, "127.0.0.1").unwrap().is_none());
    assert_eq!(browser.sign_in(EVALUATOR, PASSWORD), 401);
    browser.says("認証に失敗しました");
    let mut page = Browser::new(&world, Lang::En);
    page.open("/signin?after=leak");
    page.says("Your administrators are told");
}

#[test]
fn a_link_to_set_a_new_password_works_once() {
    let world = world();
    let link = reissued(&world, EVALUATOR);
    let path = format!("/reissue?link={link}");
    let mut browser = Browser::new(&world, Lang::Ja);
    assert_eq!(browser.sign_in(EVALUATOR, PASSWORD), 401, "the old password stopped");
    assert_eq!(browser.open(&path), 200);
    browser.says("13文字以上");
    assert_eq!(browser.send("/reissue", &[("password", "mijikai")]), 422);
    browser.says("パスワードは13文字以上");
    browser.says_nothing_of("mijikai");
    assert_eq!(browser.send("/reissue", &[("password", PASSWORD)]), 422, "not the one that leaked");
    let again = browser.filled("/reissue", &[("password", NEW)]);
    assert_eq!(browser.send("/reissue", &[("password", NEW)]), 200);
    assert_eq!(browser.at, "/signin?after=reissue");
    browser.says("新しいパスワードを設定しました");
    browser.post("/reissue", &again, None);
    assert_eq!(browser.reply.status, 404);
    assert_eq!(browser.open(&path), 404);
    browser.says("このリンクは使えません");
    assert_eq!(browser.sign_in(EVALUATOR, NEW), 200);
    assert_eq!(browser.at, "/?in=1");
}

#[test]
fn a_link_that_is_too_old_or_none_at_all_gets_the_same_calm_page() {
    let world = world();
    let link = reissued(&world, EVALUATOR);
    let mut pages = vec![];
    for (lang, words) in [(Lang::Ja, "組織管理者に再発行を依頼"), (Lang::En, "ask your administrator for another")] {
        let mut browser = Browser::new(&world, lang);
        assert_eq!(browser.open(&format!("/reissue?link={link}")), if lang == Lang::Ja { 200 } else { 404 });
        for path in ["/reissue".to_owned(), "/reissue?link=%22%3E%3Cscript%3E".to_owned()] {
            assert_eq!(browser.open(&path), 404);
            browser.says(words);
            pages.push(browser.main());
        }
        advance(&world, 25 * 60);
        assert_eq!(browser.open(&format!("/reissue?link={link}")), 404);
        pages.push(browser.main());
    }
    assert!(pages[..3].iter().all(|p| *p == pages[0]) && pages[3..].iter().all(|p| *p == pages[3]));
}

#[test]
fn own_sessions_are_listed_and_ended() {
    let world = world();
    let mut browser = Browser::signed_in(&world, COLLEAGUE);
    advance(&world, 1);
    let mut telephone = Browser::signed_in(&world, COLLEAGUE);
    advance(&world, 1);
    let mut library = Browser::signed_in(&world, COLLEAGUE);
    let mut stranger = Browser::signed_in(&world, OFFICER);
    browser.open("/account");
    let sessions = |b: &Browser| all_of(b.html().root_element(), "form[action='/account/sessions/end']").len();
    let before = sessions(&browser);
    assert!(before >= 2);
    browser.says("127.0.0.1");
    browser.says("この画面");
    // Another's session is none of one's own, and the refusal tells nothing.
    stranger.open("/account");
    let foreign = browser.filled("/account/sessions/end", &[]).into_iter().find(|(n, _)| n == "session").unwrap();
    let proof = stranger.filled("/account/recovery", &[]);
    stranger.post("/account/sessions/end", &proof.into_iter().chain([foreign]).collect::<Vec<_>>(), None);
    assert_eq!(stranger.reply.status, 404);
    browser.send("/account/sessions/end", &[]);
    browser.says("セッションを終了しました");
    assert_eq!(sessions(&browser), before - 1);
    // Newest first: it was the last that was opened.
    assert_eq!((library.open("/account"), telephone.open("/account")), (401, 200));
    browser.send("/account/sessions/end-others", &[]);
    assert_eq!((telephone.open("/account"), browser.open("/account"), sessions(&browser)), (401, 200, 0));
}

/// Fills in what a device that keeps a list of accounts would add.
fn make(device: &mut SoftPasskey, challenge: &str) -> (String, serde_json::Value) {
    let mut asked: serde_json::Value = serde_json::from_str(challenge).unwrap();
    asked["publicKey"]["authenticatorSelection"]["requireResidentKey"] = false.into();
    let owner = asked["publicKey"]["user"]["id"].clone();
    let made = device.do_registration("http://localhost:8253".parse().unwrap(), serde_json::from_value(asked).unwrap()).unwrap();
    (serde_json::to_string(&made).unwrap(), owner)
}

fn show(device: &mut SoftPasskey, mut asked: serde_json::Value, key: &str, owner: &serde_json::Value) -> String {
    asked["publicKey"]["allowCredentials"] = serde_json::json!([{ "type": "public-key", "id": key }]);
    asked.as_object_mut().unwrap().remove("name");
    let used = device.do_authentication("http://localhost:8253".parse().unwrap(), serde_json::from_value(asked).unwrap()).unwrap();
    let mut used = serde_json::to_value(used).unwrap();
    used["response"]["userHandle"] = owner.clone();
    used.to_string()
}

#[test]
fn a_passkey_is_registered_confirms_its_owner_and_signs_in_alone() {
    let world = world_with_passkeys();
    let mut device = SoftPasskey::new(true);
    let mut browser = Browser::signed_in(&world, OFFICER);
    browser.open("/account/passkey");
    let challenge = |b: &Browser, form: &str| {
        let html = b.html();
        all_of(html.root_element(), form)[0].attr("data-challenge").unwrap().to_owned()
    };
    let (response, owner) = make(&mut device, &challenge(&browser, "form[data-passkey=register]"));
    let key = serde_json::from_str::<serde_json::Value>(&response).unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(browser.send("/account/passkey", &[("name", "仕事用"), ("passkey", &response)]), 200);
    browser.says("パスキー（仕事用）");

    // Beside the password.
    browser.send("/signout", &[]);
    browser.sign_in(OFFICER, PASSWORD);
    assert_eq!(all_of(browser.html().root_element(), "script[src*=passkey]").len(), 1);
    let asked = serde_json::from_str(&challenge(&browser, "form[data-passkey=confirm]")).unwrap();
    let response = show(&mut device, asked, &key, &owner);
    assert_eq!(browser.send("/signin/factor:passkey", &[("passkey", &response)]), 200);
    browser.open("/account");
    browser.says("パスワードとパスキー");

    // In the middle of a session.
    advance(&world, 16);
    assert_eq!(browser.open("/account/totp"), 428);
    let asked = serde_json::from_str(&challenge(&browser, "form[data-passkey=confirm]")).unwrap();
    let response = show(&mut device, asked, &key, &owner);
    browser.send("/confirm:passkey", &[("passkey", &response)]);
    assert_eq!(browser.at, "/account/totp");

    // Alone, with the page that was wanted; an answer counts once.
    browser.send("/signout", &[]);
    browser.open("/products");
    let fields = browser.filled("/signin/passkey", &[]);
    let page = (browser.reply, browser.at);
    let mut browser =
        Browser { world: &world, cookies: browser.cookies, reply: world.page("/assets/none", None, Lang::Ja), at: String::new() };
    browser.post("/signin/passkey/challenge", &fields, None);
    assert_eq!(browser.reply.status, 200);
    let asked = browser.reply.json();
    let name = asked["name"].as_str().unwrap().to_owned();
    let response = show(&mut device, asked, &key, &owner);
    (browser.reply, browser.at) = page;
    let fields = browser.filled("/signin/passkey", &[("challenge", &name), ("passkey", &response)]);
    browser.post("/signin/passkey", &fields, None);
    assert_eq!((browser.reply.status, browser.reply.header("location")), (303, "/products"));
    browser.open("/account");
    browser.says("<dd><time");
    assert!(browser.main().contains("パスキー"));
    browser.send("/signout", &[]);
    let again = browser.filled("/signin/passkey", &[("challenge", &name), ("passkey", &response)]);
    browser.post("/signin/passkey", &again, None);
    assert_eq!(browser.reply.status, 401);
    browser.says("パスワードでサインインしてください");
}

#[test]
fn enrolling_by_passkey_is_told_as_such() {
    let world = world_with_passkeys();
    let mut browser = invited(&world, Lang::Ja);
    let html = browser.html();
    let challenge = all_of(html.root_element(), "form[data-passkey=register]")[0].attr("data-challenge").unwrap().to_owned();
    assert_eq!(browser.send("/signin/enrol/passkey", &[("passkey", "{}")]), 422);
    let html = browser.html();
    let fresh = all_of(html.root_element(), "form[data-passkey=register]")[0].attr("data-challenge").unwrap().to_owned();
    assert_ne!(challenge, fresh, "a challenge is answered once");
    let (response, _) = make(&mut SoftPasskey::new(true), &fresh);
    assert_eq!(browser.send("/signin/enrol/passkey", &[("passkey", &response)]), 200);
    assert_eq!(browser.at, "/?in=enrolled");
    browser.open("/account");
    browser.says("パスワードとパスキー");
}

#[test]
fn where_no_passkey_can_be_used_none_is_offered() {
    let world = world();
    let mut browser = Browser::new(&world, Lang::Ja);
    browser.says_nothing_of("data-passkey");
    let fields = browser.filled("/signin", &[]);
    browser.post("/signin/passkey/challenge", &fields, None);
    assert_eq!(browser.reply.status, 404);
    let mut browser = Browser::signed_in(&world, OFFICER);
    browser.open("/account");
    browser.says("IPアドレスのため使えません");
    browser.says_nothing_of("/account/passkey");
    assert_eq!(browser.open("/account/passkey"), 200);
    browser.says("IPアドレスのため使えません");
}

#[test]
fn challenges_for_anybody_take_no_more_room_however_many_are_asked_for() {
    let world = world_with_passkeys();
    let kept = || world.app.store().read(|conn| conn.secret_owners("passkey_state", 10_000)).unwrap().len();
    for _ in 0..4_200 {
        world.app.ask_passkey().unwrap();
    }
    assert!((2_000..=4_096).contains(&kept()), "{}", kept());
}

#[test]
fn somebody_may_stop_in_the_middle_and_begin_again() {
    let world = world();
    let mut browser = Browser::new(&world, Lang::Ja);
    browser.sign_in(OPERATOR, PASSWORD);
    let partial = browser.cookie();
    browser.open("/signin");
    assert_eq!(browser.at, "/signin/factor", "the sign-in page leads back to the step");
    browser.send("/signin/cancel", &[]);
    assert_eq!(browser.at, "/signin");
    browser.cookies.insert(SESSION.into(), partial);
    browser.open("/signin/factor");
    assert_eq!(browser.reply.status, 401);
    // A step that was left open ends by itself.
    browser.sign_in(OPERATOR, PASSWORD);
    assert_eq!(browser.at, "/signin/factor");
    advance(&world, 15);
    assert_eq!(browser.open("/signin/factor"), 401);
}

#[test]
fn a_second_factor_waits_longer_after_each_wrong_code() {
    let world = world();
    let mut browser = Browser::new(&world, Lang::Ja);
    browser.sign_in(OPERATOR, PASSWORD);
    let tries: Vec<u16> = (0..5).map(|_| browser.send("/signin/factor:totp", &[("code", "000000")])).collect();
    assert_eq!(tries, [401, 401, 401, 401, 429]);
    browser.says("まで受け付けません");
    assert_eq!(browser.send("/signin/factor:totp", &[("code", &demo_code(&world))]), 429, "the right one waits too");
}

#[test]
fn pages_of_the_account_speak_the_visitors_language() {
    let world = world();
    let is_japanese = |c: char| matches!(c, '\u{3001}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ff01}'..='\u{ff60}');
    let link = reissued(&world, EVALUATOR);
    let mut browser = Browser::new(&world, Lang::En);
    browser.open(&format!("/reissue?link={link}"));
    let mut pages = vec![browser.main()];
    browser.sign_in(OPERATOR, PASSWORD);
    pages.push(browser.main());
    advance(&world, 1);
    browser.send("/signin/factor:totp", &[("code", &demo_code(&world))]);
    browser.open("/account");
    browser.send("/account/recovery", &[]);
    pages.push(browser.main());
    advance(&world, 16);
    browser.open("/account/totp");
    pages.push(browser.main());
    for page in pages {
        assert!(page.len() > 100 && !page.contains(is_japanese), "{page}");
    }
}

#[test]
fn nobody_signs_in_as_a_form_from_elsewhere_wishes() {
    let world = world();
    let mut browser = Browser::new(&world, Lang::Ja);
    let fields = browser.filled("/signin", &[("email", COLLEAGUE), ("password", PASSWORD)]);
    browser.post("/signin", &fields, Some("cross-site"));
    assert_eq!(browser.reply.status, 403);
    let to: Vec<(String, String)> = fields.into_iter().chain([("to".to_owned(), "https://example.com/".to_owned())]).collect();
    browser.post("/signin", &to, None);
    assert_eq!((browser.reply.status, browser.reply.header("location")), (303, "/"), "only addresses of this service are gone to");
    let secret = browser.cookie();
    let actor: Actor = world.app.session(&secret, "127.0.0.1").unwrap().unwrap().actor;
    world.app.execute(&actor, Command::ReportLeak { person: None, reason: "試験のため".into() }).unwrap();
    let wrong = Secret(PASSWORD.into());
    assert!(world.app.sign_in(COLLEAGUE, &wrong.0, "127.0.0.1", None).is_err());
}
