//! The file of a backup: a tar stream, encrypted with age, that says first what it is and last what was in it.
//!
//! `age -d -i KEYFILE BACKUP | tar -x` opens it without Akashi. Everything that is read is compared with the list at its end.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use age::stream::StreamWriter;
use age::x25519::{Identity, Recipient};
use age::{DecryptError, Decryptor, Encryptor};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use rules::id::{self, Digest, Id};
use rules::refusal::{Refusal, Why};
use rules::text::{Text, text, worded};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::backup::{Part, Sum};

use crate::Error;

/// The form this program writes; another form gets another number.
const FORM: u32 = 1;
pub(super) const HEADER: &str = "akashi-backup.json";
/// What became of the files that the ledger names.
pub(super) const FILES: &str = "evidence.json";
const MANIFEST: &str = "manifest.jsonl";
pub(super) const EVIDENCE: &str = "evidence/";
/// The largest entry that is read into memory; parts are cut far below it.
const ENTRY_LIMIT: u64 = 1 << 30;
/// What stands in one entry of a part, before it is compressed.
const PIECE: usize = 4 << 20;

/// What a backup says of itself in its first entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub akashi_backup: u32,
    pub id: Id<id::Backup>,
    /// Which program wrote it.
    pub program: String,
    /// The name of the installation; empty before the first epoch.
    pub installation: String,
    pub epoch: u32,
    pub made: Timestamp,
    /// Lines of all ledgers.
    pub lines: u64,
    /// Size and root of each ledger.
    pub ledgers: BTreeMap<String, (u64, Digest)>,
    /// What the tables held that the ledger makes.
    pub tables: BTreeMap<String, Sum>,
    /// Files of evidence that the ledger names, by organisation.
    pub files: u64,
    /// When something was erased last before it was made.
    pub last_erased: Option<Timestamp>,
}

impl Header {
    pub(super) fn form() -> u32 {
        FORM
    }
}

/// What became of the files while they were copied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    pub files: u64,
    /// Erased after the moment of the backup; nothing is wrong with them.
    pub erased: Vec<String>,
    /// Named by the ledger, and not there or damaged.
    pub missing: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Listed {
    name: String,
    size: u64,
    sha256: Digest,
}

pub(crate) fn refused(words: Text) -> Error {
    Refusal::new(Why::Invalid, words).into()
}

fn not_written(error: &io::Error) -> Error {
    let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    refused(if full {
        text(
            "バックアップ先に空き容量がないため、書き込めませんでした。途中のファイルは残していません。空きを作るか、別の場所を指定してください。",
            "There is no space left where the backup goes. Nothing half-written is left. Make room, or name another place.",
        )
    } else {
        worded(
            format!("バックアップを書き込めませんでした（{error}）。場所と権限を確認してください。"),
            format!("The backup could not be written: {error}. Look at the place and at the rights on it."),
        )
    })
}

/// Counts and hashes what passes.
struct Hashed<T> {
    inner: T,
    size: u64,
    hash: Sha256,
}

impl<T> Hashed<T> {
    fn new(inner: T) -> Hashed<T> {
        Hashed { inner, size: 0, hash: Sha256::new() }
    }

    fn passed(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.hash.update(bytes);
    }

    fn listed(self, name: &str) -> Listed {
        Listed { name: name.to_owned(), size: self.size, sha256: Digest(self.hash.finalize().into()) }
    }
}

impl<T: Read> Read for Hashed<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.passed(&buffer[..n]);
        Ok(n)
    }
}

impl<T: Write> Write for Hashed<T> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(buffer)?;
        self.passed(&buffer[..n]);
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

type Sealed<W> = StreamWriter<Hashed<BufWriter<W>>>;

/// A backup that is being written.
pub(super) struct Writing<W: Write> {
    tar: tar::Builder<Sealed<W>>,
    /// The list of entries; it is written last.
    list: std::fs::File,
    made: Timestamp,
    /// Lines of the part that is being collected.
    part: Option<(Part, String)>,
    pieces: u64,
}

impl<W: Write> Writing<W> {
    pub fn begin(out: W, recipients: &[Recipient], header: &Header) -> Result<Writing<W>, Error> {
        let to = recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(to).map_err(|e| Error::Broken(format!("the backup cannot be encrypted: {e}")))?;
        let sealed = encryptor.wrap_output(Hashed::new(BufWriter::new(out))).map_err(|e| not_written(&e))?;
        let list = tempfile::tempfile().map_err(|e| not_written(&e))?;
        let mut writing = Writing { tar: tar::Builder::new(sealed), list, made: header.made, part: None, pieces: 0 };
        writing.json(HEADER, header)?;
        Ok(writing)
    }

