//! Destinations to which nothing is delivered for now: suspended, resumed, listed.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::AdminContext;
use super::operator::operator;
use super::queue::domain;
use crate::config;
use crate::http::{ApiError, Peer};
use crate::queue::{ResumedDestination, SuspendedDestination};

/// For how long.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewSuspension {
    /// A whole number with one unit, as `2h`; null or absent: until it is resumed.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub span: Option<String>,
}

/// Every suspended destination, by name.
#[utoipa::path(get, path = "/v1/suspensions", responses((status = 200, body = [SuspendedDestination])))]
pub(super) async fn list(
    State(context): State<Arc<AdminContext>>,
) -> Json<Vec<SuspendedDestination>> {
    Json(context.queue.suspended().await)
}

/// Suspends the destination of exactly this domain; attempts under way come to their end.
#[utoipa::path(put, path = "/v1/suspensions/{domain}", params(("domain" = String, Path)), request_body = NewSuspension, responses(
    (status = 200, description = "done, durably; a suspension of before is replaced", body = SuspendedDestination),
    (status = 422, description = "no domain, or no duration", body = ApiError),
    (status = 503, description = "the state store does not take it", body = ApiError),
))]
pub(super) async fn suspend(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Path(name): Path<String>,
    Json(new): Json<NewSuspension>,
) -> Result<Json<SuspendedDestination>, ApiError> {
    let domain = domain(&name)?;
    let span = new.span.as_deref().map(config::duration).transpose();
    let span = span.map_err(ApiError::bad)?;
    let by = operator(&context, peer);
    Ok(Json(context.queue.suspend(domain, span, &by).await?))
}

/// Resumes a destination: what waits for it is tried at once.
#[utoipa::path(delete, path = "/v1/suspensions/{domain}", params(("domain" = String, Path)), responses(
    (status = 200, description = "done, durably", body = ResumedDestination),
    (status = 404, description = "it is not suspended", body = ApiError),
    (status = 503, description = "the state store does not take it: it is resumed until the next start only", body = ApiError),
))]
pub(super) async fn resume(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Path(name): Path<String>,
) -> Result<Json<ResumedDestination>, ApiError> {
    let domain = domain(&name)?;
    let by = operator(&context, peer);
    let resumed = context.queue.resume(domain.clone(), &by).await?;
    resumed.map(Json).ok_or_else(|| {
        let error =
            format!("{domain} is not suspended; `allegromail queue suspended` lists what is");
        ApiError::new(StatusCode::NOT_FOUND, error)
    })
}
