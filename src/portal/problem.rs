//! What is answered in place of an answer: always JSON, in one form (RFC 9457). No sentence tells of the server's inside: who reads it is a stranger.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::archive::ArchiveError;
use crate::directory::Unavailable;

/// The media type of a problem.
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
/// Octets of another form of failure that are read.
const MAX_WORDS: usize = 16 * 1024;

/// Why a request was not done (RFC 9457).
#[derive(Debug, Clone, Default, Serialize, utoipa::ToSchema)]
pub(super) struct Problem {
    /// The HTTP status.
    pub(super) status: u16,
    /// What is wrong and how to mend it.
    pub(super) detail: String,
    #[serde(flatten)]
    pub(super) more: Box<More>,
}

/// What stands beside it.
#[derive(Debug, Clone, Default, Serialize, utoipa::ToSchema)]
pub(super) struct More {
    /// What the status is called.
    pub(super) title: &'static str,
    /// Of a message that was refused: the reason word, the same as in SMTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'static str>,
    /// Of a message that was refused: the rule that it breaks, or null.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) rule: Option<Option<&'static str>>,
    /// Of a message that was refused: `detail` in your language, where there is a translation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    /// Of 429: the key of the budget that is spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) budget: Option<&'static str>,
    /// Of 410 in the feed: the number behind which to go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<u64>,
    /// In how long another try may be worth while; no part of the body.
    #[serde(skip)]
    pub(super) retry_after: Option<Duration>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let more = More {
            title: status.canonical_reason().unwrap_or("Failure"),
            ..More::default()
        };
        Self {
            status: status.as_u16(),
            detail: detail.into(),
            more: Box::new(more),
        }
    }

    /// The same with when another try may be worth while.
    pub(super) fn after(mut self, wait: Duration) -> Self {
        self.more.retry_after = Some(wait);
        self
    }

    /// 404, in the same words for what is not there and for what is others'.
    pub(super) fn no_such(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no such {what}"))
    }

    /// 401: one sentence for no token, a wrong one, and one that is good no more.
    pub(super) fn token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "a good token is wanted: Authorization: Bearer and a token of yours for the Message Center",
        )
    }

    /// 401: one sentence for no ticket, a wrong one, one that has ended, and one that was used.
    pub(super) fn ticket() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "a good ticket is wanted, as the marketplace makes it: it is good for a minute, and once",
        )
    }

    /// 422 for a message that `reason` is against.
    pub(super) fn refused(
        reason: &'static str,
        rule: Option<&'static str>,
        detail: impl Into<String>,
    ) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
        problem.more.reason = Some(reason);
        problem.more.rule = Some(rule);
        problem
    }

    /// 422 for what was understood and cannot be.
    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self::refused("malformed", None, detail)
    }

    /// 503: our own fault, or not now.
    pub(super) fn not_now() -> Self {
        let detail = "the Message Center cannot answer at the moment; ask again later";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).after(Duration::from_secs(5))
    }

    /// 429: `budget` is spent until `wait` is over.
    pub(super) fn spent(budget: &'static str, wait: Duration) -> Self {
        let detail =
            format!("the budget {budget} is spent; ask again after the time in Retry-After");
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, detail).after(wait);
        problem.more.budget = Some(budget);
        problem
    }
}

impl From<Unavailable> for Problem {
    fn from(error: Unavailable) -> Self {
        tracing::warn!(event = "portal_not_answered", %error);
        Self::not_now()
    }
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Gone { start } => {
                let detail = format!(
                    "the feed does not have the number behind which it is to go on; ask with after={start}, and pass over what you have already"
                );
                let mut problem = Self::new(StatusCode::GONE, detail);
                problem.more.start = Some(start);
                problem
            }
            ArchiveError::Unavailable(error) => {
                tracing::warn!(event = "portal_not_answered", error);
                Self::not_now()
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROBLEM);
        if status == StatusCode::UNAUTHORIZED {
            // RFC 9110 15.5.2.
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.more.retry_after {
            // Whole seconds (RFC 9110 10.2.3), rounded up: whoever obeys is answered.
            let seconds = u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

/// Gives failures that come from below the handlers the form of all others.
pub(super) async fn with_problem_body(request: Request, next: Next) -> Response {
    let (mut head, body) = next.run(request).await.into_parts();
    let is_failure = head.status.is_client_error() || head.status.is_server_error();
    if !is_failure || head.headers.get(CONTENT_TYPE) == Some(&PROBLEM) {
        return Response::from_parts(head, body);
    }
    // `http::ApiError`, which has a sentence.
    let words = to_bytes(body, MAX_WORDS).await.unwrap_or_default();
    let words: serde_json::Value = serde_json::from_slice(&words).unwrap_or_default();
    let detail = words.get("error").and_then(serde_json::Value::as_str);
    let detail = detail.unwrap_or("the request was not done");
    let problem = Problem::new(head.status, detail).into_response();
    head.headers.remove(CONTENT_LENGTH);
    head.headers.extend(problem.headers().clone());
    Response::from_parts(head, problem.into_body())
}
