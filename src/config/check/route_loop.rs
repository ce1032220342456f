//! Routes that lead back to the relay itself: mail on such a one would be refused by ourselves, and so would its report.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::config::checked::{MaskedDomainConfig, Smtp};
use crate::mail::{Domain, Listeners};

/// Where the world delivers mail to a host.
const SMTP_PORT: u16 = 25;

/// By what the relay can be reached.
pub(super) struct OwnAddresses {
    /// Its host name and its masked domains, with their aliases.
    names: Vec<Domain>,
    listeners: Listeners,
}

impl OwnAddresses {
    /// As far as the other tables could be read.
    pub(super) fn of(
        hostname: Option<&Domain>,
        domains: Option<&Vec<MaskedDomainConfig>>,
        smtp: Option<&Smtp>,
    ) -> Self {
        let masked = domains.into_iter().flatten().map(|domain| &domain.masked);
        let masked = masked.flat_map(|masked| std::iter::once(&masked.name).chain(&masked.aliases));
        let listen = smtp.into_iter();
        let listen = listen.flat_map(|smtp| smtp.listen.iter().chain(&smtp.proxy_listen));
        Self {
            names: hostname.into_iter().chain(masked).cloned().collect(),
            listeners: Listeners::new(listen.copied().collect()),
        }
    }

    /// Whether it is certain, without a look-up, that a route to `host` and `port` leads back here. Another port of this host may have another
    /// mail server.
    pub(super) fn is_at(&self, host: &str, port: u16) -> bool {
        let takes = |ip: IpAddr| self.listeners.take(SocketAddr::new(ip, port), is_local);
        if let Ok(ip) = host.parse() {
            return takes(ip);
        }
        let Ok(name) = Domain::parse(host) else {
            return false;
        };
        // RFC 6761 6.3.
        if name.as_str() == "localhost" || name.as_str().ends_with(".localhost") {
            return takes(Ipv4Addr::LOCALHOST.into()) || takes(Ipv6Addr::LOCALHOST.into());
        }
        self.names.contains(&name) && (port == SMTP_PORT || self.listeners.have_port(port))
    }
}

/// Whether an address is one of this machine's. Nothing is sent: a datagram socket that is connected only has its way looked up, and to an
/// address of the machine's own the way begins at that address.
fn is_local(ip: IpAddr) -> bool {
    let any = match ip {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let from = || {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect((ip, 9))?;
        socket.local_addr()
    };
    ip.is_loopback() || from().is_ok_and(|from| from.ip() == ip)
}
