//! The quick look against the whole search.

use super::*;

#[test]
fn the_quick_look_passes_over_no_text_that_holds_a_needle() {
    let address = Mailbox::parse("jan@poczta.example").unwrap();
    let other = Mailbox::parse("anna@żółw.example").unwrap();
    let mut masker = Masker::new(&[address, other], "mask@allegromail.pl");
    masker.add_domain(&Domain::parse("poczta.example").unwrap(), "hidden.invalid");
    masker.add_id("part1/image", "id");
    let pieces = [
        "jan",
        "JAN",
        "+tag",
        "@",
        "&#64;",
        "&amp;#x40;",
        "%40",
        "%2540",
        "=40",
        "\\u0040",
        "\\@",
        "＠",
        "poczta",
        "POCZTA",
        "p&#111;czta",
        ".",
        "&period;",
        "example",
        "e%78ample",
        "EXAMPLE",
        "ｅxample",
        "<b>",
        "<!-- x -->",
        "\r\n> ",
        "=\r\n",
        "\u{ad}",
        "&shy;",
        "anna",
        "żółw",
        "ŻÓŁW",
        "z\u{307}o\u{301}łw",
        "Z\u{307}O\u{301}ŁW",
        "cid:",
        "part1",
        "/image",
        " ",
        "x",
        "-",
    ];
    let mut state = 7_u64;
    let mut held = 0;
    for _ in 0..120_000 {
        let mut text = String::new();
        for _ in 0..7 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(state >> 33).unwrap() % pieces.len();
            text.push_str(pieces[at]);
        }
        if masker.search(text.as_bytes(), 0).is_some() {
            held += 1;
            assert!(masker.tails.may_stand_in(text.as_bytes()), "{text}");
        }
    }
    assert!(held > 100, "{held}");
}

#[test]
fn a_domain_with_accents_is_one_domain_however_its_letters_are_written() {
    let registered = Mailbox::parse("jan@xn--w-uga1v8h.example").unwrap();
    assert_eq!(registered, Mailbox::parse("jan@żółw.example").unwrap());
    // A letter of its own on both sides of the needle, and one that needs it.
    let local = Mailbox::parse("zażółć@poczta.example").unwrap();
    let mut masker = Masker::new(&[registered, local], "mask@allegromail.pl");
    masker.add_domain(&Domain::parse("łódź.example").unwrap(), "hidden.invalid");
    for text in [
        "jan@żółw.example",
        "jan@z\u{307}o\u{301}łw.example",
        "JAN@Z\u{307}O\u{301}ŁW.EXAMPLE",
        "jan@xn--w-uga1v8h.example",
        "jan@z&#x307;o&#769;łw.example",
        "jan@z%CC%87o%CC%81%C5%82w.example",
        "jan@z=CC=87o=CC=81=C5=82w.example",
        "jan@z<b>\u{307}o</b>\u{301}łw.example",
        "zażółć@poczta.example",
        "zaz\u{307}o\u{301}łc\u{301}@poczta.example",
    ] {
        let masked = masker.mask_text(&format!("napisz na {text}, proszę"));
        let shown = masked.replace("%40", "@");
        assert_eq!(shown, "napisz na mask@allegromail.pl, proszę", "{text}");
    }
    for text in ["www.łódź.example", "www.ło\u{301}dz\u{301}.example"] {
        assert_eq!(masker.mask_text(text), "www.hidden.invalid", "{text}");
    }
    // Another name with other accents stays.
    for text in ["jan@żołw.example", "jan@z\u{307}ołw.example"] {
        assert_eq!(masker.mask_text(text), text);
    }
    assert!(masker.is_private("<1@z\u{307}o\u{301}łw.example>"));
    assert!(!masker.is_private("<1@inny.example>"));
    masker.be_wary();
    assert!(masker.is_private("<1@inny.example>") && !masker.is_private("<1@inny>"));
}

