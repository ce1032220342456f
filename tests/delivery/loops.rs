//! Ways out that lead back to the relay itself: mail and reports wait, and nothing is lost.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::support::peer::{Peer, Step, envelope, greeting, hear, say};
use crate::support::process::free_port;
use crate::support::stage::{BIURO, BUYER, JAN, PORT_OF_SINK, SELLER, Setup, Stage, message, text};
use crate::support::way_out::{Field, WayOut, peer, short};

/// What the operator is told.
const TOLD: &str = "leads back to this server";

fn route(domain: &str, host: &str, port: &str) -> String {
    format!(
        "[[delivery.route]]\ndomain = \"{domain}\"\nhost = \"{host}\"\nport = {port}\ntls = \"none\"\n"
    )
}

/// Connections to it come out at `to`, octet by octet: a load balancer, or an address that is translated.
async fn forwarder(listener: TcpListener, to: SocketAddr) {
    while let Ok((mut near, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut far = TcpStream::connect(to).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        });
    }
}

/// Mail to the buyer waits with the loop told; the seller hears nothing, and the entry is still there after another attempt.
async fn waits(stage: &Stage) {
    stage.send(BIURO, BUYER).await.assert("250");
    for _ in 0..2 {
        let why = stage.deferred().await;
        assert!(why.contains(TOLD), "{why}");
        stage.relay.queue().retry_now();
    }
    assert!(stage.deferred().await.contains(TOLD));
    assert_eq!(stage.relay.queue().list().await.len(), 1);
    assert!(
        stage.sink.take().is_empty(),
        "somebody was told of a failure"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn h182_a_route_that_turns_out_to_be_our_own_listener_makes_mail_wait() {
    // The name is looked up when mail leaves: no check of the configuration can know.
    let port = free_port();
    let stage = Setup {
        port: Some(port),
        routes: route("poczta.example", "next.operator.example", &port.to_string()),
        ..Setup::default()
    };
    let stage = stage
        .record("next.operator.example A 127.0.0.1")
        .start()
        .await;
    waits(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h182_a_load_balancer_that_leads_back_makes_mail_and_reports_wait() {
    let balancer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = balancer.local_addr().unwrap().port().to_string();
    // A server that refuses for good, so that a report has to go where the circle is.
    let refuse = [greeting(), hear("MAIL", "550 5.7.1 no")].concat();
    let refusing = Peer::start(vec![refuse]).await;
    let stage = Setup {
        routes: [
            route("poczta.example", "127.0.0.1", &refusing.port.to_string()),
            route("rowery.example", "127.0.0.1", &port),
        ]
        .concat(),
        ..Setup::default()
    };
    let stage = stage.start().await;
    tokio::spawn(forwarder(balancer, stage.smtp()));
    stage.send(BIURO, BUYER).await.assert("250");
    while !stage.deferred().await.contains(TOLD) {}
    stage.relay.queue().retry_now();
    assert!(stage.deferred().await.contains(TOLD));
    let waiting = stage.relay.queue().list().await;
    assert_eq!(waiting.len(), 1, "the report waits, and no other message");
    stage.send(JAN, SELLER).await.assert("250");
    while stage.relay.queue().list().await.len() != 2 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(stage.deferred().await.contains(TOLD));
}

#[tokio::test(flavor = "multi_thread")]
async fn h182_a_server_of_our_name_or_with_our_own_refusals_is_ourselves() {
    let own = "mx.allegromail.example";
    let refused = "550 5.7.1 <jan@poczta.example> this server takes mail for masked addresses of the marketplace only.";
    let answered =
        |line: String| [greeting(), hear("MAIL", "250 ok"), hear("RCPT", &line)].concat();
    let scripts = [
        ("banner", vec![say(&format!("220 {own} ESMTP"))]),
        ("nothing but the name", vec![say(&format!("220 {own}"))]),
        ("capitals", vec![say("220 MX.AllegroMail.EXAMPLE ESMTP")]),
        ("final dot", vec![say(&format!("220 {own}. hello"))]),
        (
            "several lines",
            vec![say(&format!("220-{own} ESMTP\r\n220 more"))],
        ),
        ("busy", vec![say(&format!("421 4.3.2 {own} busy"))]),
        ("refusing", vec![say(&format!("554 {own} no"))]),
        (
            "EHLO",
            [
                vec![say("220 ********")],
                hear("EHLO", &format!("250-{own}\r\n250 SIZE")),
            ]
            .concat(),
        ),
        (
            "EHLO refused",
            [vec![say("220 x")], hear("EHLO", &format!("550 {own} no"))].concat(),
        ),
        (
            "HELO",
            [
                vec![say("220 x")],
                hear("EHLO", "502 no"),
                hear("HELO", &format!("250 {own}")),
            ]
            .concat(),
        ),
        (
            "our words",
            answered(format!("{refused} [relay-denied; trace=20s57h0j6j8rg-1]")),
        ),
        (
            "our words on two lines",
            answered(format!(
                "550-{}\r\n550 5.7.1 [relay-denied; trace=20s57h0j6j8rg-1; help=https://help.example]",
                &refused[4..]
            )),
        ),
        (
            "a loop",
            answered("554 5.4.6 it was here before. [loop; trace=20s57h0j6j8rg-1]".to_owned()),
        ),
    ];
    for (name, script) in scripts {
        let peer = peer(vec![script]).await;
        let out = WayOut::to(&peer).await;
        assert_eq!(short(&out.send().await), "deferred 4.4.6", "{name}");
        assert!(peer.seen().messages.is_empty(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h182_an_mx_record_that_names_us_makes_mail_wait() {
    for records in [
        &["poczta.example MX 10 mx.allegromail.example"][..],
        &[
            "poczta.example MX 10 MX.Allegromail.example",
            "poczta.example MX 20 a.poczta.example",
            "a.poczta.example A 127.0.0.2",
        ],
    ] {
        let out = Field::new(1).start(records).await;
        assert_eq!(short(&out.send().await), "deferred 4.4.6", "{records:?}");
    }
    // Our host itself, without an MX record.
    let out = Field::new(1)
        .start(&["mx.allegromail.example A 127.0.0.2"])
        .await;
    let outcome = out.deliver("jan@mx.allegromail.example", b"Subject: x\r\n\r\nx\r\n");
    assert_eq!(short(&outcome.await), "deferred 4.4.6");
}

#[tokio::test(flavor = "multi_thread")]
async fn h182_other_servers_of_this_machine_and_of_like_names_get_their_mail() {
    for greeting in [
        greeting(),
        [
            vec![say("220 not-mx.allegromail.example ESMTP")],
            hear("EHLO", "250 x"),
        ]
        .concat(),
        [
            vec![say("220 mx.allegromail.example.evil.example")],
            hear("EHLO", "250 x"),
        ]
        .concat(),
        // It greets us by our name, as many do.
        [
            vec![say("220 peer.example for mx.allegromail.example")],
            hear(
                "EHLO",
                "250 peer.example Hello mx.allegromail.example [127.0.0.1]",
            ),
        ]
        .concat(),
    ] {
        let taken = vec![Step::Message, say("250 2.0.0 ok")];
        let peer = peer(vec![[greeting, envelope(), taken].concat()]).await;
        let out = WayOut::to(&peer).await;
        assert_eq!(short(&out.send().await), "delivered");
    }
    // A smart host at the port of our listener, on another address.
    let next = peer(Vec::new()).await;
    let stage = Setup {
        port: Some(next.port),
        routes: route("poczta.example", "127.0.0.2", &next.port.to_string()),
        ..Setup::default()
    };
    let stage = stage.start().await;
    stage.send(BIURO, BUYER).await.assert("250");
    next.messages(1).await;
    // A refusal of a server's own stays one.
    let refuse = [
        greeting(),
        hear("MAIL", "250 ok"),
        hear("RCPT", "550 5.1.1 no such user [loop; relay-denied]"),
    ];
    let refusing = peer(vec![refuse.concat()]).await;
    let out = WayOut::to(&refusing).await;
    assert_eq!(short(&out.send().await), "failed 5.1.1");
    // The sink on another port of our own address, by name and by address.
    let stage = Setup {
        routes: route("poczta.example", "mail.operator.example", PORT_OF_SINK),
        ..Setup::default()
    };
    let stage = stage
        .record("mail.operator.example A 127.0.0.1")
        .start()
        .await;
    let body = message(BIURO, BUYER, "");
    stage
        .send_message(BIURO, &[BUYER], &body)
        .await
        .assert("250");
    assert!(text(&stage.arrival().await).contains("Hello."));
}
