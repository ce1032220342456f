//! Conversations: threads that hold together in both mailboxes, automatic replies that end, and our own mail that comes back.

use std::collections::HashMap;

use crate::support::dialogue::{Answer, Dialogue};
use crate::support::stage::*;

/// The ids in a field of a message, without angle brackets.
fn ids(message: &str, field: &str) -> Vec<String> {
    let head = message.split("\r\n\r\n").next().unwrap();
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let value = head
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{field}: ")));
    value
        .unwrap_or_default()
        .split_whitespace()
        .map(|id| id.trim_matches(['<', '>']).to_owned())
        .collect()
}

/// What one side has in its mailbox: the ids of its own messages and of those that came, oldest first.
#[derive(Default)]
struct Mailbox(Vec<String>);

impl Mailbox {
    /// The fields of an answer to the last message, as mail programs write them.
    fn answer(&self) -> String {
        match self.0.last() {
            None => String::new(),
            Some(last) => format!(
                "In-Reply-To: <{last}>\r\nReferences: <{}>\r\n",
                self.0.join(">\r\n <")
            ),
        }
    }
}

/// Six messages between the two, each an answer to the one before; every id that one side sees is its own or one that it saw before.
async fn conversation(stage: &Stage, id: impl Fn(usize) -> String) {
    let (mut jan, mut shop) = (Mailbox::default(), Mailbox::default());
    for number in 0..6 {
        let own = id(number);
        let from_jan = number % 2 == 0;
        let (mine, theirs) = if from_jan {
            (&mut jan, &mut shop)
        } else {
            (&mut shop, &mut jan)
        };
        let (from, to) = if from_jan {
            (JAN, SELLER)
        } else {
            (BIURO, BUYER)
        };
        let raw = format!(
            "From: {from}\r\nTo: {to}\r\nSubject: Re: rower\r\nMessage-ID: <{own}>\r\n{}\r\nx\r\n",
            mine.answer()
        );
        stage.send_message(from, &[to], &raw).await.assert("250");
        let came = text(&stage.arrival().await);
        let seen = ids(&came, "Message-ID");
        assert_eq!(seen.len(), 1, "{came}");
        assert!(seen[0].ends_with("@allegromail.pl"), "{came}");
        assert!(seen[0].len() <= 200, "{came}");
        let host = if from_jan {
            "poczta.example"
        } else {
            "rowery.example"
        };
        assert!(!came.contains(host), "{came}");
        // The reader finds in the answer exactly the thread that is in its mailbox.
        assert_eq!(ids(&came, "References"), theirs.0, "{came}");
        let last: Vec<String> = theirs.0.last().cloned().into_iter().collect();
        assert_eq!(ids(&came, "In-Reply-To"), last, "{came}");
        mine.0.push(own);
        theirs.0.push(seen[0].clone());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn six_messages_thread_in_both_mailboxes() {
    let stage = Stage::ordinary().await;
    let host = |number: usize| ["poczta.example", "rowery.example"][number % 2];
    conversation(&stage, |number| format!("{number}.abc@{}", host(number))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_too_long_for_a_token_thread_as_well_and_after_a_restart() {
    let stage = Stage::ordinary().await;
    let host = |number: usize| ["poczta.example", "rowery.example"][number % 2];
    let long = "x".repeat(180);
    conversation(&stage, |number| format!("{number}.{long}@{}", host(number))).await;
    let first = message(JAN, SELLER, "")
        .replace("<1@client.example>", &format!("<1{long}@poczta.example>"));
    stage
        .send_message(JAN, &[SELLER], &first)
        .await
        .assert("250");
    let token = ids(&text(&stage.arrival().await), "Message-ID").remove(0);
    let folder = stage.stop().await;
    let setup = Setup {
        folder: Some(folder),
        ..Setup::default()
    };
    let stage = setup.start().await;
    let answer = message(BIURO, BUYER, &format!("In-Reply-To: <{token}>\r\n"));
    stage
        .send_message(BIURO, &[BUYER], &answer)
        .await
        .assert("250");
    let came = text(&stage.arrival().await);
    assert_eq!(
        ids(&came, "In-Reply-To"),
        [format!("1{long}@poczta.example")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn h100_a_token_of_another_pair_is_dropped_and_ones_own_stays() {
    let stage = Setup {
        accounts: r#"
{"type":"participant","id":"zzz0000000","login":"piotr","marketplace":"allegro-pl","language":"pl","primary":"piotr@strangers.example","addresses":["piotr@strangers.example"]}
{"type":"transaction","id":"other1","buyer":"zzz0000000","seller":"k2m9x0r7t3"}
"#
        .to_owned(),
        ..Setup::default()
    }
    .start()
    .await;
    stage.send(JAN, SELLER).await.assert("250");
    let token = ids(&text(&stage.arrival().await), "Message-ID").remove(0);
    let shop_of_other = "k2m9x0r7t3+other1@allegromail.pl";
    let more =
        format!("References: <{token}> <own@strangers.example>\r\nIn-Reply-To: <{token}>\r\n");
    let other = message("piotr@strangers.example", shop_of_other, &more)
        .replace("<1@client.example>", "<2@client.example>");
    stage
        .send_message("piotr@strangers.example", &[shop_of_other], &other)
        .await
        .assert("250");
    let came = text(&stage.arrival().await);
    assert_eq!(ids(&came, "In-Reply-To"), Vec::<String>::new(), "{came}");
    assert_eq!(ids(&came, "References").len(), 1, "{came}");
    // Jan refers to his own message by the id that the shop was shown.
    let more = format!("In-Reply-To: <{token}>\r\n");
    let again = message(JAN, SELLER, &more).replace("<1@client.example>", "<3@client.example>");
    stage
        .send_message(JAN, &[SELLER], &again)
        .await
        .assert("250");
    let came = text(&stage.arrival().await);
    assert_eq!(ids(&came, "In-Reply-To"), [token], "{came}");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_mail_that_comes_back_is_a_loop() {
    let stage = Stage::ordinary().await;
    stage.send(JAN, SELLER).await.assert("250");
    let token = ids(&text(&stage.arrival().await), "Message-ID").remove(0);
    let back = message(BIURO, BUYER, "").replace("<1@client.example>", &format!("<{token}>"));
    stage
        .send_message(BIURO, &[BUYER], &back)
        .await
        .assert("554 5.4.6")
        .because("loop");
}

/// Sends with a null sender from the shop's own server.
async fn from_server(stage: &Stage, helo: &str, to: &str, message: &str) -> Answer {
    let mut dialogue = Dialogue::connect(stage.smtp()).await;
    dialogue.hear("220").await;
    dialogue.say(&format!("EHLO {helo}")).await.assert("250");
    dialogue.send("", &[to], message).await
}

async fn with_servers() -> Stage {
    Setup::default()
        .record("mx.rowery.example TXT v=spf1 ip4:127.0.0.1 -all")
        .record("mx.poczta.example TXT v=spf1 ip4:127.0.0.1 -all")
        .start()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn h112_two_vacation_responders_end_after_one_exchange() {
    let stage = with_servers().await;
    stage.send(JAN, SELLER).await.assert("250");
    let question = stage.arrival().await;
    let away =
        |from: &str, to: &str| message(from, to, "Auto-Submitted: auto-replied (vacation)\r\n");
    // The shop's responder answers the Return-Path, Jan's answers that, and so on until somebody stops.
    let mut passed = HashMap::new();
    let mut bounce = question.reverse_path.clone();
    for round in 0..4 {
        let (helo, from, to) = if round % 2 == 0 {
            ("mx.rowery.example", BIURO, BUYER)
        } else {
            ("mx.poczta.example", JAN, SELLER)
        };
        // Where the last one came with a null sender, only a responder that answers the From goes on.
        let address = if bounce.is_empty() { to } else { &bounce };
        let answer = from_server(&stage, helo, address, &away(from, to)).await;
        answer.assert("250");
        if answer.0.contains("not passed on") {
            continue;
        }
        let came = stage.arrival().await;
        let told = text(&came);
        assert!(told.contains("Auto-Submitted: auto-replied\r\n"), "{told}");
        assert!(told.contains("X-Auto-Response-Suppress: All\r\n"), "{told}");
        assert!(!told.contains(from), "{told}");
        bounce = came.reverse_path;
        assert_eq!(bounce, "", "an automatic reply has a null sender");
        *passed.entry(from).or_insert(0) += 1;
    }
    assert_eq!(passed, HashMap::from([(BIURO, 1), (JAN, 1)]));
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_automatic_reply_passes_only_from_a_registered_address_and_not_to_couriers() {
    let stage = with_servers().await;
    stage.send(JAN, SELLER).await.assert("250");
    let token = stage.arrival().await.reverse_path;
    let strange = message(
        "x@gmail.example",
        SELLER,
        "Auto-Submitted: auto-replied\r\n",
    );
    from_server(&stage, "mx.rowery.example", &token, &strange)
        .await
        .assert("550 5.7.26")
        .because("sender-unauthenticated");
    let other = strange.replace("x@gmail.example", "szef@rowery.example");
    from_server(&stage, "mx.rowery.example", &token, &other)
        .await
        .assert("550 5.7.1")
        .because("sender-not-registered");
    stage.send(COURIER, BUYER).await.assert("250");
    let token = stage.arrival().await.reverse_path;
    let away = message(JAN, COURIER, "Auto-Submitted: auto-replied\r\n");
    let answer = from_server(&stage, "mx.poczta.example", &token, &away).await;
    assert!(answer.0.contains("would show the buyer"), "{answer:?}");
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shops_notices_are_no_automatic_replies() {
    let stage = Stage::ordinary().await;
    for number in 0..3 {
        let notice = message(
            BIURO,
            BUYER,
            "Auto-Submitted: auto-generated\r\nPrecedence: bulk\r\nX-Auto-Response-Suppress: All\r\n",
        )
        .replace("Hello.", &format!("Order {number}"));
        stage
            .send_message(BIURO, &[BUYER], &notice)
            .await
            .assert("250");
        let came = stage.arrival().await;
        assert!(came.reverse_path.starts_with("b-"), "{came:?}");
    }
}

/// The value of a property in a calendar, unfolded.
fn property(calendar: &str, name: &str) -> String {
    let unfolded = calendar.replace("\r\n ", "");
    let start = format!("{name}:");
    let found = unfolded.lines().find_map(|line| line.strip_prefix(&start));
    found.unwrap_or_default().to_owned()
}

fn calendar(from: &str, to: &str, method: &str, uid: &str) -> String {
    let kind = format!(
        "MIME-Version: 1.0\r\nContent-Type: text/calendar; method={method}; charset=utf-8\r\n"
    );
    let event = format!(
        "BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nORGANIZER:mailto:{from}\r\nATTENDEE:mailto:{to}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    message(from, to, &kind).replace("Hello.\r\n", &event)
}

#[tokio::test(flavor = "multi_thread")]
async fn p72_an_invitation_its_update_and_its_answer_are_about_one_event() {
    let stage = Stage::ordinary().await;
    for (me, my_mask, other, other_mask, host) in [
        (JAN, BUYER, BIURO, SELLER, "poczta.example"),
        (BIURO, SELLER, JAN, BUYER, "rowery.example"),
    ] {
        let uid = format!("{}-17@cal.{host}", "0123456789abcdef".repeat(6));
        let mut seen = Vec::new();
        for _ in 0..2 {
            let invitation = calendar(me, other_mask, "REQUEST", &uid);
            let sent = stage.send_message(me, &[other_mask], &invitation).await;
            sent.assert("250");
            let came = text(&stage.arrival().await);
            assert!(!came.contains(host), "{came}");
            assert_eq!(property(&came, "ORGANIZER"), format!("mailto:{my_mask}"));
            seen.push(property(&came, "UID"));
        }
        assert_eq!(seen[0], seen[1], "the update is about the same event");
        let answer = calendar(other, my_mask, "REPLY", &seen[0].to_uppercase());
        stage
            .send_message(other, &[my_mask], &answer)
            .await
            .assert("250");
        let came = text(&stage.arrival().await);
        assert_eq!(property(&came, "UID"), uid, "{came}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyers_own_domain_is_hidden_in_prose_and_a_shops_is_not() {
    let stage = Setup::default().without_rules().start().await;
    let words = "Zapraszam na www.poczta.example i https://rowery.example/, anna@poczta.example";
    let asked = message(JAN, SELLER, "").replace("Hello.", words);
    stage
        .send_message(JAN, &[SELLER], &asked)
        .await
        .assert("250");
    let came = text(&stage.arrival().await);
    let want = words.replace("poczta.example", "hidden.invalid");
    assert!(came.ends_with(&format!("{want}\r\n")), "{came}");
    let answered = message(BIURO, BUYER, "").replace("Hello.", words);
    stage
        .send_message(BIURO, &[BUYER], &answered)
        .await
        .assert("250");
    let came = text(&stage.arrival().await);
    assert!(came.ends_with(&format!("{words}\r\n")), "{came}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_many_use_names_nobody_in_prose() {
    let neighbours: String = (0..3)
        .map(|number| {
            format!(
                "{{\"type\":\"participant\",\"id\":\"neighbour{number}\",\"login\":\"n\",\"marketplace\":\"allegro-pl\",\"primary\":\"n{number}@poczta.example\"}}\n"
            )
        })
        .collect();
    let setup = Setup {
        accounts: neighbours,
        ..Setup::default()
    };
    let stage = setup.without_rules().start().await;
    let asked = message(JAN, SELLER, "").replace("Hello.", "www.poczta.example");
    stage
        .send_message(JAN, &[SELLER], &asked)
        .await
        .assert("250");
    let came = text(&stage.arrival().await);
    assert!(came.ends_with("www.poczta.example\r\n"), "{came}");
}

#[tokio::test(flavor = "multi_thread")]
async fn h096_a_line_says_that_a_signature_is_gone_only_where_the_operator_wants_it() {
    let signed = message(
        JAN,
        SELLER,
        "MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\r\n",
    )
    .replace(
        "Hello.\r\n",
        "--b\r\nContent-Type: text/plain\r\n\r\nRower\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nABC\r\n--b--\r\n",
    );
    for (wanted, note) in [("false", false), ("true", true)] {
        let setup = Setup::default().key("policy", &format!("signature_note = {wanted}"));
        let stage = setup.start().await;
        stage
            .send_message(JAN, &[SELLER], &signed)
            .await
            .assert("250");
        let came = text(&stage.arrival().await);
        let parsed = mail_parser::MessageParser::new()
            .parse(came.as_bytes())
            .unwrap();
        let bodies: Vec<String> = (0..parsed.text_body_count())
            .filter_map(|at| parsed.body_text(at).map(|text| text.trim().to_owned()))
            .collect();
        assert!(bodies[0] == "Rower" && !came.contains("ABC"), "{came}");
        let says = bodies
            .iter()
            .any(|body| body == "[Podpis cyfrowy został usunięty: ujawniłby adres nadawcy.]");
        assert_eq!(says, note, "{came}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_notice_to_the_from_passes_only_from_a_registered_address() {
    let stage = with_servers().await;
    stage.send(JAN, SELLER).await.assert("250");
    let question = stage.arrival().await;
    let away = |from: &str| message(from, BUYER, "Auto-Submitted: auto-replied\r\n");
    // Somebody else at the shop's domain, proven by its server.
    from_server(
        &stage,
        "mx.rowery.example",
        BUYER,
        &away("szef@rowery.example"),
    )
    .await
    .assert("550");
    from_server(&stage, "mx.rowery.example", BUYER, &away(BIURO))
        .await
        .assert("250");
    let told = text(&stage.arrival().await);
    assert!(!told.contains("rowery.example"), "{told}");
    // The same again, to the return path: one a day, however it is addressed.
    let again = from_server(
        &stage,
        "mx.rowery.example",
        &question.reverse_path,
        &away(BIURO),
    )
    .await;
    assert!(again.0.contains("not passed on"), "{again:?}");
    // A person's message with a null sender is no notice.
    from_server(
        &stage,
        "mx.rowery.example",
        BUYER,
        &message(BIURO, BUYER, ""),
    )
    .await
    .assert("550");
    stage.nothing_arrived().await;
}
