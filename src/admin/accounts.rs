//! Participants and their registered addresses.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::AdminContext;
use super::operator::operator;
use crate::directory::{self, Change, Participant};
use crate::http::{ApiError, Peer};
use crate::mail::Mailbox;
use crate::masking::{MaskId, ParticipantId};

/// An id of the path; 422 if it has no such form.
fn id(text: &str) -> Result<ParticipantId, ApiError> {
    ParticipantId::parse(text).map_err(|error| ApiError::bad(error.to_string()))
}

/// The account, or 404. A copy: handlers change it and put it back.
async fn find(context: &AdminContext, id: &ParticipantId) -> Result<Participant, ApiError> {
    let found = context.directory.participant(id).await?;
    found
        .map(|participant| (*participant).clone())
        .ok_or_else(|| ApiError::not_found("participant"))
}

/// Who changed an account, for the log: no address stands there.
fn changed(context: &AdminContext, peer: Peer, id: &ParticipantId, change: &str) {
    let by = operator(context, peer);
    tracing::info!(event = "participant_changed", participant = %id, change, by);
}

/// Who was shown real addresses.
fn shown(context: &AdminContext, peer: Peer, id: &ParticipantId) {
    let by = operator(context, peer);
    tracing::info!(event = "participant_shown", participant = %id, by);
}

/// Puts an account if it satisfies the rules of an import; the same ones, or data could come in here that no export can bring back.
async fn put(context: &AdminContext, participant: Participant) -> Result<(), ApiError> {
    directory::check(&participant, &context.rules).map_err(ApiError::bad)?;
    context.apply(Change::PutParticipant(participant)).await
}

/// An account with its real addresses.
#[utoipa::path(get, path = "/v1/participants/{id}", params(("id" = String, Path)), responses(
    (status = 200, description = "the account, in the form of an import line without `type`"),
    (status = 404, body = ApiError),
))]
pub(super) async fn get_participant(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Path(text): Path<String>,
) -> Result<Json<Participant>, ApiError> {
    let found = find(&context, &id(&text)?).await?;
    shown(&context, peer, &found.id);
    Ok(Json(found))
}

/// How an account is written.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Masked)]
pub struct MaskParts {
    /// The local part before any `+`.
    pub mask: String,
    /// The domain of its marketplace.
    pub domain: String,
}

/// The masked address of an account, in its parts.
#[utoipa::path(get, path = "/v1/participants/{id}/mask", params(("id" = String, Path)), responses(
    (status = 200, body = MaskParts),
    (status = 404, body = ApiError),
))]
pub(super) async fn get_mask(
    State(context): State<Arc<AdminContext>>,
    Path(text): Path<String>,
) -> Result<Json<MaskParts>, ApiError> {
    let id = id(&text)?;
    let participant = find(&context, &id).await?;
    // The mask for everybody: whoever asks here is no counterparty.
    let mask = context.directory.mask_of(&id, None).await?;
    let domain = context
        .rules
        .domains
        .for_marketplace(&participant.marketplace);
    let (Some(mask), Some(domain)) = (mask, domain) else {
        return Err(ApiError::not_found("mask"));
    };
    Ok(Json(MaskParts {
        mask: mask.to_string(),
        domain: domain.to_string(),
    }))
}

/// The account behind a mask (`unmask`).
#[utoipa::path(get, path = "/v1/masks/{mask}", params(("mask" = String, Path)), responses(
    (status = 200, description = "the account, in the form of an import line without `type`"),
    (status = 404, body = ApiError),
))]
pub(super) async fn get_holder(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Path(text): Path<String>,
) -> Result<Json<Participant>, ApiError> {
    let mask = MaskId::parse(&text).map_err(|error| ApiError::bad(error.to_string()))?;
    let mask = context
        .directory
        .mask(&mask)
        .await?
        .ok_or_else(|| ApiError::not_found("mask"))?;
    let found = find(&context, &mask.participant).await?;
    shown(&context, peer, &found.id);
    Ok(Json(found))
}

/// Adds an account or replaces it whole.
#[utoipa::path(put, path = "/v1/participants/{id}", params(("id" = String, Path)), responses(
    (status = 204, description = "done, durably"),
    (status = 409, description = "an address is registered to another account", body = ApiError),
    (status = 422, body = ApiError),
))]
pub(super) async fn put_participant(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Path(text): Path<String>,
    Json(participant): Json<Participant>,
) -> Result<StatusCode, ApiError> {
    // A slip in a script would otherwise replace another account.
    if participant.id != id(&text)? {
        return Err(ApiError::bad(
            "the id in the path and the one in the body differ",
        ));
    }
    let _turn = context.changes.lock().await;
    let id = participant.id.clone();
    put(&context, participant).await?;
    changed(&context, peer, &id, "put");
    Ok(StatusCode::NO_CONTENT)
}

/// Removes an account and frees its addresses.
#[utoipa::path(delete, path = "/v1/participants/{id}", params(("id" = String, Path)), responses(
    (status = 204, description = "done, durably"),
    (status = 404, body = ApiError),
))]
pub(super) async fn delete_participant(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Path(text): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = id(&text)?;
    let _turn = context.changes.lock().await;
    context.apply(Change::RemoveParticipant(id.clone())).await?;
    changed(&context, peer, &id, "removed");
    Ok(StatusCode::NO_CONTENT)
}

/// Registers one more address.
#[utoipa::path(put, path = "/v1/participants/{id}/addresses/{address}",
    params(("id" = String, Path), ("address" = String, Path)), responses(
    (status = 204, description = "done, durably; also if it was there"),
    (status = 409, description = "registered to another account", body = ApiError),
))]
pub(super) async fn put_address(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Path((text, address)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let address = Mailbox::parse(&address).map_err(|error| ApiError::bad(error.to_string()))?;
    let _turn = context.changes.lock().await;
    let mut participant = find(&context, &id(&text)?).await?;
    if !participant.addresses.contains(&address) {
        participant.addresses.push(address);
        let id = participant.id.clone();
        put(&context, participant).await?;
        changed(&context, peer, &id, "address added");
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Removes an address; mail that waits for it goes to the primary one. The primary itself can only be replaced.
#[utoipa::path(delete, path = "/v1/participants/{id}/addresses/{address}",
    params(("id" = String, Path), ("address" = String, Path)), responses(
    (status = 204, description = "done, durably"),
    (status = 404, body = ApiError),
    (status = 409, description = "it is the primary address", body = ApiError),
))]
pub(super) async fn delete_address(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Path((text, address)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let address = Mailbox::parse(&address).map_err(|error| ApiError::bad(error.to_string()))?;
    let _turn = context.changes.lock().await;
    let mut participant = find(&context, &id(&text)?).await?;
    if participant.primary == address {
        let error = "the primary address cannot be removed; put the participant with another primary instead";
        return Err(ApiError::new(StatusCode::CONFLICT, error));
    }
    let before = participant.addresses.len();
    participant
        .addresses
        .retain(|registered| *registered != address);
    if participant.addresses.len() == before {
        return Err(ApiError::not_found("address on this account"));
    }
    let id = participant.id.clone();
    put(&context, participant).await?;
    changed(&context, peer, &id, "address removed");
    Ok(StatusCode::NO_CONTENT)
}
