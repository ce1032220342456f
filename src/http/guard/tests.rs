//! Which requests pass, by their Host, Origin and Sec-Fetch fields.

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
        .check(&request)
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
