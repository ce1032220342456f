//! What is text and what is a file.

use super::{digest, multipart, names};
use crate::attachments::Kind;
use crate::digest::{FileKind, MOST_TEXT};
use crate::mail::{Mailbox, ReversePath};
use crate::message::{Automatic, Encoding, Message};

const PLAIN: &str = "Content-Type: text/plain; charset=utf-8";
const HTML: &str = "Content-Type: text/html; charset=utf-8";
const PDF: &str = "Content-Type: application/pdf; name=\"a.pdf\"\nContent-Disposition: attachment; filename=\"a.pdf\"";
/// A picture of one pixel in base64.
const GIF: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

#[test]
fn plain_text_is_shown_unless_it_is_blank() {
    let html = (HTML, "<p>HTML</p>");
    for (plain, want) in [("tekst", "tekst"), (" \n\u{a0}\n", "HTML")] {
        let both = digest(&multipart("multipart/alternative", &[(PLAIN, plain), html]));
        assert_eq!(both.text, want, "{plain:?}");
        assert!(both.files.is_empty());
    }
}

#[test]
fn several_texts_follow_one_another_and_files_stand_between() {
    let gif = format!("Content-Type: image/gif\nContent-Transfer-Encoding: base64\n\n{GIF}");
    let (head, body) = gif.split_once("\n\n").unwrap();
    let mixed = digest(&multipart(
        "multipart/mixed",
        &[
            (PLAIN, "raz"),
            (head, body),
            (HTML, "<b>dwa</b>"),
            (PLAIN, "trzy"),
        ],
    ));
    assert_eq!(mixed.text, "raz\n\ndwa\n\ntrzy");
    assert_eq!(names(&mixed.files), ["picture.gif"]);
    assert_eq!(mixed.files[0].kind, FileKind::Attachment(Kind::Gif));
    assert_eq!(mixed.files[0].encoding, Encoding::Base64);
    assert_eq!((mixed.files[0].size, mixed.files[0].inline), (42, false));
}

#[test]
fn a_file_stands_where_it_says_in_the_message() {
    let raw =
        multipart("multipart/mixed", &[(PLAIN, "raz"), (PDF, "%PDF-1.4 x")]).replace('\n', "\r\n");
    let message = Message::parse(raw.clone().into()).unwrap();
    let found = crate::digest::Digest::of(&message, &ReversePath::Null, &[]);
    let [file] = found.files.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(raw.get(file.place.clone()), Some("%PDF-1.4 x"));
    assert_eq!((file.name.as_str(), file.size), ("a.pdf", 10));
    assert_eq!(file.kind.media_type(), "application/pdf");
}

#[test]
fn files_within_an_alternative_are_files() {
    let related = multipart(
        "multipart/related",
        &[
            (HTML, "<p>HTML <img src=cid:x></p>"),
            (
                "Content-Type: image/gif; name=x.gif\nContent-ID: <x@y>\nContent-Transfer-Encoding: base64",
                GIF,
            ),
        ],
    );
    let (head, body) = related.split_once("\n\n").unwrap();
    let whole = multipart("multipart/alternative", &[(PLAIN, "tekst"), (head, body)]);
    let found = digest(&whole);
    assert_eq!(found.text, "tekst");
    let [file] = found.files.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        (file.name.as_str(), file.content_id.as_deref(), file.inline),
        ("x.gif", Some("x@y"), true)
    );
}

#[test]
fn what_a_file_is_its_contents_say() {
    for (kind, contents, want) in [
        (
            "application/pdf",
            "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
            FileKind::Attachment(Kind::Gif),
        ),
        (
            "application/octet-stream",
            "JVBERi0xLjQK",
            FileKind::Attachment(Kind::Pdf),
        ),
        // Neither a text that is a PDF nor a picture that is a page is what it says.
        (
            "text/plain",
            "JVBERi0xLjQK",
            FileKind::Attachment(Kind::Pdf),
        ),
        ("image/png", "PGh0bWw+PHNjcmlwdD4=", FileKind::Text),
        ("image/png", "AAECAwQFBgcICQ==", FileKind::Other),
        ("text/csv", "YSxiCg==", FileKind::Text),
        (
            "message/rfc822",
            "RnJvbTogYUBiLmMNCg0KeA==",
            FileKind::Message,
        ),
    ] {
        let head = format!("Content-Type: {kind}\nContent-Transfer-Encoding: base64");
        let found = digest(&multipart(
            "multipart/mixed",
            &[(PLAIN, "raz"), (&head, contents)],
        ));
        let kinds: Vec<FileKind> = found.files.iter().map(|file| file.kind).collect();
        assert_eq!(kinds, [want], "{kind}: {found:?}");
        assert_eq!(found.text, "raz");
    }
}

#[test]
fn a_message_within_is_a_file_and_its_text_is_its_own() {
    let inner = format!(
        "From: a@b.c\n{}",
        multipart("multipart/mixed", &[(PLAIN, "cudze"), (PDF, "%PDF-1.4")])
    );
    let found = digest(&multipart(
        "multipart/digest",
        &[("Content-Type: text/plain", "moje"), ("", &inner)],
    ));
    assert_eq!(found.text, "moje");
    assert_eq!(names(&found.files), ["message.eml"]);
    assert_eq!(found.files[0].kind, FileKind::Message);
}

