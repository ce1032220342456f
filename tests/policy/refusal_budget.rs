//! Who is shut out for whose refusals: what is not proven costs the client's own address, and nobody else.

use crate::support::dialogue::{Answer, Dialogue};
use crate::support::stage::{BIURO, BUYER, JAN, OLA, SELLER, Setup, Stage, message};

/// A shop of the sink's world whose server is not ours, and a mask that nobody has.
const NEIGHBOUR: &str = "127.0.0.2";
const NOBODY: &str = "nobody00000@allegromail.pl";

async fn stage() -> Stage {
    let setup = Setup::default().key("limits", "refusals_per_client = \"6/10m\"");
    setup.start().await
}

/// Sends from an address of the loopback network.
async fn send(stage: &Stage, client: &str, from: &str, to: &str) -> Answer {
    let mut dialogue = Dialogue::from(client, stage.smtp()).await;
    dialogue.hear("220").await;
    dialogue.say("EHLO client.example").await.assert("250");
    let body = message(from, to, "");
    dialogue.send(from, &[to], &body).await
}

/// Guesses at masks in the name of `from`, and says what came of each.
async fn guess(stage: &Stage, client: &str, from: &str, to: &str, times: usize) -> Vec<Answer> {
    let mut answers = Vec::new();
    for _ in 0..times {
        // A session each: errors of one session end it.
        let mut dialogue = Dialogue::from(client, stage.smtp()).await;
        dialogue.hear("220").await;
        dialogue.say("EHLO client.example").await.assert("250");
        let mail = dialogue.say(&format!("MAIL FROM:<{from}>")).await;
        answers.push(if mail.0.starts_with('2') {
            dialogue.say(&format!("RCPT TO:<{to}>")).await
        } else {
            mail
        });
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn h159_a_neighbour_that_names_a_proven_domain_shuts_out_itself_only() {
    let stage = stage().await;
    send(&stage, "127.0.0.1", JAN, SELLER).await.assert("250");
    // As the envelope's domain, in capitals, and as the name of a host with a null sender.
    for from in [JAN, "x@POCZTA.EXAMPLE", ""] {
        guess(&stage, NEIGHBOUR, from, NOBODY, 8).await;
    }
    let last = guess(&stage, NEIGHBOUR, JAN, NOBODY, 1).await;
    last[0].assert("450 4.7.1").because("rate");
    send(&stage, "127.0.0.1", JAN, SELLER).await.assert("250");
    send(&stage, "127.0.0.1", BIURO, BUYER).await.assert("250");
    // Nor those behind another address of the same /24.
    guess(&stage, "127.0.0.3", JAN, NOBODY, 1).await[0].assert("550 5.1.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn h159_unproven_words_of_a_from_cost_their_own_client_only() {
    let stage = stage().await;
    send(&stage, "127.0.0.1", JAN, SELLER).await.assert("250");
    for _ in 0..8 {
        let answer = send(&stage, NEIGHBOUR, JAN, SELLER).await;
        assert!(
            answer.0.contains("[sender-unauthenticated;") || answer.0.contains("[rate;"),
            "{answer:?}"
        );
    }
    send(&stage, NEIGHBOUR, JAN, SELLER)
        .await
        .assert("450 4.7.1")
        .because("rate");
    send(&stage, "127.0.0.1", JAN, SELLER).await.assert("250");
}

#[tokio::test(flavor = "multi_thread")]
async fn h159_a_shared_server_goes_on_for_who_was_proven_there_and_tells_a_guesser_nothing() {
    let stage = stage().await;
    send(&stage, "127.0.0.1", JAN, SELLER).await.assert("250");
    guess(&stage, "127.0.0.1", "x@tool.example", NOBODY, 8).await;
    // A name that nobody has proven here stays outside.
    guess(&stage, "127.0.0.1", "x@tool.example", SELLER, 1).await[0].because("rate");
    // In a proven name the guesser hears the same of every mask …
    let there = guess(&stage, "127.0.0.1", JAN, SELLER, 1).await;
    let absent = guess(&stage, "127.0.0.1", JAN, NOBODY, 1).await;
    assert_eq!(there, absent);
    there[0].assert("250");
    // … up to the end of data, unless its From is proven.
    let mut answers = Vec::new();
    for to in [SELLER, NOBODY] {
        let mut dialogue = Dialogue::greeted(stage.smtp()).await;
        let body = message("jan@dhl.com", to, "");
        let answer = dialogue.send(JAN, &[to], &body).await;
        answers.push(
            answer
                .0
                .replace(to, "")
                .chars()
                .take(40)
                .collect::<String>(),
        );
    }
    assert_eq!(answers[0], answers[1]);
    // Honest mail of the proven domain passes, and hears of a mask that is not there.
    send(&stage, "127.0.0.1", JAN, SELLER).await.assert("250");
    send(&stage, "127.0.0.1", JAN, NOBODY)
        .await
        .assert("550 5.1.1")
        .because("unknown-participant");
}

#[tokio::test(flavor = "multi_thread")]
async fn h159_who_is_proven_and_guesses_is_shut_out_as_what_is_proven() {
    let stage = stage().await;
    for from in [OLA, BIURO] {
        send(&stage, "127.0.0.1", from, "5zz8c1w4mn@allegromail.com").await;
    }
    guess(&stage, "127.0.0.1", "x@tool.example", NOBODY, 8).await;
    // The address is shut out; a proven domain goes on guessing at its own cost.
    for _ in 0..8 {
        send(&stage, "127.0.0.1", BIURO, NOBODY).await;
    }
    send(&stage, "127.0.0.1", BIURO, BUYER)
        .await
        .assert("450 4.7.1")
        .because("rate");
    send(&stage, "127.0.0.1", OLA, SELLER).await;
}
