//! What went wrong, for programs: problem details (RFC 9457) with the text in both languages.

use std::borrow::Cow;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse, Response};
use rules::refusal::{FieldFault, Refusal, Why};
use rules::text::{Lang, Text, text, worded};
use schemars::JsonSchema;
use serde::Serialize;

/// A problem as it is sent, with the media type `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Problem {
    /// Names the kind of problem: `urn:akashi:problem:conflict`.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// The kind in words, in the language of the request.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what to do, in both languages.
    pub detail: Text,
    /// The field of the body it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Everything that is wrong, where it is more than one thing: the row of the file or list, the field, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FieldFault>,
}

/// Why a call has no answer.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    detail: Text,
    field: Option<String>,
    faults: Vec<FieldFault>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Refused(Why),
    Unreadable,
    WrongMethod,
    WrongMedia,
    Busy,
    Broken,
}

impl Kind {
    /// Name in `type`, status, and the title.
    fn row(self) -> (&'static str, StatusCode, Text) {
        let (name, title) = match self {
            Kind::Refused(Why::SignIn) => ("token", text("有効なトークンが必要です", "A valid token is needed")),
            Kind::Refused(Why::Confirm) => ("confirm", text("画面での本人確認が必要です", "Only in a browser, after a fresh proof")),
            Kind::Refused(Why::TooMany) => ("too_many", text("しばらくお待ちください", "Wait a while")),
            Kind::Refused(Why::Forbidden) => ("forbidden", text("許可されていません", "Not allowed")),
            Kind::Refused(Why::NotFound) => ("not_found", text("見つかりません", "Not found")),
            Kind::Refused(Why::Invalid) => ("invalid", text("入力に誤りがあります", "The input is not right")),
            Kind::Refused(Why::State) => ("state", text("今はできません", "Not possible now")),
            Kind::Refused(Why::Conflict) => ("conflict", text("ほかの人の変更と重なりました", "Somebody else changed it")),
            Kind::Refused(Why::TooLarge) => ("too_large", text("大きすぎます", "Too large")),
            Kind::Refused(Why::Unavailable) => ("unavailable", text("いまは利用できません", "Not available now")),
            Kind::Unreadable => ("unreadable", text("読み取れません", "It cannot be read")),
            Kind::WrongMethod => ("method", text("メソッドが違います", "Wrong method")),
            Kind::WrongMedia => ("media_type", text("本文の種類が違います", "Wrong media type")),
            Kind::Busy => ("busy", text("混み合っています", "Busy")),
            Kind::Broken => ("broken", text("エラーが発生しました", "Something went wrong")),
        };
        let status = match self {
            Kind::Refused(why) => crate::answer::status(why),
            Kind::Unreadable => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Kind::WrongMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Kind::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (name, status, title)
    }
}

impl Failure {
    fn new(kind: Kind, detail: Text) -> Failure {
        Failure { kind, detail, field: None, faults: vec![] }
    }

    pub fn answer(&self, lang: Lang) -> Response {
        let (name, status, title) = self.kind.row();
        let problem = Problem {
            kind: format!("urn:akashi:problem:{name}").into(),
            title: title.get(lang).to_owned(),
            status: status.as_u16(),
            detail: self.detail.clone(),
            field: self.field.clone(),
            faults: self.faults.clone(),
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure { kind: Kind::Refused(refusal.why), detail: refusal.text, field: refusal.field.map(str::to_owned), faults: refusal.faults }
    }
}

impl From<app::Error> for Failure {
    /// What is not a refusal is logged and stays opaque outside.
    fn from(error: app::Error) -> Failure {
        if error.is_busy() {
            tracing::warn!(%error, "the database is busy");
            let words = text(
                "データベースが混み合っています。少し待ってから、もう一度お試しください。",
                "The database is busy. Wait a moment and try again.",
            );
            return Failure::new(Kind::Busy, words);
        }
        match error {
            app::Error::Refused(refusal) => refusal.into(),
            app::Error::Store(_) | app::Error::Identity(_) | app::Error::Passkey(_) | app::Error::Broken(_) => {
                tracing::error!(%error, "a call failed");
                broken()
            }
        }
    }
}

pub fn broken() -> Failure {
    Failure::new(
        Kind::Broken,
        text(
            "処理を完了できませんでした。内容は変更されていません。繰り返す場合は、時刻を添えて運用者に連絡してください。",
            "This could not be completed and nothing was changed. If it happens again, tell the operator the time.",
        ),
    )
}

pub fn no_token() -> Failure {
    Refusal::new(
        Why::SignIn,
        text(
            "APIトークンがないか、無効です。「Authorization: Bearer トークン」を付けてください。トークンは画面で発行します。",
            "The token is missing or not valid. Send `Authorization: Bearer TOKEN`; tokens are issued in the browser.",
        ),
    )
    .into()
}

pub fn wrong_method() -> Failure {
    Failure::new(Kind::WrongMethod, text("このURLでは使えないメソッドです。", "This address does not take this method."))
}

pub fn wrong_media(wanted: &str) -> Failure {
    Failure::new(
        Kind::WrongMedia,
        worded(format!("本文は Content-Type: {wanted} で送信してください。"), format!("Send the body as Content-Type: {wanted}.")),
    )
}

/// The body is not what the route takes; `field` names the culprit where one can be told.
pub fn unreadable(field: Option<&str>, why: &str) -> Failure {
    let detail = match field {
        Some(name) => worded(format!("「{name}」を読み取れません: {why}"), format!("`{name}` cannot be read: {why}")),
        None => worded(format!("本文を読み取れません: {why}"), format!("The body cannot be read: {why}")),
    };
    Failure { field: field.map(str::to_owned), ..Failure::new(Kind::Unreadable, detail) }
}

pub fn missing(field: &str) -> Failure {
    let detail = worded(format!("「{field}」がありません。"), format!("`{field}` is missing."));
    Failure { field: Some(field.to_owned()), ..Failure::new(Kind::Unreadable, detail) }
}

pub fn unknown_field(field: &str, known: &[&str]) -> Failure {
    let known = known.join(", ");
    let detail = worded(
        format!("「{field}」という項目はありません。使える項目: {known}"),
        format!("There is no field `{field}`; these there are: {known}"),
    );
    Failure { field: Some(field.to_owned()), ..Failure::new(Kind::Unreadable, detail) }
}
