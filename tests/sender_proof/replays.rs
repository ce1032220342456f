//! Signed messages that come again: by whoever holds a copy, with what the signature does not cover changed, and by honest servers.

use crate::support::dialogue::{Answer, Dialogue};
use crate::support::dkim::Pair;
use crate::support::stage::{BUYER, JAN, SELLER, Setup, Stage, message};

const SHOP: &str = "biuro@rowery.example";

/// A shop whose mail is proven by its signature alone, and no budget of an order.
async fn stage(pair: &Pair) -> Stage {
    Setup::default()
        .key("limits", "messages_per_transaction = \"off\"")
        .record("rowery.example TXT v=spf1 ip4:192.0.2.1 -all")
        .record(&format!("s1._domainkey.rowery.example TXT {}", pair.record))
        .start()
        .await
}

async fn send(stage: &Stage, raw: &str) -> Answer {
    stage.send_message(SHOP, &[BUYER], raw).await
}

/// The value of the signature on top of a message, and what follows it.
fn cut(signed: &str) -> (&str, &str) {
    let end = signed.find("\r\nFrom: ").unwrap() + 2;
    signed.split_at(end)
}

#[tokio::test(flavor = "multi_thread")]
async fn h160_what_stands_beside_a_signature_makes_no_new_message_of_a_copy() {
    let pair = Pair::new();
    let stage = stage(&pair).await;
    let fields = ["From", "To", "Subject", "Date"];
    let signed = pair.sign("rowery.example", &fields, &message(SHOP, BUYER, ""));
    let (signature, rest) = cut(&signed);
    let mut session = Dialogue::greeted(stage.smtp()).await;
    for number in 0..200 {
        // Fields that are no signature, that are one of somebody else, trace fields, and the same signature written in other ways.
        let copy = match number % 6 {
            0 => signed.clone(),
            1 => format!("DKIM-Signature: v=1; junk={number}\r\n{signed}"),
            2 => format!(
                "{signature}dkim-signature: v=1; a=rsa-sha256; d=junk{number}.example; s=x; h=From; bh=AAAA; b=AAAA\r\n{rest}"
            ),
            3 => format!("X-Copy: {number}\r\nReceived: from a by b; {number}\r\n{signed}"),
            4 => signed.replacen("DKIM-Signature:", "dkim-SIGNATURE:", 1),
            _ => {
                let (head, value) = signature.rsplit_once("b=").unwrap();
                let value: String = value.chars().filter(|c| !c.is_whitespace()).collect();
                let cut = 7 + number % 20;
                let folded = format!("{} \r\n\t {}", &value[..cut], &value[cut..]);
                format!("{head}b={folded}\r\n{rest}")
            }
        };
        let answer = session.send(SHOP, &[BUYER], &copy).await;
        answer.assert("250");
    }
    // Enough; one comes back every 18 seconds.
    let mut number = 200;
    loop {
        let copy = format!("DKIM-Signature: v=1; other={number}\r\n{signed}");
        let answer = session.send(SHOP, &[BUYER], &copy).await;
        if answer.0.starts_with("450") {
            break;
        }
        number += 1;
        assert!(number < 300, "{answer:?}");
    }
    // What the shop itself writes meanwhile passes.
    let other = message(SHOP, BUYER, "").replace("Subject: hello", "Subject: something new");
    let other = pair.sign("rowery.example", &fields, &other);
    session.send(SHOP, &[BUYER], &other).await.assert("250");
}

