//! One call as a handler sees it: the token's actor first, then the body, then the handler on a thread that may block.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::str::FromStr;

use app::App;
use app::sign_in::Door;
use axum::Json;
use axum::extract::{ConnectInfo, RawPathParams, Request, State};
use axum::http::header::{self, HeaderMap};
use axum::response::{IntoResponse, Response};
use rules::act::{Actor, Means};
use rules::id::Digest;
use rules::policy::Side;
use rules::refusal::{Refusal, Why};
use rules::text::{Lang, text};
use serde_json::Value;

use super::problem::{self, Failure};
use super::{Guard, Handler, Reply, Route, Takes};
use crate::peer::Peer;
use crate::server::{self, Shared};
use crate::visit::{Fields, Upload};

/// The largest JSON body, in bytes.
const JSON_LIMIT: usize = 4 * 1024 * 1024;

/// One call.
pub struct Call<'a> {
    pub app: &'a App,
    pub route: &'static Route,
    pub lang: Lang,
    pub query: Fields,
    pub body: Body,
    params: BTreeMap<String, String>,
    actor: Option<Actor>,
}

/// What came with the call.
pub enum Body {
    Nothing,
    Json(Value),
    /// A form with files, and the folder that holds them until the handler is done.
    Form(Fields, Vec<Upload>, Option<tempfile::TempDir>),
    /// A file sent as the body itself.
    Bytes(Vec<u8>),
}

impl Call<'_> {
    /// The token's actor; the route's guard has made sure of one.
    pub fn actor(&self) -> Result<&Actor, Failure> {
        self.actor.as_ref().ok_or_else(problem::no_token)
    }
    /// A path parameter; one that cannot be read names nothing.
    pub fn param<T: FromStr>(&self, name: &str) -> Result<T, Refusal> {
        self.params.get(name).and_then(|v| v.parse().ok()).ok_or(Refusal::not_found())
    }
    pub fn side(&self) -> Result<Option<Side>, Refusal> {
        self.query.word("side")
    }
}

/// The language of the call: it has no person's settings and no cookies.
pub fn language(request: &Request) -> Lang {
    let asked = request.uri().query().and_then(|q| server::pairs(q.as_bytes()).get("lang").map(Lang::from_tag));
    let accepted = || request.headers().get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).map(Lang::from_tag);
    asked.or_else(accepted).unwrap_or_default()
}

pub async fn serve(app: Shared, route: &'static Route, params: RawPathParams, request: Request) -> Response {
    let lang = language(&request);
    let params = params.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    match answered(app, route, params, request, lang).await {
        Ok(Reply::Json(value)) => Json(value).into_response(),
        Ok(Reply::File(file)) => crate::answer::send_file(file),
        Err(failure) => failure.answer(lang),
    }
}

/// Addresses without a route: who has no token learns nothing, not even that.
pub async fn nothing_here(State(app): State<Shared>, request: Request) -> Response {
    let lang = language(&request);
    let act = request.uri().path().strip_prefix("/api/v1/acts/").and_then(super::acts::elsewhere);
    let caller = Caller::of(&request);
    drop(request);
    let failure = match admit(app, Guard::Token, caller).await {
        Ok(_) => act.unwrap_or(Refusal::not_found()).into(),
        Err(failure) => failure,
    };
    failure.answer(lang)
}

async fn answered(
    app: Shared,
    route: &'static Route,
    params: BTreeMap<String, String>,
    request: Request,
    lang: Lang,
) -> Result<Reply, Failure> {
    // Before the body: nobody sends a large one without a token.
    let caller = Caller::of(&request);
    let actor = admit(app.clone(), route.guard, caller).await?;
    let query = server::pairs(request.uri().query().unwrap_or_default().as_bytes());
    let body = arrive(&app, route, request).await?;
    let run = move || {
        let handler: Handler = route.handler;
        handler(&Call { app: &app, route, lang, query, body, params, actor })
    };
    tokio::task::spawn_blocking(run).await.unwrap_or_else(|stopped| {
        tracing::error!(path = %route.path, %stopped, "a handler stopped unexpectedly");
        Err(problem::broken())
    })
}

