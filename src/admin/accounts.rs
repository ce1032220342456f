//! Participants and their registered addresses.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::Parts;
use crate::directory::{self, Change, Participant};
use crate::http::Failure;
use crate::mail::Mailbox;
use crate::masking::{MaskId, ParticipantId};

/// An id of the path; 422 if it has no such form.
fn id(text: &str) -> Result<ParticipantId, Failure> {
    ParticipantId::parse(text).map_err(|error| Failure::bad(error.to_string()))
}

/// The account, or 404. A copy: handlers change it and put it back.
async fn find(parts: &Parts, id: &ParticipantId) -> Result<Participant, Failure> {
    let found = parts.directory.participant(id).await?;
    found
        .map(|participant| (*participant).clone())
        .ok_or_else(|| Failure::not_found("participant"))
}

/// Puts an account if it satisfies the rules of an import; the same ones, or data could come in here that no export can bring back.
async fn put(parts: &Parts, participant: Participant) -> Result<(), Failure> {
    directory::check(&participant, &parts.rules).map_err(Failure::bad)?;
    parts.apply(Change::PutParticipant(participant)).await
}

/// An account with its real addresses.
#[utoipa::path(get, path = "/v1/participants/{id}", params(("id" = String, Path)), responses(
    (status = 200, description = "the account, in the form of an import line without `type`"),
    (status = 404, body = Failure),
))]
pub(super) async fn get_participant(
    State(parts): State<Arc<Parts>>,
    Path(text): Path<String>,
) -> Result<Json<Participant>, Failure> {
    Ok(Json(find(&parts, &id(&text)?).await?))
}

/// How an account is written.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Masked {
    /// The local part before any `+`.
    pub mask: String,
    /// The domain of its marketplace.
    pub domain: String,
}

/// The masked address of an account, in its parts.
#[utoipa::path(get, path = "/v1/participants/{id}/mask", params(("id" = String, Path)), responses(
    (status = 200, body = Masked),
    (status = 404, body = Failure),
))]
pub(super) async fn get_mask(
    State(parts): State<Arc<Parts>>,
    Path(text): Path<String>,
) -> Result<Json<Masked>, Failure> {
    let id = id(&text)?;
    let participant = find(&parts, &id).await?;
    // The mask for everybody: whoever asks here is no counterparty.
    let mask = parts.directory.mask_of(&id, None).await?;
    let domain = parts
        .rules
        .domains
        .for_marketplace(&participant.marketplace);
    let (Some(mask), Some(domain)) = (mask, domain) else {
        return Err(Failure::not_found("mask"));
    };
    Ok(Json(Masked {
        mask: mask.to_string(),
        domain: domain.to_string(),
    }))
}

/// The account behind a mask (`unmask`).
#[utoipa::path(get, path = "/v1/masks/{mask}", params(("mask" = String, Path)), responses(
    (status = 200, description = "the account, in the form of an import line without `type`"),
    (status = 404, body = Failure),
))]
pub(super) async fn get_holder(
    State(parts): State<Arc<Parts>>,
    Path(text): Path<String>,
) -> Result<Json<Participant>, Failure> {
    let mask = MaskId::parse(&text).map_err(|error| Failure::bad(error.to_string()))?;
    let mask = parts
        .directory
        .mask(&mask)
        .await?
        .ok_or_else(|| Failure::not_found("mask"))?;
    Ok(Json(find(&parts, &mask.participant).await?))
}

/// Adds an account or replaces it whole.
#[utoipa::path(put, path = "/v1/participants/{id}", params(("id" = String, Path)), responses(
    (status = 204, description = "done, durably"),
    (status = 409, description = "an address is registered to another account", body = Failure),
    (status = 422, body = Failure),
))]
pub(super) async fn put_participant(
    State(parts): State<Arc<Parts>>,
    Path(text): Path<String>,
    Json(participant): Json<Participant>,
) -> Result<StatusCode, Failure> {
    // A slip in a script would otherwise replace another account.
    if participant.id != id(&text)? {
        return Err(Failure::bad(
            "the id in the path and the one in the body differ",
        ));
    }
    let _turn = parts.changes.lock().await;
    put(&parts, participant).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes an account and frees its addresses.
#[utoipa::path(delete, path = "/v1/participants/{id}", params(("id" = String, Path)), responses(
    (status = 204, description = "done, durably"),
    (status = 404, body = Failure),
))]
pub(super) async fn delete_participant(
    State(parts): State<Arc<Parts>>,
    Path(text): Path<String>,
) -> Result<StatusCode, Failure> {
    let id = id(&text)?;
    let _turn = parts.changes.lock().await;
    parts.apply(Change::RemoveParticipant(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Registers one more address.
#[utoipa::path(put, path = "/v1/participants/{id}/addresses/{address}",
    params(("id" = String, Path), ("address" = String, Path)), responses(
    (status = 204, description = "done, durably; also if it was there"),
    (status = 409, description = "registered to another account", body = Failure),
))]
pub(super) async fn put_address(
    State(parts): State<Arc<Parts>>,
    Path((text, address)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    let address = Mailbox::parse(&address).map_err(|error| Failure::bad(error.to_string()))?;
    let _turn = parts.changes.lock().await;
    let mut participant = find(&parts, &id(&text)?).await?;
    if !participant.addresses.contains(&address) {
        participant.addresses.push(address);
        put(&parts, participant).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Removes an address; mail that waits for it goes to the primary one. The primary itself can only be replaced.
#[utoipa::path(delete, path = "/v1/participants/{id}/addresses/{address}",
    params(("id" = String, Path), ("address" = String, Path)), responses(
    (status = 204, description = "done, durably"),
    (status = 404, body = Failure),
    (status = 409, description = "it is the primary address", body = Failure),
))]
pub(super) async fn delete_address(
    State(parts): State<Arc<Parts>>,
    Path((text, address)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    let address = Mailbox::parse(&address).map_err(|error| Failure::bad(error.to_string()))?;
    let _turn = parts.changes.lock().await;
    let mut participant = find(&parts, &id(&text)?).await?;
    if participant.primary == address {
        let error = "the primary address cannot be removed; put the participant with another primary instead";
        return Err(Failure::new(StatusCode::CONFLICT, error));
    }
    let before = participant.addresses.len();
    participant
        .addresses
        .retain(|registered| *registered != address);
    if participant.addresses.len() == before {
        return Err(Failure::not_found("address on this account"));
    }
    put(&parts, participant).await?;
    Ok(StatusCode::NO_CONTENT)
}
