//! One folder a case under `tests/data/golden`: what a buyer sends (`in.eml`), what leaves (`out.eml`, or the refusal in `refused.txt`), and why in
//! one line (`why.md`). A mismatch writes `actual` beside them. `in.eml` may have `\xNN` for octets that no text file should hold.

use std::path::{Path, PathBuf};

use crate::{SIDES, pass};

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden");
    let mut found: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

/// The octets of a file: CRLF line ends, escapes undone.
fn input(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        out.extend_from_slice(before.as_bytes());
        out.push(u8::from_str_radix(&after[..2], 16).unwrap());
        rest = &after[2..];
    }
    out.extend_from_slice(rest.as_bytes());
    let mut wire = Vec::new();
    for octet in out {
        if octet == b'\n' {
            wire.push(b'\r');
        }
        wire.push(octet);
    }
    wire
}

/// Octets as a text file holds them.
fn shown(octets: &[u8]) -> String {
    let mut out = String::new();
    for octet in octets {
        match octet {
            b'\r' => {}
            b'\n' | b'\t' | b' '..=b'~' => out.push(char::from(*octet)),
            _ => out.push_str(&format!("\\x{octet:02x}")),
        }
    }
    out
}

#[test]
fn every_case_leaves_as_it_should() {
    let mut wrong = Vec::new();
    let folders = folders();
    for folder in &folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let why = std::fs::read_to_string(folder.join("why.md")).unwrap();
        assert_eq!(why.trim().lines().count(), 1, "{name}: why.md is one line");
        let raw = input(&std::fs::read_to_string(folder.join("in.eml")).unwrap());
        let (file, actual) = match pass(&SIDES[0], raw) {
            Ok(out) => ("out.eml", shown(&out)),
            Err(why) => ("refused.txt", format!("{why}\n")),
        };
        assert!(
            !actual.to_lowercase().contains("jan.kowalski@poczta"),
            "{name}: {actual}"
        );
        if std::fs::read_to_string(folder.join(file)).is_ok_and(|want| want == actual) {
            continue;
        }
        std::fs::write(folder.join(format!("{file}.actual")), &actual).unwrap();
        wrong.push(format!("{name}: see {file}.actual"));
    }
    println!("{} cases", folders.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}
