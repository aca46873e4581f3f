//! Cookies: the session's, the language's, and the token that proves a form is ours.

use app::App;
use axum::http::HeaderMap;
use axum::http::header;

use crate::components::CSRF_FIELD;
use crate::visit::Visit;

pub const LANG_COOKIE: &str = "akashi_lang";
/// For forms of visitors who are not signed in.
const VISITOR_COOKIE: &str = "akashi_visitor";

fn is_secure(app: &App) -> bool {
    app.config.address.starts_with("https://")
}

/// The session cookie's name; over TLS the prefix binds it to this host.
pub fn name(app: &App) -> &'static str {
    if is_secure(app) { "__Host-akashi" } else { "akashi_session" }
}

/// The value of a cookie of the request.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    all.filter_map(|pair| pair.trim().split_once('=')).find(|(n, _)| *n == name).map(|(_, v)| v.to_owned())
}

/// The token that forms of this visitor carry, and a cookie to set where the visitor has nothing to bind it to.
pub struct Csrf {
    pub token: String,
    pub cookie: Option<String>,
}

/// Derived from the session's secret, or from a visitor cookie before signing in: neither is known to another site.
pub fn csrf(secret: Option<&str>, headers: &HeaderMap) -> Csrf {
    if let Some(secret) = secret {
        return Csrf { token: csrf_of(secret), cookie: None };
    }
    match cookie(headers, VISITOR_COOKIE).filter(|v| v.len() == 64) {
        Some(known) => Csrf { token: csrf_of(&known), cookie: None },
        None => match app::fresh_secret() {
            Ok(fresh) => Csrf { token: csrf_of(&fresh), cookie: Some(format!("{VISITOR_COOKIE}={fresh}; Path=/; HttpOnly; SameSite=Lax")) },
            // Without randomness no form is accepted, which is the safe side.
            Err(_) => Csrf { token: String::new(), cookie: None },
        },
    }
}

/// The token of forms under a session or visitor secret.
pub fn csrf_of(secret: &str) -> String {
    app::digest(&format!("csrf:{secret}"))
}

/// The form carries this visitor's token, and no browser says that it comes from another site.
pub fn is_own_form(visit: &Visit, headers: &HeaderMap) -> bool {
    let foreign = headers.get("sec-fetch-site").is_some_and(|v| v != "same-origin" && v != "none");
    let given = visit.form.text(CSRF_FIELD);
    !foreign && !visit.csrf.is_empty() && same(given.as_bytes(), visit.csrf.as_bytes())
}

/// Compares in a time that does not tell where they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |d, (x, y)| d | (x ^ y)) == 0
}

/// The cookie that starts a session, or that ends it.
pub fn session_cookie(visit: &Visit, secret: Option<&str>) -> String {
    let secure = if is_secure(visit.app) { "; Secure" } else { "" };
    let name = name(visit.app);
    match secret {
        Some(secret) => format!("{name}={secret}; Path=/; HttpOnly; SameSite=Lax{secure}"),
        None => format!("{name}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}"),
    }
}

/// Only addresses of this service are gone to: a path that begins with one slash, and nothing a browser reads as a host.
pub fn inside(to: &str) -> String {
    let ok = to.starts_with('/') && !to.starts_with("//") && !to.contains('\\') && !to.contains(|c: char| c.is_control());
    if ok { to.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for odd in ["https://example.jp/", "//example.jp", "/\\example.jp", "", "javascript:alert(1)", "/a\nSet-Cookie: x"] {
            assert_eq!(inside(odd), "/", "{odd:?}");
        }
        assert_eq!(inside("/cases?x=1#a"), "/cases?x=1#a");
    }

    #[test]
    fn one_cookie_is_found_among_many() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=1; akashi_session=xyz; b=2"));
        assert_eq!(cookie(&headers, "akashi_session").as_deref(), Some("xyz"));
        assert_eq!(cookie(&headers, "session"), None);
    }
}
