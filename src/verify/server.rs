//! The router: two questions and their description, all of them behind a token.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use tokio_util::sync::CancellationToken;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::questions;
use super::refusal::Refusal;
use super::service::{VerifyContext, VerifyService};
use crate::http::{self, Listener};

/// The largest request body in bytes: a hundred addresses of the greatest length, twice.
const MAX_BODY: usize = 64 * 1024;
/// What sentences about requests name.
const ERROR_WORDS: http::ErrorWords = http::ErrorWords {
    max_body: MAX_BODY,
    description: "/v1/openapi.json",
};
/// How long a request may take from its head to its answer: a body that never ends must not keep its connection. As long as a head may take.
const WHOLE: Duration = Duration::from_secs(30);

/// Answers requests until `shutdown`; requests under way are finished.
pub async fn serve(listener: Listener, context: VerifyContext, shutdown: CancellationToken) {
    listener.serve(router(context), shutdown).await;
}

/// What the description says of all paths.
const ABOUT: &str = "Whether a masked address stands for an order. Every failure has the form of `Failure`. A request shows the token that the marketplace has issued \
(else 401: the same for no token, a wrong one and one that is good no more), names this server in one Host field (else 400 or 421), comes from no page of another site \
(else 403) and is there within 30 seconds (else 408). A body is JSON of at most 64 KiB (else 415 or 413). Addresses that are unknown have a budget for each token; \
while less is left of it than a request has addresses the request is answered 429, whatever they stand for.";

/// All paths. There is none without a token.
pub(super) fn router(context: VerifyContext) -> Router {
    let service = Arc::new(VerifyService::new(context));
    let (router, mut description) = OpenApiRouter::new()
        .routes(routes!(questions::verify, questions::verify_all))
        .layer(middleware::from_fn_with_state(
            http::JSON,
            http::require_content_type,
        ))
        .split_for_parts();
    description.info.title = "allegromail: orders for carriers".to_owned();
    description.info.description = Some(ABOUT.to_owned());
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    description
        .components
        .get_or_insert_default()
        .add_security_scheme("token", SecurityScheme::Http(bearer));
    let description = Json(description);
    let router = router
        .route(
            "/v1/openapi.json",
            axum::routing::get(move || async move { description.clone() }),
        )
        // Named, so that the layers are around it, too.
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(middleware::from_fn_with_state(
            service.clone(),
            require_token,
        ))
        .layer(middleware::from_fn_with_state(
            service.parts.guard.clone(),
            http::require_own_name,
        ))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(service);
    // Around the whole and not a layer of it: the methods that a path takes are told outside of its layers only.
    Router::new()
        .fallback_service(router)
        .layer(middleware::from_fn_with_state(
            ERROR_WORDS,
            http::with_error_body,
        ))
        .layer(middleware::from_fn(bounded))
}

/// Lets a request pass whose token is good, and says whose it is.
async fn require_token(
    State(service): State<Arc<VerifyService>>,
    mut request: Request,
    next: Next,
) -> Response {
    let given = http::bearer(request.headers());
    let sets = service.parts.in_force.current();
    let now = service.parts.clock.now();
    match service.parts.tokens.asker(given, &sets.allowlist, now) {
        None => Refusal::Token.into_response(),
        Some(asker) => {
            request.extensions_mut().insert(asker);
            next.run(request).await
        }
    }
}

/// Answers within [`WHOLE`], counts what is refused, and lets nobody on the way keep an answer.
async fn bounded(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(WHOLE, next.run(request)).await;
    let mut answer = answer.unwrap_or_else(|_| Refusal::Slow.into_response());
    let cause = match answer.status() {
        StatusCode::UNAUTHORIZED => Some("token"),
        StatusCode::TOO_MANY_REQUESTS => Some("budget"),
        status if status.is_server_error() => Some("directory"),
        status if status.is_client_error() => Some("request"),
        _ => None,
    };
    if let Some(cause) = cause {
        metrics::counter!("allegromail_verify_refused_total", "cause" => cause).increment(1);
    }
    let fresh = HeaderValue::from_static("no-store");
    answer.headers_mut().insert(CACHE_CONTROL, fresh);
    answer
}
