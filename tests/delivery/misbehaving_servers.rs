//! Delivery to servers that misbehave (docs/threats.md#130 to #138): nothing is lost, nothing is repeated without need, and what fails is
//! reported masked.

use crate::support::peer::{Peer, Step, envelope, greeting, hear, say};
use crate::support::stage::{BIURO, BUYER, JAN, SELLER, SPRZEDAZ, Setup, Stage, message, text};

/// The buyer's mail goes to the peer; the seller's to the sink.
async fn towards(peer: &Peer) -> Stage {
    Setup {
        routes: format!(
            "[[delivery.route]]\ndomain = \"poczta.example\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n",
            peer.port
        ),
        ..Setup::default()
    }
    .start()
    .await
}

/// A message to the buyer's server.
async fn send(stage: &Stage) {
    stage.send(BIURO, BUYER).await.assert("250");
}

/// Every script ends in a deferral; the next attempt, on an ordinary connection, delivers, and the seller hears nothing.
async fn deferred_then_delivered(name: &str, script: Vec<Step>, wanted: &str) {
    let peer = Peer::start(vec![script]).await;
    let stage = towards(&peer).await;
    send(&stage).await;
    let why = stage.deferred().await;
    assert!(why.contains(wanted), "{name}: wanted {wanted}, got {why}");
    assert!(!why.contains("poczta.example"), "{name}: {why}");
    stage.relay.queue().retry_now();
    stage.drained().await;
    let delivered = peer
        .seen()
        .lines
        .iter()
        .filter(|line| line.starts_with("RCPT TO:<jan@poczta.example>"))
        .count();
    assert!(delivered >= 1, "{name}: {:#?}", peer.seen());
    assert!(stage.sink.take().is_empty(), "{name}: a report was sent");
}

