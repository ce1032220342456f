//! The router, the token, and the listener: TCP or a unix socket.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::failure::Failure;
use super::{accounts, explain, health, orders, queue, rejection, upkeep};
use crate::allowlist::Live;
use crate::directory::{Change, Directory, Rules};
use crate::history::History;
use crate::inbound::Intake;
use crate::observe::Metrics;
use crate::queue::Controls;
use crate::spool::Spool;

/// The largest request body in octets: a batch of import lines, or the largest message in base64 that `explain` is asked about.
pub(super) const MAX_BODY: usize = 64 * 1024 * 1024;

/// What the handlers work on.
pub struct Parts {
    /// Accounts and transactions.
    pub directory: Arc<dyn Directory>,
    /// What a record must satisfy.
    pub rules: Rules,
    /// The couriers.
    pub allowlist: Arc<Live>,
    /// Who decides.
    pub intake: Arc<Intake>,
    /// Accepted mail.
    pub spool: Arc<dyn Spool>,
    /// What waits for delivery.
    pub queue: Controls,
    /// The lives of messages.
    pub history: Arc<History>,
    /// Counters.
    pub metrics: Metrics,
    /// The bearer token; none: whoever reaches the listener may ask.
    pub token: Option<String>,
    /// One change at a time: reading an account, changing it and putting it back must not interleave.
    pub changes: Mutex<()>,
}

impl Parts {
    /// Applies one change.
    pub(super) async fn apply(&self, change: Change) -> Result<(), Failure> {
        // Durable when it returns: 204 is a promise like 250.
        for result in self.directory.apply(vec![change]).await? {
            result?;
        }
        Ok(())
    }
}

/// Where the interface listens, bound.
pub enum Listener {
    /// A TCP address.
    Tcp(TcpListener),
    /// A unix socket.
    Unix(UnixListener),
}

/// Answers requests until `shutdown`; requests under way are finished.
///
/// # Errors
/// The listener broke.
pub async fn serve(
    listener: Listener,
    parts: Arc<Parts>,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    let router = router(parts);
    let stop = shutdown.cancelled_owned();
    match listener {
        Listener::Tcp(tcp) => axum::serve(tcp, router).with_graceful_shutdown(stop).await,
        Listener::Unix(unix) => axum::serve(unix, router).with_graceful_shutdown(stop).await,
    }
}

/// All paths. Those above the layer want the token; what is merged below it does not.
fn router(parts: Arc<Parts>) -> Router {
    let (router, description) = OpenApiRouter::new()
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(
            accounts::get_participant,
            accounts::put_participant,
            accounts::delete_participant
        ))
        .routes(routes!(accounts::get_mask))
        .routes(routes!(accounts::get_holder))
        .routes(routes!(accounts::put_address, accounts::delete_address))
        .routes(routes!(orders::get_transaction, orders::put_transaction))
        .routes(routes!(upkeep::import))
        .routes(routes!(upkeep::reload_allowlist))
        .routes(routes!(upkeep::get_allowlist))
        .routes(routes!(explain::explain))
        .routes(routes!(queue::list))
        .routes(routes!(queue::order))
        .routes(routes!(queue::export))
        .routes(routes!(queue::trace))
        .split_for_parts();
    let description = Json(description);
    let router = router
        .route(
            "/v1/openapi.json",
            axum::routing::get(move || async move { description.clone() }),
        )
        .layer(middleware::from_fn_with_state(parts.clone(), want_token))
        // A health check of a supervisor or a load balancer has no token, and learns only that the process is there.
        .merge(
            OpenApiRouter::<Arc<Parts>>::new()
                .routes(routes!(health::healthz))
                .split_for_parts()
                .0,
        )
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(parts);
    // Around the whole and not a layer of it: the methods that a path takes are told outside of its layers only.
    Router::new()
        .fallback_service(router)
        .layer(middleware::from_fn(rejection::in_our_form))
}

/// Lets a request pass that has the token, or any where none is configured: the configuration then allows loopback and unix sockets only.
async fn want_token(State(parts): State<Arc<Parts>>, request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let given = given
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    match &parts.token {
        Some(token)
            if aws_lc_rs::constant_time::verify_slices_are_equal(
                token.as_bytes(),
                given.as_bytes(),
            )
            .is_err() =>
        {
            let error = "a bearer token is wanted: Authorization: Bearer and what stands in [admin] token_file";
            Failure::new(StatusCode::UNAUTHORIZED, error).into_response()
        }
        _ => next.run(request).await,
    }
}
