//! `akashi verify`: an outsider's check, offline, of a ledger export, a sealed package, a database or a checkpoint; or of a running installation.

mod database;
mod export;
mod installation;
mod package;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rules::text::{Lang, Text, text, worded};
use seal::note::{Note, VerifierKey};

use crate::failure::Failure;
use crate::say;

/// The largest file that is taken from an address, in bytes.
const LARGEST: u64 = 1 << 40;

#[derive(Debug, Args)]
pub struct Verify {
    /// A ledger export, a sealed package, an SQLite database, a checkpoint; or where one is: https://…, postgres://…; or the
    /// address of a running installation, of which the newest signed checkpoint is checked
    what: String,
    /// The installation's public key, as text or the path of a file with one a line. Had by another way than the file itself.
    #[arg(long, value_name = "KEY|FILE")]
    key: Vec<String>,
    /// A witness's public key, as text or a file.
    #[arg(long, value_name = "KEY|FILE")]
    witness: Vec<String>,
    /// A time-stamping authority's root certificate (PEM or DER).
    #[arg(long, value_name = "FILE")]
    stamp_root: Vec<PathBuf>,
    /// A checkpoint that was kept earlier: a fork or a cut tail shows against it.
    #[arg(long, value_name = "FILE")]
    known: Vec<PathBuf>,
    /// Prints what was found as JSON.
    #[arg(long)]
    json: bool,
}

/// What was found, for people and for programs.
pub struct Told {
    pub lines: Vec<Text>,
    pub json: serde_json::Value,
}

/// What the outsider has, read from the options.
pub struct Own {
    pub trust: seal::verify::Trust,
}

impl Verify {
    pub fn run(self, lang: Lang) -> Result<(), Failure> {
        let own = self.own()?;
        let found = if self.what.starts_with("postgres://") || self.what.starts_with("postgresql://") {
            database::check(&self.what, &own)
        } else if let Some(base) = installation::base(&self.what) {
            installation::check(base, &own)
        } else if self.what.starts_with("http://") || self.what.starts_with("https://") {
            let (mut file, _kept) = fetched(&self.what)?;
            sniffed(&mut file, None, &own)
        } else {
            let path = Path::new(&self.what);
            let mut file = File::open(path).map_err(|e| Failure::file(path, &e))?;
            sniffed(&mut file, Some(path), &own)
        };
        let told = match found {
            Ok(told) => told,
            Err(failure) if self.json => {
                let wrong = serde_json::json!({ "sound": false, "ja": failure.text.ja, "en": failure.text.en });
                say(|out| writeln!(out, "{wrong:#}"))?;
                return Err(failure);
            }
            Err(failure) => return Err(failure),
        };
        say(|out| {
            if self.json {
                return writeln!(out, "{:#}", told.json);
            }
            told.lines.iter().try_for_each(|line| writeln!(out, "{}", line.get(lang)))
        })
    }

    fn own(&self) -> Result<Own, Failure> {
        let mut stamp_roots = vec![];
        for path in &self.stamp_root {
            let bytes = std::fs::read(path).map_err(|e| Failure::file(path, &e))?;
            let found = certificates(&bytes);
            if found.is_empty() {
                return Err(unreadable(path, "証明書がありません", "there is no certificate in it"));
            }
            stamp_roots.extend(found);
        }
        let mut known = vec![];
        for path in &self.known {
            let written = std::fs::read_to_string(path).map_err(|e| Failure::file(path, &e))?;
            known.push(Note::parse(&written).map_err(|e| unreadable(path, "チェックポイントではありません", &e.to_string()))?);
        }
        let trust = seal::verify::Trust { keys: keys(&self.key)?, witnesses: keys(&self.witness)?, stamp_roots, known };
        Ok(Own { trust })
    }
}

fn unreadable(path: &Path, ja: &str, en: &str) -> Failure {
    let path = path.display();
    Failure::usage(worded(format!("{path}: {ja}"), format!("{path}: {en}")))
}

/// DER as it is, or every certificate of a PEM file.
fn certificates(bytes: &[u8]) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    let Ok(written) = std::str::from_utf8(bytes) else { return vec![bytes.to_vec()] };
    let blocks = written.split("-----BEGIN CERTIFICATE-----").skip(1);
    let inner = blocks.filter_map(|block| block.split("-----END CERTIFICATE-----").next());
    inner
        .filter_map(|block| {
            let clean: String = block.chars().filter(|c| !c.is_whitespace()).collect();
            base64::engine::general_purpose::STANDARD.decode(clean).ok()
        })
        .collect()
}

/// Keys that were typed, or that stand in files, one a line.
fn keys(given: &[String]) -> Result<Vec<VerifierKey>, Failure> {
    let mut out = vec![];
    for given in given {
        let written = if given.contains('+') && !Path::new(given).exists() {
            given.clone()
        } else {
            let path = Path::new(given);
            std::fs::read_to_string(path).map_err(|e| Failure::file(path, &e))?
        };
        let lines = written.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            let key: VerifierKey = line.parse().map_err(|e| {
                Failure::usage(worded(format!("公開鍵として読めません（{e}）: {line}"), format!("this is no public key ({e}): {line}")))
            })?;
            out.push(key);
        }
    }
    Ok(out)
}

/// Brings a file here. It lies in a temporary place for as long as it is looked at.
fn fetched(address: &str) -> Result<(File, tempfile::TempPath), Failure> {
    let failed = |why: String| {
        Failure::unreachable(worded(format!("{address} を取得できません: {why}"), format!("{address} cannot be fetched: {why}")))
    };
    let mut answer = ureq::get(address).call().map_err(|e| failed(e.to_string()))?;
    let mut kept = tempfile::NamedTempFile::new().map_err(|e| failed(e.to_string()))?;
    let mut body = answer.body_mut().with_config().limit(LARGEST).reader();
    std::io::copy(&mut body, &mut kept).map_err(|e| failed(e.to_string()))?;
    let (mut file, path) = kept.into_parts();
    file.seek(SeekFrom::Start(0)).map_err(|e| failed(e.to_string()))?;
    Ok((file, path))
}

/// Looks at what a file is by its first bytes, never by its name, and checks it.
fn sniffed(file: &mut File, path: Option<&Path>, own: &Own) -> Result<Told, Failure> {
    let shown = path.unwrap_or(Path::new("-"));
    let mut head = vec![];
    Read::by_ref(file).take(64).read_to_end(&mut head).map_err(|e| Failure::file(shown, &e))?;
    let size = file.seek(SeekFrom::End(0)).map_err(|e| Failure::file(shown, &e))?;
    file.seek(SeekFrom::Start(0)).map_err(|e| Failure::file(shown, &e))?;
    if head.starts_with(b"SQLite format 3\0") {
        return match path {
            Some(path) => database::check(&path.to_string_lossy(), own),
            None => Err(Failure::usage(text(
                "データベースは手元に保存してから検証してください。",
                "Save a database here first, then verify it.",
            ))),
        };
    }
    if head.starts_with(b"PK") {
        return package::check(file, size, own);
    }
    if head.starts_with(b"akashi/") {
        return export::checkpoint(file, shown, own);
    }
    export::check(file, size, own)
}

/// How far it is, on the error output, so that the result can be piped on.
pub fn bar(all: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(all).with_style(style)
}

/// A key as people compare it.
pub fn key_line(key: &VerifierKey) -> String {
    format!("{} {} {}", key.name, key.id_text(), key.algorithm)
}
