//! The quick look against the whole search.

use super::*;

#[test]
fn the_quick_look_passes_over_no_text_that_holds_a_needle() {
    let address = Mailbox::parse("jan@poczta.example").unwrap();
    let other = Mailbox::parse("anna@żółw.example").unwrap();
    let mut masker = Masker::new(&[address, other], "mask@allegromail.pl");
    masker.add_domain(&Domain::parse("poczta.example").unwrap(), "hidden.invalid");
    masker.add(b"part1/image", "id", Kind::Id);
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
        "part1",
        "/image",
        " ",
        "x",
        "-",
    ];
    let mut state = 7_u64;
    let mut held = 0;
    for _ in 0..40_000 {
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
