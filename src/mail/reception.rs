//! How a message came and how it was handed on: what the history tells beside what became of it. Neither is kept in the spool.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{Domain, Timestamp};

/// How a message came. Of a message to several recipients each has its own, for they may end differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reception {
    /// The client's address.
    pub client: IpAddr,
    /// `SMTP`, `ESMTP` or `ESMTPS` (RFC 3848).
    pub protocol: &'static str,
    /// What the client called itself. Names its domain.
    pub helo: String,
    /// Octets of the message as it came; zero before its end.
    pub octets: usize,
    /// When the client said MAIL.
    pub began: Timestamp,
    /// When its last octet was there; none before that.
    pub ended: Option<Timestamp>,
    /// The visible From, as an address; none: it was not read. It may be a real one.
    pub from: Option<String>,
    /// MAIL FROM. It may be a real one.
    pub reverse_path: String,
    /// The Message-ID field as it came; empty if there is none, or it was not read.
    pub message_id: String,
    /// The checks of its sender in short: `spf=none dkim=pass` (RFC 8601 2.7); empty if there was none.
    pub checks: String,
    /// What each check found, in words. Names domains.
    pub findings: String,
    /// The rule that decided; empty if none was asked.
    pub decided: String,
    /// As whom the recipient sees the writer: a mask, or a courier's address; empty if it was not taken.
    pub shown_as: String,
    /// The seller of the transaction, an account; empty where none is known.
    pub seller: String,
    /// What was changed in it on the way, a few words each.
    pub changed: Vec<&'static str>,
}

/// The last server of an attempt, and what it took. Names the receiver's domain, but for port, TLS and times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemoteSession {
    /// The host by its name; none: a route names an address, or no server was found.
    pub host: Option<Domain>,
    /// Its address and port; none: no server was found.
    pub address: Option<SocketAddr>,
    /// The version of TLS that was spoken (`TLSv1.3`); none: clear text, or no connection.
    pub tls: Option<&'static str>,
    /// What the system, TLS or the dialogue said of a connection that failed.
    pub error: Option<String>,
    /// From the start of the attempt until a server could take the message: DNS, connections, greetings, TLS, hosts before the last one.
    pub connection: Duration,
    /// From then on until the server's last reply.
    pub transmission: Duration,
}
