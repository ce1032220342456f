//! Reports of other servers that come back to a bounce token: read in every layout, told masked, once.

use crate::support::dialogue::{Answer, Dialogue};
use crate::support::stage::*;

/// Brings a message with a null sender to `to`.
async fn bring(stage: &Stage, to: &str, message: &str) -> Answer {
    let mut dialogue = Dialogue::connect(stage.smtp()).await;
    dialogue.hear("220").await;
    dialogue.say("EHLO mx.rowery.example").await.assert("250");
    dialogue.send("", &[to], message).await
}

/// The shop's server is known by its name.
async fn known() -> Stage {
    Setup::default()
        .record("mx.rowery.example A 127.0.0.1")
        .start()
        .await
}

/// A message of Jan's has reached the shop's server; its bounce token.
async fn sent(stage: &Stage) -> String {
    let more = "Content-Type: text/plain; charset=utf-8\r\n";
    let asked = message(JAN, SELLER, more).replace("Subject: hello", "Subject: Pytanie o rower");
    stage
        .send_message(JAN, &[SELLER], &asked)
        .await
        .assert("250");
    stage.arrival().await.reverse_path
}

fn report(status: &str, action: &str, code: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.rowery.example\r\nTo: <x@allegromail.pl>\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         MIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nSorry: <biuro@rowery.example> at mx.rowery.example.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.rowery.example\r\n\r\n\
         Final-Recipient: rfc822; biuro@rowery.example\r\nOriginal-Recipient: rfc822;biuro@rowery.example\r\nAction: {action}\r\n\
         Status: {status}\r\nRemote-MTA: dns; mailstore.rowery.example\r\nDiagnostic-Code: smtp; {code}\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nDelivered-To: biuro@rowery.example\r\nSubject: x\r\n--b--\r\n"
    )
}

const SECRETS: [&str; 4] = ["biuro@", "rowery.example", "mailstore", "10.1.2.3"];

