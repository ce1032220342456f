//! Pictures that were made to take time, memory or more room than they had. How long they take, `tests/fuzz/run pictures` tells: it ends what hangs.

use super::super::*;
use super::{chunk, jpeg, png, segment};

/// A TIFF directory of little-endian entries (tag, type, count, field).
fn directory(entries: &[(u16, u16, u32, u32)], next: u32) -> Vec<u8> {
    let mut out = u16::try_from(entries.len()).unwrap().to_le_bytes().to_vec();
    for &(tag, kind, count, field) in entries {
        out.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        out.extend([count.to_le_bytes(), field.to_le_bytes()].concat());
    }
    out.extend(next.to_le_bytes());
    out
}

/// Many pages whose strips' offsets are the same long list.
fn shared_strips(pages: u32) -> Vec<u8> {
    let strips = 100_000_u32;
    let size = 2 + 12 * 7 + 4;
    let list = 8 + pages * size;
    let mut out = [b"II*\0", &8_u32.to_le_bytes()[..]].concat();
    for page in 1..=pages {
        let next = if page == pages { 0 } else { 8 + page * size };
        let entries = [
            (256, 4, 1, 9),
            (257, 4, 1, 9),
            (258, 4, 1, 8),
            (259, 4, 1, 5),
            (262, 4, 1, 1),
            (273, 4, strips, list),
            (279, 4, strips, list),
        ];
        out.extend(directory(&entries, next));
    }
    out.extend((0..strips).flat_map(|strip| (strip % 60_000 + 9).to_le_bytes()));
    out
}

/// A directory of as many entries as there can be, each of the same octets.
fn shared_values() -> Vec<u8> {
    let entries: Vec<_> = (0..u16::MAX)
        .map(|tag| {
            if matches!(tag, 256 | 257 | 259) {
                (tag, 4, 1, 1)
            } else {
                (tag, 1, 700_000, 8)
            }
        })
        .collect();
    [b"II*\0", &8_u32.to_le_bytes()[..], &directory(&entries, 0)].concat()
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn nothing_grows() {
    let many = |part: &[u8]| part.repeat(1_000_000 / part.len());
    let icc = |number, of| {
        segment(
            0xE2,
            &[b"ICC_PROFILE\0", &[number, of][..], &[9; 9]].concat(),
        )
    };
    let text = |tag: u16| (tag, 2_u16, 60_000_u32, 40_u32);
    let exif = [
        b"Exif\0\0II*\0\x08\0\0\0",
        &directory(&[text(315), text(33432)], 0)[..],
        &[b'x'; 60_100],
    ]
    .concat();
    let cases = [
        (
            "tiny segments",
            Kind::Jpeg,
            jpeg(&[many(&segment(0xFE, b""))], &[], b""),
        ),
        (
            "tiny needed segments",
            Kind::Jpeg,
            jpeg(&[many(&segment(0xDD, &[0, 0]))], &[], b""),
        ),
        (
            "tiny scans",
            Kind::Jpeg,
            jpeg(&[many(&segment(0xDA, &[1, 1, 0, 0, 63, 0]))], &[], b""),
        ),
        ("fill octets", Kind::Jpeg, jpeg(&[], &[many(&[0xFF])], b"")),
        (
            "stuffed octets",
            Kind::Jpeg,
            jpeg(&[], &[many(&[0xFF, 0])], b""),
        ),
        (
            "profiles",
            Kind::Jpeg,
            jpeg(
                &[many(&[icc(1, 255), icc(2, 3), icc(0, 0)].concat())],
                &[],
                b"",
            ),
        ),
        (
            "Exif upon Exif",
            Kind::Jpeg,
            jpeg(
                &[many(&segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\x01\0"))],
                &[],
                b"",
            ),
        ),
        (
            "texts in each other",
            Kind::Jpeg,
            jpeg(&[segment(0xE1, &exif)], &[], b""),
        ),
        (
            "tiny chunks",
            Kind::Png,
            png(&[many(&chunk(b"tEXt", b""))], b""),
        ),
        (
            "tiny blocks",
            Kind::Gif,
            super::gif(&[&many(b"\x21\xFE\0")], b";"),
        ),
        ("no blocks", Kind::Gif, super::gif(&[&many(b"\0")], b";")),
        ("strips", Kind::Tiff, shared_strips(2_000)),
        ("values", Kind::Tiff, shared_values()),
    ];
    for (name, kind, octets) in cases {
        if let Ok(stripped) = strip(kind, &octets, true) {
            assert!(stripped.octets().len() <= octets.len() + 100, "{name}");
        }
    }
}

#[test]
fn a_tiff_has_no_more_pages_than_are_read() {
    let size = 2 + 12 * 7 + 4;
    let pages = |count: u32| {
        let mut out = [b"II*\0", &8_u32.to_le_bytes()[..]].concat();
        for page in 0..count {
            let at = 8 + page * (size + 1);
            let next = if page + 1 == count { 0 } else { at + size + 1 };
            let pixel = at + size;
            let fields = [
                (256, 1),
                (257, 1),
                (258, 8),
                (259, 1),
                (262, 1),
                (273, pixel),
                (279, 1),
            ];
            out.extend(directory(
                &fields.map(|(tag, field)| (tag, 4, 1, field)),
                next,
            ));
            out.push(7);
        }
        strip(Kind::Tiff, &out, true).err().map(|broken| broken.why)
    };
    assert_eq!(pages(2_000), None);
    assert_eq!(pages(2_001), Some("has more pages than are read"));
}