    pub fn json<T: Serialize>(&mut self, name: &str, of: &T) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(of).map_err(|e| Error::Broken(format!("{name} cannot be written: {e}")))?;
        self.entry(name, text.len() as u64, text.as_bytes())
    }

    /// Writes an entry of exactly so many bytes.
    pub fn entry(&mut self, name: &str, size: u64, content: impl Read) -> Result<(), Error> {
        let mut content = Hashed::new(content.take(size));
        self.append(name, size, &mut content)?;
        if content.size != size {
            return Err(Error::Broken(format!("{name} became shorter while it was copied")));
        }
        let listed = serde_json::to_string(&content.listed(name)).map_err(|e| Error::Broken(e.to_string()))?;
        writeln!(self.list, "{listed}").map_err(|e| not_written(&e))
    }

    fn append(&mut self, name: &str, size: u64, content: impl Read) -> Result<(), Error> {
        let mut head = tar::Header::new_ustar();
        head.set_size(size);
        head.set_mode(0o600);
        head.set_mtime(self.made.as_second().unsigned_abs());
        head.set_entry_type(tar::EntryType::Regular);
        self.tar.append_data(&mut head, name, content).map_err(|e| not_written(&e))
    }

    /// Adds a line to a part; lines are collected into entries of a few megabytes.
    pub fn line(&mut self, part: Part, line: &str) -> Result<(), Error> {
        if self.part.as_ref().is_some_and(|(open, lines)| *open != part || lines.len() >= PIECE) {
            self.end_piece()?;
        }
        let (_, lines) = self.part.get_or_insert_with(|| (part, String::new()));
        lines.push_str(line);
        lines.push('\n');
        Ok(())
    }

    fn end_piece(&mut self) -> Result<(), Error> {
        let Some((part, lines)) = self.part.take() else { return Ok(()) };
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        let packed = packed.write_all(lines.as_bytes()).and_then(|()| packed.finish()).map_err(|e| not_written(&e))?;
        self.pieces += 1;
        self.entry(&format!("{}/{:08}.jsonl.gz", part.folder(), self.pieces), packed.len() as u64, packed.as_slice())
    }

    /// Ends the parts; files may follow.
    pub fn end_parts(&mut self) -> Result<(), Error> {
        self.end_piece()
    }

    /// Writes the list of entries and the end. Returns what it was written to, its size and its digest.
    pub fn finish(mut self) -> Result<(W, u64, Digest), Error> {
        let failed = |e: io::Error| not_written(&e);
        let size = self.list.seek(SeekFrom::End(0)).map_err(failed)?;
        self.list.seek(SeekFrom::Start(0)).map_err(failed)?;
        let list = self.list.try_clone().map_err(failed)?;
        self.append(MANIFEST, size, list)?;
        let mut hashed = self.tar.into_inner().and_then(StreamWriter::finish).map_err(failed)?;
        hashed.flush().map_err(failed)?;
        let listed = hashed.hash.clone().finalize().into();
        let size = hashed.size;
        let out = hashed.inner.into_inner().map_err(|e| not_written(e.error()))?;
        Ok((out, size, Digest(listed)))
    }
}

/// An entry while a backup is read.
pub(super) enum Entry<'a> {
    Header(Header),
    /// Lines of a part.
    Lines(Part, String),
    /// A file of evidence as it lay, by its name there.
    File(&'a str, &'a mut dyn Read),
    Copied(Copied),
}

fn wrong_key() -> Error {
    refused(text(
        "この鍵ではバックアップを開けません（別の鍵で暗号化されたか、先頭が改変されています）。バックアップを作った環境の keys/backup.txt か、作成時に指定した受取人の鍵を --identity に指定してください。",
        "This key does not open the backup: it is encrypted to another, or its beginning was altered. Name the keys/backup.txt of the installation that made it, or the key of a recipient named then, with --identity.",
    ))
}

fn damaged(at: &str, cause: &str) -> Error {
    refused(worded(
        format!(
            "バックアップは壊れています（{at}: {cause}）。改変されたか、途中で切れています。別の世代を使ってください。何も復元していません。"
        ),
        format!("The backup is damaged ({at}: {cause}): it was altered or cut. Use another one. Nothing was restored."),
    ))
}

fn no_backup() -> Error {
    refused(text(
        "これはAkashiのバックアップではありません。ファイルを確認してください。",
        "This is no backup of Akashi. Look whether it is the right file.",
    ))
}

