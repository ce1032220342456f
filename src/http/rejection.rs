//! The form of every failure that no handler has seen: unknown paths, wrong methods, bodies and queries that cannot be read.
//!
//! The framework answers those by itself, in plain text or with nothing. A script that reads `error` from every failure would break on them,
//! so they are put into the form of all others here, with the words that the framework cannot know: what is asked for, and where to read on.

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::failure::ApiError;

/// Bytes of the framework's own words that are kept: a sentence, most often with the place in the body.
const MAX_WORDS: usize = 4 * 1024;

/// What the sentences name that differs from one listener to the other.
#[derive(Debug, Clone, Copy)]
pub struct ErrorWords {
    /// The largest request body in bytes.
    pub max_body: usize,
    /// The path of the description of all paths.
    pub description: &'static str,
}

/// Answers with [`ApiError`] where the framework answered for the handlers.
pub async fn with_error_body(
    State(named): State<ErrorWords>,
    request: Request,
    next: Next,
) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let (mut head, body) = next.run(request).await.into_parts();
    let kind = head.headers.get(CONTENT_TYPE);
    // Handlers say what is wrong in JSON: that is theirs already.
    let kind = kind.map(|kind| kind.as_bytes());
    let is_json = |kind: &[u8]| {
        kind.starts_with(b"application/json") || kind.starts_with(b"application/problem+json")
    };
    let ours = kind.is_some_and(is_json);
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
        (&String::from_utf8_lossy(&words), allowed),
        named,
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
    (words, allowed): (&str, Option<&str>),
    named: ErrorWords,
) -> String {
    let (method, path) = (asked.0, asked.1.path());
    let description = named.description;
    match status {
        StatusCode::NOT_FOUND => {
            format!("there is no path {path} here; {description} lists all of them")
        }
        StatusCode::METHOD_NOT_ALLOWED => format!(
            "{path} does not take {method}; it takes {}",
            allowed.unwrap_or("other methods")
        ),
        StatusCode::PAYLOAD_TOO_LARGE => format!(
            "the body of {method} {path} is larger than {}; send it in parts",
            size(named.max_body)
        ),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => format!(
            "the body of {method} {path} must be JSON; send it with Content-Type: application/json"
        ),
        _ if words.is_empty() => {
            format!("{method} {path} was not done; the log of the server may say why")
        }
        _ => format!(
            "{method} {path}: {}; {description} describes what it takes",
            words.trim_end_matches('.')
        ),
    }
}

/// Bytes as people say them.
fn size(bytes: usize) -> String {
    const MIB: usize = 1024 * 1024;
    if bytes >= MIB {
        format!("{} MiB", bytes / MIB)
    } else {
        format!("{} KiB", bytes / 1024)
    }
}
