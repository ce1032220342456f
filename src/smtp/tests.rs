//! End of data, line ends and commands: the smuggling catalogue as tables, split at every octet.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::*;
use crate::mail::{ForwardPath, ReplyCode, ReversePath};

/// Reads `wire` in pieces cut at `cuts`, and returns the end and what is left.
fn read(wire: &[u8], cuts: &[usize]) -> (DataStatus, Vec<u8>) {
    let mut reader = DataReader::new(1_000_000);
    let mut input = BytesMut::new();
    let mut from = 0;
    for cut in cuts.iter().copied().chain([wire.len()]) {
        input.extend_from_slice(&wire[from.min(cut)..cut]);
        from = cut.max(from);
        if let DataStatus::Done(result) = reader.read(&mut input) {
            let mut left = input.to_vec();
            left.extend_from_slice(&wire[from..]);
            return (DataStatus::Done(result), left);
        }
    }
    (DataStatus::More, input.to_vec())
}

#[test]
fn end_of_data_is_crlf_dot_crlf_and_nothing_else() {
    let ok = |text: &str| DataStatus::Done(Ok(Bytes::copy_from_slice(text.as_bytes())));
    let bad = DataStatus::Done(Err(DataError::BareLineEnd));
    let end = "\r\n.\r\n";
    let cases: Vec<(&str, String, DataStatus)> = vec![
        ("h001 LF.LF", format!("a\n.\nMAIL{end}"), bad.clone()),
        ("h002 LF.CRLF", format!("a\n.\r\nMAIL{end}"), bad.clone()),
        ("h003 CRLF.LF", format!("a\r\n.\nMAIL{end}"), bad.clone()),
        ("h004 CR.CR", format!("a\r.\rMAIL{end}"), bad.clone()),
        ("h005 CR.LF", format!("a\r.\nMAIL{end}"), bad.clone()),
        ("h006 LF.CR", format!("a\n.\rMAIL{end}"), bad.clone()),
        ("h007 CR.CRLF", format!("a\r.\r\nMAIL{end}"), bad.clone()),
        ("h008 CRLF.CR", format!("a\r\n.\rMAIL{end}"), bad.clone()),
        (
            "h009 NUL before the dot",
            format!("a\r\n\0.\r\nMAIL{end}"),
            bad.clone(),
        ),
        (
            "h009 NUL behind the dot",
            format!("a\r\n.\0\r\nMAIL{end}"),
            bad.clone(),
        ),
        (
            "h010 CRLF.CRCRLF",
            format!("a\r\n.\r\r\nMAIL{end}"),
            bad.clone(),
        ),
        (
            "h011 stuffed dot",
            format!("a\r\n..\r\nb{end}"),
            ok("a\r\n.\r\nb\r\n"),
        ),
        (
            "h011 dot and text",
            format!("a\r\n.x\r\nb{end}"),
            ok("a\r\nx\r\nb\r\n"),
        ),
        (
            "h011 dots only",
            format!("...\r\n..{end}"),
            ok("..\r\n.\r\n"),
        ),
        ("h012 empty", ".\r\n".to_owned(), ok("")),
        ("h012 empty line", end.to_owned(), ok("\r\n")),
        ("h014 no end", "a\r\n.".to_owned(), DataStatus::More),
        (
            "h015 bare CR in a header",
            format!("Subject: a\rFrom: b{end}"),
            bad.clone(),
        ),
        (
            "plain",
            format!("a\r\nb\r\n\r\nc{end}"),
            ok("a\r\nb\r\n\r\nc\r\n"),
        ),
        ("CRCRLF", format!("a\r\r\nb{end}"), bad),
    ];
    for (case, wire, want) in cases {
        let wire = wire.as_bytes();
        let (whole, left) = read(wire, &[]);
        assert_eq!(whole, want, "{case}");
        assert!(
            left.is_empty() || whole == DataStatus::More,
            "{case}: {left:?}"
        );
        // h013: split at every octet, and octet by octet.
        let each: Vec<usize> = (1..wire.len()).collect();
        assert_eq!(read(wire, &each).0, want, "{case}, octet by octet");
        for cut in &each {
            assert_eq!(read(wire, &[*cut]).0, want, "{case}, cut at {cut}");
        }
    }
}

