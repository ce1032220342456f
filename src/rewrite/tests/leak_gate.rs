//! The gate finds an address or a domain however it is written.

use super::*;

#[test]
fn the_gate_finds_addresses_in_any_dress() {
    let needles = [mailbox("jan@poczta.example")];
    for head in [
        "Subject: write to JAN@poczta.example",
        "Subject: =?utf-8?B?amFuQHBvY3p0YS5leGFtcGxl?=",
        "Subject: =?utf-8?Q?jan=40poczta.example?=",
        "Content-Type: application/pdf; name*=utf-8''jan%40poczta.example.pdf",
        "Content-Type: application/pdf;\r\n name*0=\"jan@poc\";\r\n name*1=\"zta.example.pdf\"",
    ] {
        assert!(
            check(format!("{head}\r\n\r\nx").as_bytes(), &needles).is_err(),
            "{head}"
        );
    }
    assert!(
        check(
            b"Subject: ewa@poczta.example\r\n\r\nbojan@poczta.example",
            &needles
        )
        .is_ok()
    );
}

#[test]
fn the_gate_knows_a_domain_with_accents_however_its_letters_are_written() {
    let addresses = [mailbox("jan@xn--w-uga1v8h.example")];
    let domains = [Domain::parse("łódź.example").unwrap()];
    let needles = Needles {
        addresses: &addresses,
        domains: &domains,
    };
    for text in [
        "jan@żółw.example",
        "jan@z\u{307}o\u{301}łw.example",
        "JAN@Z\u{307}O\u{301}ŁW.EXAMPLE",
        "jan@xn--w-uga1v8h.example",
        // Mixed, which nothing but a person does.
        "jan@z\u{307}ółw.example",
        "jan@żo\u{301}łw.example",
        "jan@z\u{200b}\u{307}ółw.example",
        "jan@z&#x307;o&#769;łw.example",
        "jan@z%CC%87o%CC%81%C5%82w.example",
        "jan@z=CC=87o=CC=81=C5=82w.example",
        "amFuQHrMh2_Mgc-Cdy5leGFtcGxl amFuQHrMh2/MgcWCdy5leGFtcGxl",
        "www.łódź.example",
        "www.ło\u{301}dz\u{301}.example",
        "www.łódz\u{301}.example",
    ] {
        let message = format!("From: a@b.example\r\n\r\nnapisz na {text}, proszę\r\n");
        assert!(check(message.as_bytes(), needles).is_err(), "{text}");
    }
    for text in [
        "jan@żołw.example",
        "jan@z\u{307}ołw.example",
        "bojan@z\u{307}o\u{301}łw.example",
        "łodz\u{301}.example",
        "\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    ] {
        let message = format!("From: a@b.example\r\n\r\nnapisz na {text}, proszę\r\n");
        assert_eq!(check(message.as_bytes(), needles), Ok(()), "{text}");
    }
    // Three marks of one letter, in whatever order.
    let addresses = [mailbox("jan@\u{1ec7}\u{331}.example")];
    for text in [
        "\u{1ec7}\u{331}",
        "e\u{302}\u{323}\u{331}",
        "\u{ea}\u{323}\u{331}",
    ] {
        let message = format!("From: a@b.example\r\n\r\njan@{text}.example\r\n");
        assert!(check(message.as_bytes(), &addresses).is_err(), "{text}");
    }
}

#[test]
fn what_looks_like_base64_hides_nothing_from_the_gate() {
    let addresses = [Mailbox::parse("jan@poczta.example").unwrap()];
    let domains = [Domain::parse("kot.pl").unwrap()];
    let needles = Needles {
        addresses: &addresses,
        domains: &domains,
    };
    let escaped: String = "jan@poczta.example      "
        .bytes()
        .map(|octet| format!("={octet:02X}"))
        .collect();
    let pad = "A".repeat(70);
    let lines = format!("{pad}\r\n").repeat(9);
    for body in [
        format!("YWFh\r\n{escaped}\r\nYWFh\r\n"),
        format!("{lines}{escaped}\r\n{lines}"),
        format!("YWFh\r\n{pad}/jan+\r\nx\r\n@poczta.example\r\n"),
        format!("{lines}{pad}/ja\r\nn\r\n@poczta.example\r\n"),
        format!("jan@poczta.\r\nexam\r\nple/{pad}\r\n{lines}"),
        "\u{212a}ot.pl".to_owned(),
        "K\u{ad}OT.pl".to_owned(),
    ] {
        let message = format!("From: a@b.example\r\n\r\n{body}");
        assert!(check(message.as_bytes(), needles).is_err(), "{body}");
    }
    let picture = format!("From: a@b.example\r\n\r\n{lines}{lines}AA==\r\n");
    assert_eq!(check(picture.as_bytes(), needles), Ok(()));
}

