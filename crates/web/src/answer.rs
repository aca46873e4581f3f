//! Sends answers, and turns what went wrong into pages: one table from kinds of refusal to status codes.

use app::Error;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::{Html, IntoResponse, Redirect, Response};
use maud::{Markup, html};
use rules::refusal::{Refusal, Why};
use rules::text::{Lang, Text, text};

use crate::components::{Fault, Kind, Tone, error_summary, link_button, notice};
use crate::route::{Answer, FileAnswer, FileContent};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

/// The status of a refusal.
pub const fn status(why: Why) -> StatusCode {
    match why {
        Why::SignIn => StatusCode::UNAUTHORIZED,
        // The condition is a fresh proof of who it is; the page that comes asks for it.
        Why::Confirm => StatusCode::PRECONDITION_REQUIRED,
        Why::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Why::Forbidden => StatusCode::FORBIDDEN,
        Why::NotFound => StatusCode::NOT_FOUND,
        Why::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Why::State | Why::Conflict => StatusCode::CONFLICT,
        Why::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Why::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

pub fn send(answer: Answer, visit: &Visit) -> Response {
    match answer {
        Answer::Page(page) => Html(page.render().into_string()).into_response(),
        Answer::Refused(status, page) => (status, Html(page.render().into_string())).into_response(),
        Answer::Html(markup) => Html(markup.into_string()).into_response(),
        Answer::Go(to) => Redirect::to(&crate::session::inside(&to)).into_response(),
        Answer::Session(secret, to) => {
            let cookie = crate::session::session_cookie(visit, secret.as_deref());
            with_cookie(Redirect::to(&crate::session::inside(&to)).into_response(), &cookie)
        }
        Answer::SessionPage(secret, page) => {
            let cookie = crate::session::session_cookie(visit, Some(&secret));
            with_cookie(Html(page.render().into_string()).into_response(), &cookie)
        }
        Answer::Away(to) => Redirect::to(&to).into_response(),
        Answer::Cookie(cookie, answer) => with_cookie(send(*answer, visit), &cookie),
        Answer::Language(lang, to) => {
            let secure = if crate::session::is_secure(visit.app) { "; Secure" } else { "" };
            let cookie = format!("{}={}; Path=/; Max-Age=31536000; SameSite=Lax{secure}", crate::session::LANG_COOKIE, lang.tag());
            with_cookie(Redirect::to(&crate::session::inside(&to)).into_response(), &cookie)
        }
        Answer::File(file) => send_file(file),
        Answer::Json(status, value) => (status, axum::Json(value)).into_response(),
    }
}

/// The same response with one more cookie.
pub fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

pub(crate) fn send_file(file: FileAnswer) -> Response {
    let mut response = match file.content {
        FileContent::Bytes(bytes) => bytes.into_response(),
        FileContent::Open(open) => crate::server::stream(*open).into_response(),
        FileContent::Made(file) => crate::server::stream(file).into_response(),
    };
    // RFC 6266 and 8187: a plain name for old programs, the real one in UTF-8.
    let encoded: String = file
        .name
        .bytes()
        .map(|b| if b.is_ascii_alphanumeric() || b"-._".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect();
    let how = if file.inline { "inline" } else { "attachment" };
    let headers = response.headers_mut();
    if let (Ok(media), Ok(named)) =
        (HeaderValue::from_str(&file.media), HeaderValue::from_str(&format!("{how}; filename=\"file\"; filename*=UTF-8''{encoded}")))
    {
        headers.insert(header::CONTENT_TYPE, media);
        headers.insert(header::CONTENT_DISPOSITION, named);
    }
    if file.inline {
        // Only this service may frame it, and nothing in it may run or load.
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; object-src 'self'; plugin-types application/pdf; frame-ancestors 'self'"));
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    }
    response
}

/// What went wrong, as a page. What is not a refusal is logged and stays opaque outside.
pub fn error(error: &Error, visit: Option<&Visit>, lang: Lang) -> Response {
    match error {
        Error::Refused(refusal) => match visit {
            Some(visit) => refused(visit, refusal),
            None => refusal_alone(refusal, lang),
        },
        _ if error.is_busy() => {
            tracing::warn!(%error, "the database is busy");
            busy(lang)
        }
        Error::Store(store_error) if error.is_unsure() => {
            tracing::error!(%store_error, here = visit.map(|v| v.here.as_str()), "it is not known whether an act was kept");
            unsure(lang)
        }
        Error::Store(_) | Error::Identity(_) | Error::Passkey(_) | Error::Broken(_) => {
            tracing::error!(%error, here = visit.map(|v| v.here.as_str()), "a request failed");
            broken(lang)
        }
    }
}

fn title(why: Why) -> Text {
    match why {
        Why::SignIn => text("サインインが必要です", "Please sign in"),
        Why::Confirm => text("本人確認が必要です", "Confirm that it is you"),
        Why::TooMany => text("しばらくお待ちください", "Please wait"),
        Why::Forbidden => text("この操作はできません", "Not allowed"),
        Why::NotFound => text("ページが見つかりません", "Not found"),
        Why::Invalid => text("入力を確認してください", "Check what you entered"),
        Why::State => text("今はこの操作ができません", "Not possible now"),
        Why::Conflict => text("ほかの人の変更と重なりました", "Somebody else changed it"),
        Why::TooLarge => text("大きすぎます", "Too large"),
        Why::Unavailable => text("いまは利用できません", "Not available now"),
    }
}

fn refused(visit: &Visit, refusal: &Refusal) -> Response {
    let main = html! {
        (notice(visit.lang, Tone::Danger, &refusal.text, html! {}))
        p { (link_button(visit.lang, Kind::Secondary, &text("ホームへ", "Home"), &urls::home())) }
    };
    (status(refusal.why), Html(visit.page(title(refusal.why), main).render().into_string())).into_response()
}

/// A refusal for a visitor we know nothing of yet.
pub fn refusal_alone(refusal: &Refusal, lang: Lang) -> Response {
    let main = html! { (notice(lang, Tone::Danger, &refusal.text, html! {})) };
    (status(refusal.why), Html(Page::new(lang, title(refusal.why), main).render().into_string())).into_response()
}

fn plain(lang: Lang, status: StatusCode, title: Text, words: Text) -> Response {
    let main = html! { (notice(lang, Tone::Danger, &words, html! {})) };
    (status, Html(Page::new(lang, title, main).render().into_string())).into_response()
}

/// Ours to mend: the person learns that nothing was changed and whom to tell.
pub fn broken(lang: Lang) -> Response {
    plain(
        lang,
        StatusCode::INTERNAL_SERVER_ERROR,
        text("エラーが発生しました", "Something went wrong"),
        text(
            "処理を完了できませんでした。内容は変更されていません。繰り返す場合は、時刻を添えて運用者に連絡してください。",
            "This could not be completed and nothing was changed. If it happens again, tell the operator the time.",
        ),
    )
}

/// The connection broke while the database was confirming: it may have been kept or not.
fn unsure(lang: Lang) -> Response {
    plain(
        lang,
        StatusCode::SERVICE_UNAVAILABLE,
        text("結果を確認できませんでした", "The outcome is not known"),
        text(
            "データベースとの接続が切れ、保存されたかどうかを確認できませんでした。ページを開き直して、内容を確認してください。",
            "The connection to the database broke, so it is not known whether this was saved. Open the page again and look.",
        ),
    )
}

fn busy(lang: Lang) -> Response {
    plain(
        lang,
        StatusCode::SERVICE_UNAVAILABLE,
        text("混み合っています", "Busy"),
        text(
            "データベースが混み合っています。少し待ってから、もう一度お試しください。",
            "The database is busy. Wait a moment and try again.",
        ),
    )
}

/// The error summary of a refusal, for the top of the form it concerns.
pub fn summary(lang: Lang, refusal: &Refusal) -> Markup {
    error_summary(
        lang,
        &[Fault {
            at: refusal.field.map(|name| crate::components::Field::new(name, refusal.text.clone()).id()),
            what: refusal.text.clone(),
        }],
    )
}
