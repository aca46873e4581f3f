//! The evidence vault: each organisation's files under its own key, those keys and other secrets under the master key.

mod check;
pub mod escrow;
pub(crate) mod files;
pub(crate) mod kept;
pub mod keys;
mod rotation;
mod secrets;
mod state;

use std::io::Read;

use rules::act::Actor;
use rules::id::{self, Digest, Id};
use rules::refusal::Refusal;
use rules::review::AlertKind;
use rules::text::{text, worded};
use store::{BlobReader, Stored};

use crate::execute::Doing;
use crate::{App, Error};

pub use check::examine;
pub use keys::MasterSource;
pub use state::{KeyRead, KeysRead};
pub use store::tables::vault::{Key, KeyState};

impl App {
    /// Encrypts and keeps a file for an organisation; durable when this returns. More than `limit` bytes are refused.
    ///
    /// # Errors
    /// A refusal when the place of the files cannot be used; the operators are warned.
    pub fn keep_file(&self, organisation: Id<id::Organisation>, content: impl Read, limit: u64) -> Result<Stored, Error> {
        let keys = self.file_keys(organisation)?;
        self.blobs.put(&keys, content, limit).map_err(|e| self.vault_trouble(organisation, None, e))
    }

    /// An organisation's file as a stream that may be sought in, verified while it is read.
    ///
    /// # Errors
    /// A refusal when it is damaged, gone, or cannot be reached; the operators are warned.
    pub fn kept_file(&self, organisation: Id<id::Organisation>, digest: Digest) -> Result<BlobReader, Error> {
        let keys = self.file_keys(organisation)?;
        self.blobs.get(&keys, digest).map_err(|e| self.vault_trouble(organisation, Some(digest), e))
    }

    /// Removes an organisation's file for good; whether it was there. A plain file of an earlier version goes too, which
    /// other organisations may need: take theirs over first, by [`App::renew_files`].
    pub fn remove_file(&self, organisation: Id<id::Organisation>, digest: Digest) -> Result<bool, Error> {
        let keys = self.file_keys(organisation)?;
        Ok(self.blobs.remove(&keys, digest)? | self.blobs.remove_plain(digest)?)
    }

    /// What people are told when the vault fails: calmly, what they can do. Other errors pass as they are.
    fn vault_trouble(&self, organisation: Id<id::Organisation>, digest: Option<Digest>, error: store::Error) -> Error {
        use store::Error as E;
        let one = match &error {
            E::NoBlob { .. } | E::AlteredBlob { .. } | E::OtherKey { .. } => true,
            E::Blobs { .. } | E::File { .. } => false,
            _ => return error.into(),
        };
        tracing::error!(%error, "the vault");
        if let Err(unsaid) = self.vault_alert(Some(organisation), digest.filter(|_| one), &error.to_string()) {
            tracing::error!(error = %unsaid, "the operators could not be warned of the vault");
        }
        Refusal::unavailable(if one {
            text(
                "このファイルは、いま開けません。保管されている内容に問題が見つかり、運用者に通知しました。ほかの作業は続けられます。",
                "This file cannot be opened now: something is wrong with what is stored. The operators are told; everything else works.",
            )
        } else {
            text(
                "証跡の保管場所を、いま使えません。運用者に通知しました。しばらくしてからもう一度お試しください。ほかの作業は続けられます。",
                "The store of evidence files cannot be used now. The operators are told. Try again later; everything else works.",
            )
        })
        .into()
    }

    /// Warns the operators of a file, or of the store as a whole.
    fn vault_alert(&self, organisation: Option<Id<id::Organisation>>, digest: Option<Digest>, cause: &str) -> Result<(), Error> {
        let whose = organisation.map(|o| o.to_string()).unwrap_or_default();
        let (subject, words) = match digest {
            Some(digest) => (
                format!("{whose} {digest}"),
                worded(
                    format!("組織 {whose} の証跡ファイル {digest} に問題があります（{cause}）。バックアップから戻してください。"),
                    format!("Evidence file {digest} of {whose}: {cause}. Restore it from a backup."),
                ),
            ),
            None => (
                "store".to_owned(),
                worded(
                    format!("証跡の保管場所 {} を使えません（{cause}）。接続、権限、空き容量を確認してください。", self.blobs.told()),
                    format!(
                        "The store of evidence files at {} cannot be used: {cause}. Look at connection, rights and free space.",
                        self.blobs.told()
                    ),
                ),
            ),
        };
        self.store.write(|tx| Doing::new(self, tx, Actor::system())?.alert(AlertKind::VaultDamaged, None, &subject, words))
    }
}