#[test]
fn the_gate_reads_code_within_code_whatever_stands_beside_it() {
    use data_encoding::BASE64;
    let needles = [mailbox("jan@poczta.example")];
    let wide = |text: &str| {
        let units = text.encode_utf16();
        let octets: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
        BASE64.encode(&octets)
    };
    let utf8 = |text: &str| BASE64.encode(text.as_bytes());
    for written in [
        "jan@poczta.example",
        "jan%40poczta.example",
        "j<b></b>an@poczta.example",
    ] {
        let once = utf8(&format!("adres: {written} koniec"));
        for twice in [
            once.clone(),
            utf8(&format!("Zażółć {once} jaźń")),
            utf8(&format!("<p>{once}</p>")),
            wide(&format!("kod: {once} koniec")),
            wide(&format!("Zażółć {once} jaźń")),
            utf8(&format!("ł{}ł", wide(&format!("ż{once}ż")))),
        ] {
            let halves = twice.split_at(twice.len() / 2);
            for text in [
                format!("kod: {twice} koniec"),
                // In lines of its own, which are looked at with their neighbours.
                format!("kod:\r\n{twice}\r\nkoniec"),
                format!("kod:\r\n{}\r\n{}\r\nkoniec", halves.0, halves.1),
            ] {
                for text in [&text, &utf8(&text)] {
                    let message = format!("From: a@b.example\r\n\r\n{text}\r\n");
                    assert!(check(message.as_bytes(), &needles).is_err(), "{message}");
                }
            }
            let honest = utf8(&format!(
                "Zażółć {} jaźń",
                utf8("adres: bojan@poczta.example")
            ));
            let honest = format!("From: a@b.example\r\n\r\nkod: {honest} koniec\r\n");
            assert_eq!(check(honest.as_bytes(), &needles), Ok(()));
        }
    }
}

/// A line that a soft line break begins or ends is read by itself, too, and as the quoted-printable that it is.
#[test]
fn the_gate_reads_lines_beside_soft_breaks_by_themselves() {
    let addresses = [mailbox("jan@poczta.example")];
    let domains = [Domain::parse("poczta.example").unwrap()];
    let needles = Needles {
        addresses: &addresses,
        domains: &domains,
    };
    for text in [
        "moja=\r\npoczta.example",
        "moja=\r\npoczta=2Eexample",
        "moja=\r\n=70oczta.example",
        "bo=\r\njan=40poczta.example=\r\n.com",
        "poczta=2Eexampl=65=\r\n.com",
        "Kontakt=5Cnjan=40poczta.example=\r\n.com",
        "=26=2364;poczta=2Eexampl=65=\r\n.com",
    ] {
        let message = format!("From: a@b.example\r\n\r\nnapisz na {text}, prosze\r\n");
        assert!(check(message.as_bytes(), needles).is_err(), "{text}");
    }
    for text in [
        "moj=\r\napoczta=2Eexample",
        "mojapoczta=2E=\r\nexample",
        "poczta=2E=\r\nexample.com",
    ] {
        let message = format!("From: a@b.example\r\n\r\nnapisz na {text}, prosze\r\n");
        assert_eq!(check(message.as_bytes(), needles), Ok(()), "{text}");
    }
}

#[test]
fn the_gate_reads_soft_breaks_in_quotes() {
    let needles = [mailbox("jan@poczta.example")];
    for text in [
        "> ja=\r\n> n@poczta.example",
        "> jan=40pocz=\r\n> ta.example",
        ">> jan@pocz=\r\n>> ta.exam=\r\n>> ple",
        "jan@pocz=\n> ta.example",
    ] {
        let message = format!("From: a@b.example\r\n\r\nnapisz na\r\n{text}, prosze\r\n");
        assert!(check(message.as_bytes(), &needles).is_err(), "{text}");
    }
    for text in [
        "> bo=\r\njan@pocz=\r\n> ta.example",
        "> jan@pocz=\r\n> ta.example.com",
        "<b=\r\n>bojan</b=\r\n>@poczta.example",
    ] {
        let message = format!("From: a@b.example\r\n\r\nnapisz na\r\n{text}, prosze\r\n");
        assert_eq!(check(message.as_bytes(), &needles), Ok(()), "{text}");
    }
}

