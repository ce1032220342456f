//! The tokens with which carriers ask about orders, and participants read and write messages.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::AdminContext;
use crate::allowlist::Entry;
use crate::http::{ApiError, Peer};
use crate::masking::ParticipantId;
use crate::tokens::{Holder, Scope, ShownToken, TokenError};

/// Whose token is to be made: a courier's or a participant's.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewToken {
    /// An entry of the allowlist in force, `@domain` or `local@domain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The id of a participant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant: Option<String>,
    /// What a participant may do with it; absent: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Vec<Scope>>,
}

impl NewToken {
    /// Reads whose it is.
    fn holder(self) -> Result<Holder, ApiError> {
        let bad = |error: &dyn std::fmt::Display| ApiError::bad(error.to_string());
        match (self.entry, self.participant) {
            (Some(entry), None) if self.scope.is_none() => {
                let entry = entry.trim().parse::<Entry>();
                Ok(Holder::Courier {
                    entry: entry.map_err(|error| bad(&error))?,
                })
            }
            (None, Some(participant)) => {
                let participant = ParticipantId::parse(participant.trim());
                let mut scope = self.scope.unwrap_or_else(|| Scope::ALL.to_vec());
                scope.sort_unstable();
                scope.dedup();
                if scope.is_empty() {
                    return Err(ApiError::bad(
                        "`scope` names nothing that may be done; leave it out for everything",
                    ));
                }
                Ok(Holder::Participant {
                    participant: participant.map_err(|error| bad(&error))?,
                    scope,
                })
            }
            _ => Err(ApiError::bad(
                "name either `entry`, the courier's entry on the allowlist, or `participant` with its `scope`",
            )),
        }
    }
}

/// A token that was made.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenMade {
    /// What it is revoked by.
    pub id: String,
    /// The courier's entry; absent for a participant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub entry: Option<Entry>,
    /// The participant; absent for a courier's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub participant: Option<ParticipantId>,
    /// The token itself. It is told this once, and nothing that is kept leads to it.
    pub token: String,
}

impl TokenMade {
    /// What is told of a token that was made for `holder`.
    #[must_use]
    pub fn new(holder: Holder, (id, token): (String, String)) -> Self {
        let (entry, participant) = match holder {
            Holder::Courier { entry } => (Some(entry), None),
            Holder::Participant { participant, .. } => (None, Some(participant)),
        };
        Self {
            id,
            entry,
            participant,
            token,
        }
    }
}

/// Every token, revoked ones too, the oldest first.
#[utoipa::path(get, path = "/v1/tokens", responses((status = 200, body = [ShownToken])))]
pub(super) async fn list(State(context): State<Arc<AdminContext>>) -> Json<Vec<ShownToken>> {
    Json(context.tokens.list(&context.in_force.current().allowlist))
}

/// Makes a token for an entry of the allowlist in force, or for a participant.
#[utoipa::path(post, path = "/v1/tokens", request_body = NewToken, responses(
    (status = 200, description = "made, durably; the token is told this once", body = TokenMade),
    (status = 422, description = "no such entry is on the allowlist in force, or there is no such participant", body = ApiError),
    (status = 503, description = "the state store does not take it", body = ApiError),
))]
pub(super) async fn create(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Json(new): Json<NewToken>,
) -> Result<Json<TokenMade>, ApiError> {
    let holder = new.holder()?;
    if let Holder::Participant { participant, .. } = &holder
        && context.directory.participant(participant).await?.is_none()
    {
        let error = format!(
            "there is no participant {participant}; `allegromail import FILE` loads accounts"
        );
        return Err(ApiError::bad(error));
    }
    let (work, own) = (context.clone(), holder.clone());
    let made = beside(move || {
        let (sets, now) = (work.in_force.current(), work.clock.now());
        work.tokens
            .create(own, &sets.allowlist, &peer.to_string(), now)
    })
    .await?;
    Ok(Json(TokenMade::new(holder, made)))
}

/// Revokes a token, at once.
#[utoipa::path(delete, path = "/v1/tokens/{id}", params(("id" = String, Path)), responses(
    (status = 204, description = "done, durably; also if it was revoked before"),
    (status = 404, body = ApiError),
    (status = 503, description = "the state store does not take it: it is revoked until the next start only", body = ApiError),
))]
pub(super) async fn revoke(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    beside(move || {
        let now = context.clock.now();
        context.tokens.revoke(&id, &peer.to_string(), now)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Runs `work`, which waits for the disk, where nobody waits for the thread.
async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TokenError> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    let done =
        done.map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    done.map_err(|error| match error {
        TokenError::NoSuchEntry(_) => ApiError::bad(error.to_string()),
        TokenError::NoSuchToken => ApiError::not_found("token"),
        TokenError::Unavailable(unavailable) => unavailable.into(),
    })
}
