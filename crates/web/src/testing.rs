//! A filled installation behind the real router, for tests: the demonstration's people, and a stranger of another tenant.
//!
//! The stranger's organisation provides, evaluates and reads by itself, and everything it writes is [`CANARY`]: a test
//! that finds it unescaped on a page has found a hole, and what it finds of the demonstration's tenants is a leak.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use app::{App, Clock, Config};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, header};
use jiff::ToSpan;
use rules::act::Actor;
use rules::case::Part;
use rules::change::Change;
use rules::command::{Command, Secret};
use rules::evidence::{ClaimContent, Label};
use rules::id::{self, Id, ItemNo, Pos};
use rules::party::{OrganisationKind, Role};
use rules::sheet::SheetId;
use rules::text::Lang;
use rules::verdict::VerdictContent;
use tower::ServiceExt;

/// What breaks out of text, attribute and script where it is not escaped.
pub const CANARY: &str = r#""'></textarea><script>canary()</script>"#;
/// Somebody of another tenant, with every role but that of operator.
pub const STRANGER: &str = "stranger@example.jp";
pub const OFFICER: &str = "officer@example.jp";
/// The provider's second administrator; only in a world made [`World::with_second`].
pub const SECOND: &str = "second-admin@example.jp";
pub const COLLEAGUE: &str = "colleague@example.jp";
pub const SECRETARIAT: &str = "secretariat@example.jp";
pub const EVALUATOR: &str = "evaluator@example.jp";
pub const DECIDER: &str = "decider@example.jp";
pub const HOSPITAL: &str = "hospital@example.jp";
pub const OPERATOR: &str = "operator@example.jp";

/// Nobody's address, but a name for somebody in the middle of signing in, at one of the steps.
pub const AT_FACTOR: &str = "at-factor@example.jp";
pub const AT_PASSWORD: &str = "at-password@example.jp";
pub const AT_ENROL: &str = "at-enrol@example.jp";

/// A running installation with a clock that stands still.
pub struct World {
    pub app: Arc<App>,
    router: Router,
    runtime: tokio::runtime::Runtime,
    /// Session secrets by mail address.
    sessions: Mutex<BTreeMap<String, String>>,
    /// The demonstration's running case, returned for improvement once.
    pub running: Id<id::Case>,
    /// The demonstration's certified case, disclosed to the hospital.
    pub certified: Id<id::Case>,
    /// The stranger's case.
    pub strange: Id<id::Case>,
    folder: Arc<tempfile::TempDir>,
}

/// An answer of the server.
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("not JSON ({e}), status {}: {}", self.status, self.text()))
    }
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }
}

