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

use super::reload::Reload;
use super::tickets::TicketOffice;
use super::{
    accounts, allowlist, contents, documents, explain, health, loading, queue, reload, suspensions,
    tickets, tokens, trace, transactions,
};
use crate::backpressure::DocumentRoom;
use crate::clock::Clock;
use crate::directory::{self, Change, Directory, DriftWatch, RecordRules, UnknownParties};
use crate::history::History;
use crate::http::ApiError;
use crate::http::{self, Guard, Listener};
use crate::in_force::InForce;
use crate::intake::Intake;
use crate::observe::Metrics;
use crate::queue::QueueClient;
use crate::spool::Spool;
use crate::tokens::Tokens;

/// The largest request body in bytes: a batch of import lines, or the largest message in base64 that `explain` is asked about.
const MAX_BODY: usize = 64 * 1024 * 1024;
/// What sentences about requests name.
const ERROR_WORDS: http::ErrorWords = http::ErrorWords {
    max_body: MAX_BODY,
    description: "/v1/openapi.json",
};

/// What the handlers work on.
pub struct AdminContext {
    /// Reads again all that the server reads while it runs.
    pub reload: Reload,
    /// Accounts and transactions.
    pub directory: Arc<dyn Directory>,
    /// What a record must satisfy.
    pub rules: RecordRules,
    /// The couriers and the rules on contents.
    pub in_force: Arc<InForce>,
    /// Has the events for the marketplace.
    pub state: Arc<dyn directory::State>,
    /// Who decides.
    pub intake: Arc<Intake>,
    /// Accepted mail.
    pub spool: Arc<dyn Spool>,
    /// What waits for delivery.
    pub queue: QueueClient,
    /// What waits to be handed over to the marketplace, and since when.
    pub documents: Arc<DocumentRoom>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The tokens of carriers and participants.
    pub tokens: Arc<Tokens>,
    /// What signs participants in to the Message Center; none: they cannot reach one.
    pub tickets: Option<TicketOffice>,
    /// The lives of messages.
    pub history: Arc<History>,
    /// Since when nodes differ; none: there is one machine.
    pub drift: Option<Arc<DriftWatch>>,
    /// Counters.
    pub metrics: Metrics,
    /// The bearer token; none: whoever reaches the listener may ask.
    pub token: Option<String>,
    /// The names of the listener, and whose pages may ask.
    pub guard: Guard,
    /// One change at a time: reading an account, changing it and putting it back must not interleave.
    /// Whose turn it is has what the load under way has not brought yet.
    pub changes: Mutex<UnknownParties>,
}

impl AdminContext {
    /// Applies one change.
    pub(super) async fn apply(&self, change: Change) -> Result<(), ApiError> {
        // Durable when it returns: 204 is a promise like 250.
        for result in self.directory.apply(vec![change]).await? {
            result?;
        }
        Ok(())
    }
}

/// Answers requests until `shutdown`; requests under way are finished.
pub async fn serve(listener: Listener, context: Arc<AdminContext>, shutdown: CancellationToken) {
    listener.serve(router(context), shutdown).await;
}

/// What the description says of all paths.
const ABOUT: &str = "Every failure has the form of `Failure`. But for `/healthz` and `/readyz`, a request names this server in one Host field (an IP address, localhost, \
the hostname or one of `[admin] hosts`; else 400 or 421), comes from no page of another site (Origin and Sec-Fetch-Site; else 403), and shows the token where there is \
one (else 401). A body has its Content-Type (else 415). Behind a proxy, 403 for whoever is not one of `[admin] behind_proxy`.";

/// All paths. Those above the layers want token and name; what is merged below them does not.
fn router(context: Arc<AdminContext>) -> Router {
    let typed =
        |kind: &'static str| middleware::from_fn_with_state(kind, http::require_content_type);
    let lines = OpenApiRouter::new()
        .routes(routes!(loading::import))
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
        .routes(routes!(
            transactions::get_transaction,
            transactions::put_transaction
        ))
        .routes(routes!(reload::reload))
        .routes(routes!(allowlist::reload))
        .routes(routes!(allowlist::get))
        .routes(routes!(allowlist::entries))
        .routes(routes!(allowlist::history))
        .routes(routes!(contents::reload_rules))
        .routes(routes!(contents::get_rules))
        .routes(routes!(contents::events))
        .routes(routes!(explain::explain))
        .routes(routes!(documents::list))
        .routes(routes!(documents::taken))
        .routes(routes!(queue::list))
        .routes(routes!(queue::top))
        .routes(routes!(queue::counts))
        .routes(routes!(suspensions::list))
        .routes(routes!(suspensions::suspend, suspensions::resume))
        .routes(routes!(queue::act))
        .routes(routes!(queue::export))
        .routes(routes!(trace::trace))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(tickets::create))
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
        .layer(middleware::from_fn_with_state(
            context.clone(),
            require_token,
        ))
        .layer(middleware::from_fn_with_state(
            context.guard.clone(),
            http::require_own_name,
        ))
        .merge(health)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(context);
    // Around the whole and not a layer of it: the methods that a path takes are told outside of its layers only.
    Router::new()
        .fallback_service(router)
        .layer(middleware::from_fn_with_state(
            ERROR_WORDS,
            http::with_error_body,
        ))
}

/// Lets a request pass that has the token, or any where none is configured: the configuration then allows a unix socket, or loopback on request.
async fn require_token(
    State(context): State<Arc<AdminContext>>,
    request: Request,
    next: Next,
) -> Response {
    match &context.token {
        Some(token) if !http::has_token(request.headers(), token) => {
            let error = "a bearer token is wanted: Authorization: Bearer and what stands in [admin] token_file";
            ApiError::new(StatusCode::UNAUTHORIZED, error).into_response()
        }
        _ => next.run(request).await,
    }
}
