//! Tests by tables: what comes, and what of it stays.

use super::exif::{ORIENTATION, tests::block};
use super::tiff_read::Order;
use super::*;

mod bmp;
mod gif;
mod hostile;
mod jpeg;
mod png;
mod tiff;

/// What is tried, the parts that come, and those that stay.
type Cases<'a, T> = Vec<(&'a str, Vec<T>, Vec<T>)>;

/// A JPEG segment.
pub(crate) fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, marker], &length[..], body].concat()
}

/// What every JPEG has: a frame, and a scan with stuffed and restart octets.
pub(crate) fn picture() -> Vec<u8> {
    let frame = segment(0xC0, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0]);
    let scan = segment(0xDA, &[1, 1, 0, 0, 63, 0]);
    [
        &frame[..],
        &scan[..],
        b"pixels\xFF\0more\xFF\xD0and\xFF\xFF\xD1more",
    ]
    .concat()
}

/// A JPEG of segments, a picture, segments and something behind its end.
fn jpeg(before: &[Vec<u8>], after: &[Vec<u8>], behind: &[u8]) -> Vec<u8> {
    [
        b"\xFF\xD8",
        &before.concat()[..],
        &picture()[..],
        &after.concat()[..],
        b"\xFF\xD9",
        behind,
    ]
    .concat()
}

/// An Exif segment with these values.
fn exif(values: &[(u16, u16, Vec<u8>)]) -> Vec<u8> {
    segment(
        0xE1,
        &[b"Exif\0\0", &block(Order::Big, values)[..]].concat(),
    )
}

/// An orientation.
fn turned(by: u8) -> (u16, u16, Vec<u8>) {
    (ORIENTATION, 3, vec![0, by])
}

/// A PNG chunk.
fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let sum = crc32fast::hash(&[&name[..], body].concat()).to_be_bytes();
    [
        &u32::try_from(body.len()).unwrap().to_be_bytes()[..],
        name,
        body,
        &sum,
    ]
    .concat()
}

/// A PNG of these chunks.
fn png(chunks: &[Vec<u8>], behind: &[u8]) -> Vec<u8> {
    let header = chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    [
        super::png::SIGNATURE,
        &header[..],
        &chunks.concat()[..],
        &chunk(b"IDAT", b"pixels")[..],
        &chunk(b"IEND", b"")[..],
        behind,
    ]
    .concat()
}

/// A GIF of these blocks.
fn gif(blocks: &[&[u8]], end: &[u8]) -> Vec<u8> {
    let image = b"\x2C\0\0\0\0\x01\0\x01\0\x80abcdef\x02\x02\x44\x01\0";
    [
        b"GIF89a\x01\0\x01\0\x80\0\0abcdef",
        &blocks.concat()[..],
        image,
        end,
    ]
    .concat()
}

/// A BMP with a header of that size, a gap, pixels (one row of two, or what is packed) and what is behind them.
fn bmp(fields: &[(usize, u32)], gap: &[u8], pixels: &[u8], behind: &[u8]) -> Vec<u8> {
    let size = fields[0].1;
    let mut header = vec![0; usize::try_from(size).unwrap()];
    for &(at, number) in [(4, 2), (8, 1), (12, 1 | 24 << 16)].iter().chain(fields) {
        header[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
    let start = 14 + size + u32::try_from(gap.len()).unwrap();
    let length = start + u32::try_from(pixels.len() + behind.len()).unwrap();
    [
        b"BM",
        &length.to_le_bytes()[..],
        &[0; 4],
        &start.to_le_bytes(),
        &header,
        gap,
        pixels,
        behind,
    ]
    .concat()
}

#[test]
fn a_picture_that_ends_too_early_is_broken() {
    let row = b"RGBRGB\0\0";
    let pictures = [
        (Kind::Jpeg, jpeg(&[exif(&[turned(6)])], &[], b""), 1),
        (Kind::Png, png(&[chunk(b"tEXt", b"me")], b""), 1),
        (Kind::Gif, gif(&[b"\x21\xFE\x02me\0"], b";"), 2),
        (Kind::Bmp, bmp(&[(0, 40)], b"", row, b""), 4),
    ];
    for (kind, octets, least) in pictures {
        assert_eq!(Kind::of(&octets), Some(kind));
        for cut in least..=octets.len() {
            let part = &octets[..octets.len() - cut];
            let broken = strip(kind, part, true).expect_err(&format!("{kind:?} without {cut}"));
            assert!(
                broken
                    .to_string()
                    .starts_with(&format!("is no complete {}: it ", kind.name()))
            );
        }
    }
}
