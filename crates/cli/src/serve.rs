//! `akashi serve` and `akashi demo`: the service in this process, until it is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use app::{App, Clock, Config, Error};
use clap::Args;

use crate::Installation;

#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    installation: Installation,
    /// Where to listen.
    #[arg(long, env = "AKASHI_LISTEN", default_value = "127.0.0.1:8253")]
    listen: SocketAddr,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// Folder of the demonstration; a fresh temporary one unless it is named.
    #[arg(long, env = "AKASHI_DATA")]
    data: Option<std::path::PathBuf>,
    /// PostgreSQL address of an empty database; without it the embedded database is used.
    #[arg(long, env = "AKASHI_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// Where to listen.
    #[arg(long, env = "AKASHI_LISTEN", default_value = "127.0.0.1:8253")]
    listen: SocketAddr,
}

impl Serve {
    pub fn run(self) -> Result<(), Error> {
        let address = self.installation.address.clone();
        serve(self.installation.config(), self.listen, address, |app, address| {
            if let Some(link) = app.founding_link()? {
                println!("Nobody is here yet. Open this link once to create the first operator:");
                println!("  {address}/welcome?link={link}");
            }
            Ok(())
        })
    }
}

impl Demo {
    pub fn run(self) -> Result<(), Error> {
        let temporary =
            tempfile::Builder::new().prefix("akashi-demo-").tempdir().map_err(|e| Error::Broken(format!("no temporary folder: {e}")))?;
        let data = self.data.unwrap_or_else(|| temporary.path().to_owned());
        let config = Config { database: self.database, ..Config::embedded(data) };
        serve(config, self.listen, None, |app, _| {
            let made = app.fill_demo()?;
            println!("Akashi demonstration{}. Everybody's password: {}", if made { "" } else { " (as it was left)" }, app::demo::PASSWORD);
            for somebody in app::demo::people() {
                println!("  {:<24} {} {} / {}", somebody.email, somebody.name, somebody.about.ja, somebody.about.en);
            }
            Ok(())
        })
    }
}

/// Opens the installation, serves it, and closes it after the last request.
fn serve(
    config: Config,
    listen: SocketAddr,
    address: Option<String>,
    ready: impl FnOnce(&App, &str) -> Result<(), Error>,
) -> Result<(), Error> {
    let broken = |what: &str, e: std::io::Error| Error::Broken(format!("{what}: {e}"));
    // The port is taken before the database is opened, so that the address is known and a second start fails early.
    let listener = std::net::TcpListener::bind(listen).map_err(|e| broken(&format!("cannot listen on {listen}"), e))?;
    listener.set_nonblocking(true).map_err(|e| broken("cannot prepare the listener", e))?;
    let bound = listener.local_addr().map_err(|e| broken("the listener has no address", e))?;
    let address = address.unwrap_or_else(|| format!("http://{bound}"));
    let app = Arc::new(App::open(Config { address: address.trim_end_matches('/').to_owned(), ..config }, Clock::Machine)?);
    ready(&app, &address)?;
    println!("Akashi is at {address}");
    // The runtime ends before the store: its connections must not be dropped inside it.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(32)
        .enable_all()
        .build()
        .map_err(|e| broken("cannot start the runtime", e))?;
    let served = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::spawn(daily(app.clone()));
        web::server::run(app.clone(), listener, stopped()).await
    });
    drop(runtime);
    served.map_err(|e| broken("the server stopped", e))
}

/// Runs the timed jobs at the start and then every hour.
async fn daily(app: Arc<App>) {
    loop {
        let job = app.clone();
        match tokio::task::spawn_blocking(move || job.clear_drafts().and_then(|_| job.expire_certificates())).await {
            Ok(Ok(0)) => {}
            Ok(Ok(n)) => tracing::info!(n, "certificates expired"),
            Ok(Err(error)) => tracing::error!(%error, "the expiry job failed"),
            Err(error) => tracing::error!(%error, "the expiry job stopped"),
        }
        tokio::time::sleep(Duration::from_secs(3600)).await;
    }
}

/// Ctrl-C, or the signal by which service managers stop a process.
async fn stopped() {
    let mut term = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(term) => term,
        Err(error) => {
            tracing::warn!(%error, "no termination signal; only Ctrl-C stops the service");
            let _ = tokio::signal::ctrl_c().await;
            return;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = term.recv() => {}
    }
}
