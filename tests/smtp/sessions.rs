//! Sessions as hostile clients hold them (docs/threats.md#1 to #40): who keeps to the rules is served, who does not loses nothing but his
//! own session.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::support::dialogue::Dialogue;
use crate::support::stage::{BUYER, Bare, JAN, SELLER, Setup, Stage, plain};

#[tokio::test(flavor = "multi_thread")]
async fn ehlo_offers_what_is_kept_and_nothing_else() {
    let stage = Stage::ordinary().await;
    let mut dialogue = Dialogue::connect(stage.smtp()).await;
    dialogue.hear("220 mx.allegromail.example ESMTP").await;
    let offer = dialogue.say("EHLO client.example").await.0;
    for word in [
        "PIPELINING",
        "8BITMIME",
        "SMTPUTF8",
        "SIZE 36700160",
        "ENHANCEDSTATUSCODES",
        "LIMITS RCPTMAX=100",
    ] {
        assert!(
            offer.lines().any(|line| line[4..] == *word),
            "{word} in {offer}"
        );
    }
    for word in ["STARTTLS", "CHUNKING", "AUTH", "XCLIENT", "DSN"] {
        assert!(!offer.contains(word), "{word} in {offer}");
    }
    dialogue
        .say("HELO client.example")
        .await
        .assert("250 mx.allegromail.example");
    dialogue.say("QUIT").await.assert("221 2.0.0");
    dialogue.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h014_h038_a_client_that_goes_away_leaves_nothing_behind() {
    let stage = Stage::ordinary().await;
    let steps = [
        "",
        "EHLO a\r\n",
        "MAIL FROM:<jan@poczta.example>\r\n",
        "RCPT TO:<k2m9x0r7t3@allegromail.pl>\r\n",
        "DATA\r\n",
    ];
    for last in 0..=steps.len() {
        for reset in [true, false] {
            let mut dialogue = Dialogue::connect(stage.smtp()).await;
            dialogue.hear("220").await;
            for step in &steps[..last] {
                if !step.is_empty() {
                    dialogue.raw(step.as_bytes()).await;
                    dialogue.answer().await;
                }
            }
            if last == steps.len() {
                dialogue
                    .raw(b"From: jan@poczta.example\r\n\r\nhalf a mess")
                    .await;
            }
            if reset {
                dialogue.reset();
            }
        }
    }
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h019_h020_h022_who_speaks_out_of_turn_is_cut_off() {
    let stage = Stage::ordinary().await;
    let mut dialogue = Dialogue::connect(stage.smtp()).await;
    dialogue.hear("220").await;
    dialogue
        .raw(format!("EHLO a\r\nMAIL FROM:<{JAN}>\r\n").as_bytes())
        .await;
    dialogue.answer().await.assert("554 5.5.0");
    dialogue.closed().await;

    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    dialogue
        .say(&format!("MAIL FROM:<{JAN}>"))
        .await
        .assert("250");
    dialogue
        .say(&format!("RCPT TO:<{SELLER}>"))
        .await
        .assert("250");
    dialogue
        .raw(format!("DATA\r\n{}.\r\nMAIL FROM:<{JAN}>\r\n", plain()).as_bytes())
        .await;
    dialogue.answer().await.assert("554 5.5.0");
    dialogue.closed().await;

    // Octets that are there before the banner: the connection is not even made while they are written, as in a script with nc.
    let mut early = 0;
    for _ in 0..20 {
        let mut stream = tokio::net::TcpStream::connect(stage.smtp()).await.unwrap();
        stream.write_all(b"EHLO early\r\n").await.unwrap();
        let mut dialogue = Dialogue::over(stream);
        early += usize::from(dialogue.answer().await.0.starts_with("554"));
    }
    // Whether the octets or the banner are first is the kernel's choice; either way the server answers, and some were caught.
    println!("early talkers caught: {early} of 20");
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h021_pipelined_transactions_stay_in_step() {
    let stage = Stage::ordinary().await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    let group = format!("MAIL FROM:<{JAN}>\r\nRCPT TO:<{SELLER}>\r\nDATA\r\n");
    dialogue.raw(group.as_bytes()).await;
    for code in ["250", "250", "354"] {
        dialogue.hear(code).await;
    }
    // The next group comes in one segment with the end of this message.
    dialogue
        .raw(format!("{}.\r\n{group}", plain()).as_bytes())
        .await;
    for code in ["250", "250", "250", "354"] {
        dialogue.hear(code).await;
    }
    dialogue
        .raw(format!("{}.\r\nQUIT\r\n", plain()).as_bytes())
        .await;
    for code in ["250", "221"] {
        dialogue.hear(code).await;
    }
    dialogue.closed().await;
    stage.arrival().await;
    stage.arrival().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h023_h033_h035_other_protocols_and_noise_end_the_session_politely() {
    let stage = Stage::ordinary().await;
    for (noise, code) in [
        (&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], "554 5.5.0"),
        (b"CONNECT example.com:25 HTTP/1.1\r\n\r\n", "554 5.5.0"),
        (b"POST / HTTP/1.1\r\n\r\n", "554 5.5.0"),
        (b"\x80\x81\x82\x83\r\n", "500"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", "5"),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "500"),
        (b"XCLIENT ADDR=192.0.2.1\r\n", "500"),
        (b"XFORWARD ADDR=192.0.2.1\r\n", "500"),
        (b"ETRN example.com\r\n", "50"),
        (b"TURN\r\n", "50"),
        (b"AUTH PLAIN AGEAYg==\r\n", "50"),
        (b"\r\n", "500"),
    ] {
        let mut dialogue = Dialogue::connect(stage.smtp()).await;
        dialogue.hear("220").await;
        dialogue.raw(noise).await;
        dialogue.answer().await.assert(code);
    }
    let mut dialogue = Dialogue::connect(stage.smtp()).await;
    dialogue.hear("220").await;
    let mut random = vec![0; 1024];
    aws_lc_rs::rand::fill(&mut random).unwrap();
    dialogue.raw(&random).await;
    dialogue.finish().await;
    while dialogue.try_answer().await.is_some() {}
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h024_long_command_lines_are_refused_and_endless_ones_cut() {
    let stage = Stage::ordinary().await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    for length in [3_000, 40_000] {
        dialogue
            .say(&format!("NOOP {}", "x".repeat(length)))
            .await
            .assert("500 5.5.2");
    }
    dialogue.say("NOOP").await.assert("250");
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    let block = vec![b'x'; 64 * 1024];
    let mut stream = dialogue.into_stream();
    for _ in 0..64 {
        if stream.write_all(&block).await.is_err() {
            break;
        }
    }
    dialogue = Dialogue::over(stream);
    if let Some(answer) = dialogue.try_answer().await {
        answer.assert("421 4.7.0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h026_too_many_recipients_are_put_off_and_the_first_ones_served() {
    let stage = Setup::default()
        .key("smtp", "max_recipients = 100")
        .start()
        .await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    dialogue
        .say(&format!("MAIL FROM:<{JAN}>"))
        .await
        .assert("250");
    for _ in 0..100 {
        dialogue
            .say(&format!("RCPT TO:<{SELLER}>"))
            .await
            .assert("250");
    }
    dialogue
        .say(&format!("RCPT TO:<{SELLER}>"))
        .await
        .assert("452 4.5.3")
        .because("too-many-recipients");
    dialogue.say("DATA").await.assert("354");
    dialogue.data(&plain()).await.assert("250");
    stage.arrival().await;

    // Thousands more: the session ends.
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    dialogue
        .say(&format!("MAIL FROM:<{JAN}>"))
        .await
        .assert("250");
    let mut answers = 0;
    for _ in 0..3_000 {
        dialogue
            .raw(format!("RCPT TO:<{SELLER}>\r\n").as_bytes())
            .await;
        if dialogue.try_answer().await.is_none() {
            break;
        }
        answers += 1;
    }
    assert!(answers < 1_500, "{answers} recipients were answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn h027_errors_and_chatter_have_a_budget() {
    const PENALTY: Duration = Duration::from_millis(20);
    let server = Bare::with_accounts().await;
    let server = server
        .serve_with(|settings| settings.session_limits.penalty = PENALTY)
        .await;
    let mut dialogue = Dialogue::greeted(server).await;
    let begun = std::time::Instant::now();
    for _ in 0..19 {
        dialogue.say("WHAT").await.assert("50");
    }
    dialogue.say("WHAT").await.assert("421 4.7.0");
    dialogue.closed().await;
    assert!(
        begun.elapsed() >= 10 * PENALTY,
        "the last ten errors cost time"
    );

    let mut dialogue = Dialogue::greeted(server).await;
    for _ in 0..100 {
        dialogue.say("NOOP").await.assert("250");
    }
    dialogue.say("NOOP").await.assert("421 4.7.0");
    dialogue.closed().await;

    let mut dialogue = Dialogue::greeted(server).await;
    dialogue
        .say(&format!("MAIL FROM:<{JAN}>"))
        .await
        .assert("250");
    for _ in 0..19 {
        dialogue
            .say("RCPT TO:<nobody@allegromail.pl>")
            .await
            .assert("550 5.1.1");
    }
    dialogue
        .say("RCPT TO:<nobody@allegromail.pl>")
        .await
        .assert("421 4.7.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn h028_h030_commands_out_of_order_are_told_so() {
    let stage = Stage::ordinary().await;
    let mut dialogue = Dialogue::connect(stage.smtp()).await;
    dialogue.hear("220").await;
    dialogue
        .say(&format!("MAIL FROM:<{JAN}>"))
        .await
        .assert("503 5.5.1");
    dialogue.say("EHLO a").await.assert("250");
    dialogue
        .say(&format!("RCPT TO:<{SELLER}>"))
        .await
        .assert("503 5.5.1");
    dialogue.say("DATA").await.assert("503 5.5.1");
    dialogue
        .say(&format!("MAIL FROM:<{JAN}>"))
        .await
        .assert("250");
    dialogue
        .say(&format!("MAIL FROM:<{JAN}>"))
        .await
        .assert("503 5.5.1");
    dialogue
        .say("RCPT TO:<nobody@allegromail.pl>")
        .await
        .assert("550 5.1.1");
    dialogue.say("DATA").await.assert("503 5.5.1");
    dialogue.say("RSET").await.assert("250");
    dialogue
        .say(&format!("RCPT TO:<{SELLER}>"))
        .await
        .assert("503 5.5.1");
    dialogue
        .say(&format!("MAIL FROM:<{JAN}>"))
        .await
        .assert("250");
    dialogue.say("EHLO b").await.assert("250");
    dialogue
        .say(&format!("RCPT TO:<{SELLER}>"))
        .await
        .assert("503 5.5.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn h032_parameters_that_were_not_offered_are_refused() {
    let stage = Stage::ordinary().await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    for parameter in [
        "MT-PRIORITY=9",
        "RET=FULL",
        "AUTH=<>",
        "BY=1;R",
        "XFOO",
        "ENVID=x+0D+0A",
    ] {
        dialogue
            .say(&format!("MAIL FROM:<{JAN}> {parameter}"))
            .await
            .assert("555 5.5.4");
    }
    dialogue
        .say(&format!("MAIL FROM:<{JAN}> BODY=8BITMIME SMTPUTF8"))
        .await
        .assert("250");
    dialogue
        .say(&format!("RCPT TO:<{SELLER}> NOTIFY=NEVER"))
        .await
        .assert("555 5.5.4");
}

#[tokio::test(flavor = "multi_thread")]
async fn h034_vrfy_tells_nothing() {
    let stage = Stage::ordinary().await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    let there = dialogue.say(&format!("VRFY {BUYER}")).await;
    let nobody = dialogue.say("VRFY nobody@allegromail.pl").await;
    there.assert("252 2.5.0");
    assert_eq!(there, nobody);
    dialogue.say("EXPN list").await.assert("50");
}

#[tokio::test(flavor = "multi_thread")]
async fn h037_one_address_has_its_share_of_connections() {
    let stage = Setup::default()
        .key("limits", "connections_per_client = 5")
        .start()
        .await;
    let mut open = Vec::new();
    for _ in 0..5 {
        let mut dialogue = Dialogue::connect(stage.smtp()).await;
        dialogue.hear("220").await;
        open.push(dialogue);
    }
    let mut refused = Dialogue::connect(stage.smtp()).await;
    refused.hear("421 4.").await;
    refused.closed().await;
    open.pop().unwrap().say("QUIT").await.assert("221");
    for attempt in 0.. {
        let mut again = Dialogue::connect(stage.smtp()).await;
        if again.answer().await.0.starts_with("220") {
            break;
        }
        assert!(attempt < 200, "the place is not given back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h040_bdat_is_refused_and_its_octets_are_no_commands() {
    let stage = Stage::ordinary().await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    dialogue.raw(b"BDAT 6 LAST\r\nNOOP\r\n").await;
    dialogue.answer().await.assert("503 5.5.1");
    dialogue.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_budget_of_refusals_shuts_the_network_out_for_a_while() {
    let stage = Setup::default()
        .key("limits", "refusals_per_client = \"3/10m\"")
        .start()
        .await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    for _ in 0..4 {
        dialogue
            .send(JAN, &["nobody@allegromail.pl"], &plain())
            .await
            .assert("550 5.1.1");
    }
    dialogue
        .send(JAN, &[SELLER], &plain())
        .await
        .assert("450 4.7.1")
        .because("rate");
}
