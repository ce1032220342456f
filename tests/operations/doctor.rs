//! `allegromail doctor`: each fault is named with what to do, and a sound server has none.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::process::{Server, finished};
use crate::support::stage::Setup;

/// What doctor finds: the exit code, and state, what and remedy of each finding.
fn doctor(config: &str) -> (i32, Vec<(String, String, String)>) {
    let (code, output, errors) = finished(&["doctor", "--json", "--config", config]);
    let findings: Vec<Value> =
        serde_json::from_str(&output).unwrap_or_else(|_| panic!("{output}{errors}"));
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = findings.iter().map(|finding| {
        (
            text(finding, "state"),
            text(finding, "what"),
            text(finding, "remedy"),
        )
    });
    (code, findings.collect())
}

/// The finding about `what`.
#[track_caller]
fn about<'a>(findings: &'a [(String, String, String)], what: &str) -> &'a (String, String, String) {
    findings
        .iter()
        .find(|finding| finding.1.starts_with(what))
        .unwrap_or_else(|| panic!("{what}: {findings:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_named_with_what_to_do() {
    // The scripted DNS goes with the stage, so names get no answer.
    let folder = Setup::default().start().await.stop().await;
    let file = folder.path().join("allegromail.toml");
    let config = file.to_str().unwrap().to_owned();
    let data = folder.path().join("data");

    let (code, found) = doctor(&config);
    assert!(matches!(code, 1 | 2), "{code}: {found:?}");
    assert_eq!(about(&found, "configuration").0, "good");
    assert_eq!(about(&found, "data_dir").0, "good");
    assert_eq!(about(&found, "allowlist").0, "good");
    let server = about(&found, "server");
    assert_eq!(server.0, "warning");
    assert!(server.2.contains("systemctl start"), "{server:?}");
    assert_ne!(about(&found, "MX of allegromail.pl").0, "good");

    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/allowlist/couriers.txt");
    assert!(text.contains(shipped));
    fs::write(folder.path().join("broken.txt"), "@@@\n").unwrap();
    fs::write(&file, text.replace(shipped, "broken.txt")).unwrap();
    let (code, found) = doctor(&config);
    assert_eq!(code, 2);
    let folder_open = about(&found, "data_dir");
    assert_eq!(folder_open.0, "warning");
    assert!(folder_open.2.contains("chmod 700"), "{folder_open:?}");
    let list = about(&found, "allowlist");
    assert_eq!(list.0, "wrong");
    assert!(list.2.contains("allegromail allowlist check"), "{list:?}");
    // It only looked.
    assert_eq!(
        fs::metadata(&data).unwrap().permissions().mode() & 0o777,
        0o755
    );

    fs::write(&file, "nonsense = 1\n").unwrap();
    let (code, found) = doctor(&config);
    assert_eq!(code, 78);
    assert!(
        found.iter().all(|finding| finding.0 == "wrong"),
        "{found:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_runs_is_asked() {
    let folder = Setup::default().start().await.stop().await;
    let file = folder.path().join("allegromail.toml");
    // By the socket, which has a name that does not change.
    let text = fs::read_to_string(&file).unwrap();
    let kept = text.lines().scan("", |table, line| {
        if line.starts_with('[') {
            *table = line;
        }
        Some((*table != "[admin]" || !line.starts_with("listen")).then_some(line))
    });
    let text: Vec<&str> = kept.flatten().collect();
    fs::write(&file, text.join("\n")).unwrap();
    let server = Server::start(&file);
    let (_, found) = doctor(file.to_str().unwrap());
    assert_eq!(about(&found, "server").0, "good", "{found:?}");
    assert!(
        !found
            .iter()
            .any(|finding| finding.1.starts_with("allegromail_")),
        "{found:?}"
    );
    server.stop();
}

#[test]
fn man_pages_and_completions_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man");
    let (code, output, errors) = finished(&["generate", "man", pages.to_str().unwrap()]);
    assert_eq!(code, 0, "{errors}");
    assert!(output.contains("pages in"), "{output}");
    for page in [
        "allegromail.1",
        "allegromail-serve.1",
        "allegromail-queue-hold.1",
    ] {
        let text = fs::read_to_string(pages.join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let (code, output, _) = finished(&["generate", "completions", shell]);
        assert_eq!(code, 0);
        assert!(
            output.contains("doctor") && output.contains("allowlist"),
            "{shell}"
        );
    }
    assert_eq!(finished(&["generate", "completions", "cmd"]).0, 64);
}
