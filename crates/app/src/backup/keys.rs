//! The key that opens backups, and the recipients they are encrypted to: of the form that the program `age` reads.

use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use age::x25519::{Identity, Recipient};
use rules::text::worded;

use super::format::refused;
use crate::proof::files;
use crate::vault::kept;
use crate::{App, Error};

/// Reads the keys of a file; lines that begin with # are remarks.
pub fn identities(path: &Path) -> Result<Vec<Identity>, Error> {
    let shown = path.display();
    let text = files::read(path)?.ok_or_else(|| {
        refused(worded(
            format!("鍵ファイル {shown} がありません。バックアップと別に保管した keys/backup.txt を指定してください。"),
            format!("The key file {shown} is not there. Name the keys/backup.txt that you keep apart from the backups."),
        ))
    })?;
    let keys: Option<Vec<Identity>> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| line.parse().ok()).collect();
    keys.filter(|keys| !keys.is_empty()).ok_or_else(|| {
        refused(worded(
            format!("{shown} はバックアップの鍵ファイルではありません。AGE-SECRET-KEY-1 で始まる行が必要です。"),
            format!("{shown} is no key file of backups: it needs a line that begins with AGE-SECRET-KEY-1."),
        ))
    })
}

/// Reads `age1…`.
pub fn recipient(text: &str) -> Result<Recipient, Error> {
    text.trim().parse().map_err(|_| {
        refused(worded(
            format!("{text} は受取人の公開鍵ではありません。age1 で始まる文字列を指定してください。"),
            format!("{text} is no recipient: it is a text that begins with age1."),
        ))
    })
}

impl App {
    /// Where the installation's own key of backups lies.
    pub fn backup_key(&self) -> PathBuf {
        self.config.data.join("keys").join("backup.txt")
    }

    /// The installation's own key, made at the first backup. Whoever has it can read every backup.
    pub(super) fn own_key(&self) -> Result<Identity, Error> {
        let path = self.backup_key();
        if files::read(&path)?.is_none() {
            let key = Identity::generate();
            let text = format!(
                "# Akashi: opens backups. Keep a copy apart from them.\n# public key: {}\n{}\n",
                key.to_public(),
                key.to_string().expose_secret()
            );
            files::folder(path.parent().unwrap_or(&self.config.data))?;
            // Two programs at once: the first one makes it.
            kept::make(&path, &text)?;
        }
        identities(&path)?.into_iter().next().ok_or_else(|| Error::Broken("the key of backups is empty".into()))
    }
}
