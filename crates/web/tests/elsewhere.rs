//! Sign-in at a real OpenID Connect provider through the pages: who comes in, with which roles, and what is not taken.

#[path = "../../../fixtures/oidc-provider/browser.rs"]
mod browser;

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio};

use app::Config;
use app::sign_in::SignedIn;
use app::sign_in::elsewhere::{Providers, Secret, Trusted};
use axum::body::Body;
use axum::http::{Request, header};
use browser::Browser;
use jiff::{SignedDuration, Timestamp};
use rules::account::{Method, Stage};
use rules::act::Actor;
use rules::command::{Command, Secret as Word};
use rules::id::{self, Id};
use rules::party::Role;
use rules::text::Lang;
use serde_json::{Value, json};
use url::Url;
use web::testing::{HOSPITAL, OFFICER, OPERATOR, Reply, SECRETARIAT, World};

const BACK: &str = "http://127.0.0.1:8253";
const START: &str = "/signin/elsewhere/hospital";
const COOKIE: &str = "akashi_elsewhere";
const HANAKO: &str = "hanako@hospital.example";

#[expect(clippy::disallowed_methods, reason = "the provider is another process with the machine's clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// The npm package `oidc-provider` as it runs; ends with this.
struct Idp {
    child: Child,
    orders: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
    issuer: String,
}

impl Idp {
    /// `None` (loudly, and never on the build server) where it is not installed.
    fn start() -> Option<Idp> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/oidc-provider");
        if !folder.join("node_modules/oidc-provider").is_dir() {
            assert!(std::env::var_os("CI").is_none(), "oidc-provider is missing; `.ci/run` installs it");
            // Not `eprintln!`: the test harness hides what a passing test prints, and this must be seen.
            let _ = writeln!(std::io::stderr(), "\n*** SIGN-IN ELSEWHERE NOT TESTED: run `npm ci` in fixtures/oidc-provider ***\n");
            return None;
        }
        let mut child = Process::new("node")
            .arg("provider.mjs")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        let told = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut idp = Idp { child, orders, told, issuer: String::new() };
        idp.issuer = idp.heard("issuer ");
        Some(idp)
    }

    fn heard(&mut self, begin: &str) -> String {
        self.told.by_ref().map_while(Result::ok).find_map(|line| line.strip_prefix(begin).map(str::to_owned)).unwrap()
    }

    /// The provider's administrator changes an account.
    fn change(&mut self, login: &str, change: &Value) {
        writeln!(self.orders, "{login} {change}").unwrap();
        assert_eq!(self.heard("changed "), login);
    }
}

impl Drop for Idp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An installation that trusts a provider for one of its organisations.
struct Here {
    world: World,
    idp: Idp,
}

impl Here {
    fn new(of: &str, change: impl FnOnce(&mut Value)) -> Option<Here> {
        let idp = Idp::start()?;
        let mut table = json!({
            "id": "hospital",
            "title": { "ja": "病院の共通ID", "en": "Hospital account" },
            "issuer": idp.issuer,
            "client_id": "akashi",
            "client_secret_file": "hospital.secret",
            "organisation": World::shared().actor(of).organisation.unwrap().to_string(),
            "email_domains": ["hospital.example"],
            "scopes": ["groups"],
            "groups": { "安全管理委員会": ["institution_officer", "administrator"], "staff": ["institution_officer"] },
            "second_factor": { "amr": ["otp"] },
            "join": true,
        });
        change(&mut table);
        let mut providers = Providers::read(json!({ "provider": [table] })).unwrap();
        providers[0].secret = Secret::read("the secret of the tests");
        let world = World::shared().copy().again(|config| Config { address: BACK.into(), providers: Trusted(providers), ..config });
        assert_eq!(world.app.provider_faults().unwrap(), []);
        Some(Here { world, idp })
    }

    fn hospital() -> Option<Here> {
        Here::new(HOSPITAL, |_| {})
    }

    /// The clock of the installation is set to that of the provider.
    fn ask(&self, path: &str, cookie: Option<&str>) -> Reply {
        let clock = &self.world.app.clock;
        clock.advance(now().duration_since(clock.now()));
        self.ask_late(path, cookie)
    }

    fn ask_late(&self, path: &str, cookie: Option<&str>) -> Reply {
        let mut request = Request::get(path);
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        self.world.ask(request.body(Body::empty()).unwrap())
    }