impl World {
    /// One world for all tests of a binary; tests that change much make their own with [`World::fresh`].
    pub fn shared() -> &'static World {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(World::fresh)
    }

    /// A new world, on 24 November 2026 at noon in Japan.
    pub fn fresh() -> World {
        World::filled(|config| config)
    }

    /// A new world in which the provider has a second administrator: some acts need two people of a kind.
    pub fn with_second() -> World {
        let world = World::fresh();
        let actor = world.actor(OFFICER);
        let organisation = actor.organisation.expect("the officer's organisation");
        let invite = Command::InvitePerson { organisation, email: SECOND.into(), roles: vec![Role::Administrator] };
        let link = world.app.execute(&actor, invite).expect("an invitation").secret.expect("its link");
        let password = Secret(app::demo::PASSWORD.into());
        let accept = Command::AcceptInvitation { link: Secret(link), name: "加藤 二郎".into(), password, lang: Lang::Ja };
        world.app.execute(&Actor::system(), accept).expect("a second administrator");
        world
    }

    /// As [`World::fresh`], with another configuration.
    pub fn filled(configure: impl FnOnce(Config) -> Config) -> World {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Clock::set("2026-11-24T03:00:00Z".parse().expect("a time"));
        let app = Arc::new(App::open(configure(Config::embedded(folder.path())), clock).expect("an installation"));
        assert!(app.fill_demo().expect("a demonstration"));
        let strange = stranger(&app);
        let cases = app.cases(&actor(&app, OFFICER), None).expect("the demonstration's cases");
        let of = |certified: bool| cases.iter().find(|c| c.case.state.is_certified() == certified).expect("a case").case.id;
        World::around(app, Arc::new(folder), (of(false), of(true), strange))
    }

    /// The same people, cases and files in a folder of their own, at the same time: filling a world takes seconds,
    /// copying one does not. Nobody may write to this one meanwhile.
    pub fn copy(&self) -> World {
        let folder = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        copy_files(self.folder.path(), folder.path());
        self.opened(folder, |config| config)
    }

    /// Another program on the same database and files with a clock of its own: a second node, or one after a restart.
    pub fn again(&self, configure: impl FnOnce(Config) -> Config) -> World {
        self.opened(self.folder.clone(), configure)
    }

    fn opened(&self, folder: Arc<tempfile::TempDir>, configure: impl FnOnce(Config) -> Config) -> World {
        let config = configure(Config { data: folder.path().to_owned(), ..self.app.config.clone() });
        let app = Arc::new(App::open(config, Clock::set(self.app.clock.now())).expect("an installation"));
        World::around(app, folder, (self.running, self.certified, self.strange))
    }

    fn around(app: Arc<App>, folder: Arc<tempfile::TempDir>, cases: (Id<id::Case>, Id<id::Case>, Id<id::Case>)) -> World {
        let (running, certified, strange) = cases;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let router = crate::server::router(app.clone());
        World { router, runtime, sessions: Mutex::default(), running, certified, strange, app, folder }
    }

    /// Where database and files lie.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A session cookie's secret of somebody; a new one where the last has ended.
    pub fn session(&self, email: &str) -> String {
        if [AT_FACTOR, AT_PASSWORD, AT_ENROL].contains(&email) {
            return self.unfinished(email);
        }
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let open = sessions.get(email).filter(|s| self.app.session(s, "local").ok().flatten().is_some()).cloned();
        open.unwrap_or_else(|| {
            let secret = self.app.demo_sign_in(email, "local").expect("a known person").secret;
            sessions.insert(email.to_owned(), secret.clone());
            secret
        })
    }

    /// The cookie of somebody at a step of signing in; they are made when first asked for.
    fn unfinished(&self, at: &str) -> String {
        let door = app::sign_in::Door { address: "local", certificate: None };
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = sessions.get(at).filter(|s| self.app.partial(s, door).ok().flatten().is_some()) {
            return open.clone();
        }
        // An operator is in the middle once the password was right; the others are newcomers.
        let email = if at == AT_FACTOR { OPERATOR } else { at };
        if at != AT_FACTOR && !sessions.contains_key(at) {
            newcomer(&self.app, at);
        }
        let secret = self.app.sign_in(email, app::demo::PASSWORD, "local", None).expect("a known person").secret;
        sessions.insert(at.to_owned(), secret.clone());
        secret
    }

    pub fn actor(&self, email: &str) -> Actor {
        self.app.session(&self.session(email), "local").ok().flatten().expect("an open session").actor
    }

    /// A new REST token of somebody, good for 30 days.
    pub fn token(&self, email: &str, write: bool) -> String {
        let expires = rules::act::japan(self.app.clock.now()).date() + 30.days();
        let done = self.app.execute(&self.actor(email), Command::IssueToken { name: "test".into(), write, expires });
        done.expect("a token").secret.expect("its secret")
    }

    /// Sends a request through the whole router, from this machine.
    pub fn ask(&self, request: Request<Body>) -> Reply {
        self.ask_from(SocketAddr::from(([127, 0, 0, 1], 1)), request)
    }

    /// As [`World::ask`], from elsewhere.
    pub fn ask_from(&self, address: SocketAddr, mut request: Request<Body>) -> Reply {
        request.extensions_mut().insert(ConnectInfo(address));
        let router = self.router.clone();
        self.runtime.block_on(async move {
            let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
            let (parts, body) = response.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.map(Vec::from).unwrap_or_default();
            Reply { status: parts.status.as_u16(), headers: parts.headers, body }
        })
    }

    /// A page in a language, as somebody or signed out.
    pub fn page(&self, path: &str, who: Option<&str>, lang: Lang) -> Reply {
        self.ask(Request::get(path).header(header::COOKIE, self.cookies(who, lang)).body(Body::empty()).expect("a request"))
    }

    /// A form, with the token that proves it is ours.
    pub fn form(&self, path: &str, who: Option<&str>, fields: &[(&str, &str)]) -> Reply {
        let mut form = form_urlencoded::Serializer::new(String::new());
        if let Some(email) = who {
            form.append_pair(crate::components::CSRF_FIELD, &crate::session::csrf_of(&self.session(email)));
        }
        let body = form.extend_pairs(fields).finish();
        let request = Request::post(path)
            .header(header::COOKIE, self.cookies(who, Lang::Ja))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body));
        self.ask(request.expect("a request"))
    }

    /// A form as another site would make a browser send it: with the cookies, without the proof. `from` is `Sec-Fetch-Site`.
    pub fn bare_form(&self, path: &str, who: &str, from: Option<&str>) -> Reply {
        let proof = from.map(|_| format!("{}={}", crate::components::CSRF_FIELD, crate::session::csrf_of(&self.session(who))));
        let request = Request::post(path)
            .header(header::COOKIE, self.cookies(Some(who), Lang::Ja))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", from.unwrap_or("same-origin"))
            .body(Body::from(proof.unwrap_or_default()));
        self.ask(request.expect("a request"))
    }

    /// A form with a file in its field `file`.
    pub fn upload(&self, path: &str, who: Option<&str>, name: &str, bytes: &[u8]) -> Reply {
        let token = who.map(|email| crate::session::csrf_of(&self.session(email))).unwrap_or_default();
        let field = crate::components::CSRF_FIELD;
        let mut body = format!("--edge\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{token}\r\n").into_bytes();
        body.extend(format!("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n").into_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--edge--\r\n");
        let request = Request::post(path)
            .header(header::COOKIE, self.cookies(who, Lang::Ja))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
            .body(Body::from(body));
        self.ask(request.expect("a request"))
    }

    fn cookies(&self, who: Option<&str>, lang: Lang) -> String {
        let session = who.map(|email| format!("; {}={}", crate::session::name(&self.app), self.session(email)));
        format!("{}={}{}", crate::session::LANG_COOKIE, lang.tag(), session.unwrap_or_default())
    }

    /// A call of the REST interface.
    pub fn call(&self, method: &str, path: &str, token: Option<&str>, body: Option<(&str, Vec<u8>)>) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some((media, _)) = &body {
            request = request.header(header::CONTENT_TYPE, *media);
        }
        let body = body.map_or_else(Body::empty, |(_, bytes)| Body::from(bytes));
        self.ask(request.body(body).expect("a request"))
    }

    /// A call with JSON.
    pub fn act(&self, code: &str, token: &str, fields: &serde_json::Value) -> Reply {
        self.call("POST", &format!("/api/v1/acts/{code}"), Some(token), Some(("application/json", fields.to_string().into_bytes())))
    }

    /// Serves on a port of this machine until the world ends, for tests from outside; the address without a slash at the end.
    pub fn listen(&self) -> String {
        let listener = self.runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("its address");
        self.runtime.spawn(crate::server::run(self.app.clone(), listener, std::future::pending()));
        format!("http://{address}")
    }
}

