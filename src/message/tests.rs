//! Tables of header shapes: what honest mail writes passes, what could be read in two ways is refused.

use super::*;

fn message(head: &str) -> Result<Message, Malformed> {
    Message::parse(Bytes::from(format!("{head}\r\n\r\nbody\r\n")))
}

#[test]
fn honest_odd_from_shapes_are_read() {
    for (value, address, name) in [
        ("jan@a.pl", "jan@a.pl", None),
        ("<jan@a.pl>", "jan@a.pl", None),
        ("Jan Kowalski <jan@A.PL>", "jan@a.pl", Some("Jan Kowalski")),
        (
            "\"Kowalski, Jan\" <jan@a.pl>",
            "jan@a.pl",
            Some("Kowalski, Jan"),
        ),
        ("\"biuro@a.pl\" <jan@a.pl>", "jan@a.pl", Some("biuro@a.pl")),
        ("jan@a.pl <jan@a.pl>", "jan@a.pl", Some("jan@a.pl")),
        (
            "Sklep Sp. z o.o. <jan@a.pl>",
            "jan@a.pl",
            Some("Sklep Sp. z o.o."),
        ),
        (
            "=?utf-8?Q?=C5=BB=C3=B3=C5=82w?= <jan@a.pl>",
            "jan@a.pl",
            Some("Żółw"),
        ),
        (
            "Jan\r\n Kowalski\r\n <jan@a.pl>",
            "jan@a.pl",
            Some("Jan Kowalski"),
        ),
        ("jan@a.pl (Jan Kowalski)", "jan@a.pl", None),
        ("Jan <jan@a.pl> (work)", "jan@a.pl", Some("Jan")),
        ("Żółw <jan@a.pl>", "jan@a.pl", Some("Żółw")),
        ("\"a\\\"b\" <jan@a.pl>", "jan@a.pl", Some("a\"b")),
    ] {
        let seen = message(&format!("From: {value}"))
            .unwrap()
            .from()
            .unwrap_or_else(|error| panic!("{value}: {error}"));
        assert_eq!(seen.mailbox, Mailbox::parse(address).unwrap(), "{value}");
        assert_eq!(seen.display_name.as_deref(), name, "{value}");
    }
}

#[test]
fn raw_latin2_in_a_name_is_read() {
    let raw = b"From: \xaf\xf3\xb3w <jan@a.pl>\r\n\r\n".to_vec();
    let seen = Message::parse(Bytes::from(raw)).unwrap().from().unwrap();
    assert_eq!(seen.display_name.as_deref(), Some("Żółw"));
}

#[test]
fn from_tricks_are_refused() {
    for (case, head) in [
        ("h067 two fields", "From: a@evil.pl\r\nFrom: b@bank.pl"),
        ("h067 two cases", "From: a@evil.pl\r\nFROM: b@bank.pl"),
        ("h069 none", "Sender: a@evil.pl"),
        ("h069 resent", "Resent-From: a@evil.pl"),
        ("h070 two addresses", "From: a@evil.pl, b@bank.pl"),
        ("h070 group", "From: A: a@evil.pl, b@bank.pl;"),
        ("h070 empty group", "From: undisclosed:;"),
        (
            "h071 encoded address",
            "From: =?utf-8?B?PGFkbWluQGxlZ2l0PiA=?=,<x@evil.pl>",
        ),
        ("h071 word in address", "From: <=?utf-8?Q?a?=@bank.pl>"),
        ("h072 route", "From: <@evil.pl,@any.pl:admin@legit.pl>"),
        ("h072 quoted pair", "From: <admin@legit.pl>\\,<x@evil.pl>"),
        ("h072 bare and angle", "From: admin@legit.pl,<x@evil.pl>"),
        ("h072 angle and bare", "From: <x@evil.pl>admin@legit.pl"),
        (
            "h072 unquoted address as name",
            "From: admin@legit.pl <x@evil.pl>",
        ),
        ("h072 unbalanced quotes", "From: \"admin <x@evil.pl>"),
        ("h072 unbalanced comment", "From: ((x) <x@evil.pl>"),
        ("empty", "From: "),
        ("two angles", "From: <a@evil.pl> <b@bank.pl>"),
    ] {
        assert!(message(head).unwrap().from().is_err(), "{case}");
    }
}

