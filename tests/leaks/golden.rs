//! One folder a case under `tests/data/golden`: what a buyer sends (`in.eml`), what leaves (`out.eml`, or the refusal in `refused.txt`), and why in
//! one line (`why.md`). A mismatch writes `actual` beside them. `in.eml` may have `\xNN` for octets that no text file should hold.

use std::path::{Path, PathBuf};

use crate::{SIDES, Side, pass};

pub(crate) fn folders(of: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(of);
    let mut found: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

/// The octets of a file: CRLF line ends, escapes undone.
pub(crate) fn input(text: &str) -> Vec<u8> {
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
pub(crate) fn shown(octets: &[u8]) -> String {
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

/// Who wrote a case: Jan, unless its From is the shop's.
fn side_of(raw: &[u8]) -> &'static Side {
    let shop = memchr::memmem::find(raw, b"From: Sklep <biuro@rowery.example>").is_some();
    &SIDES[usize::from(shop)]
}

/// Every case number of the two catalogues that must be shown: `h092`, `p01`.
fn numbers() -> Vec<String> {
    let hostile = (92..=101).map(|number| format!("h{number:03}"));
    let peers = (1..=27)
        .chain(51..=78)
        .map(|number| format!("p{number:02}"));
    hostile.chain(peers).collect()
}

#[test]
fn every_number_has_a_folder_or_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let both = ["tests/data/golden", "tests/data/reports"]
        .map(folders)
        .concat();
    let named = |number: &str| {
        let start = format!("{number}-");
        let mut names = both
            .iter()
            .filter_map(|folder| folder.file_name()?.to_str());
        names.any(|name| name.starts_with(&start))
    };
    let table = std::fs::read_to_string(root.join("tests/data/golden/cases.md")).unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let mut sources = String::new();
    let mut left = vec![root.join("src"), root.join("tests")];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                sources.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut missing = Vec::new();
    for number in numbers() {
        match rows.iter().find(|row| row.len() > 3 && row[1] == number) {
            Some(row) if sources.contains(&format!("fn {}()", row[2])) => {}
            Some(row) => missing.push(format!("{number}: there is no test {}", row[2])),
            None if named(&number) => {}
            None => missing.push(format!("{number}: neither a folder nor a line in cases.md")),
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_case_leaves_as_it_should() {
    let mut wrong = Vec::new();
    let folders = folders("tests/data/golden");
    for folder in &folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let why = std::fs::read_to_string(folder.join("why.md")).unwrap();
        assert_eq!(why.trim().lines().count(), 1, "{name}: why.md is one line");
        let raw = input(&std::fs::read_to_string(folder.join("in.eml")).unwrap());
        let side = side_of(&raw);
        let (file, actual) = match pass(side, raw) {
            Ok(out) => ("out.eml", shown(&out)),
            Err(why) => ("refused.txt", format!("{why}\n")),
        };
        assert!(
            side.addresses
                .iter()
                .all(|address| !actual.to_lowercase().contains(address)),
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
