//! What operators change is logged with their names, and is in an export when the server has stopped.

use std::fs;

use crate::support::admin::curl;
use crate::support::process::{Server, finished, free_port, wait_until};
use crate::support::stage::Setup;

const PUT: &str = r#"{"id":"new1","login":"n","marketplace":"allegro-pl","language":"pl","primary":"n@p.example","addresses":["n@p.example"]}"#;
const ORDER: &str = r#"{"id":"newtx","buyer":"new1","seller":"k2m9x0r7t3"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_logged_and_are_in_the_export_of_the_stop() {
    let port = free_port();
    let setup = Setup::default().key("admin", &format!("listen = \"127.0.0.1:{port}\""));
    let stage = setup.start().await;
    let config = stage.config.to_string_lossy().into_owned();
    let folder = stage.stop().await;
    let data = folder.path().join("data");
    let _ = fs::remove_dir_all(data.join("export"));

    let server = Server::start(config.as_ref());
    let ask = async |method: &str, path: &str, body: &str| {
        let url = format!("http://{}{path}", server.admin);
        let kind = [
            "-H",
            "Content-Type: application/json",
            "--data-binary",
            "@-",
        ];
        let arguments = [&["-X", method][..], &kind, &[url.as_str()]].concat();
        curl(&arguments, body).await.0
    };
    assert_eq!(ask("PUT", "/v1/participants/new1", PUT).await, 204);
    for (method, path) in [
        ("PUT", "/v1/participants/new1/addresses/m@p.example"),
        ("DELETE", "/v1/participants/new1/addresses/m@p.example"),
    ] {
        assert_eq!(ask(method, path, "").await, 204, "{method} {path}");
    }
    assert_eq!(ask("PUT", "/v1/transactions/newtx", ORDER).await, 204);
    let unmask = ["unmask", "--config", &config, "new1@allegromail.pl"];
    assert_eq!(finished(&unmask).0, 0);
    let lines = folder.path().join("more.ndjson");
    fs::write(
        &lines,
        r#"{"type":"participant","id":"new1","deleted":true}"#,
    )
    .unwrap();
    let import = ["import", "--config", &config, &lines.to_string_lossy()];
    assert_eq!(finished(&import).0, 0);
    assert_eq!(ask("PUT", "/v1/participants/new1", PUT).await, 204);
    let log = server.log();
    for (event, words) in [
        ("participant_changed", "change=\"put\""),
        ("participant_changed", "change=\"address added\""),
        ("participant_changed", "change=\"address removed\""),
        ("transaction_changed", "transaction=newtx"),
        ("participant_shown", "participant=new1"),
        ("imported", "applied=1"),
    ] {
        let told = log.lines().any(|line| {
            line.contains(event) && line.contains(words) && line.contains("by=\"127.0.0.1\"")
        });
        assert!(told, "{event} {words} in {log}");
    }
    // No address stands in the log.
    assert!(!log.contains("p.example"), "{log}");
    server.stop();

    let export = fs::read_dir(data.join("export"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains("directory-"))
        .unwrap();
    let exported = fs::read_to_string(export).unwrap();
    assert!(
        exported.contains("n@p.example") && exported.contains("newtx"),
        "{exported}"
    );
    // Nothing is lost with the store, and the operator hears how old the export is and how much came of it.
    fs::remove_dir_all(data.join("directory")).unwrap();
    let server = Server::start(config.as_ref());
    wait_until("the directory", || {
        server.log().contains("directory_restored")
    });
    let log = server.log();
    let told = log
        .lines()
        .find(|line| line.contains("directory_restored"))
        .unwrap();
    let records = exported.lines().count() - 1;
    assert!(
        told.contains(&format!("records={records}")) && told.contains("age="),
        "{told}"
    );
    assert_eq!(finished(&unmask).0, 0);
    server.stop();
}
