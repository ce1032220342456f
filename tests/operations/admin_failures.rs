//! The admin interface as a script sees it: every failure is a JSON object with `error`, whoever found it.

use std::os::unix::fs::FileExt;

use serde_json::Value;

use crate::support::http;
use crate::support::stage::*;

/// An answer: status, head and body.
struct Heard {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Heard {
    /// What the body says; it must be a JSON object with `error` and nothing else, and be declared as that.
    fn error(&self) -> String {
        let head = self.head.to_ascii_lowercase();
        assert!(head.contains("content-type: application/json"), "{head}");
        let body: Value = serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.body)));
        assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
        body["error"].as_str().unwrap().to_owned()
    }
}

/// Sends one request with `fields` in its head.
fn ask(stage: &Stage, line: &str, fields: &[&str], body: &[u8]) -> Heard {
    let admin = &stage.relay.admin;
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: {}\r\n",
        body.len()
    );
    let answer = http::exchange(admin, &head, body).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = answer.split_at(end.unwrap() + 4);
    let head = String::from_utf8(head.to_vec()).unwrap();
    Heard {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head,
        body: body.to_vec(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_has_the_same_form() {
    let stage = Stage::ordinary().await;
    let json = "Content-Type: application/json";
    let large = vec![b'\n'; 64 * 1024 * 1024 + 1];
    // The request, its head and body; the status, and words that must stand in the sentence.
    type Row<'a> = (&'a str, &'a [&'a str], &'a [u8], u16, &'a [&'a str]);
    let rows: &[Row<'_>] = &[
        (
            "GET /v1/nothing",
            &[],
            b"",
            404,
            &["/v1/nothing", "openapi"],
        ),
        (
            "GET /v1/participants/nobody",
            &[],
            b"",
            404,
            &["participant"],
        ),
        (
            "POST /v1/queue",
            &[],
            b"",
            405,
            &["/v1/queue", "POST", "GET"],
        ),
        ("POST /healthz", &[], b"", 405, &["/healthz", "POST", "GET"]),
        (
            "GET /v1/trace",
            &[],
            b"",
            400,
            &["/v1/trace", "`q`", "openapi"],
        ),
        ("GET /v1/transactions/%ff", &[], b"", 400, &["UTF-8"]),
        (
            "POST /v1/explain",
            &[json],
            b"{\"from\":",
            400,
            &["column", "openapi"],
        ),
        (
            "POST /v1/explain",
            &[json],
            b"{}",
            422,
            &["`from`", "openapi"],
        ),
        (
            "POST /v1/explain",
            &[],
            b"{}",
            415,
            &["Content-Type: application/json"],
        ),
        (
            "POST /v1/import",
            &["Content-Type: application/x-ndjson"],
            &large,
            413,
            &["/v1/import", "64 MiB", "parts"],
        ),
    ];
    for (line, fields, body, status, words) in rows {
        let heard = ask(&stage, line, fields, body);
        let error = heard.error();
        assert_eq!(heard.status, *status, "{line}: {error}");
        for word in *words {
            assert!(error.contains(word), "{line}: {word:?} in {error:?}");
        }
        let allow = heard.head.to_ascii_lowercase().contains("\r\nallow: get");
        assert_eq!(allow, *status == 405, "{line}: {}", heard.head);
    }
    // What is well stays as it is.
    let heard = ask(&stage, "GET /v1/queue", &[], b"");
    assert_eq!((heard.status, &heard.body[..]), (200, &b"[]"[..]));
    assert_eq!(ask(&stage, "GET /healthz", &[], b"").body, b"ok\n");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_read_is_no_missing_one() {
    let closed = crate::support::process::free_port();
    let setup = Setup {
        next_hop: Some(closed),
        ..Setup::default()
    };
    let mut stage = setup.start().await;
    // It is damaged below, on purpose.
    stage.invariants.probing = false;
    stage.send(JAN, SELLER).await.assert("250");
    stage.deferred().await;
    let id = stage.relay.queue().list().await[0].id.to_string();
    let line = format!("GET /v1/queue/{id}/message");
    let heard = ask(&stage, &line, &[], b"");
    assert_eq!(heard.status, 200);

    // One bit of the message on disk, as a failing disk has it.
    let spool = stage.folder.path().join("data/spool");
    let mut flipped = false;
    for file in std::fs::read_dir(spool).unwrap() {
        let path = file.unwrap().path();
        if let Ok(octets) = std::fs::read(&path)
            && let Some(at) = memchr::memmem::find(&octets, b"Hello.")
        {
            let log = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
            log.write_all_at(b"h", at as u64).unwrap();
            flipped = true;
        }
    }
    assert!(flipped, "the message is in no segment");
    let heard = ask(&stage, &line, &[], b"");
    let error = heard.error();
    assert!(
        heard.status == 503 && error.contains(&id) && error.contains("damaged"),
        "{error}"
    );
    // An entry that is not there is another thing.
    let heard = ask(&stage, "GET /v1/queue/zzzz/message", &[], b"");
    assert!(heard.status == 404 && heard.error().contains("zzzz"));
    stage.stop().await;
}
