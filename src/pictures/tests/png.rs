//! Tests of PNG by tables.

use std::slice;

use super::super::exif::{ARTIST, ORIENTATION, tests::block};
use super::super::tiff_read::Order;
use super::super::*;
use super::{Cases, chunk, png};

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn of_a_png_stays_what_is_needed() {
    let stay: [(&[u8; 4], usize); 17] = [
        (b"PLTE", 6),
        (b"tRNS", 2),
        (b"hIST", 4),
        (b"bKGD", 6),
        (b"sBIT", 3),
        (b"cHRM", 32),
        (b"gAMA", 4),
        (b"cICP", 4),
        (b"sRGB", 1),
        (b"pHYs", 9),
        (b"mDCV", 24),
        (b"cLLI", 8),
        (b"acTL", 8),
        (b"fcTL", 26),
        (b"fdAT", 50),
        (b"iCCP", 60),
        (b"sPLT", 30),
    ];
    let stay: Vec<_> = stay
        .iter()
        .map(|&(name, length)| chunk(name, &vec![1; length]))
        .collect();
    let turned = |more: &[_]| {
        chunk(
            b"eXIf",
            &block(
                Order::Little,
                &[&[(ORIENTATION, 3, vec![6, 0])], more].concat(),
            ),
        )
    };
    let artist = (ARTIST, 2, b"Jane\0".to_vec());
    let cases: Cases<'_, Vec<u8>> = vec![
        ("nothing", vec![], vec![]),
        ("all that may stay", stay.clone(), stay),
        (
            "texts",
            vec![
                chunk(b"tEXt", b"Author\0me"),
                chunk(b"zTXt", b"a"),
                chunk(b"iTXt", b"XML:com.adobe.xmp"),
                chunk(b"tIME", b"1234567"),
            ],
            vec![],
        ),
        (
            "private",
            vec![
                chunk(b"prVt", b"x"),
                chunk(b"caBX", b"x"),
                chunk(b"vpAg", b"x"),
                chunk(b"oFFs", b"123456789"),
            ],
            vec![],
        ),
        (
            "wrong lengths",
            vec![
                chunk(b"gAMA", b"hidden"),
                chunk(b"pHYs", b""),
                chunk(b"sRGB", b"hidden"),
            ],
            vec![],
        ),
        ("turned", vec![turned(&[])], vec![turned(&[])]),
        (
            "turned, a model",
            vec![turned(&[(0x0110, 2, b"Phone\0".to_vec())])],
            vec![turned(&[])],
        ),
        (
            "turned twice",
            vec![turned(&[]), turned(&[])],
            vec![turned(&[])],
        ),
        (
            "an artist",
            vec![turned(slice::from_ref(&artist))],
            vec![turned(slice::from_ref(&artist))],
        ),
        ("no Exif", vec![chunk(b"eXIf", b"II")], vec![]),
    ];
    for (name, chunks, stays) in cases {
        let new = png(&stays, b"");
        assert_eq!(
            strip(Kind::Png, &png(&chunks, b""), true).unwrap().octets(),
            new,
            "{name}"
        );
        assert_eq!(
            strip(Kind::Png, &png(&chunks, b"behind"), true)
                .unwrap()
                .octets(),
            new,
            "{name} behind"
        );
        assert_eq!(
            strip(Kind::Png, &new, true),
            Ok(Stripped::Kept(&new)),
            "{name} again"
        );
    }
}