#[test]
fn ambiguous_sections_are_malformed() {
    for (case, head) in [
        ("h068 leading space", " From: a@evil.pl\r\nFrom: b@bank.pl"),
        ("h068 space before colon", "From : a@evil.pl"),
        ("h068 folded name", "From\r\n : a@evil.pl"),
        ("h068 space in name", "Fr om: a@evil.pl"),
        ("h068 name with 8 bits", "Fröm: a@evil.pl"),
        ("no colon", "From: a@evil.pl\r\nnonsense"),
        ("h015 bare CR", "Subject: a\rFrom: admin@allegro.pl"),
        ("h073 NUL", "From: a@evil.pl\0"),
    ] {
        assert!(message(head).is_err(), "{case}");
    }
    assert!(
        message("X: y\r\n".repeat(1_001).trim_end()).is_err(),
        "h103 fields"
    );
    assert!(
        message(&format!("X: {}", "y".repeat(17_000))).is_err(),
        "h103 line"
    );
    assert!(
        message(&format!("X: y\r\n{}", " z\r\n".repeat(100_000).trim_end())).is_err(),
        "h103 folds"
    );
}

#[test]
fn h072_h102_bombs_are_bounded_and_cheap() {
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(40_000);
    let siblings = format!(
        "Content-Type: multipart/mixed;\r\n boundary=a\r\n\r\n{}",
        "--a\r\nx:y\r\n\r\n".repeat(100_000)
    );
    for (case, body) in [("h102 nested", nested), ("h102 siblings", siblings)] {
        assert!(
            Message::parse(Bytes::from(format!("From: a@b.pl\r\n{body}"))).is_err(),
            "{case}"
        );
    }
    let commas = format!("From: {}", ",".repeat(15_000));
    assert!(message(&commas).unwrap().from().is_err(), "h072 commas");
    let comments = format!("From: {}", "(".repeat(15_000));
    assert!(
        message(&comments).unwrap().from().is_err(),
        "h072 nested comments"
    );
}

#[test]
fn words_never_carry_control_characters() {
    assert_eq!(decode(b"=?utf-8?Q?=0D=0ABcc:_x@y?="), "Bcc: x@y");
    assert_eq!(encode("Faktura"), "Faktura");
    assert_eq!(
        decode(encode("Zażółć gęślą jaźń ".repeat(9).trim()).as_bytes()),
        "Zażółć gęślą jaźń ".repeat(9).trim()
    );
    assert!(
        encode(&"ż".repeat(500))
            .lines()
            .all(|line| line.len() <= 76)
    );
    assert_eq!(encode_phrase("Jan <a@b>\r\nBcc: x"), "\"Jan <ab>Bcc: x\"");
    assert_eq!(encode_phrase("sklep-rowery"), "sklep-rowery");
}

/// The parts of a message: type, what it holds, and its content.
fn parts(raw: &str) -> Vec<String> {
    let message = Message::parse(Bytes::from(raw.replace('\n', "\r\n"))).unwrap();
    let text = |part: &Part| {
        let body = message.raw().get(part.body.clone()).unwrap_or_default();
        String::from_utf8_lossy(body).replace("\r\n", "|")
    };
    let parts = message.structure().parts.iter();
    parts
        .map(|part| match part.holds {
            Holds::Content => format!("{} {:?}", part.kind.essence, text(part)),
            Holds::Parts | Holds::Message => part.kind.essence.clone(),
        })
        .collect()
}

#[test]
fn parts_are_found_where_mail_programs_find_them() {
    let mixed = "From: a@b.pl\nContent-Type: multipart/mixed; boundary=\"a b\"\n\npreamble\n--a b\n\none\n--a b \n\
                 Content-type: text/html\n\n<p>two</p>\n--a bc\n\n--a b--\nepilogue\n";
    assert_eq!(
        parts(mixed),
        [
            "multipart/mixed",
            "text/plain \"one\"",
            "text/html \"<p>two</p>|--a bc|\""
        ]
    );
    let nested = "From: a@b.pl\nContent-Type: multipart/mixed;\n boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=ab\n\n\
                  --ab\nContent-Type: text/plain\n\nx\n--a\nContent-Type: message/rfc822\n\nSubject: y\nContent-Type: text/html\n\n<b>\n--a--\n";
    assert_eq!(
        parts(nested),
        [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain \"x\"",
            "message/rfc822",
            "text/html \"<b>\""
        ]
    );
    let cut = "From: a@b.pl\nContent-Type: multipart/mixed; boundary*0=a; boundary*1=b\n\n--ab\nno field at all\n--ab\nContent-Type: message/rfc822\n--ab";
    assert_eq!(
        parts(cut),
        [
            "multipart/mixed",
            "text/plain \"no field at all\"",
            "message/rfc822",
            "text/plain \"\"",
            "text/plain \"\""
        ]
    );
}