/// Every script ends in a failure, which the seller hears of in masked words.
async fn failed(name: &str, script: Vec<Step>, status: &str) {
    let peer = Peer::start(vec![script]).await;
    let stage = towards(&peer).await;
    let body = format!(
        "{}z\u{142}oty\r\n",
        message(BIURO, BUYER, "Content-Type: text/plain; charset=utf-8\r\n")
    );
    stage
        .send_message(BIURO, &[BUYER], &body)
        .await
        .assert("250");
    let report = stage.arrival().await;
    let told = text(&report);
    assert_eq!(
        (report.recipients.as_slice(), report.reverse_path.as_str()),
        (&[BIURO.to_owned()][..], ""),
        "{name}"
    );
    assert!(
        told.contains(&format!("Status: {status}")),
        "{name}: wanted {status} in {told}"
    );
    assert!(
        told.contains(&format!("Final-Recipient: rfc822; {BUYER}")),
        "{name}: {told}"
    );
    for secret in [
        "jan@",
        "poczta.example",
        "peer.example",
        "127.0.0.1",
        "192.0.2.9",
    ] {
        assert!(!told.contains(secret), "{name}: {secret} shows in {told}");
    }
    stage.drained().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h134_servers_that_do_not_greet_are_tried_again() {
    let garbage = |text: &str| vec![Step::Say(text.as_bytes().to_vec())];
    for (name, script, wanted) in [
        ("busy at the door", vec![say("421 4.3.2 busy")], "421"),
        ("closed to everybody", vec![say("554 5.7.1 go away")], "554"),
        ("no banner", Vec::new(), "reached"),
        ("reset at once", vec![Step::Reset], "reached"),
        ("banner without its end", garbage("220 peer"), "reached"),
        ("999", garbage("999 what\r\n"), "reached"),
        ("not a reply", garbage("hello there\r\n"), "reached"),
        ("NUL", garbage("220 a\0b\r\n999 x\r\n"), ""),
        (
            "changing code",
            garbage("220-one\r\n250 two\r\n"),
            "reached",
        ),
        (
            "endless lines",
            garbage(&"220-more\r\n".repeat(100_000)),
            "reached",
        ),
        (
            "a line of 10 MiB",
            garbage(&"x".repeat(10 << 20)),
            "reached",
        ),
        (
            "dies after EHLO",
            [greeting(), vec![Step::Reset]].concat(),
            "reached",
        ),
    ] {
        deferred_then_delivered(name, script, wanted).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h135_h136_refusals_for_now_are_tried_again() {
    let with =
        |more: Vec<Step>| [greeting(), more, vec![Step::Hear("RSET"), say("250 ok")]].concat();
    let mail = || hear("MAIL", "250 ok");
    let rcpt = || hear("RCPT", "250 ok");
    for (name, script, wanted) in [
        (
            "EHLO and HELO",
            [
                vec![say("220 x")],
                hear("EHLO", "421 no"),
                hear("HELO", "421 no"),
            ]
            .concat(),
            "421",
        ),
        ("MAIL", with(hear("MAIL", "451 4.3.0 later")), "451"),
        (
            "greylisting",
            with(
                [
                    mail(),
                    hear(
                        "RCPT",
                        "450 4.7.1 <jan@poczta.example>: greylisted, see poczta.example",
                    ),
                ]
                .concat(),
            ),
            "450",
        ),
        (
            "552 at RCPT is 452",
            with([mail(), hear("RCPT", "552 too many")].concat()),
            "552",
        ),
        (
            "DATA",
            with([mail(), rcpt(), hear("DATA", "451 later")].concat()),
            "451",
        ),
        (
            "421 in the middle",
            with([mail(), hear("RCPT", "421 4.3.2 going down")].concat()),
            "421",
        ),
        (
            "end of data",
            [
                greeting(),
                envelope(),
                vec![Step::Message, say("452 4.3.1 disk full")],
            ]
            .concat(),
            "452",
        ),
        (
            "reset in the message",
            [greeting(), envelope(), vec![Step::Octets(20), Step::Reset]].concat(),
            "receiving server",
        ),
        (
            "reset after the dot",
            [greeting(), envelope(), vec![Step::Message, Step::Reset]].concat(),
            "did not say",
        ),
        (
            "354 to MAIL",
            with(hear("MAIL", "354 what")),
            "makes no sense",
        ),
    ] {
        deferred_then_delivered(name, script, wanted).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h136_h138_refusals_for_good_are_reported_masked() {
    let eight_bit = || {
        [
            vec![say("220 peer.example ESMTP")],
            hear("EHLO", "250-peer.example\r\n250 8BITMIME"),
        ]
        .concat()
    };
    let with =
        |more: Vec<Step>| [eight_bit(), more, vec![Step::Hear("RSET"), say("250 ok")]].concat();
    let mail = || hear("MAIL", "250 ok");
    for (name, script, status) in [
        ("MAIL", with(hear("MAIL", "550 5.7.1 no mail from 192.0.2.9")), "5.7.1"),
        ("RCPT", with([mail(), hear("RCPT", "550 5.1.1 <jan@poczta.example> unknown at mx1.poczta.example [192.0.2.9]")].concat()), "5.1.1"),
        ("RCPT without status", with([mail(), hear("RCPT", "550 no such user JAN@POCZTA.EXAMPLE")].concat()), "5."),
        ("several lines", with([mail(), hear("RCPT", "550-5.2.2 jan@poczta.example is full\r\n550 5.2.2 see http://poczta.example/help")].concat()), "5.2.2"),
        ("DATA", with([mail(), hear("RCPT", "250 ok"), hear("DATA", "554 5.5.1 no")].concat()), "5.5.1"),
        ("end of data", [eight_bit(), envelope(), vec![Step::Message, say("550 5.7.1 spam")]].concat(), "5.7.1"),
        (
            "too large for it",
            [vec![say("220 peer.example ESMTP")], hear("EHLO", "250-peer.example\r\n250-8BITMIME\r\n250 SIZE 100")].concat(),
            "5.3.4",
        ),
    ] {
        failed(name, script, status).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h136_a_server_that_only_knows_helo_is_spoken_to() {
    let script = [
        vec![say("220 old")],
        hear("EHLO", "502 what"),
        hear("HELO", "250 old"),
        envelope(),
        vec![Step::Message, say("250 ok")],
    ]
    .concat();
    let peer = Peer::start(vec![script]).await;
    let stage = towards(&peer).await;
    send(&stage).await;
    peer.messages(1).await;
    stage.drained().await;
    assert_eq!(peer.seen().connections, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn h137_a_server_that_hangs_up_after_taking_a_message_has_it() {
    let peer = Peer::start(vec![
        [
            greeting(),
            envelope(),
            vec![Step::Message, say("250 taken")],
        ]
        .concat(),
    ])
    .await;
    let stage = towards(&peer).await;
    send(&stage).await;
    peer.messages(1).await;
    stage.drained().await;
    assert_eq!(peer.seen().messages.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_used_again_and_a_dead_one_costs_no_attempt() {
    let twice = [
        greeting(),
        envelope(),
        vec![Step::Message, say("250 one")],
        envelope(),
        vec![Step::Message, say("250 two")],
    ]
    .concat();
    // The third message finds the connection of the second closed.
    let peer = Peer::start(vec![twice]).await;
    let stage = towards(&peer).await;
    for count in 1..=3 {
        send(&stage).await;
        peer.messages(count).await;
        stage.drained().await;
        assert_eq!(peer.seen().connections, if count < 3 { 1 } else { 2 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_dies_at_mail_costs_no_attempt() {
    let dies = [
        greeting(),
        envelope(),
        vec![
            Step::Message,
            say("250 one"),
            Step::Hear("MAIL"),
            Step::Reset,
        ],
    ]
    .concat();
    let peer = Peer::start(vec![dies]).await;
    let stage = towards(&peer).await;
    for count in 1..=2 {
        send(&stage).await;
        peer.messages(count).await;
        stage.drained().await;
    }
    assert_eq!(peer.seen().connections, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_leave_together_where_the_server_can_take_it() {
    let peer = Peer::start(vec![]).await;
    let stage = towards(&peer).await;
    send(&stage).await;
    let arrived = peer.messages(1).await.remove(0);
    assert!(arrived.contains("Subject: hello\r\n"));
    let lines = peer.seen().lines;
    assert!(lines[0] == "EHLO mx.allegromail.example", "{lines:?}");
    assert!(
        lines[1].starts_with("MAIL FROM:<b-") && lines[1].contains("@allegromail.pl>"),
        "{lines:?}"
    );
    assert_eq!(lines[2..4], ["RCPT TO:<jan@poczta.example>", "DATA"]);
}

/// Mail by MX look-up for the buyer, by route for the seller.
async fn by_mx(records: &[&str]) -> Stage {
    let sink = crate::support::stage::PORT_OF_SINK;
    let mut setup = Setup {
        by_mx: true,
        routes: format!(
            "[[delivery.route]]\ndomain = \"rowery.example\"\nhost = \"127.0.0.1\"\nport = {sink}\ntls = \"none\"\n"
        ),
        ..Setup::default()
    };
    for record in records {
        setup = setup.record(record);
    }
    setup.start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn h130_h131_h132_null_mx_our_own_side_and_dead_dns_are_told_apart() {
    for (name, records, status) in [
        ("null MX", &["poczta.example MX 0 ."][..], "5.1.10"),
        (
            "this machine",
            &[
                "poczta.example MX 10 localhost.poczta.example",
                "localhost.poczta.example A 127.0.0.1",
            ],
            "5.4.6",
        ),
        (
            "implicit and private",
            &["poczta.example A 10.0.0.1"],
            "5.4.6",
        ),
        (
            "mapped loopback",
            &[
                "poczta.example MX 10 six.poczta.example",
                "six.poczta.example AAAA ::ffff:127.0.0.1",
            ],
            "5.4.6",
        ),
    ] {
        let stage = by_mx(records).await;
        send(&stage).await;
        let told = text(&stage.arrival().await);
        assert!(
            told.contains(&format!("Status: {status}")),
            "{name}: {told}"
        );
        assert!(!told.contains("poczta"), "{name}: {told}");
    }
    for (name, records) in [(
        "SERVFAIL of the host",
        &[
            "poczta.example MX 10 mx.poczta.example",
            "mx.poczta.example SERVFAIL",
        ][..],
    )] {
        let stage = by_mx(records).await;
        send(&stage).await;
        assert!(stage.deferred().await.contains("no answer"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_gone_at_the_second_attempt_is_not_used() {
    let refuse = [
        greeting(),
        hear("MAIL", "250 ok"),
        hear("RCPT", "450 4.2.1 later"),
        vec![Step::Hear("RSET"), say("250 ok")],
    ]
    .concat();
    let peer = Peer::start(vec![refuse]).await;
    let stage = Setup {
        routes: format!("[[delivery.route]]\ndomain = \"rowery.example\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n", peer.port),
        ..Setup::default()
    }
    .start()
    .await;
    stage.send(SPRZEDAZ, BUYER).await.assert("250");
    stage.arrival().await;
    stage.send(JAN, SELLER).await.assert("250");
    stage.deferred().await;
    stage.remove_address("k2m9x0r7t3", SPRZEDAZ).await;
    stage.relay.queue().retry_now();
    stage.drained().await;
    let recipients: Vec<String> = peer
        .seen()
        .lines
        .into_iter()
        .filter(|line| line.starts_with("RCPT"))
        .collect();
    assert_eq!(
        recipients,
        [
            "RCPT TO:<sprzedaz@rowery.example>",
            "RCPT TO:<biuro@rowery.example>"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_never_reported_on() {
    let refuse = || {
        [
            greeting(),
            hear("MAIL", "250 ok"),
            hear("RCPT", "550 5.1.1 no"),
            vec![Step::Hear("RSET"), say("250 ok")],
        ]
        .concat()
    };
    let (one, two) = (
        Peer::start(vec![refuse()]).await,
        Peer::start(vec![refuse()]).await,
    );
    let route = |domain: &str, port: u16| {
        format!(
            "[[delivery.route]]\ndomain = \"{domain}\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n"
        )
    };
    let routes = route("poczta.example", one.port) + &route("rowery.example", two.port);
    let stage = Setup {
        routes,
        ..Setup::default()
    }
    .start()
    .await;
    send(&stage).await;
    while two.seen().lines.len() < 3 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    stage.drained().await;
    assert!(
        two.seen().lines.iter().any(|line| line == "MAIL FROM:<>"),
        "{:?}",
        two.seen()
    );
    assert!(stage.sink.take().is_empty());
    assert_eq!(
        one.seen()
            .lines
            .iter()
            .filter(|line| line.starts_with("MAIL"))
            .count(),
        1
    );
}
