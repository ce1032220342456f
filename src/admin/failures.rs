//! What failures of the directory are answered.

use axum::http::StatusCode;

use crate::directory::{Conflict, Unavailable};
use crate::http::ApiError;

// 503 and not 404: a directory that does not answer must not look like an account that does not exist (docs/threats.md#128).
impl From<Unavailable> for ApiError {
    fn from(unavailable: Unavailable) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, unavailable.to_string())
    }
}

impl From<Conflict> for ApiError {
    fn from(conflict: Conflict) -> Self {
        let status = match &conflict {
            Conflict::AddressTaken { .. } => StatusCode::CONFLICT,
            Conflict::NoSuchParticipant => StatusCode::NOT_FOUND,
            Conflict::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, conflict.to_string())
    }
}
