//! Files in an S3-compatible store: sent in parts, read in blocks, each connection short.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{BackoffConfig, Certificate, ClientOptions, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig};
use tokio::runtime::Runtime;

use super::place::S3Settings;
use crate::error::Error;

/// Bytes of a part that is sent; S3 takes at most 10,000 parts, so a file has at most 80 GB.
const PART: usize = 8 * 1024 * 1024;
/// Bytes that are fetched at once: small enough to wait for, large enough that asking costs little.
const BLOCK: u64 = 2 * 1024 * 1024;
/// How long a request may take, and how long it is tried again.
const PATIENCE: Duration = Duration::from_secs(30);

/// A bucket. Its calls block; the library's futures run on a thread of its own.
#[derive(Clone)]
pub struct S3 {
    store: AmazonS3,
    prefix: String,
    told: String,
    own: Arc<Own>,
}

/// The runtime, which must not be waited for when it is dropped by a thread that other futures need.
struct Own(Option<Runtime>);

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn failed(told: &str) -> impl Fn(object_store::Error) -> Error {
    move |error| Error::Blobs { cause: format!("{told}: {error}") }
}

impl S3 {
    pub fn open(settings: &S3Settings) -> Result<S3, Error> {
        // The client asks the process for its cryptography; ring is what everything else here uses. An error only says
        // that one was chosen before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let told = format!("s3://{}/{}", settings.bucket, settings.prefix);
        let mut client = ClientOptions::new().with_timeout(PATIENCE).with_connect_timeout(Duration::from_secs(5));
        if settings.endpoint.as_deref().is_some_and(|e| e.starts_with("http://")) {
            client = client.with_allow_http(true);
        }
        if let Some(pem) = &settings.root {
            for root in Certificate::from_pem_bundle(pem.as_bytes()).map_err(failed(&told))? {
                client = client.with_root_certificate(root);
            }
        }
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_access_key_id(&settings.keys.id)
            .with_secret_access_key(&settings.keys.secret)
            .with_client_options(client)
            .with_retry(RetryConfig {
                max_retries: 3,
                retry_timeout: PATIENCE,
                backoff: BackoffConfig { max_backoff: Duration::from_secs(2), ..BackoffConfig::default() },
            });
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let store = builder.build().map_err(failed(&told))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("akashi-s3")
            .enable_all()
            .build()
            .map_err(|e| Error::Blobs { cause: format!("no thread for {told}: {e}") })?;
        Ok(S3 { store, prefix: settings.prefix.clone(), told, own: Arc::new(Own(Some(runtime))) })
    }

    pub fn told(&self) -> String {
        self.told.clone()
    }

