//! What a reader's programs make of a message (docs/threats.md#184 to #197): browsers, charsets, Unicode, raw source; and honest mail that only looks
//! like it. Each is sent by a registered seller, and what arrives is read by `mail-parser`, whose reading the rewriter does not share.

use mail_parser::{MessageParser, MimeHeaders, PartType};

use crate::support::bomb::{bomb, play, stage};

const NAMES: [&str; 2] = ["biuro@rowery", "rowery.example"];

fn says(kind: &str, encoding: &str) -> String {
    format!(
        "MIME-Version: 1.0\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n"
    )
}

fn base64(octets: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(octets);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    lines.join("\r\n")
}

/// The texts of a message as mail-parser decodes them.
fn texts(raw: &str) -> Vec<String> {
    let message = MessageParser::default().parse(raw.as_bytes()).unwrap();
    let parts = message.parts.iter();
    let texts = parts.filter_map(|part| match &part.body {
        PartType::Text(text) | PartType::Html(text) => Some(text.to_string()),
        PartType::Binary(octets) | PartType::InlineBinary(octets) => {
            Some(String::from_utf8_lossy(octets).into_owned())
        }
        _ => None,
    });
    texts.collect()
}

/// No text of it, and nothing of its source, names the seller.
fn assert_hidden(name: &str, arrived: &str) {
    for text in texts(arrived).iter().map(String::as_str).chain([arrived]) {
        let lower = text.to_lowercase();
        for named in NAMES {
            assert!(!lower.contains(named), "{name}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h185_texts_in_odd_charsets_are_read_once_and_written_anew() {
    let stage = stage().await;
    let plain = "pisz: biuro@rowery.example, zażółć";
    let latin = encoding_rs::ISO_8859_2.encode(plain).0;
    let wide: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&[0xff, 0xfe], wide.as_slice()].concat();
    let cases = [
        ("text/plain; charset=x-klingon", plain.as_bytes().to_vec()),
        ("text/plain; charset=us-ascii", latin.to_vec()),
        ("text/plain; charset=utf-8", latin.to_vec()),
        ("text/plain; charset=ibm852", plain.as_bytes().to_vec()),
        ("text/plain; charset=utf-16", marked.clone()),
        ("text/html; charset=iso-8859-2", marked),
        ("text/plain; charset=utf-16le", wide),
        (
            "text/plain; charset=windows-1250",
            plain.as_bytes().to_vec(),
        ),
    ];
    let bombs =
        cases.map(|(kind, octets)| bomb("185", says(kind, "base64"), base64(&octets), "250"));
    for (name, arrived) in play(&stage, bombs.into()).await {
        let arrived = arrived.unwrap();
        assert_hidden(name, &arrived);
        let text = texts(&arrived).concat();
        assert!(
            text.contains("k2m9x0r7t3") && text.contains("zażółć"),
            "{arrived}"
        );
    }
    // Its own charset is kept where label and octets fit together.
    let fits = bomb(
        "185",
        says("text/plain; charset=iso-8859-2", "base64"),
        base64(&latin),
        "250",
    );
    let arrived = play(&stage, vec![fits]).await.remove(0).1.unwrap();
    assert!(arrived.contains("charset=iso-8859-2"), "{arrived}");
    assert!(texts(&arrived).concat().contains("zażółć"));
}

#[tokio::test(flavor = "multi_thread")]
async fn h185_charsets_without_ascii_are_refused_by_name() {
    let stage = stage().await;
    for label in [
        "utf-7",
        "csUnicode11UTF7",
        "utf-32",
        "hz-gb-2312",
        "ibm500",
        "cp1047",
        "EBCDIC-CP-US",
    ] {
        for (fields, body) in [
            (
                says(&format!("text/plain; charset={label}"), "7bit"),
                "x".to_owned(),
            ),
            (
                says("multipart/mixed; boundary=b", "7bit"),
                format!("--b\r\nContent-Type: image/png; name*={label}''a.png\r\n\r\nx\r\n--b--"),
            ),
            (
                says("message/rfc822", "7bit"),
                format!("From: a@b.pl\r\nSubject: =?{label}?Q?x?=\r\n\r\nx"),
            ),
        ] {
            let refused =
                crate::support::bomb::answers(&stage, bomb("185", fields, body, "550")).await;
            assert!(refused.starts_with("550 5.7.1"), "{refused}");
            assert!(
                refused.contains(label) && refused.contains("UTF-8"),
                "{refused}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h186_letters_that_unicode_holds_for_others_hide_nothing() {
    let stage = stage().await;
    let spellings = [
        "ｂｉｕｒｏ＠ｒｏｗｅｒｙ．ｅｘａｍｐｌｅ",
        "biuro﹫rowery｡example",
        "biuro@rowery。example",
        "𝐛𝐢𝐮𝐫𝐨@𝐫𝐨𝐰𝐞𝐫𝐲.𝐞𝐱𝐚𝐦𝐩𝐥𝐞",
        "ⓑⓘⓤⓡⓞ@ⓡⓞⓦⓔⓡⓨ.ⓔⓧⓐⓜⓟⓛⓔ",
        "biu\u{e0072}\u{e0020}ro@row\u{fe0f}ery.exam\u{2064}ple",
        "biuro\u{1b}(B@row\u{1b}(Bery.example",
        "biu\u{7}ro@rowery.\u{85}example",
    ];
    let bombs = spellings.map(|text| {
        bomb(
            "186",
            says("text/plain; charset=utf-8", "8bit"),
            format!("pisz {text} dzis"),
            "250",
        )
    });
    for (name, arrived) in play(&stage, bombs.into()).await {
        let arrived = arrived.unwrap();
        assert!(arrived.contains("pisz k2m9x0r7t3+"), "{name}: {arrived}");
        assert_hidden(name, &arrived);
    }
    // Accents and look-alikes of other scripts are other people's.
    let other = bomb(
        "186 other",
        says("text/plain; charset=utf-8", "8bit"),
        "bíuro@rowery.example biurо@rowery.example",
        "250",
    );
    let arrived = play(&stage, vec![other]).await.remove(0).1.unwrap();
    assert!(
        arrived.contains("bíuro@rowery.example biurо@rowery.example"),
        "{arrived}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn h187_names_of_machines_stay_behind() {
    let stage = stage().await;
    let body = "--_EXCH01.kowalski.local\r\nContent-Type: text/html; charset=utf-8; x-host=EXCH01.kowalski.local\r\n\r\n<img src=\"cid:img1@EXCH01.kowalski.local\">\r\n\
                --_EXCH01.kowalski.local\r\nContent-Type: image/png; name=a.png; x-unix-mode=0644\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <img1@EXCH01.kowalski.local>\r\n\
                Content-Description: from EXCH01.kowalski.local\r\n\r\niVBORw0KGgo=\r\n\
                --_EXCH01.kowalski.local\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nPRODID:-//EXCH01.kowalski.local//EN\r\nBEGIN:VEVENT\r\nUID:17-EXCH01.kowalski.local\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n\
                --_EXCH01.kowalski.local\r\nContent-Type: text/rfc822-headers\r\n\r\nReceived: from EXCH01.kowalski.local\r\nSubject: x\r\n\
                --_EXCH01.kowalski.local\r\nContent-Type: message/disposition-notification\r\n\r\nReporting-UA: EXCH01.kowalski.local; Outlook\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n\
                --_EXCH01.kowalski.local\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; EXCH01.kowalski.local\r\n\r\nAction: failed\r\n--_EXCH01.kowalski.local--";
    let kind = says(
        "multipart/related; boundary=\"_EXCH01.kowalski.local\"; start=\"<img1@EXCH01.kowalski.local>\"",
        "7bit",
    );
    let arrived = play(&stage, vec![bomb("187", kind, body, "250")])
        .await
        .remove(0)
        .1
        .unwrap();
    assert!(!arrived.to_lowercase().contains("exch01"), "{arrived}");
    // The picture is still the one that is shown, and the fields that a program needs are there.
    let message = MessageParser::default().parse(arrived.as_bytes()).unwrap();
    let id = message
        .parts
        .iter()
        .find_map(|part| part.content_id())
        .unwrap()
        .to_owned();
    assert!(arrived.contains(&format!("src=\"cid:{id}\"")), "{arrived}");
    assert!(arrived.contains(&format!("start=\"<{id}>\"")), "{arrived}");
    for kept in [
        "Disposition: manual-action",
        "Action: failed",
        "Subject: x",
        "method=REQUEST",
        "name=\"a.png\"",
    ] {
        assert!(arrived.contains(kept), "{kept}: {arrived}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h189_armour_and_files_of_messages_are_read_wherever_they_are() {
    let stage = stage().await;
    let key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\nmQENBFabcdefghijklmnopqrstuvwxyz0123456789\r\n-----END PGP PUBLIC KEY BLOCK-----\r\n";
    let quoted: String = key.lines().map(|line| format!("> > {line}\r\n")).collect();
    let html = format!("<p>{}</p>", key.replace("\r\n", "<br>"));
    let message = "From: Jan <biuro@rowery.example>\r\nSubject: x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nYml1cm9Acm93ZXJ5LmV4YW1wbGU=\r\n";
    let file = format!(
        "--b\r\nContent-Type: application/octet-stream; name=x.eml\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--",
        base64(message.as_bytes())
    );
    let bombs = vec![
        bomb(
            "189 quoted twice",
            says("text/plain; charset=utf-8", "7bit"),
            format!("a\r\n{quoted}z"),
            "250",
        ),
        bomb(
            "189 in HTML",
            says("text/html; charset=utf-8", "7bit"),
            html,
            "250",
        ),
        bomb(
            "189 .eml",
            says("multipart/mixed; boundary=b", "7bit"),
            file,
            "250",
        ),
    ];
    for (name, arrived) in play(&stage, bombs).await {
        let arrived = arrived.unwrap();
        assert!(!arrived.contains("mQENBF"), "{name}: {arrived}");
        assert_hidden(name, &arrived);
    }
    let encrypted = key.replace("PUBLIC KEY BLOCK", "MESSAGE");
    play(
        &stage,
        vec![bomb(
            "189 encrypted",
            says("text/plain", "7bit"),
            encrypted,
            "550 5.7.1",
        )],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h190_what_only_looks_like_a_structure_passes() {
    let stage = stage().await;
    for text in [
        "UID: rowery.example\r\nMessage-ID: w panelu rowery.example\r\nReceived: by rowery.example",
        "---https://rowery.example---\r\n--sklep.rowery.example\r\n-->rowery.example",
        "Wklej -----BEGIN PGP MESSAGE----- do programu, a potem wyslij.",
        "Pomoc: https://mail.proton.me/eo/faq",
        "Content-ID: rowery.example",
    ] {
        for kind in ["text/plain; charset=utf-8", "text/html; charset=utf-8"] {
            let sent = bomb("190", says(kind, "7bit"), text, "250");
            let arrived = play(&stage, vec![sent]).await.remove(0).1.unwrap();
            assert!(arrived.contains(text), "{arrived}");
        }
    }
    // Where programs keep ids, a domain is one.
    let calendar = "BEGIN:VCALENDAR\r\nUID:1@rowery.example\r\nEND:VCALENDAR";
    let sent = bomb(
        "190 a calendar",
        says("text/calendar", "7bit"),
        calendar,
        "250",
    );
    let arrived = play(&stage, vec![sent]).await.remove(0).1.unwrap();
    assert!(!arrived.contains("rowery.example"), "{arrived}");
}

#[tokio::test(flavor = "multi_thread")]
async fn h192_h194_documents_keep_every_octet_or_are_refused_by_name() {
    let stage = stage().await;
    let pdf = b"%PDF-1.4\n1 0 obj << /Author (a@b.example) >>\n\xff\xfe\0".to_vec();
    let png = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01"[..], &[7; 300]].concat();
    for (kind, name, octets) in [
        ("text/pdf", "faktura.pdf", &pdf),
        ("pdf", "faktura.pdf", &pdf),
        ("text/html", "faktura.html", &pdf),
        ("text/plain", "zdjecie.txt", &png),
        ("image/png", "zdjecie.png", &png),
    ] {
        let body = format!(
            "--b\r\nContent-Type: {kind}; name={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--",
            base64(octets)
        );
        let sent = bomb(
            "192",
            says("multipart/mixed; boundary=b", "7bit"),
            body,
            "250",
        );
        let arrived = play(&stage, vec![sent]).await.remove(0).1.unwrap();
        assert!(arrived.contains(&base64(octets)), "{kind}: {arrived}");
    }
    let xmp = b"\xff\xd8\xff\xe1\0\x7fhttp://ns.adobe.com/xap/1.0/\0<x:xmpmeta><dc:creator>Biuro@rowery.example</dc:creator></x:xmpmeta>".to_vec();
    let old: Vec<u8> = [
        &b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0"[..],
        &"biuro@rowery.example"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>(),
    ]
    .concat();
    for (name, octets) in [("zdjecie.jpg", xmp), ("oferta.doc", old)] {
        let body = format!(
            "--b\r\nContent-Type: application/octet-stream; name={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--",
            base64(&octets)
        );
        let refused = crate::support::bomb::answers(
            &stage,
            bomb(
                "194",
                says("multipart/mixed; boundary=b", "7bit"),
                body,
                "550 5.7.1",
            ),
        )
        .await;
        for word in [name, "biuro@rowery.example", "without its properties"] {
            assert!(refused.contains(word), "{refused}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h193_what_is_taken_out_is_told_in_the_readers_language() {
    let stage = stage().await;
    for name in ["umowa.pdf.sig", "klucz.pem", "firma.crt", "podpis.asc"] {
        let body = format!(
            "--b\r\nContent-Type: text/plain\r\n\r\nW zalaczeniu umowa.\r\n--b\r\nContent-Type: application/octet-stream; name={name}\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAw==\r\n--b--"
        );
        let sent = bomb(
            "193",
            says("multipart/mixed; boundary=b", "7bit"),
            body,
            "250",
        );
        let arrived = play(&stage, vec![sent]).await.remove(0).1.unwrap();
        let texts = texts(&arrived);
        let note = texts.iter().find(|text| text.contains(name)).unwrap();
        assert!(note.contains("został usunięty"), "{note}");
        assert!(!arrived.contains("AAECAw"), "{arrived}");
    }
}
