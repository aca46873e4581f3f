//! A browser as checks use it: cookies, forms with their tokens, and nothing that a person could not do.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;

use app::sign_in::{Door, SignedIn};
use axum::body::Body;
use axum::http::{Request, header};
use jiff::ToSpan;
use rules::command::Command;
use rules::refusal::{Refusal, Why};
use web::components::CSRF_FIELD;
use web::testing::Reply;

use crate::scratch::{PASSWORD, Scratch};
use crate::{Failed, Tried, expect};

pub struct Browser<'s> {
    scratch: &'s Scratch,
    address: SocketAddr,
    cookies: RefCell<BTreeMap<String, String>>,
    /// The token of the forms of the last page.
    csrf: RefCell<String>,
}

impl<'s> Browser<'s> {
    pub(crate) fn new(scratch: &'s Scratch, address: SocketAddr) -> Browser<'s> {
        Browser { scratch, address, cookies: RefCell::default(), csrf: RefCell::default() }
    }

    /// The same cookies in another place.
    pub fn moved(&self, to: [u8; 4]) -> Browser<'s> {
        Browser { scratch: self.scratch, address: SocketAddr::from((to, 40_000)), cookies: self.cookies.clone(), csrf: self.csrf.clone() }
    }

    /// Puts a cookie of the session where a thief or a program would.
    pub fn set_session(&self, secret: &str) {
        self.cookies.borrow_mut().insert(session_name(), secret.to_owned());
    }
    pub fn session(&self) -> String {
        self.cookies.borrow().get(&session_name()).cloned().unwrap_or_default()
    }
    fn door(&self) -> String {
        self.address.ip().to_string()
    }

