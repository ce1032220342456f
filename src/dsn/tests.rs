//! Reports are read back by another parser, and name nobody.

use std::sync::Arc;

use mail_parser::{MessageParser, MimeHeaders};

use super::*;
use crate::mail::{
    Diagnostic, Domain, EnhancedStatus, Mailbox, QueueId, Reply, Reported, ReversePath, Timestamp,
};
use crate::masking::MaskedDomains;
use crate::message::Message;
use crate::spool::MessageSummary;

const MASK: &str = "k2m9x0r7t3+cub31c122@allegromail.pl";

fn hidden() -> HiddenAddresses {
    HiddenAddresses {
        real: vec![Mailbox::parse("jan.k@poczta.example").unwrap()],
        shown_as: MASK.to_owned(),
    }
}

#[test]
fn remote_words_are_masked_not_blanked() {
    for (text, want) in [
        (
            "5.1.1 <jan.k@poczta.example>: user unknown",
            "5.1.1 <MASK>: user unknown",
        ),
        ("<JAN.K@POCZTA.example> unknown", "<MASK> unknown"),
        ("jan.k=40poczta.example is gone", "MASK is gone"),
        ("\"jan.k\"@poczta.example", "MASK"),
        ("mailbox jan.k: over quota", "mailbox MASK over quota"),
        ("jan.k&#64;poczta.example", "MASK"),
        ("user=jan.k over quota", "MASK over quota"),
        ("forwarded to other@else.example", "forwarded to MASK"),
        ("mx1.poczta.example said no", "(host) said no"),
        ("see https://support.poczta.example/x?u=jan.k", "see (link)"),
        ("see support.else.example/help", "see (link)"),
        ("blocked by list.else.example.", "blocked by (host)"),
        (
            "client [192.0.2.7] and 2001:db8::1 blocked",
            "client [(host)] and (host) blocked",
        ),
        (
            "452 4.2.2 quota exceeded, try e.g. later",
            "452 4.2.2 quota exceeded, try e.g. later",
        ),
        ("two\r\nlines\x1b[31m", "two lines [31m"),
    ] {
        assert_eq!(mask(text, &hidden()), want.replace("MASK", MASK), "{text}");
    }
    assert!(mask(&"x ".repeat(5_000), &hidden()).len() <= 400);
    assert!(!mask("po czta.example=poczta.example", &hidden()).contains("poczta.example"));
}

fn report(language: &str, diagnostic: &Diagnostic, about: &MessageSummary) -> Vec<u8> {
    report_of(Action::Failed, language, diagnostic, about)
}

fn report_of(
    action: Action,
    language: &str,
    diagnostic: &Diagnostic,
    about: &MessageSummary,
) -> Vec<u8> {
    let reporter = Reporter {
        hostname: Domain::parse("mx.allegromail.pl").unwrap(),
        domains: Arc::new(MaskedDomains::default()),
    };
    let to = Mailbox::parse("8awgqyk6a5+cub31c122@allegromail.pl").unwrap();
    let domain = Domain::parse("allegromail.pl").unwrap();
    compose(
        &reporter,
        &Report {
            id: QueueId(77),
            to: &to,
            domain: &domain,
            language,
            about,
            arrived: Timestamp(1_795_392_000_000),
            now: Timestamp(1_795_395_600_000),
            retries_until: Timestamp(1_795_824_000_000),
            diagnostic,
            action,
        },
    )
    .unwrap()
}

fn about() -> MessageSummary {
    MessageSummary {
        recipient: MASK.to_owned(),
        subject: "Pytanie o żółty rower".to_owned(),
        date: "Mon, 23 Nov 2026 10:00:00 +0100".to_owned(),
        message_id: "<1@poczta.example>".to_owned(),
        content_type: "text/plain;\r\n charset=\"iso-8859-2\"".to_owned(),
    }
}

