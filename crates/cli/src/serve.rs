//! `akashi serve` and `akashi demo`: the service in this process, until it is told to stop.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use app::{App, Clock, Config, Error};
use clap::Args;
use jiff::Timestamp;
use rules::refusal::Refusal;
use rules::text::worded;
use web::tls::Tls;
use web::tls::entrance::{Entrance, Limits};

use crate::anchoring::Anchoring;
use crate::cost::PasswordCost;
use crate::outside::{Outside, Reached, all_of};
use crate::tls::Way;
use crate::{COST, Installation, timed};

#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    installation: Installation,
    /// Where to listen.
    #[arg(long, env = "AKASHI_LISTEN", default_value = "127.0.0.1:8253")]
    listen: SocketAddr,
    #[command(flatten)]
    way: Way,
    #[command(flatten)]
    outside: Outside,
    #[command(flatten)]
    anchoring: Anchoring,
    #[command(flatten)]
    backups: crate::schedule::Backups,
    /// What a password hash costs (Argon2id): memory in KiB, passes, lanes. Kept hashes follow at the next sign-in.
    #[arg(long, env = "AKASHI_PASSWORD_COST", value_name = "M,T,P", default_value = COST)]
    password_cost: PasswordCost,
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
        let Reached { mail, webhook, providers, scanner, refuse_macros } = self.outside.read().map_err(all_of)?;
        let (anchors, time_server) = (self.anchoring.read().map_err(all_of)?, self.anchoring.time_server());
        let backups = self.backups.read()?;
        let mut config =
            Config { mail, webhook, providers, scanner, refuse_macros, backups, anchors, time_server, ..self.installation.config() };
        let PasswordCost { memory_kib, passes, lanes } = self.password_cost;
        (config.cost.memory_kib, config.cost.passes, config.cost.lanes) = (memory_kib, passes, lanes);
        serve(config, self.listen, &self.way, address, |app, address| {
            let faults = app.provider_faults()?;
            if !faults.is_empty() {
                return Err(all_of(faults).into());
            }
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
        serve(config, self.listen, &Way::default(), None, |app, _| {
            let made = app.fill_demo()?;
            println!("Akashi demonstration{}. Everybody's password: {}", if made { "" } else { " (as it was left)" }, app::demo::PASSWORD);
            println!("Administrators and operators also enter a one-time code: `akashi code` prints it; key {}", app::demo::TOTP_KEY);
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
    way: &Way,
    address: Option<String>,
    ready: impl FnOnce(&App, &str) -> Result<(), Error>,
) -> Result<(), Error> {
    let broken = |what: &str, e: std::io::Error| Error::Broken(format!("{what}: {e}"));
    let reader = std::env::current_exe().map_err(|e| broken("this program does not find itself", e))?;
    let config = Config { reader: Some(reader), ..config };
    // The port is taken before the database is opened, so that the address is known and a second start fails early.
    let listener = std::net::TcpListener::bind(listen).map_err(|e| broken(&format!("cannot listen on {listen}"), e))?;
    listener.set_nonblocking(true).map_err(|e| broken("cannot prepare the listener", e))?;
    let bound = listener.local_addr().map_err(|e| broken("the listener has no address", e))?;
    let (proxies, tls) = (way.proxies()?, way.tls(&config.data, Clock::Machine.now())?);
    let scheme = if tls.is_some() { "https" } else { "http" };
    // A passkey belongs to a host name, never to a number: on this machine people come by its name.
    let host = if bound.ip() == Ipv4Addr::LOCALHOST { format!("localhost:{}", bound.port()) } else { bound.to_string() };
    let address = address.unwrap_or_else(|| format!("{scheme}://{host}"));
    if tls.is_some() && !address.starts_with("https://") {
        return Err(not_https(&address).into());
    }
    if tls.is_none() && proxies.is_empty() && !bound.ip().is_loopback() {
        tracing::warn!(%bound, "plain HTTP is served to other machines: serve TLS, or name the proxy in front with --proxy");
    }
    let tls12 = tls.as_ref().and_then(|tls| tls.exception()).map(|e| (e.reason.clone(), e.until));
    let app = Arc::new(App::open(Config { tls12, address: address.trim_end_matches('/').to_owned(), ..config }, Clock::Machine)?);
    ready(&app, &address)?;
    if !app.start()? {
        tracing::warn!("the service had not been stopped in order before");
    }
    println!("Akashi is at {address}");
    if let Some(tls) = &tls {
        tell(tls, app.clock.now());
    }
    // The runtime ends before the store: its connections must not be dropped inside it.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(32)
        .enable_all()
        .build()
        .map_err(|e| broken("cannot start the runtime", e))?;
    let served = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        timed::start(&app);
        let entrance = Entrance { listener, tls: tls.map(Arc::new), proxies, limits: Limits::default() };
        web::server::run(app.clone(), entrance, stopped()).await;
        Ok(())
    });
    drop(runtime);
    served.map_err(|e| broken("the server stopped", e))?;
    app.stop("signal")
}

/// What people compare with what their browser shows, and what the installation allows for a while.
fn tell(tls: &Tls, now: Timestamp) {
    let fingerprint: Vec<String> = tls.fingerprint().0.iter().map(|b| format!("{b:02X}")).collect();
    println!("Its TLS certificate ends on {}; SHA-256 fingerprint:", rules::act::japan(tls.ends()).date());
    println!("  {}", fingerprint.join(":"));
    match tls.exception() {
        Some(exception) if exception.holds(now) => println!("TLS 1.2 is allowed until {}: {}", exception.until, exception.reason),
        Some(exception) => println!("TLS 1.2 was allowed until {} and is refused now.", exception.until),
        None => {}
    }
}

/// Cookies and links follow the address: over TLS it has to say so.
fn not_https(address: &str) -> Refusal {
    Refusal::invalid(
        "address",
        worded(
            format!("Akashi自身がTLSを提供するときは、--address を https:// で始めてください（いまは {address}）。"),
            format!("Where Akashi serves TLS itself, --address begins with https:// (it is {address})."),
        ),
    )
}

/// Ctrl-C, or the signal by which service managers stop a process.
pub async fn stopped() {
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
