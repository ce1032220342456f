//! Base64 (RFC 4648), read as leniently as any mail program does.

use super::text::{into_readable, wide};

/// The shortest run of base64 that could hold an address.
pub(super) const SHORTEST: usize = 8;
/// How much of a decoded run decides whether it is text.
pub(super) const SAMPLE: usize = 2_048;

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

/// Whether an octet can stand in base64, in either alphabet. Without a branch, so that many are asked at once.
pub(super) fn joins(octet: u8) -> bool {
    let letter = (octet | 0x20).wrapping_sub(b'a') < 26;
    let digit = octet.wrapping_sub(b'0') < 10;
    letter | digit | (octet == b'+') | (octet == b'/') | (octet == b'-') | (octet == b'_')
}

/// Octets that are looked at together.
pub(super) const BLOCK: usize = 8;

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
pub(super) fn is_picture(octets: &[u8]) -> bool {
    let sample = octets.get(..octets.len().min(SAMPLE)).unwrap_or_default();
    let zeros = memchr::memchr_iter(0, sample).count();
    let odd = sample.iter().filter(|octet| **octet < 9).count();
    zeros * 3 <= sample.len() && (odd * 50 > sample.len() || octets.starts_with(b"%PDF"))
}