#[test]
fn the_gate_cuts_tags_out_of_the_values_of_others() {
    let needles = [mailbox("jan@poczta.example")];
    let long = "x".repeat(700);
    for text in [
        format!("<a href=\"mailto:jan@po<b title=\"{long}\"></b>czta.example?subject=x\">x</a>"),
        "<a href='mailto:ja<i class='x'>n@poczta.example'>x</a>".to_owned(),
        "<a href=\"mailto:jan@po<b title=x>czta.example\">x</a>".to_owned(),
    ] {
        for kind in ["plain", "html"] {
            let message =
                format!("From: a@b.example\r\nContent-Type: text/{kind}\r\n\r\n{text}\r\n");
            assert!(
                check(message.as_bytes(), &needles).is_err(),
                "{kind}: {text}"
            );
        }
    }
    let honest = "<a href=\"mailto:bojan@po<b title=\"x\"></b>czta.example\">x</a> <i>jan@</i> i <b>poczta.example</b>";
    let message = format!("From: a@b.example\r\nContent-Type: text/html\r\n\r\n{honest}\r\n");
    assert_eq!(check(message.as_bytes(), &needles), Ok(()));
}

/// Base64 of letters that take two octets each, under a label that says nothing of it: Latin ones, and what Unicode holds for them.
#[test]
fn the_gate_tells_letters_of_two_octets_without_a_label() {
    let needles = [mailbox("jan@poczta.example")];
    let kind = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64";
    for text in [
        "jan@poczta.example",
        "ⓙⓐⓝ@ⓟⓞⓒⓩⓣⓐ.ⓔⓧⓐⓜⓟⓛⓔ",
        "napisz na ｊａｎ＠ｐｏｃｚｔａ．ｅｘａｍｐｌｅ, proszę",
        "𝐣𝐚𝐧@𝐩𝐨𝐜𝐳𝐭𝐚.𝐞𝐱𝐚𝐦𝐩𝐥𝐞",
    ] {
        for unit in [u16::to_le_bytes, u16::to_be_bytes] {
            let wide: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
            let coded = data_encoding::BASE64.encode(&wide);
            for code in [coded.clone(), coded.replace('A', "A\r\n")] {
                let message = format!("From: a@b.example\r\n{kind}\r\n\r\n{code}\r\n");
                assert!(check(message.as_bytes(), &needles).is_err(), "{message}");
            }
        }
    }
}

/// Padding at the end of a block is no soft break of quoted-printable: without its last line the name of another would end too early.
#[test]
fn the_gate_takes_no_padding_for_a_soft_break() {
    let needles = [mailbox("biuro@rowery.example")];
    let coded = |text: &str, width: usize| {
        let octets: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let coded = data_encoding::BASE64.encode(&octets);
        let lines = coded.as_bytes().chunks(width);
        let lines: Vec<&str> = lines
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        lines.join("\r\n")
    };
    let kind = "Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64";
    let message = |text: &str, width: usize| {
        let parts = format!("--b\r\n{kind}\r\n\r\n{}\r\n--b--\r\n", coded(text, width));
        format!(
            "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{parts}"
        )
    };
    for (width, more) in (36..44).flat_map(|width| (0..4).map(move |more| (width, more))) {
        let tail = "1".repeat(more);
        let honest = format!("e-mail:biuro@rowery.example.com; tel. {tail}");
        let honest = message(&honest, width);
        assert_eq!(check(honest.as_bytes(), &needles), Ok(()), "{honest}");
        let honest = format!("{tail}Prosimy o kontakt: nasze.biuro@rowery.example");
        let honest = message(&honest, width + 28);
        assert_eq!(check(honest.as_bytes(), &needles), Ok(()), "{honest}");
        let leak = format!("e-mail:biuro@rowery.example; tel. {tail}");
        let leak = message(&leak, width);
        assert!(check(leak.as_bytes(), &needles).is_err(), "{leak}");
        let long = "slowo ".repeat(20);
        let leak = format!("{long}e-mail:biuro@rowery.example; tel. {tail}");
        assert!(
            check(message(&leak, width).as_bytes(), &needles).is_err(),
            "{leak}"
        );
    }
    // More lines than the end of a block is read with: it begins within the longer name.
    for width in (24..64).step_by(4) {
        for words in 0..12 {
            let honest = format!(
                "{}From: nasze.biuro@rowery.example\r\nTo: kto@inny.example\r\n\r\nHello there.",
                "a ".repeat(words)
            );
            let honest = message(&honest, width);
            assert_eq!(check(honest.as_bytes(), &needles), Ok(()), "{honest}");
        }
    }
}

