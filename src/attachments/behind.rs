//! Two files in one: what stands behind the end of a picture or document, or within it for a second reader.
//!
//! Only what is a deliberate trick counts: archives, programs and pages. The film of a telephone's moving picture and the second picture of one with more
//! light are neither. Octets that look like the beginning of an archive stand in many a picture by chance; so they are looked for behind its true end, and
//! within it only where a whole record agrees with its own numbers, or where a signature is too long for chance.

use memchr::{memchr_iter, memmem};

use super::contents;
use super::ends;
use super::found::Group;
use super::kind::{Kind, PDF_WITHIN};
use super::octets::{first, from, little16, little32, stands, starts_any_case};

/// The octets of an end of central directory record without its comment (APPNOTE 4.3.16), and the longest comment.
const ZIP_END: (usize, usize) = (22, 65_535);
/// Signatures of archives that no picture holds by chance: six octets.
const LONG_SIGNATURES: [(&[u8], &str); 3] = [
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\xfd7zXZ\0", "an XZ archive"),
];
/// Signatures of archives and programs, looked for at one place only.
const SIGNATURES: [(&[u8], &str); 8] = [
    (b"PK\x03\x04", "a ZIP archive"),
    (b"MSCF\0\0\0\0", "a CAB archive"),
    (b"\x1f\x8b\x08", "a GZIP archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x7fELF", "a Linux program"),
    (b"\xca\xfe\xba\xbe", "a Java or macOS program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Office document",
    ),
];
/// What every program of Windows tells DOS.
const DOS_STUBS: [&[u8]; 2] = [
    b"This program cannot be run in DOS mode",
    b"This program must be run under Win",
];
/// Elements that begin a page or a script, in small letters; six letters and more.
const PAGES: [&[u8]; 8] = [
    b"<!doctype html",
    b"<html>",
    b"<html ",
    b"<script>",
    b"<script ",
    b"<iframe ",
    b"<svg xmlns",
    b"<?php ",
];

/// What else a file of a kind is, in words.
pub(super) fn second(kind: Kind, contents: &[u8]) -> Option<&'static str> {
    if has_zip_end(contents) {
        return Some("a ZIP archive");
    }
    if let Some(words) = at_a_fixed_place(contents) {
        return Some(words);
    }
    let tail = from(contents, ends::end(kind, contents));
    if kind == Kind::Pdf {
        return page_in_front(contents)
            .or_else(|| after_updates(contents))
            .or_else(|| hidden(tail));
    }
    if memmem::find(first(contents, PDF_WITHIN), b"%PDF-").is_some() {
        return Some("a PDF document");
    }
    long_signature(contents).or_else(|| hidden(tail))
}

/// Whether a record in the last 64 KiB says where its central directory is, and one is there. The offset that it says counts from the beginning of the
/// archive, which may stand behind a picture; so the directory's length counts, and that it begins with an entry (APPNOTE 4.3.12, 4.3.16).
fn has_zip_end(contents: &[u8]) -> bool {
    let start = contents.len().saturating_sub(ZIP_END.0 + ZIP_END.1);
    memmem::find_iter(from(contents, start), b"PK\x05\x06").any(|found| {
        let at = start + found;
        let zip64 = at >= 20 && stands(contents, at - 20, b"PK\x06\x07");
        let directory = little32(contents, at + 12)
            .filter(|length| *length >= 46)
            .and_then(|length| at.checked_sub(length));
        let comment = little16(contents, at + 20);
        let within = comment.is_some_and(|comment| at + ZIP_END.0 + comment <= contents.len());
        zip64 || (within && directory.is_some_and(|place| stands(contents, place, b"PK\x01\x02")))
    })
}

/// An image of a disk or an archive whose signature stands in the middle, so that another file may begin it (ECMA-119 7.1, POSIX ustar).
fn at_a_fixed_place(contents: &[u8]) -> Option<&'static str> {
    let disk = [32_769, 34_817, 36_865]
        .iter()
        .any(|at| stands(contents, *at, b"CD001"));
    let tar = stands(contents, 257, b"ustar");
    disk.then_some("an image of a disk (ISO)")
        .or_else(|| tar.then_some("a TAR archive"))
}

