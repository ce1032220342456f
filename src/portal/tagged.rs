//! Answers with a tag of what they say, so that a client that has them already is not sent them again (RFC 9110 13.1.2).

use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Whether the tags that a request names have `tag`.
pub(super) fn is_known(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let fields = asked.get_all(IF_NONE_MATCH).into_iter();
    let mut tags = fields
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(','))
        .map(str::trim);
    // A weak tag is as good as a strong one here (RFC 9110 13.1.2).
    tags.any(|known| known == "*" || known.trim_start_matches("W/").as_bytes() == tag.as_bytes())
}

/// `value` as JSON, or 304 where the client has it.
pub(super) fn json(asked: &HeaderMap, value: &impl Serialize) -> Response {
    let body = serde_json::to_vec(value).unwrap_or_default();
    let digest = Sha256::digest(&body);
    let digest = HEXLOWER.encode(digest.get(..16).unwrap_or_default());
    let Ok(tag) = HeaderValue::try_from(format!("\"{digest}\"")) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if is_known(asked, &tag) {
        return (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response();
    }
    let kind = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, kind), (ETAG, tag)], body).into_response()
}
