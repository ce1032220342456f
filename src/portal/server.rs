//! The router: all paths behind a token, every failure in one form, and their description.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{Problem, with_problem_body};
use super::service::{PortalContext, PortalService};
use super::{
    caller, described, downloads, feed, messages, reports, sessions, settings, threads, uploads,
    writing,
};
use crate::http::{self, Listener};

/// Octets of a body of JSON: a text of 64 KiB whose every letter is escaped, and what stands around it.
const MAX_BODY: usize = 512 * 1024;
/// How long a request may take from its head to the head of its answer.
const WHOLE: Duration = Duration::from_secs(30);
/// The same for a file.
const WHOLE_UPLOAD: Duration = Duration::from_secs(300);
/// Where files go.
const UPLOAD: &str = "/center/v1/files";
/// The path of the description.
const DESCRIPTION: &str = "/center/v1/openapi.json";

/// Answers requests until `shutdown`; requests under way are finished, and streams end.
pub async fn serve(listener: Listener, context: PortalContext, shutdown: CancellationToken) {
    let service = Arc::new(PortalService::new(context, shutdown.clone()));
    let news = service.clone();
    let bell = tokio::spawn(async move { news.streams.listen(&news.parts.news, &news.stop).await });
    listener.serve(router(service), shutdown).await;
    bell.abort();
}

/// All paths. There is none without a token.
pub(super) fn router(service: Arc<PortalService>) -> Router {
    let (router, description) = OpenApiRouter::new()
        .routes(routes!(feed::events))
        .routes(routes!(feed::stream))
        .routes(routes!(threads::list))
        .routes(routes!(threads::one))
        .routes(routes!(threads::mark_read))
        .routes(routes!(threads::unread))
        .routes(routes!(messages::list, writing::answer))
        .routes(routes!(writing::begin))
        .routes(routes!(messages::one, messages::delete))
        .routes(routes!(reports::report))
        .routes(routes!(settings::read, settings::write))
        .routes(routes!(downloads::raw))
        .routes(routes!(downloads::file))
        .layer(middleware::from_fn_with_state(
            http::JSON,
            http::require_content_type,
        ))
        // Whose body is anything, and has limits of its own.
        .routes(routes!(uploads::upload))
        .routes(routes!(sessions::open))
        .split_for_parts();
    let description = Json(described::finished(description));
    let router = router
        .route(
            "/center/v1/openapi.json",
            axum::routing::get(move || async move { description.clone() }),
        )
        // Named, so that the layers are around it, too.
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(middleware::from_fn_with_state(
            service.clone(),
            caller::require_token,
        ))
        .layer(middleware::from_fn_with_state(
            service.parts.guard.clone(),
            http::require_own_name,
        ))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(service);
    let words = http::ErrorWords {
        max_body: MAX_BODY,
        description: DESCRIPTION,
    };
    // Around the whole and not a layer of it: the methods that a path takes are told outside of its layers only.
    Router::new()
        .fallback_service(router)
        .layer(middleware::from_fn_with_state(words, http::with_error_body))
        .layer(middleware::from_fn(with_problem_body))
        .layer(middleware::from_fn(bounded))
}

/// Answers in time, counts, and lets nobody on the way keep an answer.
async fn bounded(request: Request, next: Next) -> Response {
    let whole = match request.uri().path() == UPLOAD && request.method() == Method::POST {
        true => WHOLE_UPLOAD,
        false => WHOLE,
    };
    let answer = tokio::time::timeout(whole, next.run(request)).await;
    let mut answer = answer.unwrap_or_else(|_| {
        let detail = "the request took too long; send it in one go";
        Problem::new(StatusCode::REQUEST_TIMEOUT, detail).into_response()
    });
    let status = answer.status();
    let result = match status {
        StatusCode::UNAUTHORIZED => "token",
        StatusCode::TOO_MANY_REQUESTS => "budget",
        status if status.is_server_error() => "unavailable",
        status if status.is_client_error() => "refused",
        _ => "done",
    };
    metrics::counter!("allegromail_center_requests_total", "result" => result).increment(1);
    // What is kept is asked for again, by its tag; a failure is not kept at all.
    let cache = if status.is_success() || status == StatusCode::NOT_MODIFIED {
        "private, no-cache"
    } else {
        "no-store"
    };
    let cache = HeaderValue::from_static(cache);
    answer.headers_mut().insert(CACHE_CONTROL, cache);
    answer
}
