//! Through which server mail goes out, and in whose name: one address such as `smtps://user:password@mail.example.jp:465`.

use std::fmt;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use rules::text::{Text, text, worded};
use url::Url;

use super::{breaks_a_line, is_loopback, no_authority};

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// Plain until STARTTLS (RFC 3207); without it nothing is sent.
    StartTls,
    /// No protection: only on this machine.
    Plain,
}

/// Where mail is handed over. Does not show its password.
#[derive(Clone)]
pub struct MailSettings {
    pub(super) way: Way,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) credentials: Option<Credentials>,
    pub(super) from: Mailbox,
    authorities: Option<Certificate>,
}

impl MailSettings {
    /// Reads the address of a server and the sender, `Akashi <akashi@example.jp>` or the bare address.
    ///
    /// `smtps://` is TLS (port 465), `smtp+starttls://` STARTTLS (587), `smtp://` plain (25) and only for this machine.
    /// User and password are percent-encoded (RFC 3986). The reason of a refusal repeats nothing of the address.
    pub fn parse(address: &str, from: &str) -> Result<MailSettings, Text> {
        let form = || {
            text(
                "メールサーバーのアドレスを読み取れません。smtps://利用者名:パスワード@サーバー名:465 の形で書いてください。利用者名とパスワードの記号は %40 のように書きます。",
                "The address of the mail server cannot be read. Write it as smtps://user:password@server:465, with signs in user and password as %40 and so on.",
            )
        };
        let url = Url::parse(address.trim()).map_err(|_| form())?;
        let (way, usual_port) = match url.scheme() {
            "smtps" => (Way::Tls, 465),
            "smtp+starttls" => (Way::StartTls, 587),
            "smtp" => (Way::Plain, 25),
            _ => return Err(form()),
        };
        // A password with a bare `/`, `?` or `#` ends up here: better said than half used.
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(form());
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(form)?;
        if way == Way::Plain && !is_loopback(host) {
            return Err(text(
                "暗号化しない接続（smtp://）は、このサーバー自身（127.0.0.1）にだけ使えます。smtps:// か smtp+starttls:// にしてください。",
                "A connection without encryption (smtp://) is possible only to this very machine (127.0.0.1). Use smtps:// or smtp+starttls://.",
            ));
        }
        let user = decoded(url.username()).ok_or_else(form)?;
        let password = decoded(url.password().unwrap_or_default()).ok_or_else(form)?;
        if user.is_empty() != password.is_empty() {
            return Err(text(
                "メールサーバーの利用者名とパスワードは、両方を書くか、両方を省いてください。",
                "Write both user and password of the mail server, or neither.",
            ));
        }
        Ok(MailSettings {
            way,
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: url.port().unwrap_or(usual_port),
            credentials: (!user.is_empty()).then(|| Credentials::new(user, password)),
            from: sender(from)?,
            authorities: None,
        })
    }

    /// Also trusts the certificate authorities of a PEM file, besides those of the system.
    pub fn trusting(self, pem: &[u8]) -> Result<MailSettings, Text> {
        let broken = |e: lettre::transport::smtp::Error| no_authority(&e.to_string());
        if !pem.windows(CERTIFICATE.len()).any(|part| part == CERTIFICATE) {
            return Err(no_authority("BEGIN CERTIFICATE ?"));
        }
        let authorities = Certificate::from_pem(pem).map_err(broken)?;
        let settings = MailSettings { authorities: Some(authorities), ..self };
        settings.tls().map_err(broken)?;
        Ok(settings)
    }

    /// Who is trusted to vouch for the server. TLS 1.2 at least: many mail servers know nothing newer.
    pub(super) fn tls(&self) -> Result<TlsParameters, lettre::transport::smtp::Error> {
        let tls = TlsParameters::builder(self.host.clone()).certificate_store(CertificateStore::Default);
        match &self.authorities {
            Some(own) => tls.add_root_certificate(own.clone()).build(),
            None => tls.build(),
        }
    }
}

const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MailSettings { way, host, port, credentials, from, authorities } = self;
        f.debug_struct("MailSettings")
            .field("way", way)
            .field("host", host)
            .field("port", port)
            .field("signs_in", &credentials.is_some())
            .field("from", &from.to_string())
            .field("own_authorities", &authorities.is_some())
            .finish()
    }
}

