//! Where encrypted files lie: one directory, or an S3-compatible store that several nodes share.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use super::BUFFER;
use super::directory::Directory;
use super::s3::{ObjectReader, S3};
use crate::error::Error;

/// Where the files are to lie, as it is set.
#[derive(Debug, Clone, Default)]
pub enum EvidencePlace {
    /// In the folder `evidence` of the data folder.
    #[default]
    Folder,
    S3(S3Settings),
}

/// The name and the secret by which an S3-compatible store knows who asks.
#[derive(Clone, Default)]
pub struct S3Keys {
    pub id: String,
    pub secret: String,
}

/// No part of the secret is shown.
impl std::fmt::Debug for S3Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("S3Keys(hidden)")
    }
}

/// A bucket of an S3-compatible store.
#[derive(Debug, Clone)]
pub struct S3Settings {
    pub bucket: String,
    /// Before every name, without a slash at either end; may be empty.
    pub prefix: String,
    /// The address of the store, where it is not Amazon's.
    pub endpoint: Option<String>,
    pub region: String,
    pub keys: S3Keys,
    /// Authorities (PEM) that alone may vouch for the store; otherwise those of the system.
    pub root: Option<String>,
}

impl EvidencePlace {
    /// Reads `s3://bucket/prefix?endpoint=https://…&region=…`. Plain HTTP is spoken with this machine only.
    pub fn parse(address: &str, keys: S3Keys) -> Result<EvidencePlace, Error> {
        let wrong = |cause: String| Error::Address { cause };
        let rest = address
            .strip_prefix("s3://")
            .ok_or_else(|| wrong(format!("the evidence store {address:?} is not of the form s3://bucket/prefix?endpoint=https://…")))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        if bucket.is_empty() {
            return Err(wrong(format!("the evidence store {address:?} names no bucket")));
        }
        let (mut endpoint, mut region) = (None, "us-east-1".to_owned());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("endpoint", value)) => endpoint = Some(value.trim_end_matches('/').to_owned()),
                Some(("region", value)) => value.clone_into(&mut region),
                _ => return Err(wrong(format!("the evidence store's option {pair:?} is not known: use endpoint or region"))),
            }
        }
        if let Some(plain) = endpoint.as_deref().and_then(|e| e.strip_prefix("http://")) {
            let host = plain.split(['/', '?']).next().unwrap_or_default();
            let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
            if !matches!(host, "127.0.0.1" | "localhost" | "[::1]") {
                return Err(wrong(format!("the evidence store at {plain} is to be reached by https")));
            }
        } else if endpoint.as_deref().is_some_and(|e| !e.starts_with("https://")) {
            return Err(wrong("the endpoint of the evidence store begins with https://".to_owned()));
        }
        let prefix = prefix.trim_matches('/').to_owned();
        Ok(EvidencePlace::S3(S3Settings { bucket: bucket.to_owned(), prefix, endpoint, region, keys, root: None }))
    }

    /// Gives the name and secret by which the store knows who asks.
    pub fn known_by(self, keys: S3Keys) -> EvidencePlace {
        match self {
            EvidencePlace::Folder => EvidencePlace::Folder,
            EvidencePlace::S3(settings) => EvidencePlace::S3(S3Settings { keys, ..settings }),
        }
    }

    /// Has only these authorities (PEM) vouch for the store.
    pub fn trusting(self, pem: String) -> EvidencePlace {
        match self {
            EvidencePlace::Folder => EvidencePlace::Folder,
            EvidencePlace::S3(settings) => EvidencePlace::S3(S3Settings { root: Some(pem), ..settings }),
        }
    }
}

#[derive(Clone)]
pub(super) enum Place {
    Directory(Directory),
    S3(S3),
}

impl Place {
    pub fn keep(&self, file: tempfile::NamedTempFile, name: &str) -> Result<(), Error> {
        match self {
            Place::Directory(directory) => directory.keep(file, name),
            Place::S3(s3) => s3.keep(file, name),
        }
    }

    pub fn open(&self, name: &str) -> Result<Option<Opened>, Error> {
        match self {
            Place::Directory(directory) => {
                Ok(directory.open_sealed(name)?.map(|file| Opened::File(BufReader::with_capacity(BUFFER, file))))
            }
            Place::S3(s3) => Ok(s3.open_object(name)?.map(|object| Opened::Object(BufReader::with_capacity(BUFFER, object)))),
        }
    }

    pub fn size(&self, name: &str) -> Result<Option<u64>, Error> {
        match self {
            Place::Directory(directory) => directory.size(name),
            Place::S3(s3) => s3.size(name),
        }
    }

    pub fn remove(&self, name: &str) -> Result<bool, Error> {
        match self {
            Place::Directory(directory) => directory.remove(name),
            Place::S3(s3) => s3.remove(name),
        }
    }

    pub fn probe(&self) -> Result<(), Error> {
        match self {
            Place::Directory(directory) => directory.probe(),
            Place::S3(s3) => s3.probe(),
        }
    }
}

/// A file as it lies there: encrypted, or plain from before.
pub(super) enum Opened {
    File(BufReader<std::fs::File>),
    Object(BufReader<ObjectReader>),
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Opened::File(file) => file.read(buffer),
            Opened::Object(object) => object.read(buffer),
        }
    }
}

impl BufRead for Opened {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Opened::File(file) => file.fill_buf(),
            Opened::Object(object) => object.fill_buf(),
        }
    }
    fn consume(&mut self, amount: usize) {
        match self {
            Opened::File(file) => file.consume(amount),
            Opened::Object(object) => object.consume(amount),
        }
    }
}

impl Seek for Opened {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Opened::File(file) => file.seek(to),
            Opened::Object(object) => object.seek(to),
        }
    }
}
