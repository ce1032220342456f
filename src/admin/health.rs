//! Is it alive, will it take mail, what has it counted.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use super::AdminContext;
use crate::backpressure::DocumentRoom;
use crate::failpoint;
use crate::http::ApiError;
use crate::masking::ParticipantId;
use crate::observe;

/// Seconds that nodes may differ before it needs a look: files are brought to one after another.
const LASTING: u64 = 60;

/// The process answers.
// Looks at nothing: a process that answers must not be restarted because a disk is full.
#[utoipa::path(get, path = "/healthz", responses((status = 200, description = "the process answers")))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Spool and directory would take a message now.
#[utoipa::path(get, path = "/readyz", responses(
    (status = 200, description = "mail would be taken; further lines say what else needs a look"),
    (status = 503, description = "mail would be answered 4xx; the sentence says why", body = ApiError),
))]
pub(super) async fn readyz(State(context): State<Arc<AdminContext>>) -> Result<String, ApiError> {
    context
        .spool
        .ready()
        .map_err(|error| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    // Any id will do: the question is whether an answer comes.
    let nobody = ParticipantId::parse("0").map_err(|error| ApiError::bad(error.to_string()))?;
    context.directory.participant(&nobody).await?;
    let waited = context
        .documents
        .oldest()
        .map(|since| context.clock.now().since(since));
    let overdue = waited.filter(|waited| *waited >= DocumentRoom::OVERDUE);
    let also = overdue.map_or_else(String::new, |waited| {
        format!(
            "documents: the oldest has waited {} h to be handed over\n",
            waited.as_secs() / 3_600
        )
    });
    let old = context.in_force.outcomes().all_failed();
    let old = if old.is_empty() {
        String::new()
    } else {
        format!(
            "reload: the last one of {} failed, and what was in force before stays so: allegromail reload\n",
            old.join(", ")
        )
    };
    let now = context.clock.now();
    let lasting = Duration::from_secs(failpoint::number("admin.drift_lasting", LASTING));
    let differs = context
        .drift
        .as_ref()
        .map(|drift| drift.lasting(now, lasting));
    let differs = differs.unwrap_or_default().join(", ");
    let drift = match differs.as_str() {
        "" => String::new(),
        differs => format!("nodes: they differ in {differs}; allegromail nodes\n"),
    };
    Ok(format!("ready\n{also}{old}{drift}"))
}

/// All metrics in Prometheus' text form.
#[utoipa::path(get, path = "/metrics", responses((status = 200, description = "Prometheus text exposition format")))]
pub(super) async fn metrics(State(context): State<Arc<AdminContext>>) -> impl IntoResponse {
    observe::measure_process();
    measure_queue(&context).await;
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4")],
        context.metrics.render(),
    )
}

/// What the queue is like now: it is counted when somebody asks.
#[expect(
    clippy::cast_precision_loss,
    reason = "seconds since 1970, and numbers of what is in memory"
)]
async fn measure_queue(context: &AdminContext) {
    let (suspended, first) = context.queue.suspended_count();
    let since = first.map_or(0, |first| first.0 / 1_000);
    metrics::gauge!("allegromail_queue_suspended").set(suspended as f64);
    metrics::gauge!("allegromail_queue_suspended_since_timestamp_seconds").set(since as f64);
    for counted in context.queue.by_state_and_age().await {
        metrics::gauge!("allegromail_queue_entries", "state" => counted.state, "age" => counted.age)
            .set(counted.entries as f64);
    }
}
