//! The options of TLS and of proxies, on the command line or in the environment.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use rules::refusal::Refusal;
use rules::text::text;
use web::peer::Proxies;
use web::tls::{Exception, Tls};

#[derive(Debug, Default, clap::Args)]
pub struct Way {
    /// Serves TLS with this certificate chain: PEM, the server's own first. Read again when it changes.
    #[arg(long, env = "AKASHI_TLS_CERTIFICATE", value_name = "FILE", requires = "tls_key", conflicts_with = "tls_own")]
    tls_certificate: Option<PathBuf>,
    /// The private key of the certificate: PEM, not encrypted.
    #[arg(long, env = "AKASHI_TLS_KEY", value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Serves TLS with a certificate that Akashi makes for these hosts and addresses.
    #[arg(long, env = "AKASHI_TLS_OWN", value_name = "NAME", value_delimiter = ',')]
    tls_own: Vec<String>,
    /// Allows TLS 1.2 beside 1.3, and says why.
    #[arg(long, env = "AKASHI_TLS12_REASON", value_name = "TEXT", requires = "tls12_until")]
    tls12_reason: Option<String>,
    /// The last day on which TLS 1.2 is allowed: 2027-03-31.
    #[arg(long, env = "AKASHI_TLS12_UNTIL", value_name = "DATE", requires = "tls12_reason")]
    tls12_until: Option<Date>,
    /// A reverse proxy that is believed about whom it speaks for: 127.0.0.1, 192.0.2.0/28.
    #[arg(long, env = "AKASHI_PROXY", value_name = "NETWORK", value_delimiter = ',')]
    proxy: Vec<String>,
}

impl Way {
    pub fn proxies(&self) -> Result<Proxies, Refusal> {
        Proxies::read(self.proxy.iter().map(String::as_str))
    }

    /// Why and until when TLS 1.2 is allowed.
    pub fn exception(&self) -> Result<Option<Exception>, Refusal> {
        match (&self.tls12_reason, self.tls12_until) {
            (Some(reason), Some(until)) => Exception::new(reason, until).map(Some),
            // The command line takes both or none.
            _ => Ok(None),
        }
    }

    /// TLS as it is asked for; nothing for plain HTTP. A certificate of Akashi's own lies in the folder `tls` of `data`.
    pub fn tls(&self, data: &Path, now: Timestamp) -> Result<Option<Tls>, Refusal> {
        let exception = self.exception()?;
        match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => Tls::from_files(certificate.clone(), key.clone(), exception, now).map(Some),
            _ if !self.tls_own.is_empty() => Tls::own(data.join("tls"), &self.tls_own, exception, now).map(Some),
            _ if exception.is_some() => Err(Refusal::invalid(
                "tls12_reason",
                text(
                    "TLS 1.2 の例外は、Akashi自身がTLSを提供するときだけ指定できます。--tls-certificate と --tls-key、または --tls-own も指定してください。",
                    "An exception for TLS 1.2 needs TLS that Akashi serves itself. Name --tls-certificate and --tls-key, or --tls-own, too.",
                ),
            )),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        way: Way,
    }

    fn way(line: &str) -> Result<Way, clap::Error> {
        Line::try_parse_from(std::iter::once("akashi").chain(line.split_whitespace())).map(|l| l.way)
    }

    #[test]
    fn half_an_option_is_not_understood() {
        for half in [
            "--tls-certificate a.pem",
            "--tls-key k.pem",
            "--tls12-reason old",
            "--tls12-until 2027-03-31",
            "--tls12-reason old --tls12-until soon",
            "--tls-certificate a.pem --tls-key k.pem --tls-own akashi.example.jp",
        ] {
            assert!(way(half).is_err(), "{half}");
        }
    }

    #[test]
    fn tls_is_served_as_it_is_asked_for() {
        let data = tempfile::tempdir().expect("a folder");
        let now = "2026-11-24T03:00:00Z".parse().expect("a time");
        let tls = |line: &str| way(line).expect("a line").tls(data.path(), now);
        assert!(tls("").expect("plain HTTP").is_none());
        let own = tls("--tls-own akashi.example.jp,192.0.2.1 --tls12-reason old --tls12-until 2027-03-31").expect("TLS").expect("TLS");
        assert_eq!(own.exception().map(|e| (e.reason.as_str(), e.until.to_string())), Some(("old", "2027-03-31".to_owned())));
        assert!(data.path().join("tls/own.pem").is_file());
        assert!(tls("--tls12-reason old --tls12-until 2027-03-31").is_err());
        assert!(tls("--tls-certificate /nowhere/a.pem --tls-key /nowhere/k.pem").is_err_and(|e| e.text.en.contains("/nowhere/a.pem")));
        let proxies = way("--proxy 127.0.0.1,10.0.0.0/8 --proxy 2001:db8::/32").expect("a line").proxies().expect("networks");
        assert_eq!(proxies, Proxies::read(["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"]).expect("networks"));
    }
}
