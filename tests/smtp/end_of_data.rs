//! Messages within a session: how one ends, how long it and its lines may be, and what stands after its end (docs/threats.md#1 to #13, #25, #29, #31, #39, #118).

use crate::support::dialogue::Dialogue;
use crate::support::stage::{BIURO, Bare, JAN, SELLER, Setup, Stage, message, plain, text};

#[tokio::test(flavor = "multi_thread")]
async fn h001_to_h010_nothing_but_crlf_dot_crlf_ends_a_message() {
    let stage = Stage::ordinary().await;
    let inner = "MAIL FROM:<jan@poczta.example>\r\nRCPT TO:<k2m9x0r7t3@allegromail.pl>\r\nDATA\r\nFrom: jan@poczta.example\r\n\r\nsmuggled";
    for end in [
        "\n.\n",
        "\n.\r\n",
        "\r\n.\n",
        "\r.\r",
        "\r.\n",
        "\n.\r",
        "\r.\r\n",
        "\r\n.\r",
        "\r\n\0.\r\n",
        "\r\n.\0\r\n",
        "\r\n.\r\r\n",
    ] {
        let mut dialogue = Dialogue::greeted(stage.smtp()).await;
        dialogue.open(JAN, SELLER).await;
        dialogue
            .raw(format!("{}{end}{inner}\r\n.\r\n", plain()).as_bytes())
            .await;
        dialogue
            .answer()
            .await
            .assert("550 5.6.11")
            .because("bare-line-end");
        dialogue.closed().await;
    }
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h011_dots_at_line_starts_survive_the_round_trip() {
    let stage = Stage::ordinary().await;
    let body = format!("{}.\r\n..\r\n.hidden\r\nend\r\n", plain());
    stage
        .send_message(JAN, &[SELLER], &body)
        .await
        .assert("250");
    let arrived = text(&stage.arrival().await);
    assert!(
        arrived.ends_with("Hello.\r\n.\r\n..\r\n.hidden\r\nend\r\n"),
        "{arrived}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn h012_an_empty_message_is_refused_and_the_session_goes_on() {
    let stage = Stage::ordinary().await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    dialogue.open(JAN, SELLER).await;
    dialogue.raw(b".\r\n").await;
    dialogue
        .answer()
        .await
        .assert("550 5.7.1")
        .because("bad-from");
    dialogue.send(JAN, &[SELLER], &plain()).await.assert("250");
    assert_eq!(stage.arrival().await.recipients, [BIURO]);
}

#[tokio::test(flavor = "multi_thread")]
async fn h013_the_end_may_come_in_pieces() {
    let stage = Stage::ordinary().await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    dialogue.open(JAN, SELLER).await;
    for octet in format!("{}\r\n.\r\n", plain()).as_bytes() {
        dialogue.raw(&[*octet]).await;
    }
    dialogue.answer().await.assert("250");
    stage.arrival().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h025_long_text_lines_pass_and_endless_ones_do_not() {
    let stage = Stage::ordinary().await;
    for (length, code) in [
        (998, "250"),
        (999, "250"),
        (64_000, "250"),
        (70_000, "550 5.6.0"),
        (3_000_000, "550 5.6.0"),
    ] {
        let body = format!("{}{}\r\n", plain(), "y".repeat(length));
        stage.send_message(JAN, &[SELLER], &body).await.assert(code);
        if code == "250" {
            stage.arrival().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h118_a_message_whose_answer_was_not_heard_is_taken_once() {
    let server = Bare::with_accounts().await;
    // While the broken session is there, nobody else gets in.
    let server = server
        .serve_with(|settings| settings.connections_per_client = 1)
        .await;
    let alone = async || loop {
        let mut dialogue = Dialogue::connect(server).await;
        if dialogue.answer().await.0.starts_with("220") {
            dialogue.say("EHLO a").await.assert("250");
            return dialogue;
        }
    };
    let text = message(JAN, SELLER, "");
    let mut dialogue = alone().await;
    let first = dialogue.send(JAN, &[SELLER], &text).await;
    first.assert("250 2.0.0 accepted as");
    dialogue.reset();

    // The same again: the answer of before, and no copy.
    let mut dialogue = alone().await;
    assert_eq!(dialogue.send(JAN, &[SELLER], &text).await, first);
    // It went on: now it knows. Whoever sends the same with reason has it taken.
    let second = dialogue.send(JAN, &[SELLER], &text).await;
    assert_ne!(second.assert("250 2.0.0 accepted as"), &first);
    dialogue.reset();

    // Another message, or another recipient, is something else.
    let mut dialogue = alone().await;
    let other = text.replace("\r\n\r\n", "\r\nX-Other: 1\r\n\r\n");
    let third = dialogue.send(JAN, &[SELLER], &other).await;
    assert!(third != first && third != second, "{third:?}");
    dialogue.finish().await;
    dialogue.closed().await;

    // A client that ends the connection in good order has heard.
    let mut dialogue = alone().await;
    let fourth = dialogue.send(JAN, &[SELLER], &other).await;
    assert_ne!(fourth, third);
    dialogue.finish().await;
    dialogue.closed().await;

    // Nobody can tell a message without Message-ID from another one that is alike: it is taken twice rather than lost.
    let bare: String = text
        .split_inclusive("\r\n")
        .filter(|line| !line.starts_with("Message-ID:"))
        .collect();
    assert_ne!(bare, text);
    let mut dialogue = alone().await;
    let fifth = dialogue.send(JAN, &[SELLER], &bare).await;
    fifth.assert("250 2.0.0 accepted as");
    dialogue.reset();
    let mut dialogue = alone().await;
    let sixth = dialogue.send(JAN, &[SELLER], &bare).await;
    assert_ne!(sixth.assert("250 2.0.0 accepted as"), &fifth);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_message_waits_while_much_is_on_its_way_and_is_taken_all_the_same() {
    let metrics = allegromail::observe::install_metrics();
    let server = Bare::with_accounts().await;
    let flow = server.tools.flow.clone();
    let server = server.serve().await;
    // More than enough on its way, and always something that arrives.
    let large = || bytes::Bytes::from(vec![b'x'; 1 << 20]);
    let under_way: Vec<_> = (0..20).map(|_| flow.hold(large()).unwrap()).collect();
    let text = message(JAN, SELLER, "") + &"x\r\n".repeat(100_000);
    let sent = async {
        let mut dialogue = Dialogue::connect(server).await;
        dialogue.hear("220").await;
        dialogue.say("EHLO a").await.assert("250");
        dialogue.send(JAN, &[SELLER], &text).await
    };
    let arriving = async {
        loop {
            flow.delivered();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = sent => answer.assert("250 2.0.0 accepted as"),
        () = arriving => unreachable!("it never ends"),
    };
    drop(under_way);
    assert!(metrics.render().contains("allegromail_flow_waited_total 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn h029_after_every_end_of_data_the_transaction_is_forgotten() {
    let stage = Stage::ordinary().await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    let unproven = message("jan@strange.example", SELLER, "");
    for (body, code) in [
        (plain(), "250"),
        (unproven, "550 5.7.26"),
        ("no header\r\n".to_owned(), "550"),
    ] {
        dialogue.send(JAN, &[SELLER], &body).await.assert(code);
        dialogue
            .say(&format!("RCPT TO:<{SELLER}>"))
            .await
            .assert("503 5.5.1");
        dialogue.say("DATA").await.assert("503 5.5.1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h031_sizes_declared_and_real_are_held_to_the_limit() {
    let stage = Setup::default()
        .key("smtp", "max_message_size = 100000")
        .start()
        .await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    for (size, code) in [
        ("99999999999999999999", "5"),
        ("100001", "552 5.3.4"),
        ("-1", "501"),
        ("x", "501"),
    ] {
        dialogue
            .say(&format!("MAIL FROM:<{JAN}> SIZE={size}"))
            .await
            .assert(code);
    }
    dialogue
        .say(&format!("MAIL FROM:<{JAN}> SIZE=0"))
        .await
        .assert("250");
    dialogue.say("RSET").await.assert("250");
    dialogue
        .say(&format!("MAIL FROM:<{JAN}> SIZE=10"))
        .await
        .assert("250");
    dialogue
        .say(&format!("RCPT TO:<{SELLER}>"))
        .await
        .assert("250");
    dialogue.say("DATA").await.assert("354");
    let large = format!("{}{}", plain(), "0123456789abcdef\r\n".repeat(20_000));
    dialogue
        .data(&large)
        .await
        .assert("552 5.3.4")
        .because("too-large");
    dialogue.send(JAN, &[SELLER], &plain()).await.assert("250");
    stage.arrival().await;
    assert!(stage.sink.take().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn h039_a_client_that_ends_its_half_still_hears_the_answer() {
    let stage = Stage::ordinary().await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    dialogue.open(JAN, SELLER).await;
    dialogue.raw(format!("{}.\r\n", plain()).as_bytes()).await;
    dialogue.finish().await;
    dialogue.answer().await.assert("250");
    stage.arrival().await;
}
