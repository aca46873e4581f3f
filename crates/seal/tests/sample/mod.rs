//! A small package, and a packer of ZIP files of our own choosing to forge others with.
#![allow(dead_code)]

use std::io::Cursor;
use std::sync::LazyLock;

use seal::merkle::sha256;
use seal::note::{Algorithm, SigningKey, VerifierKey};
use seal::package::{Listed, Manifest, PackageTrust, PackageWriter, Receiver, Sender};

pub const SENDER: &str = "00112233445566aa";
pub const ME: &str = "ffeeddccbbaa9988";

pub fn keys_of(installation: &str, seed: u8) -> Vec<SigningKey> {
    let name = format!("akashi-{installation}");
    vec![
        SigningKey::from_seed(&name, Algorithm::Ed25519, [seed; 32]).unwrap(),
        SigningKey::from_seed(&name, Algorithm::MlDsa44, [seed + 100; 32]).unwrap(),
    ]
}

/// The sender's, made once: tests look into packages many thousand times.
pub fn keys() -> &'static [SigningKey] {
    static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| keys_of(SENDER, 1));
    &KEYS
}

pub fn verifiers(keys: &[SigningKey]) -> Vec<VerifierKey> {
    keys.iter().map(SigningKey::verifier).collect()
}

static TRUSTED: LazyLock<Vec<VerifierKey>> = LazyLock::new(|| verifiers(keys()));

pub fn trust() -> PackageTrust<'static> {
    PackageTrust { keys: TRUSTED.clone(), me: Some(ME.to_owned()), seen: &|_| false }
}

pub fn listed(path: &str, content: &[u8]) -> Listed {
    let path = path.replace("{digest}", &sha256(&[content]).iter().map(|b| format!("{b:02x}")).collect::<String>());
    Listed { path, media: "application/json".to_owned(), size: content.len() as u64, sha256: sha256(&[content]) }
}

pub const CONTENTS: [(&str, &[u8]); 4] =
    [("case.json", b"{\"case\":1}"), ("answers.json", b"[]"), ("ledger.akashi-ledger", b""), ("evidence/{digest}", b"%PDF-1.7 evidence")];

pub fn manifest_of(files: Vec<Listed>, keys: &[SigningKey]) -> Manifest {
    Manifest {
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        sender: Sender {
            installation: SENDER.to_owned(),
            name: "ABC病院".to_owned(),
            keys: keys.iter().map(|key| key.verifier().to_string()).collect(),
        },
        receiver: Receiver { installation: Some(ME.to_owned()), name: "評価機関".to_owned() },
        subject: "電子カルテ「ABC」2026年度".to_owned(),
        label: "関係者限り".to_owned(),
        made_at: "2026-01-02T03:04:05.000006Z".to_owned(),
        replaces: None,
        files,
    }
}

pub fn manifest() -> Manifest {
    manifest_of(CONTENTS.iter().map(|(path, content)| listed(path, content)).collect(), keys())
}

pub fn package_of(manifest: Manifest, contents: &[&[u8]], keys: &[SigningKey]) -> Vec<u8> {
    let mut writer = PackageWriter::new(Cursor::new(Vec::new()), manifest, keys).unwrap();
    contents.iter().for_each(|content| writer.file(*content).unwrap());
    writer.finish().unwrap().into_inner()
}

pub fn package() -> Vec<u8> {
    static PACKAGE: LazyLock<Vec<u8>> = LazyLock::new(|| package_of(manifest(), &CONTENTS.map(|(_, content)| content), keys()));
    PACKAGE.clone()
}

/// One entry of a ZIP file as a forger writes it.
#[derive(Clone)]
pub struct Raw {
    pub name: Vec<u8>,
    pub content: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub extra: Vec<u8>,
    /// What the central directory calls it.
    pub listed_name: Vec<u8>,
    pub listed_crc: u32,
    pub listed_size: u32,
    pub listed_extra: Vec<u8>,
    pub comment: Vec<u8>,
    /// Bytes before the local header that belong to nothing.
    pub before: Vec<u8>,
}

