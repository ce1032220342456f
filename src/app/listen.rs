//! Binds the sockets that the configuration names.
//! Nothing is served until every one of them is bound.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;

use super::StartError;
use crate::admin;
use crate::config::{Admin, AdminListen, Smtp};
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

/// The socket of `[admin] listen`, and how it is printed.
pub(super) async fn admin(
    admin: Option<&Admin>,
) -> Result<Option<(admin::Listener, String)>, StartError> {
    let failed = |error: std::io::Error| StartError::because("[admin] listen", error);
    Ok(match admin.map(|admin| &admin.listen) {
        None => None,
        Some(AdminListen::Tcp(address)) => {
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            let bound = listener.local_addr().map_err(failed)?;
            Some((admin::Listener::Tcp(listener), bound.to_string()))
        }
        Some(AdminListen::Unix(path)) => {
            remove_stale_socket(path);
            let listener = UnixListener::bind(path).map_err(failed)?;
            Some((admin::Listener::Unix(listener), path.display().to_string()))
        }
    })
}

/// A socket file that nobody answers on is left from a run that was killed. One that is answered on stays, and binding fails.
fn remove_stale_socket(path: &Path) {
    if std::os::unix::net::UnixStream::connect(path).is_err() {
        // Not there, or not ours to remove: binding will say so.
        let _ = std::fs::remove_file(path);
    }
}

/// Serves the admin interface until `shutdown`.
pub(super) async fn serve(
    listener: admin::Listener,
    parts: admin::Parts,
    shutdown: CancellationToken,
) {
    // Mail goes on without it.
    if let Err(error) = admin::serve(listener, Arc::new(parts), shutdown).await {
        tracing::error!(event = "admin_failed", %error);
    }
}
