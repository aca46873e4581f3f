//! The options by which an installation reaches the world outside: mail, a webhook, providers to sign in at.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use app::mail::{MailSettings, Webhook};
use app::scan::Scanner;
use app::sign_in::elsewhere::{Provider, Providers, Secret, Trusted};
use rules::refusal::Refusal;
use rules::text::{Text, worded};

/// A value that may hold a password or key; it is never shown.
#[derive(Clone)]
pub struct Hidden(pub String);

impl FromStr for Hidden {
    type Err = std::convert::Infallible;
    fn from_str(written: &str) -> Result<Hidden, Self::Err> {
        Ok(Hidden(written.to_owned()))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

#[derive(Debug, Default, clap::Args)]
pub struct Outside {
    /// The mail server: smtps://user:password@mail.example.jp, smtp+starttls://…, or smtp://127.0.0.1. With a password
    /// better in the environment than here.
    #[arg(long, env = "AKASHI_SMTP", value_name = "ADDRESS", hide_env_values = true, requires = "mail_from")]
    smtp: Option<Hidden>,
    /// In whose name mail goes out: `Akashi <akashi@example.jp>`.
    #[arg(long, env = "AKASHI_MAIL_FROM", value_name = "SENDER")]
    mail_from: Option<String>,
    /// Authorities (PEM) that may vouch for the mail server, beside those of the system.
    #[arg(long, env = "AKASHI_MAIL_CA", value_name = "FILE", requires = "smtp")]
    mail_ca: Option<PathBuf>,
    /// The address that is called with every alert.
    #[arg(long, env = "AKASHI_WEBHOOK", value_name = "URL", hide_env_values = true)]
    webhook: Option<Hidden>,
    /// The file with the key that signs calls, at least 32 characters. The key itself may stand in AKASHI_WEBHOOK_KEY.
    #[arg(long, env = "AKASHI_WEBHOOK_KEY_FILE", value_name = "FILE", requires = "webhook", conflicts_with = "webhook_key")]
    webhook_key_file: Option<PathBuf>,
    /// Only for the environment: a command line is read by everybody on the machine.
    #[arg(long, env = "AKASHI_WEBHOOK_KEY", hide = true, hide_env_values = true)]
    webhook_key: Option<Hidden>,
    /// Authorities (PEM) that alone may vouch for the webhook's server.
    #[arg(long, env = "AKASHI_WEBHOOK_CA", value_name = "FILE", requires = "webhook")]
    webhook_ca: Option<PathBuf>,
    /// Providers at which organisations sign in (OpenID Connect): a TOML file with [[provider]] tables.
    #[arg(long, env = "AKASHI_OIDC", value_name = "FILE")]
    oidc: Option<PathBuf>,
    /// The clamd that scans files for malware: `127.0.0.1:3310`, or the path of its socket.
    #[arg(long, env = "AKASHI_SCANNER", value_name = "ADDRESS")]
    scanner: Option<String>,
    /// Signatures of the scanner count as old after so many days.
    #[arg(long, env = "AKASHI_SCANNER_DAYS", value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=90))]
    scanner_days: u16,
    /// Takes no upload that was not scanned with signatures that are new enough.
    #[arg(long, env = "AKASHI_SCANNER_REQUIRED", requires = "scanner")]
    scanner_required: bool,
    /// Takes no Office file with macros, wherever in an archive it lies; otherwise they are marked.
    #[arg(long, env = "AKASHI_REFUSE_MACROS")]
    refuse_macros: bool,
}

/// Every fault of the options, one a line.
pub fn all_of(faults: Vec<Text>) -> Refusal {
    let lines = |of: fn(&Text) -> &str| faults.iter().map(of).collect::<Vec<_>>().join("\n");
    Refusal::invalid("options", worded(lines(|t| &t.ja), lines(|t| &t.en)))
}

/// What the options come to.
#[derive(Default)]
pub struct Reached {
    pub mail: Option<MailSettings>,
    pub webhook: Option<Webhook>,
    pub providers: Trusted,
    pub scanner: Option<Scanner>,
    pub refuse_macros: bool,
}

impl Outside {
    /// Reads everything, and tells every fault of it at once.
    pub fn read(&self) -> Result<Reached, Vec<Text>> {
        let mut faults = vec![];
        let mut take = |read: Result<Reached, Vec<Text>>| read.map_err(|more| faults.extend(more)).unwrap_or_default();
        let mail = take(self.mail().map(|mail| Reached { mail, ..Reached::default() }).map_err(|fault| vec![fault])).mail;
        let webhook = take(self.webhook().map(|webhook| Reached { webhook, ..Reached::default() }).map_err(|fault| vec![fault])).webhook;
        let providers = take(self.providers().map(|providers| Reached { providers, ..Reached::default() })).providers;
        let scanner = self.scanner.as_deref().map(|address| Scanner::parse(address, self.scanner_days, self.scanner_required));
        let scanner =
            take(scanner.transpose().map(|scanner| Reached { scanner, ..Reached::default() }).map_err(|fault| vec![fault])).scanner;
        if faults.is_empty() { Ok(Reached { mail, webhook, providers, scanner, refuse_macros: self.refuse_macros }) } else { Err(faults) }
    }

    fn mail(&self) -> Result<Option<MailSettings>, Text> {
        let (Some(smtp), Some(from)) = (&self.smtp, &self.mail_from) else { return Ok(None) };
        let settings = MailSettings::parse(&smtp.0, from)?;
        match &self.mail_ca {
            Some(file) => settings.trusting(content(file)?.as_bytes()).map(Some),
            None => Ok(Some(settings)),
        }
    }

    fn webhook(&self) -> Result<Option<Webhook>, Text> {
        let Some(url) = &self.webhook else { return Ok(None) };
        let key = match (&self.webhook_key_file, &self.webhook_key) {
            (Some(file), _) => kept_secret(file)?.trim_end_matches(['\r', '\n']).to_owned(),
            (None, Some(key)) => key.0.clone(),
            (None, None) => {
                return Err(worded(
                    "Webhookの署名の鍵がありません。--webhook-key-file か AKASHI_WEBHOOK_KEY で指定してください。",
                    "The webhook needs a key for signing: name --webhook-key-file or set AKASHI_WEBHOOK_KEY.",
                ));
            }
        };
        let webhook = Webhook::parse(&url.0, &key)?;
        match &self.webhook_ca {
            Some(file) => webhook.trusting(content(file)?.as_bytes()).map(Some),
            None => Ok(Some(webhook)),
        }
    }

    /// The providers of the file, with their secrets and authorities, which lie beside it.
    fn providers(&self) -> Result<Trusted, Vec<Text>> {
        let Some(path) = &self.oidc else { return Ok(Trusted::default()) };
        let written = content(path).map_err(|fault| vec![fault])?;
        let tables: serde_json::Value = toml::from_str(&written).map_err(|error| {
            // Not the error itself: it shows the line, and somebody may have written a secret there.
            let line = error.span().map_or(1, |span| written[..span.start.min(written.len())].matches('\n').count() + 1);
            let shown = path.display();
            vec![worded(
                format!("{shown} の{line}行目をTOMLとして読み取れません。"),
                format!("Line {line} of {shown} cannot be read as TOML."),
            )]
        })?;
        let mut providers = Providers::read(tables)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let faults: Vec<Text> = providers.iter_mut().flat_map(|provider| complete(provider, folder)).collect();
        if faults.is_empty() { Ok(Trusted(providers)) } else { Err(faults) }
    }
}

/// Reads what a provider's table names; the faults.
fn complete(provider: &mut Provider, folder: &Path) -> Vec<Text> {
    let mut faults = vec![];
    if let Some(name) = &provider.client_secret_file {
        let path = folder.join(name);
        match kept_secret(&path) {
            Ok(written) => {
                provider.secret = Secret::read(&written);
                if provider.secret.is_none() {
                    faults.push(worded(format!("{} が空です。", path.display()), format!("{} is empty.", path.display())));
                }
            }
            Err(fault) => faults.push(fault),
        }
    }
    if let Some(name) = &provider.root_file {
        match content(&folder.join(name)) {
            Ok(written) => provider.root = Some(written),
            Err(fault) => faults.push(fault),
        }
    }
    faults
}

pub fn content(path: &Path) -> Result<String, Text> {
    std::fs::read_to_string(path).map_err(|error| {
        let shown = path.display();
        worded(format!("{shown} を読み取れません: {error}"), format!("{shown} cannot be read: {error}"))
    })
}

/// The content of a file with a secret. Its owner may read and write it, its group may read it, and nobody else.
fn kept_secret(path: &Path) -> Result<String, Text> {
    use std::os::unix::fs::PermissionsExt;
    let written = content(path)?;
    let mode = std::fs::metadata(path).map_or(0o777, |found| found.permissions().mode());
    if mode & 0o037 != 0 {
        let (shown, bits) = (path.display(), mode & 0o777);
        return Err(worded(
            format!("{shown} はほかの利用者も読み書きできます（{bits:03o}）。chmod 600 {shown} を実行してください。"),
            format!("{shown} can be read or written by others ({bits:03o}). Run chmod 600 {shown}."),
        ));
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        outside: Outside,
    }

    fn outside(line: &str) -> Result<Outside, clap::Error> {
        Line::try_parse_from(std::iter::once("akashi").chain(line.split_whitespace())).map(|l| l.outside)
    }

    /// Writes a file that its mode lets read.
    fn file(folder: &Path, name: &str, mode: u32, content: &str) -> String {
        let path = folder.join(name);
        std::fs::write(&path, content).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
        path.display().to_string()
    }

    fn told(line: &str) -> Vec<String> {
        outside(line).expect("a line").read().err().unwrap_or_default().into_iter().map(|t| t.en.into_owned()).collect()
    }

    const PROVIDER: &str = r#"
[[provider]]
id = "hospital"
title = { ja = "病院の共通ID", en = "Hospital account" }
issuer = "https://id.hospital.example"
client_id = "akashi"
client_secret_file = "hospital.secret"
organisation = "org_0190a1b2c3d47e5f8a9b0c1d2e3f4a5b"
email_domains = ["hospital.example"]
groups = { "安全管理委員会" = ["institution_officer"] }
"#;

    #[test]
    fn nothing_is_reached_unless_it_is_named() {
        let Ok(reached) = outside("").expect("a line").read() else { panic!("it has faults") };
        assert!(reached.mail.is_none() && reached.webhook.is_none() && reached.providers.0.is_empty());
        for half in ["--smtp smtps://mail.example.jp", "--mail-ca a.pem", "--webhook-key-file k", "--webhook-ca a.pem"] {
            assert!(outside(half).is_err(), "{half}");
        }
    }

    #[test]
    fn what_lies_beside_the_file_of_providers_is_read_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        file(folder.path(), "hospital.secret", 0o640, "hush\n");
        file(folder.path(), "root.pem", 0o644, "-----BEGIN CERTIFICATE-----");
        let path = file(folder.path(), "oidc.toml", 0o644, &format!("{PROVIDER}root_file = \"root.pem\"\n"));
        let key = file(folder.path(), "key", 0o600, "0123456789abcdef0123456789abcdef\n");
        let line = format!(
            "--oidc {path} --webhook https://alarm.example.jp/ --webhook-key-file {key} --smtp smtps://mail.example.jp --mail-from akashi@example.jp"
        );
        let Ok(reached) = outside(&line).expect("a line").read() else { panic!("it has faults") };
        let provider = &reached.providers.0[0];
        assert!(provider.secret.is_some() && provider.root.as_deref() == Some("-----BEGIN CERTIFICATE-----"));
        assert!(reached.mail.is_some() && reached.webhook.is_some());
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        file(folder.path(), "hospital.secret", 0o644, "hush\n");
        let other = PROVIDER.replace("\"hospital\"", "\"other\"").replace("hospital.secret", "missing.secret");
        let path = file(folder.path(), "oidc.toml", 0o644, &format!("{PROVIDER}root_file = \"missing.pem\"\n{other}"));
        let faults =
            told(&format!("--oidc {path} --webhook http://alarm.example.jp/ --smtp smtp://10.0.0.5 --mail-from akashi@example.jp"));
        for part in ["hospital.secret can be read or written by others (644)", "missing.pem", "missing.secret", "needs a key", "smtp://"] {
            assert_eq!(faults.iter().filter(|f| f.contains(part)).count(), 1, "{part}: {faults:#?}");
        }
        assert_eq!(faults.len(), 5, "{faults:#?}");
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_not_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = file(folder.path(), "oidc.toml", 0o644, "[[provider]]\nid = \"a\"\nclient_secret = hunter2 hunter2\n");
        let faults = told(&format!("--oidc {path}"));
        assert!(faults.len() == 1 && faults[0].contains("Line 3") && !faults[0].contains("hunter2"), "{faults:?}");
        let shown = format!("{:?}", outside("--smtp smtps://u:hunter2@mail.example.jp --mail-from a@example.jp").expect("a line"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
