//! Mail to a bounce token beside the matrix: the examples that were found, who is quoted, and what a courier's token takes.

use crate::support::dialogue::{Answer, Dialogue};
use crate::support::stage::*;

/// Brings a message to a token as the server of this name.
async fn bring(stage: &Stage, helo: &str, from: &str, to: &[&str], message: &str) -> Answer {
    let mut dialogue = Dialogue::connect(stage.smtp()).await;
    dialogue.hear("220").await;
    dialogue.say(&format!("EHLO {helo}")).await.assert("250");
    dialogue.send(from, to, message).await
}

/// A message of Jan's has reached the shop's server; its bounce token.
async fn sent(stage: &Stage) -> String {
    stage.send(JAN, SELLER).await.assert("250");
    stage.arrival().await.reverse_path
}

fn delay(more: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.rowery.example\r\nSubject: Delayed Mail\r\nContent-Type: multipart/report; boundary=b\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nAction: delayed\r\nStatus: 4.4.1\r\n\
         Diagnostic-Code: smtp; 450 4.4.1 connection refused by host\r\n{more}--b--\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn h148_a_stranger_with_a_token_cannot_write_as_the_other_side() {
    let stage = Setup::default()
        .record("poczta.example TXT v=spf1 ip4:127.0.0.1 -all")
        .start()
        .await;
    // The buyer's token, from a client that its domain forbids.
    stage.send(BIURO, BUYER).await.assert("250");
    let token = stage.arrival().await.reverse_path;
    for more in [
        "Auto-Submitted: auto-replied\r\n",
        "Auto-Submitted: auto-replied\r\nSubject: Automatic reply: rower\r\n",
        "X-Autoreply: yes\r\n",
        "Precedence: auto_reply\r\n",
    ] {
        let forged = message(JAN, &token, more).replace("Hello.", "Pay to 12 3456 instead");
        let mut dialogue = Dialogue::from("127.0.0.3", stage.smtp()).await;
        dialogue.hear("220").await;
        dialogue.say("EHLO mx.poczta.example").await.assert("250");
        let answer = dialogue.send("", &[&token], &forged).await;
        answer
            .assert("550 5.7.26")
            .because("sender-unauthenticated");
    }
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h149_eight_reports_of_a_stranger_bring_none_of_its_words() {
    let stage = Stage::ordinary().await;
    let token = sent(&stage).await;
    let mut passed = 0;
    for number in 0..12 {
        let raw = format!(
            "From: MAILER-DAEMON@evil.example\r\nSubject: Undelivered Mail\r\n\r\n550 5.7.{number} kanarek pisz na inny adres\r\nkanarek\r\n"
        );
        let answer = bring(&stage, "mx.evil.example", "", &[&token], &raw).await;
        answer.assert("250");
        passed += usize::from(!answer.0.contains("not passed on"));
    }
    assert_eq!(passed, 8);
    for _ in 0..passed {
        let told = text(&stage.arrival().await);
        assert!(told.contains("Status: 5.7."), "{told}");
        assert!(!told.contains("kanarek"), "{told}");
    }
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h150_registered_or_not_is_told_to_proven_responders_only() {
    let stage = Setup::default()
        .record("mx.rowery.example TXT v=spf1 ip4:127.0.0.1 -all")
        .record("mx.strangers.example TXT v=spf1 ip4:127.0.0.1 -all")
        .record("mx.poczta.example TXT v=spf1 ip4:127.0.0.1 -all")
        .record("mx.broken.example SERVFAIL")
        .start()
        .await;
    let token = sent(&stage).await;
    let away = |from: &str| message(from, &token, "Auto-Submitted: auto-replied\r\n");
    for (helo, from, code, reason) in [
        (
            "mx.rowery.example",
            "szef@rowery.example",
            "550 5.7.1",
            "sender-not-registered",
        ),
        (
            "mx.strangers.example",
            "x@strangers.example",
            "550 5.7.1",
            "sender-not-registered",
        ),
        // Registered, but to nobody whom the message went to.
        (
            "mx.poczta.example",
            OLA,
            "550 5.7.1",
            "sender-not-registered",
        ),
        (
            "mx.poczta.example",
            BIURO,
            "550 5.7.26",
            "sender-unauthenticated",
        ),
        (
            "mx.poczta.example",
            "szef@rowery.example",
            "550 5.7.26",
            "sender-unauthenticated",
        ),
        (
            "mx.broken.example",
            "x@broken.example",
            "451 4.7.24",
            "sender-check-deferred",
        ),
    ] {
        let answer = bring(&stage, helo, "", &[&token], &away(from)).await;
        answer.assert(code).because(reason);
    }
    let answer = bring(&stage, "mx.rowery.example", "", &[&token], &away(SPRZEDAZ)).await;
    answer.assert("250");
    assert_eq!(stage.arrival().await.recipients, [JAN]);
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h151_a_person_who_answers_the_envelope_is_heard_or_told_where_to_write() {
    let stage = Setup::default()
        .record("mx.rowery.example TXT v=spf1 ip4:127.0.0.1 -all")
        .start()
        .await;
    let token = sent(&stage).await;
    // As mail to the mask: it passes, and is refused for what it would be refused for there.
    let answer = message(BIURO, &token, "");
    stage
        .send_message(BIURO, &[&token], &answer)
        .await
        .assert("250");
    let came = stage.arrival().await;
    assert_eq!(came.recipients, [JAN]);
    assert!(came.reverse_path.starts_with("b-") && text(&came).contains(SELLER));
    for (from, message, reason) in [
        (OLA, message(OLA, &token, ""), "not-a-party"),
        (
            BIURO,
            message(BIURO, &token, "Reply-To: x@strangers.example\r\n"),
            "reply-to-not-registered",
        ),
        (
            "x@strangers.example",
            message("x@strangers.example", &token, ""),
            "null-sender",
        ),
        (
            "x@rowery.example",
            message("x@rowery.example", &token, ""),
            "null-sender",
        ),
        (COURIER, message(COURIER, &token, ""), "null-sender"),
    ] {
        let answer = stage.send_message(from, &[&token], &message).await;
        answer.assert("550 5.7.1").because(reason);
        assert_eq!(
            answer.0.contains(&format!("write to {BUYER}")),
            reason == "null-sender",
            "{answer:?}"
        );
    }
    // A null sender is refused for it there, too.
    let null = bring(&stage, "mx.rowery.example", "", &[&token], &answer).await;
    null.assert("550 5.7.1").because("null-sender");
    // A token stands alone, in whatever order.
    for recipients in [[token.as_str(), BUYER], [BUYER, token.as_str()]] {
        let answer = stage.send_message(BIURO, &recipients, &answer).await;
        answer.assert("452 4.5.3").because("too-many-recipients");
    }
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h151_a_couriers_token_takes_reports_and_names_nobody() {
    let stage = Setup::default()
        .record("mx.poczta.example TXT v=spf1 ip4:127.0.0.1 -all")
        .start()
        .await;
    stage.send(COURIER, BUYER).await.assert("250");
    let token = stage.arrival().await.reverse_path;
    let refused = |answer: &Answer| {
        answer.assert("550 5.7.1").because("null-sender");
        assert!(!answer.0.contains("8awgqyk6a5"), "{answer:?}");
    };
    // A person's, proven and registered, with a sender and without; a stranger's.
    let person = message(JAN, &token, "");
    refused(&stage.send_message(JAN, &[&token], &person).await);
    refused(&bring(&stage, "mx.poczta.example", "", &[&token], &person).await);
    let stranger = message("x@strangers.example", &token, "");
    refused(
        &stage
            .send_message("x@strangers.example", &[&token], &stranger)
            .await,
    );
    // An automatic reply, with a sender and without.
    for from in ["", JAN] {
        let away = message(JAN, &token, "Auto-Submitted: auto-replied\r\n");
        let answer = bring(&stage, "mx.poczta.example", from, &[&token], &away).await;
        assert!(
            answer.0.starts_with("250") && answer.0.contains("would show the buyer"),
            "{answer:?}"
        );
    }
    // What nobody knows is a failure of no kind, in our words.
    let unknown = message("x@strangers.example", &token, "").replace("Hello.", "kanarek");
    bring(&stage, "mx.evil.example", "", &[&token], &unknown)
        .await
        .assert("250");
    let came = stage.arrival().await;
    assert_eq!(came.recipients, [COURIER]);
    let told = text(&came);
    assert!(
        told.contains("Status: 5.0.0") && !told.contains("kanarek") && !told.contains("poczta"),
        "{told}"
    );
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h152_only_the_servers_of_the_domain_that_has_the_mail_are_quoted() {
    let words = "connection refused by host";
    for (name, records, helo, quoted) in [
        (
            "its MX",
            &[
                "rowery.example MX 10 mail.hosting.example",
                "mail.hosting.example A 127.0.0.1",
            ][..],
            "x.hosting.example",
            true,
        ),
        (
            "the domain itself, without MX",
            &["rowery.example A 127.0.0.1"][..],
            "anything.example",
            true,
        ),
        (
            "a name in it",
            &["out7.rowery.example A 127.0.0.1"][..],
            "out7.rowery.example",
            true,
        ),
        (
            "a name with SPF",
            &["out7.rowery.example TXT v=spf1 ip4:127.0.0.1 -all"][..],
            "out7.rowery.example",
            true,
        ),
        (
            "a name that is not there",
            &[][..],
            "out7.rowery.example",
            false,
        ),
        (
            "a name of another client",
            &["out7.rowery.example A 192.0.2.1"][..],
            "out7.rowery.example",
            false,
        ),
        (
            "a name that lets everybody in",
            &["out7.rowery.example TXT v=spf1 +all"][..],
            "out7.rowery.example",
            false,
        ),
        (
            "another's MX",
            &[
                "rowery.example MX 10 mail.hosting.example",
                "mail.hosting.example A 192.0.2.1",
            ][..],
            "mail.hosting.example",
            false,
        ),
        (
            "a stranger",
            &["mx.evil.example A 127.0.0.1"][..],
            "mx.evil.example",
            false,
        ),
        (
            "the writer's own provider",
            &["mx.poczta.example A 127.0.0.1"][..],
            "mx.poczta.example",
            false,
        ),
        (
            "silence",
            &[
                "rowery.example MX 10 mail.hosting.example",
                "mail.hosting.example SERVFAIL",
            ][..],
            "x.hosting.example",
            false,
        ),
    ] {
        let mut setup = Setup::default();
        for record in records {
            setup = setup.record(record);
        }
        let stage = setup.start().await;
        let token = sent(&stage).await;
        bring(&stage, helo, "", &[&token], &delay(""))
            .await
            .assert("250");
        let told = text(&stage.arrival().await);
        assert!(told.contains("Status: 4.4.1\r\n"), "{name}: {told}");
        assert_eq!(told.contains(words), quoted, "{name}: {told}");
        // The record tells nobody which domain it was.
        let folder = stage.stop().await;
        for file in std::fs::read_dir(folder.path().join("data/trace")).unwrap() {
            let kept = std::fs::read_to_string(file.unwrap().path()).unwrap_or_default();
            assert!(!kept.contains("rowery.example"), "{name}: {kept}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h152_servers_of_the_address_that_was_tried_are_quoted() {
    let setup = Setup {
        accounts: "{\"type\":\"participant\",\"id\":\"two1\",\"login\":\"two\",\"marketplace\":\"allegro-pl\",\"language\":\"en\",\"primary\":\"a@one.example\",\
                   \"addresses\":[\"a@one.example\",\"a@other.example\"]}\n{\"type\":\"transaction\",\"id\":\"twotx\",\"buyer\":\"8awgqyk6a5\",\"seller\":\"two1\"}\n"
            .to_owned(),
        ..Setup::default()
    };
    let stage = setup
        .record("other.example TXT v=spf1 ip4:127.0.0.1 -all")
        .record("mx.other.example A 127.0.0.1")
        .start()
        .await;
    // The answer goes to the address that was written from last, which is not the primary one.
    let from = "a@other.example";
    stage
        .send_message(
            from,
            &["8awgqyk6a5+twotx@allegromail.pl"],
            &message(from, "x@y.example", ""),
        )
        .await
        .assert("250");
    stage.arrival().await;
    stage
        .send(JAN, "two1+twotx@allegromail.pl")
        .await
        .assert("250");
    let came = stage.arrival().await;
    assert_eq!(came.recipients, [from]);
    bring(
        &stage,
        "mx.other.example",
        "",
        &[&came.reverse_path],
        &delay(""),
    )
    .await
    .assert("250");
    let told = text(&stage.arrival().await);
    assert!(told.contains("connection refused by host"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn h152_dates_of_a_delay_are_the_remotes_or_none() {
    let stage = Setup::default()
        .record("mx.rowery.example A 127.0.0.1")
        .start()
        .await;
    let day = |days: u64| {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
        let now = u64::try_from(now).unwrap() + days * 86_400_000;
        allegromail::mail::Timestamp(now).to_rfc5322()
    };
    let soon = day(3);
    for (until, shown) in [
        (Some(format!("{soon} (kanarek)")), true),
        (Some("kanarek".to_owned()), false),
        (Some(day(400)), false),
        (Some("Mon, 02 Jan 2006 15:04:05 +0000".to_owned()), false),
        (None, false),
    ] {
        let token = sent(&stage).await;
        let field = until
            .as_ref()
            .map(|until| format!("Will-Retry-Until: {until}\r\n"));
        let raw = delay(&field.unwrap_or_default());
        bring(&stage, "mx.rowery.example", "", &[&token], &raw)
            .await
            .assert("250");
        let told = text(&stage.arrival().await);
        let line = told
            .lines()
            .find(|line| line.starts_with("Will-Retry-Until:"));
        let want = shown.then(|| format!("Will-Retry-Until: {soon}"));
        assert_eq!(line, want.as_deref(), "{until:?}: {told}");
        assert!(
            !told.contains("Last-Attempt-Date") && !told.contains("kanarek"),
            "{told}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h177_a_plain_bounce_with_a_code_gets_a_report() {
    let stage = Stage::ordinary().await;
    for (subject, body) in [
        (
            "=?utf-8?Q?Zwrot_wiadomo=C5=9Bci?=",
            "Nie dostarczono do odbiorcy.\r\n550 5.1.1 nie ma takiego konta\r\n",
        ),
        (
            "Could not deliver message to recipient",
            "Sorry.\r\n\r\n550 5.1.1 no such user here\r\n",
        ),
        (
            "=?utf-8?Q?A_lev=C3=A9l_nem_k=C3=A9zbes=C3=ADthet=C5=91?=",
            "Sajnos nem siker\u{fc}lt.\r\n550-5.1.1 ismeretlen felhaszn\u{e1}l\u{f3}\r\n",
        ),
        ("Informacja", "Kod b\u{142}\u{119}du: 550 5.1.1\r\n"),
        (
            "=?utf-8?Q?Nedoru=C4=8Diteln=C3=A1_zpr=C3=A1va?=",
            "550 5.1.1 neexistuje\r\n",
        ),
    ] {
        for automatic in ["", "Auto-Submitted: auto-replied\r\n"] {
            let token = sent(&stage).await;
            let raw = format!(
                "From: Poczta <system@rowery.example>\r\nSubject: {subject}\r\n{automatic}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}"
            );
            let answer = bring(&stage, "mx.rowery.example", "", &[&token], &raw).await;
            answer.assert("250");
            assert!(!answer.0.contains("not passed on"), "{subject}: {answer:?}");
            let told = text(&stage.arrival().await);
            assert!(
                told.contains("Action: failed") && told.contains("Status: 5.1.1\r\n"),
                "{subject}: {told}"
            );
        }
    }
    stage.nothing_arrived().await;
}
