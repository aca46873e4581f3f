//! Calls an address of the operator's choice with a signed event, so that other programs can raise the alarm too.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use rules::text::{Text, text, worded};
use serde::Serialize;
use sha2::Sha256;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use url::Url;

use super::{Undelivered, is_loopback, no_authority, quoted};

/// How long one call may take from beginning to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// The shortest key, in bytes: the length of the digest (RFC 2104 section 3).
const SHORTEST_KEY: usize = 32;

/// What has happened, for another program. Becomes the JSON body of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// The same in every try, so that a receiver can leave out what it knows already.
    pub id: String,
    /// Which kind of event; letters, digits, `-`, `.` and `_`. Also in the header `Akashi-Event`.
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    pub subject: String,
    /// `{"ja": …, "en": …}`
    pub text: Text,
}

/// An address to call, and the key that signs calls. Shows neither: a path can be a secret as well.
#[derive(Clone)]
pub struct Webhook {
    url: Url,
    key: String,
    agent: ureq::Agent,
}

impl Webhook {
    /// `https` only, except to this machine. The key has at least 32 bytes.
    pub fn parse(url: &str, key: &str) -> Result<Webhook, Text> {
        let form = || {
            text(
                "通知先のアドレスを読み取れません。https://server.example.jp/path の形で、利用者名や # を付けずに書いてください。",
                "The address to call cannot be read. Write it as https://server.example.jp/path, without a user and without #.",
            )
        };
        let url = Url::parse(url.trim()).map_err(|_| form())?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(form());
        }
        match (url.scheme(), url.host_str()) {
            ("https", Some(_)) => {}
            ("http", Some(host)) if is_loopback(host) => {}
            ("http", Some(_)) => {
                return Err(text(
                    "暗号化しない通知（http://）は、このサーバー自身（127.0.0.1）にだけ送れます。https:// にしてください。",
                    "A call without encryption (http://) is possible only to this very machine (127.0.0.1). Use https://.",
                ));
            }
            _ => return Err(form()),
        }
        if key.len() < SHORTEST_KEY {
            return Err(worded(
                format!("署名の鍵は{SHORTEST_KEY}文字以上にしてください。"),
                format!("The key for signing needs at least {SHORTEST_KEY} characters."),
            ));
        }
        Ok(Webhook { url, key: key.to_owned(), agent: agent(RootCerts::WebPki) })
    }

    /// Trusts only the certificate authorities of a PEM file, instead of the public ones.
    pub fn trusting(self, pem: &[u8]) -> Result<Webhook, Text> {
        let mut own = Vec::new();
        for part in parse_pem(pem) {
            match part {
                Ok(PemItem::Certificate(authority)) => own.push(authority),
                Ok(_) => {}
                Err(e) => return Err(no_authority(&e.to_string())),
            }
        }
        if own.is_empty() {
            return Err(no_authority("BEGIN CERTIFICATE ?"));
        }
        Ok(Webhook { agent: agent(RootCerts::Specific(Arc::new(own))), ..self })
    }

    /// Posts an event; `at` is the time of this try. Waits at most ten seconds and follows no redirect.
    ///
    /// `Akashi-Signature` is `sha256=` and the HMAC-SHA256 of `Akashi-Timestamp` (seconds since 1970), a dot and the body.
    /// A receiver refuses what is signed wrongly or minutes old; [`verify`] shows how.
    pub fn call(&self, event: &Event, at: Timestamp) -> Result<(), Undelivered> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if event.kind.is_empty() || !event.kind.chars().all(plain) {
            return Err(Undelivered::for_good(text("通知の種類の名前が正しくありません。", "The name of the kind of event is not right.")));
        }
        let body = serde_json::to_string(event).map_err(|e| Undelivered::for_good(failed(&e.to_string())))?;
        let timestamp = at.as_second().to_string();
        let signature = signature(self.key.as_bytes(), &timestamp, body.as_bytes()).ok_or_else(|| Undelivered::for_good(failed("key")))?;
        let answer = self
            .agent
            .post(self.url.as_str())
            .header("Content-Type", "application/json; charset=utf-8")
            .header("Akashi-Event", &event.kind)
            .header("Akashi-Timestamp", &timestamp)
            .header("Akashi-Signature", format!("sha256={signature}"))
            .send(body);
        match answer {
            Ok(answer) => judged(answer.status().as_u16()),
            Err(e) => Err(Undelivered::for_now(not_reached(&e))),
        }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

fn agent(trusted: RootCerts) -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        // The address is registered; nobody else decides where events go.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        // A proxy is configuration, and the environment is not where configuration is read.
        .proxy(None)
        .user_agent("Akashi")
        .tls_config(TlsConfig::builder().root_certs(trusted).build())
        .build()
        .new_agent()
}

/// What an answer means: 2xx taken, 5xx may change, everything else stays as it is.
fn judged(status: u16) -> Result<(), Undelivered> {
    let words = worded(
        format!("通知先が受け付けませんでした（HTTP {status}）。"),
        format!("The receiver of the call did not accept it (HTTP {status})."),
    );
    match status {
        200..=299 => Ok(()),
        // "Later" in other words: 408 and 425 (RFC 9110, RFC 8470), 429 (RFC 6585).
        408 | 425 | 429 | 500.. => Err(Undelivered::for_now(words)),
        _ => Err(Undelivered::for_good(words)),
    }
}

