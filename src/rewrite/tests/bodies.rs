//! Bodies and parts: what stays to the byte, what goes, and what is refused.

use super::*;
use crate::message::Encoding;
use crate::rewrite::maskers::Guesses;
use crate::rewrite::participant::with_guesses;

#[test]
fn bodies_keep_their_bytes() {
    for body in [
        "",
        "x",
        "\r\n",
        ".\r\n..\r\n",
        "a\r\n\r\n\r\n",
        "From me\r\n",
        "an@poczta.example, bojan@poczta.example, jan@poczta.example.com\r\n",
    ] {
        let out = rewrite(&format!("From: jan@poczta.example\r\n\r\n{body}")).unwrap();
        assert_eq!(out.split_once("\r\n\r\n").unwrap().1, body, "{body:?}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let part = |kind: &str| {
        format!(
            "From: jan@poczta.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: {kind}\r\n\r\nx\r\n--b--\r\n"
        )
    };
    for kind in [
        "multipart/encrypted; boundary=c",
        "application/pkcs7-mime; name=smime.p7m",
        "application/ms-tnef",
        "application/octet-stream; name=WINMAIL.DAT",
        "message/external-body",
        "text/plain; charset=utf-7",
    ] {
        let error = rewrite(&part(kind)).unwrap_err();
        assert_eq!(error.reason(), Reason::WouldLeak, "{kind}");
        assert!(error.to_string().contains("part 1"), "{error}");
    }
}

#[test]
fn signatures_and_keys_go_and_their_text_stays() {
    let signed = "From: jan@poczta.example\r\nContent-Type: multipart/signed; micalg=pgp-sha256; boundary=b\r\n\r\n\
                  --b\r\n\r\nDzie\u{144} dobry\r\n--b\r\nContent-Type: application/pgp-signature; name=\"signature.asc\"\r\n\r\n-----BEGIN\r\n--b--\r\n";
    let out = rewrite(signed).unwrap();
    // It said nothing of its charset.
    let want = "--=_7-1_0_0\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDzie=C5=84 dobry\r\n\
                --=_7-1_0_0\r\nContent-Type: text/plain\r\n\r\n\r\n--=_7-1_0_0--\r\n";
    assert!(
        out.contains("Content-Type: multipart/mixed;\r\n boundary=\"=_7-1_0_0\"\r\n"),
        "{out}"
    );
    assert!(out.ends_with(want), "{out}");
    let inline = "From: jan@poczta.example\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nTekst\r\n\
                  -----BEGIN PGP SIGNATURE-----\r\n\r\nabc\r\n-----END PGP SIGNATURE-----\r\nkoniec\r\n";
    assert!(
        rewrite(inline)
            .unwrap()
            .ends_with("\r\n\r\nTekst\r\nkoniec\r\n")
    );
}

#[test]
fn a_signature_goes_whatever_it_calls_itself_and_a_key_in_any_charset() {
    let odd = "From: jan@poczta.example\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n\
               --b\r\n\r\nTekst\r\n--b\r\nContent-Type: application/x-own\r\n\r\nJan Kowalski\r\n--b--\r\n";
    let out = rewrite(odd).unwrap();
    assert!(out.contains("Tekst") && !out.contains("Kowalski"), "{out}");
    let key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\nabc\r\n-----END PGP PUBLIC KEY BLOCK-----\r\nkoniec\r\n";
    let wide: Vec<u8> = key.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide = data_encoding::BASE64.encode(&[&[0xff, 0xfe], wide.as_slice()].concat());
    let raw = format!(
        "From: jan@poczta.example\r\nContent-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n{wide}\r\n"
    );
    let out = rewrite(&raw).unwrap();
    let content = out.split_once("\r\n\r\n").unwrap().1.replace("\r\n", "");
    let content = data_encoding::BASE64.decode(content.as_bytes()).unwrap();
    let content = String::from_utf8(content).unwrap();
    assert!(
        content.trim_start_matches('\u{feff}') == "koniec\r\n",
        "{content}"
    );
    assert!(
        out.contains("charset=\"utf-8\"") || out.contains("charset=utf-8"),
        "{out}"
    );
}

#[test]
fn of_two_fields_that_say_what_a_part_is_the_one_stays_that_it_was_judged_by() {
    for (field, want) in [
        (
            "Content-Type: x\r\nContent-Type: image/png",
            "Content-Type: image/png\r\n\r\n",
        ),
        (
            "Content-Type: text/html\r\nContent-Type: image/png",
            "Content-Type: text/html\r\n\r\n",
        ),
        (
            "Content-Transfer-Encoding:\r\nContent-Transfer-Encoding: base64",
            "\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        ),
    ] {
        let raw = format!(
            "From: jan@poczta.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{field}\r\n\r\nYWFh\r\n--b--\r\n"
        );
        let out = rewrite(&raw).unwrap();
        let part = out.split_once("--=_7-1_0_0\r\n").unwrap().1;
        assert!(
            format!("\r\n{part}").starts_with(&format!("\r\n{}", want.trim_start())),
            "{part}"
        );
    }
}

#[test]
fn only_the_part_that_shows_the_writer_changes() {
    let raw = "From: jan@poczta.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\
               Content-Type: text/plain; charset=iso-8859-2\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
               Za=BF=F3=B3=E6 jan=\r\n@poczta.example\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>a  =b</p> \r\n\r\n--b\r\n\
               Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBO\r\nRw0K==\r\n--b--\r\nepilogue\r\n";
    let out = rewrite(raw).unwrap();
    let want = raw.replace(
        "jan=\r\n@poczta.example",
        "8awgqyk6a5+cub31c122@allegromail.pl",
    );
    let want = want.replace("--b", "--=_7-1_0_0");
    let body = |text: &str| text.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_eq!(body(&out), body(&want));
}

#[test]
fn h191_a_tag_or_a_comment_within_an_address_is_no_matter_however_long() {
    let long = format!(
        "jan<span title=\"{}\"></span>@poczta.example",
        "x".repeat(600)
    );
    let comment = format!("jan<!--{}-->@poczta.example", "x".repeat(5_000));
    let within_tag = format!("jan+al<!--{}-->legro@poczta.example", "x".repeat(5_000));
    for body in [&long, &comment, &within_tag] {
        for kind in ["text/html", "text/plain"] {
            let raw = format!("From: jan@poczta.example\r\nContent-Type: {kind}\r\n\r\n{body}\r\n");
            let out = rewrite(&raw).unwrap();
            let (_, written) = out.split_once("\r\n\r\n").unwrap();
            assert!(
                written.contains("8awgqyk6a5+cub31c122@allegromail.pl"),
                "{out}"
            );
            assert_eq!(
                check(out.as_bytes(), &[mailbox("jan@poczta.example")]),
                Ok(())
            );
        }
    }
}

#[test]
fn h185_a_charset_that_a_text_names_itself_counts_beside_labels_of_one_octet_only() {
    let (hidden, _, _) = encoding_rs::ISO_2022_JP.encode("ｊａｎ＠ｐｏｃｚｔａ．ｅｘａｍｐｌｅ");
    let shifted = [&b"<meta charset=windows-1250>\xff"[..], &hidden].concat();
    let part = |label: &str, content: &[u8]| {
        let content = data_encoding::BASE64.encode(content);
        format!(
            "From: jan@poczta.example\r\nContent-Type: text/html{label}\r\nContent-Transfer-Encoding: base64\r\n\r\n{content}\r\n"
        )
    };
    // Readers that pass over the octet at fault show the address: it is written anew, under a label that leaves no doubt.
    let wide = [&b"<meta charset=windows-1250>"[..], b"\xd9\x24\x20\xff"].concat();
    for (label, content) in [
        ("; charset=iso-2022-jp", &shifted),
        ("", &shifted),
        ("; charset=utf-8", &shifted),
        ("; charset=utf-16le", &wide),
    ] {
        let out = rewrite(&part(label, content)).unwrap();
        let head = out.replace('"', "");
        assert!(head.contains("charset=utf-8"), "{label}: {out}");
        let body = out.split_once("\r\n\r\n").unwrap().1.replace("\r\n", "");
        assert_ne!(body, data_encoding::BASE64.encode(content), "{label}");
    }
    let plain = b"<meta charset=windows-1250>\xa3a\xf1cuch";
    for label in ["", "; charset=utf-8"] {
        let out = rewrite(&part(label, plain)).unwrap();
        let body = out.split_once("\r\n\r\n").unwrap().1.replace("\r\n", "");
        assert_eq!(body, data_encoding::BASE64.encode(plain), "{label}");
    }
}

#[test]
fn h185_what_is_written_anew_beyond_ascii_says_so() {
    let part = |content: &[u8]| {
        let content = data_encoding::BASE64.encode(content);
        format!(
            "From: jan@poczta.example\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n{content}\r\n"
        )
    };
    // A browser shows U+FFFD for the octet of zero, and so does the style sheet that is written anew.
    let out = rewrite(&part(
        b"<style>a:after{content:'jan\\40 poczta.\\\nexample'}/*\0*/</style>",
    ))
    .unwrap();
    assert!(out.replace('"', "").contains("charset=utf-8"), "{out}");
    let out = rewrite(&part(b"<p>jan@poczta.example</p>")).unwrap();
    assert!(!out.contains("charset"), "{out}");
}

#[test]
fn h188_no_soft_line_break_cuts_a_longer_name_to_the_writers() {
    let hidden = [Domain::parse("poczta.example").unwrap()];
    let rewrite = |text: &str| {
        let options = Options {
            hidden_domains: &hidden,
            ..Options::default()
        };
        let out = rewrite_with(
            &format!(
                "From: jan@poczta.example\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{text}\r\n"
            ),
            options,
        );
        let out = out.unwrap();
        let (head, body) = out.split_once("\r\n\r\n").unwrap();
        let encoding = ["base64", "quoted-printable"]
            .into_iter()
            .find(|name| head.contains(name));
        let read = Encoding::of(encoding.unwrap()).decode(body.as_bytes());
        (
            body.to_owned(),
            String::from_utf8(read.into_owned()).unwrap(),
        )
    };
    for text in [
        "Napisz na anna@poczta.example=\r\n-pisz albo zadzwo=C5=84",
        "<a href=3D\"mailto:anna@poczta.example-pisz?subject=3Dx\">anna@poczta.example=\r\n-pisz</a>",
        "anna@poczta.example=\r\n600100200",
        "www.sklep-=\r\npoczta.example, do jutra",
        "www.poczta=\r\n.example=\r\npole.example",
        "Zob.=5Cnpoczta.example=\r\n.com",
        // {"m":"www.poczta.example and 600100200"} in base64.
        "https://x.example/?t=3DeyJtIjoid3d3LnBvY3p0YS5leGFtcGxl=\r\nNjAwMTAwMjAwIn0&y=3D1",
    ] {
        let (body, read) = rewrite(text);
        assert!(!body.contains("poczta.example=\r"), "{body}");
        assert!(!body.contains("\npoczta.example"), "{body}");
        assert!(!body.contains("leGFtcGxl=\r"), "{body}");
        let want = Encoding::QuotedPrintable
            .decode(text.as_bytes())
            .into_owned();
        assert_eq!(read.trim_end(), String::from_utf8(want).unwrap(), "{body}");
    }
    // A break within the name itself cuts nothing out of it.
    let text = "sklep-poczta.exam=\r\nple";
    assert_eq!(rewrite(text).0.trim_end(), text);
}

#[test]
fn a_soft_line_break_in_the_other_sides_words_stays() {
    let domains = domains();
    let plan = plan(&domains, Options::default());
    let hidden = [Domain::parse("poczta.example").unwrap()];
    let guesses = Guesses {
        own_words: &hidden,
        ..Guesses::default()
    };
    for (text, stays) in [
        ("> www.sklep-=\r\npoczta.example\r\nTak", true),
        ("> Kiedy?\r\nwww.sklep-=\r\npoczta.example", false),
        (
            "> Kiedy?\r\n\r\nJutro\r\n> Gdzie? www.sklep-=\r\npoczta.example",
            true,
        ),
    ] {
        let raw = format!(
            "From: jan@poczta.example\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{text}\r\n"
        );
        let message = Message::parse(raw.into()).unwrap();
        let out = with_guesses(&message, &plan, &guesses).unwrap().octets;
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out.trim_end().ends_with(text), stays, "{out}");
        assert!(stays || !out.contains("\npoczta.example"), "{out}");
    }
}