pub fn raw(name: &str, content: &[u8]) -> Raw {
    Raw {
        name: name.into(),
        content: content.into(),
        method: 0,
        flags: 1 << 11,
        extra: Vec::new(),
        listed_name: name.into(),
        listed_crc: crc32fast::hash(content),
        listed_size: content.len() as u32,
        listed_extra: Vec::new(),
        comment: Vec::new(),
        before: Vec::new(),
    }
}

/// A ZIP file of these entries, otherwise as a package is; `end` stands before the end record, `comment` in it.
pub fn zip_of(entries: &[Raw], end: &[u8], comment: &[u8]) -> Vec<u8> {
    let (mut out, mut table) = (Vec::new(), Vec::new());
    for entry in entries {
        out.extend_from_slice(&entry.before);
        let offset = out.len() as u32;
        let (crc, size) = (crc32fast::hash(&entry.content), entry.content.len() as u32);
        out.extend_from_slice(b"PK\x03\x04");
        for n in [20, entry.flags, entry.method, 0, 0x21] {
            out.extend_from_slice(&n.to_le_bytes());
        }
        for n in [crc, size, size] {
            out.extend_from_slice(&n.to_le_bytes());
        }
        for n in [entry.name.len(), entry.extra.len()] {
            out.extend_from_slice(&(n as u16).to_le_bytes());
        }
        out.extend_from_slice(&[&entry.name[..], &entry.extra, &entry.content].concat());
        table.extend_from_slice(b"PK\x01\x02");
        for n in [0x314, 20, entry.flags, entry.method, 0, 0x21] {
            table.extend_from_slice(&n.to_le_bytes());
        }
        for n in [entry.listed_crc, entry.listed_size, entry.listed_size] {
            table.extend_from_slice(&n.to_le_bytes());
        }
        for n in [entry.listed_name.len(), entry.listed_extra.len(), entry.comment.len(), 0, 0] {
            table.extend_from_slice(&(n as u16).to_le_bytes());
        }
        table.extend_from_slice(&0x81a4_0000_u32.to_le_bytes());
        table.extend_from_slice(&offset.to_le_bytes());
        table.extend_from_slice(&[&entry.listed_name[..], &entry.listed_extra, &entry.comment].concat());
    }
    out.extend_from_slice(end);
    let (offset, size) = (out.len() as u32, table.len() as u32);
    out.extend_from_slice(&table);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    for n in [entries.len() as u16, entries.len() as u16] {
        out.extend_from_slice(&n.to_le_bytes());
    }
    out.extend_from_slice(&[size.to_le_bytes(), offset.to_le_bytes()].concat());
    out.extend_from_slice(&(comment.len() as u16).to_le_bytes());
    out.extend_from_slice(comment);
    out
}

/// The entries of the sample package.
pub fn entries() -> Vec<Raw> {
    static ENTRIES: LazyLock<Vec<Raw>> = LazyLock::new(|| entries_of(&manifest(), &CONTENTS.map(|(_, content)| content), keys()));
    ENTRIES.clone()
}

pub fn entries_of(manifest: &Manifest, contents: &[&[u8]], keys: &[SigningKey]) -> Vec<Raw> {
    signed(&manifest.to_text().unwrap(), keys)
        .into_iter()
        .chain(manifest.files.iter().zip(contents).map(|(file, content)| raw(&file.path, content)))
        .collect()
}

/// The first two entries for any text that is to pass as a manifest.
pub fn signed(manifest: &str, keys: &[SigningKey]) -> Vec<Raw> {
    use base64::Engine;
    let digest = base64::engine::general_purpose::STANDARD.encode(sha256(&[manifest.as_bytes()]));
    let note = seal::Note::sign(format!("akashi-package v1\n{digest}\n"), keys).unwrap().to_string();
    vec![raw("manifest.json", manifest.as_bytes()), raw("manifest.note", note.as_bytes())]
}