/// The words of an error of the library may hold the whole address: only kinds are told.
fn not_reached(e: &ureq::Error) -> Text {
    match e {
        ureq::Error::Timeout(_) => {
            let seconds = PATIENCE.as_secs();
            worded(
                format!("通知先から{seconds}秒以内に応答がありませんでした。"),
                format!("The receiver of the call did not answer within {seconds} seconds."),
            )
        }
        ureq::Error::HostNotFound => text("通知先のサーバー名が見つかりません。", "The name of the receiver's server is not found."),
        ureq::Error::Io(e) => failed(&e.to_string()),
        ureq::Error::Rustls(e) => failed(&e.to_string()),
        ureq::Error::Protocol(e) => failed(&e.to_string()),
        _ => failed("HTTP"),
    }
}

fn failed(why: &str) -> Text {
    let why = quoted(why);
    worded(
        format!("通知先を呼び出せません（{why}）。アドレスと証明書、通知先が動いているかを確認してください。"),
        format!("The receiver cannot be called ({why}). Check address and certificate, and whether it runs."),
    )
}

fn mac(key: &[u8], timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

fn signature(key: &[u8], timestamp: &str, body: &[u8]) -> Option<String> {
    let made: [u8; 32] = mac(key, timestamp, body)?.finalize().into_bytes().into();
    Some(rules::id::Digest(made).to_string())
}

/// For receivers: whether `signature` (the header `Akashi-Signature`) is right for the header `Akashi-Timestamp` and the
/// body as it came. Takes the same time whichever byte is wrong. That the timestamp is fresh is checked besides.
pub fn verify(key: &str, timestamp: &str, body: &[u8], signature: &str) -> bool {
    let Some(digits) = signature.strip_prefix("sha256=").filter(|digits| digits.len() == 64) else { return false };
    let mut claimed = [0; 32];
    for (byte, pair) in claimed.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let digit = |n: usize| char::from(pair[n]).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let (Some(high), Some(low)) = (digit(0), digit(1)) else { return false };
        *byte = high * 16 + low;
    }
    mac(key.as_bytes(), timestamp, body).is_some_and(|mac| mac.verify_slice(&claimed).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_signature_is_what_other_programs_compute() {
        // python3 -c "import hmac; print(hmac.new(KEY, b'1751328000.{}', 'sha256').hexdigest())"
        let expected = "260c81440b394718f9e65fca77b02dfc51e036c72f281f31c1d836dc1e58192c";
        assert_eq!(signature(KEY.as_bytes(), "1751328000", b"{}").unwrap(), expected);
        assert!(verify(KEY, "1751328000", b"{}", &format!("sha256={expected}")));
    }

    #[test]
    fn a_signature_covers_key_time_and_body() {
        let good = format!("sha256={}", signature(KEY.as_bytes(), "1751328000", b"{}").unwrap());
        assert!(verify(KEY, "1751328000", b"{}", &good));
        assert!(!verify("another key of the same length !!", "1751328000", b"{}", &good));
        assert!(!verify(KEY, "1751328001", b"{}", &good));
        assert!(!verify(KEY, "1751328000", b"{ }", &good));
        assert!(!verify(KEY, "1751328000.", b"{}", &good));
        for bad in ["", "sha256=", &good[7..], &good[..good.len() - 1], &format!("{good}0"), &good.replace("sha256", "sha1")] {
            assert!(!verify(KEY, "1751328000", b"{}", bad), "{bad}");
        }
        let not_hex = format!("sha256=é{}", &good[9..]);
        assert!(!verify(KEY, "1751328000", b"{}", &not_hex));
    }

    #[test]
    fn an_address_is_encrypted_or_on_this_machine() {
        for good in ["https://alarm.example.jp/akashi?team=3", "http://127.0.0.1:9000/x", "http://[::1]:9000/", "http://localhost/"] {
            assert!(Webhook::parse(good, KEY).is_ok(), "{good}");
        }
        for bad in [
            "",
            "alarm.example.jp",
            "http://alarm.example.jp/",
            "http://10.0.0.5/",
            "http://127.0.0.1.example.jp/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "https://u:p@alarm.example.jp/",
            "https://alarm.example.jp/#x",
        ] {
            assert!(Webhook::parse(bad, KEY).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_short_key_is_refused_and_no_key_is_shown() {
        assert!(Webhook::parse("https://alarm.example.jp/", &KEY[1..]).is_err());
        let shown = format!("{:?}", Webhook::parse("https://alarm.example.jp/T0K3N", KEY).unwrap());
        assert!(!shown.contains(KEY) && !shown.contains("T0K3N"), "{shown}");
    }

    #[test]
    fn every_status_is_taken_or_for_now_or_for_good() {
        for (status, expected) in [(200, None), (204, None), (301, Some(true)), (307, Some(true)), (400, Some(true)), (410, Some(true))] {
            assert_eq!(judged(status).err().map(|e| e.permanent), expected, "{status}");
        }
        for status in [408, 429, 500, 503, 599] {
            assert!(!judged(status).unwrap_err().permanent, "{status}");
        }
    }
}
