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
