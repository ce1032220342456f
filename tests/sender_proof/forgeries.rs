//! The grid of forgeries (docs/threats.md#67 to #91, after espoofer): every trick to write as somebody else, against a registered seller and
//! against a courier, over real SMTP. Not one may be accepted; the table is printed: `cargo test --test relay forgeries -- --nocapture`.
//!
//! The attacker owns `evil.example`: SPF lets it send, and it signs with DKIM. The victims' domains let other servers send and sign, too.

use crate::support::dialogue::Dialogue;
use crate::support::dkim::Pair;
use crate::support::stage::{BUYER, COURIER, SPRZEDAZ, Setup, Stage, message};

/// One attempt: EHLO, MAIL FROM and the message.
struct Attempt {
    name: String,
    helo: String,
    mail_from: String,
    message: Vec<u8>,
}

/// The attacker's address.
const MALLORY: &str = "mallory@evil.example";

struct Keys {
    evil: Pair,
    victim: Pair,
}

fn letter(from_fields: &str) -> String {
    format!(
        "{from_fields}\r\nTo: {BUYER}\r\nSubject: pay\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n\r\nPay here.\r\n"
    )
}

/// Tricks with the From field: the attacker is honest about the envelope.
fn from_tricks(victim: &str) -> Vec<(String, String)> {
    let encoded = data_encoding::BASE64.encode(format!("<{victim}>").as_bytes());
    let fullwidth = victim.replace('.', "\u{3002}");
    let homograph = victim.replace('o', "\u{43e}");
    let tricks = [
        ("77 From is the victim", format!("From: {victim}")),
        (
            "67 two From, attacker first",
            format!("From: {MALLORY}\r\nFrom: {victim}"),
        ),
        (
            "67 two From, victim first",
            format!("From: {victim}\r\nFrom: {MALLORY}"),
        ),
        (
            "67 two From in two cases",
            format!("FROM: {victim}\r\nfrom: {MALLORY}"),
        ),
        (
            "68 leading space",
            format!(" From: {victim}\r\nFrom: {MALLORY}"),
        ),
        (
            "68 space before the colon",
            format!("From : {victim}\r\nFrom: {MALLORY}"),
        ),
        (
            "68 folded name",
            format!("From\r\n : {victim}\r\nFrom: {MALLORY}"),
        ),
        (
            "68 space in the name",
            format!("Fr om: {victim}\r\nFrom: {MALLORY}"),
        ),
        (
            "68 bare CR in the name",
            format!("Fr\rom: {victim}\r\nFrom: {MALLORY}"),
        ),
        (
            "68 NUL in the name",
            format!("From\0: {victim}\r\nFrom: {MALLORY}"),
        ),
        (
            "68 8-bit in the name",
            format!("Fr\u{f3}m: {victim}\r\nFrom: {MALLORY}"),
        ),
        ("69 only Sender", format!("Sender: {victim}")),
        ("69 only Resent-From", format!("Resent-From: {victim}")),
        ("70 two mailboxes", format!("From: {MALLORY}, {victim}")),
        (
            "70 two mailboxes, victim first",
            format!("From: {victim}, {MALLORY}"),
        ),
        ("70 group", format!("From: A: {victim};")),
        ("70 group of two", format!("From: A: {MALLORY}, {victim};")),
        ("70 empty group", "From: undisclosed:;".to_owned()),
        (
            "71 encoded address first",
            format!("From: =?utf-8?B?{encoded}?=,<{MALLORY}>"),
        ),
        ("71 encoded address", format!("From: =?utf-8?B?{encoded}?=")),
        (
            "71 encoded word in the address",
            format!("From: <=?utf-8?Q?{}?=>", victim.replace('@', "=40")),
        ),
        (
            "72 route",
            format!("From: <@evil.example,@any.example:{victim}>"),
        ),
        ("72 quoted pair", format!("From: <{victim}>\\,<{MALLORY}>")),
        (
            "72 address before a mailbox",
            format!("From: {victim},<{MALLORY}>"),
        ),
        (
            "72 address behind a mailbox",
            format!("From: <{MALLORY}>{victim}"),
        ),
        (
            "72 bare address as a name",
            format!("From: {victim} <{MALLORY}>"),
        ),
        (
            "72 quoted address as a name",
            format!("From: \"{victim}\" <{MALLORY}>"),
        ),
        (
            "72 two angle pairs",
            format!("From: <{victim}> <{MALLORY}>"),
        ),
        (
            "72 nested comments",
            format!(
                "From: {}{}{victim} ({MALLORY})",
                "(".repeat(1_000),
                ")".repeat(1_000)
            ),
        ),
        (
            "72 unbalanced quotes",
            format!("From: \"{victim} <{MALLORY}>"),
        ),
        (
            "72 10,000 commas",
            format!("From: {}{victim}", ",".repeat(10_000)),
        ),
        ("84 display name", format!("From: \"{victim}\" <{MALLORY}>")),
        ("84 full-width stops", format!("From: {fullwidth}")),
        ("84 homograph", format!("From: {homograph}")),
        (
            "88 a subdomain that is not there",
            format!("From: {}", victim.replace('@', "@nonexist.")),
        ),
        (
            "74 results of ours claimed",
            format!(
                "Authentication-Results: mx.allegromail.example; spf=pass smtp.mailfrom={victim}\r\nFrom: {victim}"
            ),
        ),
        (
            "74 ARC claims",
            format!(
                "ARC-Authentication-Results: i=1; mx.allegromail.example; dkim=pass header.d={victim}\r\nFrom: {victim}"
            ),
        ),
        (
            "85 Reply-To only",
            format!("Reply-To: {victim}\r\nFrom: {MALLORY}"),
        ),
        (
            "85 Return-Path in the header",
            format!("Return-Path: <{victim}>\r\nFrom: {MALLORY}"),
        ),
    ];
    tricks
        .into_iter()
        .map(|(name, fields)| (name.to_owned(), letter(&fields)))
        .collect()
}

