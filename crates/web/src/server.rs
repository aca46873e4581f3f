//! The server: turns a request into a visit, runs its handler on a thread that may block, sends the answer.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::sign_in::{Door, Partial, SignedIn};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, RawPathParams, Request, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method as HttpMethod, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use rules::refusal::{Refusal, Why};
use rules::text::{Lang, text};
use tower_http::compression::CompressionLayer;

use crate::answer;
use crate::blocking::{self, Blocking};
use crate::peer::Peer;
use crate::route::{Answer, Guard, Method, Route, all};
use crate::session;
use crate::tls::entrance::Entrance;
use crate::visit::{Fields, Upload, Visit};

/// The largest form without files, in bytes.
const FORM_LIMIT: usize = 4 * 1024 * 1024;
/// How long a request may take, uploads included.
const TIMEOUT: Duration = Duration::from_secs(120);

/// What every request shares.
pub type Shared = Arc<App>;

/// The whole service: pages, REST interface, assets.
pub fn router(app: Shared) -> Router {
    let https = app.config.address.starts_with("https://");
    let mut paths: Vec<(&'static str, MethodRouter<Shared>)> = vec![];
    for route in all() {
        let handler = move |State(app): State<Shared>, params: RawPathParams, request: Request| serve(app, *route, params, request);
        let methods = match route.method {
            Method::Get => axum::routing::get(handler),
            Method::Post => axum::routing::post(handler),
        };
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, known)) => *known = std::mem::take(known).merge(methods),
            None => paths.push((route.path, methods)),
        }
    }
    let mut router = Router::new();
    for (path, methods) in paths {
        router = router.route(path, methods);
    }
    router
        .route("/assets/{*path}", axum::routing::get(asset))
        .merge(crate::api::router())
        .fallback(nothing_here)
        .with_state(app)
        // Every body is read under a limit of its own; the framework's two megabytes would cut uploads short.
        .layer(axum::extract::DefaultBodyLimit::disable())
        .layer(CompressionLayer::new())
        .layer(tower_http::timeout::TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT))
        .layer(axum::middleware::map_response_with_state(https, security_headers))
}

/// Serves until `stop` resolves; open requests are finished first. A listener alone is an entrance without TLS.
pub async fn run(app: Shared, entrance: impl Into<Entrance>, stop: impl Future<Output = ()> + Send + 'static) {
    let clock = app.clone();
    entrance.into().serve(router(app), move || clock.clock.now(), stop).await;
}

/// What a page may use of the device: passkeys. Everything that asks for more is refused.
const PERMISSIONS: &str = "publickey-credentials-get=(self), publickey-credentials-create=(self), accelerometer=(), autoplay=(), \
    bluetooth=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), gamepad=(), geolocation=(), gyroscope=(), hid=(), \
    idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), \
    screen-wake-lock=(), serial=(), storage-access=(), usb=(), web-share=(), xr-spatial-tracking=()";
/// Two years, in seconds (RFC 6797).
const ONLY_HTTPS: &str = "max-age=63072000; includeSubDomains";

/// `https` tells that people reach this installation by TLS, here or at a proxy.
async fn security_headers(State(https): State<bool>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut set = |name: header::HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, crate::shell::CONTENT_SECURITY_POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::CACHE_CONTROL, "no-store");
    set(header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(header::HeaderName::from_static("permissions-policy"), PERMISSIONS);
    if https {
        set(header::STRICT_TRANSPORT_SECURITY, ONLY_HTTPS);
    }
    response
}

