//! The description against what is answered, by a program of other people (Schemathesis): no answer that it does not say, and none that is our own fault.

use std::path::Path;
use std::process::Command;

use super::*;

/// Where Schemathesis is; none: it is not installed, which is told loudly, and a failure where it must be.
fn schemathesis() -> Option<String> {
    let names = ["schemathesis", "/opt/schemathesis/bin/schemathesis"];
    let found = names.into_iter().find(|name| {
        let asked = Command::new(name).arg("--version").output();
        asked.is_ok_and(|output| output.status.success())
    });
    let must = std::env::var("ALLEGROMAIL_INTEROP").is_ok_and(|word| word == "require");
    assert!(
        found.is_some() || !must,
        "schemathesis is missing; pip install schemathesis"
    );
    if found.is_none() {
        eprintln!("SKIPPED: schemathesis is missing; pip install schemathesis");
    }
    found.map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_undocumented_and_none_is_our_own_fault() {
    let Some(program) = schemathesis() else {
        return;
    };
    let desk = Desk::with(|center| center.requests_per_participant = None).await;
    desk.add(vec![
        message(1, thread(true), Some(BUYER)),
        message(2, thread(true), Some(SELLER)),
        message(3, parcel(), None),
    ])
    .await;
    let token = desk.token(BUYER, &crate::tokens::Scope::ALL).1;
    let address = desk.address;
    let folder = tempfile::tempdir().unwrap();
    let run = tokio::task::spawn_blocking(move || {
        let examples = std::env::var("ALLEGROMAIL_EXAMPLES").unwrap_or_else(|_| "25".to_owned());
        Command::new(program)
            .args(["run", &format!("http://{address}/center/v1/openapi.json")])
            .args(["--header", &format!("Authorization: Bearer {token}")])
            // A stream has no end.
            .args(["--exclude-path", "/center/v1/stream"])
            // An empty parameter counts as none, whatever its type: that too much is taken is not asked.
            .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"])
            .args(["--phases", "examples,coverage,fuzzing"])
            .args(["--max-examples", &examples, "--seed", "7", "--workers", "1", "--no-color"])
            .current_dir(folder.path())
            .output()
            .unwrap()
    });
    let output = run.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        Path::new("Cargo.toml").exists() && said.contains("Schemathesis"),
        "{said}"
    );
    desk.close().await;
}
