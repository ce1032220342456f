//! Documents of blocked messages, for the marketplace: what waits, and that it was taken.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};

use super::AdminContext;
use super::operator::operator;
use crate::http::{ApiError, Peer};
use crate::mail::QueueId;
use crate::queue::{ListedDocument, QueueAction, QueueActionError};

/// The documents that wait to be handed over or taken, in the order in which their messages came. Their files lie under `data_dir/documents`, as
/// `TRANSACTION/SHA256.pdf`, where `[handover]` names no other place.
#[utoipa::path(get, path = "/v1/documents", responses(
    (status = 200, body = Vec<ListedDocument>),
    (status = 503, description = "the server is being stopped", body = ApiError),
))]
pub(super) async fn list(
    State(context): State<Arc<AdminContext>>,
) -> Result<Json<Vec<ListedDocument>>, ApiError> {
    Ok(Json(context.queue.documents().await?))
}

/// The marketplace has taken a document: it is handed over, and its file goes. Once all of a message were taken, that does not reach the buyer any more.
#[utoipa::path(post, path = "/v1/documents/{id}/taken", params(("id" = String, Path)), responses(
    (status = 200, description = "done, and durable"),
    (status = 404, description = "no such document waits: it was taken, or the message released", body = ApiError),
    (status = 409, description = "its message is being worked on now", body = ApiError),
))]
pub(super) async fn taken(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Path(document): Path<String>,
) -> Result<Json<()>, ApiError> {
    let absent = || {
        let error =
            format!("no document {document:?} waits: it was taken, or its message released");
        ApiError::new(StatusCode::NOT_FOUND, error)
    };
    let (id, number) = document.rsplit_once('-').ok_or_else(absent)?;
    let id: QueueId = id.parse().map_err(|_| absent())?;
    let number: usize = number.parse().map_err(|_| absent())?;
    let (taken, by) = (QueueAction::Taken(number), operator(&context, peer));
    match context.queue.act(id, taken, &by).await {
        Err(QueueActionError::NoSuchEntry(_)) => Err(absent()),
        done => Ok(Json(done?)),
    }
}
