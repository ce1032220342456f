//! What leaves names nobody: fields by allowlist, addresses masked, bodies untouched.

use super::*;
use crate::mail::{Domain, Mailbox, Timestamp, TraceId};
use crate::masking::{MaskedDomain, MaskedDomains};
use crate::message::Message;
use crate::policy::Reason;

fn domains() -> MaskedDomains {
    let domain = |text: &str| Domain::parse(text).unwrap();
    MaskedDomains::new(vec![MaskedDomain {
        name: domain("allegromail.pl"),
        marketplaces: vec!["allegro-pl".into()],
        aliases: vec![domain("user.allegrogroup.pl")],
    }])
}

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

fn trace() -> Trace {
    Trace {
        host: Domain::parse("mx.allegromail.pl").unwrap(),
        id: TraceId::new(7, 1),
        at: Timestamp(1_795_392_000_000),
    }
}

fn rewrite(raw: &str) -> Result<String, RewriteError> {
    let message = Message::parse(bytes::Bytes::from(raw.to_owned())).unwrap();
    let domains = domains();
    let plan = ParticipantPlan {
        from: mailbox("8awgqyk6a5+cub31c122@allegromail.pl"),
        from_name: Some("jan_kowalski".to_owned()),
        writer_addresses: &[mailbox("jan@poczta.example")],
        to: mailbox("k2m9x0r7t3+cub31c122@allegromail.pl"),
        threading: Threading {
            message_id: "7-1.1@allegromail.pl".to_owned(),
            ..Threading::default()
        },
        domains: &domains,
        trace: trace(),
        options: Options::default(),
    };
    participant(&message, &plan).map(|out| String::from_utf8_lossy(&out).into_owned())
}

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
fn bodies_keep_their_bytes() {
    for body in [
        "",
        "x",
        "\r\n",
        ".\r\n..\r\n",
        "a\r\n\r\n\r\n",
        "From me\r\n",
        "an@poczta.example, bojan@poczta.example, jan@poczta.example.com\r\n",
    ] {
        let out = rewrite(&format!("From: jan@poczta.example\r\n\r\n{body}")).unwrap();
        assert_eq!(out.split_once("\r\n\r\n").unwrap().1, body, "{body:?}");
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

fn courier_trace() -> CourierTrace {
    CourierTrace {
        protocol: "ESMTP",
        client: "192.0.2.1".parse().unwrap(),
        helo: "mx.dhl.com\r\nEvil: x".to_owned(),
        result: Some("spf=pass smtp.mailfrom=dhl.com".to_owned()),
        trace: trace(),
    }
}

const TRACE_FIELDS: &str = "Authentication-Results: mx.allegromail.pl;\r\n spf=pass smtp.mailfrom=dhl.com\r\n\
    Received: from mx.dhl.comEvil:x ([192.0.2.1])\r\n by mx.allegromail.pl with ESMTP id 7-1;\r\n Mon, 23 Nov 2026 00:00:00 +0000\r\n";

#[test]
fn couriers_mail_keeps_every_byte() {
    let raw = b"From: x@dhl.com\r\nSubject:   odd  \r\nAuthentication-Results: other.example; dkim=pass\r\n\r\nbody without end \xff";
    let message = Message::parse(bytes::Bytes::from_static(raw)).unwrap();
    let out = courier(&message, &courier_trace());
    assert!(out.ends_with(raw));
    assert_eq!(&out[..out.len() - raw.len()], TRACE_FIELDS.as_bytes());
}

#[test]
fn results_that_claim_to_be_ours_go() {
    for forged in [
        "Authentication-Results: mx.allegromail.pl; dkim=pass",
        "authentication-results:MX.allegromail.PL 1; spf=pass",
        "Authentication-Results:\r\n (a comment)\r\n mx.allegromail.pl;\r\n dkim=pass",
    ] {
        let raw = format!("From: x@dhl.com\r\n{forged}\r\nSubject: x\r\n\r\nbody");
        let message = Message::parse(raw.into()).unwrap();
        let out = courier(&message, &courier_trace());
        let expected = format!("{TRACE_FIELDS}From: x@dhl.com\r\nSubject: x\r\n\r\nbody");
        assert_eq!(String::from_utf8_lossy(&out), expected, "{forged}");
    }
}

#[test]
fn a_courier_that_would_fail_elsewhere_writes_from_an_address_of_ours() {
    let raw = "DKIM-Signature: v=1; d=mailer.example; b=AA\r\nSubject:  odd\r\nFrom: DHL Paczka\r\n <x@dhl.com>\r\nX-Own: 1\r\n\r\nbody";
    let message = Message::parse(raw.into()).unwrap();
    let (from, shown) = (mailbox("x@dhl.com"), mailbox("c-abc@allegromail.pl"));
    let out = courier_as(
        &message,
        &courier_trace(),
        (&from, Some("DHL Paczka")),
        &shown,
    );
    let expected = format!(
        "{TRACE_FIELDS}From: \"DHL Paczka (x@dhl.com)\" <c-abc@allegromail.pl>\r\nReply-To: <x@dhl.com>\r\nSubject:  odd\r\nX-Own: 1\r\n\r\nbody"
    );
    assert_eq!(String::from_utf8_lossy(&out), expected);
    let own = Message::parse("From: x@dhl.com\r\nReply-To: y@dhl.com\r\n\r\n".into()).unwrap();
    let out = courier_as(&own, &courier_trace(), (&from, None), &shown);
    let text = String::from_utf8_lossy(&out).into_owned();
    assert!(
        text.contains("From: \"x@dhl.com\" <c-abc@allegromail.pl>\r\nReply-To: y@dhl.com\r\n"),
        "{text}"
    );
}

#[test]
fn the_gate_finds_addresses_in_any_dress() {
    let needles = [mailbox("jan@poczta.example")];
    for head in [
        "Subject: write to JAN@poczta.example",
        "Subject: =?utf-8?B?amFuQHBvY3p0YS5leGFtcGxl?=",
        "Subject: =?utf-8?Q?jan=40poczta.example?=",
        "Content-Type: application/pdf; name*=utf-8''jan%40poczta.example.pdf",
        "Content-Type: application/pdf;\r\n name*0=\"jan@poc\";\r\n name*1=\"zta.example.pdf\"",
    ] {
        assert!(
            check(format!("{head}\r\n\r\nx").as_bytes(), &needles).is_err(),
            "{head}"
        );
    }
    assert!(
        check(
            b"Subject: ewa@poczta.example\r\n\r\nbojan@poczta.example",
            &needles
        )
        .is_ok()
    );
}

#[test]
fn the_gate_knows_a_domain_with_accents_however_its_letters_are_written() {
    let addresses = [mailbox("jan@xn--w-uga1v8h.example")];
    let domains = [Domain::parse("łódź.example").unwrap()];
    let needles = Needles {
        addresses: &addresses,
        domains: &domains,
    };
    for text in [
        "jan@żółw.example",
        "jan@z\u{307}o\u{301}łw.example",
        "JAN@Z\u{307}O\u{301}ŁW.EXAMPLE",
        "jan@xn--w-uga1v8h.example",
        // Mixed, which nothing but a person does.
        "jan@z\u{307}ółw.example",
        "jan@żo\u{301}łw.example",
        "jan@z\u{200b}\u{307}ółw.example",
        "jan@z&#x307;o&#769;łw.example",
        "jan@z%CC%87o%CC%81%C5%82w.example",
        "jan@z=CC=87o=CC=81=C5=82w.example",
        "amFuQHrMh2_Mgc-Cdy5leGFtcGxl amFuQHrMh2/MgcWCdy5leGFtcGxl",
        "www.łódź.example",
        "www.ło\u{301}dz\u{301}.example",
        "www.łódz\u{301}.example",
    ] {
        let message = format!("From: a@b.example\r\n\r\nnapisz na {text}, proszę\r\n");
        assert!(check(message.as_bytes(), needles).is_err(), "{text}");
    }
    for text in [
        "jan@żołw.example",
        "jan@z\u{307}ołw.example",
        "bojan@z\u{307}o\u{301}łw.example",
        "łodz\u{301}.example",
        "\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    ] {
        let message = format!("From: a@b.example\r\n\r\nnapisz na {text}, proszę\r\n");
        assert_eq!(check(message.as_bytes(), needles), Ok(()), "{text}");
    }
    // Three marks of one letter, in whatever order.
    let addresses = [mailbox("jan@\u{1ec7}\u{331}.example")];
    for text in [
        "\u{1ec7}\u{331}",
        "e\u{302}\u{323}\u{331}",
        "\u{ea}\u{323}\u{331}",
    ] {
        let message = format!("From: a@b.example\r\n\r\njan@{text}.example\r\n");
        assert!(check(message.as_bytes(), &addresses).is_err(), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let part = |kind: &str| {
        format!(
            "From: jan@poczta.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: {kind}\r\n\r\nx\r\n--b--\r\n"
        )
    };
    for kind in [
        "multipart/encrypted; boundary=c",
        "application/pkcs7-mime; name=smime.p7m",
        "application/ms-tnef",
        "application/octet-stream; name=WINMAIL.DAT",
        "message/external-body",
        "text/plain; charset=utf-7",
    ] {
        let error = rewrite(&part(kind)).unwrap_err();
        assert_eq!(error.reason(), Reason::WouldLeak, "{kind}");
        assert!(error.to_string().contains("part 1"), "{error}");
    }
}

#[test]
fn signatures_and_keys_go_and_their_text_stays() {
    let signed = "From: jan@poczta.example\r\nContent-Type: multipart/signed; micalg=pgp-sha256; boundary=b\r\n\r\n\
                  --b\r\n\r\nDzie\u{144} dobry\r\n--b\r\nContent-Type: application/pgp-signature; name=\"signature.asc\"\r\n\r\n-----BEGIN\r\n--b--\r\n";
    let out = rewrite(signed).unwrap();
    // It said nothing of its charset.
    let want = "--=_7-1_0_0\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDzie=C5=84 dobry\r\n\
                --=_7-1_0_0\r\nContent-Type: text/plain\r\n\r\n\r\n--=_7-1_0_0--\r\n";
    assert!(
        out.contains("Content-Type: multipart/mixed;\r\n boundary=\"=_7-1_0_0\"\r\n"),
        "{out}"
    );
    assert!(out.ends_with(want), "{out}");
    let inline = "From: jan@poczta.example\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nTekst\r\n\
                  -----BEGIN PGP SIGNATURE-----\r\n\r\nabc\r\n-----END PGP SIGNATURE-----\r\nkoniec\r\n";
    assert!(
        rewrite(inline)
            .unwrap()
            .ends_with("\r\n\r\nTekst\r\nkoniec\r\n")
    );
}

#[test]
fn a_signature_goes_whatever_it_calls_itself_and_a_key_in_any_charset() {
    let odd = "From: jan@poczta.example\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n\
               --b\r\n\r\nTekst\r\n--b\r\nContent-Type: application/x-own\r\n\r\nJan Kowalski\r\n--b--\r\n";
    let out = rewrite(odd).unwrap();
    assert!(out.contains("Tekst") && !out.contains("Kowalski"), "{out}");
    let key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\nabc\r\n-----END PGP PUBLIC KEY BLOCK-----\r\nkoniec\r\n";
    let wide: Vec<u8> = key.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide = data_encoding::BASE64.encode(&[&[0xff, 0xfe], wide.as_slice()].concat());
    let raw = format!(
        "From: jan@poczta.example\r\nContent-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n{wide}\r\n"
    );
    let out = rewrite(&raw).unwrap();
    let content = out.split_once("\r\n\r\n").unwrap().1.replace("\r\n", "");
    let content = data_encoding::BASE64.decode(content.as_bytes()).unwrap();
    let content = String::from_utf8(content).unwrap();
    assert!(
        content.trim_start_matches('\u{feff}') == "koniec\r\n",
        "{content}"
    );
    assert!(
        out.contains("charset=\"utf-8\"") || out.contains("charset=utf-8"),
        "{out}"
    );
}

#[test]
fn of_two_fields_that_say_what_a_part_is_the_one_stays_that_it_was_judged_by() {
    for (field, want) in [
        (
            "Content-Type: x\r\nContent-Type: image/png",
            "Content-Type: image/png\r\n\r\n",
        ),
        (
            "Content-Type: text/html\r\nContent-Type: image/png",
            "Content-Type: text/html\r\n\r\n",
        ),
        (
            "Content-Transfer-Encoding:\r\nContent-Transfer-Encoding: base64",
            "\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        ),
    ] {
        let raw = format!(
            "From: jan@poczta.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{field}\r\n\r\nYWFh\r\n--b--\r\n"
        );
        let out = rewrite(&raw).unwrap();
        let part = out.split_once("--=_7-1_0_0\r\n").unwrap().1;
        assert!(
            format!("\r\n{part}").starts_with(&format!("\r\n{}", want.trim_start())),
            "{part}"
        );
    }
}

#[test]
fn only_the_part_that_shows_the_writer_changes() {
    let raw = "From: jan@poczta.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\
               Content-Type: text/plain; charset=iso-8859-2\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
               Za=BF=F3=B3=E6 jan=\r\n@poczta.example\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>a  =b</p> \r\n\r\n--b\r\n\
               Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBO\r\nRw0K==\r\n--b--\r\nepilogue\r\n";
    let out = rewrite(raw).unwrap();
    let want = raw.replace(
        "jan=\r\n@poczta.example",
        "8awgqyk6a5+cub31c122@allegromail.pl",
    );
    let want = want.replace("--b", "--=_7-1_0_0");
    let body = |text: &str| text.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_eq!(body(&out), body(&want));
}

#[test]
fn what_looks_like_base64_hides_nothing_from_the_gate() {
    let addresses = [Mailbox::parse("jan@poczta.example").unwrap()];
    let domains = [Domain::parse("kot.pl").unwrap()];
    let needles = Needles {
        addresses: &addresses,
        domains: &domains,
    };
    let escaped: String = "jan@poczta.example      "
        .bytes()
        .map(|octet| format!("={octet:02X}"))
        .collect();
    let pad = "A".repeat(70);
    let lines = format!("{pad}\r\n").repeat(9);
    for body in [
        format!("YWFh\r\n{escaped}\r\nYWFh\r\n"),
        format!("{lines}{escaped}\r\n{lines}"),
        format!("YWFh\r\n{pad}/jan+\r\nx\r\n@poczta.example\r\n"),
        format!("{lines}{pad}/ja\r\nn\r\n@poczta.example\r\n"),
        format!("jan@poczta.\r\nexam\r\nple/{pad}\r\n{lines}"),
        "\u{212a}ot.pl".to_owned(),
        "K\u{ad}OT.pl".to_owned(),
    ] {
        let message = format!("From: a@b.example\r\n\r\n{body}");
        assert!(check(message.as_bytes(), needles).is_err(), "{body}");
    }
    let picture = format!("From: a@b.example\r\n\r\n{lines}{lines}AA==\r\n");
    assert_eq!(check(picture.as_bytes(), needles), Ok(()));
}

#[test]
fn h191_a_tag_or_a_comment_within_an_address_is_no_matter_however_long() {
    let long = format!(
        "jan<span title=\"{}\"></span>@poczta.example",
        "x".repeat(600)
    );
    let comment = format!("jan<!--{}-->@poczta.example", "x".repeat(5_000));
    let within_tag = format!("jan+al<!--{}-->legro@poczta.example", "x".repeat(5_000));
    for body in [&long, &comment, &within_tag] {
        for kind in ["text/html", "text/plain"] {
            let raw = format!("From: jan@poczta.example\r\nContent-Type: {kind}\r\n\r\n{body}\r\n");
            let out = rewrite(&raw).unwrap();
            let (_, written) = out.split_once("\r\n\r\n").unwrap();
            assert!(
                written.contains("8awgqyk6a5+cub31c122@allegromail.pl"),
                "{out}"
            );
            assert_eq!(
                check(out.as_bytes(), &[mailbox("jan@poczta.example")]),
                Ok(())
            );
        }
    }
}