/// What of a text is an address of the writer's, and what is somebody else's: by the masker, and by the gate.
#[test]
fn h188_an_address_begins_and_ends_where_a_reader_would_take_it() {
    use crate::rewrite::check;
    let own = [
        "biuro@rowery.test",
        "jan@poczta.example",
        "ola@wp.pl",
        "jan.kowalski@gmail.com",
    ]
    .map(|text| Mailbox::parse(text).unwrap());
    let masker = Masker::new(&own, "mask@allegromail.pl");
    for text in [
        "biuro@rowery.test600100200",
        "biuro@rowery.test-pisz",
        "biuro@rowery.testtel",
        "_biuro@rowery.test_",
        "*biuro@rowery.test*",
        "mail-biuro@rowery.test",
        "biuro@rowery.test-Sklep",
        "faktura-biuro@rowery.test.pdf",
        "...biuro@rowery.test...",
        "tel..biuro@rowery.test",
        "600100200biuro@rowery.test",
        "biuro+x@rowery.test",
        "biuro @ rowery.test",
        "biuro(sklep)@(firma)rowery.test",
        "biuro@imap.rowery.test",
        "https://x.pl/?u=biuro@imap.rowery.test&v",
        "_ola@wp.pl_",
        "bounce-17-ola=wp.pl@list.pl",
        "jankowalski@gmail.com",
        "j.a.n.kowalski+sklep@googlemail.com",
        "mail-jankowalski@gmail.com",
        "SRS0=x7Yb=QZ=gmail.com=jankowalski@list.pl",
        "list+biuro=rowery.test@list.pl",
        "jankowalski=gmail.com",
    ] {
        let message = format!("From: a@b.pl\r\n\r\n{text}\r\n");
        assert!(check(message.as_bytes(), &own).is_err(), "{text}");
        let masked = masker.mask_text(&message);
        assert!(masked.contains("mask@allegromail.pl"), "{text}");
        assert_eq!(check(masked.as_bytes(), &own), Ok(()), "{masked}");
    }
    // A sentence begins behind it, though `to` is a top-level domain; views of the gate have no capitals.
    let sentence = masker.mask_text("biuro@rowery.test.To jest adres");
    assert_eq!(sentence, "mask@allegromail.pl.To jest adres");
    for text in [
        "biuro@rowery.test.pl",
        "BIURO@ROWERY.TEST.PL",
        "mojebiuro@rowery.test",
        "moje.biuro@rowery.test",
        "x+biuro@rowery.test",
        "7ola@wp.pl",
        "anna-ola@wp.pl",
        "ola@wp.plus",
        "anna.jankowalski@gmail.com",
        "kowalski@gmail.com",
        "biuro@rowery.test2.pl",
        "b=rowery.test",
        "https://x.pl/?biuro=rowery.test&jan=poczta.example",
        "x?ref=a.b.c",
        "jankowalski = gmail.com",
        "biuro @rowery, test",
    ] {
        let message = format!("From: a@b.pl\r\n\r\n{text}\r\n");
        assert_eq!(masker.mask_text(text), text);
        assert_eq!(check(message.as_bytes(), &own), Ok(()), "{text}");
    }
}

/// An address at a host below its domain: of however many labels, and whatever stands in them.
#[test]
fn a_host_hides_no_address_and_makes_none_of_two_names() {
    use crate::rewrite::check;
    let own = [Mailbox::parse("biuro@rowery.test").unwrap()];
    let masker = Masker::new(&own, "mask@allegromail.pl");
    for text in [
        "biuro@a.b.c.d.e.f.g.rowery.test",
        "biuro@imap%2Erowery.test",
        "biuro@im%61p.rowery.test",
        "biuro@imap&#46;rowery.test",
        "biuro@im<b></b>ap.rowery.test",
        "biuro@imap.<b></b>rowery.test",
        "biuro@imap<!-- x -->.rowery.test",
        "biuro@im\r\n ap.rowery.test",
        "biuro@im \r\nap.rowery.test",
        "biuro@im=\r\nap.rowery.test",
        "biuro@im\u{ad}ap.rowery.test",
        "biuro@dział.rowery.test",
        "biuro@łódz\u{301}.rowery.test",
        "biuro@_dmarc.rowery.test",
        "list+biuro=imap.rowery.test@list.pl",
        "SRS0=x7Yb=QZ=imap.rowery.test=biuro@list.pl",
    ] {
        let message = format!("From: a@b.pl\r\n\r\n{text}\r\n");
        assert!(check(message.as_bytes(), &own).is_err(), "{text}");
        let masked = masker.mask_text(&message);
        assert!(
            masked
                .replace("%2B", "+")
                .replace("%40", "@")
                .contains("mask@allegromail.pl"),
            "{text}"
        );
        assert_eq!(check(masked.as_bytes(), &own), Ok(()), "{masked}");
    }
    for text in [
        "biuro@firma.pl\r\nwww.rowery.test",
        "biuro@firma.pl \r\nwww.rowery.test",
        "biuro@firma.pl\r\n www.rowery.test",
        "biuro@firma.pl, www.rowery.test",
        "biuro@firma.pl<br>www.rowery.test",
        "biuro@firma.pl<b>www.rowery.test</b>",
        "biuro@firma.pl&nbsp;www.rowery.test",
        "\u{201e}biuro@firma\u{201d}www.rowery.test",
        "biuro@firma/www.rowery.test",
        "biuro@firma\r\nwww.rowery.test",
        "biuro@..rowery.test",
        "biuro@imap.rowery.test.pl",
        "list+biuro=imap.rowery.test/x",
    ] {
        let message = format!("From: a@b.pl\r\n\r\n{text}\r\n");
        assert_eq!(masker.mask_text(text), text);
        assert_eq!(check(message.as_bytes(), &own), Ok(()), "{text}");
    }
}

#[test]
fn h186_the_gate_reads_letters_of_two_octets() {
    use crate::rewrite::check;
    let own = [Mailbox::parse("jan@poczta.example").unwrap()];
    for text in ["ⓙⓐⓝ@ⓟⓞⓒⓩⓣⓐ.ⓔⓧⓐⓜⓟⓛⓔ", "ｊａｎ＠ｐｏｃｚｔａ．ｅｘａｍｐｌｅ"]
    {
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let coded = data_encoding::BASE64.encode(&wide);
        let message = format!(
            "From: a@b.pl\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\n{coded}\r\n"
        );
        assert!(check(message.as_bytes(), &own).is_err(), "{text}");
    }
}
