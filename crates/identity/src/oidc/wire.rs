//! The only connection to a provider: short, encrypted, without detours, and bounded in what it takes in.

use std::net::IpAddr;
use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse, SyncHttpClient};
use rules::text::{Text, text, worded};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Error};
use url::{Host, Url};

use super::{OidcError, Provider};

/// One request, from the name's resolution to the answer's last byte.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// Calls one provider.
pub(super) struct Wire {
    agent: Agent,
    /// The issuer itself is on this machine (a test): then its endpoints may be, too, and without TLS.
    loopback: bool,
}

/// No usable answer; the words say why.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.en)]
pub(super) struct Silence(pub Text);

impl Wire {
    pub(super) fn to(provider: &Provider) -> Result<Wire, OidcError> {
        let roots = match (&provider.root, &provider.root_file) {
            (Some(pem), _) => roots(pem)?,
            (None, Some(_)) => {
                return Err(OidcError::Unreachable(text(
                    "認証連携先の証明書ファイルが読み込まれていません。運用者に連絡してください。",
                    "The file of the provider's certificates was not read. Tell the operator.",
                )));
            }
            (None, None) => RootCerts::WebPki,
        };
        let loopback = Url::parse(&provider.issuer).is_ok_and(|url| is_loopback(&url));
        let agent = Agent::config_builder()
            // A status is an answer: the protocol's errors come as 400 with a body.
            .http_status_as_error(false)
            // A redirect would carry the secret somewhere else.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(PATIENCE))
            // The environment is no configuration of Akashi's.
            .proxy(None)
            .https_only(!loopback)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .user_agent("akashi")
            .build()
            .new_agent();
        Ok(Wire { agent, loopback })
    }
}

impl SyncHttpClient for Wire {
    type Error = Silence;

    fn call(&self, request: HttpRequest) -> Result<HttpResponse, Silence> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| Silence(NOT_CALLABLE))?;
        if !may_be_called(&url, self.loopback) {
            return Err(Silence(NOT_CALLABLE));
        }
        let answer = if request.method().as_str() == "GET" {
            let (head, _) = request.into_parts();
            self.agent.run(ureq::http::Request::from_parts(head, ()))
        } else {
            self.agent.run(request)
        };
        let mut answer = answer.map_err(|error| Silence(words(&error)))?;
        let status = answer.status().as_u16();
        if status >= 500 {
            return Err(Silence(worded(
                format!("認証連携先で障害が発生しています（状態{status}）。時間をおいてやり直してください。"),
                format!("The provider has a fault of its own (status {status}). Try again later."),
            )));
        }
        let body = answer.body_mut().with_config().limit(LONGEST).read_to_vec().map_err(|error| Silence(words(&error)))?;
        let (head, _) = answer.into_parts();
        Ok(HttpResponse::from_parts(head, body))
    }
}

const NOT_CALLABLE: Text = text(
    "認証連携先が示したアドレスは、httpsで始まらないため使用できません。運用者に連絡してください。",
    "The provider names an address without https, which is not used. Tell the operator.",
);

/// The addresses that are called at all: https, or plain http where `loopback` allows it, without a name and password.
pub(super) fn may_be_called(url: &Url, loopback: bool) -> bool {
    let encrypted = url.scheme() == "https" && url.host().is_some();
    let here = loopback && url.scheme() == "http" && is_loopback(url);
    (encrypted || here) && url.username().is_empty() && url.password().is_none()
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(_)) | None => false,
    }
}

fn roots(pem: &str) -> Result<RootCerts, OidcError> {
    let mut certificates = Vec::new();
    for item in parse_pem(pem.as_bytes()) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(_) => certificates.clear(),
        }
    }
    if certificates.is_empty() {
        return Err(OidcError::Unreachable(text(
            "認証連携先の証明書ファイルを読み取れません。運用者に連絡してください。",
            "The file of the provider's certificates cannot be read. Tell the operator.",
        )));
    }
    Ok(RootCerts::from(certificates))
}

/// The library's errors are its own words; only their kind is told.
fn words(error: &Error) -> Text {
    match error {
        Error::Timeout(_) => text(
            "認証連携先から10秒以内に応答がありません。時間をおいてやり直してください。",
            "The provider does not answer within 10 seconds. Try again later.",
        ),
        Error::HostNotFound => text(
            "認証連携先の名前を解決できません。時間をおいてやり直し、続くときは運用者に連絡してください。",
            "The provider's name cannot be resolved. Try again later; tell the operator if it stays so.",
        ),
        Error::Tls(_) | Error::Rustls(_) => text(
            "認証連携先との暗号化通信を確立できません（証明書などを信頼できません）。運用者に連絡してください。",
            "No trusted encrypted connection to the provider, for example because of its certificate. Tell the operator.",
        ),
        Error::Io(cause) if cause.get_ref().is_some_and(|inner| inner.to_string().contains("certificate")) => text(
            "認証連携先の証明書を信頼できません。運用者に連絡してください。",
            "The provider's certificate is not trusted. Tell the operator.",
        ),
        Error::BodyExceedsLimit(_) => text(
            "認証連携先の応答が大きすぎます（上限1 MiB）。運用者に連絡してください。",
            "The provider's answer is too long (at most 1 MiB). Tell the operator.",
        ),
        _ => text("認証連携先に接続できません。時間をおいてやり直してください。", "The provider cannot be reached. Try again later."),
    }
}
