//! Where the database is, and how a connection to it is opened and set up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use postgres::config::{Host, SslMode};
use rusqlite::OpenFlags;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::engine::{Conn, Engine, postgres_cause};
use crate::error::Error;
use crate::relog;

/// How long a writer waits for another program to let go of the database.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Certificate bundles of the operating system, used when the address names none.
const BUNDLES: [&str; 3] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Where the database is.
#[derive(Clone)]
pub struct Location(Place);

#[derive(Clone)]
enum Place {
    File(PathBuf),
    Server { config: Box<postgres::Config>, tls: Option<Arc<rustls::ClientConfig>>, shown: String },
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Write,
    Read,
}

impl Location {
    /// A `postgres://` address, or the path of an SQLite file, which is made when it is not there.
    ///
    /// PostgreSQL on another machine is reached by TLS with the server's certificate verified, whatever of
    /// `sslmode=prefer|require|verify-ca|verify-full` the address says; `sslmode=disable` alone turns it off.
    /// `sslrootcert=FILE` names the authority (PEM); without it the operating system's authorities count.
    pub fn parse(address: &str) -> Result<Location, Error> {
        if !address.starts_with("postgres://") && !address.starts_with("postgresql://") {
            return Ok(Location::file(address));
        }
        let (base, query) = address.split_once('?').unwrap_or((address, ""));
        let mut mode = None;
        let mut root = None;
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => root = Some(PathBuf::from(value)),
                _ => kept.push(pair),
            }
        }
        let rest = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
        let mut config: postgres::Config = rest.parse().map_err(|e: postgres::Error| Error::Address { cause: postgres_cause(&e) })?;
        let here = config.get_hosts().iter().all(is_here);
        let encrypt = match mode {
            Some("disable") => false,
            None | Some("prefer") => !here,
            Some("require" | "verify-ca" | "verify-full") => true,
            Some(other) => {
                return Err(Error::Address { cause: format!("sslmode={other} is not known: use disable, prefer, require or verify-full") });
            }
        };
        config.ssl_mode(if encrypt { SslMode::Require } else { SslMode::Disable });
        config.connect_timeout(Duration::from_secs(5)).keepalives_idle(Duration::from_secs(30)).application_name("akashi");
        let tls = if encrypt { Some(Arc::new(tls(root.as_deref())?)) } else { None };
        let shown = shown(&config);
        Ok(Location(Place::Server { config: Box::new(config), tls, shown }))
    }

    /// The path of an SQLite file.
    pub fn file(path: impl Into<PathBuf>) -> Location {
        Location(Place::File(path.into()))
    }

    pub fn engine(&self) -> Engine {
        match self.0 {
            Place::File(_) => Engine::Sqlite,
            Place::Server { .. } => Engine::Postgres,
        }
    }

    /// The SQLite file; nothing for a server.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.0 {
            Place::File(path) => Some(path),
            Place::Server { .. } => None,
        }
    }

    /// The connection that a program begins with: what an earlier run left is safe before anything is built upon it.
    pub(crate) fn first(&self) -> Result<Conn, Error> {
        let mut conn = self.connect(Use::Write)?;
        if let Some(path) = self.path() {
            relog::write_anew(path, &mut conn)?;
        }
        Ok(conn)
    }

    pub(crate) fn connect(&self, wanted: Use) -> Result<Conn, Error> {
        match &self.0 {
            Place::File(path) => sqlite(path, wanted)
                .map(Conn::sqlite)
                .map_err(|e| Error::Unreachable { place: path.display().to_string(), cause: e.to_string() }),
            Place::Server { config, tls, shown } => server(config, tls.as_ref())
                .map(Conn::postgres)
                .map_err(|e| Error::Unreachable { place: shown.clone(), cause: postgres_cause(&e) }),
        }
    }
}

/// For logs and error messages: never with the password.
impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Place::File(path) => write!(f, "{}", path.display()),
            Place::Server { shown, .. } => f.write_str(shown),
        }
    }
}

