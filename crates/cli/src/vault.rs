//! The options of the evidence vault: where its files lie, and where the master key comes from.

use std::path::{Path, PathBuf};

use app::vault::MasterSource;
use app::{EvidencePlace, S3Keys};

use crate::outside::Hidden;

#[derive(Debug, Default, clap::Args)]
pub struct Vault {
    /// The master key: @ and a file, which is made at the first start; or the key itself, better in the environment than
    /// here. Without it: keys/master.key in the data folder.
    #[arg(long, env = "AKASHI_MASTER_KEY", value_name = "@FILE", hide_env_values = true)]
    master_key: Option<Hidden>,
    /// An S3-compatible store for evidence files: s3://bucket/prefix?endpoint=https://…&region=…. Without it they lie in
    /// the data folder. Several nodes need one.
    #[arg(long, env = "AKASHI_EVIDENCE", value_name = "S3-ADDRESS", value_parser = place)]
    evidence: Option<EvidencePlace>,
    /// The name by which the S3-compatible store knows this installation.
    #[arg(long, env = "AWS_ACCESS_KEY_ID", value_name = "NAME", default_value = "")]
    evidence_id: String,
    /// Only for the environment: a command line is read by everybody on the machine.
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", hide = true, hide_env_values = true)]
    evidence_secret: Option<Hidden>,
    /// Authorities (PEM) that alone may vouch for the S3-compatible store.
    #[arg(long, env = "AKASHI_EVIDENCE_CA", value_name = "FILE", value_parser = pem)]
    evidence_ca: Option<Pem>,
}

/// The content of a PEM file.
#[derive(Debug, Clone)]
struct Pem(String);

fn place(written: &str) -> Result<EvidencePlace, String> {
    EvidencePlace::parse(written, S3Keys::default()).map_err(|e| e.to_string())
}

fn pem(path: &str) -> Result<Pem, String> {
    let path: PathBuf = path.into();
    crate::outside::content(Path::new(&path)).map(Pem).map_err(|fault| fault.en.into_owned())
}

impl Vault {
    /// Puts the options into an installation's settings.
    pub fn set(self, config: &mut app::Config) {
        if let Some(Hidden(written)) = &self.master_key {
            config.master = MasterSource::parse(written);
        }
        if let Some(place) = self.evidence {
            let secret = self.evidence_secret.map(|Hidden(secret)| secret).unwrap_or_default();
            let place = place.known_by(S3Keys { id: self.evidence_id, secret });
            config.evidence = match self.evidence_ca {
                Some(Pem(pem)) => place.trusting(pem),
                None => place,
            };
        }
    }
}
