//! Blocks of base64: lines of nothing else (RFC 2045 6.8).

use std::borrow::Cow;

use super::base64::{BLOCK, LENIENT, SAMPLE, decoded, is_picture, joins};

/// A line of so many octets holds no piece of an address in a block: one at most ends there, and one at most begins there.
const LONG_LINE: usize = 60;

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