#[tokio::test(flavor = "multi_thread")]
async fn h097_a_remote_report_becomes_ours_once_for_every_kind_and_status() {
    let stage = known().await;
    let token = sent(&stage).await;
    let gone =
        "550 5.1.1 <biuro@rowery.example>: user unknown at mailstore.rowery.example[10.1.2.3]";
    let failed = report("5.1.1", "failed", gone);
    bring(&stage, &token, &failed).await.assert("250");
    let came = stage.arrival().await;
    let told = text(&came);
    assert_eq!(
        (came.recipients.as_slice(), came.reverse_path.as_str()),
        (&[JAN.to_owned()][..], "")
    );
    for want in [
        "Action: failed",
        "Status: 5.1.1",
        "Pytanie o rower",
        "<1@client.example>",
        "user unknown",
        &format!("Final-Recipient: rfc822; {SELLER}"),
    ] {
        assert!(told.contains(want), "{want} in {told}");
    }
    for secret in SECRETS {
        assert!(!told.contains(secret), "{secret} shows in {told}");
    }
    for _ in 0..3 {
        let answer = bring(&stage, &token, &failed).await;
        assert!(
            answer.0.starts_with("250") && answer.0.contains("came before"),
            "{answer:?}"
        );
    }
    let late = report(
        "4.4.1",
        "delayed",
        "no answer from mailstore.rowery.example",
    );
    bring(&stage, &token.to_uppercase(), &late)
        .await
        .assert("250");
    let told = text(&stage.arrival().await);
    assert!(
        told.contains("Action: delayed") && told.contains("Status: 4.4.1"),
        "{told}"
    );
    for asks_nothing in ["delivered", "relayed", "expanded"] {
        let answer = bring(&stage, &token, &report("2.0.0", asks_nothing, "250 ok")).await;
        assert!(answer.0.contains("not passed on"), "{answer:?}");
    }
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_read_in_every_layout() {
    let stage = known().await;
    let plain =
        |from: &str, more: &str, body: &str| format!("From: {from}\r\n{more}\r\n{body}\r\n");
    let without_type = report("5.2.2", "failed", "552 5.2.2 over quota").replace(
        "Content-Type: message/delivery-status",
        "Content-Type: MESSAGE/Delivery-Status\r\nContent-Transfer-Encoding: 7bit",
    );
    for (name, raw, status, words) in [
        (
            "qmail",
            plain(
                "MAILER-DAEMON@rowery.example",
                "Subject: failure notice\r\n",
                "Hi. This is the qmail-send program at rowery.example.\r\n\r\n<biuro@rowery.example>:\r\n10.1.2.3 does not like recipient.\r\n\
                 Remote host said: 550 5.1.1 No such user biuro@rowery.example\r\nGiving up on 10.1.2.3.",
            ),
            "5.1.1",
            "No such user",
        ),
        (
            "Exim",
            plain(
                "Mail Delivery System <Mailer-Daemon@rowery.example>",
                "Subject: Mail delivery failed: returning message to sender\r\nX-Failed-Recipients: biuro@rowery.example\r\n",
                "A message that you sent could not be delivered.\r\n\r\n  biuro@rowery.example\r\n    SMTP error from remote mail server after RCPT TO:\r\n\
                     \x20   550 mailbox unavailable",
            ),
            "5.0.0",
            "mailbox unavailable",
        ),
        (
            "Exchange",
            plain(
                "postmaster@rowery.example",
                "Subject: Undeliverable: Pytanie\r\nContent-Type: multipart/report; boundary=b\r\n",
                "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
                 Remote Server returned '550 5.4.1 Recipient address rejected: Access de=\r\nnied'\r\n--b--",
            ),
            "5.4.1",
            "Access denied",
        ),
        ("a part with its own fields", without_type, "5.2.2", "over quota"),
        (
            "base64",
            plain(
                "MAILER-DAEMON@rowery.example",
                "Subject: Zwrot\r\nContent-Type: multipart/report; boundary=b\r\n",
                &format!(
                    "--b\r\nContent-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--",
                    data_encoding::BASE64.encode(b"Reporting-MTA: dns; x\n\nAction: failed\nStatus: 5.7.1 (refused)\nDiagnostic-Code: smtp; 554 5.7.1\n spam")
                ),
            ),
            "5.7.1",
            "spam",
        ),
        (
            "two recipients, the graver counts",
            report("5.1.1", "relayed", "250 ok").replace(
                "--b\r\nContent-Type: text/rfc822-headers",
                "\r\nFinal-Recipient: rfc822; x@rowery.example\r\nAction: failed\r\nStatus: 5.3.4\r\nDiagnostic-Code: smtp; 552 too big\r\n--b\r\nContent-Type: text/rfc822-headers",
            ),
            "5.3.4",
            "too big",
        ),
        (
            "words only",
            plain("MAILER-DAEMON@rowery.example", "Subject: Returned mail\r\n", "It did not work."),
            "5.0.0",
            "could not deliver",
        ),
    ] {
        let token = sent(&stage).await;
        bring(&stage, &token, &raw).await.assert("250");
        let told = text(&stage.arrival().await);
        assert!(told.contains(&format!("Status: {status}\r\n")), "{name}: {told}");
        assert!(told.contains(words), "{name}: {told}");
        for secret in SECRETS {
            assert!(!told.contains(secret), "{name}: {secret} shows in {told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h113_h114_a_token_that_is_not_ours_or_not_for_this_leads_nowhere() {
    let stage = Stage::ordinary().await;
    let token = sent(&stage).await;
    let raw = report("5.1.1", "failed", "550 x");
    let (local, domain) = token.split_once('@').unwrap();
    let flipped = |at: usize| {
        let mut octets = local.as_bytes().to_vec();
        octets[at] = if octets[at] == b'0' { b'1' } else { b'0' };
        format!("{}@{domain}", String::from_utf8(octets).unwrap())
    };
    for forged in [
        flipped(2),
        flipped(20),
        flipped(37),
        format!("{}@{domain}", &local[..36]),
        format!("b-@{domain}"),
    ] {
        bring(&stage, &forged, &raw)
            .await
            .assert("550 5.1.1")
            .because("bad-token");
    }
    bring(&stage, SELLER, &raw).await.assert("550");
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_couriers_bounce_reaches_its_return_path_without_the_buyer() {
    let stage = Stage::ordinary().await;
    stage.send(COURIER, BUYER).await.assert("250");
    let token = stage.arrival().await.reverse_path;
    let raw = report("5.1.1", "failed", "550 5.1.1 <jan@poczta.example> unknown")
        .replace("rowery", "poczta");
    bring(&stage, &token, &raw).await.assert("250");
    let came = stage.arrival().await;
    assert_eq!(came.recipients, [COURIER]);
    let told = text(&came);
    assert!(
        told.contains(BUYER) && !told.contains("poczta.example"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_finds_its_message_after_a_restart() {
    let stage = Stage::ordinary().await;
    let token = sent(&stage).await;
    let folder = stage.stop().await;
    let setup = Setup {
        folder: Some(folder),
        ..Setup::default()
    };
    let stage = setup.start().await;
    let raw = report("5.1.1", "failed", "550 5.1.1 unknown");
    bring(&stage, &token, &raw).await.assert("250");
    assert_eq!(stage.arrival().await.recipients, [JAN]);
    bring(&stage, &token, &raw).await.assert("250");
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h115_a_forger_with_a_token_and_hundreds_of_statuses_is_heard_a_few_times() {
    let stage = Stage::ordinary().await;
    let token = sent(&stage).await;
    let mut dialogue = Dialogue::connect(stage.smtp()).await;
    dialogue.hear("220").await;
    dialogue.say("EHLO mx.rowery.example").await.assert("250");
    let mut passed = 0;
    for number in 0..200 {
        let status = format!("5.{}.{}", number / 100, number % 100);
        let forged = report(&status, "failed", "550 jan@inny.example write to me");
        let answer = dialogue.send("", &[&token], &forged).await;
        answer.assert("250");
        passed += u32::from(!answer.0.contains("not passed on"));
    }
    assert_eq!(passed, 8);
    for _ in 0..passed {
        let told = text(&stage.arrival().await);
        assert!(
            !told.contains("inny.example") && !told.contains("write to me"),
            "{told}"
        );
    }
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_returns_the_header_section_as_the_writer_knows_it() {
    let stage = Stage::ordinary().await;
    let more = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-2; name=\"jan@poczta.example\"\r\n";
    let asked = message(JAN, SELLER, more).replace(
        "Subject: hello",
        "Subject: =?utf-8?Q?Za=C5=BC=C3=B3=C5=82=C4=87?= jan@poczta.example",
    );
    stage
        .send_message(JAN, &[SELLER], &asked)
        .await
        .assert("250");
    let token = stage.arrival().await.reverse_path;
    let failed = report(
        "5.1.1",
        "failed",
        "550 5.1.1 <sprzedaz@rowery.example> unknown",
    );
    bring(&stage, &token.to_uppercase(), &failed)
        .await
        .assert("250");
    let came = stage.arrival().await;
    let told = text(&came);
    let returned = told.split("text/rfc822-headers").nth(1).unwrap();
    for want in [
        &format!("From: <{BUYER}>\r\n"),
        &format!("To: <{SELLER}>\r\n"),
        "Subject: =?utf-8?B?",
        "Date: Mon, 23 Nov 2026 10:00:00 +0100\r\n",
        "Message-ID: <1@client.example>\r\n",
        "MIME-Version: 1.0\r\n",
        "Content-Type: text/plain;\r\n charset=\"iso-8859-2\"\r\n",
    ] {
        assert!(returned.contains(want), "{want} in {returned}");
    }
    let head = told.split("\r\n\r\n").next().unwrap();
    assert!(
        head.contains("In-Reply-To: <1@client.example>\r\n"),
        "{head}"
    );
    for secret in ["jan@poczta.example", "rowery.example"] {
        assert!(!told.contains(secret), "{secret} shows in {told}");
    }
    // An alias of ours leads to the same message, and a report on the report to nobody.
    let (local, _) = token.split_once('@').unwrap();
    let alias = format!("{local}@user.allegrogroup.pl");
    let again = bring(&stage, &alias, &failed).await;
    assert!(again.0.contains("came before"), "{again:?}");
    assert_eq!(came.reverse_path, "");
    stage.nothing_arrived().await;
}
