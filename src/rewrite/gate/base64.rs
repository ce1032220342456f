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
    if is_wide(&out) {
        return Some(wide(&out) + "\n" + &into_readable(out));
    }
    if is_picture(&out) {
        return None;
    }
    Some(into_readable(out))
}

/// Whether octets are no text, by their beginning: a picture, or a document that is not looked into.
pub(super) fn is_picture(octets: &[u8]) -> bool {
    let sample = octets.get(..octets.len().min(SAMPLE)).unwrap_or_default();
    let odd = sample.iter().filter(|octet| **octet < 9).count();
    !is_wide(sample) && (odd * 50 > sample.len() || octets.starts_with(b"%PDF"))
}

/// Whether octets are letters of two octets each, by their beginning: Latin ones, which have a zero beside each, or what Unicode holds for them. The
/// zeros of Latin ones need not all stand at even or at odd places: whoever takes the text for one of letters of one octet tears it with each that he
/// writes. Zeros in a row stand in the padding of documents and in black pictures: a scan of 10 MB that was read as UTF-16 took three seconds.
pub(super) fn is_wide(octets: &[u8]) -> bool {
    let sample = octets.get(..octets.len().min(SAMPLE)).unwrap_or_default();
    let is_latin = |pair: &&[u8]| matches!(pair, [b'\t' | b'\r' | b'\n' | b' '..=b'~', 0]);
    let latin = sample.windows(2).filter(is_latin).count() * 3 > sample.len();
    latin || are_letters(sample, u16::from_le_bytes) || are_letters(sample, u16::from_be_bytes)
}

/// Whether nearly all pairs of octets are letters that could be those of a name, or their look-alikes: few pairs of a picture or of ASCII are.
fn are_letters(sample: &[u8], unit: fn([u8; 2]) -> u16) -> bool {
    let is_letter = |pair: &&[u8]| {
        let pair = <[u8; 2]>::try_from(*pair);
        matches!(
            pair.map_or(0, unit),
            // Latin and its accents, signs and circled letters, small and full-width forms; mathematical letters and tags.
            0x9 | 0xa | 0xd | 0x20..0x250 | 0x300..0x370 | 0x2000..0x2500 | 0xfe00..0xfe70 | 0xff01..0xff5f
                | 0xd835 | 0xd83c | 0xdb40 | 0xdc00..0xe000
        )
    };
    let units = sample.len() / 2;
    let letters = sample.chunks_exact(2).filter(is_letter).count();
    units > 0 && letters * 8 >= units * 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_in_a_row_are_no_letters_of_two_octets() {
        let text = "Napisz do jan@poczta.example, proszę. ".repeat(20);
        for (unit, name) in [
            (u16::to_le_bytes as fn(u16) -> [u8; 2], "LE"),
            (u16::to_be_bytes, "BE"),
        ] {
            let octets: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
            assert!(is_wide(&octets) && !is_picture(&octets), "{name}");
        }
        for look_alikes in ["ⓙⓐⓝ@ⓟⓞⓒⓩⓣⓐ", "ｊａｎ＠ｐｏｃｚｔａ", "𝐣𝐚𝐧@𝐩𝐨𝐜𝐳𝐭𝐚"]
        {
            let octets: Vec<u8> = look_alikes
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect();
            assert!(is_wide(&octets) && !is_picture(&octets), "{look_alikes}");
        }
        for octets in [
            [0; 2_048].as_slice(),
            &[b"II*\0\x08\0\0\0".as_slice(), &[0; 900], &[0xd5; 900]].concat(),
        ] {
            assert!(!is_wide(octets) && is_picture(octets));
        }
        assert!(!is_wide(text.as_bytes()) && !is_picture(text.as_bytes()));
    }
}
