//! The door: takes connections, shakes hands in a task for each, and hands requests to the router with who sent them.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConnection;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

use super::{Tls, certificate};
use crate::peer::{Negotiated, Peer, Proxies};

/// What a connection may take before anything is known of who sent it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a handshake may take.
    pub handshake: Duration,
    /// How many handshakes may be open at once, and how many of them from one address (of IPv6, one /64). Who comes
    /// beyond that is turned away at once: waiting would let the slow ones hold up the others.
    pub handshakes: usize,
    pub from_one: usize,
    /// How long the head of a request may take, counted from the end of the request before it.
    pub head: Duration,
    /// The longest head of a request, in bytes; at least 8,192.
    pub head_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { handshake: Duration::from_secs(10), handshakes: 1024, from_one: 64, head: Duration::from_secs(30), head_bytes: 64 * 1024 }
    }
}

/// Where an installation is entered.
pub struct Entrance {
    pub listener: TcpListener,
    /// Without it plain HTTP is spoken: on loopback, or behind a proxy.
    pub tls: Option<Arc<Tls>>,
    pub proxies: Proxies,
    pub limits: Limits,
}

impl From<TcpListener> for Entrance {
    fn from(listener: TcpListener) -> Entrance {
        Entrance { listener, tls: None, proxies: Proxies::default(), limits: Limits::default() }
    }
}

/// What all connections share.
struct Door<Now> {
    router: Router,
    tls: Option<Arc<Tls>>,
    proxies: Proxies,
    limits: Limits,
    now: Now,
}

impl Entrance {
    /// Serves a router until `stop` resolves; open requests are finished first. `now` judges certificates and exceptions.
    pub async fn serve<Now>(self, router: Router, now: Now, stop: impl Future<Output = ()>)
    where
        Now: Fn() -> Timestamp + Send + Sync + 'static,
    {
        let Entrance { listener, tls, proxies, limits } = self;
        let door = Arc::new(Door { router, tls, proxies, limits, now });
        let waiting = Arc::new(Waiting::default());
        let (stopping, stopped) = watch::channel(false);
        let mut open = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let (stream, address) = tokio::select! {
                () = &mut stop => break,
                // Only to forget those that are over.
                Some(_) = open.join_next() => continue,
                arrived = arrive(&listener) => arrived,
            };
            let place = match door.tls {
                Some(_) => match waiting.clone().enter(address.ip(), &limits) {
                    Some(place) => Some(place),
                    None => {
                        tracing::warn!(%address, "turned away: too many TLS handshakes are open");
                        continue;
                    }
                },
                None => None,
            };
            open.spawn(meet(door.clone(), stream, address, place, stopped.clone()));
        }
        drop(listener);
        // Nobody listens where nothing is open.
        let _ = stopping.send(true);
        while open.join_next().await.is_some() {}
    }
}

