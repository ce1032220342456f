//! Is it alive, will it take mail, what has it counted.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use super::Parts;
use crate::http::Failure;
use crate::masking::ParticipantId;

/// The process answers.
// Looks at nothing: a process that answers must not be restarted because a disk is full.
#[utoipa::path(get, path = "/healthz", responses((status = 200, description = "the process answers")))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Spool and directory would take a message now.
#[utoipa::path(get, path = "/readyz", responses(
    (status = 200, description = "mail would be taken"),
    (status = 503, description = "mail would be answered 4xx; the sentence says why", body = Failure),
))]
pub(super) async fn readyz(State(parts): State<Arc<Parts>>) -> Result<&'static str, Failure> {
    parts
        .spool
        .ready()
        .map_err(|error| Failure::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    // Any id will do: the question is whether an answer comes.
    let nobody = ParticipantId::parse("0").map_err(|error| Failure::bad(error.to_string()))?;
    parts.directory.participant(&nobody).await?;
    Ok("ready\n")
}

/// All metrics in Prometheus' text form.
#[utoipa::path(get, path = "/metrics", responses((status = 200, description = "Prometheus text exposition format")))]
pub(super) async fn metrics(State(parts): State<Arc<Parts>>) -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4")],
        parts.metrics.render(),
    )
}
