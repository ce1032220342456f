//! Who may ask the admin interface: names, and pages of other sites.

use crate::support::admin::{ACCOUNT, curl, sentence};
use crate::support::http;
use crate::support::stage::{ACCOUNTS, JAN, SELLER, Setup, Stage};

/// A request to the stage's interface with header fields; one of `Host` takes the place of curl's own.
async fn ask(
    stage: &Stage,
    method: &str,
    path: &str,
    fields: &[&str],
    body: &str,
) -> (u16, String) {
    let url = format!("http://{}{path}", stage.relay.admin);
    let mut arguments = vec!["-X", method, "-H", "Content-Type:"];
    fields
        .iter()
        .for_each(|field| arguments.extend(["-H", field]));
    if !body.is_empty() {
        arguments.extend(["--data-binary", "@-"]);
    }
    arguments.push(&url);
    curl(&arguments, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn h155_a_name_of_somebody_else_reads_nothing() {
    let setup = Setup::default().key("admin", "hosts = [\"admin.operator.example\", \"monitor\"]");
    let stage = setup.start().await;
    for path in [
        ACCOUNT,
        "/metrics",
        "/v1/queue",
        "/v1/openapi.json",
        "/v1/nothing",
    ] {
        for host in [
            "evil.example",
            "evil.example:8025",
            "localhost.evil.example",
            "other.operator.example",
        ] {
            let (status, body) = ask(&stage, "GET", path, &[&format!("Host: {host}")], "").await;
            let why = sentence(&body);
            assert!(
                status == 421 && why.contains("hosts"),
                "{path} {host}: {status} {why}"
            );
            assert!(!body.contains(JAN), "{body}");
        }
        let (status, body) = ask(&stage, "GET", path, &["Host;"], "").await;
        assert!(
            matches!(status, 400 | 421),
            "{path}: no name at all: {status} {body}"
        );
    }
    let health = ["/healthz", "/readyz"];
    for path in health {
        let fields = [
            "Host: 10.1.2.3.probes.example",
            "Origin: https://evil.example",
        ];
        let (status, body) = ask(&stage, "GET", path, &fields, "").await;
        assert_eq!(status, 200, "{path}: {body}");
    }
    // Whoever asks as it should be asked is answered.
    let port = stage.relay.admin.rsplit_once(':').unwrap().1.to_owned();
    for host in [
        "127.0.0.1",
        "[::1]",
        "LOCALHOST",
        "localhost.",
        "mx.allegromail.example",
        "admin.operator.example",
        "Monitor",
    ] {
        for host in [
            host.to_owned(),
            format!("{host}:{port}"),
            format!("{host}:1"),
        ] {
            let (status, body) = ask(&stage, "GET", ACCOUNT, &[&format!("Host: {host}")], "").await;
            assert!(
                status == 200 && body.contains(JAN),
                "{host}: {status} {body}"
            );
        }
    }
    // As curl asks by itself.
    let url = format!("http://localhost:{port}{ACCOUNT}");
    assert_eq!(curl(&["-4", &url], "").await.0, 200);
    // The head of a request octet by octet: none, two, and a target that says something else.
    for (head, status) in [
        ("GET /v1/queue HTTP/1.1\r\n", "400"),
        ("GET /v1/queue HTTP/1.0\r\n", "400"),
        (
            "GET /v1/queue HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n",
            "400",
        ),
        (
            "GET /v1/queue HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n",
            "400",
        ),
        (
            "GET http://evil.example/v1/queue HTTP/1.1\r\nHost: localhost\r\n",
            "400",
        ),
        (
            "GET http://localhost/v1/queue HTTP/1.1\r\nHost: evil.example\r\n",
            "400",
        ),
        (
            "GET http://localhost/v1/queue HTTP/1.1\r\nHost: localhost\r\n",
            "200",
        ),
        ("GET /v1/queue HTTP/1.1\r\nhOST: localhost\r\n", "200"),
    ] {
        let answer = http::exchange(&stage.relay.admin, head, b"").unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}"))
                || answer.starts_with(&format!("HTTP/1.0 {status}")),
            "{head}: {answer}"
        );
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h156_a_page_of_another_site_changes_nothing() {
    let stage = Stage::ordinary().await;
    let address = stage.relay.admin.clone();
    let stolen = ACCOUNTS
        .lines()
        .next()
        .unwrap()
        .replace(JAN, "thief@evil.example");
    let own = format!("Origin: http://{address}");
    let ndjson = "Content-Type: application/x-ndjson";
    // What a browser sends for a page, and what it is answered.
    let rows: &[(&[&str], u16)] = &[
        (
            &["Content-Type: text/plain", "Origin: https://evil.example"],
            403,
        ),
        (&["Content-Type: text/plain", "Origin: null"], 403),
        (&["Content-Type: text/plain"], 415),
        (&["Content-Type: text/plain;charset=UTF-8"], 415),
        (&["Content-Type: application/x-www-form-urlencoded"], 415),
        (
            &["Content-Type: multipart/form-data; boundary=application/x-ndjson"],
            415,
        ),
        (&["Content-Type: text/plain; application/x-ndjson"], 415),
        (&["Content-Type: application/json"], 415),
        (&["Content-Type: application/x-ndjsonp"], 415),
        (&["Content-Type: application/x-ndjson, text/plain"], 415),
        (&[], 415),
        (&["Transfer-Encoding: chunked"], 415),
        (&[ndjson, "Origin: https://evil.example"], 403),
        (&[ndjson, "Origin: null"], 403),
        (&[ndjson, "Origin: http://127.0.0.1"], 403),
        (&[ndjson, "Origin: http://localhost:1"], 403),
        (
            &[ndjson, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors"],
            403,
        ),
        (
            &[
                ndjson,
                "Sec-Fetch-Site: same-site",
                "Sec-Fetch-Mode: navigate",
            ],
            403,
        ),
    ];
    for (fields, wanted) in rows {
        let (status, body) = ask(&stage, "POST", "/v1/import", fields, &stolen).await;
        assert_eq!(status, *wanted, "{fields:?}: {body}");
        sentence(&body);
        assert!(
            ask(&stage, "GET", ACCOUNT, &[], "").await.1.contains(JAN),
            "{fields:?}"
        );
    }
    // Other bodies are JSON, whether the handler reads them or not.
    for (method, path) in [
        ("POST", "/v1/explain"),
        ("PUT", ACCOUNT),
        ("POST", "/v1/allowlist/reload"),
        ("POST", "/v1/reload"),
        ("POST", "/v1/queue/1/drop"),
    ] {
        for kind in [
            "Content-Type: text/plain",
            "Content-Type: application/x-ndjson",
            "X-Nothing: 1",
        ] {
            let (status, body) = ask(&stage, method, path, &[kind], "{}").await;
            assert!(
                status == 415 && sentence(&body).contains("application/json"),
                "{path} {kind}: {status} {body}"
            );
        }
    }
    // A page of our own, a script, and the commands.
    let question = format!(r#"{{"from":"{JAN}","to":"{SELLER}"}}"#);
    for (method, path, fields, body, wanted) in [
        (
            "POST",
            "/v1/import",
            &[
                ndjson,
                own.as_str(),
                "Sec-Fetch-Site: same-origin",
                "Sec-Fetch-Mode: cors",
            ][..],
            ACCOUNTS,
            200,
        ),
        (
            "POST",
            "/v1/import",
            &["Content-Type: Application/X-NDJSON; charset=utf-8"],
            ACCOUNTS,
            200,
        ),
        ("POST", "/v1/import", &[], "", 200),
        (
            "POST",
            "/v1/explain",
            &["Content-Type: application/json;charset=UTF-8", &own],
            &question,
            200,
        ),
        (
            "POST",
            "/v1/explain",
            &["Content-Type: APPLICATION/JSON", "Sec-Fetch-Site: none"],
            &question,
            200,
        ),
        ("POST", "/v1/allowlist/reload", &[], "", 200),
        ("POST", "/v1/queue/zzzz/hold", &[], "", 404),
        (
            "GET",
            "/v1/queue",
            &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"],
            "",
            200,
        ),
        (
            "DELETE",
            "/v1/participants/nobody",
            &[own.as_str()],
            "",
            404,
        ),
    ] {
        let (status, told) = ask(&stage, method, path, fields, body).await;
        assert_eq!(status, wanted, "{method} {path} {fields:?}: {told}");
    }
    stage.stop().await;
}