/// What the guard asks for.
struct Caller {
    secret: Option<String>,
    address: String,
    certificate: Option<Digest>,
}

impl Caller {
    fn of(request: &Request) -> Caller {
        let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map_or_else(|| "unknown".to_owned(), |c| c.0.ip().to_string());
        let certificate = request.extensions().get::<Peer>().and_then(|p| p.certificate);
        Caller { secret: bearer(request.headers()), address, certificate }
    }
}

/// Finds the actor behind the token and asks the guard.
async fn admit(app: Shared, guard: Guard, caller: Caller) -> Result<Option<Actor>, Failure> {
    if guard == Guard::Open {
        return Ok(None);
    }
    let secret = caller.secret.ok_or_else(problem::no_token)?;
    let found =
        tokio::task::spawn_blocking(move || app.token_from(&secret, Door { address: &caller.address, certificate: caller.certificate }))
            .await
            .map_err(|_| problem::broken())?;
    let actor = found?.ok_or_else(problem::no_token)?;
    if guard == Guard::Write && !matches!(actor.means, Means::Token { write: true, .. }) {
        return Err(Refusal::new(Why::Forbidden, text("このAPIトークンは読み取り専用です。", "This token may only read.")).into());
    }
    Ok(Some(actor))
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let (scheme, secret) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim().to_owned())
}

async fn arrive(app: &App, route: &Route, request: Request) -> Result<Body, Failure> {
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_lowercase();
    let media = media.split(';').next().unwrap_or_default().trim().to_owned();
    match route.takes {
        Takes::Nothing => Ok(Body::Nothing),
        Takes::Act(_) if media == "application/json" => {
            let bytes = whole(request, JSON_LIMIT).await?;
            serde_json::from_slice(&bytes).map(Body::Json).map_err(|e| problem::unreadable(None, &e.to_string()))
        }
        Takes::Act(_) => Err(problem::wrong_media("application/json")),
        Takes::Evidence | Takes::Sheet if media == "multipart/form-data" => {
            let sent = server::multipart(app.config.upload_limit, request).await?;
            match sent.refused {
                Some(refusal) => Err(refusal.into()),
                None => Ok(Body::Form(sent.form, sent.uploads, sent.folder)),
            }
        }
        Takes::Evidence => Err(problem::wrong_media("multipart/form-data")),
        Takes::Sheet if media.is_empty() || media == "application/json" || media == "application/x-www-form-urlencoded" => {
            Err(problem::wrong_media("application/octet-stream, text/csv, multipart/form-data"))
        }
        Takes::Sheet => {
            let limit = usize::try_from(app.config.upload_limit).unwrap_or(usize::MAX);
            Ok(Body::Bytes(whole(request, limit).await?))
        }
    }
}

/// The whole body, within a limit in bytes.
async fn whole(request: Request, limit: usize) -> Result<Vec<u8>, Failure> {
    match axum::body::to_bytes(request.into_body(), limit).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) if is_limit(&error) => Err(too_much(limit).into()),
        Err(error) => Err(problem::unreadable(None, &error.to_string())),
    }
}

/// Whether the limit was passed, and not the connection broken.
fn is_limit(error: &axum::Error) -> bool {
    std::iter::successors(std::error::Error::source(error), |e| e.source()).any(|e| e.to_string().contains("length limit exceeded"))
        || error.to_string().contains("length limit exceeded")
}

fn too_much(limit: usize) -> Refusal {
    let mib = limit / (1024 * 1024);
    Refusal::new(
        Why::TooLarge,
        rules::text::worded(format!("本文は{mib} MB以内にしてください。"), format!("The body may have {mib} MB at most.")),
    )
}
