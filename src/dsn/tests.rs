//! Reports are read back by another parser, and name nobody.

use std::sync::Arc;

use mail_parser::{MessageParser, MimeHeaders};

use super::*;
use crate::mail::{Diagnostic, Domain, EnhancedStatus, Mailbox, QueueId, Reply, Timestamp};
use crate::masking::MaskedDomains;
use crate::spool::About;

const MASK: &str = "k2m9x0r7t3+cub31c122@allegromail.pl";

fn hidden() -> Hidden {
    Hidden {
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
        ("mx1.poczta.example said no", "MASK said no"),
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

fn report(language: &str, diagnostic: &Diagnostic, about: &About) -> Vec<u8> {
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
            action: Action::Failed,
        },
    )
    .unwrap()
}

fn about() -> About {
    About {
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

#[test]
fn what_is_no_report_is_not_read_as_one() {
    for head in [
        "From: Jan <jan@poczta.example>\r\nSubject: Automatic reply: Re: delayed parcel\r\n",
        "From: Jan <jan@poczta.example>\r\nAuto-Submitted: auto-replied\r\nSubject: undelivered parcel\r\n",
        "From: Jan <jan@poczta.example>\r\nSubject: Re: rower\r\n",
    ] {
        let letter = crate::message::Message::parse(format!("{head}\r\n550 x\r\n").into());
        assert_eq!(read(&letter.unwrap()), None, "{head}");
    }
    let letter = "From: MAILER-DAEMON@x.example\r\nAuto-Submitted: auto-replied\r\nSubject: Delayed Mail\r\n\r\n4.4.1 later\r\n";
    let letter = crate::message::Message::parse(letter.to_owned().into()).unwrap();
    let report = read(&letter).unwrap();
    assert_eq!(report.action, Some(Action::Delayed));
    assert_eq!(report.status, EnhancedStatus::new(4, 4, 1));
}
