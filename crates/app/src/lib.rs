//! What Akashi does: executes commands, reads views, runs jobs. The only place that joins rules, store and files.

pub mod alerts;
pub mod backup;
pub mod calendar;
pub mod certificate;
pub mod clock;
pub mod content;
pub mod deadlines;
pub mod demo;
pub mod doctor;
mod document_facts;
pub mod draft;
pub mod error;
pub mod exchange;
mod execute;
pub mod form;
pub mod heartbeat;
mod jobs;
pub mod keeping;
mod ledger_export;
pub mod log_review;
pub mod mail;
pub mod package;
pub mod paper_files;
pub mod proof;
pub mod questionnaire_file;
pub mod read;
pub mod register_rows;
pub mod scan;
pub mod sign_in;
pub mod trust;
pub mod upload;
pub mod vault;
pub mod words;

use std::path::PathBuf;

use rules::act::{Act, Actor};

pub use clock::Clock;
pub use content::Content;
pub use error::Error;
pub use execute::Done;
pub use store::{BlobReader, EvidencePlace, S3Keys};

/// Where an installation keeps its things.
#[derive(Debug, Clone)]
pub struct Config {
    /// Evidence files lie here, and the embedded database unless `database` says otherwise.
    pub data: PathBuf,
    /// A PostgreSQL address, or nothing for the embedded database in `data`.
    pub database: Option<String>,
    /// What certificates and invitations name as the address of this installation, without a slash at the end.
    pub address: String,
    /// The largest file that may be uploaded, in bytes.
    pub upload_limit: u64,
    /// The largest sealed package that may be received, in bytes; each file in it also keeps the limit of an upload.
    pub package_limit: u64,
    /// What a password hash costs.
    pub cost: identity::Cost,
    /// The mail server; without one mails stay in the outbox, where operators see them.
    pub mail: Option<mail::MailSettings>,
    /// Why and until when TLS 1.2 is spoken beside 1.3; shown to everybody under the rules (items 57, 169).
    pub tls12: Option<(String, jiff::civil::Date)>,
    /// What is called with every alert.
    pub webhook: Option<mail::Webhook>,
    /// The providers of organisations at which people may sign in.
    pub providers: sign_in::elsewhere::Trusted,
    /// Where signed checkpoints of the ledgers go.
    pub anchors: proof::Anchors,
    /// Where the key comes from under which all other keys are encrypted.
    pub master: vault::MasterSource,
    /// Where evidence files lie.
    pub evidence: EvidencePlace,
    /// The time server that the clock is compared with: `ntp.nict.jp`, or with a port.
    pub time_server: Option<String>,
    /// Who looks through files for malware; without one every file counts as not scanned.
    pub scanner: Option<scan::Scanner>,
    /// Whether files with macros are refused; otherwise everybody is told of them.
    pub refuse_macros: bool,
    /// The program that reads words of files in a process of its own: `akashi`. Without it they are read in this process,
    /// which a hostile file can bring down.
    pub reader: Option<PathBuf>,
    /// Backups that are made by themselves.
    pub backups: Option<backup::Schedule>,
}

impl Config {
    /// The embedded database and files under one folder.
    pub fn embedded(data: impl Into<PathBuf>) -> Config {
        Config {
            data: data.into(),
            database: None,
            address: "http://127.0.0.1:8253".into(),
            upload_limit: 64 * 1024 * 1024,
            package_limit: 4 * 1024 * 1024 * 1024,
            cost: identity::Cost::default(),
            mail: None,
            tls12: None,
            webhook: None,
            providers: Default::default(),
            anchors: Default::default(),
            master: Default::default(),
            evidence: Default::default(),
            time_server: None,
            scanner: None,
            refuse_macros: false,
            reader: None,
            backups: None,
        }
    }

    pub fn location(&self) -> Result<store::Location, store::Error> {
        match &self.database {
            Some(address) => store::Location::parse(address),
            None => Ok(store::Location::file(self.data.join("akashi.db"))),
        }
    }
}

/// How many password hashes run at once: each takes 19 MiB.
const HASHES: usize = 2;

