//! What we sign is verified by two verifiers that share no code with us: dkimpy (both algorithms) and OpenDKIM.

use std::fs;
use std::process::Command;

use super::have;
use crate::process::finished;
use crate::stage::{BIURO, BUYER, Setup};

/// Messages of every shape: a thousand of them.
const MESSAGES: usize = 1_000;

/// Debian's own interpreter, which has Debian's dkimpy.
const PYTHON: &str = "/usr/bin/python3";

fn body(number: usize) -> String {
    let shapes = [
        "",
        "\r\n",
        "\r\n\r\n\r\n",
        "one line\r\n",
        "trailing blanks  \r\n\t\r\n",
        "ends in lines of blanks\r\n  \r\n \r\n",
        "Za\u{17c}\u{f3}\u{142}\u{107} g\u{119}\u{15b}l\u{105} ja\u{17a}\u{144}\r\n",
        ".\r\n..\r\n.x\r\n",
        "tab\tand  blanks   inside\r\n\r\nnext\r\n",
        "=20=E4 not decoded =\r\n soft\r\n",
    ];
    let mut body = shapes[number % shapes.len()].to_owned();
    body.push_str(&format!("line {number}\r\n").repeat(number % 7));
    body.push_str(&"w".repeat(number % 3 * 450));
    if !number.is_multiple_of(3) {
        body.push_str("\r\n");
    }
    body.push_str(&"\r\n".repeat(number % 4));
    body
}

fn letter(number: usize) -> String {
    let subject = [
        "plain",
        "=?utf-8?q?za=C5=BC=C3=B3=C5=82=C4=87?=",
        "folded\r\n over two lines",
        "",
        "with   blanks",
    ][number % 5];
    let more = [
        "",
        "Cc: 5zz8c1w4mn@allegromail.com\r\n",
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n",
    ][number % 3];
    format!(
        "From: Sklep <{BIURO}>\r\nTo: {BUYER}\r\nSubject: {subject}\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n{more}\r\n{}",
        body(number)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_messages_verify_with_dkimpy_and_opendkim() {
    if !have(&["opendkim"]) || !dkimpy() {
        return;
    }
    let keys = tempfile::TempDir::new().unwrap();
    let path = keys.path().to_string_lossy().into_owned();
    let (code, out, errors) = finished(&[
        "dkim",
        "generate",
        "--domain",
        "allegromail.pl",
        "--folder",
        &path,
        "--json",
    ]);
    assert_eq!(code, 0, "{errors}");
    let mut setup = Setup {
        dkim: format!(
            "dkim = {{ selector = \"s1\", rsa_key = \"{path}/s1.rsa.pem\", ed25519_selector = \"s2\", ed25519_key = \"{path}/s2.ed25519.pem\" }}"
        ),
        ..Setup::default()
    };
    for budget in ["messages_per_sender", "messages_per_transaction"] {
        setup = setup.key("limits", &format!("{budget} = \"off\""));
    }
    let stage = setup.start().await;
    let folder = tempfile::TempDir::new().unwrap();
    let mut dialogue = crate::dialogue::Dialogue::greeted(stage.smtp()).await;
    for number in 0..MESSAGES {
        dialogue
            .send(BIURO, &[BUYER], &letter(number))
            .await
            .assert("250");
        let arrived = stage.arrival().await;
        fs::write(
            folder.path().join(format!("{number:04}.eml")),
            &arrived.data,
        )
        .unwrap();
    }
    let zone = keys.path().join("zone");
    let records: serde_json::Value = serde_json::from_str(&out).unwrap();
    let records = records.as_array().unwrap();
    let line = |key: &serde_json::Value| {
        format!(
            "{} {}\n",
            key["name"].as_str().unwrap(),
            key["record"].as_str().unwrap()
        )
    };
    fs::write(&zone, records.iter().map(line).collect::<String>()).unwrap();

    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/relay/interop/dkim_verify.py"
    );
    let python = Command::new(PYTHON)
        .arg(script)
        .args([folder.path(), &zone])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&python.stdout).into_owned();
    assert!(
        told.ends_with(&format!("verified {}\n", 2 * MESSAGES)),
        "{told}\n{}",
        String::from_utf8_lossy(&python.stderr)
    );

    let config = keys.path().join("opendkim.conf");
    fs::write(
        &config,
        format!("Mode v\nSyslog no\nTestPublicKeys {}\n", zone.display()),
    )
    .unwrap();
    let mut verified = 0;
    let mut said = String::new();
    let files: Vec<String> = (0..MESSAGES)
        .map(|number| format!("{}/{number:04}.eml", folder.path().display()))
        .collect();
    for some in files.chunks(100) {
        let done = Command::new("/usr/sbin/opendkim")
            .arg("-x")
            .arg(&config)
            .arg("-t")
            .arg(some.join(","))
            .output()
            .unwrap();
        let told = format!(
            "{}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
        verified += told
            .matches("verification (s=s1, d=allegromail.pl, 2048-bit key) succeeded")
            .count();
        said.push_str(&told);
    }
    assert_eq!(verified, MESSAGES, "{said}");
}

fn dkimpy() -> bool {
    let there = Command::new(PYTHON)
        .args(["-c", "import dkim, nacl"])
        .output()
        .is_ok_and(|done| done.status.success());
    let required = std::env::var_os("ALLEGROMAIL_INTEROP").is_some_and(|mode| mode == "require");
    assert!(
        there || !required,
        "dkimpy (python3-dkim, python3-nacl) is required"
    );
    if !there {
        eprintln!("SKIPPED: dkimpy is not installed");
    }
    there
}
