//! Transactions of the marketplace.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};

use super::AdminContext;
use super::operator::operator;
use crate::directory::{Change, Transaction};
use crate::http::{ApiError, Peer};
use crate::masking::TransactionId;

/// An id of the path; 422 if it has no such form.
fn id(text: &str) -> Result<TransactionId, ApiError> {
    TransactionId::parse(text).map_err(|error| ApiError::bad(error.to_string()))
}

/// A transaction and its parties.
#[utoipa::path(get, path = "/v1/transactions/{id}", params(("id" = String, Path)), responses(
    (status = 200, description = "the transaction, in the form of an import line without `type`"),
    (status = 404, body = ApiError),
))]
pub(super) async fn get_transaction(
    State(context): State<Arc<AdminContext>>,
    Path(text): Path<String>,
) -> Result<Json<Transaction>, ApiError> {
    let found = context.directory.transaction(&id(&text)?).await?;
    found
        .map(|transaction| Json((*transaction).clone()))
        .ok_or_else(|| ApiError::not_found("transaction"))
}

/// Adds a transaction or replaces it.
#[utoipa::path(put, path = "/v1/transactions/{id}", params(("id" = String, Path)), responses(
    (status = 204, description = "done, durably"),
    (status = 422, body = ApiError),
))]
pub(super) async fn put_transaction(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Path(text): Path<String>,
    Json(transaction): Json<Transaction>,
) -> Result<StatusCode, ApiError> {
    // A slip in a script would otherwise replace another transaction.
    if transaction.id != id(&text)? {
        return Err(ApiError::bad(
            "the id in the path and the one in the body differ",
        ));
    }
    // Mail about it would come back to its writer, masked.
    if transaction.buyer == transaction.seller {
        return Err(ApiError::bad("buyer and seller are the same participant"));
    }
    let id = transaction.id.clone();
    context.apply(Change::PutTransaction(transaction)).await?;
    let by = operator(&context, peer);
    tracing::info!(event = "transaction_changed", transaction = %id, change = "put", by);
    Ok(StatusCode::NO_CONTENT)
}