/// Reads a backup from its first byte to its last, and hands over its entries. Fails where it is not exactly what was
/// written: what was handed over before that counts for nothing.
pub(super) fn read(file: impl Read, identities: &[Identity], mut take: impl FnMut(Entry<'_>) -> Result<(), Error>) -> Result<(), Error> {
    let opened = Decryptor::new_buffered(BufReader::with_capacity(1 << 18, file))
        .and_then(|sealed| sealed.decrypt(identities.iter().map(|key| key as &dyn age::Identity)))
        .map_err(|e| match e {
            DecryptError::NoMatchingKeys => wrong_key(),
            DecryptError::InvalidHeader | DecryptError::UnknownFormat => no_backup(),
            other => damaged("header", &other.to_string()),
        })?;
    let mut archive = tar::Archive::new(opened);
    let mut list = tempfile::tempfile().map_err(|e| not_written(&e))?;
    let (mut at, mut first, mut listed) = (String::from("1"), true, false);
    for entry in archive.entries().map_err(|e| damaged(&at, &e.to_string()))? {
        let mut entry = entry.map_err(|e| damaged(&format!("after {at}"), &e.to_string()))?;
        let name = entry.path().ok().and_then(|path| path.to_str().map(str::to_owned)).ok_or_else(no_backup)?;
        at.clone_from(&name);
        if listed || first != (name == HEADER) {
            return Err(if first { no_backup() } else { damaged(&name, "an entry where none belongs") });
        }
        first = false;
        if name == MANIFEST {
            list.seek(SeekFrom::Start(0)).map_err(|e| not_written(&e))?;
            compare(BufReader::new(&mut list), BufReader::new(&mut entry))?;
            listed = true;
            continue;
        }
        let mut content = Hashed::new(&mut entry);
        hand_over(&name, &mut content, &mut take)?;
        io::copy(&mut content, &mut io::sink()).map_err(|e| damaged(&name, &e.to_string()))?;
        let listed = serde_json::to_string(&content.listed(&name)).map_err(|e| Error::Broken(e.to_string()))?;
        writeln!(list, "{listed}").map_err(|e| not_written(&e))?;
    }
    if !listed {
        return Err(if first { no_backup() } else { damaged(&at, "the list of entries is missing") });
    }
    // The end is authenticated too.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map(drop).map_err(|e| damaged("end", &e.to_string()))
}

fn hand_over(name: &str, content: &mut impl Read, take: &mut impl FnMut(Entry<'_>) -> Result<(), Error>) -> Result<(), Error> {
    let bad = |e: &dyn std::fmt::Display| damaged(name, &e.to_string());
    if let Some(file) = name.strip_prefix(EVIDENCE) {
        return take(Entry::File(file, content));
    }
    let mut text = String::new();
    match name {
        HEADER => {
            content.take(ENTRY_LIMIT).read_to_string(&mut text).map_err(|e| bad(&e))?;
            let value: serde_json::Value = serde_json::from_str(&text).map_err(|_| no_backup())?;
            let form = value.get("akashi_backup").and_then(serde_json::Value::as_u64).ok_or_else(no_backup)?;
            if form != u64::from(FORM) {
                return Err(refused(worded(
                    format!("このバックアップの形式（{form}）を、このプログラムは知りません。新しい版のAkashiで復元してください。"),
                    format!("This program does not know this form of a backup ({form}). Restore it with a newer Akashi."),
                )));
            }
            take(Entry::Header(serde_json::from_value(value).map_err(|e| bad(&e))?))
        }
        FILES => {
            content.take(ENTRY_LIMIT).read_to_string(&mut text).map_err(|e| bad(&e))?;
            take(Entry::Copied(serde_json::from_str(&text).map_err(|e| bad(&e))?))
        }
        _ => {
            let part = Part::ALL.into_iter().find(|part| name.split('/').next() == Some(part.folder()));
            let Some(part) = part else { return Err(damaged(name, "an entry where none belongs")) };
            GzDecoder::new(content).take(ENTRY_LIMIT).read_to_string(&mut text).map_err(|e| bad(&e))?;
            take(Entry::Lines(part, text))
        }
    }
}

/// Names the first entry that is not as it was listed.
fn compare(found: impl BufRead, listed: impl BufRead) -> Result<(), Error> {
    let mut found = found.lines();
    for line in listed.lines() {
        let wanted =
            line.ok().and_then(|line| serde_json::from_str::<Listed>(&line).ok()).ok_or_else(|| damaged(MANIFEST, "unreadable"))?;
        let is = found.next().and_then(Result::ok).and_then(|line| serde_json::from_str::<Listed>(&line).ok());
        match is {
            Some(is) if is == wanted => {}
            Some(is) if is.name == wanted.name => return Err(damaged(&wanted.name, "its SHA-256 or size is another")),
            _ => return Err(damaged(&wanted.name, "it is missing")),
        }
    }
    match found.next() {
        Some(_) => Err(damaged(MANIFEST, "an entry is not listed")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            akashi_backup: FORM,
            id: Id::new(1_700_000_000_000, [7; 10]),
            program: "0".into(),
            installation: "x".into(),
            epoch: 1,
            made: Timestamp::UNIX_EPOCH,
            lines: 0,
            ledgers: BTreeMap::new(),
            tables: BTreeMap::new(),
            files: 1,
            last_erased: None,
        }
    }

    fn sample(to: &Recipient) -> Vec<u8> {
        let mut writing = Writing::begin(Vec::new(), std::slice::from_ref(to), &header()).unwrap();
        for n in 0..50 {
            writing.line(Part::Ledger, &format!("{{\"n\":{n}}}")).unwrap();
        }
        writing.line(Part::Secrets, "{}").unwrap();
        writing.end_parts().unwrap();
        writing.entry(&format!("{EVIDENCE}{}", "ab".repeat(32)), 200_000, io::repeat(7)).unwrap();
        writing.json(FILES, &Copied { files: 1, ..Copied::default() }).unwrap();
        let (bytes, size, digest) = writing.finish().unwrap();
        assert_eq!((bytes.len() as u64, <[u8; 32]>::from(Sha256::digest(&bytes))), (size, digest.0));
        bytes
    }

    fn walk(bytes: &[u8], key: &Identity) -> Result<Vec<String>, Error> {
        let mut seen = vec![];
        read(bytes, std::slice::from_ref(key), |entry| {
            seen.push(match entry {
                Entry::Header(header) => header.installation,
                Entry::Lines(part, text) => format!("{} {}", part.folder(), text.lines().count()),
                Entry::File(name, _) => name[..4].to_owned(),
                Entry::Copied(copied) => copied.files.to_string(),
            });
            Ok(())
        })?;
        Ok(seen)
    }

    #[test]
    fn what_is_written_is_read_and_any_damage_is_refused() {
        let key = Identity::generate();
        let good = sample(&key.to_public());
        assert_eq!(walk(&good, &key).unwrap(), ["x", "ledger 50", "secrets 1", "abab", "1"]);
        // Another key; nothing at all; something else.
        assert!(walk(&good, &Identity::generate()).unwrap_err().to_string().contains("--identity"));
        assert!(walk(b"", &key).is_err() && walk(b"PK\x03\x04 not a backup", &key).is_err());
        // Every byte of the beginning and the end, and each 97th between.
        let touched = (0..good.len()).filter(|at| *at < 300 || at % 97 == 0 || *at + 300 > good.len());
        for at in touched {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(walk(&bad, &key).is_err(), "byte {at} of {} was altered unseen", good.len());
        }
        for cut in (0..good.len()).step_by(613).chain([good.len() - 1]) {
            assert!(walk(&good[..cut], &key).is_err(), "cut at {cut}");
        }
        let mut longer = good.clone();
        longer.push(0);
        assert!(walk(&longer, &key).is_err());
    }

    #[test]
    fn a_list_that_does_not_fit_names_the_entry() {
        let listed = |name: &str, size| serde_json::to_string(&Listed { name: name.into(), size, sha256: Digest([1; 32]) }).unwrap();
        let both = format!("{}\n{}\n", listed("a", 1), listed("b", 1));
        assert!(compare(both.as_bytes(), both.as_bytes()).is_ok());
        let other = format!("{}\n{}\n", listed("a", 1), listed("b", 2));
        assert!(compare(other.as_bytes(), both.as_bytes()).unwrap_err().to_string().contains("(b: "));
        assert!(compare(listed("a", 1).as_bytes(), both.as_bytes()).unwrap_err().to_string().contains("(b: "));
        assert!(compare(both.as_bytes(), listed("a", 1).as_bytes()).is_err());
    }

    #[test]
    fn a_full_disk_is_told_in_words() {
        let to = Identity::generate().to_public();
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let written = Writing::begin(full, &[to], &header()).and_then(|mut writing| {
            writing.entry("evidence/x", 1 << 20, io::repeat(1))?;
            writing.finish().map(drop)
        });
        assert!(written.unwrap_err().to_string().contains("no space left"), "in words");
    }
}
