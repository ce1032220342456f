//! Documents and pictures: told by their first octets, whatever they are called, and kept as they are.

use memchr::memchr_iter;

use crate::attachments::{Group, recognise};
use crate::mail::Mailbox;
use crate::masking::base_address;

/// A header of PDF may stand within so many octets (ISO 32000-1, implementation notes).
const PDF_WITHIN: usize = 1_024;
/// Octets in which a document has one that no text has.
const SAMPLE: usize = 512;

/// Whether octets are a document, a picture, an archive or the like. The names of some formats are two letters, so what could be text is text.
pub(super) fn is_document(octets: &[u8]) -> bool {
    let front = octets
        .get(..octets.len().min(PDF_WITHIN))
        .unwrap_or_default();
    if front.trim_ascii_start().starts_with(b"%PDF-") {
        return true;
    }
    let sample = front.get(..front.len().min(SAMPLE)).unwrap_or_default();
    let odd = |octet: &u8| {
        octet.is_ascii_control() && !matches!(octet, b'\t' | b'\r' | b'\n' | 0x0c | 0x1b)
    };
    let wide = front.starts_with(&[0xff, 0xfe]) || front.starts_with(&[0xfe, 0xff]);
    !wide
        && sample.iter().any(odd)
        && !matches!(
            recognise(octets).group,
            Group::Text
                | Group::Page
                | Group::Script
                | Group::Message
                | Group::Other
                | Group::Empty
        )
}

/// The first of `addresses` that stands in the octets of a document as it is, in ASCII or in UTF-16: in the properties of a picture, or in an old file
/// of an office program. Not of a PDF, in which shops write their address for everybody to read.
pub(super) fn named<'a>(octets: &[u8], addresses: &'a [Mailbox]) -> Option<&'a Mailbox> {
    let front = octets
        .get(..octets.len().min(PDF_WITHIN))
        .unwrap_or_default();
    if front.trim_ascii_start().starts_with(b"%PDF-") {
        return None;
    }
    addresses.iter().find(|address| {
        let base = base_address(address);
        let (local, domain) = (base.local().as_bytes(), base.domain().as_str().as_bytes());
        stands(octets, local, domain, 1) || stands(octets, local, domain, 2)
    })
}

/// Whether an address stands in octets, each character of it in `width` of them.
fn stands(octets: &[u8], local: &[u8], domain: &[u8], width: usize) -> bool {
    let same = |found: Option<&[u8]>, wanted: &[u8]| {
        found.is_some_and(|found| {
            let characters = found
                .chunks_exact(width)
                .map(|unit| unit.first().copied().unwrap_or_default());
            let zeros = found
                .chunks_exact(width)
                .all(|unit| unit.iter().skip(1).all(|octet| *octet == 0));
            zeros
                && characters
                    .map(|octet| octet.to_ascii_lowercase())
                    .eq(wanted.iter().map(u8::to_ascii_lowercase))
        })
    };
    memchr_iter(b'@', octets).any(|at| {
        let from = at.checked_sub(local.len() * width);
        let behind = octets.get(at + width..at + width + domain.len() * width);
        let longer = from
            .and_then(|from| from.checked_sub(width))
            .and_then(|before| octets.get(before));
        same(behind, domain)
            && same(from.and_then(|from| octets.get(from..at)), local)
            && !longer.is_some_and(u8::is_ascii_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_by_their_first_octets() {
        for octets in [
            &b"%PDF-1.4\n"[..],
            b"\r\n%PDF-1.7",
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR",
            b"\xff\xd8\xff\xe0\0\x10JFIF",
            b"PK\x03\x04\x14\0\x06\0",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0",
            b"GIF89a\x01\0\x01\0\0\0\0;",
        ] {
            assert!(is_document(octets), "{octets:?}");
        }
        for octets in [
            &b"BMW na sprzedaz"[..],
            b"Rar! to moje",
            b"GIF89a",
            b"PK",
            b"{\\rtf1 x}",
            b"<html>",
            b"",
            b"MZ jan@poczta.example",
            b"\xff\xfea\0b\0",
            "Zażółć \u{1b}[0m".as_bytes(),
        ] {
            assert!(!is_document(octets), "{octets:?}");
        }
    }

    #[test]
    fn an_address_in_a_picture_is_found_and_that_of_somebody_else_is_not() {
        let own = [Mailbox::parse("biuro@rowery.example").unwrap()];
        let wide: Vec<u8> = "Biuro@rowery.example"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for octets in [
            &b"\xff\xd8..<dc:creator>BIURO@rowery.example</dc:creator>"[..],
            &wide,
        ] {
            assert!(named(octets, &own).is_some());
        }
        for octets in [
            &b"\xff\xd8 mojebiuro@rowery.example"[..],
            b"%PDF-1.4 biuro@rowery.example",
            b"biuro@rowery.exam",
        ] {
            assert!(named(octets, &own).is_none());
        }
    }
}