fn sender(from: &str) -> Result<Mailbox, Text> {
    let from: Option<Mailbox> = if breaks_a_line(from) { None } else { from.trim().parse().ok() };
    from.filter(|mailbox| mailbox.email.user().is_ascii() && mailbox.email.domain().is_ascii()).ok_or_else(|| {
        worded(
            "差出人を読み取れません。akashi@example.jp または Akashi <akashi@example.jp> の形で書いてください。",
            "The sender cannot be read. Write it as akashi@example.jp or Akashi <akashi@example.jp>.",
        )
    })
}

/// Undoes percent-encoding; `None` for a `%` without two digits, for what is not UTF-8, and for control characters.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%' {
            let digit = |n: usize| after.get(n).and_then(|&d| char::from(d).to_digit(16));
            bytes.push(u8::try_from(digit(0)? * 16 + digit(1)?).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !breaks_a_line(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = "Akashi 通知 <akashi@example.jp>";

    fn read(address: &str) -> Result<MailSettings, Text> {
        MailSettings::parse(address, FROM)
    }

    #[test]
    fn the_three_ways_are_read_with_their_usual_ports() {
        for (address, way, host, port) in [
            ("smtps://u:p@mail.example.jp:1465", Way::Tls, "mail.example.jp", 1465),
            ("smtps://u:p@mail.example.jp", Way::Tls, "mail.example.jp", 465),
            ("smtps://mail.example.jp/", Way::Tls, "mail.example.jp", 465),
            ("smtp+starttls://u:p@mail.example.jp", Way::StartTls, "mail.example.jp", 587),
            ("smtp://127.0.0.1:1025", Way::Plain, "127.0.0.1", 1025),
            ("smtp://[::1]", Way::Plain, "::1", 25),
        ] {
            let settings = read(address).unwrap();
            assert_eq!((settings.way, settings.host.as_str(), settings.port), (way, host, port), "{address}");
        }
        assert!(read("smtps://mail.example.jp").unwrap().credentials.is_none());
    }

    #[test]
    fn user_and_password_are_percent_encoded() {
        let settings = read("smtps://mail%40example.jp:p%25%2F%E9%8D%B5%3A@mail.example.jp").unwrap();
        assert_eq!(settings.credentials, Some(Credentials::new("mail@example.jp".into(), "p%/鍵:".into())));
    }

    #[test]
    fn plain_mail_goes_nowhere_but_to_this_machine() {
        for address in ["smtp://mail.example.jp", "smtp://10.0.0.5:25", "smtp://u:p@127.0.0.1.example.jp"] {
            assert!(read(address).unwrap_err().ja.contains("暗号化しない接続"), "{address}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_repeating_the_password() {
        for address in [
            "",
            "mail.example.jp",
            "https://u:hunter2@mail.example.jp",
            "smtps://u:hunter2/x@mail.example.jp",
            "smtps://u:hunter2@mail.example.jp/inbox",
            "smtps://u:hunter2@mail.example.jp?tls=off",
            "smtps://u:hunter2@mail.example.jp#x",
            "smtps://u:hunter2%@mail.example.jp",
            "smtps://u:hunter2%zz@mail.example.jp",
            "smtps://u:hunter2%ff@mail.example.jp",
            "smtps://u:hunter2%0d%0aQUIT@mail.example.jp",
            "smtps://u:hunter2@mail.example.jp:99999",
            "smtps://:hunter2@mail.example.jp",
            "smtps://hunter2@mail.example.jp",
            "smtps://",
        ] {
            let refused = read(address).expect_err(address);
            assert!(!refused.ja.contains("hunter2") && !refused.en.contains("hunter2"), "{address}");
        }
    }

    #[test]
    fn a_sender_is_one_address_that_every_server_takes() {
        for from in ["", "akashi", "a@example.jp, b@example.jp", "鍵@example.jp", "a@example.jp\r\nBcc: b@example.jp"] {
            assert!(MailSettings::parse("smtps://mail.example.jp", from).is_err(), "{from:?}");
        }
        for from in ["akashi@example.jp", FROM, "\"Akashi, Inc.\" <akashi@example.jp>"] {
            assert!(MailSettings::parse("smtps://mail.example.jp", from).is_ok(), "{from:?}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let settings = read("smtps://operator:hunter2@mail.example.jp").unwrap();
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("operator"), "{shown}");
        assert!(shown.contains("mail.example.jp"), "{shown}");
    }

    #[test]
    fn a_file_without_a_good_authority_is_refused() {
        let settings = read("smtps://mail.example.jp").unwrap();
        for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n!"] {
            assert!(settings.clone().trusting(pem.as_bytes()).is_err(), "{pem:?}");
        }
    }
}
