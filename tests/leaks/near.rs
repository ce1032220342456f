//! What lies near an address or a charset and is neither leaves as it came: names that hold a writer's own as a piece, cut wherever programs cut
//! lines, and files that say themselves how they are written.

use allegromail::message::Message;

use crate::kept::changed;
use crate::{SIDES, Side, pass};

/// Names of others that hold one of the writer's, by side.
pub(crate) const NAMES: [&[&str]; 3] = [
    &[
        "mojapoczta.example",
        "moja-poczta.example",
        "https://poczta.example.org/x?jan.kowalski",
        "jan.kowalski@poczta.example.com",
    ],
    &[
        "biuro@rowery.example.com",
        "nasze.biuro@rowery.example",
        "mojebiuro@rowery.example",
        "biuro@innyrowery.example",
    ],
    &["jan@zwiadowca.example", "xn--zwiadowc-p8a.example.com"],
];

/// A message of `side` with this head and content; what is wrong with what leaves, if anything.
fn wrong(side: &Side, head: &str, content: &[u8]) -> Option<String> {
    let (from, to) = (side.addresses[0], side.other);
    let start = format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: x\r\nMIME-Version: 1.0\r\n{head}\r\n\r\n"
    );
    let raw = [start.as_bytes(), content, b"\r\n"].concat();
    let before = Message::parse(raw.clone().into()).unwrap();
    let out = match pass(side, raw) {
        Ok(out) => out,
        Err(why) => return Some(why),
    };
    let changes = changed(&before, &Message::parse(out.into()).unwrap());
    (!changes.is_empty()).then(|| format!("{changes:?}"))
}

#[test]
fn a_longer_name_passes_wherever_its_line_is_cut() {
    let mut all = Vec::new();
    for (side, names) in SIDES.iter().zip(NAMES) {
        for name in names {
            for cut in 0..=name.len() {
                let (one, other) = name.split_at(cut);
                for kind in ["plain", "html"] {
                    let head = format!(
                        "Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable"
                    );
                    let text = format!("Zobacz {one}=\r\n{other} i napisz.");
                    let what = wrong(side, &head, text.as_bytes());
                    all.extend(what.map(|what| format!("{one}={other} in {kind}: {what}")));
                }
            }
        }
    }
    assert!(all.is_empty(), "{all:#?}");
}

/// Under quoted-printable a line feed of its own is no line end of the message, and stays one when the part is written anew.
#[test]
fn line_feeds_under_quoted_printable_stay() {
    let picture = "--b\r\nContent-Type: image/gif\r\nContent-ID: <logo@shop>\r\nContent-Transfer-Encoding: base64\r\n\r\nR0lGODlh\r\n--b--";
    let content = format!(
        "--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>Rower</p>=0A<img src=3D\"cid:logo@shop\">=0A\r\n{picture}"
    );
    let head = "Content-Type: multipart/related; boundary=b";
    assert_eq!(wrong(&SIDES[0], head, content.as_bytes()), None);
}

/// Saved, a file has no label; what it says of its charset is all that its reader has.
#[test]
fn a_file_that_names_its_charset_keeps_it() {
    let files: [(&str, &[u8]); 3] = [
        (
            "application/xml",
            b"<?xml version=\"1.0\" encoding=\"windows-1250\"?>\r\n<Nazwa>\xa3a\xf1cuch</Nazwa>\r\n",
        ),
        (
            "text/html",
            b"<!DOCTYPE html><html><head><meta charset=\"windows-1250\"></head><body>\xa3a\xf1cuch</body></html>\r\n",
        ),
        (
            "image/svg+xml",
            b"<?xml version=\"1.0\" encoding=\"iso-8859-2\"?>\r\n<svg><text>\xa3a\xf1cuch</text></svg>\r\n",
        ),
    ];
    let mut all = Vec::new();
    for (kind, file) in files {
        let head = format!(
            "Content-Type: {kind}; name=\"plik\"\r\nContent-Disposition: attachment; filename=\"plik\"\r\nContent-Transfer-Encoding: base64"
        );
        let content = data_encoding::BASE64.encode(file);
        let what = wrong(&SIDES[0], &head, content.as_bytes());
        all.extend(what.map(|what| format!("{kind}: {what}")));
    }
    assert!(all.is_empty(), "{all:#?}");
}
