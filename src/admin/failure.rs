//! What a caller hears when a request is not done: a status and one sentence.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::directory::{Conflict, Unavailable};

/// The body of every answer that is no success.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(super) struct Failure {
    /// What is wrong and how to mend it.
    pub error: String,
    /// The HTTP status; not part of the body.
    #[serde(skip)]
    pub status: u16,
}

impl Failure {
    /// `error` is a sentence for the operator that names the thing and the remedy.
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            status: status.as_u16(),
        }
    }

    /// 404.
    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no such {what}"))
    }

    /// 422: the request was understood, and what it says cannot be.
    pub(super) fn bad(error: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error)
    }
}

// 503 and not 404: a directory that does not answer must not look like an account that does not exist (hostile-inputs 128).
impl From<Unavailable> for Failure {
    fn from(unavailable: Unavailable) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, unavailable.to_string())
    }
}

impl From<Conflict> for Failure {
    fn from(conflict: Conflict) -> Self {
        let status = match &conflict {
            Conflict::AddressTaken { .. } => StatusCode::CONFLICT,
            Conflict::NoSuchParticipant => StatusCode::NOT_FOUND,
            Conflict::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, conflict.to_string())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self)).into_response()
    }
}
