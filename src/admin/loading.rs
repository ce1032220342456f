//! Loading data in the running server.

use std::io::Cursor;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::AdminContext;
use super::operator::operator;
use crate::directory::{self, Change, ImportOutcome, Part, UnknownParties};
use crate::http::{ApiError, Peer};

/// What became of a batch of import lines.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Imported)]
pub struct ImportReport {
    /// Lines that held a record.
    pub read: u64,
    /// Records applied.
    pub applied: u64,
    /// Lines refused; nothing of them was applied.
    pub bad: Vec<RejectedLine>,
    /// What is odd about lines that were applied; of orders without buyer or seller at the end of a load only.
    #[serde(default)]
    pub warnings: Vec<RejectedLine>,
}

impl From<ImportOutcome> for ImportReport {
    fn from(outcome: ImportOutcome) -> Self {
        let bad = outcome.bad.into_iter();
        let warnings = outcome.warnings.into_iter();
        Self {
            read: outcome.read,
            applied: outcome.applied,
            bad: bad
                .map(|bad| RejectedLine {
                    line: bad.line,
                    message: bad.message,
                })
                .collect(),
            warnings: warnings
                .map(|warning| RejectedLine {
                    line: warning.line,
                    message: warning.message,
                })
                .collect(),
        }
    }
}

/// How a batch stands in its load.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
pub(super) struct ImportParams {
    /// true: more of the same load follows. A directory that was never loaded answers from the end of its first load on.
    #[serde(default)]
    more: bool,
    /// The number of the first line of this piece in the whole; 1 begins a load.
    #[serde(default = "first")]
    line: u64,
}

const fn first() -> u64 {
    1
}

/// A line, and what is said of it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = BadLine)]
pub struct RejectedLine {
    /// Its number, the first line being 1.
    pub line: u64,
    /// What is wrong with it.
    pub message: String,
}

/// Applies a batch of import lines (`application/x-ndjson`, at most 64 MiB).
#[utoipa::path(post, path = "/v1/import", params(ImportParams), request_body(content = String, content_type = "application/x-ndjson"), responses(
    (status = 200, body = ImportReport),
    (status = 503, description = "the directory gives no answer", body = ApiError),
))]
pub(super) async fn import(
    State(context): State<Arc<AdminContext>>,
    Extension(peer): Extension<Peer>,
    Query(batch): Query<ImportParams>,
    lines: Bytes,
) -> Result<Json<ImportReport>, ApiError> {
    // With the changes of single accounts in turn: one that read an account before the import would put the old one back.
    let mut parties = context.changes.lock().await;
    if batch.line == 1 && !lines.is_empty() {
        *parties = UnknownParties::default();
    }
    let part = Part {
        first_line: batch.line,
        parties: &mut parties,
    };
    let directory = &*context.directory;
    let report =
        directory::import_part(directory, &context.rules, Cursor::new(lines), part, |_| {});
    let mut report = report
        .await
        .map_err(|error| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    if !batch.more {
        if report.is_load() {
            directory.apply(vec![Change::EndLoad]).await?;
        }
        let told = std::mem::take(&mut *parties).warnings(directory).await?;
        report.warnings.extend(told);
    }
    tracing::info!(
        event = "imported",
        read = report.read,
        applied = report.applied,
        bad = report.bad_lines,
        more = batch.more,
        by = operator(&context, peer)
    );
    Ok(Json(report.into()))
}
