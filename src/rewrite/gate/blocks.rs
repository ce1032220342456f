//! Blocks of base64: lines of nothing else (RFC 2045 6.8).

use std::borrow::Cow;

use super::runs::{BLOCK, into_readable, joins};

/// The shortest run of base64 that could hold an address.
pub(super) const SHORTEST: usize = 8;
/// How much of a decoded run decides whether it is text.
const SAMPLE: usize = 2_048;
/// A line of so many octets holds no piece of an address in a block: one at most ends there, and one at most begins there.
const LONG_LINE: usize = 60;

/// Base64 whose last bits may be anything.
#[expect(
    clippy::expect_used,
    reason = "a constant specification; a test builds it"
)]
pub(super) static LENIENT: std::sync::LazyLock<data_encoding::Encoding> =
    std::sync::LazyLock::new(|| {
        let mut spec = data_encoding::BASE64_NOPAD.specification();
        spec.check_trailing_bits = false;
        spec.encoding().expect("a change of one flag")
    });

/// What stands in the blocks of a text, and the text without their long lines, but for the first and the last of each: there is no at sign and no
/// dot in base64, so nothing that is looked for reaches over one.
pub(super) fn read(octets: &[u8]) -> (Vec<String>, Cow<'_, [u8]>) {
    let (mut texts, mut rest) = (Vec::new(), Vec::new());
    let (mut at, mut copied) = (0, 0);
    while let Some((line, next)) = line_at(octets, at) {
        let start = at;
        at = next;
        if !is_base64(line) {
            continue;
        }
        let second = at;
        let (mut last, mut before, mut long) = (at, usize::MAX, true);
        while let Some((line, next)) = line_at(octets, at).filter(|(line, _)| is_base64(line)) {
            long &= before >= LONG_LINE;
            (last, before) = (at, line.len());
            at = next;
        }
        texts.extend(text_of(octets.get(start..at).unwrap_or_default()));
        if long && last > second {
            rest.extend_from_slice(octets.get(copied..second).unwrap_or_default());
            copied = last;
        }
    }
    if copied == 0 {
        return (texts, Cow::Borrowed(octets));
    }
    rest.extend_from_slice(octets.get(copied..).unwrap_or_default());
    (texts, Cow::Owned(rest))
}

/// The line at `at`, without the white space around it, and where the next one begins.
fn line_at(octets: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let left = octets.get(at..).filter(|left| !left.is_empty())?;
    let length = memchr::memchr(b'\n', left).map_or(left.len(), |end| end + 1);
    Some((left.get(..length)?.trim_ascii(), at + length))
}

/// Whether a line is nothing but base64.
fn is_base64(line: &[u8]) -> bool {
    let is = |octet: u8| (joins(octet) & (octet != b'-') & (octet != b'_')) | (octet == b'=');
    let mut blocks = line.chunks_exact(BLOCK);
    !line.is_empty()
        && blocks
            .by_ref()
            .all(|block| block.iter().fold(true, |all, octet| all & is(*octet)))
        && blocks.remainder().iter().all(|octet| is(*octet))
}

/// The text of a block; none if it is a picture or a document, which its beginning tells.
fn text_of(block: &[u8]) -> Option<String> {
    let coded = |octet: &u8| !octet.is_ascii_whitespace();
    let beginning = block.iter().copied().filter(coded).take(SAMPLE / 3 * 4);
    let beginning: Vec<u8> = beginning.take_while(|octet| *octet != b'=').collect();
    if beginning.len() == SAMPLE / 3 * 4 && is_picture(&LENIENT.decode(&beginning).ok()?) {
        return None;
    }
    let run: Vec<u8> = block.iter().copied().filter(coded).collect();
    decoded(&run)
}

/// A run of base64, read; none if it is a picture or a document.
pub(super) fn decoded(run: &[u8]) -> Option<String> {
    if run.len() < SHORTEST {
        return None;
    }
    let mut out = Vec::with_capacity(run.len() / 4 * 3 + 3);
    // Pieces that were padded each on its own are one text.
    for piece in run
        .split(|octet| *octet == b'=')
        .filter(|piece| !piece.is_empty())
    {
        let whole = piece.len() / 4 * 4 + [0, 0, 2, 3].get(piece.len() % 4).copied().unwrap_or(0);
        let piece = piece.get(..whole).unwrap_or_default();
        let from = out.len();
        out.resize(from + LENIENT.decode_len(piece.len()).ok()?, 0);
        let length = LENIENT.decode_mut(piece, out.get_mut(from..)?).ok()?;
        out.truncate(from + length);
    }
    let sample = out.get(..out.len().min(SAMPLE)).unwrap_or_default();
    if memchr::memchr_iter(0, sample).count() * 3 > sample.len() {
        return Some(wide(&out));
    }
    if is_picture(&out) {
        return None;
    }
    Some(into_readable(out))
}

/// Whether octets are no text, by their beginning: a picture, or a document that is not looked into.
fn is_picture(octets: &[u8]) -> bool {
    let sample = octets.get(..octets.len().min(SAMPLE)).unwrap_or_default();
    let zeros = memchr::memchr_iter(0, sample).count();
    let odd = sample.iter().filter(|octet| **octet < 9).count();
    zeros * 3 <= sample.len() && (odd * 50 > sample.len() || octets.starts_with(b"%PDF"))
}

/// UTF-16, in either order of octets.
fn wide(octets: &[u8]) -> String {
    let read = |unit: fn([u8; 2]) -> u16| {
        let units = octets
            .chunks_exact(2)
            .filter_map(|pair| Some(unit(pair.try_into().ok()?)));
        char::decode_utf16(units)
            .map(|c| c.unwrap_or(' '))
            .collect::<String>()
    };
    format!("{}\n{}", read(u16::from_le_bytes), read(u16::from_be_bytes))
}
