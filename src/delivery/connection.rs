//! One connection to one server: banner, EHLO and STARTTLS (RFC 5321 3.1, 3.2; RFC 3207).

use std::net::SocketAddr;
use std::time::Duration;

use rustix::io::Errno;
use rustls::{ClientConnection, ProtocolVersion};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::destination::Hop;
use super::settings::Timeouts;
use super::tls::{Security, Tls};
use super::trouble::SessionError;
use super::wire::Wire;
use crate::failpoint;
use crate::mail::{Domain, Listeners, Reply};
use crate::smtp::Extensions;

/// An open connection after EHLO.
pub(super) struct Connection {
    /// What it is spoken over.
    pub(super) wire: Wire,
    /// What the server offers: after TLS what it said then, and nothing of before (RFC 3207 4.2).
    pub(super) extensions: Extensions,
    /// Messages that went over it. At the greatest number it takes no more.
    pub(super) used: u32,
    /// The version of TLS; none: clear text.
    pub(super) tls: Option<&'static str>,
}

/// What every connection of ours has in common.
#[derive(Clone, Copy)]
pub(super) struct ConnectionOptions<'a> {
    /// Our name in EHLO.
    pub(super) hostname: &'a Domain,
    /// Where we listen.
    pub(super) listeners: &'a Listeners,
    /// How TLS is spoken.
    pub(super) tls: &'a Tls,
    /// How long the other side is waited for.
    pub(super) timeouts: Timeouts,
}

impl Connection {
    /// Connects, greets, and turns to TLS as the hop wants it.
    ///
    /// # Errors
    /// [`SessionError`], before anything of a message was said. [`SessionError::Tls`] only where the hop demands TLS.
    pub(super) async fn open(
        hop: &Hop,
        options: ConnectionOptions<'_>,
    ) -> Result<Self, SessionError> {
        match Self::open_with(hop, options, &hop.security).await {
            // A handshake that fails must not stop mail that would also have gone in clear text; the peer gets a new connection.
            Err(SessionError::Tls(_)) if hop.security == Security::Opportunistic => {
                Self::open_with(hop, options, &Security::Clear).await
            }
            opened => opened,
        }
    }

    /// As [`Self::open`], at one level of security and without a second try.
    async fn open_with(
        hop: &Hop,
        options: ConnectionOptions<'_>,
        security: &Security,
    ) -> Result<Self, SessionError> {
        let stream = dial(hop.address, options.timeouts.connect).await?;
        if ends_at(&stream, options.listeners) {
            return Err(SessionError::OwnServer);
        }
        failpoint::pass("delivery.connected");
        let mut connection = Self {
            wire: Wire::new(Box::new(stream), options.timeouts),
            extensions: Extensions::default(),
            used: 0,
            tls: None,
        };
        // No banner is told apart from a connection that breaks: only a silent server is passed over for a while.
        let banner = timeout(
            options.timeouts.command,
            connection.wire.reply(Duration::MAX),
        )
        .await;
        let banner = banner
            .map_err(|_| SessionError::Unresponsive("no banner in time"))?
            .map_err(SessionError::BeforeMail)?;
        if is_named(&banner, options.hostname) {
            return Err(SessionError::OwnServer);
        }
        if !banner.code.is_success() {
            return Err(SessionError::Greeting(banner));
        }
        connection.greet(options.hostname).await?;
        match (security, connection.extensions.starttls) {
            (Security::Clear, _) | (Security::Opportunistic, false) => Ok(connection),
            // Demanded and not offered: perhaps somebody in between took the offer out.
            (_, false) => Err(SessionError::Tls(
                "the server does not offer STARTTLS".to_owned(),
            )),
            (_, true) => connection.start_tls(hop, options, security).await,
        }
    }

    /// EHLO, and HELO where a server refuses that: then it offers nothing (RFC 5321 3.2; docs/threats.md#136). A server that answers with our name
    /// is ourselves, behind whatever address and banner.
    async fn greet(&mut self, own: &Domain) -> Result<(), SessionError> {
        let reply = self
            .wire
            .command(&format!("EHLO {own}\r\n"))
            .await
            .map_err(SessionError::BeforeMail)?;
        if is_named(&reply, own) {
            return Err(SessionError::OwnServer);
        }
        if reply.code.is_success() {
            self.extensions = Extensions::of(&reply);
            return Ok(());
        }
        let reply = self
            .wire
            .command(&format!("HELO {own}\r\n"))
            .await
            .map_err(SessionError::BeforeMail)?;
        self.extensions = Extensions::default();
        if is_named(&reply, own) {
            return Err(SessionError::OwnServer);
        }
        if reply.code.is_success() {
            Ok(())
        } else {
            Err(SessionError::Greeting(reply))
        }
    }