#[test]
fn a_delimiter_may_end_the_head_of_its_own_multipart() {
    let raw = "From: a@b.pl\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=ab\nX: y\n--ab\n\
               Content-Type: text/html\n\n<p>\n--ab--\n--a--\n";
    assert_eq!(
        parts(raw),
        ["multipart/mixed", "multipart/mixed", "text/html \"<p>\""]
    );
}

#[test]
fn parameters_are_decoded_as_their_writers_meant_them() {
    for (value, name, want) in [
        ("text/plain; charset=(a;b) utf-8", "charset", "utf-8"),
        (
            "attachment; filename=\"a\\\"b;c.pdf\"",
            "filename",
            "a\"b;c.pdf",
        ),
        (
            "a/b; filename*=utf-8'pl'%C5%BCab%61.pdf",
            "filename",
            "żaba.pdf",
        ),
        (
            "a/b; filename*1*=%61.pdf; filename*0*=iso-8859-2''%BFab",
            "filename",
            "żaba.pdf",
        ),
        ("a/b; NAME=\"=?utf-8?Q?=C5=BCaba?=\"", "name", "żaba"),
        // Written in several ways, for old readers and new ones, or so that readers differ.
        ("a/b; name=_.pdf; name*=utf-8''%C5%BC.pdf", "name", "ż.pdf"),
        ("a/b; name=_.pdf; name*0=a; name*1=.pdf", "name", "a.pdf"),
        ("a/b; name=a.exe; name=.pdf", "name", "a.exe"),
    ] {
        let parsed = Parameters::parse(value.as_bytes());
        assert_eq!(parsed.get(name), Some(want), "{value}");
        assert_eq!(Parameters::parse(parsed.print().as_bytes()), parsed);
    }
}

#[test]
fn a_line_of_white_space_does_not_end_a_head() {
    let raw = "From: a@b.pl\nContent-Type: multipart/mixed; boundary=a\n\n--a\nX: y\n \nContent-Type: text/html\n\n<p>\n--a--\n";
    assert_eq!(parts(raw), ["multipart/mixed", "text/html \"<p>\""]);
}

#[test]
fn escapes_are_two_hexadecimal_digits_and_nothing_else() {
    for (text, want) in [
        ("%4a%4A", "JJ"),
        ("%+4%-4%4", "%+4%-4%4"),
        ("%%41", "%A"),
        ("%zz%", "%zz%"),
    ] {
        assert_eq!(unescape(text.as_bytes(), b'%'), want.as_bytes(), "{text}");
    }
}

#[test]
fn h197_the_line_of_an_mbox_file_is_told_as_that() {
    let raw = |first: &str| Bytes::from(format!("{first}\r\nFrom: a@b.pl\r\n\r\nx\r\n"));
    let error =
        Message::parse(raw("From jan@poczta.example Mon Nov 23 10:00:00 2026")).unwrap_err();
    assert!(error.to_string().contains("mbox"), "{error}");
    let error = Message::parse(raw("Subject no colon")).unwrap_err();
    assert!(!error.to_string().contains("mbox"), "{error}");
    assert!(Message::parse(raw("Subject: From here")).is_ok());
}

#[test]
fn soft_line_breaks_stand_behind_blanks_where_there_are_any() {
    let words = "na-zdrowie ".repeat(9);
    let encoded = Encoding::QuotedPrintable.encode(words.as_bytes());
    let encoded = String::from_utf8(encoded).unwrap();
    for line in encoded.split("\r\n") {
        assert!(line.len() <= 76, "{line}");
        assert!(line.ends_with(" =") || line.ends_with("=20"), "{line}");
    }
    let whole = "x".repeat(200);
    for text in [
        words,
        whole.clone(),
        format!("a {whole}"),
        format!("{}\u{144} ż", "ł".repeat(90)),
    ] {
        let encoded = Encoding::QuotedPrintable.encode(text.as_bytes());
        assert!(
            encoded
                .split(|octet| *octet == b'\n')
                .all(|line| line.len() <= 77)
        );
        assert_eq!(Encoding::QuotedPrintable.decode(&encoded), text.as_bytes());
    }
}
