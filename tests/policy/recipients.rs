//! Which addresses are taken for which (docs/threats.md#49 to #66), and what becomes of several at once.

use crate::support::dialogue::Dialogue;
use crate::support::stage::{
    BIURO, BUYER, COURIER, JAN, OLA, SELLER, SPRZEDAZ, Setup, Stage, message, text,
};

#[tokio::test(flavor = "multi_thread")]
async fn h049_to_h063_odd_addresses_are_refused_and_odd_spellings_found() {
    let stage = Stage::ordinary().await;
    let long = format!("RCPT TO:<{}@allegromail.pl>", "a".repeat(65));
    let table = [
        ("RCPT TO:<victim@gmail.com>", "550 5.7.1"),
        ("RCPT TO:<user%gmail.com@allegromail.pl>", "550 5.1.1"),
        ("RCPT TO:<gmail.com!user@allegromail.pl>", "550 5.1.1"),
        ("RCPT TO:<@allegromail.pl:victim@gmail.com>", "550 5.7.1"),
        ("RCPT TO:<\"a b\"@allegromail.pl>", "550 5.1.1"),
        (
            "RCPT TO:<\"k2m9x0r7t3+tx@evil\"@allegromail.pl>",
            "550 5.1.1",
        ),
        (
            "RCPT TO:<k2m9x0r7t3+tx@allegromail.pl@gmail.com>",
            "501 5.1.3",
        ),
        ("RCPT TO:<a@b@c>", "501 5.1.3"),
        ("RCPT TO:<k2m9x0r7t3@[127.0.0.1]>", "5"),
        ("RCPT TO:<k2m9x0r7t3@allegromail.pl.>", "5"),
        ("RCPT TO:<k2m9x0r7t3@allegromail.pl(comment)>", "501"),
        ("RCPT TO:<@allegromail.pl>", "550 5.7.1"),
        ("RCPT TO:<k2m9x0r7t3>", "5"),
        ("RCPT TO:<>", "5"),
        ("RCPT TO:<k2m9x0r7t3\t@allegromail.pl>", "500 5.5.2"),
        ("RCPT TO:<k2m9x0r7t3;ls@allegromail.pl>", "501 5.1.3"),
        ("RCPT TO:<$(ls)@allegromail.pl>", "501 5.1.3"),
        (&long, "50"),
        ("RCPT TO:<１２３+tx@allegromail.pl>", "553 5.6.7"),
        ("RCPT TO:<k2m9x0r7t3+a+b@allegromail.pl>", "550 5.1.1"),
        ("RCPT TO:<+a@allegromail.pl>", "550 5.1.1"),
        ("RCPT TO:<k2m9x0r7t3+@allegromail.pl>", "550 5.1.1"),
        ("RCPT TO:<k2m9x0r7t3++a@allegromail.pl>", "550 5.1.1"),
        ("RCPT TO:<K2M9X0R7T3%2Ba@allegromail.pl>", "550 5.1.1"),
        ("RCPT TO:<k2m9x0r7t3-a@allegromail.pl>", "550 5.1.1"),
        ("RCPT TO:<k2m9x0r7t3@sub.allegromail.pl>", "550 5.7.1"),
        ("RCPT TO:<k2m9x0r7t3@evilallegromail.pl>", "550 5.7.1"),
        ("RCPT TO:<K2M9X0R7T3+CUB31C122@ALLEGROMAIL.PL>", "250"),
        ("rcpt to:<k2m9x0r7t3@user.allegrogroup.pl>", "250"),
        ("RCPT TO:<Postmaster>", "250"),
        ("RCPT TO:<\"postmaster\"@allegromail.pl>", "250"),
    ];
    for (line, code) in table {
        let mut dialogue = Dialogue::greeted(stage.smtp()).await;
        dialogue
            .say(&format!("MAIL FROM:<{JAN}>"))
            .await
            .assert("250");
        let answer = dialogue.say(line).await;
        assert!(
            answer.0.starts_with(code),
            "{line}: wanted {code}, got {}",
            answer.0
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h061_an_international_sender_needs_smtputf8() {
    let stage = Stage::ordinary().await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    dialogue
        .say("MAIL FROM:<józef@poczta.example>")
        .await
        .assert("553 5.6.7");
    dialogue
        .say("MAIL FROM:<józef@poczta.example> SMTPUTF8")
        .await
        .assert("250");
}

#[tokio::test(flavor = "multi_thread")]
async fn h064_guessing_teaches_nothing_beyond_what_every_address_tells() {
    let stage = Stage::ordinary().await;
    let ask = async |to: &str| {
        // A proven stranger learns the same of every participant, whatever the order is.
        let answer = stage.send("hello@strangers.example", to).await.0;
        let (text, trace) = answer.split_once("trace=").unwrap();
        assert!(trace.ends_with(']'));
        text.replace(to, "ADDRESS")
    };
    let first = ask(BUYER).await;
    for to in [
        SELLER,
        "8awgqyk6a5@allegromail.pl",
        "8awgqyk6a5+nosuch@allegromail.pl",
        "k2m9x0r7t3+closed1@allegromail.pl",
        "sleepy@allegromail.pl",
    ] {
        assert_eq!(ask(to).await, first, "{to}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h066_a_null_sender_has_one_recipient() {
    let stage = Stage::ordinary().await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    dialogue.say("MAIL FROM:<>").await.assert("250");
    dialogue
        .say(&format!("RCPT TO:<{SELLER}>"))
        .await
        .assert("250");
    dialogue
        .say(&format!("RCPT TO:<{BUYER}>"))
        .await
        .assert("452 4.5.3");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_recipient_twice_gets_the_message_once() {
    let stage = Stage::ordinary().await;
    let to = [SELLER, "K2M9X0R7T3+cub31c122@user.allegrogroup.pl", SELLER];
    stage
        .send_message(JAN, &to, &message(JAN, SELLER, ""))
        .await
        .assert("250");
    assert_eq!(stage.arrival().await.recipients, [BIURO]);
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_recipients_differ_the_good_ones_are_served_and_the_writer_is_told_of_the_others() {
    let stage = Stage::ordinary().await;
    let to = [SELLER, "5zz8c1w4mn+cub31c122@allegromail.pl"];
    // The second is no party of that order.
    stage
        .send_message(JAN, &to, &message(JAN, SELLER, ""))
        .await
        .assert("250");
    let (one, two) = (stage.arrival().await, stage.arrival().await);
    let (mail, report) = if one.recipients == [BIURO] {
        (one, two)
    } else {
        (two, one)
    };
    assert_eq!(mail.recipients, [BIURO]);
    assert_eq!(
        (report.recipients.as_slice(), report.reverse_path.as_str()),
        (&[JAN.to_owned()][..], "")
    );
    let report = text(&report);
    assert!(
        report.contains("Final-Recipient: rfc822; 5zz8c1w4mn+cub31c122@allegromail.pl"),
        "{report}"
    );
    assert!(report.contains("Status: 5.1.1"), "{report}");
    assert!(!report.contains("rowery.example"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_one_recipient_is_put_off_all_are_and_nothing_is_taken() {
    let stage = Stage::ordinary().await;
    let to = [SELLER, "k2m9x0r7t3+new1@allegromail.pl"];
    stage
        .send_message(JAN, &to, &message(JAN, SELLER, ""))
        .await
        .assert("451 4.1.1")
        .because("unknown-transaction");
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_can_be_told_one_refused_recipient_refuses_all() {
    let stage = Stage::ordinary().await;
    let to = [SELLER, "5zz8c1w4mn+cub31c122@allegromail.pl"];
    let automatic = message(JAN, SELLER, "Auto-Submitted: auto-replied\r\n");
    stage
        .send_message(JAN, &to, &automatic)
        .await
        .assert("550 5.1.1");
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_names_masks_only() {
    let stage = Stage::ordinary().await;
    let more = format!(
        "Cc: {BIURO}, someone@elsewhere.example, 5zz8c1w4mn@allegromail.com\r\nBcc: hidden@elsewhere.example\r\nX-Originating-IP: [198.51.100.7]\r\n\
         Received: from laptop.poczta.example by mx.poczta.example; Mon, 23 Nov 2026 09:00:00 +0100\r\n\
         DKIM-Signature: v=1; d=poczta.example; s=x; b=AA==\r\nIn-Reply-To: <old@poczta.example>\r\nReturn-Path: <jan@poczta.example>\r\n\
         Sender: jan@poczta.example\r\nReply-To: jan@poczta.example\r\nThread-Index: AQ==\r\nX-Mailer: Thunder\r\n"
    );
    stage
        .send_message(
            JAN,
            &[SELLER],
            &message("Jan Kowalski <jan@poczta.example>", SELLER, &more),
        )
        .await
        .assert("250");
    let arrived = stage.arrival().await;
    let data = text(&arrived);
    for secret in [
        "poczta.example",
        "elsewhere.example",
        "198.51.100.7",
        "Kowalski <",
        "laptop",
        "Thunder",
        "client.example",
        "127.0.0.1",
        "Bcc",
    ] {
        assert!(!data.contains(secret), "{secret} shows in\n{data}");
    }
    assert!(
        data.contains("From: jan_kowalski <8awgqyk6a5+cub31c122@allegromail.pl>\r\n"),
        "{data}"
    );
    assert!(
        data.contains("To: <k2m9x0r7t3+cub31c122@allegromail.pl>\r\n"),
        "{data}"
    );
    assert!(data.contains("Received: "), "{data}");
    assert!(
        arrived.reverse_path.starts_with("b-") && arrived.reverse_path.ends_with("@allegromail.pl"),
        "{}",
        arrived.reverse_path
    );
    assert!(arrived.reverse_path.split('@').next().unwrap().len() <= 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_couriers_mail_keeps_every_byte() {
    let stage = Stage::ordinary().await;
    let body = format!(
        "DKIM-Signature: v=1; d=inpost.pl; s=x; b=AA==\r\nX-Odd:\tkept  as it is \r\nFrom: InPost <{COURIER}>\r\nTo: {BUYER}\r\n\
         Subject: =?utf-8?q?Paczka_w_drodze?=\r\nReply-To: any@mailing.example\r\n\r\nTwoja paczka \u{142}\r\n{}\r\n",
        "z".repeat(2_000)
    );
    stage
        .send_message(COURIER, &[BUYER], &body)
        .await
        .assert("250");
    let arrived = stage.arrival().await;
    let data = text(&arrived);
    assert_eq!(arrived.recipients, [JAN]);
    assert!(data.ends_with(&body), "{data}");
    let added = &data[..data.len() - body.len()];
    assert!(added.starts_with("Authentication-Results: mx.allegromail.example;\r\n spf=pass smtp.mailfrom=inpost.pl\r\nReceived: from "), "{added}");
    assert!(
        !added.contains(JAN) && !added.contains("poczta.example"),
        "{added}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_follows_the_address_last_written_from() {
    let stage = Stage::ordinary().await;
    let goes_to = async |address: &str| {
        stage.send(JAN, SELLER).await.assert("250");
        assert_eq!(stage.arrival().await.recipients, [address]);
    };
    goes_to(BIURO).await;
    stage.send(SPRZEDAZ, BUYER).await.assert("250");
    stage.arrival().await;
    goes_to(SPRZEDAZ).await;
    // Another order of the same seller is not touched by it.
    stage
        .send(OLA, "k2m9x0r7t3+other1@allegromail.pl")
        .await
        .assert("250");
    assert_eq!(stage.arrival().await.recipients, [BIURO]);
    stage.send(BIURO, BUYER).await.assert("250");
    stage.arrival().await;
    goes_to(BIURO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn marketplaces_write_their_own_domain() {
    let stage = Setup::default().start().await;
    stage
        .send(OLA, "k2m9x0r7t3+other1@allegromail.pl")
        .await
        .assert("250");
    assert!(
        text(&stage.arrival().await)
            .contains("From: ola_cz <5zz8c1w4mn+other1@allegromail.com>\r\n")
    );
    stage
        .send(BIURO, "5zz8c1w4mn+other1@allegromail.com")
        .await
        .assert("250");
    let data = text(&stage.arrival().await);
    assert!(
        data.contains("From: sklep-rowery <k2m9x0r7t3+other1@allegromail.pl>\r\n"),
        "{data}"
    );
}
