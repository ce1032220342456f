//! Texts that are more than texts: pages, scripts, keys, messages. Told by how they begin.

use memchr::{memchr, memchr_iter, memmem};

use super::found::{Found, Group, KEY, TEXT};
use super::octets::first;

/// So much of a text is looked at.
const FRONT: usize = 4_096;

/// How texts begin, in small letters.
const BEGINNINGS: [(&[u8], Group, &str); 31] = [
    (b"<!doctype html", Group::Page, "an HTML page"),
    (b"<html", Group::Page, "an HTML page"),
    (b"<svg", Group::Page, "an SVG drawing"),
    (b"<!doctype svg", Group::Page, "an SVG drawing"),
    (b"<?php", Group::Script, "a PHP script"),
    (b"<job", Group::Script, "a Windows script"),
    (b"<package", Group::Script, "a Windows script"),
    (b"<%", Group::Script, "a script of a web server"),
    (b"#!", Group::Script, "a script"),
    (b"@echo", Group::Script, "a Windows batch file"),
    (
        b"windows registry editor",
        Group::Script,
        "a file for the Windows registry",
    ),
    (
        b"regedit4",
        Group::Script,
        "a file for the Windows registry",
    ),
    (
        b"[internetshortcut]",
        Group::Program,
        "an Internet shortcut",
    ),
    (b"[autorun]", Group::Script, "an autorun file"),
    (b"[desktop entry]", Group::Program, "a Linux shortcut"),
    (b"{\\rtf", Group::Document, "a rich text (RTF)"),
    (b"%!ps", Group::Document, "a PostScript document"),
    (b"\x04%!ps", Group::Document, "a PostScript document"),
    (
        b"-----begin pgp signature",
        Group::Signature,
        "a PGP signature",
    ),
    (
        b"-----begin pgp message",
        Group::Sealed,
        "an encrypted PGP message",
    ),
    (
        b"-----begin pgp signed",
        Group::Sealed,
        "a signed PGP message",
    ),
    (b"-----begin pgp", Group::Key, "a PGP key"),
    (b"-----begin cert", Group::Key, "a certificate"),
    (
        b"-----begin pkcs7",
        Group::Sealed,
        "a message within a signature (PKCS #7)",
    ),
    (b"-----begin openssh", Group::Key, "a private key"),
    (b"-----begin ", Group::Key, KEY),
    (b"ssh-", Group::Key, "a public key (SSH)"),
    (b"begin:vcard", Group::Text, "a contact card (VCF)"),
    (b"begin:vcalendar", Group::Text, "a calendar entry (ICS)"),
    (b"/* xpm */", Group::Picture, "an XPM picture"),
    (
        b"gif8",
        Group::Script,
        "a script or text that begins as a GIF picture",
    ),
];

/// What stands anywhere at the front of pages, in small letters: tags, of which the one that stands first here decides.
const WITHIN: [(&[u8], Group, &str); 9] = [
    (
        b"<hta:application",
        Group::Script,
        "a program of Windows as a page (HTA)",
    ),
    (b"<svg", Group::Page, "an SVG drawing"),
    (b"<!doctype html", Group::Page, "an HTML page"),
    (b"<html", Group::Page, "an HTML page"),
    (b"<body", Group::Page, "an HTML page"),
    (b"<script", Group::Page, "an HTML page"),
    (b"<iframe", Group::Page, "an HTML page"),
    (b"<meta http-equiv", Group::Page, "an HTML page"),
    (b"<?xml", Group::Page, "an XML file"),
];

/// Fields with which messages begin (RFC 5322 3.6), in small letters.
const FIELDS: [&[u8]; 9] = [
    b"return-path:",
    b"received:",
    b"delivered-to:",
    b"from:",
    b"message-id:",
    b"mime-version:",
    b"x-mozilla-status:",
    b"from ",
    b"content-type:",
];

/// Tells what a text is.
pub(super) fn recognise(contents: &[u8]) -> Found {
    let mut front = first(contents, FRONT).to_ascii_lowercase();
    if memchr(0, &front).is_some() {
        // UTF-16 as the ASCII in it.
        front.retain(|octet| *octet != 0);
    }
    for mark in [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff"] {
        if front.starts_with(mark) {
            front.drain(..mark.len());
        }
    }
    let front = front.trim_ascii_start();
    let beginning = BEGINNINGS
        .iter()
        .find(|(beginning, _, _)| front.starts_with(beginning));
    if let Some((_, group, words)) = beginning {
        // A page may be a program.
        let hta = *group == Group::Page && memmem::find(front, b"<hta:application").is_some();
        return match hta {
            true => Found::new(Group::Script, "a program of Windows as a page (HTA)"),
            false => Found::new(*group, words),
        };
    }
    if let Some(message) = message(front) {
        return message;
    }
    let marks = memchr_iter(b'<', front).filter_map(|at| {
        let tag = front.get(at..)?;
        WITHIN.iter().position(|(mark, _, _)| tag.starts_with(mark))
    });
    match marks.min().and_then(|first| WITHIN.get(first)) {
        Some((_, group, words)) => Found::new(*group, words),
        None => Found::new(Group::Text, TEXT),
    }
}

/// A message, or a page with its pictures in the form of one (RFC 2557). One word before a colon is in many a text; so there must be two fields.
fn message(front: &[u8]) -> Option<Found> {
    let fields = || front.split(|octet| *octet == b'\n');
    let begins = FIELDS.iter().any(|field| front.starts_with(field));
    let known = fields().filter(|line| {
        FIELDS.iter().any(|field| line.starts_with(field))
            || line.starts_with(b"subject:")
            || line.starts_with(b"date:")
            || line.starts_with(b"to:")
    });
    if !begins || known.count() < 3 {
        return None;
    }
    let archive = memmem::find(front, b"multipart/related").is_some()
        && memmem::find(front, b"content-location:").is_some();
    Some(match archive {
        true => Found::new(Group::Page, "a saved web page (MHTML)"),
        false => Found::new(Group::Message, "an e-mail message (EML)"),
    })
}
