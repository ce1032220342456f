//! Uuencoded files in a text (POSIX, "uuencode").

use super::inner;
use super::lines::lines;
use crate::rewrite::masker::Masker;

/// Octets in a full line, as every encoder writes it.
const LINE: usize = 45;

/// The text with its files masked, each from `begin MODE NAME` to `end`; none if nothing had to be. Only a file that holds a needle is written
/// anew, and one that the text cuts off is read as far as it goes.
pub(super) fn mask(text: &[u8], masker: &Masker, depth: u8) -> Option<Vec<u8>> {
    memchr::memmem::find(text, b"begin ")?;
    let mut out = Vec::with_capacity(text.len() + 64);
    let mut changed = false;
    // The octets of the file being read, and its lines as they stand.
    let mut file: Option<(Vec<u8>, Vec<u8>)> = None;
    for line in lines(text) {
        let bare = line.trim_ascii_end();
        if let Some((octets, lines)) = &mut file {
            if let Some(new) = decoded(bare).filter(|_| bare != b"end") {
                octets.extend(new);
                lines.extend_from_slice(line);
                continue;
            }
            match masked(octets, masker, depth) {
                Some(masked) => {
                    changed = true;
                    out.extend(encode(&masked));
                }
                None => out.append(lines),
            }
            file = None;
        } else if is_begin(bare) {
            file = Some((Vec::new(), Vec::new()));
        }
        out.extend_from_slice(line);
    }
    if let Some((octets, mut lines)) = file {
        match masked(&octets, masker, depth) {
            Some(masked) => {
                changed = true;
                out.extend(encode(&masked));
            }
            None => out.append(&mut lines),
        }
    }
    changed.then_some(out)
}

/// What a file holds, masked.
fn masked(octets: &[u8], masker: &Masker, depth: u8) -> Option<Vec<u8>> {
    inner(octets, masker, depth).or_else(|| masker.mask(octets))
}

/// `begin 644 name`: a sentence that begins so has no number of three or four digits next.
fn is_begin(line: &[u8]) -> bool {
    let mut words = line.split(|octet| *octet == b' ');
    words.next() == Some(b"begin")
        && words
            .next()
            .is_some_and(|mode| matches!(mode.len(), 3 | 4) && mode.iter().all(u8::is_ascii_digit))
}

/// The octets of a line; none if it is no such line.
pub(super) fn decoded(line: &[u8]) -> Option<Vec<u8>> {
    let value = |octet: &u8| matches!(octet, b' '..=b'`').then(|| (octet - b' ') & 0x3f);
    let (count, coded) = line.split_first()?;
    let count = usize::from(value(count)?);
    let mut out = Vec::with_capacity(count + 3);
    for group in coded.chunks(4) {
        let mut bits = 0_u32;
        for at in 0..4 {
            // White space at the end of a line is lost on the way.
            bits = (bits << 6) | u32::from(value(group.get(at).unwrap_or(&b' '))?);
        }
        let [_, a, b, c] = bits.to_be_bytes();
        out.extend([a, b, c]);
    }
    // Some encoders leave the last group short, others add a checksum.
    if out.len() + 2 < count || coded.len() > count.div_ceil(3) * 4 + 2 {
        return None;
    }
    out.truncate(count);
    Some(out)
}

/// Lines of a file, with the empty one before `end`. Zero is a grave accent, since blanks at line ends get lost.
pub(super) fn encode(octets: &[u8]) -> Vec<u8> {
    let character = |value: u32| match u8::try_from(value & 0x3f) {
        Ok(0) | Err(_) => b'`',
        Ok(value) => value + b' ',
    };
    let mut out = Vec::with_capacity(octets.len() * 4 / 3 + 64);
    for line in octets.chunks(LINE) {
        out.push(character(u32::try_from(line.len()).unwrap_or_default()));
        for group in line.chunks(3) {
            let octet = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
            let bits = (octet(0) << 16) | (octet(1) << 8) | octet(2);
            out.extend([18, 12, 6, 0].map(|shift| character(bits >> shift)));
        }
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"`\r\n");
    out
}
