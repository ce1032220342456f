//! The form of every failure that no handler has seen: unknown paths, wrong methods, bodies and queries that cannot be read.
//!
//! The framework answers those by itself, in plain text or with nothing. A script that reads `error` from every failure would break on them,
//! so they are put into the form of all others here, with the words that the framework cannot know: what is asked for, and where to read on.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::directory::{Conflict, Unavailable};
use crate::http::ApiError;

/// The largest request body in bytes: a batch of import lines, or the largest message in base64 that `explain` is asked about.
pub(super) const MAX_BODY: usize = 64 * 1024 * 1024;

/// Bytes of the framework's own words that are kept: a sentence, most often with the place in the body.
const MAX_WORDS: usize = 4 * 1024;

/// Answers with [`ApiError`] where the framework answered for the handlers.
pub(super) async fn with_error_body(request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let (mut head, body) = next.run(request).await.into_parts();
    let kind = head.headers.get(CONTENT_TYPE);
    // Handlers say what is wrong in JSON: that is theirs already.
    let ours = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if ours || !(head.status.is_client_error() || head.status.is_server_error()) {
        return Response::from_parts(head, body);
    }
    // What cannot be read of it is only missing in the sentence.
    let words = to_bytes(body, MAX_WORDS).await.unwrap_or_default();
    let allowed = head.headers.get(ALLOW);
    let allowed = allowed.and_then(|value| value.to_str().ok());
    let error = sentence(
        (&method, &uri),
        head.status,
        &String::from_utf8_lossy(&words),
        allowed,
    );
    let failure = ApiError::new(head.status, error).into_response();
    // The other fields stay: `Allow` belongs to 405 (RFC 9110 15.5.6).
    head.headers.remove(CONTENT_LENGTH);
    head.headers.extend(failure.headers().clone());
    Response::from_parts(head, failure.into_body())
}

/// What is wrong, and how to mend it.
fn sentence(
    asked: (&Method, &Uri),
    status: StatusCode,
    words: &str,
    allowed: Option<&str>,
) -> String {
    let (method, path) = (asked.0, asked.1.path());
    match status {
        StatusCode::NOT_FOUND => {
            format!("there is no path {path} here; /v1/openapi.json lists all of them")
        }
        StatusCode::METHOD_NOT_ALLOWED => format!(
            "{path} does not take {method}; it takes {}",
            allowed.unwrap_or("other methods")
        ),
        StatusCode::PAYLOAD_TOO_LARGE => format!(
            "the body of {method} {path} is larger than {} MiB; send it in parts",
            MAX_BODY / (1024 * 1024)
        ),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => format!(
            "the body of {method} {path} must be JSON; send it with Content-Type: application/json"
        ),
        _ if words.is_empty() => {
            format!("{method} {path} was not done; the log of the server may say why")
        }
        _ => format!(
            "{method} {path}: {}; /v1/openapi.json describes what it takes",
            words.trim_end_matches('.')
        ),
    }
}

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
