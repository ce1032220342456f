//! The lives of messages, for operators. Real addresses are shown to whoever is known, and that is logged.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;

use super::AdminContext;
use super::operator::who_reveals;
use crate::history::{self, TraceLine, TraceQuery};
use crate::http::{ApiError, Peer};
use crate::mail::Timestamp;

/// The most trace ids that one line of the log names.
const MOST_LOGGED: usize = 20;

/// What is asked of the history.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
pub(super) struct TraceParams {
    /// A trace id, a queue id, a masked or real address, an account, a transaction, a Message-ID or a reference.
    #[serde(default)]
    q: Option<String>,
    /// Of transactions of this seller only.
    #[serde(default)]
    seller: Option<String>,
    /// From this time on: RFC 3339, or how long ago (`2h`).
    #[serde(default)]
    since: Option<String>,
    /// Until this time.
    #[serde(default)]
    until: Option<String>,
    /// With real addresses, hosts and words; it is logged.
    #[serde(default)]
    reveal: bool,
}

/// The query that words of a request or of a command line make; what is wrong with them.
///
/// # Errors
/// Nothing is asked, or a time cannot be read.
pub fn query(
    text: Option<&str>,
    seller: Option<&str>,
    (since, until): (Option<&str>, Option<&str>),
    now: Timestamp,
) -> Result<TraceQuery, String> {
    let time = |text: Option<&str>| text.map(|text| history::moment(text, now)).transpose();
    let query = text.map_or_else(TraceQuery::all, TraceQuery::new);
    let query = match seller {
        Some(seller) => query.of_seller(seller),
        None => query,
    };
    let query = query.between(time(since)?, time(until)?);
    if query.is_open() {
        return Err("say what to look for: a name, a seller or a time".to_owned());
    }
    Ok(query)
}

/// The lives of the messages that are meant, oldest line first.
#[utoipa::path(get, path = "/v1/trace", params(TraceParams), responses(
    (status = 200, body = Vec<Object>),
    (status = 403, description = "real addresses are shown over a unix socket or to the token only", body = ApiError),
    (status = 400, description = "nothing is asked, or a time cannot be read", body = ApiError),
))]
pub(super) async fn trace(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Query(asked): Query<TraceParams>,
) -> Result<Json<Vec<TraceLine>>, ApiError> {
    let by = who_reveals(asked.reveal, &context, peer)?;
    let times = (asked.since.as_deref(), asked.until.as_deref());
    let (text, seller) = (asked.q.as_deref(), asked.seller.as_deref());
    let query = query(text, seller, times, context.clock.now()).map_err(|error| {
        let how =
            "the query of /v1/trace has `q`, `seller`, `since` and `until`; see /v1/openapi.json";
        ApiError::new(StatusCode::BAD_REQUEST, format!("{error}; {how}"))
    })?;
    let history = context.history.clone();
    // Reads files of many days: not on a thread that serves requests.
    let found = tokio::task::spawn_blocking(move || {
        let found = history.search(&query)?;
        Ok::<_, std::io::Error>(history::shown(found, asked.reveal))
    });
    let failed = |error: String| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error);
    let found = found.await.map_err(|error| failed(error.to_string()))?;
    let found = found.map_err(|error| failed(error.to_string()))?;
    if let Some(by) = by {
        tell(&by, &found);
    }
    Ok(Json(found))
}

/// Logs to whom what was shown. The query is not told: it may be an address.
fn tell(by: &str, found: &[TraceLine]) {
    let traces: BTreeSet<&str> = found.iter().map(|line| line.trace.as_str()).collect();
    let named: Vec<&str> = traces.iter().copied().take(MOST_LOGGED).collect();
    let named = named.join(" ");
    tracing::warn!(event = "trace_revealed", by, messages = traces.len(), traces = %named, "real addresses were shown");
}
