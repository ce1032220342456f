//! Octets read as text, whatever charset they are in.

use std::borrow::Cow;

/// Octets as text: UTF-8, or what they are in the charsets of the region.
pub(super) fn readable(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            // They differ in what Polish, Czech and Slovak names are written with: `ą` is 0xB1 in one, 0xB9 in the other.
            let [latin, windows] = [encoding_rs::ISO_8859_2, encoding_rs::WINDOWS_1250]
                .map(|charset| charset.decode_without_bom_handling(octets).0);
            let plain = String::from_utf8_lossy(octets);
            Cow::Owned(format!("{plain}\n{latin}\n{windows}"))
        }
    }
}

/// The longest decoded text that is read in every charset, in octets: layer by layer a longer one would grow beyond what memory is for.
const EVERY_CHARSET: usize = 2 * 1024 * 1024;

/// The same for octets that nobody else needs.
pub(super) fn into_readable(octets: Vec<u8>) -> String {
    String::from_utf8(octets).unwrap_or_else(|error| {
        let octets = error.as_bytes();
        if octets.len() > EVERY_CHARSET {
            String::from_utf8_lossy(octets).into_owned()
        } else {
            readable(octets).into_owned()
        }
    })
}

/// UTF-16, in either order of octets.
pub(super) fn wide(octets: &[u8]) -> String {
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

/// Whether a text names UTF-16.
pub(super) fn names_wide(text: &str) -> bool {
    memchr::memmem::find_iter(text.as_bytes(), b"-16").any(|at| {
        let before = text.as_bytes().get(..at).unwrap_or_default();
        before
            .last_chunk()
            .is_some_and(|name: &[u8; 3]| name.eq_ignore_ascii_case(b"utf"))
    })
}
