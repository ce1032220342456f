//! Reports of messages, for the marketplace: an event of its feed (`GET /v1/events` of the operators' interface).

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::asked;
use super::caller::MayWrite;
use super::problem::Problem;
use super::service::PortalService;
use crate::config::Budget;

/// Reports of one participant. They are kept for 90 days, so not any number of them.
pub(super) const BUDGET: Budget = Budget {
    count: 20,
    period: Duration::from_secs(3_600),
};
/// The longest note in characters.
const LONGEST: usize = 1_000;

/// What is wrong with a message.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReportKind {
    /// It threatens.
    Threat,
    /// It is pornography.
    Pornography,
    /// Something else, which the note may say.
    Other,
}

/// A report.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct NewReport {
    /// What is wrong.
    kind: ReportKind,
    /// For the marketplace's staff: at most 1,000 characters, without e-mail addresses.
    #[serde(default)]
    note: Option<String>,
}

/// Reports a message of the other side to the marketplace. The other side is not told.
#[utoipa::path(post, path = "/center/v1/messages/{id}/report", params(("id" = String, Path, description = "the message's id")), request_body = NewReport, responses(
    (status = 204, description = "the marketplace will see it"),
))]
pub(super) async fn report(
    State(service): State<Arc<PortalService>>,
    MayWrite(caller): MayWrite,
    Path(id): Path<String>,
    Json(new): Json<NewReport>,
) -> Result<StatusCode, Problem> {
    let note = new.note.unwrap_or_default();
    // What stands in this feed stands on the disk, which has no real address.
    let is_note = |c: char| !matches!(c, '@' | '＠' | '﹫') && (!c.is_control() || c == '\n');
    if note.chars().count() > LONGEST || !note.chars().all(is_note) {
        return Err(Problem::bad(
            "the note is longer than 1,000 characters, or holds control characters or an e-mail address; take these out",
        ));
    }
    let archive = &service.parts.archive;
    let message = archive.message(caller.id.clone(), asked::message(&id)?);
    let message = message.await?.ok_or_else(|| Problem::no_such("message"))?;
    if message.writer.as_ref() == Some(&caller.id) {
        return Err(Problem::bad(
            "the message is your own; delete it in place of reporting it",
        ));
    }
    let thread = archive.thread(caller.id.clone(), message.thread).await?;
    let order = thread.and_then(|view| view.thread.order);
    service.count_report(&caller.id)?;
    let now = service.parts.clock.now();
    let event = serde_json::json!({
        "event": "report", "at": now.to_string(), "reporter": caller.id, "writer": message.writer,
        "message": message.id.to_string(), "thread": message.thread.to_string(),
        "order": order.map(|order| order.to_string()), "kind": new.kind, "note": note,
    });
    let state = &service.parts.state;
    state.add_event(now, &event.to_string()).await?;
    Ok(StatusCode::NO_CONTENT)
}
