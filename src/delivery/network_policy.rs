//! Where delivery may go by what the DNS says.

use std::net::{IpAddr, Ipv6Addr};

/// Which servers may be found by look-up: what an MX record says is anybody's text.
#[derive(Debug, Clone, Copy)]
pub struct NetworkPolicy {
    /// Where mail servers listen.
    pub smtp_port: u16,
    /// Where web servers with MTA-STS policies listen.
    pub https_port: u16,
    /// Whether an address may be gone to.
    pub allows: fn(IpAddr) -> bool,
}

impl Default for NetworkPolicy {
    /// Ports 25 and 443, and public addresses only.
    fn default() -> Self {
        Self {
            smtp_port: 25,
            https_port: 443,
            allows: is_public,
        }
    }
}

/// Whether an address may be anybody's mail server: not this machine, not a private network, no mapped form of either. An MX record that names
/// one would have us speak to what trusts us for standing near it (docs/threats.md#132).
fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            // Between a provider and its customers (RFC 6598).
            let shared = v4
                .octets()
                .first_chunk::<2>()
                .is_some_and(|[a, b]| *a == 100 && (64..128).contains(b));
            !(v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.octets().first() == Some(&0)
                || shared)
        }
        IpAddr::V6(v6) => {
            // NAT64 leads to the IPv4 address in its last 32 bits (RFC 6052 2.1).
            let nat64 =
                v6.segments().starts_with(&[0x64, 0xff9b]) && !is_public(IpAddr::V4(embedded(v6)));
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || nat64)
        }
    }
}

/// The IPv4 address within a NAT64 one.
fn embedded(v6: Ipv6Addr) -> std::net::Ipv4Addr {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the IPv4 address is the last 32 bits"
    )]
    std::net::Ipv4Addr::from_bits(v6.to_bits() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h132_addresses_of_our_own_side_are_never_tried() {
        for ip in [
            "127.0.0.1",
            "::1",
            "0.0.0.0",
            "169.254.1.1",
            "10.0.0.1",
            "192.168.1.1",
            "172.16.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "fe80::1",
            "fd00::1",
            "224.0.0.1",
            "100.64.0.1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["8.8.8.8", "2001:4860:4860::8888", "100.128.0.1"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }
}
