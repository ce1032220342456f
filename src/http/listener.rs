//! A listening socket with its TLS: accepts within limits, and hands each request to a router.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::clients::Clients;
use super::failure::ApiError;
use super::peer::Peer;
use super::socket;
use crate::certificate::{Certificate, CertificateError};
use crate::config::{HttpConfig, HttpListen};
use crate::mail::Network;

/// Connections that are open at once where nothing else is said; others wait in the backlog. Files are needed for mail, too.
const CONNECTIONS: usize = 256;
/// How long a TLS handshake may take, and the head of a request: an idle connection ends after it.
const HEAD: Duration = Duration::from_secs(30);
/// How long is waited after an accept that failed, for want of files most often.
const OUT_OF_FILES: Duration = Duration::from_millis(500);

/// A listener was not bound; the sentence names it.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address or path.
    #[error("{place}: {error}")]
    Socket {
        /// As configured.
        place: String,
        /// The system's word, or ours with the remedy.
        error: std::io::Error,
    },
    /// The certificate.
    #[error("tls: {0}")]
    Tls(#[from] CertificateError),
}

/// A bound socket.
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A bound listener with its TLS, and who may come to it.
pub struct Listener {
    socket: Socket,
    shown: String,
    certificate: Option<Arc<Certificate>>,
    behind_proxy: Vec<Network>,
    clients: Option<Arc<Clients>>,
    connections: usize,
}

impl Listener {
    /// Binds what `http` names.
    ///
    /// # Errors
    /// [`BindError`].
    pub async fn bind(http: &HttpConfig) -> Result<Self, BindError> {
        let certificate = http.tls.clone().map(Certificate::new).transpose()?;
        let (socket, shown) = match &http.listen {
            HttpListen::Tcp(address) => {
                let place = address.to_string();
                let failed = |error| BindError::Socket { place, error };
                let bound = TcpListener::bind(address).await;
                let bound = bound.and_then(|tcp| Ok((tcp.local_addr()?.to_string(), tcp)));
                let (shown, tcp) = bound.map_err(failed)?;
                (Socket::Tcp(tcp), shown)
            }
            HttpListen::Unix(path) => {
                let place = path.display().to_string();
                let bound = socket::bind(path);
                let failed = |error| BindError::Socket {
                    place: place.clone(),
                    error,
                };
                (Socket::Unix(bound.map_err(failed)?), place)
            }
        };
        Ok(Self {
            socket,
            shown,
            certificate: certificate.map(Arc::new),
            behind_proxy: http.behind_proxy.clone(),
            clients: None,
            connections: CONNECTIONS,
        })
    }

    /// The same with so many connections at once; to be said before [`Listener::for_strangers`].
    #[must_use]
    pub fn with_connections(self, connections: usize) -> Self {
        Self {
            connections,
            ..self
        }
    }

    /// The same for strangers: each address has a quarter of the connections at most, and more are closed. Not behind a proxy, where all come from one.
    #[must_use]
    pub fn for_strangers(self) -> Self {
        let direct = self.behind_proxy.is_empty();
        Self {
            clients: direct.then(|| Clients::new(self.connections / 4)),
            ..self
        }
    }

    /// Where it is bound: an address with its port, or a path.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Its certificate, to be loaded again.
    #[must_use]
    pub const fn certificate(&self) -> Option<&Arc<Certificate>> {
        self.certificate.as_ref()
    }

    /// Serves `router` until `stop`; requests under way are finished.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        let (slots, open) = (
            Arc::new(Semaphore::new(self.connections)),
            TaskTracker::new(),
        );
        loop {
            // The slot first: whoever has none waits in the backlog.
            let accepted = async {
                let slot = slots.clone().acquire_owned().await;
                (slot, self.accept().await)
            };
            let (slot, accepted) = tokio::select! {
                accepted = accepted => accepted,
                () = stop.cancelled() => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(event = "http_accept_failed", listener = self.shown, %error);
                    tokio::time::sleep(OUT_OF_FILES).await;
                    continue;
                }
            };
            let client = match &self.clients {
                None => None,
                Some(clients) => match clients.enter(peer) {
                    None => continue,
                    entered => entered,
                },
            };
            let foreign = self.is_foreign(peer);
            let (router, stop) = (router.clone(), stop.clone());
            let acceptor = self
                .certificate
                .as_ref()
                .map(|certificate| certificate.acceptor());
            open.spawn(async move {
                let _held = (slot, client);
                match acceptor {
                    None => answer(stream, router, (peer, foreign), &stop).await,
                    // Here and not where connections are accepted: a client that says nothing must not keep others waiting.
                    Some(acceptor) => {
                        let shaken = tokio::time::timeout(HEAD, acceptor.accept(stream)).await;
                        if let Ok(Ok(stream)) = shaken {
                            answer(stream, router, (peer, foreign), &stop).await;
                        }
                    }
                }
            });
        }
        open.close();
        open.wait().await;
    }

    /// The next connection and its client.
    async fn accept(&self) -> std::io::Result<(Either<TcpStream, UnixStream>, Peer)> {
        match &self.socket {
            Socket::Tcp(tcp) => {
                let (stream, peer) = tcp.accept().await?;
                // A failure costs speed, nothing else.
                let _ = stream.set_nodelay(true);
                Ok((
                    Either::Left(stream),
                    Peer::Address(peer.ip().to_canonical()),
                ))
            }
            Socket::Unix(unix) => {
                let (stream, _) = unix.accept().await?;
                let user = stream.peer_cred().map(|user| user.uid());
                Ok((
                    Either::Right(stream),
                    user.map_or(Peer::Unknown, Peer::User),
                ))
            }
        }
    }

    /// Whether a client is no proxy of ours, where only those may come.
    fn is_foreign(&self, peer: Peer) -> bool {
        let mut proxies = self.behind_proxy.iter();
        !self.behind_proxy.is_empty()
            && !matches!(peer, Peer::Address(address) if proxies.any(|network| network.contains(address)))
    }
}

/// Answers the requests of one connection.
async fn answer<S>(
    stream: S,
    router: Router,
    (peer, foreign): (Peer, bool),
    stop: &CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let handled = if foreign {
            Err(forbidden(peer))
        } else {
            Ok(router.call(request))
        };
        async move {
            match handled {
                Ok(handled) => handled.await,
                Err(refused) => Ok(refused),
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // A connection that breaks is the client's affair.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// 403: whoever comes past the proxy may have come in clear text.
fn forbidden(peer: Peer) -> Response {
    let error = format!(
        "{peer} is not in behind_proxy of this listener, which serves proxies that end TLS only; commands on its own host want their address there, too"
    );
    ApiError::new(StatusCode::FORBIDDEN, error).into_response()
}
