//! Reading again, in the running server, all that it reads while it runs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::{AdminContext, AllowlistDiff};
use crate::http::{ApiError, Peer};
use crate::in_force::What;

/// What came of one thing that was read again.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reloaded {
    /// `allowlist`, `content rules`, `dkim keys`, `certificates`, `trust roots` or `configuration`.
    pub what: String,
    /// Whether the new one is in force; if not, the old one is.
    pub done: bool,
    /// What is in force now, or every error with its place; may be empty.
    pub text: String,
    /// Of an allowlist in force: what it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowlist: Option<AllowlistDiff>,
    /// Of the configuration: keys that have other values in the file than in the server, which takes them over at a restart only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restart: Vec<String>,
}

/// Reads all of it again, or a part, for whom the text names. Reads files and tries every example.
pub type Reload = Arc<dyn Fn(What, &str) -> Vec<Reloaded> + Send + Sync>;

/// Reads allowlist, content rules, DKIM keys, certificates and trust roots again, each by itself; what is broken changes nothing. Then says which keys of
/// the configuration file need a restart.
#[utoipa::path(post, path = "/v1/reload", responses(
    (status = 200, description = "what came of each; `done` is false where the old one stays in force", body = Vec<Reloaded>),
))]
pub(super) async fn reload(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
) -> Result<Json<Vec<Reloaded>>, ApiError> {
    let reload = context.reload.clone();
    let outcomes = tokio::task::spawn_blocking(move || reload(What::All, &peer.to_string())).await;
    outcomes
        .map(Json)
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}
