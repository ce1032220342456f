//! Tests of BMP by tables.

use super::super::*;
use super::bmp;

#[test]
fn of_a_bmp_stays_what_is_needed() {
    let row = b"RGBRGB\0\0";
    let rle = [(0, 40), (12, 1 | 8 << 16), (16, 1), (32, 1)];
    let v5 = |space: u32, length: u32| {
        [
            (0, 124),
            (56, space),
            (112, if length == 0 { 0 } else { 132 }),
            (116, length),
        ]
    };
    let (embedded, linked, srgb) = (0x4D42_4544, 0x4C49_4E4B, 0x7352_4742);
    let cases = [
        (
            "behind",
            bmp(&[(0, 40)], b"", row, b"behind"),
            bmp(&[(0, 40)], b"", row, b""),
        ),
        (
            "a gap",
            bmp(&[(0, 40)], b"hidden", row, b""),
            bmp(&[(0, 40)], &[0; 6], row, b""),
        ),
        (
            "from top to bottom",
            bmp(&[(0, 40), (8, u32::MAX)], b"", row, b"x"),
            bmp(&[(0, 40), (8, u32::MAX)], b"", row, b""),
        ),
        (
            "run lengths",
            bmp(
                &rle,
                b"abcd",
                b"\x02\x01\0\0\0\x03abc\0\0\x02ab\0\x01",
                b"x",
            ),
            bmp(&rle, b"abcd", b"\x02\x01\0\0\0\x03abc\0\0\x02ab\0\x01", b""),
        ),
        (
            "a profile",
            bmp(&v5(embedded, 7), b"", row, b"profilebehind"),
            bmp(&v5(embedded, 7), b"", row, b"profile"),
        ),
        (
            "a profile's path",
            bmp(&v5(linked, 7), b"", row, b"C:\\me\\p"),
            bmp(&v5(srgb, 0), b"", row, b""),
        ),
    ];
    for (name, octets, new) in cases {
        assert_eq!(
            strip(Kind::Bmp, &octets, true).unwrap().octets(),
            new,
            "{name}"
        );
        assert_eq!(
            strip(Kind::Bmp, &new, true),
            Ok(Stripped::Kept(&new)),
            "{name} again"
        );
    }
}
