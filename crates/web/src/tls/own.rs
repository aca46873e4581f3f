//! A certificate that Akashi makes for itself, for first use: people compare its fingerprint instead of asking an authority.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use rules::refusal::Refusal;
use rules::text::worded;
use tokio_rustls::rustls::client::verify_server_name;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::server::ParsedCertificate;

use super::certificate::{Named, Served, read};

/// How long such a certificate is valid, in days: a year and a month to renew it, and what browsers accept at most (398).
const DAYS: i32 = 397;
/// So long before its end it is made anew.
const RENEWED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The file, with certificate and key together, so that one can never be there without the other.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join("own.pem")
}

/// A certificate of ours that ends by then is made anew now.
pub(super) fn renewed_by(now: Timestamp) -> Timestamp {
    now.saturating_add(RENEWED).unwrap_or(Timestamp::MAX)
}

/// Names that a certificate can be made for: host names and addresses.
pub(super) fn names(written: &[String]) -> Result<Vec<String>, Refusal> {
    let names: Vec<String> = written.iter().map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect();
    let odd = if names.is_empty() { Some("") } else { names.iter().find(|n| server_name(n).is_none()).map(String::as_str) };
    match odd {
        None => Ok(names),
        Some(odd) => Err(Refusal::invalid(
            "tls_own",
            worded(
                format!(
                    "「{odd}」の証明書は作れません。--tls-own には akashi.example.jp のようなホスト名か、IPアドレスを指定してください。"
                ),
                format!("No certificate can be made for “{odd}”. Name a host such as akashi.example.jp, or an IP address, in --tls-own."),
            ),
        )),
    }
}

fn server_name(name: &str) -> Option<ServerName<'static>> {
    ServerName::try_from(name.to_owned()).ok()
}

/// The certificate that lies in `folder`, or a new one where there is none for these names or it ends soon.
pub(super) fn read_or_make(folder: &Path, names: &[String], now: Timestamp) -> Result<Served, Refusal> {
    let path = file(folder);
    let named = Named { certificate: &path, key: &path };
    match std::fs::read(&path) {
        Ok(both) => match read(named, &both, &both, now) {
            Ok(served) if covers(&served, names) && served.ends > renewed_by(now) => return Ok(served),
            Ok(_) => {}
            Err(why) => tracing::warn!(%why, "the certificate Akashi made for itself is replaced"),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(not_kept(&path, &error)),
    }
    let both = make(names, now)?;
    keep(folder, &path, both.as_bytes()).map_err(|error| not_kept(&path, &error))?;
    read(named, both.as_bytes(), both.as_bytes(), now)
}

fn covers(served: &Served, names: &[String]) -> bool {
    let leaf = served.certified.cert.first().and_then(|leaf| ParsedCertificate::try_from(leaf).ok());
    leaf.is_some_and(|leaf| names.iter().all(|n| server_name(n).is_some_and(|n| verify_server_name(&leaf, &n).is_ok())))
}

/// ECDSA P-256, for servers only and no authority: whoever trusts it trusts this server and nothing else.
fn make(names: &[String], now: Timestamp) -> Result<String, Refusal> {
    // A day back, for visitors whose clock is behind.
    let from = now.to_zoned(TimeZone::UTC).date().saturating_sub(1.day());
    let to = from.saturating_add(DAYS.days());
    let day = |d: jiff::civil::Date| rcgen::date_time_ymd(d.year().into(), d.month().unsigned_abs(), d.day().unsigned_abs());
    let made = || -> Result<String, rcgen::Error> {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
        let mut wanted = rcgen::CertificateParams::new(names)?;
        (wanted.not_before, wanted.not_after) = (day(from), day(to));
        wanted.is_ca = rcgen::IsCa::ExplicitNoCa;
        wanted.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        wanted.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        wanted.distinguished_name = rcgen::DistinguishedName::new();
        wanted.distinguished_name.push(rcgen::DnType::CommonName, names.first().map_or("Akashi", String::as_str));
        let certificate = wanted.self_signed(&key)?;
        Ok(certificate.pem() + &key.serialize_pem())
    };
    made().map_err(|error| {
        let list = names.join(", ");
        Refusal::invalid(
            "tls_own",
            worded(format!("{list} の証明書を作れません（{error}）。"), format!("No certificate can be made for {list} ({error}).")),
        )
    })
}

/// Written beside its place and then moved there: a crash leaves the old file or the new one.
fn keep(folder: &Path, path: &Path, both: &[u8]) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let beside = folder.join("own.new");
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(both)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

fn not_kept(path: &Path, error: &std::io::Error) -> Refusal {
    let named = path.display();
    Refusal::invalid(
        "tls_own",
        worded(
            format!("{named} を読み書きできません（{error}）。フォルダーの所有者と空き容量を確認してください。"),
            format!("{named} cannot be read or written ({error}). Look at who owns the folder and how much space is free."),
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const NOW: fn() -> Timestamp = || "2026-11-24T03:00:00Z".parse().expect("a time");

    fn of(folder: &Path, names: &[&str], days: i64) -> Served {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        read_or_make(folder, &names, NOW() + SignedDuration::from_hours(24 * days)).expect("a certificate")
    }

    #[test]
    fn it_is_made_once_kept_to_its_owner_and_used_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("tls");
        let first = of(&folder, &["akashi.example.jp", "192.0.2.1"], 0);
        assert_eq!(first.ends.to_string(), "2027-12-25T00:00:00Z");
        let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&file(&folder))), (0o700, 0o600));
        assert_eq!(of(&folder, &["akashi.example.jp"], 365).fingerprint, first.fingerprint);
        assert_ne!(of(&folder, &["other.example.jp"], 0).fingerprint, first.fingerprint);
        assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 1);
    }

    #[test]
    fn it_is_renewed_before_it_ends_and_when_it_is_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = of(folder.path(), &["akashi.example.jp"], 0);
        let second = of(folder.path(), &["akashi.example.jp"], 367);
        assert_ne!(second.fingerprint, first.fingerprint);
        assert_eq!(of(folder.path(), &["akashi.example.jp"], 368).fingerprint, second.fingerprint);
        std::fs::write(file(folder.path()), "half a file").expect("written");
        assert_ne!(of(folder.path(), &["akashi.example.jp"], 368).fingerprint, second.fingerprint);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let taken = folder.path().join("tls");
        std::fs::write(&taken, "").expect("a file in its place");
        let refused = read_or_make(&taken, &["akashi.example.jp".to_owned()], NOW()).expect_err("no folder");
        assert!(refused.text.en.contains(&taken.display().to_string()), "{refused}");
    }

    #[test]
    fn only_hosts_and_addresses_are_names() {
        for odd in ["", " ", "a b", "https://akashi.example.jp", "*.example.jp", "証し.example.jp", "a\r\nb"] {
            assert!(names(&[odd.to_owned()]).is_err(), "{odd:?}");
        }
        assert_eq!(names(&[" akashi.example.jp ".to_owned(), "2001:db8::1".to_owned()]).expect("names").len(), 2);
    }
}