#[test]
fn commands_behind_the_end_of_data_are_not_read() {
    let (status, left) = read(b"a\r\n.\r\nQUIT\r\n", &[]);
    assert_eq!(status, DataStatus::Done(Ok(Bytes::from_static(b"a\r\n"))));
    assert_eq!(left, b"QUIT\r\n");
}

#[test]
fn a_message_read_in_blocks_is_the_one_read_octet_by_octet() {
    let every: Vec<usize> = (0..1_200).collect();
    for before in (0..3).chain(250..262).chain(508..516) {
        for stop in [
            "\n",
            "\0",
            "\r",
            "\r\n",
            "\r\n..",
            "\r\n.a",
            "\r\r\n",
            "\r\n.\r\n",
            "\r\n.\r\r\n",
        ] {
            let wire = format!(
                "{}{stop}{}\r\n.\r\nQUIT",
                "a".repeat(before),
                "a".repeat(600)
            );
            let singly: Vec<_> = every.iter().copied().take(wire.len()).collect();
            let (whole, one) = (read(wire.as_bytes(), &[]), read(wire.as_bytes(), &singly));
            assert_eq!(whole, one, "{before} {stop:?}");
        }
    }
}

#[test]
fn what_is_too_large_is_read_to_its_end_without_being_kept() {
    let mut reader = DataReader::new(100);
    let mut input = BytesMut::from("x".repeat(5_000).as_bytes());
    assert_eq!(reader.read(&mut input), DataStatus::More);
    assert!(reader.is_empty());
    input.extend_from_slice(b"\r\n.\r\n");
    assert_eq!(
        reader.read(&mut input),
        DataStatus::Done(Err(DataError::TooLarge))
    );
    let mut exact = DataReader::new(4);
    assert_eq!(
        exact.read(&mut BytesMut::from("ab\r\n.\r\n")),
        DataStatus::Done(Ok(Bytes::from_static(b"ab\r\n")))
    );
}

proptest! {
    #[test]
    fn stuffing_and_reading_are_inverse(lines in proptest::collection::vec("[.a]{0,4}", 0..12), cuts in proptest::collection::vec(0_usize..60, 0..4)) {
        let body: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let wire = stuff(body.as_bytes()).unwrap().concat();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(wire.len())).collect();
        cuts.sort_unstable();
        prop_assert_eq!(read(&wire, &cuts).0, DataStatus::Done(Ok(Bytes::from(body))));
    }

    #[test]
    fn stuffing_finds_every_dot_and_every_bare_line_end(pieces in proptest::collection::vec(prop_oneof![Just("\r\n"), Just("\r\n."), Just("."), Just("\n"), Just("\r"), Just("\0")], 0..4), fill in proptest::collection::vec(0_usize..600, 5)) {
        let mut body = String::new();
        for (at, fill) in fill.into_iter().enumerate() {
            body.push_str(&"x".repeat(fill));
            body.push_str(pieces.get(at).copied().unwrap_or_default());
        }
        let clean = body.replace("\r\n", "");
        let want = (!clean.contains(['\r', '\n'])).then(|| {
            let dots = format!("\r\n{body}").replace("\r\n.", "\r\n..");
            let end = if body.is_empty() || body.ends_with("\r\n") { ".\r\n" } else { "\r\n.\r\n" };
            format!("{}{end}", dots.strip_prefix("\r\n").unwrap_or_default()).into_bytes()
        });
        prop_assert_eq!(stuff(body.as_bytes()).ok().map(|slices| slices.concat()), want);
    }

    #[test]
    fn any_octets_read_the_same_in_any_pieces(wire in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b'a'), Just(0_u8)], 0..40), cut in 0_usize..40) {
        let cut = cut.min(wire.len());
        prop_assert_eq!(read(&wire, &[cut]), read(&wire, &[]));
    }
}

#[test]
fn too_large_and_with_a_bare_line_end_is_told_the_same_however_it_comes() {
    for wire in ["aaaaaaaaaa\nb\r\n.\r\n", "a\nbbbbbbbbbb\r\n.\r\n"] {
        for cut in 0..wire.len() {
            let mut reader = DataReader::new(4);
            let (first, second) = wire.split_at(cut);
            reader.read(&mut BytesMut::from(first));
            assert_eq!(
                reader.read(&mut BytesMut::from(second)),
                DataStatus::Done(Err(DataError::BareLineEnd)),
                "{wire:?} cut at {cut}"
            );
        }
    }
}

