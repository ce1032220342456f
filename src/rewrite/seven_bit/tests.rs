//! What a message becomes for a server without 8BITMIME, read back by a parser of somebody else.

use mail_parser::MimeHeaders;

use super::*;

fn convert(message: &[u8]) -> Result<String, EightBitOnly> {
    let letter = Message::parse(Bytes::copy_from_slice(message)).unwrap();
    let out = seven_bit(&letter)?;
    // A second reader finds the same parts with the same content and names.
    let parser = mail_parser::MessageParser::default();
    let (before, after) = (parser.parse(message).unwrap(), parser.parse(&out).unwrap());
    assert_eq!(contents(&before), contents(&after));
    assert_eq!(before.subject(), after.subject());
    Ok(String::from_utf8(out.to_vec()).unwrap())
}

fn contents(message: &mail_parser::Message<'_>) -> Vec<(Option<String>, Vec<u8>)> {
    let mut all = Vec::new();
    for part in &message.parts {
        let name = part.attachment_name().map(str::to_owned);
        match &part.body {
            mail_parser::PartType::Message(inner) => all.extend(contents(inner)),
            mail_parser::PartType::Multipart(_) => {}
            // What a part without a text in it is called is the reader's own affair.
            _ => all.push((name, part.contents().trim_ascii_end().to_vec())),
        }
    }
    all
}

const PLAIN: &str = "From: a@b.example\r\nSubject: hello\r\n";

#[test]
fn h138_texts_become_readable_and_keep_every_letter() {
    let out = convert(
        format!("{PLAIN}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nZa\u{17c}\u{f3}\u{142}\u{107}, three = 3 \r\nend\r\n").as_bytes(),
    )
    .unwrap();
    assert!(
        out.contains("Content-Transfer-Encoding: quoted-printable\r\n"),
        "{out}"
    );
    assert!(out.contains("MIME-Version: 1.0\r\n"), "{out}");
    assert!(
        out.contains("Za=C5=BC=C3=B3=C5=82=C4=87, three =3D 3=20\r\nend\r\n"),
        "{out}"
    );
    // ISO-8859-2 stays what it is.
    let mut latin = format!(
        "{PLAIN}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-2\r\n\r\nz"
    )
    .into_bytes();
    latin.extend(*b"\xb3oty polski, nic wiecej\r\n");
    let out = convert(&latin).unwrap();
    assert!(
        out.contains("charset=iso-8859-2") && out.contains("z=B3oty"),
        "{out}"
    );
    assert_eq!(out.matches("MIME-Version").count(), 1);
    // Text in another script is shorter in base64; text of no named kind gets one.
    let out = convert(
        format!("{PLAIN}\r\n\u{437}\u{434}\u{440}\u{430}\u{432}\u{441}\u{442}\u{432}\u{443}\r\n")
            .as_bytes(),
    )
    .unwrap();
    assert!(
        out.contains("base64") && out.contains("text/plain; charset=utf-8"),
        "{out}"
    );
}

#[test]
fn h138_nested_parts_and_names_of_files_become_seven_bit() {
    let inner = "From: \"\u{141}\" <c@d.example>\r\nSubject: \u{17c}\u{f3}\u{142}w\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<p>\u{17c}\u{f3}\u{142}w</p>";
    let message = format!(
        "{PLAIN}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\npre\u{142}\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nplain only\r\n--b\r\n\r\n\u{142}\u{f3}d\u{17a} and more words\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{inner}\r\n--b\r\nContent-Type: application/pdf; name=\"za\u{142}.pdf\"\r\nContent-Disposition: attachment; filename=\"za\u{142}.pdf\"\r\nContent-Transfer-Encoding: binary\r\n\r\n%PDF\u{142}\r\n--b--\r\nepilogue \u{142}\r\n"
    );
    let out = convert(message.as_bytes()).unwrap();
    assert!(!out.contains("8bit") && !out.contains("binary"), "{out}");
    assert!(out.contains("filename*=utf-8''za%C5%82.pdf"), "{out}");
    assert!(
        out.contains("<p>=C5=BC=C3=B3=C5=82w</p>") || out.contains("base64"),
        "{out}"
    );
    assert!(out.contains("\r\nplain only\r\n--b\r\n"), "{out}");
}

#[test]
fn h138_what_would_break_stays_as_it_is() {
    for (head, body) in [
        (
            "Content-Type: multipart/signed; boundary=b; protocol=\"application/pgp-signature\"",
            "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\u{142}\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n",
        ),
        (
            "Content-Type: application/x\r\nContent-Transfer-Encoding: x-uuencode",
            "\u{142}\r\n",
        ),
        ("Content-Type: message/partial; id=a", "\u{142}\r\n"),
        ("Content-Type: multipart/mixed", "\u{142}\r\n"),
        ("To: \u{142}@b.example <", "x\r\n"),
    ] {
        let message = format!("{PLAIN}MIME-Version: 1.0\r\n{head}\r\n\r\n{body}");
        let letter = Message::parse(message.clone().into_bytes().into()).unwrap();
        assert!(seven_bit(&letter).is_err(), "{message}");
    }
    // What has no eighth bit loses nothing.
    let ascii = format!(
        "{PLAIN}MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"
    );
    let letter = Message::parse(ascii.clone().into_bytes().into()).unwrap();
    assert_eq!(seven_bit(&letter).unwrap(), ascii.as_bytes());
}