    /// Presses the button: the cookie, and where the browser goes.
    fn leave(&self, to: &str) -> (String, String) {
        let reply = self.ask(&format!("{START}?to={to}"), None);
        assert_eq!(reply.status, 303, "{}", reply.text());
        let set = set_cookie(&reply, COOKIE).unwrap();
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Max-Age=600"), "{set}");
        (set.split(';').next().unwrap().to_owned(), reply.header("location").to_owned())
    }

    /// Up to the address to which the provider sends the browser back.
    fn return_of(&self, login: &str) -> (String, String) {
        let (cookie, go_to) = self.leave("");
        (cookie, sent_back(&go_to, login))
    }

    fn come(&self, login: &str) -> Reply {
        let (cookie, path) = self.return_of(login);
        self.ask(&path, Some(&cookie))
    }

    /// Comes in, and who stands behind the session.
    fn come_in(&self, login: &str) -> SignedIn {
        let reply = self.come(login);
        assert_eq!(reply.status, 303, "{}", reply.text());
        self.signed(&secret(&reply).unwrap()).unwrap()
    }

    fn signed(&self, secret: &str) -> Option<SignedIn> {
        self.world.app.session(secret, "127.0.0.1").unwrap()
    }

    /// The account at the hospital that has this id.
    fn person(&self, email: &str) -> Option<Id<id::Person>> {
        let read = self.world.app.accounts(&self.world.actor(HOSPITAL)).unwrap();
        read.accounts.iter().find(|a| a.person.email == email).map(|a| a.person.id)
    }

    /// Somebody with a password, as an invitation makes them.
    fn invited(&self, by: &str, email: &str, roles: &[Role]) -> Id<id::Person> {
        let app = &self.world.app;
        let actor = self.world.actor(by);
        let invite = Command::InvitePerson { organisation: actor.organisation.unwrap(), email: email.into(), roles: roles.to_vec() };
        let link = app.execute(&actor, invite).unwrap().secret.unwrap();
        let password = Word(app::demo::PASSWORD.into());
        let accept = Command::AcceptInvitation { link: Word(link), name: "鈴木 花子".into(), password, lang: Lang::Ja };
        app.execute(&Actor::system(), accept).unwrap().made.unwrap().parse().unwrap()
    }
}

fn set_cookie<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    let all = reply.headers.get_all("set-cookie").iter().filter_map(|v| v.to_str().ok());
    all.into_iter().find(|v| v.split_once('=').is_some_and(|(n, _)| n == name))
}

/// The secret of the session that a reply opens.
fn secret(reply: &Reply) -> Option<String> {
    let set = set_cookie(reply, "akashi_session")?;
    Some(set.split(';').next()?.split_once('=')?.1.to_owned()).filter(|s| !s.is_empty())
}

/// A calm page, no session, and a cookie that is used up.
#[track_caller]
fn is_not_taken(reply: &Reply, words: &str) {
    assert_eq!(reply.status, 401, "{}", reply.text());
    assert!(reply.text().contains(words) && reply.text().contains("サインインの画面へ"), "{}", reply.text());
    assert!(secret(reply).is_none());
    assert!(set_cookie(reply, COOKIE).is_some_and(|c| c.contains("Max-Age=0")));
}

/// Signs in at the provider; gives path and query with which it sends the browser back.
fn sent_back(go_to: &str, login: &str) -> String {
    Browser::new(BACK).sign_in(go_to, login).as_str().trim_start_matches(BACK).to_owned()
}

const NOT_OURS: &str = "使用済みか、10分を過ぎています";
const NOT_ADMITTED: &str = "この認証連携先からは、サインインできません";

#[test]
fn a_person_comes_in_by_a_real_provider_with_the_roles_of_their_groups() {
    let Some(here) = Here::hospital() else { return };
    let (cookie, go_to) = here.leave("/cases%3Fx=1");
    assert!(go_to.starts_with(&here.idp.issuer), "{go_to}");
    let path = sent_back(&go_to, "hanako");
    let reply = here.ask(&path, Some(&cookie));
    assert_eq!((reply.status, reply.header("location")), (303, "/cases?x=1"), "{}", reply.text());
    assert!(set_cookie(&reply, COOKIE).is_some_and(|c| c.contains("Max-Age=0")), "its cookie is used up");
    let session = set_cookie(&reply, "akashi_session").unwrap();
    assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax"), "{session}");
    let signed = here.signed(&secret(&reply).unwrap()).unwrap();
    assert_eq!((signed.person.email.as_str(), signed.person.name.as_str()), (HANAKO, "鈴木 hanako"));
    assert_eq!((signed.method, signed.organisation.name.as_str()), (Method::Elsewhere, "青葉総合病院"));
    assert_eq!(signed.actor.roles, [Role::Administrator, Role::InstitutionOfficer]);
    // The same person the next time.
    assert_eq!(here.come_in("hanako").person.id, signed.person.id);
    assert!(here.world.app.sign_in(HANAKO, "", "127.0.0.1", None).is_err(), "no password opens the account");
}

