//! Attached files over the wire: which may pass, in which words the others are refused, and what pictures lose.

use data_encoding::{BASE64, BASE64_MIME};
use mail_parser::{MessageParser, MimeHeaders};

use crate::support::stage::*;

/// A picture with a place, a serial number, an owner and a thumbnail, and with an orientation, an artist and a copyright.
const TELEPHONE: &[u8] = include_bytes!("../data/pictures/telephone.jpg");
const PDF: &[u8] = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\ntrailer\n<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n";
const ZIP: &[u8] = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0a.txt";
const EXE: &[u8] = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0\xb8\0\0\0\0\0\0\0\x40\0\0\0";

/// A letter with a text and one file, whose fields are given.
fn letter(from: &str, to: &str, fields: &str, octets: &[u8]) -> String {
    let code = BASE64_MIME.encode(octets);
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: Rower\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nW załączniku.\r\n\
         --a\r\n{fields}Content-Transfer-Encoding: base64\r\n\r\n{code}\r\n--a--\r\n"
    )
}

fn attached(kind: &str, name: &str) -> String {
    format!("Content-Type: {kind}\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n")
}

/// The declared type, the name and the octets of the file in a message.
fn file(message: &str) -> (String, String, Vec<u8>) {
    let parsed = MessageParser::default().parse(message.as_bytes()).unwrap();
    let part = parsed.attachment(0).unwrap();
    let kind = part.content_type().unwrap();
    (
        format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()),
        part.attachment_name().unwrap_or_default().to_owned(),
        part.contents().to_vec(),
    )
}

