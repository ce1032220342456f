//! A host and its port, as Host, Origin and request targets write them (RFC 3986 3.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::mail::Domain;

/// A host by its number or by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// `127.0.0.1`, `[::1]`. No name, so nobody can point it anywhere.
    Ip(IpAddr),
    /// In lower case and without the root's dot.
    Name(Domain),
}

/// A host and its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authority {
    /// The host.
    pub(super) host: Host,
    /// None: that of the scheme.
    pub(super) port: Option<u16>,
}

impl Authority {
    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`. None: it is no such thing. User names and lists are none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (inside, after) = rest.split_once(']')?;
                let address: Ipv6Addr = inside.parse().ok()?;
                let port = match after.strip_prefix(':') {
                    None if after.is_empty() => None,
                    port => Some(port?),
                };
                (Host::Ip(address.into()), port)
            }
            None => {
                let (name, port) = match text.split_once(':') {
                    Some((name, port)) => (name, Some(port)),
                    None => (text, None),
                };
                let name = name.strip_suffix('.').unwrap_or(name);
                let host = match name.parse::<Ipv4Addr>() {
                    Ok(address) => Host::Ip(address.into()),
                    // Names in other letters go over the wire in A-labels only.
                    Err(_) if name.is_ascii() => Host::Name(Domain::parse(name).ok()?),
                    Err(_) => return None,
                };
                (host, port)
            }
        };
        // An empty port is that of the scheme (RFC 3986 3.2.3).
        let port = match port {
            None | Some("") => None,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                Some(digits.parse().ok()?)
            }
            Some(_) => return None,
        };
        Some(Self { host, port })
    }

    /// Whether both name the same place of a scheme whose port is `usual`.
    pub(super) fn is_same(&self, other: &Self, usual: u16) -> bool {
        self.host == other.host && self.port.unwrap_or(usual) == other.port.unwrap_or(usual)
    }
}