/// Tricks with signatures; the message says that it is from the victim.
fn signature_tricks(victim: &str, keys: &Keys) -> Vec<(String, String)> {
    let domain = victim.split('@').nth(1).unwrap();
    let plain = message(victim, BUYER, "");
    let elsewhere = message(victim, "somebody@elsewhere.example", "");
    let honest = keys.victim.sign(domain, &["From", "To", "Subject"], &plain);
    let evil = |body: &str| keys.evil.sign("evil.example", &["From", "To"], body);
    let tricks = [
        ("77 signed by the attacker", evil(&plain)),
        ("74 d= with a comment", evil(&plain).replace("d=evil.example", &format!("d={domain}(.evil.example)"))),
        ("74 d= with NUL", evil(&plain).replace("d=evil.example", &format!("d={domain}\u{1}.evil.example"))),
        ("74 d= of the victim, attacker's key", keys.evil.sign(domain, &["From", "To"], &plain)),
        ("74 selector with a quote", keys.evil.sign(domain, &["From", "To"], &plain).replace("s=s1", "s=s1'")),
        ("80 not over From", keys.victim.sign(domain, &["To", "Subject"], &plain)),
        ("81 replay to another mask", keys.victim.sign(domain, &["From", "To", "Subject"], &elsewhere)),
        ("81 replay, To not signed", keys.victim.sign(domain, &["From", "Subject"], &plain)),
        ("81 replay with a To on top", format!("To: {BUYER}\r\n{}", keys.victim.sign(domain, &["From", "To"], &elsewhere))),
        ("81 replay with a Cc on top", format!("Cc: {BUYER}\r\n{}", keys.victim.sign(domain, &["From", "To"], &elsewhere))),
        ("67 a second From on top", format!("From: {MALLORY}\r\n{honest}")),
        ("67 a second From below", honest.replace("Subject: hello", &format!("From: {MALLORY}\r\nSubject: hello"))),
        ("79 l= and more text", honest.replace("c=relaxed", "l=4; c=relaxed") + "Pay here.\r\n"),
        ("80 altered body", honest.replace("Hello.", "Pay here.")),
        ("80 altered subject", honest.replace("Subject: hello", "Subject: pay")),
        ("80 expired", honest.replace("t=", "x=1000000000; t=")),
        ("80 SHA-1", honest.replace("a=rsa-sha256", "a=rsa-sha1")),
        ("80 empty b=", honest.split("b=").next().unwrap().to_owned() + "b=\r\n" + &plain),
        ("80 a thousand signatures", format!("{}{honest}", "DKIM-Signature: v=1; a=rsa-sha256; d=evil.example; s=x; h=From; bh=AA==; b=AA==\r\n".repeat(900))),
    ];
    tricks
        .into_iter()
        .map(|(name, body)| (name.to_owned(), body))
        .collect()
}

