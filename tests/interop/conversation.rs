//! A shop and a buyer, each with a Postfix of their own, write to each other through us.

use crate::support::postfix::Postfix;
use crate::support::programs::{have, have_root};
use crate::support::stage::{BIURO, BUYER, JAN, SELLER, Setup};

/// What a mail program would show of a message, and what it would answer to.
fn field<'a>(message: &'a str, name: &str) -> &'a str {
    message
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name}: ")))
        .unwrap_or_default()
}

fn letter(from: &str, to: &str, subject: &str) -> String {
    format!(
        "From: {from}\nTo: {to}\nSubject: {subject}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\
         Content-Transfer-Encoding: 8bit\n\nDzień dobry! {subject}\n.\n..\n"
    )
}

/// Registered with an address that the shop's server does not know.
const LOST: &str = r#"{"type":"participant","id":"lost","login":"lost","marketplace":"allegro-pl","language":"pl","primary":"lost@rowery.example","addresses":["lost@rowery.example"]}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_of_four_messages_between_two_postfixes() {
    if !have(&["postfix", "sendmail"]) || !have_root() {
        return;
    }
    // Each of the three must know the others' ports: the relay's is chosen first.
    let relay = crate::support::process::free_port();
    let shop = Postfix::start("rowery.example", &["biuro", "sprzedaz"], relay);
    let home = Postfix::start("poczta.example", &["jan"], relay);
    let route = |domain: &str, port: u16| {
        format!(
            "[[delivery.route]]\ndomain = \"{domain}\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n"
        )
    };
    let routes = route("rowery.example", shop.port) + &route("poczta.example", home.port);
    let setup = Setup {
        routes,
        port: Some(relay),
        accounts: LOST.to_owned(),
        ..Setup::default()
    };
    let mut stage = setup.start().await;
    stage.invariants.unheard = Some("Postfix heard the answers");

    home.submit(JAN, SELLER, &letter(JAN, SELLER, "question"));
    let question = shop.mailbox("biuro", 1).remove(0);
    assert_eq!(
        field(&question, "From"),
        "jan_kowalski <8awgqyk6a5+cub31c122@allegromail.pl>",
        "{question}"
    );
    assert!(
        question.ends_with("Dzień dobry! question\n.\n..\n"),
        "{question}"
    );

    // The shop answers from its second address, to the address that it sees.
    let sender = "sprzedaz@rowery.example";
    shop.submit(sender, BUYER, &letter(sender, BUYER, "Re: question"));
    let answer = home.mailbox("jan", 1).remove(0);
    assert_eq!(
        field(&answer, "From"),
        "sklep-rowery <k2m9x0r7t3+cub31c122@allegromail.pl>",
        "{answer}"
    );

    home.submit(JAN, SELLER, &letter(JAN, SELLER, "Re: Re: question"));
    let thanks = shop.mailbox("sprzedaz", 1).remove(0);
    assert_eq!(field(&thanks, "Subject"), "Re: Re: question");
    shop.submit(BIURO, BUYER, &letter(BIURO, BUYER, "bye"));
    let bye = home.mailbox("jan", 2).remove(1);
    assert_eq!(field(&bye, "Subject"), "bye");

    for (message, secrets) in [
        (&question, "poczta.example"),
        (&thanks, "poczta.example"),
        (&answer, "rowery.example"),
        (&bye, "rowery.example"),
    ] {
        // What the receiving server adds itself names the receiver, so only what the relay sent is looked at.
        let sent = &message[message.find("Received: by mx.allegromail.example").unwrap()..];
        assert!(!sent.contains(secrets), "{secrets} shows in\n{sent}");
        assert!(
            field(message, "Return-Path").starts_with("<b-"),
            "{message}"
        );
    }

    // A mailbox that does not exist: the shop's Postfix refuses it, and the buyer hears of the mask only.
    home.submit(
        JAN,
        "lost@allegromail.pl",
        &letter(JAN, "lost@allegromail.pl", "anybody there?"),
    );
    let report = home.mailbox("jan", 3).remove(2);
    assert!(report.contains("Status: 5.1.1"), "{report}");
    let sent = &report[report.find("From: Mail delivery").unwrap()..];
    assert!(!sent.contains("rowery.example"), "{sent}");
}
