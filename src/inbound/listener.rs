//! Accepts connections within the limits, and ends them when the server stops.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use socket2::{Domain as Family, Protocol, Socket, Type};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::limits;
use super::reception::Reception;
use super::session;
use super::tls::{self, TlsError};
use crate::config::{Config, TlsFiles};
use crate::failpoint;
use crate::mail::{Domain, EnhancedStatus, Reply};

/// What sessions need of the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name in the banner.
    pub hostname: Domain,
    /// The largest message in octets.
    pub max_message_size: usize,
    /// The most recipients of a message.
    pub max_recipients: usize,
    /// Open connections in all.
    pub connections: usize,
    /// Open connections from one address.
    pub connections_per_client: usize,
    /// Certificate and key; none: no STARTTLS.
    pub tls: Option<TlsFiles>,
}

impl Settings {
    /// The settings of a configuration.
    #[must_use]
    pub fn from_config(config: &Config) -> Self {
        Self {
            hostname: config.hostname.clone(),
            max_message_size: config.smtp.max_message_size,
            max_recipients: config.smtp.max_recipients,
            connections: config.limits.connections,
            connections_per_client: config.limits.connections_per_client,
            tls: config.smtp.tls.clone(),
        }
    }
}

/// What all sessions share.
pub struct Server {
    pub(super) settings: Settings,
    pub(super) reception: Arc<dyn Reception>,
    /// Octets of messages under way, in units.
    pub(super) bytes: Arc<Semaphore>,
    acceptor: ArcSwapOption<TlsAcceptor>,
    open: Mutex<HashMap<IpAddr, usize>>,
    total: Arc<Semaphore>,
}

impl Server {
    /// A server that asks `reception`.
    ///
    /// # Errors
    /// Certificate or key cannot be used.
    pub fn new(settings: Settings, reception: Arc<dyn Reception>) -> Result<Self, TlsError> {
        let server = Self {
            bytes: Arc::new(Semaphore::new(limits::BYTES_IN_FLIGHT / limits::BYTES_UNIT)),
            acceptor: ArcSwapOption::empty(),
            open: Mutex::new(HashMap::new()),
            total: Arc::new(Semaphore::new(settings.connections)),
            settings,
            reception,
        };
        server.reload_tls()?;
        Ok(server)
    }

    /// Reads certificate and key again. Sessions under way keep what they have.
    ///
    /// # Errors
    /// They cannot be used; the old ones stay.
    pub fn reload_tls(&self) -> Result<(), TlsError> {
        if let Some(files) = &self.settings.tls {
            self.acceptor.store(Some(Arc::new(tls::load(files)?)));
        }
        Ok(())
    }

    pub(super) fn acceptor(&self) -> Option<TlsAcceptor> {
        self.acceptor.load().as_deref().cloned()
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection in, unless its address has too many.
    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Entered> {
        let mut open = self.open();
        let count = open.entry(address).or_default();
        if *count >= self.settings.connections_per_client {
            return None;
        }
        *count += 1;
        Some(Entered {
            server: self.clone(),
            address,
        })
    }
}

/// A connection that counts for as long as it lives.
struct Entered {
    server: Arc<Server>,
    address: IpAddr,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut open = self.server.open();
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
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
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    TcpListener::from_std(socket.into())
}

/// Serves until `stop`; then no connection is accepted, and sessions under way end when they are idle.
pub async fn run(listeners: Vec<TcpListener>, server: Arc<Server>, stop: CancellationToken) {
    let sessions = TaskTracker::new();
    let mut loops = Vec::new();
    for listener in listeners {
        loops.push(tokio::spawn(accept(
            listener,
            server.clone(),
            stop.clone(),
            sessions.clone(),
        )));
    }
    for accepting in loops {
        // An accept loop does not panic; if one does, the others go on.
        let _ = accepting.await;
    }
    sessions.close();
    sessions.wait().await;
}

async fn accept(
    listener: TcpListener,
    server: Arc<Server>,
    stop: CancellationToken,
    sessions: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                admit(stream, peer.ip().to_canonical(), &server, &stop, &sessions)
            }
            Err(error) => {
                // Out of files: the connection stays in the backlog, and trying again at once would only burn the processor.
                tracing::warn!(event = "accept_failed", %error);
                tokio::time::sleep(limits::OUT_OF_FILES).await;
            }
        }
    }
}

fn admit(
    stream: TcpStream,
    address: IpAddr,
    server: &Arc<Server>,
    stop: &CancellationToken,
    sessions: &TaskTracker,
) {
    // A failure costs speed, nothing else.
    let _ = stream.set_nodelay(true);
    failpoint::pass("inbound.connected");
    let place = server.total.clone().try_acquire_owned();
    let entered = server.enter(address);
    let (server, stop) = (server.clone(), stop.clone());
    sessions.spawn(async move {
        let (Ok(_place), Some(_entered)) = (place, entered) else {
            turn_away(stream).await;
            return;
        };
        metrics::counter!("allegromail_inbound_sessions_total").increment(1);
        if let Err(error) = session::serve(stream, &server, address, &stop).await {
            tracing::debug!(event = "session_ended", client = %address, %error);
        }
    });
}

async fn turn_away(mut stream: TcpStream) {
    metrics::counter!("allegromail_inbound_turned_away_total").increment(1);
    let reply = Reply::new(
        421,
        Some(EnhancedStatus::new(4, 3, 2)),
        "too many connections; please try again later [busy]",
    );
    // The client may be gone already.
    let _ = tokio::time::timeout(limits::WRITE, stream.write_all(&reply.to_wire())).await;
}
