//! The allowlist in the running server: what is in force, what a reload changed, and who changed it when.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::AdminContext;
use crate::http::{ApiError, Peer};
use crate::in_force::{Generation, What};
use crate::mail::Timestamp;

/// What a reload changed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AllowlistDiff {
    /// Entries in force now.
    pub entries: usize,
    /// Entries that are new.
    pub added: Vec<String>,
    /// Entries that are gone.
    pub removed: Vec<String>,
    /// Duplicates and other things worth mending.
    pub warnings: Vec<String>,
    /// The number of the set in force, from 1 on; 0 where none is noted.
    #[serde(default)]
    pub generation: u64,
    /// SHA-256 of its entries, sorted, one a line, in hexadecimal.
    #[serde(default)]
    pub digest: String,
}

/// The entries in force.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AllowlistEntries {
    /// The number of the set in force, from 1 on; 0 where none is noted.
    pub generation: u64,
    /// SHA-256 of its entries, sorted, one a line, in hexadecimal.
    pub digest: String,
    /// The entries, sorted.
    pub entries: Vec<String>,
}

/// What a reload came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AllowlistGeneration {
    /// When, RFC 3339; of several refusals alike the last one.
    pub time: String,
    /// The same and the rest, as it is kept.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub line: Generation,
}

impl From<Generation> for AllowlistGeneration {
    fn from(line: Generation) -> Self {
        let time = Timestamp(line.at).to_rfc3339_millis();
        Self { time, line }
    }
}

/// Reads the allowlist files again; a broken set changes nothing.
#[utoipa::path(post, path = "/v1/allowlist/reload", responses(
    (status = 200, body = AllowlistDiff),
    (status = 422, description = "every error with file and line; the old set stays", body = ApiError),
))]
pub(super) async fn reload(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
) -> Result<Json<AllowlistDiff>, ApiError> {
    let reload = context.reload.clone();
    let outcomes = beside(move || reload(What::Allowlist, &peer.to_string())).await?;
    match outcomes.into_iter().next() {
        Some(broken) if !broken.done => Err(ApiError::bad(broken.text)),
        Some(done) => Ok(Json(done.allowlist.unwrap_or_default())),
        None => Ok(Json(AllowlistDiff::default())),
    }
}

/// How many entries are in force, and which set that is.
#[utoipa::path(get, path = "/v1/allowlist", responses((status = 200, body = AllowlistDiff)))]
pub(super) async fn get(
    State(context): State<Arc<AdminContext>>,
) -> Result<Json<AllowlistDiff>, ApiError> {
    let told = beside(move || {
        let (set, generation) = context.in_force.allowlist();
        AllowlistDiff {
            entries: set.len(),
            generation,
            digest: set.digest(),
            ..AllowlistDiff::default()
        }
    });
    told.await.map(Json)
}

/// The entries in force.
#[utoipa::path(get, path = "/v1/allowlist/entries", responses((status = 200, body = AllowlistEntries)))]
pub(super) async fn entries(
    State(context): State<Arc<AdminContext>>,
) -> Result<Json<AllowlistEntries>, ApiError> {
    let told = beside(move || {
        let (set, generation) = context.in_force.allowlist();
        AllowlistEntries {
            generation,
            digest: set.digest(),
            entries: set.texts().into_iter().collect(),
        }
    });
    told.await.map(Json)
}

/// What came into force when, by whom, and what was refused: the newest first, at most 1,000.
#[utoipa::path(get, path = "/v1/allowlist/history", responses((status = 200, body = Vec<AllowlistGeneration>)))]
pub(super) async fn history(
    State(context): State<Arc<AdminContext>>,
) -> Result<Json<Vec<AllowlistGeneration>>, ApiError> {
    let lines = beside(move || context.in_force.generations()).await?;
    Ok(Json(lines.into_iter().map(Into::into).collect()))
}

/// Runs `work`, which reads files or waits for a reload, where nobody waits for the thread.
async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}
