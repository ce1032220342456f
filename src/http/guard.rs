//! Lets nobody ask us under another's name, and no page of another site.
//!
//! Against DNS rebinding: a page of `evil.example` points that name at 127.0.0.1 and asks "itself". The browser then sends `Host: evil.example`, which
//! is none of ours. Against forms: a browser says in Origin, and in Sec-Fetch-Site, whose page it sends a request for.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, HeaderName, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::authority::{Authority, Host};
use super::failure::Failure;
use crate::config::Http;
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
    pub fn new(http: &Http, hostname: &Domain, hosts: &[Domain]) -> Self {
        let localhost = Domain::parse("localhost").ok();
        let own = std::iter::once(hostname).chain(hosts).cloned();
        Self {
            names: own.chain(localhost).collect(),
            encrypted: http.tls.is_some() || !http.behind_proxy.is_empty(),
        }
    }

    /// Says why a request is not for us, or not from whom it seems.
    fn judge(&self, request: &Request) -> Result<(), Failure> {
        let headers = request.headers();
        let host = self.host(request)?;
        if let Host::Name(name) = &host.host
            && !self.names.contains(name)
        {
            let error = format!(
                "this server does not go by the name {name}; ask it by its address, as localhost, by its hostname, or put the name into `hosts` beside the `listen` of this interface"
            );
            return Err(Failure::new(StatusCode::MISDIRECTED_REQUEST, error));
        }
        if headers.contains_key(ORIGIN) && !self.is_own_page(headers, &host) {
            let error = "the page that asks is not of this server: Origin and Host must name the same place";
            return Err(Failure::new(StatusCode::FORBIDDEN, error));
        }
        if is_for_another_site(request.method(), headers) {
            let error = "a page of another site asks: Sec-Fetch-Site must be same-origin or none";
            return Err(Failure::new(StatusCode::FORBIDDEN, error));
        }
        Ok(())
    }

    /// The one host that the request names. A target in absolute form counts more than Host (RFC 9112 3.2.2): where they differ, somebody is deceived.
    fn host(&self, request: &Request) -> Result<Authority, Failure> {
        let host = single(request.headers(), &HOST).and_then(Authority::parse);
        let bad = |error: &str| Err(Failure::new(StatusCode::BAD_REQUEST, error));
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
pub async fn want_our_name(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard.judge(&request) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn guard(encrypted: bool) -> Guard {
        let names = ["localhost", "mx.allegromail.pl", "admin"];
        let names = names.map(|name| Domain::parse(name).unwrap());
        Guard {
            names: names.into(),
            encrypted,
        }
    }

    /// What becomes of a GET or POST with these fields; 0: it passes.
    fn judged(encrypted: bool, target: &str, fields: &[(&str, &str)]) -> u16 {
        let method = if fields.iter().any(|(name, _)| *name == "origin") {
            "POST"
        } else {
            "GET"
        };
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        guard(encrypted)
            .judge(&request)
            .err()
            .map_or(0, |failure| failure.status)
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn h155_a_request_names_this_server() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:8025",
            "127.0.0.1.",
            "[::1]",
            "[::1]:8025",
            "[2001:DB8::1]:1",
            "192.0.2.7",
            "localhost",
            "LocalHost:8025",
            "localhost.",
            "localhost.:8025",
            "localhost:",
            "mx.allegromail.pl",
            "MX.ALLEGROMAIL.PL.:443",
            "admin",
            "ADMIN:9",
        ] {
            assert_eq!(judged(false, "/v1/queue", &[("host", host)]), 0, "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8025",
            "localhost.evil.example",
            "evillocalhost",
            "mx.allegromail.pl.evil.example",
            "127.0.0.1.nip.io",
            "x.localhost",
            "2130706433",
            "0x7f.0.0.1",
            "127.1",
            "evil.localhost:8025",
            "adm\u{131}n",
            "*",
        ] {
            let status = judged(false, "/v1/queue", &[("host", host)]);
            assert!(matches!(status, 400 | 421), "{host}: {status}");
        }
        for host in [
            "",
            ".",
            ":8025",
            "localhost..",
            "localhost:x",
            "localhost:99999",
            "localhost:+80",
            "::1",
            "[::1",
            "[::1]x",
            "[::1].evil.example",
            "[localhost]",
            "localhost@evil.example",
            "evil.example@localhost",
            "localhost, evil.example",
            "localhost/",
            "http://localhost",
            "localhost evil",
        ] {
            assert_eq!(
                judged(false, "/v1/queue", &[("host", host)]),
                400,
                "{host:?}"
            );
        }
        assert_eq!(judged(false, "/v1/queue", &[]), 400);
        let twice = [("host", "localhost"), ("host", "localhost")];
        assert_eq!(judged(false, "/v1/queue", &twice), 400);
        for (target, host, status) in [
            ("http://localhost:8025/v1/queue", "localhost:8025", 0),
            ("http://LOCALHOST/v1/queue", "localhost:80", 0),
            ("http://localhost:8025/v1/queue", "localhost", 400),
            ("http://evil.example/v1/queue", "localhost", 400),
            ("http://localhost/v1/queue", "evil.example", 400),
            ("http://evil.example/v1/queue", "evil.example", 421),
            (
                "http://localhost@evil.example/v1/queue",
                "evil.example",
                400,
            ),
        ] {
            assert_eq!(
                judged(false, target, &[("host", host)]),
                status,
                "{target} {host}"
            );
        }
    }

    #[test]
    fn h156_a_page_of_another_site_is_known_by_its_origin() {
        for (encrypted, host, origin, passes) in [
            (false, "localhost:8025", "http://localhost:8025", true),
            (false, "127.0.0.1:8025", "HTTP://127.0.0.1:8025", true),
            (false, "[::1]:8025", "http://[::1]:8025", true),
            (false, "localhost", "http://localhost", true),
            (false, "localhost:80", "http://localhost", true),
            (false, "localhost:8025", "http://localhost.:8025", true),
            (true, "admin", "https://admin", true),
            (true, "admin:443", "https://admin", true),
            (true, "admin:8443", "https://ADMIN:8443", true),
            (true, "admin", "http://admin", false),
            (true, "admin:8443", "http://admin:8443", false),
            (false, "localhost:8025", "null", false),
            (false, "localhost:8025", "", false),
            (false, "localhost:8025", "http://localhost", false),
            (false, "localhost:8025", "http://localhost:8026", false),
            (false, "localhost:8025", "http://127.0.0.1:8025", false),
            (false, "localhost:8025", "http://evil.example", false),
            (false, "localhost:8025", "http://evil.example:8025", false),
            (
                false,
                "localhost:8025",
                "http://localhost:8025.evil.example",
                false,
            ),
            (false, "localhost:8025", "http://localhost:8025/", false),
            (
                false,
                "localhost:8025",
                "http://localhost:8025 http://evil.example",
                false,
            ),
            (false, "localhost:8025", "file://localhost:8025", false),
            (
                false,
                "localhost:8025",
                "chrome-extension://localhost:8025",
                false,
            ),
            (false, "localhost:8025", "localhost:8025", false),
        ] {
            let fields = [("host", host), ("origin", origin)];
            let wanted = if passes { 0 } else { 403 };
            assert_eq!(
                judged(encrypted, "/v1/import", &fields),
                wanted,
                "{encrypted} {host} {origin}"
            );
        }
        let twice = [
            ("host", "localhost"),
            ("origin", "http://localhost"),
            ("origin", "http://localhost"),
        ];
        assert_eq!(judged(false, "/v1/import", &twice), 403);
    }

    #[test]
    fn h156_a_browser_says_whose_page_it_is_for() {
        for (site, mode, status) in [
            ("same-origin", "cors", 0),
            ("none", "navigate", 0),
            ("cross-site", "navigate", 0),
            ("cross-site", "no-cors", 403),
            ("same-site", "cors", 403),
            ("rubbish", "cors", 403),
        ] {
            let fields = [
                ("host", "localhost"),
                ("sec-fetch-site", site),
                ("sec-fetch-mode", mode),
            ];
            assert_eq!(judged(false, "/v1/queue", &fields), status, "{site} {mode}");
        }
        // A form is a navigation, too, and no link.
        let form = [
            ("host", "localhost"),
            ("origin", "http://localhost"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
        ];
        assert_eq!(judged(false, "/v1/import", &form), 403);
    }
}
