//! Texts, and what calls itself one.

use super::samples::*;
use super::{Judgement, Part, judged};

/// Texts that pass, and what is in reports.
fn honest() -> Vec<(Part, bool)> {
    let hello = || "Dzień dobry\r\n".as_bytes().to_vec();
    let html = || b"<html><body>x</body></html>".to_vec();
    let wide = || b"\xff\xfea\0b\0".to_vec();
    vec![
        ((&[], "text/plain", hello()), false),
        ((&[], "", hello()), false),
        ((&["a.txt"], "text/plain", hello()), false),
        ((&["dane.csv"], "text/plain", hello()), false),
        ((&["notatka 12.2026"], "text/plain", hello()), false),
        ((&["ATT00001.txt"], "text/plain", vec![]), false),
        ((&["ATT00001.htm"], "text/html", html()), false),
        ((&[], "text/html", html()), false),
        ((&[], "text/plain", html()), false),
        ((&[], "text/plain", b"MZ to moje inicjaly".to_vec()), false),
        ((&[], "text/plain", b"BMW na sprzedaz\0".to_vec()), false),
        ((&[], "text/plain", b"PK 12345678".to_vec()), false),
        ((&[], "text/plain", b"#!/bin/sh\n".to_vec()), false),
        ((&[], "text/plain", b"GIF89a to format".to_vec()), false),
        (
            (&[], "text/plain", b"Plik %PDF-1.4 nie dziala".to_vec()),
            false,
        ),
        ((&[], "text/plain", b"{\\rtf1 x}".to_vec()), false),
        ((&[], "text/plain", wide()), false),
        (
            (
                &[],
                "text/plain",
                b"-----BEGIN PGP SIGNED MESSAGE-----\n".to_vec(),
            ),
            false,
        ),
        (
            (
                &["invite.ics"],
                "text/calendar",
                b"BEGIN:VCALENDAR\r\n".to_vec(),
            ),
            false,
        ),
        ((&[], "text/x-amp-html", html()), false),
        (
            (
                &["Oferta.eml"],
                "message/rfc822",
                b"From: a@b.pl\r\nTo: c@d.pl\r\nSubject: x\r\n\r\n".to_vec(),
            ),
            false,
        ),
        ((&["x.zip"], "multipart/mixed", vec![]), false),
        (
            (
                &[],
                "message/delivery-status",
                b"Reporting-MTA: dns; a\r\n".to_vec(),
            ),
            true,
        ),
        (
            (
                &["details.txt"],
                "message/delivery-status",
                b"Reporting-MTA: dns; a\r\n".to_vec(),
            ),
            true,
        ),
        (
            (
                &[],
                "text/rfc822-headers",
                b"From: a@b.pl\r\nTo: c@d.pl\r\nDate: x\r\n".to_vec(),
            ),
            true,
        ),
        (
            (
                &[],
                "message/feedback-report",
                b"Feedback-Type: abuse\r\n".to_vec(),
            ),
            true,
        ),
    ]
}

/// Under the type of a text.
pub(super) fn dishonest() -> Vec<(Part, &'static str)> {
    let hello = || b"hello\r\n".to_vec();
    vec![
        (
            (
                &["klucz.asc"],
                "text/plain",
                b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n".to_vec(),
            ),
            "\"klucz.asc\" is a PGP key; attach",
        ),
        (
            (&["umowa.doc"], "text/plain", hello()),
            "a text under the name of a document of an office program",
        ),
        (
            (&[], "text/plain", ole("__substg1.0_001A001E")),
            "an Outlook message (MSG) declared as text/plain",
        ),
        (
            (&["a.exe"], "text/plain", hello()),
            "\"a.exe\" is a text under the name of a Windows program",
        ),
        (
            (&["a.js"], "text/plain", hello()),
            "a text under the name of a JavaScript program",
        ),
        (
            (&["a.html"], "text/plain", html()),
            "an HTML page declared as text/plain",
        ),
        (
            (&["a.svg"], "text/plain", svg()),
            "an SVG drawing declared as text/plain",
        ),
        (
            (&["a.svg"], "text/html", svg()),
            "an SVG drawing declared as text/html",
        ),
        (
            (&["a.pdf"], "text/html", html()),
            "an HTML page under the name of a PDF document",
        ),
        (
            (&["a.txt"], "text/plain", exe()),
            "\"a.txt\" is a Windows program declared as text/plain",
        ),
        (
            (&[], "text/plain", zip()),
            "a ZIP archive declared as text/plain",
        ),
        (
            (&[], "text/html", jpeg()),
            "a JPEG picture declared as text/html",
        ),
        (
            (&["invite.ics"], "text/calendar", pdf()),
            "a PDF document declared as text/calendar",
        ),
        (
            (&["a.txt", "a.hta"], "text/plain", hello()),
            "\"a.txt\" carries a second name, \"a.hta\"",
        ),
        (
            (&["a.eml"], "message/rfc822", zip()),
            "a ZIP archive declared as message/rfc822",
        ),
        (
            (&["a.bat"], "message/rfc822", hello()),
            "under the name of a Windows batch file",
        ),
        (
            (&["a\u{202e}txt.exe"], "text/plain", hello()),
            "turns the order of its letters",
        ),
        (
            (&[], "text/plain", tnef()),
            "a winmail.dat of Outlook (TNEF)",
        ),
        (
            (&[], "text/plain", gzip()),
            "an archive (GZ) declared as text/plain",
        ),
    ]
}

#[test]
fn texts_go_on_as_texts() {
    let mut wrong = Vec::new();
    for (part, in_report) in honest() {
        let judgement = judged(&part, in_report);
        if judgement != Judgement::Text {
            wrong.push(format!("{:?} {}: {judgement:?}", part.0, part.1));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_report_hides_no_program() {
    for (names, essence, octets) in [
        (&["a.exe"][..], "application/octet-stream", exe()),
        (&["a.js"], "message/delivery-status", b"alert(1)".to_vec()),
        (&["a.pdf"], "text/rfc822-headers", zip()),
    ] {
        let names: &'static [&'static str] = Box::leak(names.to_vec().into_boxed_slice());
        let judgement = judged(&(names, essence, octets), true);
        assert!(matches!(judgement, Judgement::Refused(_)), "{judgement:?}");
    }
}
