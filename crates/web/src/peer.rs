//! Who is at the other end of a connection, and which proxies are believed when they speak for somebody else.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use ipnet::IpNet;
use rules::id::Digest;
use rules::refusal::Refusal;
use rules::text::worded;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// What a handshake agreed on, by the names of the standards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Negotiated {
    pub version: &'static str,
    pub suite: &'static str,
}

/// The other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The visitor's address; its port is 0 where a proxy spoke for the visitor.
    pub address: SocketAddr,
    /// SHA-256 of the client certificate (DER) whose key the visitor has proven to hold. Whose it is, is asked elsewhere.
    pub certificate: Option<Digest>,
    /// What Akashi itself agreed on with the visitor; nothing over plain HTTP or behind a proxy.
    pub tls: Option<Negotiated>,
    /// The visitor's own way is encrypted: up to Akashi, or up to a proxy that says so.
    pub https: bool,
}

impl Peer {
    /// Somebody who came without TLS.
    pub fn plain(address: SocketAddr) -> Peer {
        // A listener for both families tells IPv4 addresses as IPv6 ones.
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        Peer { address, certificate: None, tls: None, https: false }
    }

    /// Who sent a request. The second place is where only an address is known: a router without this crate's entrance.
    pub(crate) fn of(request: &Request) -> Option<Peer> {
        let known = request.extensions().get::<Peer>().copied();
        known.or_else(|| request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| Peer::plain(info.0)))
    }
}

/// Networks whose hosts are proxies of the operator: only they are believed about whom they speak for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Reads networks such as `192.0.2.0/28`, or single addresses. Refused: what is neither, and a network of everybody.
    pub fn read<'n>(networks: impl IntoIterator<Item = &'n str>) -> Result<Proxies, Refusal> {
        networks.into_iter().map(str::trim).filter(|n| !n.is_empty()).map(network).collect::<Result<_, _>>().map(Proxies)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn hold(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The visitor behind a connection. Of `X-Forwarded-For` the rightmost address counts that is not a proxy itself, since
    /// everything left of it was written by whoever sits there. An entry that cannot be read ends the search in the same
    /// way: the visitor is then told as the last proxy that is known.
    pub fn visitor(&self, peer: &Peer, headers: &HeaderMap) -> Peer {
        if !self.hold(peer.address.ip()) {
            return *peer;
        }
        let mut nearest = peer.address;
        for entry in entries(headers, FORWARDED_FOR).into_iter().rev() {
            let Some(address) = entry.and_then(address) else { break };
            nearest = SocketAddr::new(address, 0);
            if !self.hold(address) {
                break;
            }
        }
        let schemes = entries(headers, FORWARDED_PROTO);
        // Every scheme that is listed has to be https: one that a visitor made up does not outvote the proxy's own.
        let https = !schemes.is_empty() && schemes.iter().all(|s| s.is_some_and(|s| s.eq_ignore_ascii_case("https")));
        // Certificate and suite of this connection are the proxy's, not the visitor's.
        Peer { address: nearest, certificate: None, tls: None, https }
    }
}

fn network(written: &str) -> Result<IpNet, Refusal> {
    let read = written.parse::<IpNet>().ok().or_else(|| written.parse::<IpAddr>().ok().map(IpNet::from));
    read.filter(|network| network.prefix_len() > 0).ok_or_else(|| {
        Refusal::invalid(
            "proxy",
            worded(
                format!("プロキシのネットワーク「{written}」を使えません。プロキシだけを含む範囲を、192.0.2.10 や 192.0.2.0/28 の形で指定してください。"),
                format!("The proxy network “{written}” cannot be used. Name a range that holds only proxies, as 192.0.2.10 or 192.0.2.0/28."),
            ),
        )
    })
}

/// The entries of a list over all lines of a header, from left to right; nothing for one that is not plain text.
fn entries<'h>(headers: &'h HeaderMap, name: &str) -> Vec<Option<&'h str>> {
    let lines = headers.get_all(name).iter();
    lines.flat_map(|line| line.to_str().map_or(vec![None], |line| line.split(',').map(|e| Some(e.trim())).collect())).collect()
}

