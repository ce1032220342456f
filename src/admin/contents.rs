//! The rules on contents in the running server, and the feed of events for the marketplace.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::AdminContext;
use crate::content::RuleSet;
use crate::http::{ApiError, Peer};
use crate::in_force::What;

/// Events that one answer holds.
const MOST_EVENTS: usize = 1_000;

/// The set of rules in force.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Rules)]
pub struct RulesInForce {
    /// Names the set: a digest of its files.
    pub set: String,
    /// How many rules it has.
    pub rules: usize,
    /// How many examples came out as they say.
    pub examples: usize,
}

impl From<&RuleSet> for RulesInForce {
    fn from(set: &RuleSet) -> Self {
        let (rules, _, examples, _) = set.sizes();
        Self {
            set: set.version.clone(),
            rules,
            examples,
        }
    }
}

/// Reads the rule files again; a broken set changes nothing.
#[utoipa::path(post, path = "/v1/rules/reload", responses(
    (status = 200, body = RulesInForce),
    (status = 422, description = "every error with file and rule; the old set stays", body = ApiError),
))]
pub(super) async fn reload_rules(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
) -> Result<Json<RulesInForce>, ApiError> {
    let reload = context.reload.clone();
    // Reads files and tries every example.
    let reloaded =
        tokio::task::spawn_blocking(move || reload(What::Rules, &peer.to_string())).await;
    let reloaded = reloaded
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    match reloaded.into_iter().find(|reloaded| !reloaded.done) {
        Some(broken) => Err(ApiError::bad(broken.text)),
        None => Ok(Json(RulesInForce::from(&*context.in_force.current().rules))),
    }
}

/// Which set is in force.
#[utoipa::path(get, path = "/v1/rules", responses((status = 200, body = RulesInForce)))]
pub(super) async fn get_rules(State(context): State<Arc<AdminContext>>) -> Json<RulesInForce> {
    Json(RulesInForce::from(&*context.in_force.current().rules))
}

/// Where the feed goes on.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
pub(super) struct EventsParams {
    /// The number of the last event that is known; 0: from the oldest that is kept.
    #[serde(default)]
    after: u64,
}

/// What has happened that the marketplace acts on, the oldest first, at most 1,000. Each has a number `n`, which grows; ask again with the last one. They
/// are kept for 90 days.
#[utoipa::path(get, path = "/v1/events", params(EventsParams), responses((status = 200, body = Vec<Object>)))]
pub(super) async fn events(
    State(context): State<Arc<AdminContext>>,
    Query(asked): Query<EventsParams>,
) -> Result<Json<Vec<serde_json::Value>>, ApiError> {
    let state = context.state.clone();
    let read =
        tokio::task::spawn_blocking(move || state.events(asked.after, MOST_EVENTS).wait()).await;
    let events = read
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?
        .map_err(|error| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    let numbered = events.into_iter().filter_map(|(number, event)| {
        let mut event: serde_json::Value = serde_json::from_str(&event).ok()?;
        event.as_object_mut()?.insert("n".to_owned(), number.into());
        Some(event)
    });
    Ok(Json(numbered.collect()))
}