async fn arrive(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(arrived) => return arrived,
            // The visitor left between knocking and entering.
            Err(e) if matches!(e.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {}
            Err(error) => {
                // Most likely too many files are open: others have to end first.
                tracing::error!(%error, "a connection cannot be accepted");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// One connection, from its first byte to its last.
async fn meet<Now>(door: Arc<Door<Now>>, stream: TcpStream, address: SocketAddr, place: Option<Place>, mut stopped: watch::Receiver<bool>)
where
    Now: Fn() -> Timestamp,
{
    // Answers are written whole; to wait for more would only delay the last packet.
    let _ = stream.set_nodelay(true);
    let peer = Peer::plain(address);
    let Some(tls) = door.tls.clone() else {
        return converse(&door, stream, peer, stopped).await;
    };
    let shaken = tokio::select! {
        _ = stopped.changed() => return,
        shaken = tokio::time::timeout(door.limits.handshake, shake_hands(tls, stream, (door.now)())) => shaken,
    };
    drop(place);
    match shaken {
        Ok(Ok(stream)) => {
            let peer = known(peer, stream.get_ref().1);
            converse(&door, stream, peer, stopped).await;
        }
        Ok(Err(error)) => tracing::debug!(%address, %error, "no TLS handshake"),
        Err(_) => tracing::debug!(%address, "the TLS handshake took too long"),
    }
}

async fn shake_hands(tls: Arc<Tls>, stream: TcpStream, now: Timestamp) -> io::Result<TlsStream<TcpStream>> {
    if tls.is_due(now) {
        let looking = tls.clone();
        tokio::task::spawn_blocking(move || looking.look(now)).await?;
    }
    TlsAcceptor::from(tls.config(now)).accept(stream).await
}

/// What a handshake has shown.
fn known(peer: Peer, connection: &ServerConnection) -> Peer {
    let version = connection.protocol_version().and_then(|v| v.as_str());
    let suite = connection.negotiated_cipher_suite().and_then(|s| s.suite().as_str());
    let tls = version.zip(suite).map(|(version, suite)| Negotiated { version, suite });
    let certificate = connection.peer_certificates().and_then(|chain| chain.first()).map(certificate::fingerprint);
    Peer { certificate, tls, https: true, ..peer }
}

async fn converse<Now, Io>(door: &Door<Now>, io: Io, peer: Peer, mut stopped: watch::Receiver<bool>)
where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let proxies = door.proxies.clone();
    let service = door.router.clone().map_request(move |mut request: Request<_>| {
        let visitor = proxies.visitor(&peer, request.headers());
        request.extensions_mut().insert(visitor);
        request.extensions_mut().insert(ConnectInfo(visitor.address));
        request
    });
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(door.limits.head).max_buf_size(door.limits.head_bytes);
    let mut conversation = std::pin::pin!(builder.serve_connection(TokioIo::new(io), TowerToHyperService::new(service)));
    let mut ending = false;
    loop {
        tokio::select! {
            done = conversation.as_mut() => {
                if let Err(error) = done {
                    tracing::debug!(address = %peer.address, %error, "a connection broke off");
                }
                return;
            }
            _ = stopped.changed(), if !ending => {
                ending = true;
                conversation.as_mut().graceful_shutdown();
            }
        }
    }
}

/// Handshakes that are not done, by whom they are with.
#[derive(Default)]
struct Waiting(Mutex<HashMap<IpAddr, usize>>);

impl Waiting {
    fn enter(self: Arc<Self>, address: IpAddr, limits: &Limits) -> Option<Place> {
        let address = neighbourhood(address);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = open.get(&address).copied().unwrap_or_default();
        if here >= limits.from_one || open.values().sum::<usize>() >= limits.handshakes {
            return None;
        }
        open.insert(address, here + 1);
        drop(open);
        Some(Place { waiting: self, address })
    }
}

/// One visitor has one IPv4 address, or all of an IPv6 /64.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A place among the open handshakes, given back when it is dropped.
struct Place {
    waiting: Arc<Waiting>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.waiting.0.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.address) {
            Some(here) if *here > 1 => *here -= 1,
            _ => {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_all_places_and_each_is_given_back() {
        let limits = Limits { handshakes: 3, from_one: 2, ..Limits::default() };
        let waiting = Arc::new(Waiting::default());
        let enter = |from: &str| waiting.clone().enter(from.parse().expect("an address"), &limits);
        let mut inside = vec![enter("2001:db8::1").expect("a place"), enter("2001:db8::2").expect("a place")];
        assert!(enter("2001:db8::3").is_none(), "the neighbourhood has two");
        inside.push(enter("192.0.2.1").expect("a place"));
        assert!(enter("198.51.100.1").is_none(), "the house is full");
        inside.clear();
        assert!(waiting.0.lock().expect("a lock").is_empty());
        assert!(enter("::ffff:192.0.2.1").is_some_and(|place| place.address.is_ipv4()));
    }
}
