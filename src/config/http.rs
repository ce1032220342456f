//! What every HTTP listener is configured by.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::TlsFiles;
use crate::mail::Network;

/// Where an HTTP listener is, and where TLS ends.
#[derive(Debug, Clone)]
pub struct Http {
    /// Without `tls` and `behind_proxy` a loopback address or a unix socket.
    pub listen: HttpListen,
    /// Certificate and key; none: clear text.
    pub tls: Option<TlsFiles>,
    /// Proxies that end TLS; where there are any, nobody else is served.
    pub behind_proxy: Vec<Network>,
}

/// A TCP address or a unix socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpListen {
    /// `127.0.0.1:8025`.
    Tcp(SocketAddr),
    /// A path.
    Unix(PathBuf),
}
