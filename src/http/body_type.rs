//! A body says what it is. A form of another site cannot say JSON without asking first (Fetch, "CORS-safelisted request-header"), and we give no leave.

use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::failure::Failure;

/// What most bodies are.
pub const JSON: &str = "application/json";
/// Lines of JSON.
pub const NDJSON: &str = "application/x-ndjson";

/// 415 for a body that is not declared as `wanted`; parameters do not count. A request without a body needs no Content-Type.
pub async fn want_body_type(
    State(wanted): State<&'static str>,
    request: Request,
    next: Next,
) -> Response {
    // A body in chunks counts, also one that turns out to be empty.
    if request.body().is_end_stream() || is_declared(request.headers(), wanted) {
        return next.run(request).await;
    }
    let error = format!(
        "the body of {} {} is taken as {wanted} only; send it with Content-Type: {wanted}",
        request.method(),
        request.uri().path()
    );
    Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error).into_response()
}

/// Whether the one Content-Type is `wanted`, up to its parameters and letter case.
fn is_declared(headers: &HeaderMap, wanted: &str) -> bool {
    let mut fields = headers.get_all(CONTENT_TYPE).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else {
        return false;
    };
    let essence = field.to_str().ok().and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(wanted))
}
