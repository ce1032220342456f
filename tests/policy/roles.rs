//! Mail to roles: how much of it is taken, of whom, and in whose name.

use crate::support::dialogue::{Answer, Dialogue};
use crate::support::stage::{JAN, SELLER, Setup, Stage, message};

const ABUSE: &str = "abuse@allegromail.pl";

async fn stage(own: &str, total: &str) -> Stage {
    let mut setup = Setup::default()
        .key("limits", &format!("role_messages = \"{own}\""))
        .key("limits", &format!("role_messages_total = \"{total}\""));
    for record in [
        "forged.example TXT v=spf1 ip4:192.0.2.1 -all",
        "_dmarc.forged.example TXT v=DMARC1; p=reject",
        "aside.example TXT v=spf1 ip4:192.0.2.1 -all",
        "_dmarc.aside.example TXT v=DMARC1; p=quarantine",
        "lenient.example TXT v=spf1 ip4:192.0.2.1 -all",
        "_dmarc.lenient.example TXT v=DMARC1; p=none",
        "strict.example TXT v=spf1 ip4:127.0.0.0/8 -all",
        "_dmarc.strict.example TXT v=DMARC1; p=reject",
        "_dmarc.silent.example SERVFAIL",
    ] {
        setup = setup.record(record);
    }
    setup.start().await
}

async fn write(stage: &Stage, client: &str, from: &str, text: &str) -> Answer {
    let mut dialogue = Dialogue::from(client, stage.smtp()).await;
    dialogue.hear("220").await;
    dialogue.say("EHLO client.example").await.assert("250");
    dialogue.send(from, &[ABUSE], text).await
}

#[tokio::test(flavor = "multi_thread")]
async fn h158_a_client_writes_so_often_to_roles_and_all_of_them_so_often() {
    let stage = stage("2/1h", "5/1h").await;
    let plain = message("x@nowhere.example", ABUSE, "");
    let mut taken = Vec::new();
    for client in 2..=5 {
        let client = format!("127.0.0.{client}");
        for _ in 0..3 {
            let answer = write(&stage, &client, "x@nowhere.example", &plain).await;
            if answer.0.starts_with("250") {
                taken.push(client.clone());
            } else {
                answer.assert("450 4.7.1").because("rate");
            }
        }
    }
    assert_eq!(
        taken,
        [
            "127.0.0.2",
            "127.0.0.2",
            "127.0.0.3",
            "127.0.0.3",
            "127.0.0.4"
        ]
    );
    // A registered writer that proves itself is stopped by none of them, but by itself.
    let text = message(JAN, ABUSE, "");
    for _ in 0..2 {
        write(&stage, "127.0.0.1", JAN, &text).await.assert("250");
    }
    write(&stage, "127.0.0.1", JAN, &text).await.because("rate");
    // Its name alone is a stranger's word.
    write(&stage, "127.0.0.9", JAN, &text).await.because("rate");
    // Other mail is not concerned.
    stage.send(JAN, SELLER).await.assert("250");
}

#[tokio::test(flavor = "multi_thread")]
async fn h158_a_forged_name_is_refused_where_its_domain_says_so() {
    let stage = stage("off", "off").await;
    for (from, code, reason) in [
        ("x@forged.example", "550 5.7.26", "sender-unauthenticated"),
        (
            "x@mail.forged.example",
            "550 5.7.26",
            "sender-unauthenticated",
        ),
        ("x@aside.example", "550 5.7.26", "sender-unauthenticated"),
        ("x@silent.example", "451", "sender-check-deferred"),
        ("x@broken.example", "451", "sender-check-deferred"),
        (
            "a@lenient.example, b@forged.example",
            "550 5.7.26",
            "sender-unauthenticated",
        ),
        (
            "a@a.example, b@b.example, c@c.example, d@d.example, e@forged.example",
            "550 5.7.1",
            "bad-from",
        ),
        ("x@lenient.example", "250", ""),
        ("x@nowhere.example", "250", ""),
        ("x@strict.example", "250", ""),
        ("nobody can be read here", "250", ""),
    ] {
        let text = message(from, ABUSE, "");
        let by_itself = ["x@strict.example", "x@broken.example"].contains(&from);
        let envelope = if by_itself { from } else { "x@client.example" };
        let answer = write(&stage, "127.0.0.1", envelope, &text).await;
        answer.assert(code);
        if !reason.is_empty() {
            answer.because(reason);
        }
    }
    // A null sender proves no more.
    let text = message("x@forged.example", ABUSE, "");
    write(&stage, "127.0.0.1", "", &text)
        .await
        .because("sender-unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn h158_ten_mib_are_enough_for_a_report() {
    let stage = stage("60/1h", "600/1h").await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    dialogue
        .say("MAIL FROM:<x@nowhere.example> SIZE=10485761")
        .await
        .assert("250");
    dialogue
        .say(&format!("RCPT TO:<{ABUSE}>"))
        .await
        .assert("552 5.3.4")
        .because("too-large");
    let line = format!("{}\r\n", "x".repeat(1022));
    let large = message("x@nowhere.example", ABUSE, "") + &line.repeat(10 << 10);
    write(&stage, "127.0.0.1", "x@nowhere.example", &large)
        .await
        .assert("552 5.3.4")
        .because("too-large");
    let fits = message("x@nowhere.example", ABUSE, "") + &line.repeat((10 << 10) - 1);
    write(&stage, "127.0.0.1", "x@nowhere.example", &fits)
        .await
        .assert("250");
}
