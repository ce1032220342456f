//! A directory that was never loaded, or is gone: it knows nobody, and that is no reason to tell a buyer that his seller does not exist.

use std::fs;
use std::path::Path;

use crate::support::admin::curl;
use crate::support::dialogue::Dialogue;
use crate::support::process::{Server, finished, free_port};
use crate::support::stage::{ACCOUNTS, BUYER, JAN, SELLER, Setup, message};

/// An installation whose `data_dir` is empty: configured, and nothing more.
async fn installed() -> (tempfile::TempDir, String) {
    let setup = Setup::default()
        .key("auth", "registered = \"off\"")
        .key("admin", &format!("listen = \"127.0.0.1:{}\"", free_port()));
    let stage = setup.start().await;
    let config = stage.config.to_string_lossy().into_owned();
    let folder = stage.stop().await;
    fs::remove_dir_all(folder.path().join("data")).unwrap();
    (folder, config)
}

/// A request to the admin interface: status and body.
async fn ask(server: &Server, arguments: &[&str], path: &str, body: &str) -> (u16, String) {
    let url = format!("http://{}{path}", server.admin);
    curl(&[arguments, &[url.as_str()]].concat(), body).await
}

/// What RCPT says to a mask, and what `readyz` says.
async fn asked(server: &Server, mask: &str) -> (String, u16, String) {
    let mut dialogue = Dialogue::greeted(server.smtp).await;
    dialogue
        .say(&format!("MAIL FROM:<{JAN}>"))
        .await
        .assert("250");
    let answer = dialogue.say(&format!("RCPT TO:<{mask}>")).await.0;
    let (status, why) = ask(server, &[], "/readyz", "").await;
    (answer, status, why)
}

/// Fails unless nobody is unknown yet, and whoever asks hears why.
async fn assert_unready(server: &Server, case: &str) {
    for mask in [SELLER, BUYER, "nobody00@allegromail.pl"] {
        let (answer, status, why) = asked(server, mask).await;
        assert!(
            answer.starts_with("451 4.3.0") && answer.contains("[directory-unavailable;"),
            "{case}: {mask}: {answer}"
        );
        assert!(
            status == 503 && why.contains("import"),
            "{case}: {status} {why}"
        );
    }
    let log = server.log();
    let told = log
        .lines()
        .find(|line| line.contains("directory_not_loaded"));
    let told = told.unwrap_or_else(|| panic!("{case}: no error in the log: {log}"));
    assert!(
        told.contains("ERROR") && told.contains("allegromail import"),
        "{case}: {told}"
    );
}

/// Fails unless the directory answers: who is there is taken, and who is not is unknown.
async fn assert_ready(server: &Server, case: &str, known: &[&str]) {
    for mask in known {
        let (answer, status, why) = asked(server, mask).await;
        assert!(answer.starts_with("250"), "{case}: {mask}: {answer}");
        assert_eq!((status, why.trim()), (200, "ready"), "{case}");
    }
    let (answer, status, _) = asked(server, "nobody00@allegromail.pl").await;
    assert!(answer.starts_with("550 5.1.1"), "{case}: {answer}");
    assert_eq!(status, 200, "{case}");
}

