//! Where a picture ends. What stands behind it no reader shows, and it may be another file.
//!
//! A picture that is cut off, or whose parts lead out of the file, ends with the file. Every walk goes forward only: its time is linear in the contents.

use memchr::{memchr, memmem};

use super::kind::{Kind, colours};
use super::octets::{array, big16, big32, from, little16, little32, stands};
use super::tiff;

/// Where a file of a kind ends.
pub(super) fn end(kind: Kind, contents: &[u8]) -> usize {
    let found = match kind {
        Kind::Pdf => pdf(contents),
        Kind::Png => png(contents),
        Kind::Jpeg => jpeg(contents),
        Kind::Gif => gif(contents),
        Kind::Bmp => bmp(contents),
        Kind::Tiff => tiff::end(contents),
    };
    found.map_or(contents.len(), |end| end.min(contents.len()))
}

/// Behind the last `%%EOF` (ISO 32000-1 7.5.5): updates are written behind the one before.
fn pdf(contents: &[u8]) -> Option<usize> {
    memmem::rfind(contents, b"%%EOF").map(|at| at + 5)
}

/// Behind IEND and its checksum (PNG 5.3).
fn png(contents: &[u8]) -> Option<usize> {
    let mut at = 8_usize;
    loop {
        let length = big32(contents, at)?;
        let end = at.checked_add(length)?.checked_add(12)?;
        if stands(contents, at + 4, b"IEND") {
            return Some(end);
        }
        at = end;
    }
}

/// Behind EOI (T.81 B.1.1.3 and B.1.1.5).
fn jpeg(contents: &[u8]) -> Option<usize> {
    let mut at = 2_usize;
    loop {
        // Any number of filling octets may stand before a marker; between segments there should be nothing else.
        at += memchr(0xff, from(contents, at))?;
        match contents.get(at + 1)? {
            0xff => at += 1,
            0xd9 => return Some(at + 2),
            // In the data of a scan: a stuffed octet, restarts. They and TEM have no length.
            0x00 | 0x01 | 0xd0..=0xd8 => at += 2,
            _ => {
                at = at
                    .checked_add(2)?
                    .checked_add(big16(contents, at + 2)?.max(2))?
            }
        }
    }
}

/// Behind the trailer (GIF89a 27).
fn gif(contents: &[u8]) -> Option<usize> {
    let mut at = 13 + colours(*contents.get(10)?);
    loop {
        at = match contents.get(at)? {
            0x3b => return Some(at + 1),
            0x21 => blocks(contents, at + 2)?,
            0x2c => blocks(contents, at + 11 + colours(*contents.get(at + 9)?))?,
            _ => return None,
        };
    }
}

/// Behind the blocks of data that begin at `at` (GIF89a 15 and 16).
fn blocks(contents: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*contents.get(at)?);
        at += length + 1;
        if length == 0 {
            return Some(at);
        }
    }
}

/// Behind the pixels, and the profile of colours if there is one behind them (BITMAPINFOHEADER, BITMAPV5HEADER).
fn bmp(contents: &[u8]) -> Option<usize> {
    let pixels = little32(contents, 10)?;
    let header = little32(contents, 14)?;
    let signed = |at| array(contents, at).map(i32::from_le_bytes);
    let (width, height, depth, said) = match header {
        12 => (
            little16(contents, 18)?,
            little16(contents, 20)?,
            little16(contents, 24)?,
            None,
        ),
        _ => {
            let packed = !matches!(little32(contents, 30), Some(0 | 3 | 6) | None);
            (
                usize::try_from(signed(18)?.unsigned_abs()).ok()?,
                usize::try_from(signed(22)?.unsigned_abs()).ok()?,
                little16(contents, 28)?,
                little32(contents, 34).filter(|_| packed),
            )
        }
    };
    let row = width.checked_mul(depth)?.div_ceil(32).checked_mul(4)?;
    let length = said.or_else(|| row.checked_mul(height))?;
    let end = pixels.checked_add(length)?;
    let profile = match header {
        124 => little32(contents, 126)?
            .checked_add(little32(contents, 130)?)?
            .checked_add(14)?,
        _ => 0,
    };
    Some(end.max(profile))
}
