//! Routes: path, guard and handler in one line; nothing is reachable that is not in [`all`].

use axum::http::StatusCode;
use maud::Markup;
use rules::account::Stage;
use rules::party::Role;
use rules::text::Lang;

use crate::shell::Page;
use crate::visit::Visit;

/// Who may come in at all; what they may do there, the policy decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Anybody, signed in or not.
    Public,
    /// Somebody in the middle of signing in, at this step.
    Step(Stage),
    /// Somebody who is signed in.
    SignedIn,
    /// Somebody with one of these roles.
    Roles(&'static [Role]),
}

impl Guard {
    pub fn admits(self, roles: Option<&[Role]>) -> bool {
        match (self, roles) {
            (Guard::Public, _) => true,
            // The server looks at the unfinished session itself.
            (Guard::Step(_), _) => false,
            (_, None) => false,
            (Guard::SignedIn, Some(_)) => true,
            (Guard::Roles(wanted), Some(roles)) => roles.iter().any(|r| wanted.contains(r)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    Get,
    Post,
}

/// What a handler gives back.
pub enum Answer {
    Page(Box<Page>),
    /// A page that is shown because the input was refused, with the status that says so.
    Refused(StatusCode, Box<Page>),
    /// A print view or a fragment.
    Html(Markup),
    /// See other: after a form was taken.
    Go(String),
    /// As `Go`, and sets or clears the session cookie.
    Session(Option<String>, String),
    /// A page that comes with a new session's cookie.
    SessionPage(String, Box<Page>),
    /// To another site: the sign-in page of a provider from the settings, never an address that a visitor gave.
    Away(String),
    /// As the answer inside, with one more cookie.
    Cookie(String, Box<Answer>),
    /// Remembers the language and goes on.
    Language(Lang, String),
    File(FileAnswer),
    Json(StatusCode, serde_json::Value),
}

/// A file to send.
pub struct FileAnswer {
    /// Media type, with charset for texts.
    pub media: String,
    pub name: String,
    pub content: FileContent,
    /// Shown in the sandboxed viewer's frame instead of being saved.
    pub inline: bool,
}

pub enum FileContent {
    Bytes(Vec<u8>),
    Open(Box<app::BlobReader>),
    /// Made for this visitor alone, and gone when it is sent.
    Made(std::fs::File),
}

impl From<Page> for Answer {
    fn from(page: Page) -> Answer {
        Answer::Page(Box::new(page))
    }
}

/// A handler: plain, synchronous, on a thread where it may block.
pub type Handler = fn(&Visit) -> Result<Answer, app::Error>;

/// One route.
#[derive(Clone, Copy)]
pub struct Route {
    pub method: Method,
    /// With parameters in braces: `/cases/{case}`.
    pub path: &'static str,
    pub guard: Guard,
    pub handler: Handler,
}

/// A page.
pub const fn get(path: &'static str, guard: Guard, handler: Handler) -> Route {
    Route { method: Method::Get, path, guard, handler }
}

/// A form's target.
pub const fn post(path: &'static str, guard: Guard, handler: Handler) -> Route {
    Route { method: Method::Post, path, guard, handler }
}

/// Every route of the pages and of the REST interface.
pub fn all() -> impl Iterator<Item = &'static Route> {
    crate::pages::ROUTES.iter().flat_map(|routes| routes.iter())
}