/// One account, as `PUT /v1/participants/{id}` takes it.
fn jan() -> String {
    let mut line: serde_json::Value =
        serde_json::from_str(ACCOUNTS.lines().next().unwrap()).unwrap();
    line.as_object_mut().unwrap().remove("type");
    line.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn h181_until_a_directory_is_loaded_nobody_is_unknown() {
    // The way in which it is loaded, while the server runs, and who is known then.
    let ways: [(&str, &[&str]); 5] = [
        ("import", &[SELLER, BUYER]),
        ("import of an empty file", &[]),
        ("POST", &[SELLER, BUYER]),
        ("PUT", &[BUYER]),
        ("export of a directory", &[]),
    ];
    for (way, known) in ways {
        let (folder, config) = installed().await;
        let server = Server::start(config.as_ref());
        assert_unready(&server, way).await;
        // An account that cannot be looked up is no missing one.
        assert_eq!(
            ask(&server, &[], "/v1/participants/8awgqyk6a5", "").await.0,
            503
        );
        let data = folder.path().join("data.ndjson");
        match way {
            "POST" => {
                let ndjson = [
                    "-H",
                    "Content-Type: application/x-ndjson",
                    "--data-binary",
                    "@-",
                ];
                assert_eq!(ask(&server, &ndjson, "/v1/import", ACCOUNTS).await.0, 200);
            }
            "PUT" => {
                let json = [
                    "-X",
                    "PUT",
                    "-H",
                    "Content-Type: application/json",
                    "-d",
                    "@-",
                ];
                let path = "/v1/participants/8awgqyk6a5";
                assert_eq!(ask(&server, &json, path, &jan()).await.0, 204);
            }
            _ => {
                let text = match way {
                    "import" => ACCOUNTS,
                    "export of a directory" => "{\"type\":\"end\",\"records\":0}\n",
                    _ => "",
                };
                fs::write(&data, text).unwrap();
                let arguments = ["import", "--config", &config, &data.to_string_lossy()];
                let (code, _, errors) = finished(&arguments);
                assert_eq!(code, 0, "{way}: {errors}");
            }
        }
        // Without a restart, and after one.
        assert_ready(&server, way, known).await;
        drop(server);
        assert_ready(&Server::start(config.as_ref()), way, known).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h181_a_load_counts_when_it_has_ended() {
    let (folder, config) = installed().await;
    let server = Server::start(config.as_ref());
    let ndjson = [
        "-H",
        "Content-Type: application/x-ndjson",
        "--data-binary",
        "@-",
    ];
    // A part of a load: who is in it is there, and who comes later is not.
    let part = ACCOUNTS.lines().next().unwrap();
    assert_eq!(
        ask(&server, &ndjson, "/v1/import?more=true", part).await.0,
        200
    );
    assert_unready(&server, "a part").await;
    // Neither a change of one account nor a restart makes a whole of it.
    let json = [
        "-X",
        "PUT",
        "-H",
        "Content-Type: application/json",
        "-d",
        "@-",
    ];
    assert_eq!(
        ask(&server, &json, "/v1/participants/8awgqyk6a5", &jan())
            .await
            .0,
        204
    );
    assert_unready(&server, "a part and a PUT").await;
    drop(server);
    let server = Server::start(config.as_ref());
    assert_unready(&server, "a part and a restart").await;
    // Lines of which none is a record load nothing.
    let data = folder.path().join("data.ndjson");
    fs::write(&data, "rubbish\n{}\n").unwrap();
    let import = ["import", "--config", &config, &data.to_string_lossy()];
    assert_eq!(finished(&import).0, 65);
    assert_unready(&server, "rubbish").await;
    assert_eq!(
        ask(&server, &ndjson, "/v1/import", "rubbish\n").await.0,
        200
    );
    assert_unready(&server, "rubbish by POST").await;
    // More than goes into one request, with a bad line at the end.
    let many: String = (0..10_000)
        .map(|number| {
            part.replace("8awgqyk6a5", &format!("many{number}"))
                .replace("jan@", &format!("jan{number}@"))
                + "\n"
        })
        .collect();
    fs::write(&data, format!("{many}{ACCOUNTS}rubbish\n")).unwrap();
    assert_eq!(finished(&import).0, 65);
    assert_ready(&server, "all", &[SELLER, "many9999@allegromail.pl"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h180_a_data_dir_that_is_not_mounted_makes_nobody_unknown() {
    // What is missing of the data directory of a server that has worked, and the log's word for it.
    let cases: [(&str, &[&str]); 4] = [
        (
            "all of it",
            &["directory", "state", "spool", "trace", "export"],
        ),
        (
            "all but the state",
            &["directory", "spool", "trace", "export"],
        ),
        ("the directory", &["directory", "export"]),
        (
            "the directory and the spool",
            &["directory", "spool", "export"],
        ),
    ];
    for (case, missing) in cases {
        let (folder, config) = installed().await;
        let data = folder.path().join("data");
        load(&config, folder.path(), ACCOUNTS);
        let server = Server::start(config.as_ref());
        Dialogue::greeted(server.smtp)
            .await
            .send(JAN, &[SELLER], &message(JAN, SELLER, ""))
            .await
            .assert("250");
        assert_ready(&server, case, &[SELLER]).await;
        server.stop();
        let elsewhere = folder.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        for name in missing {
            let _ = fs::rename(data.join(name), elsewhere.join(name));
        }
        for round in ["once", "again"] {
            let server = Server::start(config.as_ref());
            assert_unready(&server, &format!("{case}, {round}")).await;
            server.stop();
        }
        // Commands that look without a server say the same.
        let explain = [
            "explain", "--config", &config, "--from", JAN, "--to", SELLER,
        ];
        let (code, out, errors) = finished(&explain);
        assert!(
            code == 1 && out.contains("[directory-unavailable;"),
            "{case}: {code} {out}{errors}"
        );
        for command in ["mask", "unmask"] {
            let whom = if command == "mask" {
                "k2m9x0r7t3"
            } else {
                SELLER
            };
            let (code, _, errors) = finished(&[command, "--config", &config, whom]);
            assert!(
                code == 69 && errors.contains("import"),
                "{case}: {command}: {code} {errors}"
            );
        }
        // The disk is mounted: nothing has been spoilt meanwhile.
        for name in missing {
            let _ = fs::remove_dir_all(data.join(name));
            let _ = fs::rename(elsewhere.join(name), data.join(name));
        }
        assert_ready(&Server::start(config.as_ref()), case, &[SELLER, BUYER]).await;
    }
}

/// Loads lines with the command.
fn load(config: &str, folder: &Path, lines: &str) {
    let data = folder.join("data.ndjson");
    fs::write(&data, lines).unwrap();
    let (code, _, errors) = finished(&["import", "--config", config, &data.to_string_lossy()]);
    assert_eq!(code, 0, "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn h181_a_directory_that_was_emptied_on_purpose_stays_loaded() {
    let (folder, config) = installed().await;
    load(&config, folder.path(), ACCOUNTS);
    let server = Server::start(config.as_ref());
    for line in ACCOUNTS.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        if line["type"] == "participant" {
            let path = format!("/v1/participants/{}", line["id"].as_str().unwrap());
            assert_eq!(ask(&server, &["-X", "DELETE"], &path, "").await.0, 204);
        }
    }
    assert_ready(&server, "emptied", &[]).await;
    drop(server);
    let server = Server::start(config.as_ref());
    assert_ready(&server, "emptied, restarted", &[]).await;
    let log = server.log();
    assert!(!log.contains("directory_not_loaded"), "{log}");
}
