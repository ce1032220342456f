//! The bearer token of a request (RFC 6750 2.1).

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};

/// Whether the request shows `token`: in one `Authorization` field, scheme `Bearer` in any letter case. The time that it takes tells neither the
/// characters of the token nor their number.
#[must_use]
pub fn is_token(headers: &HeaderMap, token: &str) -> bool {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else {
        return false;
    };
    let Some((scheme, given)) = field.to_str().ok().and_then(|text| text.split_once(' ')) else {
        return false;
    };
    // Digests are of one length, and those of near misses are far apart.
    let (given, wanted) = (Sha256::digest(given.trim()), Sha256::digest(token));
    scheme.eq_ignore_ascii_case("bearer")
        && aws_lc_rs::constant_time::verify_slices_are_equal(&given, &wanted).is_ok()
}