/// The gate leaves the inside of a long block out of the text: what stands at the two ends of it is not read as one.
#[test]
fn the_gate_takes_no_end_of_a_block_for_a_block() {
    let needles = [mailbox("jan@poczta.example")];
    let kind = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64";
    for length in 500..560 {
        let text = format!(
            "{}anna.jan@poczta.example{}",
            "x ".repeat(length),
            " y".repeat(80)
        );
        let coded = data_encoding::BASE64.encode(text.as_bytes());
        let lines: Vec<&str> = coded
            .as_bytes()
            .chunks(76)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        let lines = lines.join("\r\n");
        for other in ["", "\r\n\r\n=C5=84"] {
            let message = format!("From: a@b.example\r\n{kind}\r\n\r\n{lines}{other}\r\n");
            assert_eq!(check(message.as_bytes(), &needles), Ok(()), "{length}");
        }
    }
}

/// Where nothing is hidden nothing can be found, whatever stands in the message.
#[test]
fn the_gate_finds_nothing_where_nothing_is_hidden() {
    let run = "aGVsbG8gd29ybGQ".repeat(20);
    let message =
        format!("From: a@b.example\r\n\r\nhttps://b.example/?{run} c@d.example\r\n{run}\r\n");
    assert_eq!(check(message.as_bytes(), &[]), Ok(()));
}

/// Letters of two octets under the label of another charset, torn by each letter that was written in that one: the zeros beside them stand at odd places
/// here and at even ones there.
#[test]
fn the_gate_reads_letters_of_two_octets_that_were_torn() {
    let needles = [mailbox("biuro@rowery.example")];
    let message = |text: &str| {
        let torn = |text: &str| -> Vec<u8> { text.bytes().flat_map(|octet| [octet, 0]).collect() };
        let mut octets = torn(text);
        for word in ["rvizt", "r fú", "r gé", "p. k"] {
            octets.extend("á".bytes());
            octets.extend(torn(word));
        }
        let coded = data_encoding::BASE64.encode(&octets);
        format!(
            "From: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{coded}\r\n"
        )
    };
    for text in [
        "biuro@rowery.example",
        "biuro&commat;rowery&period;example",
        "biuro=40rowery.example",
    ] {
        assert!(check(message(text).as_bytes(), &needles).is_err(), "{text}");
    }
    for text in ["biuro@rowery.example.com", "kolory: rowery"] {
        assert_eq!(check(message(text).as_bytes(), &needles), Ok(()), "{text}");
    }
}

/// As many layers of code as are read, each with a dozen slashes behind which it could begin.
#[test]
fn the_gate_reads_code_in_code_once_whatever_slashes_stand_in_it() {
    let needles = [mailbox("biuro@rowery.example")];
    let message = |text: &str, layers: usize, many: usize| {
        let mut text = text.to_owned();
        for _ in 0..layers {
            let coded = data_encoding::BASE64_NOPAD.encode(text.as_bytes());
            text = format!("{}{coded}", "aa?".repeat(12));
        }
        format!(
            "From: a@b.example\r\n\r\n{}",
            format!("x {text} y\r\n").repeat(many)
        )
    };
    let leak = message("biuro@rowery.example pisze", 3, 1);
    assert!(check(leak.as_bytes(), &needles).is_err());
    let honest = message(&"hello ".repeat(60), 5, 100);
    assert_eq!(check(honest.as_bytes(), &needles), Ok(()));
}
