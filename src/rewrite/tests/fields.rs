//! The header section of a message between participants.

use super::*;

#[test]
fn a_message_leaves_masked() {
    let raw = "Received: from laptop.poczta.example ([198.51.100.7]) by mx.poczta.example; Mon, 23 Nov 2026 10:00:00 +0100\r\n\
               DKIM-Signature: v=1; d=poczta.example; s=x; b=abc\r\n\
               From: Jan <jan@poczta.example>\r\nTo: Sklep <K2M9X0R7T3+cub31c122@user.allegrogroup.pl>, ktos@inny.example\r\n\
               Cc: jan@poczta.example, zzzzzzzzzz@allegromail.pl\r\nBcc: tajny@poczta.example\r\nReply-To: jan@poczta.example\r\n\
               Subject: =?utf-8?Q?Za=C5=BC=C3=B3=C5=82=C4=87?=\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n\
               Message-ID: <1@poczta.example>\r\nReferences: <0@poczta.example>\r\nX-Mailer: poczta.example\r\n\
               MIME-Version: 1.0\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n\r\nDzie\u{144} dobry!\r\n";
    let want = "Received: by mx.allegromail.pl with ESMTP id 7-1;\r\n Mon, 23 Nov 2026 00:00:00 +0000\r\n\
                From: jan_kowalski <8awgqyk6a5+cub31c122@allegromail.pl>\r\nTo: <k2m9x0r7t3+cub31c122@allegromail.pl>\r\n\
                Cc: <zzzzzzzzzz@allegromail.pl>\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <7-1.1@allegromail.pl>\r\n\
                Subject: =?utf-8?B?WmHFvMOzxYLEhw==?=\r\nContent-Type: text/plain;\r\n charset=utf-8\r\nMIME-Version: 1.0\r\n\r\nDzie\u{144} dobry!\r\n";
    assert_eq!(rewrite(raw).unwrap(), want);
}

#[test]
fn no_junk_field_shows_the_writer() {
    let junk = [
        "Sender",
        "Resent-From",
        "Return-Path",
        "Errors-To",
        "Disposition-Notification-To",
        "List-Unsubscribe",
        "X-Original-To",
        "Delivered-To",
        "Thread-Index",
        "Autocrypt",
        "Authentication-Results",
        "ARC-Seal",
        "X-Originating-IP",
        "Content-ID",
        "Content-Location",
        "In-Reply-To",
        "Keywords",
        "Comments",
        "Organization",
        "User-Agent",
        "Received-SPF",
    ];
    for name in junk {
        let raw = format!(
            "From: jan@poczta.example\r\n{name}: <jan@poczta.example> host.poczta.example 198.51.100.7\r\n\r\nx\r\n"
        );
        let out = rewrite(&raw).unwrap();
        for needle in ["poczta.example", "198.51.100.7"] {
            assert!(!out.contains(needle), "{name}: {out}");
        }
    }
}

#[test]
fn fields_that_would_be_read_in_two_ways_are_refused() {
    let twice =
        "From: jan@poczta.example\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n\r\nx";
    assert!(rewrite(twice).is_err());
    let subjects =
        rewrite("From: jan@poczta.example\r\nSubject: one\r\nSubject: two\r\n\r\nx").unwrap();
    assert!(subjects.contains("Subject: one\r\n") && !subjects.contains("two"));
}

#[test]
fn automatic_mail_says_so() {
    let out =
        rewrite("From: jan@poczta.example\r\nAuto-Submitted: auto-replied (vacation)\r\n\r\nx")
            .unwrap();
    assert!(
        out.contains("Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\n"),
        "{out}"
    );
    let out = rewrite("From: jan@poczta.example\r\nPrecedence: bulk\r\n\r\nx").unwrap();
    assert!(out.contains("Auto-Submitted: auto-generated\r\n"), "{out}");
}

#[test]
fn a_missing_date_is_ours() {
    for raw in [
        "From: jan@poczta.example\r\n\r\nx",
        "From: jan@poczta.example\r\nDate: yesterday\r\n\r\nx",
    ] {
        assert!(
            rewrite(raw)
                .unwrap()
                .contains("Date: Mon, 23 Nov 2026 00:00:00 +0000\r\n"),
            "{raw}"
        );
    }
}
