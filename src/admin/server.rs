//! The router: which paths there are, and what a request must have for which of them.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::rejection::MAX_BODY;
use super::{accounts, explain, health, orders, queue, rejection, upkeep};
use crate::allowlist::Live;
use crate::directory::{Change, Directory, Rules};
use crate::history::History;
use crate::http::Failure;
use crate::http::{self, Guard, Listener};
use crate::intake::Intake;
use crate::observe::Metrics;
use crate::queue::QueueClient;
use crate::spool::Spool;

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
    pub queue: QueueClient,
    /// The lives of messages.
    pub history: Arc<History>,
    /// Counters.
    pub metrics: Metrics,
    /// The bearer token; none: whoever reaches the listener may ask.
    pub token: Option<String>,
    /// The names of the listener, and whose pages may ask.
    pub guard: Guard,
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

/// Answers requests until `shutdown`; requests under way are finished.
pub async fn serve(listener: Listener, parts: Arc<Parts>, shutdown: CancellationToken) {
    listener.serve(router(parts), shutdown).await;
}

/// What the description says of all paths.
const ABOUT: &str = "Every failure has the form of `Failure`. But for `/healthz` and `/readyz`, a request names this server in one Host field (an IP address, localhost, \
the hostname or one of `[admin] hosts`; else 400 or 421), comes from no page of another site (Origin and Sec-Fetch-Site; else 403), and shows the token where there is \
one (else 401). A body has its Content-Type (else 415). Behind a proxy, 403 for whoever is not one of `[admin] behind_proxy`.";

/// All paths. Those above the layers want token and name; what is merged below them does not.
fn router(parts: Arc<Parts>) -> Router {
    let typed = |kind: &'static str| middleware::from_fn_with_state(kind, http::want_body_type);
    let lines = OpenApiRouter::new()
        .routes(routes!(upkeep::import))
        .layer(typed(http::NDJSON));
    // A health check of a supervisor or a load balancer has no token and another name for us, and learns only whether mail is taken.
    let health = OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz));
    let (health, healthy) = health.split_for_parts();
    let (router, mut description) = OpenApiRouter::new()
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
        .routes(routes!(upkeep::reload_allowlist))
        .routes(routes!(upkeep::get_allowlist))
        .routes(routes!(explain::explain))
        .routes(routes!(queue::list))
        .routes(routes!(queue::order))
        .routes(routes!(queue::export))
        .routes(routes!(queue::trace))
        .layer(typed(http::JSON))
        .merge(lines)
        .split_for_parts();
    description.merge(healthy);
    description.info.description = Some(ABOUT.to_owned());
    let description = Json(description);
    let router = router
        .route(
            "/v1/openapi.json",
            axum::routing::get(move || async move { description.clone() }),
        )
        // Named, so that the layers are around it, too.
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(middleware::from_fn_with_state(parts.clone(), want_token))
        .layer(middleware::from_fn_with_state(
            parts.guard.clone(),
            http::want_our_name,
        ))
        .merge(health)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(parts);
    // Around the whole and not a layer of it: the methods that a path takes are told outside of its layers only.
    Router::new()
        .fallback_service(router)
        .layer(middleware::from_fn(rejection::in_our_form))
}

/// Lets a request pass that has the token, or any where none is configured: the configuration then allows a unix socket, or loopback on request.
async fn want_token(State(parts): State<Arc<Parts>>, request: Request, next: Next) -> Response {
    match &parts.token {
        Some(token) if !http::is_token(request.headers(), token) => {
            let error = "a bearer token is wanted: Authorization: Bearer and what stands in [admin] token_file";
            Failure::new(StatusCode::UNAUTHORIZED, error).into_response()
        }
        _ => next.run(request).await,
    }
}
