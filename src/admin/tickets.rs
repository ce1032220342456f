//! Tickets: with one the marketplace sends a participant's browser to the Message Center, where it opens a session.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::AdminContext;
use crate::directory::AccountStatus;
use crate::http::{ApiError, Peer};
use crate::masking::{ParticipantId, Pass, PassKeys, PassKind};

/// How long a ticket is good.
const GOOD: Duration = Duration::from_secs(60);

/// Where participants reach the Message Center, and what tickets are made with.
#[derive(Clone)]
pub struct TicketOffice {
    /// Where tickets are taken, without one.
    pub address: String,
    /// What they are made with.
    pub keys: PassKeys,
}

/// For whom a ticket is to be made.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(super) struct NewTicket {
    /// The id of a participant.
    participant: String,
}

/// A ticket that was made.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(super) struct TicketMade {
    /// Where it opens a session (POST), once.
    address: String,
    /// Until when; RFC 3339.
    until: String,
}

/// Makes an address at which a participant is signed in to the Message Center: for 60 seconds, once.
#[utoipa::path(post, path = "/v1/tickets", request_body = NewTicket, responses(
    (status = 200, description = "made; the address is told this once", body = TicketMade),
    (status = 404, description = "there is no Message Center here, or participants cannot reach it", body = ApiError),
    (status = 422, description = "there is no such participant, or it is deleted", body = ApiError),
))]
pub(super) async fn create(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Json(new): Json<NewTicket>,
) -> Result<Json<TicketMade>, ApiError> {
    let Some(office) = &context.tickets else {
        let error = "participants reach no Message Center here; set `[center] listen`";
        return Err(ApiError::new(StatusCode::NOT_FOUND, error));
    };
    let participant = ParticipantId::parse(new.participant.trim());
    let participant = participant.map_err(|error| ApiError::bad(error.to_string()))?;
    let account = context.directory.participant(&participant).await?;
    if account.is_none_or(|account| account.status == AccountStatus::Deleted) {
        let error = format!(
            "there is no participant {participant}; `allegromail import FILE` loads accounts"
        );
        return Err(ApiError::bad(error));
    }
    let mut serial = [0; 8];
    aws_lc_rs::rand::fill(&mut serial)
        .map_err(|_| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "no random numbers"))?;
    let pass = Pass {
        participant,
        until: context.clock.now().plus(GOOD),
        serial,
    };
    tracing::info!(event = "ticket_made", participant = %pass.participant, by = %peer);
    let ticket = office.keys.make(PassKind::Ticket, &pass);
    Ok(Json(TicketMade {
        address: format!("{}?ticket={ticket}", office.address),
        until: pass.until.to_rfc3339_millis(),
    }))
}
