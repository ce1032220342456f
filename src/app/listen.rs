//! Binds the sockets that the configuration names.
//! Nothing is served until every one of them is bound.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::StartError;
use crate::certificate::Certificate;
use crate::config::{HttpConfig, Smtp};
use crate::http::Listener;
use crate::inbound::{self, ListenerKind};

/// The sockets of `[smtp] listen` and `proxy_listen`. The first that cannot be bound ends the start: a relay that listens in half of its places
/// would go unnoticed.
pub(super) fn smtp(smtp: &Smtp) -> Result<Vec<(TcpListener, ListenerKind)>, StartError> {
    let bind = |(address, kind): (&SocketAddr, ListenerKind)| {
        let key = match kind {
            ListenerKind::Open => "listen",
            ListenerKind::Proxied => "proxy_listen",
        };
        let failed = |error| StartError::because(&format!("[smtp] {key} {address}"), error);
        inbound::bind(*address)
            .map(|listener| (listener, kind))
            .map_err(failed)
    };
    let open = smtp
        .listen
        .iter()
        .map(|address| (address, ListenerKind::Open));
    let proxied = smtp.proxy_listen.iter();
    let proxied = proxied.map(|address| (address, ListenerKind::Proxied));
    open.chain(proxied).map(bind).collect()
}

/// The listener of a table with its certificate.
pub(super) async fn http(table: &str, http: &HttpConfig) -> Result<Listener, StartError> {
    let failed = |error| StartError::because(&format!("[{table}] listen"), error);
    Listener::bind(http).await.map_err(failed)
}

/// The certificates of those listeners that have one, to be loaded again.
pub(super) fn certificates(listeners: [Option<&Listener>; 3]) -> Vec<Arc<Certificate>> {
    let there = listeners.into_iter().flatten();
    there
        .filter_map(|listener| listener.certificate().cloned())
        .collect()
}

/// The addresses of all listeners of this kind.
pub(super) fn addresses(
    listeners: &[(TcpListener, ListenerKind)],
    kind: ListenerKind,
) -> Vec<SocketAddr> {
    let of_kind = listeners.iter().filter(|(_, own)| *own == kind);
    of_kind
        .filter_map(|(listener, _)| listener.local_addr().ok())
        .collect()
}