#[test]
fn roles_follow_the_groups_and_without_one_the_door_and_every_open_session_close() {
    let Some(mut here) = Here::hospital() else { return };
    let first = secret(&here.come("hanako")).unwrap();
    here.idp.change("hanako", &json!({ "groups": ["staff", "unknown"] }));
    let second = secret(&here.come("hanako")).unwrap();
    for open in [&first, &second] {
        assert_eq!(here.signed(open).unwrap().actor.roles, [Role::InstitutionOfficer], "at once, in every session");
    }
    here.idp.change("hanako", &json!({ "groups": [] }));
    is_not_taken(&here.come("hanako"), NOT_ADMITTED);
    assert!(here.signed(&first).is_none() && here.signed(&second).is_none(), "the membership is over");
    here.idp.change("hanako", &json!({ "groups": ["安全管理委員会"] }));
    assert_eq!(here.come_in("hanako").actor.roles, [Role::Administrator, Role::InstitutionOfficer]);
}

#[test]
fn an_answer_is_good_once_in_one_browser_and_for_ten_minutes() {
    let Some(here) = Here::hospital() else { return };
    let (cookie, path) = here.return_of("hanako");
    assert_eq!(here.ask(&path, Some(&cookie)).status, 303);
    is_not_taken(&here.ask(&path, Some(&cookie)), NOT_OURS);

    // Login CSRF: another's answer in this browser, with this browser's own sign-in under way.
    let (_, path) = here.return_of("hanako");
    let (foreign, _) = here.leave("");
    is_not_taken(&here.ask(&path, Some(&foreign)), NOT_OURS);
    let (own, path) = here.return_of("hanako");
    is_not_taken(&here.ask(&path, None), NOT_OURS);
    is_not_taken(&here.ask(&path, Some(&own)), NOT_OURS);

    let (own, path) = here.return_of("hanako");
    for odd in [path.replace("state=", "status="), path.replace("state=", "state=x"), path.split('?').next().unwrap().to_owned()] {
        is_not_taken(&here.ask(&odd, Some(&own)), NOT_OURS);
    }
    here.world.app.clock.advance(SignedDuration::from_mins(10));
    is_not_taken(&here.ask_late(&path, Some(&own)), NOT_OURS);
    assert_eq!(here.world.app.forget_unreturned().unwrap(), 1, "what never came back is forgotten: the start whose cookie was foreign");
}

#[test]
fn nobody_is_led_to_another_site() {
    let Some(here) = Here::hospital() else { return };
    for odd in ["https://evil.example/", "//evil.example", "/%5Cevil.example", "javascript:alert(1)", "/a%0D%0ASet-Cookie:%20x=y"] {
        let (cookie, go_to) = here.leave(odd);
        assert!(go_to.starts_with(&here.idp.issuer), "{go_to}");
        let reply = here.ask(&sent_back(&go_to, "hanako"), Some(&cookie));
        assert_eq!((reply.status, reply.header("location")), (303, "/"), "{odd}");
        assert!(set_cookie(&reply, "x").is_none());
    }
    assert_eq!(here.ask("/signin/elsewhere/nowhere?to=/", None).status, 404);
}

#[test]
fn a_suspended_or_closed_account_stays_shut_and_is_not_made_anew() {
    let Some(here) = Here::hospital() else { return };
    let hanako = here.come_in("hanako").person.id;
    let app = &here.world.app;
    let reason = || "退職のため".to_owned();
    app.execute(&here.world.actor(HOSPITAL), Command::SuspendAccount { person: hanako, reason: reason() }).unwrap();
    let suspended = here.come("hanako");
    is_not_taken(&suspended, NOT_ADMITTED);
    app.execute(&here.world.actor(HOSPITAL), Command::CloseAccount { person: hanako, reason: reason() }).unwrap();
    let closed = here.come("hanako");
    is_not_taken(&closed, NOT_ADMITTED);
    assert_eq!(here.person(HANAKO), Some(hanako), "the id is not given again");
}

