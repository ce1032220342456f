//! Accepts connections within the limits, and ends them when the server stops.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use socket2::{Domain as Family, Protocol, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::limits::{self, SessionLimits};
use super::server::Server;
use super::session;
use crate::failpoint;
use crate::mail::{EnhancedStatus, Reply};
use crate::smtp::{PROXY_HEAD, ProxyHead};

/// How clients come to a listening socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenerKind {
    /// Themselves.
    Open,
    /// Through a load balancer that tells of them (PROXY protocol, version 2).
    Proxied,
}

/// Binds a listening socket; `[::]` takes IPv4, too.
///
/// # Errors
/// The address cannot be bound.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Family::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        // Linux may be set up either way; what `[::]` means here must not depend on it.
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    // A restart must not wait for the last connections of the old process to leave TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    TcpListener::from_std(socket.into())
}

/// Serves until `stop`; then no connection is accepted, and sessions under way end when they are idle. Returns when the last one has; who has
/// less time than a slow message takes must not wait for it.
pub async fn run(
    listeners: Vec<(TcpListener, ListenerKind)>,
    server: Arc<Server>,
    stop: CancellationToken,
) {
    let sessions = TaskTracker::new();
    let mut loops = Vec::new();
    for (listener, kind) in listeners {
        let floor = Floor {
            server: server.clone(),
            stop: stop.clone(),
            sessions: sessions.clone(),
            kind,
        };
        loops.push(tokio::spawn(floor.accept(listener)));
    }
    for accepting in loops {
        // An accept loop does not panic; if one does, the others go on.
        let _ = accepting.await;
    }
    sessions.close();
    sessions.wait().await;
}

/// Where connections come in and sessions are held.
struct Floor {
    /// What the sessions share.
    server: Arc<Server>,
    /// Ends this loop, and each session at its next wait.
    stop: CancellationToken,
    /// Counts the sessions of all loops, for the end.
    sessions: TaskTracker,
    /// Whether a PROXY header comes first.
    kind: ListenerKind,
}

impl Floor {
    /// Accepts for as long as the server runs. No error ends it: a listener that is gone would look like a server that is down.
    async fn accept(self, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.stop.cancelled() => return,
            };
            let accepted = accepted.and_then(|accepted| {
                failpoint::hit("inbound.accepted")?;
                Ok(accepted)
            });
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer.ip().to_canonical()),
                // The client was gone before it was looked at.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    // Out of files: the connection stays in the backlog, and trying again at once would only burn the processor.
                    metrics::counter!("allegromail_inbound_accept_failed_total").increment(1);
                    tracing::warn!(event = "accept_failed", %error);
                    tokio::time::sleep(limits::OUT_OF_FILES).await;
                }
            }
        }
    }

    /// Gives a connection its place and its task, or has it turned away.
    fn admit(&self, stream: TcpStream, peer: IpAddr) {
        // A failure costs speed, nothing else.
        let _ = stream.set_nodelay(true);
        failpoint::pass("inbound.connected");
        // Taken here and not in the task: while tasks wait to be run, no more connections than allowed are let in.
        let place = self.server.total.clone().try_acquire_owned();
        let (server, stop, kind) = (self.server.clone(), self.stop.clone(), self.kind);
        self.sessions.spawn(async move {
            let Ok(_place) = place else {
                // 421 at once, not a silent wait in the backlog (docs/threats.md#37). One write, then the task is gone.
                turn_away(stream, "the server").await;
                return;
            };
            let (mut stream, mut address) = (stream, peer);
            if kind == ListenerKind::Proxied {
                match client_behind(&mut stream, peer, &server).await {
                    // The connection_limiter is counted by client: the balancer's own address would fill up for everybody.
                    Ok(client) => address = client,
                    Err(error) => {
                        metrics::counter!("allegromail_inbound_bad_proxies_total").increment(1);
                        tracing::warn!(event = "bad_proxy", %peer, %error);
                        return;
                    }
                }
            }
            let Some(_entered) = server.connection_limiter.enter(address) else {
                turn_away(stream, "your address or network").await;
                return;
            };
            // Once it can be written to, the system has also told what came in until then: who speaks before the banner is known by that.
            if stream.writable().await.is_err() {
                return;
            }
            metrics::counter!("allegromail_inbound_sessions_total").increment(1);
            let _open = OpenConnection::counted();
            if let Err(error) = session::serve(stream, &server, address, &stop).await {
                tracing::debug!(event = "session_ended", client = %address, %error);
            }
        });
    }
}

/// A session under way, counted for as long as it lives, however it ends.
struct OpenConnection;

impl OpenConnection {
    fn counted() -> Self {
        metrics::gauge!("allegromail_inbound_connections").increment(1);
        Self
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        metrics::gauge!("allegromail_inbound_connections").decrement(1);
    }
}

/// The client that a proxy passes on, from the header that it writes first. Nobody else is believed.
async fn client_behind(
    stream: &mut TcpStream,
    proxy: IpAddr,
    server: &Server,
) -> io::Result<IpAddr> {
    let known = server.settings.proxy_from.iter();
    if !known.clone().any(|network| network.contains(proxy)) {
        // Closed without a reply: a proxy speaks no SMTP before the header.
        return Err(io::Error::other("it is not in [smtp] proxy_from"));
    }
    let header = async {
        let mut head = [0; PROXY_HEAD];
        stream.read_exact(&mut head).await?;
        let head = ProxyHead::parse(&head).map_err(io::Error::other)?;
        let mut rest = vec![0; head.rest()];
        stream.read_exact(&mut rest).await?;
        // A header without an address (LOCAL) is a connection of the balancer's own, a health check say.
        Ok(head.source(&rest).unwrap_or(proxy))
    };
    tokio::time::timeout(server.session_limits().handshake, header)
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Says 421 and closes. Whoever does not read it is not waited for longer than a client under stress.
async fn turn_away(mut stream: TcpStream, who: &str) {
    metrics::counter!("allegromail_inbound_turned_away_total").increment(1);
    let text = format!("{who} has too many connections; please try again later [busy]");
    let reply = Reply::new(421, Some(EnhancedStatus::new(4, 3, 2)), &text);
    // The client may be gone already.
    let wait = SessionLimits::UNDER_STRESS.write;
    let _ = tokio::time::timeout(wait, stream.write_all(&reply.to_wire())).await;
}
