//! Tokens of carriers: commands and endpoints, what survives, and how the listener is reached.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::verify::{allow, bearer, command, installed, send, token};
use crate::support::admin::curl;
use crate::support::http;
use crate::support::process::{Server, finished, free_port, wait_until};
use crate::support::stage::BUYER;

/// The list as the command prints it.
fn listed(config: &str) -> Vec<Value> {
    serde_json::from_str(&command(config, &["tokens", "list", "--json"])).unwrap()
}

fn is_good(port: u16, token: &str) -> bool {
    let line = format!("GET /v1/verify?address={BUYER}");
    send(port, &line, &bearer(token), "").0 == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_made_and_revoked_with_and_without_a_server_and_outlive_it() {
    let (folder, config, port) = installed("1000/1h").await;
    // On the stores.
    let (first_id, first) = token(&config, "@inpost.pl");
    let (revoked_id, revoked) = token(&config, "@dhl.com");
    let told = command(&config, &["tokens", "revoke", &revoked_id]);
    assert_eq!(told, format!("{revoked_id} is revoked\n"));
    for (words, code) in [
        (&["tokens", "create", "@other.example"][..], 65),
        (&["tokens", "create", "*@dhl.com"], 64),
        (&["tokens", "create"], 64),
        (&["tokens", "revoke", "000000000000"], 65),
        (&["tokens", "revoke", "../queue"], 65),
    ] {
        let run = || finished(&[words, &["--config", &config]].concat());
        assert_eq!(run().0, code, "{words:?}: {}", run().2);
        let server = Server::start(config.as_ref());
        assert_eq!(run().0, code, "{words:?}: {}", run().2);
        server.stop();
    }
    let server = Server::start(config.as_ref());
    assert!(is_good(port, &first) && !is_good(port, &revoked));
    // By the server.
    let (out, code) = {
        let (code, out, errors) = finished(&["tokens", "create", "@dhl.com", "--config", &config]);
        assert!(errors.contains("shown this once"), "{errors}");
        (out, code)
    };
    let second = out.trim_end();
    assert!(
        code == 0 && second.len() == 81 && out.lines().count() == 1,
        "{out}"
    );
    assert!(is_good(port, second));
    let all = listed(&config);
    let ids: Vec<&str> = all
        .iter()
        .map(|token| token["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [&first_id, &revoked_id, &second[4..16]]);
    let own = format!("uid {}", rustix::process::getuid().as_raw());
    assert_eq!(all[0]["created_by"], own.as_str());
    assert_eq!(
        (&all[1]["revoked_by"], &all[1]["good"]),
        (&own.as_str().into(), &false.into())
    );
    assert_eq!(all[2]["created_by"], "127.0.0.1");
    assert!(
        all.iter()
            .all(|token| token["last_used"].is_string() != token["revoked"].is_string())
    );
    let text = command(&config, &["tokens", "list"]);
    assert!(
        text.lines().count() == 3 && text.contains("revoked 20"),
        "{text}"
    );
    // Neither in a list, the log, nor on the disk.
    for secret in [&first[17..], &revoked[17..], &second[17..]] {
        assert!(!text.contains(secret) && !server.log().contains(secret));
    }
    let created = format!(
        "event=\"token_created\" token=\"{}\" holder=@dhl.com by=\"127.0.0.1\"",
        &second[4..16]
    );
    assert!(server.log().contains(&created), "{}", server.log());
    // A crash takes neither a token nor a revocation.
    command(&config, &["tokens", "revoke", &first_id]);
    assert!(!is_good(port, &first));
    let told =
        format!("event=\"token_revoked\" token=\"{first_id}\" holder=@inpost.pl by=\"127.0.0.1\"");
    assert!(server.log().contains(&told), "{}", server.log());
    server.kill();
    let server = Server::start(config.as_ref());
    assert!(is_good(port, second) && !is_good(port, &first) && !is_good(port, &revoked));
    // A reload takes effect with the next question, and back.
    for (entries, good) in [
        (["@inpost.pl", "@dpd.com.pl"], false),
        (["@inpost.pl", "@dhl.com"], true),
    ] {
        allow(folder.path(), &entries);
        server.signal("HUP");
        wait_until("the reload", || is_good(port, second) == good);
        assert_eq!(listed(&config)[2]["good"], good);
    }
    // A broken allowlist keeps nobody from revoking.
    server.stop();
    allow(folder.path(), &["*"]);
    command(&config, &["tokens", "revoke", &second[4..16]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_lost_brings_its_tokens_back_from_the_export() {
    let (folder, config, port) = installed("1000/1h").await;
    let (_, good) = token(&config, "@inpost.pl");
    let (id, revoked) = token(&config, "@inpost.pl");
    command(&config, &["tokens", "revoke", &id]);
    let points = [("ALLEGROMAIL_FAILPOINTS", "app.export_soon=number:0")];
    let server = Server::try_start(config.as_ref(), &[], &points).unwrap();
    wait_until("the export", || server.log().contains("what=\"state\""));
    server.stop();
    fs::remove_dir_all(folder.path().join("data/state")).unwrap();
    // A command makes it again, too, as a start would.
    let all = listed(&config);
    assert_eq!(
        (all.len(), &all[0]["good"], &all[1]["good"]),
        (2, &true.into(), &false.into())
    );
    let server = Server::start(config.as_ref());
    assert!(is_good(port, &good) && !is_good(port, &revoked));
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_of_tokens_say_what_is_wrong() {
    let (_folder, config, _) = installed("1000/1h").await;
    let server = Server::start(config.as_ref());
    for (body, status, words) in [
        (r#"{"entry": "@other.example"}"#, 422, "allowlist in force"),
        (r#"{"entry": "*"}"#, 422, "wildcard"),
        (r#"{"entry": "@com.pl"}"#, 422, "public suffix"),
        ("{}", 422, "`entry`"),
        ("junk", 400, "JSON"),
    ] {
        let answer = http::post(server.admin, "/v1/tokens", Some("application/json"), body);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{body}: {answer}"
        );
        assert!(answer.contains(words), "{body}: {answer}");
    }
    let made = http::post(
        server.admin,
        "/v1/tokens",
        Some("application/json"),
        r#"{"entry": "dhl.com"}"#,
    );
    assert!(made.contains(r#""entry":"@dhl.com""#), "{made}");
    let head = "DELETE /v1/tokens/nosuch HTTP/1.1\r\nHost: localhost\r\n";
    let gone = http::exchange(server.admin, head, b"").unwrap();
    assert!(gone.starts_with(b"HTTP/1.1 404 "));
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_listener_wants_tls_or_a_proxy_beyond_loopback() {
    let (folder, config, port) = installed("1000/1h").await;
    let text = fs::read_to_string(&config).unwrap();
    let with = |listen: &str, more: &str| {
        let old = format!("listen = \"127.0.0.1:{port}\"");
        fs::write(
            &config,
            text.replace(&old, &format!("listen = \"{listen}\"\n{more}")),
        )
        .unwrap();
        finished(&["config", "check", "--config", &config])
    };
    for (listen, more, words) in [
        ("0.0.0.0:8026", "", "no loopback address"),
        ("/run/verify.sock", "", "no address with a port"),
        ("127.0.0.1", "", "has no port"),
        ("", "", "is empty"),
        (
            "127.0.0.1:8026",
            "tls = { certificate = \"x\", key = \"y\" }",
            "verify.tls",
        ),
        (
            "127.0.0.1:8026",
            "behind_proxy = [\"0.0.0.0/0\"]",
            "everybody",
        ),
        ("127.0.0.1:8026", "hosts = [\"a:1\"]", "verify.hosts"),
    ] {
        let (code, _, errors) = with(listen, more);
        assert!(
            code == 78 && errors.contains(words) && errors.contains("verify."),
            "{listen}: {errors}"
        );
        assert!(
            !errors.contains("unix socket") || listen.starts_with("0.0"),
            "{listen}: {errors}"
        );
    }
    let off = text.replace("\"1000/1h\"", "\"off\"");
    fs::write(&config, &off).unwrap();
    let (code, _, errors) = finished(&["config", "check", "--config", &config]);
    assert!(code == 0 && errors.contains("by trying"), "{errors}");
    // Behind a proxy nobody else is served.
    let port = free_port();
    let (code, ..) = with(
        &format!("0.0.0.0:{port}"),
        "behind_proxy = [\"10.0.0.0/8\"]",
    );
    assert_eq!(code, 0);
    let server = Server::start(config.as_ref());
    let (_, own) = token(&config, "@inpost.pl");
    assert_eq!(send(port, "GET /v1/verify", &bearer(&own), "").0, 403);
    server.stop();
    // TLS ends here, and its certificate is read again.
    let certify = || {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(folder.path().join("v.crt"), made.cert.pem()).unwrap();
        fs::write(
            folder.path().join("v.key"),
            made.signing_key.serialize_pem(),
        )
        .unwrap();
        let mode = fs::Permissions::from_mode(0o600);
        fs::set_permissions(folder.path().join("v.key"), mode).unwrap();
    };
    certify();
    let tls = "tls = { certificate = \"v.crt\", key = \"v.key\" }";
    assert_eq!(with(&format!("0.0.0.0:{port}"), tls).0, 0);
    let server = Server::start(config.as_ref());
    let certificate = folder.path().join("v.crt").to_string_lossy().into_owned();
    let (url, field) = (
        format!("https://localhost:{port}/v1/verify?address={BUYER}"),
        format!("Authorization: Bearer {own}"),
    );
    let ask = async || curl(&["-4", "--cacert", &certificate, "-H", &field, &url], "").await;
    let (status, body) = ask().await;
    assert!(status == 200 && body.contains("order"), "{status} {body}");
    certify();
    assert_eq!(ask().await.0, 0, "the old one is still shown");
    server.signal("HUP");
    wait_until("the certificate", || {
        server.log().contains("what=\"certificates\"")
    });
    assert_eq!(ask().await.0, 200);
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_a_part_of_the_connections() {
    use std::io::Read;
    let (_folder, config, port) = installed("1000/1h").await;
    let server = Server::start(config.as_ref());
    let (_, own) = token(&config, "@inpost.pl");
    let mut silent = Vec::new();
    for _ in 0..64 {
        silent.push(std::net::TcpStream::connect(("127.0.0.1", port)).unwrap());
    }
    // One more is closed without a word.
    let mut more = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let said = more.read(&mut [0; 1]);
    assert!(matches!(said, Ok(0) | Err(_)), "{said:?}");
    // Another address is served meanwhile, and so are operators.
    let line = format!("GET /v1/verify?address={BUYER} HTTP/1.1\r\nHost: localhost\r\n");
    let from = socket2::SockAddr::from(std::net::SocketAddr::from(([127, 0, 0, 9], 0)));
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&from).unwrap();
    let to = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    socket.connect(&to.into()).unwrap();
    let mut stream = std::net::TcpStream::from(socket);
    let head = format!("{line}{}Connection: close\r\n\r\n", bearer(&own));
    std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    assert!(heard.starts_with("HTTP/1.1 200 "), "{heard}");
    assert_eq!(listed(&config).len(), 1);
    drop(silent);
    wait_until("a place", || {
        let heard = http::exchange(("127.0.0.1", port), &format!("{line}{}", bearer(&own)), b"");
        heard.is_ok_and(|heard| heard.starts_with(b"HTTP/1.1 200 "))
    });
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_participants_token_is_made_with_and_without_a_server_and_asks_about_no_order() {
    let (_folder, config, port) = installed("1000/1h").await;
    let make =
        |words: &[&str]| finished(&[&["tokens", "create", "--config", &config], words].concat());
    let participant = BUYER.split('+').next().unwrap();
    let tries = || {
        for (words, code) in [
            (&["--participant", "nobody1"][..], 65),
            (&["--participant", participant, "--scope", "everything"], 64),
            (&["--participant", participant, "--courier", "@dhl.com"], 64),
            (&["--courier", "@dhl.com", "--scope", "messages:read"], 64),
        ] {
            let (got, _, errors) = make(words);
            assert_eq!(got, code, "{words:?}: {errors}");
        }
        let (code, token, errors) = make(&["--participant", participant]);
        assert!(code == 0 && token.starts_with("amc_"), "{errors}");
        token.trim_end().to_owned()
    };
    let first = tries();
    let server = Server::start(config.as_ref());
    let second = tries();
    let (code, courier, _) = make(&["--courier", "@dhl.com"]);
    assert!(code == 0 && is_good(port, courier.trim_end()));
    assert!(!is_good(port, &first) && !is_good(port, &second));
    let (_, _, errors) = make(&["--participant", participant, "--scope", "messages:read"]);
    assert!(
        errors.contains(&format!("of participant {participant}")),
        "{errors}"
    );
    let all = listed(&config);
    let seen: Vec<_> = all
        .iter()
        .map(|token| (&token["entry"], &token["scope"]))
        .collect();
    let both = serde_json::json!(["messages:read", "messages:write"]);
    let read = serde_json::json!(["messages:read"]);
    let (dhl, none) = (serde_json::json!("@dhl.com"), serde_json::json!([]));
    let null = &Value::Null;
    assert_eq!(
        seen,
        [(null, &both), (null, &both), (&dhl, &none), (null, &read)]
    );
    assert!(all.iter().all(|token| token["good"] == true));
    let text = command(&config, &["tokens", "list"]);
    let line = format!("participant {participant} (messages:read, messages:write) made");
    assert!(text.contains(&line), "{text}");
    server.stop();
}
