//! What was acknowledged survives: stops, kills, reloads.

use std::fs;

use allegromail::scripted::sink::Sink;

use crate::support::dialogue::Dialogue;
use crate::support::http;
use crate::support::peer::Peer;
use crate::support::process::{Server, free_port, wait_until};
use crate::support::stage::{BIURO, BUYER, JAN, SELLER, SPRZEDAZ, Setup, Stage, message, text};

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
    let port = free_port();
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
        server.kill();
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
    let folder = folder(free_port()).await;
    let mut server = Server::start(&folder.path().join("allegromail.toml"));
    let mut idle = Dialogue::greeted(server.smtp).await;
    Dialogue::greeted(server.smtp)
        .await
        .send(JAN, &[SELLER], &message(JAN, SELLER, ""))
        .await
        .assert("250");
    server.signal("TERM");
    idle.hear("421 4.3.2").await;
    idle.closed().await;
    assert_eq!(server.wait().code(), Some(0));
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
    server.kill();
    let server = Server::start(&config);
    Dialogue::greeted(server.smtp)
        .await
        .send(JAN, &[SELLER], &message(JAN, SELLER, ""))
        .await
        .assert("250");
    // What the killed server had may come twice before it.
    let written_to = |address: &str| {
        let line = format!("RCPT TO:<{address}>");
        peer.seen().lines.contains(&line)
    };
    for _ in 0..3_000 {
        if written_to("sprzedaz@rowery.example") || written_to("biuro@rowery.example") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
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
        wait_until(event, || server.log().matches(event).count() > before);
    }
    assert!(server.log().contains("removed=264"), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_finds_a_message_that_was_delivered_just_before_kill_9() {
    let sink = Sink::start().await.unwrap();
    let folder = folder(sink.address().port()).await;
    let server = Server::start(&folder.path().join("allegromail.toml"));
    Dialogue::greeted(server.smtp)
        .await
        .send(JAN, &[SELLER], &message(JAN, SELLER, ""))
        .await
        .assert("250");
    let token = sink.next().await.reverse_path;
    server.kill();
    let stage = Setup {
        folder: Some(folder),
        ..Setup::default()
    }
    .start()
    .await;
    let report = "From: MAILER-DAEMON@mx.rowery.example\r\nSubject: failure notice\r\n\r\n550 5.1.1 no such user\r\n";
    Dialogue::greeted(stage.smtp())
        .await
        .send("", &[&token], report)
        .await
        .assert("250");
    // The message itself may come once more, if the crash came before its end was written.
    loop {
        let came = stage.arrival().await;
        if came.recipients == [JAN] {
            assert!(text(&came).contains("Status: 5.1.1"));
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h099_no_real_address_stands_in_log_metrics_or_trace() {
    let sink = Sink::start().await.unwrap();
    let folder = folder(sink.address().port()).await;
    let server = Server::start(&folder.path().join("allegromail.toml"));
    let mut dialogue = Dialogue::connect(server.smtp).await;
    dialogue.hear("220").await;
    dialogue.say("EHLO mx.poczta.example").await.assert("250");
    for (from, to, code) in [
        (JAN, SELLER, "250"),
        (BIURO, BUYER, "250"),
        ("x@strangers.example", SELLER, "550"),
        (JAN, BUYER, "550"),
        (JAN, BIURO, "550"),
        (JAN, "zzzzzzzzzz@allegromail.pl", "550"),
    ] {
        let more = format!("X-Log: \u{1b}[31mred\r\nMessage-ID: <{from}>\r\n");
        dialogue
            .send(from, &[to], &message(from, to, &more))
            .await
            .assert(code);
    }
    dialogue
        .say("MAIL FROM:<jan@poczta.example> EVIL=\u{1b}[31m")
        .await;
    sink.next().await;
    sink.next().await;
    let (log, admin) = (server.log(), server.admin);
    let metrics = http::get(admin, "/metrics");
    server.stop();
    let mut places = vec![("log", log), ("metrics", metrics)];
    for entry in std::fs::read_dir(folder.path().join("data/trace")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "ndjson") {
            places.push(("trace", std::fs::read_to_string(path).unwrap()));
        }
    }
    assert_eq!(places.len(), 3);
    for (place, text) in places {
        let text = text.to_lowercase();
        assert!(
            place == "metrics" || text.contains(SELLER),
            "{place}: {text}"
        );
        assert!(!text.contains('\u{1b}'), "{place}: {text}");
        for secret in [
            JAN,
            BIURO,
            "strangers.example",
            "poczta.example",
            "rowery.example",
        ] {
            assert!(!text.contains(secret), "{place}: {secret} in {text}");
        }
    }
}
