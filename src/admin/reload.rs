//! Reading again, in the running server, all that it reads while it runs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::AdminContext;
use crate::http::ApiError;

/// What came of one thing that was read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reloaded {
    /// `allowlist`, `content rules`, `dkim keys`, `certificates` or `trust roots`.
    pub what: String,
    /// Whether the new one is in force; if not, the old one is.
    pub done: bool,
    /// What is in force now, or every error with its place; may be empty.
    pub text: String,
}

/// Reads all of it again. Reads files and tries every example.
pub type Reload = Arc<dyn Fn() -> Vec<Reloaded> + Send + Sync>;

/// Reads allowlist, content rules, DKIM keys, certificates and trust roots again, each by itself; what is broken changes nothing.
#[utoipa::path(post, path = "/v1/reload", responses(
    (status = 200, description = "what came of each; `done` is false where the old one stays in force", body = Vec<Reloaded>),
))]
pub(super) async fn reload(
    State(context): State<Arc<AdminContext>>,
) -> Result<Json<Vec<Reloaded>>, ApiError> {
    let reload = context.reload.clone();
    let outcomes = tokio::task::spawn_blocking(move || reload()).await;
    outcomes
        .map(Json)
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}