/// Somebody new with the demonstration's password: an administrator, who has to enrol, or somebody whose password was
/// made for them.
fn newcomer(app: &App, email: &str) {
    let operator = actor(app, OPERATOR);
    let organisation = operator.organisation.expect("an organisation");
    let role = if email == AT_ENROL { Role::Administrator } else { Role::Evaluator };
    let invite = Command::InvitePerson { organisation, email: email.into(), roles: vec![role] };
    let link = app.execute(&operator, invite).expect("an invitation").secret.expect("its link");
    let accept = Command::AcceptInvitation {
        link: Secret(link),
        name: "新しい人".into(),
        password: Secret(app::demo::PASSWORD.into()),
        lang: Lang::Ja,
    };
    let made = app.execute(&Actor::system(), accept).expect("a newcomer").made.expect("their id");
    if email == AT_PASSWORD {
        let change = Change::PasswordChanged { person: made.parse().expect("an id"), initial: true };
        let act = app.act(Actor::system()).expect("an act");
        app.store().write(|tx| tx.enact(&act, &change, [0; 16])).expect("a forced change");
    }
}

fn copy_files(from: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let (path, name) = entry.map(|e| (e.path(), e.file_name())).expect("an entry");
        if path.is_dir() {
            std::fs::create_dir(to.join(&name)).expect("a folder");
            copy_files(&path, &to.join(name));
        } else {
            std::fs::copy(&path, to.join(name)).expect("a copy");
        }
    }
}

