//! What an unproven message may cost, who pays for it, and who does not.

use crate::support::dialogue::{Answer, Dialogue};
use crate::support::stage::{JAN, SELLER, Setup, Stage, message};

/// A message whose parts are made of parameters: more work than its size allows.
fn costly(from: &str) -> String {
    let head = format!(
        "Content-Type: text/plain{}\r\n\r\nx\r\n",
        ";a=b".repeat(400)
    );
    let body = format!("--b\r\n{head}").repeat(900);
    format!(
        "From: {from}\r\nTo: {SELLER}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{body}"
    )
}

async fn send(stage: &Stage, client: &str, from: &str, text: &str) -> Answer {
    let mut dialogue = Dialogue::from(client, stage.smtp()).await;
    dialogue.hear("220").await;
    dialogue.say("EHLO client.example").await.assert("250");
    dialogue.send(from, &[SELLER], text).await
}

#[tokio::test(flavor = "multi_thread")]
async fn h146_work_beyond_the_allowance_is_refused_by_name_and_costs_its_client() {
    let setup = Setup::default().key("limits", "refusals_per_client = \"20/10m\"");
    let stage = setup.start().await;
    let text = costly("x@tool.example");
    for _ in 0..4 {
        let answer = send(&stage, "127.0.0.2", "x@tool.example", &text).await;
        answer.assert("550 5.6.0").because("malformed");
        assert!(
            answer.0.contains("too many parameters of parts"),
            "{answer:?}"
        );
    }
    // Four of them are twenty refusals.
    send(&stage, "127.0.0.2", "x@tool.example", &text)
        .await
        .assert("450 4.7.1")
        .because("rate");
    // Nobody else is slowed, whoever it named.
    send(&stage, "127.0.0.1", JAN, &message(JAN, SELLER, ""))
        .await
        .assert("250");
}

#[tokio::test(flavor = "multi_thread")]
async fn h146_cheap_mistakes_of_honest_mail_shut_nobody_out() {
    let setup = Setup::default().key("limits", "refusals_per_client = \"3/10m\"");
    let stage = setup.start().await;
    for _ in 0..30 {
        send(&stage, "127.0.0.1", JAN, "From : x\r\n\r\nx\r\n")
            .await
            .because("malformed");
        let text = message(JAN, SELLER, "Reply-To: x@strangers.example\r\n");
        send(&stage, "127.0.0.1", JAN, &text)
            .await
            .because("reply-to-not-registered");
    }
    send(&stage, "127.0.0.1", JAN, &message(JAN, SELLER, ""))
        .await
        .assert("250");
}
