//! Loading data in the running server.

use std::io::Cursor;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::AdminContext;
use crate::directory;
use crate::http::ApiError;

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
}

/// How a batch stands in its load.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
pub(super) struct ImportParams {
    /// true: more of the same load follows. A directory that was never loaded answers from the end of its first load on.
    #[serde(default)]
    more: bool,
}

/// One refused line.
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
    Query(batch): Query<ImportParams>,
    lines: Bytes,
) -> Result<Json<ImportReport>, ApiError> {
    // With the changes of single accounts in turn: one that read an account before the import would put the old one back.
    let _turn = context.changes.lock().await;
    let (directory, rules, lines) = (&*context.directory, &context.rules, Cursor::new(lines));
    let report = if batch.more {
        directory::import_part(directory, rules, lines, |_| {}).await
    } else {
        directory::import(directory, rules, lines, |_| {}).await
    };
    let report = report
        .map_err(|error| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    let bad = report.bad.into_iter().map(|bad| RejectedLine {
        line: bad.line,
        message: bad.message,
    });
    Ok(Json(ImportReport {
        read: report.read,
        applied: report.applied,
        bad: bad.collect(),
    }))
}
