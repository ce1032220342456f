//! What was acknowledged survives: stops, kills, reloads.

use std::fs;

use crate::dialogue::Dialogue;
use crate::peer::Peer;
use crate::process::Server;
use crate::stage::{BIURO, BUYER, JAN, SELLER, SPRZEDAZ, Setup, Stage, message, text};

/// A folder with accounts whose next hop is `port`.
async fn folder(port: u16) -> tempfile::TempDir {
    // The DNS server of the first stage goes with it: no proofs here.
    let setup = Setup {
        next_hop: Some(port),
        ..Setup::default()
    }
    .key("auth", "registered = \"off\"");
    setup.start().await.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_mail_survives_kill_9() {
    // Nobody listens behind the relay until it has been killed.
    let port = crate::process::free_port();
    let folder = folder(port).await;
    let config = folder.path().join("allegromail.toml");
    let mut acknowledged = 0;
    for round in 0..5 {
        let server = Server::start(&config);
        let mut dialogue = Dialogue::greeted(server.smtp).await;
        for number in 0..20 {
            let body =
                message(JAN, SELLER, "").replace("hello", &format!("number {round}-{number}"));
            dialogue
                .send(JAN, &["k2m9x0r7t3@allegromail.pl"], &body)
                .await
                .assert("250");
            acknowledged += 1;
        }
        // One more is under way.
        dialogue
            .say(&format!("MAIL FROM:<{JAN}>"))
            .await
            .assert("250");
        dialogue
            .say("RCPT TO:<k2m9x0r7t3@allegromail.pl>")
            .await
            .assert("250");
        dialogue.say("DATA").await.assert("354");
        dialogue
            .raw(b"From: jan@poczta.example\r\nSubject: never ended\r\n")
            .await;
        server.signal("KILL");
        assert_eq!(server.wait(), None);
    }
    let stage = Setup {
        folder: Some(folder),
        ..Setup::default()
    }
    .start()
    .await;
    stage.relay.queue().retry_now();
    let mut subjects = std::collections::BTreeSet::new();
    while subjects.len() < acknowledged {
        let arrived = text(&stage.arrival().await);
        let subject = arrived
            .lines()
            .find(|line| line.starts_with("Subject: number"))
            .unwrap_or_else(|| panic!("{arrived}"))
            .to_owned();
        subjects.insert(subject);
    }
    stage.drained().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_idle_sessions_and_exits_0_with_the_queue_kept() {
    let folder = folder(crate::process::free_port()).await;
    let server = Server::start(&folder.path().join("allegromail.toml"));
    let mut idle = Dialogue::greeted(server.smtp).await;
    Dialogue::greeted(server.smtp)
        .await
        .send(JAN, &[SELLER], &message(JAN, SELLER, ""))
        .await
        .assert("250");
    server.signal("TERM");
    idle.hear("421 4.3.2").await;
    idle.closed().await;
    assert_eq!(server.wait(), Some(0));
    let stage = Setup {
        folder: Some(folder),
        ..Setup::default()
    }
    .start()
    .await;
    stage.relay.queue().retry_now();
    assert_eq!(stage.arrival().await.recipients, [BIURO]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_last_written_from_survives_a_restart() {
    let stage = Stage::ordinary().await;
    stage.send(SPRZEDAZ, BUYER).await.assert("250");
    stage.arrival().await;
    let folder = stage.stop().await;
    let stage = Setup {
        folder: Some(folder),
        ..Setup::default()
    }
    .start()
    .await;
    stage.send(JAN, SELLER).await.assert("250");
    assert_eq!(stage.arrival().await.recipients, [SPRZEDAZ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_last_written_from_survives_kill_9() {
    let peer = Peer::start(vec![]).await;
    let folder = folder(peer.port).await;
    let config = folder.path().join("allegromail.toml");
    let server = Server::start(&config);
    Dialogue::greeted(server.smtp)
        .await
        .send(SPRZEDAZ, &[BUYER], &message(SPRZEDAZ, BUYER, ""))
        .await
        .assert("250");
    server.signal("KILL");
    server.wait();
    let server = Server::start(&config);
    Dialogue::greeted(server.smtp)
        .await
        .send(JAN, &[SELLER], &message(JAN, SELLER, ""))
        .await
        .assert("250");
    peer.messages(2).await;
    let lines = peer.seen().lines;
    assert!(
        lines
            .iter()
            .any(|line| line == "RCPT TO:<sprzedaz@rowery.example>"),
        "{lines:#?}"
    );
    assert!(
        !lines
            .iter()
            .any(|line| line == "RCPT TO:<biuro@rowery.example>"),
        "{lines:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_with_a_broken_allowlist_changes_nothing() {
    const FAILED: &str = "event=\"reload_failed\" what=\"allowlist\"";
    const DONE: &str = "event=\"reloaded\" what=\"allowlist\"";
    let stage = Stage::ordinary().await;
    let (config, shipped) = (
        stage.config.clone(),
        include_str!("../../allowlist/couriers.txt"),
    );
    let folder = stage.stop().await;
    let list = folder.path().join("couriers.txt");
    fs::write(&list, shipped).unwrap();
    let text = fs::read_to_string(&config).unwrap();
    let path = text
        .lines()
        .find(|line| line.starts_with("path = "))
        .unwrap()
        .to_owned();
    fs::write(&config, text.replace(&path, &format!("path = {list:?}"))).unwrap();
    let server = Server::start(&config);
    for (content, event) in [
        ("@com.pl\n", FAILED),
        ("", FAILED),
        ("@only.example\n", DONE),
    ] {
        let before = server.log().matches(event).count();
        fs::write(&list, content).unwrap();
        server.signal("HUP");
        crate::process::wait_until(event, || server.log().matches(event).count() > before);
    }
    assert!(server.log().contains("removed=264"), "{}", server.log());
}