    fn send(&self, request: axum::http::request::Builder, body: Body) -> Result<Reply, Failed> {
        let cookies: Vec<String> = self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(header::COOKIE, cookies.join("; ")).header(header::ACCEPT_LANGUAGE, "ja");
        let request = request.body(body).map_err(|e| Failed::new(e.to_string(), e.to_string()))?;
        let reply = self.scratch.world().ask_from(self.address, request);
        for cookie in reply.headers.get_all(header::SET_COOKIE).iter().filter_map(|v| v.to_str().ok()) {
            let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) else { continue };
            let mut jar = self.cookies.borrow_mut();
            if value.is_empty() {
                jar.remove(name)
            } else {
                jar.insert(name.to_owned(), value.to_owned())
            };
            // Tokens of forms belong to the session that has ended.
            self.csrf.borrow_mut().clear();
        }
        let page = reply.text();
        let marker = format!("name=\"{CSRF_FIELD}\" value=\"");
        if let Some(token) = page.split(&marker).nth(1).and_then(|rest| rest.split('"').next()) {
            *self.csrf.borrow_mut() = token.to_owned();
        }
        Ok(reply)
    }

    pub fn get(&self, path: &str) -> Result<Reply, Failed> {
        self.send(Request::get(path), Body::empty())
    }

    /// The status of a page.
    pub fn status(&self, path: &str) -> Result<u16, Failed> {
        Ok(self.get(path)?.status)
    }

    /// Fills in a form and sends it; the page that carries its token is opened first where none was.
    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> Result<Reply, Failed> {
        if self.csrf.borrow().is_empty() {
            // In the middle of signing in it leads to the step that is due.
            let opened = self.get("/account")?;
            let led = opened.header("location").to_owned();
            if opened.status == 303 {
                self.get(&led)?;
            }
        }
        let token = self.csrf.borrow().clone();
        let body = form_urlencoded::Serializer::new(String::new()).append_pair(CSRF_FIELD, &token).extend_pairs(fields).finish();
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, Body::from(body))
    }

    /// The first step of signing in.
    pub fn sign_in(&self, email: &str, password: &str) -> Result<Reply, Failed> {
        self.get("/signin")?;
        self.form("/signin", &[("email", email), ("password", password)])
    }

    /// The second step, with a code or what takes its place.
    pub fn second_factor(&self, by: &str, code: &str) -> Result<Reply, Failed> {
        self.form("/signin/factor", &[("by", by), ("code", code)])
    }

    /// Signs in with everything that is asked for, registering a code generator where one is demanded.
    pub fn open(&self, email: &str) -> Tried {
        let mut led = self.sign_in(email, PASSWORD)?;
        for _ in 0..3 {
            match (led.status, led.header("location")) {
                (303, "/signin/factor") => led = self.second_factor("totp", &self.scratch.code(email)?)?,
                (303, "/signin/enrol") => led = self.enrol()?,
                (303, to) if !to.starts_with("/signin") => return Ok(()),
                (status, to) => {
                    let (ja, en) =
                        (format!("{email} がサインインできません（{status} {to}）"), format!("{email} cannot sign in ({status} {to})"));
                    return Err(Failed::new(ja, en));
                }
            }
        }
        Err(Failed::new(format!("{email} のサインインが終わりません"), format!("the sign-in of {email} does not end")))
    }

    fn enrol(&self) -> Result<Reply, Failed> {
        let page = self.get("/signin/enrol")?.text();
        let shown = page.split("<code class=\"secret\">").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default();
        let key = identity::TotpKey::parse(&shown.replace(' ', ""))?;
        self.form("/signin/enrol/totp", &[("code", &key.code(self.scratch.now()))])
    }

    /// Who is signed in here.
    pub fn signed(&self) -> Result<SignedIn, Failed> {
        let address = self.door();
        let found = self.scratch.app().session_from(&self.session(), Door { address: &address, certificate: None })?;
        found.ok_or_else(|| Failed::new("サインインしていません", "nobody is signed in"))
    }

    /// Does what a form of this person would ask for; proves again who it is where that is asked.
    pub fn act(&self, command: Command) -> Result<app::Done, Failed> {
        self.try_act(command)?.map_err(Failed::from)
    }

    /// Does what must be refused; why it was.
    pub fn refused(&self, command: Command) -> Result<Refusal, Failed> {
        let name = command.kind().name();
        match self.try_act(command)? {
            Err(refusal) => Ok(refusal),
            Ok(_) => Err(Failed::new(format!("「{}」が受け付けられました", name.ja), format!("\"{}\" was accepted", name.en))),
        }
    }

    fn try_act(&self, command: Command) -> Result<Result<app::Done, Refusal>, Failed> {
        let tried = |command| match self.scratch.app().execute(&self.signed()?.actor, command) {
            Ok(done) => Ok(Ok(done)),
            Err(app::Error::Refused(refusal)) => Ok(Err(refusal)),
            Err(other) => Err(Failed::from(other)),
        };
        match tried(command.clone())? {
            Err(refusal) if refusal.why == Why::Confirm => {
                let reply = self.form("/confirm", &[("by", "password"), ("password", PASSWORD), ("to", "/")])?;
                expect(reply.status == 303, "本人の確認ができません", "the person could not be confirmed")?;
                tried(command)
            }
            other => Ok(other),
        }
    }

    /// A token for programs, good for 30 days.
    pub fn token(&self, write: bool) -> Result<String, Failed> {
        let expires = rules::act::japan(self.scratch.now()).date() + 30.days();
        let done = self.act(Command::IssueToken { name: "acceptance".into(), write, expires })?;
        done.secret.ok_or_else(|| Failed::new("トークンがありません", "there is no token"))
    }

    /// A call of the REST interface from here; cookies go along, as a browser would send them.
    pub fn call(&self, method: &str, path: &str, token: &str, body: Option<&serde_json::Value>) -> Result<Reply, Failed> {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        self.send(request, body.map_or_else(Body::empty, |b| Body::from(b.to_string())))
    }

    /// A file through the REST interface, with the fields of its form.
    pub fn upload(&self, path: &str, token: &str, fields: &[(&str, &str)], name: &str, content: &str) -> Result<Reply, Failed> {
        let part = |(name, value): &(&str, &str)| format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        let mut body: String = fields.iter().map(part).collect();
        body.push_str(&format!("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"));
        body.push_str(&format!("{content}\r\n--edge--\r\n"));
        let request = Request::post(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge"), Body::from(body))
    }
}

/// The name that the cookie of a session has without TLS.
fn session_name() -> String {
    "akashi_session".to_owned()
}
