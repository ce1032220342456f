//! A participant whom the marketplace has sent here with a ticket: the ticket opens a session, once.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::problem::Problem;
use super::service::PortalService;
use crate::directory::Mark;
use crate::masking::{Pass, PassKind};
use crate::tokens::Scope;

/// Where a ticket opens a session; the one path that wants no token.
pub(super) const SIGN_IN: &str = "/center/v1/sign-in";
/// How long a session is good.
const GOOD: Duration = Duration::from_secs(12 * 3_600);
/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;

/// What a session is opened with.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TicketParams {
    /// The ticket.
    #[serde(default)]
    ticket: String,
}

/// A session.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Session {
    /// The token that requests show; it cannot be revoked, and ends by itself.
    token: String,
    /// What it is good for.
    #[schema(value_type = Vec<String>)]
    scope: Vec<Scope>,
    /// Until when; RFC 3339.
    until: String,
}

/// Opens a session with a ticket, which is good for 60 seconds and once. The marketplace makes the address with it.
#[utoipa::path(post, path = "/center/v1/sign-in", params(TicketParams), security(()), responses(
    (status = 200, description = "the token of the session", body = Session),
))]
pub(super) async fn open(
    State(service): State<Arc<PortalService>>,
    Query(params): Query<TicketParams>,
) -> Result<Json<Session>, Problem> {
    let parts = &service.parts;
    let now = parts.clock.now();
    let ticket = parts.passes.read(PassKind::Ticket, &params.ticket, now);
    // Nothing is looked up before: who has no ticket costs no more than its MAC.
    let ticket = ticket.ok_or_else(Problem::ticket)?;
    service.account(&ticket.participant).await?;
    let until = now.plus(GOOD);
    if !service.is_first(mark(&ticket)).await? {
        return Err(Problem::ticket());
    }
    let session = Pass { until, ..ticket };
    Ok(Json(Session {
        token: parts.passes.make(PassKind::Session, &session),
        scope: Scope::ALL.to_vec(),
        until: until.to_rfc3339_millis(),
    }))
}

/// What a ticket is known by once it was used; of the day of its end, so that midnight makes it no other.
fn mark(ticket: &Pass) -> Mark {
    let day = u16::try_from(ticket.until.0 / DAY_MS).unwrap_or(u16::MAX);
    let digest = Sha256::new()
        .chain_update("ticket/")
        .chain_update(ticket.participant.as_str())
        .chain_update([0])
        .chain_update(ticket.serial)
        .finalize();
    let mut mark = [0; 16];
    mark.iter_mut()
        .zip(digest.iter())
        .for_each(|(to, from)| *to = *from);
    (day, mark)
}
