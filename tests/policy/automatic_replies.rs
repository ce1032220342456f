//! People are not taken for responders, nor a shop's notices for answers: what is taken for an automatic reply passes once a day only.

use crate::support::dialogue::Dialogue;
use crate::support::stage::*;

#[tokio::test(flavor = "multi_thread")]
async fn h176_a_persons_subject_like_a_responders_is_a_persons_message() {
    let stage = Stage::ordinary().await;
    for (number, subject) in [
        "=?utf-8?Q?Nieobecno=C5=9B=C4=87_pod_adresem_dostawy?=",
        "Poza biurem najlepiej po 16",
        "Out of office chair",
        "Out of the office desk",
        "Autoresponder X200, czy jest jeszcze?",
        "=?utf-8?B?T2Rwb3dpZWTFuiBhdXRvbWF0eWN6bmE6IGN6eSB0byBwcmF3ZGE/?=",
        "=?utf-8?Q?H=C3=A1zon_k=C3=ADv=C3=BCl?=",
        "Abwesenheitsnotiz: was ist das?",
    ]
    .into_iter()
    .enumerate()
    {
        for more in [
            "",
            "Auto-Submitted: no\r\n",
            "X-Auto-Response-Suppress: None\r\n",
        ] {
            let asked = message(JAN, SELLER, more)
                .replace("Subject: hello", &format!("Subject: {subject}"))
                .replace("<1@", &format!("<{number}{}@", more.len()));
            let answer = stage.send_message(JAN, &[SELLER], &asked).await;
            answer.assert("250");
            assert!(!answer.0.contains("not passed on"), "{subject}: {answer:?}");
            let came = stage.arrival().await;
            assert!(came.reverse_path.starts_with("b-"), "{subject}: {came:?}");
            let told = text(&came);
            assert!(!told.contains("Auto-"), "{subject}: {told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h176_what_a_program_says_beside_the_subject_still_makes_it_an_automatic_reply() {
    let stage = Setup::default()
        .record("mx.poczta.example TXT v=spf1 ip4:127.0.0.1 -all")
        .record("mx.rowery.example TXT v=spf1 ip4:127.0.0.1 -all")
        .start()
        .await;
    let away = |from: &str, to: &str, more: &str| {
        message(from, to, more).replace("Subject: hello", "Subject: Automatic reply: rower")
    };
    // By the field, with a sender of its own.
    let first = away(JAN, SELLER, "X-Auto-Response-Suppress: All\r\n");
    stage
        .send_message(JAN, &[SELLER], &first)
        .await
        .assert("250");
    let came = stage.arrival().await;
    assert_eq!(came.reverse_path, "");
    assert!(text(&came).contains("Auto-Submitted: auto-generated\r\n"));
    let again = stage.send_message(JAN, &[SELLER], &first).await;
    assert!(again.0.contains("not passed on"), "{again:?}");
    // By the envelope, without any field.
    let mut dialogue = Dialogue::connect(stage.smtp()).await;
    dialogue.hear("220").await;
    dialogue.say("EHLO mx.rowery.example").await.assert("250");
    let bare = away(BIURO, BUYER, "");
    dialogue.send("", &[BUYER], &bare).await.assert("250");
    let came = stage.arrival().await;
    assert_eq!(came.reverse_path, "");
    assert!(text(&came).contains("Auto-Submitted: auto-generated\r\n"));
    let again = dialogue.send("", &[BUYER], &bare).await;
    assert!(again.0.contains("not passed on"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn h176_a_shops_notices_with_a_null_sender_all_arrive() {
    let stage = Setup::default()
        .record("mx.rowery.example TXT v=spf1 ip4:127.0.0.1 -all")
        .start()
        .await;
    let mut dialogue = Dialogue::connect(stage.smtp()).await;
    dialogue.hear("220").await;
    dialogue.say("EHLO mx.rowery.example").await.assert("250");
    for (number, more) in [
        "Auto-Submitted: auto-generated\r\n",
        "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n",
        "Precedence: bulk\r\n",
        "Precedence: list\r\nList-Id: <shop.rowery.example>\r\n",
    ]
    .into_iter()
    .enumerate()
    {
        let notice = message(BIURO, BUYER, more).replace("Hello.", &format!("Order {number}"));
        let answer = dialogue.send("", &[BUYER], &notice).await;
        answer.assert("250");
        assert!(!answer.0.contains("not passed on"), "{more}: {answer:?}");
        let came = stage.arrival().await;
        assert!(text(&came).contains(&format!("Order {number}")), "{came:?}");
    }
    // Exchange's absence notices are auto-generated too: they answer something, and pass once a day.
    let away = message(
        BIURO,
        BUYER,
        "Auto-Submitted: auto-generated\r\nIn-Reply-To: <x@y.example>\r\n",
    );
    dialogue.send("", &[BUYER], &away).await.assert("250");
    assert_eq!(stage.arrival().await.reverse_path, "");
    let again = dialogue.send("", &[BUYER], &away).await;
    assert!(again.0.contains("not passed on"), "{again:?}");
}