#[test]
fn files_alone_are_a_message() {
    let found = digest(&format!(
        "Subject: =?utf-8?Q?Zdj=C4=99cie?=\n{PDF}\n\n%PDF-1.4\n"
    ));
    assert_eq!(
        (found.subject.as_str(), found.text.as_str()),
        ("Zdjęcie", "")
    );
    assert_eq!(names(&found.files), ["a.pdf"]);
    assert!(found.folded.is_empty() && !found.cut);
}

#[test]
fn a_text_that_is_attached_is_a_file() {
    for (head, body, text, files) in [
        (
            "Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment; filename=a.txt",
            "x",
            "raz",
            1,
        ),
        ("Content-Type: text/plain; name=a.txt", "x", "raz", 1),
        (
            "Content-Type: text/html\nContent-Disposition: inline; filename=a.html",
            "x",
            "raz",
            1,
        ),
        ("Content-Type: text/calendar", "BEGIN:VCALENDAR", "raz", 1),
        ("Content-Type: text/x-amp-html", "x", "raz", 0),
        ("Content-Type: text/markdown", "*dwa*", "raz\n\n*dwa*", 0),
        ("Content-Type: text/plain; charset=utf-7", "+AKM-", "raz", 1),
        ("Content-Disposition: inline", "dwa", "raz\n\ndwa", 0),
    ] {
        let found = digest(&multipart(
            "multipart/mixed",
            &[(PLAIN, "raz"), (head, body)],
        ));
        assert_eq!(
            (found.text.as_str(), found.files.len()),
            (text, files),
            "{head}"
        );
    }
    // The only one is what the message says.
    let alone = digest("Content-Type: text/plain; name=a.txt\n\nraz\n");
    assert_eq!((alone.text.as_str(), alone.files.len()), ("raz", 0));
}

#[test]
fn names_are_never_empty_and_never_paths() {
    for (name, want) in [
        ("../../x.pdf", "x.pdf"),
        ("=?utf-8?Q?Fakt=C5=ABra_1/2026.pdf?=", "Faktūra 1_2026.pdf"),
        ("", "document.pdf"),
        ("..", "document.pdf"),
    ] {
        let head = format!(
            "Content-Type: application/pdf\nContent-Disposition: attachment; filename=\"{name}\""
        );
        let found = digest(&multipart("multipart/mixed", &[(&head, "%PDF-1.4")]));
        assert_eq!(names(&found.files), [want], "{name}");
    }
}

#[test]
fn charsets_are_read_as_the_relay_reads_them() {
    for (charset, body, want) in [
        ("iso-8859-2", "=BF=F3=B3w", "żółw"),
        ("windows-1250", "=9Cnieg", "śnieg"),
        ("utf-8", "=C5=BC", "ż"),
        ("", "=C5=BC", "ż"),
        ("us-ascii", "=9Cnieg", "śnieg"),
    ] {
        let head = format!(
            "Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: quoted-printable"
        );
        assert_eq!(
            digest(&format!("{head}\n\n{body}\n")).text,
            want,
            "{charset}"
        );
    }
}

#[test]
fn an_automatic_reply_is_told() {
    let message = Message::parse("Auto-Submitted: auto-replied\r\n\r\nx\r\n".into()).unwrap();
    let sender: Mailbox = "a@b.example".parse().unwrap();
    let found = crate::digest::Digest::of(&message, &ReversePath::Mailbox(sender), &[]);
    assert_eq!(found.automatic, Automatic::Reply);
}

#[test]
fn h208_no_message_costs_more_than_its_octets() {
    let quotes = format!("\n{}", format!("{}\n", ">".repeat(60_000)).repeat(17));
    let deep = (0..2_000).map(|depth| format!("{} x\n", ">".repeat(depth % 900)));
    let own = "Tak.\n> raz\n".repeat(100_000);
    let attributions =
        "\nW dniu 12.03.2026 o 10:15, Jan pisze:\n> raz dwa trzy cztery\n".repeat(20_000);
    let blocks =
        "\nOd: a\nData: 10:15\nDo: b\nTemat: c\n\nraz dwa trzy cztery pięć\n".repeat(20_000);
    let earlier = [
        "raz dwa trzy cztery ".repeat(20_000),
        "a b c d e f ".repeat(30_000),
    ];
    let earlier = [earlier[0].as_str(), earlier[1].as_str()];
    for text in [
        quotes,
        format!("\n{}", deep.collect::<String>()),
        format!("\n{own}"),
        attributions,
        blocks,
        format!(
            "\n{}",
            earlier
                .concat()
                .replace("cztery ", "cztery\n")
                .replace("f ", "f\n")
        ),
    ] {
        let found = super::after(&text, &earlier);
        assert!(found.cut && found.text.len() <= MOST_TEXT);
        let places = found.folded.iter();
        assert!(
            places
                .clone()
                .all(|place| found.text.get(place.clone()).is_some())
        );
    }
    let longest = "żółw\n".repeat(400_000);
    assert!(
        digest(&format!("{PLAIN}\n\n{longest}"))
            .text
            .lines()
            .all(|line| line == "żółw" || "żółw".starts_with(line))
    );
}
