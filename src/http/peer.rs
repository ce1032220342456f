//! Who is at the other end of a connection, as far as the system says.

use std::fmt;
use std::net::IpAddr;

/// The other end of a connection; an extension of every request. Of a client behind a proxy it is the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Of a TCP connection.
    Address(IpAddr),
    /// The user whose process is at the other end of a unix socket.
    User(u32),
    /// The system does not say.
    Unknown,
}

/// `127.0.0.1`, `uid 1000` or `unknown`.
impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::User(id) => write!(f, "uid {id}"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}
