//! `explain --ip --message` tells what the server does with the same message from the same client, and which checks it asked.

use std::fs;

use crate::support::dialogue::Dialogue;
use crate::support::dkim::Pair;
use crate::support::process::{finished, free_port};
use crate::support::stage::{BIURO, BUYER, COURIER, JAN, SELLER, Setup, message};

#[tokio::test(flavor = "multi_thread")]
async fn explain_and_the_server_say_the_same() {
    let pair = Pair::new();
    let port = free_port();
    let stage = Setup::default()
        .key("admin", &format!("listen = \"127.0.0.1:{port}\""))
        .record("mx.rowery.example TXT v=spf1 ip4:127.0.0.1 -all")
        .record("wrong.example TXT v=spf1 ip4:192.0.2.1 -all")
        .record("lost.example SERVFAIL")
        .record(&format!("s1._domainkey.wrong.example TXT {}", pair.record))
        .start()
        .await;
    let config = stage.config.to_string_lossy().into_owned();
    let file = stage.folder.path().join("mail.eml");
    let signed = pair.sign(
        "wrong.example",
        &["From", "To"],
        &message(
            "x@wrong.example",
            SELLER,
            "Subject: za\u{17c}\u{f3}\u{142}\u{107}\r\n",
        ),
    );
    let plain = |from: &str, to: &str| message(from, to, "");
    for (helo, path, from, to, letter, wanted) in [
        (
            "client.example",
            JAN,
            JAN,
            SELLER,
            plain(JAN, SELLER),
            &["spf: SPF of poczta.example passes"][..],
        ),
        (
            "client.example",
            COURIER,
            COURIER,
            BUYER,
            plain(COURIER, BUYER),
            &["spf: SPF of inpost.pl passes"],
        ),
        (
            "client.example",
            "x@wrong.example",
            "x@wrong.example",
            SELLER,
            plain("x@wrong.example", SELLER),
            &[
                "spf: SPF of wrong.example forbids 127.0.0.1",
                "dkim: there is no DKIM signature",
            ],
        ),
        (
            "client.example",
            "x@wrong.example",
            "x@wrong.example",
            SELLER,
            signed.clone(),
            &[
                "spf: SPF of wrong.example forbids 127.0.0.1",
                "dkim: DKIM d=wrong.example s=s1 passes, aligned",
            ],
        ),
        (
            "client.example",
            "x@wrong.example",
            "x@wrong.example",
            SELLER,
            signed.replace("Hello.", "Pay here."),
            &["dkim: DKIM d=wrong.example s=s1 does not verify: broken signature"],
        ),
        (
            "client.example",
            "x@evil.example",
            BIURO,
            BUYER,
            plain(BIURO, BUYER),
            &["spf: SPF speaks for evil.example, which is not aligned with rowery.example"],
        ),
        (
            "mx.rowery.example",
            "",
            BIURO,
            BUYER,
            message(BIURO, BUYER, "Auto-Submitted: auto-replied\r\n"),
            &["spf: SPF of mx.rowery.example passes"],
        ),
        (
            "client.example",
            "x@lost.example",
            "x@lost.example",
            SELLER,
            plain("x@lost.example", SELLER),
            &["spf: SPF of lost.example could not be asked"],
        ),
    ] {
        // Asked first: some messages may pass only once.
        fs::write(&file, &letter).unwrap();
        let path_argument = format!("<{path}>");
        let explain = |file: &str| {
            let words = [
                "explain",
                "--config",
                &config,
                "--from",
                from,
                "--to",
                to,
                "--ip",
                "127.0.0.1",
                "--helo",
                helo,
                "--mail-from",
                &path_argument,
                "--message",
                file,
            ];
            finished(&words)
        };
        let (code, out, errors) = explain(&file.to_string_lossy());
        for step in wanted {
            assert!(
                out.contains(step),
                "{step:?} is not in the trail: {out}{errors}"
            );
        }
        // A file with LF at its line ends is the same message.
        fs::write(&file, letter.replace("\r\n", "\n")).unwrap();
        let steps = |out: &str| out.split("trace=").next().unwrap().to_owned();
        assert_eq!(steps(&explain(&file.to_string_lossy()).1), steps(&out));

        let mut dialogue = Dialogue::connect(stage.smtp()).await;
        dialogue.hear("220").await;
        dialogue.say(&format!("EHLO {helo}")).await.assert("250");
        let answer = dialogue.send(path, &[to], &letter).await.0;
        let heard = match code {
            0 => '2',
            1 => '4',
            _ => '5',
        };
        assert!(
            answer.starts_with(heard),
            "explain says {out}, the server {answer}"
        );
        let flat = |text: &str| -> String {
            let lines = text.lines().map(|line| line.get(4..).unwrap_or_default());
            let text = lines.collect::<Vec<_>>().join(" ");
            let words = text
                .split_whitespace()
                .filter(|word| !word.starts_with("5.7.") && !word.starts_with("4.7."));
            words
                .take_while(|word| !word.contains("trace="))
                .collect::<Vec<_>>()
                .join(" ")
        };
        if code != 0 {
            let told = out.split(": 5").last().unwrap_or_default();
            let told = told.split(": 4").last().unwrap_or_default();
            let words: Vec<&str> = flat(&answer).leak().split(' ').collect();
            for word in words {
                assert!(told.contains(word), "{word} is not in {told}");
            }
        }
    }
}

#[test]
fn wrong_arguments_of_explain_are_usage_errors() {
    let folder = tempfile::TempDir::new().unwrap();
    let config = folder.path().join("none.toml");
    let config = config.to_string_lossy();
    for (option, word, code) in [("--ip", "nonsense", 64), ("--from", "nonsense", 64)] {
        let words = [
            "explain", "--config", &config, "--from", JAN, "--to", SELLER, option, word,
        ];
        assert_eq!(finished(&words).0, code, "{option} {word}");
    }
}
