//! The tokens with which carriers ask about orders.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::AdminContext;
use crate::allowlist::Entry;
use crate::http::{ApiError, Peer};
use crate::verify::{ShownToken, TokenError};

/// Whose token is to be made.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewToken {
    /// An entry of the allowlist in force, `@domain` or `local@domain`.
    pub entry: String,
}

/// A token that was made.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenMade {
    /// What it is revoked by.
    pub id: String,
    /// Its entry.
    #[schema(value_type = String)]
    pub entry: Entry,
    /// The token itself. It is told this once, and nothing that is kept leads to it.
    pub token: String,
}

/// Every token, revoked ones too, the oldest first.
#[utoipa::path(get, path = "/v1/tokens", responses((status = 200, body = [ShownToken])))]
pub(super) async fn list(State(context): State<Arc<AdminContext>>) -> Json<Vec<ShownToken>> {
    Json(context.tokens.list(&context.in_force.current().allowlist))
}

/// Makes a token for an entry of the allowlist in force.
#[utoipa::path(post, path = "/v1/tokens", request_body = NewToken, responses(
    (status = 200, description = "made, durably; the token is told this once", body = TokenMade),
    (status = 422, description = "no such entry is on the allowlist in force", body = ApiError),
    (status = 503, description = "the state store does not take it", body = ApiError),
))]
pub(super) async fn create(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Json(new): Json<NewToken>,
) -> Result<Json<TokenMade>, ApiError> {
    let entry: Entry = new
        .entry
        .trim()
        .parse()
        .map_err(|error: crate::allowlist::EntryError| ApiError::bad(error.to_string()))?;
    let (work, own) = (context.clone(), entry.clone());
    let (id, token) = beside(move || {
        let (sets, now) = (work.in_force.current(), work.clock.now());
        work.tokens
            .create(own, &sets.allowlist, &peer.to_string(), now)
    })
    .await?;
    Ok(Json(TokenMade { id, entry, token }))
}

/// Revokes a token, at once.
#[utoipa::path(delete, path = "/v1/tokens/{id}", params(("id" = String, Path)), responses(
    (status = 204, description = "done, durably; also if it was revoked before"),
    (status = 404, body = ApiError),
    (status = 503, description = "the state store does not take it: it is revoked until the next start only", body = ApiError),
))]
pub(super) async fn revoke(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    beside(move || {
        let now = context.clock.now();
        context.tokens.revoke(&id, &peer.to_string(), now)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Runs `work`, which waits for the disk, where nobody waits for the thread.
async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TokenError> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    let done =
        done.map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    done.map_err(|error| match error {
        TokenError::NoSuchEntry(_) => ApiError::bad(error.to_string()),
        TokenError::NoSuchToken => ApiError::not_found("token"),
        TokenError::Unavailable(unavailable) => unavailable.into(),
    })
}
