//! The queue, for operators.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::AdminContext;
use super::operator::operator;
use crate::http::{ApiError, Peer};
use crate::mail::QueueId;
use crate::queue::{ListedEntry, QueueAction, QueueActionError};
use crate::spool::SpoolError;

// 409 for an entry that is being delivered: what was asked for may come too late, and only another try can tell.
impl From<QueueActionError> for ApiError {
    fn from(error: QueueActionError) -> Self {
        let status = match &error {
            QueueActionError::NoSuchEntry(_) => StatusCode::NOT_FOUND,
            QueueActionError::Busy(_) | QueueActionError::Damaged(_) => StatusCode::CONFLICT,
            QueueActionError::Spool(_) | QueueActionError::Stopped => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        Self::new(status, error.to_string())
    }
}

/// A spooled message.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Exported)]
pub struct ExportedMessage {
    /// Its bytes in base64 (RFC 4648): masked, as it would be delivered. Of a damaged one what is left of them.
    pub message: String,
}

/// A queue id of the path; 422 if it has no such form.
fn id(text: &str) -> Result<QueueId, ApiError> {
    text.parse()
        .map_err(|_| ApiError::bad(format!("{text:?} is no queue id")))
}

/// Everything that waits, by id.
#[utoipa::path(get, path = "/v1/queue", responses((status = 200, body = Vec<ListedEntry>)))]
pub(super) async fn list(State(context): State<Arc<AdminContext>>) -> Json<Vec<ListedEntry>> {
    Json(context.queue.list().await)
}

/// Does something with one entry: `retry`, `hold`, `release`, `fail` or `drop`.
#[utoipa::path(post, path = "/v1/queue/{id}/{action}", params(("id" = String, Path), ("action" = String, Path)), responses(
    (status = 200, description = "done, and durable"),
    (status = 404, description = "no such entry", body = ApiError),
    (status = 409, description = "it is being delivered now, or is damaged", body = ApiError),
))]
pub(super) async fn act(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Path((entry, word)): Path<(String, String)>,
) -> Result<Json<()>, ApiError> {
    let action = QueueAction::from_str(&word)
        .map_err(|error| ApiError::new(StatusCode::NOT_FOUND, error))?;
    let by = operator(&context, peer);
    context.queue.act(id(&entry)?, action, &by).await?;
    Ok(Json(()))
}

/// The message of one entry, masked as it would be delivered.
#[utoipa::path(get, path = "/v1/queue/{id}/message", params(("id" = String, Path)), responses(
    (status = 200, body = ExportedMessage),
    (status = 404, description = "no such entry", body = ApiError),
    (status = 503, description = "the log cannot be read", body = ApiError),
))]
pub(super) async fn export(
    State(context): State<Arc<AdminContext>>,
    Path(entry): Path<String>,
) -> Result<Json<ExportedMessage>, ApiError> {
    // As it was committed, which is how it would leave: no address is looked up for this.
    let id = id(&entry)?;
    let body = match context.spool.body(id).await {
        // Of one that is listed as damaged what is left is all that there is. One that is found to be so only now is told: nobody is to take it for whole.
        Err(error @ (SpoolError::NoSuchEntry(_) | SpoolError::Damaged(_))) => {
            let quarantine = context.spool.quarantine();
            let left = tokio::task::spawn_blocking(move || quarantine.bytes(id)).await;
            match left {
                Ok(Ok(Some(bytes))) => Ok(bytes.into()),
                _ => Err(error),
            }
        }
        body => body,
    };
    let body = body.map_err(|error| match error {
        SpoolError::NoSuchEntry(_) => ApiError::new(StatusCode::NOT_FOUND, error.to_string()),
        _ => ApiError::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
    })?;
    Ok(Json(ExportedMessage {
        message: data_encoding::BASE64.encode(&body),
    }))
}
