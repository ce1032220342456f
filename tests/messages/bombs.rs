//! Messages that are made to cost (docs/threats.md#102, #103, #107 to #109), sent by a registered seller: each is delivered or refused as said here, within
//! bounds of time and memory. `cargo test --release --test relay bombs -- --nocapture` prints what each one cost.

use crate::support::bomb::{bomb, play, stage};
use crate::support::stage::JAN;

/// A multipart in a multipart, so deep.
fn nested(depth: usize) -> (String, String) {
    let mut body = String::new();
    for level in 0..depth {
        body.push_str(&format!(
            "--b{level}\r\nContent-Type: multipart/mixed; boundary=b{}\r\n\r\n",
            level + 1
        ));
    }
    (
        "Content-Type: multipart/mixed; boundary=b0\r\n".to_owned(),
        body,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn h102_structures_are_bounded() {
    let stage = stage().await;
    let (deep, deep_body) = nested(10_000);
    let (shallow, shallow_body) = nested(15);
    let long = "x".repeat(2_048);
    let prefixes: String = (1..=18)
        .map(|length| {
            let (own, inner) = ("a".repeat(length), "a".repeat(length + 1));
            format!("--{own}\r\nContent-Type: multipart/mixed; boundary={inner}\r\n\r\n")
        })
        .collect();
    let encoded = (0..5).fold("Subject: x\r\n\r\nHello.\r\n".to_owned(), |inner, _| {
        let inner: String = data_encoding::BASE64
            .encode(inner.as_bytes())
            .as_bytes()
            .chunks(76)
            .map(|line| format!("{}\r\n", String::from_utf8_lossy(line)))
            .collect();
        format!("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{inner}")
    });
    let bombs = vec![
        bomb("102 multiparts 10,000 deep", deep, deep_body, "550 5.6.0"),
        bomb("102 multiparts 15 deep", shallow, shallow_body, "250"),
        bomb(
            "102 messages 100,000 deep",
            "",
            "Content-Type: message/rfc822\r\n\r\n".repeat(100_000),
            "250",
        ),
        bomb(
            "102 messages 100,000 deep, declared",
            "Content-Type: message/rfc822\r\n",
            "Content-Type: message/rfc822\r\n\r\n".repeat(100_000),
            "550 5.6.0",
        ),
        bomb(
            "102 100,000 parts",
            "Content-Type: multipart/mixed; boundary=a\r\n",
            "--a\r\nx:y\r\n\r\n".repeat(100_000),
            "550 5.6.0",
        ),
        bomb(
            "102 no last boundary",
            "Content-Type: multipart/mixed; boundary=a\r\n",
            "--a\r\n\r\nHello.\r\n",
            "250",
        ),
        bomb(
            "102 no boundary at all",
            "Content-Type: multipart/mixed\r\n",
            "--\r\n\r\nHello.\r\n".repeat(10_000),
            "250",
        ),
        bomb(
            "102 an empty boundary",
            "Content-Type: multipart/mixed; boundary=\"\"\r\n",
            "--\r\n\r\nHello.\r\n".repeat(10_000),
            "250",
        ),
        bomb(
            "102 a boundary of 2,048 octets",
            format!("Content-Type: multipart/mixed; boundary={long}\r\n"),
            format!("--{long}\r\n\r\nHello.\r\n--{long}--\r\n"),
            "250",
        ),
        bomb(
            "102 boundaries that begin each other",
            "Content-Type: multipart/mixed; boundary=a\r\n",
            format!(
                "{prefixes}\r\n{}",
                "--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(20_000)
            ),
            "250",
        ),
        bomb(
            "102 a part with its parent's boundary",
            "Content-Type: multipart/mixed; boundary=a\r\n",
            "--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nHello.\r\n--a--\r\n--a--\r\n",
            "250",
        ),
        bomb(
            "102 absent boundaries, looked for often",
            "Content-Type: multipart/mixed; boundary=a\r\n",
            format!(
                "--a\r\nContent-Type: multipart/mixed; boundary=never\r\n\r\n{}",
                "--neve\r\n--nev\r\n".repeat(50_000)
            ),
            "250",
        ),
        bomb(
            "102 encoded messages five deep",
            encoded.split_once("\r\n\r\n").unwrap().0.to_owned() + "\r\n",
            encoded.split_once("\r\n\r\n").unwrap().1,
            "550",
        ),
    ];
    play(&stage, bombs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h103_header_sections_are_bounded() {
    let stage = stage().await;
    let continuations: String = (0..1_000)
        .map(|n| format!(";\r\n filename*{n}=abcdef"))
        .collect();
    let bombs = vec![
        bomb(
            "103 a million lines",
            "X-A: b\r\n".repeat(1_000_000),
            "",
            "550 5.6.0",
        ),
        bomb(
            "103 1,001 short fields",
            "X-A: b\r\n".repeat(1_001),
            "Hello.",
            "550 5.6.0",
        ),
        bomb(
            "103 900 short fields",
            "X-A: b\r\n".repeat(900),
            "Hello.",
            "250",
        ),
        bomb(
            "103 a section of 300 KiB",
            format!("X-A: {}\r\n", "b".repeat(10_000)).repeat(31),
            "Hello.",
            "550 5.6.0",
        ),
        bomb(
            "103 a field of 10 MiB",
            format!("X-A: {}\r\n", "b".repeat(10 << 20)),
            "Hello.",
            "550 5.6.0",
        ),
        bomb(
            "103 a fold of 100,000 lines",
            format!("X-A: b{}\r\n", "\r\n c".repeat(100_000)),
            "Hello.",
            "550 5.6.0",
        ),
        bomb(
            "103 a fold of 40,000 lines",
            format!("X-A: b{}\r\n", "\r\n c".repeat(40_000)),
            "Hello.",
            "250",
        ),
        bomb(
            "103 1,000 continued parameters",
            "Content-Type: multipart/mixed; boundary=a\r\n",
            format!(
                "--a\r\nContent-Disposition: attachment{continuations}\r\n\r\nHello.\r\n--a--\r\n"
            ),
            "250",
        ),
        bomb(
            "103 a part's head of 10 MiB",
            "Content-Type: multipart/mixed; boundary=a\r\n",
            format!(
                "--a\r\n{}\r\nHello.\r\n--a--\r\n",
                "X-Some: field\r\n".repeat(700_000)
            ),
            "550 5.6.0",
        ),
        bomb(
            "103 160 KB of parameters in a part",
            "Content-Type: multipart/mixed; boundary=a\r\n",
            format!(
                "--a\r\nContent-Type: text/plain{}\r\n\r\nHello.\r\n--a--\r\n",
                ";\r\n a=b".repeat(20_000)
            ),
            "250",
        ),
    ];
    play(&stage, bombs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h107_h108_what_would_grow_is_passed_on_and_what_is_broken_is_bounded() {
    let stage = stage().await;
    let mixed = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n";
    let part = |kind: &str, encoding: &str, content: &str| {
        format!(
            "--a\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{content}\r\n--a--\r\n"
        )
    };
    // A gzip member that says little and stands for much: whoever unpacked it would see it grow.
    let zeros =
        "H4sIAAAAAAAAA+3BMQEAAADCoPVP7WkJoAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            .repeat(400);
    let zeros: String = zeros
        .as_bytes()
        .chunks(76)
        .map(|line| format!("{}\r\n", String::from_utf8_lossy(line)))
        .collect();
    // Without optimisation a smaller charge shows the same.
    let share = if cfg!(debug_assertions) { 8 } else { 1 };
    let line = |content: &str, count: usize| format!("{content}\r\n").repeat(count / share);
    let bombs = vec![
        bomb(
            "107 an archive",
            mixed,
            part("application/zip; name=42.zip", "base64", &zeros),
            "250",
        ),
        bomb(
            "107 a compressed text",
            mixed,
            part("application/gzip", "base64", &zeros),
            "250",
        ),
        bomb(
            "108 quoted-printable of =",
            mixed,
            part(
                "text/plain",
                "quoted-printable",
                &line(&"=".repeat(76), 30_000),
            ),
            "250",
        ),
        bomb(
            "108 one line of =",
            mixed,
            part("text/plain", "quoted-printable", &"=".repeat(60_000)),
            "250",
        ),
        bomb(
            "108 quoted-printable of ==3D",
            mixed,
            part(
                "text/html",
                "quoted-printable",
                &line("==3D==3D==3D==3D", 50_000),
            ),
            "250",
        ),
        bomb(
            "108 base64 of =",
            mixed,
            part("text/plain", "base64", &line("====", 100_000)),
            "250",
        ),
        bomb(
            "108 base64 without its end",
            mixed,
            part("text/plain", "base64", "SGVsbG8"),
            "250",
        ),
        bomb(
            "108 base64 with rubbish within",
            mixed,
            part("text/plain", "base64", &line("SG!Vs#bG8 *", 50_000)),
            "250",
        ),
        bomb(
            "108 an unknown encoding",
            mixed,
            part("text/plain", "x-odd", "Hello."),
            "250",
        ),
        bomb(
            "108 uuencode",
            mixed,
            part(
                "text/plain",
                "x-uuencode",
                "begin 644 a\r\n#0V%T\r\n`\r\nend",
            ),
            "250",
        ),
        bomb(
            "108 yEnc",
            mixed,
            part(
                "text/plain",
                "7bit",
                "=ybegin line=128 size=3 name=a\r\nabc\r\n=yend size=3",
            ),
            "250",
        ),
        bomb(
            "108 entities",
            mixed,
            part(
                "text/html",
                "7bit",
                &line("&#64;&#x40;&commat;&&&&#;&#99999999999;", 30_000),
            ),
            "250",
        ),
        bomb(
            "108 at signs",
            mixed,
            part("text/plain", "7bit", &line(&"@".repeat(70), 15_000)),
            "250",
        ),
        bomb(
            "108 tags that do not close",
            mixed,
            part("text/html", "7bit", &line(&"<a <!-- <".repeat(8), 10_000)),
            "250",
        ),
        bomb(
            "108 percent signs",
            mixed,
            part("text/html", "7bit", &line(&"%25".repeat(25), 15_000)),
            "250",
        ),
        bomb(
            "108 backslashes",
            mixed,
            part("text/plain", "7bit", &line(&"\\".repeat(60_000), 8)),
            "250",
        ),
        bomb(
            "108 letters that could be an address",
            mixed,
            part(
                "text/plain",
                "7bit",
                &line(&"biuro@rowery.exampl ".repeat(3), 15_000),
            ),
            "250",
        ),
    ];
    for (name, arrived) in play(&stage, bombs).await {
        if name.starts_with("107") {
            assert!(arrived.unwrap().contains(&zeros), "{name} was touched");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h109_long_lists_are_written_anew() {
    let stage = stage().await;
    let ids = |count: usize| {
        (0..count)
            .map(|n| format!("<{n:08}@shop.example>\r\n "))
            .collect::<String>()
    };
    let names = |count: usize| {
        (0..count)
            .map(|n| format!("a{n}@x.example,\r\n "))
            .collect::<String>()
    };
    let bombs = vec![
        bomb(
            "109 References of 1 MiB",
            format!("References: {}<a@b.example>\r\n", ids(45_000)),
            "Hello.",
            "550 5.6.0",
        ),
        bomb(
            "109 References of 200 KiB",
            format!("References: {}<a@b.example>\r\n", ids(7_500)),
            "Hello.",
            "250",
        ),
        bomb(
            "109 10,000 addresses in Cc",
            format!("Cc: {}{JAN}\r\n", names(10_000)),
            "Hello.",
            "250",
        ),
    ];
    for (name, arrived) in play(&stage, bombs).await {
        if let Some(arrived) = arrived {
            let head = arrived.split("\r\n\r\n").next().unwrap();
            assert!(head.len() < 300 * 1024, "{name}: {} octets", head.len());
            assert!(
                !head.contains("x.example") && !head.contains("shop.example"),
                "{name}: {head}"
            );
        }
    }
}