/// A running installation. Its calls block; async code goes through `spawn_blocking`.
pub struct App {
    pub config: Config,
    pub(crate) store: store::Store,
    pub(crate) blobs: store::Blobs,
    pub clock: Clock,
    pub content: Content,
    pub(crate) passwords: identity::Passwords,
    /// The password profiles of the catalogue.
    pub profiles: rules::password::Profiles,
    /// Passkeys for this installation's address.
    pub passkeys: identity::passkey::Passkeys,
    pub(crate) throttle: sign_in::throttle::Throttle,
    pub(crate) sessions: sign_in::sessions::Sessions,
    pub(crate) elsewhere: sign_in::elsewhere::Elsewhere,
    pub(crate) proof: proof::Proof,
    pub(crate) masters: vault::keys::Masters,
    /// Whether this process has looked for files of versions before encryption.
    pub(crate) taken_over: std::sync::atomic::AtomicBool,
    pub(crate) keeping: keeping::Keeper,
}

impl App {
    /// Opens the database and the files, and reads the catalogue.
    pub fn open(config: Config, clock: Clock) -> Result<App, Error> {
        let location = config.location()?;
        App::open_at(config, &location, clock)
    }

    /// As [`App::open`], with the database at a place of the caller's choice.
    pub fn open_at(config: Config, location: &store::Location, clock: Clock) -> Result<App, Error> {
        std::fs::create_dir_all(&config.data)
            .map_err(|e| Error::Broken(format!("cannot make the folder {}: {e}", config.data.display())))?;
        let store = store::Store::open(location, store::READERS)?;
        if store.read(store::backup::is_unfinished)? {
            return Err(backup::refused(rules::text::text(
                "このデータベースへの復元は途中で終わっています。空にしてから、復元をやり直してください。",
                "Restoring into this database was cut off. Empty it, and restore again.",
            )));
        }
        let blobs = store::Blobs::open(config.data.join("evidence"), &config.evidence)?;
        let masters = App::find_master(&config, &store, true)?;
        let content = Content::embedded()?;
        let profiles = rules::password::Profiles::parse(rules::password::SHIPPED)
            .map_err(|faults| Error::Broken(format!("the password profiles have {} faults", faults.len())))?;
        let passkeys = identity::passkey::Passkeys::new(&config.address)?;
        let passwords = identity::Passwords::new(config.cost, HASHES)?;
        let (throttle, sessions, elsewhere, proof) = Default::default();
        let keeping = keeping::Keeper::shipped()?;
        let app = App {
            keeping,
            config,
            store,
            blobs,
            clock,
            content,
            passwords,
            profiles,
            passkeys,
            throttle,
            sessions,
            elsewhere,
            proof,
            masters,
            taken_over: Default::default(),
        };
        app.begin_vault()?;
        app.content.reload(&app.store)?;
        Ok(app)
    }

    /// Checks every hash of the ledger; fails at the first line that is wrong.
    pub fn verify(&self) -> Result<store::Verified, Error> {
        Ok(self.store.verify()?)
    }

    /// The store, for moving an installation and for measuring.
    pub fn store(&self) -> &store::Store {
        &self.store
    }

    /// Prepares an act: the actor, the time, and randomness for its ids.
    pub fn act(&self, actor: Actor) -> Result<Act, Error> {
        Ok(Act::new(actor, self.clock.now(), identity::random()?))
    }
}

/// A fresh secret for a cookie, as text.
pub fn fresh_secret() -> Result<String, Error> {
    Ok(identity::Token::fresh()?.text().to_owned())
}

/// 32 fresh random bytes, for the seed of a key.
pub fn fresh_seed() -> Result<[u8; 32], Error> {
    Ok(identity::random()?)
}

/// The six digits that an authenticator app shows for a key at a moment.
pub fn one_time_code(key: &str, at: jiff::Timestamp) -> Result<String, Error> {
    Ok(identity::TotpKey::parse(key)?.code(at))
}

/// The SHA-256 of a text, in hexadecimal.
pub fn digest(text: &str) -> String {
    identity::digest(text).to_string()
}
