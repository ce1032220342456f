//! What a file is by its contents: one of the six kinds, or what it is called in a refusal.

use file_format::FileFormat;
use memchr::memmem;

use super::containers;
use super::formats;
use super::found::{Found, Group};
use super::kind::{Kind, PDF_WITHIN};
use super::octets::{first, stands};
use super::texts;

/// Octets in which a file has one that no text has.
const SAMPLE: usize = 4_096;
/// TNEF: 0x223E9F78, low octet first (MS-OXTNEF 2.1.3.2).
const TNEF: &[u8] = b"\x78\x9f\x3e\x22";
/// A section of OneNote (MS-ONESTORE 2.3.1).
const ONENOTE: &[u8] = b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3";
/// What macOS keeps beside a file, and both in one (RFC 1740, Apple's AppleSingle and AppleDouble).
const APPLE: [&[u8]; 2] = [b"\x00\x05\x16\x07", b"\x00\x05\x16\x00"];
/// A compound file (MS-CFB 2.2).
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Tells what a file is.
#[must_use]
pub fn recognise(contents: &[u8]) -> Found {
    if contents.is_empty() {
        return Found::new(Group::Empty, "empty");
    }
    if let Some(kind) = Kind::of(contents) {
        return Found::new(Group::Allowed(kind), kind.words());
    }
    if contents.starts_with(TNEF) {
        return Found::new(Group::Tnef, "a winmail.dat of Outlook (TNEF)");
    }
    if contents.starts_with(ONENOTE) {
        return Found::new(Group::Document, "a OneNote notebook");
    }
    if APPLE.iter().any(|apple| contents.starts_with(apple)) {
        return Found::new(Group::Other, "what macOS keeps beside a file (AppleDouble)");
    }
    let found = if is_text(contents) {
        texts::recognise(contents)
    } else {
        binary(contents)
    };
    let behind = memmem::find(first(contents, PDF_WITHIN), b"%PDF-").is_some();
    match found.group {
        Group::Other | Group::Text if behind => {
            Found::new(Group::Other, "a PDF document behind something else")
        }
        _ => found,
    }
}

/// Whether nothing at the front is an octet that texts do not have. UTF-16 is a text with its mark only.
pub(super) fn is_text(contents: &[u8]) -> bool {
    // Without a branch for each octet, so that many are looked at at once.
    let odd = |octet: u8| {
        let white = (octet == b'\t') | (octet == b'\r') | (octet == b'\n') | (octet == 0x0c);
        octet.is_ascii_control() & !(white | (octet == 0x1b) | (octet == 0x1a))
    };
    let holds_odd = |block: &[u8]| block.iter().fold(false, |any, octet| any | odd(*octet));
    contents.starts_with(&[0xff, 0xfe])
        || contents.starts_with(&[0xfe, 0xff])
        || !first(contents, SAMPLE).chunks(64).any(holds_odd)
}

/// What is no text.
fn binary(contents: &[u8]) -> Found {
    let format = FileFormat::from_bytes(contents);
    let found = formats::found(format);
    match format {
        FileFormat::CompoundFileBinary => containers::compound(contents),
        FileFormat::Zip => containers::zip(contents),
        // Its readers give up where a file is cut off or not as it should be; the signature is as good.
        FileFormat::ArbitraryBinaryData => signature(contents).unwrap_or(found),
        // Two letters; but a header of numbers holds a zero.
        FileFormat::MsDosExecutable => Found {
            is_weak: !first(contents, 64).contains(&0),
            ..found
        },
        _ => found,
    }
}

/// The signatures of containers, without a look at what they hold.
fn signature(contents: &[u8]) -> Option<Found> {
    let known: [(&[u8], FileFormat); 6] = [
        (b"PK\x03\x04", FileFormat::Zip),
        (b"PK\x05\x06", FileFormat::Zip),
        (COMPOUND, FileFormat::CompoundFileBinary),
        (b"MZ", FileFormat::MsDosExecutable),
        (b"ID3", FileFormat::Mpeg12AudioLayer3),
        (b"\x1a\x45\xdf\xa3", FileFormat::MatroskaVideo),
    ];
    let ftyp = stands(contents, 4, b"ftyp").then_some(FileFormat::Mpeg4Part14);
    known
        .iter()
        .find(|(signature, _)| contents.starts_with(signature))
        .map(|(_, format)| *format)
        .or(ftyp)
        .map(|format| match format {
            FileFormat::CompoundFileBinary => containers::compound(contents),
            FileFormat::Zip => containers::zip(contents),
            _ => formats::found(format),
        })
}