#[test]
fn a_second_factor_of_the_provider_counts_and_who_administers_without_one_registers_ours() {
    let domains = |table: &mut Value| table["email_domains"] = json!(["hospital.example", "elsewhere.example"]);
    let Some(mut here) = Here::new(HOSPITAL, domains) else { return };
    // "hanako" used a code there, "jiro" a password alone; both would administer.
    assert!(here.come_in("hanako").actor.has(Role::Administrator));
    let reply = here.come("jiro");
    assert_eq!((reply.status, reply.header("location")), (303, "/signin/enrol"), "{}", reply.text());
    let jiro = secret(&reply).unwrap();
    assert!(here.signed(&jiro).is_none(), "nothing is open yet");
    let door = app::sign_in::Door { address: "127.0.0.1", certificate: None };
    let partial = here.world.app.partial(&jiro, door).unwrap().unwrap();
    assert_eq!((partial.stage, partial.method), (Stage::Enrol, Method::Elsewhere));
    assert_eq!(here.ask("/cases", Some(&format!("akashi_session={jiro}"))).header("location"), "/signin/enrol");
    let key = identity::TotpKey::parse(&here.world.app.begin_totp(&partial.actor).unwrap().key).unwrap();
    let code = Word(key.code(here.world.app.clock.now()));
    here.world.app.execute(&partial.actor, Command::AddTotp { name: String::new(), code }).unwrap();
    let session = here.world.app.go_on(&partial, door).unwrap();
    let signed = here.signed(&session.secret).unwrap();
    assert_eq!((signed.method, signed.actor.has(Role::Administrator)), (Method::Elsewhere, true));
    assert_eq!(here.come("jiro").header("location"), "/signin/factor", "the next time it is asked for");
    // Without administration the demonstration's hospital asks for none.
    here.idp.change("jiro", &json!({ "groups": ["staff"] }));
    let partial = secret(&here.come("jiro")).unwrap();
    assert!(here.signed(&partial).is_none(), "a factor of ours that is there is asked for all the same");
    assert_eq!(here.signed(&session.secret).unwrap().actor.roles, [Role::InstitutionOfficer]);
    here.idp.change("taro", &json!({ "email_verified": true, "groups": ["staff"] }));
    assert_eq!(here.come_in("taro").actor.roles, [Role::InstitutionOfficer]);
}

#[test]
fn an_account_of_the_same_organisation_is_linked_by_its_address_once_and_its_owner_is_told() {
    let Some(mut here) = Here::new(HOSPITAL, |table| table["join"] = json!(false)) else { return };
    is_not_taken(&here.come("hanako"), NOT_ADMITTED);
    assert_eq!(here.person(HANAKO), None, "nobody is made where nobody may join");
    let known = here.invited(HOSPITAL, HANAKO, &[Role::Administrator]);
    assert_eq!(here.come_in("hanako").person.id, known);
    let told = here.world.app.outbox(&here.world.actor(OPERATOR)).unwrap();
    assert!(told.iter().any(|m| m.mail.to == HANAKO && m.mail.subject.contains("外部の認証基盤との連携")));
    // The address goes to somebody else at the provider: that is not the same human being.
    here.idp.change("taro", &json!({ "email": HANAKO, "email_verified": true, "groups": ["staff"] }));
    is_not_taken(&here.come("taro"), NOT_ADMITTED);
    // And hanako with another address is hanako.
    here.idp.change("hanako", &json!({ "email": "hanako.suzuki@hospital.example" }));
    assert_eq!(here.come_in("hanako").person.email, HANAKO);
    // Another organisation takes her in: the hospital's provider does not open that one.
    here.invited(OFFICER, HANAKO, &[Role::Colleague]);
    let signed = here.come_in("hanako");
    assert_eq!(signed.memberships.len(), 2);
    let to = here.world.actor(OFFICER).organisation.unwrap();
    let switched = here.world.app.switch(&signed, to, app::sign_in::Door { address: "127.0.0.1", certificate: None });
    assert!(switched.is_err_and(|e| e.refusal().is_some_and(|r| r.text.en.contains("no other organisation"))));
}

