//! What we sign is verified by two verifiers that share no code with us: dkimpy (both algorithms) and OpenDKIM.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::process::finished;
use crate::support::programs::have;
use crate::support::stage::{BIURO, BUYER, COURIER, Setup};

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
    let mut dialogue = crate::support::dialogue::Dialogue::greeted(stage.smtp()).await;
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
    fs::write(&zone, zone_of(&out)).unwrap();
    let folder = folder.path().to_str().unwrap();
    let zone = zone.to_str().unwrap();
    python(
        "dkim_verify.py",
        &[folder, zone, "2"],
        &format!("verified {}\n", 2 * MESSAGES),
    );
    let verified = "verification (s=s1, d=allegromail.pl, 2048-bit key) succeeded";
    opendkim(keys.path(), folder, zone, verified, MESSAGES);
}

/// The records that `dkim generate --json` prints, as the verifiers read them.
fn zone_of(generated: &str) -> String {
    let records: serde_json::Value = serde_json::from_str(generated).unwrap();
    let line = |key: &serde_json::Value| {
        format!(
            "{} {}\n",
            key["name"].as_str().unwrap(),
            key["record"].as_str().unwrap()
        )
    };
    records.as_array().unwrap().iter().map(line).collect()
}

/// Runs a script beside this file, whose output is to end with `wanted`.
fn python(script: &str, arguments: &[&str], wanted: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop");
    let done = Command::new(PYTHON)
        .arg(folder.join(script))
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        told.ends_with(wanted),
        "{told}\n{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// Has OpenDKIM verify every message of a folder, and counts what it says.
fn opendkim(keys: &Path, folder: &str, zone: &str, wanted: &str, messages: usize) {
    let config = keys.join("opendkim.conf");
    fs::write(
        &config,
        format!("Mode v\nSyslog no\nTestPublicKeys {zone}\n"),
    )
    .unwrap();
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let (mut verified, mut said) = (0, String::new());
    for some in files.chunks(100) {
        let done = Command::new("/usr/sbin/opendkim")
            .arg("-x")
            .arg(&config)
            .arg("-t")
            .arg(some.join(","))
            .output()
            .unwrap();
        for told in [&done.stdout, &done.stderr] {
            said.push_str(&String::from_utf8_lossy(told));
        }
    }
    verified += said.matches(wanted).count();
    assert_eq!(verified, messages, "{said}");
}

/// Bodies that canonicalisation or a careless relay would change: octets over 127, long lines, blanks at line ends, every kind of end.
fn courier_body(number: usize) -> String {
    let ends = ["", "\r\n", "\r\n\r\n\r\n", "\r\n \r\n\t\r\n", "  \r\n", " "];
    let middles = [
        String::new(),
        "Za\u{17c}\u{f3}\u{142}\u{107} g\u{119}\u{15b}l\u{105} ja\u{17a}\u{144}".to_owned(),
        "w".repeat(900),
        "long ".repeat(1_500) + "line",
        ".\r\n..\r\n.dots".to_owned(),
        "two  blanks\tand a tab \t\r\n\r\nnext".to_owned(),
        "<p>Paczka <b>czeka</b>: =C5=BC &amp; &#64;</p>".to_owned(),
    ];
    format!(
        "Hello {number}.\r\n{}{}",
        middles[number % middles.len()],
        ends[number % ends.len()]
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_couriers_signature_survives_and_our_seal_verifies() {
    if !have(&["opendkim"]) || !dkimpy() {
        return;
    }
    const LETTERS: usize = 84;
    let keys = tempfile::TempDir::new().unwrap();
    let path = keys.path().to_string_lossy().into_owned();
    let generate = |domain: &str, folder: &str| {
        let folder = format!("{path}/{folder}");
        let words = [
            "dkim", "generate", "--json", "--domain", domain, "--folder", &folder,
        ];
        let (code, out, errors) = finished(&words);
        assert_eq!(code, 0, "{errors}");
        out
    };
    let (ours, theirs) = (
        generate("allegromail.pl", "ours"),
        generate("inpost.pl", "theirs"),
    );
    let zone = format!("{path}/zone");
    fs::write(&zone, zone_of(&ours) + &zone_of(&theirs)).unwrap();

    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path().to_str().unwrap();
    let file = |number: usize| format!("{folder}/{number:03}.eml");
    for number in 0..LETTERS {
        let head =
            format!("From: InPost <{COURIER}>\r\nTo: {BUYER}\r\nSubject: Paczka  {number}\r\n\r\n");
        fs::write(file(number), head + &courier_body(number)).unwrap();
    }
    let key = format!("{path}/theirs/s1.rsa.pem");
    python("dkim_sign.py", &[folder, &key, "inpost.pl"], "signed\n");

    let mut setup = Setup {
        dkim: format!("dkim = {{ selector = \"s1\", rsa_key = \"{path}/ours/s1.rsa.pem\" }}"),
        ..Setup::default()
    }
    .key("auth", "arc_seal = true");
    for budget in ["messages_per_sender", "messages_per_transaction"] {
        setup = setup.key("limits", &format!("{budget} = \"off\""));
    }
    let stage = setup.start().await;
    let mut dialogue = crate::support::dialogue::Dialogue::greeted(stage.smtp()).await;
    for number in 0..LETTERS {
        let signed = fs::read_to_string(file(number)).unwrap();
        dialogue
            .send(COURIER, &[BUYER], &signed)
            .await
            .assert("250");
        let arrived = stage.arrival().await.data;
        assert!(
            arrived.starts_with(b"ARC-Seal: i=1;"),
            "{}",
            String::from_utf8_lossy(&arrived)
        );
        fs::write(file(number), arrived).unwrap();
    }
    python(
        "dkim_verify.py",
        &[folder, &zone, "1"],
        &format!("verified {LETTERS}\n"),
    );
    let verified = "verification (s=s1, d=inpost.pl, 2048-bit key) succeeded";
    opendkim(keys.path(), folder, &zone, verified, LETTERS);
    python(
        "arc_verify.py",
        &[folder, &zone],
        &format!("verified {LETTERS}\n"),
    );
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
