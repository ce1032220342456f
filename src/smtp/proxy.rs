//! The header of the PROXY protocol, version 2, in front of a connection that a load balancer passes on (haproxy's `proxy-protocol.txt`, 2.2).
//!
//! Sixteen octets, then as many as they say: addresses, and values that are not looked at. Version 1, a line of text, is not read at all.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How long the part is that says how long the rest is, in octets.
pub const PROXY_HEAD: usize = 16;
/// The longest rest in octets: addresses take 36 at most, and the values behind them are few.
const MAX_REST: usize = 1_024;
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// What stands at the beginning of the connection is no header, or an odd one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProxyError(&'static str);

/// The first sixteen octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyHead {
    rest: usize,
    source: Source,
}

/// Where the client's address stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The proxy speaks for itself, as for a health check, or says nothing of the client.
    Absent,
    V4,
    V6,
}

impl ProxyHead {
    /// Reads the first octets.
    ///
    /// # Errors
    /// No signature, another version, another command, or a rest too short or too long.
    pub fn parse(head: &[u8; PROXY_HEAD]) -> Result<Self, ProxyError> {
        let (signature, [version, family, high, low]) = split(head);
        if signature != SIGNATURE {
            return Err(ProxyError("there is no PROXY protocol version 2"));
        }
        let rest = usize::from(u16::from_be_bytes([high, low]));
        if rest > MAX_REST {
            return Err(ProxyError("the PROXY header is too long"));
        }
        let source = match (version, family) {
            // LOCAL: whatever stands in the rest is skipped.
            (0x20, _) => Source::Absent,
            (0x21, 0x11) => Source::V4,
            (0x21, 0x21) => Source::V6,
            (0x21, 0x00) => Source::Absent,
            (0x21, _) => return Err(ProxyError("the PROXY header tells of no TCP connection")),
            _ => {
                return Err(ProxyError(
                    "the PROXY header has another version or command",
                ));
            }
        };
        let least = match source {
            Source::Absent => 0,
            Source::V4 => 12,
            Source::V6 => 36,
        };
        if rest < least {
            return Err(ProxyError(
                "the PROXY header is too short for its addresses",
            ));
        }
        Ok(Self { rest, source })
    }

    /// How many octets follow.
    #[must_use]
    pub const fn rest(&self) -> usize {
        self.rest
    }

    /// The client's address, from the octets that follow; none: the proxy's own stands.
    #[must_use]
    pub fn source(&self, rest: &[u8]) -> Option<IpAddr> {
        match self.source {
            Source::Absent => None,
            Source::V4 => rest
                .first_chunk::<4>()
                .map(|octets| IpAddr::V4(Ipv4Addr::from(*octets))),
            Source::V6 => rest
                .first_chunk::<16>()
                .map(|octets| IpAddr::V6(Ipv6Addr::from(*octets)).to_canonical()),
        }
    }
}

fn split(head: &[u8; PROXY_HEAD]) -> ([u8; 12], [u8; 4]) {
    let signature = head.first_chunk().copied().unwrap_or_default();
    let fields = head.last_chunk().copied().unwrap_or_default();
    (signature, fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(version: u8, family: u8, rest: u16) -> [u8; PROXY_HEAD] {
        let mut head = [0; PROXY_HEAD];
        head[..12].copy_from_slice(&SIGNATURE);
        head[12] = version;
        head[13] = family;
        head[14..].copy_from_slice(&rest.to_be_bytes());
        head
    }

    #[test]
    fn h035_proxy_headers_are_read_strictly() {
        let v4 = ProxyHead::parse(&head(0x21, 0x11, 12)).unwrap();
        let rest = [192, 0, 2, 7, 192, 0, 2, 1, 0, 1, 0, 25];
        assert_eq!(v4.source(&rest), Some("192.0.2.7".parse().unwrap()));
        assert_eq!(v4.source(&rest[..3]), None);
        let v6 = ProxyHead::parse(&head(0x21, 0x21, 40)).unwrap();
        let mut rest = [0; 40];
        rest[10..16].copy_from_slice(&[0xff, 0xff, 192, 0, 2, 7]);
        assert_eq!(v6.source(&rest), Some("192.0.2.7".parse().unwrap()));
        for absent in [head(0x20, 0, 0), head(0x20, 0x11, 12), head(0x21, 0, 0)] {
            assert_eq!(ProxyHead::parse(&absent).unwrap().source(&[1; 12]), None);
        }
        let mut other = head(0x21, 0x11, 12);
        other[0] = b'P';
        for wrong in [
            other,
            head(0x11, 0x11, 12),
            head(0x22, 0x11, 12),
            head(0x21, 0x12, 12),
            head(0x21, 0x31, 216),
            head(0x21, 0x11, 11),
            head(0x21, 0x21, 35),
            head(0x21, 0x11, 1_025),
            *b"PROXY TCP4 192.0",
        ] {
            assert!(ProxyHead::parse(&wrong).is_err(), "{wrong:?}");
        }
    }
}
