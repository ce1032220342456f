//! A listening socket with its TLS: accepts within limits, and hands each request to a router.

use std::net::{IpAddr, SocketAddr};
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

use super::failure::ApiError;
use super::socket;
use crate::certificate::{Certificate, CertificateError};
use crate::config::{HttpConfig, HttpListen};
use crate::mail::Network;

/// Connections that are open at once; others wait in the backlog. Files are needed for mail, too.
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

/// Who asks. In the extensions of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Over TCP, from there.
    Address(SocketAddr),
    /// Over a unix socket: a process of this user.
    Uid(u32),
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
        })
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
        let (slots, open) = (Arc::new(Semaphore::new(CONNECTIONS)), TaskTracker::new());
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
            let foreign_peer = self.foreign_peer(peer);
            let (router, stop) = (router.clone(), stop.clone());
            let acceptor = self
                .certificate
                .as_ref()
                .map(|certificate| certificate.acceptor());
            open.spawn(async move {
                let _slot = slot;
                match acceptor {
                    None => answer(stream, router, (peer, foreign_peer), &stop).await,
                    // Here and not where connections are accepted: a client that says nothing must not keep others waiting.
                    Some(acceptor) => {
                        let shaken = tokio::time::timeout(HEAD, acceptor.accept(stream)).await;
                        if let Ok(Ok(stream)) = shaken {
                            answer(stream, router, (peer, foreign_peer), &stop).await;
                        }
                    }
                }
            });
        }
        open.close();
        open.wait().await;
    }

    /// The next connection, and its client.
    async fn accept(&self) -> std::io::Result<(Either<TcpStream, UnixStream>, Option<Caller>)> {
        match &self.socket {
            Socket::Tcp(tcp) => {
                let (stream, peer) = tcp.accept().await?;
                // A failure costs speed, nothing else.
                let _ = stream.set_nodelay(true);
                Ok((Either::Left(stream), Some(Caller::Address(peer))))
            }
            Socket::Unix(unix) => {
                let stream = unix.accept().await?.0;
                // Of a client that has gone nobody needs to know it.
                let peer = stream.peer_cred().ok();
                let peer = peer.map(|peer| Caller::Uid(peer.uid()));
                Ok((Either::Right(stream), peer))
            }
        }
    }

    /// The address of a client that is no proxy of ours, where only those may come.
    fn foreign_peer(&self, peer: Option<Caller>) -> Option<IpAddr> {
        let Some(Caller::Address(peer)) = peer else {
            return None;
        };
        let peer = peer.ip().to_canonical();
        let is_proxy = self
            .behind_proxy
            .iter()
            .any(|network| network.contains(peer));
        (!self.behind_proxy.is_empty() && !is_proxy).then_some(peer)
    }
}

/// Answers the requests of one connection.
async fn answer<S>(
    stream: S,
    router: Router,
    (peer, foreign_peer): (Option<Caller>, Option<IpAddr>),
    stop: &CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        let handled = match foreign_peer {
            None => Ok(router.call(request)),
            Some(peer) => Err(forbidden(peer)),
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
fn forbidden(peer: IpAddr) -> Response {
    let error = format!(
        "{peer} is not in behind_proxy of this listener, which serves proxies that end TLS only; commands on its own host want their address there, too"
    );
    ApiError::new(StatusCode::FORBIDDEN, error).into_response()
}
