//! The REST interface: every act and every view, for programs with a token.
//!
//! Like the pages, it is a list: [`all`] names each route with its guard, what it takes and what it gives. The server,
//! the OpenAPI document and the tests are made of that list, so none of them can know a route that the others do not.

mod acts;
mod call;
mod exchange;
mod openapi;
mod problem;
mod reads;
pub mod views;

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::routing::MethodRouter;
use rules::command::Kind;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::route::{FileAnswer, Method};
use crate::server::Shared;

pub use call::Call;
pub use openapi::document;
pub use problem::{Failure, Problem};

/// Who may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Anybody; nothing of any organisation is shown.
    Open,
    /// Any valid token. Cookies count for nothing here, so no other site can borrow a browser's session.
    Token,
    /// A token that may write.
    Write,
}

/// What a route takes as its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Nothing,
    /// The fields of a command as JSON.
    Act(Kind),
    /// A form with a file.
    Evidence,
    /// A filled sheet: a form with a file, or the file itself as the body.
    Sheet,
}

/// What a route gives back.
#[derive(Clone, Copy)]
pub enum Gives {
    /// JSON of a view.
    View(fn(&mut SchemaGenerator) -> Schema),
    /// A file of this media type.
    File(&'static str),
}

/// An answer of the interface.
pub enum Reply {
    Json(serde_json::Value),
    File(FileAnswer),
}

/// A handler: plain, synchronous, on a thread where it may block.
pub type Handler = fn(&Call) -> Result<Reply, Failure>;

/// A name in a query and what it does, in English as the OpenAPI document is.
pub type Query = (&'static str, &'static str);

/// One route.
#[derive(Clone)]
pub struct Route {
    pub method: Method,
    /// With parameters in braces.
    pub path: Cow<'static, str>,
    pub guard: Guard,
    /// What it is for, in one line.
    pub about: Cow<'static, str>,
    pub query: &'static [Query],
    pub takes: Takes,
    pub gives: Gives,
    pub handler: Handler,
}

/// A view.
const fn get(path: &'static str, guard: Guard, about: &'static str, query: &'static [Query], gives: Gives, handler: Handler) -> Route {
    Route {
        method: Method::Get,
        path: Cow::Borrowed(path),
        guard,
        about: Cow::Borrowed(about),
        query,
        takes: Takes::Nothing,
        gives,
        handler,
    }
}

/// JSON of `T`.
const fn view<T: JsonSchema>() -> Gives {
    Gives::View(|generator| generator.subschema_for::<T>())
}

const SIDE: Query = ("side", "From which side to look, where the token has several: applicant, body or institution.");
const LANG: Query = ("lang", "ja or en; otherwise Accept-Language decides.");
const BLANK: Query = ("blank", "Any value gives the form without anybody's words.");

/// The routes that are not acts.
pub const ROUTES: &[Route] = &[
    get("/api/openapi.json", Guard::Open, "This document", &[], view::<serde_json::Value>(), openapi::show),
    get("/api/v1/registry", Guard::Open, "Certificates that both sides agreed to publish", &[], view::<views::Registry>(), reads::registry),
    get("/api/v1/me", Guard::Token, "Whom the token speaks for", &[], view::<views::Me>(), reads::me),
    get(
        "/api/v1/cases",
        Guard::Token,
        "Cases that may be seen, the newest first",
        &[("before", "Continues the list: `next` of the answer before.")],
        view::<views::Cases>(),
        reads::cases,
    ),
    get(
        "/api/v1/cases/{case}",
        Guard::Token,
        "A case: its state, rounds, people and progress",
        &[SIDE],
        view::<views::CaseDetail>(),
        reads::case,
    ),
    get("/api/v1/cases/{case}/items", Guard::Token, "All items of a case as they stand", &[SIDE], view::<views::Items>(), reads::items),
    get(
        "/api/v1/cases/{case}/items/{no}",
        Guard::Token,
        "One item with its history and questions",
        &[SIDE],
        view::<views::ItemDetail>(),
        reads::item,
    ),
    get(
        "/api/v1/cases/{case}/quality",
        Guard::Token,
        "What the quality check of this side finds",
        &[SIDE],
        view::<views::Quality>(),
        reads::quality,
    ),
    get(
        "/api/v1/cases/{case}/rounds/{n}",
        Guard::Token,
        "What a submitted round held; for ever the same",
        &[SIDE],
        view::<views::RoundDetail>(),
        reads::round,
    ),
    get(
        "/api/v1/cases/{case}/export.xlsx",
        Guard::Token,
        "The case as an Excel sheet",
        &[
            SIDE,
            LANG,
            BLANK,
            ("filters", "Any value repeats categories on every row, with filters, instead of merging cells."),
            ("a4", "Any value sets the paper to A4 instead of A3."),
        ],
        Gives::File("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        exchange::export_xlsx,
    ),
    get(
        "/api/v1/cases/{case}/export.csv",
        Guard::Token,
        "The case as CSV",
        &[SIDE, LANG, BLANK],
        Gives::File("text/csv"),
        exchange::export_csv,
    ),
    Route {
        method: Method::Post,
        path: Cow::Borrowed("/api/v1/cases/{case}/import"),
        // Looking at what a file would change is reading; taking it over is an act, and the policy asks for a token that writes.
        guard: Guard::Token,
        about: Cow::Borrowed("Compares a filled sheet with what stands, and takes it over where asked to"),
        query: &[
            SIDE,
            ("take", "`all` takes over every difference listed; without it nothing is changed."),
            ("name", "The file's name, where the body is the file itself; its ending tells the format."),
        ],
        takes: Takes::Sheet,
        gives: view::<views::Import>(),
        handler: exchange::import,
    },
    get(
        "/api/v1/cases/{case}/certificate.pdf",
        Guard::Token,
        "The certificate of a case",
        &[LANG],
        Gives::File("application/pdf"),
        exchange::certificate,
    ),
    get("/api/v1/sheets", Guard::Token, "The check sheets", &[], view::<views::Sheets>(), reads::sheets),
    get("/api/v1/sheets/{sheet}", Guard::Token, "A check sheet with all its items", &[], view::<views::SheetDetail>(), reads::sheet),
    get("/api/v1/products", Guard::Token, "Products of the organisation", &[], view::<views::Products>(), reads::products),
    get(
        "/api/v1/evidence",
        Guard::Token,
        "Documents of the organisation, the newest version of each",
        &[],
        view::<views::Library>(),
        reads::library,
    ),
    Route {
        method: Method::Post,
        path: Cow::Borrowed("/api/v1/evidence"),
        guard: Guard::Write,
        about: Cow::Borrowed("Adds a file as evidence, or as a new version of a series"),
        query: &[],
        takes: Takes::Evidence,
        gives: view::<views::Done>(),
        handler: exchange::add_evidence,
    },
    get(
        "/api/v1/evidence/{evidence}/file",
        Guard::Token,
        "The file itself",
        &[("case", "The case in which a claim points to the file; needed for another organisation's file.")],
        Gives::File("application/octet-stream"),
        exchange::file,
    ),
    get(
        "/api/v1/search",
        Guard::Token,
        "Items, answers and documents that hold every word",
        &[("q", "The words to look for.")],
        view::<views::Search>(),
        reads::search,
    ),
];

/// Every route: those above, and one for each kind of command that a token may give.
pub fn all() -> &'static [Route] {
    static ALL: LazyLock<Vec<Route>> = LazyLock::new(|| ROUTES.iter().cloned().chain(acts::routes()).collect());
    &ALL
}

/// The routes under `/api`; whatever else is asked for there is answered by this interface too, as a problem.
pub fn router() -> Router<Shared> {
    let mut paths: Vec<(&'static str, MethodRouter<Shared>)> = vec![];
    for route in all() {
        let handler = move |State(app): State<Shared>, params: RawPathParams, request: Request| call::serve(app, route, params, request);
        let methods = match route.method {
            Method::Get => axum::routing::get(handler),
            Method::Post => axum::routing::post(handler),
        };
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, known)) => *known = std::mem::take(known).merge(methods),
            None => paths.push((&route.path, methods)),
        }
    }
    let mut router = Router::new();
    for (path, methods) in paths {
        router = router
            .route(path, methods.fallback(|request: Request| async move { problem::wrong_method().answer(call::language(&request)) }));
    }
    router.route("/api/{*rest}", axum::routing::any(call::nothing_here))
}
