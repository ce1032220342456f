//! What comes back: reports, replies, receipts, and what only looks like one.

use super::*;

fn received(raw: &str) -> Message {
    Message::parse(raw.replace('\n', "\r\n").into()).unwrap()
}

/// What a received with a null sender is.
fn returned_null(raw: &str) -> ReturnedMail {
    classify_returned(&received(raw), &ReversePath::Null)
}

#[test]
fn h150_what_is_no_report_is_not_read_as_one() {
    for (head, want) in [
        (
            "From: Jan <jan@poczta.example>\nSubject: Automatic reply: Re: delayed parcel\n",
            ReturnedMail::Reply,
        ),
        (
            "From: Jan <jan@poczta.example>\nAuto-Submitted: auto-replied\nSubject: undelivered parcel\n",
            ReturnedMail::Reply,
        ),
        (
            "From: Jan <jan@poczta.example>\nAuto-Submitted: auto-generated\nSubject: Re: rower\n",
            ReturnedMail::Reply,
        ),
        (
            "From: Jan <jan@poczta.example>\nSubject: Re: rower\n",
            ReturnedMail::Other,
        ),
        (
            "From: Jan <jan@poczta.example>\nSubject: Niedostarczona paczka\n",
            ReturnedMail::Other,
        ),
    ] {
        for body in [
            "550 x",
            "tel. 501 234 567",
            "Wracam 5.11.2026, do 5.11.26 zamykam, 550 zł.",
            "> 550 5.1.1 unknown",
        ] {
            let raw = format!("{head}\n{body}\n");
            assert_eq!(returned_null(&raw), want, "{raw}");
        }
    }
}

#[test]
fn h177_a_failure_in_words_is_one_whatever_it_calls_itself() {
    for automatic in [
        "",
        "Auto-Submitted: auto-replied\n",
        "Auto-Submitted: auto-generated\nPrecedence: bulk\n",
    ] {
        for (head, body, status) in [
            (
                "From: Poczta <system@x.example>\nSubject: Zwrot wiadomo\u{15b}ci\n",
                "550 5.1.1 nie ma",
                "5.1.1",
            ),
            (
                "From: a@x.example\nSubject: Could not deliver message to recipient\n",
                "550 5.1.1 unknown",
                "5.1.1",
            ),
            (
                "From: a@x.example\nSubject: K\u{e9}zbes\u{ed}thetetlen lev\u{e9}l\n",
                "550 5.1.1 ismeretlen",
                "5.1.1",
            ),
            (
                "From: a@x.example\nSubject: x\n",
                "Blah\n550-5.1.1 unknown",
                "5.1.1",
            ),
            (
                "From: a@x.example\nSubject: x\nContent-Type: text/html\n",
                "<p>Blah<br>552 5.2.2 full</p>",
                "5.2.2",
            ),
            (
                "From: a@x.example\nSubject: x\nX-Failed-Recipients: b@x.example\n",
                "?",
                "5.0.0",
            ),
            (
                "From: Postmaster <postmaster@x.example>\nSubject: x\n",
                "?",
                "5.0.0",
            ),
            (
                "From: MAILER-DAEMON (Mail Delivery System)\nSubject: x\n",
                "?",
                "5.0.0",
            ),
            ("From: <>\nSubject: Unzustellbar: x\n", "?", "5.0.0"),
            (
                "From: a@x.example\nSubject: x\n",
                "Hi. This is the qmail-send program at x.\n\n<b>:\n?",
                "5.0.0",
            ),
        ] {
            let raw = format!("{head}{automatic}\n{body}\n");
            let ReturnedMail::Report(report) = returned_null(&raw) else {
                panic!("no report: {raw}");
            };
            assert_eq!(
                (report.action, report.status.to_string().as_str()),
                (Some(Action::Failed), status),
                "{raw}"
            );
        }
    }
    let late = "From: MAILER-DAEMON@x.example\nAuto-Submitted: auto-replied\nSubject: Delayed Mail\n\n4.4.1 later\n";
    let ReturnedMail::Report(report) = returned_null(late) else {
        panic!("no report");
    };
    assert_eq!(report.action, Some(Action::Delayed));
    assert_eq!(report.status, EnhancedStatus::new(4, 4, 1));
}