#[test]
fn a_provider_opens_no_account_of_another_organisation_and_no_operators() {
    let change = |table: &mut Value| {
        table["email_domains"] = json!(["hospital.example", "example.jp"]);
        table["groups"] = json!({ "staff": ["secretariat"] });
    };
    let Some(mut here) = Here::new(OPERATOR, change) else { return };
    let roles = |who: &str| here.world.actor(who).roles;
    let before = [OFFICER, OPERATOR].map(roles);
    // Somebody who left another organisation still belongs to it.
    let left = here.invited(OFFICER, "left@example.jp", &[Role::Colleague]);
    let organisation = here.world.actor(OFFICER).organisation.unwrap();
    here.world.app.execute(&here.world.actor(OFFICER), Command::SetRoles { organisation, person: left, roles: vec![] }).unwrap();
    for victim in [OFFICER, OPERATOR, "OPERATOR@example.jp", "left@example.jp"] {
        here.idp.change("hanako", &json!({ "email": victim, "groups": ["staff"] }));
        is_not_taken(&here.come("hanako"), NOT_ADMITTED);
    }
    let roles = |who: &str| here.world.actor(who).roles;
    assert_eq!([OFFICER, OPERATOR].map(roles), before);
    here.idp.change("jiro", &json!({ "email": SECRETARIAT, "groups": ["staff"], "factors": ["otp"] }));
    let signed = here.come_in("jiro");
    assert_eq!((signed.person.email.as_str(), signed.actor.roles.as_slice()), (SECRETARIAT, [Role::Secretariat].as_slice()));
}

#[test]
fn where_new_rights_need_approval_a_provider_gives_none() {
    let Some(mut here) = Here::hospital() else { return };
    let app = here.world.app.clone();
    let known = here.invited(HOSPITAL, HANAKO, &[Role::InstitutionOfficer]);
    let admin = here.world.actor(HOSPITAL);
    let mut access = app.own_access(&admin).unwrap();
    access.approval = true;
    app.execute(&admin, Command::SetAccess { access: Box::new(access) }).unwrap();
    let signed = here.come_in("hanako");
    assert_eq!((signed.person.id, signed.actor.roles.as_slice()), (known, [Role::InstitutionOfficer].as_slice()));
    here.idp.change("taro", &json!({ "email_verified": true }));
    is_not_taken(&here.come("taro"), NOT_ADMITTED);
    assert_eq!(here.person("taro@hospital.example"), None);
}

#[test]
fn the_organisations_rules_of_place_and_sessions_hold_for_those_who_come_from_elsewhere() {
    let Some(here) = Here::hospital() else { return };
    let app = &here.world.app;
    here.come_in("hanako");
    let admin = here.world.actor(HOSPITAL);
    let mut access = app.own_access(&admin).unwrap();
    access.sessions = 1;
    app.execute(&admin, Command::SetAccess { access: Box::new(access) }).unwrap();
    let reply = here.come("hanako");
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("セッション数の上限") && secret(&reply).is_none(), "{}", reply.text());
}

#[test]
fn a_provider_that_says_no_or_nothing_is_told_calmly() {
    let Some(here) = Here::hospital() else { return };
    let (cookie, go_to) = here.leave("");
    let mut browser = Browser::new(BACK);
    let (page, _) = browser.go(&Url::parse(&go_to).unwrap(), None);
    let (back, _) = browser.go(&page, Some(&[("cancel", "1")]));
    is_not_taken(&here.ask(back.as_str().strip_prefix(BACK).unwrap(), Some(&cookie)), "取り消されたか、認められませんでした");
    is_not_taken(&here.come("taro"), "確認されていないメールアドレス");
    let (cookie, path) = here.return_of("hanako");
    let Here { world, idp } = here;
    drop(idp);
    let gone = world.ask(Request::get(&path).header(header::COOKIE, &cookie).body(Body::empty()).unwrap());
    assert_eq!(gone.status, 409, "{}", gone.text());
    assert!(gone.text().contains("認証連携先") && secret(&gone).is_none());
    // After the error what it publishes is asked for again, and it does not answer; that counts as nobody's failure.
    for _ in 0..40 {
        let reply = world.ask(Request::get(START).body(Body::empty()).unwrap());
        assert_eq!(reply.status, 409, "{}", reply.text());
    }
}

#[test]
fn the_sign_in_page_shows_a_button_for_each_provider_and_keeps_the_page_that_was_wanted() {
    let Some(here) = Here::hospital() else { return };
    for (path, status) in [("/signin?to=%2Fcases", 200), ("/cases", 401)] {
        let page = here.ask(path, None);
        assert_eq!(page.status, status);
        let text = page.text();
        assert_eq!(text.matches("病院の共通ID").count(), 1, "{text}");
        assert!(text.contains(r#"href="/signin/elsewhere/hospital?to=%2Fcases""#), "{text}");
    }
    assert!(!World::shared().page("/signin", None, Lang::Ja).text().contains("/signin/elsewhere/"));
}