#[test]
fn a_report_is_one_by_the_rfc_and_in_the_readers_language() {
    let remote = Diagnostic::remote(
        None,
        Reply::new(550, Some(EnhancedStatus::new(5, 1, 1)), "no such user"),
    );
    for (language, word) in [
        ("pl", "Odbiorca"),
        ("en", "Recipient"),
        ("cs", "Příjemce"),
        ("sk", "Príjemca"),
        ("hu", "Címzett"),
        ("de", "Recipient"),
    ] {
        let octets = report(language, &remote, &about());
        let parsed = MessageParser::new().parse(&octets).unwrap();
        let kind = parsed.content_type().unwrap();
        assert_eq!(
            (kind.ctype(), kind.subtype(), kind.attribute("report-type")),
            ("multipart", Some("report"), Some("delivery-status"))
        );
        assert_eq!(
            parsed.header_raw("Auto-Submitted").map(str::trim),
            Some("auto-replied")
        );
        let human = parsed.body_text(0).unwrap();
        for want in [
            word,
            MASK,
            "żółty rower",
            "Mon, 23 Nov 2026 10:00:00 +0100",
            "<1@poczta.example>",
            "no such user",
            "Recipient",
        ] {
            assert!(human.contains(want), "{language}: {want} in {human}");
        }
        let text = String::from_utf8_lossy(&octets);
        for want in [
            "Reporting-MTA: dns; mx.allegromail.pl",
            &format!("Final-Recipient: rfc822; {MASK}"),
            "Action: failed",
            "Status: 5.1.1",
            "Diagnostic-Code: smtp; 550 5.1.1 no such user",
        ] {
            assert!(text.contains(want), "{language}: {want} in {text}");
        }
        assert!(text.lines().all(|line| line.len() <= 998));
    }
}

#[test]
fn our_own_reasons_are_not_told_as_the_remote_servers() {
    let ours = Diagnostic::local(EnhancedStatus::EXPIRED_4_4_7, "no answer in five days");
    let text = String::from_utf8(report("en", &ours, &about())).unwrap();
    assert!(
        text.contains("X-Allegromail-Reason: no answer in five days")
            && !text.contains("Diagnostic-Code"),
        "{text}"
    );
}

#[test]
fn hostile_values_make_no_new_lines_or_fields() {
    let mut about = about();
    about.subject = "x\r\nBcc: evil@example.com\r\n\r\nbody".to_owned();
    about.message_id = "<1>\r\nX-Evil: 1".to_owned();
    let ours = Diagnostic::local(EnhancedStatus::FAILURE_5_0_0, "a\r\nX-Evil: 2");
    let text = String::from_utf8(report("pl", &ours, &about)).unwrap();
    assert!(
        !text
            .lines()
            .any(|line| line.starts_with("Bcc:") || line.starts_with("X-Evil")),
        "{text}"
    );
}

fn received(raw: &str) -> Message {
    Message::parse(raw.replace('\n', "\r\n").into()).unwrap()
}

/// What a message with a null sender is.
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

#[test]
fn h196_a_delay_that_another_server_told_is_told_as_that_servers() {
    let until = Timestamp(1_795_478_400_000);
    let delayed = Diagnostic {
        reported: Some(Reported {
            accepted: Timestamp(1_795_392_000_000),
            last_attempt: None,
            retry_until: Some(until),
        }),
        ..Diagnostic::local(EnhancedStatus::new(4, 4, 1), "x")
    };
    let told = |language: &str, diagnostic: &Diagnostic| {
        let octets = report_of(Action::Delayed, language, diagnostic, &about());
        let parsed = MessageParser::new().parse(&octets).unwrap();
        parsed.body_text(0).unwrap().into_owned()
    };
    for (language, ours, until_when) in [
        ("en", "we keep trying", "It tries until: "),
        ("pl", "nadal próbujemy", "Próbuje do: "),
        ("cs", "zkoušíme to dál", "Zkouší to do: "),
        ("sk", "skúšame to ďalej", "Skúša to do: "),
        ("hu", "tovább próbálkozunk", "Eddig próbálja: "),
    ] {
        let text = told(language, &delayed);
        assert!(
            text.contains(&format!("{until_when}{}", until.to_rfc5322())),
            "{text}"
        );
        assert!(!text.contains(ours), "{text}");
        // Its honest twin: a delay of our own.
        let own = Diagnostic {
            reported: None,
            ..delayed.clone()
        };
        let text = told(language, &own);
        assert!(text.contains(ours) && !text.contains(until_when), "{text}");
    }
    let host = mask("delayed at mx1.poczta.example[192.0.2.7]: later", &hidden());
    assert_eq!(host, "delayed at (host): later");
}