/// A page between the header of a PDF and its first object: a browser shows it.
fn page_in_front(contents: &[u8]) -> Option<&'static str> {
    let front = first(contents, PDF_WITHIN);
    let object = memmem::find(front, b" obj").unwrap_or(front.len());
    page(first(front, object))
}

/// An archive or program behind any of a PDF's ends, for the last of them may be one that the archive holds.
fn after_updates(contents: &[u8]) -> Option<&'static str> {
    memmem::find_iter(contents, b"%%EOF").find_map(|at| begins(blank(from(contents, at + 5))))
}

/// An archive, program or page in what no reader shows.
fn hidden(tail: &[u8]) -> Option<&'static str> {
    let whole = blank(tail);
    if whole.is_empty() {
        return None;
    }
    let found = contents::recognise(whole);
    // Telephones write XML of their own there; a page is looked for by its elements.
    let trick = matches!(found.group, Group::Archive | Group::Program | Group::Script);
    begins(whole)
        .or_else(|| long_signature(whole))
        .or_else(|| zip_entry(whole))
        .or_else(|| page(whole))
        .or_else(|| stub(whole))
        .or_else(|| Some(found.words).filter(|_| trick && !found.is_weak))
}

/// Without what writers fill with.
fn blank(octets: &[u8]) -> &[u8] {
    let filling = |octet: &u8| octet.is_ascii_whitespace() || *octet == 0;
    let at = octets.iter().position(|octet| !filling(octet));
    from(octets, at.unwrap_or(octets.len()))
}

/// What begins here.
fn begins(octets: &[u8]) -> Option<&'static str> {
    let windows = octets.starts_with(b"MZ")
        && little32(octets, 60).is_some_and(|at| stands(octets, at, b"PE\0\0"));
    let known = SIGNATURES
        .iter()
        .chain(&LONG_SIGNATURES)
        .find(|(signature, _)| octets.starts_with(signature));
    known
        .map(|(_, words)| *words)
        .or_else(|| windows.then_some("a Windows program"))
}

/// An archive whose signature is too long to stand anywhere by chance.
fn long_signature(octets: &[u8]) -> Option<&'static str> {
    LONG_SIGNATURES
        .iter()
        .find(|(signature, _)| memmem::find(octets, signature).is_some())
        .map(|(_, words)| *words)
}

/// A local file header that can be true (APPNOTE 4.3.7): a version, a method and the length of a name that there are.
fn zip_entry(octets: &[u8]) -> Option<&'static str> {
    let found = memmem::find_iter(octets, b"PK\x03\x04").any(|at| {
        let version = little16(octets, at + 4).is_some_and(|version| version & 0xff <= 63);
        let method = little16(octets, at + 8)
            .is_some_and(|method| matches!(method, 0 | 8 | 9 | 12 | 14 | 93 | 95 | 98 | 99));
        let name = little16(octets, at + 26).is_some_and(|length| (1..1_024).contains(&length));
        version && method && name
    });
    found.then_some("a ZIP archive")
}

/// A page or a script.
fn page(octets: &[u8]) -> Option<&'static str> {
    let mut marks = memchr_iter(b'<', octets);
    marks
        .any(|at| {
            let rest = from(octets, at);
            // Nearly all marks are ruled out by the letter behind them.
            matches!(
                rest.get(1),
                Some(b'!' | b'?' | b'h' | b'H' | b's' | b'S' | b'i' | b'I')
            ) && PAGES.iter().any(|page| starts_any_case(rest, page))
        })
        .then_some("an HTML page")
}

/// A program of Windows anywhere.
fn stub(octets: &[u8]) -> Option<&'static str> {
    DOS_STUBS
        .iter()
        .any(|stub| memmem::find(octets, stub).is_some())
        .then_some("a Windows program")
}
