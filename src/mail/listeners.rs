//! Where this relay listens itself, and whether a connection would come out there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The addresses of the relay's own SMTP listeners.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listeners(Vec<SocketAddr>);

impl Listeners {
    /// Listeners at `addresses`; port 0 is none yet.
    #[must_use]
    pub const fn new(addresses: Vec<SocketAddr>) -> Self {
        Self(addresses)
    }

    /// Whether one of them has this port.
    #[must_use]
    pub fn have_port(&self, port: u16) -> bool {
        port != 0 && self.0.iter().any(|own| own.port() == port)
    }

    /// Whether a connection to `target` ends at one of them. A wildcard listener takes what is sent to any address of this machine;
    /// `is_local` says which those are.
    pub fn take(&self, target: SocketAddr, is_local: impl Fn(IpAddr) -> bool) -> bool {
        // Whoever connects to no address in particular gets to this machine.
        let ip = match target.ip().to_canonical() {
            IpAddr::V4(any) if any.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(any) if any.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        let takes = |own: &SocketAddr| match own.ip().to_canonical() {
            IpAddr::V4(any) if any.is_unspecified() => ip.is_ipv4() && is_local(ip),
            // It takes IPv4, too.
            IpAddr::V6(any) if any.is_unspecified() => is_local(ip),
            own => own == ip,
        };
        let mut at_port = self.0.iter().filter(|own| own.port() == target.port());
        target.port() != 0 && at_port.any(takes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h182_a_target_meets_a_listener_by_address_and_port() {
        // The machine has loopback, 192.0.2.7 and 2001:db8::7.
        let is_local = |ip: IpAddr| {
            ip.is_loopback() || ["192.0.2.7", "2001:db8::7"].contains(&&*ip.to_string())
        };
        for (listen, target, met) in [
            ("[::]:25", "127.0.0.1:25", true),
            ("[::]:25", "127.8.9.10:25", true),
            ("[::]:25", "[::1]:25", true),
            ("[::]:25", "[::ffff:127.0.0.1]:25", true),
            ("[::]:25", "0.0.0.0:25", true),
            ("[::]:25", "[::]:25", true),
            ("[::]:25", "192.0.2.7:25", true),
            ("[::]:25", "[2001:db8::7]:25", true),
            ("[::]:25", "192.0.2.8:25", false),
            ("[::]:25", "127.0.0.1:2525", false),
            ("0.0.0.0:25", "127.0.0.1:25", true),
            ("0.0.0.0:25", "0.0.0.0:25", true),
            ("0.0.0.0:25", "192.0.2.7:25", true),
            ("0.0.0.0:25", "[::1]:25", false),
            ("127.0.0.1:25", "127.0.0.1:25", true),
            ("127.0.0.1:25", "[::ffff:127.0.0.1]:25", true),
            ("127.0.0.1:25", "0.0.0.0:25", true),
            ("127.0.0.1:25", "127.0.0.2:25", false),
            ("127.0.0.1:25", "[::1]:25", false),
            ("192.0.2.7:25", "192.0.2.7:25", true),
            // A mail server of the machine's own, beside a relay on another address of it.
            ("192.0.2.7:25", "127.0.0.1:25", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
            ("[::]:0", "127.0.0.1:25", false),
        ] {
            let listeners = Listeners::new(vec![listen.parse().unwrap()]);
            let target: SocketAddr = target.parse().unwrap();
            assert_eq!(listeners.take(target, is_local), met, "{listen} {target}");
        }
        let both = Listeners::new(vec![
            "192.0.2.7:25".parse().unwrap(),
            "[::1]:26".parse().unwrap(),
        ]);
        assert!(both.take("[::1]:26".parse().unwrap(), is_local));
        assert!(both.have_port(26) && !both.have_port(27) && !both.have_port(0));
    }
}
