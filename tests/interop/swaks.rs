//! swaks plays the scenarios of the demo: one process a message, and its own opinion of our replies.

use std::process::Command;

use crate::support::programs::have;
use crate::support::stage::{BIURO, BUYER, COURIER, JAN, OLA, SELLER, SPRZEDAZ, Stage, text};

/// Sends one message; true if swaks says that it was taken.
fn swaks(stage: &Stage, from: &str, header_from: &str, to: &str) -> (bool, String) {
    let port = stage.smtp().port().to_string();
    let done = Command::new("swaks")
        .args([
            "--server",
            "127.0.0.1",
            "--port",
            &port,
            "--from",
            from,
            "--to",
            to,
            "--ehlo",
            "client.example",
        ])
        .args([
            "--h-From",
            header_from,
            "--header",
            "Subject: from swaks",
            "--body",
            "Dzień dobry!",
        ])
        .output()
        .unwrap();
    (
        done.status.success(),
        String::from_utf8_lossy(&done.stdout).into_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn swaks_delivers_and_is_refused_as_promised() {
    if !have(&["swaks"]) {
        return;
    }
    let mut stage = Stage::ordinary().await;
    stage.invariants.unheard = Some("swaks heard the answers");
    for (from, to, arrives, shown) in [
        (JAN, SELLER, BIURO, "<8awgqyk6a5+cub31c122@allegromail.pl>"),
        (
            SPRZEDAZ,
            BUYER,
            JAN,
            "<k2m9x0r7t3+cub31c122@allegromail.pl>",
        ),
        (
            JAN,
            SELLER,
            SPRZEDAZ,
            "<8awgqyk6a5+cub31c122@allegromail.pl>",
        ),
        (COURIER, BUYER, JAN, COURIER),
        (COURIER, "8awgqyk6a5@allegromail.pl", JAN, COURIER),
        (
            OLA,
            "k2m9x0r7t3@user.allegrogroup.pl",
            BIURO,
            "<5zz8c1w4mn@allegromail.com>",
        ),
    ] {
        let (taken, said) = swaks(&stage, from, from, to);
        assert!(taken, "{said}");
        let arrived = stage.arrival().await;
        assert_eq!(arrived.recipients, [arrives]);
        assert!(text(&arrived).contains(shown), "{}", text(&arrived));
    }
    stage.remove_address("k2m9x0r7t3", SPRZEDAZ).await;
    assert!(swaks(&stage, JAN, JAN, SELLER).0);
    assert_eq!(stage.arrival().await.recipients, [BIURO]);
    for (from, header_from, to, code) in [
        (
            "hello@strangers.example",
            "hello@strangers.example",
            BUYER,
            "550 5.7.1",
        ),
        ("mallory@evil.example", JAN, SELLER, "550 5.7.26"),
        (
            "mallory@evil.example",
            "noreply@dhl.com",
            BUYER,
            "550 5.7.26",
        ),
        (OLA, OLA, SELLER, "550 5.7.1"),
        (COURIER, COURIER, SELLER, "550 5.7.1"),
        (JAN, JAN, "k2m9x0r7t3+new000001@allegromail.pl", "451 4.1.1"),
        (JAN, JAN, "zzzzzzzzzz@allegromail.pl", "550 5.1.1"),
        (JAN, JAN, "victim@gmail.com", "550 5.7.1"),
    ] {
        let (taken, said) = swaks(&stage, from, header_from, to);
        assert!(
            !taken && said.contains(&format!("<** {code}")),
            "{from} to {to}: {said}"
        );
    }
    stage.sink.refuse(
        BIURO,
        "550 5.1.1 <biuro@rowery.example>: no such user at mx.rowery.example",
    );
    assert!(swaks(&stage, JAN, JAN, SELLER).0);
    let report = stage.arrival().await;
    assert_eq!(
        (report.recipients.as_slice(), report.reverse_path.as_str()),
        (&[JAN.to_owned()][..], "")
    );
    assert!(
        !text(&report).contains("rowery.example"),
        "{}",
        text(&report)
    );
}