#[tokio::test(flavor = "multi_thread")]
async fn h160_a_copy_that_shows_something_else_is_not_proven() {
    type Change = fn(&str) -> String;
    let changes: [(&str, Change); 9] = [
        ("another Subject", |raw| {
            raw.replace("Subject: hello", "Subject: pay here")
        }),
        ("a second Subject in front", |raw| {
            format!("Subject: pay here\r\n{raw}")
        }),
        ("a second Subject behind", |raw| {
            raw.replace(
                "Subject: hello\r\n",
                "Subject: hello\r\nSUBJECT: pay here\r\n",
            )
        }),
        ("no Subject", |raw| raw.replace("Subject: hello\r\n", "")),
        ("a type where there was none", |raw| {
            format!("Content-Type: text/html\r\n{raw}")
        }),
        ("another encoding", |raw| {
            format!("Content-Transfer-Encoding: quoted-printable\r\n{raw}")
        }),
        ("a description", |raw| {
            format!("Content-Description: pay here\r\n{raw}")
        }),
        ("a version", |raw| format!("MIME-Version: 1.0\r\n{raw}")),
        ("an automatic reply", |raw| {
            format!("Auto-Submitted: auto-replied\r\n{raw}")
        }),
    ];
    let pair = Pair::new();
    let stage = stage(&pair).await;
    for (number, (what, change)) in changes.into_iter().enumerate() {
        let text = message(SHOP, BUYER, "").replace("Hello.", &format!("Hello {number}."));
        let signed = pair.sign("rowery.example", &["From", "To", "Date"], &text);
        send(&stage, &signed).await.assert("250");
        stage.arrival().await;
        let answer = send(&stage, &change(&signed)).await;
        assert!(
            answer.0.starts_with("550") && answer.0.contains("sender-unauthenticated"),
            "{what}: {answer:?}"
        );
        // The one that came first still passes, folded in another way and by way of another server.
        let same = signed.replace("Subject: hello", "Subject:\r\n  hello ");
        let same = format!("Received: from c by d; 1\r\nX-Spam: no\r\n{same}");
        send(&stage, &same).await.assert("250");
        stage.arrival().await;
    }
    // The first copy is proven, whatever it shows: many sign no Content-Type.
    let fresh = message(SHOP, BUYER, "Content-Type: text/plain\r\n");
    let signed = pair.sign(
        "rowery.example",
        &["From", "To"],
        &fresh.replace("Hello", "Hi"),
    );
    send(&stage, &signed.replace("text/plain", "text/html"))
        .await
        .assert("250");
    let answer = send(&stage, &signed).await;
    assert!(answer.0.contains("sender-unauthenticated"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn h160_each_of_two_signatures_is_known_again() {
    let pair = Pair::new();
    let stage = stage(&pair).await;
    let text = message(SHOP, BUYER, "");
    let inner = pair.sign("rowery.example", &["From", "To"], &text);
    let twice = pair.sign("rowery.example", &["From", "To", "Date"], &text);
    let (outer, _) = cut(&twice);
    let both = format!("{outer}{inner}");
    send(&stage, &both).await.assert("250");
    for one in [inner, twice] {
        let changed = one.replace("Subject: hello", "Subject: pay here");
        let answer = send(&stage, &changed).await;
        assert!(answer.0.contains("sender-unauthenticated"), "{answer:?}");
        send(&stage, &one).await.assert("250");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h160_one_message_for_several_recipients_passes_in_one_transaction_and_in_several() {
    let pair = Pair::new();
    let accounts = r#"{"type":"transaction","id":"second1","buyer":"8awgqyk6a5","seller":"k2m9x0r7t3"}
"#;
    let stage = Setup {
        accounts: accounts.to_owned(),
        ..Setup::default()
    }
    .key("limits", "messages_per_transaction = \"1/1h\"")
    .record("rowery.example TXT v=spf1 ip4:192.0.2.1 -all")
    .record(&format!("s1._domainkey.rowery.example TXT {}", pair.record))
    .start()
    .await;
    let second = "8awgqyk6a5+second1@allegromail.pl";
    let plain = "8awgqyk6a5@allegromail.pl";
    let both = format!("{BUYER}, {second}, {plain}");
    let signed = pair.sign(
        "rowery.example",
        &["From", "To", "Subject"],
        &message(SHOP, &both, ""),
    );
    stage
        .send_message(SHOP, &[BUYER, plain], &signed)
        .await
        .assert("250");
    stage
        .send_message(SHOP, &[second], &signed)
        .await
        .assert("250");
    for _ in 0..3 {
        assert_eq!(stage.arrival().await.recipients, [JAN]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h165_one_side_spends_nothing_of_the_others_budget_of_an_order() {
    let pair = Pair::new();
    let stage = Setup::default()
        .key("limits", "messages_per_transaction = \"3/1h\"")
        .record(&format!("s1._domainkey.rowery.example TXT {}", pair.record))
        .start()
        .await;
    let courier = "powiadomienia@inpost.pl";
    for (from, to) in [(SHOP, BUYER), (JAN, SELLER), (courier, BUYER)] {
        for _ in 0..3 {
            stage.send(from, to).await.assert("250");
        }
        stage.send(from, to).await.assert("450");
        // Nor in another spelling, from another of its addresses.
        if from == SHOP {
            let other = crate::support::stage::SPRZEDAZ;
            stage.send(other, to).await.assert("450");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h165_copies_spend_nothing_of_the_writers_budget() {
    let pair = Pair::new();
    let stage = Setup::default()
        .key("limits", "messages_per_transaction = \"3/1h\"")
        .key("limits", "messages_per_sender = \"4/1h\"")
        .record("rowery.example TXT v=spf1 ip4:192.0.2.1 -all")
        .record(&format!("s1._domainkey.rowery.example TXT {}", pair.record))
        .start()
        .await;
    let sign = |text: &str| {
        let text = message(SHOP, BUYER, "").replace("Hello.", text);
        pair.sign("rowery.example", &["From", "To", "Subject"], &text)
    };
    let first = sign("one");
    send(&stage, &first).await.assert("250");
    let copies = async || {
        let mut taken = 0;
        for number in 0..10 {
            let copy = format!("DKIM-Signature: junk={number}\r\n{first}");
            let answer = send(&stage, &copy).await;
            taken += usize::from(answer.0.starts_with("250"));
        }
        taken
    };
    // As many as a message may have, and then none.
    assert_eq!((copies().await, copies().await), (3, 0));
    for text in ["two", "three"] {
        send(&stage, &sign(text)).await.assert("250");
    }
    send(&stage, &sign("four")).await.assert("450");
}