/// An address, with or without a port, as proxies write it: `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|e| e.strip_suffix(']'));
    let read = entry.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|a| a.ip()));
    read.or_else(|| bare.and_then(|e| e.parse().ok())).map(|a| a.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn seen(proxies: &str, from: &str, lines: &[(&'static str, &'static [u8])]) -> Peer {
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            headers.append(*name, HeaderValue::from_bytes(line).expect("a header"));
        }
        let tls = Some(Negotiated { version: "TLSv1_3", suite: "TLS13_AES_256_GCM_SHA384" });
        let peer = Peer { certificate: Some(Digest([1; 32])), tls, https: true, ..Peer::plain(from.parse().expect("an address")) };
        Proxies::read(proxies.split(',')).expect("networks").visitor(&peer, &headers)
    }

    fn forwarded(proxies: &str, from: &str, lines: &[&'static str]) -> String {
        let lines: Vec<_> = lines.iter().map(|line| (FORWARDED_FOR, line.as_bytes())).collect();
        seen(proxies, from, &lines).address.ip().to_string()
    }

    #[test]
    fn nobody_but_a_proxy_is_believed() {
        assert_eq!(forwarded("10.0.0.0/8", "203.0.113.9:1", &["198.51.100.7"]), "203.0.113.9");
        assert_eq!(forwarded("", "127.0.0.1:1", &["198.51.100.7"]), "127.0.0.1");
        let stranger = seen("10.0.0.0/8", "203.0.113.9:1", &[(FORWARDED_PROTO, b"http")]);
        assert!(stranger.https && stranger.certificate.is_some() && stranger.tls.is_some());
    }

    #[test]
    fn the_rightmost_address_that_is_no_proxy_is_the_visitor() {
        assert_eq!(forwarded("10.0.0.0/8", "10.0.0.1:1", &["198.51.100.7"]), "198.51.100.7");
        // What the visitor made up stands on the left.
        assert_eq!(forwarded("10.0.0.0/8", "10.0.0.1:1", &["192.0.2.66, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(forwarded("10.0.0.0/8", "10.0.0.1:1", &["192.0.2.66, 198.51.100.7,10.0.0.2 , 10.3.0.1"]), "198.51.100.7");
        assert_eq!(forwarded("10.0.0.0/8", "10.0.0.1:1", &["192.0.2.66", "198.51.100.7", "10.0.0.2"]), "198.51.100.7");
        assert_eq!(forwarded("10.0.0.1,192.0.2.5", "10.0.0.1:1", &["198.51.100.7, 10.0.0.2, 192.0.2.5"]), "10.0.0.2");
        // A proxy that asks for itself.
        assert_eq!(forwarded("10.0.0.0/8", "10.0.0.1:1", &["10.0.0.9, 10.0.0.2"]), "10.0.0.9");
        assert_eq!(forwarded("10.0.0.0/8", "10.0.0.1:1", &[]), "10.0.0.1");
    }

    #[test]
    fn addresses_of_both_families_are_read_with_and_without_port() {
        let proxies = "2001:db8:1::/48,10.0.0.0/8";
        assert_eq!(forwarded(proxies, "[2001:db8:1::2]:443", &["2001:db8:2::7"]), "2001:db8:2::7");
        assert_eq!(forwarded(proxies, "[2001:db8:1::2]:443", &["[2001:db8:2::7]:5555, [2001:db8:1::9]"]), "2001:db8:2::7");
        assert_eq!(forwarded(proxies, "[::ffff:10.0.0.1]:1", &["::ffff:198.51.100.7"]), "198.51.100.7");
        assert_eq!(forwarded(proxies, "10.0.0.1:1", &["198.51.100.7:61000"]), "198.51.100.7");
        assert_eq!(forwarded(proxies, "[::ffff:203.0.113.9]:1", &["198.51.100.7"]), "203.0.113.9");
    }

    #[test]
    fn what_cannot_be_read_is_not_believed_nor_anything_left_of_it() {
        for odd in
            ["unknown", "", ",", "198.51.100.7,", "198.51.100.7, x", "999.1.1.1", "198.51.100.7;10.0.0.2", "fe80::1%eth0", "[::1", "1"]
        {
            assert_eq!(forwarded("10.0.0.0/8", "10.0.0.1:1", &[odd]), "10.0.0.1", "{odd:?}");
        }
        assert_eq!(forwarded("10.0.0.0/8", "10.0.0.1:1", &["198.51.100.7, _hidden, 10.0.0.2"]), "10.0.0.2");
        let bytes = seen("10.0.0.0/8", "10.0.0.1:1", &[(FORWARDED_FOR, b"198.51.100.7, \xff\xfe")]);
        assert_eq!(bytes.address.ip().to_string(), "10.0.0.1");
    }

    #[test]
    fn https_is_believed_where_every_proxy_says_so() {
        let https = |line| seen("10.0.0.0/8", "10.0.0.1:1", &[(FORWARDED_PROTO, line)]).https;
        assert!(https(b"https") && https(b"HTTPS, https"));
        for odd in [b"http".as_slice(), b"https, http", b"http, https", b"", b"httpsx", b"\xff"] {
            assert!(!https(odd), "{odd:?}");
        }
        // The connection between proxy and Akashi says nothing about the visitor.
        let silent = seen("10.0.0.0/8", "10.0.0.1:1", &[]);
        assert!(!silent.https && silent.certificate.is_none() && silent.tls.is_none());
    }

    #[test]
    fn a_network_of_everybody_is_no_proxy() {
        for odd in ["0.0.0.0/0", "::/0", "proxy.example.jp", "10.0.0.0/33"] {
            assert!(Proxies::read([odd]).is_err(), "{odd}");
        }
        assert!(Proxies::read(["", " "]).expect("nothing").is_empty());
        assert!(!Proxies::read(["10.0.0.1", "2001:db8::/32"]).expect("networks").is_empty());
    }
}
