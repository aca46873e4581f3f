//! `akashi witness`: remembers what installations of others signed, and cosigns only what continues it (C2SP tlog-witness).

mod keeper;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use app::{Clock, Error};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use rules::refusal::Refusal;
use rules::text::worded;
use seal::VerifierKey;
use web::tls::entrance::{Entrance, Limits};

use crate::failure::Failure;
use crate::tls::Way;
use keeper::{Answer, Keeper};

/// The longest request that is read, in bytes: a note of some KiB, and at most 63 hashes.
const LONGEST: usize = 64 * 1024;

#[derive(Debug, clap::Args)]
pub struct Witness {
    /// Where to listen.
    #[arg(long, env = "AKASHI_WITNESS_LISTEN", default_value = "127.0.0.1:8254")]
    listen: SocketAddr,
    /// Folder for its key, what it saw, and evidence of what it refused.
    #[arg(long, env = "AKASHI_WITNESS_DATA", default_value = "akashi-witness")]
    data: PathBuf,
    /// A public key whose checkpoints are witnessed, as the other side hands it out; or @FILE with one key a line.
    #[arg(long, env = "AKASHI_WITNESS_TRUST", value_name = "KEY", value_delimiter = ',', required = true)]
    trust: Vec<String>,
    /// Its name in signatures; fixed when its key is made.
    #[arg(long, env = "AKASHI_WITNESS_NAME", value_name = "NAME")]
    name: Option<String>,
    /// Lets a log begin anew in an epoch, after its people said why: akashi/0123456789abcdef=2. What was seen is kept.
    #[arg(long, env = "AKASHI_WITNESS_NEW_EPOCH", value_name = "ORIGIN=N", value_delimiter = ',')]
    new_epoch: Vec<String>,
    #[command(flatten)]
    way: Way,
}

impl Witness {
    pub fn run(self) -> Result<(), Failure> {
        let broken = |what: &str, e: std::io::Error| Failure::from(Error::Broken(format!("{what}: {e}")));
        let keeper = Keeper::open(&self.data, self.name.as_deref(), self.trusted()?, self.epochs()?).map_err(Failure::from)?;
        let listener = std::net::TcpListener::bind(self.listen).map_err(|e| broken(&format!("cannot listen on {}", self.listen), e))?;
        listener.set_nonblocking(true).map_err(|e| broken("cannot prepare the listener", e))?;
        let bound = listener.local_addr().map_err(|e| broken("the listener has no address", e))?;
        let refused = |refusal: Refusal| Failure::from(Error::from(refusal));
        let (proxies, tls) = (self.way.proxies().map_err(refused)?, self.way.tls(&self.data, Clock::Machine.now()).map_err(refused)?);
        let scheme = if tls.is_some() { "https" } else { "http" };
        let address = format!("{scheme}://{bound}");
        crate::say(|out| {
            writeln!(out, "Akashi witness is at {address}")?;
            writeln!(out, "Its key, for --anchor-witness of the other side (put its public address behind the @):")?;
            writeln!(out, "  {}@{address}", keeper.note_key())?;
            writeln!(out, "Its key for cosignatures of C2SP tlog-cosignature:")?;
            writeln!(out, "  {}", keeper.cosignature_key())
        })?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| broken("cannot start the runtime", e))?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).map_err(|e| broken("cannot use the listener", e))?;
            let entrance = Entrance { listener, tls: tls.map(Arc::new), proxies, limits: Limits::default() };
            entrance.serve(router(Arc::new(keeper)), || Clock::Machine.now(), crate::serve::stopped()).await;
            Ok::<(), Failure>(())
        })
    }

    fn trusted(&self) -> Result<Vec<VerifierKey>, Failure> {
        let mut keys = vec![];
        for written in &self.trust {
            let content = match written.strip_prefix('@') {
                Some(file) => std::fs::read_to_string(file).map_err(|e| Failure::file(file.as_ref(), &e))?,
                None => written.clone(),
            };
            for line in content.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
                keys.push(line.parse().map_err(|e: seal::note::BadKey| {
                    Failure::refused(worded(
                        format!("公開鍵を読み取れません（{e}）: {line}"),
                        format!("A public key cannot be read ({e}): {line}"),
                    ))
                })?);
            }
        }
        Ok(keys)
    }

    fn epochs(&self) -> Result<Vec<(String, u32)>, Failure> {
        let read = |written: &String| {
            let (origin, epoch) = written.rsplit_once('=')?;
            Some((origin.to_owned(), epoch.parse().ok()?))
        };
        let wrong = |written: &String| {
            Failure::refused(worded(
                format!("--new-epoch {written} を読み取れません。akashi/0123456789abcdef=2 の形で書いてください。"),
                format!("--new-epoch {written} cannot be read. Write it as akashi/0123456789abcdef=2."),
            ))
        };
        self.new_epoch.iter().map(|written| read(written).ok_or_else(|| wrong(written))).collect()
    }
}

fn router(keeper: Arc<Keeper>) -> Router {
    Router::new()
        .route("/", get(about))
        .route("/logs", get(logs))
        .route("/evidence", get(evidence))
        .route("/add-checkpoint", post(add))
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(keeper)
}

/// Who it is, for people and for scripts.
async fn about(State(keeper): State<Arc<Keeper>>) -> Response {
    plain(StatusCode::OK, format!("Akashi witness\n{}\n{}\n", keeper.note_key(), keeper.cosignature_key()))
}

async fn logs(State(keeper): State<Arc<Keeper>>) -> Response {
    json(tokio::task::spawn_blocking(move || keeper.logs()).await)
}

async fn evidence(State(keeper): State<Arc<Keeper>>) -> Response {
    json(tokio::task::spawn_blocking(move || keeper.evidence()).await)
}

async fn add(State(keeper): State<Arc<Keeper>>, body: Bytes) -> Response {
    let answered = tokio::task::spawn_blocking(move || keeper.add(&body, Clock::Machine.now())).await;
    match answered {
        Ok(Answer::Cosigned(lines)) => plain(StatusCode::OK, lines),
        Ok(Answer::Size(size)) => (StatusCode::CONFLICT, [(header::CONTENT_TYPE, "text/x.tlog.size")], format!("{size}\n")).into_response(),
        Ok(Answer::Malformed(why)) => plain(StatusCode::BAD_REQUEST, format!("{why}\n")),
        Ok(Answer::Unknown) => plain(StatusCode::NOT_FOUND, "this log is not witnessed here\n".to_owned()),
        Ok(Answer::NotSigned(why)) => plain(StatusCode::FORBIDDEN, format!("{why}\n")),
        Ok(Answer::NotContinued) => {
            plain(StatusCode::UNPROCESSABLE_ENTITY, "the proof does not lead from what was seen to this\n".to_owned())
        }
        Ok(Answer::Broken(error)) => {
            tracing::error!(%error, "the witness cannot keep what it saw");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the witness cannot keep what it saw\n".to_owned())
        }
        Err(error) => {
            tracing::error!(%error, "a request stopped unexpectedly");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "stopped\n".to_owned())
        }
    }
}

fn plain(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

fn json(read: Result<Result<serde_json::Value, Error>, tokio::task::JoinError>) -> Response {
    match read {
        Ok(Ok(value)) => (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response(),
        Ok(Err(error)) => {
            tracing::error!(%error, "the witness cannot read what it kept");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the witness cannot read what it kept\n".to_owned())
        }
        Err(error) => {
            tracing::error!(%error, "a request stopped unexpectedly");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "stopped\n".to_owned())
        }
    }
}
