//! Tests of GIF by tables.

use super::super::*;
use super::{Cases, gif};

#[test]
fn of_a_gif_stays_what_is_needed() {
    let control: &[u8] = b"\x21\xF9\x04\x01\x0A\0\0\0";
    let netscape: &[u8] = b"\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0";
    let animexts: &[u8] = b"\x21\xFF\x0BANIMEXTS1.0\x03\x01\0\0\0";
    let profile: &[u8] = b"\x21\xFF\x0BICCRGBG1012\x03abc\x02de\0";
    let cases: Cases<'_, &[u8]> = vec![
        ("nothing", vec![], vec![]),
        (
            "all that may stay",
            vec![netscape, animexts, profile, control],
            vec![netscape, animexts, profile, control],
        ),
        (
            "a comment",
            vec![b"\x21\xFE\x02me\x01!\0", control],
            vec![control],
        ),
        ("XMP", vec![b"\x21\xFF\x0BXMP DataXMP\x04<x/>\0"], vec![]),
        ("a text", vec![b"\x21\x01\x0C123456789012\x02me\0"], vec![]),
        ("an unknown extension", vec![b"\x21\x42\x02me\0"], vec![]),
        ("an empty extension", vec![b"\x21\xF9\0"], vec![]),
        (
            "more in a loop",
            vec![b"\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\x06hidden\0"],
            vec![netscape],
        ),
        (
            "no loop in a loop",
            vec![b"\x21\xFF\x0BNETSCAPE2.0\x06hidden\0"],
            vec![],
        ),
        (
            "more in a control",
            vec![b"\x21\xF9\x04\x01\x0A\0\0\x06hidden\0"],
            vec![control],
        ),
        ("what is no block", vec![b"\0hidden"], vec![]),
    ];
    for (name, blocks, stays) in cases {
        let new = gif(&stays, b";");
        assert_eq!(
            strip(Kind::Gif, &gif(&blocks, b";"), true)
                .unwrap()
                .octets(),
            new,
            "{name}"
        );
        assert_eq!(
            strip(Kind::Gif, &gif(&blocks, b";behind"), true)
                .unwrap()
                .octets(),
            new,
            "{name} behind"
        );
        assert_eq!(
            strip(Kind::Gif, &new, true),
            Ok(Stripped::Kept(&new)),
            "{name} again"
        );
    }
    let no_trailer = gif(&[], b"");
    assert_eq!(
        strip(Kind::Gif, &no_trailer, true),
        Ok(Stripped::Kept(&no_trailer))
    );
}
