//! Binds the sockets that the configuration names.
//! Nothing is served until every one of them is bound.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::StartError;
use crate::config::{HttpConfig, Smtp};
use crate::http::Listener;
use crate::inbound::{self, Door};

/// The sockets of `[smtp] listen` and `proxy_listen`. The first that cannot be bound ends the start: a relay that listens in half of its places
/// would go unnoticed.
pub(super) fn smtp(smtp: &Smtp) -> Result<Vec<(TcpListener, Door)>, StartError> {
    let bind = |(address, door): (&SocketAddr, Door)| {
        let key = match door {
            Door::Open => "listen",
            Door::Proxied => "proxy_listen",
        };
        let failed = |error| StartError::because(&format!("[smtp] {key} {address}"), error);
        inbound::bind(*address)
            .map(|listener| (listener, door))
            .map_err(failed)
    };
    let open = smtp.listen.iter().map(|address| (address, Door::Open));
    let proxied = smtp.proxy_listen.iter();
    let proxied = proxied.map(|address| (address, Door::Proxied));
    open.chain(proxied).map(bind).collect()
}

/// The listener of a table with its certificate.
pub(super) async fn http(table: &str, http: &HttpConfig) -> Result<Listener, StartError> {
    let failed = |error| StartError::because(&format!("[{table}] listen"), error);
    Listener::bind(http).await.map_err(failed)
}