fn holds(octets: &[u8], words: &str) -> bool {
    memchr::memmem::find(octets, words.as_bytes()).is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_other_kinds_are_refused_by_name() {
    let stage = Setup::default().without_rules().start().await;
    for (fields, octets, told) in [
        (attached("application/zip", "zdjecia.zip"), ZIP, "\"zdjecia.zip\" is a ZIP archive"),
        (attached("application/pdf", "faktura.pdf"), ZIP, "\"faktura.pdf\" is a ZIP archive"),
        (attached("application/octet-stream", "faktura.pdf.exe"), EXE, "\"faktura.pdf.exe\" is a"),
        (attached("image/jpeg", "IMG_1.jpg"), EXE, "\"IMG_1.jpg\" is a"),
        (attached("application/octet-stream", "zdjecie.exe"), TELEPHONE, "is a JPEG picture under the name of"),
        (attached("text/html", "zdjecie.jpg"), TELEPHONE, "is a JPEG picture declared as text/html"),
        (
            "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename*=utf-8''cennik%E2%80%AEfdp.exe\r\n".to_owned(),
            EXE,
            "\\u{202e}",
        ),
        (
            "Content-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment; filename=b.exe\r\n".to_owned(),
            PDF,
            "carries a second name",
        ),
        (attached("image/heic", "IMG_2.HEIC"), b"\0\0\0\x18ftypheic\0\0\0\0heicmif1\0\0\0\x08mdat", "send it as JPEG"),
        (attached("application/pgp-keys", "klucz.asc"), b"-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\nmDMEZ\r\n-----END PGP PUBLIC KEY BLOCK-----\r\n", "\"klucz.asc\" is a PGP"),
        (attached("image/jpeg", "IMG_3.jpg"), &TELEPHONE[..TELEPHONE.len() - 40], "\"IMG_3.jpg\" is no complete JPEG"),
    ] {
        let answer = stage.send_message(BIURO, &[BUYER], &letter(BIURO, BUYER, &fields, octets)).await;
        answer.assert("550 5.7.1");
        // A long sentence stands on several lines.
        let words = answer.0.replace("\r\n550-5.7.1 ", " ").replace("\r\n550 5.7.1 ", " ");
        assert!(words.contains(told), "no {told:?} in {words}");
        assert!(words.contains("[attachment-type;"), "{words}");
    }
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_and_pictures_pass_under_the_type_that_they_have() {
    let stage = Setup::default().without_rules().start().await;
    for (fields, octets, kind, name) in [
        (attached("application/octet-stream", "FV_12_2026.pdf"), PDF, "application/pdf", "FV_12_2026.pdf"),
        (attached("application/x-pdf; name=\"f.pdf\"", "Faktura nr 12.2026"), PDF, "application/pdf", "Faktura nr 12.2026"),
        ("Content-Type: image/png; name=logo.png\r\nContent-ID: <logo@shop>\r\nContent-Disposition: inline\r\n".to_owned(), TELEPHONE, "image/jpeg", "logo.png"),
        ("Content-Disposition: attachment; filename=\"faktura_?.pdf\"; filename*=UTF-8''faktura_%C4%85.pdf\r\n".to_owned(), PDF, "application/pdf", "faktura_?.pdf"),
    ] {
        let answer = stage.send_message(BIURO, &[BUYER], &letter(BIURO, BUYER, &fields, octets)).await;
        answer.assert("250");
        let message = text(&stage.arrival().await);
        let (found, called, arrived) = file(&message);
        assert_eq!((found.as_str(), called.as_str()), (kind, name), "{message}");
        if octets == PDF {
            assert_eq!(arrived, PDF, "a document may be signed");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_lose_what_they_tell_and_sellers_keep_their_copyright() {
    let fields = "Content-Type: image/jpeg; name=IMG_1.jpg\r\nContent-Disposition: attachment; filename=IMG_1.jpg; size=5597\r\n";
    let private = [
        "SN777",
        "Canon",
        "Munich",
        "2024:01:02",
        "GPSLatitude",
        "W5M0",
    ];
    let stage = Stage::ordinary().await;
    for (from, to, keeps) in [(BIURO, BUYER, true), (JAN, SELLER, false)] {
        let sent = letter(from, to, fields, TELEPHONE);
        stage.send_message(from, &[to], &sent).await.assert("250");
        let arrived = text(&stage.arrival().await);
        assert!(!arrived.contains("size="), "it is smaller now: {arrived}");
        let (kind, name, octets) = file(&arrived);
        assert_eq!((kind.as_str(), name.as_str()), ("image/jpeg", "IMG_1.jpg"));
        for words in private {
            assert!(holds(TELEPHONE, words) || words == "W5M0", "{words}");
            assert!(!holds(&octets, words), "{from}: {words}");
        }
        assert_eq!(holds(&octets, "Jane Artist"), keeps, "{from}");
        // Turned by its orientation, and with nothing but that and the copyright in its Exif data.
        assert!(holds(&octets, "Exif\0\0"), "{from}");
        assert!(
            octets.len() < TELEPHONE.len() - 800,
            "{from}: the thumbnail"
        );
    }
    // An artist that is called by the writer's own address is none that may stay.
    let artist = format!("{BIURO}\0");
    let directory = [
        b"II*\0\x08\0\0\0\x01\0\x3b\x01\x02\0".as_slice(),
        &[
            u8::try_from(artist.len()).unwrap(),
            0,
            0,
            0,
            26,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        ],
    ]
    .concat();
    let exif = [b"Exif\0\0".as_slice(), &directory, artist.as_bytes()].concat();
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let signed = [
        b"\xff\xd8\xff\xe1".as_slice(),
        &length,
        &exif,
        &TELEPHONE[2..],
    ]
    .concat();
    let sent = letter(BIURO, BUYER, fields, &signed);
    stage
        .send_message(BIURO, &[BUYER], &sent)
        .await
        .assert("250");
    let (_, _, octets) = file(&text(&stage.arrival().await));
    assert!(holds(&signed, BIURO) && !holds(&octets, BIURO));
    // In the source of a page, as editors of web mail write them.
    let stage = Stage::ordinary().await;
    let page = |picture: &[u8]| {
        format!(
            "<p><img src=\"data:image/jpeg;base64,{}\"></p>",
            BASE64.encode(picture)
        )
    };
    let sent = whole(
        "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n",
        &BASE64_MIME.encode(page(TELEPHONE).as_bytes()),
    );
    stage
        .send_message(BIURO, &[BUYER], &sent)
        .await
        .assert("250");
    let arrived = text(&stage.arrival().await);
    let parsed = MessageParser::default().parse(arrived.as_bytes()).unwrap();
    let html = parsed.body_html(0).unwrap();
    let code = html
        .split("base64,")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let octets = BASE64.decode(code.as_bytes()).unwrap();
    assert!(holds(&octets, "Jane Artist") && !holds(&octets, "SN777"));
    let never = Setup::default()
        .key("policy", "keep_copyright = false")
        .start()
        .await;
    let sent = letter(BIURO, BUYER, fields, TELEPHONE);
    never
        .send_message(BIURO, &[BUYER], &sent)
        .await
        .assert("250");
    let (_, _, octets) = file(&text(&never.arrival().await));
    assert!(!holds(&octets, "Jane Artist"));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_any_kind_pass_where_the_rule_is_off_or_a_courier_writes() {
    let stage = Setup::default()
        .key("content", "attachment = []")
        .start()
        .await;
    let sent = letter(
        BIURO,
        BUYER,
        &attached("application/zip", "zdjecia.zip"),
        ZIP,
    );
    stage
        .send_message(BIURO, &[BUYER], &sent)
        .await
        .assert("250");
    assert_eq!(file(&text(&stage.arrival().await)).2, ZIP);

    let stage = Stage::ordinary().await;
    let sent = letter(
        COURIER,
        BUYER,
        &attached("image/jpeg", "paczka.jpg"),
        TELEPHONE,
    );
    stage
        .send_message(COURIER, &[BUYER], &sent)
        .await
        .assert("250");
    assert_eq!(
        file(&text(&stage.arrival().await)).2,
        TELEPHONE,
        "couriers' octets stay"
    );
}

/// A letter that is one part, with these fields and this body.
fn whole(fields: &str, body: &str) -> String {
    format!(
        "From: {BIURO}\r\nTo: {BUYER}\r\nSubject: Rower\r\nMIME-Version: 1.0\r\n{fields}\r\n{body}\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_some_programs_take_for_a_file_is_refused() {
    let stage = Setup::default().without_rules().start().await;
    let exe = BASE64_MIME.encode(EXE);
    let coded = "Content-Transfer-Encoding: base64\r\n";
    let uuencoded = "begin 644 evil.exe\r\n#35J0\r\n`\r\nend";
    let attached = "Content-Disposition: attachment; filename=evil.exe\r\n";
    let event = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nATTACH;VALUE=BINARY;ENC\r\n ODING=BASE64;X-FILENAME=evil.exe:TVqQ\r\nEND:VEVENT\r\nEND:VCALENDAR";
    for (name, fields, body) in [
        (
            "a multipart without a boundary",
            format!("Content-Type: multipart/x\r\n{attached}{coded}"),
            exe.as_str(),
        ),
        (
            "a boundary that never comes",
            format!("Content-Type: multipart/mixed; boundary=b\r\n{coded}"),
            &exe,
        ),
        (
            "a second type",
            "Content-Type: x\r\nContent-Type: text/plain; name=evil.js\r\n".to_owned(),
            "x",
        ),
        (
            "a name that ends in a NUL",
            format!("Content-Type: text/plain; name*=utf-8''evil.js%00.txt\r\n{coded}"),
            "eA==",
        ),
        (
            "uuencoded",
            "Content-Type: text/plain\r\n".to_owned(),
            uuencoded,
        ),
        ("uuencoded, without a type", String::new(), uuencoded),
        (
            "yEnc",
            String::new(),
            "=ybegin line=128 size=4 name=evil.exe\r\nxxxx\r\n=yend size=4",
        ),
        (
            "an encoding of files without its first line",
            "Content-Type: text/plain; name=a.txt\r\nContent-Transfer-Encoding: x-uuencode\r\n"
                .to_owned(),
            "#35J0",
        ),
        (
            "an encoding of files",
            "Content-Type: text/plain; name=a.txt\r\nContent-Transfer-Encoding: x-uuencode\r\n"
                .to_owned(),
            uuencoded,
        ),
        (
            "a program in a report",
            "Content-Type: multipart/report; report-type=x; boundary=b\r\n".to_owned(),
            "--b\r\nContent-Type: application/hta\r\n\r\n<script>x</script>\r\n--b--",
        ),
        (
            "a file of an event",
            "Content-Type: text/calendar\r\n".to_owned(),
            event,
        ),
        (
            "another text among alternatives",
            "Content-Type: multipart/alternative; boundary=b\r\n".to_owned(),
            "--b\r\nContent-Type: text/vbscript\r\n\r\nMsgBox 1\r\n--b--",
        ),
        (
            "a name in the wrong field",
            "Content-Type: text/plain; filename=evil.js\r\n".to_owned(),
            "x",
        ),
        (
            "a message of news",
            format!("Content-Type: message/news\r\n{coded}"),
            &BASE64_MIME.encode(
                format!("Subject: x\r\nContent-Type: application/x\r\n{coded}\r\n{exe}\r\n")
                    .as_bytes(),
            ),
        ),
    ] {
        let answer = stage
            .send_message(BIURO, &[BUYER], &whole(&fields, body))
            .await;
        assert!(
            answer.0.starts_with("550") && answer.0.contains("[attachment-type;"),
            "{name}: {answer:?}"
        );
    }
    for (name, fields, body) in [
        (
            "a word at the front of a line",
            String::new(),
            "begin 644 words\r\nof a poem",
        ),
        (
            "a message by its subject",
            "Content-Type: multipart/mixed; boundary=b\r\n".to_owned(),
            "--b\r\nContent-Type: message/rfc822; name=\"Fw: Faktura.pdf\"\r\n\r\nSubject: x\r\n\r\nx\r\n--b--",
        ),
        (
            "a link of an event",
            "Content-Type: text/calendar\r\n".to_owned(),
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nATTACH:https://example.com/a.pdf\r\nEND:VEVENT\r\nEND:VCALENDAR",
        ),
    ] {
        let answer = stage
            .send_message(BIURO, &[BUYER], &whole(&fields, body))
            .await;
        assert!(answer.0.starts_with("250"), "{name}: {answer:?}");
        stage.arrival().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_programs_read_in_several_ways_leaves_in_one() {
    let stage = Setup::default().without_rules().start().await;
    for (parameters, leaves) in [
        ("filename=\"x.hta\".html", "filename=\"x.hta_.html\""),
        ("filename=\"evil.=?utf-8?Q?js?=\"", "filename=\"evil. js\""),
        (
            "filename*0=\"evil.js\"; filename*2=\".txt\"",
            "filename=\"evil.js.txt\"",
        ),
        (
            "filename*0=evil; filename*1=.js; filename*1=.txt",
            "filename=\"evil.js.txt\"",
        ),
        ("filename=evil.js .txt", "filename=\"evil.js .txt\""),
        ("filename=<evil.js>", "filename=\"_evil.js_\""),
        // What all read alike stays as it came.
        (
            "filename=\"Umowa (1), nowa.txt\"",
            "filename=\"Umowa (1), nowa.txt\"",
        ),
        (
            "filename=\"=?utf-8?B?xIUudHh0?=\"",
            "filename=\"=?utf-8?B?xIUudHh0?=\"",
        ),
        (
            "filename=\"_.txt\"; filename*=utf-8''%C4%85.txt",
            "filename=\"_.txt\"; filename*=utf-8''%C4%85.txt",
        ),
    ] {
        let fields = "Content-Type: multipart/mixed; boundary=b\r\n";
        let body = format!(
            "--b\r\nContent-Type: text/html\r\nContent-Disposition: attachment; {parameters}\r\n\r\n<p>x</p>\r\n--b--"
        );
        let answer = stage
            .send_message(BIURO, &[BUYER], &whole(fields, &body))
            .await;
        assert!(answer.0.starts_with("250"), "{parameters}: {answer:?}");
        let arrived = text(&stage.arrival().await).replace("\r\n ", " ");
        assert!(arrived.contains(leaves), "{parameters}: {arrived}");
    }
}
