//! `akashi keys`: which keys there are, and the master key into escrow and back by two people.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use app::vault::escrow;
use app::{App, Clock};
use clap::{Args, Subcommand};
use rules::text::{Lang, Text, text, worded};

use crate::failure::Failure;
use crate::{Installation, say};

#[derive(Debug, Args)]
pub struct Keys {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the keys of the installation by their public names.
    List {
        #[command(flatten)]
        installation: Installation,
    },
    /// Writes the master key and the signing keys out under the passphrases of two people.
    Escrow {
        #[command(flatten)]
        installation: Installation,
        /// The file to write. It must not exist.
        #[arg(long)]
        out: PathBuf,
        #[command(flatten)]
        words: Words,
    },
    /// Takes the keys back from escrow. Needs both passphrases, and an approved request that is in force.
    Recover {
        #[command(flatten)]
        installation: Installation,
        /// The file that `akashi keys escrow` wrote.
        file: PathBuf,
        #[command(flatten)]
        words: Words,
    },
}

#[derive(Debug, Args)]
struct Words {
    /// A file with one person's passphrase, named twice for both. Without it each types theirs, unseen by the other.
    #[arg(long = "passphrase-file", value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Words {
    fn ask(&self, lang: Lang, again: bool) -> Result<[String; 2], Failure> {
        match &self.files[..] {
            [one, two] => Ok([from_file(one)?, from_file(two)?]),
            [] => Ok([typed(lang, 1, again)?, typed(lang, 2, again)?]),
            _ => Err(Failure::usage(text(
                "--passphrase-file は2人分（2回）指定してください。",
                "Name --passphrase-file twice, for two people.",
            ))),
        }
    }
}

fn from_file(path: &Path) -> Result<String, Failure> {
    let read = std::fs::read_to_string(path).map_err(|e| Failure::file(path, &e))?;
    Ok(read.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks on the terminal, without showing what is typed; a new passphrase twice.
fn typed(lang: Lang, person: u8, again: bool) -> Result<String, Failure> {
    let ask = |prompt: Text| rpassword::prompt_password(prompt.get(lang)).map_err(|e| Failure::file("/dev/tty".as_ref(), &e));
    let first = ask(worded(format!("{person}人目の合言葉: "), format!("Passphrase of person {person}: ")))?;
    if again && ask(worded(format!("{person}人目の合言葉（もう一度）: "), format!("Passphrase of person {person}, again: ")))? != first
    {
        return Err(Failure::refused(text("2回の入力が一致しません。", "The two entries differ.")));
    }
    Ok(first)
}

impl Keys {
    pub fn run(self, lang: Lang) -> Result<(), Failure> {
        match self.what {
            What::List { installation } => list(installation, lang),
            What::Escrow { installation, out, words } => put(installation, &out, &words, lang),
            What::Recover { installation, file, words } => recover(installation, &file, &words, lang),
        }
    }
}

fn list(installation: Installation, lang: Lang) -> Result<(), Failure> {
    let app = App::open(installation.config(), Clock::Machine)?;
    let all = app.store().read(store::tables::vault::keys).map_err(app::Error::from)?;
    say(|out| {
        for key in &all {
            let state = match key.state {
                store::tables::vault::KeyState::Active => text("使用中", "in use"),
                store::tables::vault::KeyState::Rotated => text("更新済み（復号のみ）", "rotated, opens only"),
                store::tables::vault::KeyState::Retired => text("廃止", "retired"),
                store::tables::vault::KeyState::Destroyed => text("破棄", "destroyed"),
            };
            let (role, made) = (key.role.name(), rules::act::japan(key.made).date());
            let whose = key.organisation.map(|o| o.to_string()).unwrap_or_default();
            writeln!(out, "{}\t{}\t{}\t{made}\t{whose}", key.id, role.get(lang), state.get(lang))?;
        }
        Ok(())
    })
}

fn put(installation: Installation, path: &Path, words: &Words, lang: Lang) -> Result<(), Failure> {
    let app = App::open(installation.config(), Clock::Machine)?;
    // Taken before anybody types: a file that cannot be written is told at once, and none is overwritten.
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|e| Failure::file(path, &e))?;
    let done = words.ask(lang, true).and_then(|[one, two]| {
        let sealed = app.escrow([&one, &two])?;
        file.write_all(&sealed).and_then(|()| file.sync_all()).map_err(|e| Failure::file(path, &e))
    });
    if let Err(failure) = done {
        let _ = std::fs::remove_file(path);
        return Err(failure);
    }
    let shown = path.display();
    let told = worded(
        format!("預託を {shown} に書きました。2人の合言葉と別々の場所に保管してください。鍵を更新したら、作り直してください。"),
        format!("The escrow is in {shown}. Keep it apart from both passphrases, and make it anew when the master key is rotated."),
    );
    say(|out| writeln!(out, "{}", told.get(lang)))
}

fn recover(installation: Installation, path: &Path, words: &Words, lang: Lang) -> Result<(), Failure> {
    let sealed = std::fs::read(path).map_err(|e| Failure::file(path, &e))?;
    let [one, two] = words.ask(lang, false)?;
    let done = escrow::recover(&installation.config(), &Clock::Machine, &sealed, [&one, &two])?;
    let key = &done.key;
    let told = if done.approved {
        worded(
            format!("鍵（{key}）を復元し、台帳に記録しました。akashi serve で起動できます。"),
            format!("The key {key} is back, and the ledger says so. Start with akashi serve."),
        )
    } else {
        worded(
            format!(
                "鍵（{key}）を復元しました。データベースがないため、承認の申請は確認していません。次の起動時に、この復元を台帳に記録し、運用者に通知します。"
            ),
            format!(
                "The key {key} is back. There is no database, so no approval was looked up; the next start records this in the ledger and warns the operators."
            ),
        )
    };
    say(|out| writeln!(out, "{}", told.get(lang)))
}