/// A message of parts.
fn parts(kind: &str, parts: &[(&str, &str)]) -> String {
    let mut raw = format!("From: a@x.example\nSubject: x\nContent-Type: {kind}; boundary=b\n\n");
    for (kind, body) in parts {
        raw.push_str(&format!("--b\nContent-Type: {kind}\n\n{body}\n"));
    }
    raw.push_str("--b--\n");
    raw
}

#[test]
fn h148_what_programs_read_decides_first_and_only_in_the_message_itself() {
    let failed = "Reporting-MTA: dns; x\n\nAction: failed\nStatus: 5.1.1\n";
    let (delivery, reading) = (
        "message/delivery-status",
        "message/disposition-notification",
    );
    let report = "multipart/report; report-type=delivery-status";
    let is_report = |raw: &str, envelope: &ReversePath| {
        matches!(
            classify_returned(&received(raw), envelope),
            ReturnedMail::Report(_)
        )
    };
    let somebody = ReversePath::Mailbox(Mailbox::parse("a@x.example").unwrap());
    let whole = parts(report, &[("text/plain", "x"), (delivery, failed)]);
    assert!(is_report(&whole, &ReversePath::Null) && is_report(&whole, &somebody));
    // Sent on by a person, and carried within another message.
    let mixed = parts(
        "multipart/mixed",
        &[("text/plain", "x"), (delivery, failed)],
    );
    assert!(is_report(&mixed, &ReversePath::Null) && !is_report(&mixed, &somebody));
    let carried = parts(
        "multipart/mixed",
        &[
            ("text/plain", "x"),
            (
                "message/rfc822",
                &whole
                    .replace("boundary=b", "boundary=c")
                    .replace("--b", "--c"),
            ),
        ],
    );
    assert!(!is_report(&carried, &ReversePath::Null) && !is_report(&carried, &somebody));
    // One that cannot be read is one all the same.
    assert!(is_report(&parts(report, &[(delivery, "?")]), &somebody));
    for (kind, found, want) in [
        (
            delivery,
            failed.replace("failed", "delivered"),
            "a report of success",
        ),
        (
            delivery,
            failed.replace("failed", "relayed"),
            "a report of success",
        ),
        (
            reading,
            "Disposition: manual-action/MDN-sent-manually; displayed\n".to_owned(),
            "a read receipt",
        ),
        (
            "message/feedback-report",
            "Feedback-Type: abuse\n".to_owned(),
            "a complaint",
        ),
    ] {
        let raw = parts(
            "multipart/report",
            &[("text/plain", "550 5.1.1 x"), (kind, &found)],
        );
        assert_eq!(returned_null(&raw), ReturnedMail::Noted(want), "{raw}");
        assert_eq!(
            classify_returned(&received(&raw), &somebody),
            ReturnedMail::Noted(want),
            "{raw}"
        );
    }
    for challenge in [
        "Subject: Your email requires verification verify#abc\nX-Boxtrapper: abc\nX-Autorespond: abc\nPrecedence: auto_reply\n",
        "Subject: Please confirm your message\n",
    ] {
        let raw = format!("From: a@x.example\n{challenge}\nClick http://x\n");
        assert_eq!(
            returned_null(&raw),
            ReturnedMail::Noted("a challenge"),
            "{raw}"
        );
    }
}

#[test]
fn h149_a_status_says_what_rfc_3463_knows() {
    let failed = "Reporting-MTA: dns; x\n\nAction: failed\nStatus: 5.1.1\n";
    let delivery = "message/delivery-status";
    let report = "multipart/report; report-type=delivery-status";
    // A status that RFC 3463 does not know says nothing but its class, and a wrong class nothing at all.
    for (status, want) in [
        ("5.501.234", "5.0.0"),
        ("2.0.0", "5.0.0"),
        ("4.4.7", "4.4.7"),
        ("5.7.509", "5.7.509"),
        ("x", "5.0.0"),
    ] {
        let raw = parts(report, &[(delivery, &failed.replace("5.1.1", status))]);
        let ReturnedMail::Report(found) = returned_null(&raw) else {
            panic!("no report: {raw}");
        };
        assert_eq!(found.status.to_string(), want, "{status}");
    }
}
