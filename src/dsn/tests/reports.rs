//! Reports of our own.

use super::*;

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
            "23 November 2026, 10:00 (UTC+1)",
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
            text.contains(until_when) && text.contains("01:00 (UTC+1)"),
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

#[test]
fn writing_again_is_advised_only_where_it_may_help() {
    for (status, again) in [
        ((5, 1, 1), false),
        ((5, 1, 2), false),
        ((5, 2, 1), false),
        ((5, 3, 4), false),
        ((5, 7, 1), false),
        ((5, 2, 2), true),
        ((4, 1, 1), true),
        ((4, 4, 7), true),
        ((5, 0, 0), true),
    ] {
        let (class, subject, detail) = status;
        let ours = Diagnostic::local(EnhancedStatus::new(class, subject, detail), "x");
        for (language, advice) in [
            ("en", "You can write again"),
            ("pl", "Możesz napisać ponownie"),
            ("cs", "Můžete napsat znovu"),
            ("sk", "Môžete napísať znova"),
            ("hu", "Írhat újra"),
        ] {
            let octets = report(language, &ours, &about());
            let parsed = MessageParser::new().parse(&octets).unwrap();
            let human = parsed.body_text(0).unwrap();
            assert_eq!(human.contains(advice), again, "{status:?}: {human}");
            assert_eq!(
                human.contains("It will not help to send the same message again"),
                !again,
                "{human}"
            );
        }
    }
}

#[test]
fn a_server_that_asks_to_come_later_has_not_refused() {
    let later = Diagnostic::remote(
        None,
        Reply::new(451, Some(EnhancedStatus::new(4, 7, 1)), "greylisted"),
    );
    for (language, refused, name) in [
        ("en", "refused", "Reason: "),
        ("pl", "odmówił", "Powód: "),
        ("cs", "odmítl", "Důvod: "),
        ("sk", "odmietol", "Dôvod: "),
        ("hu", "elutasította", "A hiba oka: "),
    ] {
        let octets = report_of(Action::Delayed, language, &later, &about());
        let parsed = MessageParser::new().parse(&octets).unwrap();
        let human = parsed.body_text(0).unwrap();
        assert!(
            human.contains(name) && !human.contains(refused),
            "{language}: {human}"
        );
    }
}
