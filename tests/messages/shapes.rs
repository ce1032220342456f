//! Messages of odd shape, and what must not come of them (docs/threats.md#15, #17, #18, #65, #83, #110, #116, #141 to #143).

use allegromail::admin;
use allegromail::config::HttpListen;

use crate::support::dialogue::Dialogue;
use crate::support::stage::{BIURO, BUYER, COURIER, JAN, SELLER, Setup, Stage, message, text};

/// The line of a field, or an empty text.
fn field(arrived: &str, name: &str) -> String {
    let head = arrived.split("\r\n\r\n").next().unwrap_or_default();
    let start = format!("{}:", name.to_ascii_lowercase());
    let mut found = head
        .lines()
        .filter(|line| line.to_ascii_lowercase().starts_with(&start));
    let first = found.next().unwrap_or_default().to_owned();
    assert!(found.next().is_none(), "two {name}: {head}");
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn h015_a_bare_cr_makes_no_field() {
    let stage = Stage::ordinary().await;
    for odd in [
        "Subject: a\rFrom: admin@rowery.example",
        "Subject: a\nFrom: admin@rowery.example",
        "Subject: a\r\r\nFrom: admin@rowery.example",
    ] {
        let body = message(JAN, SELLER, &format!("{odd}\r\n"));
        let mut dialogue = Dialogue::greeted(stage.smtp()).await;
        dialogue.open(JAN, SELLER).await;
        dialogue.raw(format!("{body}.\r\n").as_bytes()).await;
        dialogue
            .answer()
            .await
            .assert("550 5.6.11")
            .because("bare-line-end");
        dialogue.closed().await;
    }
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h017_a_dot_line_within_base64_is_content() {
    let stage = Stage::ordinary().await;
    let inside = data_encoding::BASE64
        .encode(b"%PDF-1.4\r\n.\r\nMAIL FROM:<x@evil.example>\r\n.\r\n%%EOF\r\n");
    let body = format!(
        "From: {JAN}\r\nTo: {SELLER}\r\nMIME-Version: 1.0\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n{inside}\r\n"
    );
    stage
        .send_message(JAN, &[SELLER], &body)
        .await
        .assert("250");
    assert!(text(&stage.arrival().await).contains(&inside));
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h018_fields_of_ours_do_not_move_the_end() {
    // A courier's mail gets fields on top and keeps its bytes; a participant's is written anew. Either way every body ends where it ended.
    let stage = Stage::ordinary().await;
    for body in [
        "",
        ".\r\n",
        "..\r\n.\r\n",
        "\r\n\r\n",
        "no end of line",
        ".x\r\n\r\n.",
        " \r\n.\r\n \r\n",
    ] {
        let sent = format!("From: {COURIER}\r\nTo: {BUYER}\r\nSubject: a\r\n\r\n{body}");
        stage
            .send_message(COURIER, &[BUYER], &sent)
            .await
            .assert("250");
        let arrived = text(&stage.arrival().await);
        let whole = if sent.ends_with("\r\n") {
            sent
        } else {
            format!("{sent}\r\n")
        };
        assert!(arrived.ends_with(&whole), "{arrived:?}");
        let sent = whole.replace(COURIER, JAN).replace(BUYER, SELLER);
        stage
            .send_message(JAN, &[SELLER], &sent)
            .await
            .assert("250");
        let arrived = text(&stage.arrival().await);
        let own = whole.split_once("\r\n\r\n").unwrap().1;
        assert_eq!(arrived.split_once("\r\n\r\n").unwrap().1, own);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h065_a_closed_order_tells_a_fixed_text() {
    let stage = Stage::ordinary().await;
    let ask = async |from: &str, to: &str| stage.send(from, to).await.0;
    let closed = ask(JAN, "k2m9x0r7t3+closed1@allegromail.pl").await;
    assert!(
        closed.starts_with("550 5.2.1") && closed.contains("[transaction-closed;"),
        "{closed}"
    );
    for word in ["moved", "rowery", "biuro", "sprzedaz"] {
        assert!(!closed.contains(word), "{closed}");
    }
    // The other side hears the same.
    let other = ask(BIURO, "8awgqyk6a5+closed1@allegromail.pl").await;
    let plain = |text: &str, to: &str| {
        text.split("trace=")
            .next()
            .unwrap()
            .replace(to, "TO")
            .replace(['\r', '\n'], " ")
    };
    assert_eq!(
        plain(&closed, "k2m9x0r7t3+closed1@allegromail.pl"),
        plain(&other, "8awgqyk6a5+closed1@allegromail.pl")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn h078_h083_no_policy_of_a_domain_loosens_ours() {
    let records: [&[&str]; 6] = [
        &[],
        &["_dmarc.rowery.example TXT v=DMARC1; p=none"],
        &["_dmarc.rowery.example TXT v=DMARC1; p=none; t=y; aspf=r"],
        &[
            "_dmarc.rowery.example TXT v=DMARC1; p=none",
            "_dmarc.rowery.example TXT v=DMARC1; p=reject",
        ],
        &["_dmarc.example TXT v=DMARC1; p=none; psd=y"],
        &["_dmarc.rowery.example TXT v=DMARC1; p=reject"],
    ];
    for zones in records {
        // The domain's own servers are elsewhere: what comes here was forged, or forwarded.
        let mut setup = Setup::default().record("rowery.example TXT v=spf1 ip4:192.0.2.1 ~all");
        for record in zones {
            setup = setup.record(record);
        }
        let stage = setup.start().await;
        stage
            .send(BIURO, BUYER)
            .await
            .assert("550 5.7.26")
            .because("sender-unauthenticated");
        // A forwarder's own domain passes, and proves nothing about the From.
        let body = message(BIURO, BUYER, "");
        stage
            .send_message("list@evil.example", &[BUYER], &body)
            .await
            .assert("550 5.7.26")
            .because("sender-unauthenticated");
        assert!(stage.sink.take().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h110_a_message_that_goes_in_circles_is_stopped() {
    let stage = Stage::ordinary().await;
    let hops =
        |count: usize| "Received: from a by b; Mon, 23 Nov 2026 09:00:00 +0100\r\n".repeat(count);
    stage
        .send_message(JAN, &[SELLER], &message(JAN, SELLER, &hops(50)))
        .await
        .assert("250");
    stage.arrival().await;
    for count in [51, 100, 900] {
        stage
            .send_message(JAN, &[SELLER], &message(JAN, SELLER, &hops(count)))
            .await
            .assert("554 5.4.6")
            .because("loop");
    }
    // Our own mail bears an id of ours; whoever brings it back is refused.
    let mine = message(JAN, SELLER, "").replace("<1@client.example>", "<abc@allegromail.pl>");
    stage
        .send_message(JAN, &[SELLER], &mine)
        .await
        .assert("554 5.4.6")
        .because("loop");
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h116_forged_mail_makes_no_report() {
    let stage = Setup::default()
        .key("limits", "refusals_per_client = \"off\"")
        .start()
        .await;
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    for number in 0..200 {
        if number % 10 == 9 {
            dialogue = Dialogue::greeted(stage.smtp()).await;
        }
        let from = format!("somebody@d{number}.example");
        // Unknown recipients, other domains, unproven senders, nonsense: each is said at once.
        let (to, header) = match number % 4 {
            0 => ("nobody@allegromail.pl", from.as_str()),
            1 => ("victim@elsewhere.example", from.as_str()),
            2 => (SELLER, JAN),
            _ => (SELLER, "no address"),
        };
        let answer = dialogue
            .send(&from, &[to], &message(header, to, ""))
            .await
            .0;
        assert!(answer.starts_with('5'), "{answer}");
    }
    assert!(stage.relay.queue().list().await.is_empty());
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h141_trace_dates_and_single_fields_are_ours() {
    let stage = Stage::ordinary().await;
    let head = |more: &str| format!("From: {JAN}\r\nTo: {SELLER}\r\n{more}\r\nHello.\r\n");
    // Nothing but From and To: the rest is added.
    stage
        .send_message(JAN, &[SELLER], &head(""))
        .await
        .assert("250");
    let arrived = text(&stage.arrival().await);
    assert!(
        field(&arrived, "Received").contains("by mx.allegromail.example"),
        "{arrived}"
    );
    assert!(
        !field(&arrived, "Date").is_empty()
            && field(&arrived, "Message-ID").ends_with("@allegromail.pl>"),
        "{arrived}"
    );
    // Two of what there may be one of (RFC 5322 3.6): the message is refused, or one is kept; never both.
    for twice in [
        "Subject: one\r\nSubject: two\r\n",
        "Date: Mon, 23 Nov 2026 10:00:00 +0100\r\nDate: Tue, 24 Nov 2026 10:00:00 +0100\r\n",
        "Message-ID: <1@a.example>\r\nMessage-ID: <2@a.example>\r\n",
        "To: x@y.example\r\n",
        "Content-Type: text/plain\r\nContent-Type: text/html\r\n",
        "MIME-Version: 1.0\r\nMIME-Version: 1.0\r\n",
        "In-Reply-To: <1@a.example>\r\nIn-Reply-To: <2@a.example>\r\n",
    ] {
        let answer = stage.send_message(JAN, &[SELLER], &head(twice)).await.0;
        println!(
            "{:<40} {}",
            twice.split("\r\n").next().unwrap(),
            answer.get(..60).unwrap_or(&answer)
        );
        if answer.starts_with("250") {
            let arrived = text(&stage.arrival().await);
            for name in [
                "Subject",
                "Date",
                "Message-ID",
                "To",
                "Content-Type",
                "MIME-Version",
                "In-Reply-To",
            ] {
                field(&arrived, name);
            }
        } else {
            assert!(
                answer.starts_with("550 5.6.0") || answer.starts_with("550 5.7.1"),
                "{answer}"
            );
        }
    }
    for date in [
        "",
        "yesterday",
        "Mon, 99 Foo 2026 99:99:99",
        "Date: Mon, 23 Nov 2026 10:00:00 +9999",
    ] {
        let answer = stage
            .send_message(JAN, &[SELLER], &head(&format!("Date: {date}\r\n")))
            .await;
        answer.assert("250");
        field(&text(&stage.arrival().await), "Date");
    }
    stage
        .send_message(
            JAN,
            &[SELLER],
            &head("Return-Path: <jan@poczta.example>\r\n"),
        )
        .await
        .assert("250");
    assert!(field(&text(&stage.arrival().await), "Return-Path").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn h142_head_and_body_are_told_apart() {
    let stage = Stage::ordinary().await;
    let from = format!("From: {JAN}\r\nTo: {SELLER}\r\n");
    for (name, whole, code) in [
        (
            "a folded type",
            format!(
                "{from}Content-Type: text/plain;\r\n charset=\"utf-8\"\r\nBcc: x@y.example\r\n\r\nHello.\r\n"
            ),
            "250",
        ),
        (
            "a fold that is none",
            format!(
                "{from}Content-Type: text/plain; charset=\"utf-8\r\nBcc: x@y.example\r\n\r\nHello.\r\n"
            ),
            "250",
        ),
        (
            "no empty line",
            format!("{from}Hello, this is text.\r\n"),
            "550 5.6.0",
        ),
        ("no body", from.clone(), "250"),
        (
            "a line of white space",
            format!("{from}Subject: a\r\n \t\r\nHello: b\r\n\r\nText.\r\n"),
            "250",
        ),
        (
            "a From line of mbox below",
            format!("{from}\r\nFrom here on it is text.\r\nFrom jan Mon Nov 23\r\n"),
            "250",
        ),
        (
            "a From line of mbox above",
            format!("From jan Mon Nov 23 10:00:00 2026\r\n{from}\r\nHello.\r\n"),
            "550 5.6.0",
        ),
    ] {
        let answer = stage.send_message(JAN, &[SELLER], &whole).await.0;
        assert!(answer.starts_with(code), "{name}: {answer}");
        if code != "250" {
            continue;
        }
        let arrived = text(&stage.arrival().await);
        let (head, body) = arrived.split_once("\r\n\r\n").unwrap();
        assert!(
            !head.contains("Bcc") && !head.contains("y.example"),
            "{name}: {arrived}"
        );
        if name.contains("below") {
            assert_eq!(body, "From here on it is text.\r\nFrom jan Mon Nov 23\r\n");
        }
    }
    stage.nothing_arrived().await;
}

/// Loads records into the running relay; how many lines were bad.
async fn import(stage: &Stage, lines: &str) -> usize {
    let listen = HttpListen::Tcp(stage.relay.admin.parse().unwrap());
    let done: serde_json::Value = admin::Client::at(listen)
        .post(
            "/v1/import",
            "application/x-ndjson",
            lines.to_owned().into(),
        )
        .await
        .unwrap();
    done["bad"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn h143_what_we_place_cannot_inject() {
    // Names with line ends and quotes are refused at import; those that only look odd are written as words.
    for (login, taken) in [
        ("jan\\r\\nBcc: x@y.example", false),
        ("jan\\u0000", false),
        ("jan\\\" <x@y.example>, \\\"", true),
        ("=?utf-8?Q?=0D=0ABcc:_x@y.example?=", true),
        ("jan>", true),
    ] {
        let account = format!(
            "{{\"type\":\"participant\",\"id\":\"odd\",\"login\":\"{login}\",\"marketplace\":\"allegro-pl\",\"language\":\"pl\",\"primary\":\"odd@strangers.example\",\"addresses\":[\"odd@strangers.example\"]}}\n\
             {{\"type\":\"transaction\",\"id\":\"odd1\",\"buyer\":\"odd\",\"seller\":\"k2m9x0r7t3\"}}\n"
        );
        let stage = Stage::ordinary().await;
        let report = import(&stage, &account).await;
        assert_eq!(report == 0, taken, "{login}: {report} bad lines");
        if !taken {
            continue;
        }
        stage
            .send("odd@strangers.example", "k2m9x0r7t3+odd1@allegromail.pl")
            .await
            .assert("250");
        let arrived = text(&stage.arrival().await);
        let head = arrived.split("\r\n\r\n").next().unwrap();
        let from = field(&arrived, "From");
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        let parsed = mail_parser::MessageParser::default()
            .parse(arrived.as_bytes())
            .unwrap();
        let from_list = parsed.from().unwrap().clone().into_list();
        assert_eq!(from_list.len(), 1, "{from}");
        assert_eq!(
            from_list[0].address.as_deref(),
            Some("odd+odd1@allegromail.pl"),
            "{from}"
        );
    }
}
