//! What is answered in place of an answer. No sentence tells of the server's inside: who reads it is a stranger.

use std::time::Duration;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::http::ApiError;

/// Why a question was not answered.
#[derive(Debug)]
pub(super) enum Refusal {
    /// 401: no token, or none that is good.
    Token,
    /// 422.
    Question(ApiError),
    /// 429: less is left of the budget than the question may cost.
    Budget {
        /// After how long enough is there.
        wait: Duration,
    },
    /// 503: the directory does not answer.
    Directory,
    /// 408: the request did not come to its end in time.
    Slow,
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Question(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let told = |status, text: &str| ApiError::new(status, text).into_response();
        match self {
            // One sentence for all: which of them it was nobody learns who has none.
            Self::Token => told(
                StatusCode::UNAUTHORIZED,
                "a good token is wanted: Authorization: Bearer and the token that the marketplace has issued",
            ),
            Self::Question(error) => error.into_response(),
            Self::Budget { wait } => {
                // Whole seconds (RFC 9110 10.2.3), rounded up: whoever obeys is answered.
                let seconds = u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX);
                let text = "too many addresses were unknown lately; ask again later";
                let mut response = told(StatusCode::TOO_MANY_REQUESTS, text);
                response
                    .headers_mut()
                    .insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
                response
            }
            Self::Directory => told(
                StatusCode::SERVICE_UNAVAILABLE,
                "orders cannot be looked up at the moment; ask again later",
            ),
            Self::Slow => told(
                StatusCode::REQUEST_TIMEOUT,
                "the request took too long; send it in one go",
            ),
        }
    }
}
