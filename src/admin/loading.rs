//! Loading data and reloading the allowlist in the running server.

use std::io::Cursor;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::Parts;
use crate::directory;
use crate::http::Failure;

/// What became of a batch of import lines.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Imported {
    /// Lines that held a record.
    pub read: u64,
    /// Records applied.
    pub applied: u64,
    /// Lines refused; nothing of them was applied.
    pub bad: Vec<BadLine>,
}

/// How a batch stands in its load.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
pub(super) struct Batch {
    /// true: more of the same load follows. A directory that was never loaded answers from the end of its first load on.
    #[serde(default)]
    more: bool,
}

/// One refused line.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BadLine {
    /// Its number, the first line being 1.
    pub line: u64,
    /// What is wrong with it.
    pub message: String,
}

/// What a reload changed.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AllowlistDiff {
    /// Entries in force now.
    pub entries: usize,
    /// Entries that are new.
    pub added: Vec<String>,
    /// Entries that are gone.
    pub removed: Vec<String>,
    /// Duplicates and other things worth mending.
    pub warnings: Vec<String>,
}

/// Applies a batch of import lines (`application/x-ndjson`, at most 64 MiB).
#[utoipa::path(post, path = "/v1/import", params(Batch), request_body(content = String, content_type = "application/x-ndjson"), responses(
    (status = 200, body = Imported),
    (status = 503, description = "the directory gives no answer", body = Failure),
))]
pub(super) async fn import(
    State(parts): State<Arc<Parts>>,
    Query(batch): Query<Batch>,
    lines: Bytes,
) -> Result<Json<Imported>, Failure> {
    // With the changes of single accounts in turn: one that read an account before the import would put the old one back.
    let _turn = parts.changes.lock().await;
    let (directory, rules, lines) = (&*parts.directory, &parts.rules, Cursor::new(lines));
    let report = if batch.more {
        directory::import_part(directory, rules, lines, |_| {}).await
    } else {
        directory::import(directory, rules, lines, |_| {}).await
    };
    let report =
        report.map_err(|error| Failure::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    let bad = report.bad.into_iter().map(|bad| BadLine {
        line: bad.line,
        message: bad.message,
    });
    Ok(Json(Imported {
        read: report.read,
        applied: report.applied,
        bad: bad.collect(),
    }))
}

/// Reads the allowlist files again; a broken set changes nothing.
#[utoipa::path(post, path = "/v1/allowlist/reload", responses(
    (status = 200, body = AllowlistDiff),
    (status = 422, description = "every error with file and line; the old set stays", body = Failure),
))]
pub(super) async fn reload_allowlist(
    State(parts): State<Arc<Parts>>,
) -> Result<Json<AllowlistDiff>, Failure> {
    let allowlist = parts.allowlist.clone();
    // Reads files. A set takes the place of the old one in one step, for all messages after it.
    let reloaded = tokio::task::spawn_blocking(move || allowlist.reload()).await;
    let diff = reloaded
        .map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?
        .map_err(|errors| Failure::bad(errors.to_string()))?;
    Ok(Json(AllowlistDiff {
        entries: parts.allowlist.current().len(),
        added: diff.added,
        removed: diff.removed,
        warnings: diff.warnings.iter().map(ToString::to_string).collect(),
    }))
}

/// How many entries are in force.
#[utoipa::path(get, path = "/v1/allowlist", responses((status = 200, body = AllowlistDiff)))]
pub(super) async fn get_allowlist(State(parts): State<Arc<Parts>>) -> Json<AllowlistDiff> {
    let entries = parts.allowlist.current().len();
    Json(AllowlistDiff {
        entries,
        added: Vec::new(),
        removed: Vec::new(),
        warnings: Vec::new(),
    })
}