    /// Runs a future on the store's own thread and waits for it, on whatever thread the caller is.
    fn wait<T: Send + 'static>(&self, work: impl Future<Output = Result<T, object_store::Error>> + Send + 'static) -> Result<T, Error> {
        self.run(work).map_err(failed(&self.told))
    }

    fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, object_store::Error>> + Send + 'static,
    ) -> Result<T, object_store::Error> {
        let gone = || object_store::Error::Generic { store: "S3", source: "its thread has ended".into() };
        let runtime = self.own.0.as_ref().ok_or_else(gone)?;
        let (tell, told) = mpsc::sync_channel(1);
        runtime.spawn(async move {
            // Nobody may be waiting any more.
            let _ = tell.send(work.await);
        });
        told.recv().map_err(|_| gone())?
    }

    fn path(&self, name: &str) -> Path {
        Path::from_iter(self.prefix.split('/').filter(|part| !part.is_empty()).chain([&name[..2], name]))
    }

    /// Sends the file under its name. Until the last part is in, the store shows the old file or none.
    pub fn keep(&self, file: tempfile::NamedTempFile, name: &str) -> Result<(), Error> {
        let path = self.path(name);
        let mut file = file.into_file();
        let read = |cause: io::Error| Error::Blobs { cause: format!("a file on its way to {}: {cause}", self.told) };
        file.seek(SeekFrom::Start(0)).map_err(read)?;
        let mut part = take(&mut file).map_err(read)?;
        let store = self.store.clone();
        if part.len() < PART {
            return self.wait(async move { store.put(&path, PutPayload::from(part)).await.map(drop) });
        }
        let begun = path.clone();
        let mut upload = self.wait(async move { store.put_multipart(&begun).await })?;
        while !part.is_empty() {
            let sent = upload.put_part(PutPayload::from(part));
            let next = self.wait(sent).and_then(|()| take(&mut file).map_err(read));
            part = match next {
                Ok(next) => next,
                Err(error) => {
                    // Parts that nobody will ever complete cost money.
                    let _ = self.wait(async move { upload.abort().await });
                    return Err(error);
                }
            };
        }
        self.wait(async move { upload.complete().await.map(drop) })
    }

    fn head(&self, name: &str) -> Result<Option<object_store::ObjectMeta>, Error> {
        let (store, path) = (self.store.clone(), self.path(name));
        match self.run(async move { store.head(&path).await }) {
            Ok(meta) => Ok(Some(meta)),
            Err(object_store::Error::NotFound { source, .. }) if !source.to_string().contains("NoSuchBucket") => Ok(None),
            Err(error) => Err(failed(&self.told)(error)),
        }
    }

    pub fn open_object(&self, name: &str) -> Result<Option<ObjectReader>, Error> {
        let Some(meta) = self.head(name)? else { return Ok(None) };
        Ok(Some(ObjectReader { s3: self.clone(), path: meta.location, tag: meta.e_tag, len: meta.size, at: 0, block: 0..0, held: vec![] }))
    }

    pub fn size(&self, name: &str) -> Result<Option<u64>, Error> {
        Ok(self.head(name)?.map(|meta| meta.size))
    }

    pub fn remove(&self, name: &str) -> Result<bool, Error> {
        // S3 answers "done" for what was never there.
        let found = self.head(name)?.is_some();
        let (store, path) = (self.store.clone(), self.path(name));
        if found {
            self.wait(async move { store.delete(&path).await })?;
        }
        Ok(found)
    }

    /// Writes a small object and removes it again.
    pub fn probe(&self) -> Result<(), Error> {
        let path = Path::from_iter(self.prefix.split('/').filter(|part| !part.is_empty()).chain(["akashi-probe"]));
        let store = self.store.clone();
        self.wait(async move {
            store.put(&path, PutPayload::from_static(b"akashi")).await?;
            store.delete(&path).await
        })
    }
}

/// The next part of a file; shorter than [`PART`] only at its end.
fn take(file: &mut std::fs::File) -> io::Result<Vec<u8>> {
    let mut part = Vec::with_capacity(PART);
    file.take(PART as u64).read_to_end(&mut part)?;
    Ok(part)
}

/// An object that is read block by block. If another takes its place meanwhile, reading fails: halves never mix.
pub struct ObjectReader {
    s3: S3,
    path: Path,
    tag: Option<String>,
    len: u64,
    at: u64,
    block: Range<u64>,
    held: Vec<u8>,
}

impl ObjectReader {
    fn fetch(&mut self) -> io::Result<()> {
        let range = self.at..(self.at + BLOCK).min(self.len);
        let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), if_match: self.tag.clone(), ..GetOptions::default() };
        let (store, path) = (self.s3.store.clone(), self.path.clone());
        let bytes = self.s3.run(async move { store.get_opts(&path, options).await?.bytes().await }).map_err(io::Error::other)?;
        if bytes.len() as u64 != range.end - range.start {
            return Err(io::Error::other(format!("{} gave {} bytes for {range:?}", self.s3.told, bytes.len())));
        }
        (self.block, self.held) = (range, bytes.into());
        Ok(())
    }
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.len || buffer.is_empty() {
            return Ok(0);
        }
        if !self.block.contains(&self.at) {
            self.fetch()?;
        }
        let from = usize::try_from(self.at - self.block.start).map_err(io::Error::other)?;
        let n = (self.held.len() - from).min(buffer.len());
        buffer[..n].copy_from_slice(&self.held[from..from + n]);
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for ObjectReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let wanted = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = wanted.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a position before the file"))?;
        Ok(self.at)
    }
}