fn actor(app: &App, email: &str) -> Actor {
    let secret = app.demo_sign_in(email, "local").expect("a known person").secret;
    app.session(&secret, "local").ok().flatten().expect("an open session").actor
}

fn made<T: std::str::FromStr>(done: Result<app::Done, app::Error>) -> T {
    done.expect("an act that is allowed").made.and_then(|m| m.parse().ok()).expect("its id")
}

/// Makes another tenant, which writes the canary wherever it may write, up to a returned round.
fn stranger(app: &App) -> Id<id::Case> {
    let operator = actor(app, OPERATOR);
    let create = Command::CreateOrganisation { name: CANARY.into(), kinds: OrganisationKind::ALL.to_vec() };
    let organisation = made(app.execute(&operator, create));
    let invited = |email: &str, roles: Vec<Role>| {
        let invite = Command::InvitePerson { organisation, email: email.into(), roles };
        let link = app.execute(&operator, invite).expect("an invitation").secret.expect("its link");
        let accept = Command::AcceptInvitation {
            link: Secret(link),
            name: CANARY.into(),
            password: Secret(app::demo::PASSWORD.into()),
            lang: Lang::Ja,
        };
        app.execute(&Actor::system(), accept).expect("an account");
        actor(app, email)
    };
    let actor = invited(STRANGER, Role::ALL.into_iter().filter(|r| *r != Role::Operator).collect());
    // Nobody judges an answer of their own.
    let writer = invited("writer@example.jp", vec![Role::Officer]);
    let person = actor.person.expect("a person");
    let act = |command| app.execute(&actor, command).expect("an act that is allowed");
    act(Command::AddPhrase { text: CANARY.into() });
    let product = made(app.execute(&actor, Command::CreateProduct { name: CANARY.into(), description: CANARY.into() }));
    let sheet: SheetId = app.content.sheets().first().expect("a sheet").id.clone();
    let case = made(app.execute(&actor, Command::OpenCase { product, body: organisation, sheet }));
    let item = ItemNo(1);
    let words = CANARY.to_owned();
    let content = rules::answer::Content { text: words.clone(), remarks: words.clone(), ..Default::default() };
    let write = |command| app.execute(&writer, command).expect("an act that is allowed");
    write(Command::GiveAnswer { case, item, base: Pos::NEVER, content, ready: false });
    let named = format!("{}.txt", CANARY.replace('/', ""));
    let evidence = app.add_evidence(&writer, &named, CANARY.as_bytes(), Label::Confidential, None, None);
    let content = ClaimContent { evidence: Some(made(evidence)), place: words.clone(), ..Default::default() };
    write(Command::MakeClaims { case, items: vec![item], content });
    act(Command::SubmitRound { case });
    act(Command::AcceptRound { case, number: None });
    act(Command::AssignEvaluator { case, person, part: Part::First });
    act(Command::DeclareInterest { case, conflict: false, statement: words.clone() });
    let mark = app.case(&actor, case, None).expect("the case").sheet.scale[1].code.clone();
    let content = VerdictContent { mark, evidence: words.clone(), improvement: words.clone(), remarks: words.clone() };
    act(Command::GiveVerdict { case, item, base: Pos::NEVER, content });
    act(Command::SendMessage { case, item, text: words.clone(), side: None });
    act(Command::ReturnRound { case, flagged: None, message: words.clone() });
    act(Command::AnswerImprovement { case, item, text: words });
    case
}