fn attempts(victim: &str, keys: &Keys) -> Vec<Attempt> {
    let domain = victim.split('@').nth(1).unwrap().to_owned();
    let attempt = |name: String, helo: &str, mail_from: &str, body: &str| Attempt {
        name,
        helo: helo.to_owned(),
        mail_from: mail_from.to_owned(),
        message: body.as_bytes().to_vec(),
    };
    let mut all = Vec::new();
    for (name, body) in from_tricks(victim) {
        all.push(attempt(name, "evil.example", MALLORY, &body));
    }
    for (name, body) in signature_tricks(victim, keys) {
        all.push(attempt(name, "evil.example", MALLORY, &body));
    }
    let plain = letter(&format!("From: {victim}"));
    for (name, helo, mail_from) in [
        (
            "76 the victim's envelope, too",
            "evil.example",
            victim.to_owned(),
        ),
        (
            "75 null sender, EHLO of the victim",
            domain.as_str(),
            String::new(),
        ),
        (
            "75 null sender, EHLO of the attacker",
            "evil.example",
            String::new(),
        ),
        (
            "73 quoted victim in the envelope",
            "evil.example",
            format!("\"{victim}\"@evil.example"),
        ),
        (
            "73 the victim's domain below the attacker's",
            "evil.example",
            format!("x@{domain}.evil.example"),
        ),
        (
            "77 sibling by suffix",
            "evil.example",
            format!("x@evil-{domain}"),
        ),
    ] {
        all.push(attempt(name.to_owned(), helo, &mail_from, &plain));
    }
    all
}

async fn stage(keys: &Keys) -> Stage {
    let mut setup = Setup::default().key("limits", "refusals_per_client = \"off\"");
    for domain in ["rowery.example", "inpost.pl"] {
        setup = setup.record(&format!("{domain} TXT v=spf1 ip4:192.0.2.1 -all"));
        setup = setup.record(&format!(
            "s1._domainkey.{domain} TXT {}",
            keys.victim.record
        ));
        setup = setup.record(&format!("_dmarc.{domain} TXT v=DMARC1; p=none"));
    }
    setup = setup.record(&format!(
        "s1._domainkey.evil.example TXT {}",
        keys.evil.record
    ));
    for domain in [
        "rowery.example.evil.example",
        "inpost.pl.evil.example",
        "evil-rowery.example",
        "evil-inpost.pl",
    ] {
        setup = setup.record(&format!("{domain} TXT v=spf1 ip4:127.0.0.1 -all"));
    }
    setup.start().await
}

async fn play(stage: &Stage, attempt: &Attempt) -> String {
    let mut dialogue = Dialogue::connect(stage.smtp()).await;
    dialogue.hear("220").await;
    dialogue
        .say(&format!("EHLO {}", attempt.helo))
        .await
        .assert("250");
    for command in [
        format!("MAIL FROM:<{}>", attempt.mail_from),
        format!("RCPT TO:<{BUYER}>"),
        "DATA".to_owned(),
    ] {
        let answer = dialogue.say(&command).await.0;
        if !answer.starts_with(['2', '3']) {
            return answer;
        }
    }
    dialogue.raw(&attempt.message).await;
    dialogue.raw(b".\r\n").await;
    dialogue.answer().await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn no_forgery_is_accepted() {
    let keys = Keys {
        evil: Pair::new(),
        victim: Pair::new(),
    };
    let stage = stage(&keys).await;
    let mut accepted = Vec::new();
    let mut played = 0;
    println!(
        "{:<46} {:<36} {:<36}",
        "trick", "against a registered seller", "against a courier"
    );
    let (sellers, couriers) = (attempts(SPRZEDAZ, &keys), attempts(COURIER, &keys));
    for (seller, courier) in sellers.iter().zip(&couriers) {
        let mut cells = Vec::new();
        for attempt in [seller, courier] {
            let answer = play(&stage, attempt).await;
            played += 1;
            if answer.starts_with('2') {
                accepted.push(attempt.name.clone());
            }
            let word = answer
                .rfind('[')
                .and_then(|at| answer[at + 1..].split(';').next())
                .unwrap_or_default()
                .to_owned();
            cells.push(format!(
                "{} {word}",
                answer.get(..10).unwrap_or(&answer).trim()
            ));
        }
        println!("{:<46} {:<36} {:<36}", seller.name, cells[0], cells[1]);
    }
    println!("{played} forgeries, {} accepted", accepted.len());
    assert!(accepted.is_empty(), "accepted: {accepted:?}");
    assert!(stage.sink.take().is_empty());

    // The control: what the victims themselves sign passes the same way.
    for victim in [SPRZEDAZ, COURIER] {
        let domain = victim.split('@').nth(1).unwrap();
        let body = keys.victim.sign(
            domain,
            &["From", "To", "Subject"],
            &message(victim, BUYER, ""),
        );
        let attempt = Attempt {
            name: String::new(),
            helo: "x".to_owned(),
            mail_from: victim.to_owned(),
            message: body.into_bytes(),
        };
        let answer = play(&stage, &attempt).await;
        assert!(answer.starts_with("250"), "{victim}: {answer}");
        stage.arrival().await;
    }
}
