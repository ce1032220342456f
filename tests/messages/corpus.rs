//! Other people's mail: every `.eml` of mail-parser's own test resources (cargo has its source), or of the folder that `ALLEGROMAIL_CORPUS`
//! names, sent by a registered seller. Each is delivered or refused with a reason; none panics, hangs, or leaks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::dialogue::Dialogue;
use crate::support::stage::{BIURO, BUYER, Setup, text};

/// The folder with the messages.
fn corpus() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("ALLEGROMAIL_CORPUS") {
        return Some(named.into());
    }
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home =
        home.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")))?;
    let sources = std::fs::read_dir(home.join("registry/src")).ok()?;
    let mut folders = sources
        .flatten()
        .map(|source| source.path().join("mail-parser-0.11.9/resources"));
    folders.find(|folder| folder.is_dir())
}

fn messages(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "eml" => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// The message with CRLF line ends and the seller as its only From.
fn prepared(raw: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(raw.len() + 1_000);
    wire.extend_from_slice(format!("From: {BIURO}\r\n").as_bytes());
    let (mut head, mut skipping) = (true, false);
    for line in raw.split(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        head &= !line.is_empty();
        let folded = line
            .first()
            .is_some_and(|first| *first == b' ' || *first == b'\t');
        let own = line.len() >= 5 && line[..5].eq_ignore_ascii_case(b"from:");
        let foreign = line.len() >= 9 && line[..9].eq_ignore_ascii_case(b"reply-to:");
        skipping = head && (own || foreign || (folded && skipping));
        if !skipping {
            if line.first() == Some(&b'.') {
                wire.push(b'.');
            }
            wire.extend_from_slice(line);
            wire.extend_from_slice(b"\r\n");
        }
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_of_the_corpus_is_delivered_or_refused_with_a_reason() {
    let Some(folder) = corpus() else {
        eprintln!(
            "SKIPPED: mail-parser's source is not where cargo keeps it, and ALLEGROMAIL_CORPUS names no folder"
        );
        assert!(
            std::env::var_os("ALLEGROMAIL_INTEROP").is_none_or(|mode| mode != "require"),
            "the corpus is required"
        );
        return;
    };
    let files = messages(&folder);
    assert!(!files.is_empty(), "no .eml below {folder:?}");
    let setup = Setup::default()
        .without_rules()
        .key("limits", "messages_per_transaction = \"off\"")
        .key("limits", "refusals_per_client = \"off\"");
    let stage = setup.start().await;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for file in &files {
        let wire = prepared(&std::fs::read(file).unwrap());
        let mut dialogue = Dialogue::greeted(stage.smtp()).await;
        dialogue.open(BIURO, BUYER).await;
        dialogue.raw(&wire).await;
        let answer = dialogue.answer().await.0;
        let fate = if answer.starts_with("250") {
            let arrived = text(&stage.arrival().await);
            let head = arrived
                .split("\r\n\r\n")
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            assert!(
                !head.contains("rowery.example"),
                "{}: the writer's domain shows:\n{head}",
                file.display()
            );
            "delivered".to_owned()
        } else {
            let bracket = answer
                .rfind('[')
                .map(|at| &answer[at + 1..])
                .unwrap_or_default();
            let reason = bracket.split(';').next().unwrap_or_default();
            assert!(
                !reason.is_empty(),
                "{}: refused without a reason: {answer}",
                file.display()
            );
            assert!(
                !answer.contains("451"),
                "{}: our own fault: {answer}",
                file.display()
            );
            println!("{}: {answer}", file.file_name().unwrap().to_string_lossy());
            format!("refused: {reason}")
        };
        *counts.entry(fate).or_default() += 1;
    }
    println!("corpus: {} messages, {counts:?}", files.len());
    assert!(stage.sink.take().is_empty());
}
