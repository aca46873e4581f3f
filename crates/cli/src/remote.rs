//! A server elsewhere, asked through its REST interface with a token.

use std::io::Read;
use std::time::Duration;

use clap::Args;
use rules::text::{Lang, Text, text, worded};
use serde_json::Value;
use ureq::http::Response;
use ureq::{Agent, Body, SendBody};

use crate::failure::Failure;

/// How long one request may take; uploads on slow lines included.
const PATIENCE: Duration = Duration::from_secs(600);

#[derive(Debug, Args)]
pub struct Remote {
    /// Address of the server.
    #[arg(long, env = "AKASHI_URL", default_value = "http://127.0.0.1:8253")]
    url: String,
    /// API token, issued in the browser; better in the environment than in the history of your shell.
    #[arg(long, env = "AKASHI_TOKEN", hide_env_values = true)]
    token: String,
}

/// An open line to a server.
pub struct Server {
    agent: Agent,
    address: String,
    token: String,
    lang: Lang,
}

impl Remote {
    /// A server that was named in another way than by these options.
    pub fn to(url: String, token: String) -> Remote {
        Remote { url, token }
    }

    pub fn server(&self, lang: Lang) -> Server {
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        Server { agent: config.into(), address: self.url.trim_end_matches('/').to_owned(), token: self.token.clone(), lang }
    }
}

impl Server {
    fn address(&self, path: &str) -> String {
        format!("{}/api/v1/{path}", self.address)
    }

    /// A view.
    pub fn get(&self, path: &str) -> Result<Value, Failure> {
        json(self.answer(self.get_request(path).call())?)
    }

    fn get_request(&self, path: &str) -> ureq::RequestBuilder<ureq::typestate::WithoutBody> {
        let request = self.agent.get(self.address(path)).header("Authorization", format!("Bearer {}", self.token));
        request.header("Accept-Language", self.lang.tag())
    }

    /// A file, to be read as it comes in, and the name the server gives it.
    pub fn file(&self, path: &str) -> Result<(Option<String>, impl Read + use<>), Failure> {
        let answer = self.answer(self.get_request(path).call())?;
        let named = answer.headers().get("content-disposition").and_then(|v| v.to_str().ok()).and_then(file_name);
        Ok((named, answer.into_body().into_reader()))
    }

    /// An act with its fields.
    pub fn act(&self, code: &str, fields: &Value) -> Result<Value, Failure> {
        let content = fields.to_string();
        self.send(&format!("acts/{code}"), "application/json", content.as_bytes())
    }

    /// A body that is sent while it is read.
    pub fn send(&self, path: &str, media: &str, mut body: impl Read) -> Result<Value, Failure> {
        let request = self.agent.post(self.address(path)).header("Authorization", format!("Bearer {}", self.token));
        let request = request.header("Accept-Language", self.lang.tag()).header("Content-Type", media);
        json(self.answer(request.send(SendBody::from_reader(&mut body)))?)
    }

    /// The answer, or the problem it tells of.
    fn answer(&self, sent: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>, Failure> {
        let address = &self.address;
        let answer = sent.map_err(|error| {
            Failure::unreachable(worded(
                format!("{address} に接続できません（{error}）。--url とサーバーの状態を確認してください。"),
                format!("{address} cannot be reached ({error}). Check --url and whether the server runs."),
            ))
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let told = problem(answer);
        let words =
            told.unwrap_or_else(|| worded(format!("{address} が {status} を返しました。"), format!("{address} answered {status}.")));
        Err(if status.is_server_error() { Failure::unreachable(words) } else { Failure::refused(words) })
    }
}

fn json(answer: Response<Body>) -> Result<Value, Failure> {
    let unlike = |_| {
        Failure::unreachable(text(
            "サーバーの応答を読み取れません。--url が証しのアドレスか確認してください。",
            "The answer cannot be read. Is --url the address of an Akashi?",
        ))
    };
    let mut whole = String::new();
    answer.into_body().into_reader().read_to_string(&mut whole).map_err(|_| unlike(()))?;
    serde_json::from_str(&whole).map_err(|_| unlike(()))
}

/// The words of a problem, with the field it concerns.
fn problem(answer: Response<Body>) -> Option<Text> {
    let told = json(answer).ok()?;
    let (ja, en) = (told["detail"]["ja"].as_str()?, told["detail"]["en"].as_str()?);
    Some(match told["field"].as_str() {
        Some(field) => worded(format!("{ja}（{field}）"), format!("{en} ({field})")),
        None => worded(ja, en),
    })
}

/// The name in `filename*=UTF-8''…` (RFC 8187), without any folder.
fn file_name(disposition: &str) -> Option<String> {
    let encoded = disposition.split("filename*=UTF-8''").nth(1)?;
    let (mut bytes, mut rest) = (vec![], encoded.bytes());
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let name = String::from_utf8(bytes).ok()?;
    name.rsplit(['/', '\\']).next().map(str::to_owned).filter(|n| !n.is_empty() && n != "." && n != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_its_name_and_loses_any_folder() {
        assert_eq!(file_name("attachment; filename=\"file\"; filename*=UTF-8''%E8%A1%A8.xlsx").as_deref(), Some("表.xlsx"));
        assert_eq!(file_name("attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd").as_deref(), Some("passwd"));
        assert_eq!(file_name("attachment; filename*=UTF-8''.."), None);
        assert_eq!(file_name("attachment"), None);
    }
}
