//! Cookies: the session's, the language's, and the token that proves a form is ours.

use app::App;
use axum::http::HeaderMap;
use axum::http::header;

use crate::components::CSRF_FIELD;
use crate::visit::Visit;

pub const LANG_COOKIE: &str = "akashi_lang";

/// The cookie for forms of visitors who are not signed in. Over TLS the prefix keeps neighbouring hosts from setting it.
const fn visitor(secure: bool) -> &'static str {
    if secure { "__Host-akashi-visitor" } else { "akashi_visitor" }
}

pub fn is_secure(app: &App) -> bool {
    app.config.address.starts_with("https://")
}

/// The session cookie's name; over TLS the prefix binds it to this host.
pub fn name(app: &App) -> &'static str {
    if is_secure(app) { "__Host-akashi" } else { "akashi_session" }
}

/// The value of a cookie of the request. Two values under one name are none: somebody else put one of them there, on a
/// neighbouring host for example, and nobody can tell which.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    // Pair by pair: another program's cookie in another alphabet hides none of ours.
    let all = headers.get_all(header::COOKIE).iter().flat_map(|v| v.as_bytes().split(|b| *b == b';'));
    let pairs = all.filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='));
    let mut found = pairs.filter(|(n, _)| *n == name).map(|(_, v)| v);
    let first = found.next()?;
    found.all(|other| other == first).then(|| first.to_owned())
}

/// The token that forms of this visitor carry, and a cookie to set where the visitor has nothing to bind it to.
pub struct Csrf {
    pub token: String,
    pub cookie: Option<String>,
}

/// Derived from the session's secret, or from a visitor cookie before signing in: neither is known to another site.
/// `secure` keeps the cookie on encrypted connections.
pub fn csrf(secret: Option<&str>, headers: &HeaderMap, secure: bool) -> Csrf {
    if let Some(secret) = secret {
        return Csrf { token: csrf_of(secret), cookie: None };
    }
    match cookie(headers, visitor(secure)).filter(|v| v.len() == 64) {
        Some(known) => Csrf { token: csrf_of(&known), cookie: None },
        None => match app::fresh_secret() {
            Ok(fresh) => {
                let (name, secure) = (visitor(secure), if secure { "; Secure" } else { "" });
                Csrf { token: csrf_of(&fresh), cookie: Some(format!("{name}={fresh}; Path=/; HttpOnly; SameSite=Lax{secure}")) }
            }
            // Without randomness no form is accepted, which is the safe side.
            Err(_) => Csrf { token: String::new(), cookie: None },
        },
    }
}

/// The token of forms under a session or visitor secret. It looks different on every page: compressed pages would
/// otherwise let somebody who watches their length guess it piece by piece (BREACH).
pub fn csrf_of(secret: &str) -> String {
    match app::fresh_secret() {
        Ok(mask) => format!("{mask}{}", masked(&csrf_behind(secret), &mask)),
        Err(_) => String::new(),
    }
}

fn csrf_behind(secret: &str) -> String {
    app::digest(&format!("csrf:{secret}"))
}

/// Two texts of hexadecimal digits, digit by digit in exclusive or; the same again takes the mask off.
fn masked(text: &str, mask: &str) -> String {
    let digits = |s: &str| s.chars().map(|c| c.to_digit(16).unwrap_or(0)).collect::<Vec<_>>();
    digits(text).into_iter().zip(digits(mask)).filter_map(|(a, b)| char::from_digit(a ^ b, 16)).collect()
}

/// The form carries this visitor's token, and no browser says that it comes from another site.
pub fn is_own_form(visit: &Visit, headers: &HeaderMap) -> bool {
    !is_foreign(headers) && is_token(visit.form.text(CSRF_FIELD), &visit.csrf)
}

/// As [`is_own_form`], for a form that comes after its session is over: it was one of that session's pages, or the
/// browser vouches for it. What another site sent is never kept, or somebody who signs in would send it.
pub fn was_own_form(visit: &Visit, headers: &HeaderMap) -> bool {
    let vouched = headers.get("sec-fetch-site").is_some_and(|v| v == "same-origin");
    let of_session = || cookie(headers, name(visit.app)).is_some_and(|over| is_token(visit.form.text(CSRF_FIELD), &csrf_of(&over)));
    !is_foreign(headers) && (vouched || of_session())
}

fn is_foreign(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|v| v != "same-origin" && v != "none")
}

fn is_token(given: &str, own: &str) -> bool {
    match (behind(given), behind(own)) {
        (Some(given), Some(own)) => own.len() == 64 && same(given.as_bytes(), own.as_bytes()),
        _ => false,
    }
}

/// What is behind the mask of a token, if it has the length of one.
fn behind(token: &str) -> Option<String> {
    let (mask, rest) = token.split_at_checked(64).filter(|(_, rest)| rest.len() == 64)?;
    Some(masked(rest, mask))
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

/// The name of the cookie of a sign-in at a provider.
pub fn under_way(app: &App) -> &'static str {
    if is_secure(app) { "__Host-akashi-elsewhere" } else { "akashi_elsewhere" }
}

/// The cookie that ties a provider's answer to this browser, for ten minutes; or that ends it. The answer comes as a
/// navigation from another site: `Lax` lets the cookie go with it, `Strict` would not.
pub fn under_way_cookie(visit: &Visit, secret: Option<&str>) -> String {
    let secure = if is_secure(visit.app) { "; Secure" } else { "" };
    let (value, age) = secret.map_or(("", 0), |secret| (secret, 600));
    format!("{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}", under_way(visit.app))
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
        headers.insert(header::COOKIE, HeaderValue::from_bytes(b"a=\xff\xfe; b=\xe5\xa4\x8f; akashi_session=xyz").unwrap());
        assert_eq!(cookie(&headers, "akashi_session").as_deref(), Some("xyz"));
        assert_eq!(cookie(&headers, "session"), None);
    }
}
