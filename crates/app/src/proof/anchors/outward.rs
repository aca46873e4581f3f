//! Calls to anchors over HTTP: few bytes, a short patience, no redirects.

use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use rules::text::{Text, text, worded};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use url::Url;

use super::Refused;

/// How long one call may take from beginning to end.
const PATIENCE: Duration = Duration::from_secs(15);
/// The longest answer that is read, in bytes; a token has at most 32 KiB.
const LONGEST: u64 = 256 * 1024;

/// Calls anchors; trusts the public authorities, or only those it was given.
#[derive(Clone)]
pub struct Agent(ureq::Agent);

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Agent")
    }
}

/// What somebody answered.
pub(super) struct Answer {
    pub status: u16,
    pub media: String,
    pub body: Vec<u8>,
}

/// An address to call: `https://`, or `http://`, for what is sent and answered is signed and no secret.
pub(super) fn address(url: &str) -> Result<Url, Text> {
    let form = || {
        text(
            "アンカーのアドレスを読み取れません。https://server.example.jp/path の形で書いてください。",
            "The address of an anchor cannot be read. Write it as https://server.example.jp/path.",
        )
    };
    let url = Url::parse(url.trim()).map_err(|_| form())?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none() && url.host_str().is_some();
    if plain && matches!(url.scheme(), "https" | "http") { Ok(url) } else { Err(form()) }
}

impl Agent {
    /// `authorities` are certificates in PEM that alone may vouch for the servers.
    pub fn new(authorities: Option<&[u8]>) -> Result<Agent, Text> {
        let roots = match authorities {
            None => RootCerts::WebPki,
            Some(pem) => {
                let own: Vec<_> =
                    parse_pem(pem).filter_map(|part| if let Ok(PemItem::Certificate(c)) = part { Some(c) } else { None }).collect();
                if own.is_empty() {
                    return Err(text(
                        "アンカーの認証局の証明書を読み取れません。PEM形式のファイルを指定してください。",
                        "The certificates of the anchors' authorities cannot be read. Name a file in PEM format.",
                    ));
                }
                RootCerts::Specific(Arc::new(own))
            }
        };
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            // A proxy is configuration, and the environment is not where configuration is read.
            .proxy(None)
            .user_agent("Akashi")
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .new_agent();
        Ok(Agent(agent))
    }

    pub(super) fn post(&self, url: &Url, media: &str, body: &[u8]) -> Result<Answer, Refused> {
        let failed = |why: String| {
            let shown = url.host_str().unwrap_or_default().to_owned();
            Refused::Failed(worded(
                format!("{shown} に接続できません（{why}）。アドレスと証明書、相手が動いているかを確認してください。"),
                format!("{shown} cannot be reached ({why}). Check address and certificate, and whether it runs."),
            ))
        };
        let answer = self.0.post(url.as_str()).header("Content-Type", media).send(body).map_err(|e| failed(e.to_string()))?;
        let status = answer.status().as_u16();
        let media = answer.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let mut body = Vec::new();
        let (_, content) = answer.into_parts();
        content.into_reader().take(LONGEST).read_to_end(&mut body).map_err(|e| failed(e.to_string()))?;
        Ok(Answer { status, media, body })
    }
}

impl Answer {
    /// A status that is no success, in words.
    pub fn refused(&self, who: &str) -> Refused {
        let said: String = String::from_utf8_lossy(&self.body).chars().filter(|c| !c.is_control()).take(200).collect();
        let status = self.status;
        Refused::Failed(worded(
            format!("{who} が受け付けませんでした（HTTP {status} {said}）。"),
            format!("{who} did not take it (HTTP {status} {said})."),
        ))
    }
}