fn sqlite(path: &Path, wanted: Use) -> rusqlite::Result<rusqlite::Connection> {
    let flags = match wanted {
        Use::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Use::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let connection = rusqlite::Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(PATIENCE)?;
    // Caches are in KiB (negative) and small: the whole program is to fit in 60 MB. FULL, not NORMAL: an
    // acknowledged act survives a power cut. secure_delete: what is erased is written over. recursive_triggers: without it "insert or replace" would slip
    // past the triggers that guard insert-only tables. trusted_schema: a doctored file must not run functions.
    connection.execute_batch(match wanted {
        Use::Write => {
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma recursive_triggers = on; pragma secure_delete = on;
             pragma trusted_schema = off; pragma cache_size = -8000; pragma wal_autocheckpoint = 4000; pragma journal_size_limit = 67108864; pragma temp_store = memory;"
        }
        Use::Read => "pragma query_only = on; pragma trusted_schema = off; pragma cache_size = -2000; pragma temp_store = memory;",
    })?;
    Ok(connection)
}

fn server(config: &postgres::Config, tls: Option<&Arc<rustls::ClientConfig>>) -> Result<postgres::Client, postgres::Error> {
    let mut client = match tls {
        Some(tls) => config.connect(tokio_postgres_rustls::MakeRustlsConnect::new(tls.as_ref().clone()))?,
        None => config.connect(postgres::NoTls)?,
    };
    client.batch_execute(
        "set timezone = 'UTC'; set synchronous_commit = on; set lock_timeout = '10s'; set idle_in_transaction_session_timeout = '60s';
         set client_min_messages = warning",
    )?;
    Ok(client)
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn shown(config: &postgres::Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    format!("postgres://{host}:{port}/{}", config.get_dbname().or(config.get_user()).unwrap_or_default())
}

fn tls(root: Option<&Path>) -> Result<rustls::ClientConfig, Error> {
    let bundle = root.or_else(|| BUNDLES.iter().map(Path::new).find(|path| path.exists()));
    let bundle = bundle.ok_or_else(|| Error::Address {
        cause: "no certificate authorities found on this system: name the server's authority with sslrootcert=FILE".to_owned(),
    })?;
    let unreadable = |cause: String| Error::Address { cause: format!("certificate authorities in {}: {cause}", bundle.display()) };
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(bundle).map_err(|e| unreadable(e.to_string()))? {
        let certificate = certificate.map_err(|e| unreadable(e.to_string()))?;
        // A system bundle may hold one odd certificate; an authority named on purpose must be good.
        if let Err(error) = roots.add(certificate)
            && root.is_some()
        {
            return Err(unreadable(error.to_string()));
        }
    }
    if roots.is_empty() {
        return Err(unreadable("there is none in it".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(|e| unreadable(e.to_string()))?.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encrypted(address: &str) -> bool {
        matches!(Location::parse(address).unwrap().0, Place::Server { tls: Some(_), .. })
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_unless_it_is_said_otherwise() {
        assert!(!encrypted("postgres://u@127.0.0.1/db"));
        assert!(!encrypted("postgres://u@localhost/db?sslmode=prefer"));
        assert!(!encrypted("postgres://u@db.example/db?sslmode=disable"));
        if BUNDLES.iter().any(|path| Path::new(path).exists()) {
            assert!(encrypted("postgres://u@db.example/db"));
            assert!(encrypted("postgres://u@localhost/db?connect_timeout=3&sslmode=verify-full"));
        }
        assert!(matches!(Location::parse("postgres://u@h/db?sslmode=maybe"), Err(Error::Address { .. })));
        assert!(matches!(Location::parse("postgres://u@h/db?sslmode=require&sslrootcert=/nowhere.pem"), Err(Error::Address { .. })));
    }

    #[test]
    fn a_password_is_never_shown() {
        let location = Location::parse("postgres://anna:geheim@127.0.0.1:1/akashi").unwrap();
        assert_eq!(location.to_string(), "postgres://127.0.0.1:1/akashi");
        let error = location.connect(Use::Write).err().unwrap().to_string();
        assert!(error.starts_with("cannot reach the database at postgres://127.0.0.1:1/akashi: "), "{error}");
        assert!(!error.contains("geheim"));
    }
}