#[test]
fn a_message_that_is_discarded_half_way_ends_where_it_ends() {
    let whole = b"one\r\ntwo.\r\n.\r\nMAIL";
    for at in 0..whole.len() - 4 {
        let mut reader = DataReader::new(1_000);
        let mut input = BytesMut::from(&whole[..at]);
        if reader.read(&mut input) != DataStatus::More {
            continue;
        }
        reader.discard();
        input.extend_from_slice(&whole[at..]);
        assert_eq!(
            reader.read(&mut input),
            DataStatus::Done(Err(DataError::TooLarge)),
            "cut at {at}"
        );
        assert_eq!(&input[..], b"MAIL", "cut at {at}");
    }
}

#[test]
fn h016_what_leaves_has_clean_line_ends() {
    for body in ["a\nb", "a\rb", "\n", "a\r\r\n", "a\r"] {
        assert_eq!(stuff(body.as_bytes()), Err(BareLineEnd), "{body:?}");
    }
    assert_eq!(stuff(b".a\r\n.").unwrap().concat(), b"..a\r\n..\r\n.\r\n");
}

#[test]
fn lines_end_at_crlf_only() {
    let lines = |text: &[u8]| {
        let mut buffer = BytesMut::from(text);
        LineReader::default().next_line(&mut buffer)
    };
    assert_eq!(lines(b"NOOP\r\nQ"), Ok(Some(Bytes::from_static(b"NOOP"))));
    assert_eq!(lines(b"NOOP"), Ok(None));
    for bad in [&b"NOOP\n"[..], b"NO\rOP\r\n", b"NO\0OP\r\n", b"NOOP\r\r\n"] {
        assert_eq!(lines(bad), Err(LineError::BareLineEnd), "{bad:?}");
    }
    let mut reader = LineReader::default();
    let mut buffer = BytesMut::from("x".repeat(5_000).as_bytes());
    assert_eq!(reader.next_line(&mut buffer), Ok(None));
    assert!(buffer.len() < 10, "h024: a long line is not kept");
    buffer.extend_from_slice(b"\r\nNOOP\r\n");
    assert_eq!(reader.next_line(&mut buffer), Err(LineError::TooLong));
    assert_eq!(
        reader.next_line(&mut buffer),
        Ok(Some(Bytes::from_static(b"NOOP")))
    );
    for _ in 0..300 {
        buffer.extend_from_slice(&[b'x'; 5_000]);
        if reader.next_line(&mut buffer) == Err(LineError::Endless) {
            return;
        }
    }
    panic!("a line without end is never given up");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn commands_are_read_strictly() {
    for (line, code) in [
        ("RCPT TO:<@allegromail.pl:victim@gmail.com>", 550),
        ("RCPT TO:<s+t@allegromail.pl@gmail.com>", 501),
        ("RCPT TO:<a@b@c>", 501),
        ("RCPT TO:<s+t@[127.0.0.1]>", 550),
        ("RCPT TO:<s+t@allegromail.pl.>", 501),
        ("RCPT TO:<s+t@allegromail.pl(comment)>", 501),
        ("RCPT TO: <s+t@allegromail.pl>", 501),
        ("RCPT TO:s+t@allegromail.pl", 501),
        ("RCPT TO:<@allegromail.pl>", 550),
        ("RCPT TO:<s+t>", 501),
        ("RCPT TO:<>", 501),
        ("RCPT TO:<\"\"@allegromail.pl>", 501),
        ("RCPT TO:<a\tb@allegromail.pl>", 500),
        ("RCPT TO:<a@b.pl> NOTIFY=NEVER", 555),
        ("MAIL FROM:<a@b.pl> SIZE=x", 501),
        ("MAIL FROM:<a@b.pl> SIZE=1 SIZE=1", 501),
        ("MAIL FROM:<a@b.pl> BODY=BINARYMIME", 501),
        ("MAIL FROM:<a@b.pl> ENVID=x+0D+0A", 555),
        ("MAIL FROM:<a@b.pl> AUTH=<>", 555),
        ("MAIL FROM:<a@b.pl>SIZE=1", 501),
        ("MAIL FROM:<żółw@b.pl>", 553),
        ("MAIL FROM: <a@b.pl>", 501),
        ("MAIL", 501),
        ("EHLO", 501),
        ("EHLO żółw", 501),
        ("DATA junk", 501),
        ("STARTTLS foo", 501),
        ("AUTH PLAIN x", 503),
        ("EXPN x", 502),
        ("ETRN x", 502),
        ("XCLIENT ADDR=1.2.3.4", 500),
        ("XFORWARD ADDR=1.2.3.4", 500),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2", 500),
        ("", 500),
    ] {
        assert_eq!(
            parse_command(line.as_bytes()).map_err(|reply| reply.code),
            Err(ReplyCode::known(code)),
            "{line}"
        );
    }
    assert_eq!(
        parse_command(b"\x80\x81").unwrap_err().code,
        ReplyCode::known(500)
    );
    let long = format!("RCPT TO:<{}@allegromail.pl>", "a".repeat(65));
    assert_eq!(
        parse_command(long.as_bytes()).unwrap_err().code,
        ReplyCode::known(501)
    );
    let parsed =
        parse_command(b"mail from:<\"a>b\"@c.pl> size=99999999999999999999 body=8bitmime").unwrap();
    let Command::Mail {
        path: ReversePath::Mailbox(mailbox),
        parameters,
    } = parsed
    else {
        panic!("{parsed:?}")
    };
    assert_eq!(
        (mailbox.local(), parameters.size, parameters.body),
        ("a>b", Some(u64::MAX), BodyType::EightBit)
    );
    assert!(matches!(
        parse_command(b"RCPT TO:<PostMaster>"),
        Ok(Command::Rcpt {
            path: ForwardPath::Postmaster
        })
    ));
    assert!(matches!(
        parse_command(b"MAIL FROM:<>"),
        Ok(Command::Mail {
            path: ReversePath::Null,
            ..
        })
    ));
    assert!(matches!(
        parse_command("MAIL FROM:<żółw@b.pl> SMTPUTF8".as_bytes()),
        Ok(Command::Mail { .. })
    ));
    assert!(matches!(
        parse_command(b"GET / HTTP/1.1"),
        Ok(Command::Http)
    ));
}

#[test]
fn h134_remote_replies_are_bounded_and_clean() {
    let read = |text: &[u8]| {
        let mut reader = ReplyReader::default();
        reader.feed(text);
        reader.next_reply()
    };
    let reply = read(b"550-5.1.1 <a@b>\x1b[0m\r\n550 5.1.1 gone\r\n")
        .unwrap()
        .unwrap();
    assert_eq!(reply.to_string(), "550 5.1.1 <a@b>?[0m gone");
    assert_eq!(read(b"250 ok").unwrap(), None);
    assert_eq!(read(b"250\r\n").unwrap().unwrap().to_string(), "250 ");
    assert_eq!(
        read(b"354 2.0.0 x\r\n").unwrap().unwrap().status,
        None,
        "a status of another class is text"
    );
    for bad in [
        &b"999 x\r\n"[..],
        b"2x0 x\r\n",
        b"ok\r\n",
        b"250-a\r\n550 b\r\n",
        b"250xyz\r\n",
        b"\r\n",
    ] {
        assert_eq!(read(bad), Err(ReplyError::Nonsense), "{bad:?}");
    }
    assert_eq!(read(&[b'2'; 3_000]), Err(ReplyError::TooLong));
    assert_eq!(read(&b"250-x\r\n".repeat(200)), Err(ReplyError::TooLong));
}

#[test]
fn h197_an_address_in_eight_bits_is_told_what_it_lacks() {
    for line in [
        &b"MAIL FROM:<j\xf3zef@b.pl>"[..],
        b"rcpt TO:<j\xf3zef@b.pl>",
        "MAIL FROM:<józef@b.pl>".as_bytes(),
    ] {
        let reply = parse_command(line).unwrap_err().to_string();
        assert!(
            reply.starts_with("553 5.6.7") && reply.contains("SMTPUTF8"),
            "{reply}"
        );
    }
    let reply = parse_command(b"XYZ j\xf3zef").unwrap_err().to_string();
    assert!(reply.starts_with("500"), "{reply}");
}