async fn asset(uri: Uri) -> Response {
    match uri.path().strip_prefix(crate::assets::PREFIX).and_then(crate::assets::get) {
        Some(asset) => {
            let headers = [(header::CONTENT_TYPE, asset.content_type), (header::CACHE_CONTROL, crate::assets::CACHE_CONTROL)];
            (headers, Bytes::from_static(asset.bytes)).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn nothing_here(State(app): State<Shared>, params: RawPathParams, request: Request) -> Response {
    const NOTHING: Route = crate::route::get("", Guard::Public, |_| Err(Refusal::not_found().into()));
    serve(app, NOTHING, params, request).await
}

/// The parts of a request that a visit is made of, before the blocking thread.
struct Arrived {
    headers: HeaderMap,
    uri: Uri,
    params: Vec<(String, String)>,
    form: Fields,
    uploads: Vec<Upload>,
    /// A file that was not taken; the handler shows it on its form.
    refused: Option<Refusal>,
    /// Nothing where a request came by no connection.
    peer: Option<Peer>,
    /// Holds the uploads until the handler is done.
    _folder: Option<tempfile::TempDir>,
}

async fn serve(app: Shared, route: Route, params: RawPathParams, request: Request) -> Response {
    let lang = language(request.headers(), None);
    let posted = request.method() == HttpMethod::POST;
    let params: Vec<(String, String)> = params.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let arrived = match arrive(&app, request, params).await {
        Ok(arrived) => arrived,
        Err(refusal) => return answer::refusal_alone(&refusal, lang),
    };
    let done = tokio::task::spawn_blocking(move || visit(&app, route, posted, arrived)).await;
    done.unwrap_or_else(|stopped| {
        tracing::error!(path = route.path, %stopped, "a handler stopped unexpectedly");
        answer::broken(lang)
    })
}

async fn arrive(app: &Shared, request: Request, params: Vec<(String, String)>) -> Result<Arrived, Refusal> {
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let peer = Peer::of(&request);
    let media = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let sent = if request.method() != HttpMethod::POST {
        Sent::default()
    } else if media.starts_with("multipart/form-data") {
        // Who is not signed in sends no files worth keeping: their limit is that of a form.
        let known = is_signed_in(app, &headers, &address(peer), peer.and_then(|p| p.certificate)).await;
        let limit = match uri.path() {
            _ if !known => FORM_LIMIT as u64,
            crate::pages::packages::RECEIVE => app.config.package_limit,
            _ => app.config.upload_limit,
        };
        multipart(limit, request).await?
    } else {
        let bytes = axum::body::to_bytes(request.into_body(), FORM_LIMIT).await.map_err(|_| too_much(FORM_LIMIT as u64))?;
        Sent { form: pairs(&bytes), ..Sent::default() }
    };
    let Sent { form, uploads, refused, folder } = sent;
    Ok(Arrived { headers, uri, params, form, uploads, refused, peer, _folder: folder })
}

/// The visitor's address as it is kept in sessions and the ledger.
fn address(peer: Option<Peer>) -> String {
    peer.map_or_else(|| "unknown".to_owned(), |peer| peer.address.ip().to_string())
}

async fn is_signed_in(app: &Shared, headers: &HeaderMap, address: &str, certificate: Option<rules::id::Digest>) -> bool {
    let Some(secret) = session::cookie(headers, session::name(app)) else { return false };
    let (app, address) = (app.clone(), address.to_owned());
    let found = tokio::task::spawn_blocking(move || app.session_from(&secret, Door { address: &address, certificate })).await;
    matches!(found, Ok(Ok(Some(_))))
}

pub(crate) fn pairs(encoded: &[u8]) -> Fields {
    Fields(form_urlencoded::parse(encoded).map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
}

fn too_much(limit: u64) -> Refusal {
    app::upload::too_large("—", limit)
}

/// What a form sent.
#[derive(Default)]
pub(crate) struct Sent {
    pub form: Fields,
    pub uploads: Vec<Upload>,
    /// Why a file was not taken; the fields are there all the same.
    pub refused: Option<Refusal>,
    /// Holds the uploads.
    pub folder: Option<tempfile::TempDir>,
}

/// How much of a refused upload is still read, so that the browser gets to see the answer, in bytes.
const DRAIN: u64 = 1024 * 1024 * 1024;

/// Reads a form with files; each file goes to a temporary place as it comes in, never into memory.
/// Files over the limit, all together, are thrown away while the rest of the form is still read.
pub(crate) async fn multipart(limit: u64, request: Request) -> Result<Sent, Refusal> {
    let damaged =
        |_| Refusal::invalid("file", text("送信が途中で切れました。もう一度送信してください。", "The upload broke off; send it again."));
    let io = |_| {
        Refusal::invalid(
            "file",
            text("一時ファイルを書き込めません。運用者に連絡してください。", "A temporary file cannot be written; tell the operator."),
        )
    };
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| damaged(()))?;
    let folder = tempfile::tempdir().map_err(io)?;
    let (mut sent, mut total, mut typed) = (Sent::default(), 0u64, 0);
    while let Some(mut field) = form.next_field().await.map_err(|_| damaged(()))? {
        let name = field.name().unwrap_or_default().to_owned();
        let Some(file_name) = field.file_name().map(str::to_owned) else {
            let mut value = vec![];
            while let Some(chunk) = field.chunk().await.map_err(|_| damaged(()))? {
                value.extend_from_slice(&chunk);
                // Counted over all fields: many small ones are as large as one.
                typed += chunk.len();
                if typed > FORM_LIMIT {
                    return Err(too_much(FORM_LIMIT as u64));
                }
            }
            sent.form.0.push((name, String::from_utf8_lossy(&value).into_owned()));
            continue;
        };
        let path = folder.path().join(sent.uploads.len().to_string());
        let mut file = std::fs::File::create(&path).map_err(io)?;
        while let Some(chunk) = field.chunk().await.map_err(|_| damaged(()))? {
            total += chunk.len() as u64;
            if total <= limit {
                file.write_all(&chunk).map_err(io)?;
            } else if total <= limit + DRAIN {
                sent.refused.get_or_insert_with(|| app::upload::too_large(&file_name, limit));
            } else {
                return Err(app::upload::too_large(&file_name, limit));
            }
        }
        // A file field that was left empty comes as a file without name.
        if !file_name.is_empty() && sent.refused.is_none() {
            sent.uploads.push(Upload { field: name, name: file_name, path });
        }
    }
    sent.folder = Some(folder);
    Ok(sent)
}

fn language(headers: &HeaderMap, person: Option<Lang>) -> Lang {
    let cookie = session::cookie(headers, session::LANG_COOKIE).map(|tag| Lang::from_tag(&tag));
    let accepted = || headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).map(Lang::from_tag);
    cookie.or(person).or_else(accepted).unwrap_or_default()
}

fn visit(app: &App, route: Route, posted: bool, arrived: Arrived) -> Response {
    let Arrived { headers, uri, params, form, uploads, refused, peer, _folder } = arrived;
    let address = address(peer);
    let secret = session::cookie(&headers, session::name(app));
    let certificate = peer.and_then(|peer| peer.certificate);
    let (signed, partial) = match secret.as_deref().map(|s| known(app, s, Door { address: &address, certificate })).transpose() {
        Ok(known) => known.unwrap_or_default(),
        Err(error) => return answer::error(&error, None, language(&headers, None)),
    };
    let csrf = session::csrf(secret.as_deref().filter(|_| signed.is_some() || partial.is_some()), &headers, session::is_secure(app));
    let visit = Visit {
        app,
        lang: language(&headers, signed.as_ref().map(|s| s.person.lang).or(partial.as_ref().map(|p| p.person.lang))),
        here: uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
        params: params.into_iter().collect(),
        query: pairs(uri.query().unwrap_or_default().as_bytes()),
        form,
        uploads,
        upload_refused: refused,
        fragment: headers.contains_key("hx-request"),
        address,
        certificate,
        csrf: csrf.token.clone(),
        under_way: session::cookie(&headers, session::under_way(app)),
        signed,
        partial,
    };
    let response = respond(&visit, route, posted, &headers);
    match csrf.cookie {
        Some(cookie) => answer::with_cookie(response, &cookie),
        None => response,
    }
}

/// Who is signed in with this cookie, or in the middle of it; never both.
fn known(app: &App, secret: &str, door: Door<'_>) -> Result<(Option<SignedIn>, Option<Partial>), app::Error> {
    let signed = app.session_from(secret, door)?;
    let partial = if signed.is_none() { app.partial(secret, door)? } else { None };
    Ok((signed, partial))
}

/// Where an unfinished sign-in goes on, if the route is not for it.
fn elsewhere(visit: &Visit, route: Route) -> Option<&'static str> {
    let stage = visit.partial.as_ref()?.stage;
    match route.guard {
        Guard::Public => None,
        Guard::Step(step) if step == stage => None,
        _ => Some(crate::pages::steps::path(stage)),
    }
}

fn respond(visit: &Visit, route: Route, posted: bool, headers: &HeaderMap) -> Response {
    if let Some(path) = elsewhere(visit, route) {
        return answer::send(crate::route::Answer::Go(path.to_owned()), visit);
    }
    let roles = visit.signed.as_ref().map(|s| s.actor.roles.as_slice());
    let at_step = matches!(route.guard, Guard::Step(_)) && visit.partial.is_some();
    if !at_step && !route.guard.admits(roles) {
        // Somebody whose session ran out in the middle of a form keeps what they typed: the sign-in page carries it.
        return if roles.is_none() {
            crate::pages::sign_in::instead(visit, posted, session::was_own_form(visit, headers))
        } else {
            noted(visit, route);
            answer::error(&Refusal::forbidden().into(), Some(visit), visit.lang)
        };
    }
    if posted && !session::is_own_form(visit, headers) {
        let refusal = Refusal::new(
            Why::Forbidden,
            text(
                "このフォームは別の画面から送信されたか、古くなっています。ページを開き直して、もう一度送信してください。",
                "This form came from elsewhere or is out of date. Reload the page and send it again.",
            ),
        );
        return answer::error(&refusal.into(), Some(visit), visit.lang);
    }
    // What is opened under a mark is recorded before it is shown; without the record nothing is shown.
    if let Some(Err(error)) = visit.signed.as_ref().map(|s| visit.app.page_opened(s, &visit.here, visit.param("case").ok())) {
        return answer::error(&error, Some(visit), visit.lang);
    }
    match (route.handler)(visit) {
        // Whatever page a form shows again: a fresh proof comes first, and what was typed travels along.
        Ok(Answer::Refused(StatusCode::PRECONDITION_REQUIRED, _)) => crate::pages::confirm::instead(visit, posted),
        Ok(done) => answer::send(done, visit),
        Err(app::Error::Refused(refusal)) if refusal.why == Why::Confirm => crate::pages::confirm::instead(visit, posted),
        Err(error) => {
            if error.refusal().is_some_and(|r| r.why == Why::Forbidden) {
                noted(visit, route);
            }
            answer::error(&error, Some(visit), visit.lang)
        }
    }
}

/// An attempt at what is not one's own stands in the ledger (item 32).
fn noted(visit: &Visit, route: Route) {
    if let Some(Err(error)) = visit.signed.as_ref().map(|s| visit.app.note_refused(&s.actor, route.path, &visit.here)) {
        tracing::error!(%error, "a refused act could not be recorded");
    }
}

/// Reads an upload into memory, for imports that need the whole file; its size was limited on the way in.
pub fn bytes_of(upload: &Upload) -> Result<Vec<u8>, app::Error> {
    let mut bytes = vec![];
    std::fs::File::open(&upload.path)
        .and_then(|mut f| f.read_to_end(&mut bytes))
        .map_err(|e| app::Error::Broken(format!("cannot read the upload {}: {e}", upload.name)))?;
    Ok(bytes)
}

/// A body for a file that is read, decrypted and verified while it is sent. Where it turns out to be altered the
/// connection breaks off, so that nobody takes the beginning for the whole.
pub(crate) fn stream(file: impl std::io::Read + Send + Unpin + 'static) -> Body {
    Body::from_stream(tokio_util::io::ReaderStream::with_capacity(Blocking::new(file), blocking::CHUNK))
}

#[cfg(test)]
mod tests {
    use app::{Clock, Config};
    use axum::extract::ConnectInfo;
    use rules::id::Digest;
    use tower::ServiceExt;

    use super::*;
    use crate::route::Answer;

    #[tokio::test]
    async fn a_handler_learns_address_and_certificate_of_the_visitor() {
        const SHOWN: Route = crate::route::get("", Guard::Public, |visit| {
            Ok(Answer::Json(StatusCode::OK, serde_json::json!([visit.address, visit.certificate])))
        });
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::set("2026-11-24T03:00:00Z".parse().expect("a time"));
        let app = Arc::new(App::open(Config::embedded(folder.path()), clock).expect("an installation"));
        let handler = |State(app): State<Shared>, params: RawPathParams, request: Request| serve(app, SHOWN, params, request);
        let router = Router::new().route("/", axum::routing::get(handler)).with_state(app);
        let told = async |request: Request| {
            let response = router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
            let body = axum::body::to_bytes(response.into_body(), 1024).await.expect("a body");
            String::from_utf8_lossy(&body).into_owned()
        };
        let address = std::net::SocketAddr::from(([192, 0, 2, 7], 1));
        let peer = Peer { certificate: Some(Digest([0xab; 32])), ..Peer::plain(address) };
        let with = |request: axum::http::request::Builder| request.body(Body::empty()).expect("a request");
        assert_eq!(told(with(Request::get("/").extension(peer))).await, format!("[\"192.0.2.7\",\"{}\"]", "ab".repeat(32)));
        assert_eq!(told(with(Request::get("/").extension(ConnectInfo(address)))).await, "[\"192.0.2.7\",null]");
        assert_eq!(told(with(Request::get("/"))).await, "[\"unknown\",null]");
    }
}
