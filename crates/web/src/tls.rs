//! TLS that Akashi serves itself: its certificate, which it reads anew when files change, and the configuration of the moment.

mod certificate;
mod client;
mod der;
pub mod entrance;
mod own;
pub mod profile;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use rules::id::Digest;
use rules::refusal::Refusal;
use rules::text::worded;
use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::sign::SingleCertAndKey;

use certificate::{Named, Served};
pub use profile::{Exception, Spoken, TLS12, TLS13};

/// How often, at most, the files of a certificate are looked at.
const LOOK: SignedDuration = SignedDuration::from_secs(30);
/// A certificate from files with less time than this is told in the log.
const WARN: SignedDuration = SignedDuration::from_hours(14 * 24);

/// TLS of an installation.
pub struct Tls {
    source: Source,
    exception: Option<Exception>,
    loaded: RwLock<Loaded>,
}

/// Where the certificate comes from.
enum Source {
    Files { certificate: PathBuf, key: PathBuf },
    Own { folder: PathBuf, names: Vec<String> },
}

struct Loaded {
    strict: Arc<ServerConfig>,
    /// With TLS 1.2, where there is an exception at all.
    excepted: Option<Arc<ServerConfig>>,
    fingerprint: Digest,
    ends: Timestamp,
    /// What was found when the files were last looked at, good or not: the same fault is told once.
    seen: Digest,
    looked: Timestamp,
}

impl Tls {
    /// With a certificate chain and a key in PEM files.
    pub fn from_files(certificate: PathBuf, key: PathBuf, exception: Option<Exception>, now: Timestamp) -> Result<Tls, Refusal> {
        Tls::open(Source::Files { certificate, key }, exception, now)
    }

    /// With a certificate that Akashi makes for these hosts and addresses and keeps in `folder`.
    pub fn own(folder: PathBuf, names: &[String], exception: Option<Exception>, now: Timestamp) -> Result<Tls, Refusal> {
        Tls::open(Source::Own { folder, names: own::names(names)? }, exception, now)
    }

    fn open(source: Source, exception: Option<Exception>, now: Timestamp) -> Result<Tls, Refusal> {
        let found = source.found();
        let loaded = Loaded::new(&source.served(&found, now)?, exception.is_some(), source.seen(&found), now)?;
        let tls = Tls { source, exception, loaded: RwLock::new(loaded) };
        tls.warn(now);
        Ok(tls)
    }

    /// The exception that was configured; [`Exception::holds`] tells whether it is still one.
    pub fn exception(&self) -> Option<&Exception> {
        self.exception.as_ref()
    }

