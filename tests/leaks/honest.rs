//! What honest people send is neither refused nor damaged: shops' and buyers' messages in many shapes, and other people's sample messages.

use std::path::{Path, PathBuf};

use allegromail::message::{Holds, Message};

use crate::kept::{changed, without_ids};
use crate::{SIDES, pass};

/// The texts of shops and buyers: their own domain, links and telephone numbers, but no address.
const TEXTS: [&str; 14] = [
    "------ www.rowery.example ------\r\n--rowery.example--\r\nUID: nie dotyczy; Received: 12 sztuk",
    "https://rowery.example/oferta/rower-gorski-meski-29-cali-ultralekki-2026/opinie_klientow?sesja=eyJpZCI6MTcsImphayI6Im5pYyJ9 oraz C:\\dane\\faktury\\2026",
    "Dzień dobry, rower jest dostępny. Zapraszamy na www.rowery.example i https://rowery.example/oferta?id=7&ref=mail",
    "Pozdrawiam,\r\nAnna Nowak | rowery.example | tel. +48 600 100 200 | ul. Główna 1, 00-001 Warszawa",
    "Zamówienie nr 2026/11/24-0017, kwota 1 299,00 zł (100 % przedpłaty; rabat 5 %)",
    "Dobrý den, zboží odešleme zítra. Fakturu najdete na https://rowery.example/faktury/%C4%8D.17",
    "Jó napot! A csomagot holnap adjuk fel. 50% kedvezmény: https://sklep.rowery.example/akcio#2026",
    "> On Mon, Jan wrote:\r\n> > czy rower jest jeszcze dostępny?\r\nTak, jest.",
    "cena = 1299; rozmiar=M; jan.kowalski (login), e-mail w panelu; kontakt przez Allegro",
    "Ľutujeme, kolo v žlté farbe došlo; vrátime 17,50 € do 14 dní. Volajte +421 900 100 200, www.rowery.example/kontakt",
    "W dniu 24.11.2026 login <k2m9x0r7t3+cub31c122@allegromail.pl> napisał(a):\r\n> Proszę o fakturę na firmę, NIP 123-456-78-19",
    "Guten Tag, das Fahrrad (Größe M, 29\") ist verfügbar & kostet 299 € < 300 €; {siehe} [Anlage 1] = Seite 2/3 ~ https://youtu.be/dQw4w9WgXcQ?t=17",
    "Paczkomat KRA17M, kod 004217; śledzenie: https://inpost.pl/sledzenie-przesylek?number=620017000000000000000017#mapa | 🚲 | \t| 100%25",
    "a@b, @sklep, #rower @ 1299 zł, biuro (at) allegro, rowery.example/biuro@promo",
];

const WRAPS: [&str; 6] = [
    // Plain, as phones write.
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{t}\r\n",
    // Outlook.
    "Content-Type: multipart/alternative; boundary=\"_000_VI1PR0701MB1234\"\r\nX-MS-Has-Attach:\r\n\r\n--_000_VI1PR0701MB1234\r\nContent-Type: text/plain; charset=\"utf-8\"\r\n\r\n{t}\r\n\
     --_000_VI1PR0701MB1234\r\nContent-Type: text/html; charset=\"utf-8\"\r\n\r\n<html xmlns:o=\"urn:schemas-microsoft-com:office:office\"><head><style>p.MsoNormal, li.MsoNormal {margin:0cm;font-size:11.0pt}</style></head><body lang=\"PL\"><p class=\"MsoNormal\">{t}<o:p></o:p></p></body></html>\r\n--_000_VI1PR0701MB1234--\r\n",
    // Apple Mail.
    "Content-Type: multipart/mixed; boundary=\"Apple-Mail=_1A2B\"\r\nMime-Version: 1.0 (Mac OS X Mail 16.0)\r\n\r\n--Apple-Mail=_1A2B\r\nContent-Transfer-Encoding: 8bit\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body style=\"overflow-wrap: break-word;\">{t}<br><div><br></div></body></html>\r\n\
     --Apple-Mail=_1A2B\r\nContent-Disposition: inline; filename=\"IMG_0017.jpeg\"\r\nContent-Type: image/jpeg; name=\"IMG_0017.jpeg\"\r\nContent-Transfer-Encoding: base64\r\n\r\n/9j/4AAQSkZJRgABAQAASABIAAD/4QBMRXhpZgAATU0AKgAAAAgAAYdpAAQAAAABAAAA\r\n--Apple-Mail=_1A2B--\r\n",
    // A newsletter's markup.
    "Content-Type: text/html; charset=utf-8\r\nList-Unsubscribe: <https://rowery.example/u/17>\r\nPrecedence: bulk\r\n\r\n<table width=\"600\"><tr><td><a href=\"https://rowery.example/p/1?utm_source=mail&amp;utm_medium=email\"><img src=\"https://cdn.rowery.example/a%20b.png\" alt=\"rower\"></a></td></tr><!-- {t} --><tr><td>{t}</td></tr></table>\r\n",
    // A forwarded invoice with an inline picture.
    "Content-Type: multipart/related; boundary=rel\r\n\r\n--rel\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>{t}<img src=\"cid:logo@shop\"></p>\r\n--rel\r\nContent-Type: image/png\r\nContent-ID: <logo@shop>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==\r\n\
     --rel\r\nContent-Type: application/pdf; name=\"faktura 17.pdf\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"faktura 17.pdf\"\r\n\r\nJVBERi0xLjQKJcOkw7zDtsOf\r\n--rel--\r\n",
    // Flowed text.
    "Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{t} \r\n{t}\r\n-- \r\nrowery.example\r\n",
];

