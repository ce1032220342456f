//! How the admin interface is reached: by its socket, with a token, by TLS, through a proxy; and that commands find it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::admin::{ACCOUNT, curl, sentence};
use crate::support::process::{Server, finished, free_port, wait_until};
use crate::support::stage::{ACCOUNTS, JAN, SELLER, Setup};

/// A folder with accounts and a configuration whose `[admin]` is `lines`.
async fn installed(lines: &str) -> (tempfile::TempDir, String) {
    let stage = Setup::default()
        .key("auth", "registered = \"off\"")
        .start()
        .await;
    let config = stage.config.to_string_lossy().into_owned();
    let folder = stage.stop().await;
    let text = fs::read_to_string(&config).unwrap();
    let old = "[admin]\nlisten = \"127.0.0.1:0\"\nallow_tokenless_loopback = true\n";
    assert!(text.contains(old), "{text}");
    fs::write(&config, text.replace(old, lines)).unwrap();
    (folder, config)
}

/// Fails unless the commands find the running server by themselves: they see what only it knows, and change what it has.
async fn assert_commands_work(config: &str, folder: &Path) {
    let data = folder.join("more.ndjson");
    let more = ACCOUNTS
        .lines()
        .next()
        .unwrap()
        .replace("8awgqyk6a5", "onemore1")
        .replace(JAN, "one@more.example");
    fs::write(&data, more).unwrap();
    let data = data.to_string_lossy().into_owned();
    for arguments in [
        &["import", &data][..],
        &["mask", "onemore1"],
        &["unmask", "onemore1@allegromail.pl"],
        &["allowlist", "reload"],
        &["reload"],
        &["queue", "list"],
        &["explain", "--from", JAN, "--to", SELLER],
    ] {
        let (owned, config): (Vec<String>, _) = (
            arguments.iter().map(|text| (*text).to_owned()).collect(),
            config.to_owned(),
        );
        let done = tokio::task::spawn_blocking(move || {
            let mut words: Vec<&str> = owned.iter().map(String::as_str).collect();
            words.extend(["--config", &config]);
            finished(&words)
        });
        let (code, out, errors) = done.await.unwrap();
        assert_eq!(code, 0, "{arguments:?}: {out}{errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h157_without_a_place_it_is_a_socket_that_only_its_owner_reaches() {
    for lines in ["", "[admin]\n"] {
        let (folder, config) = installed(lines).await;
        let socket = folder.path().join("data/admin.sock");
        let mode = || fs::metadata(&socket).unwrap().permissions().mode() & 0o777;
        let server = Server::start(config.as_ref());
        assert!(
            server.place.ends_with("data/admin.sock"),
            "{}",
            server.place
        );
        assert_eq!(mode(), 0o600);
        let path = socket.to_string_lossy().into_owned();
        let (status, body) = curl(
            &[
                "--unix-socket",
                &path,
                &format!("http://localhost{ACCOUNT}"),
            ],
            "",
        )
        .await;
        assert!(status == 200 && body.contains(JAN), "{status} {body}");
        // A proxy in front of it is no reason to answer to every name.
        assert_eq!(
            curl(
                &["--unix-socket", &path, "http://evil.example/v1/queue"],
                ""
            )
            .await
            .0,
            421
        );
        assert_commands_work(&config, folder.path()).await;
        // The socket of a dead server is replaced.
        server.kill();
        assert!(socket.exists());
        let (code, _, errors) = finished(&["allowlist", "reload", "--config", &config]);
        assert!(
            code == 69 && errors.contains("admin.sock"),
            "{code} {errors}"
        );
        let server = Server::start(config.as_ref());
        assert_eq!(mode(), 0o600);
        assert_commands_work(&config, folder.path()).await;
        drop(server);
        // Anything else that has its name stays.
        fs::remove_file(&socket).unwrap();
        fs::write(&socket, "precious").unwrap();
        let (code, _, errors) = finished(&["serve", "--config", &config]);
        assert!(
            code == 75 && errors.contains("no socket"),
            "{code} {errors}"
        );
        assert_eq!(fs::read(&socket).unwrap(), b"precious");
    }
    // A path that no socket can have is told before anything is touched.
    let (folder, config) = installed("").await;
    let long = folder.path().join("d".repeat(100));
    let text = fs::read_to_string(&config)
        .unwrap()
        .replace("data_dir = \"data\"", &format!("data_dir = {long:?}"));
    fs::write(&config, text).unwrap();
    for command in [&["config", "check"][..], &["serve"]] {
        let (code, out, errors) = finished(&[command, &["--config", &config]].concat());
        assert!(
            code == 78 && errors.contains("too long") && errors.contains("admin.listen"),
            "{code} {out}{errors}"
        );
    }
    assert!(!long.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn h157_a_tcp_listener_wants_a_token() {
    let port = free_port();
    let (folder, config) = installed(&format!("[admin]\nlisten = \"127.0.0.1:{port}\"\n")).await;
    for command in [&["config", "check"][..], &["serve"]] {
        let (code, _, errors) = finished(&[command, &["--config", &config]].concat());
        assert_eq!(code, 78, "{errors}");
        for way in ["token", "admin.sock", "allow_tokenless_loopback"] {
            assert!(errors.contains(way), "{way}: {errors}");
        }
    }
    let with = |more: &str| {
        let text = fs::read_to_string(&config).unwrap();
        let (head, _) = text.split_once("[admin]\n").unwrap();
        let tail = text.split_once("[[delivery.route]]").unwrap().1;
        fs::write(
            &config,
            format!(
                "{head}[admin]\nlisten = \"127.0.0.1:{port}\"\n{more}\n[[delivery.route]]{tail}"
            ),
        )
        .unwrap();
    };
    with("allow_tokenless_loopback = true");
    let (code, _, errors) = finished(&["config", "check", "--config", &config]);
    assert!(
        code == 0 && errors.contains("every program on this host"),
        "{errors}"
    );
    let token = folder.path().join("admin.token");
    fs::write(&token, "0123456789abcdef-0123456789abcdef\n").unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    with("token_file = \"admin.token\"");
    let server = Server::start(config.as_ref());
    let url = format!("http://{}", server.place);
    for (field, status) in [
        ("X-Nothing: 1", 401),
        ("Authorization: Bearer", 401),
        (
            "Authorization: Bearer 0123456789abcdef-0123456789abcdeg",
            401,
        ),
        (
            "Authorization: Bearer 0123456789abcdef-0123456789abcde",
            401,
        ),
        (
            "Authorization: Bearer 0123456789abcdef-0123456789abcdef0",
            401,
        ),
        (
            "Authorization: Basic 0123456789abcdef-0123456789abcdef",
            401,
        ),
        ("Authorization: 0123456789abcdef-0123456789abcdef", 401),
        (
            "Authorization: Bearer 0123456789abcdef-0123456789abcdef",
            200,
        ),
        (
            "Authorization: bearer 0123456789abcdef-0123456789abcdef",
            200,
        ),
    ] {
        for path in [ACCOUNT, "/metrics", "/v1/openapi.json"] {
            let (got, body) = curl(&["-H", field, &format!("{url}{path}")], "").await;
            assert_eq!(got, status, "{field} {path}: {body}");
            assert_eq!(
                body.contains(JAN),
                status == 200 && path == ACCOUNT,
                "{body}"
            );
        }
        // A token does not make another site's page ours.
        let (got, _) = curl(
            &[
                "-H",
                field,
                "-H",
                "Origin: https://evil.example",
                &format!("{url}{ACCOUNT}"),
            ],
            "",
        )
        .await;
        assert_eq!(got, 403, "{field}");
        for path in ["/healthz", "/readyz"] {
            assert_eq!(
                curl(&["-H", field, &format!("{url}{path}")], "").await.0,
                200
            );
        }
    }
    assert_commands_work(&config, folder.path()).await;
}

/// A certificate for localhost in the folder, under the same names every time.
fn certify(folder: &Path) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    fs::write(folder.join("admin.crt"), made.cert.pem()).unwrap();
    fs::write(folder.join("admin.key"), made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(folder.join("admin.key"), fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn h157_tls_ends_here_and_its_certificate_is_read_again() {
    let port = free_port();
    let (folder, config) = installed(&format!(
        "[admin]\nlisten = \"0.0.0.0:{port}\"\ntoken_file = \"admin.token\"\ntls = {{ certificate = \"admin.crt\", key = \"admin.key\" }}\n"
    ))
    .await;
    let token = folder.path().join("admin.token");
    fs::write(&token, "0123456789abcdef-0123456789abcdef\n").unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    certify(folder.path());
    let server = Server::start(config.as_ref());
    let bearer = "Authorization: Bearer 0123456789abcdef-0123456789abcdef";
    let url = format!("https://localhost:{port}{ACCOUNT}");
    let first = folder
        .path()
        .join("first.crt")
        .to_string_lossy()
        .into_owned();
    fs::copy(folder.path().join("admin.crt"), &first).unwrap();
    let own = format!("Origin: https://localhost:{port}");
    // A client that says nothing keeps nobody waiting.
    let _silent = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    for (fields, status) in [
        (&["-H", bearer][..], 200),
        (&["-H", bearer, "-H", &own], 200),
        (&[], 401),
    ] {
        let (got, body) = curl(&[&["-4", "--cacert", &first], fields, &[&url]].concat(), "").await;
        assert_eq!(got, status, "{fields:?}: {body}");
    }
    // A page that came in clear text may be anybody's, whatever it calls itself.
    let forged = format!("Origin: http://localhost:{port}");
    assert_eq!(
        curl(
            &["-4", "--cacert", &first, "-H", bearer, "-H", &forged, &url],
            ""
        )
        .await
        .0,
        403
    );
    assert_eq!(
        curl(&["-4", "-H", bearer, &url.replace("https", "http")], "")
            .await
            .0,
        0
    );
    assert_commands_work(&config, folder.path()).await;
    // A new one: until the server has read it, commands do not send their token to whoever shows another.
    certify(folder.path());
    let reload = || finished(&["allowlist", "reload", "--config", &config]);
    let (code, _, errors) = reload();
    assert!(code == 69 && errors.contains("SIGHUP"), "{code} {errors}");
    let count = || {
        server
            .log()
            .matches("event=\"reloaded\" what=\"certificates\"")
            .count()
    };
    // Commands have had it read again before.
    let before = count();
    server.signal("HUP");
    wait_until("the certificate", || count() > before);
    let (code, _, errors) = reload();
    assert_eq!(code, 0, "{errors}\n{}", server.log());
    let second = folder
        .path()
        .join("admin.crt")
        .to_string_lossy()
        .into_owned();
    assert_eq!(
        curl(&["-4", "--cacert", &second, "-H", bearer, &url], "")
            .await
            .0,
        200
    );
    assert_eq!(
        curl(&["-4", "--cacert", &first, "-H", bearer, &url], "")
            .await
            .0,
        0
    );
    // A broken one changes nothing.
    fs::write(&second, "rubbish").unwrap();
    server.signal("HUP");
    wait_until("the failure", || {
        server
            .log()
            .contains("event=\"reload_failed\" what=\"certificates\"")
    });
    assert_eq!(curl(&["-4", "-k", "-H", bearer, &url], "").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn h157_behind_a_proxy_only_the_proxy_is_served() {
    for (network, status) in [("10.0.0.0/8", 403), ("127.0.0.0/8", 200)] {
        let port = free_port();
        let (folder, config) = installed(&format!(
            "[admin]\nlisten = \"0.0.0.0:{port}\"\ntoken_file = \"admin.token\"\nbehind_proxy = [\"{network}\"]\nhosts = [\"admin.operator.example\"]\n"
        ))
        .await;
        let token = folder.path().join("admin.token");
        fs::write(&token, "0123456789abcdef-0123456789abcdef\n").unwrap();
        fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
        let server = Server::start(config.as_ref());
        let bearer = "Authorization: Bearer 0123456789abcdef-0123456789abcdef";
        for path in [ACCOUNT, "/healthz", "/v1/nothing"] {
            let url = format!("http://127.0.0.1:{port}{path}");
            // A name that the client gives itself counts for nothing.
            let (got, body) = curl(
                &[
                    "-H",
                    bearer,
                    "-H",
                    "X-Forwarded-For: 10.0.0.1",
                    "-H",
                    "Forwarded: for=10.0.0.1",
                    &url,
                ],
                "",
            )
            .await;
            let wanted = if path == "/v1/nothing" && status == 200 {
                404
            } else {
                status
            };
            assert_eq!(got, wanted, "{network} {path}: {body}");
            assert!(
                status == 200 || sentence(&body).contains("behind_proxy"),
                "{body}"
            );
        }
        if status == 200 {
            // As a browser asks by way of the proxy, which passes its Host on.
            for (origin, status) in [
                ("https://admin.operator.example", 200),
                ("http://admin.operator.example", 403),
            ] {
                let fields = [
                    "-H",
                    bearer,
                    "-H",
                    "Host: admin.operator.example",
                    "-H",
                    &format!("Origin: {origin}"),
                    &format!("http://127.0.0.1:{port}{ACCOUNT}"),
                ];
                assert_eq!(curl(&fields, "").await.0, status, "{origin}");
            }
            assert_commands_work(&config, folder.path()).await;
        }
        drop(server);
    }
}
