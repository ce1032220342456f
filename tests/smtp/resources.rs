//! Clients that hold on to what they were given (docs/threats.md#35 to #37): slow ones, silent ones, those that do not read, too many of them,
//! and load balancers that are none. Time-outs are set to fractions of a second here; what the program waits for in earnest is in
//! `src/inbound/limits.rs`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use allegromail::inbound::{ServerSettings, SessionLimits};
use tokio::io::AsyncWriteExt;

use crate::support::dialogue::Dialogue;
use crate::support::stage::{BUYER, Bare, JAN, SELLER, Setup, message};

const SHORT: Duration = Duration::from_millis(150);

/// A relay with accounts and such limits.
async fn with(change: impl FnOnce(&mut ServerSettings)) -> SocketAddr {
    Bare::with_accounts().await.serve_with(change).await
}

/// The next plain message, from another address.
async fn passes(server: SocketAddr) {
    let mut dialogue = Dialogue::from("127.7.7.7", server).await;
    dialogue.hear("220").await;
    dialogue.say("EHLO a").await.assert("250");
    dialogue
        .send(JAN, &[SELLER], &message(JAN, SELLER, ""))
        .await
        .assert("250");
}

/// Writes an octet now and then, until the server has had enough.
async fn drip(dialogue: &mut Dialogue, octets: &[u8]) {
    for octet in octets.iter().cycle() {
        if dialogue.try_raw(&[*octet]).await.is_err() || dialogue.has_answer().await {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h036_who_says_nothing_or_says_it_slowly_is_let_go() {
    // Nothing at all.
    let server = with(|settings| settings.session_limits.command = SHORT).await;
    let mut silent = Dialogue::greeted(server).await;
    silent.hear("421 4.4.2").await;
    silent.closed().await;
    passes(server).await;

    // A command that never ends, while the time for commands would last.
    let server = with(|settings| settings.session_limits.line = SHORT).await;
    let mut slow = Dialogue::greeted(server).await;
    drip(&mut slow, b"NOOP ").await;
    slow.hear("421 4.4.2").await;
    passes(server).await;

    // A session that is busy and never brings a message.
    let server = with(|settings| {
        settings.session_limits.unproductive = SHORT;
        settings.session_limits.junk = u32::MAX;
    })
    .await;
    let mut busy = Dialogue::greeted(server).await;
    while busy.say("NOOP").await.0.starts_with("250") {}
    busy.closed().await;
    passes(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h036_a_message_has_a_least_rate_and_a_longest_time() {
    let server = with(|settings| {
        settings.session_limits.slow_start = SHORT;
        settings.session_limits.min_rate = 1 << 30;
    })
    .await;
    let mut slow = Dialogue::greeted(server).await;
    slow.open(JAN, SELLER).await;
    drip(&mut slow, b"From: jan@poczta.example\r\n").await;
    slow.hear("421 4.3.2").await.because("busy");
    slow.closed().await;
    passes(server).await;

    let server = with(|settings| settings.session_limits.message = SHORT).await;
    let mut slow = Dialogue::greeted(server).await;
    slow.open(JAN, SELLER).await;
    drip(&mut slow, b"From: jan@poczta.example\r\n").await;
    slow.hear("421 4.3.2").await.because("busy");

    let server = with(|settings| settings.session_limits.block = SHORT).await;
    let mut silent = Dialogue::greeted(server).await;
    silent.open(JAN, SELLER).await;
    silent.hear("421 4.3.2").await.because("busy");
    passes(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h036_a_client_that_does_not_read_is_let_go() {
    let server = with(|settings| {
        settings.session_limits.write = SHORT;
        settings.session_limits.junk = u32::MAX;
    })
    .await;
    let mut stream = Dialogue::greeted(server).await.into_stream();
    let group = "HELP\r\n".repeat(1_000);
    // Its answers fill what lies between; the server stops reading, waits, and closes: then writing fails.
    let ended = async { while stream.write_all(group.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(crate::support::stage::PATIENCE, ended)
        .await
        .expect("the server waits for ever");
    passes(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h036_hundreds_of_slow_clients_do_not_stop_an_honest_one() {
    let server = with(|settings| settings.connections_per_client = 1_000).await;
    let mut slow = Vec::new();
    for number in 0..300 {
        let mut dialogue = Dialogue::from("127.8.8.8", server).await;
        if number < 200 {
            dialogue.hear("220").await;
            let begun: &[u8] = if number % 2 == 0 {
                b"EH"
            } else {
                b"MAIL FROM:<"
            };
            dialogue.raw(begun).await;
        }
        slow.push(dialogue);
    }
    passes(server).await;
    drop(slow);
    passes(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h037_under_stress_the_idle_make_room_and_the_busy_stay() {
    let server = with(|settings| {
        settings.connections = 8;
        settings.connections_per_client = 8;
        settings.session_limits.look = Duration::from_millis(10);
        settings.session_limits.junk = u32::MAX;
        settings.limits_under_stress = SessionLimits {
            command: SHORT,
            junk: u32::MAX,
            look: Duration::from_millis(10),
            ..SessionLimits::ORDINARY
        };
    })
    .await;
    let mut idle = Vec::new();
    for _ in 0..6 {
        idle.push(Dialogue::greeted(server).await);
    }
    // Two of eight are free: nobody is in a hurry. A seventh, who works, brings stress.
    idle[0].say("NOOP").await.assert("250");
    let mut busy = Dialogue::greeted(server).await;
    // Who idles goes, until stress is over: the others may idle on.
    let mut gone = None;
    while gone.is_none() {
        busy.say("NOOP").await.assert("250");
        for dialogue in &mut idle {
            if dialogue.has_answer().await {
                dialogue.hear("421 4.4.2").await;
                gone = Some(());
            }
        }
    }
    passes(server).await;

    // Errors are counted more strictly, too: with its only place taken a server is under stress.
    let server = with(|settings| settings.connections = 1).await;
    let mut only = Dialogue::greeted(server).await;
    only.say("WHAT").await.assert("500");
    only.say("WHAT").await.assert("500");
    only.say("WHAT").await.assert("421 4.7.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn h037_a_network_has_its_share_and_the_server_has_its_own() {
    let server = with(|settings| {
        settings.connections_per_client = 2;
        settings.connections_per_network = 3;
        settings.connections = 100;
    })
    .await;
    let mut open = Vec::new();
    for source in ["127.3.3.1", "127.3.3.1", "127.3.3.2"] {
        let mut dialogue = Dialogue::from(source, server).await;
        dialogue.hear("220").await;
        open.push(dialogue);
    }
    for source in ["127.3.3.1", "127.3.3.3"] {
        let mut turned = Dialogue::from(source, server).await;
        turned.hear("421 4.3.2 your address or network").await;
        turned.closed().await;
    }
    passes(server).await;

    let server = with(|settings| settings.connections = 1).await;
    let mut only = Dialogue::connect(server).await;
    only.hear("220").await;
    let mut turned = Dialogue::from("127.4.4.4", server).await;
    turned.hear("421 4.3.2 the server").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_for_messages_is_bounded_and_comes_back() {
    const LARGEST: usize = 256 * 1024;
    let mut bare = Bare::with_accounts().await;
    // However many of the third come before the first two have arrived.
    let config = Arc::make_mut(&mut bare.tools.config);
    config.limits.messages_per_transaction = None;
    config.limits.messages_per_sender = None;
    let limits = |settings: &mut ServerSettings| {
        settings.max_message_size = LARGEST;
        settings.memory = 0;
    };
    let server = bare.serve_with(limits).await;
    // Two messages of the largest size are what fits; they are held open just before their end. A third finds no room: it is read to its end, and put
    // off. Where it came before all of the first two had, it took the room of one of them, and it is done anew.
    let body = format!(
        "{}{}",
        message(JAN, SELLER, ""),
        "0123456789abcd\r\n".repeat(16_000)
    );
    assert!(body.len() < LARGEST && body.len() > LARGEST - 16_384);
    for pause in (0..12).map(|power| Duration::from_millis(1 << power)) {
        let mut held = Vec::new();
        for _ in 0..2 {
            let mut dialogue = Dialogue::greeted(server).await;
            dialogue.open(JAN, SELLER).await;
            dialogue.raw(body.as_bytes()).await;
            held.push(dialogue);
        }
        tokio::time::sleep(pause).await;
        let mut third = Dialogue::greeted(server).await;
        let put_off = third.send(JAN, &[SELLER], &body).await;
        let mut answers = Vec::new();
        for dialogue in &mut held {
            dialogue.raw(b".\r\n").await;
            answers.push(dialogue.answer().await);
        }
        if !put_off.0.starts_with("250") {
            put_off.assert("452 4.3.1").because("storage");
            for answer in &answers {
                answer.assert("250");
            }
            passes(server).await;
            let mut again = Dialogue::greeted(server).await;
            again.send(JAN, &[SELLER], &body).await.assert("250");
            return;
        }
    }
    panic!("a third message always found room");
}

/// A PROXY header of version 2 for a client at `source`.
fn proxy_header(source: [u8; 4]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    header.extend_from_slice(&source);
    header.extend_from_slice(&[127, 0, 0, 1, 0x12, 0x34, 0, 25]);
    header
}

#[tokio::test(flavor = "multi_thread")]
async fn h035_a_proxy_is_believed_at_its_door_only() {
    let stage = Setup::default()
        .key("smtp", "proxy_listen = [\"127.0.0.1:0\"]")
        .key("smtp", "proxy_from = [\"127.0.0.1\"]")
        .key("limits", "connections_per_client = 2")
        .start()
        .await;
    let door = stage.relay.proxied[0];
    let mut client = Dialogue::connect(door).await;
    client.raw(&proxy_header([192, 0, 2, 77])).await;
    client.hear("220").await;
    client.say("EHLO a").await.assert("250");
    let answer = client.send(JAN, &[SELLER], &message(JAN, SELLER, "")).await;
    answer.assert("550 5.7.26");
    assert!(answer.0.contains("client 192.0.2.77"), "{}", answer.0);
    // Limits are those of the client, not of the proxy.
    let mut second = Dialogue::connect(door).await;
    second.raw(&proxy_header([192, 0, 2, 77])).await;
    second.hear("220").await;
    let mut third = Dialogue::connect(door).await;
    third.raw(&proxy_header([192, 0, 2, 77])).await;
    third.hear("421 4.3.2").await;
    let mut other = Dialogue::connect(door).await;
    other.raw(&proxy_header([192, 0, 2, 78])).await;
    other.hear("220").await;

    // No header, the old line, a broken header, another proxy: no word is said.
    let mut broken = proxy_header([192, 0, 2, 79]);
    broken[12] = 0x31;
    for words in [
        &b"EHLO somebody.example\r\n"[..],
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n",
        &broken,
    ] {
        let mut stranger = Dialogue::connect(door).await;
        stranger.raw(words).await;
        stranger.closed().await;
    }
    let mut stranger = Dialogue::from("127.0.0.2", door).await;
    let _ = stranger.try_raw(&proxy_header([192, 0, 2, 80])).await;
    stranger.closed().await;

    // At the open door the same octets are a broken line.
    let mut plain = Dialogue::from("127.5.5.5", stage.smtp()).await;
    plain.hear("220").await;
    plain.raw(&proxy_header([192, 0, 2, 81])).await;
    plain.answer().await.assert("500");
    assert!(stage.send(JAN, BUYER).await.0.starts_with("550"));
}