    /// STARTTLS and the handshake, then EHLO anew. Whatever goes wrong on the way is [`SessionError::Tls`].
    async fn start_tls(
        mut self,
        hop: &Hop,
        options: ConnectionOptions<'_>,
        security: &Security,
    ) -> Result<Self, SessionError> {
        let broken = |error: &dyn std::fmt::Display| SessionError::Tls(error.to_string());
        let reply = self
            .wire
            .command("STARTTLS\r\n")
            .await
            .map_err(|error| broken(&error))?;
        if !reply.code.is_success() {
            return Err(broken(&reply));
        }
        // Replies that came before the handshake would be taken for the server's own (response injection, docs/threats.md#43).
        if !self.wire.is_drained() {
            return Err(broken(&"the server sent more than its reply to STARTTLS"));
        }
        // A route may give an address alone: then the certificate has to be for that.
        let name = hop
            .host
            .as_ref()
            .map_or_else(|| hop.address.ip().to_string(), ToString::to_string);
        let name = rustls_pki_types::ServerName::try_from(name).map_err(|error| broken(&error))?;
        let connector = options
            .tls
            .connector(security)
            .map_err(|error| broken(&error))?;
        let stream = timeout(
            options.timeouts.handshake,
            connector.connect(name, self.wire.stream),
        )
        .await;
        let stream = stream
            .map_err(|_| broken(&"no handshake in time"))?
            .map_err(|error| broken(&error))?;
        let tls = version(stream.get_ref().1);
        metrics::counter!("allegromail_delivery_tls_total", "version" => tls.unwrap_or("unknown"))
            .increment(1);
        let mut secured = Self {
            tls,
            wire: Wire::new(Box::new(stream), options.timeouts),
            ..self
        };
        secured.greet(options.hostname).await?;
        Ok(secured)
    }

    /// Says goodbye, and does not wait long for an answer: the messages are settled, and nothing depends on it (docs/threats.md#137).
    pub(super) async fn quit(mut self) {
        failpoint::pass("delivery.quitting");
        let limit = self.wire.timeouts.quit;
        let _ = timeout(limit, self.wire.command("QUIT\r\n")).await;
    }
}

/// The version of TLS that was agreed on.
fn version(session: &ClientConnection) -> Option<&'static str> {
    match session.protocol_version()? {
        ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
        ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
        // rustls speaks no other.
        _ => None,
    }
}

/// Connects to `address` within `limit`, and tells a lack of files of our own from a server that cannot be reached.
///
/// # Errors
/// [`SessionError`] before anything was said.
async fn dial(address: SocketAddr, limit: Duration) -> Result<TcpStream, SessionError> {
    let stream = timeout(limit, TcpStream::connect(address)).await;
    let stream = stream.map_err(|_| SessionError::Unresponsive("no connection in time"))?;
    let stream = stream.and_then(|stream| failpoint::hit("delivery.connecting").map(|()| stream));
    let stream = stream.map_err(|error| {
        let few = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
        // Out of files: a fault of ours, which says nothing about the server, so its lane is not closed for it (docs/threats.md#123).
        if error.raw_os_error().is_some_and(|code| few.contains(&code)) {
            SessionError::MidTransaction(error.to_string())
        } else {
            SessionError::BeforeMail(error.to_string())
        }
    })?;
    // Commands are small and wait for replies. A failure costs speed, nothing else.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Whether a connection came out at a listener of ours. Where it goes to an address of this machine, it comes from the same address or from
/// loopback.
fn ends_at(stream: &TcpStream, listeners: &Listeners) -> bool {
    let (Ok(there), Ok(here)) = (stream.peer_addr(), stream.local_addr()) else {
        return false;
    };
    let here = here.ip().to_canonical();
    listeners.take(there, |ip| ip.is_loopback() || ip == here)
}

/// Whether a server calls itself by our name: the first word of its banner and of its answer to EHLO (RFC 5321 4.2, 4.1.1.1).
fn is_named(reply: &Reply, own: &Domain) -> bool {
    let word = reply
        .lines
        .first()
        .and_then(|line| line.split_ascii_whitespace().next());
    let name = word.and_then(|word| Domain::parse(word.trim_end_matches('.')).ok());
    name.as_ref() == Some(own)
}