    /// What is offered at this moment.
    pub fn spoken(&self, now: Timestamp) -> Vec<&'static Spoken> {
        let excepted = self.exception.as_ref().is_some_and(|e| e.holds(now));
        if excepted { vec![&TLS13, &TLS12] } else { vec![&TLS13] }
    }

    /// The SHA-256 of the certificate that is served.
    pub fn fingerprint(&self) -> Digest {
        self.read(|loaded| loaded.fingerprint)
    }

    /// The first moment at which a certificate of the chain that is served is over.
    pub fn ends(&self) -> Timestamp {
        self.read(|loaded| loaded.ends)
    }

    /// The configuration for a connection that comes in now: TLS 1.2 ends with its exception, without a restart.
    fn config(&self, now: Timestamp) -> Arc<ServerConfig> {
        let excepted = self.exception.as_ref().is_some_and(|e| e.holds(now));
        self.read(|loaded| loaded.excepted.as_ref().filter(|_| excepted).unwrap_or(&loaded.strict).clone())
    }

    fn read<T>(&self, of: impl FnOnce(&Loaded) -> T) -> T {
        of(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether it is time to look at the files again; a clock that was set back is no reason to wait.
    fn is_due(&self, now: Timestamp) -> bool {
        self.read(|loaded| now.duration_since(loaded.looked).abs() >= LOOK)
    }

    /// Looks at the files and serves what they hold now. What may not be served is logged, and the old goes on. Blocks.
    fn look(&self, now: Timestamp) {
        let found = self.source.found();
        let seen = self.source.seen(&found);
        let known = {
            let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
            // Whoever comes next need not look too.
            loaded.looked = now;
            std::mem::replace(&mut loaded.seen, seen) == seen
        };
        let is_renewed = matches!(self.source, Source::Own { .. }) && self.ends() <= own::renewed_by(now);
        if known && !is_renewed {
            return;
        }
        let fresh = self.source.served(&found, now).and_then(|served| Loaded::new(&served, self.exception.is_some(), seen, now));
        match fresh {
            Ok(fresh) => {
                tracing::info!(fingerprint = %fresh.fingerprint, ends = %fresh.ends, "a new TLS certificate is served");
                *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                self.warn(now);
            }
            Err(why) => tracing::error!(%why, "the new TLS certificate is not served; the one before it goes on"),
        }
    }

    fn warn(&self, now: Timestamp) {
        let ends = self.ends();
        if ends.duration_since(now) < WARN {
            tracing::warn!(%ends, "the TLS certificate ends soon");
        }
    }
}

/// The bytes of certificate and key, or the file that cannot be read and why.
type Found = Result<(Vec<u8>, Vec<u8>), Refusal>;

impl Source {
    fn found(&self) -> Found {
        match self {
            Source::Files { certificate, key } => Ok((bytes(certificate, "tls_certificate")?, bytes(key, "tls_key")?)),
            // Nobody but Akashi writes its own.
            Source::Own { .. } => Ok(Default::default()),
        }
    }

    fn seen(&self, found: &Found) -> Digest {
        let mut hash = Sha256::new();
        match found {
            Ok((certificate, key)) => {
                hash.update(Sha256::digest(certificate));
                hash.update(Sha256::digest(key));
            }
            Err(why) => hash.update(why.text.en.as_bytes()),
        }
        Digest(hash.finalize().into())
    }

    fn served(&self, found: &Found, now: Timestamp) -> Result<Served, Refusal> {
        match self {
            Source::Files { certificate, key } => {
                let (chain, secret) = found.as_ref().map_err(Clone::clone)?;
                certificate::read(Named { certificate, key }, chain, secret, now)
            }
            Source::Own { folder, names } => own::read_or_make(folder, names, now),
        }
    }
}

fn bytes(file: &Path, field: &'static str) -> Result<Vec<u8>, Refusal> {
    std::fs::read(file).map_err(|error| {
        let named = file.display();
        Refusal::invalid(
            field,
            worded(
                format!("{named} を読めません（{error}）。場所と、サービスの利用者が読めることを確認してください。"),
                format!("{named} cannot be read ({error}). Look at the path, and whether the service's account may read it."),
            ),
        )
    })
}

impl Loaded {
    fn new(served: &Served, excepted: bool, seen: Digest, looked: Timestamp) -> Result<Loaded, Refusal> {
        let strict = config(served, &[&TLS13])?;
        let excepted = if excepted { Some(config(served, &[&TLS13, &TLS12])?) } else { None };
        Ok(Loaded { strict, excepted, fingerprint: served.fingerprint, ends: served.ends, seen, looked })
    }
}

/// A configuration that speaks these versions and nothing else. Sessions are remembered by each for itself, so none goes on
/// under a version or a certificate that is over.
fn config(served: &Served, spoken: &[&Spoken]) -> Result<Arc<ServerConfig>, Refusal> {
    let provider = Arc::new(profile::provider(spoken));
    let versions: Vec<_> = spoken.iter().map(|s| s.version).collect();
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&versions).map_err(|error| {
        let why = format!("TLSを設定できません（{error}）。");
        Refusal::invalid("tls_certificate", worded(why, format!("TLS cannot be configured ({error}).")))
    })?;
    let mut config = builder
        .with_client_cert_verifier(Arc::new(client::AnyCertificate(provider)))
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(served.certified.clone())));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // The strongest suite that both have, whatever the visitor would like better.
    config.ignore_client_order = true;
    Ok(Arc::new(config))
}
