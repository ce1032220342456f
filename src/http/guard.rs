//! What a request must have before a handler sees it: our name, no page of another site behind it, a body that says what it is, and the token.
//!
//! Against DNS rebinding: a page of `evil.example` points that name at 127.0.0.1 and asks "itself". The browser then sends `Host: evil.example`, which
//! is none of ours. Against forms: a browser says in Origin, and in Sec-Fetch-Site, whose page it sends a request for, and a form
//! cannot say JSON without asking first (Fetch, "CORS-safelisted request-header"), and we give no leave.

use std::sync::Arc;

use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::authority::{Authority, Host};
use super::failure::ApiError;
use crate::config::HttpConfig;
use crate::mail::Domain;

/// Whose page a request is for: `same-origin`, `same-site`, `cross-site`, or `none` where a person typed it (W3C Fetch Metadata).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// `navigate`, where the answer becomes the page.
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The names of a listener, and whether clients come to it by TLS.
#[derive(Debug, Clone)]
pub struct Guard {
    /// Names that it goes by, beside every IP address.
    names: Arc<[Domain]>,
    /// TLS ends here or at a proxy: a page that came in clear text may be anybody's.
    encrypted: bool,
}

impl Guard {
    /// For the listener `http` of the host `hostname`, which goes by `hosts`, too.
    #[must_use]
    pub fn new(http: &HttpConfig, hostname: &Domain, hosts: &[Domain]) -> Self {
        let localhost = Domain::parse("localhost").ok();
        let own = std::iter::once(hostname).chain(hosts).cloned();
        Self {
            names: own.chain(localhost).collect(),
            encrypted: http.tls.is_some() || !http.behind_proxy.is_empty(),
        }
    }

    /// Says why a request is not for us, or not from whom it seems.
    fn check(&self, request: &Request) -> Result<(), ApiError> {
        let headers = request.headers();
        let host = self.host(request)?;
        if let Host::Name(name) = &host.host
            && !self.names.contains(name)
        {
            let error = format!(
                "this server does not go by the name {name}; ask it by its address, as localhost, by its hostname, or put the name into `hosts` beside the `listen` of this interface"
            );
            return Err(ApiError::new(StatusCode::MISDIRECTED_REQUEST, error));
        }
        if headers.contains_key(ORIGIN) && !self.is_own_page(headers, &host) {
            let error = "the page that asks is not of this server: Origin and Host must name the same place";
            return Err(ApiError::new(StatusCode::FORBIDDEN, error));
        }
        if is_for_another_site(request.method(), headers) {
            let error = "a page of another site asks: Sec-Fetch-Site must be same-origin or none";
            return Err(ApiError::new(StatusCode::FORBIDDEN, error));
        }
        Ok(())
    }

    /// The one host that the request names. A target in absolute form counts more than Host (RFC 9112 3.2.2): where they differ, somebody is deceived.
    fn host(&self, request: &Request) -> Result<Authority, ApiError> {
        let host = single(request.headers(), &HOST).and_then(Authority::parse);
        let bad = |error: &str| Err(ApiError::new(StatusCode::BAD_REQUEST, error));
        let Some(host) = host else {
            return bad(
                "a request has one Host field with the name or address of this server (RFC 9112 3.2)",
            );
        };
        if let Some(target) = request.uri().authority() {
            // Compared by the port of the target's scheme: `http://localhost/` is for port 80, as `Host: localhost:80` is.
            let usual = if request.uri().scheme_str() == Some("https") {
                443
            } else {
                80
            };
            if !Authority::parse(target.as_str()).is_some_and(|target| target.is_same(&host, usual))
            {
                return bad("the target of the request and its Host field name different places");
            }
        }
        Ok(host)
    }

    /// Whether the one Origin is the place that Host names.
    fn is_own_page(&self, headers: &HeaderMap, host: &Authority) -> bool {
        let origin = single(headers, &ORIGIN).and_then(|text| text.split_once("://"));
        let Some((scheme, origin)) = origin else {
            // `null`: a page that may be anybody's, a file or a sandbox.
            return false;
        };
        let usual = match scheme.to_ascii_lowercase().as_str() {
            "https" => 443,
            // Whoever is on the way can make a page at the same name and port in clear text.
            "http" if !self.encrypted => 80,
            _ => return false,
        };
        // A Host without a port means that of the scheme in which the page was fetched.
        Authority::parse(origin).is_some_and(|origin| origin.is_same(host, usual))
    }
}

/// The text of a field that stands once.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut fields = headers.get_all(name).iter();
    match (fields.next(), fields.next()) {
        (Some(field), None) => field.to_str().ok(),
        _ => None,
    }
}

/// Whether a browser says that another site's page is behind it. A link from elsewhere may be followed; a picture or a form may not.
fn is_for_another_site(method: &Method, headers: &HeaderMap) -> bool {
    if !headers.contains_key(SEC_FETCH_SITE) {
        return false;
    }
    let own = matches!(
        single(headers, &SEC_FETCH_SITE),
        Some("same-origin" | "none")
    );
    let link = method == Method::GET && single(headers, &SEC_FETCH_MODE) == Some("navigate");
    !own && !link
}

/// Lets a request pass that [`Guard`] finds nothing against; else 400, 403 or 421.
pub async fn require_own_name(
    State(guard): State<Guard>,
    request: Request,
    next: Next,
) -> Response {
    match guard.check(&request) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

/// What most bodies are.
pub const JSON: &str = "application/json";
/// Lines of JSON.
pub const NDJSON: &str = "application/x-ndjson";

/// 415 for a body that is not declared as `wanted`; parameters do not count. A request without a body needs no Content-Type.
pub async fn require_content_type(
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
    ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error).into_response()
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

/// The bearer token that a request shows (RFC 6750 2.1): in one `Authorization` field, scheme `Bearer` in any letter case. None: it shows none, or several.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, given) = single(headers, &AUTHORIZATION)?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(given.trim())
}

/// Whether the request shows the bearer token `token`, as [`bearer`] reads it. The time that it takes tells neither the characters of the token nor
/// their number.
#[must_use]
pub fn has_token(headers: &HeaderMap, token: &str) -> bool {
    let Some(given) = bearer(headers) else {
        return false;
    };
    // Digests are of one length, and those of near misses are far apart.
    let (given, wanted) = (Sha256::digest(given), Sha256::digest(token));
    aws_lc_rs::constant_time::verify_slices_are_equal(&given, &wanted).is_ok()
}

#[cfg(test)]
mod tests;
