//! Lines of nothing but base64, as in the source of a message that somebody pasted.

use data_encoding::BASE64;

use super::inner;
use super::runs::runs;
use crate::message::Encoding;
use crate::rewrite::masker::Masker;

/// The shortest run in the longest line of a block. One of shorter lines is nothing that a program wrote; the leak gate reads it, too.
pub(super) const LEAST: usize = 15;

/// The lines of a text with their ends.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let (line, next) = rest.split_at_checked(end).filter(|_| end > 0)?;
        rest = next;
        Some(line)
    })
}

/// The text with its blocks of such lines masked; none if they hold nothing. A block is decoded and written anew as a whole, for its lines
/// mean nothing one by one; of a single line [`links`](super::links) takes care, which keeps what stands around it.
pub(super) fn mask(text: &[u8], masker: &Masker, depth: u8) -> Option<Vec<u8>> {
    runs(text, LEAST).next()?;
    let mut out: Option<Vec<u8>> = None;
    let (mut copied, mut at, mut start) = (0, 0, None);
    // The empty line behind the last one ends a block there.
    for line in lines(text).chain([&b""[..]]) {
        let bare = line.trim_ascii();
        let coded = bare.len() >= 4
            && bare
                .iter()
                .all(|octet| octet.is_ascii_alphanumeric() || b"+/=".contains(octet));
        match (coded, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                let lines = text.get(from..at).unwrap_or_default();
                // A block has two lines at least.
                if memchr::memchr(b'\n', lines.trim_ascii_end()).is_some()
                    && let Some(new) = masked(&Encoding::Base64.decode(lines), masker, depth)
                {
                    let out = out.get_or_insert_with(|| Vec::with_capacity(text.len() + 64));
                    out.extend_from_slice(text.get(copied..from).unwrap_or_default());
                    out.extend(wrapped(&new));
                    copied = at;
                }
                start = None;
            }
            _ => {}
        }
        at += line.len();
    }
    if let Some(out) = &mut out {
        out.extend_from_slice(text.get(copied..).unwrap_or_default());
    }
    out
}

/// What a block holds, masked.
fn masked(octets: &[u8], masker: &Masker, depth: u8) -> Option<Vec<u8>> {
    inner(octets, masker, depth).or_else(|| masker.mask(octets))
}

/// Base64 in lines of the length that mail has (RFC 2045 6.8).
pub(super) fn wrapped(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in BASE64.encode(octets).as_bytes().chunks(76) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out
}
