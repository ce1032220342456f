//! The queue, for operators.

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::AdminContext;
use super::operator::{operator, who_reveals};
use crate::allowlist::Entry;
use crate::http::{ApiError, Peer};
use crate::mail::{Domain, QueueId};
use crate::masking::{ParticipantId, providers};
use crate::queue::{ListedEntry, QueueAction, QueueActionError, QueueCounts, QueueTop, Wanted};
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

/// What is wanted of the queue.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
pub(super) struct QueueParams {
    /// About transactions of this seller only.
    #[serde(default)]
    seller: Option<String>,
    /// Only what would be sent to addresses at exactly this domain now.
    #[serde(default)]
    destination: Option<String>,
}

/// Everything that waits, by id.
// A destination is told by nobody but whoever names it: it is a participant's.
#[utoipa::path(get, path = "/v1/queue", params(QueueParams), responses(
    (status = 200, body = Vec<ListedEntry>),
    (status = 422, description = "the seller or the destination cannot be", body = ApiError),
    (status = 503, description = "the directory does not answer", body = ApiError),
))]
pub(super) async fn list(
    State(context): State<Arc<AdminContext>>,
    Query(asked): Query<QueueParams>,
) -> Result<Json<Vec<ListedEntry>>, ApiError> {
    let seller = asked.seller.as_deref().map(ParticipantId::parse);
    let seller = seller.transpose();
    let destination = asked.destination.as_deref().map(domain).transpose()?;
    let wanted = Wanted {
        seller: seller.map_err(|error| ApiError::bad(error.to_string()))?,
        destination,
    };
    Ok(Json(context.queue.find(&wanted).await?))
}

/// A domain of a request; 422 if it is none.
pub(super) fn domain(text: &str) -> Result<Domain, ApiError> {
    Domain::parse(text).map_err(|error| ApiError::bad(format!("{text:?}: {error}")))
}

/// Entries that somebody means to change.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChosenEntries {
    /// Queue ids.
    pub ids: Vec<String>,
}

/// How many entries, sellers and destinations a change would touch.
#[utoipa::path(post, path = "/v1/queue/counts", request_body = ChosenEntries, responses(
    (status = 200, body = QueueCounts),
    (status = 422, description = "one of them is no queue id", body = ApiError),
    (status = 503, description = "the directory does not answer", body = ApiError),
))]
pub(super) async fn counts(
    State(context): State<Arc<AdminContext>>,
    Json(chosen): Json<ChosenEntries>,
) -> Result<Json<QueueCounts>, ApiError> {
    let ids = chosen.ids.iter().map(|text| id(text));
    let ids = ids.collect::<Result<_, _>>()?;
    Ok(Json(context.queue.counts(&ids).await?))
}

/// Whether domains are shown.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
pub(super) struct TopParams {
    /// With the domains of participants; it is logged.
    #[serde(default)]
    reveal: bool,
}

/// What waits, by destination and age. Domains that strangers share, those of couriers and suspended ones are named, all others count together.
#[utoipa::path(get, path = "/v1/queue/top", params(TopParams), responses(
    (status = 200, body = QueueTop),
    (status = 403, description = "domains are shown over a unix socket or to the token only", body = ApiError),
    (status = 503, description = "the directory does not answer", body = ApiError),
))]
pub(super) async fn top(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Query(asked): Query<TopParams>,
) -> Result<Json<QueueTop>, ApiError> {
    let by = who_reveals(asked.reveal, &context, peer)?;
    let couriers = context.in_force.current().allowlist.clone();
    let couriers: HashSet<&Domain> = couriers.entries().map(Entry::domain).collect();
    let shown = |domain: &Domain| {
        if asked.reveal || couriers.contains(domain) {
            return Some(domain.to_string());
        }
        providers::provider(domain).map(str::to_owned)
    };
    let top = context.queue.top(shown).await?;
    if let Some(by) = by {
        let domains = top.total.domains;
        tracing::warn!(
            event = "destinations_revealed",
            by,
            domains,
            "the domains of participants were shown"
        );
    }
    Ok(Json(top))
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
