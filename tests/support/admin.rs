//! The admin interface as curl sees it.

use std::process::{Command, Stdio};

/// The path of an account with a real address.
pub const ACCOUNT: &str = "/v1/participants/8awgqyk6a5";

/// Asks with curl: the status, 0 where there is no answer, and the body.
pub async fn curl(arguments: &[&str], body: &str) -> (u16, String) {
    let (arguments, body) = (
        arguments
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>(),
        body.to_owned(),
    );
    let work = move || {
        let mut child = Command::new("curl")
            .args([
                "-s",
                "--max-time",
                "50",
                "--path-as-is",
                "-w",
                "\n%{http_code}",
            ])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), body.as_bytes());
        let text = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), body.to_owned())
    };
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// The sentence of a failure: the one form that there is.
pub fn sentence(body: &str) -> String {
    let body: serde_json::Value =
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    body["error"].as_str().unwrap().to_owned()
}
