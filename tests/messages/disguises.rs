//! Messages that show one thing to one reader and another to the next (docs/threats.md#104 to #106): encoded words, charsets, attachment names.

use crate::support::bomb::{bomb, play, stage};
use crate::support::dialogue::Dialogue;
use crate::support::stage::{BIURO, BUYER, text};

#[tokio::test(flavor = "multi_thread")]
async fn h104_encoded_words_make_no_fields() {
    let stage = stage().await;
    let words = [
        "=?utf-8?Q?=0D=0ABcc:_x@y.example?=".to_owned(),
        "=?x-unknown?Q?Hello?=".to_owned(),
        "=?utf-7?Q?+AG0-ail?=".to_owned(),
        "=?utf-8?Q?unterminated".to_owned(),
        "=?utf-8?Q?=?utf-8?Q?nested?=?=".to_owned(),
        "=?utf-8?B?xw==?= =?utf-8?B?vw==?=".to_owned(),
        format!("=?utf-8?Q?{}?=", "a".repeat(12_000)),
        "=?utf-8?Q?a?= ".repeat(1_000),
        "=?utf-8?B?!!!!?=".to_owned(),
        "=?utf-8?Q?=00=1B[31m?=".to_owned(),
    ];
    for word in words {
        let body = format!("From: {BIURO}\r\nTo: {BUYER}\r\nSubject: {word}\r\n\r\nHello.\r\n");
        stage
            .send_message(BIURO, &[BUYER], &body)
            .await
            .assert("250");
        let arrived = text(&stage.arrival().await);
        let head = arrived.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        assert!(
            head.bytes().all(|octet| octet == b'\r'
                || octet == b'\n'
                || octet == b'\t'
                || (32..127).contains(&octet)),
            "{head:?}"
        );
        assert!(head.lines().all(|line| line.len() <= 998), "{head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h105_charsets_that_lie_hide_no_address() {
    let stage = stage().await;
    let says = |charset: &str, encoding: &str| {
        format!(
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n"
        )
    };
    let utf16: Vec<u8> = format!("write to {BIURO} please")
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let wide = data_encoding::BASE64.encode(&utf16);
    let plain = format!("write to {BIURO} please");
    let quoted = plain.replace('@', "=40").replace('.', "=2E");
    let mut bombs = vec![
        bomb(
            "105 UTF-16 said and ASCII sent",
            says("utf-16", "7bit"),
            &plain,
            "250",
        ),
        bomb(
            "105 UTF-16 in base64",
            says("utf-16be", "base64"),
            &wide,
            "250",
        ),
        bomb(
            "105 UTF-16 without a mark",
            says("utf-16", "base64"),
            &wide,
            "250",
        ),
        bomb(
            "105 GB 18030",
            says("gb18030", "quoted-printable"),
            &quoted,
            "250",
        ),
        bomb(
            "105 ISO-2022-JP",
            says("iso-2022-jp", "7bit"),
            format!("\x1b$B$3\x1b(B {plain}"),
            "250",
        ),
        bomb(
            "105 an unknown charset",
            says("x-klingon", "8bit"),
            &plain,
            "250",
        ),
        bomb(
            "105 UTF-7",
            says("utf-7", "7bit"),
            plain.replace('@', "+AEA-"),
            "550 5.7.1",
        ),
    ];
    // Raw ISO-8859-2 in a field, and in a body that says UTF-8.
    let mut latin = b"Za\xbf\xf3\xb3\xe6 ".to_vec();
    latin.extend_from_slice(plain.as_bytes());
    bombs.push(bomb(
        "105 ISO-8859-2 said to be UTF-8",
        says("utf-8", "8bit"),
        latin,
        "250",
    ));
    for (name, arrived) in play(&stage, bombs).await {
        // What `arrival` has decoded holds no address; where the charset is not the one named, the octets do not either.
        // Two are refused: what their octets stand for depends on who reads them.
        let arrived = arrived.unwrap_or_default().to_lowercase();
        assert!(
            !arrived.contains(BIURO)
                && !arrived.contains("=40rowery")
                && !arrived.contains("+aea-rowery"),
            "{name}: {arrived}"
        );
        assert!(!arrived.contains(&wide.to_lowercase()), "{name}: {arrived}");
    }
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    dialogue.open(BIURO, BUYER).await;
    dialogue
        .raw(format!("From: {BIURO}\r\nTo: {BUYER}\r\nSubject: za").as_bytes())
        .await;
    dialogue
        .raw(b"\xbf\xf3\xb3\xe6\r\n\r\nHello.\r\n.\r\n")
        .await;
    dialogue.answer().await.assert("250");
    let arrived = text(&stage.arrival().await);
    assert!(arrived.contains("Subject: =?utf-8?"), "{arrived}");
}

#[tokio::test(flavor = "multi_thread")]
async fn h106_attachment_names_are_read_in_one_way() {
    let stage = stage().await;
    let part = |fields: &str| {
        format!("--a\r\nContent-Type: application/octet-stream{fields}\r\n\r\nHello.\r\n--a--\r\n")
    };
    let mixed = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n";
    let name = "a".repeat(10_000);
    let hidden = BIURO.replace('@', "%40");
    let bombs = vec![
        bomb(
            "106 a path",
            mixed,
            part("\r\nContent-Disposition: attachment; filename=\"../../etc/passwd\""),
            "250",
        ),
        bomb(
            "106 a device",
            mixed,
            part("\r\nContent-Disposition: attachment; filename=CON"),
            "250",
        ),
        bomb(
            "106 right to left",
            mixed,
            part("\r\nContent-Disposition: attachment; filename*=utf-8''a%E2%80%AEfdp.exe"),
            "250",
        ),
        bomb(
            "106 two names",
            mixed,
            part("\r\nContent-Disposition: attachment; filename=a.pdf; filename=b.exe"),
            "250",
        ),
        bomb(
            "106 name and filename",
            mixed,
            part("; name=a.pdf\r\nContent-Disposition: attachment; filename=b.exe"),
            "250",
        ),
        bomb(
            "106 a NUL in the name",
            mixed,
            part("\r\nContent-Disposition: attachment; filename*=utf-8''a.pdf%00.exe"),
            "250",
        ),
        bomb(
            "106 a name of 10,000 octets",
            mixed,
            part(&format!(
                "\r\nContent-Disposition: attachment; filename={name}"
            )),
            "250",
        ),
        bomb(
            "106 an address in a continued name",
            mixed,
            part(&format!(
                "\r\nContent-Disposition: attachment;\r\n filename*0*=utf-8''{};\r\n filename*1*={}",
                &hidden[..8],
                &hidden[8..]
            )),
            "250",
        ),
        bomb(
            "106 an address in both names",
            mixed,
            part(&format!(
                "; name=\"{BIURO}\"\r\nContent-Disposition: attachment; filename=\"=?utf-8?Q?{}?=\"",
                BIURO.replace('@', "=40")
            )),
            "250",
        ),
        bomb(
            "106 line ends in a name",
            mixed,
            part("\r\nContent-Disposition: attachment; filename*=utf-8''a%0D%0ABcc:%20x@y.example"),
            "250",
        ),
    ];
    for (name, arrived) in play(&stage, bombs).await {
        let arrived = arrived.unwrap();
        let lines = || arrived.lines();
        assert!(
            !lines().any(|line| line.starts_with("Bcc")),
            "{name}: {arrived}"
        );
        for trace in ["rowery.example", "biuro%40", "biuro=40"] {
            assert!(!arrived.contains(trace), "{name}: {arrived}");
        }
    }
}