const SUBJECTS: [&str; 5] = [
    "Re: rower",
    "=?utf-8?Q?Zam=C3=B3wienie_nr_17?=",
    "Pytanie o ofertę",
    "[rowery.example] Faktura",
    "=?iso-8859-2?B?RHppZfEgZG9icnk=?=",
];

#[test]
fn honest_messages_of_both_sides_pass_with_their_words_as_they_were() {
    let (mut sent, mut refused) = (0_u32, Vec::new());
    for side in &SIDES {
        for wrap in WRAPS {
            for (number, one) in TEXTS.iter().enumerate() {
                for more in [1, 3, 5, 6, 9, 11] {
                    let other = TEXTS[(number + more) % TEXTS.len()];
                    let words = format!("{one}\r\n{other}");
                    let subject = SUBJECTS[(number + more) % SUBJECTS.len()];
                    let raw = format!(
                        "From: <{}>\r\nTo: <{}>\r\nSubject: {subject}\r\nMessage-ID: <CA+x.17@mail.gmail.com>\r\nMIME-Version: 1.0\r\n{}",
                        side.addresses[0],
                        side.other,
                        wrap.replace("{t}", &words)
                    );
                    let before = contents(raw.as_bytes());
                    sent += 1;
                    match pass(side, raw.into_bytes()) {
                        Err(why) => refused.push(format!("{why}: {subject} {wrap} {words}")),
                        Ok(out) => {
                            assert_eq!(contents(&out), before, "{subject}");
                        }
                    }
                }
            }
        }
    }
    println!("{sent} honest messages, {} refused", refused.len());
    assert!(sent >= 1_500 && refused.is_empty(), "{refused:#?}");
}

/// What the parts of a message hold, but for the ids by which they refer to one another.
fn contents(raw: &[u8]) -> Vec<String> {
    let letter = Message::parse(raw.to_vec().into()).unwrap();
    let parts = letter.structure().parts.iter();
    let leaves = parts.filter(|part| part.holds == Holds::Content);
    let texts =
        leaves.map(|part| String::from_utf8(letter.raw()[part.body.clone()].to_vec()).unwrap());
    texts.map(|text| without_ids(&text)).collect()
}

/// The folder of CPython's sample messages, as its own test suite finds it.
fn cpython() -> Option<PathBuf> {
    let ask = "import os, test.test_email as t; print(os.path.dirname(t.__file__))";
    let output = std::process::Command::new("python3")
        .args(["-c", ask])
        .output();
    let folder = PathBuf::from(String::from_utf8(output.ok()?.stdout).ok()?.trim());
    (folder.is_absolute() && folder.is_dir()).then_some(folder)
}

/// Sample messages of mail-parser (cargo has its source), and of CPython's test suite where that is installed.
fn samples() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home =
        home.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    let mut folders: Vec<PathBuf> = Vec::new();
    let sources = home.and_then(|home| std::fs::read_dir(home.join("registry/src")).ok());
    for source in sources.into_iter().flatten().flatten() {
        folders.push(source.path().join("mail-parser-0.11.9/resources"));
    }
    match cpython() {
        Some(folder) => folders.push(folder),
        None => println!(
            "SKIPPED: python3 has no test.test_email here, so CPython's samples were not tried"
        ),
    }
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let kind = path.extension().and_then(|kind| kind.to_str());
            let python = path.to_string_lossy().contains("test_email");
            match kind {
                _ if path.is_dir() => folders.push(path),
                Some("eml") => found.push(path),
                Some("txt") if python => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// The message with CRLF line ends.
fn wire(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + 1_000);
    for line in raw.split(|octet| *octet == b'\n') {
        let line: Vec<u8> = line
            .iter()
            .copied()
            .filter(|octet| *octet != b'\r')
            .collect();
        out.extend(line);
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[test]
fn other_peoples_samples_keep_every_part_that_shows_nobody() {
    let samples = samples();
    if samples.is_empty() {
        println!("SKIPPED: cargo's copy of mail-parser has no samples here");
        return;
    }
    let mut tallies = [
        ("mail-parser", Tally::default()),
        ("CPython", Tally::default()),
    ];
    for path in &samples {
        let python = path.to_string_lossy().contains("test_email");
        let (_, tally) = &mut tallies[usize::from(python)];
        tally.samples += 1;
        let octets = wire(&std::fs::read(path).unwrap());
        // What the strict splitter refuses, nobody may send.
        let Ok(letter) = Message::parse(octets.clone().into()) else {
            continue;
        };
        tally.sendable += 1;
        match pass(&SIDES[0], octets) {
            Err(why) => println!("{}: {why}", path.display()),
            Ok(out) => {
                tally.passed += 1;
                let sent = Message::parse(out.into()).unwrap();
                assert_kept(&letter, &sent, path);
                tally.whole += u32::from(letter.body() == sent.body());
            }
        }
    }
    for (of, tally) in tallies {
        println!("{of}: {tally:?}");
        assert!(tally.passed * 100 >= tally.sendable * 95, "{of}: {tally:?}");
    }
}

#[derive(Debug, Default)]
struct Tally {
    samples: u32,
    sendable: u32,
    passed: u32,
    /// With every octet of the body.
    whole: u32,
}

/// Every part keeps its decoded content, and what is no text its octets as they were written. Signatures are emptied.
fn assert_kept(letter: &Message, sent: &Message, path: &Path) {
    let changes = changed(letter, sent);
    assert!(changes.is_empty(), "{}: {changes:#?}", path.display());
}
